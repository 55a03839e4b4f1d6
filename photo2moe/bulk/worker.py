"""What a worker process does: load a pipeline, and convert what it is told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from photo2moe.bulk.brake import Brake
from photo2moe.bulk.jobs import Job
from photo2moe.bulk.work import Order, stream
from photo2moe.system import explained

READY = "ready"


def work(connection: Connection, order: Order, threads: int) -> None:
    """Be a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which says what is to be done
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for library in ("OMP", "OPENBLAS", "MKL"):  # before any of them is loaded
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    with suppress(EOFError, OSError, KeyboardInterrupt):  # the parent is gone, or wants no more
        serve(connection, order, threads)


def _end_with_parent() -> None:
    """Nobody would hear of the work of a process whose parent was killed, and the next run does it again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def serve(connection: Connection, order: Order, threads: int) -> None:
    """Load a pipeline and do the jobs that come over a connection, until it is closed; SIGTERM ends it sooner.

    Args:
        connection: a :class:`Job` in, or a ``None`` if no more will come; out, once, a word that
            ends with the device, or the :class:`Photo2MoeError` for which there is no pipeline; then each job's facts.
        order: what is asked for.
        threads: of each library that has some.
    """
    try:
        from photo2moe.engine import limit_threads, pick_device, uses_torch
        from photo2moe.pipeline import load_pipeline

        if uses_torch(order.config):
            import torch  # noqa: F401 - before its threads are limited
        limit_threads(threads)
        pipeline = load_pipeline(order.config)
        device = pick_device(order.config.device) if uses_torch(order.config) else "cpu"
    except Exception as error:
        if (known := explained(error)) is None:
            raise
        connection.send(known)
        return
    connection.send(f"{READY} {device}")
    inside = 0

    def give(_: Job, facts: dict[str, Any]) -> None:
        nonlocal inside
        inside -= 1
        connection.send(facts)

    def arriving() -> Iterator[Job | None]:
        nonlocal inside
        while True:
            if inside and not connection.poll():
                yield None
                continue
            try:
                job = connection.recv()
            except EOFError:
                return
            if job is None:
                return
            inside += 1
            yield job

    brake = Brake()
    with pipeline, brake.by(signal.SIGTERM):
        try:
            stream(pipeline, order, arriving(), give, brake=brake)
        finally:
            connection.close()
