"""The memory of an output folder: which photos are done, kept in ``report.jsonl``.

Lines are only ever appended. A photo is done if its last line says so, its size and
time have not changed, the options are the same, and its avatars exist. Before avatars
are put in their places a line with their digests says which: after a crash between the
two, those that came through are told from what was there before.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photo2moe.errors import ImageWriteError
from photo2moe.files import printable, reason

REPORT = "report.jsonl"
OK, WRITING, FAILED = "ok", "writing", "failed"  # what a line says of a photo


@dataclass(frozen=True, slots=True)
class Job:
    """One photo of the folder: its path, its relative name, and what it looks like from outside."""

    path: Path
    name: str
    stamp: list[int]


class Report:
    """The append-only memory of an output folder. Threads may add to it, and so may other processes.

    Args:
        folder: the output folder; made if missing.
        options: a fingerprint of everything that the result depends on.

    Raises:
        ImageWriteError: the folder or its report cannot be used.
    """

    def __init__(self, folder: Path, options: str) -> None:
        self._folder, self._options = folder, options
        self._path, self._lock = folder / REPORT, threading.Lock()
        self._done: dict[str, dict[str, Any]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(self._path) and not self._path.is_file():
                raise ImageWriteError(f"{printable(self._path)}: not a regular file; move it away")
            if self._path.exists():
                with self._path.open(encoding="utf-8", errors="surrogateescape") as lines:
                    for line in lines:
                        self._remember(line)
            self._file = self._path.open("ab", buffering=0)  # a line is one write, so lines do not mix
        except OSError as error:
            raise ImageWriteError(f"{printable(folder)} cannot be used as output folder: {reason(error)}") from error
        self._torn = self._path.stat().st_size > 0 and not _ends_with_newline(self._path)  # by a crash

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file, suppress(OSError):
            os.fsync(self._file.fileno())

    def is_done(self, job: Job) -> bool:
        """Whether the photo's avatars exist and were made from it, with these options."""
        row = self._done.get(job.name)
        if row is None or row.get("stamp") != job.stamp or row.get("options") != self._options:
            return False
        paths = [self._folder / output for output in row["outputs"]]
        if row["status"] == OK:
            return all(path.is_file() for path in paths)
        return [_digest(path) for path in paths] == row.get("sha256")

    def confirm(self, job: Job) -> None:
        """Say of a photo that is done that it is, if a crash came before."""
        row = self._done[job.name]
        if row["status"] != OK:
            self.add(job, OK, outputs=row["outputs"])

    def add(self, job: Job, status: str, **facts: Any) -> None:
        """Append a line.

        Raises:
            ImageWriteError: the disk is full, say.
        """
        row = {"photo": job.name, "status": status, "stamp": job.stamp, "options": self._options, **facts}
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")
        with self._lock:
            try:
                line = b"\n" * self._torn + line
                self._torn = self._file.write(line) != len(line)
            except OSError as error:
                raise ImageWriteError(
                    f"{printable(self._path)}: cannot be written: {reason(error)}; mend that and run again to go on"
                ) from error
            if self._torn:
                raise ImageWriteError(f"{printable(self._path)}: the disk is full; make room and run again to go on")

    def _remember(self, line: str) -> None:
        try:
            row = json.loads(line)
            name, status = row["photo"], row["status"]
            if status in (OK, WRITING) and all(isinstance(output, str) for output in row["outputs"]):
                self._done[name] = row
            else:
                self._done.pop(name, None)
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # cut off by a crash


def _digest(path: Path) -> str | None:
    with suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
