"""Who is in the photo: regions, looks, measures and colours of one person brought together as a :class:`Character`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.character.attributes import Looks, LooksNet
from photo2moe.character.clothing import COATS, clothing
from photo2moe.character.labels import MARKS
from photo2moe.character.mouths import mouth_of
from photo2moe.character.parts import part_words
from photo2moe.character.schema import Character
from photo2moe.character.shapes import shape_words
from photo2moe.character.wearing import hat_of, wearing
from photo2moe.face.balance import balance
from photo2moe.face.colours import PersonColours, measure_colours
from photo2moe.face.cover import cover_notes, covers_mouth
from photo2moe.face.garment import Garment, measure_garment
from photo2moe.face.lab import from_hex, to_hex
from photo2moe.face.measure import Measures, measure
from photo2moe.face.parse import Parser, Regions
from photo2moe.face.pose import pose
from photo2moe.types import Face, Image

# What words for the colour of hair mean, where light misleads or nothing was seen.
HAIR = {
    "black": "#231f22",
    "dark_brown": "#42312a",
    "brown": "#674831",
    "light_brown": "#946f4e",
    "blond": "#dab46a",
    "red": "#ac5028",
    "grey": "#98938e",
    "white": "#e2dfd9",
}
# What words for the colour of eyes mean.
IRIS = {
    "brown_dark": "#3d2619",
    "brown": "#6d4429",
    "hazel": "#8a6c3e",
    "green": "#6c8a5e",
    "blue": "#6c8fb0",
    "grey": "#83909a",
}
LIGHT_EYES = ("green", "blue", "grey")
# Of the logarithm of their odds, of a and b in Lab, and what is added: fitted on 280 photos labelled by eye.
LIGHT_WEIGHTS = (1.10, -0.137, -0.041, 1.48)
IRIS_WORDED = 0.65  # share of the words in the colour of eyes, which are small in photos and mirror what is around
GREYING = ("grey", "white")
TRUST = 0.5  # share of the words in the colour of hair when the looks net is sure that it is a natural one
FADED = 0.85  # their share in the hue of hair that is surely grey or white
PALER = 8.0  # L of a short beard over that of the hair, at the most
USUAL, STRETCH, OLDEST = 32.0, 0.3, 85.0  # years: from which, and by what share of those beyond, people are older
DYED, NATURAL, TINTED = 0.5, (10.0, 110.0), 5.0  # probability of dyed hair; degrees of hue, and chroma, of other hair
MESH, WORDED = 0.05, 0.02  # added to chances of a mouth by its mesh and by the looks net: neither is ever quite sure
# How often the looks net finds each mouth, to this power taken off, since it favours the frequent ones.
MOUTHS = ({"closed": 0.45, "smile": 0.17, "teeth": 0.32, "open": 0.06}, 0.5)
SQUINT = (0.6, 0.15, 0.78)  # chances of it from which open eyes squint, and up to which narrow ones do not; openness
WINK = 0.1  # chance of it from which eyes are unlike, if neither is shut
CLOSED = 0.42  # chance of it from which eyes that are not wide open are shut
SHUT, NEARLY = 0.16, 0.35  # openness below which an eye is shut, and above which it may be open for all its narrowness
STRAINED = -0.3  # height of the eyes of those who squint or shut them, at the least
HANGING = ("chin", "shoulder", "long")  # lengths of hair whose ends may have a colour of their own
TIED = (0.9, 1.12)  # radii of the outline of tied hair
SURE_EARRINGS = 0.75  # probability from which a man has them
BUSHY = 0.85  # volume from which short curls are an afro
TIED_VOLUME = 0.3  # the most volume that tied hair has


def load_describer() -> Callable[[Image, Face], Character]:
    """Load the nets that describing needs; the result is called with a photo and a face.

    Raises:
        WeightsError: a net is missing from the installation, or damaged.
    """
    parser, looks = Parser(), LooksNet()

    def describe_face(photo: Image, face: Face) -> Character:
        regions = parser(photo, face)
        return describe(photo, face, regions, looks(photo, face, regions))

    return describe_face


def describe(photo: Image, face: Face, regions: Regions, looks: Looks) -> Character:
    """The character of one person.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        looks: what the person looks like.

    Returns:
        A character with default strength; where the photo is not sure, the plainer value.
    """
    words = {field: looks.sure(field) for field in looks.probabilities}
    words["hat"] = hat_of(words["hat"], looks, regions)
    said = _words(words, looks)
    balanced = balance(photo, face, regions, pose(face), looks.skin)
    colours = measure_colours(photo, face, regions, balanced, dyed=words["hair_colour"] == "dyed")
    numbers = measure(photo, face, regions, length=said["hair.length"], look=words["look"], age=words["age"])
    who = Character().replace(**{**said, **_colours(colours, words, looks), **numbers.changes()})
    who = who.replace(**_expression(looks, numbers, covered=covers_mouth(face, regions)))
    who = who.replace(**shape_words(who), **_outline(who), **_bushy(who), **wearing(photo, face, regions, who))
    worn = measure_garment(balanced.picture, regions) if who.clothes.kind in COATS else Garment()
    who = who.replace(**clothing(who, worn, colours, looks))
    return who.replace(notes=(*colours.notes, *cover_notes(photo, face, regions, numbers.head, cut_hair=numbers.cut)))


def _words(words: dict[str, str], looks: Looks) -> dict[str, Any]:
    """Fields that are words of the looks net."""
    length, front, texture = words["hair_length"], words["front"], words["hair_texture"]
    if length == "hidden" and (words["look"] == "m" or words["hat"] == "none"):  # tied back, most likely
        words["hair_length"] = length = "short" if words["look"] == "m" else "shoulder"
    if texture == "na":
        words["hair_texture"] = texture = "straight"
    fronts = looks.probabilities["front"]
    right = fronts["swept_r"] + fronts["side_l"] > fronts["swept_l"] + fronts["side_r"]
    return {
        "person.age": words["age"],
        "person.look": words["look"],
        "person.years": _years(looks.mean("years")),
        "skin.marks": tuple(mark for mark in MARKS if words[mark] == "yes"),
        "hair.length": length,
        "hair.texture": texture,
        "hair.front": "back" if front == "na" else front,
        **part_words(words, right=right),
        "glasses.kind": words["glasses"],
        "mask.kind": "surgical" if words["mouth"] == "hidden" and words["occluded"] == "yes" else "none",
        "earrings.kind": _earrings(words, looks),
    }


def _earrings(words: dict[str, str], looks: Looks) -> str:
    """Men seldom wear earrings: those of men must be surer."""
    chances = looks.probabilities["earrings"]
    doubted = words["look"] == "m" and 1 - chances["none"] - chances["unseen"] < SURE_EARRINGS
    return "none" if doubted or words["earrings"] == "unseen" else words["earrings"]


def _years(expected: float) -> float:
    """Years that a face shows: what is expected lies nearer to the usual age than the truth does."""
    return round(min(expected + STRETCH * max(expected - USUAL, 0.0), OLDEST), 1)


def _colours(colours: PersonColours, words: dict[str, str], looks: Looks) -> dict[str, Any]:
    """Fields that are colours; what was not seen keeps its default."""
    found = {
        "skin.colour": colours.skin,
        "hair.colour": _hair(colours.hair, looks.probabilities["hair_colour"]),
        "hair.tips": colours.tips if words["hair_length"] in HANGING else None,
        "brows.colour": colours.brows,
        "beard.colour": _beard(colours, words),
        "mouth.colour": colours.lips if words["lipstick"] == "yes" else None,
        "eyes.colour": _iris(colours.iris, looks.probabilities["iris"]),
        "headwear.colour": colours.headwear,
        "headwear.second": colours.headwear_second,
    }
    return {path: colour for path, colour in found.items() if colour}


def _beard(colours: PersonColours, words: dict[str, str]) -> str | None:
    """The colour of a beard; with grey hair it has the hair's, since shadows make grey beards brown.

    Skin is seen between short hairs: their own colour is darker than what a photo shows.
    """
    if words["beard"] in ("none", "stubble_light", "stubble"):
        return None if words["hat"] == "none" else colours.brows  # hair under headwear is hardly seen
    if words["hair_colour"] in GREYING:
        return HAIR[words["hair_colour"]]
    if colours.beard and colours.hair and _is_tinted(from_hex(colours.beard)):
        return colours.hair
    if words["beard"] == "short_beard" and colours.beard and colours.hair:
        seen, hair = from_hex(colours.beard), from_hex(colours.hair)
        return to_hex(np.array([min(seen[0], hair[0] + PALER), *(0.5 * (seen[1:] + hair[1:]))]))
    return colours.beard


def _hair(measured: str | None, words: dict[str, float]) -> str | None:
    """A measured colour of hair, drawn towards what the words for it mean: light and shade mislead less that way."""
    chances = {word: words.get(word, 0.0) for word in HAIR}
    known = sum(chances.values())
    if measured is None:
        return HAIR[max(chances, key=lambda word: chances[word])] if known > 0 else None
    meant = sum((chance * from_hex(HAIR[word]) for word, chance in chances.items()), np.zeros(3)) / max(known, 1e-6)
    faded = chances["grey"] + chances["white"]  # such hair has no hue but that of what is around it
    share = np.array([TRUST * known, *[TRUST * known + (FADED - TRUST) * faded] * 2])
    seen = from_hex(measured)
    if words.get("dyed", 0.0) < DYED and _is_tinted(seen):
        share[1:] = known  # light of a colour that hair does not have
    return to_hex((1 - share) * seen + share * meant)


def _is_tinted(seen: NDArray[np.float64]) -> bool:
    """Whether a colour in Lab is none that hair grows in."""
    hue = float(np.degrees(np.arctan2(seen[2], seen[1]))) % 360
    return bool(not NATURAL[0] < hue < NATURAL[1] and np.hypot(seen[1], seen[2]) > TINTED)


def _iris(measured: str, words: Mapping[str, float]) -> str:
    """A measured colour of eyes, drawn towards the likeliest words for it: browns, or blue, green and grey."""
    seen, told = from_hex(measured), 1 - words["unseen"]
    light = min(max(sum(words[word] for word in LIGHT_EYES) / max(told, 1e-6), 0.01), 0.99)
    odds, red, yellow, bias = LIGHT_WEIGHTS
    sign = odds * np.log(light / (1 - light)) + red * seen[1] + yellow * seen[2] + bias
    near = LIGHT_EYES if sign > 0 else tuple(word for word in IRIS if word not in LIGHT_EYES)
    known = max(sum(words[word] for word in near), 1e-6)
    meant = sum((words[word] / known * from_hex(IRIS[word]) for word in near), np.zeros(3))
    share = IRIS_WORDED + (1 - IRIS_WORDED) * words["unseen"]
    return to_hex((1 - share) * seen + share * meant)


def _expression(looks: Looks, numbers: Measures, *, covered: bool) -> dict[str, Any]:
    """Mouth and eyes, by landmarks and by what the looks net says of them."""
    changes = _lids(looks, numbers.numbers)
    said = looks.probabilities["mouth"]
    if looks.sure("mouth") == "hidden" or covered:
        return {**changes, "expression.mouth": "closed", "expression.smile": 0.0}
    usual, power = MOUTHS
    told = numbers.expression.mouths
    chance = {word: (told[word] + MESH) * (said[word] + WORDED) / usual[word] ** power for word in usual}
    word, smile = mouth_of(max(chance, key=lambda word: chance[word]), numbers.expression)
    return {**changes, "expression.mouth": word, "expression.smile": smile}


def _lids(looks: Looks, numbers: dict[str, float]) -> dict[str, Any]:
    """How far the eyes are open: narrow eyes are told from squinting ones, and unlike ones from winks, by words."""
    said, opened = looks.probabilities["eyes"], [numbers["expression.left"], numbers["expression.right"]]
    if said["closed"] > CLOSED and max(opened) < 1:
        opened = [0.0, 0.0]
    elif min(opened) >= SHUT:
        mean = sum(opened) / 2
        if said["squint"] > SQUINT[0]:
            mean = min(mean, SQUINT[2])
        elif said["squint"] + said["closed"] < SQUINT[1] and mean > NEARLY:
            mean = max(mean, 1.0)
        if said["wink"] < WINK:
            opened = [round(mean, 2)] * 2
    changes: dict[str, Any] = {"expression.left": opened[0], "expression.right": opened[1]}
    if min(opened) < 1:
        changes["eyes.height"] = max(numbers["eyes.height"], STRAINED)
    if max(opened) < SHUT:  # lids that fall draw brows down and outer corners too
        changes |= {"expression.brows": max(numbers["expression.brows"], 0.0), "expression.gaze": (0.0, 0.0)}
    return changes


def _outline(who: Character) -> dict[str, Any]:
    """Tied hair: the outline holds tails and buns too, which the mass on the head must not be stretched to."""
    if who.hair.tied == "loose":
        return {}
    outline = tuple(min(max(radius, TIED[0]), TIED[1]) for radius in who.hair.outline)
    return {"hair.outline": outline, "hair.volume": min(who.hair.volume, TIED_VOLUME)}


def _bushy(who: Character) -> dict[str, Any]:
    """Short curls that stand far off the head are an afro."""
    short = who.hair.texture in ("curly", "coily") and who.hair.length == "short" and who.headwear.kind == "none"
    return {"hair.length": "ear", "hair.texture": "coily"} if short and who.hair.volume > BUSHY else {}
