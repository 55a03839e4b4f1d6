"""The rough that the net inks: flat colours where they lie, and eyes and mouth as marks.

A photo and a drawing of the same person differ in texture, in shading, and in how eyes
and mouths look. The rough keeps what both share, and is made of either by the same steps:
the figure's colours, blurred; skin as one flat tone; and in it eyes, mouth and glasses
as plain shapes of the measured size. Going from an anime face to its rough and back is
something that a net can learn from pairs; and a photo's rough looks just like those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, polygon
from photo2moe.types import Mask

Grid = NDArray[np.float64]
Paint = Callable[[Grid, RGB], None]

BLUR = 0.019  # of the side: coarser than lines and hairs, finer than a fringe
EDGE = 0.008  # of the side: blur of the outline
SHADED = 0.86  # brightness of the neck under the chin, against the face
LASHES: RGB = (58, 44, 50)
LIPS: RGB = (140, 70, 64)
TONGUE: RGB = (205, 96, 96)
EYE_WIDTH, IRIS_WIDTH = 0.25, 0.155  # half-widths of a drawn eye and its iris, face units


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


def base(
    image: NDArray[np.generic],
    alpha: Mask,
    skin: Mask,
    features: Features,
    skin_colour: RGB,
    template: Template,
    *,
    blur: float = BLUR,
) -> NDArray[np.float32]:
    """The rough without its marks.

    Args:
        image: ``(S, S, 3)`` figure on the template, 0…255, of any dtype.
        alpha: ``(S, S)`` its mask.
        skin: ``(S, S)`` its skin.
        features: where eyes and mouth lie; what is drawn there is covered with skin.
        skin_colour: the flat tone of the skin.
        template: where the eyes lie.
        blur: of the colours, as a share of the side.

    Returns:
        ``(S, S, 4)`` float32, 0…255: straight colours, and alpha.
    """
    size = image.shape[0]
    u, v = template.grid(size)
    skin = np.where(alpha > 0.3, np.maximum(skin, _covered(features, u, v)), 0)
    neck = (1 - polygon(features.outline, template, size)) * (v > 0.35)
    tone = np.array(skin_colour, np.float32) * (1 - (1 - SHADED) * neck[..., None])
    colours = image.astype(np.float32)
    flat = colours + skin[..., None] * (tone - colours)
    solid = np.maximum(alpha, 1e-3)[..., None]
    weighted = cv2.GaussianBlur((flat * solid).astype(np.float32), (0, 0), blur * size)
    spread = cv2.GaussianBlur(solid[..., 0].astype(np.float32), (0, 0), blur * size)[..., None]
    edge = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), EDGE * size)
    return np.dstack([weighted / spread, edge * 255]).astype(np.float32)


def mark(
    ground: NDArray[np.float32],
    features: Features,
    eye_colour: RGB,
    template: Template,
    glasses: Glasses | None = None,
) -> NDArray[np.uint8]:
    """Draw eyes, mouth and glasses onto the base, and lay it on white.

    Args:
        ground: from :func:`base`.
        features: what to draw.
        eye_colour: of the irises.
        template: where the eyes lie.
        glasses: frames, if any.

    Returns:
        ``(S, S, 4)`` uint8: RGB as it lies on white, and alpha.
    """
    size = ground.shape[0]
    u, v = template.grid(size)
    picture = ground[..., :3].copy()
    paint = brush(picture, u)
    for eye_u, eye_v, height in features.eyes:
        _paint_eye(paint, u - eye_u, v - eye_v, float(height), eye_colour)
    _paint_mouth(paint, u, v, features.mouth)
    if glasses is not None:
        paint_glasses(picture, features, glasses, template)
    share = ground[..., 3:] / 255
    laid = picture * share + 255 * (1 - share)
    return np.dstack([laid, ground[..., 3:]]).round().clip(0, 255).astype(np.uint8)


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


def brush(picture: NDArray[np.float32], u: Grid) -> Paint:
    """A function that paints a shape, given by signed distances in face units, into ``picture``."""
    soft = 1.4 * (u[0, 1] - u[0, 0])

    def paint(distance: Grid, colour: RGB) -> None:
        cover = np.clip(0.5 - distance / soft, 0, 1).astype(np.float32)[..., None]
        picture[...] += cover * (np.array(colour, np.float32) - picture)

    return paint


def dye(ground: NDArray[np.float32], hair: Mask, own: RGB, target: RGB) -> NDArray[np.float32]:
    """Give hair another colour, however different: the new one, as light and dark as the old was.

    Args:
        ground: from :func:`base`.
        hair: ``(S, S)`` where the hair is.
        own: its colour now.
        target: the colour it shall have.
    """
    light = ground[..., :3].mean(2) + 16
    ratio = np.clip(light / (sum(own) / 3 + 16), 0.6, 1.35)[..., None]
    dyed = ground.copy()
    dyed[..., :3] += hair[..., None] * (np.clip(ratio * np.array(target, np.float32), 0, 255) - ground[..., :3])
    return dyed


def _covered(features: Features, u: NDArray[np.float64], v: NDArray[np.float64]) -> Mask:
    """Where marks will be drawn, and the nose."""
    cover = np.zeros_like(u)
    for eye_u, eye_v, height in features.eyes:
        r = np.hypot((u - eye_u) / 0.34, (v - eye_v) / max(height / 2 + 0.09, 0.2))
        cover = np.maximum(cover, np.clip((1.1 - r) * 8, 0, 1))
    nose = np.maximum(np.abs(u) - 0.3, np.abs(v - 0.2) - 0.32)
    cover = np.maximum(cover, np.clip(-nose * 20, 0, 1))
    mouth_u, mouth_v, width, height, _ = features.mouth
    r = np.hypot((u - mouth_u) / (width / 2 + 0.08), (v - mouth_v) / (height / 2 + 0.07))
    return np.maximum(cover, np.clip((1.1 - r) * 8, 0, 1)).astype(np.float32)


def _paint_eye(paint: Paint, du: Grid, dv: Grid, height: float, colour: RGB) -> None:
    if height <= 0:
        line = np.maximum(np.abs(dv - 0.25 * du * du + 0.01) - 0.022, np.abs(du) - EYE_WIDTH)
        paint(line, LASHES)
        return
    half = height / 2
    r = np.hypot(du / EYE_WIDTH, dv / half)
    white = (r - 1) * min(EYE_WIDTH, half)
    paint(white, (250, 248, 250))
    iris = (np.hypot(du / IRIS_WIDTH, (dv - 0.02) / (0.95 * half)) - 1) * IRIS_WIDTH
    paint(np.maximum(iris, white), colour)
    pupil = (np.hypot(du / (0.45 * IRIS_WIDTH), dv / (0.5 * half)) - 1) * 0.45 * IRIS_WIDTH
    paint(pupil, (round(colour[0] * 0.35), round(colour[1] * 0.35), round(colour[2] * 0.35)))
    lash = np.maximum(np.abs(white) - 0.028, dv + 0.35 * half)
    paint(lash, LASHES)


def _paint_mouth(paint: Paint, u: Grid, v: Grid, mouth: Grid) -> None:
    mouth_u, mouth_v, width, height, curve = mouth
    du = u - mouth_u
    dv = v - (mouth_v + curve * (2 * (np.clip(np.abs(du) / max(width / 2, 1e-6), 0, 1)) ** 2 - 1))
    if height > 0.035:
        r = np.hypot(du / (width / 2), dv / (height / 2))
        edge = (r - 1) * min(width, height) / 2
        paint(edge, TONGUE)
        paint(np.abs(edge) - 0.012, LIPS)
    else:
        paint(np.maximum(np.abs(dv) - 0.014, np.abs(du) - width / 2), LIPS)
