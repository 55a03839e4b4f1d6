"""Several processes training one net: PyTorch's own process group, started by ``torchrun``.

Each process works on its rows of every batch; gradients are averaged, so the result
is that of one process with the whole batch, up to rounding. On a CPU two processes
of one thread each also share busy cores better than one process of two threads,
which waits for the slower thread at every layer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from photo2moe.engine import pick_device

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among ``count``; ``rank`` 0 logs and saves. Its nets and batches lie on ``device``."""

    rank: int
    count: int
    device: str = "cpu"

    @classmethod
    def join(cls, device: str = "auto") -> Ranks:
        """Join the group that ``torchrun`` started, each process with a GPU of its own, or be alone.

        Raises:
            ConfigError: this machine has no such device.
        """
        device = pick_device(device)
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls(0, 1, device)
        if device == "cuda":
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
        return cls(dist.get_rank(), dist.get_world_size(), device)

    @property
    def first(self) -> bool:
        """Whether this process logs and saves."""
        return self.rank == 0

    def own(self, batch: T) -> T:
        """The same dataclass with its tensors on this process's device."""
        values: dict[str, Any] = {f.name: getattr(batch, f.name) for f in fields(batch)}  # type: ignore[arg-type]
        moved = {name: value.to(self.device) for name, value in values.items() if isinstance(value, Tensor)}
        return replace(batch, **moved)  # type: ignore[type-var]

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
        flag = torch.tensor(float(claim), device=self.device)
        dist.all_reduce(flag)
        return bool(flag > 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            dist.barrier()
