"""A folder behind an address, such as ``s3://bucket/photos``.

Addresses are opened by fsspec, which knows S3, Google's storage, WebDAV, SSH and more.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, ClassVar, Protocol

from photo2moe.errors import ConfigError, ImageReadError, ImageWriteError, InputError, MissingExtraError
from photo2moe.files import StrPath
from photo2moe.formats import READ_SUFFIXES
from photo2moe.imageio import MAX_PIXELS, printable, read_image
from photo2moe.pixels import Note, ignore
from photo2moe.types import Image

# What a file looks like from outside: its size, and its time or what the store calls its version.
Stamp = list[int | str]

SEGMENT_LINES, SEGMENT_SECONDS = 1000, 10.0  # a store cannot append: what a crash may cost


class Decode(Protocol):
    """What reads a photo, such as :func:`read_image` and a ``Decoder``."""

    def __call__(
        self,
        source: StrPath | BinaryIO,
        *,
        name: str | None = None,
        max_pixels: int = MAX_PIXELS,
        note: Note = ignore,
    ) -> Image:
        """Read a photo, upright and in sRGB."""


def is_address(text: str) -> bool:
    """Whether a text is an address rather than a path; a drive letter of Windows is none."""
    return re.match(r"[a-z][a-z0-9+.-]+(::|://)", text) is not None


@dataclass(frozen=True, slots=True)
class Remote:
    """A folder behind an address.

    Raises:
        MissingExtraError, ConfigError, InputError: see :func:`~photo2moe.bulk.places.open_place`.
    """

    url: str
    appends: ClassVar[bool] = False
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

    def photos(
        self, on_error: Callable[[ImageReadError], None], on_other: Callable[[str], None]
    ) -> Iterator[tuple[str, Stamp]]:
        """See :class:`~photo2moe.bulk.places.Place`. A folder's names are held together, which is how fsspec lists."""

        def failed(error: Exception) -> None:
            on_error(ImageReadError(f"{self}: cannot be listed: {_reason(error)}"))

        try:
            for here, _, files in self.files.walk(self.root, detail=True, on_error=failed):
                for name, about in sorted(files.items()):
                    own = f"{here}/{name}".removeprefix(f"{self.root}/")
                    if name.startswith("."):
                        continue
                    if os.path.splitext(name)[1].lower() in READ_SUFFIXES:  # looking into each would ask the store
                        yield own, _stamp(about)
                    else:
                        on_other(own)
        except Exception as error:  # stores raise what their libraries raise
            failed(error)

    def stamp(self, name: str) -> Stamp:
        """See :class:`~photo2moe.bulk.places.Place`."""
        try:
            return _stamp(self.files.info(f"{self.root}/{name}"))
        except Exception:  # whatever it is, reading will say it
            return []

    def holds(self, name: str) -> bool:
        """See :class:`~photo2moe.bulk.places.Place`."""
        return bool(self.stamp(name))

    def digest(self, name: str) -> str:
        """See :class:`~photo2moe.bulk.places.Place`."""
        try:
            return hashlib.sha256(self.files.cat_file(f"{self.root}/{name}")).hexdigest()
        except Exception:  # not there, or not to be had: then it is made anew
            return ""

    def read(self, name: str, max_pixels: int, decode: Decode = read_image) -> Image:
        """See :class:`~photo2moe.bulk.places.Place`."""
        try:
            with self.files.open(f"{self.root}/{name}", "rb") as stream:
                return decode(stream, name=name, max_pixels=max_pixels)
        except ImageReadError:
            raise
        except FileNotFoundError:
            raise ImageReadError(f"{printable(name)}: no such file in {self}") from None
        except Exception as error:
            raise ImageReadError(f"{printable(name)}: cannot be read: {_reason(error)}") from error

    def write(self, name: str, data: bytes) -> None:
        """See :class:`~photo2moe.bulk.places.Place`. Stores put an object whole, or not at all."""
        path = f"{self.root}/{name}"
        try:
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(path, data)
        except Exception as error:
            raise ImageWriteError(f"{self}/{printable(name)}: cannot be written: {_reason(error)}") from error

    def inside(self, text: str) -> str:
        """See :class:`~photo2moe.bulk.places.Place`."""
        name = text.removeprefix(f"{self.url}/")
        if is_address(name) or name.startswith("/") or ".." in name.split("/"):
            raise InputError(f"{printable(text)} does not lie in {self}")
        return name

    def check(self, name: str) -> None:
        """See :class:`~photo2moe.bulk.places.Place`. What a name may be is the store's own affair."""

    def sweep(self) -> None:
        """See :class:`~photo2moe.bulk.places.Place`. Nothing is left behind where objects are put whole."""

    def append(self, stem: str) -> Segments:
        """See :class:`~photo2moe.bulk.places.Place`."""
        return Segments(self, stem)

    def lines(self, stem: str) -> Iterator[str]:
        """See :class:`~photo2moe.bulk.places.Place`. The names of segments begin with their time."""
        try:
            paths = sorted(self.files.glob(f"{self.root}/{stem}*.jsonl"))
            for path in paths:
                yield from self.files.cat_file(path).decode(errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return
        except Exception as error:
            raise InputError(f"{self} cannot be used as output folder: {_reason(error)}") from error


class Segments:
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
