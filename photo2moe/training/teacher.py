"""What a student learns to draw: drawings of nets that are trained already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from photo2moe.checkpoint import load_generator
from photo2moe.config import GeneratorConfig
from photo2moe.errors import ConfigError
from photo2moe.ops.tensors import to_images, to_planes
from photo2moe.stages.upscale import AnimeUpscaler


class Teacher:
    """The mean of some nets' drawings, each drawn as it is and mirrored; smaller ones are enlarged with clean lines.

    What one net draws by chance, at one place and on one side of every face, fades in the mean; a student draws that
    in one go (Hinton et al., *Distilling the knowledge in a neural network*, 2015).

    Args:
        paths: checkpoints.
        student: shape of the net that learns.
        device: where the nets run.

    Raises:
        ConfigError: a net wants other roughs or colours than the student, or draws larger.
    """

    def __init__(self, paths: Sequence[Path], student: GeneratorConfig, device: str = "cpu") -> None:
        self._side, self._nets = student.size * student.scale, []
        for path in paths:
            net = load_generator(path).generator
            shape = net.config
            same = (shape.size, shape.colours) == (student.size, student.colours)
            if not same or shape.scale > student.scale:
                raise ConfigError(f"--teacher {path} cannot teach a net of another size or with other colours: {shape}")
            self._nets.append(net.to(device, memory_format=torch.channels_last))  # type: ignore[call-overload]
        self._enlarge = AnimeUpscaler() if any(net.config.scale < student.scale for net in self._nets) else None

    @torch.no_grad()
    def __call__(self, roughs: Tensor, colours: Tensor) -> Tensor:
        """Draw ``(B, 4, S, S)`` roughs in ``(B, N)`` colours, as a generator does, as large as the student does."""
        drawn = [self._large(net(roughs, colours).float()) for net in self._nets]
        mirrored = [self._large(net(roughs.flip(3), colours).float()).flip(3) for net in self._nets]
        return torch.stack(drawn + mirrored).mean(0)

    def _large(self, drawn: Tensor) -> Tensor:
        if self._enlarge is None or drawn.shape[-1] == self._side:
            return drawn
        size = self._side, self._side
        pictures = [
            np.dstack([self._enlarge(picture[..., :3], self._side), cv2.resize(picture[..., 3], size)])
            for picture in to_images(drawn.cpu().numpy())
        ]
        return torch.from_numpy(to_planes(np.stack(pictures))).to(drawn.device)
