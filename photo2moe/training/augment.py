"""What anime faces are given before they are learned from, so that photos find their like among them.

Beards and glasses are rare in anime; drawn onto some faces they become part of the domain.
And roughs of photos are less tidy than those of drawings: shading, outlines and blur vary.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.beard import shape
from photo2moe.ops.colour import RGB
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template
from photo2moe.ops.marks import Glasses
from photo2moe.types import Image, Mask

SHADES = 0.22  # largest brightness of the shading noise
FINES = (0.005, 0.011)  # blur of all that is drawn, as a share of the side


def beard(
    image: Image, skin: Mask, features: Features, colour: RGB, template: Template, random: np.random.Generator
) -> tuple[Image, Mask]:
    """Draw a beard of one flat colour: full, around the mouth, or a moustache.

    Args:
        image: ``(S, S, 3)`` drawn face.
        skin: its skin mask; the beard is taken out of it.
        features: where mouth and outline are.
        colour: of the hair.
        template: where the eyes lie.
        random: chooses the kind.
    """
    kind = str(random.choice(["full", "goatee", "moustache"], p=[0.6, 0.25, 0.15]))
    mask = (shape(kind, features, template, len(image)) * (skin > 0.3))[..., None]
    light = image.astype(np.float32).mean(2, keepdims=True)
    bright = np.percentile(light[skin > 0.5], 60) if (skin > 0.5).any() else 255.0
    paint = np.array(colour, np.float32) * random.uniform(0.75, 1.05) * np.clip(light / bright, 0.45, 1.05)
    bearded = image + mask * (paint - image)
    return bearded.round().clip(0, 255).astype(np.uint8), skin * (1 - mask[..., 0])


def frames(random: np.random.Generator) -> Glasses:
    """Glasses by lot: mostly dark, round or square, thin or thick."""
    dark = int(random.integers(20, 70))
    colour = (dark, dark, dark) if random.random() < 0.7 else tuple(int(c) for c in random.integers(30, 200, 3))
    return Glasses(
        half_width=float(random.uniform(0.31, 0.40)),
        half_height=float(random.uniform(0.24, 0.36)),
        corner=float(random.choice([2.0, 2.6, 4.0])),
        thickness=float(random.uniform(0.018, 0.045)),
        colour=(colour[0], colour[1], colour[2]),
    )


def unsettle(ground: NDArray[np.float32], skin: Mask, random: np.random.Generator) -> NDArray[np.float32]:
    """Shade a rough's ground unevenly, but not its skin, and make its outline less sure.

    Args:
        ground: ``(S, S, 4)`` straight colours and alpha, 0…255.
        skin: ``(S, S)``.
        random: of the noise.
    """
    size = ground.shape[0]
    shade = 1 + _noise(size, random, 10) * random.uniform(0, SHADES)
    tinge = 1 + np.dstack([_noise(size, random, 5) for _ in range(3)]) * random.uniform(0, SHADES / 3)
    colours = ground[..., :3] * (1 + (1 - skin[..., None]) * (shade[..., None] * tinge - 1))
    alpha = ground[..., 3] / 255
    wide = cv2.GaussianBlur(alpha, (0, 0), size * random.uniform(0.004, 0.02))
    wavy = (wide - 0.5 + 0.25 * random.random() * _noise(size, random, 14)) * random.uniform(1.3, 3.5) + 0.5
    rim = np.clip(4 * wide * (1 - wide) * 4, 0, 1)  # well inside and outside nothing moves
    return np.dstack([colours.clip(0, 255), (alpha + rim * (np.clip(wavy, 0, 1) - alpha)) * 255]).astype(np.float32)


def _noise(size: int, random: np.random.Generator, cells: int) -> NDArray[np.float32]:
    """Smooth noise of about unit deviation, ``(size, size)``."""
    coarse = random.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
