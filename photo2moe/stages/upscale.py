"""Enlarge a drawing with clean lines."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import MissingExtraError

Picture = NDArray[np.uint8]

MODEL = "acnet-hdn0"
LARGEST = 512  # pixels: sides beyond are doubled by Lanczos, since the net gets slow and has no more to add
# The net sharpens brightness alone. Small pictures are cheap: there every channel goes
# through it by itself, so that colours do not run over the lines.
BY_CHANNEL = 256
ALPHA_NET = 256  # alpha is smoother than colour; beyond, plain cubic gives the same edge
# Alpha is steepened to one clean edge; it starts above 0, since the rim is the least sure.
EDGE = (0.35, 0.75)


class AnimeUpscaler:
    """Anime4KCPP's ACNet (pyanime4k), ×2 again and again, then down to the size wanted.

    Args:
        threads: processor threads; ``None`` leaves it to OpenMP. Heeded where the
            package brings GNU OpenMP, as on Linux.

    Raises:
        MissingExtraError: pyanime4k cannot be imported.
    """

    def __init__(self, threads: int | None = None) -> None:
        try:
            import pyanime4k
        except ImportError as error:
            raise MissingExtraError(
                f"the anime upscaler cannot be loaded ({error}); install pyanime4k, or use --upscale lanczos"
            ) from error
        self._double = pyanime4k.Processor("cpu", 0, MODEL)
        folder = Path(pyanime4k.__file__).parent.with_name("pyanime4k.libs")
        self._threads = threads
        self._openmp = [ctypes.CDLL(str(path)) for path in folder.glob("libgomp*")] if threads is not None else []

    def __call__(self, image: Picture, size: int) -> Picture:
        """Enlarge a drawing.

        Args:
            image: ``(S, S, 3)`` uint8, or ``(S, S, 4)`` with straight alpha.
            size: side of the result, pixels.

        Returns:
            The same kind of picture, ``size`` × ``size``.
        """
        for library in self._openmp:  # anew in every call: OpenMP keeps the number by calling thread
            library.omp_set_num_threads(self._threads)
        return _enlarge(image, size, self._colours, self._alpha)

    def _colours(self, image: Picture, size: int) -> Picture:
        while (side := image.shape[0]) < size and side <= LARGEST:
            if side <= BY_CHANNEL:
                image = np.dstack([self._double(np.ascontiguousarray(image[..., c]), 2.0) for c in range(3)])
            else:
                image = self._double(image, 2.0)
        return image

    def _alpha(self, alpha: Picture, size: int) -> Picture:
        while (side := alpha.shape[0]) < size and side <= ALPHA_NET:
            alpha = self._double(alpha, 2.0)
        return alpha


class LanczosUpscaler:
    """Plain interpolation: fast, the same everywhere, soft."""

    def __call__(self, image: Picture, size: int) -> Picture:
        """Enlarge a drawing; arguments and result as for :class:`AnimeUpscaler`."""
        return _enlarge(image, size, _same, _same)


def _enlarge(
    image: Picture, size: int, colours: Callable[[Picture, int], Picture], alpha: Callable[[Picture, int], Picture]
) -> Picture:
    """Enlarge colours and alpha each in its way, then bring both to exactly the size."""
    if image.shape[2] == 3:
        return _resize(colours(np.ascontiguousarray(image), size), size)
    large = _resize(colours(np.ascontiguousarray(image[..., :3]), size), size)
    soft = _resize(alpha(np.ascontiguousarray(image[..., 3]), size), size)
    if size > image.shape[0]:
        soft = _steepen(soft)
    return np.dstack([large, soft])


def _resize(image: Picture, size: int) -> Picture:
    if image.shape[:2] == (size, size):
        return image
    way = cv2.INTER_AREA if min(image.shape[:2]) > size else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(image, (size, size), interpolation=way), np.uint8)


def _steepen(alpha: Picture) -> Picture:
    """Contrast of an enlarged alpha, so that its edge is sharp but still smooth."""
    start, end = EDGE
    x = np.clip((np.arange(256) / 255 - start) / (end - start), 0, 1)
    return np.asarray(cv2.LUT(alpha, (255 * x * x * (3 - 2 * x)).round().astype(np.uint8)), np.uint8)


def _same(image: Picture, size: int) -> Picture:
    """Leave a picture to the final interpolation."""
    return image
