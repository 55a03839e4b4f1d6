"""The looks net for training: EfficientNet-Lite0 with fixed statistics, heads for all fields, and its ONNX file."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from photo2moe.character.attributes import CELL, CROPS, INPUTS, POINTS, UNSEEN
from photo2moe.character.labels import FIELDS
from photo2moe.nets.pretrained import efficientnet_lite

FROZEN = 9  # stem and blocks that stay as they were
MIDDLE = 3  # of the blocks after them: those at a sixteenth of the crop, the finest that is told apart by place
FEATURES, DEEP, FINE = 1280, 320, 112  # channels of the whole, of the last blocks, of the middle
DEEP_PLACES, FINE_PLACES = 24, 12  # channels of which every place is kept
POINT_FEATURES, SHAPE_FEATURES, PLACE_FEATURES = 64, 96, 128
FINE_SPREAD, DEEP_SPREAD = 9.0, 4.0  # deviations of values in the middle and in the last blocks
PARTS = 4  # regions
FEW = 0.5  # cells; what is seen in a smaller region counts less
DROPPED = 0.4  # share of features left out in training
OPSET = 17
LARGE = 2048  # numbers from which weights are stored in 8 bits


class Conv(nn.Module):
    """A convolution with its batch normalisation, whose statistics are constants and cost nothing.

    Args:
        conv: the convolution, without bias.
        norm: what follows it.
        bounded: whether ReLU6 follows.
    """

    def __init__(self, conv: Any, norm: Any, *, bounded: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(conv.weight.detach().clone())
        self.mean: Tensor
        self.rate: Tensor
        self.gain = nn.Parameter(norm.weight.detach().clone())
        self.offset = nn.Parameter(norm.bias.detach().clone())
        self.register_buffer("mean", norm.running_mean.clone())
        self.register_buffer("rate", (norm.running_var + norm.eps).rsqrt())
        self.stride, self.groups, self.bounded = int(conv.stride[0]), int(conv.groups), bounded
        if self.groups > 1:  # the backward pass of depthwise convolutions is what takes longest on a CPU
            self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` → ``(B, D, H', W')``."""
        scale = self.gain * self.rate
        kernel = self.weight.shape[-1]
        padding = kernel // 2
        if self.stride == 2:  # TensorFlow's "same": the odd pixel is added after
            x = F.pad(x, ((kernel - 2) // 2, kernel - 2 - (kernel - 2) // 2) * 2)
            padding = 0
        x = F.conv2d(
            x,
            self.weight * scale[:, None, None, None],
            self.offset - self.mean * scale,
            self.stride,
            padding,
            groups=self.groups,
        )
        return F.relu6(x) if self.bounded else x


class Block(nn.Module):
    """An inverted residual (Sandler et al., *MobileNetV2*, CVPR 2018), from the package's."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        layers = [Conv(block._expand_conv, block._bn0, bounded=True)] if hasattr(block, "_expand_conv") else []
        layers.append(Conv(block._depthwise_conv, block._bn1, bounded=True))
        layers.append(Conv(block._project_conv, block._bn2, bounded=False))
        self.layers = nn.Sequential(*layers)
        same = block._block_args.input_filters == block._block_args.output_filters
        self.skip = same and block._depthwise_conv.stride[0] == 1

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` → ``(B, D, H', W')``."""
        y = self.layers(x)
        return x + y if self.skip else y


class Seen(NamedTuple):
    """What the net makes of one crop, ``(B, C, H, W)`` each: the middle, the last blocks, the whole."""

    fine: Tensor
    deep: Tensor
    whole: Tensor


class Shape(nn.Module):
    """Regions of a crop ``(B, 4, S / 8, S / 8)``, 0…1 → ``(B, 32 (S / 32)²)``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(PARTS, 16, 3, 2, 1)
        self.second = nn.Conv2d(16, 32, 3, 2, 1)

    def forward(self, regions: Tensor) -> Tensor:
        """See the class."""
        return F.relu(self.second(F.relu(self.first(regions)))).flatten(1)


class Head(nn.Module):
    """What is seen in both crops, the points and the regions → logits of all fields, one after the other.

    The mean of each crop says what there is; places, what is seen within each region, and the shape of the regions say
    where.

    Args:
        meshes: ``(N, 956)`` of training photos, for mean and deviation.
    """

    def __init__(self, meshes: NDArray[np.float32]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(meshes.mean(0)))
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("deviation", torch.from_numpy(meshes.std(0) + 0.01))
        self.points = nn.Linear(POINTS, POINT_FEATURES)
        cells = [(size // 32) ** 2 for _, _, size in CROPS]
        self.shape = nn.ModuleList([Shape(), Shape()])
        self.shapes = nn.Linear(32 * sum(cells), SHAPE_FEATURES)
        self.deep = nn.ModuleList([nn.Conv2d(DEEP, DEEP_PLACES, 1) for _ in CROPS])
        self.fine = nn.Conv2d(FINE, FINE_PLACES, 1)
        self.places = nn.Linear(DEEP_PLACES * sum(cells) + FINE_PLACES * 4 * cells[0], PLACE_FEATURES)
        count = 2 * FEATURES + POINT_FEATURES + SHAPE_FEATURES + PLACE_FEATURES + 2 * PARTS * FINE
        self.fields = nn.Linear(count, sum(map(len, FIELDS.values())))

    def forward(self, head: Seen, body: Seen, points: Tensor, regions: tuple[Tensor, Tensor]) -> Tensor:
        """``(B, V)`` logits.

        Args:
            head: what is seen in the first crop.
            body: and in the second.
            points: ``(B, 956)``, NaN where unknown.
            regions: of both crops, ``(B, 4, S / 8, S / 8)``, 0…255; 0 where unknown.
        """
        mesh = ((points - self.mean) / self.deviation).clamp(-4, 4)
        if self.training:
            mesh = torch.nan_to_num(mesh)
        parts = [r / 255 for r in regions]
        shapes = [layer(part) for layer, part in zip(self.shape, parts, strict=True)]
        deep = zip(self.deep, (head, body), strict=True)
        places = [F.relu(layer(seen.deep / DEEP_SPREAD)).flatten(1) for layer, seen in deep]
        places.append(F.relu(self.fine(head.fine / FINE_SPREAD)).flatten(1))
        features = [head.whole.mean((2, 3)), body.whole.mean((2, 3)), F.relu(self.points(mesh))]
        features += [F.relu(self.shapes(torch.cat(shapes, 1))), F.relu(self.places(torch.cat(places, 1)))]
        features += [_within(seen.fine, part) for seen, part in zip((head, body), parts, strict=True)]
        return self.fields(F.dropout(torch.cat(features, 1), DROPPED, self.training))


def _within(fine: Tensor, part: Tensor) -> Tensor:
    """Means of the middle ``(B, C, H, W)`` over each region, ``(B, 4 C)``."""
    cover = F.avg_pool2d(part, 2).flatten(2)
    means = cover @ fine.flatten(2).transpose(1, 2) / (cover.sum(2, keepdim=True) + FEW)
    return means.flatten(1) / FINE_SPREAD


class LooksModel(nn.Module):
    """The net in two parts: ``frozen`` and ``net`` see a crop, ``head`` what they make of both.

    Args:
        meshes: ``(N, 956)`` of training photos.
    """

    def __init__(self, meshes: NDArray[np.float32]) -> None:
        super().__init__()
        lite = efficientnet_lite(0, "eval")
        layers: list[nn.Module] = [Conv(lite._conv_stem, lite._bn0, bounded=True), *map(Block, lite._blocks)]
        layers.append(Conv(lite._conv_head, lite._bn1, bounded=True))
        self.frozen = nn.Sequential(*layers[:FROZEN]).requires_grad_(False)
        self.net = nn.Sequential(*layers[FROZEN:]).to(memory_format=torch.channels_last)
        self.head = Head(meshes)

    def see(self, features: Tensor) -> Seen:
        """What the net makes of what the frozen part made of a crop."""
        fine = self.net[:MIDDLE](features)
        deep = self.net[MIDDLE:-1](fine)
        return Seen(fine, deep, self.net[-1](deep))

    def forward(self, features: tuple[Tensor, Tensor], points: Tensor, regions: tuple[Tensor, Tensor]) -> Tensor:
        """Logits ``(B, V)`` from what the frozen part made of head and body; see :class:`Head`."""
        head, body = (self.see(f.contiguous(memory_format=torch.channels_last)) for f in features)
        return self.head(head, body, points, regions)


class _Frozen(nn.Module):
    def __init__(self, model: LooksModel) -> None:
        super().__init__()
        self.layers = model.frozen

    def forward(self, crop: Tensor) -> Tensor:
        return self.layers((crop - UNSEEN) / 128)


class _Whole(nn.Module):
    """What is shipped: crops ``(1, 3, S, S)`` of 0…255, points ``(1, 956)`` and regions → logits ``(1, V)``."""

    def __init__(self, model: LooksModel, heat: NDArray[np.float64] | None) -> None:
        super().__init__()
        self.model = model
        counts = torch.tensor([len(values) for values in FIELDS.values()])
        each = torch.ones(len(FIELDS)) if heat is None else torch.from_numpy(heat).float()
        self.register_buffer("heat", torch.repeat_interleave(each, counts))

    def forward(self, head: Tensor, body: Tensor, points: Tensor, first: Tensor, second: Tensor) -> Tensor:
        both = [self.model.see(self.model.frozen((crop - UNSEEN) / 128)) for crop in (head, body)]
        return self.model.head(both[0], both[1], points, (first, second)) / self.heat


def session(net: bytes) -> Any:
    """A net for ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(net, options, providers=["CPUExecutionProvider"])


def frozen(model: LooksModel) -> bytes:
    """The frozen part as an ONNX file, input ``crop`` of 0…255; ONNX Runtime is several times faster than PyTorch."""
    return bytes(_export(_Frozen(model), (_crop(0),), ["crop"], free=True).SerializeToString())


def to_onnx(model: LooksModel, heat: NDArray[np.float64] | None = None) -> bytes:
    """The net as an ONNX file whose large weights are 8-bit integers, each output channel with its own step.

    Args:
        model: in evaluation mode.
        heat: temperature of each field; 1 by default.
    """
    grids = [torch.zeros(1, PARTS, size // CELL, size // CELL) for _, _, size in CROPS]
    example = _crop(0), _crop(1), torch.zeros(1, POINTS), *grids
    net = _export(_Whole(model, heat), example, list(INPUTS))
    nodes, kept = [], []
    for tensor in net.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LARGE or values.ndim < 2:
            kept.append(tensor)
            continue
        name = tensor.name
        step = np.abs(values).reshape(len(values), -1).max(1).clip(1e-8) / 127
        step = step.reshape(-1, *[1] * (values.ndim - 1)).astype(np.float32)
        whole = np.round(values / step).astype(np.int8)
        kept += [numpy_helper.from_array(whole, f"{name}_int"), numpy_helper.from_array(step, f"{name}_step")]
        nodes += [
            helper.make_node("Cast", [f"{name}_int"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", f"{name}_step"], [name]),
        ]
    del net.graph.initializer[:]
    net.graph.initializer.extend(kept)
    for node in reversed(nodes):
        net.graph.node.insert(0, node)
    fields = net.metadata_props.add()
    fields.key, fields.value = "fields", json.dumps({field: list(values) for field, values in FIELDS.items()})
    onnx.checker.check_model(net)
    return bytes(net.SerializeToString())


def _crop(number: int) -> Tensor:
    size = CROPS[number][2]
    return torch.zeros(1, 3, size, size)


def _export(module: nn.Module, example: tuple[Tensor, ...], names: list[str], *, free: bool = False) -> Any:
    """A module as ONNX; ``free`` leaves height and width of the first input open."""
    stream = io.BytesIO()
    torch.onnx.export(
        module.eval(),
        example,
        stream,  # type: ignore[arg-type]
        input_names=names,
        output_names=["out"],
        dynamic_axes={names[0]: {2: "height", 3: "width"}} if free else None,
        opset_version=OPSET,
        dynamo=False,
    )
    return onnx.load_from_string(stream.getvalue())
