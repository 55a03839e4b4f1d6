"""Where a drawing lies in its photo: both share the middle between the eyes, and one unit is what lies between them."""

from __future__ import annotations

import numpy as np

from photo2moe.ops.geometry import compose
from photo2moe.pen.scene import Scene
from photo2moe.types import CHIN, Face, Matrix

# Distance between the eyes over that from the middle between them down to the chin, in people who face the camera;
# of a turned head the eyes come closer, the chin does not.
FRONTAL = 1 / 1.72


def unit(face: Face) -> float:
    """Pixels of the photo that are one face unit, whichever way the head is turned."""
    middle = face.eyes.mean(0)
    return max(face.eye_distance, FRONTAL * float(np.hypot(*(face.landmarks[CHIN] - middle))))


def to_level_units(face: Face) -> Matrix:
    """Matrix ``(2, 3)`` from pixels of the photo to face units about the eyes; a tilted head stays tilted."""
    scale, (x, y) = 1 / unit(face), face.eyes.mean(0)
    return np.array([[scale, 0, -scale * x], [0, scale, -scale * y]])


def to_picture(scene: Scene, size: int) -> Matrix:
    """Matrix ``(2, 3)`` from face units to pixels of a drawing that is so many pixels wide."""
    scale, (u, v) = size / scene.width, scene.origin
    return np.array([[scale, 0, -scale * u - 0.5], [0, scale, -scale * v - 0.5]])


def onto_picture(face: Face, scene: Scene, size: int) -> Matrix:
    """Matrix ``(2, 3)`` from pixels of the photo to those of the drawing."""
    return compose(to_picture(scene, size), to_level_units(face))
