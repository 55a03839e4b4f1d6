"""Does a person wear glasses, and what do the frames look like?

MediaPipe's mesh goes through glasses as if they were not there. A linear classifier on
gradient histograms of the eyes' region is enough to see them: in five-fold cross-validation on 2,942 faces,
337 of them with glasses, it finds 96 % of these and takes 0.3 % of the others for such.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB, to_lab
from photo2moe.ops.marks import Glasses
from photo2moe.stages.classify import LinearClassifier, crop
from photo2moe.types import Face, Image

SCALE = 32  # pixels a face unit of the region looked at
REGION = (64, 32)  # its width and height, pixels: u from -1 to 1, v from -0.5 to 0.5
HOG = ((16, 16), (8, 8), (8, 8), 9)  # block, its step, cell, directions; Dalal and Triggs, CVPR 2005
LENS = (0.37, 0.34)  # half-width and half-height that frames are drawn with, face units


class GlassesFinder:
    """Finds glasses; load once, call often.

    Args:
        path: of the classifier's parameters.
    """

    def __init__(self, path: Path) -> None:
        self._odds = LinearClassifier(path)

    def __call__(self, photo: Image, face: Face) -> Glasses | None:
        """Frames as they are to be drawn, or ``None``."""
        region = eye_region(photo, face)
        if self._odds(describe(region)) < 0:
            return None
        colour, strength = _frame(region)
        return Glasses(*LENS, corner=2.8, thickness=0.014 + 0.010 * strength, colour=colour)


def eye_region(photo: Image, face: Face) -> Image:
    """Both eyes, upright, ``(32, 64, 3)``."""
    return crop(photo, face, SCALE, REGION, -REGION[1] / 2 / SCALE)


def describe(region: Image) -> NDArray[np.float32]:
    """Gradient histograms of the region, ``(756,)``."""
    hog = cv2.HOGDescriptor(REGION, *HOG)
    return np.asarray(hog.compute(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)), np.float32).ravel()


def _frame(region: Image) -> tuple[RGB, float]:
    """Colour of the frames, and how much they stand out, 0…1.

    The darkest eighth of where the rims run below and between the eyes, where no brow is.
    """
    v, u = (np.mgrid[0 : REGION[1], 0 : REGION[0]] + 0.5) / SCALE - [[[0.5]], [[1.0]]]
    ring = np.hypot((np.abs(u) - 0.5) / 0.36, v / 0.26)
    rims = ((ring > 0.8) & (ring < 1.25) & (v > 0.04)) | ((np.abs(u) < 0.14) & (np.abs(v) < 0.12))
    pixels = region[rims]
    lightness = to_lab(pixels[None])[0, :, 0]
    dark = lightness <= np.percentile(lightness, 12)
    r, g, b = (round(float(c)) for c in np.median(pixels[dark], axis=0))
    contrast = float(np.median(lightness) - np.median(lightness[dark]))
    return (r, g, b), float(np.clip((contrast - 8) / 30, 0, 1))
