"""What is worn, as one wears it: frames of glasses and colours of headwear, closer than words tell."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from photo2moe.character.attributes import Looks
from photo2moe.character.schema import Character
from photo2moe.face.lab import Floats, difference, from_hex, lab, linear, to_hex
from photo2moe.face.parse import CLOTHES, HAIR, HEADWEAR, Regions
from photo2moe.face.spectacles import Spectacles, measure_spectacles
from photo2moe.types import Face, Image

FRAME_SIZES = (0.27, 0.33, 0.41)  # mean half width of lenses, head units, of small, usual and large glasses
FRAME_WEIGHTS = ((0.010, 0.018, 0.028, 0.045, 0.08), (-1, -0.7, 0, 0.5, 1))  # of ink across their rim
WIRE = 0.012  # ink of frames of wire
ELLIPSE, ROUNDED = 2.2, 3.0  # exponents of outlines that are ellipses, and of those that have no corners
OVAL, TALL = 0.74, 0.86  # height over width of lenses that are oval or round
HALF_RIM = 0.55  # share of the rim that is seen of glasses whose lower half has none
PLAIN_TRIM = ("headband", "crown", "veil", "helmet", "hood", "kufi", "turban")  # headwear of one colour
LIKE_SKIN, LIKE_HAIR = 20.0, 12.0  # ΔE00 below which a second colour of headwear is the skin or the hair beside it
IS_SKIN = 9.0  # ΔE00 below which the first one is skin
SHADOW, LIVELY = 30.0, 15.0  # L below which a colour is that of shadow or hair, and the chroma of cloth in light
CLOTHS = ("headscarf", "dupatta", "veil")  # headwear that falls in folds, which shade each other
SHADED, LIT = 40.0, 0.08  # L above which grey may be pale cloth in shade, and the least share of it that is lit
EDGE = 7  # pixels of the square: the edges of headwear, where other things show
ALIKE = 18.0  # distance in Lab of pixels that have a colour
PRINTED = 0.05  # share of the pixels of cloth from which a second colour is of the cloth
GREYISH, PALE = 9.0, 75.0  # the most chroma of grey cloth, and L from which a second grey is white
GLOSS = 0.3  # share of the second grey of cloth whose lights and shadows were told apart
CROWN = 0.6  # upper share of the rows of headwear, which no brim and no fold below the chin shades
NEARER = 5.0  # ΔE00 by which the second colour must be nearer to that of the crown to become the first
CLEAR, CHECKED = 70.0, 25.0  # L of cloth of which checks are seen, and their least chroma
FEW = 50  # pixels of hair beside headwear up to which there is none
ENOUGH = 600  # pixels of headwear in the square of the regions by which its colour is told
# Colours of headwear that was not seen.
UNSEEN = {
    "crown": "#dc9aa6",
    "flowers": "#dc9aa6",
    "headband": "#4a434c",
    "straw_hat": "#dcc08a",
    "fur_hat": "#77604f",
    "kufi": "#efece6",
    "ghutra": "#f3f1ee",
    "veil": "#f4f2f0",
    "sunglasses_up": "#302d38",
}
UNSEEN_ELSE = "#6a6470"
UNCOVERED = "shoulder"  # length of hair of which a loose cloth leaves only the front to be seen
BARE_CROWN = ("headband", "crown", "flowers", "ribbon", "sunglasses_up", "veil")  # headwear that leaves hair to be seen
CROWN_PLACE = (0.9, -1.9, -0.9)  # |u| up to which, and v between which, other headwear lies, face units
UNSHADED = 25  # percentile of the lightness of cloth above which it is not a fold's shadow


def wearing(photo: Image, face: Face, regions: Regions, who: Character) -> dict[str, Any]:
    """Changes of a character whose kinds of glasses and headwear are words of the looks net.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        who: with its colours measured; a colour of headwear that was not seen is the default one.
    """
    return {**_glasses(photo, face, who), **_headwear(photo, who, regions)}


def hat_of(word: str, looks: Looks, regions: Regions) -> str:
    """The word for headwear: what the looks net says, but the likeliest kind where nothing but headwear is on the head.

    Args:
        word: of the looks net.
        looks: what it says in full.
        regions: of the person.
    """
    rows, columns = np.nonzero(regions.labels == HEADWEAR)
    if word != "none" or (regions.labels == HAIR).sum() > FEW or len(rows) < ENOUGH:
        return word
    u, v = regions.to_units @ np.stack([columns, rows, np.ones_like(rows)])
    if ((np.abs(u) < CROWN_PLACE[0]) & (v < CROWN_PLACE[2])).sum() < ENOUGH:
        return word
    chances = looks.probabilities["hat"]
    return max((other for other in chances if other != "none"), key=lambda other: chances[other])


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


def _headwear(photo: Image, who: Character, regions: Regions) -> dict[str, Any]:
    kind, colour, second = who.headwear.kind, who.headwear.colour, who.headwear.second
    if kind == "none" or (kind == "headband" and who.hair.length in ("bald", "shaved")):  # nothing holds it there
        return {"headwear.kind": "none"}
    if colour == Character().headwear.colour:
        colour, second = _above_brows(photo, regions, kind) or UNSEEN.get(kind, UNSEEN_ELSE), ""
    if second:
        colour, second = _cloth(who, colour, second, _seen(photo, regions))
    changes: dict[str, Any] = {"headwear.colour": colour, "headwear.second": second}
    if kind == "dupatta" and who.hair.length == "hidden":
        changes["hair.length"] = UNCOVERED
    return changes


def _above_brows(photo: Image, regions: Regions, kind: str) -> str | None:
    """Colour of what is worn where hair would be, for headwear that the regions take for hair or clothes."""
    if kind in BARE_CROWN:
        return None
    rows, columns = np.nonzero(np.isin(regions.labels, (HEADWEAR, HAIR, CLOTHES)))
    if len(rows) < ENOUGH:
        return None
    places = np.stack([columns, rows, np.ones_like(rows)])
    u, v = regions.to_units @ places
    inside = (np.abs(u) < CROWN_PLACE[0]) & (v > CROWN_PLACE[1]) & (v < CROWN_PLACE[2])
    if inside.sum() < ENOUGH:
        return None
    square = cv2.warpAffine(photo, regions.matrix, regions.labels.shape[::-1], flags=cv2.INTER_AREA)
    pixels = lab(linear(square[rows[inside], columns[inside]]))
    even = pixels[pixels[:, 0] >= np.percentile(pixels[:, 0], UNSHADED)]
    return to_hex(np.median(even, axis=0))


def _seen(photo: Image, regions: Regions) -> tuple[Floats, Floats] | None:
    """Headwear away from its edges, Lab ``(N, 3)``, and the median of its upper part; None if hardly any is seen."""
    inside = cv2.erode((regions.labels == HEADWEAR).astype(np.uint8), np.ones((EDGE, EDGE), np.uint8)) > 0
    rows = np.nonzero(inside)[0]
    if len(rows) < ENOUGH:
        return None
    square = cv2.warpAffine(photo, regions.matrix, inside.shape[::-1], flags=cv2.INTER_AREA)
    pixels = lab(linear(square[inside]))
    return pixels, np.median(pixels[rows <= np.quantile(rows, CROWN)], axis=0)


def _cloth(who: Character, colour: str, second: str, seen: tuple[Floats, Floats] | None) -> tuple[str, str]:
    """The colour of the cloth, of two that were measured, and the other if it is of the cloth too, else ``""``."""
    kind, skin = who.headwear.kind, from_hex(who.skin.colour)
    main, other = from_hex(colour), from_hex(second)
    share = 1.0
    if seen is not None:
        pixels, crown = seen
        share = float((np.linalg.norm(pixels - other, axis=1) < ALIKE).mean())
        nearer = difference(crown, other) + NEARER < difference(crown, main)
        if difference(other, skin) > LIKE_SKIN and (difference(main, skin) < IS_SKIN or nearer):
            main, other = other, main
        if _chroma(crown) > LIVELY > 2 * _chroma(main):  # the most frequent colour is that of shadow, or of hair
            main = crown
    if kind in CLOTHS and _chroma(main) < GREYISH and SHADED < main[0] < other[0] > PALE and share > LIT:
        return to_hex(other), ""  # pale cloth in hard light, most of it in shade
    if max(_chroma(main), _chroma(other)) < GREYISH and max(main[0], other[0]) < PALE:
        return to_hex(main + GLOSS * (other - main)), ""
    beside = (skin, LIKE_SKIN), (from_hex(who.hair.colour), LIKE_HAIR)
    if (
        kind in PLAIN_TRIM
        or share < PRINTED
        or other[0] < SHADOW
        or (kind == "ghutra" and (main[0] < CLEAR or _chroma(other) < CHECKED))
        or any(difference(other, own) < least for own, least in beside)
    ):
        return to_hex(main), ""
    return to_hex(main), to_hex(other)


def _chroma(colour: Floats) -> float:
    return float(np.hypot(*colour[1:]))
