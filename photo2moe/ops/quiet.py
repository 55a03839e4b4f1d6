"""Keep libraries that log past Python off the user's terminal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep MediaPipe's C++ log lines off the user's terminal.

    They are written to file descriptor 2 directly and know no log level, so the
    descriptor itself is turned away for the moment.
    """
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(sink)
        os.close(saved)
