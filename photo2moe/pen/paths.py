"""Outlines: paths of lines and Bézier curves.

Points are float64 ``(N, 2)``, ``(u, v)`` in face units; see :mod:`photo2moe.pen.scene`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Command = tuple[str, tuple[float, ...]]

COUNTS = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}  # numbers after each command of a path
_TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NEEDLESS = re.compile(r" (?=[-a-z])|(?<=[a-z]) ")  # spaces that SVG does without
FLAT = 16  # straight pieces that stand for one curve where a path is followed
_NOWHERE = np.empty((0, 2))
_K = 0.5522847498  # handle of a quarter circle
_SIGNS = ((1, 0), (1, _K), (_K, 1), (0, 1), (-_K, 1), (-1, _K), (-1, 0))
_CIRCLE = np.array([*_SIGNS, *((-x, -y) for x, y in _SIGNS[1:])])  # four curves round it
_T = np.linspace(0, 1, FLAT + 1)[1:, None]
_SQUARE = np.hstack([(1 - _T) ** 2, 2 * (1 - _T) * _T, _T**2])  # weights of a curve's points, as Bernstein has them
_CUBE = np.hstack([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3])


class Path:
    """Lines and Bézier curves: commands of SVG, absolute, of M, L, Q, C and Z only. Paths do not change.

    Held as commands, or as their letters and one array of all points, which is the faster to move and to draw; either
    is made from the other when it is asked for.

    Attributes:
        is_array: it was made of letters and points, as :meth:`of` does.
        built: what a renderer has made of it, for the next time.
    """

    __slots__ = ("_commands", "_kinds", "_points", "built", "is_array")

    def __init__(self, commands: tuple[Command, ...] = ()) -> None:
        self._commands: tuple[Command, ...] | None = commands
        self._kinds, self._points = "", _NOWHERE
        self.is_array, self.built = False, cast("Any", None)

    def __reduce__(self) -> tuple[Callable[[str, Points], Path], tuple[str, Points]]:
        return Path.of, self.arrays()

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
        return bool(self.arrays()[0] if self._commands is None else self._commands)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Letters with their numbers."""
        if self._commands is None:
            kinds, points = self.arrays()
            numbers = iter(points.ravel().tolist())
            self._commands = tuple((kind, tuple(islice(numbers, COUNTS[kind]))) for kind in kinds)
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
        first, last = (p[-1:], p[:1]) if closed else (p[:1], p[-1:])
        around = np.concatenate([first, p, last])
        slope = (around[2:] - around[:-2]) / 6
        if closed:
            p, slope = np.concatenate([p, p[:1]]), np.concatenate([slope, slope[:1]])
        count = len(p) - 1
        here = np.empty((count, 3, 2))
        here[:, 0], here[:, 1], here[:, 2] = p[:-1] + slope[:-1], p[1:] - slope[1:], p[1:]
        return Path.of("M" + "C" * count + "Z" * closed, np.concatenate([p[:1], here.reshape(-1, 2)]))

    @staticmethod
    def ellipse(u: float, v: float, a: float, b: float) -> Path:
        """An ellipse about ``(u, v)`` with half axes ``a`` and ``b``."""
        return Path.of("MCCCCZ", np.array((u, v)) + _CIRCLE * (a, b))

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
        kinds, points = self.arrays()
        cubic, square, contours = _pieces(kinds)
        pool = points
        if len(cubic) or len(square):
            curves = (_CUBE @ points[cubic]).reshape(-1, 2), (_SQUARE @ points[square]).reshape(-1, 2)
            pool = np.concatenate([points, *curves])
        return [pool[contour] for contour in contours]


@lru_cache(maxsize=2048)
def _pieces(kinds: str) -> tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Which points make up the cubic curves of a path, ``(K, 4)``, the quadratic ones, ``(K, 3)``, and its contours.

    A contour is of numbers into all points, then those of the cubic curves, :data:`FLAT` each, then the quadratic ones.
    """
    count, curved = sum(COUNTS[kind] for kind in kinds) // 2, FLAT * kinds.count("C")
    cubic: list[list[int]] = []
    square: list[list[int]] = []
    contours: list[list[int]] = []
    at = begin = here = 0  # number of the next point, of the first of the contour, and of the last
    for kind in kinds:
        if kind == "Z":
            contours[-1].append(begin)
            contours.append([begin])
            here = begin
            continue
        size = COUNTS[kind] // 2
        own = [here, *range(at, at + size)]
        at += size
        here = at - 1
        if kind == "M":
            contours.append([here])
            begin = here
        elif kind == "L":
            contours[-1].append(here)
        else:
            curves, first = (cubic, count) if kind == "C" else (square, count + curved)
            contours[-1] += range(first + FLAT * len(curves), first + FLAT * (len(curves) + 1))
            curves.append(own)
    return (
        np.array(cubic, int).reshape(-1, 4),
        np.array(square, int).reshape(-1, 3),
        [np.array(contour) for contour in contours if len(contour) > 1],
    )


def _short(number: int, unit: int, digits: int) -> str:
    """An integer over a power of ten in as few signs as SVG needs."""
    sign, (whole, part) = "-" if number < 0 else "", divmod(abs(number), unit)
    decimals = f".{part:0{digits}d}".rstrip("0") if part else ""
    return sign + (str(whole) if whole or not part else "") + decimals
