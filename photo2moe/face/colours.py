"""The colours of a person in good light.

The light of the photo is told and taken out first (:mod:`photo2moe.face.light`). Then every region gives the colour
it has where light falls on it evenly: neither shine nor deep shadow. What skin and natural hair can be is known, and
colours are drawn towards it, the more so the stranger the light: skin of all groups measured has nearly the same
redness and lies close to one curve in Lab (Xiao, Yates, Zardawi et al., Characterising the variations in ethnic skin
colours, Skin Research and Technology 23, 2017; Weatherall and Coombs, Skin color measurements in terms of CIELAB color
space values, Journal of Investigative Dermatology 99, 1992). The curves themselves are those of photos in ordinary
light, in ``people.json``. Nothing is concluded about where anybody comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from photo2moe.face.balance import Balanced
from photo2moe.face.features import INNER_LIPS
from photo2moe.face.iris import iris_colour
from photo2moe.face.lab import Floats, difference, lab, to_hex
from photo2moe.face.light import (
    OUTER_LIPS,
    Light,
    polygon,
)
from photo2moe.face.parse import CLOTHES, HAIR, HEADWEAR, SKIN, Regions
from photo2moe.face.people import people
from photo2moe.face.pose import Head, pose
from photo2moe.types import Face, Image

BROW_AREAS = ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))
JAW_AREA = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 410, 391, 393, 164, 167, 165, 186)
FEWEST = 25  # pixels that make a region
KEPT = (0.85, 0.5)  # share of its own hue that skin keeps: in ordinary light, and in a strange one
FAR = 2.0  # deviations from the curve at which skin and hair end
SKIN_LIGHTNESS = (20.0, 92.0)  # L of skin
HAIR_LIT = (40.0, 90.0)  # percentiles of the luminance of hair between shadow and shine
EVEN = (40.0, 85.0)  # percentiles for cloth
NEUTRAL = 9.0  # chroma below which cloth is the more nearly black, grey or white
DYED = 22.0, 42.0  # chroma beyond which hair is dyed: where its hue is not a natural one, and where it is
NATURAL = (40.0, 100.0)  # degrees of hue of hair in Lab: from copper to ash blond
TIPS = 16.0  # ΔE00 between the lower and the upper hair from which the tips have a colour of their own
SECOND, SHARE = 20.0, 0.12  # ΔE00 and share of a region from which there is a second colour
LIPS = 4.0  # ΔE00 between lips and skin below which lips have no colour of their own
DARKER = 7.0  # L by which brows and beard are darker than skin, or they have no colour of their own
DARK_PART, BEARD_PART = 40.0, 65.0  # percent of the pixels at brows and at jaw and lip that hair darkens


@dataclass(frozen=True, slots=True)
class PersonColours:
    """Colours of a person as ``#rrggbb``, in even, neutral light; ``None`` where there is nothing or it was not seen.

    Attributes:
        skin: of the face.
        hair, tips: of the hair, and of its ends where they clearly differ.
        brows, beard: of what is darker than skin at the brows and below the nose, if anything is.
        lips: where they differ from the skin.
        iris: brown where it was not seen.
        clothes, clothes_second: the most frequent colour, and another.
        headwear, headwear_second: likewise.
        light: ``ordinary``, ``grey``, ``tinted`` or ``dark``: of the photo.
        notes: sentences on what the photo did not show.
    """

    skin: str
    hair: str | None
    tips: str | None
    brows: str | None
    beard: str | None
    lips: str | None
    iris: str
    clothes: str | None
    clothes_second: str | None
    headwear: str | None
    headwear_second: str | None
    light: str
    notes: tuple[str, ...]


def measure_colours(
    photo: Image, face: Face, regions: Regions, balanced: Balanced, *, dyed: bool = False
) -> PersonColours:
    """Measure the colours of a person.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        balanced: the photo in ordinary light.
        dyed: the hair is known to have a colour that hair does not grow in.
    """
    models, light, picture = people().models, balanced.light, balanced.picture
    head = pose(face)
    skin = _skin(balanced.skin, light, models["skin"])
    labels = regions.labels
    hair_pixels = picture[cv2.erode((labels == HAIR).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0]
    hair = _hair(hair_pixels, light, models["hair"], dyed=dyed)
    lips = _lips(picture, face, regions, skin, light)
    clothes, second = _cloth(picture[regions.labels == CLOTHES])
    headwear, other = _cloth(picture[labels == HEADWEAR])
    brows = np.concatenate([picture[polygon(face, regions, area)] for area in BROW_AREAS])
    jaw = picture[polygon(face, regions, JAW_AREA) & (labels == SKIN) & ~polygon(face, regions, OUTER_LIPS)]
    return PersonColours(
        skin=to_hex(skin),
        hair=None if hair is None else to_hex(hair),
        tips=_tips(picture, regions, head, light, models["hair"]),
        brows=_dark(brows, skin, light, models["hair"]),
        beard=_dark(jaw, skin, light, models["hair"], BEARD_PART),
        lips=lips,
        iris=iris_colour(photo, face, head, light, skin, np.exp(balanced.parts.values[1]) * light.gains),
        clothes=clothes,
        clothes_second=second,
        headwear=headwear,
        headwear_second=other,
        light=light.kind,
        notes=NOTES.get(light.kind, ()),
    )


NOTES = {
    "grey": ("The photo has no colours; those of the drawing fit its lightness.",),
    "tinted": ("The photo was taken in coloured light, which was taken out as well as possible.",),
    "dark": ("The photo is dark; the drawing is lit as in ordinary light.",),
}


def _skin(seen: Floats, light: Light, curve: dict[str, Any]) -> Floats:
    """Colour of skin in Lab: that of the cheeks, drawn towards what skin can be."""
    colour = lab(np.clip(seen, 0, 1))
    colour[0] = np.clip(colour[0], *SKIN_LIGHTNESS)
    kept = 0.0 if light.colourless else float(np.interp(light.certainty, (0, 1), KEPT))
    return _near(colour, curve, kept)


def _near(colour: Floats, curve: dict[str, Any], kept: float) -> Floats:
    """Draw a and b towards those that are usual at that lightness, keeping a share of the difference."""
    usual, deviation = (
        np.array([np.interp(colour[0], curve["lightness"], curve[name + channel]) for channel in "ab"])
        for name in ("", "deviation_")
    )
    away = (colour[1:] - usual) * kept
    far = float(np.hypot(*(away / deviation)))
    return np.array([colour[0], *(usual + away * min(1.0, FAR / max(far, 1e-6)))])


def _hair(pixels: Floats, light: Light, curve: dict[str, Any], *, dyed: bool = False) -> Floats | None:
    """Colour of hair in Lab, between its shadows and its shine."""
    if len(pixels) < FEWEST:
        return None
    low, high = np.percentile(pixels[:, 0], HAIR_LIT)
    colour = np.median(pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)], axis=0)
    return colour if dyed and not light.colourless else _plausible(colour, light, curve)


def _plausible(colour: Floats, light: Light, curve: dict[str, Any]) -> Floats:
    """Hair as it can be: natural, unless it is so colourful that it must be dyed."""
    if light.colourless:
        return _near(colour, curve, 0.0)
    hue, chroma = float(np.degrees(np.arctan2(colour[2], colour[1]))), float(np.hypot(*colour[1:]))
    if chroma > DYED[int(NATURAL[0] <= hue <= NATURAL[1])] and light.certainty < 0.5:
        return colour
    return _near(colour, curve, float(np.interp(light.certainty, (0, 1), KEPT)))


def _tips(picture: Floats, regions: Regions, head: Head, light: Light, curve: dict[str, Any]) -> str | None:
    """Colour of the lower hair if it is another than that of the upper."""
    size = len(regions.labels)
    back = cv2.invertAffineTransform(regions.matrix)
    matrix = head.to_units()
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    heights = (np.stack([across, down], -1) @ back[:, :2].T + back[:, 2]) @ matrix[1, :2] + matrix[1, 2]
    hair = cv2.erode((regions.labels == HAIR).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    bottom = float(np.percentile(heights[hair], 98)) if hair.sum() >= FEWEST else 0.0
    if bottom < 1.2:  # head units: only hair that reaches below the mouth has tips of its own
        return None
    upper, lower = (_hair(picture[hair & part], light, curve) for part in (heights < 0.2, heights > bottom - 0.8))
    if upper is None or lower is None or difference(upper, lower) < TIPS or lower[0] < upper[0]:
        return None  # darker ends lie in shadow
    return to_hex(lower)


def _dark(pixels: Floats, skin: Floats, light: Light, curve: dict[str, Any], share: float = DARK_PART) -> str | None:
    """Colour of the darker part of pixels, a share of them in percent, if it is darker than skin."""
    if len(pixels) < FEWEST // 2:
        return None
    dark = pixels[pixels[:, 0] <= np.percentile(pixels[:, 0], share)]
    colour = np.median(dark, axis=0)
    return to_hex(_plausible(colour, light, curve)) if colour[0] < skin[0] - DARKER else None


def _lips(picture: Floats, face: Face, regions: Regions, skin: Floats, light: Light) -> str | None:
    mask = polygon(face, regions, OUTER_LIPS) & ~polygon(face, regions, INNER_LIPS)
    pixels = picture[mask & (regions.labels == SKIN)]
    if light.colourless or len(pixels) < FEWEST // 2:
        return None
    low, high = np.percentile(pixels[:, 0], (30, 85))
    colour = np.median(pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)], axis=0)
    if difference(colour, skin) < LIPS or colour[1] < skin[1] - 2:
        return None
    return to_hex(colour)


def _cloth(pixels: Floats) -> tuple[str | None, str | None]:
    """Most frequent colour of a region in even light, and a second one."""
    if len(pixels) < FEWEST:
        return None, None
    count = 3
    weights = np.array([0.6, 1.0, 1.0])  # folds change the lightness
    data = (pixels * weights).astype(np.float32)
    # Starts spread over the lightness, so the result does not depend on chance.
    order = np.argsort(data[:, 0], kind="stable")
    start = np.zeros(len(data), np.int32)
    start[order] = np.arange(len(data)) * count // len(data)
    ends = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 20, 0.5)
    _, numbers, _ = cv2.kmeans(data, count, start[:, None], ends, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    groups = [own for own in (pixels[numbers[:, 0] == i] for i in range(count)) if len(own)]
    groups.sort(key=lambda own: -len(own))
    middles = [_evenly(own) for own in groups]
    # The largest, with the shadows and lights of the same cloth.
    same = [own for own, middle in zip(groups, middles, strict=True) if not _unlike(middle, middles[0])]
    main = _evenly(np.concatenate(same))
    others = [
        middle
        for own, middle in zip(groups[1:], middles[1:], strict=True)
        if len(own) >= SHARE * len(pixels) and _unlike(middle, main) and _unlike(middle, middles[0])
    ]
    return to_hex(_clean(main)), to_hex(_clean(others[0])) if others else None


def _evenly(pixels: Floats) -> Floats:
    """Colour of cloth where light falls on it evenly."""
    low, high = np.percentile(pixels[:, 0], EVEN)
    return np.asarray(np.median(pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)], axis=0))


def _clean(colour: Floats) -> Floats:
    """A colour of cloth without the faint tint that light leaves on black, grey and white."""
    return colour * [1, *[min(1.0, float(np.hypot(*colour[1:])) / NEUTRAL)] * 2]


def _unlike(colour: Floats, main: Floats) -> bool:
    """Whether a colour is another one, and not the shadow of the first: the same hue, darker."""
    hue = np.abs(np.angle(np.exp(1j * (np.arctan2(*colour[:0:-1]) - np.arctan2(*main[:0:-1])))))
    shade = abs(colour[0] - main[0]) < 35 and (hue < 0.4 or max(np.hypot(*colour[1:]), np.hypot(*main[1:])) < 8)
    return difference(colour, main) >= SECOND and not shade
