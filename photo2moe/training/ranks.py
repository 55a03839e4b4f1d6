"""Several processes training one net: PyTorch's own process group, started by ``torchrun``.

Each process works on its rows of every batch; gradients are averaged, so the result
is that of one process with the whole batch, up to rounding. On a CPU two processes
of one thread each also share busy cores better than one process of two threads,
which waits for the slower thread at every layer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among ``count``; ``rank`` 0 logs and saves."""

    rank: int
    count: int

    @classmethod
    def join(cls) -> Ranks:
        """Join the group that ``torchrun`` started, or be alone."""
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls(0, 1)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process logs and saves."""
        return self.rank == 0

    def average(self, gradients: list[Tensor | None]) -> None:
        """Replace gradients by their mean over all processes, in one message."""
        if self.count == 1:
            return
        there = [g for g in gradients if g is not None]
        flat = torch.cat([g.flatten() for g in there])
        dist.all_reduce(flat)
        means = torch.split(flat / self.count, [g.numel() for g in there])
        for gradient, mean in zip(there, means, strict=True):
            gradient.copy_(mean.view_as(gradient))

    def any(self, claim: bool) -> bool:
        """Whether any process claims it, so that all of them stop at the same step."""
        if self.count == 1:
            return claim
        flag = torch.tensor(float(claim))
        dist.all_reduce(flag)
        return bool(flag > 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            dist.barrier()
