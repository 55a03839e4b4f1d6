"""Worker processes on this machine, each with a pipeline of its own and few threads.

One pipeline leaves processors idle between the parts that its libraries share out among
threads; several pipelines do not. A worker that dies takes nothing with it: what it had
is done again, each photo alone, and only one that kills its worker twice has failed.
Workers end with the process that started them, however that ends, and at Ctrl-C: what
they have drawn is still written and told, what they are drawing is dropped.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from photo2moe.bulk.brake import Brake
from photo2moe.bulk.jobs import Job, Jobs
from photo2moe.bulk.ledger import FAILED
from photo2moe.bulk.machine import best_workers, processors
from photo2moe.bulk.work import AHEAD, Give, Order
from photo2moe.bulk.worker import work
from photo2moe.errors import Photo2MoeError

# One photo read, one converted, one written.
DEPTH = AHEAD


@dataclass(eq=False)
class Worker:
    """One process, as the parent sees it.

    Attributes:
        process: it.
        connection: jobs go in; whether it is ready and what became of the jobs come out.
        jobs: what it has, oldest first.
        ready: whether it has loaded its pipeline.
        alone: it has one photo that may have killed another worker, and gets no more beside it.
    """

    process: BaseProcess
    connection: Connection
    jobs: deque[Job] = field(default_factory=deque)
    ready: bool = False
    alone: bool = False

    @property
    def has_room(self) -> bool:
        """Whether it can take another job."""
        return not self.alone and len(self.jobs) < DEPTH


class Pool:
    """Worker processes that come as there is work for them. Call once.

    Args:
        order: what is asked for of every photo.
        workers: at most so many; 0 for as many as the machine carries, or one if the
            net runs on a graphics card.
    """

    def __init__(self, order: Order, workers: int = 0) -> None:
        self._order = order
        self._limit = workers or best_workers()
        self._given = bool(workers)
        self._threads = max(1, processors() // self._limit)
        self._workers: list[Worker] = []
        self._suspects: deque[Job] = deque()
        self._deaths: dict[str, int] = {}
        self._brake = Brake()
        self._died = False

    def __call__(self, jobs: Jobs, give: Give) -> None:
        """Do jobs; arguments as for :func:`stream`, but what is done comes in any order.

        Raises:
            Photo2MoeError: the pipeline cannot be loaded, or no worker stays alive.
        """
        # Ctrl-C comes through only while the next job or word is waited for: no word is heard by half.
        with self._brake.by(signal.SIGINT):
            try:
                for job in self._interruptible(jobs):
                    if job is not None:
                        self._hand_out(job, give)
                    self._collect(give, 0)
                self._drain(give)
            except KeyboardInterrupt:
                self._stop(give)  # a second Ctrl-C ends this, too
                raise
            finally:
                self._close()

    def _interruptible(self, jobs: Jobs) -> Jobs:
        while True:
            try:
                with self._brake:
                    job = next(jobs)
            except StopIteration:
                return
            yield job

    def _hand_out(self, job: Job, give: Give) -> None:
        """Give a job to the worker with least to do, as soon as there is room."""
        while True:
            self._try_suspects()
            free = [worker for worker in self._workers if worker.has_room]
            if free:
                self._send(min(free, key=lambda worker: (len(worker.jobs), not worker.ready)), job)
                return
            # The first one says whether the pipeline can be loaded at all, and where its net runs.
            if len(self._workers) < self._limit and all(worker.ready for worker in self._workers[:1]):
                self._workers.append(self._start())
            else:
                self._collect(give, None)

    def _drain(self, give: Give) -> None:
        while self._suspects or any(worker.jobs for worker in self._workers):
            self._try_suspects()
            self._collect(give, None)

    def _try_suspects(self) -> None:
        """Let idle workers try, one at a time, the photos that a dead worker had."""
        if self._suspects and not self._workers:
            self._workers.append(self._start())
        for worker in self._workers:
            if self._suspects and not worker.jobs:
                worker.alone = True
                self._send(worker, self._suspects.popleft())

    def _start(self) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self._order, self._threads), daemon=True)
        with _no_ctrl_c():
            process.start()
        theirs.close()
        return Worker(process, ours)

    def _send(self, worker: Worker, job: Job) -> None:
        worker.jobs.append(job)
        with suppress(OSError):  # dead: seen when it is listened to, and the job is then its
            worker.connection.send(job)

    def _speaking(self, timeout: float | None) -> list[Worker]:
        """Workers that have something to say or are dead, waiting for the first if there is no timeout."""
        connections = wait([worker.connection for worker in self._workers], timeout)
        return [worker for worker in self._workers if worker.connection in connections]

    def _collect(self, give: Give, timeout: float | None) -> None:
        """Hear what workers say, waiting for the first word if there is no timeout."""
        with self._brake:
            speaking = self._speaking(timeout)
        for worker in speaking:
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker, give)
                continue
            if isinstance(message, Photo2MoeError):
                raise message
            if isinstance(message, str):
                worker.ready = True
                if not message.endswith("cpu") and not self._given:
                    self._limit = 1  # one net keeps a graphics card busy, and each more costs its memory
                continue
            job = worker.jobs.popleft()
            worker.alone = False
            self._deaths.pop(job.name, None)
            give(job, message)

    def _bury(self, worker: Worker, give: Give) -> None:
        """Take a dead worker's jobs back."""
        self._died = True
        self._workers.remove(worker)
        worker.process.join()
        worker.connection.close()
        code = worker.process.exitcode
        if not worker.ready:
            # It was the loading: probably the memory, and certainly no photo.
            self._limit = len(self._workers)
            if not self._workers:
                raise Photo2MoeError(
                    f"a worker process ended while it loaded (exit code {code}); free some memory, or use --workers 1"
                )
            self._suspects.extend(worker.jobs)
            return
        for job in worker.jobs:
            self._deaths[job.name] = self._deaths.get(job.name, 0) + 1
            if self._deaths[job.name] == 1:
                self._suspects.append(job)
                continue
            del self._deaths[job.name]
            reason = f"its worker process died twice (exit code {code}); a smaller copy may need less memory"
            give(job, {"status": FAILED, "error": reason})

    def _stop(self, give: Give) -> None:
        """Have workers end at once, and hear what they still have to say."""
        for worker in self._workers:
            with suppress(OSError):
                worker.connection.send(None)
            worker.process.terminate()
        while self._workers:
            for worker in self._speaking(None):
                try:
                    message = worker.connection.recv()
                except (EOFError, OSError):
                    worker.process.kill()  # it may have a net to tidy up
                    worker.process.join()
                    self._workers.remove(worker)
                    continue
                if isinstance(message, dict):
                    give(worker.jobs.popleft(), message)

    def _close(self) -> None:
        for worker in self._workers:
            worker.connection.close()  # its work ends at the end of its jobs
        for worker in self._workers:
            worker.process.join(0 if self._brake.pulled else 10)
            worker.process.kill()
            worker.process.join()
        if self._died:
            self._order.target.sweep()


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """What is started meanwhile is deaf to it from the beginning: it reaches all processes of a terminal."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it is started by the first process, and lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
