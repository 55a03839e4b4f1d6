"""Parts of a kit as shapes of a scene: paths with roles for colours, laid where the part belongs.

A role is the name of a material, or of a material and one of its tones: ``cloth``, ``cloth.shade``, ``skin.line``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from photo2moe.kit.loader import Part
from photo2moe.pen.palette import Tones
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Paint, Path, Points, Shape, brush

Place = Callable[[Points], Points]
Materials = Mapping[str, Tones | Colour]

CLOSE = 1e-5  # face units between the ends of a line that is a ring
_NEEDS = "a gradient needs from, to and stops [[offset, role, opacity], …]"


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
    shapes, placed = part.data["shapes"], _Placed()
    found = []
    for shape in shapes:
        drawn = shape.get("layer", "") == layer and _meant(shape, words)
        if drawn or "id" in shape:
            own = (places or {}).get(shape.get("group", ""), place)
            for mirrored in (False, True) if shape.get("mirror") else (False,):
                found.append((shape, mirrored, drawn, placed.put(part, shape, mirrored, own, drawn)))
    placed.move()
    clips: dict[str, Path] = {}
    items: list[Item] = []
    for shape, mirrored, drawn, (number, kinds, ends) in found:
        path = Path.of(kinds, placed[number])
        name = shape.get("id", "")
        if name:
            clips[name + ("'" if mirrored else "")] = path
        if not drawn:
            continue
        wanted = shape.get("clip")
        clip = clips.get(f"{wanted}'") if mirrored and f"{wanted}'" in clips else clips.get(wanted or "")
        if wanted and clip is None:
            raise part.fault(f"clip {wanted!r} is not the id of an earlier shape")
        own_items = tuple(_items(part, shape, path, materials, placed[ends] if ends is not None else None, scale))
        own_items = own_items or (extra or {}).get(shape.get("group", ""), ())
        if clip is not None or "blend" in shape:
            own_items = (Group(own_items, clip, 1.0, shape.get("blend", "normal")),)
        items.extend(own_items)
    return tuple(items)


class _Placed:
    """The points of all shapes of a part, moved at once: a place takes as long for a few points as for hundreds."""

    def __init__(self) -> None:
        self._points: list[Points] = []
        self._places: list[Place] = []

    def put(
        self, part: Part, shape: Mapping[str, Any], mirrored: bool, place: Place, drawn: bool
    ) -> tuple[int, str, int | None]:
        """Remember a shape's points; returns their number, the letters of its path, and the number of its gradient."""
        kinds, points = _outline(shape["path"], mirrored)
        number = self._put(points, place)
        if not drawn or "gradient" not in shape:
            return number, kinds, None
        ends = _ends(part, shape["gradient"])
        return number, kinds, self._put(ends * (-1, 1) if mirrored else ends, place)

    def _put(self, points: Points, place: Place) -> int:
        self._points.append(points)
        self._places.append(place)
        return len(self._points) - 1

    def move(self) -> None:
        """Bring everything to where it belongs."""
        for place in dict.fromkeys(self._places):
            own = [number for number, other in enumerate(self._places) if other is place]
            moved = np.asarray(place(np.concatenate([self._points[number] for number in own])), float)
            at = 0
            for number in own:
                count = len(self._points[number])
                self._points[number] = moved[at : at + count]
                at += count

    def __getitem__(self, number: int) -> Points:
        return self._points[number]


@lru_cache(maxsize=4096)
def _outline(text: str, mirrored: bool) -> tuple[str, Points]:
    path = Path.parse(text)
    return (path.mirrored() if mirrored else path).arrays()


def _meant(shape: Mapping[str, Any], words: Collection[str]) -> bool:
    return "for" not in shape or any(word in words for word in shape["for"])


def _items(
    part: Part, shape: Mapping[str, Any], path: Path, materials: Materials, ends: Points | None, scale: float
) -> Iterator[Item]:
    opacity, blur = float(shape.get("opacity", 1.0)), float(shape.get("blur", 0.0)) * scale
    if ends is not None:
        yield Shape(path, _gradient(part, shape["gradient"], materials, ends, opacity, scale), blur)
    elif "fill" in shape:
        yield Shape(path, Flat(colour_of(part, materials, shape["fill"]), opacity), blur)
    if "line" in shape:
        colour = colour_of(part, materials, shape["line"])
        widths = np.atleast_1d(np.asarray(shape.get("width", 0.02), float)) * scale
        for contour in path.flatten():
            ring = len(widths) == 1 and len(contour) > 2 and bool(abs(contour[0] - contour[-1]).max() < CLOSE)
            line = brush(contour[:-1] if ring else contour, widths, closed=ring)
            yield Shape(line, Flat(colour, opacity), blur)


def _ends(part: Part, data: Mapping[str, Any]) -> Points:
    """Where a gradient begins and ends, ``(2, 2)``, in the part's own unit."""
    try:
        return np.array([data["from"], data.get("to", data["from"])], float).reshape(2, 2)
    except (KeyError, TypeError, ValueError) as error:
        raise part.fault(f"{_NEEDS} ({error})") from error


def _gradient(
    part: Part, data: Mapping[str, Any], materials: Materials, ends: Points, opacity: float, scale: float
) -> Paint:
    try:
        stops = [
            (float(stop[0]), colour_of(part, materials, stop[1]), float(stop[2]) if len(stop) > 2 else 1.0)
            for stop in data["stops"]
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise part.fault(f"{_NEEDS} ({error})") from error
    start, end = (float(ends[0, 0]), float(ends[0, 1])), (float(ends[1, 0]), float(ends[1, 1]))
    return Gradient(start, end, tuple((o, c, a * opacity) for o, c, a in stops), float(data.get("radius", 0.0)) * scale)
