"""The discriminator: does a picture belong to its domain?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from photo2moe.config import DiscriminatorConfig


class Discriminator(nn.Module):
    """Judge pictures in patches and as a whole.

    Spectral norm in all layers (Miyato et al., ICLR 2018). Two heads share a trunk:
    one judges patches of about 46 px, which is where lines and shading are, the other
    the whole head, which is where proportions and matching eyes are.

    Args:
        config: its shape.

    The input is ``(B, 5, S, S)`` in ``[-1, 1]``: RGB on white, transparency, and which
    pixels are to be judged at all; both heads' scores come back, ``(B, N)`` each.
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        width = config.width

        def conv(inputs: int, outputs: int, kernel: int = 4, stride: int = 2) -> nn.Module:
            return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding=1))

        self.trunk = nn.ModuleList([conv(5, width), conv(width, 2 * width), conv(2 * width, 4 * width)])
        self.local = conv(4 * width, 1, 3, 1)
        self.wide = nn.ModuleList([conv(4 * width, 4 * width), conv(4 * width, 4 * width)])
        self.whole = spectral_norm(nn.Conv2d(4 * width, 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores ``(B, N)`` of the patches and ``(B, 1)`` of the whole."""
        for layer in self.trunk:
            x = F.leaky_relu(layer(x), 0.2)
        local = self.local(x)
        for layer in self.wide:
            x = F.leaky_relu(layer(x), 0.2)
        whole = torch.mean(self.whole(x), dim=(1, 2, 3))
        return local.flatten(1), whole[:, None]
