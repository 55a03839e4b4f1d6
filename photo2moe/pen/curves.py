"""Curves as points, and the small sums that outlines are made with, without what NumPy's own take for few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.pen.paths import Path, Points


def through(points: ArrayLike) -> Points:
    """A smooth curve through points, that of :meth:`Path.spline`, cut into straight pieces: ``(16 (N - 1) + 1, 2)``."""
    p = np.asarray(points, float)
    return np.asarray(_weights(len(p)) @ p)


@lru_cache(maxsize=64)
def _weights(count: int) -> NDArray[np.float64]:
    """By how much each of so many points counts at each point of a curve through them."""
    each = np.eye(count)
    return np.column_stack([Path.spline(np.column_stack([one, one])).flatten()[0][:, 0] for one in each])


@lru_cache(maxsize=512)
def shares(count: int) -> NDArray[np.float64]:
    """Evenly spaced numbers from 0 to 1, for reading only."""
    even = np.linspace(0, 1, count)
    even.setflags(write=False)
    return even


def columns(axes: Sequence[ArrayLike]) -> Points:
    """Points of their coordinates, each ``(N,)`` or, but for the first, one number: ``(N, D)``."""
    points = np.empty((len(np.asarray(axes[0])), len(axes)))
    for number, axis in enumerate(axes):
        points[:, number] = axis
    return points


def slopes(points: Points) -> Points:
    """What :func:`numpy.gradient` gives along ``(N, 2)`` points, faster."""
    p, slope = points, np.empty_like(points)
    slope[1:-1] = (p[2:] - p[:-2]) / 2
    slope[0], slope[-1] = p[1] - p[0], p[-1] - p[-2]
    return slope


def clip(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """What :func:`numpy.clip` gives, at a fraction of its price for a few numbers."""
    return np.asarray(np.minimum(np.maximum(value, low), high))


def bezier(p0: ArrayLike, p1: ArrayLike, p2: ArrayLike, p3: ArrayLike, count: int = 24) -> NDArray[np.float64]:
    """``(count, D)`` points on a cubic Bézier curve, in as many dimensions as its four points have."""
    return np.asarray(_cubic(count) @ np.array([p0, p1, p2, p3], float))


@lru_cache(maxsize=64)
def _cubic(count: int) -> NDArray[np.float64]:
    """By how much each of the four points of a cubic curve counts at so many points along it, ``(count, 4)``."""
    t = np.linspace(0, 1, count)[:, None]
    return np.hstack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
