"""Portrait → anime figure: the only stage that runs the net."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from photo2moe.nets.generator import Generator
from photo2moe.ops.tensors import to_images, to_tensor
from photo2moe.types import Colours, Portrait


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
            drawn = self._generator(tensor, torch.from_numpy(wanted).to(self._device))
        return list(to_images(drawn))


def _on_white(portrait: Portrait) -> NDArray[np.uint8]:
    alpha = (portrait.alpha[..., None] * 255).round() / 255
    laid = portrait.image * alpha + 255 * (1 - alpha)
    return np.dstack([laid.round().astype(np.uint8), (alpha * 255).round().astype(np.uint8)])
