"""Who is in the photo: regions, looks, measures and colours of one person brought together as a :class:`Character`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from photo2moe.character.attributes import MARKS, Looks, LooksNet
from photo2moe.character.schema import Character
from photo2moe.character.shapes import shape_words
from photo2moe.character.wearing import wearing
from photo2moe.face.balance import balance
from photo2moe.face.colours import PersonColours, measure_colours
from photo2moe.face.cover import cover_notes, covers_mouth
from photo2moe.face.garment import Garment, measure_garment
from photo2moe.face.lab import Floats, difference, from_hex, to_hex
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
CLOTHES = {
    "black": "#2c2c34",
    "white": "#eceef2",
    "grey": "#868a94",
    "blue": "#4a6ca8",
    "brown": "#7c5b42",
    "beige": "#d6c4a4",
    "red": "#b83c44",
    "pink": "#e6a2b4",
    "green": "#5a8c66",
    "orange": "#e08c4c",
    "purple": "#80609c",
    "yellow": "#e6c25a",
}
# Clothes of which nothing is seen: plain garments in quiet colours.
PLAIN = {"f": ("scoop", "crew", "vneck"), "m": ("crew", "polo", "vneck"), "young": ("crew", "hoodie")}
FRIENDLY = ("#8ba6c4", "#9bb49a", "#cf988f", "#a79ac0", "#d9b877", "#74a0a2", "#c78f6c", "#6d7fa6", "#b8869c")
UNDRESSED = ("unseen", "bare")
COATS = ("suit", "suit_tie", "jacket")  # open over something else, whose colour is the second
DENIM = (235.0, 300.0, 9.0)  # hue in Lab, degrees, and least chroma of a jacket of jeans
OPEN_COLLAR, SCOOP = 0.72, 0.95  # face units of skin below the chin from which a collar is open, a neckline wide
SURE_TIE = 0.9  # probability from which a suit has a tie that the photo does not show
PATTERNED = 0.35  # probability from which cloth is not plain
LIKE_SKIN = 7.0  # ΔE00 from the skin below which what was measured is skin
BLACKEST = 15.0  # L of the darkest cloth that still shows folds
WORDED = 0.35  # share of the words in the colour of clothes
VIVID = 1.25  # chroma of drawn cloth over that in a photo
GREYING = ("grey", "white")
TRUST = 0.5  # share of the words in the colour of hair when the looks net is sure that it is a natural one
FADED = 0.85  # their share in the hue of hair that is surely grey or white
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
    length = words["hair_length"]
    balanced = balance(photo, face, regions, pose(face), looks.skin)
    colours = measure_colours(photo, face, regions, balanced, dyed=words["hair_colour"] == "dyed")
    numbers = measure(photo, face, regions, length=length, look=words["look"], age=words["age"])
    who = Character().replace(**{**_words(words, looks), **_colours(colours, words, looks), **numbers.changes()})
    who = who.replace(**_expression(words, numbers, covered=covers_mouth(face, regions)))
    who = who.replace(**shape_words(who), **_outline(who), **wearing(photo, face, regions, who))
    worn = measure_garment(balanced.picture, regions, coat=who.clothes.kind in COATS)
    who = who.replace(**_clothes(who, worn, colours, looks))
    return who.replace(notes=(*colours.notes, *cover_notes(photo, face, regions, numbers.head, cut_hair=numbers.cut)))


def _words(words: dict[str, str], looks: Looks) -> dict[str, Any]:
    """Fields that are words of the looks net."""
    length, front = words["hair_length"], words["front"]
    texture = words["hair_texture"]
    if length == "hidden" and words["headwear"] == "none":  # tied back, most likely
        length = "short" if words["look"] == "m" else "shoulder"
    return {
        "person.age": words["age"],
        "person.look": words["look"],
        "skin.marks": tuple(mark for mark in MARKS if words[mark] == "yes"),
        "hair.length": length,
        "hair.texture": "straight" if texture == "na" else texture,
        "hair.front": "back" if front == "na" else front,
        "hair.tied": "loose" if words["tied"] == "na" or length in ("bald", "shaved") else words["tied"],
        "beard.kind": words["facial_hair"],
        "glasses.kind": words["glasses"],
        "headwear.kind": words["headwear"],
        "mask.kind": "surgical" if words["mouth"] == "hidden" and words["occluded"] == "yes" else "none",
        "earrings.kind": "none" if words["earrings"] == "unseen" else words["earrings"],
        "clothes.kind": words["clothes"],
    }


def _colours(colours: PersonColours, words: dict[str, str], looks: Looks) -> dict[str, Any]:
    """Fields that are colours; what was not seen keeps its default."""
    found = {
        "skin.colour": colours.skin,
        "hair.colour": _hair(colours.hair, looks.probabilities["hair_colour"]),
        "hair.tips": colours.tips,
        "brows.colour": colours.brows,
        "beard.colour": _beard(colours, words),
        "mouth.colour": colours.lips if words["lipstick"] == "yes" else None,
        "eyes.colour": colours.iris,
        "headwear.colour": colours.headwear,
        "headwear.second": colours.headwear_second,
    }
    return {path: colour for path, colour in found.items() if colour}


def _clothes(who: Character, seen: Garment, colours: PersonColours, looks: Looks) -> dict[str, Any]:
    """Clothes as the looks net names them, in the colours of their own parts: coat, shirt and tie."""
    word = who.clothes.kind
    if word == "suit_tie" and seen.tie is None and looks.probabilities["clothes"].get(word, 0.0) < SURE_TIE:
        word = "suit"
    measured = (seen.outer if word in COATS else None) or colours.clothes
    if measured and difference(from_hex(measured), from_hex(who.skin.colour)) < LIKE_SKIN:
        measured = None
    colour = None if word in UNDRESSED else _worded(measured, looks.probabilities["clothes_colour"])
    if colour is None:
        return _friendly(who, word)
    second = (seen.tie if word == "suit_tie" else seen.inner) if word in COATS else colours.clothes_second
    changes = {"clothes.kind": _cut(word, who, seen, from_hex(colour)), "clothes.colour": colour}
    return {**changes, "clothes.second": second or "", "clothes.pattern": _pattern(looks)}


def _cut(word: str, who: Character, seen: Garment, colour: Floats) -> str:
    """The part that shows how open the clothes are worn."""
    hue, chroma = float(np.degrees(np.arctan2(colour[2], colour[1]))) % 360, float(np.hypot(colour[1], colour[2]))
    if word == "jacket" and DENIM[0] < hue < DENIM[1] and DENIM[2] < chroma:
        return "jacket_denim"
    if word == "shirt" and (seen.depth is None or seen.depth > OPEN_COLLAR):
        return "shirt_open"
    wide = seen.depth is not None and seen.depth > SCOOP
    return "scoop" if word == "crew" and who.person.look == "f" and wide else word


def _pattern(looks: Looks) -> str:
    """The likeliest pattern, if cloth is likely enough not to be plain."""
    chances = {word: share for word, share in looks.probabilities["clothes_pattern"].items() if word != "na"}
    plain = chances.pop("plain", 0.0)
    patterned = sum(chances.values()) > PATTERNED * (plain + sum(chances.values()))
    return max(chances, key=lambda word: chances[word]) if patterned else "plain"


def _worded(measured: str | None, words: Mapping[str, float]) -> str | None:
    """A measured colour of clothes, drawn towards what the words for it mean: photos show cloth paler than it is."""
    chances = {word: words.get(word, 0.0) for word in CLOTHES}
    known = sum(chances.values())
    if measured is None:
        return CLOTHES[max(chances, key=lambda word: chances[word])] if known > words.get("na", 0.0) else None
    meant = sum((chance * from_hex(CLOTHES[word]) for word, chance in chances.items()), np.zeros(3)) / max(known, 1e-6)
    colour = from_hex(measured) * (1 - WORDED * known) + WORDED * known * meant
    return to_hex(np.array([max(colour[0], BLACKEST), *(VIVID * colour[1:])]))


def _friendly(who: Character, word: str) -> dict[str, Any]:
    """Plain clothes for somebody whose own are not seen; eyes and hair choose the colour."""
    eyes, hair = from_hex(who.eyes.colour), from_hex(who.hair.colour)
    number = round(float(np.degrees(np.arctan2(eyes[2], eyes[1]))) / 4 + eyes[0] + hair[0] / 5)
    choice = PLAIN["young" if who.person.age in ("baby", "child") else "m" if who.person.look == "m" else "f"]
    kind = choice[number // len(FRIENDLY) % len(choice)] if word == "unseen" else "strap" if word == "bare" else word
    return {"clothes.kind": kind, "clothes.colour": FRIENDLY[number % len(FRIENDLY)]}


def _beard(colours: PersonColours, words: dict[str, str]) -> str | None:
    """The colour of a beard; with grey hair it has the hair's, since shadows make grey beards brown."""
    if words["facial_hair"] == "none":
        return None
    return HAIR[words["hair_colour"]] if words["hair_colour"] in GREYING else colours.beard


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
