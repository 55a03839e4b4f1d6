"""Enlarge a drawing with clean lines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.weights import UPSCALER, verified

Picture = NDArray[np.uint8]

FACTOR = 4  # how much larger the net draws, along each side
BLOCK = 2  # pixels along each side that it takes as one
RIM = 4  # pixels repeated around the picture, since the net was not taught where pictures end
SEEN = 12.0  # grey levels: where neighbours differ by less the net has less to add, and nothing to flat colours
LARGEST = 512  # pixels: sides beyond are enlarged by interpolation, since the net gets slow and has no more to add
# Alpha is blurred by so many of its pixels, which takes its steps away, and steepened to one clean edge, which starts
# above 0, since the rim is the least sure.
SMOOTH, EDGE = 1.0, (0.35, 0.75)


class AnimeUpscaler:
    """A small net, ×4 at once, then interpolation to the size wanted.

    It learned from Real-ESRGAN's net for anime videos (Wang et al., *Real-ESRGAN*, ICCVW 2021), which is many times
    larger, on drawings of our own generator: ``scripts/fit_upscaler.py``. It adds to cubic interpolation what makes
    lines clean. OpenCV runs it, whatever the backend of the generator.

    Raises:
        WeightsError: the installation lacks the net, or it is not the released one.
    """

    def __init__(self) -> None:
        self._net = cv2.dnn.readNetFromONNX(str(verified(UPSCALER)))

    def __call__(self, image: Picture, size: int) -> Picture:
        """Enlarge a drawing.

        Args:
            image: ``(S, S, 3)`` uint8, or ``(S, S, 4)`` with straight alpha.
            size: side of the result, pixels.

        Returns:
            The same kind of picture, ``size`` × ``size``.
        """
        small = len(image) < size and len(image) <= LARGEST
        return _finish(self._colours(image) if small else image[..., :3], image, size)

    def _colours(self, image: Picture) -> Picture:
        """Colours of a picture, :data:`FACTOR` times larger."""
        if image.shape[2] == 3:
            image = np.dstack([image, np.full_like(image[..., 0], 255)])
        before, after = RIM, RIM + len(image) % BLOCK
        square = cv2.copyMakeBorder(image, before, after, before, after, cv2.BORDER_REPLICATE)
        self._net.setInput(_blocks(square))
        more = _from_blocks(self._net.forward() * _busy(square[..., :3]))
        large = cv2.resize(square[..., :3], more.shape[:2], interpolation=cv2.INTER_CUBIC)
        cv2.add(large, more, large, dtype=cv2.CV_8U)
        inside = slice(FACTOR * before, FACTOR * (before + len(image)))
        return np.asarray(large[inside, inside])


def _blocks(image: Picture) -> NDArray[np.float32]:
    """``(S, S, 4)`` 0…255 → ``(1, 16, S / 2, S / 2)`` in 0…1: the pixels of a block as channels."""
    half, channels = len(image) // BLOCK, image.shape[2]
    parts = image.reshape(half, BLOCK, half, BLOCK, channels).transpose(4, 1, 3, 0, 2)
    return parts.reshape(1, channels * BLOCK**2, half, half).astype(np.float32) / 255


def _busy(image: Picture) -> NDArray[np.float32]:
    """``(S / 2, S / 2)`` 0 where a picture is of one colour, 1 from differences of :data:`SEEN` grey levels on."""
    near = np.ones((5, 5), np.uint8)
    apart = cv2.subtract(cv2.dilate(image, near), cv2.erode(image, near))[::BLOCK, ::BLOCK].max(2)
    return np.minimum(apart.astype(np.float32) / SEEN, 1)


def _from_blocks(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(1, 192, H, H)`` → ``(8 H, 8 H, 3)``; inverse of :func:`_blocks` with larger blocks."""
    side, half = BLOCK * FACTOR, planes.shape[-1]
    parts = planes.reshape(-1, side, side, half, half).transpose(3, 1, 4, 2, 0)
    return parts.reshape(half * side, half * side, -1)


def _finish(colours: Picture, image: Picture, size: int) -> Picture:
    """Bring colours to the size, and the alpha of the picture that they come from, if it has some."""
    colours = _resize(np.ascontiguousarray(colours), size)
    if image.shape[2] == 3:
        return colours
    alpha = np.ascontiguousarray(image[..., 3])
    if size > len(alpha):
        alpha = cv2.LUT(_resize(cv2.GaussianBlur(alpha, (0, 0), SMOOTH), size), _steepened())
    both = np.empty((size, size, 4), np.uint8)
    cv2.mixChannels([colours, _resize(alpha, size)], [both], [0, 0, 1, 1, 2, 2, 3, 3])
    return both


def _resize(image: Picture, size: int) -> Picture:
    if image.shape[:2] == (size, size):
        return image
    way = cv2.INTER_AREA if len(image) > size else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(image, (size, size), interpolation=way), np.uint8)


def _steepened() -> Picture:
    """Contrast of an enlarged alpha, so that its edge is sharp but still smooth."""
    start, end = EDGE
    x = np.clip((np.arange(256) / 255 - start) / (end - start), 0, 1)
    return np.asarray((255 * x * x * (3 - 2 * x)).round(), np.uint8)
