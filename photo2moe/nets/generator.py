"""The generator: a picture of one domain in, the same head in the other domain out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photo2moe.config import GeneratorConfig

STRIDE = 4  # pixels of the rough for one of the blocks'
EMBEDDING = 128  # numbers that the colours are spread to before they reach the norms


class AdaptiveNorm(nn.Module):
    """A learned mix of instance and layer norm, scaled and shifted by the colours.

    AdaLIN of U-GAT-IT (Kim et al., ICLR 2020, eq. 1). Written as one sum, since a
    compiler fuses it into one pass and this is where the time goes.
    """

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.full((1, channels, 1, 1), 0.9))
        self.gain = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.affine = nn.Linear(embedding, 2 * channels) if embedding else None
        if self.affine is not None:
            nn.init.zeros_(self.affine.weight)
            nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        """Normalise ``(B, C, H, W)`` with the colours' ``(B, embedding)``."""
        gain, bias = self.gain, self.bias
        if self.affine is not None and style is not None:
            more = self.affine(style)[..., None, None].float()
            gain, bias = gain + more[:, : x.shape[1]], bias + more[:, x.shape[1] :]
        values = x.float()
        mean = values.mean((2, 3), keepdim=True)
        square = (values * values).mean((2, 3), keepdim=True)
        layer_mean, layer_square = mean.mean(1, keepdim=True), square.mean(1, keepdim=True)
        instance = (square - mean * mean + 1e-5).rsqrt()
        layer = (layer_square - layer_mean * layer_mean + 1e-5).rsqrt()
        mix = self.mix.clamp(0, 1)
        scale = mix * instance + (1 - mix) * layer
        shift = mix * instance * mean + (1 - mix) * layer * layer_mean
        drawn: Tensor = values * (scale * gain) + (bias - shift * gain)
        return drawn.to(x.dtype)


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with norms, added to their input."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = AdaptiveNorm(channels, embedding)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = AdaptiveNorm(channels, embedding)

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        """Refine ``(B, C, H, W)``."""
        inner = F.relu(self.first_norm(self.first(x), style))
        return x + self.second_norm(self.second(inner), style)


class SelfAttention(nn.Module):
    """Every place looks at all others (Zhang et al., *SAGAN*, ICML 2019, eq. 1–4); at first it changes nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query, self.key = nn.Conv2d(channels, inner, 1), nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.share = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` → the same shape."""
        query, key, value = (layer(x).flatten(2).mT for layer in (self.query, self.key, self.value))
        # Written out as products and a softmax, its compiled gradient was not a number (PyTorch 2.14, CPU, bfloat16).
        seen = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.share * seen.mT.reshape(x.shape)


class Generator(nn.Module):
    """Translate heads between the domains.

    Args:
        config: its shape.

    The input is ``(B, 4, S, S)`` in ``[-1, 1]``: RGB on white, and transparency; the output
    likewise, ``config.scale`` times larger. ``S`` may differ from ``config.size`` but must be
    a multiple of 4. Nothing but the last convolution knows the larger size: it draws all pixels
    of a cell at once (Shi et al., *sub-pixel convolution*, CVPR 2016).
    ``colours`` is ``(B, config.colours)`` in ``[-1, 1]``, or ``None`` where that is 0.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        width, embedding = config.width, EMBEDDING if config.colours else 0
        last = width // 2 if config.scale == 1 else width  # each of its pixels becomes several
        self.embed = (
            nn.Sequential(nn.Linear(config.colours, EMBEDDING), nn.ReLU(), nn.Linear(EMBEDDING, EMBEDDING), nn.ReLU())
            if config.colours
            else None
        )
        self.down = nn.ModuleList(
            [
                nn.Conv2d(4, width, 4, stride=2, padding=1, bias=False),
                nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
            ]
        )
        self.down_norms = nn.ModuleList([AdaptiveNorm(width, 0), AdaptiveNorm(2 * width, 0)])
        self.blocks = nn.ModuleList([ResidualBlock(2 * width, embedding) for _ in range(config.blocks)])
        self.attention = SelfAttention(2 * width) if config.attention else None
        self.up = nn.ModuleList(
            [
                nn.Conv2d(2 * width, width, 3, padding=1, bias=False),
                nn.Conv2d(width, last, 3, padding=1, bias=False),
            ]
        )
        self.up_norms = nn.ModuleList([AdaptiveNorm(width, embedding), AdaptiveNorm(last, embedding)])
        self.out = nn.Conv2d(last, 4 * config.scale**2, 5, padding=2)

    def forward(self, x: Tensor, colours: Tensor | None = None) -> Tensor:
        """Draw ``(B, 4, S, S)`` in the other domain, ``(B, 4, scale · S, scale · S)``."""
        style = self.embed(colours) if self.embed is not None and colours is not None else None
        for conv, norm in zip(self.down, self.down_norms, strict=True):
            x = F.relu(norm(conv(x), None))
        for i, block in enumerate(self.blocks):
            if self.attention is not None and i == len(self.blocks) // 2:
                x = self.attention(x)
            x = block(x, style)
        for conv, norm in zip(self.up, self.up_norms, strict=True):
            x = F.relu(norm(conv(_double(x)), style))
        return torch.tanh(F.pixel_shuffle(self.out(x), self.config.scale))


def _double(x: Tensor) -> Tensor:
    """Repeat every pixel 2 × 2.

    ``F.interpolate`` in words that ``torch.compile`` turns into plain copies: compiled,
    its gradient was 14 times slower (27 ms against 1.9 ms at 128 channels of 32 × 32, batch 8).
    """
    b, c, h, w = x.shape
    rows = x.permute(0, 2, 3, 1)[:, :, None, :, None].expand(-1, -1, 2, -1, 2, -1)
    return rows.reshape(b, 2 * h, 2 * w, c).permute(0, 3, 1, 2)
