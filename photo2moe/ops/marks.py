"""The pen: eyes, brows, nose, mouth and glasses as an artist would draw them, from signed distances in face units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template
from photo2moe.ops.tensors import thrice

Grid = NDArray[np.floating[Any]]
Paint = Callable[[Grid, "RGB | NDArray[np.float32]"], None]

LASHES: RGB = (52, 38, 46)
LIPS: RGB = (150, 78, 72)
MAN_LIPS: RGB = (112, 66, 58)
TONGUE: RGB = (214, 108, 106)
THROAT: RGB = (168, 66, 70)
EYE_WIDTH, IRIS_WIDTH = 0.25, 0.185  # half-widths of a drawn eye and its iris, face units
BROW_WIDTH = 0.24  # half-width of a brow
BROW_LIGHT = 130  # brightest hair that brows take after
NOSE: RGB = (196, 140, 126)
MAN_LASHES, MAN_BROWS = 0.9, 0.5  # how much of their lashes' ends men lose, and how much thicker their brows are


@dataclass(frozen=True, slots=True)
class Glasses:
    """Frames on the template, in face units.

    Attributes:
        half_width, half_height: of a lens.
        corner: 2 for ovals, more for rectangles (exponent of a superellipse).
        thickness: of the frame.
        colour: of the frame.
    """

    half_width: float
    half_height: float
    corner: float
    thickness: float
    colour: RGB


def brush(picture: NDArray[np.float32], u: Grid) -> Paint:
    """A function that paints a shape, given by signed distances in face units, into ``picture``."""
    soft = 1.4 * (u[0, 1] - u[0, 0])

    def paint(distance: Grid, colour: RGB | NDArray[np.float32]) -> None:
        cover = np.clip(0.5 - distance / soft, 0, 1).astype(np.float32)
        picture[...] *= thrice(1 - cover)
        if isinstance(colour, np.ndarray) and colour.ndim == 3:
            picture[...] += thrice(cover) * colour
        else:
            picture[...] += cv2.transform(cover, np.array(colour, np.float32)[:, None])

    return paint


def paint_eye(paint: Paint, du: Grid, dv: Grid, height: float, side: int, colour: RGB, masculine: float) -> None:
    """An eye around ``du = dv = 0``; ``side`` is 1 on the right of the picture, its outer corner there."""
    lashes = 1 - MAN_LASHES * masculine
    outer = side * du / EYE_WIDTH  # -1 at the corner by the nose … 1
    if height <= 0:
        arc = np.abs(dv - 0.35 * du * du + 0.01) - 0.024 - 0.008 * outer
        paint(np.maximum(arc, np.abs(du) - EYE_WIDTH), LASHES)
        return
    half = height / 2
    r = (np.abs(du / EYE_WIDTH) ** 2.3 + np.abs(dv / half) ** 2.3) ** (1 / 2.3)
    ball = (r - 1) * min(EYE_WIDTH, half)
    down = np.clip((dv / half + 1) / 2, 0, 1).astype(np.float32)[..., None]  # 0 at the upper lid … 1
    paint(ball, (np.array([206, 200, 214]) + down * [46, 50, 40]).clip(0, 252).astype(np.float32))
    own = np.array(colour, np.float32)
    tall = 0.96 * half
    iris = (np.hypot(du / IRIS_WIDTH, (dv - 0.01) / tall) - 1) * IRIS_WIDTH
    inside = np.maximum(iris, ball)
    paint(inside, own * (0.38 + 0.9 * down) + 34 * down**2)
    paint(np.maximum(np.abs(iris) - 0.014, ball), own * 0.36)
    pupil = (np.hypot(du / (0.42 * IRIS_WIDTH), (dv + 0.02) / (0.42 * half)) - 1) * 0.42 * IRIS_WIDTH
    paint(pupil, own * 0.2)
    light = (np.hypot((du + 0.062) / 0.058, (dv + 0.42 * half) / (0.24 * half)) - 1) * 0.058
    paint(light, (255, 255, 255))
    glint = (np.hypot((du - 0.07) / 0.03, (dv - 0.5 * half) / (0.13 * half)) - 1) * 0.03
    paint(glint, (244, 244, 250))
    lid = 0.036 * (1 - 0.3 * masculine) + 0.016 * lashes * outer
    lash = np.maximum(np.abs(ball + 0.004) - lid, dv + (0.42 - 0.3 * np.clip(outer, 0, 1)) * half)
    paint(lash, LASHES)
    lower = np.maximum(np.abs(ball) - 0.014 * lashes, 0.62 * half - dv)
    paint(np.maximum(lower, -outer * EYE_WIDTH - 0.1), (132, 92, 90))
    crease = np.abs(np.hypot(du / (1.1 * EYE_WIDTH), dv / (half + 0.085)) - 1) * min(EYE_WIDTH, half) - 0.008
    paint(np.maximum(crease, dv + 0.62 * half), (190, 138, 126))


def paint_brow(paint: Paint, outward: Grid, v: Grid, heights: Grid, hair: RGB, masculine: float) -> None:
    """A brow through three heights: by the nose, in the middle, and at the outer end, where it thins."""
    shade = np.array(hair, np.float32) * min(1.0, BROW_LIGHT / max(1.0, float(np.mean(hair))))
    along = outward / BROW_WIDTH
    near, middle, far = heights
    arc = middle + (far - near) / 2 * along + ((near + far) / 2 - middle) * along**2
    thick = (0.022 - 0.010 * np.clip(along, -0.4, 1)) * (1 + MAN_BROWS * masculine)
    paint(np.maximum(np.abs(v - arc) - thick, np.abs(outward) - BROW_WIDTH), (np.array(LASHES, np.float32) + shade) / 2)


def paint_nose(paint: Paint, du: Grid, dv: Grid) -> None:
    """The tip of a nose at ``du = dv = 0``."""
    paint(np.hypot(du / 0.8, dv) - 0.016, NOSE)


def paint_mouth(paint: Paint, u: Grid, v: Grid, mouth: Grid, masculine: float) -> None:
    """A mouth: ``u, v`` of its centre, width, height and curve, as in ``Features``."""
    mouth_u, mouth_v, width, height, curve = mouth
    lips = np.array(LIPS, np.float32) + masculine * (np.array(MAN_LIPS, np.float32) - LIPS)
    du = u - mouth_u
    along = np.clip(np.abs(du) / max(width / 2, 1e-6), 0, 1.2)
    if height <= 0.035:
        dv = v - (mouth_v + curve * (2 * along**2 - 1))
        paint(np.maximum(np.abs(dv) - 0.016, np.abs(du) - width / 2), lips)
        return
    # Open: the upper lip bends like the corners do, the lower one hangs below it.
    upper = mouth_v - height / 2 + curve * (2 * along**2 - 1)
    lower = upper + height * np.sqrt(np.clip(1 - along**2.2, 0, 1))
    opened = np.maximum(np.maximum(upper - v, v - lower), np.abs(du) - width / 2)
    paint(opened, THROAT)
    paint(np.maximum(opened, mouth_v + 0.12 * height - v), TONGUE)
    if height > 0.1:
        paint(np.maximum(opened, v - upper - 0.26 * height), (246, 240, 240))
    paint(np.maximum(np.abs(v - upper) - 0.014, np.abs(du) - width / 2), lips)
    paint(np.maximum(np.abs(opened) - 0.008, -height), lips)


def paint_glasses(picture: NDArray[np.float32], features: Features, glasses: Glasses, template: Template) -> None:
    """Draw frames around both eyes, the bridge between and the temples beside them, into ``picture``."""
    u, v = template.grid(picture.shape[0])
    paint, half = brush(picture, u), glasses.thickness / 2
    lens_v = float(features.eyes[:, 1].mean()) + 0.03
    for eye_u, side in zip(features.eyes[:, 0], (-1, 1), strict=True):
        du, dv = np.abs(u - eye_u * 1.02) / glasses.half_width, np.abs(v - lens_v) / glasses.half_height
        r = (du**glasses.corner + dv**glasses.corner) ** (1 / glasses.corner)
        paint(np.abs((r - 1) * min(glasses.half_width, glasses.half_height)) - half, glasses.colour)
        start = side * (abs(eye_u) * 1.02 + glasses.half_width)
        along = np.maximum(side * (start - u), side * (u - side * 0.98))
        paint(np.maximum(np.abs(v - lens_v + 0.08) - half, along), glasses.colour)
    gap = 0.5 * 1.02 - glasses.half_width
    if gap > 0:
        paint(np.maximum(np.abs(v - lens_v + 0.06) - half, np.abs(u) - gap), glasses.colour)
