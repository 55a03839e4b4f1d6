"""What a drawing is written as: a picture, or the drawing itself with its shapes or layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import parse_background
from photo2moe.character.changes import changed
from photo2moe.character.schema import Character
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError
from photo2moe.imageio import encode_image, output_format
from photo2moe.kit.loader import Kit, load_kit
from photo2moe.ops.layers import lay
from photo2moe.paint.painter import Painter, draw_both
from photo2moe.pen.portrait import draw_scene
from photo2moe.pen.raster import raster, sheets
from photo2moe.pen.scene import Scene
from photo2moe.pipeline import load_painter

SHAPES = (".svg", ".ora")  # formats that keep the drawing's shapes or layers


def is_drawing(form: str) -> bool:
    """Whether a format keeps shapes or layers rather than pixels."""
    return form in SHAPES


def picture_format(output: str, config: PipelineConfig) -> str:
    """The format that a file's suffix means; ``png`` for stdout.

    Raises:
        ConfigError: an unknown suffix, or options that the format cannot keep.
    """
    if output == "-":
        return "png"
    suffix = f".{output.rpartition('.')[2].lower()}"
    if suffix not in SHAPES:
        return output_format(output)
    if config.frame == "photo" or config.compare or config.background not in ("photo", "transparent"):
        raise ConfigError(f"{suffix} holds the figure alone; leave out --frame, --compare and --background")
    return suffix


def encode_drawing(scene: Scene, picture: NDArray[np.uint8], form: str) -> bytes:
    """A drawing as SVG, or as OpenRaster with its layers.

    Args:
        scene: the drawing.
        picture: ``(S, S, 4)`` uint8, its pixels: what OpenRaster shows merged.
        form: ``.svg`` or ``.ora``.
    """
    if form == ".svg":
        from photo2moe.pen.svg import write_svg

        return write_svg(scene, len(picture))
    from photo2moe.pen.openraster import write_openraster

    return write_openraster(sheets(scene, len(picture)), raster(scene, len(picture)))


def figure(who: Character, kit: Kit, config: PipelineConfig, painter: Painter | None) -> NDArray[np.uint8]:
    """The pixels of a character, ``(size, size, 4)`` uint8 RGBA with straight alpha.

    Raises:
        KitError: the kit lacks a part that the character names.
    """
    if painter is None:
        return raster(draw_scene(who, kit, config.frame), config.size)
    scene, toned = draw_both(who, kit, config.frame)
    return painter(who, scene, raster(scene, config.size), toned)


def draw_character(who: Character, config: PipelineConfig, form: str) -> bytes:
    """Draw a character without any photo, and encode it.

    Raises:
        CharacterError, KitError, ConfigError: a change, a part or a background that there is not.
    """
    background = parse_background(config.background)
    if background.kind not in ("transparent", "colour"):
        raise ConfigError(f"there is no photo; --background is transparent, white or #rrggbb, not {config.background}")
    kit, who = load_kit(config.kit or None), changed(who, config.changes)
    if is_drawing(form):
        scene = draw_scene(who, kit, config.frame)
        return encode_drawing(scene, raster(scene, config.size), form)
    picture = figure(who, kit, config, load_painter(config))
    if background.kind == "colour":
        picture = lay(picture, np.full((*picture.shape[:2], 3), background.colour, np.uint8))
    return encode_image(picture, form)
