"""The shape of a person's hair: its outer edge, its volume, the hairline and the parting."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.parse import HAIR, HEADWEAR, SKIN, Regions
from photo2moe.face.people import People
from photo2moe.face.pose import Head

RAYS = 16  # radii, clockwise from above: the number 4 points to the right of the picture
# Middle of the skull, where the radii start, in the space of the mean face (head units; z away from the viewer).
CENTRE = (0.0, -0.35, 0.6)
NEIGHBOURS = (-0.4, -0.2, 0.0, 0.2, 0.4)  # rays beside each, in its own width, whose median counts
SAMPLE = 32.0  # pixels of a head unit, as the parser has about
REACH = 4.2  # head units that are searched along a ray
LIMITS = (0.5, 2.0)  # of what a radius is drawn at, over the mean's
UPPER = (0, 1, 2, 3, 13, 14, 15)  # rays that meet the hair of nearly everybody: the volume
TEMPLE = 0.62  # head units from the middle of the forehead to where the hairline runs down the temples
FRINGE = -0.5  # head units: where the hair ends lower than that, a fringe hides the hairline
EDGE = -1.9  # head units: no hairline is sought above that
FOREHEAD = (0.0, -0.6, -0.15)  # a point of the forehead in the space of the mean face
OUTSIDE = 255  # label of what the photo or the regions do not show


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Where hair is.

    Attributes:
        radii: ``(16,)`` of the hair's outer edge, head units; NaN where there is none, or it leaves the picture.
        hairline: v of the hair's lower edge over the middle of the forehead, head units; NaN if a fringe or headwear
            hides it or there is no hair.
        parting: where the hairline is highest, -1 left temple … 1 right temple; NaN likewise.
        cut: whether the picture ends within the hair above.
    """

    radii: NDArray[np.float64]
    hairline: float
    parting: float
    cut: bool


def find_outline(shape: tuple[int, ...], regions: Regions, head: Head) -> Outline:
    """Measure where the hair is.

    Args:
        shape: of the photo.
        regions: of the person.
        head: its pose.
    """
    labels, origin = _level(shape, regions, head)
    matrix = head.to_units()

    def place(point: tuple[float, float, float]) -> NDArray[np.float64]:
        return matrix[:, :2] @ head.project(np.array([point]))[0] + matrix[:, 2]

    radii, cut = _radii(labels, origin + place(CENTRE) * SAMPLE)
    hairline, parting = _hairline(labels, origin, place(FOREHEAD)[0], float(np.cos(np.radians(head.yaw))))
    return Outline(radii, hairline, parting, cut)


def expected(table: People, length: str, head: Head) -> NDArray[np.float64] | None:
    """Mean radii ``(16,)`` of people with hair of that length who hold their head so; ``None`` if it is unknown."""
    if length not in table.outline:
        return None
    mean, turn, nod = np.array(table.outline[length], float).reshape(3, RAYS)
    return mean + turn * np.sin(np.radians(head.yaw)) + nod * np.sin(np.radians(head.pitch))


def ratios(outline: Outline, mean: NDArray[np.float64] | None) -> tuple[float, ...]:
    """Radii over the mean's, 1 where they are unknown; all of them 1 without a mean."""
    if mean is None:
        return (1.0,) * RAYS
    known = np.nan_to_num(outline.radii / mean, nan=1.0)
    # A single ray that meets a loose strand is no outline: half of each ray's own, a quarter of each neighbour's.
    smooth = (np.roll(known, 1) + 2 * known + np.roll(known, -1)) / 4
    return tuple(round(float(x), 3) for x in np.clip(smooth, *LIMITS))


def volume(outline: Outline, mean: NDArray[np.float64] | None) -> float:
    """Logarithm of how far the hair stands off over the mean, the upper half; 0 if unknown."""
    if mean is None:
        return 0.0
    upper = np.log(outline.radii / mean)[list(UPPER)]
    return float(np.nanmean(upper)) if np.isfinite(upper).any() else 0.0


def _level(shape: tuple[int, ...], regions: Regions, head: Head) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The labels in head units at :data:`SAMPLE` pixels, level, with :data:`OUTSIDE`, and where the origin lies."""
    middle = np.array([REACH + 0.5, REACH + 0.5]) * SAMPLE
    size = round(float(middle[0])) * 2
    to_head = head.to_units() * SAMPLE
    to_head[:, 2] += middle
    back = cv2.invertAffineTransform(regions.matrix)
    matrix = np.hstack([to_head[:, :2] @ back[:, :2], (to_head[:, :2] @ back[:, 2] + to_head[:, 2])[:, None]])
    labels = cv2.warpAffine(
        regions.labels,
        matrix,
        (size, size),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=OUTSIDE,
    )
    photo = cv2.warpAffine(np.ones(shape[:2], np.uint8), to_head, (size, size), flags=cv2.INTER_NEAREST)
    labels[photo == 0] = OUTSIDE
    return np.asarray(labels, np.uint8), middle


def _radii(labels: NDArray[np.uint8], centre: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    angles = (np.arange(RAYS)[:, None] + np.array(NEIGHBOURS)) * (2 * np.pi / RAYS)
    distances = np.arange(0.2, REACH, 1 / SAMPLE)
    x, y = centre[:, None, None, None] + SAMPLE * distances * np.stack([np.sin(angles), -np.cos(angles)])[..., None]
    rows, columns = (np.clip(np.rint(c).astype(int), 0, len(labels) - 1) for c in (y, x))
    along = labels[rows, columns]  # rays, neighbours, distances
    hair = along == HAIR
    seen = hair.any(2) & ((along == HEADWEAR).sum(2) <= 2)
    last = len(distances) - 1 - hair[..., ::-1].argmax(2)
    beyond = np.minimum(last[..., None] + np.arange(4), len(distances) - 1)
    ends = (np.take_along_axis(along, beyond, 2) == OUTSIDE).any(2)  # the picture does, within the hair
    radii = np.where(seen & ~ends, distances[last], np.nan)
    cut = (seen & ends).any(1)
    enough = np.isfinite(radii).sum(1) > len(NEIGHBOURS) // 2
    radii[~enough] = 0
    return np.where(enough, np.nanmedian(radii, axis=1), np.nan), bool(cut[[15, 0, 1]].all())


def _hairline(
    labels: NDArray[np.uint8], origin: NDArray[np.float64], middle: float, squeeze: float
) -> tuple[float, float]:
    """Height of the hairline at the middle, and where it is highest."""
    places = np.linspace(-1, 1, 31)
    top, bottom = (round(float(origin[1] + v * SAMPLE)) for v in (EDGE, -0.1))
    edges = np.full(len(places), np.nan)
    for i, place in enumerate(places):
        column = round(float(origin[0] + (middle + place * TEMPLE * squeeze) * SAMPLE))
        along = labels[top:bottom, column]
        hair = np.flatnonzero(along == HAIR)
        if len(hair) and (along == SKIN).any() and not (along == HEADWEAR).any():
            edges[i] = EDGE + float(hair[-1]) / SAMPLE
    centre = edges[10:21]
    if not np.isfinite(centre).any() or np.nanmedian(centre) > FRINGE or np.isfinite(edges).sum() < len(edges) // 2:
        return float("nan"), float("nan")
    known = np.isfinite(edges)
    smooth = np.convolve(np.interp(places, places[known], edges[known]), np.ones(5) / 5, mode="same")[2:-2]
    highest = smooth <= smooth.min() + 0.25 * (np.median(smooth) - smooth.min()) + 1 / SAMPLE
    return float(np.nanmedian(centre)), float(places[2:-2][highest].mean())
