"""A discriminator that looks through the eyes of a net that knows pictures already."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from photo2moe.nets.discriminator import Scores
from photo2moe.nets.pretrained import efficientnet_lite

MARGIN = 8  # one part in so many is left out at each side, where few anime faces show anything
CHANNELS = (24, 40, 112, 320)  # of EfficientNet-Lite1 where it is 4, 8, 16 and 32 times smaller than the picture
MIXED = 64  # channels that each of them is mixed to
FINE = 2  # of the scales, counted from the finest, those that judge patches; the others judge the whole


class ProjectedDiscriminator(nn.Module):
    """Judge pictures by features of a frozen net, at four scales.

    Source: Sauer et al., *Projected GANs converge faster*, NeurIPS 2021: features of a trained
    net, mixed across channels and scales by fixed random convolutions, so that no scale can be
    ignored, and a small head for each. The net is EfficientNet-Lite1; distances between sets of
    pictures are measured on another one of its family, Lite0.

    The input is ``(B, 3, S, S)`` in ``[-1, 1]``, RGB on white, ``S`` at least 64; the middle three quarters are judged.

    Raises:
        MissingExtraError: the packages with the net are not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        eyes = efficientnet_lite(1, "train").to(memory_format=torch.channels_last)
        self._eyes = [eyes]  # in a list, so that it is neither trained nor saved
        self.across = nn.ModuleList([nn.Conv2d(c, MIXED, 1, bias=False) for c in CHANNELS])
        self.down = nn.ModuleList([nn.Conv2d(MIXED, MIXED, 3, padding=1, bias=False) for _ in CHANNELS[1:]])
        for mix in (*self.across, *self.down):
            nn.init.kaiming_normal_(mix.weight, nonlinearity="linear")
            mix.requires_grad_(False)
        self.heads = nn.ModuleList([_head(strides) for strides in (2, 1, 1, 0)])

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ProjectedDiscriminator:
        self._eyes[0]._apply(fn)  # moved to where the heads are moved
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Scores:
        """Judge ``(B, 3, S, S)``."""
        edge = x.shape[-1] // MARGIN
        x = x[..., edge:-edge, edge:-edge]
        levels = [mix(level) for mix, level in zip(self.across, self._look(x), strict=True)]
        for i in range(len(levels) - 2, -1, -1):  # from coarse to fine
            above = F.interpolate(levels[i + 1].float(), size=levels[i].shape[-2:], mode="bilinear")
            levels[i] = levels[i] + self.down[i](above)
        levels = [_unit(level.float()) for level in levels]
        scores = [head(level).flatten(1) for head, level in zip(self.heads, levels, strict=True)]
        return Scores(torch.cat(scores[:FINE], 1), torch.cat(scores[FINE:], 1), levels)

    def _look(self, x: Tensor) -> list[Tensor]:
        """Features just before each halving, from 4 times smaller on."""
        net, seen = self._eyes[0], []
        x = F.relu6(net._bn0(net._conv_stem(x.to(memory_format=torch.channels_last))))
        for block in net._blocks:
            before, x = x, block(x)
            if x.shape[-1] < before.shape[-1]:
                seen.append(before)
        return [*seen[1:], x]


def _unit(x: Tensor) -> Tensor:
    """Features of mean square 1 in each picture, since heads that are held to slopes of 1 want such."""
    return x / x.detach().square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-6)


def _head(strides: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(strides):
        layers += [spectral_norm(nn.Conv2d(MIXED, MIXED, 4, 2, padding=1)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(MIXED, 1, 3, padding=1)))
