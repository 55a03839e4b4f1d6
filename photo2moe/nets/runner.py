"""Run a generator, on PyTorch or on ONNX Runtime, as a plain function of arrays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from photo2moe.config import GeneratorConfig, from_dict
from photo2moe.errors import CheckpointFormatError, ConfigError, MissingExtraError

if TYPE_CHECKING:
    from photo2moe.nets.generator import Generator

# (B, 4, S, S) and colours (B, 9), both float32 in [-1, 1] -> (B, 4, S, S)
Draw = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]

FORMAT = "photo2moe/1"


def torch_runner(generator: Generator, device: str = "cpu") -> Draw:
    """A generator as a function; it is moved to the device."""
    import torch

    place = torch.device(device)
    net = generator.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def draw(pictures: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            drawn = net(torch.from_numpy(pictures).to(place), torch.from_numpy(colours).to(place))
        return np.asarray(drawn.cpu().numpy())

    return draw


def onnx_runner(path: Path) -> tuple[Draw, GeneratorConfig]:
    """An exported generator as a function, and its configuration. Imports no PyTorch.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        CheckpointFormatError: not an ONNX file, or not one that photo2moe exported.
        ConfigError: its configuration is not one of a generator.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("ONNX files need ONNX Runtime; install photo2moe[export]") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)  # 0: all cores
    # Threads that wait for work by spinning take the processor from the other stages.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        about = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # ONNX Runtime's own errors share no base but this
        reason = str(error).splitlines()[0]
        raise CheckpointFormatError(f"{path} is damaged or not an ONNX file: {reason}") from error
    if about.get("format") != FORMAT:
        raise CheckpointFormatError(f"{path} was not exported by photo2moe; make it with 'photo2moe export'")
    try:
        config = from_dict(GeneratorConfig, json.loads(about["config"]))
    except (KeyError, ValueError, ConfigError) as error:
        raise CheckpointFormatError(f"{path} is damaged: {error}") from error

    def draw(pictures: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
        [drawn] = session.run(None, {"pictures": np.ascontiguousarray(pictures), "colours": colours})
        return np.asarray(drawn)

    return draw, config
