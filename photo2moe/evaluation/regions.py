"""Regions of a person against masks made by others: intersection over union."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from photo2moe.errors import InputError
from photo2moe.evaluation.agreement import Figure, resampled
from photo2moe.evaluation.metric import Array, mean
from photo2moe.face.parse import REGIONS, Regions, cut
from photo2moe.files import printable

COVER = 5  # label in masks of what covers a face; the parser has no word for it, so it is not compared
UNKNOWN = 255  # label in masks of what nobody looked at
Table = NDArray[np.int64]


def read_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Read a mask.

    Args:
        path: PNG with a palette, or grey: indices of :data:`photo2moe.face.parse.REGIONS`, :data:`COVER` or
            :data:`UNKNOWN`.
        shape: of the photo that it belongs to, (height, width).

    Raises:
        InputError: it cannot be read, is not of the photo's size, or holds another label.
    """
    try:
        with PIL.Image.open(path, formats=("PNG",)) as picture:
            size, mode = picture.size[::-1], picture.mode
            labels = np.array(picture, np.uint8) if size == shape and mode in ("P", "L") else None
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise InputError(f"{printable(path)} is not a PNG that can be read") from error
    if labels is None:
        what = f"of {size[1]}×{size[0]} pixels, its photo of {shape[1]}×{shape[0]}"
        raise InputError(f"{printable(path)} is {what if size != shape else f'a picture in {mode}, not a mask'}")
    strange = np.setdiff1d(labels, [*range(len(REGIONS)), COVER, UNKNOWN])
    if len(strange):
        raise InputError(f"{printable(path)} holds the label {strange[0]}; known are 0…{COVER} and {UNKNOWN}")
    return labels


def count(regions: Regions, mask: NDArray[np.uint8]) -> Table:
    """Pixels of the parser's square by label of the mask and by region found.

    Args:
        regions: what was found.
        mask: ``(H, W)`` of the photo; what lies outside of it, :data:`COVER` and :data:`UNKNOWN` do not count.

    Returns:
        ``(5, 5)`` int64 in the order of :data:`photo2moe.face.parse.REGIONS`, rows are the mask's.
    """
    truth = cut(mask, regions.matrix, len(regions.labels), fill=UNKNOWN, nearest=True)
    known = truth < len(REGIONS)
    both = truth[known].astype(np.int64) * len(REGIONS) + regions.labels[known]
    return np.bincount(both, minlength=len(REGIONS) ** 2).reshape(len(REGIONS), len(REGIONS))


def overlaps(tables: Sequence[Table], *, seed: int) -> dict[str, tuple[Figure, Figure]]:
    """Intersection over union of each region.

    Args:
        tables: from :func:`count`, one a photo.
        seed: of the bootstrap over photos.

    Returns:
        By region: over the pixels of all photos together, and the mean over photos; both on photos whose mask or
        whose regions have it.
    """
    found = {}
    stacked = np.stack(tables).astype(float) if tables else np.zeros((0, len(REGIONS), len(REGIONS)))
    for i, region in enumerate(REGIONS):
        inside = stacked[:, i, i]
        union = stacked[:, i].sum(1) + stacked[:, :, i].sum(1) - inside
        rows = np.stack([inside, union], 1)[union > 0]
        together = resampled(rows, _ratio, seed=seed)
        each = resampled(rows[:, 0] / rows[:, 1], mean, seed=seed)
        found[region] = together, each
    return found


def _ratio(rows: Array) -> float:
    """Sum of intersections over sum of unions."""
    inside, union = rows.sum(0)
    return float(inside / union) if union else math.nan
