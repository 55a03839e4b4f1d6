"""Clothes as they are worn: the garment that the looks net names, in the colours of its own parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from photo2moe.character.attributes import Looks
from photo2moe.character.schema import Character
from photo2moe.face.colours import PersonColours
from photo2moe.face.garment import Garment
from photo2moe.face.lab import difference, from_hex, to_hex

# What words for the colour of clothes mean, where light misleads or nothing was seen.
CLOTHES = {
    "black": "#1c1c22",
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
QUIET = ("#8ba6c4", "#6d7fa6", "#505c7c", "#e9e7e4", "#9a9ca6", "#474a58")
YOUNG = ("baby", "child")
COATS = ("suit", "suit_tie", "suit_bow", "blazer_crew", "jacket", "jacket_denim", "coat", "cardigan")  # over others
TIED = ("suit_tie", "suit_bow")  # whose second colour is that of the tie
SURE_TIE = 0.8  # probability from which a suit has a tie that the photo does not show
NO_COLOUR = 0.4  # probability that clothes have no colour to tell, from which what was measured is doubted
PATTERNED = 0.35  # probability from which cloth is not plain
LIKE_SKIN = (7.0, 24.0)  # ΔE00 from the skin below which what was measured is skin: of clothes seen, and hardly seen
BLACKEST = 8.0  # L of the darkest cloth that still shows folds
WORDED = 0.55  # share of the words in the colour of clothes
FAR = 25.0  # ΔE00 between the measured and the meant colour at which words count half
VIVID = 1.35  # chroma of drawn cloth over that in a photo


def clothing(who: Character, seen: Garment, colours: PersonColours, looks: Looks) -> dict[str, Any]:
    """Changes of a character whose kind of clothes is a word of the looks net.

    Args:
        who: with the colour of the skin.
        seen: of the same photo.
        colours: likewise.
        looks: likewise.
    """
    word = who.clothes.kind
    if word in TIED and seen.tie is None and looks.probabilities["garment"][word] < SURE_TIE:
        word = "suit"
    measured = (seen.outer if word in COATS else None) or colours.clothes
    unseen = word == "unseen" and looks.probabilities["clothes_colour"].get("na", 0.0) > NO_COLOUR
    if measured and difference(from_hex(measured), from_hex(who.skin.colour)) < LIKE_SKIN[unseen]:
        measured = None
    if word == "bare" and (who.person.look == "m" or who.person.age in YOUNG):  # an avatar wears something
        word = "unseen"
    if word == "bare" or (unseen and measured is None):
        return _quiet(who, word)
    colour = _worded(measured, looks.probabilities["clothes_colour"])
    if colour is None:
        return _quiet(who, word)
    kind = _plain(who) if word == "unseen" else word
    second = (seen.tie if word in TIED else seen.inner) if word in COATS else colours.clothes_second
    return {
        "clothes.kind": kind,
        "clothes.colour": colour,
        "clothes.second": second or "",
        "clothes.pattern": _pattern(looks),
    }


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
    seen = from_hex(measured)
    share = WORDED * known / (1 + (difference(seen, meant) / FAR) ** 2)
    colour = seen * (1 - share) + share * meant
    return to_hex(np.array([max(colour[0], BLACKEST), *(VIVID * colour[1:])]))


def _quiet(who: Character, word: str) -> dict[str, Any]:
    """Clothes whose colour is not seen; eyes and hair choose it."""
    kind = _plain(who) if word == "unseen" else word
    return {"clothes.kind": kind, "clothes.colour": QUIET[_number(who) % len(QUIET)]}


def _plain(who: Character) -> str:
    """A plain garment; eyes and hair choose which."""
    choice = PLAIN["young" if who.person.age in YOUNG else "m" if who.person.look == "m" else "f"]
    return choice[_number(who) // len(QUIET) % len(choice)]


def _number(who: Character) -> int:
    eyes, hair = from_hex(who.eyes.colour), from_hex(who.hair.colour)
    return round(float(np.degrees(np.arctan2(eyes[2], eyes[1]))) / 4 + eyes[0] + hair[0] / 5)
