"""Portrait → anime figure: the only stage that runs the net."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from photo2moe.nets.generator import Generator
from photo2moe.ops.tensors import to_images, to_tensor
from photo2moe.types import Colours, Portrait


# How far a drawn figure may reach beyond the person, as a share of the side (0.16 face
# units on the template): hair gets fuller, but grows no horns and no second head.
REACH = 0.045


class Translator:
    """Draws portraits as anime figures.

    Args:
        generator: a net in ``eval()`` mode.
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(self, generator: Generator, device: str = "cpu") -> None:
        self.size = generator.config.size
        self._device = torch.device(device)
        self._generator = generator.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, portraits: list[Portrait], colours: list[Colours]) -> list[NDArray[np.uint8]]:
        """Draw some portraits.

        Args:
            portraits: squares of ``self.size``.
            colours: what each shall be drawn with.

        Returns:
            A cutout each: ``(S, S, 4)`` uint8, RGB as it lies on white, and transparency.
        """
        pictures = np.stack([_on_white(portrait) for portrait in portraits])
        wanted = np.array([(*c.skin, *c.hair, *c.eyes) for c in colours], np.float32) / 127.5 - 1
        with torch.inference_mode():
            tensor = to_tensor(pictures).to(self._device)
            drawn = to_images(self._generator(tensor, torch.from_numpy(wanted).to(self._device)))
        return [_within(cutout, portrait) for cutout, portrait in zip(drawn, portraits, strict=True)]


def _within(cutout: NDArray[np.uint8], portrait: Portrait) -> NDArray[np.uint8]:
    """Make transparent what strays too far from the person."""
    reach = 2 * round(REACH * portrait.alpha.shape[0]) + 1
    around = cv2.dilate(portrait.alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    limit = (cv2.GaussianBlur(around, (0, 0), 1) * 255).round().astype(np.uint8)
    outside = cutout[..., 3] > limit
    image = np.where(outside[..., None], _mix(cutout, limit), cutout[..., :3])
    return np.dstack([image, np.minimum(cutout[..., 3], limit)])


def _mix(cutout: NDArray[np.uint8], limit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours as they lie on white under a smaller alpha."""
    share = limit[..., None] / np.maximum(cutout[..., 3:], 1).astype(np.float32)
    return (255 - (255 - cutout[..., :3]) * np.minimum(share, 1)).round().astype(np.uint8)


def _on_white(portrait: Portrait) -> NDArray[np.uint8]:
    alpha = (portrait.alpha[..., None] * 255).round() / 255
    laid = portrait.image * alpha + 255 * (1 - alpha)
    return np.dstack([laid.round().astype(np.uint8), (alpha * 255).round().astype(np.uint8)])
