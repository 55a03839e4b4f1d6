"""Hold still what does not move: filters over time for faces and outlines.

The filter is the One-Euro filter: Casiez, Roussel, Vogel, *1€ Filter*, CHI 2012,
algorithm 1. A low-pass whose cutoff rises with speed: no trembling at rest, no lag in
motion. State lives in the objects here and nowhere else.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.geometry import apply
from photo2moe.types import Face, Mask, Points
from photo2moe.video.motion import MotionConfig

Floats = NDArray[np.float64]

SPEED_CUTOFF = 1.0  # hertz; of the speed itself, as in the paper
# Changes of a mask up to which they count as trembling, and from which they are motion and are shown at once.
MATTE_CALM, MATTE_MOVED = 0.15, 0.6


class OneEuro:
    """The One-Euro filter of a vector, or of many points at once.

    Args:
        cutoff: hertz at rest.
        beta: hertz for each unit of speed.
    """

    def __init__(self, cutoff: float, beta: float) -> None:
        self._cutoff, self._beta = cutoff, beta
        self._value: Floats | None = None
        self._speed: Floats = np.zeros(())

    def __call__(self, value: Floats, seconds: float) -> Floats:
        """Filter one measurement.

        Args:
            value: ``(..., D)``; each vector of length ``D`` has one speed.
            seconds: since the one before.

        Returns:
            The same shape. The first comes back as it is.
        """
        if self._value is None or seconds <= 0:
            self._value = value.copy() if self._value is None else self._value
            self._speed = np.zeros_like(value)
            return self._value
        speed = (value - self._value) / seconds
        self._speed = self._speed + smoothing(SPEED_CUTOFF, seconds) * (speed - self._speed)
        cutoff = self._cutoff + self._beta * np.linalg.norm(self._speed, axis=-1, keepdims=True)
        self._value = self._value + smoothing(cutoff, seconds) * (value - self._value)
        return self._value


def smoothing(cutoff: float | Floats, seconds: float) -> Floats:
    """Share of the new value in a low-pass.

    Args:
        cutoff: hertz.
        seconds: since the last value.

    >>> smoothing(1 / (2 * np.pi), 1.0)
    array(0.5)
    """
    return np.asarray(1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff) * seconds)))


class SteadyFace:
    """A face whose place and whose features are filtered apart from each other.

    A head that moves fast would otherwise switch off the filter of its features.
    """

    def __init__(self, config: MotionConfig) -> None:
        self._centre = OneEuro(config.place_cutoff, config.place_beta)
        self._form = OneEuro(config.place_cutoff, config.place_beta)
        self._shape = OneEuro(config.shape_cutoff, config.shape_beta)
        self._angle = 0.0

    def __call__(self, face: Face, seconds: float) -> Face:
        """The face, steadied; ``seconds`` since the last one."""
        left, right = face.eyes
        distance, middle = face.eye_distance, (left + right) / 2
        angle = float(np.arctan2(*(right - left)[::-1]))
        # Unwound, so that a head may pass the place where the angle jumps.
        self._angle += (angle - self._angle + np.pi) % (2 * np.pi) - np.pi
        log, turned = self._form(np.array([[np.log(distance)], [self._angle]]), seconds)[:, 0]
        scale = float(np.exp(log))
        x, y = self._centre(middle / scale, seconds) * scale
        cos, sin = scale * np.cos(turned), scale * np.sin(turned)
        to_photo = np.array([[cos, -sin, x], [sin, cos, y]])
        shape = self._shape(apply(face.to_units(), face.landmarks), seconds)
        return moved(face, apply(to_photo, shape))


def moved(face: Face, landmarks: Points) -> Face:
    """The same face with its landmarks elsewhere."""
    (x0, y0), (x1, y1) = landmarks.min(0), landmarks.max(0)
    return Face((float(x0), float(y0), float(x1), float(y1)), landmarks, face.score)


class SteadyMask:
    """An outline that lags where it trembles and follows where it moves. Masks lie upright in face units."""

    def __init__(self, config: MotionConfig) -> None:
        self._seconds = config.matte_seconds
        self._mask: Mask | None = None

    def __call__(self, mask: Mask, seconds: float) -> Mask:
        """The mask, steadied; ``seconds`` since the last one."""
        if self._mask is None or self._mask.shape != mask.shape:
            self._mask = mask
            return mask
        step = mask - self._mask
        share = _share(cv2.blur(np.abs(step), (9, 9)), MATTE_CALM, MATTE_MOVED, _decay(self._seconds, seconds))
        self._mask = np.asarray(self._mask + share * step, np.float32)
        return self._mask


def _decay(constant: float, seconds: float) -> float:
    """Share of the new value in an average with a time constant."""
    return float(1 - np.exp(-seconds / constant)) if constant > 0 else 1.0


def _share(apart: NDArray[np.float32], calm: float, moved: float, least: float) -> NDArray[np.float32]:
    rising = np.clip((apart - calm) / (moved - calm), 0, 1)
    return np.asarray(least + (1 - least) * rising, np.float32)
