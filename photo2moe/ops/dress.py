"""A figure as an artist finishes it: hair in three tones, clothes in few, and its lines."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.clothes import tones
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import CROWN, Hair
from photo2moe.ops.ink import ink
from photo2moe.ops.tensors import thrice
from photo2moe.types import Mask

Grid = NDArray[np.float32]

SHADE, LIGHT = 0.72, 45.0  # brightness of the gaps between locks, and what the glint adds, 0…255
GLINT = 1.12, 0.10  # face units from the crown where the glint lies, and its half-width
# Height of the glint's waves, and radians a face unit across: the net draws a straight glint as a ruled line.
WAVES = 0.06, 14.0
GAP, LINE = -0.2, -0.72  # of the locks: below are gaps, and lines


def dress(ground: Grid, hair: Hair, clothes: Mask, lines: Mask, template: Template) -> Grid:
    """Shade locks and clothes of a figure and draw its lines.

    Args:
        ground: ``(S, S, 4)`` float32, straight colours and alpha, 0…255.
        hair: of the same figure, at the same size.
        clothes: ``(S, S)`` where they are.
        lines: ``(D, D)`` where a pen goes along what meets.
        template: where the eyes lie.

    Returns:
        ``(D, D, 4)`` float32, likewise.
    """
    size = len(lines)
    large, mask, locks, worn = (
        part if len(part) == size else cv2.resize(part, (size, size), interpolation=cv2.INTER_CUBIC)
        for part in (ground, hair.mask.astype(np.float32), hair.locks, clothes.astype(np.float32))
    )
    crisp = size / 128
    mask = np.clip(0.5 + 2 * crisp * (mask - 0.5), 0, 1)
    from_glint = np.abs(_from_crown(template, size) - GLINT[0] - 0.07 * locks)
    glint = np.clip(0.5 - 12 * crisp * (from_glint - GLINT[1] * np.clip(locks, 0, 1)), 0, 1)
    gap = np.clip(0.5 + 4 * crisp * (GAP - locks), 0, 1)
    shaded = np.array(large, np.float32)
    shaded[..., 3] = 127.5 + 1.5 * crisp * (large[..., 3] - 127.5)  # drawn outlines are hard
    folds = tones(shaded, np.clip(0.5 + 2 * crisp * (worn - 0.5), 0, 1) * (1 - mask))
    factor = 1 + mask * (SHADE - 1) * gap
    shaded *= cv2.merge((factor, factor, factor, np.ones_like(factor)))
    shaded[..., :3] += thrice(LIGHT * glint * mask * (locks > 0))
    between = mask * np.clip(6 * crisp * (LINE - locks), 0, 1)
    return ink(shaded.clip(0, 255).astype(np.float32), np.maximum(lines, np.maximum(between, folds)).astype(np.float32))


@lru_cache(maxsize=4)
def _from_crown(template: Template, size: int) -> Grid:
    """Distance of every pixel from where hair falls from, less across than down, and in waves as glints lie."""
    u, v = template.grid(size)
    height, turns = WAVES
    return (np.hypot(0.75 * (u - CROWN[0]), v - CROWN[1]) + height * np.sin(turns * u + 0.6)).astype(np.float32)
