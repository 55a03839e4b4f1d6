"""What is worn, as one wears it: frames of glasses, length of a beard, and headwear, closer than words tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.face.lab import difference, from_hex
from photo2moe.face.parse import HEADWEAR, Regions
from photo2moe.face.spectacles import Spectacles, measure_spectacles
from photo2moe.types import Face, Image

FRAME_SIZES = (0.27, 0.33, 0.41)  # mean half width of lenses, head units, of small, usual and large glasses
FRAME_WEIGHTS = ((0.010, 0.018, 0.028, 0.045, 0.08), (-1, -0.7, 0, 0.5, 1))  # of ink across their rim
WIRE = 0.012  # ink of frames of wire
ELLIPSE, ROUNDED = 2.2, 3.0  # exponents of outlines that are ellipses, and of those that have no corners
OVAL, TALL = 0.74, 0.86  # height over width of lenses that are oval or round
HALF_RIM = 0.55  # share of the rim that is seen of glasses whose lower half has none
CONTRAST, THROUGH = 22.0, 0.62  # L between skin and hair, and a beard's share of it below which skin is seen through it
PLAIN_TRIM = ("headband", "crown", "veil", "helmet", "hood")  # headwear of one colour
LIKE_SKIN, LIKE_HAIR = 20.0, 12.0  # ΔE00 below which a second colour of headwear is the skin or the hair beside it
SOFT = ("beanie", "headscarf", "turban", "hood")  # headwear with folds, which lie in each other's shadow
SHADOW, LIVELY = 30.0, 20.0  # L of what may be cloth in shadow, and the chroma of the same cloth in light
NARROW = 3.15  # face units: the widest hat without a brim to speak of
ENOUGH = 600  # pixels of headwear in the square of the regions by which its width is told
UNSEEN = {"crown": "#dc9aa6", "headband": "#4a434c"}  # colours of headwear that was not seen
UNSEEN_ELSE = "#6a6470"
METAL = 20.0  # the most chroma that crowns of silver have
GOLD = (70.0, 95.0)  # degrees of hue of crowns of gold


def wearing(photo: Image, face: Face, regions: Regions, who: Character) -> dict[str, Any]:
    """Changes of a character whose kinds of glasses, beard and headwear are words of the looks net.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        who: with its colours measured; a colour of headwear that was not seen is the default one.
    """
    return {**_trimmed(who), **_glasses(photo, face, who), **_headwear(who, regions)}


def _trimmed(who: Character) -> dict[str, Any]:
    """A beard through which skin is seen is short: it is not nearly as dark as the hair of the head."""
    if who.beard.kind != "beard" or not who.beard.colour:
        return {}
    skin, hair, beard = (float(from_hex(c)[0]) for c in (who.skin.colour, who.hair.colour, who.beard.colour))
    short = skin - hair > CONTRAST and skin - beard < THROUGH * (skin - hair)
    return {"beard.kind": "short_beard"} if short else {}


def _glasses(photo: Image, face: Face, who: Character) -> dict[str, Any]:
    """How the frame is worn: the looks net says that there are glasses, and whether their lenses are dark."""
    word = who.glasses.kind
    if word == "none":
        return {}
    seen = measure_spectacles(photo, face, who.skin.colour, sun=word == "sun")
    changes: dict[str, Any] = {
        "glasses.kind": _frame_word(word, seen),
        "glasses.size": float(np.interp(seen.width, FRAME_SIZES, (-0.5, 0, 1))),
        "glasses.weight": float(np.interp(seen.ink, *FRAME_WEIGHTS)),
        "glasses.colour": seen.colour,
    }
    if word == "sun":  # a rim is hardly seen before dark lenses
        changes |= {"glasses.lens": seen.lens, "glasses.weight": 0.0}
    return changes


def _frame_word(word: str, seen: Spectacles) -> str:
    """The kind of frame: what the net says, unless the outline found in the photo is clearly another."""
    tall, rounded = seen.half[1] / seen.half[0], seen.square < ROUNDED
    if word == "sun":
        if seen.ink < WIRE and rounded:
            return "sun_aviator"
        return "sun_round" if seen.square < ELLIPSE and tall > TALL else word
    if seen.lower < HALF_RIM < seen.rim and seen.ink > WIRE:
        return "half"
    if word in ("round", "oval") and not rounded:
        return "rect"
    if (word == "rect" and seen.square < ELLIPSE and tall > OVAL) or (word == "round" and tall < OVAL):
        return "round" if tall > TALL else "oval"
    return word


def _headwear(who: Character, regions: Regions) -> dict[str, Any]:
    kind, colour, second = who.headwear.kind, who.headwear.colour, who.headwear.second
    if kind == "none" or (kind == "headband" and who.hair.length in ("bald", "shaved")):  # nothing holds it there
        return {"headwear.kind": "none"}
    if colour == Character().headwear.colour:
        colour, second = UNSEEN.get(kind, UNSEEN_ELSE), ""
    if second:
        main, other = from_hex(colour), from_hex(second)
        if kind in SOFT and main[0] < SHADOW < other[0] and np.hypot(*other[1:]) > LIVELY:
            colour, second = second, ""
        beside = (who.skin.colour, LIKE_SKIN), (who.hair.colour, LIKE_HAIR)
        if kind in PLAIN_TRIM or any(difference(other, from_hex(own)) < least for own, least in beside):
            second = ""
    return {"headwear.kind": _headwear_word(who, colour, regions), "headwear.colour": colour, "headwear.second": second}


def _headwear_word(who: Character, colour: str, regions: Regions) -> str:
    """The kind of headwear: what the net says, but for hats without a wide brim and crowns of flowers."""
    kind = who.headwear.kind
    if kind == "crown":
        _, a, b = from_hex(colour).tolist()
        hue, chroma = float(np.degrees(np.arctan2(b, a))), float(np.hypot(a, b))
        return "crown" if chroma < METAL or GOLD[0] < hue < GOLD[1] else "flowers"
    if kind == "hat":
        rows, columns = np.nonzero(regions.labels == HEADWEAR)
        if len(rows) > ENOUGH:
            units = regions.to_units
            across = columns * units[0, 0] + rows * units[0, 1]
            if float(np.ptp(across)) < NARROW:
                return "flat_cap" if who.person.look == "m" else "other"
    return kind
