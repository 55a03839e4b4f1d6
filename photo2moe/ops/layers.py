"""Pictures over one another: bring them into one frame, and lay them down."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.types import Image, Mask, Matrix

Picture = NDArray[np.uint8]

ALIASES = 0.67  # below this scale, bilinear sampling skips pixels


def warp(picture: Picture, matrix: Matrix, shape: tuple[int, int], *, outside: int | None = None) -> Picture:
    """Bring a picture into another frame; what shrinks is averaged by area first.

    Args:
        picture: ``(H, W)`` or ``(H, W, C)`` uint8.
        matrix: ``(2, 3)``, its pixels → the frame's pixels, nearly a similarity.
        shape: ``(height, width)`` of the frame.
        outside: value beyond the picture; ``None`` repeats its edge.

    Returns:
        ``(height, width)`` or ``(height, width, C)`` uint8.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < ALIASES:
        height, width = picture.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        ratio = np.array([width / size[0], height / size[1]])
        # Pixel centres are integers: x in the small picture is (x + 0.5) · ratio - 0.5 in the large one.
        linear = matrix[:, :2] * ratio
        matrix = np.hstack([linear, matrix[:, :2] @ ((ratio[:, None] - 1) / 2) + matrix[:, 2:]])
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    value = (outside or 0,) * 4
    moved = cv2.warpAffine(picture, matrix, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=border, borderValue=value)
    return np.asarray(moved, np.uint8)


def fit(picture: Picture, size: int) -> Picture:
    """Bring a picture to ``size`` × ``size``: by area if it shrinks, else by cubic."""
    if picture.shape[:2] == (size, size):
        return picture
    way = cv2.INTER_AREA if min(picture.shape[:2]) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=way), np.uint8)


def cover(picture: Image, size: int) -> Image:
    """Cut the middle square out of a picture and bring it to ``size`` × ``size``."""
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    return fit(picture[y : y + side, x : x + side], size)


def blend(below: Image, above: Image, alpha: Mask) -> Image:
    """Lay one picture over another: exactly ``below`` at alpha 0, exactly ``above`` at 1.

    Args:
        below: ``(H, W, 3)`` uint8.
        above: ``(H, W, 3)`` uint8.
        alpha: ``(H, W)`` mask.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    alpha = np.ascontiguousarray(alpha, np.float32)
    return np.asarray(cv2.blendLinear(above, below, alpha, 1 - alpha), np.uint8)


def lay(figure: Picture, below: Image) -> Image:
    """Lay a figure ``(H, W, 4)`` with straight alpha over a picture ``(H, W, 3)``."""
    alpha = cv2.extractChannel(figure, 3).astype(np.float32) * np.float32(1 / 255)
    return blend(below, np.asarray(cv2.cvtColor(figure, cv2.COLOR_RGBA2RGB)), alpha)


def rise(start: float, end: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go smoothly from 0 at ``start`` to 1 at ``end``, which may lie below it.

    >>> rise(0, 2, np.array([-1.0, 1.0, 3.0]))
    array([0. , 0.5, 1. ])
    """
    x = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float64)
