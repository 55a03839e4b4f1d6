"""Strict fields of plain values: what a field may hold, and trees of such dataclasses from and to JSON values."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, TypeVar

from photo2moe.errors import CharacterError

T = TypeVar("T")

LONGEST = 300  # characters of a sentence
MOST = 16  # words or sentences of one field
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_WORD = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def number_field(low: float = -1.0, high: float = 1.0, default: float = 0.0) -> Any:
    """A field that holds a number within limits."""
    return field(default=default, metadata={"kind": "number", "low": low, "high": high})


def numbers_field(*default: float, low: float = -1.0, high: float = 1.0, counts: tuple[int, ...]) -> Any:
    """A field that holds so many numbers within limits."""
    return field(default=default, metadata={"kind": "numbers", "low": low, "high": high, "counts": counts})


def colour_field(default: str) -> Any:
    """A field that holds ``#rrggbb``; with an empty default it may also hold none, written ``""``."""
    return field(default=default, metadata={"kind": "colour", "optional": not default})


def word_field(default: str, *known: str) -> Any:
    """A field that holds one of the known words; without any, a name of a part of a kit."""
    return field(default=default, metadata={"kind": "word", "known": known})


def words_field(*known: str) -> Any:
    """A field that holds any of the known words."""
    return field(default=(), metadata={"kind": "words", "known": known})


def sentences_field() -> Any:
    """A field that holds sentences for people."""
    return field(default=(), metadata={"kind": "sentences"})


class Checked:
    """A dataclass whose fields are checked when it is made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):  # type: ignore[arg-type]
            if one.metadata:
                _check(one.name, getattr(self, one.name), one.metadata)


def _check(name: str, value: Any, rule: Mapping[str, Any]) -> None:
    kind = rule["kind"]
    if kind == "number":
        _number(name, value, rule)
    elif kind == "numbers":
        counts = rule["counts"]
        if not isinstance(value, tuple) or len(value) not in counts:
            raise CharacterError(f"{name} must be a list of {' or '.join(map(str, counts))} numbers, not {value!r}")
        for one in value:
            _number(name, one, rule)
    elif kind == "colour":
        right = isinstance(value, str) and (_COLOUR.fullmatch(value) or (rule["optional"] and value == ""))
        if not right:
            raise CharacterError(
                f"{name} must be a colour such as #c0a080{' or empty' * rule['optional']}, not {value!r}"
            )
    elif kind == "word":
        _word(name, value, rule["known"])
    elif not isinstance(value, tuple) or len(value) > MOST:
        raise CharacterError(f"{name} must be a list of at most {MOST}, not {value!r}")
    else:
        for one in value:
            if kind == "words":
                _word(name, one, rule["known"])
            elif not isinstance(one, str) or len(one) > LONGEST or not one.isprintable():
                raise CharacterError(f"{name} must hold sentences of at most {LONGEST} characters")


def _number(name: str, value: Any, rule: Mapping[str, Any]) -> None:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not real or not rule["low"] <= value <= rule["high"]:
        raise CharacterError(f"{name} must be a number {rule['low']:g}…{rule['high']:g}, not {value!r}")


def _word(name: str, value: Any, known: tuple[str, ...]) -> None:
    if known and value not in known:
        raise CharacterError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    if not isinstance(value, str) or not _WORD.fullmatch(value) or len(value) > LONGEST:
        raise CharacterError(f"{name} must be a word such as 'round' or 'side_l', not {value!r}")


def to_values(tree: Any) -> dict[str, Any]:
    """A dataclass of dataclasses as what JSON knows; numbers with three decimals."""
    values: dict[str, Any] = {}
    for one in dataclasses.fields(tree):
        value = getattr(tree, one.name)
        if dataclasses.is_dataclass(value):
            value = to_values(value)
        elif isinstance(value, tuple):
            value = [round(v, 3) if isinstance(v, float) else v for v in value]
        elif isinstance(value, float):
            value = round(value, 3)
        values[one.name] = value
    return values


def from_values(cls: type[T], values: Any, where: str = "") -> T:
    """The inverse of :func:`to_values`; what is left out has its default.

    Raises:
        CharacterError: an unknown key, or a value that its field does not hold; names it with its place.
    """
    if not isinstance(values, Mapping):
        raise CharacterError(f"{where.rstrip('.') or 'a character'} must be an object, not {values!r}")
    known = {one.name: one for one in dataclasses.fields(cls)}  # type: ignore[arg-type]
    built: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise CharacterError(f"unknown field {where}{key}; known are {', '.join(known)}")
        factory: Any = known[key].default_factory
        if not known[key].metadata:
            value = from_values(factory, value, f"{where}{key}.")
        elif isinstance(value, list):
            value = tuple(value)
        built[key] = value
    try:
        return cls(**built)
    except CharacterError as error:
        raise CharacterError(f"{where}{error}") from None


def replaced(tree: T, path: str, value: Any) -> T:
    """A copy of a tree with one value, named as in ``hair.colour``, exchanged.

    Raises:
        CharacterError: there is no such field, or it cannot hold the value.
    """
    name, _, rest = path.partition(".")
    known = {one.name: one for one in dataclasses.fields(tree)}  # type: ignore[arg-type]
    if name not in known:
        raise CharacterError(f"unknown field {name!r}; known are {', '.join(known)}")
    inner = getattr(tree, name)
    if dataclasses.is_dataclass(inner) != bool(rest):
        fields = ", ".join(f"{name}.{one.name}" for one in dataclasses.fields(inner)) if not rest else ""
        raise CharacterError(f"{name} is a group of fields: {fields}" if fields else f"{name} has no field {rest!r}")
    try:
        new = replaced(inner, rest, value) if rest else tuple(value) if isinstance(value, list) else value
        return dataclasses.replace(tree, **{name: new})  # type: ignore[type-var]
    except CharacterError as error:
        raise CharacterError(f"{name}.{error}" if rest else str(error)) from None


def leaves(tree: Any, before: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value of a tree: its name as in ``hair.colour``, its kind (``number``, ``word``, …), and itself."""
    for one in dataclasses.fields(tree):
        value = getattr(tree, one.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, f"{before}{one.name}.")
        else:
            yield f"{before}{one.name}", one.metadata["kind"], value
