"""Who is in the photo: regions, looks, measures and colours of one person brought together as a :class:`Character`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from photo2moe.character.attributes import Looks, LooksNet
from photo2moe.character.clothing import COATS, clothing
from photo2moe.character.labels import MARKS
from photo2moe.character.parts import part_words
from photo2moe.character.schema import Character
from photo2moe.character.shapes import shape_words
from photo2moe.character.wearing import wearing
from photo2moe.face.balance import balance
from photo2moe.face.colours import PersonColours, measure_colours
from photo2moe.face.cover import cover_notes, covers_mouth
from photo2moe.face.garment import measure_garment
from photo2moe.face.lab import from_hex, to_hex
from photo2moe.face.measure import Measures, measure
from photo2moe.face.parse import Parser, Regions
from photo2moe.face.pose import pose
from photo2moe.types import Face, Image

# What words for the colour of hair and of clothes mean, where light misleads or nothing was seen.
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
BROWNS = ("brown_dark", "brown", "hazel")
IRIS_WORDED = 0.65  # share of the words in the colour of eyes, which are small in photos and mirror what is around
GREYING = ("grey", "white")
TRUST = 0.5  # share of the words in the colour of hair when the looks net is sure that it is a natural one
FADED = 0.85  # their share in the hue of hair that is surely grey or white
PALER = 8.0  # L of a short beard over that of the hair, at the most
USUAL, STRETCH, OLDEST = 32.0, 0.3, 85.0  # years: from which, and by what share of those beyond, people are older
TEETH_SMILE = 0.4  # smile of a mouth that shows teeth, at the least
BROAD = 0.55  # smile from which a mouth with teeth is a broad laugh
TIED = (0.9, 1.12)  # radii of the outline of tied hair
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
    said = _words(words, looks)
    balanced = balance(photo, face, regions, pose(face), looks.skin)
    colours = measure_colours(photo, face, regions, balanced, dyed=words["hair_colour"] == "dyed")
    numbers = measure(photo, face, regions, length=said["hair.length"], look=words["look"], age=words["age"])
    who = Character().replace(**{**said, **_colours(colours, words, looks), **numbers.changes()})
    who = who.replace(**_expression(words, numbers, covered=covers_mouth(face, regions)))
    who = who.replace(**shape_words(who), **_outline(who), **wearing(photo, face, regions, who))
    worn = measure_garment(balanced.picture, regions, coat=who.clothes.kind in COATS)
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
        "earrings.kind": "none" if words["earrings"] == "unseen" else words["earrings"],
    }


def _years(expected: float) -> float:
    """Years that a face shows: what is expected lies nearer to the usual age than the truth does."""
    return round(min(expected + STRETCH * max(expected - USUAL, 0.0), OLDEST), 1)


def _colours(colours: PersonColours, words: dict[str, str], looks: Looks) -> dict[str, Any]:
    """Fields that are colours; what was not seen keeps its default."""
    found = {
        "skin.colour": colours.skin,
        "hair.colour": _hair(colours.hair, looks.probabilities["hair_colour"]),
        "hair.tips": colours.tips,
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
        return None
    if words["hair_colour"] in GREYING:
        return HAIR[words["hair_colour"]]
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
    return to_hex((1 - share) * from_hex(measured) + share * meant)


def _iris(measured: str, words: Mapping[str, float]) -> str:
    """A measured colour of eyes, drawn towards the likeliest words for it."""
    chances = {word: words[word] for word in IRIS}
    best = max(chances, key=lambda word: chances[word])
    near = [word for word in IRIS if (word in BROWNS) == (best in BROWNS)]  # browns and blues do not mix
    known = sum(chances[word] for word in near)
    meant = sum((chances[word] * from_hex(IRIS[word]) for word in near), np.zeros(3)) / max(known, 1e-6)
    share = IRIS_WORDED + (1 - IRIS_WORDED) * words["unseen"]
    return to_hex((1 - share) * from_hex(measured) + share * meant)


def _expression(words: dict[str, str], numbers: Measures, *, covered: bool) -> dict[str, Any]:
    """The mouth: landmarks know it better than words do, but for mouths that are hidden."""
    changes: dict[str, Any] = {}
    if words["mouth"] == "hidden" or covered:
        changes |= {"expression.mouth": "closed", "expression.smile": 0.0}
        return changes
    smile = numbers.numbers.get("expression.smile", 0.0)
    if numbers.mouth == "teeth":
        changes["expression.mouth"] = "teeth" if smile > BROAD else "grin"
        changes["expression.smile"] = max(TEETH_SMILE, smile)
    elif numbers.mouth == "open" and smile > BROAD:
        changes["expression.mouth"] = "happy"
    return changes


def _outline(who: Character) -> dict[str, Any]:
    """Tied hair: the outline holds tails and buns too, which the mass on the head must not be stretched to."""
    if who.hair.tied == "loose":
        return {}
    outline = tuple(min(max(radius, TIED[0]), TIED[1]) for radius in who.hair.outline)
    return {"hair.outline": outline, "hair.volume": min(who.hair.volume, TIED_VOLUME)}
