"""Keep libraries that log past Python off the user's terminal."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator


class _Stderr:
    """File descriptor 2, which belongs to the whole process: the last thread to leave brings it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved: int | None = None

    def turn_away(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            with contextlib.suppress(OSError):  # no stderr at all
                self._saved = os.dup(2)
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, 2)
                os.close(sink)

    def bring_back(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._saved is not None:
                os.dup2(self._saved, 2)
                os.close(self._saved)
                self._saved = None


_STDERR = _Stderr()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep MediaPipe's C++ log lines off the user's terminal.

    They are written to file descriptor 2 directly and know no log level, so the
    descriptor itself is turned away for the moment. Threads may do so at once.
    """
    _STDERR.turn_away()
    try:
        yield
    finally:
        _STDERR.bring_back()
