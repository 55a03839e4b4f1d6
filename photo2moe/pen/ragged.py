"""Ragged outlines of short hair: rows of tips of locks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from photo2moe.pen.crops import CENTRE, ease
from photo2moe.pen.head import Head
from photo2moe.pen.scene import Points, clip, columns, shares

TIP = 13  # points along a tip of a ragged outline
TOOTH = (0.22, 0.50)  # least and greatest width of the tips of a ragged outline, face units
HEIGHTS = (0.25, 0.8)  # least height of a tip as a share of the length, and how much more it may be
RAGGED = (72.0, 100.0)  # degrees from above between which its tips grow shorter to none
PEAK = 0.75  # share of its width at which a tip is highest: the way back is short, but no step
RISE, FALL = 1.2, 1.6  # how hollow both sides of a pointed tip are


def ruffle(
    ring: Points, head: Head, toward: float, length: float, chance: np.random.RandomState, rounded: float = 0.0
) -> Points:
    """An outline of hair as a row of tips of locks, without steps.

    Args:
        ring: ``(N, 2)`` from the right over the top to the left, in the picture.
        head: that it lies on.
        toward: where the tips point along it, degrees clockwise from above.
        length: by which tips stand off, face units.
        chance: how wide and long each is.
        rounded: 0 for pointed tips, 1 for round waves.
    """
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(ring, axis=0).T)))
    least, most = TOOTH
    count = int(2 * along[-1] / (least + most))
    if length <= 0 or count < 2:
        return ring
    cuts = np.append(0.0, np.cumsum(chance.uniform(least, most, count)))
    cuts *= along[-1] / cuts[-1]
    share = shares(TIP)
    pointed = np.minimum((share / PEAK) ** RISE, clip((1 - share) / (1 - PEAK), 0, 1) ** FALL)
    form = (1 - rounded) * pointed + rounded * np.sin(np.pi * share**1.3) ** 2
    centre = head.project(np.array([[0.0, CENTRE, 0.0]]))[0]
    pieces: list[Points] = []
    for low, high in pairwise(cuts.tolist()):
        ((u, v),) = (columns([np.interp([0.5 * (low + high)], along, axis) for axis in ring.T]) - centre).tolist()
        angle = float(np.degrees(np.arctan2(u, -v) - head.roll))
        onward = (toward - angle) % 360 > 180  # the tip lies at its end
        stands = length * (HEIGHTS[0] + HEIGHTS[1] * chance.uniform() ** 2)
        stands *= float(ease(abs(angle), RAGGED[1], RAGGED[0]))
        at = low + (high - low) * share
        points = columns([np.interp(at, along, axis) for axis in ring.T])
        way = points - centre
        rise = form if onward else form[::-1]
        pieces.append(points + way / np.hypot(*way.T)[:, None] * (stands * rise)[:, None])
    return np.vstack(pieces)
