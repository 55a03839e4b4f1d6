"""Where an artist's pen goes before any face is drawn: along what meets, and along hair.

Photos have no lines. Where hair, skin, clothes and background meet, and along the jaw, an anime drawing
always has one, and people and detectors of anime faces alike look for it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, apply
from photo2moe.types import Mask

PEN = 1 / 128  # of the side: half-width of a line
DARK = np.array([0.60, 0.46, 0.43], np.float32)  # a line's brightness, of what it lies on: warm, as on skin
SMOOTH = 0.014  # of the side: finer turns of a border are not followed
JAW = 0.1  # v below which the face's outline is drawn
INSIDE = 0.93  # how far in from the outline a face must show for its jaw to be drawn
# Strands: sigma of the gradients and of their mean direction, and length of a stroke to either side (shares of the
# side); how many steps it takes, and how far lighter or darker it gets.
GRADIENT, DIRECTION, STROKE, STEPS, CONTRAST = 0.008, 0.025, 0.05, 4, 0.3


def lines(skin: Mask, beard: Mask, alpha: Mask, features: Features, template: Template) -> Mask:
    """Where a pen goes along the figure's outline, its skin's and its jaw.

    Args:
        skin: ``(S, S)`` where a photographed head shows skin.
        beard: ``(S, S)`` where a beard is drawn.
        alpha: ``(S, S)`` mask of the person.
        features: the face's outline.
        template: where the eyes lie.

    Returns:
        ``(S, S)`` float32, 0…1.
    """
    size = len(alpha)
    outer, inner = (
        cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur * size)
        for mask, blur in ((alpha, SMOOTH / 2), (skin, SMOOTH))
    )
    drawn = np.maximum(_contour(outer, 0.6), _contour(inner, 0.5) * np.clip(8 * (outer - 0.7), 0, 1))
    return np.asarray(
        np.maximum(drawn, _jaw(np.maximum(skin, beard), features, template)) * np.clip(2.5 * outer, 0, 1), np.float32
    )


def ink(ground: NDArray[np.float32], drawn: Mask) -> NDArray[np.float32]:
    """Draw lines into a figure, each a darker shade of what it lies on.

    Args:
        ground: ``(S, S, 4)`` float32, straight colours and alpha.
        drawn: ``(S, S)`` from :func:`lines`.
    """
    inked = ground.copy()
    inked[..., :3] *= 1 - drawn[..., None] * (1 - DARK)
    return inked


def comb(image: NDArray[np.float32], hair: Mask) -> NDArray[np.float32]:
    """Gather the glints and shades of hair into strokes that run along it.

    Line integral convolution (Cabral and Leedom, SIGGRAPH 1993) of what is lighter or darker than around it,
    along the direction of the smoothed structure tensor, as in coherent line drawing (Kang et al., NPAR 2007).

    Args:
        image: ``(S, S, 3)`` float32, 0…255.
        hair: ``(S, S)`` where it is.
    """
    size = len(image)
    light = cv2.transform(image, np.full((1, 3), 1 / 3, np.float32))
    smooth = cv2.GaussianBlur(light, (0, 0), GRADIENT * size)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    xx, xy, yy = (
        cv2.GaussianBlur(part, (0, 0), DIRECTION * size) for part in (across * across, across * down, down * down)
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    step = STROKE * size / STEPS
    along_x, along_y = step * np.cos(angle), step * np.sin(angle)
    detail = light - cv2.GaussianBlur(light, (0, 0), DIRECTION * size)
    detail /= np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 1.7 * DIRECTION * size)) + 2
    strokes = detail.copy()
    start_x, start_y = np.meshgrid(*(np.arange(size, dtype=np.float32),) * 2)
    for turn in (1, -1):
        x, y, step_x, step_y = start_x, start_y, turn * along_x, turn * along_y
        for left in reversed(range(STEPS)):
            x, y = x + step_x, y + step_y
            strokes += cv2.remap(detail, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            if left:
                there_x, there_y = (
                    cv2.remap(part, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
                    for part in (along_x, along_y)
                )
                back = there_x * step_x + there_y * step_y < 0  # a direction has no front
                step_x, step_y = np.where(back, -there_x, there_x), np.where(back, -there_y, there_y)
    stroke = np.tanh(2 * strokes / (2 * STEPS + 1)) * hair
    return np.asarray(np.clip(image * (1 + CONTRAST * stroke[..., None]) + 8 * stroke[..., None], 0, 255), np.float32)


def _contour(mask: Mask, level: float) -> Mask:
    """Where a smooth mask crosses a level, as a line of the pen's width."""
    step = np.hypot(cv2.Sobel(mask, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(mask, cv2.CV_32F, 0, 1, scale=1 / 8))
    away = np.abs(mask - level) / np.maximum(step, 1e-4)  # pixels
    return np.asarray(np.clip(PEN * len(mask) + 0.5 - away, 0, 1) * np.clip(step * 40, 0, 1), np.float32)


def _jaw(face: Mask, features: Features, template: Template) -> Mask:
    """The lower outline of the face, where it is not under hair."""
    size, outline = len(face), features.outline
    to_pixels = template.to_pixels(size)
    points, within = apply(to_pixels, outline), apply(to_pixels, outline * INSIDE)
    canvas = np.zeros((size, size), np.uint8)
    for i, j in zip(range(len(outline)), [*range(1, len(outline)), 0], strict=True):
        x, y = np.clip(((within[i] + within[j]) / 2).round().astype(int), 0, size - 1)
        if min(outline[i, 1], outline[j, 1]) > JAW and face[y, x] > 0.6:
            start, end = (tuple(int(c) for c in (point * 16).round()) for point in (points[i], points[j]))
            cv2.line(canvas, start, end, 255, max(1, round(PEN * size)), cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255
