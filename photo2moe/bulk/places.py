"""Where photos come from and where avatars go: a folder, or the address of one, such as ``s3://bucket/photos``.

Inside a place, a file has a *name*: its path from there, with slashes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from photo2moe.bulk.store import Remote, Stamp, is_address
from photo2moe.errors import ImageReadError, ImageWriteError, InputError
from photo2moe.imageio import list_images, printable, read_image, write_bytes
from photo2moe.types import Image

AT_ONCE = 4096  # names of one folder that are put in order together: the first comes soon, few are held


class Lines(Protocol):
    """Something to which lines are appended."""

    def write(self, text: str, /) -> object:
        """Append text that ends with a newline."""

    def flush(self) -> None:
        """Bring it to where a crash cannot harm it, as far as the place allows."""

    def close(self) -> None:
        """Bring all of it there."""


class Place(Protocol):
    """A folder, wherever it is. Goes to other processes and machines by pickle."""

    def photos(self, on_error: Callable[[ImageReadError], None]) -> Iterator[tuple[str, Stamp]]:
        """All photos by suffix, one at a time; folders that cannot be listed are told and left out."""

    def stamp(self, name: str) -> Stamp:
        """What the file looks like from outside; empty if it is not there."""

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str, max_pixels: int) -> Image:
        """Read a photo; errors are those of :func:`read_image`."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, with the folders it needs; :class:`ImageWriteError` if that fails."""

    def inside(self, text: str) -> str:
        """The name that a path or an address has here."""

    def append(self, stem: str) -> Lines:
        """Open the text file ``stem.jsonl`` for more lines."""

    def lines(self, stem: str) -> Iterator[str]:
        """The lines of all files ``stem*.jsonl``, the oldest file first."""


def open_place(text: str) -> Place:
    """A folder's path or address → the place.

    Raises:
        MissingExtraError: what opens such an address is not installed.
        ConfigError: there is nothing that could open it.
        InputError: it is not there.
    """
    if text.startswith("file://"):
        return Local(Path(text.removeprefix("file://")))
    return Remote(text.rstrip("/")) if is_address(text) else Local(Path(text))


@dataclass(frozen=True, slots=True)
class Local:
    """A folder on this machine, or on a disk that several machines share."""

    folder: Path

    def __str__(self) -> str:
        return printable(self.folder)

    def photos(self, on_error: Callable[[ImageReadError], None]) -> Iterator[tuple[str, Stamp]]:
        """See :class:`Place`."""
        for path in list_images(self.folder, on_error=on_error, at_once=AT_ONCE):
            name = path.relative_to(self.folder).as_posix()
            if stamp := self.stamp(name):  # else gone since it was listed
                yield name, stamp

    def stamp(self, name: str) -> Stamp:
        """See :class:`Place`."""
        try:
            status = os.stat(self.folder / name)
        except (OSError, ValueError):  # ValueError: a null character
            return []
        return [status.st_size, status.st_mtime_ns]

    def holds(self, name: str) -> bool:
        """See :class:`Place`."""
        return os.path.isfile(self.folder / name)

    def read(self, name: str, max_pixels: int) -> Image:
        """See :class:`Place`."""
        return read_image(self.folder / name, max_pixels=max_pixels)

    def write(self, name: str, data: bytes) -> None:
        """See :class:`Place`."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageWriteError(f"{printable(path.parent)}: cannot be made: {error.strerror}") from error
        write_bytes(path, data)

    def inside(self, text: str) -> str:
        """See :class:`Place`. A file from elsewhere is called by its whole path."""
        if is_address(text):
            raise InputError(f"{printable(text)} is no path below {self}; give the address of its folder as FOLDER")
        own = Path(os.path.abspath(self.folder))
        path = Path(os.path.abspath(own / text))
        return path.relative_to(own).as_posix() if path.is_relative_to(own) else path.as_posix()

    def append(self, stem: str) -> TextIO:
        """See :class:`Place`."""
        path = self.folder / f"{stem}.jsonl"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8", errors="surrogateescape")
            if path.stat().st_size and not _ends_with_newline(path):
                file.write("\n")  # a line that was cut off by a crash
        except OSError as error:
            raise InputError(f"{self} cannot be used as output folder: {error.strerror}") from error
        return file

    def lines(self, stem: str) -> Iterator[str]:
        """See :class:`Place`."""
        for path in sorted(self.folder.glob(f"{stem}*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path)):
            with path.open(encoding="utf-8", errors="surrogateescape") as file:
                yield from file


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
