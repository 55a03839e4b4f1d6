"""Strokes of a pen: lines whose width varies, and the outlines of many of them worked out at once.

NumPy takes nearly as long for a few points as for thousands, and a drawing has hundreds of strokes: a :class:`Stroke`
waits until its outline is asked for, and :func:`ink` gives all that wait theirs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.pen.paths import Path, Points

_SAME = 1e-9  # face units; points closer than this are one
_ACROSS = np.array([-1.0, 1.0])

Line = tuple[Points, NDArray[np.float64], bool]  # points, widths, whether it returns to its start


class Stroke(Path):
    """The outlines of lines, worked out when they are first asked for; see :func:`brush`."""

    __slots__ = ("lines",)

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self._commands, self.is_array = None, True
        self.lines: Sequence[Line] = lines  # that wait; none when the outline is known

    def arrays(self) -> tuple[str, Points]:
        """See :meth:`Path.arrays`."""
        if self.lines:
            ink([self])
        return self._kinds, self._points

    def known(self, kinds: str, points: Points) -> None:
        """Take the outline that :func:`ink` has found."""
        self._kinds, self._points, self.lines = kinds, points, ()


def brush(points: ArrayLike, widths: ArrayLike | Sequence[float], *, closed: bool = False) -> Path:
    """The outline of a line whose width varies, as a pen's does.

    Args:
        points: ``(N, 2)`` along the line.
        widths: ``(K,)`` widths spread evenly over its length, smoothly joined; of a closed line, round to the first
            again. One number for the same all along.
        closed: the line returns to its start.

    Returns:
        A closed path with square ends; empty where the points are all one.
    """
    return Stroke([_line(points, widths, closed)])


def brushed(lines: Iterable[Points], widths: ArrayLike | Sequence[float]) -> Path:
    """Open lines drawn with one brush, as one path; see :func:`brush`."""
    return Stroke([_line(line, widths, False) for line in lines])


def _line(points: ArrayLike, widths: ArrayLike | Sequence[float], closed: bool) -> Line:
    p, w = np.array(points, float), np.array(widths, float, ndmin=1)
    if closed and len(p) > 1 and abs(p[0] - p[-1]).max() <= _SAME:
        p = p[:-1]
    return p, w, closed


def ink(strokes: Iterable[Stroke]) -> None:
    """Work out the outlines of all strokes that wait for theirs."""
    waiting = list({id(stroke): stroke for stroke in strokes if stroke.lines}.values())
    lines = [line for stroke in waiting for line in stroke.lines if len(line[0]) > 1]
    if lines:
        outline, counts = _outlines(lines)
    number = at = 0
    for stroke in waiting:
        kinds, start = "", at
        for points, _, closed in stroke.lines:
            if len(points) > 1:
                kinds += _letters(counts[number], closed)
                at += 2 * counts[number] if counts[number] > 1 else 0
                number += 1
        stroke.known(kinds, outline[start:at] if kinds else np.empty((0, 2)))


@lru_cache(maxsize=1024)
def _letters(count: int, closed: bool) -> str:
    lines = "L" * (count - 1)
    return "" if count < 2 else f"M{lines}ZM{lines}Z" if closed else f"M{lines}L{lines}Z"


def _outlines(lines: Sequence[Line]) -> tuple[Points, list[int]]:
    """The outlines of lines one after the other, and the number of points of each line, those that repeat left out."""
    p = np.concatenate([line[0] for line in lines])
    of = np.repeat(np.arange(len(lines)), [len(line[0]) for line in lines])
    apart = _length(p[1:] - p[:-1]) > _SAME
    apart |= of[1:] != of[:-1]
    if not apart.all():
        kept = np.append(True, apart)
        p, of = p[kept], of[kept]
    counts = np.bincount(of, minlength=len(lines))
    if counts.min() < 2:  # all points of a line are one
        kept = counts[of] > 1
        p, of = p[kept], of[kept]
    counts = np.where(counts < 2, 0, counts)
    end = np.cumsum(counts)
    start = end - counts
    closed = np.array([line[2] for line in lines])
    here = np.arange(len(p))
    first, last, loop = start[of], end[of] - 1, closed[of]
    before = np.where(here > first, here - 1, np.where(loop, last, here))
    after = np.where(here < last, here + 1, np.where(loop, first, here))
    half = _half_widths(lines, p, of, start, counts, closed) / 2
    tangent = p[after] - p[before]
    away = tangent[:, ::-1] * _ACROSS * (half / (_length(tangent) + 1e-12))[:, None]
    outline = np.empty((2 * len(p), 2))
    outline[first + here] = p + away
    outline[first + 2 * last + 1 - here] = p - away
    return outline, counts.tolist()


def _length(ways: Points) -> NDArray[np.float64]:
    """Lengths of ``(N, 2)`` vectors of a drawing's size, at a fraction of the price of :func:`numpy.hypot`."""
    u, v = ways.T
    return np.sqrt(u * u + v * v)


def _half_widths(
    lines: Sequence[Line],
    p: Points,
    of: NDArray[np.int64],
    start: NDArray[np.int64],
    counts: NDArray[np.int64],
    closed: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The width at each point: those of its line, spread over its length."""
    steps = np.zeros(len(p))
    steps[1:] = _length(p[1:] - p[:-1])
    some = counts > 0
    steps[start[some]] = 0
    along = np.cumsum(steps)
    begin, finish = start[some], start[some] + counts[some] - 1
    total = np.ones(len(lines))
    back = np.hypot(*(p[begin] - p[finish]).T) * closed[some]
    total[some] = along[finish] - along[begin] + back
    offset = np.zeros(len(lines))
    offset[some] = along[begin]
    sizes = np.array([len(line[1]) for line in lines])
    spans = np.where(closed, sizes, sizes - 1)
    x = (along - offset[of]) / total[of] * spans[of]
    i = np.minimum(x.astype(int), sizes[of] - 1)
    f = x - i
    f = f * f * (3 - 2 * f)
    widths, base = np.concatenate([line[1] for line in lines]), (np.cumsum(sizes) - sizes)[of]
    return np.asarray(widths[base + i] * (1 - f) + widths[base + (i + 1) % sizes[of]] * f)
