"""An exported net in 8-bit integers, calibrated on photos."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.errors import InputError, MissingExtraError, NoFaceError
from photo2moe.imageio import list_images
from photo2moe.nets.runner import Draw
from photo2moe.ops.tensors import to_planes
from photo2moe.stages.translate import wanted_planes
from photo2moe.training.chain import load_pipeline
from photo2moe.types import Colours

PHOTOS = 48  # used at most; more change the result by less than a grey level
PERCENTILE = 99.99  # of activations that 8 bits span: single pixels beyond would cost all others their steps

Inputs = tuple[NDArray[np.float32], NDArray[np.float32]]


def inputs(weights: Path, photos: Path) -> Inputs:
    """What the pipeline would give the net for the people in a folder of photos.

    Args:
        weights: a checkpoint.
        photos: the folder.

    Returns:
        Roughs ``(N, 4, S, S)`` and colours ``(N, 9)``, in the nets' range.

    Raises:
        InputError: no photo shows a face.
    """
    given: list[tuple[NDArray[np.uint8], Colours]] = []

    def keep(roughs: list[NDArray[np.uint8]], colours: list[Colours]) -> list[NDArray[np.uint8]]:
        given.extend(zip(roughs, colours, strict=True))
        return [rough.repeat(pipeline.scale, 0).repeat(pipeline.scale, 1) for rough in roughs]

    with load_pipeline(PipelineConfig(weights=str(weights))) as pipeline, Decoder() as read:
        noting = dataclasses.replace(pipeline, translate=keep)
        for path in sorted(list_images(photos)):
            try:
                photo = read(path)
                [face] = noting.choose(photo, noting.config)
                noting.draw(photo, [noting.measure(photo, face)], noting.config)
            except (InputError, NoFaceError):
                continue
            if len(given) >= PHOTOS:
                break
    if not given:
        raise InputError(f"no photo in {photos} shows a face; --int8 needs some to measure the net on")
    roughs, colours = zip(*given, strict=True)
    return to_planes(np.stack(roughs)), wanted_planes(list(colours))


def quantise(model: bytes, calibration: Inputs) -> bytes:
    """Turn the convolutions of an ONNX model into 8-bit ones, but for the first and the last.

    Weights by channel, activations by the percentile of their values (Wu et al., *Integer quantization for deep
    learning inference*, 2020). The first convolution sees the picture, the last one makes it: there steps would show.

    Raises:
        MissingExtraError: ONNX Runtime or onnx is not installed.
    """
    try:
        import onnx
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingExtraError(f"--int8 needs {error.name}; install photo2moe[export]") from error

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._rows = _rows(calibration)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._rows, None)

    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # it advises to do what was just done
    try:
        # It prints what it does, and stdout is for data.
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            plain, ready, small = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "small.onnx"))
            plain.write_bytes(model)
            quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
            convolutions = [node.name for node in onnx.load(ready).graph.node if node.op_type == "Conv"]
            quantization.quantize_static(
                str(ready),
                str(small),
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=[convolutions[0], convolutions[-1]],
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=quantization.CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": PERCENTILE},
            )
            return small.read_bytes()
    finally:
        log.setLevel(level)


def mean_difference(one: Draw, other: Draw, given: Inputs) -> float:
    """Mean difference between the drawings of two nets, grey levels."""
    apart = [np.abs(one(r[None], c[None]) - other(r[None], c[None])).mean() for r, c in zip(*given, strict=True)]
    return float(np.mean(apart)) * 127.5


def _rows(calibration: Inputs) -> Iterator[dict[str, NDArray[np.float32]]]:
    for rough, colours in zip(*calibration, strict=True):
        yield {"pictures": np.ascontiguousarray(rough[None]), "colours": colours[None]}
