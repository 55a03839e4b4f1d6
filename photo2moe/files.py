"""Names, bytes and folders: what reading and writing a photo asks of the system.

Nothing here knows what an image is, except by its suffix.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from photo2moe.errors import ImageReadError, ImageWriteError

if sys.platform != "win32":
    import fcntl

StrPath = str | os.PathLike[str]

READ_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif", ".bmp", ".tif", ".tiff", ".gif")
_TEMPORARY_PREFIX = ".p2m-"  # hidden from listings, and short: a name may have 255 bytes already
_TEMPORARY = re.compile(re.escape(_TEMPORARY_PREFIX) + "[0-9a-f]{16}")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # opening a pipe waits for its writer


def printable(text: StrPath) -> str:
    r"""Make a file name fit for one line of a message.

    Control characters, marks that turn the direction of writing and bytes that are
    no text are escaped; letters of any script stay.

    >>> print(printable("a\nb.jpg"))
    a\nb.jpg
    """
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNPRINTABLE else char
        for char in os.fsdecode(text)
    )


def read_source(source: StrPath | BinaryIO, limit: int, label: str) -> bytes:
    """Read a file or a stream to its end, unless that is too far.

    A path must lead to a regular file: a pipe could block, a device could act.

    Args:
        source: path or binary stream.
        limit: largest size, bytes.
        label: what to call it in messages.

    Raises:
        ImageReadError: missing, not a regular file, empty, too large, or not permitted.
    """
    try:
        data = _read_regular(source, limit, label) if isinstance(source, str | os.PathLike) else _read(source, limit)
    except FileNotFoundError:
        raise ImageReadError(f"{label}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ImageReadError(f"{label}: cannot be read: {reason(error)}") from error
    if not data:
        raise ImageReadError(f"{label}: the file is empty")
    if len(data) > limit:
        raise ImageReadError(f"{label}: over the limit of {limit:,} bytes; make it smaller")
    return data


def write_bytes(path: StrPath, data: bytes) -> None:
    """Put bytes under a name in one step; of two writers the last wins, whole.

    A link is followed. Permissions are those of the file replaced, or of the umask.

    Raises:
        ImageWriteError: no such folder, no place for a file, not permitted, or the
            disk is full; what was there before is untouched.
    """
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        stream.write(data)


@contextmanager
def replacing(path: StrPath) -> Iterator[str]:
    """Lend the name of an empty file beside a path, and put it in the path's place when all is done.

    An exception inside, Ctrl-C too, leaves what was there before, and nothing else.
    The rest is as for :func:`write_bytes`.

    Raises:
        ImageWriteError: see :func:`write_bytes`.
    """
    label = printable(path)
    try:
        target = os.path.realpath(path)
        mode = _mode_to_keep(target, label)
        folder = os.path.dirname(target)
        # Never more open than the result will be, not even while it is written.
        descriptor, temporary = _new_file(folder, 0o666 if mode is None else mode)
        try:
            yield temporary
            os.fsync(descriptor)
            if mode is not None:  # the umask may have taken some away
                os.chmod(temporary, mode)
            if sys.platform == "win32":  # which moves no open file
                os.close(descriptor)
                descriptor = -1
            os.replace(temporary, target)
        except BaseException:  # Ctrl-C too
            with suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            with suppress(OSError):
                os.close(descriptor)
        _sync_names(folder)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ImageWriteError(f"{label}: cannot be written: {reason(error)}") from error


def keep_apart(output: StrPath, *sources: StrPath) -> None:
    """Refuse to write over a file that is read, under whatever name.

    Raises:
        ImageWriteError: the output is one of the sources.
    """
    for source in sources:
        with suppress(OSError, ValueError):  # where one of them is not there, they are not the same
            if os.path.samefile(output, source):
                raise ImageWriteError(f"{printable(output)} would replace {printable(source)}; name another file")


def sweep(folder: StrPath) -> None:
    """Remove what killed processes left behind in a folder and below it while they wrote there.

    What is still being written is locked, and stays. Windows has no such locks: there
    everything stays.
    """
    pending = [os.fspath(folder)]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:  # one at a time: there may be millions
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif _TEMPORARY.fullmatch(entry.name):
                    with suppress(OSError):
                        _remove_unlocked(entry.path)


def list_images(
    folder: StrPath, *, on_error: Callable[[ImageReadError], None] | None = None, at_once: int | None = None
) -> Iterator[Path]:
    """Find photos in a folder and below it, by suffix, one folder at a time.

    Names are in order, a folder's own files before those of its subfolders. Hidden
    names are skipped, and so are links to folders, which can lead round in circles.

    Args:
        folder: where to begin.
        on_error: told of each subfolder that cannot be listed, which is then skipped.
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
                yield from _photos(here, entries, subfolders)
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


def _photos(folder: Path, entries: list[os.DirEntry[str]], subfolders: list[Path]) -> Iterator[Path]:
    """Photos among the entries; subfolders are added to the list."""
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(folder / entry.name)
                continue
            if os.path.splitext(entry.name)[1].lower() not in READ_SUFFIXES or not entry.is_file():
                continue
        except OSError:  # a link in a circle, or gone since
            continue
        yield folder / entry.name


def _read_regular(path: StrPath, limit: int, label: str) -> bytes:
    _require_regular(os.stat(path), label)
    with open(os.open(path, os.O_RDONLY | _BINARY | _NO_WAITING), "rb") as stream:
        _require_regular(os.fstat(stream.fileno()), label)  # it may have been swapped since
        return _read(stream, limit)


def _read(stream: BinaryIO, limit: int) -> bytes:
    """All bytes, or one more than the limit."""
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := stream.read(left)):  # a pipe may give less than asked for
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _require_regular(status: os.stat_result, label: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ImageReadError(f"{label} is a folder; use 'photo2moe batch {label} -o FOLDER'")
    if not stat.S_ISREG(status.st_mode):
        raise ImageReadError(f"{label}: not a regular file")


def _new_file(folder: str, mode: int) -> tuple[int, str]:
    """An empty file with a name of its own, open and locked, so that :func:`sweep` leaves it alone."""
    while True:
        temporary = os.path.join(folder, _TEMPORARY_PREFIX + secrets.token_hex(8))
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        if sys.platform != "win32":
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.exists(temporary):
            return descriptor, temporary
        os.close(descriptor)  # a sweep was quicker than the lock


def _remove_unlocked(path: str) -> None:
    if sys.platform != "win32":
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
        finally:
            os.close(descriptor)


def _sync_names(folder: str) -> None:
    """Bring a new name onto the disk too: without it, a power cut could take the file back."""
    with suppress(OSError):  # not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _mode_to_keep(target: str, label: str) -> int | None:
    """Permissions of the file that is about to be replaced; None if there is none."""
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise ImageWriteError(f"{label}: there is no folder {printable(folder)}; create it first")
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise ImageWriteError(f"{label} is a folder; name a file in it")
    if not stat.S_ISREG(mode):  # replacing /dev/null with a picture would hurt
        raise ImageWriteError(f"{label}: exists and is not a regular file")
    if not os.access(target, os.W_OK):
        raise ImageWriteError(f"{label}: write-protected; choose another name")
    return stat.S_IMODE(mode) & 0o777


def reason(error: OSError | ValueError) -> str:
    """What went wrong, in the words of the system, without number and path."""
    return printable((getattr(error, "strerror", None) or str(error)).lower())
