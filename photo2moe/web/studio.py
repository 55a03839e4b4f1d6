"""A few workers that draw, one net between them, and the queue before them.

A pipeline is not for two threads at once, so each worker has its own detector and matte; the nets, which are
most of the memory, they share. Threads are enough:
nearly all the time goes into libraries that let other threads run.
"""

from __future__ import annotations

import asyncio
import dataclasses
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from photo2moe.backdrop import parse_background
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.decoder import Decoder
from photo2moe.pipeline import Pipeline, load_pipeline
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.matte import PersonMatte
from photo2moe.web.problems import Problem, busy
from photo2moe.weights import CLEAN

T = TypeVar("T")

LOOK = 0.5  # seconds between looks whether a client that waits is still there
MEMORY = 0.2  # weight of the newest job in the mean duration


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """What one thread draws with.

    Attributes:
        pipeline: its own.
        read: decodes its photos, in a process that may die of them.
    """

    pipeline: Pipeline
    read: Decoder

    def dressed(self, config: PipelineConfig) -> Pipeline:
        """The pipeline with the background that a request asks for."""
        painter = None if config.weights == CLEAN else self.pipeline.painter
        background = parse_background(config.background)
        return dataclasses.replace(self.pipeline, config=config, background=background, painter=painter)


def hire(config: PipelineConfig, count: int) -> list[Worker]:
    """Load the net once, and what else a worker needs for each of them.

    Args:
        config: weights, engine and device.
        count: workers.

    Raises:
        WeightsError: unknown or unusable weights.
        ConfigError: the device is not there.
    """
    with ExitStack() as stack:
        first = stack.enter_context(load_pipeline(dataclasses.replace(config, background="photo")))
        workers = []
        for number in range(count):
            pipeline = first
            if number:
                with ExitStack() as own:
                    detect, matte = own.enter_context(FaceDetector()), own.enter_context(PersonMatte())
                    pipeline = dataclasses.replace(first, detect=detect, matte=matte, resources=own.pop_all())
                stack.enter_context(pipeline)
            workers.append(Worker(pipeline, Decoder()))
        stack.pop_all()
        return workers


class Studio:
    """Workers behind a bounded queue. Its methods belong to one event loop; jobs run in threads.

    Args:
        workers: one a thread.
        config: how long the queue is, and how long a request waits and works.
    """

    def __init__(self, workers: list[Worker], config: ServeConfig) -> None:
        self._config, self._count = config, len(workers)
        self._workers = workers
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(workers), "draw")
        self._held = 0
        self._seconds = 0.5  # mean duration of a job; the first ones will tell

    @property
    def busy(self) -> int:
        """Workers at work."""
        return min(self._held, self._count)

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return max(0, self._held - self._count)

    def refuse_if_full(self) -> None:
        """Say at once that the queue is full, before a body is received.

        Raises:
            Problem: 429, with the time after which it is worth trying again.
        """
        if self._held >= self._count + self._config.queue:
            raise busy(
                self._seconds * self._held / self._count, f"{self.waiting} photos are waiting; try again in a moment"
            )

    async def run(self, job: Callable[[Worker], T], gone: Callable[[], Awaitable[bool]] | None = None) -> T:
        """Have a worker do a job.

        Args:
            job: runs in the worker's thread.
            gone: whether the client has left, asked from time to time while the job waits.

        Returns:
            What the job returns; what it raises is raised.

        Raises:
            Problem: 429 the queue is full, 503 no worker in time, 504 the work took too long.
        """
        self.refuse_if_full()
        loop, begun, called_off = asyncio.get_running_loop(), threading.Event(), threading.Event()
        self._held += 1
        try:
            future = self._threads.submit(self._work, job, begun, called_off)
        except RuntimeError as error:  # shut down
            self._held -= 1
            raise Problem(503, "closing", "the server is being closed", {"Retry-After": "5"}) from error
        future.add_done_callback(lambda _: _tell(loop, self._release))
        result = asyncio.wrap_future(future)
        result.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, also if nobody waits
        await self._until_begun(future, result, begun, called_off, gone)
        await asyncio.wait([result], timeout=self._config.work)
        if not result.done():
            raise Problem(504, "slow", f"the photo took longer than {self._config.work:g} s; try a smaller one")
        return result.result()

    def close(self) -> None:
        """Finish what is begun, drop what waits, free the workers."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.read.close()
            worker.pipeline.close()

    async def _until_begun(
        self,
        future: Future[T],
        result: asyncio.Future[T],
        begun: threading.Event,
        called_off: threading.Event,
        gone: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        deadline = time.monotonic() + self._config.wait
        while not (begun.is_set() or result.done()):
            await asyncio.wait([result], timeout=min(LOOK, max(0.0, deadline - time.monotonic())))
            late = time.monotonic() >= deadline
            if not begun.is_set() and not result.done() and (late or (gone is not None and await gone())):
                called_off.set()
                if future.cancel():
                    detail = f"no worker was free within {self._config.wait:g} s; try again"
                    raise Problem(503, "late", detail, {"Retry-After": str(round(self._config.wait))})

    def _work(self, job: Callable[[Worker], T], begun: threading.Event, called_off: threading.Event) -> T:
        if called_off.is_set():
            raise Problem(503, "late", "the request was called off")
        begun.set()
        worker, start = self._idle.get(), time.monotonic()
        try:
            return job(worker)
        finally:
            self._idle.put(worker)
            self._seconds += MEMORY * (time.monotonic() - start - self._seconds)

    def _release(self) -> None:
        self._held -= 1


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)
