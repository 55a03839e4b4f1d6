"""Where an artist's pen goes before any face is drawn: along what meets.

Photos have no lines. Where hair, skin, clothes and background meet, and along the jaw, an anime drawing
always has one, and people and detectors of anime faces alike look for it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, apply
from photo2moe.ops.tensors import gains
from photo2moe.types import Mask

PEN = 1 / 170  # of the side: half-width of a line
DARK = np.array([0.50, 0.37, 0.36], np.float32)  # a line's brightness, of what it lies on: warm, as on skin
SMOOTH = 0.007  # of the side: finer turns of a border are not followed
SHOULDERS = 0.7  # v below which hair lies on clothes
JAW = 0.1  # v below which the face's outline is drawn
INSIDE = 0.93  # how far in from the outline a face must show for its jaw to be drawn


def lines(skin: Mask, hair: Mask, beard: Mask, alpha: Mask, features: Features, template: Template) -> Mask:
    """Where a pen goes along the figure's outline, its skin's, the ends of its hair and its jaw.

    Args:
        skin: ``(S, S)`` where a photographed head shows skin.
        hair: ``(S, S)`` where its hair is.
        beard: ``(S, S)`` where a beard is drawn.
        alpha: ``(S, S)`` mask of the person.
        features: the face's outline.
        template: where the eyes lie.

    Returns:
        ``(S, S)`` float32, 0…1.
    """
    size = len(alpha)
    outer, inner, locks = (
        cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur * size)
        for mask, blur in ((alpha, SMOOTH), (np.maximum(skin, beard), SMOOTH), (hair, SMOOTH))  # beards have none
    )
    ends = _contour(locks, 0.5) * (template.grid(size)[1] > SHOULDERS)
    within = np.maximum(_contour(inner, 0.5), ends) * np.clip(8 * (outer - 0.7), 0, 1)
    drawn = np.maximum(_contour(outer, 0.6), within)
    return np.asarray(
        np.maximum(drawn, _jaw(np.maximum(skin, beard), features, template)) * np.clip(2.5 * outer, 0, 1), np.float32
    )


def ink(ground: NDArray[np.float32], drawn: Mask) -> NDArray[np.float32]:
    """Draw lines into a figure, each a darker shade of what it lies on.

    Args:
        ground: ``(S, S, 4)`` float32, straight colours and alpha.
        drawn: ``(S, S)`` from :func:`lines`.
    """
    return ground * gains(drawn, np.append(DARK, np.float32(1)))


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
