"""A signal that ends work where nothing is lost by it, and nowhere else."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

# What a signal does by itself, before anybody has wishes.
_UNTOUCHED = (signal.default_int_handler, signal.SIG_DFL)


class Brake:
    """While entered, being pulled raises :class:`KeyboardInterrupt`; else the next entry does."""

    def __init__(self) -> None:
        self.pulled = self._inside = False

    def __enter__(self) -> None:
        self._inside = True
        if self.pulled:  # before
            raise KeyboardInterrupt

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._inside = False

    def pull(self) -> None:
        """End the work."""
        self.pulled = True
        if self._inside:
            raise KeyboardInterrupt

    @contextmanager
    def by(self, number: signal.Signals) -> Iterator[None]:
        """Have the first signal pull it, if nobody else listens; the next one does what it always does."""
        before = signal.getsignal(number)
        if before not in _UNTOUCHED or threading.current_thread() is not threading.main_thread():
            yield
            return

        def first(_: int, __: FrameType | None) -> None:
            signal.signal(number, before)
            self.pull()

        signal.signal(number, first)
        try:
            yield
        finally:
            signal.signal(number, before)
