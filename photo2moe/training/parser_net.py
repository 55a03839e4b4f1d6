"""The net of the parser, and how it becomes an ONNX file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photo2moe.errors import MissingExtraError, WeightsError
from photo2moe.face.parse import FORMAT, OUTSIDE, REGIONS, SIZE
from photo2moe.files import write_bytes
from photo2moe.nets.pretrained import efficientnet_lite
from photo2moe.training.parser_data import Pictures

# Blocks of EfficientNet-Lite0: channels in and out, kernel, stride, expansion.
BLOCKS = (
    (32, 16, 3, 1, 1),
    (16, 24, 3, 2, 6),
    (24, 24, 3, 1, 6),
    (24, 40, 5, 2, 6),
    (40, 40, 5, 1, 6),
    (40, 80, 3, 2, 6),
    (80, 80, 3, 1, 6),
    (80, 80, 3, 1, 6),
    (80, 112, 5, 1, 6),
)
FROZEN = 3  # of the blocks stay as they are: edges and colours are the same everywhere, and this halves the time
SKIPS = (0, 2, 4)  # blocks whose results the decoder takes up again
CONTEXT = 96  # channels of what has seen the whole square
DECODER = (64, 48, 32, 16)  # channels of the decoder, 16, 8, 4 and 2 times smaller than the picture
SMALL = 256  # numbers: smaller sets of weights are kept in 32 bits


class Bottleneck(nn.Module):
    """Inverted bottleneck of EfficientNet-Lite with its normalisations folded into the convolutions."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide, self.stride = inside * expansion, stride
        self.expand = nn.Conv2d(inside, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = nn.Conv2d(wide, wide, kernel, stride, 0 if stride == 2 else kernel // 2, groups=wide)
        self.project = nn.Conv2d(wide, outside, 1)
        self.pad = [(kernel - 2) // 2, (kernel - 1) // 2] * 2  # as TensorFlow pads, for even sizes
        self.residual = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` → ``(B, C', H / stride, W / stride)``."""
        y = x if isinstance(self.expand, nn.Identity) else F.relu6(self.expand(x))
        y = self.depthwise(F.pad(y, self.pad) if self.stride == 2 else y)
        y = self.project(F.relu6(y))
        return x + y if self.residual else y


class Mix(nn.Module):
    """Residual block: depthwise 5 × 5, normalisation, twice as many channels, back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.ReLU(),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` → the same."""
        return x + self.net(x)


class ParserNet(nn.Module):
    """U-Net: ``(B, 3, 192, 192)`` about −1…1 → logits ``(B, 5, 192, 192)``; other multiples of 32 do for training.

    Source of the encoder: Tan and Le, *EfficientNet*, ICML 2019 (Lite0, up to the block where it is 16 times smaller).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, BLOCKS[0][0], 3, 2)
        self.blocks = nn.ModuleList([Bottleneck(*block) for block in BLOCKS])
        last = BLOCKS[-1][1]
        side = SIZE // 16
        self.place = nn.Parameter(torch.zeros(1, last, side, side))  # where in the square something is
        self.down = nn.Sequential(
            nn.Conv2d(last, CONTEXT, 1),
            nn.Conv2d(CONTEXT, CONTEXT, 5, 2, padding=2, groups=CONTEXT, bias=False),
            nn.BatchNorm2d(CONTEXT),
            Mix(CONTEXT),
            Mix(CONTEXT),
        )
        self.whole = nn.Conv2d(CONTEXT, CONTEXT, 1)
        above = (CONTEXT, *DECODER[:-1])
        beside = (last, *(BLOCKS[i][1] for i in SKIPS[::-1]))
        self.up = nn.ModuleList([nn.Conv2d(a, c, 1) for a, c in zip(above, DECODER, strict=True)])
        self.across = nn.ModuleList([nn.Conv2d(b, c, 1) for b, c in zip(beside, DECODER, strict=True)])
        self.mixes = nn.ModuleList([Mix(c) for c in DECODER])
        self.head = nn.Conv2d(DECODER[-1], len(REGIONS), 1)
        for part in (self.stem, *self.blocks[:FROZEN]):
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits at the size of the picture."""
        x, beside = F.relu6(self.stem(F.pad(x, [0, 1, 0, 1]))), []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in SKIPS:
                beside.append(x)
        place: Tensor = self.place
        if x.shape[-1] != place.shape[-1]:  # smaller pictures, in training
            place = F.interpolate(place, size=x.shape[-2:], mode="bilinear", align_corners=False)
        beside.append(x + place)
        x = self.down(beside[-1])
        x = x + self.whole(F.relu(x.mean((2, 3), keepdim=True)))
        for up, across, mix in zip(self.up, self.across, self.mixes, strict=True):
            x = F.interpolate(up(F.relu(x)), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = mix(F.relu(x + across(beside.pop())))
        return F.interpolate(self.head(F.relu(x)), scale_factor=2.0, mode="bilinear", align_corners=False)


def from_imagenet() -> ParserNet:
    """A net whose encoder has learned from ImageNet; the rest is drawn by lot.

    Raises:
        MissingExtraError: the packages with the weights are not installed.
    """
    net, known = ParserNet(), efficientnet_lite(0, "eval")
    _fold(known._conv_stem, known._bn0, net.stem)
    for block, theirs in zip(net.blocks, known._blocks, strict=False):
        if hasattr(theirs, "_expand_conv"):
            _fold(theirs._expand_conv, theirs._bn0, block.expand)
        _fold(theirs._depthwise_conv, theirs._bn1, block.depthwise)
        _fold(theirs._project_conv, theirs._bn2, block.project)
    return net


@torch.no_grad()
def _fold(convolution: Any, norm: Any, into: Any) -> None:
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    into.weight.copy_(convolution.weight * scale[:, None, None, None])
    into.bias.copy_(norm.bias - norm.running_mean * scale)


def tensor(pictures: Pictures) -> Tensor:
    """``(B, S, S, 3)`` uint8 → ``(B, 3, S, S)`` as the net takes it, channels last in memory."""
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - OUTSIDE) / 128


def export(net: nn.Module, output: Path) -> None:
    """Write the net as ONNX, its weights as 16-bit numbers, which halves the file; calculation stays in 32 bits.

    Args:
        net: see :class:`ParserNet`.
        output: ``*.onnx``, for ``photo2moe.face.parse``.

    Raises:
        MissingExtraError: the packages for ONNX are not installed.
        WeightsError: PyTorch could not export it.
        ImageWriteError: it cannot be written.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch's exporter needs it)
    except ImportError as error:
        raise MissingExtraError(f"{error.name} is not installed; pip install 'photo2moe[export]'") from error
    picture = torch.zeros(1, 3, SIZE, SIZE)
    plain_net = copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format)
    program = torch.onnx.export(
        plain_net, (picture,), dynamo=True, verbose=False, input_names=["picture"], output_names=["logits"]
    )
    if program is None:
        raise WeightsError("PyTorch could not export this net to ONNX")
    model = program.model_proto
    casts, kept = [], []
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= SMALL:
            half = onnx.numpy_helper.from_array(values.astype(np.float16), weight.name + "_half")
            kept.append(half)
            casts.append(onnx.helper.make_node("Cast", [half.name], [weight.name], to=onnx.TensorProto.FLOAT))
        else:
            kept.append(weight)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.helper.set_model_props(model, {"format": FORMAT})
    write_bytes(output, model.SerializeToString())
