"""Does a face look like a man's?

Drawn men have narrower eyes, heavier brows and jaws, and no long lashes; without these everybody is drawn as a girl.
A linear classifier on gradients, colours and texture of the face says how far to go; its labels are in
weights/masculine.csv, and how often it is right in the model card.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo2moe.stages import classify
from photo2moe.stages.classify import LinearClassifier, crop
from photo2moe.types import Face, Image

SCALE, TOP, SIDE = 20, -1.1, 64  # pixels a face unit; v of the upper edge, and side in pixels, of the region looked at
CHEEKS = slice(28, 36), slice(16, 48)  # rows and columns of both cheeks and the nose
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
    return classify.describe(region, CHEEKS)
