"""Turn a selfie into a chibi anime avatar, offline, on an ordinary CPU.

>>> import photo2moe
>>> pipeline = photo2moe.load_pipeline()  # doctest: +SKIP
>>> [avatar] = pipeline(photo2moe.read_image("selfie.jpg"))  # doctest: +SKIP
>>> photo2moe.write_image("avatar.png", avatar.image)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photo2moe.avatar import Avatar
    from photo2moe.character.schema import Character
    from photo2moe.config import PipelineConfig, TrainConfig
    from photo2moe.errors import Photo2MoeError
    from photo2moe.imageio import read_image, write_image
    from photo2moe.pipeline import Pipeline, load_pipeline
    from photo2moe.portrait import describe, draw
    from photo2moe.types import Face

# ONNX Runtime would collect telemetry, and keep a file of it in the user's cache; nothing of ours leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"

__all__ = [
    "Avatar",
    "Character",
    "Face",
    "Photo2MoeError",
    "Pipeline",
    "PipelineConfig",
    "TrainConfig",
    "__version__",
    "describe",
    "draw",
    "load_pipeline",
    "read_image",
    "write_image",
]

_HOMES = {
    "Avatar": "avatar",
    "Character": "character.schema",
    "Face": "types",
    "Photo2MoeError": "errors",
    "Pipeline": "pipeline",
    "PipelineConfig": "config",
    "TrainConfig": "config",
    "describe": "portrait",
    "draw": "portrait",
    "load_pipeline": "pipeline",
    "read_image": "imageio",
    "write_image": "imageio",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import photo2moe`` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'photo2moe' has no attribute {name!r}")
    return getattr(importlib.import_module(f"photo2moe.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
