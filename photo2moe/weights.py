"""The weights that come with the package, and how a name becomes a file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from photo2moe.errors import ChecksumError, UnknownWeightsError, WeightsError
from photo2moe.files import printable

DEFAULT = "moe"
CLEAN = "clean"  # no weights: the pen alone
MAX_BYTES = 256 << 20  # of a weights file: eighty times what the shipped ones have


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """One shipped weights file.

    Attributes:
        name: what ``--weights`` takes.
        file: its name in ``weights/``.
        sha256: of the file.
        licence: of the file.
        trained_on: what it has seen.
    """

    name: str
    file: str
    sha256: str
    licence: str
    trained_on: str


CATALOGUE: tuple[WeightSpec, ...] = (
    WeightSpec(
        name="moe",
        file="moe-256.safetensors",
        sha256="2c253a780f5a55d87ffcdb6d46a255c6596d3629f69d39d8590eb27e00560acc",
        licence="MIT (the file); trained on third-party art, see the model card",
        trained_on="2,944 portraits (AI-made faces, official portraits), 4,184 anime faces gathered for research",
    ),
)

# No styles to choose, but parts of the pipeline.
UPSCALER = WeightSpec(
    name="upscaler",
    file="lines-x4.onnx",
    sha256="1f7d45bab2815c97b288f058d921fb445efc78c5e182a667580dbc1da32f6921",
    licence="MIT; learned from realesr-animevideov3 of Real-ESRGAN (BSD-3-Clause)",
    trained_on="drawings of 99 portraits by the weights before, and 350 anime faces gathered for research",
)
PAINTER = WeightSpec(
    name="moe (ONNX)",
    file="moe-256.onnx",
    sha256="1b73326c8183cf324b00f2dd7bdf0c6b2762f7fbbb108550d95993e77b9c8e32",
    licence=CATALOGUE[0].licence,
    trained_on=CATALOGUE[0].trained_on,
)

PARSER = WeightSpec(
    name="parser",
    file="parser.onnx",
    sha256="424f378a3b6098be12b3ec0e438b1bd8776503a57e22a230197d0415a38c47a0",
    licence="MIT; fine-tuned from EfficientNet-Lite0 (Apache-2.0)",
    trained_on="4,391 portraits (AI-made faces, official and stock portraits), masks made with two teacher nets",
)
LOOKS = WeightSpec(
    name="looks",
    file="looks.onnx",
    sha256="0c7bebb710e449071d7600b33781535e47bc2077a7d87dd4c4ca357cd0a11189",
    licence="MIT; fine-tuned from EfficientNet-Lite0 (Apache-2.0)",
    trained_on="4,068 portraits (AI-made faces, official and stock portraits), labelled by eye",
)

SHIPPED = (*CATALOGUE, PAINTER, PARSER, LOOKS, UPSCALER)


def folders() -> list[Path]:
    """Where shipped weights may lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return [package / "shipped", package.parent / "weights"]


def locate(spec: WeightSpec) -> Path:
    """Path of a shipped file.

    Raises:
        WeightsError: the installation lacks it.
    """
    for folder in folders():
        if (folder / spec.file).is_file():
            return folder / spec.file
    raise WeightsError(f"{spec.file} is missing from this installation; install photo2moe again")


def verified(spec: WeightSpec) -> Path:
    """Path of a shipped file, after checking that it is the released one.

    Raises:
        ChecksumError: it is not.
        WeightsError: the installation lacks it.
    """
    path = locate(spec)
    actual = sha256(path)
    if actual != spec.sha256:
        raise ChecksumError(f"{path} is not the released file (sha256 {actual[:12]}…); install photo2moe again")
    return path


def resolve(name: str) -> Path:
    """Turn a name in the catalogue, or a path, into a file; shipped files are verified.

    Args:
        name: ``moe``, say, or anything with a path separator or the suffix ``.safetensors``.

    Raises:
        UnknownWeightsError: neither a known name nor a file.
        WeightsError: a file that is too large.
        ChecksumError: a shipped file is not the one that was released.
    """
    for spec in CATALOGUE:
        if spec.name == name:
            return verified(spec)
    path = Path(name)
    if path.is_file():
        if (size := path.stat().st_size) > MAX_BYTES:
            raise WeightsError(f"{printable(name)} has {size:,} bytes; weights have at most {MAX_BYTES:,}")
        return path
    known = ", ".join(spec.name for spec in CATALOGUE)
    shown = printable(name)
    what = f"{shown}: no such weights file" if os.sep in name or path.suffix else f"unknown weights '{shown}'"
    raise UnknownWeightsError(f"{what}; known names are {known}, or give the path of a .safetensors file")


def digest(name: str) -> str:
    """Digest of what a name stands for, and ``clean`` for the pen alone.

    Raises:
        UnknownWeightsError, WeightsError, ChecksumError: as for :func:`resolve`.
    """
    if name == CLEAN:
        return CLEAN
    return PAINTER.sha256 if name == DEFAULT else sha256(resolve(name))


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
