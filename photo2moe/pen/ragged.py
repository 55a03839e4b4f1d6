"""Ragged outlines of short hair: rows of pointed tips of locks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from photo2moe.pen.crops import CENTRE, ease
from photo2moe.pen.head import Head
from photo2moe.pen.scene import Points, clip, columns, shares

TIP = 7  # points along a tip of a ragged outline
TOOTH = (0.22, 0.55)  # least and greatest width of the tips of a ragged outline, face units
FULL = 0.05  # length from which tips are as wide as that; shorter ones are narrower too
RAGGED = (72.0, 100.0)  # degrees from above between which its tips grow shorter to none


def ruffle(ring: Points, head: Head, toward: float, length: float, chance: np.random.RandomState) -> Points:
    """An outline of hair as a row of pointed tips of locks.

    Args:
        ring: ``(N, 2)`` from the right over the top to the left, in the picture.
        head: that it lies on.
        toward: where the tips point along it, degrees clockwise from above.
        length: by which tips stand off, face units.
        chance: how wide and long each is.
    """
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(ring, axis=0).T)))
    least, most = np.array(TOOTH) * float(clip(length / FULL, 0.35, 1.0))
    count = int(2 * along[-1] / (least + most))
    if length <= 0 or count < 2:
        return ring
    cuts = np.append(0.0, np.cumsum(chance.uniform(least, most, count)))
    cuts *= along[-1] / cuts[-1]
    share = shares(TIP)
    centre = head.project(np.array([[0.0, CENTRE, 0.0]]))[0]
    pieces: list[Points] = []
    for low, high in pairwise(cuts.tolist()):
        ((u, v),) = (columns([np.interp([0.5 * (low + high)], along, axis) for axis in ring.T]) - centre).tolist()
        angle = float(np.degrees(np.arctan2(u, -v) - head.roll))
        onward = (toward - angle) % 360 > 180  # the tip lies at its end
        stands = length * (0.15 + 1.2 * chance.uniform() ** 2) * float(ease(abs(angle), RAGGED[1], RAGGED[0]))
        rise = share if onward else share[::-1]
        over = (0.1 if onward else -0.1) * (high - low) * min(stands / 0.05, 1.0) * rise**3
        at = low + (high - low) * share + over
        points = columns([np.interp(at, along, axis) for axis in ring.T])
        way = points - centre
        pieces.append(points + way / np.hypot(*way.T)[:, None] * (stands * rise**1.25)[:, None])
    return np.vstack(pieces)
