"""Outlines: paths of lines and Bézier curves, and the strokes of a pen that become such paths.

Points are float64 ``(N, 2)``, ``(u, v)`` in face units; see :mod:`photo2moe.pen.scene`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Command = tuple[str, tuple[float, ...]]

COUNTS = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}  # numbers after each command of a path
_TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NEEDLESS = re.compile(r" (?=[-a-z])|(?<=[a-z]) ")  # spaces that SVG does without
_SAME = 1e-9  # face units; points closer than this are one
FLAT = 16  # straight pieces that stand for one curve where a path is followed
_RUNS = re.compile(r"M+|L+|Q+|C+|Z")  # commands of a path that can be followed at once
_NOWHERE, _TRUE, _ACROSS = np.empty((0, 2)), np.array([True]), np.array([-1.0, 1.0])
_T = np.linspace(0, 1, FLAT + 1)[1:, None]
_SQUARE = np.hstack([(1 - _T) ** 2, 2 * (1 - _T) * _T, _T**2])  # weights of a curve's points, as Bernstein has them
_CUBE = np.hstack([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3])


class Path:
    """Lines and Bézier curves: commands of SVG, absolute, of M, L, Q, C and Z only. Paths do not change.

    Held as commands, or as their letters and one array of all points, which is the faster to move and to draw; either
    is made from the other when it is asked for.

    Attributes:
        is_array: it was made of letters and points, as :meth:`of` does.
    """

    __slots__ = ("_commands", "_kinds", "_points", "is_array")

    def __init__(self, commands: tuple[Command, ...] = ()) -> None:
        self._commands: tuple[Command, ...] | None = commands
        self._kinds, self._points = "", _NOWHERE
        self.is_array = False

    @staticmethod
    def of(kinds: str, points: Points) -> Path:
        """A path of the letters of its commands and all their points ``(N, 2)``, which nobody may change any more."""
        path = Path()
        if kinds:
            path._commands, path._kinds, path._points, path.is_array = None, kinds, points, True
        return path

    def __eq__(self, other: object) -> bool:
        return self.commands == other.commands if isinstance(other, Path) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.commands)

    def __repr__(self) -> str:
        return f"Path({self.commands!r})"

    def __bool__(self) -> bool:
        return bool(self._kinds or self._commands)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Letters with their numbers."""
        if self._commands is None:
            numbers = iter(self._points.ravel().tolist())
            self._commands = tuple((kind, tuple(islice(numbers, COUNTS[kind]))) for kind in self._kinds)
        return self._commands

    def arrays(self) -> tuple[str, Points]:
        """The letters of the commands and all their points ``(N, 2)``, for reading only."""
        if not self._kinds and self._commands:
            self._points = np.array([x for _, values in self._commands for x in values], float).reshape(-1, 2)
            self._kinds = "".join(kind for kind, _ in self._commands)
        return self._kinds, self._points

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(text: str) -> Path:
        """Read the ``d`` of an SVG path made of M L H V Q C Z, absolute or relative.

        Raises:
            ValueError: another command or sign, a path that does not begin with M, or numbers missing.
        """
        tokens = _TOKEN.findall(text)
        if rest := _TOKEN.sub("", text).replace(",", " ").strip():
            raise ValueError(f"a path cannot hold {rest[:20]!r}; known are M L H V Q C Z and numbers")
        if tokens and tokens[0] not in "Mm":
            raise ValueError(f"a path must begin with M, not {tokens[0]}")
        commands: list[Command] = []
        here, start, at, letter = (0.0, 0.0), (0.0, 0.0), 0, ""
        while at < len(tokens):
            if tokens[at].isalpha():
                letter = tokens[at]
                at += 1
            elif letter in "Zz":
                raise ValueError(f"{letter} of a path takes no numbers")
            kind = letter.upper()
            if kind not in COUNTS and kind not in "HV":
                raise ValueError(f"a path cannot hold {letter}; known are M L H V Q C Z")
            count = 1 if kind in "HV" else COUNTS[kind]
            try:
                values = [float(token) for token in tokens[at : at + count]]
            except ValueError:
                values = []
            if len(values) != count:
                raise ValueError(f"{letter} of a path needs {count} numbers")
            at += count
            base = here if letter.islower() else (0.0, 0.0)
            if kind in "HV":
                values = [values[0] + base[0], here[1]] if kind == "H" else [here[0], values[0] + base[1]]
                kind = "L"
            else:
                values = [value + base[i % 2] for i, value in enumerate(values)]
            here = start if kind == "Z" else (values[-2], values[-1])
            if kind == "M":
                start = here
                letter = "l" if letter == "m" else "L"
            commands.append((kind, tuple(values)))
        return Path(tuple(commands))

    def text(self, digits: int = 4) -> str:
        """The ``d`` of SVG, relative and short, rounded to so many decimals; errors do not add up.

        Raises:
            ValueError: a coordinate is not a number.
        """
        unit, parts = 10**digits, []
        here, start = (0, 0), (0, 0)
        last = ""
        for kind, values in self.commands:
            if kind == "Z":
                here, last = start, kind
                parts.append("z")
                continue
            if not all(map(math.isfinite, values)):
                raise ValueError(f"{kind} of a path holds a number that is none")
            numbers = [round(value * unit) for value in values]
            words = [_short(number - here[i % 2], unit, digits) for i, number in enumerate(numbers)]
            if kind != last or kind == "M":
                words[0] = kind.lower() + words[0]
            parts += words
            here, last = (numbers[-2], numbers[-1]), kind
            if kind == "M":
                start = here
        return _NEEDLESS.sub("", " ".join(parts))

    @staticmethod
    def polygon(points: ArrayLike, *, closed: bool = True) -> Path:
        """Straight lines through points."""
        array = np.array(points, float)
        return Path.of("M" + "L" * (len(array) - 1) + "Z" * closed, array) if len(array) else Path()

    @staticmethod
    def rings(rings: Iterable[Points]) -> Path:
        """Closed polygons as one path."""
        some = [np.asarray(ring, float) for ring in rings if len(ring)]
        kinds = "".join("M" + "L" * (len(ring) - 1) + "Z" for ring in some)
        return Path.of(kinds, np.concatenate(some)) if some else Path()

    @staticmethod
    def spline(points: ArrayLike, *, closed: bool = False) -> Path:
        """A smooth curve through points (Catmull-Rom, as cubic Béziers)."""
        p = np.asarray(points, float)
        before, after = (
            (np.roll(p, 1, 0), np.roll(p, -1, 0))
            if closed
            else (np.vstack([p[:1], p[:-1]]), np.vstack([p[1:], p[-1:]]))
        )
        slope = (after - before) / 6
        here = np.hstack([p + slope, np.roll(p - slope, -1, 0), np.roll(p, -1, 0)])
        count = len(p) if closed else len(p) - 1
        return Path.of("M" + "C" * count + "Z" * closed, np.vstack([p[:1], here[:count].reshape(-1, 2)]))

    @staticmethod
    def ellipse(u: float, v: float, a: float, b: float) -> Path:
        """An ellipse about ``(u, v)`` with half axes ``a`` and ``b``."""
        k = 0.5522847498  # handle of a quarter circle
        corners = [
            (1, 0, 1, k, k, 1, 0, 1),
            (0, 1, -k, 1, -1, k, -1, 0),
            (-1, 0, -1, -k, -k, -1, 0, -1),
            (0, -1, k, -1, 1, -k, 1, 0),
        ]
        commands: list[Command] = [("M", (u + a, v))]
        for quarter in corners:
            commands.append(("C", tuple((u + a * q if i % 2 == 0 else v + b * q) for i, q in enumerate(quarter[2:]))))
        return Path((*commands, ("Z", ())))

    def map(self, function: Callable[[Points], Points]) -> Path:
        """The path with all its points, handles too, moved by a function of ``(N, 2)`` points."""
        kinds, points = self.arrays()
        return Path.of(kinds, np.asarray(function(points.copy()), float))

    def mirrored(self) -> Path:
        """The path reflected at u = 0."""
        return self.map(lambda p: p * (-1, 1))

    def moved(self, u: float, v: float) -> Path:
        """The path shifted."""
        return self.map(lambda p: p + np.array((u, v)))

    def flatten(self) -> list[Points]:
        """The contours as points ``(N, 2)``, curves cut into straight pieces."""
        contours: list[list[Points]] = []
        kinds, points = self.arrays()
        at = 0
        for run in _RUNS.findall(kinds):
            kind, count = run[0], len(run)
            if kind == "Z":
                contours[-1].append(contours[-1][0][:1])
                contours.append([contours[-1][0][:1]])
                continue
            own = points[at : at + count * COUNTS[kind] // 2]
            at += len(own)
            if kind == "M":
                contours += [[own[i : i + 1]] for i in range(count)]
            elif kind == "L":
                contours[-1].append(own)
            else:
                own = own.reshape(count, -1, 2)
                starts = np.concatenate([contours[-1][-1][-1:], own[:-1, -1]])[:, None]
                pieces = (_SQUARE if kind == "Q" else _CUBE) @ np.concatenate([starts, own], 1)
                contours[-1].append(pieces.reshape(-1, 2))
        return [np.concatenate(contour) for contour in contours if len(contour) > 1]


def _short(number: int, unit: int, digits: int) -> str:
    """An integer over a power of ten in as few signs as SVG needs."""
    sign, (whole, part) = "-" if number < 0 else "", divmod(abs(number), unit)
    decimals = f".{part:0{digits}d}".rstrip("0") if part else ""
    return sign + (str(whole) if whole or not part else "") + decimals


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
    p = np.asarray(points, float)
    if closed and len(p) > 1 and np.allclose(p[0], p[-1], rtol=0, atol=_SAME):
        p = p[:-1]
    steps = _lengths(p[1:] - p[:-1])
    apart = steps > _SAME
    if not apart.all():
        p = p[np.concatenate([_TRUE, apart])]
        steps = _lengths(p[1:] - p[:-1])
    count = len(p)
    if count < 2:
        return Path()
    steps = np.concatenate([steps, _lengths(p[:1] - p[-1:])]) if closed else steps
    w = np.atleast_1d(np.asarray(widths, float))
    if len(w) > 1:
        x = np.zeros(count)
        np.cumsum(steps[: count - 1], out=x[1:])
        x = x / steps.sum() * (len(w) if closed else len(w) - 1)
        i = np.minimum(x.astype(int), len(w) - 1)
        f = x - i
        f = f * f * (3 - 2 * f)
        half = (w[i] * (1 - f) + w[(i + 1) % len(w)] * f)[:, None] / 2
    else:
        half = w[0] / 2
    tangent = np.empty_like(p)
    if closed:
        tangent[1:-1] = p[2:] - p[:-2]
        tangent[0], tangent[-1] = p[1] - p[-1], p[0] - p[-2]
    else:
        tangent[1:-1] = (p[2:] - p[:-2]) / 2
        tangent[0], tangent[-1] = p[1] - p[0], p[-1] - p[-2]
    away = tangent[:, ::-1] * _ACROSS / (_lengths(tangent)[:, None] + 1e-12) * half
    both = np.concatenate([p + away, (p - away)[::-1]])
    lines = "L" * (count - 1)
    return Path.of(f"M{lines}ZM{lines}Z" if closed else f"M{lines}L{lines}Z", both)


def _lengths(vectors: Points) -> NDArray[np.float64]:
    return np.hypot(vectors[:, 0], vectors[:, 1])


def bezier(p0: ArrayLike, p1: ArrayLike, p2: ArrayLike, p3: ArrayLike, count: int = 24) -> NDArray[np.float64]:
    """``(count, D)`` points on a cubic Bézier curve, in as many dimensions as its four points have."""
    t = np.linspace(0, 1, count)[:, None]
    a, b, c, d = (np.asarray(p, float) for p in (p0, p1, p2, p3))
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
