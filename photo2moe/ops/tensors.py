"""Arrays as others want them: pictures for nets and back, without any engine; masks for each channel of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]


def to_planes(images: NDArray[np.uint8]) -> Planes:
    """Bring pictures into the range and the layout of the nets.

    Args:
        images: ``(B, H, W, C)`` uint8.

    Returns:
        ``(B, C, H, W)`` float32 in ``[-1, 1]``; still channels-last in memory, which is
        the layout that the CPU's convolutions are fastest in.
    """
    return np.moveaxis(np.ascontiguousarray(images).astype(np.float32) / np.float32(127.5) - 1, 3, 1)


def to_images(planes: Planes) -> NDArray[np.uint8]:
    """Bring a net's output back to pictures; inverse of :func:`to_planes`.

    Args:
        planes: ``(B, C, H, W)`` in ``[-1, 1]``; values outside are clipped.

    Returns:
        ``(B, H, W, C)`` uint8.
    """
    scaled = ((np.asarray(planes, np.float32) + 1) * np.float32(127.5)).round().clip(0, 255)
    return np.ascontiguousarray(np.moveaxis(scaled, 1, 3).astype(np.uint8))


def thrice(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """A mask ``(H, W)`` for each channel, ``(H, W, 3)``; broadcasting over so short an axis is several times slower."""
    return np.asarray(cv2.merge((mask, mask, mask)))


def gains(mask: NDArray[np.float32], gain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Factors ``(H, W, C)`` that are 1 where a mask is 0 and ``gain``, ``(C,)``, where it is 1."""
    return np.asarray(cv2.transform(mask, np.stack([gain - 1, np.ones_like(gain)], 1).astype(np.float32)))
