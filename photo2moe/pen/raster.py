"""Pixels from a scene, drawn by Skia on one core of the processor.

Only this module and :mod:`photo2moe.pen.skia_paths` know Skia. A picture is the same each time, to the byte. Colours
are mixed as browsers mix them: as sRGB numbers, without conversion to linear light.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photo2moe.pen.scene import Colour, Gradient, Group, Item, Layer, Path, Scene, Shape
from photo2moe.pen.skia_paths import combine, load_skia, to_skia

__all__ = ["Sheet", "combine", "frame", "layers", "lift", "raster", "sheets"]

Pixels = NDArray[np.uint8]

SIZES = (64, 4096)  # pixels of the longest side; below, faces are dots, above, a picture takes over 64 MB
BLENDS = ("normal", "multiply", "screen")

_LEAST_BLUR = 0.05  # pixels; a smaller sigma changes no pixel by one level, and Skia refuses 0
# Changes no colour, but has Skia compute a gradient in floats: three times as fast as its way with small integers.
_SAME = (1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0)


class Sheet(NamedTuple):
    """One layer of a picture in pixels.

    Attributes:
        name: of the scene's layer; a layer of several sheets counts on: ``face``, ``face 2``.
        pixels: ``(H, W, 4)`` uint8, RGBA, straight alpha.
        blend: how it meets the sheets below: ``normal``, ``multiply`` or ``screen``.
    """

    name: str
    pixels: Pixels
    blend: str = "normal"


def raster(scene: Scene, size: int, *, background: Colour | None = None, margin: float = 0.0) -> Pixels:
    """Draw a scene.

    Args:
        scene: what to draw.
        size: pixels of the longest side, 64…4096, margin included.
        background: what lies behind; None for nothing.
        margin: added to each side of the picture, face units; below 0 it is cut.

    Returns:
        ``(H, W, 4)`` uint8, RGBA, straight alpha.

    Raises:
        LibraryError: the system lacks a library that Skia needs.
        ValueError: the size is out of range, or the scene holds a number that is none, an unknown blend or command.
    """
    return _render(scene, [_tree(layer) for layer in scene.layers], size, background, margin)


def layers(scene: Scene, size: int, *, margin: float = 0.0) -> list[tuple[str, Pixels]]:
    """Draw each layer alone, on nothing; arguments, arrays and errors as for :func:`raster`.

    What multiplies or screens another layer has nothing there to blend with: see :func:`sheets`.
    """
    return [(layer.name, _render(scene, [_tree(layer)], size, None, margin)) for layer in scene.layers]


def sheets(scene: Scene, size: int, *, margin: float = 0.0) -> list[Sheet]:
    """Draw the layers so that, laid upon each other, they are the picture again.

    A group that multiplies or screens what lies below becomes a sheet of its own, with that blend.
    Arguments and errors as for :func:`raster`.
    """
    found: list[Sheet] = []
    for layer in scene.layers:
        runs: list[tuple[str, list[Item]]] = []
        for item in lift(layer.items):
            blend = item.blend if isinstance(item, Group) else "normal"
            if blend != "normal":
                assert isinstance(item, Group)
                runs.append((blend, [replace(item, blend="normal")]))
            elif runs and runs[-1][0] == "normal":
                runs[-1][1].append(item)
            else:
                runs.append(("normal", [item]))
        for count, (blend, items) in enumerate(runs or [("normal", [])], 1):
            name = layer.name if count == 1 else f"{layer.name} {count}"
            pixels = _render(scene, [_tree(Layer(layer.name, tuple(items)))], size, None, margin)
            found.append(Sheet(name, pixels, blend))
    return found


def lift(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same drawing with groups that blend, and meet what lies below their parents, at the top.

    A clip alone does not keep a blend from what lies below; an opacity below 1 or a blend of the parent does.
    """
    lifted: list[Item] = []
    for item in items:
        if isinstance(item, Shape) or item.opacity < 1 or item.blend != "normal":
            lifted.append(item)
            continue
        parts = lift(item.items)
        if not any(isinstance(part, Group) and part.blend != "normal" for part in parts):
            lifted.append(item)
        elif item.clip is None:
            lifted += parts
        else:
            lifted += [_clipped(part, item.clip) for part in parts]
    return tuple(lifted)


