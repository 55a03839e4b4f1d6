"""Whole folders: read ahead, convert, write behind; skip what is done, go on after failures.

The output folder holds the avatars in the tree of the input folder, and
``report.jsonl``: one line a photo and run, only ever appended to. It is also the memory
by which a second run knows what is done: a photo is skipped if its last line says so,
its size and time have not changed, the options are the same, and its avatars exist.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from photo2moe import __version__
from photo2moe.config import PipelineConfig, to_dict
from photo2moe.errors import ImageReadError, InputError, Photo2MoeError
from photo2moe.imageio import encode_image, list_images, printable, read_image, write_bytes
from photo2moe.types import Avatar, Image

REPORT = "report.jsonl"
AHEAD = 3  # photos read ahead, and avatars being written; bounds the memory


class Converter(Protocol):
    """Anything that turns a photo into avatars, such as a ``Pipeline``."""

    def __call__(self, photo: Image, /) -> list[Avatar]:
        """Convert one photo."""


@dataclass(eq=False)
class Outcome:
    """What became of a folder."""

    converted: int = 0
    skipped: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Photos dealt with so far."""
        return self.converted + self.skipped + len(self.failures)


@dataclass(frozen=True, slots=True)
class Job:
    """One photo of the folder: its path, its relative name, and what it looks like from outside."""

    path: Path
    name: str
    stamp: list[int]


