"""One call each for Python: a photo → a character, and a character → a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from photo2moe.character.schema import Character
from photo2moe.config import PipelineConfig
from photo2moe.kit.loader import load_kit
from photo2moe.output import figure
from photo2moe.types import Image
from photo2moe.weights import CLEAN, DEFAULT

if TYPE_CHECKING:
    from photo2moe.paint.painter import Painter
    from photo2moe.pipeline import Pipeline


def describe(photo: Image, *, face: str = "largest") -> Character:
    """Describe a person. The nets are loaded at the first call and kept.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: ``largest``, or ``N`` for the N-th largest face.

    Raises:
        ValueError: not such an array.
        NoFaceError: no face, or not so many.
        ConfigError: ``face`` is neither.
        WeightsError: a net is missing from the installation.
    """
    pipeline, config = _pipeline(), PipelineConfig(weights=CLEAN, face=face)
    return pipeline.describe(photo, pipeline.choose(photo, config)[0])


def draw(
    character: Character, *, size: int = 1024, style: str = DEFAULT, frame: str = "avatar", kit: str = ""
) -> NDArray[np.uint8]:
    """Draw a character: the same pixels every time.

    Args:
        character: who.
        size: side of the picture, 64…4096 pixels.
        style: ``moe``, painted; ``clean``, the pen alone; or the path of a checkpoint that paints.
        frame: ``avatar``, head and shoulders, or ``full``, the whole standing chibi.
        kit: folder of further parts to draw with.

    Returns:
        ``(size, size, 4)`` uint8 RGBA with straight alpha: the figure on nothing.

    Raises:
        ConfigError: an impossible size or frame.
        KitError: the kit lacks a part that the character names, or is broken.
        WeightsError: unknown or unusable weights.
    """
    config = PipelineConfig(weights=style, size=size, frame=frame, kit=kit)
    return figure(character, load_kit(kit or None), config, _painter(style))


@lru_cache(maxsize=1)
def _pipeline() -> Pipeline:
    from photo2moe.pipeline import load_pipeline

    return load_pipeline(PipelineConfig(weights=CLEAN))


@lru_cache(maxsize=2)
def _painter(style: str) -> Painter | None:
    from photo2moe.pipeline import load_painter

    return load_painter(PipelineConfig(weights=style))
