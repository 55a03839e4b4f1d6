"""A checkpoint → ONNX, in floats or 8-bit integers, or TorchScript, and the check that both draw the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from photo2moe.checkpoint import load_generator
from photo2moe.config import GeneratorConfig, to_dict
from photo2moe.errors import ConfigError, MissingExtraError, WeightsError
from photo2moe.files import write_bytes
from photo2moe.nets.generator import STRIDE, Generator
from photo2moe.nets.runner import FORMAT, onnx_runner, torch_runner
from photo2moe.quantise import inputs, mean_difference, quantise

# Largest difference that an exported net may show, in the nets' range of -1…1: half a
# grey level. Engines sum in different orders; float32 leaves some 1e-5.
TOLERANCE = 1 / 255
INT8_TOLERANCE = 3.0  # grey levels that drawings in 8-bit integers may differ by, in the mean
OPSET = 18
SMALL = 256  # numbers below which halving a tensor saves nothing


def export(weights: Path, output: Path) -> float:
    """Write a generator for another engine, and check it on random input first.

    Args:
        weights: a checkpoint.
        output: ``*.onnx``, any batch size, any sides that are multiples of 4, opset 18; or ``*.pt``, TorchScript.

    Returns:
        The largest difference seen between the two sides, in the nets' range.

    Raises:
        ConfigError: another suffix.
        MissingExtraError: the packages of the extra ``export`` are not installed.
        WeightsError: the sides disagree; nothing was written.
    """
    generator = load_generator(weights).generator
    pictures, colours = _example(generator.config)
    suffix = output.suffix.lower()
    if suffix == ".onnx":
        data = _onnx(generator, pictures[:2], colours[:2])
    elif suffix == ".pt":
        data = _torchscript(generator, pictures, colours)
    else:
        raise ConfigError(f"{output}: the suffix must be .onnx or .pt (TorchScript)")
    expected = torch_runner(generator)(pictures, colours)
    partial = output.with_name(f".{output.name}.part")
    write_bytes(partial, data)
    try:
        difference = float(np.abs(_run(partial, suffix, pictures, colours) - expected).max())
        if not difference <= TOLERANCE:
            raise WeightsError(f"{output}: the exported net differs by {difference:.2g} (allowed {TOLERANCE:.2g})")
        write_bytes(output, data)
    finally:
        partial.unlink()
    return difference


def export_int8(weights: Path, output: Path, photos: Path) -> float:
    """Write a generator in 8-bit integers for ONNX Runtime, and check it on people first.

    Args:
        weights: a checkpoint.
        output: ``*.onnx``, any batch size.
        photos: folder of photos; what the net sees of them sets the steps of the integers.

    Returns:
        The mean difference of drawings seen between the two sides, grey levels.

    Raises:
        ConfigError: another suffix.
        InputError: no photo shows a face.
        MissingExtraError: the packages of the extra ``export`` are not installed.
        WeightsError: the sides disagree; nothing was written.
    """
    if output.suffix.lower() != ".onnx":
        raise ConfigError(f"{output}: 8-bit integers are for ONNX Runtime, so the suffix must be .onnx")
    generator = load_generator(weights).generator
    pictures, colours = _example(generator.config)
    given = inputs(weights, photos)
    data = quantise(_onnx(generator, pictures[:2], colours[:2]), given)
    partial = output.with_name(f".{output.name}.part")
    write_bytes(partial, data)
    try:
        difference = mean_difference(onnx_runner(partial)[0], torch_runner(generator), given)
        if not difference <= INT8_TOLERANCE:
            raise WeightsError(
                f"{output}: drawings in integers differ by {difference:.2g} grey levels (allowed {INT8_TOLERANCE:.2g})"
            )
        write_bytes(output, data)
    finally:
        partial.unlink()
    return difference


def _example(config: GeneratorConfig) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = np.random.default_rng(0)
    pictures = random.uniform(-1, 1, (3, 4, config.size, config.size)).astype(np.float32)
    return pictures, random.uniform(-1, 1, (3, config.colours)).astype(np.float32)


def _onnx(generator: Generator, pictures: NDArray[np.float32], colours: NDArray[np.float32]) -> bytes:
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch's exporter needs it)
    except ImportError as error:
        raise MissingExtraError(f"exporting to ONNX needs {error.name}; install photo2moe[export]") from error
    batch, (rows, columns) = torch.export.Dim.DYNAMIC, (torch.export.Dim(name, min=4) for name in ("rows", "columns"))
    program = torch.onnx.export(
        generator,
        (torch.from_numpy(pictures), torch.from_numpy(colours)),
        input_names=["pictures", "colours"],
        output_names=["drawn"],
        dynamic_shapes=({0: batch, 2: STRIDE * rows, 3: STRIDE * columns}, {0: batch}),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise WeightsError("PyTorch could not export this net to ONNX")
    model = program.model_proto
    _halve(model)
    onnx.helper.set_model_props(model, {"format": FORMAT, "config": json.dumps(to_dict(generator.config))})
    return bytes(model.SerializeToString())


def _halve(model: Any) -> None:
    """Store large weights in 16 bits where that loses nothing, as checkpoints do; they are made 32 when loaded."""
    from onnx import TensorProto, helper, numpy_helper

    for weight in list(model.graph.initializer):
        if weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        half = values.astype(np.float16)
        if values.size < SMALL or not np.array_equal(half.astype(np.float32), values):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        cast = helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)
        model.graph.node.insert(0, cast)


def _torchscript(generator: Generator, pictures: NDArray[np.float32], colours: NDArray[np.float32]) -> bytes:
    traced = torch.jit.trace(generator, (torch.from_numpy(pictures), torch.from_numpy(colours)))  # type: ignore[no-untyped-call]
    stream = io.BytesIO()
    torch.jit.save(traced, stream)
    return stream.getvalue()


def _run(path: Path, suffix: str, pictures: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
    if suffix == ".onnx":
        draw, _ = onnx_runner(path)
        return draw(pictures, colours)
    net = torch.jit.load(path)  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        return np.asarray(net(torch.from_numpy(pictures), torch.from_numpy(colours)).numpy())
