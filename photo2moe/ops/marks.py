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
EYE_WIDTH, IRIS_WIDTH = 0.235, 0.150  # half-widths of a drawn eye and its iris, face units
CREASE = 0.75  # share of an eye's half-width that the fold above it reaches, so that it ends before hair begins
BROW_WIDTH = 0.24  # half-width of a brow
BROW_LIGHT = 130  # brightest hair that brows take after
NOSE: RGB = (196, 140, 126)
SMILE = 0.006  # face units: how much farther up than measured the corners of a closed mouth are
BLUSH: RGB = (246, 168, 156)
BLUSH_SIZE, BLUSHING, MAN_BLUSHING = (0.17, 0.095), 0.62, 0.2  # face units; how much of its colour, and on men
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


def paint_eye(
    paint: Paint, du: Grid, dv: Grid, height: float, side: int, colour: RGB, lashes: float, slant: float = 0.0
) -> None:
    """An eye around ``du = dv = 0``.

    Args:
        paint: from :func:`brush`.
        du: distance to the right of its middle, face units.
        dv: distance below it.
        height: 0 is closed.
        side: 1 on the right of the picture, with its outer corner there; else -1.
        colour: of the iris.
        lashes: 0 short … 1 long.
        slant: how much higher the outer corner is than the middle, over the distance; of the lids, irises are upright.
    """
    wide, iris_wide = EYE_WIDTH * (0.92 + 0.2 * height), IRIS_WIDTH * (0.8 + 0.45 * height)  # tall eyes are wider
    outer = side * du / wide  # -1 at the corner by the nose … 1
    if height <= 0:
        arc = np.abs(dv - 0.35 * du * du + 0.01) - 0.024 - 0.008 * outer
        paint(np.maximum(arc, np.abs(du) - EYE_WIDTH), LASHES)
        return
    half, upright = height / 2, dv
    dv = dv + slant * side * du
    r = (np.abs(du / wide) ** 2.3 + np.abs(dv / half) ** 2.3) ** (1 / 2.3)
    ball = (r - 1) * min(wide, half)
    down = np.clip((dv / half + 1) / 2, 0, 1).astype(np.float32)[..., None]  # 0 at the upper lid … 1
    shaded = 1 - 0.22 * np.clip((0.34 - down) / 0.1, 0, 1)  # by the lid
    paint(ball, (np.array([222, 220, 232]) + down * [30, 32, 22]).clip(0, 252).astype(np.float32) * shaded)
    own = np.array(colour, np.float32)
    # The upper lid covers the iris's top, or the eye would stare, and it stands on the lower one.
    middle, tall = 0.02 * half, 1.04 * half
    iris = (np.hypot(du / iris_wide, (upright - middle) / tall) - 1) * iris_wide
    inside = np.maximum(iris, ball)
    paint(inside, (own * (0.30 + 0.95 * down) + 34 * down**2) * shaded)
    glow = (np.hypot(du / (0.78 * iris_wide), (upright - 0.66 * half) / (0.32 * half)) - 1) * 0.2 * half
    paint(np.maximum(glow, inside + 0.02), np.minimum(own * 1.4 + 40, 250))
    paint(np.maximum(np.abs(iris) - 0.010, ball), own * 0.32)
    pupil = (np.hypot(du / (0.42 * iris_wide), (upright + 0.02) / (0.42 * half)) - 1) * 0.42 * iris_wide
    paint(pupil, own * 0.2)
    light = (np.hypot((du + 0.055) / 0.05, (upright + 0.40 * half) / (0.2 * half)) - 1) * 0.05
    paint(light, (255, 255, 255))
    glint = (np.hypot((du - 0.06) / 0.028, (upright - 0.46 * half) / (0.11 * half)) - 1) * 0.028
    paint(glint, (250, 250, 252))
    # Lashes thin out towards both corners, sooner at the nose.
    end = (-0.12 + 0.3 * np.clip(outer, 0, 1)) * half
    share = np.clip((end - dv) / (0.5 * half), 0, 1) ** 0.7
    lid = (0.040 + 0.010 * lashes + 0.016 * lashes * outer) * share
    paint(np.maximum(np.abs(ball + 0.004) - lid, dv - end), LASHES)
    if lashes > 0.5:
        for start, tip, thick in (((0.8, -0.52), (1.3, -0.66), 0.034), ((0.93, -0.22), (1.26, -0.26), 0.024)):
            (start_u, start_v), (tip_u, tip_v) = ((side * wide * x, half * y) for x, y in (start, tip))
            paint(_spike(du, dv, start_u, start_v, tip_u, tip_v, thick * lashes), LASHES)
    lower = np.maximum(np.abs(ball) - 0.012 - 0.004 * lashes, 0.5 * half - dv)
    paint(np.maximum(lower, -outer * wide - 0.14), (112, 74, 74))
    crease = np.abs(np.hypot(du / (1.1 * wide), dv / (half + 0.085)) - 1) * min(wide, half) - 0.008
    paint(np.maximum(np.maximum(crease, dv + 0.62 * half), np.abs(du) - CREASE * wide), (190, 138, 126))


