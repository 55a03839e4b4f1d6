"""Whom the avatars serve less: groups of people, from a CSV and from the photos themselves."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import InputError
from photo2moe.imageio import printable

FILE = "file"
ABOUT_THE_FILE = frozenset({FILE, "licence", "license", "source"})  # columns that describe no person
MOST = 12  # different values; a column with more is no grouping
FEWEST = 5  # people; smaller groups are left out
# Individual typology angle, degrees: upper ends of the classes.
SKINS = ((-30.0, "dark"), (10.0, "brown"), (28.0, "tan"), (41.0, "intermediate"), (55.0, "light"), (90.0, "very light"))

Groups = dict[str, NDArray[np.bool_]]


def read_groups(path: Path, names: list[str]) -> Groups:
    """Read who belongs where.

    Args:
        path: CSV with a column ``file`` and one a grouping, such as ``age``, ``skin``,
            ``glasses`` or ``headwear``. Columns that describe the file (``licence``,
            ``source``) and those with over twelve different values are ignored, and so
            are empty cells and people without a line.
        names: photos, as paths relative to their folder.

    Returns:
        ``column=value`` → ``(n,)`` members; groups of at least five.

    Raises:
        InputError: the file cannot be read, or has no column ``file``.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{printable(path)} cannot be read: {error}") from error
    if not rows or FILE not in rows[0]:
        raise InputError(f"{printable(path)} has no column {FILE!r} that names the photos")
    by_file = {row[FILE]: row for row in rows}
    lines = [by_file.get(name, by_file.get(Path(name).name, {})) for name in names]
    groups: Groups = {}
    for column in rows[0]:
        values = {line.get(column) or "" for line in lines} - {""}
        if column is None or column in ABOUT_THE_FILE or len(values) > MOST:
            continue
        for value in sorted(values):
            groups[f"{column}={value}"] = np.array([line.get(column) == value for line in lines])
    return _large_enough(groups)


def skin_groups(skin: NDArray[np.float64]) -> Groups:
    """Sort people by the lightness of their skin, as the photo shows it.

    Source: the individual typology angle arctan((L − 50) / b) and its six classes, Chardon,
    Cretois, Hourseau, Int. J. Cosmet. Sci. 1991; Del Bino and Bernerd, Br. J. Dermatol. 2013.

    Limits: made for a probe on the skin. In a photo the light counts as much as the skin:
    a face in shadow is sorted among darker ones. Use a CSV where one is to be had.

    Args:
        skin: ``(n, 3)`` CIE Lab of the cheeks in the photos.

    Returns:
        ``photo skin=class`` → ``(n,)`` members; groups of at least five.
    """
    angle = np.degrees(np.arctan2(skin[:, 0] - 50, np.maximum(skin[:, 2], 1e-6)))
    places = np.searchsorted([top for top, _ in SKINS[:-1]], angle, side="left")
    return _large_enough({f"photo skin={name}": places == i for i, (_, name) in enumerate(SKINS)})


def _large_enough(groups: Groups) -> Groups:
    return {name: members for name, members in groups.items() if members.sum() >= FEWEST}
