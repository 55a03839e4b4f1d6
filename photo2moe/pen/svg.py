"""A scene as SVG: shapes and gradients, nothing rastered, the same in Inkscape and browsers.

Each layer is a layer of Inkscape too. Blurs are filters in sRGB, blends are CSS; a viewer that knows neither draws
sharp edges and plain tones.
"""

from __future__ import annotations

import math
import re
from html import escape

from photo2moe.pen.raster import frame, lift
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Layer, Path, Scene, Shape
from photo2moe.provenance import packet

DIGITS = 2  # decimals of coordinates, which are pixels: an error of 1/200 pixel at the size that is named

_BLENDS = ("normal", "multiply", "screen")
_REACH = 3.0  # sigmas a blur is let reach; the rest of a Gaussian holds 0.3 %
_REGIONS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # room around a blurred shape, in its own widths
_METADATA = re.compile("<x:xmpmeta.*</x:xmpmeta>", re.DOTALL)


def write_svg(
    scene: Scene, size: int = 1024, *, background: Colour | None = None, margin: float = 0.0, title: str = ""
) -> bytes:
    """Write a scene as an SVG file, marked as made by a machine, the same bytes each time.

    Args:
        scene: what to write.
        size: of the longest side, 64…4096: what viewers show it at, and what coordinates are rounded for.
        background: a layer of its own behind all others; None for nothing.
        margin: as for :func:`photo2moe.pen.raster.raster`.
        title: what readers of screens say; none if empty.

    Returns:
        The file, UTF-8.

    Raises:
        ValueError: the size is out of range, or the scene holds a number that is none, an unknown blend or command.
    """
    width, height, scale = frame(scene, size, margin)
    writer = _Writer(scale, margin - scene.origin[0], margin - scene.origin[1])
    body = [writer.layer(layer) for layer in scene.layers]
    if background is not None:
        name = writer.claim("background")
        fill = f'<rect width="{width}" height="{height}" fill="{_colour(background)}"/>'
        body.insert(0, f'<g inkscape:groupmode="layer" inkscape:label="background" id="{name}">{fill}</g>')
    mark = _METADATA.search(packet())
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{xml_text(title)}</title>" if title else "",
        f"<metadata>{mark.group() if mark else ''}</metadata>",
        f"<defs>{''.join(writer.definitions.values())}</defs>",
        *body,
        "</svg>",
    ]
    return ("\n".join(part for part in parts if part) + "\n").encode()


