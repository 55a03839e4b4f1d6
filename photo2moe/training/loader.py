"""Batches in the order of their steps, made ahead by other processes where a GPU would wait for them."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import cv2
import torch
from torch.utils.data import DataLoader

from photo2moe.config import TrainConfig
from photo2moe.training.data import Dataset, Pairs, Photos

AHEAD = 3  # batches that each worker makes ahead

Batch = tuple[Pairs, "Photos | None"]


def batches(
    dataset: Dataset, config: TrainConfig, steps: Sequence[int], rank: int = 0, ranks: int = 1
) -> DataLoader[Batch]:
    """What these steps are to see, on the CPU; photos only where ``config.photo_every`` says so.

    Args:
        dataset: where they come from.
        config: ``workers`` is how many processes make them; 0 makes each when it is asked for.
        steps: which.
        rank: of several processes, the one that works on these rows.
        ranks: how many processes share a batch.
    """
    return DataLoader(
        _Steps(dataset, config.photo_every, rank, ranks),
        batch_size=None,
        sampler=steps,
        num_workers=config.workers,
        worker_init_fn=_alone,
        prefetch_factor=AHEAD if config.workers else None,
        # A fork would copy locks that threads of this process hold, and wait for them for ever.
        multiprocessing_context="spawn" if config.workers else None,
    )


class _Steps(torch.utils.data.Dataset[Batch]):
    """Batches by their step, as PyTorch's loader wants them."""

    def __init__(self, dataset: Dataset, photo_every: int, rank: int, ranks: int) -> None:
        self._dataset, self._photo_every, self._share = dataset, photo_every, (rank, ranks)

    def __getitem__(self, step: int) -> Batch:
        photos = self._dataset.photos(step, *self._share) if step % self._photo_every == 0 else None
        return self._dataset.pairs(step, *self._share), photos


def _alone(_: int) -> None:
    cv2.setNumThreads(1)  # each worker has a processor of its own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the run ends its workers when it is saved
