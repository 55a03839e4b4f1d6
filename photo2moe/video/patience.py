"""Wait for libraries that read strangers' clips, but not for ever: what they do cannot be called off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from photo2moe.errors import ImageReadError

T = TypeVar("T")

SECONDS = 60.0  # for one step: opening, searching, a packet; those of a 4K clip take hundredths


class StuckError(ImageReadError):
    """A step takes too long. Its thread still uses what it was given, which must be left alone."""


def in_time(label: str, step: Callable[[], T]) -> T:
    """Take a step that may last :data:`SECONDS`.

    It is taken by a thread that ends with the process at the latest.

    Args:
        label: of the clip, in messages.
        step: what to do; its result and its exceptions are passed on.

    Raises:
        StuckError: it lasts longer.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(step())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if failures:
        raise failures[0]
    if not results:
        raise StuckError(f"{label}: cannot be read within {SECONDS:g} s; export it anew, or make it smaller")
    return results[0]


def all_in_time(label: str, items: Iterator[T]) -> Iterator[T]:
    """Items, each of which may take :data:`SECONDS` to come; errors as for :func:`in_time`."""
    end: list[T] = []  # stands for the end of the items; there is no other like it
    while (item := in_time(label, lambda: next(items, end))) is not end:
        yield item  # type: ignore[misc]
