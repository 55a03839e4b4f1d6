"""A camera's pictures, drawn while they happen: four threads, and between them only the newest picture.

One reads, one looks, one draws, and the caller's own shows. Whoever is slower than
the one before skips pictures instead of falling behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import InputError
from photo2moe.types import Image
from photo2moe.video.animate import Animator, Inked, Scene
from photo2moe.video.clip import open_clip, read_clip

T = TypeVar("T")
Picture = NDArray[np.uint8]

PATIENCE = 0.05  # seconds between two looks at whether it is time to stop
# A look begins so late that it should be done just before the drawing before is: after this
# share of a drawing's time, less so many times that of a look; seconds at the most.
EARLY, LATE, MOST_WAITING = 1.0, 0.8, 0.2
RECENT = 30  # pictures over which the rate is counted


class Show(Protocol):
    """Where drawn pictures go."""

    def __call__(self, picture: Picture, rate: float) -> bool:
        """Show one; ``rate`` is pictures a second of late. Whether to go on."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture as the camera gave it, and when: seconds of ``time.perf_counter``."""

    image: Image
    taken: float


@dataclass(eq=False)
class Record:
    """What was seen of a camera.

    Attributes:
        read: pictures that the camera gave.
        latencies: of each picture shown, seconds from taken to shown.
        shown: when each was shown, seconds of ``time.perf_counter``.
    """

    read: int = 0
    latencies: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Pictures a second, from the first one shown to the last."""
        seconds = self.shown[-1] - self.shown[0] if len(self.shown) > 1 else 0.0
        return (len(self.shown) - 1) / seconds if seconds > 0 else 0.0

    @property
    def recent_rate(self) -> float:
        """Pictures a second over the last few."""
        late = self.shown[-RECENT:]
        return (len(late) - 1) / max(late[-1] - late[0], 1e-9) if len(late) > 1 else 0.0

    def latency(self, percent: float) -> float:
        """Seconds from taken to shown that so many percent of the pictures keep to; 0 if none was shown."""
        return float(np.percentile(self.latencies, percent)) if self.latencies else 0.0


class Mailbox(Generic[T]):
    """Room for one thing: a newer one takes its place."""

    def __init__(self) -> None:
        self._there = threading.Condition()
        self._thing: T | None = None
        self._closed = False

    def put(self, thing: T) -> None:
        """Leave a thing, in place of what lies there."""
        with self._there:
            self._thing = thing
            self._there.notify_all()

    def close(self) -> None:
        """Say that nothing more will come."""
        with self._there:
            self._closed = True
            self._there.notify_all()

    def take(self, seconds: float | None = None) -> T | None:
        """Wait for a thing; ``None`` after so many seconds, or when nothing more will come."""
        with self._there:
            self._there.wait_for(lambda: self._thing is not None or self._closed, seconds)
            thing, self._thing = self._thing, None
            self._there.notify_all()
            return thing

    def wait_until_taken(self) -> None:
        """Wait until nothing lies there, or nothing more will come."""
        with self._there:
            self._there.wait_for(lambda: self._thing is None or self._closed)

    @property
    def over(self) -> bool:
        """Whether it is empty for good."""
        with self._there:
            return self._closed and self._thing is None


def device_shots(number: int) -> Iterator[Shot]:
    """Pictures of a camera of this machine, as they come.

    Raises:
        InputError: there is no such camera, or another program has it.
    """
    camera = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise InputError(f"camera {number} cannot be opened; close other programs that use it, or name another")
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # where it is heeded: no old pictures
        while True:
            there, picture = camera.read()
            if not there:
                return
            yield Shot(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), time.perf_counter())
    finally:
        camera.release()


def clip_shots(path: Path, max_pixels: int, *, again: bool = False) -> Iterator[Shot]:
    """Pictures of a clip at the pace of the clip, as if a camera took them.

    Args:
        path: the clip.
        max_pixels: of a picture.
        again: begin anew at the end.
    """
    clip = open_clip(path, max_pixels)
    while True:
        begun = time.perf_counter()
        for frame in read_clip(clip):
            wait = begun + float(frame.time) - time.perf_counter()
            if wait < -float(frame.duration):  # a camera does not wait for who reads too slowly
                continue
            time.sleep(max(0.0, wait))
            yield Shot(frame.image, time.perf_counter())
        if not again:
            return


def run_camera(
    animator: Animator,
    shots: Iterator[Shot],
    show: Show,
    limit: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Record:
    """Draw a camera's pictures until they end, or somebody wants to stop.

    Args:
        animator: draws; used by three threads, each its part.
        shots: the camera.
        show: called in the caller's thread, as windows need it.
        limit: pictures to show.
        should_stop: asked after every picture, and while none comes.

    Raises:
        InputError: the camera or clip cannot be read, or showed nothing.
    """
    record, stop = Record(), threading.Event()
    taken: Mailbox[Shot] = Mailbox()
    looked: Mailbox[tuple[Scene, float]] = Mailbox()
    inked: Mailbox[tuple[Inked, float]] = Mailbox()
    drawn: Mailbox[tuple[Picture, float]] = Mailbox()
    failures: list[BaseException] = []

    def read() -> None:
        for shot in shots:
            record.read += 1
            taken.put(shot)
            if stop.is_set():
                return

    spent = {"look": 0.0, "draw": 0.0}  # seconds, of late

    def look() -> None:
        while not stop.is_set() and (shot := taken.take()) is not None:
            begun = time.perf_counter()
            looked.put((animator.look(shot.image, shot.taken), shot.taken))
            spent["look"] = 0.8 * spent["look"] + 0.2 * (time.perf_counter() - begun)
            # Looking at what will not be drawn would slow down the drawing; and what is
            # looked at too early is old when it is drawn.
            looked.wait_until_taken()
            time.sleep(min(MOST_WAITING, max(0.0, EARLY * spent["draw"] - LATE * spent["look"])))

    def ink() -> None:
        while not stop.is_set() and (scene := looked.take()) is not None:
            begun = time.perf_counter()
            inked.put((animator.ink(scene[0]), scene[1]))
            spent["draw"] = 0.8 * spent["draw"] + 0.2 * (time.perf_counter() - begun)
            inked.wait_until_taken()

    def compose() -> None:
        while not stop.is_set() and (figure := inked.take()) is not None:
            drawn.put((animator.compose(figure[0]), figure[1]))

    def guarded(work: Callable[[], None], after: Mailbox[T]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # it is raised anew in the caller's thread
                failures.append(error)
            finally:
                after.close()

        return threading.Thread(target=run, daemon=True)

    threads = [guarded(read, taken), guarded(look, looked), guarded(ink, inked), guarded(compose, drawn)]
    for thread in threads:
        thread.start()
    try:
        _show_all(drawn, show, record, limit, should_stop)
    finally:
        stop.set()
        for box in (taken, looked, inked, drawn):
            box.close()
        for thread in threads:
            thread.join(timeout=5)
        with suppress(ValueError):  # still reading: a camera that hangs
            getattr(shots, "close", lambda: None)()
    if failures:
        raise failures[0]
    return record


def _show_all(
    drawn: Mailbox[tuple[Picture, float]],
    show: Show,
    record: Record,
    limit: int | None,
    should_stop: Callable[[], bool],
) -> None:
    while not drawn.over and not should_stop():
        picture = drawn.take(PATIENCE)
        if picture is None:
            continue
        now = time.perf_counter()
        record.shown.append(now)
        record.latencies.append(now - picture[1])
        if not show(picture[0], record.recent_rate) or len(record.shown) == limit:
            return
