"""Photos labelled by eye: what a CSV of labels may say, and how it is read, strictly.

One row a photo, nineteen columns. Left and right are those of the picture. ``marks`` holds ``none`` or several marks
with commas between them; ``view`` a direction and, after ``+``, conditions of the photo; ``headwear`` ``none`` or
``KIND_COLOUR``; ``hair_colour`` a colour or ``dyed_COLOUR``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from photo2moe.character.labels import CONDITIONS, LABELS, SWITCH
from photo2moe.character.schema import LOOKS, MARKS
from photo2moe.errors import InputError
from photo2moe.files import printable, reason
from photo2moe.training.looks_data import MERGED
from photo2moe.training.looks_score import MERGES

FILE = "file"
COLUMNS = (
    *(FILE, "age", "look", "hair_length", "hair_texture", "front", "tied", "hair_colour", "facial_hair"),
    *("glasses", "headwear", "earrings", "clothes", "clothes_colour", "clothes_pattern", "mouth", "eyes"),
    *("marks", "view"),
)
NONE = "none"
DYED = "dyed"
LONGEST = 60  # characters of a cell that an error message shows
_COLOUR = re.compile(r"[a-z]+(?:_[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared of one property.

    Attributes:
        name: of the field; marks have one each.
        values: words of the labels, after :func:`read_labels` has simplified them.
        merged: groups of values that count as one. Mistaking one for another of its group is no error.
        unsaid: values that leave nothing to compare, since a Character says something in any case.
    """

    name: str
    values: tuple[str, ...]
    merged: tuple[tuple[str, ...], ...] = ()
    unsaid: tuple[str, ...] = ()

    def group(self, value: str) -> str:
        """The first value of the group that a value belongs to, or the value itself."""
        return next((group[0] for group in self.merged if value in group), value)


# A bald head has no texture, and clothes that the frame cuts off no kind.
UNSAID: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "look": ("u",),
        "hair_texture": ("na",),
        "front": ("na",),
        "tied": ("na",),
        "hair_colour": ("na",),
        "earrings": ("unseen",),
        "clothes": ("unseen",),
        "clothes_colour": ("na",),
        "clothes_pattern": ("na",),
    }
)
_WORDS = {**LABELS, "look": LOOKS}
COMPARED: Mapping[str, Field] = MappingProxyType(
    {
        name: Field(name, _WORDS.get(name, SWITCH), MERGES.get(name, ()), UNSAID.get(name, ()))
        for name in (*(column for column in COLUMNS if column not in (FILE, "marks")), *MARKS)
    }
)


@dataclass(frozen=True, slots=True)
class Labels:
    """What one row says.

    Attributes:
        file: name of the photo, relative to the folder of photos.
        values: by name of :data:`COMPARED`.
    """

    file: str
    values: dict[str, str]


