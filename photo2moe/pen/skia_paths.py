"""Skia and its paths: loading the library, paths to and back, and areas combined."""

from __future__ import annotations

import struct
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from photo2moe.errors import LibraryError
from photo2moe.pen.scene import COUNTS, Command, Path, Points

OPERATIONS = {"union": "kUnion_PathOp", "difference": "kDifference_PathOp", "intersection": "kIntersect_PathOp"}

_LIBRARIES = "libegl1 libgl1"  # Debian's packages of what Skia is linked to, even where it draws without a card
_CONIC_POWER = 2  # a conic becomes 2² quadratic curves: exact to 1/1000 of its size
_CURVES = {2: "L", 3: "Q", 4: "C"}  # by the number of points, the start among them
_NO_NUMBER = "a path holds a number that is none, or one too large"
_STORED, _VERBS = 5, bytes.maketrans(b"MLQCZ", bytes([0, 1, 2, 4, 5]))  # of Skia's form of a stored path
_ZOOM = 1024.0  # Skia takes points for one below distances made for pixels; a power of 2 loses nothing


@cache
def load_skia() -> ModuleType:
    """Skia, loaded when something is drawn.

    Raises:
        LibraryError: it cannot be loaded.
    """
    try:
        import skia
    except ImportError as error:
        raise LibraryError(
            f"Skia, which draws the avatar, cannot be loaded ({error}). "
            f"On Debian and Ubuntu: apt-get install {_LIBRARIES}"
        ) from error
    module: ModuleType = skia
    return module


def combine(operation: str, a: Path, b: Path) -> Path:
    """Combine the areas of two paths.

    Args:
        operation: ``union``, ``difference`` (``a`` without ``b``) or ``intersection``.
        a: first path, filled by the non-zero rule.
        b: second path, likewise.

    Returns:
        The outline of the result, without contours that overlap.

    Raises:
        LibraryError: the system lacks a library that Skia needs.
        ValueError: another operation, or a path that is none.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"unknown operation {operation!r}; known are {', '.join(OPERATIONS)}")
    skia = load_skia()
    try:
        with np.errstate(over="ignore"):  # such a path is not finite, and refused as that
            one, two = (to_skia(skia, path.map(lambda p: p * _ZOOM)) for path in (a, b))
        result = skia.AsWinding(skia.Op(one, two, getattr(skia.PathOp, OPERATIONS[operation])))
    except RuntimeError as error:  # Skia's word for curves that it cannot tell apart
        raise ValueError(f"these paths have no {operation} that Skia can find") from error
    return from_skia(skia, result).map(lambda p: p / _ZOOM)


def to_skia(skia: ModuleType, path: Path) -> Any:
    """A path as Skia's own, filled by the non-zero rule.

    Raises:
        ValueError: it does not begin with M, holds another command, or a number that is none.
    """
    if path.built is None:
        built = _from_arrays(skia, *path.arrays()) if path.is_array else _from_commands(skia, path)
        if not built.isFinite():
            raise ValueError(_NO_NUMBER)
        path.built = built
    return path.built


def _from_commands(skia: ModuleType, path: Path) -> Any:
    if path.commands and path.commands[0][0] != "M":
        raise ValueError(f"a path must begin with M, not {path.commands[0][0]}")
    builder = skia.PathBuilder()
    calls = _calls(builder)
    try:
        for kind, values in path.commands:
            calls[kind](*values)
    except KeyError as error:
        raise ValueError(f"a path cannot hold {kind}; known are {' '.join(calls)}") from error
    except TypeError as error:
        raise ValueError(f"{kind} of a path has too few or too many numbers") from error
    return builder.detach()


def _from_arrays(skia: ModuleType, kinds: str, points: Points) -> Any:
    """The same from letters and points, in the form in which Skia stores paths: fifty times as fast as point by point.

    Skia checks what it reads, and the number of the form with it; should it refuse, the path is built point by point.
    """
    head, verbs = _stored(kinds, len(points))
    data = head + points.astype("<f4").tobytes() + verbs
    built = skia.Path()
    if built.readFromMemory(data) == len(data):
        return built
    builder, values, at = skia.PathBuilder(), points.ravel().tolist(), 0
    calls = _calls(builder)
    for kind in kinds:
        calls[kind](*values[at : at + COUNTS[kind]])
        at += COUNTS[kind]
    return builder.detach()


@lru_cache(maxsize=4096)
def _stored(kinds: str, count: int) -> tuple[bytes, bytes]:
    """What comes before and after the points of a stored path."""
    verbs = kinds.encode().translate(_VERBS)
    return struct.pack("<4i", _STORED, count, 0, len(verbs)), verbs + bytes(-len(verbs) % 4)


def _calls(builder: Any) -> dict[str, Any]:
    """What draws each command of a path."""
    names = {"M": "moveTo", "L": "lineTo", "Q": "quadTo", "C": "cubicTo", "Z": "close"}
    return {kind: getattr(builder, name) for kind, name in names.items()}


def from_skia(skia: ModuleType, path: Any) -> Path:
    """A path of Skia's as ours; conics become quadratic curves."""
    commands: list[Command] = []
    weights = iter(path)
    verb, points = weights.next()
    while verb != skia.Path.kDone_Verb:
        numbers = [value for point in points for value in (point.x(), point.y())]
        if verb == skia.Path.kMove_Verb:
            commands.append(("M", tuple(numbers)))
        elif verb == skia.Path.kClose_Verb:
            commands.append(("Z", ()))
        elif verb == skia.Path.kConic_Verb:
            quads = skia.Path.ConvertConicToQuads(*points, weights.conicWeight(), _CONIC_POWER)
            for handle, end in zip(quads[1::2], quads[2::2], strict=True):
                commands.append(("Q", (handle.x(), handle.y(), end.x(), end.y())))
        else:
            commands.append((_CURVES[len(points)], tuple(numbers[2:])))
        verb, points = weights.next()
    return Path(tuple(commands))
