"""Does a person wear a hat, a cap or a scarf on the head?

It must not be drawn as hair. A linear classifier on gradients, colours and texture of the head above the eyes
tells; its labels are in weights/headwear.csv, and how often it is right in the model card.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import to_lab
from photo2moe.stages import classify
from photo2moe.stages.classify import Finder, crop
from photo2moe.types import Face, Image

SCALE, TOP, SIDE = 20, -2.5, 64  # pixels a face unit; v of the upper edge, and side in pixels, of the region looked at
CELLS = (16, 16)  # of saturation
CHEEKS = slice(56, None), slice(22, 42)  # rows and columns between eyes and cheeks
CHROMA = 15.0  # usual deviation of saturation
CERTAIN = 0.5  # log odds; hair that is not drawn as hair is worse than a cap that is


def headwear_finder(path: Path) -> Finder:
    """The finder of headwear, from its parameters' file."""
    return Finder(path, lambda photo, face: describe(upper_head(photo, face)), CERTAIN)


def upper_head(photo: Image, face: Face) -> Image:
    """The head from above the crown to below the eyes, upright, ``(64, 64, 3)``."""
    return crop(photo, face, SCALE, (SIDE, SIDE), TOP, beyond=True)


def describe(region: Image) -> NDArray[np.float32]:
    """Gradient histograms, colours against the face's, texture and saturation of the region, ``(3044,)``."""
    chroma = np.linalg.norm(cv2.resize(to_lab(region)[..., 1:], CELLS, interpolation=cv2.INTER_AREA), axis=2)
    saturation = np.clip(chroma / CHROMA, 0, 4) / 2
    return np.concatenate([classify.describe(region, CHEEKS), saturation.ravel()]).astype(np.float32)
