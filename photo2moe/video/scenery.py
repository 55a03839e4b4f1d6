"""The view of an avatar in motion, and what is behind the person in it.

A photo's avatar has the head where its drawing has it. In motion that would nail the head to
one place and shake the world instead: so the view follows the head slowly, on a leash, and
the head moves within it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background
from photo2moe.compose.background import BLUR, MARGIN, Matte
from photo2moe.compose.frame import unit
from photo2moe.ops.geometry import apply, compose, invert
from photo2moe.ops.inpaint import defocus, remove
from photo2moe.ops.layers import blend, cover, fit, lay, rise, warp
from photo2moe.pipeline import Square
from photo2moe.types import Face, Image, Mask, Matrix
from photo2moe.video.motion import MotionConfig
from photo2moe.video.steady import OneEuro

# Face units that the head may be off the middle of the view, sideways and up or down; how much nearer or farther it
# may be, as a logarithm.
LEASH, NEARER = np.array([0.22, 0.12]), 0.10
UNSEEN: Square = (-2.6, -2.9, 5.2)  # what the view shows before anybody was drawn
PLATE_SHARE, PLATES = 0.375, (96, 256)  # side of the painted background: of the view's, and least and largest, pixels
MEMORY = 0.25  # seconds: time constant of what is painted; a real background is never averaged
UNRECOGNISABLE = 24  # pixels: longest side of a picture in which nobody knows a face
HEAD_ROOM = (2.2, 3.2)  # face units around a lost face within which the head may be by now
SOMEBODY = 0.015  # share of a picture that must be a person to count


class View:
    """The square that an avatar is shown in."""

    def __init__(self, motion: MotionConfig) -> None:
        self._filter = OneEuro(motion.view_cutoff, motion.view_beta)
        self._size = OneEuro(motion.view_cutoff, motion.view_beta)
        self._units: Matrix | None = None
        self._square = UNSEEN

    def follow(self, face: Face, own: Square, seconds: float) -> Square:
        """Move after a face.

        Args:
            face: where the person is now.
            own: what a picture of the person shows that keeps still.
            seconds: since the last one.

        Returns:
            What the picture shows now, so that the person moves in it.
        """
        middle, log = face.eyes.mean(0), float(np.log(unit(face)))
        scale = float(np.exp(np.clip(self._size(np.array([log]), seconds)[0], log - NEARER, log + NEARER)))
        centre = self._filter(middle / scale, seconds) * scale
        off = np.clip((middle - centre) / scale, -LEASH, LEASH)
        self._square = own[0] - float(off[0]), own[1] - float(off[1]), own[2]
        self._units = np.array([[1 / scale, 0, -middle[0] / scale], [0, 1 / scale, -middle[1] / scale]])
        return self._square

    @property
    def width(self) -> float:
        """Side of what is shown, face units."""
        return self._square[2]

    def matrix(self, size: int, shape: tuple[int, int]) -> Matrix:
        """Matrix ``(2, 3)`` from photo pixels to those of the view; the middle of the photo before any face.

        Args:
            size: side of the view, pixels.
            shape: ``(height, width)`` of the photo.
        """
        if self._units is not None:
            u, v, width = self._square
            scale = size / width
            return compose(np.array([[scale, 0, -scale * u - 0.5], [0, scale, -scale * v - 0.5]]), self._units)
        height, width = shape
        scale = size / min(height, width)
        half = np.array([[size / 2 - scale * width / 2], [size / 2 - scale * height / 2]])
        return np.hstack([np.eye(2) * scale, half + (scale - 1) / 2])


class Scenery:
    """What is behind the person: the photo with the person painted over, and a memory of what was painted."""

    def __init__(self, background: Background, backdrop: Image | None) -> None:
        self.background, self._backdrop = background, backdrop
        self._plate: Image | None = None

    def behind(
        self, image: Image, matrix: Matrix, people: list[Matte], size: int, width: float, seconds: float
    ) -> Image:
        """The background in a view.

        Args:
            image: ``(H, W, 3)`` uint8 frame.
            matrix: from its pixels to those of the view.
            people: masks of who must go, each with its matrix from photo to mask pixels.
            size: side of the view, pixels.
            width: of the view, face units.
            seconds: since the last frame.
        """
        if self.background.kind == "colour":
            return np.full((size, size, 3), self.background.colour, np.uint8)
        if self.background.kind == "picture" and self._backdrop is not None:
            return cover(self._backdrop, size)
        side = int(np.clip(round(size * PLATE_SHARE), *PLATES))
        margin, ratio = side // MARGIN, side / size
        total = side + 2 * margin
        small = compose(np.array([[ratio, 0, margin + (ratio - 1) / 2], [0, ratio, margin + (ratio - 1) / 2]]), matrix)
        inside = warp(np.full(image.shape[:2], 255, np.uint8), small, (total, total), outside=0)
        pixels = side / width
        painted, where = remove(
            warp(image, small, (total, total)), _unit(inside), _people(people, small, total), pixels
        )
        middle = slice(margin, margin + side)
        plate = self._remember(np.ascontiguousarray(painted[middle, middle]), seconds)
        if self.background.kind == "blur":
            return fit(defocus(plate, BLUR * pixels), size)
        share = cv2.resize(np.ascontiguousarray(where[middle, middle]), (size, size), interpolation=cv2.INTER_LINEAR)
        return blend(warp(image, matrix, (size, size)), fit(plate, size), share)

    def _remember(self, plate: Image, seconds: float) -> Image:
        if self._plate is not None and self._plate.shape == plate.shape:
            share = float(1 - np.exp(-max(seconds, 0) / MEMORY))
            plate = np.asarray(cv2.addWeighted(plate, share, self._plate, 1 - share, 0), np.uint8)
        self._plate = plate
        return plate


def hide(image: Image, person: Matte, last: list[Face]) -> Image:
    """Blur people beyond recognition.

    Args:
        image: ``(H, W, 3)`` uint8.
        person: mask of them, and the matrix from photo to mask pixels.
        last: faces that were lost a moment ago: only what is around them is blurred then,
            so that a hand before a face does not blur the clothes. All people if empty.
    """
    height, width = image.shape[:2]
    scale = UNRECOGNISABLE / max(height, width)
    tiny = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(tiny, (width, height), interpolation=cv2.INTER_CUBIC)
    mask, matrix = person
    wide = cv2.GaussianBlur(cv2.dilate(mask, np.ones((9, 9), np.uint8)), (0, 0), 4)
    if last:
        pixels = np.stack([axis.ravel() for axis in np.indices(mask.shape)[::-1]], 1).astype(float)
        places = apply(invert(matrix), pixels)
        apart = [np.hypot(*apply(face.to_units(), places).T).reshape(mask.shape) for face in last]
        wide = wide * rise(HEAD_ROOM[1], HEAD_ROOM[0], np.min(apart, axis=0))
    shape = height, width
    return blend(image, np.asarray(soft, np.uint8), _unit(warp(_bytes(wide), invert(matrix), shape, outside=0)))


def figure_before(
    figure: NDArray[np.uint8] | None, opacity: float, behind: Image | None, size: int
) -> NDArray[np.uint8]:
    """Lay a figure over its background; transparent where there is none.

    Args:
        figure: ``(size, size, 4)`` uint8, or ``None`` for nobody.
        opacity: of the figure, ``[0, 1]``.
        behind: ``(size, size, 3)`` uint8, or ``None`` for transparency.
        size: side, pixels.
    """
    if figure is None:
        figure = np.zeros((size, size, 4), np.uint8)
    elif opacity < 1:
        figure = np.dstack([figure[..., :3], (figure[..., 3] * opacity).round().astype(np.uint8)])
    return figure if behind is None else lay(figure, behind)


def people_in(image: Image, mask: Mask) -> Matte | None:
    """A mask of a whole picture as a matte; ``None`` if it shows nobody.

    Args:
        image: ``(H, W, 3)`` uint8.
        mask: of a smaller version of it.
    """
    if float(mask.mean()) < SOMEBODY:
        return None
    ratio = np.array(mask.shape[::-1]) / image.shape[1::-1]
    return mask, np.hstack([np.diag(ratio), ((ratio - 1) / 2)[:, None]])


def _people(people: list[Matte], matrix: Matrix, size: int) -> Mask:
    """Where people are in a square view."""
    every = np.zeros((size, size), np.float32)
    for mask, to_mask in people:
        # Beyond a mask its edge goes on: the person does not end where the square does.
        seen = _unit(warp(_bytes(mask), compose(matrix, invert(to_mask)), (size, size)))
        every = np.maximum(every, seen)
    return every


def _bytes(mask: Mask) -> NDArray[np.uint8]:
    return np.asarray(np.clip(mask * 255, 0, 255).round(), np.uint8)


def _unit(mask: NDArray[np.uint8]) -> Mask:
    return np.asarray(mask, np.float32) / 255
