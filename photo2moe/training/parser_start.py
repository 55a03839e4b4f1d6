"""Go on training from a parser that was written as ONNX, whose normalisations are folded into its convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from photo2moe.errors import InputError
from photo2moe.training.parser_net import ParserNet


@torch.no_grad()
def start(path: Path, pictures: Tensor) -> ParserNet:
    """A net for training that says the same as a written one.

    Normalisations are put back so that they change nothing: gain and offset are the deviation and mean of what they
    are given for some pictures.

    Args:
        path: of :func:`photo2moe.training.parser_net.export`.
        pictures: ``(B, 3, 192, 192)`` about −1…1, of many people.

    Raises:
        InputError: not a parser.
    """
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # of protobuf, without a common base
        raise InputError(f"{path} is not an ONNX file") from error
    values = {i.name.removesuffix("_half"): np.array(numpy_helper.to_array(i), np.float32) for i in graph.initializer}
    net = ParserNet().eval()
    norms: list[tuple[nn.BatchNorm2d, str]] = []
    for name, layer in net.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            parent, _, number = name.rpartition(".")
            norms.append((layer, f"{parent}.{int(number) - 1}.weight_bias"))
    wanted = {name: value for name, value in net.named_parameters() if name in values}
    if len(wanted) + 2 * len(norms) != len(list(net.parameters())) or any(bias not in values for _, bias in norms):
        raise InputError(f"{path} is not a parser")
    for name, value in wanted.items():
        value.copy_(torch.from_numpy(values[name]))
    seen: dict[nn.Module, Tensor] = {}
    hooks = []
    for norm, bias in norms:
        norm.weight.fill_((1 + norm.eps) ** 0.5)
        norm.bias.copy_(torch.from_numpy(values[bias]))
        hooks.append(norm.register_forward_hook(lambda layer, given, _: seen.update({layer: given[0]})))
    net(pictures)
    for hook in hooks:
        hook.remove()
    for norm, _ in norms:
        variance, mean = torch.var_mean(seen[norm], (0, 2, 3), correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
    return net
