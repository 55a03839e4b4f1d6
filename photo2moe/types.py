"""The words that all parts of photo2moe share.

One convention, true everywhere: an **Image** is ``uint8``, shape ``(H, W, 3)``,
RGB, C-contiguous. A **Mask** is ``float32``, ``(H, W)``, in ``[0, 1]``.
**Points** are ``float64``, ``(N, 2)``, ``(x, y)`` in pixels of the named image,
integers being pixel *centres*. A **Matrix** is ``float64``, ``(2, 3)``, and maps
*source → crop*. Sizes are ``(height, width)``. Inside nets, and only there:
``float32``, ``(B, C, H, W)``, in ``[-1, 1]``.

Lengths on a face are given in *face units*: ``u`` along the eye line to the right
of the picture, ``v`` down, the origin midway between the eye centres, and 1 = the
distance between the eye centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.float32]
Points = NDArray[np.float64]
Matrix = NDArray[np.float64]

RIGHT_EYE = (33, 133)  # corners of the eye on the left of the picture (MediaPipe mesh)
LEFT_EYE = (263, 362)  # corners of the eye on the right of the picture
LIPS = (13, 14)  # inner edge of the upper and the lower lip
CHIN = 152


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face found in a photo.

    Attributes:
        box: ``(x0, y0, x1, y1)`` around the landmarks, photo pixels.
        landmarks: ``(478, 2)`` points of MediaPipe's mesh with irises, photo pixels.
        score: confidence of the detection in ``[0, 1]``.
    """

    box: tuple[float, float, float, float]
    landmarks: Points
    score: float

    @property
    def eyes(self) -> Points:
        """Eye centres ``(2, 2)``, the one on the left of the picture first."""
        return np.stack([self.landmarks[list(RIGHT_EYE)].mean(0), self.landmarks[list(LEFT_EYE)].mean(0)])

    @property
    def eye_distance(self) -> float:
        """Distance between the eye centres in photo pixels: one face unit."""
        left, right = self.eyes
        return float(np.hypot(*(right - left)))

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        x0, y0, x1, y1 = self.box
        return max(0.0, x1 - x0) * max(0.0, y1 - y0)

    def to_units(self) -> Matrix:
        """Similarity ``(2, 3)`` from photo pixels to face units ``(u, v)``."""
        left, right = self.eyes
        (dx, dy), (cx, cy) = (right - left), (left + right) / 2
        square = dx * dx + dy * dy
        rotation = np.array([[dx, dy], [-dy, dx]]) / square
        return np.hstack([rotation, -(rotation @ [[cx], [cy]])])


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A person cut out of a photo and brought onto the template.

    Attributes:
        image: ``(S, S, 3)`` uint8, the (warped) photo itself, not yet on white.
        alpha: ``(S, S)`` mask of the person.
        source: ``(S, S, 2)`` float32, photo pixel ``(x, y)`` that each pixel shows.
        face: the face it was cut out for.
    """

    image: Image
    alpha: Mask
    source: NDArray[np.float32]
    face: Face


@dataclass(frozen=True, slots=True)
class Colours:
    """The three colours that condition the generator, each ``(r, g, b)`` in 0…255."""

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    eyes: tuple[int, int, int]


def check_photo(photo: object) -> None:
    """Refuse what is no photo.

    Raises:
        ValueError: not an array ``(H, W, 3)`` of uint8, or one without pixels.
    """
    if not (isinstance(photo, np.ndarray) and photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3):
        kind = f"{photo.dtype} of shape {photo.shape}" if isinstance(photo, np.ndarray) else type(photo).__name__
        raise ValueError(f"a photo is an array of uint8 and shape (H, W, 3), RGB, not {kind}")
    if not photo.size:
        raise ValueError("the photo has no pixels")
