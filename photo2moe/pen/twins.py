"""One drawing in two colours of skin, for the price of one.

The painter's net is shown every person with skin of one tone. Building a drawing takes far longer than colouring it, so
while :func:`twin_skin` is in force all tones of skin carry their counterpart of the other skin along, and whatever is
mixed from them does so too; the drawing is built once and then taken in either colour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Paint, Scene, Shape

P = ParamSpec("P")
R = TypeVar("R")

_OTHER: ContextVar[Colour | None] = ContextVar("other", default=None)


class Twin(tuple[int, int, int]):
    """A colour that is another one in the other drawing.

    It equals no plain colour, so that what is remembered of plain colours is not taken for its own.
    """

    other: Colour

    def __new__(cls, colour: Colour, other: Colour) -> Twin:
        """A colour and its counterpart."""
        made = super().__new__(cls, colour)
        made.other = other
        return made

    def __eq__(self, value: object) -> bool:
        return isinstance(value, Twin) and tuple(self) == tuple(value) and self.other == value.other

    def __ne__(self, value: object) -> bool:
        return not self == value

    def __hash__(self) -> int:
        return hash((tuple(self), self.other))


@contextmanager
def twin_skin(colour: Colour) -> Iterator[None]:
    """Let all that is drawn meanwhile know its colours with skin of that measured colour too."""
    token = _OTHER.set(colour)
    try:
        yield
    finally:
        _OTHER.reset(token)


def twice(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function of colours, to a colour or tones, work on both colours of a :class:`Twin`."""

    @wraps(function)
    def both(*args: P.args, **options: P.kwargs) -> R:
        for value in args:
            if type(value) is Twin:
                one = function(*(_plain(value) for value in args), **options)
                other = function(*(_other(value) for value in args), **options)
                return cast("R", _joined(one, other))
        return function(*args, **options)

    return both


def of_skin(function: Callable[[Colour], R]) -> Callable[[Colour], R]:
    """Make the function that gives the tones of skin give those of the other skin with them."""

    @wraps(function)
    def both(colour: Colour) -> R:
        other = _OTHER.get()
        return function(colour) if other is None else cast("R", _joined(function(colour), function(other)))

    return both


def take(scene: Scene, *, other: bool = False) -> Scene:
    """A scene in plain colours: its own, or those with the other skin."""
    choose = _other if other else _plain
    chosen = tuple(replace(layer, items=tuple(_item(item, choose) for item in layer.items)) for layer in scene.layers)
    return replace(scene, layers=chosen)


def _item(item: Item, choose: Callable[[Any], Any]) -> Item:
    if isinstance(item, Group):
        items = tuple(_item(part, choose) for part in item.items)
        same = all(one is two for one, two in zip(items, item.items, strict=True))
        return item if same else Group(items, item.clip, item.opacity, item.blend)
    paint = _paint(item.paint, choose)
    return item if paint is item.paint else Shape(item.path, paint, item.blur)


def _paint(paint: Paint, choose: Callable[[Any], Any]) -> Paint:
    if isinstance(paint, Flat):
        return Flat(choose(paint.colour), paint.opacity) if type(paint.colour) is Twin else paint
    if any(type(colour) is Twin for _, colour, _ in paint.stops):
        stops = tuple((offset, choose(colour), opacity) for offset, colour, opacity in paint.stops)
        return Gradient(paint.start, paint.end, stops, paint.radius)
    return paint


def _plain(value: Any) -> Any:
    return tuple(value) if type(value) is Twin else value


def _other(value: Any) -> Any:
    return value.other if type(value) is Twin else value


def _joined(one: Any, other: Any) -> Any:
    """Two colours, or the tones of two, as one that knows both."""
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return replace(cast("Any", one), **{name: _joined(getattr(one, name), getattr(other, name)) for name in names})
    return one if one == other else Twin(one, other)