class _Writer:
    """Collects what shapes refer to: gradients, clips, filters, each written once."""

    def __init__(self, scale: float, right: float, down: float) -> None:
        self.scale, self.shift = scale, (right, down)
        self.definitions: dict[str, str] = {}  # element without its id -> element
        self.names: dict[str, str] = {}  # element without its id -> id
        self.taken: set[str] = set()

    def claim(self, wanted: str) -> str:
        """An id of XML like the name that is wanted, not yet taken."""
        base = re.sub(r"[^\w.-]", "_", wanted)
        base = base if re.match(r"[^\W\d]", base) else f"_{base}"
        name, count = base, 1
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        return name

    def define(self, kind: str, element: str) -> str:
        """Reference to an element, given with ``{id}`` where its id goes."""
        if element not in self.names:
            self.names[element] = self.claim(f"{kind}{len(self.names) + 1}")
            self.definitions[element] = element.replace("{id}", f'id="{self.names[element]}"', 1)
        return f"url(#{self.names[element]})"

    def layer(self, layer: Layer) -> str:
        name = self.claim(layer.name)
        inner = self.items(layer.items)
        return f'<g inkscape:groupmode="layer" inkscape:label="{xml_text(layer.name)}" id="{name}">\n{inner}\n</g>'

    def items(self, items: tuple[Item, ...]) -> str:
        parts = (self.shape(item) if isinstance(item, Shape) else self.group(item) for item in lift(items))
        return "\n".join(part for part in parts if part)

    def group(self, group: Group) -> str:
        if group.blend not in _BLENDS:
            raise ValueError(f"unknown blend {group.blend!r}; known are {', '.join(_BLENDS)}")
        if not group.items or not group.opacity > 0:
            return ""
        inner, attributes = self.items(group.items), ""
        if not inner:
            return ""
        if group.clip is not None:
            clip = f'<clipPath {{id}}><path d="{self.outline(group.clip)}"/></clipPath>'
            attributes += f' clip-path="{self.define("clip", clip)}"'
        if group.opacity < 1:
            attributes += f' opacity="{_number(group.opacity, 3)}"'
        if group.blend != "normal":
            attributes += f' style="mix-blend-mode:{group.blend}"'
        return f"<g{attributes}>{inner}</g>"

    def shape(self, shape: Shape) -> str:
        outline = self.outline(shape.path)
        if not outline:
            return ""
        attributes = f' d="{outline}"{self.fill(shape.paint)}'
        if not 0 <= shape.blur < math.inf:
            raise ValueError(f"a blur must be 0 or more, got {shape.blur}")
        if shape.blur > 0:
            attributes += f' filter="{self.blur(shape)}"'
        return f"<path{attributes}/>"

    def outline(self, path: Path) -> str:
        return path.map(lambda p: (p + self.shift) * self.scale).text(DIGITS)

    def fill(self, paint: Flat | Gradient) -> str:
        if isinstance(paint, Flat):
            opacity = f' fill-opacity="{_number(paint.opacity, 3)}"' if paint.opacity < 1 else ""
            return f' fill="{_colour(paint.colour)}"{opacity}'
        if not paint.stops:
            raise ValueError("a gradient needs a stop")
        stops = "".join(
            f'<stop offset="{_number(offset, 4)}" stop-color="{_colour(colour)}"'
            + (f' stop-opacity="{_number(opacity, 3)}"/>' if opacity < 1 else "/>")
            for offset, colour, opacity in paint.stops
        )
        x, y = self.point(paint.start)
        if paint.radius > 0:
            kind, place = "radialGradient", f'cx="{x}" cy="{y}" r="{_number(paint.radius * self.scale, DIGITS)}"'
        else:
            right, down = self.point(paint.end)
            kind, place = "linearGradient", f'x1="{x}" y1="{y}" x2="{right}" y2="{down}"'
        element = f'<{kind} {{id}} gradientUnits="userSpaceOnUse" {place}>{stops}</{kind}>'
        return f' fill="{self.define("paint", element)}"'

    def point(self, point: tuple[float, float]) -> tuple[str, str]:
        x, y = ((value + shift) * self.scale for value, shift in zip(point, self.shift, strict=True))
        return _number(x, DIGITS), _number(y, DIGITS)

    def blur(self, shape: Shape) -> str:
        """A filter whose region holds the blurred shape; few regions, so that shapes share filters."""
        box = [(min(values), max(values)) for values in zip(*_points(shape.path), strict=True)]
        thin = max(min(high - low for low, high in box), 1e-6)
        room = next((region for region in _REGIONS if region * thin >= _REACH * shape.blur), _REGIONS[-1])
        region = f'x="{-room:g}" y="{-room:g}" width="{1 + 2 * room:g}" height="{1 + 2 * room:g}"'
        sigma = _number(shape.blur * self.scale, DIGITS)
        blur = f'<feGaussianBlur stdDeviation="{sigma}"/>'
        return self.define("blur", f'<filter {{id}} {region} color-interpolation-filters="sRGB">{blur}</filter>')


def _points(path: Path) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for contour in path.flatten() for x, y in contour]


def _colour(colour: Colour) -> str:
    """``#rgb`` where that says it all, else ``#rrggbb``."""
    red, green, blue = (f"{min(max(round(value), 0), 255):02x}" for value in colour)
    if all(pair[0] == pair[1] for pair in (red, green, blue)):
        return f"#{red[0]}{green[0]}{blue[0]}"
    return f"#{red}{green}{blue}"


def _number(value: float, digits: int) -> str:
    """The shortest way to write a number rounded to so many decimals."""
    if not abs(value) < 1e9:
        raise ValueError(f"a drawing cannot hold the number {value}")
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    text = text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    return "0" if text in ("-0", "") else text


def xml_text(text: str) -> str:
    """Text for an element or attribute, without the characters that XML cannot hold."""
    return escape(re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))
