"""Hair as an artist draws it: locks that run from the crown to pointed ends.

Photographed hair is thousands of threads under uneven light; drawn hair is a few dozen locks.
Which way they run is taken from the photo where it shows it, and elsewhere from how hair falls;
their ends over the face and beside it are drawn by ``ops/fringe``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.geometry import Template
from photo2moe.types import Mask

Grid = NDArray[np.float32]

CROWN = (0.15, -2.0)  # u, v where drawn hair falls from
GRADIENT, DIRECTION = 0.008, 0.05  # of the side: sigma of the gradients, and of their mean direction
FALLING = 2.5  # how much the usual fall counts against what the photo shows, at its mean strength
LOCK = 0.006  # of the side: sigma of the noise that locks are made of; locks get about six of it wide
SEED = 4  # of that noise: of sixty tried one without broad gaps at the crown
TOP = (-1.5, -1.05)  # v between which strands begin to be seen: towards the crown they would run together
STROKE, STEPS = 0.13, 6  # of the side: how far the noise is drawn out to either side, twice, and in how many steps
EVEN, TONE = 0.05, 0.8  # of the side: blur of the photo's own light in hair; and how much of it is left
SHADOW = 0.09  # face units: height of the shadow under the fringe


@dataclass(frozen=True, slots=True, eq=False)
class Hair:
    """Hair on the template.

    Attributes:
        mask: ``(S, S)`` where it is.
        locks: ``(S, S)`` -1 in the gaps between locks … 1 in their middle.
    """

    mask: Mask
    locks: Grid


def find_locks(image: Grid, hair: Mask, template: Template) -> Hair:
    """The locks of hair as a photo shows it, without drawn ends.

    Args:
        image: ``(S, S, 3)`` float32, 0…255.
        hair: ``(S, S)`` where it is.
        template: where the eyes lie.
    """
    size = len(image)
    flow = _flow(image, hair, template)
    # Always the same noise, so that the locks of a clip stay where they are.
    noise = np.random.default_rng(SEED).standard_normal((size, size)).astype(np.float32)
    line = _streamlines(flow)
    drawn_out = _drawn_out(_drawn_out(cv2.GaussianBlur(noise, (0, 0), LOCK * size), line), line)
    spread = cv2.GaussianBlur(drawn_out * drawn_out, (0, 0), 0.1 * size)
    locks = np.tanh(1.2 * drawn_out / np.sqrt(spread + 1e-8)).astype(np.float32)
    locks *= np.clip((template.grid(size)[1] - TOP[0]) / (TOP[1] - TOP[0]), 0, 1)
    return Hair(hair.astype(np.float32), locks.astype(np.float32))


def even(image: Grid, hair: Mask) -> Grid:
    """Take threads and small lights out of the hair, and leave most of its broad light and shadow.

    Args:
        image: ``(S, S, 3)`` float32, 0…255.
        hair: ``(S, S)`` where it is, without a fringe.

    Returns:
        ``(S, S, 3)`` float32: the hair's colours, continued beyond it.
    """
    blur = EVEN * len(image)
    core = cv2.erode(hair.astype(np.float32), np.ones((5, 5), np.uint8))  # its ends are half skin
    solid = np.maximum(core, 0.02 * hair)[..., None].astype(np.float32)
    inside = hair > 0.7
    if inside.sum() < 20:
        return image
    middle = np.median(image[inside], axis=0).astype(np.float32)
    light = cv2.GaussianBlur((image - middle) * solid, (0, 0), blur)
    weight = cv2.GaussianBlur(solid, (0, 0), blur)[..., None]
    return np.asarray(middle + TONE * light / (weight + 0.01), np.float32)


def shadow(hair: Mask, skin: Mask, template: Template) -> Mask:
    """Where a fringe throws its shadow on the forehead, ``(S, S)``."""
    down = max(1, round(SHADOW * template.eye_distance * len(hair)))
    above = np.vstack([np.zeros_like(hair[:down]), hair[:-down]])
    return np.asarray(above * skin * (template.grid(len(hair))[1] < 0), np.float32)


def _flow(image: Grid, hair: Mask, template: Template) -> tuple[Grid, Grid]:
    """Unit vectors along the hair, away from the crown.

    Those of the smoothed structure tensor, as in coherent line drawing (Kang et al., NPAR 2007), to which the
    tensor of falling hair is added.
    """
    size = len(image)
    light = cv2.transform(image, np.full((1, 3), 1 / 3, np.float32))
    smooth = cv2.GaussianBlur(light, (0, 0), GRADIENT * size)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    inside = cv2.erode(hair.astype(np.float32), np.ones((5, 5), np.uint8))
    xx, xy, yy = (
        cv2.GaussianBlur(part * inside, (0, 0), DIRECTION * size)
        for part in (across * across, across * down, down * down)
    )
    u, v = template.grid(size)
    # Beside the face hair hangs straight down.
    fall_x, fall_y = (u - CROWN[0]) * np.exp(-1.5 * np.maximum(v, 0)), np.maximum(v - CROWN[1], 0.05)
    length = np.hypot(fall_x, fall_y) + 1e-6
    fall_x, fall_y = (fall_x / length).astype(np.float32), (fall_y / length).astype(np.float32)
    strength = FALLING * float((xx + yy)[hair > 0.5].mean() if (hair > 0.5).any() else 1.0) + 1e-6
    xx, xy, yy = xx + strength * fall_y**2, xy - strength * fall_x * fall_y, yy + strength * fall_x**2
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    along_x, along_y = np.cos(angle), np.sin(angle)
    turn = np.where(along_x * fall_x + along_y * fall_y < 0, -1, 1)
    return (along_x * turn).astype(np.float32), (along_y * turn).astype(np.float32)


def _streamlines(flow: tuple[Grid, Grid]) -> list[Grid]:
    """Places ``(S, S, 2)`` along the flow through every pixel, to either side."""
    both, size = cv2.merge(flow), len(flow[0])
    places = []
    for step in (STROKE * size / STEPS, -STROKE * size / STEPS):
        place = cv2.merge(_pixels(size))
        for _ in range(STEPS):
            place = place + step * cv2.remap(both, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            places.append(np.asarray(place, np.float32))
    return places


def _drawn_out(noise: Grid, streamlines: list[Grid]) -> Grid:
    """Line integral convolution (Cabral and Leedom, SIGGRAPH 1993)."""
    total = noise.copy()
    for place in streamlines:
        total += cv2.remap(noise, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return total


def _pixels(size: int) -> tuple[Grid, Grid]:
    x, y = np.meshgrid(*(np.arange(size, dtype=np.float32),) * 2)
    return x, y
