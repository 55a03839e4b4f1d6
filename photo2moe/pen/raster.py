"""Pixels from a scene, drawn by Skia on one core of the processor.

Only this module and :mod:`photo2moe.pen.skia_paths` know Skia. A picture is the same each time, to the byte. Colours
are mixed as browsers mix them: as sRGB numbers, without conversion to linear light.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
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
        pen.canvas.clear(_colour(skia, background, 1.0))
    pen.canvas.scale(scale, scale)
    pen.canvas.translate(margin - scene.origin[0], margin - scene.origin[1])
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
        self.paths: dict[int, Any] = {}  # by id: one clip often serves many groups

    def group(self, group: Group) -> None:
        if group.blend not in self.modes:
            raise ValueError(f"unknown blend {group.blend!r}; known are {', '.join(BLENDS)}")
        if not group.items or not group.opacity > 0:
            return
        marks = self.canvas.save()
        if group.clip is not None:
            self.canvas.clipPath(self.path(group.clip), True)
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
        if not shape.path:
            return
        skia = self.skia
        paint = skia.Paint(AntiAlias=True)
        if isinstance(shape.paint, Gradient):
            paint.setShader(_shader(skia, shape.paint))
            paint.setAlphaf(min(opacity, 1.0))
        else:
            paint.setColor(_colour(skia, shape.paint.colour, shape.paint.opacity * min(opacity, 1.0)))
        if blend != "normal":
            paint.setBlendMode(self.modes[blend])
        if not 0 <= shape.blur < math.inf:
            raise ValueError(f"a blur must be 0 or more, got {shape.blur}")
        if shape.blur * self.scale > _LEAST_BLUR:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, shape.blur))
        self.canvas.drawPath(self.path(shape.path), paint)

    def path(self, path: Path) -> Any:
        found = self.paths.get(id(path))
        if found is None:
            found = self.paths[id(path)] = to_skia(self.skia, path)
        return found

    def bounds(self, group: Group) -> Any:
        """A box around all that a group draws, so that its layer is no larger."""
        skia = self.skia
        box = skia.Rect.MakeEmpty()
        for item in group.items:
            if isinstance(item, Group):
                part = self.bounds(item)
            else:
                edge = 3 * item.blur + 2 / self.scale
                part = self.path(item.path).getBounds().makeOutset(edge, edge)
            box.join(part)
        return box


def _colour(skia: ModuleType, colour: Colour, opacity: float) -> Any:
    if not opacity == opacity:
        raise ValueError("an opacity is not a number")
    red, green, blue = (min(max(round(value), 0), 255) for value in colour)
    return skia.Color(red, green, blue, min(max(round(opacity * 255), 0), 255))


def _shader(skia: ModuleType, gradient: Gradient) -> Any:
    if not gradient.stops:
        raise ValueError("a gradient needs a stop")
    if not all(map(math.isfinite, (*gradient.start, *gradient.end, gradient.radius))):
        raise ValueError("a gradient's place holds a number that is none")
    stops = gradient.stops if len(gradient.stops) > 1 else gradient.stops * 2
    colours = [_colour(skia, colour, opacity) for _, colour, opacity in stops]
    offsets = [min(max(float(offset), 0.0), 1.0) for offset, _, _ in stops]
    start = skia.Point(*gradient.start)
    if gradient.radius > 0:
        return skia.GradientShader.MakeRadial(start, gradient.radius, colours, offsets)
    return skia.GradientShader.MakeLinear([start, skia.Point(*gradient.end)], colours, offsets)
