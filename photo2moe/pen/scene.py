"""A drawing before it has pixels: named layers of shapes, in face units, nothing rastered.

Points are float64 ``(N, 2)``, ``(u, v)``: 1 is the distance between the eye centres, u runs right, v down. Lengths,
widths of lines and the sigma of a blur are in the same unit. Colours are ``(r, g, b)`` in 0…255, opacity 0…1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from photo2moe.pen.curves import bezier, clip, columns, shares, slopes, through
from photo2moe.pen.paths import COUNTS, FLAT, Command, Path, Points
from photo2moe.pen.strokes import Stroke, brush, brushed, ink

Colour = tuple[int, int, int]

# Outlines are of the drawing too: one address for all that parts are made of.
__all__ = ["COUNTS", "FLAT", "Colour", "Command", "Path", "Points", "bezier", "brush", "brushed", "clip"]
__all__ += ["columns", "slopes"]
__all__ += ["Flat", "Gradient", "Group", "Item", "Layer", "Paint", "Scene", "Shape", "place", "settle", "shares"]
__all__ += ["through"]


@dataclass(frozen=True, slots=True)
class Flat:
    """One colour."""

    colour: Colour
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Gradient:
    """Colours along a line, or with ``radius`` from ``start`` outwards.

    Attributes:
        start, end: where the first and the last stop lie; ``end`` is not used with a radius.
        stops: ``(offset 0…1, colour, opacity)``, in order.
        radius: of a radial gradient, 0 for a linear one.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    stops: tuple[tuple[float, Colour, float], ...]
    radius: float = 0.0


Paint = Flat | Gradient


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled path. A line is one too: see :func:`brush`.

    Attributes:
        path: its outline; where contours overlap they add up (non-zero rule).
        paint: what fills it.
        blur: sigma of a Gaussian blur of the filled shape.
    """

    path: Path
    paint: Paint
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes that share something.

    Attributes:
        items: shapes and groups, from back to front.
        clip: nothing is seen outside this path.
        opacity: of the whole.
        blend: ``normal``, ``multiply`` or ``screen``: how the whole meets what lies below.
    """

    items: tuple[Shape | Group, ...]
    clip: Path | None = None
    opacity: float = 1.0
    blend: str = "normal"


Item = Shape | Group


@dataclass(frozen=True, slots=True)
class Layer:
    """A named group, such as ``hair_back``; the name is that in SVG and OpenRaster."""

    name: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole drawing.

    Attributes:
        layers: from back to front.
        origin: ``(u, v)`` of the upper left corner of the picture.
        width, height: of the picture, face units.
    """

    layers: tuple[Layer, ...]
    origin: tuple[float, float]
    width: float
    height: float


def place(item: Item, function: Callable[[Points], Points]) -> Item:
    """An item with all its points moved by a function of ``(N, 2)`` points; blurs and opacities stay.

    A radial gradient stays round: its radius grows as lengths at its centre do on average.
    """
    if isinstance(item, Group):
        clip = item.clip.map(function) if item.clip is not None else None
        return replace(item, items=tuple(place(part, function) for part in item.items), clip=clip)
    paint = item.paint
    if isinstance(paint, Gradient):
        u, v = paint.start
        at = [paint.start, paint.end, (u + paint.radius, v), (u, v + paint.radius)]
        start, end, *rim = np.asarray(function(np.array(at, float)), float)
        radius = sum(float(np.hypot(*(point - start))) for point in rim) / 2 if paint.radius else 0.0
        paint = replace(
            paint, start=(float(start[0]), float(start[1])), end=(float(end[0]), float(end[1])), radius=radius
        )
    return replace(item, path=item.path.map(function), paint=paint)


def settle(items: Iterable[Item]) -> None:
    """Work out the outlines of all strokes among items, together; what asks for them later finds them done."""
    strokes: list[Stroke] = []
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        if isinstance(item, Group):
            waiting += item.items
        elif isinstance(item.path, Stroke):
            strokes.append(item.path)
    ink(strokes)
