"""The discriminator: does a picture belong to its domain?"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from photo2moe.config import DiscriminatorConfig


class Scores(NamedTuple):
    """What a discriminator thinks of pictures.

    Attributes:
        local: ``(B, N)`` scores of the patches.
        whole: ``(B, 1)`` of the whole.
        features: what its layers saw, for feature matching.
    """

    local: Tensor
    whole: Tensor
    features: list[Tensor]


class Discriminator(nn.Module):
    """Judge pictures in patches and as a whole.

    Spectral norm in all layers (Miyato et al., ICLR 2018). Two heads share a trunk:
    one judges patches of about 46 px, which is where lines and shading are, the other
    the whole head, which is where proportions and matching eyes are.

    Args:
        config: its shape.
        scale: of the generator: squares of so many pixels' side are taken as one.
        wide: further layers that the head for the whole picture has; fewer for small pictures.

    The input is ``(B, 5, S, S)`` in ``[-1, 1]``: RGB on white, transparency, and which
    pixels are to be judged at all.
    """

    def __init__(self, config: DiscriminatorConfig, scale: int = 1, wide: int = 2) -> None:
        super().__init__()
        width, self.scale = config.width, scale

        def conv(inputs: int, outputs: int, kernel: int = 4, stride: int = 2) -> nn.Module:
            return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding=1))

        self.trunk = nn.ModuleList([conv(5 * scale**2, width), conv(width, 2 * width), conv(2 * width, 4 * width)])
        self.local = conv(4 * width, 1, 3, 1)
        self.wide = nn.ModuleList([conv(4 * width, 4 * width) for _ in range(wide)])
        self.whole = spectral_norm(nn.Conv2d(4 * width, 1, 3, padding=1))

    def forward(self, x: Tensor) -> Scores:
        """Judge ``(B, 5, H, W)``; sides are multiples of ``scale``, and at least ``2 ** (3 + wide)`` times that."""
        x, features = F.pixel_unshuffle(x, self.scale), []
        for layer in self.trunk:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        local = self.local(x)
        for layer in self.wide:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        whole = torch.mean(self.whole(x), dim=(1, 2, 3))
        return Scores(local.flatten(1), whole[:, None], features)
