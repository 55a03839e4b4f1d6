"""Names and bytes: what reading and writing a file asks of the system. Nothing here knows what an image is."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from photo2moe.errors import ImageReadError, ImageWriteError

if sys.platform != "win32":
    import fcntl

StrPath = str | os.PathLike[str]

_ADVICE = {
    errno.EROFS: "; choose a folder that can be written",
    errno.ENOSPC: "; make room",
    errno.EDQUOT: "; make room",
    errno.ENAMETOOLONG: "; choose a shorter one",
    errno.ENOMEM: "; free some memory",
}  # what to do about what the system says
_TEMPORARY_PREFIX = ".p2m-"  # hidden from listings, and short: a name may have 255 bytes already
_TEMPORARY = re.compile(re.escape(_TEMPORARY_PREFIX) + "[0-9a-f]{16}")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories
BINARY = getattr(os, "OBINARY", 0)  # Windows would translate line ends
NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # opening a pipe waits for its writer


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
    with _told(path) as label:
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


def check_output(path: StrPath) -> None:
    """Find out before any work whether :func:`write_bytes` has a place to write to; nothing is left there.

    Raises:
        ImageWriteError: it has not.
    """
    with _told(path) as label:
        target = os.path.realpath(path)
        _mode_to_keep(target, label)
        descriptor, temporary = _new_file(os.path.dirname(target), 0o600)
        os.close(descriptor)
        os.unlink(temporary)


def check_name(path: StrPath) -> None:
    """Refuse a path that no file can have, such as one with a name that is too long; folders may be missing.

    Raises:
        ImageWriteError: none can.
    """
    with _told(path), suppress(FileNotFoundError, NotADirectoryError):
        os.lstat(path)


@contextmanager
def _told(path: StrPath) -> Iterator[str]:
    """What to call a path that is written; what the system says of it becomes a sentence."""
    label = printable(path)
    try:
        yield label
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


def _read_regular(path: StrPath, limit: int, label: str) -> bytes:
    _require_regular(os.stat(path), label)
    with open(os.open(path, os.O_RDONLY | BINARY | NO_WAITING), "rb") as stream:
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
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, mode)
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


def reason(error: Exception) -> str:
    """What went wrong, in the words of the system, without number and path; others' words as they are."""
    words = getattr(error, "strerror", None)
    if not words:
        return printable(str(error))
    advice = _ADVICE.get(getattr(error, "errno", None) or 0, "")
    return printable(words[:1].lower() + words[1:] if words[1:2].islower() else words) + advice
