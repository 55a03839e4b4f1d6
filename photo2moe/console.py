"""What the user sees while waiting: progress, tables, one-line results. All on stderr.

The only file that imports rich, and only for bars and tables. On anything but a terminal progress is silent, so
logs and pipes stay clean.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from photo2moe.errors import ImageWriteError
from photo2moe.files import reason

if TYPE_CHECKING:
    from rich.console import Console


class Advance(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, note: str = "", total: int | None = None) -> None:
        """Set what is done so far, a note beside the bar, and of how much, once that is known."""


def say(text: str) -> None:
    """One line for the user, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, stdout: bool = False) -> None:
    """A table; on stdout where it is the answer that was asked for."""
    from rich.console import Console
    from rich.table import Table

    sheet = Table(title=title or None, title_justify="left")
    for column in columns:
        sheet.add_column(column, overflow="fold")
    for row in rows:
        sheet.add_row(*row)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120) if stdout else _console()
    console.print(sheet, markup=False)


def data(value: Any) -> None:
    """JSON for programs, one line, on stdout, whatever the locale; names that are no text keep their bytes."""
    # A lone surrogate, which stands for such a byte, becomes the very escape that JSON has for it.
    give((json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))


def give(result: bytes, stdout: TextIO | None = None) -> None:
    """Write a result to stdout, or to what was stdout before.

    Raises:
        ImageWriteError: stdout cannot take it.
    """
    stdout = stdout or sys.stdout
    try:
        stdout.buffer.write(result)
        stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has enough; click knows what to do
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try again at its end, and complain
        raise ImageWriteError(f"stdout: cannot be written: {reason(error)}") from error


def stream() -> Callable[[Any], None]:
    """Like :func:`data` for line after line, on what is stdout now, whatever replaces it meanwhile.

    In ASCII, since names of files that are no text cannot be told otherwise.
    """
    stdout = sys.stdout
    return lambda value: give((json.dumps(value) + "\n").encode(), stdout)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Advance]:
    """A bar with count, elapsed and remaining time, and a note; nothing if not on a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = _console()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total, note="")

        def advance(done: int, note: str = "", total: int | None = None) -> None:
            bar.update(task, completed=done, note=note, total=total)

        yield advance


def _console() -> Console:
    from rich.console import Console

    # Made anew each time: stderr may have been replaced since.
    return Console(file=sys.stderr)
