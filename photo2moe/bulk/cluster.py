"""A cluster of machines, by Ray Data: it places the workers, holds work back, and does lost work again.

Every machine needs photo2moe, and must see both places under the same paths or addresses.
The cluster is the one that ``RAY_ADDRESS`` names; without it, one on this machine.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from typing import Any

from photo2moe.bulk.jobs import Job, Jobs
from photo2moe.bulk.work import Give, Order, stream
from photo2moe.decoder import Decoder
from photo2moe.errors import MissingExtraError, Photo2MoeError

BLOCK = 4  # photos that go to a worker together, and are done again together if it dies
ROUND = 2000  # photos a processor between two looks at the list; each round loads the pipelines anew, some 5 s


class Drawer:
    """A pipeline on some machine of the cluster.

    Args:
        order: what is asked for of every photo.
    """

    def __init__(self, order: Order) -> None:
        from photo2moe.engine import limit_threads
        from photo2moe.pipeline import load_pipeline

        limit_threads(1)
        self._order, self._decoder = order, Decoder()
        self._pipeline = load_pipeline(order.config)
        limit_threads(1)  # of what was loaded just now

    def __call__(self, block: dict[str, Any]) -> dict[str, list[str]]:
        """Do jobs; both jobs and facts are JSON, and belong together by their order."""
        facts: list[str] = []
        jobs = [Job(**json.loads(text)) for text in block["job"]]

        def give(_: Job, fact: dict[str, Any]) -> None:
            facts.append(json.dumps(fact))

        stream(self._pipeline, self._order, iter(jobs), give, decoder=self._decoder)
        return {"job": list(block["job"]), "facts": facts}


class Cluster:
    """Workers of a Ray cluster. Call once.

    Args:
        order: what is asked for of every photo.
        workers: at most so many; 0 for one a processor of the cluster.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, order: Order, workers: int = 0) -> None:
        try:
            import ray.data  # noqa: F401 - said now rather than after the list was read
        except ImportError as error:
            raise MissingExtraError("--engine ray needs Ray; install photo2moe[ray]") from error
        self._order, self._workers = order, workers

    def __call__(self, jobs: Jobs, give: Give) -> None:
        """Do jobs; arguments as for :func:`stream`, but what is done comes in any order.

        Raises:
            Photo2MoeError: there is no cluster, or the pipeline cannot be loaded on it.
        """
        # Ray tells its sorrows on stdout, in a thread of its own; stdout is for data.
        with redirect_stdout(sys.stderr), _connected() as processors:
            while some := _next(jobs, ROUND * processors):
                self._round(some, min(self._workers or processors, len(some)), give)

    def _round(self, jobs: list[Job], workers: int, give: Give) -> None:
        import ray

        rows = [{"job": json.dumps(asdict(job))} for job in jobs]
        data = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // BLOCK)).map_batches(
            Drawer,
            fn_constructor_args=(self._order,),
            batch_size=None,
            num_cpus=1,
            # Not a fixed number: a worker of a dead machine comes back where another has gone idle and left.
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers),
        )
        try:
            for row in data.iter_rows():
                give(Job(**json.loads(row["job"])), json.loads(row["facts"]))
        except ray.exceptions.RayError as error:
            raise _ours(error) from error


def _next(jobs: Jobs, most: int) -> list[Job]:
    """Jobs for a round: so many, or what there is before a ``None``."""
    some: list[Job] = []
    for job in jobs:
        if job is not None:
            some.append(job)
        if len(some) >= most or (job is None and some):
            break
    return some


@contextmanager
def _connected() -> Iterator[int]:
    """The number of the cluster's processors, while connected to it."""
    import ray

    mine = not ray.is_initialized()
    if mine:
        try:
            # Without an address Ray would look for the last cluster of this machine, dead or alive.
            address = os.environ.get("RAY_ADDRESS", "local")
            ray.init(address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise Photo2MoeError(f"no Ray cluster at {address}: {reason}") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if mine:
            ray.shutdown()


def _ours(error: Exception) -> Photo2MoeError:
    """The error of ours inside one of Ray's, or one that says what Ray said."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Photo2MoeError):
            return Photo2MoeError(str(cause).strip().splitlines()[-1])
        cause = getattr(cause, "cause", None) or cause.__cause__
    return Photo2MoeError(f"Ray gave up: {str(error).strip().splitlines()[-1]}")
