"""Parts of a kit as shapes of a scene: paths with roles for colours, laid where the part belongs.

A role is the name of a material, or of a material and one of its tones: ``cloth``, ``cloth.shade``, ``skin.line``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from photo2moe.draw.palette import Tones
from photo2moe.draw.scene import Colour, Flat, Gradient, Group, Item, Paint, Path, Points, Shape, brush
from photo2moe.kit.loader import Part

Place = Callable[[Points], Points]
Materials = Mapping[str, Tones | Colour]


def colour_of(part: Part, materials: Materials, role: str) -> Colour:
    """The colour that a role stands for.

    Raises:
        KitError: an unknown material or tone.
    """
    material, _, tone = role.partition(".")
    found = materials.get(material)
    if found is None:
        raise part.fault(f"unknown material {role!r}; known are {', '.join(sorted(materials))}")
    if isinstance(found, tuple):
        return found
    colour = getattr(found, tone or "base", None)
    if not isinstance(colour, tuple):
        raise part.fault(f"unknown tone {role!r}")
    return colour


def draw_part(
    part: Part,
    materials: Materials,
    place: Place,
    *,
    scale: float = 1.0,
    unit: float = 1.0,
    layer: str = "",
    words: Collection[str] = (),
    places: Mapping[str, Place] | None = None,
    extra: Mapping[str, tuple[Item, ...]] | None = None,
) -> tuple[Item, ...]:
    """The shapes of a part.

    Args:
        part: of one of the kinds that are made of shapes.
        materials: tones or plain colours by name.
        place: where the part's own points ``(N, 2)`` lie in the picture.
        scale: factor of its lines and blurs: the size of the part's unit in face units.
        unit: factor of widths of lines that are given in the part's own unit.
        layer: shapes of this layer only (shapes without one belong to ``""``).
        words: what the person is: shapes with ``"for": [...]`` are drawn only if one of the words is among them.
        places: other places by name of a shape's ``group``, for instance that of an iris, which moves by itself.
        extra: items drawn in the place of a shape whose ``group`` has that name, inside the shape's clip.
    """
    shapes = part.data["shapes"]
    clips: dict[str, Path] = {}
    items: list[Item] = []
    for shape in shapes:
        own = (places or {}).get(shape.get("group", ""), place)
        for mirrored in (False, True) if shape.get("mirror") else (False,):
            path = Path.parse(shape["path"])
            path = (path.mirrored() if mirrored else path).map(own)
            name = shape.get("id", "")
            if name:
                clips[name + ("'" if mirrored else "")] = path
            if shape.get("layer", "") != layer or not _meant(shape, words):
                continue
            wanted = shape.get("clip")
            clip = clips.get(f"{wanted}'") if mirrored and f"{wanted}'" in clips else clips.get(wanted or "")
            if wanted and clip is None:
                raise part.fault(f"clip {wanted!r} is not the id of an earlier shape")
            drawn = tuple(_items(part, shape, path, materials, own, mirrored, scale))
            drawn = drawn or (extra or {}).get(shape.get("group", ""), ())
            if clip is not None or "blend" in shape:
                drawn = (Group(drawn, clip, 1.0, shape.get("blend", "normal")),)
            items.extend(drawn)
    return tuple(items)


def _meant(shape: Mapping[str, Any], words: Collection[str]) -> bool:
    return "for" not in shape or any(word in words for word in shape["for"])


def _items(
    part: Part, shape: Mapping[str, Any], path: Path, materials: Materials, place: Place, mirrored: bool, scale: float
) -> Iterator[Item]:
    opacity, blur = float(shape.get("opacity", 1.0)), float(shape.get("blur", 0.0)) * scale
    if "gradient" in shape:
        yield Shape(path, _gradient(part, shape["gradient"], materials, place, mirrored, opacity, scale), blur)
    elif "fill" in shape:
        yield Shape(path, Flat(colour_of(part, materials, shape["fill"]), opacity), blur)
    if "line" in shape:
        colour = colour_of(part, materials, shape["line"])
        widths = np.atleast_1d(np.asarray(shape.get("width", 0.02), float)) * scale
        for contour in path.flatten():
            closed = len(contour) > 2 and bool(np.allclose(contour[0], contour[-1]))
            line = brush(
                contour[:-1] if closed and len(widths) == 1 else contour, widths, closed=closed and len(widths) == 1
            )
            if line.commands:
                yield Shape(line, Flat(colour, opacity), blur)


def _gradient(
    part: Part,
    data: Mapping[str, Any],
    materials: Materials,
    place: Place,
    mirrored: bool,
    opacity: float,
    scale: float,
) -> Paint:
    try:
        ends = np.array([data["from"], data.get("to", data["from"])], float).reshape(2, 2)
        stops = [
            (float(stop[0]), colour_of(part, materials, stop[1]), float(stop[2]) if len(stop) > 2 else 1.0)
            for stop in data["stops"]
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise part.fault(f"a gradient needs from, to and stops [[offset, role, opacity], …] ({error})") from error
    ends = place(ends * (-1, 1) if mirrored else ends)
    start, end = (float(ends[0, 0]), float(ends[0, 1])), (float(ends[1, 0]), float(ends[1, 1]))
    return Gradient(start, end, tuple((o, c, a * opacity) for o, c, a in stops), float(data.get("radius", 0.0)) * scale)
