"""What a photo shows of how clothes are worn: what is under an open coat, and a tie.

All of it is told from where colours lie: a coat on the flanks and something else between its halves, a tie between two
halves of a shirt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.face.lab import Floats, difference, to_hex
from photo2moe.face.parse import CLOTHES, Regions
from photo2moe.types import CHIN

FEWEST = 40  # pixels of the square that make a garment
FLANK, MIDDLE = 0.62, 0.42  # face units beside the chin from which the coat is seen, and up to which what is under it
APART = 16.0  # ΔE00 between coat and what is under it
EVEN = (35.0, 85.0)  # percentiles of the lightness of cloth between folds and shine
TIE_WIDTH = (0.09, 0.62)  # face units of a tie between two halves of a shirt
TIE_ROWS = 4  # rows of the square that show it, at the least
UNLIKE_SHIRT = 18.0  # distance in Lab of a tie from the shirt
LIKE_SHIRT = 20.0  # distance in Lab up to which cloth is that of the shirt
LIGHT = 60.0  # percentile of lightness from which cloth below the chin is taken for the shirt
TIE_SHARE = 0.5  # of the gap between both halves of a shirt that is tie
DARK_TIE = 66.0  # L of the lightest tie that is seen on a shirt


@dataclass(frozen=True, slots=True)
class Garment:
    """Clothes as they are worn. Colours are ``#rrggbb`` in even, neutral light; ``None`` where nothing was seen.

    Attributes:
        outer: colour on the flanks.
        inner: colour below the chin, if it is another.
        tie: colour of what hangs between two halves of a shirt.
    """

    outer: str | None = None
    inner: str | None = None
    tie: str | None = None


def measure_garment(picture: Floats, regions: Regions) -> Garment:
    """Measure clothes of several layers.

    Args:
        picture: ``(S, S, 3)`` Lab of the square of the regions, in even light.
        regions: the person's regions.
    """
    worn = regions.labels == CLOTHES
    if worn.sum() < FEWEST:
        return Garment()
    chin, unit = _chin(regions)
    across = (np.arange(len(worn))[None] - chin[0]) / unit
    down = (np.arange(len(worn))[:, None] - chin[1]) / unit
    flanks, middle = worn & (np.abs(across) > FLANK), worn & (np.abs(across) < MIDDLE) & (down > 0) & (down < 1.2)
    outer = _even(picture[flanks]) if flanks.sum() >= FEWEST else None
    tie, shirt = _tie(picture, worn & (np.abs(across) < 1.0) & (down > -0.2), unit, outer)
    inner = shirt
    if inner is None and middle.sum() >= FEWEST:
        inner = _even(picture[middle])
    if outer is not None and inner is not None and difference(outer, inner) < APART:
        inner = None
    return Garment(_hex(outer), _hex(inner), _hex(tie))


def _hex(colour: Floats | None) -> str | None:
    return None if colour is None else to_hex(colour)


def _even(pixels: Floats) -> Floats:
    low, high = np.percentile(pixels[:, 0], EVEN)
    return np.asarray(np.median(pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)], axis=0))


def _tie(
    picture: Floats, worn: NDArray[np.bool_], unit: float, outer: Floats | None
) -> tuple[Floats | None, Floats | None]:
    """Colour of a tie, and that of the shirt on both sides of it."""
    clothed = worn
    if outer is not None:
        worn = worn & (np.abs(picture - outer).sum(-1) > LIKE_SHIRT)
    if worn.sum() < FEWEST:
        return None, None
    pixels = picture[worn]
    shirt = np.median(pixels[pixels[:, 0] >= np.percentile(pixels[:, 0], LIGHT)], axis=0)
    apart = np.linalg.norm(picture - shirt, axis=-1)
    like = worn & (apart < LIKE_SHIRT)
    found = []
    for row in np.flatnonzero(like.sum(1) >= 3):
        at = np.flatnonzero(like[row])
        gaps = np.diff(at)
        left, right = at[gaps.argmax()] + 1, at[gaps.argmax() + 1]
        width = (right - left) / unit
        inside = np.arange(left, right)[clothed[row, left:right] & (apart[row, left:right] > UNLIKE_SHIRT)]
        if TIE_WIDTH[0] < width < TIE_WIDTH[1] and len(inside) > TIE_SHARE * (right - left):
            found.append(picture[row, inside[len(inside) // 4 : len(inside) - len(inside) // 4]])
    shirt_seen = shirt if like.sum() >= FEWEST else None
    if len(found) < TIE_ROWS:
        return None, shirt_seen
    tie = _even(np.concatenate(found))
    return np.array([min(tie[0], DARK_TIE), *tie[1:]]), shirt_seen


def _chin(regions: Regions) -> tuple[Floats, float]:
    """The chin in the square, and a face unit, both in its pixels."""
    chin = regions.face.landmarks[CHIN] @ regions.matrix[:, :2].T + regions.matrix[:, 2]
    return chin, 1 / float(np.hypot(*regions.to_units[:, 0]))
