"""Clothes and headwear as an artist draws them: flat colours in few tones, with lines where they fold and meet.

Abstraction of photos as by Winnemöller, Olsen and Gooch, *Real-time video abstraction* (SIGGRAPH 2006): an
edge-preserving filter, soft quantisation of lightness, and lines by differences of Gaussians. Nothing in it jumps
when the photo changes little, so that clips stay calm.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.tensors import thrice
from photo2moe.types import Mask

Grid = NDArray[np.float32]

WEAVE = 0.012  # of the side: finer patterns are not drawn
NEAR, ALIKE, ROUNDS = 0.03, 9.0, 3  # bilateral filter: sigma of the side, sigma in Lab, and how often
TONE, STEEP = 13.0, 0.16  # lightness between two tones, in L*; how soft their border is, as a share of that
FINE, COARSE = 0.006, 1.6  # of the side: sigma of a line, and how many times larger that of its surroundings
FAINT, CLEAR = 0.8, 2.6  # difference of Gaussians, in L*, where lines begin, and where they are full


def flatten(image: Grid, clothes: Mask) -> Grid:
    """Clothes without weave, noise and the softer shades.

    Args:
        image: ``(S, S, 3)`` float32, 0…255.
        clothes: ``(S, S)`` where they are.

    Returns:
        ``(S, S, 3)`` float32, likewise; beyond the clothes their colours go on.
    """
    size, rows = len(image), _rows(clothes)
    flat = np.array(image, np.float32)
    image, clothes = image[rows], clothes[rows]
    if not image.size:
        return flat
    solid = np.clip(2 * clothes.astype(np.float32) - 1, 0, 1)[..., None]
    # What is beside them must not bleed in.
    far = _mean(image, solid + 1e-4, 0.1 * size)
    near = _mean(image, solid, WEAVE * size)
    filled = near * solid + far * (1 - solid)
    lab = cv2.cvtColor(filled.clip(0, 255).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    for _ in range(ROUNDS):
        lab = cv2.bilateralFilter(lab, -1, ALIKE, NEAR * size)
    flat[rows] = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * 255
    return flat


def tones(figure: Grid, clothes: Mask) -> Mask:
    """Paint a figure's clothes in few tones.

    Args:
        figure: ``(D, D, 4)`` float32, 0…255; its clothes, which :func:`flatten` made, are changed.
        clothes: ``(D, D)`` where they are.

    Returns:
        ``(D, D)`` float32, where a pen goes along them.
    """
    size, lines, rows = len(figure), np.zeros_like(clothes, np.float32), _rows(clothes)
    part, worn = figure[rows, :, :3], clothes[rows].astype(np.float32)
    if not part.size:
        return lines
    lab = cv2.cvtColor(part.clip(0, 255) / 255, cv2.COLOR_RGB2Lab)
    light = np.ascontiguousarray(lab[..., 0])
    step = light / TONE
    nearest = np.round(step)
    lab[..., 0] = TONE * (nearest + 0.5 * np.tanh((step - nearest) / STEEP))
    part += thrice(worn) * (cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * 255 - part)
    fine = cv2.GaussianBlur(light, (0, 0), FINE * size)
    valley = cv2.GaussianBlur(light, (0, 0), COARSE * FINE * size) - fine
    lines[rows] = np.clip((valley - FAINT) / (CLEAR - FAINT), 0, 1) * worn
    return lines


def _rows(clothes: Mask) -> slice:
    """The rows around clothes."""
    found = np.flatnonzero(clothes.max(1) > 0.05)
    return slice(max(0, found[0] - round(NEAR * len(clothes))), found[-1] + 1) if len(found) else slice(0)


def _mean(image: Grid, weight: Grid, blur: float) -> Grid:
    total = cv2.GaussianBlur(weight[..., 0], (0, 0), blur)[..., None]
    return np.asarray(cv2.GaussianBlur(image * weight, (0, 0), blur) / np.maximum(total, 1e-6), np.float32)
