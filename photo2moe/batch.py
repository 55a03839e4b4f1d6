"""Many photos → as many avatars: skip what is done, go on after failures, keep a report.

The output folder holds the avatars in the tree of the input, and ``report.jsonl``; see
:mod:`photo2moe.bulk.report`. Who does the work is an engine: this process
(:func:`photo2moe.bulk.work.stream`), worker processes, or a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from photo2moe.bulk.jobs import Job, Jobs, Shard, from_folder
from photo2moe.bulk.ledger import FAILED, OK
from photo2moe.bulk.places import Local, Place
from photo2moe.bulk.report import Report, options_fingerprint
from photo2moe.bulk.work import Converter, Give, Order, stream
from photo2moe.config import PipelineConfig
from photo2moe.errors import InputError
from photo2moe.imageio import printable

SHOWN = 1000  # failures, and files that are no photos, that are kept for the user; the report has all failures
BREATH = 256  # skipped photos after which an engine may look up from waiting for the next job

Engine = Callable[[Jobs, Give], None]


@dataclass(eq=False)
class Outcome:
    """What became of the photos.

    Attributes:
        converted, skipped, failed, passed: how many; what is passed over is no photo.
        failures: names and reasons, the first :data:`SHOWN` of them.
        others: names of what was passed over, the first :data:`SHOWN` of them.
    """

    converted: int = 0
    skipped: int = 0
    failed: int = 0
    passed: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Photos dealt with so far."""
        return self.converted + self.skipped + self.failed

    def pass_over(self, name: str) -> None:
        """Add a file that is no photo."""
        self.passed += 1
        if len(self.others) < SHOWN:
            self.others.append(name)

    def count(self, job: Job, facts: dict[str, Any]) -> None:
        """Add what became of one photo; a file that was half there and now is whole has not failed."""
        if self.failures.pop(job.name, None) is not None:
            self.failed -= 1
        if facts["status"] == OK:
            self.converted += 1
            return
        self.failed += 1
        if len(self.failures) < SHOWN:
            self.failures[job.name] = facts["error"]


# Told after every photo: the outcome so far, the job, and its facts, whose status is also "skipped".
Progress = Callable[[Outcome, Job, dict[str, Any]], None]


def convert_all(
    engine: Engine,
    jobs: Jobs,
    report: Report,
    progress: Progress = lambda *_: None,
    outcome: Outcome | None = None,
) -> Outcome:
    """Convert photos that are not converted yet.

    Args:
        engine: who does it.
        jobs: the photos.
        report: what was done before, and where to write what is done.
        progress: told after every photo.
        outcome: what to count in, for those who want to know it after Ctrl-C too.

    Returns:
        What became of them; the failures are in the report too.
    """
    outcome = outcome or Outcome()

    def give(job: Job, facts: dict[str, Any]) -> None:
        report.add(job, facts)
        outcome.count(job, facts)
        progress(outcome, job, facts)

    def undone() -> Iterator[Job | None]:
        for job in jobs:
            if job is None:
                yield None
            elif job.error:
                give(job, {"status": FAILED, "error": job.error})
            elif report.is_done(job):
                report.confirm(job)
                outcome.skipped += 1
                progress(outcome, job, {"status": "skipped"})
                if outcome.skipped % BREATH == 0:
                    yield None
            else:
                yield job

    engine(undone(), give)
    return outcome


def convert_folder(
    convert: Converter,
    config: PipelineConfig,
    source: Path,
    target: Path,
    *,
    suffix: str = ".png",
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Convert every photo of a folder and of its sub-folders in this process.

    Args:
        convert: a loaded pipeline.
        config: how it converts; what was made otherwise before is made again.
        source: folder of photos.
        target: folder of avatars; may lie inside ``source``, and is then left out.
        suffix: ``.png``, ``.jpg`` or ``.webp``.
        progress: told after every photo.

    Returns:
        What became of them; the failures are in the report too.

    Raises:
        InputError: the source is no folder, the target cannot be made, or holds the source; or
            the report cannot be written any more.
        ConfigError, ImageReadError, WeightsError: the background or the weights are none.
    """
    if not source.is_dir():
        raise InputError(f"{printable(source)} is not a folder; use 'photo2moe convert' for a single photo")
    place, outcome = Local(target), Outcome()
    check_apart(Local(source), place)
    jobs = from_folder(Local(source), Shard(), inner_folder(Local(source), place), outcome.pass_over)
    with Report(place, options_fingerprint(config, suffix), suffix) as report:
        order = Order(config, Local(source), place, suffix, report.ledger)
        return convert_all(partial(stream, convert, order), jobs, report, progress, outcome)


def check_apart(source: Place, target: Place) -> None:
    """Refuse a folder of avatars that is, or holds, the folder of photos.

    Raises:
        InputError: it is, or does.
    """
    one, other = f"{source}/", f"{target}/"
    inside = one.startswith(other)
    if isinstance(source, Local) and isinstance(target, Local):
        inside = source.folder.resolve().is_relative_to(target.folder.resolve())
    if inside:
        raise InputError(f"{target} holds the photos; give the avatars a folder of their own")


def inner_folder(source: Place, target: Place) -> str:
    """Name of the target inside the source; empty if it lies elsewhere or is the source."""
    if isinstance(source, Local) and isinstance(target, Local):
        inside, outside = target.folder.resolve(), source.folder.resolve()
        below = inside != outside and inside.is_relative_to(outside)
        return inside.relative_to(outside).as_posix() if below else ""
    one, other = str(source), str(target)
    return other.removeprefix(f"{one}/") if other.startswith(f"{one}/") else ""