def read_labels(path: Path) -> list[Labels]:
    """Read labels of photos.

    Args:
        path: CSV in UTF-8 with the columns of :data:`COLUMNS` in any order.

    Returns:
        A row a photo, in the order of the file. Headwear is its kind without the colour; dyed hair ``dyed`` whatever
        its colour; rare colours of clothes are those that they are close to.

    Raises:
        InputError: the file cannot be read, or a cell holds what its column does not allow; names row, the header
            being row 1, and column.
    """
    name = printable(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        why = reason(error) if isinstance(error, OSError | ValueError) else str(error)
        raise InputError(f"{name} cannot be read: {why}") from error
    if not rows:
        raise InputError(f"{name} is empty; its first row names the columns {', '.join(COLUMNS)}")
    _check_header(name, rows[0])
    found: dict[str, Labels] = {}
    for number, cells in enumerate(rows[1:], 2):
        where = f"{name}: row {number}"
        if len(cells) != len(COLUMNS):
            raise InputError(f"{where} has {len(cells)} cells instead of {len(COLUMNS)}{_last(rows[0], cells)}")
        row = _read_row(where, dict(zip(rows[0], cells, strict=True)))
        if row.file in found:
            raise InputError(f"{where}, column {FILE}: {printable(row.file)} has a row already")
        found[row.file] = row
    if not found:
        raise InputError(f"{name} has no rows but the header")
    return list(found.values())


def _check_header(name: str, header: list[str]) -> None:
    for column in COLUMNS:
        if header.count(column) != 1:
            how = "twice" if column in header else "missing"
            raise InputError(f"{name}: row 1, column {column}: {how}; the columns are {', '.join(COLUMNS)}")
    if strange := [column for column in header if column not in COLUMNS]:
        raise InputError(f"{name}: row 1, column {_shown(strange[0])}: unknown; the columns are {', '.join(COLUMNS)}")


def _last(header: list[str], cells: list[str]) -> str:
    """Where a row ends too early."""
    return f"; it ends before column {header[len(cells)]}" if len(cells) < len(header) else ""


def _read_row(where: str, row: dict[str, str]) -> Labels:
    values: dict[str, str] = {}
    for column in COLUMNS:
        try:
            values |= _READERS.get(column, _word)(column, row[column])
        except ValueError as error:
            raise InputError(f"{where}, column {column}: {error}") from None
    return Labels(row[FILE], values)


def _file(_: str, cell: str) -> dict[str, str]:
    parts = cell.replace("\\", "/").split("/")
    if not cell.strip() or "\0" in cell or Path(cell).is_absolute() or ".." in parts:
        raise ValueError(f"{_shown(cell)} is no name of a file below the folder of photos")
    return {}


def _word(column: str, cell: str) -> dict[str, str]:
    return {column: _one_of(cell, COMPARED[column].values)}


def _hair_colour(column: str, cell: str) -> dict[str, str]:
    word, _, colour = cell.partition("_")
    if word == DYED and _COLOUR.fullmatch(colour):
        return {column: DYED}
    natural = tuple(value for value in COMPARED[column].values if value != DYED)
    return {column: _one_of(cell, (*natural, "dyed_COLOUR"), (*natural,))}


def _headwear(column: str, cell: str) -> dict[str, str]:
    if cell == NONE:
        return {column: NONE}
    kind, _, colour = cell.partition("_")
    kinds = tuple(value for value in COMPARED[column].values if value != NONE)
    if kind not in kinds or not _COLOUR.fullmatch(colour):
        raise ValueError(f"{_shown(cell)} is neither none nor KIND_COLOUR with a kind of {', '.join(kinds)}")
    return {column: kind}


def _clothes_colour(column: str, cell: str) -> dict[str, str]:
    word = _one_of(cell, (*COMPARED[column].values, *MERGED))
    return {column: MERGED.get(word, word)}


def _marks(_: str, cell: str) -> dict[str, str]:
    found = [] if cell == NONE else cell.split(",")
    for mark in found:
        _one_of(mark, MARKS, (*MARKS,), f"none, or of {', '.join(MARKS)} with commas between them")
    if len(set(found)) < len(found):
        raise ValueError(f"{_shown(cell)} names a mark twice")
    return {mark: SWITCH[mark in found] for mark in MARKS}


def _view(column: str, cell: str) -> dict[str, str]:
    direction, *conditions = cell.split("+")
    for condition in conditions:
        _one_of(condition, CONDITIONS)
    if len(set(conditions)) < len(conditions):
        raise ValueError(f"{_shown(cell)} names a condition twice")
    return {column: _one_of(direction, COMPARED[column].values)}


_READERS: Mapping[str, Callable[[str, str], dict[str, str]]] = MappingProxyType(
    {
        FILE: _file,
        "hair_colour": _hair_colour,
        "headwear": _headwear,
        "clothes_colour": _clothes_colour,
        "marks": _marks,
        "view": _view,
    }
)


def _one_of(word: str, known: tuple[str, ...], allowed: tuple[str, ...] | None = None, said: str = "") -> str:
    """The word, if it is allowed; ``known`` or ``said`` are for the message."""
    if word not in (known if allowed is None else allowed):
        raise ValueError(f"{_shown(word)} is not {said or 'one of ' + ', '.join(known)}")
    return word


def _shown(cell: str) -> str:
    return repr(printable(cell[:LONGEST]))
