"""Photos in folders: what is one by its suffix or its first bytes, and what is passed over."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from photo2moe.errors import ImageReadError
from photo2moe.files import BINARY, NO_WAITING, StrPath, printable, reason
from photo2moe.formats import HEAD, READ_SUFFIXES, is_photo


def ignore(_: Path) -> None:
    """Take no notice."""


def list_images(
    folder: StrPath,
    *,
    on_error: Callable[[ImageReadError], None] | None = None,
    on_other: Callable[[Path], None] = ignore,
    at_once: int | None = None,
) -> Iterator[Path]:
    """Find photos in a folder and below it, one folder at a time.

    A photo is what is called one, or else begins as one. Names are in order, a folder's
    own files before those of its subfolders. Hidden names are skipped.

    Args:
        folder: where to begin.
        on_error: told of each subfolder that cannot be listed, which is then skipped.
        on_other: told of all that is passed over: what is no photo, and links to folders, which can
            lead round in circles.
        at_once: so many names of a folder are read and put in order at a time, so that the
            first of a million comes at once; by default all of them.

    Yields:
        Paths that begin with ``folder``.

    Raises:
        ImageReadError: the folder, or without ``on_error`` a subfolder, cannot be listed.
    """
    root = Path(folder)
    pending = [root]
    while pending:
        here = pending.pop()
        subfolders: list[Path] = []
        try:
            for entries in _scan(here, at_once):
                yield from _photos(here, entries, subfolders, on_other)
        except (OSError, ValueError) as error:
            if here != root and isinstance(error, FileNotFoundError | NotADirectoryError):
                continue  # gone since its name was read
            failure = ImageReadError(f"{printable(here)}: cannot be listed: {reason(error)}")
            if here == root or on_error is None:
                raise failure from error
            on_error(failure)
        pending.extend(sorted(subfolders, reverse=True))


def _scan(folder: Path, at_once: int | None) -> Iterator[list[os.DirEntry[str]]]:
    """What a folder holds, in pieces, each in order."""
    with os.scandir(folder) as entries:
        while piece := sorted(itertools.islice(entries, at_once), key=lambda each: each.name):
            yield piece


def is_image(path: StrPath) -> bool:
    """Whether a regular file is a photo by its suffix, or else by its first bytes."""
    if os.path.splitext(path)[1].lower() in READ_SUFFIXES:
        return os.path.isfile(path)
    with suppress(OSError, ValueError):
        if os.path.isfile(path):
            with open(os.open(path, os.O_RDONLY | BINARY | NO_WAITING), "rb") as stream:
                return is_photo(stream.read(HEAD))
    return False


def _photos(
    folder: Path, entries: list[os.DirEntry[str]], subfolders: list[Path], on_other: Callable[[Path], None]
) -> Iterator[Path]:
    """Photos among the entries; subfolders are added to the list."""
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(path)
                continue
        if is_image(path):
            yield path
        else:
            on_other(path)
