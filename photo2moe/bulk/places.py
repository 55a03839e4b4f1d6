"""Where photos come from and where avatars go: a folder, or the address of one, such as ``s3://bucket/photos``.

Inside a place, a file has a *name*: its path from there, with slashes.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from photo2moe.bulk.store import Decode, Remote, Stamp, is_address
from photo2moe.errors import ImageReadError, ImageWriteError, InputError
from photo2moe.files import check_name, reason, sweep
from photo2moe.imageio import list_images, printable, read_image, write_bytes
from photo2moe.types import Image

if sys.platform != "win32":
    import fcntl

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
    """A folder, wherever it is. Goes to other processes and machines by pickle.

    Attributes:
        appends: whether lines are in their file as soon as they are written, for several
            processes at once.
    """

    appends: ClassVar[bool]

    def photos(
        self, on_error: Callable[[ImageReadError], None], on_other: Callable[[str], None]
    ) -> Iterator[tuple[str, Stamp]]:
        """All photos, one at a time; told are folders that cannot be listed, and what is no photo."""

    def stamp(self, name: str) -> Stamp:
        """What the file looks like from outside; empty if it is not there."""

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""

    def digest(self, name: str) -> str:
        """The SHA-256 of a file; empty if it cannot be read."""

    def read(self, name: str, max_pixels: int, decode: Decode = read_image) -> Image:
        """Read a photo; errors are those of :func:`read_image`."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, with the folders it needs; :class:`ImageWriteError` if that fails."""

    def check(self, name: str) -> None:
        """Refuse a name that no file can have here; :class:`ImageWriteError` says why."""

    def inside(self, text: str) -> str:
        """The name that a path or an address has here."""

    def sweep(self) -> None:
        """Remove what killed processes left behind while they wrote here."""

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
    appends: ClassVar[bool] = True

    def __str__(self) -> str:
        return printable(self.folder)

    def photos(
        self, on_error: Callable[[ImageReadError], None], on_other: Callable[[str], None]
    ) -> Iterator[tuple[str, Stamp]]:
        """See :class:`Place`."""

        def named(path: Path) -> str:
            return path.relative_to(self.folder).as_posix()

        found = list_images(
            self.folder, on_error=on_error, on_other=lambda path: on_other(named(path)), at_once=AT_ONCE
        )
        for path in found:
            name = named(path)
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

    def digest(self, name: str) -> str:
        """See :class:`Place`."""
        try:
            return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
        except (OSError, ValueError):
            return ""

    def read(self, name: str, max_pixels: int, decode: Decode = read_image) -> Image:
        """See :class:`Place`."""
        return decode(self.folder / name, max_pixels=max_pixels)

    def write(self, name: str, data: bytes) -> None:
        """See :class:`Place`."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageWriteError(f"{printable(path.parent)}: cannot be made: {reason(error)}") from error
        write_bytes(path, data)

    def inside(self, text: str) -> str:
        """See :class:`Place`. A file from elsewhere is called by its whole path."""
        if is_address(text):
            raise InputError(f"{printable(text)} is no path below {self}; give the address of its folder as FOLDER")
        own = Path(os.path.abspath(self.folder))
        path = Path(os.path.abspath(own / text))
        return path.relative_to(own).as_posix() if path.is_relative_to(own) else path.as_posix()

    def check(self, name: str) -> None:
        """See :class:`Place`."""
        check_name(self.folder / name)

    def sweep(self) -> None:
        """See :class:`Place`."""
        sweep(self.folder)

    def append(self, stem: str) -> File:
        """See :class:`Place`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return File(self._report(f"{stem}.jsonl"))
        except OSError as error:
            raise self._unusable(error) from error

    def lines(self, stem: str) -> Iterator[str]:
        """See :class:`Place`."""
        try:
            paths = sorted(self.folder.glob(f"{stem}*.jsonl"), key=lambda path: (path.lstat().st_mtime_ns, path))
            for path in paths:
                with self._report(path.name).open(encoding="utf-8", errors="surrogateescape") as file:
                    yield from file
        except OSError as error:
            raise self._unusable(error) from error

    def _report(self, name: str) -> Path:
        path = self.folder / name
        if os.path.lexists(path) and not path.is_file():  # opening a pipe would wait
            raise ImageWriteError(f"{printable(path)}: not a regular file; move it away")
        return path

    def _unusable(self, error: OSError) -> ImageWriteError:
        return ImageWriteError(f"{self} cannot be used as output folder: {reason(error)}")


class File:
    """Lines for a file on a disk, to which several processes may append: each is locked, and one write.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)

    def write(self, text: str) -> None:
        """Append text that ends with a newline; what a crash cut off before it becomes a line of its own.

        Raises:
            ImageWriteError: the disk is full, say.
        """
        data = text.encode("utf-8", "surrogateescape")
        try:
            _lock(self._file)
            try:
                if _is_torn(self._file):
                    data = b"\n" + data
                written = os.write(self._file, data)
            finally:
                _unlock(self._file)
        except OSError as error:
            raise ImageWriteError(
                f"{printable(self._path)}: cannot be written: {reason(error)}; mend that and run again to go on"
            ) from error
        if written != len(data):
            raise ImageWriteError(f"{printable(self._path)}: the disk is full; make room and run again to go on")

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Bring all of it onto the disk."""
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def _lock(file: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)


def _unlock(file: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def _is_torn(file: int) -> bool:
    """Whether the last line has no end."""
    if not os.fstat(file).st_size:
        return False
    os.lseek(file, -1, os.SEEK_END)
    return os.read(file, 1) != b"\n"
