"""Begin a looks net where an earlier one ended, from its ONNX file; and the mean of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from photo2moe.errors import InputError
from photo2moe.training.looks_net import Conv, LooksModel

HEAD = "model.head."


def start(model: LooksModel, path: Path) -> None:
    """Give a model the weights of a net that :func:`photo2moe.training.looks_net.to_onnx` wrote.

    What the earlier net did not have keeps its value; of the layer of all fields, the columns of new features and the
    rows of new values, which are the last ones, become 0.

    Raises:
        InputError: not a looks net.
    """
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # of protobuf, without a common base
        raise InputError(f"{path} is not an ONNX file") from error
    values = _values(graph)
    folded = list(dict.fromkeys(tuple(node.input[1:3]) for node in graph.node if node.op_type == "Conv"))
    layers = [layer for layer in model.modules() if isinstance(layer, Conv)]
    if len(folded) < len(layers) or HEAD + "fields.weight" not in values:
        raise InputError(f"{path} is not a looks net")
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, folded, strict=False):
            scale = layer.gain * layer.rate
            layer.weight.copy_(torch.from_numpy(values[weight]) / scale[:, None, None, None])
            layer.offset.copy_(torch.from_numpy(values[bias]) + layer.mean * scale)
        for name, parameter in model.head.state_dict().items():
            earlier = torch.from_numpy(values.get(HEAD + name, np.zeros(0, np.float32)))
            if earlier.shape == parameter.shape:
                parameter.copy_(earlier)
            elif name in ("fields.weight", "fields.bias"):
                parameter.zero_()
                parameter[tuple(map(slice, earlier.shape))] = earlier


def merged(averages: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the weights of runs that began with one another (Wortsman et al., *Model soups*, ICML 2022).

    Args:
        averages: weights of each run, the last one's with all fields; earlier ones may lack the last rows.
    """
    result = {}
    for name, last in averages[-1].items():
        total, count = torch.zeros_like(last, dtype=torch.float64), torch.zeros_like(last, dtype=torch.float64)
        for average in averages:
            part = tuple(map(slice, average[name].shape))
            total[part] += average[name]
            count[part] += 1
        result[name] = (total / count).to(last.dtype)
    return result


def _values(graph: Any) -> dict[str, NDArray[np.float32]]:
    """Weights by name, those in 8 bits multiplied by their steps."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    whole = {name.removesuffix("_int"): name for name in stored if name.endswith("_int")}
    return {name: array.astype(np.float32) for name, array in stored.items()} | {
        name: stored[part].astype(np.float32) * stored[f"{name}_step"] for name, part in whole.items()
    }
