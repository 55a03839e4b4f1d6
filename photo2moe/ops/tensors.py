"""The two doors between pictures and nets: uint8 HWC and float BCHW."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def to_tensor(images: NDArray[np.uint8]) -> torch.Tensor:
    """Bring pictures into the range of the nets.

    Args:
        images: ``(B, H, W, C)`` uint8.

    Returns:
        ``(B, C, H, W)`` float32 in ``[-1, 1]``, channels-last in memory, which is
        the layout that the CPU's convolutions are fastest in.
    """
    import torch

    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_images(tensor: torch.Tensor) -> NDArray[np.uint8]:
    """Bring a net's output back to pictures; inverse of :func:`to_tensor`.

    Args:
        tensor: ``(B, C, H, W)`` in ``[-1, 1]``; values outside are clipped.

    Returns:
        ``(B, H, W, C)`` uint8.
    """
    scaled = ((tensor.detach().float() + 1) * 127.5).round().clamp(0, 255)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).byte().cpu().numpy())
