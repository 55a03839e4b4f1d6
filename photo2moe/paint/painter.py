"""Paint a drawing: the generator's tones with the pen's lines.

The generator was trained to ink figures on white whose skin has one tone (:data:`TONE`). It is given the drawing in
that tone; what it changes, softened to tones and glow, is laid over the drawing itself. So form stays the pen's at any
size, and skin and hair keep the person's colours.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.character.schema import Character
from photo2moe.config import GeneratorConfig
from photo2moe.kit.loader import Kit
from photo2moe.nets.runner import Draw
from photo2moe.ops.rough import soften
from photo2moe.ops.tensors import to_images, to_planes
from photo2moe.pen.palette import parse
from photo2moe.pen.portrait import draw_scene
from photo2moe.pen.raster import raster
from photo2moe.pen.scene import Colour, Scene
from photo2moe.pen.twins import take, twin_skin

TONE: Colour = (252, 228, 210)  # of all skin that the generator has seen: the median of 4,173 anime faces
UNIT = 36.0  # pixels between the eyes that it has seen: 0.28 of 128
STEP = 4  # its pictures' sides are multiples of so many pixels
SOFT = 0.09  # face units: sigma of what is taken over; coarser than any line
SHARE = 0.5  # of what it changes; 0.8, with lines and casts, lost 36 of 48 blind pairs against the pen alone
MOST = 12.0  # grey levels that it may change a tone by
FLAT = 6.0  # grey levels a pixel: slope of the drawing from which there is a line


class Painter:
    """Paints drawings with a generator.

    Args:
        draw: a generator, on whichever engine.
        shape: of that generator.
    """

    def __init__(self, draw: Draw, shape: GeneratorConfig) -> None:
        self._draw, self._shape = draw, shape

    def __call__(self, who: Character, scene: Scene, picture: NDArray[np.uint8], toned: Scene) -> NDArray[np.uint8]:
        """Paint one drawing.

        Args:
            who: the person drawn.
            scene: the drawing as shapes.
            picture: ``(H, W, 4)`` uint8 RGBA, straight alpha: the drawing at any size.
            toned: the drawing with skin in :data:`TONE`; :func:`draw_both` gives both.

        Returns:
            The painted drawing, of the same shape and alpha.
        """
        plain = given(scene, toned)
        hair, eyes = parse(who.hair.colour), parse(who.eyes.colour)
        units = scene.width
        colours = np.array([(*TONE, *hair, *eyes)], np.float32)[:, : self._shape.colours] / np.float32(127.5) - 1
        alpha = plain[..., 3:].astype(np.float32) / 255
        on_white = np.dstack([255 + (plain[..., :3] - np.float32(255)) * alpha, plain[..., 3]]).round().astype(np.uint8)
        rough = soften(on_white, len(plain) // 2)
        painted = to_images(self._draw(to_planes(rough[None]), colours))[0]
        painted = cv2.resize(painted[..., :3], plain.shape[1::-1], interpolation=cv2.INTER_AREA)
        change = tones(painted.astype(np.float32) - on_white[..., :3], on_white, SOFT * len(plain) / units)
        height, width = picture.shape[:2]
        large = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
        result = cv2.cvtColor(
            cv2.add(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), large, dtype=cv2.CV_8U), cv2.COLOR_RGB2RGBA
        )
        result[..., 3] = picture[..., 3]
        return np.asarray(result, np.uint8)


def tones(change: NDArray[np.float32], drawing: NDArray[np.uint8], pixels: float) -> NDArray[np.float32]:
    """What of a change of a drawing is tone: soft, without a cast over the whole, and nothing of its lines.

    Args:
        change: ``(S, S, 3)`` float32, grey levels.
        drawing: ``(S, S, 4)`` uint8, the drawing on white, and its alpha.
        pixels: sigma of the blur.

    Returns:
        ``(S, S, 3)`` float32, at most :data:`MOST` grey levels.
    """
    grey = cv2.cvtColor(drawing[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25))
    lines = cv2.dilate(slope, np.ones((5, 5), np.uint8))  # what the generator does near them is blurred ink
    plain = np.exp(-((lines / FLAT) ** 2)) * (drawing[..., 3] > 250)
    total = float(plain.sum())
    if total < 1:
        return np.zeros_like(change)
    change = change - np.tensordot(plain, change, 2) / total
    weight = cv2.GaussianBlur(plain, (0, 0), pixels)
    soft = cv2.GaussianBlur(change * plain[..., None], (0, 0), pixels) / np.maximum(weight, 0.02)[..., None]
    return np.asarray(np.clip(SHARE * soft, -MOST, MOST), np.float32)


def draw_both(who: Character, kit: Kit, frame: str) -> tuple[Scene, Scene]:
    """The scene of a person, and the same with skin in :data:`TONE`; arguments and errors as for ``draw_scene``."""
    with twin_skin(TONE):
        both = draw_scene(who, kit, frame)
    return take(both), take(both, other=True)


def given(scene: Scene, toned: Scene) -> NDArray[np.uint8]:
    """A drawing as the generator is given it, before it is softened.

    Args:
        scene: the drawing.
        toned: the same with skin in :data:`TONE`.

    Returns:
        ``(S, S, 4)`` uint8 RGBA, straight alpha, S twice a multiple of 4.
    """
    side = max(4, round(UNIT * scene.width / STEP)) * STEP
    view = dataclasses.replace(toned, origin=scene.origin, width=scene.width, height=scene.height)
    return raster(view, 2 * side)
