"""What a machine lacks, in one line with its remedy: libraries, memory, room on a disk."""

from __future__ import annotations

import errno
import os
import re
import sys

from photo2moe.errors import LibraryError, MissingExtraError, Photo2MoeError
from photo2moe.files import printable, reason

# Debian's packages of what OpenCV, MediaPipe and Skia are linked to.
LIBRARIES = "apt-get install libegl1 libexpat1 libgl1 libglib2.0-0"

# Address space (ulimit -v) that a process maps for one photo, for a worker or the page, and for clips, which take
# PyTorch: KiB, measured with two processors. With less, libraries end the process in the middle without a word.
PHOTO, WORKER, CLIP = 1_400_000, 1_750_000, 5_000_000

_LIBRARY = re.compile(r"\S*\.so\b[\w.]*")  # as the loader of a system names it, first of all
# What loaders and allocators say of too little memory, whatever the type of the exception.
_MEMORY = re.compile(
    r"failed to map|cannot allocate|can't allocate|bad.?alloc|insufficient memory|out of memory|can't start new thread"
    r"|failed to allocate",
    re.IGNORECASE,
)
_TEMPORARY = "no usable temporary directory"  # Python's own words, without a number


def require_memory(kib: int) -> None:
    """Refuse to begin where the address space is limited to less than a task takes, KiB.

    Raises:
        Photo2MoeError: it is.
    """
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < kib << 10:
        raise Photo2MoeError(f"memory is limited to {limit >> 10} KiB, and {kib} are needed; raise it with ulimit -v")


def explained(error: BaseException) -> Photo2MoeError | None:
    """An error that the machine caused, as a sentence; None if it is another one, such as a mistake of ours.

    >>> print(explained(MemoryError()))
    there is too little memory; free some, raise its limit (ulimit -v), or take a smaller photo
    """
    words = str(error).strip().partition("\n")[0]
    if isinstance(error, Photo2MoeError):
        return error
    if isinstance(error, MemoryError) or getattr(error, "errno", 0) == errno.ENOMEM or _MEMORY.search(words):
        return Photo2MoeError(
            "there is too little memory; free some, raise its limit (ulimit -v), or take a smaller photo"
        )
    if isinstance(error, ImportError):
        return _unloaded(error, words)
    if isinstance(error, OSError):
        if _TEMPORARY in words.lower():
            return Photo2MoeError("no place for temporary files; make room, or name another folder in TMPDIR")
        name = error.filename
        where = f" ({printable(os.fsdecode(name))})" if isinstance(name, str | bytes) else ""
        return Photo2MoeError(f"the system refuses: {reason(error)}{where}")
    return None


def _unloaded(error: ImportError, words: str) -> Photo2MoeError | None:
    """What to do about a package that cannot be imported."""
    if _LIBRARY.match(words):
        return LibraryError(
            f"the system lacks a library, or it is damaged ({words}); on Debian and Ubuntu: {LIBRARIES}"
        )
    if isinstance(error, ModuleNotFoundError):
        ours = (error.name or "").split(".")[0] == "photo2moe"
        return None if ours else MissingExtraError(f"the package {error.name} is missing; install photo2moe anew")
    return LibraryError(f"a package cannot be loaded ({printable(words)}); install photo2moe anew")