def _spike(du: Grid, dv: Grid, start_u: float, start_v: float, tip_u: float, tip_v: float, thick: float) -> Grid:
    """Signed distance to a stroke that is ``thick`` where it starts and nothing at its tip."""
    along_u, along_v = tip_u - start_u, tip_v - start_v
    share = ((du - start_u) * along_u + (dv - start_v) * along_v) / (along_u**2 + along_v**2)
    share = np.clip(share, 0, 1)
    return np.asarray(np.hypot(du - start_u - share * along_u, dv - start_v - share * along_v) - thick * (1 - share))


def paint_blush(picture: NDArray[np.float32], du: Grid, dv: Grid, skin: RGB, share: float) -> None:
    """A blush on what is bare ``skin`` around a cheek at ``du = dv = 0``, by up to ``share`` of its colour."""
    bare = np.clip(1 - np.abs(picture - skin).max(2) / 24, 0, 1)
    soft = np.exp(-((du / BLUSH_SIZE[0]) ** 2) - (dv / BLUSH_SIZE[1]) ** 2)
    picture += thrice((share * bare * soft).astype(np.float32)) * (np.array(BLUSH, np.float32) - picture)


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


def paint_age(paint: Paint, features: Features, u: Grid, v: Grid) -> None:
    """Lines of an old face: from the nose to the mouth's corners, and under the eyes."""
    mouth_u, mouth_v, width, *_ = features.mouth
    thick = 0.012 * features.elderly
    for eye_u, eye_v, height in features.eyes:
        side = 1 if eye_u > 0 else -1
        start, end = (0.9 * mouth_u + side * 0.17, mouth_v - 0.27), (mouth_u + side * (width / 2 + 0.1), mouth_v - 0.02)
        paint(_spike(u, v, *end, *start, thick), NOSE)
        below = eye_v + max(height / 2, 0.1) + 0.07
        paint(np.maximum(np.abs(v - below + 0.6 * (u - eye_u) ** 2) - thick / 1.4, np.abs(u - eye_u) - 0.13), NOSE)


def paint_mouth(paint: Paint, u: Grid, v: Grid, mouth: Grid, masculine: float) -> None:
    """A mouth: ``u, v`` of its centre, width, height and curve, as in ``Features``."""
    mouth_u, mouth_v, width, height, curve = mouth
    lips = np.array(LIPS, np.float32) + masculine * (np.array(MAN_LIPS, np.float32) - LIPS)
    du = u - mouth_u
    along = np.clip(np.abs(du) / max(width / 2, 1e-6), 0, 1.2)
    if height <= 0.035:
        dv = v - (mouth_v + (curve - SMILE) * (2 * along**2 - 1))
        thick = 0.018 * np.sqrt(np.clip(1.15 - along**2, 0, 1))
        paint(np.maximum(np.abs(dv) - thick, np.abs(du) - width / 2), lips)
        lip = np.maximum(np.abs(v - mouth_v - 0.085 + 0.4 * du * du) - 0.009, np.abs(du) - 0.2 * width)
        paint(lip, NOSE)
        return
    # Open: the upper lip bends like the corners do, the lower one hangs below it.
    upper = mouth_v - height / 2 + curve * (2 * along**2 - 1)
    lower = upper + height * np.sqrt(np.clip(1 - along**2.2, 0, 1))
    opened = np.maximum(np.maximum(upper - v, v - lower), np.abs(du) - width / 2)
    paint(opened, THROAT)
    paint(np.maximum(opened, mouth_v + 0.12 * height - v), TONGUE)
    if height > 0.065:
        paint(np.maximum(opened, v - upper - 0.3 * height), (246, 240, 240))
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