def frame(scene: Scene, size: int, margin: float = 0.0) -> tuple[int, int, float]:
    """Width and height of the picture in pixels, and pixels per face unit.

    Raises:
        ValueError: see :func:`raster`.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"the size must be {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    wide, high = scene.width + 2 * margin, scene.height + 2 * margin
    if not (0 < wide < math.inf and 0 < high < math.inf and all(map(math.isfinite, scene.origin))):
        raise ValueError(f"a scene of {scene.width} × {scene.height} at {scene.origin} has no picture")
    scale = size / max(wide, high)
    return max(1, round(wide * scale)), max(1, round(high * scale)), scale


def _tree(layer: Layer) -> Group:
    return Group(layer.items)


def _clipped(item: Item, clip: Path) -> Group:
    """An item inside a clip; a blend stays outermost."""
    if isinstance(item, Group) and item.blend != "normal":
        inner = replace(item, blend="normal")
        return Group((inner,), clip=clip, blend=item.blend)
    return Group((item,), clip=clip)


def _render(scene: Scene, trees: list[Group], size: int, background: Colour | None, margin: float) -> Pixels:
    skia = load_skia()
    width, height, scale = frame(scene, size, margin)
    surface = skia.Surface(skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType))
    pen = _Pen(skia, surface.getCanvas(), scale)
    if background is not None:
        pen.canvas.clear(_colour(background, 1.0))
    pen.canvas.scale(scale, scale)
    pen.canvas.translate(margin - scene.origin[0], margin - scene.origin[1])
    with np.errstate(over="ignore"):  # paths too large for Skia are not finite, and refused as that
        for tree in trees:
            pen.group(tree)
    pixels: Pixels = np.empty((height, width, 4), np.uint8)
    # Where nothing shines through, both kinds of alpha are the same numbers, and a copy is all it takes.
    alpha = skia.kUnpremul_AlphaType if background is None else skia.kPremul_AlphaType
    surface.readPixels(skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, alpha), pixels, width * 4)
    return pixels


class _Pen:
    """Draws items on a canvas whose unit is the face unit."""

    def __init__(self, skia: ModuleType, canvas: Any, scale: float) -> None:
        self.skia, self.canvas, self.scale = skia, canvas, scale
        self.modes = {
            name: getattr(skia.BlendMode, "kSrcOver" if name == "normal" else f"k{name.title()}") for name in BLENDS
        }
        self.floats = skia.ColorFilters.Matrix(_SAME)
        self.smooth = skia.Paint(AntiAlias=True)

    def group(self, group: Group) -> None:
        if group.blend not in self.modes:
            raise ValueError(f"unknown blend {group.blend!r}; known are {', '.join(BLENDS)}")
        if not group.items or not group.opacity > 0:
            return
        marks = self.canvas.save()
        if group.clip is not None:
            if not {"C", "Q"} & set(group.clip.arrays()[0]):  # curves come out a little differently where they are cut
                self.canvas.clipRect(self.bounds(group))  # a smooth clip of a smaller area is made sooner
            self.canvas.clipPath(to_skia(self.skia, group.clip), True)
        alone = group.items[0] if len(group.items) == 1 else None
        plain = group.opacity >= 1 and group.blend == "normal"
        if plain:
            for item in group.items:
                self.item(item)
        elif isinstance(alone, Shape):  # what one shape covers it covers once: no layer needed
            self.shape(alone, group.opacity, group.blend)
        else:
            paint = self.skia.Paint(Alphaf=min(group.opacity, 1.0), BlendMode=self.modes[group.blend])
            self.canvas.saveLayer(self.bounds(group), paint)
            for item in group.items:
                self.item(item)
        self.canvas.restoreToCount(marks)

    def item(self, item: Item) -> None:
        if isinstance(item, Shape):
            self.shape(item)
        else:
            self.group(item)

    def shape(self, shape: Shape, opacity: float = 1.0, blend: str = "normal") -> None:
        skia, path = self.skia, to_skia(self.skia, shape.path)
        if not 0 <= shape.blur < math.inf:
            raise ValueError(f"a blur must be 0 or more, got {shape.blur}")
        paint, seen = skia.Paint(self.smooth), None
        if isinstance(shape.paint, Gradient):
            paint.setShader(_shader(skia, shape.paint))
            paint.setColorFilter(self.floats)
            paint.setAlphaf(min(opacity, 1.0))
            edge = 1 / self.scale + 4 * shape.blur
            seen = _seen(skia, shape.paint, path.getBounds().makeOutset(edge, edge))
        else:
            paint.setColor(_colour(shape.paint.colour, shape.paint.opacity * min(opacity, 1.0)))
        if blend != "normal":
            paint.setBlendMode(self.modes[blend])
        if shape.blur * self.scale > _LEAST_BLUR:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, shape.blur))
        if seen is None:
            self.canvas.drawPath(path, paint)
            return
        self.canvas.save()
        self.canvas.clipRect(seen)
        self.canvas.drawPath(path, paint)
        self.canvas.restore()

    def bounds(self, group: Group) -> Any:
        """A box around all that a group draws, so that its layer is no larger."""
        skia = self.skia
        box = skia.Rect.MakeEmpty()
        for item in group.items:
            if isinstance(item, Group):
                part = self.bounds(item)
            else:
                edge = 3 * item.blur + 2 / self.scale
                part = to_skia(skia, item.path).getBounds().makeOutset(edge, edge)
            box.join(part)
        return box


@lru_cache(maxsize=4096)
def _colour(colour: Colour, opacity: float) -> int:
    """A colour as Skia numbers it: alpha, red, green, blue."""
    if not opacity == opacity:
        raise ValueError("an opacity is not a number")
    red, green, blue = (min(max(round(value), 0), 255) for value in colour)
    return min(max(round(opacity * 255), 0), 255) << 24 | red << 16 | green << 8 | blue


def _seen(skia: ModuleType, gradient: Gradient, box: Any) -> Any:
    """What may be seen in a box of a gradient, if it is not all: a linear one may begin with no opacity."""
    (u, v), (right, down) = gradient.start, np.subtract(gradient.end, gradient.start).tolist()
    square = right * right + down * down
    if gradient.radius > 0 or gradient.stops[0][2] > 0 or not square > 0:
        return None
    begin = gradient.stops[0][0] * square
    low_u, high_u, low_v, high_v = box.left() - u, box.right() - u, box.top() - v, box.bottom() - v
    # Where right · x + down · y = begin at the corner of the box that lies farthest along the other axis.
    edge_u = (begin - max(down * low_v, down * high_v)) / right if right else 0.0
    edge_v = (begin - max(right * low_u, right * high_u)) / down if down else 0.0
    low_u, high_u = (max(low_u, edge_u) if right > 0 else low_u), (min(high_u, edge_u) if right < 0 else high_u)
    low_v, high_v = (max(low_v, edge_v) if down > 0 else low_v), (min(high_v, edge_v) if down < 0 else high_v)
    return skia.Rect(low_u + u, low_v + v, max(high_u, low_u) + u, max(high_v, low_v) + v)


def _shader(skia: ModuleType, gradient: Gradient) -> Any:
    if not gradient.stops:
        raise ValueError("a gradient needs a stop")
    if not all(map(math.isfinite, (*gradient.start, *gradient.end, gradient.radius))):
        raise ValueError("a gradient's place holds a number that is none")
    stops = gradient.stops if len(gradient.stops) > 1 else gradient.stops * 2
    colours = [_colour(colour, opacity) for _, colour, opacity in stops]
    offsets = [min(max(float(offset), 0.0), 1.0) for offset, _, _ in stops]
    start = skia.Point(*gradient.start)
    if gradient.radius > 0:
        return skia.GradientShader.MakeRadial(start, gradient.radius, colours, offsets)
    return skia.GradientShader.MakeLinear([start, skia.Point(*gradient.end)], colours, offsets)
