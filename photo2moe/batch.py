"""Whole folders: read ahead, convert, write behind; skip what is done, go on after failures.

The output folder holds the avatars in the tree of the input folder, and the report by
which a second run knows what is done: see ``ledger``.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from photo2moe import __version__
from photo2moe.config import PipelineConfig, to_dict
from photo2moe.decoder import Decoder
from photo2moe.errors import ImageReadError, InputError, Photo2MoeError
from photo2moe.files import reason, sweep
from photo2moe.imageio import encode_image, list_images, printable, write_bytes
from photo2moe.ledger import FAILED, OK, REPORT, WRITING, Job, Report
from photo2moe.types import Avatar, Image

__all__ = ["REPORT", "Job", "Outcome", "Report", "convert_folder", "count_images", "output_names"]

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
        InputError: the source is no folder, the target cannot be made, or holds the source; or
            the report cannot be written any more.
    """
    if not source.is_dir():
        raise InputError(f"{printable(source)} is not a folder; use 'photo2moe convert' for a single photo")
    if source.resolve() == target.resolve() or target.resolve() in source.resolve().parents:
        raise InputError(f"{printable(target)} holds the photos; give the avatars a folder of their own")
    outcome = Outcome()
    report = Report(target, options_fingerprint(config, suffix, fingerprint))
    sweep(target)
    with report, Decoder() as decode, ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(2) as writer:
        writing: list[tuple[Job, dict[str, Any], Future[list[str]]]] = []

        def settle(keep: int) -> None:
            while len(writing) > keep:
                job, facts, future = writing.pop(0)
                try:
                    report.add(job, OK, outputs=future.result(), **facts)
                    outcome.converted += 1
                except (Photo2MoeError, OSError) as error:
                    _fail(outcome, report, job, error)
                progress(outcome, job.name)

        def read(job: Job) -> Future[Image]:
            return reader.submit(decode, job.path, max_pixels=config.max_pixels)

        try:
            for job, photo in _read_ahead(read, _jobs(source, target, report, outcome, progress)):
                begun = time.perf_counter()
                try:
                    avatars = convert(photo.result())
                except (Photo2MoeError, MemoryError) as error:
                    _fail(outcome, report, job, error)
                    progress(outcome, job.name)
                    continue
                facts = {"seconds": round(time.perf_counter() - begun, 4), "faces": len(avatars)}
                writing.append((job, facts, writer.submit(_write, target, job, avatars, suffix, config, report)))
                settle(AHEAD - 1)
        finally:  # also after Ctrl-C: what is drawn is written and reported, what is being read is not waited for
            reader.shutdown(wait=False, cancel_futures=True)
            decode.close()
            settle(0)
    return outcome


def count_images(folder: Path, stop: threading.Event | None = None) -> int:
    """How many photos a folder seems to hold, without opening them; fewer if stopped."""
    count = 0
    for _ in list_images(folder, on_error=lambda _: None):
        if stop is not None and stop.is_set():
            break
        count += 1
    return count


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
        if inside in path.resolve().parents:
            continue
        try:
            stat = path.stat()
        except OSError:
            continue  # gone since it was listed
        job = Job(path, path.relative_to(source).as_posix(), [stat.st_size, stat.st_mtime_ns])
        if report.is_done(job):
            report.confirm(job)
            outcome.skipped += 1
            progress(outcome, job.name)
            continue
        yield job


def _read_ahead(read: Callable[[Job], Future[Image]], jobs: Iterator[Job]) -> Iterator[tuple[Job, Future[Image]]]:
    waiting: list[tuple[Job, Future[Image]]] = []
    for job in jobs:
        waiting.append((job, read(job)))
        if len(waiting) >= AHEAD:
            yield waiting.pop(0)
    while waiting:
        yield waiting.pop(0)


def _write(
    target: Path, job: Job, avatars: list[Avatar], suffix: str, config: PipelineConfig, report: Report
) -> list[str]:
    # The photo's own suffix stays in the name, so that a.jpg and a.png do not collide.
    relative = Path(job.name)
    base = target / relative.with_name(relative.name + suffix)
    base.parent.mkdir(parents=True, exist_ok=True)
    paths = output_names(base, len(avatars) if config.face == "all" and config.frame == "avatar" else 1)
    pictures = [encode_image(avatar.image, suffix) for avatar in avatars]
    outputs = [os.fsdecode(path.relative_to(target)) for path in paths]
    report.add(job, WRITING, outputs=outputs, sha256=[hashlib.sha256(data).hexdigest() for data in pictures])
    for path, data in zip(paths, pictures, strict=True):
        write_bytes(path, data)
    return outputs


def _fail(outcome: Outcome, report: Report, job: Job, error: BaseException) -> None:
    why = reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
    outcome.failures.append((job.name, why))
    report.add(job, FAILED, error=why)
