"""Generators on disk: safetensors with the configuration in the header.

The header's metadata holds ``format``, ``config`` (JSON of ``GeneratorConfig``) and
``about`` (JSON: images seen, version, licence, …). Loading needs nothing else, and
nothing in such a file can run code.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from photo2moe.config import GeneratorConfig, from_dict, to_dict
from photo2moe.errors import CheckpointFormatError, ConfigError
from photo2moe.imageio import write_bytes
from photo2moe.nets.generator import Generator

FORMAT = "photo2moe/1"
MAX_BYTES = 256 * 2**20
MAX_HEADER = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A loaded generator, ready to run: ``eval()``, float32, no gradients.

    Attributes:
        generator: the net.
        about: what its maker wrote into the file.
    """

    generator: Generator
    about: dict[str, Any]


def save_generator(path: Path, generator: Generator, about: dict[str, Any], *, half: bool = True) -> None:
    """Write a generator, atomically.

    Args:
        path: file to write, ``*.safetensors``.
        generator: the (averaged) net.
        about: anything JSON can hold.
        half: store float16, which halves the file and costs less than one grey level.
    """
    dtype = torch.float16 if half else torch.float32
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in generator.state_dict().items()}
    metadata = {"format": FORMAT, "config": json.dumps(to_dict(generator.config)), "about": json.dumps(about)}
    write_bytes(path, save(tensors, metadata))


def read_header(path: Path) -> tuple[GeneratorConfig, dict[str, Any]]:
    """Configuration and ``about`` of a checkpoint, without its tensors.

    Raises:
        CheckpointFormatError: not such a file, too large, or damaged.
    """
    _check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            return _parse(path, file.metadata())
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def load_generator(path: Path) -> Checkpoint:
    """Load a generator.

    Raises:
        CheckpointFormatError: not a photo2moe checkpoint, damaged, or its tensors do
            not fit its configuration.
    """
    config, about = read_header(path)
    with torch.device("meta"):
        generator = Generator(config)
    wanted = generator.state_dict()
    try:
        with safe_open(path, framework="pt") as file:
            if set(file.keys()) != set(wanted):
                raise CheckpointFormatError(f"{path} does not hold the tensors of the net that it describes")
            tensors = {name: file.get_tensor(name).float() for name in wanted}
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise CheckpointFormatError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, not {tuple(wanted[name].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise CheckpointFormatError(f"{path}: {name} holds values that are not finite")
    generator.load_state_dict(tensors, strict=True, assign=True)
    return Checkpoint(generator.eval().requires_grad_(False), about)


def _check_file(path: Path) -> None:
    try:
        size = os.stat(path).st_size
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise CheckpointFormatError(f"{path} cannot be read: {error.strerror}") from error
    if size > MAX_BYTES:
        raise CheckpointFormatError(f"{path} has {size:,} bytes; weights have at most {MAX_BYTES:,}")
    if not 0 < header <= min(MAX_HEADER, size - 8):
        raise CheckpointFormatError(f"{path} is not a safetensors file")


def _parse(path: Path, metadata: dict[str, str] | None) -> tuple[GeneratorConfig, dict[str, Any]]:
    found = (metadata or {}).get("format")
    if metadata is None or found != FORMAT:
        raise CheckpointFormatError(f"{path} is not a photo2moe checkpoint (format {found!r}; known is {FORMAT!r})")
    try:
        about = json.loads(metadata.get("about", "{}"))
        return from_dict(GeneratorConfig, json.loads(metadata["config"])), about if isinstance(about, dict) else {}
    except (KeyError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointFormatError:
    return CheckpointFormatError(f"{path} is damaged or not a photo2moe checkpoint: {error}")
