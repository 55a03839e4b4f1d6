"""Photos as they arrive in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from photo2moe.bulk.jobs import Job, Shard, from_folder, ignore
from photo2moe.bulk.places import Local
from photo2moe.bulk.store import Stamp
from photo2moe.errors import MissingExtraError
from photo2moe.listing import is_image

SETTLE = 1.0  # seconds for which a file must not change: it is then no longer being written
TICK = 0.2  # seconds between looks at what has settled


def from_watch(
    source: Local,
    shard: Shard,
    leave_out: str = "",
    on_other: Callable[[str], None] = ignore,
    *,
    stopped: Callable[[], bool],
) -> Iterator[Job | None]:
    """What is in a folder, then what arrives there, until told to stop.

    A file is taken once it has not changed for :data:`SETTLE` seconds. Where a writer
    pauses for longer, the half file fails, and is taken again when it has grown.

    Args:
        source: the folder.
        shard: which of its photos.
        leave_out: name of a folder in it that is none of the input.
        on_other: told the names that are passed over at the beginning since they are no photos.
        stopped: asked a few times a second.

    Yields:
        Jobs, and ``None`` while there is none.

    Raises:
        MissingExtraError: watchfiles is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingExtraError("--watch needs watchfiles; install photo2moe[watch]") from error
    # Listening begins before listing, so that nothing falls between the two.
    changes = watch(source.folder, rust_timeout=round(TICK * 1000), yield_on_timeout=True, raise_interrupt=True)
    unsettled: dict[str, tuple[Stamp, float]] = {}
    _hear(source, next(changes), unsettled)
    for job in from_folder(source, shard, leave_out, on_other):
        if stopped():
            return
        if _is_old(job):
            yield job
        else:
            unsettled[job.name] = job.stamp, time.monotonic()
    for changed in changes:
        if stopped():
            return
        _hear(source, changed, unsettled)
        yield None
        for name, (seen, since) in list(unsettled.items()):
            stamp = source.stamp(name)
            if stamp != seen:
                unsettled[name] = stamp, time.monotonic()
            elif time.monotonic() - since >= SETTLE:
                del unsettled[name]
                if stamp and name in shard and not (leave_out and name.startswith(f"{leave_out}/")):
                    yield Job(name, stamp)


def _hear(source: Local, changed: Iterable[tuple[int, str]], unsettled: dict[str, tuple[Stamp, float]]) -> None:
    """Note the photos among the changed paths, and those in a folder that was moved here whole."""
    own = os.path.abspath(source.folder)
    for _, path in changed:
        found = [path]
        if os.path.isdir(path):
            found = [str(path) for path in Path(path).rglob("*")]
        for each in found:
            name = Path(os.path.relpath(each, own)).as_posix()
            hidden = any(part.startswith(".") for part in name.split("/"))
            if not hidden and is_image(each):
                unsettled.setdefault(name, (source.stamp(name), time.monotonic()))


def _is_old(job: Job) -> bool:
    """Whether a file was last written before those that may still be written now."""
    return not job.stamp or time.time() - int(job.stamp[1]) / 1e9 >= SETTLE
