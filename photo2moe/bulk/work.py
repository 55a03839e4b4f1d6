"""The work on one photo after another: read ahead, convert, write behind."""

from __future__ import annotations

import hashlib
import re
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from photo2moe.bulk.brake import Brake
from photo2moe.bulk.jobs import Job, Jobs
from photo2moe.bulk.ledger import FAILED, OK, WRITING, Ledger, Note, ignore
from photo2moe.bulk.places import Local, Place
from photo2moe.bulk.store import Decode
from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.files import keep_apart, printable
from photo2moe.imageio import encode_image
from photo2moe.system import explained
from photo2moe.types import Image

if TYPE_CHECKING:
    from photo2moe.avatar import Avatar

MANY = 99  # avatars of one photo for which there must be names
AHEAD = 3  # photos read ahead, and avatars being written; bounds the memory

# Told of every job with its facts: "status", then "outputs", "seconds" and "faces", or "error".
Give = Callable[[Job, dict[str, Any]], None]


class Converter(Protocol):
    """Anything that turns a photo into avatars, such as a ``Pipeline``."""

    def __call__(self, photo: Image, /) -> list[Avatar]:
        """Convert one photo."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for of every photo. Goes to other processes and machines by pickle.

    Attributes:
        config: how photos are converted.
        source: where they are.
        target: where the avatars go, in the tree of the source.
        suffix: of the avatars: ``.png``, ``.jpg`` or ``.webp``.
        ledger: where it is written down which avatars are about to be written; nowhere by default.
    """

    config: PipelineConfig
    source: Place
    target: Place
    suffix: str
    ledger: Ledger | None = None

    def read(self, job: Job, decode: Decode) -> tuple[Image, list[str]]:
        """Read the photo of a job, and notes on it, unless its avatar can have no name."""
        base = base_name(job, self.suffix)
        self.target.check(output_names(base, MANY)[-1] if self._several else base)
        notes: list[str] = []
        return self.source.read(job.name, self.config.max_pixels, partial(decode, note=notes.append)), notes

    @property
    def _several(self) -> bool:
        return self.config.face == "all" and self.config.frame != "photo"

    def write(self, job: Job, avatars: list[Avatar], note: Note = ignore) -> list[str]:
        """Write the avatars of a job, once it is written down which they are; returns their names."""
        names = output_names(base_name(job, self.suffix), len(avatars) if self._several else 1)
        if isinstance(self.source, Local) and isinstance(self.target, Local):
            for name in names:  # a list may name the photo as its own avatar
                keep_apart(self.target.folder / name, self.source.folder / job.name)
        pictures = [
            encode_image(avatar.image, PurePosixPath(name).suffix) for name, avatar in zip(names, avatars, strict=True)
        ]
        digests = [hashlib.sha256(data).hexdigest() for data in pictures]
        note(job, {"status": WRITING, "outputs": names, "sha256": digests})
        for name, data in zip(names, pictures, strict=True):
            self.target.write(name, data)
        return names


def base_name(job: Job, suffix: str) -> str:
    """Name for the avatar of a job in the output folder."""
    # The photo's own suffix stays in the name, so that a.jpg and a.png do not collide. A whole
    # path, of a photo from elsewhere, becomes a path in the output folder.
    return job.output or re.sub("^([A-Za-z]):", r"\1", job.name).lstrip("/") + suffix


def output_names(base: str, count: int) -> list[str]:
    """Names for the avatars of one photo: the name itself, or numbered ``-1``, ``-2``, … for several."""
    if count == 1:
        return [base]
    path = PurePosixPath(base)
    return [str(path.with_name(f"{path.stem}-{i}{path.suffix}")) for i in range(1, count + 1)]


def stream(
    convert: Converter,
    order: Order,
    jobs: Jobs,
    give: Give,
    *,
    decoder: Decoder | None = None,
    brake: Brake | None = None,
) -> None:
    """Do jobs in one process, with a thread that reads and one that encodes and writes.

    At most :data:`AHEAD` photos wait on either side. Jobs are given in their order.
    After an exception, such as Ctrl-C, what is drawn is still written and given, and
    what is being read is not waited for.

    Args:
        convert: a loaded pipeline.
        order: what is asked for.
        jobs: what to do; at a ``None`` what is there is finished rather than waited with.
        give: told of every job that is done or failed.
        decoder: reads photos; by default one of its own.
        brake: ends the work in the middle of a photo.
    """
    waiting: deque[tuple[Job, Future[tuple[Image, list[str]]]]] = deque()
    writing: deque[tuple[Job, dict[str, Any], Future[list[str]]]] = deque()
    brake = brake or Brake()

    def settle() -> None:
        job, facts, future = writing.popleft()
        try:
            facts = {"status": OK, "outputs": future.result(), **facts}
        except Exception as error:
            facts = failure(error)
        give(job, facts)

    def draw() -> None:
        job, photo = waiting.popleft()
        begun = time.perf_counter()
        try:
            with brake:
                image, notes = photo.result()
                avatars = convert(image)
        except Exception as error:  # of a million photos one may find a mistake in a library; the rest go on
            while writing:
                settle()
            give(job, failure(error))
            return
        facts: dict[str, Any] = {"seconds": round(time.perf_counter() - begun, 4), "faces": len(avatars)}
        facts |= {"notes": notes} if notes else {}
        writing.append((job, facts, writer.submit(order.write, job, avatars, note)))

    with ExitStack() as stack:
        decode = decoder or stack.enter_context(Decoder())
        note = stack.enter_context(order.ledger.noting()) if order.ledger else ignore
        reader, writer = stack.enter_context(ThreadPoolExecutor(1)), stack.enter_context(ThreadPoolExecutor(1))
        try:
            for job in jobs:
                if job is not None:
                    waiting.append((job, reader.submit(order.read, job, decode)))
                if waiting and (job is None or len(waiting) >= AHEAD):
                    draw()
                while writing and (writing[0][2].done() or len(writing) >= AHEAD or (job is None and not waiting)):
                    settle()
            while waiting:
                draw()
        except BaseException:
            reader.shutdown(wait=False, cancel_futures=True)
            decode.close()
            raise
        finally:
            while writing:
                settle()


def failure(error: Exception) -> dict[str, Any]:
    """The facts of a job that failed: a reason in one line."""
    known = explained(error)
    why = str(known) if known else f"unexpected {type(error).__name__}: {error}"
    return {"status": FAILED, "error": printable(why.strip().splitlines()[0])}
