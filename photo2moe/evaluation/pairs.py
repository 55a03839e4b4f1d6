"""What is compared: heads on the template, and photo beside avatar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.geometry import Template, to_template
from photo2moe.types import Colours, Face, Image, Mask, Points

# Of MediaPipe's mesh: what a drawing shows of a face's geometry. Corners of both eyes,
# tip of the nose, corners of the mouth, chin, and both cheeks at the height of the ears.
LANDMARKS = (33, 133, 362, 263, 1, 61, 291, 152, 234, 454)
NOSE, CHEEKS = 4, (8, 9)  # their places in that list


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head on the template, on white.

    Attributes:
        image: ``(S, S, 3)``.
        alpha: ``(S, S)`` mask of the figure.
        large: ``(L, L, 3)``, the same as the user gets it, upscaled.
        points: ``(10, 2)`` :data:`LANDMARKS` in face units of the template; NaN where
            they are not known.
    """

    image: Image
    alpha: Mask
    large: Image
    points: Points


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A person, photographed and drawn.

    Attributes:
        name: the photo's path relative to its folder.
        photo: the person cut out and warped into chibi proportions: what the net saw.
        avatar: the drawing.
        measured: colours measured in the photo.
        wanted: colours that the net was asked for, an artist's lighter ones.
        face: ``(150, 150, 3)`` the face in the photo itself, as a face recogniser wants it.
        eye_height: mean height of the opened eyes in the photo itself, face units.
    """

    name: str
    photo: Head
    avatar: Head
    measured: Colours
    wanted: Colours
    face: Image
    eye_height: float


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """How heads are laid out.

    Attributes:
        template: where the eyes lie.
        size: side of a head's ``image``, pixels.
        large: side of a head as the user gets it.
        enlarge: the upscaler, ``(S, S, 4)`` straight alpha and a side → ``(side, side, 4)``.
    """

    template: Template
    size: int
    large: int
    enlarge: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]

    def head(self, rgba: NDArray[np.uint8], points: Points | None = None) -> Head:
        """Lay a cutout ``(S, S, 4)``, straight alpha, on white, at both sizes, as avatars are."""
        alpha = rgba[..., 3].astype(np.float32) / 255
        large = on_white(self.enlarge(rgba, self.large))
        return Head(on_white(rgba), alpha, large, unknown_points() if points is None else points)


def on_white(rgba: NDArray[np.uint8]) -> Image:
    """``(S, S, 4)`` straight alpha laid on white, ``(S, S, 3)``."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return (rgba[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)


def eye_height(face: Face) -> float:
    """Mean distance of the lids' middles in the photo, face units; 0 for closed eyes."""
    lids = face.landmarks[[159, 386]] - face.landmarks[[145, 374]]
    return float(np.hypot(*lids.T).mean()) / face.eye_distance


def unknown_points() -> Points:
    """Landmarks that nobody found."""
    return np.full((len(LANDMARKS), 2), np.nan)


def warped_points(face: Face, source: NDArray[np.float32], template: Template) -> Points:
    """Find where the chibi warp took the photo's landmarks.

    Args:
        face: the face in the photo.
        source: ``(S, S, 2)``, the photo pixel that each pixel of the square shows.
        template: where the eyes lie in the square.

    Returns:
        ``(10, 2)`` :data:`LANDMARKS` in face units; NaN for what fell outside of it.
    """
    found = to_template(face.landmarks[list(LANDMARKS)], source, template)
    u, v = template.grid(source.shape[0])
    inside = (found > [u.min(), v.min()]) & (found < [u.max(), v.max()])
    return np.where(inside.all(1, keepdims=True), found, np.nan)


def seen_points(faces: list[Face], template: Template, size: int) -> Points:
    """Take the landmarks of the face that lies where the template wants one.

    A face whose eye centres lie over 0.35 face units from the template's is another
    thing that the detector took for a face.

    Args:
        faces: found in a square of ``size`` pixels.
        template: where the eyes lie in the square.
        size: its side.

    Returns:
        ``(10, 2)`` :data:`LANDMARKS` in face units; NaN where no face fits.
    """
    to_pixels = template.to_pixels(size)
    best, points = 0.35, unknown_points()
    for face in faces:
        eyes = (face.eyes - to_pixels[:, 2]) / to_pixels[0, 0]
        away = float(np.hypot(*(eyes - [[-0.5, 0], [0.5, 0]]).T).max())
        if away < best:
            best, points = away, (face.landmarks[list(LANDMARKS)] - to_pixels[:, 2]) / to_pixels[0, 0]
    return points
