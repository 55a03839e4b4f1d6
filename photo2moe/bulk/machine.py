"""What this machine can carry: processors and memory, as far as this process may use them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

WORKER_BYTES = 1_000_000_000  # measured: 0.8 GB a worker with photos of 12 megapixels on their way
_CONTROL = Path("/sys/fs/cgroup")  # what a container may use


def best_workers() -> int:
    """As many worker processes as there are processors, and no more than fit into the memory that is free."""
    return max(1, min(processors(), free_memory() // WORKER_BYTES))


def processors() -> int:
    """Processors that this process may use."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no control group, or "max"
        quota, period = (_CONTROL / "cpu.max").read_text().split()
        return max(1, min(there, int(quota) // int(period)))
    return there


def free_memory() -> int:
    """Bytes that could be had without swapping; a guess of 8 GB where the system does not say."""
    free = 8_000_000_000
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    with suppress(OSError, ValueError):
        limit, used = (int((_CONTROL / f"memory.{what}").read_text()) for what in ("max", "current"))
        return max(0, min(free, limit - used))
    return free
