"""Generators on disk: safetensors with the configuration in the header.

The header's metadata holds ``format``, ``config`` (JSON of ``GeneratorConfig``) and
``about`` (JSON: images seen, version, licence, …). Loading needs nothing else, and
nothing in such a file can run code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from photo2moe.config import GeneratorConfig, from_dict, to_dict
from photo2moe.errors import CheckpointFormatError, ConfigError, ImageReadError
from photo2moe.files import printable, read_source, write_bytes
from photo2moe.nets.generator import Generator

FORMAT = "photo2moe/1"
MAX_BYTES = 256 * 2**20
MAX_HEADER = 2**20
MAX_QUOTE = 200  # characters of a file's own words in a message
DTYPES = ("F16", "BF16", "F32")


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
    config, about, _ = _parse(path, _header(path, _read(path)))
    return config, about


def load_generator(path: Path) -> Checkpoint:
    """Load a generator.

    The file is read once, and not mapped: nobody can change it between its checks and its
    use. Its header is held to the net that it describes before a tensor is made.

    Raises:
        CheckpointFormatError: not a photo2moe checkpoint, damaged, or its tensors do
            not fit its configuration.
    """
    return build_generator(_read(path), path)


def build_generator(data: bytes, path: Path) -> Checkpoint:
    """Build a generator from the bytes of a checkpoint.

    Args:
        data: the file.
        path: what to call it in messages.

    Raises:
        CheckpointFormatError: see :func:`load_generator`.
    """
    config, about, entries = _parse(path, _header(path, data))
    with torch.device("meta"):
        generator = Generator(config)
    wanted = generator.state_dict()
    if set(entries) != set(wanted):
        raise CheckpointFormatError(f"{printable(path)} does not hold the tensors of the net that it describes")
    for name, tensor in wanted.items():
        _check_entry(path, name, entries[name], list(tensor.shape))
    try:
        tensors = {name: tensor.float() for name, tensor in load(data).items()}
    except (SafetensorError, ValueError) as error:
        raise _damaged(path, error) from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointFormatError(f"{printable(path)}: {name} holds values that are not finite")
    generator.load_state_dict(tensors, strict=True, assign=True)
    return Checkpoint(generator.eval().requires_grad_(False), about)


def _read(path: Path) -> bytes:
    try:
        return read_source(path, MAX_BYTES, printable(path))
    except ImageReadError as error:  # weights are no image, but files all the same
        raise CheckpointFormatError(str(error)) from error


def _header(path: Path, data: bytes) -> dict[str, Any]:
    """What the file says is in it."""
    length = int.from_bytes(data[:8], "little")
    if not 0 < length <= min(MAX_HEADER, len(data) - 8):
        raise CheckpointFormatError(f"{printable(path)} is not a safetensors file")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    if not isinstance(header, dict):
        raise CheckpointFormatError(f"{printable(path)} is not a safetensors file")
    return header


def _parse(path: Path, header: dict[str, Any]) -> tuple[GeneratorConfig, dict[str, Any], dict[str, Any]]:
    """Configuration, ``about``, and what is said of each tensor."""
    metadata = header.pop("__metadata__", None)
    found = metadata.get("format") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or found != FORMAT:
        seen = printable(repr(found))[:MAX_QUOTE]
        raise CheckpointFormatError(
            f"{printable(path)} is not a photo2moe checkpoint (format {seen}; known is {FORMAT!r})"
        )
    try:
        about = json.loads(metadata.get("about", "{}"))
        config = from_dict(GeneratorConfig, json.loads(metadata["config"]))
    except (KeyError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise _damaged(path, error) from error
    return config, about if isinstance(about, dict) else {}, header


def _check_entry(path: Path, name: str, entry: object, shape: list[int]) -> None:
    if not isinstance(entry, dict) or entry.get("dtype") not in DTYPES:
        raise CheckpointFormatError(f"{printable(path)}: {name} is not of type {', '.join(DTYPES)}")
    if entry.get("shape") != shape:
        seen = printable(repr(entry.get("shape")))[:MAX_QUOTE]
        raise CheckpointFormatError(f"{printable(path)}: {name} has shape {seen}, not {shape}")


def _damaged(path: Path, error: Exception) -> CheckpointFormatError:
    """An error that quotes the file's own words as far as they fit on a line."""
    reason = printable(str(error))
    reason = reason if len(reason) <= MAX_QUOTE else reason[:MAX_QUOTE] + "…"
    return CheckpointFormatError(f"{printable(path)} is damaged or not a photo2moe checkpoint: {reason}")