class Report:
    """The append-only memory of an output folder.

    Args:
        folder: the output folder; made if missing.
        options: a fingerprint of everything that the result depends on.
    """

    def __init__(self, folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._options = folder, options
        self._done: dict[str, dict[str, Any]] = {}
        path = folder / REPORT
        if path.exists():
            with path.open(encoding="utf-8", errors="surrogateescape") as lines:
                for line in lines:
                    self._remember(line)
        self._file = path.open("a", encoding="utf-8", errors="surrogateescape")
        if path.stat().st_size and not _ends_with_newline(path):
            self._file.write("\n")  # a line that was cut off by a crash

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def is_done(self, job: Job) -> bool:
        """Whether the photo's avatars exist and were made from it, with these options."""
        row = self._done.get(job.name)
        return (
            row is not None
            and row.get("stamp") == job.stamp
            and row.get("options") == self._options
            and all((self._folder / output).is_file() for output in row.get("outputs", ()))
        )

    def add(self, job: Job, status: str, **facts: Any) -> None:
        """Append a line."""
        row = {"photo": job.name, "status": status, "stamp": job.stamp, "options": self._options, **facts}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()

    def _remember(self, line: str) -> None:
        try:
            row = json.loads(line)
            name, status = row["photo"], row["status"]
        except (ValueError, KeyError, TypeError):
            return  # cut off by a crash
        if status == "ok":
            self._done[name] = row
        else:
            self._done.pop(name, None)


def convert_folder(
    convert: Converter,
    config: PipelineConfig,
    source: Path,
    target: Path,
    *,
    suffix: str = ".png",
    fingerprint: str = "",
    progress: Callable[[Outcome, str], None] = lambda *_: None,
) -> Outcome:
    """Convert every photo of a folder and of its sub-folders.

    Reading and writing run in threads beside the conversion, with at most
    :data:`AHEAD` photos waiting on either side.

    Args:
        convert: a loaded pipeline.
        config: how it converts, for the fingerprint and the names.
        source: folder of photos.
        target: folder of avatars; may lie inside ``source``, and is then left out.
        suffix: ``.png``, ``.jpg`` or ``.webp``.
        fingerprint: of the weights.
        progress: called after every photo with the outcome so far and its name.

    Returns:
        What became of them; the failures are in the report too.

    Raises:
        InputError: the source is no folder, or the target cannot be made.
    """
    if not source.is_dir():
        raise InputError(f"{printable(source)} is not a folder; use 'photo2moe convert' for a single photo")
    outcome = Outcome()
    try:
        report = Report(target, options_fingerprint(config, suffix, fingerprint))
    except OSError as error:
        raise InputError(f"{printable(target)} cannot be used as output folder: {error.strerror}") from error
    with report, ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(2) as writer:
        writing: list[tuple[Job, dict[str, Any], Future[list[str]]]] = []

        def settle(keep: int) -> None:
            while len(writing) > keep:
                job, facts, future = writing.pop(0)
                try:
                    report.add(job, "ok", outputs=future.result(), **facts)
                    outcome.converted += 1
                except (Photo2MoeError, OSError) as error:
                    _fail(outcome, report, job, error)
                progress(outcome, job.name)

        try:
            for job, photo in _read_ahead(reader, _jobs(source, target, report, outcome, progress), config):
                begun = time.perf_counter()
                try:
                    avatars = convert(photo.result())
                except (Photo2MoeError, MemoryError) as error:
                    _fail(outcome, report, job, error)
                    progress(outcome, job.name)
                    continue
                facts = {"seconds": round(time.perf_counter() - begun, 4), "faces": len(avatars)}
                writing.append((job, facts, writer.submit(_write, target, job, avatars, suffix, config)))
                settle(AHEAD - 1)
        finally:
            settle(0)  # also after Ctrl-C: what is drawn is written and reported
    return outcome


def count_images(folder: Path) -> int:
    """How many photos a folder seems to hold, without opening them."""
    return sum(1 for _ in list_images(folder, on_error=lambda _: None))


def options_fingerprint(config: PipelineConfig, suffix: str, weights: str) -> str:
    """A short digest of all that an avatar depends on besides its photo."""
    values = to_dict(config) | {"suffix": suffix, "version": __version__, "weights": weights}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def output_names(path: Path, count: int) -> list[Path]:
    """Names for the avatars of one photo: the path itself, or numbered ``-1``, ``-2``, … for several."""
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{i}{path.suffix}") for i in range(1, count + 1)]


def _jobs(
    source: Path, target: Path, report: Report, outcome: Outcome, progress: Callable[[Outcome, str], None]
) -> Iterator[Job]:
    inside = target.resolve()

    def unreadable(error: ImageReadError) -> None:
        _fail(outcome, report, Job(source, str(error), []), error)

    for path in list_images(source, on_error=unreadable):
        if inside in path.resolve().parents and inside != source.resolve():
            continue
        try:
            stat = path.stat()
        except OSError:
            continue  # gone since it was listed
        job = Job(path, path.relative_to(source).as_posix(), [stat.st_size, stat.st_mtime_ns])
        if report.is_done(job):
            outcome.skipped += 1
            progress(outcome, job.name)
            continue
        yield job


def _read_ahead(
    reader: ThreadPoolExecutor, jobs: Iterator[Job], config: PipelineConfig
) -> Iterator[tuple[Job, Future[Image]]]:
    waiting: list[tuple[Job, Future[Image]]] = []
    for job in jobs:
        waiting.append((job, reader.submit(read_image, job.path, max_pixels=config.max_pixels)))
        if len(waiting) >= AHEAD:
            yield waiting.pop(0)
    while waiting:
        yield waiting.pop(0)


def _write(target: Path, job: Job, avatars: list[Avatar], suffix: str, config: PipelineConfig) -> list[str]:
    # The photo's own suffix stays in the name, so that a.jpg and a.png do not collide.
    relative = Path(job.name)
    base = target / relative.with_name(relative.name + suffix)
    base.parent.mkdir(parents=True, exist_ok=True)
    paths = output_names(base, len(avatars) if config.face == "all" and config.frame == "avatar" else 1)
    for path, avatar in zip(paths, avatars, strict=True):
        write_bytes(path, encode_image(avatar.image, suffix))
    return [os.fsdecode(path.relative_to(target)) for path in paths]


def _fail(outcome: Outcome, report: Report, job: Job, error: BaseException) -> None:
    reason = str(error) or type(error).__name__
    outcome.failures.append((job.name, reason))
    report.add(job, "failed", error=reason)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
