"""What is written down about photos: a line before avatars are put in their places, and one after.

After a crash between the two, avatars that came through are told from what was there
before by their digests, which the first line holds. It is written by whoever writes the
avatars, which may be another process; the second one by the process that was asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from photo2moe.bulk.jobs import Job
from photo2moe.bulk.places import Lines, Place

STEM = "report"
OK, WRITING, FAILED = "ok", "writing", "failed"  # what a line says of a photo

# Told what is to be written down of a job: "status", and what belongs to it.
Note = Callable[[Job, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where lines go, and what all of them say. Goes to other processes and machines by pickle.

    Attributes:
        target: the output folder.
        options: a fingerprint of everything that the result depends on.
        stem: of the file's name.
    """

    target: Place
    options: str
    stem: str = STEM

    def open(self) -> Lines:
        """Open the file for more lines."""
        return self.target.append(self.stem)

    def line(self, job: Job, facts: dict[str, Any]) -> str:
        """A line: the job, and its facts."""
        row = {"photo": job.name, "stamp": job.stamp, "options": self.options, **facts}
        return json.dumps(row, ensure_ascii=False) + "\n"

    @contextmanager
    def noting(self) -> Iterator[Note]:
        """Lend what writes lines before avatars; stores cannot append, and get none.

        Raises:
            ImageWriteError: a line cannot be written; nor must the avatars be.
        """
        if not self.target.appends:
            yield ignore
            return
        lines = self.open()

        def note(job: Job, facts: dict[str, Any]) -> None:
            lines.write(self.line(job, facts))

        try:
            yield note
        finally:
            lines.close()


def ignore(_: Job, __: dict[str, Any]) -> None:
    """Write nothing down."""
