"""Linear classifiers on a part of the face: what the mesh does not tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from photo2moe.ops.colour import to_lab
from photo2moe.ops.geometry import apply, compose, invert
from photo2moe.types import Face, Image

HOG = ((16, 16), (8, 8), (8, 8), 9)  # block, its step, cell, directions; Dalal and Triggs, CVPR 2005
CELL = 4  # pixels: side of a cell of colours and of texture
SPREAD, GRAIN = np.array([20.0, 8.0, 8.0], np.float32), 3.0  # usual deviations: Lab, texture


class LinearClassifier:
    """Log odds from a description; load once, call often.

    Args:
        path: safetensors with ``weight``, ``(n,)``, and ``bias``, ``(1,)``.
    """

    def __init__(self, path: Path) -> None:
        parameters = load_file(path)
        self._weight, self._bias = parameters["weight"], float(parameters["bias"][0])

    def __call__(self, description: NDArray[np.float32]) -> float:
        """The log odds of ``(n,)``."""
        return float(description @ self._weight) + self._bias


class Finder:
    """Whether somebody wears one thing; load once, call often.

    Args:
        path: of the classifier's parameters.
        describe: a photo and a face → what the classifier looks at.
        certain: log odds above which it is believed.
    """

    def __init__(self, path: Path, describe: Callable[[Image, Face], NDArray[np.float32]], certain: float) -> None:
        self._odds, self._describe, self._certain = LinearClassifier(path), describe, certain

    def __call__(self, photo: Image, face: Face) -> bool:
        """Whether the person with that face does."""
        return self._odds(self._describe(photo, face)) > self._certain


def crop(photo: Image, face: Face, scale: float, size: tuple[int, int], top: float, *, beyond: bool = False) -> Image:
    """A part of the face, upright, with the eyes' middle above or in its own middle.

    Args:
        photo: ``(H, W, 3)``.
        face: whose.
        scale: pixels a face unit.
        size: width and height of the part, pixels.
        top: ``v`` of its upper edge, face units.
        beyond: whether it reaches beyond the landmarks; otherwise what lies there is the face's edge, repeated.

    Returns:
        ``(height, width, 3)`` uint8.
    """
    units = np.array([[scale, 0.0, size[0] / 2 - 0.5], [0.0, scale, -top * scale - 0.5]])
    matrix, shrink = compose(units, face.to_units()), scale / face.eye_distance
    if shrink < 0.6:  # average first: linear sampling alone would lose thin frames and hairs
        width, height = size
        corners = face.landmarks
        if beyond:
            corners = apply(invert(matrix), np.array([[0, 0], [width, 0], [0, height], [width, height]], float))
        x0, y0 = (corners.min(0).astype(int) - 8).clip(0, np.array(photo.shape[1::-1]) - 1)
        x1, y1 = (corners.max(0).astype(int) + 8).clip(1)
        photo = cv2.blur(photo[y0:y1, x0:x1], (max(1, round(1 / shrink)),) * 2)
        matrix = compose(matrix, np.array([[1.0, 0.0, x0], [0.0, 1.0, y0]]))
    return np.asarray(cv2.warpAffine(photo, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def describe(region: Image, skin: tuple[slice, slice]) -> NDArray[np.float32]:
    """Gradient histograms, colours against the skin's, and texture of a part of the face.

    Args:
        region: ``(height, width, 3)`` from :func:`crop`; sides are multiples of 8.
        skin: rows and columns of it that show skin.

    Returns:
        ``(n,)``.
    """
    height, width = region.shape[:2]
    gradients = np.asarray(
        cv2.HOGDescriptor((width, height), *HOG).compute(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY))
    ).ravel()
    lab, cells = to_lab(region), (width // CELL, height // CELL)
    light, tone = lab[..., 0], np.median(lab[skin].reshape(-1, 3), 0)
    apart = cv2.resize(lab - tone, cells, interpolation=cv2.INTER_AREA) / SPREAD
    grain = cv2.resize(np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.5)), cells, interpolation=cv2.INTER_AREA)
    parts = np.clip(apart, -3, 3) / 2, np.clip(grain / GRAIN, 0, 3) / 2
    return np.concatenate([gradients, *(part.ravel() for part in parts)]).astype(np.float32)
