"""Does a face look like a man's?

Drawn men have narrower eyes, heavier brows and jaws, and no long lashes; without these everybody is drawn as a girl.
A linear classifier on gradients, colours and texture of the face says how far to go; its labels are in
weights/masculine.csv, and how often it is right in the model card.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import to_lab
from photo2moe.stages.classify import LinearClassifier, crop
from photo2moe.types import Face, Image

SCALE, TOP, SIDE = 20, -1.1, 64  # pixels a face unit; v of the upper edge, and side in pixels, of the region looked at
HOG = ((16, 16), (8, 8), (8, 8), 9)  # block, its step, cell, directions; Dalal and Triggs, CVPR 2005
CELLS = (16, 16)  # of colours and of texture
CHEEKS = slice(28, 36), slice(16, 48)  # rows and columns of both cheeks and the nose
SPREAD, GRAIN = np.array([20.0, 8.0, 8.0], np.float32), 3.0  # usual deviations: Lab, texture
DOUBT = 2.0  # log odds between which a face is drawn in between


def masculinity(path: Path) -> Callable[[Image, Face], float]:
    """A function from photo and face to 0…1, in tenths: how much it is drawn as a man's.

    Args:
        path: of the classifier's parameters.
    """
    odds = LinearClassifier(path)
    return lambda photo, face: round(_share(odds(describe(whole_face(photo, face)))), 1)


def _share(odds: float) -> float:
    return min(1.0, max(0.0, 0.5 + odds / (2 * DOUBT)))


def whole_face(photo: Image, face: Face) -> Image:
    """The face from forehead to chin, upright, ``(64, 64, 3)``."""
    return crop(photo, face, SCALE, (SIDE, SIDE), TOP, beyond=True)


def describe(region: Image) -> NDArray[np.float32]:
    """Gradient histograms, colours against the cheeks' and texture of the region, ``(2788,)``."""
    hog = cv2.HOGDescriptor((SIDE, SIDE), *HOG)
    gradients = np.asarray(hog.compute(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY))).ravel()
    lab = to_lab(region)
    light, face = lab[..., 0], np.median(lab[CHEEKS].reshape(-1, 3), 0)
    apart = cv2.resize(lab - face, CELLS, interpolation=cv2.INTER_AREA) / SPREAD
    grain = cv2.resize(np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.5)), CELLS, interpolation=cv2.INTER_AREA)
    parts = np.clip(apart, -3, 3) / 2, np.clip(grain / GRAIN, 0, 3) / 2
    return np.concatenate([gradients, *(part.ravel() for part in parts)]).astype(np.float32)
