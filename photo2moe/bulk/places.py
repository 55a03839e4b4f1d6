"""Where photos come from and where avatars go: a folder, or the address of one, such as ``s3://bucket/photos``.

Addresses are opened by fsspec, which knows S3, Google's storage, WebDAV, SSH and more.
Inside a place, a file has a *name*: its path from there, with slashes.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

from photo2moe.errors import ConfigError, ImageReadError, ImageWriteError, InputError, MissingExtraError
from photo2moe.files import READ_SUFFIXES
from photo2moe.imageio import list_images, printable, read_image, write_bytes
from photo2moe.types import Image

# What a file looks like from outside: its size, and its time or what the store calls its version.
Stamp = list[int | str]

AT_ONCE = 4096  # names of one folder that are put in order together: the first comes soon, few are held
SEGMENT_LINES, SEGMENT_SECONDS = 1000, 10.0  # a store cannot append: what a crash may cost


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


def is_address(text: str) -> bool:
    """Whether a text is an address rather than a path; a drive letter of Windows is none."""
    return re.match(r"[a-z][a-z0-9+.-]+(::|://)", text) is not None


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


@dataclass(frozen=True, slots=True)
class Remote:
    """A folder behind an address.

    Raises:
        MissingExtraError, ConfigError, InputError: see :func:`open_place`.
    """

    url: str
    files: Any = field(init=False, repr=False, compare=False)
    root: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtraError(f"{self} needs fsspec; install photo2moe[ray], or fsspec alone") from error
        try:
            files, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            raise MissingExtraError(f"{self}: {error}") from error
        except ValueError as error:
            raise ConfigError(f"{self}: {error}") from error
        except Exception as error:  # whatever it needs to look at before anything is asked of it
            raise InputError(f"{self} cannot be opened: {_reason(error)}") from error
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "root", root.rstrip("/"))

    def __reduce__(self) -> tuple[type[Remote], tuple[str]]:
        return Remote, (self.url,)  # connections do not travel

    def __str__(self) -> str:
        return printable(self.url)

    def photos(self, on_error: Callable[[ImageReadError], None]) -> Iterator[tuple[str, Stamp]]:
        """See :class:`Place`. A folder's names are held together, which is how fsspec lists."""

        def failed(error: Exception) -> None:
            on_error(ImageReadError(f"{self}: cannot be listed: {_reason(error)}"))

        try:
            for here, _, files in self.files.walk(self.root, detail=True, on_error=failed):
                for name, about in sorted(files.items()):
                    if not name.startswith(".") and os.path.splitext(name)[1].lower() in READ_SUFFIXES:
                        yield f"{here}/{name}".removeprefix(f"{self.root}/"), _stamp(about)
        except Exception as error:  # stores raise what their libraries raise
            failed(error)

    def stamp(self, name: str) -> Stamp:
        """See :class:`Place`."""
        try:
            return _stamp(self.files.info(f"{self.root}/{name}"))
        except Exception:  # whatever it is, reading will say it
            return []

    def holds(self, name: str) -> bool:
        """See :class:`Place`."""
        return bool(self.stamp(name))

    def read(self, name: str, max_pixels: int) -> Image:
        """See :class:`Place`."""
        try:
            with self.files.open(f"{self.root}/{name}", "rb") as stream:
                return read_image(stream, name=name, max_pixels=max_pixels)
        except ImageReadError:
            raise
        except FileNotFoundError:
            raise ImageReadError(f"{printable(name)}: no such file in {self}") from None
        except Exception as error:
            raise ImageReadError(f"{printable(name)}: cannot be read: {_reason(error)}") from error

    def write(self, name: str, data: bytes) -> None:
        """See :class:`Place`. Stores put an object whole, or not at all."""
        path = f"{self.root}/{name}"
        try:
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(path, data)
        except Exception as error:
            raise ImageWriteError(f"{self}/{printable(name)}: cannot be written: {_reason(error)}") from error

    def inside(self, text: str) -> str:
        """See :class:`Place`."""
        name = text.removeprefix(f"{self.url}/")
        if is_address(name) or name.startswith("/") or ".." in name.split("/"):
            raise InputError(f"{printable(text)} does not lie in {self}")
        return name

    def append(self, stem: str) -> Lines:
        """See :class:`Place`."""
        return _Segments(self, stem)

    def lines(self, stem: str) -> Iterator[str]:
        """See :class:`Place`. The names of segments begin with their time."""
        try:
            paths = sorted(self.files.glob(f"{self.root}/{stem}*.jsonl"))
            for path in paths:
                yield from self.files.cat_file(path).decode(errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return
        except Exception as error:
            raise InputError(f"{self} cannot be used as output folder: {_reason(error)}") from error


class _Segments:
    """Lines for a store that cannot append: every piece becomes an object that is never touched again."""

    def __init__(self, place: Remote, stem: str) -> None:
        self._place, self._stem = place, stem
        self._lines: list[str] = []
        self._since = time.monotonic()

    def write(self, text: str) -> None:
        """Hold a line."""
        self._lines.append(text)

    def flush(self) -> None:
        """Put what is held, once it is much or old."""
        if len(self._lines) >= SEGMENT_LINES or time.monotonic() - self._since >= SEGMENT_SECONDS:
            self.close()

    def close(self) -> None:
        """Put what is held."""
        if self._lines:
            data = "".join(self._lines).encode(errors="surrogateescape")
            self._place.write(f"{self._stem}-{time.time_ns():020d}-{os.getpid()}.jsonl", data)
        self._lines, self._since = [], time.monotonic()


def _stamp(about: dict[str, Any]) -> Stamp:
    """Size and version from what a store says of an object; each calls the latter otherwise."""
    keys = ("ETag", "etag", "md5Hash", "LastModified", "mtime", "created")
    version = next((about[key] for key in keys if about.get(key)), "")
    if isinstance(version, datetime):  # some stores tell the same time in two ways
        version = version.timestamp()
    return [int(about.get("size") or 0), f"{version:.3f}" if isinstance(version, float) else str(version)]


def _reason(error: Exception) -> str:
    """The first line of what a library says."""
    return printable((str(error) or type(error).__name__).splitlines()[0])


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
