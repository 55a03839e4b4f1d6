"""Put a drawn figure in front of its background: plain, transparent, a picture, or the photo without the person."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background
from photo2moe.compose.frame import onto_picture
from photo2moe.ops.geometry import compose, invert
from photo2moe.ops.inpaint import defocus, remove
from photo2moe.ops.layers import blend, cover, lay, warp
from photo2moe.pen.scene import Scene
from photo2moe.types import Face, Image, Mask, Matrix

Matte = tuple[Mask, Matrix]

PLATE = 320  # pixels: side at which the background behind a person is painted
MARGIN = 4  # the plate shows 1/4 of its side more all around, where the background is known better
BLUR = 0.22  # face units: sigma of the blurred background


def compose_avatar(
    photo: Image,
    face: Face,
    matte: Matte,
    figure: NDArray[np.uint8],
    scene: Scene,
    background: Background,
    backdrop: Image | None = None,
) -> NDArray[np.uint8]:
    """Put a figure in front of its background.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face that the figure was drawn from.
        matte: mask of the person, and the matrix from photo to mask pixels.
        figure: ``(S, S, 4)`` uint8, straight alpha.
        scene: what the figure was rastered from.
        background: what to stand in front of.
        backdrop: the picture, where ``background`` is one.

    Returns:
        ``(S, S, 3)`` uint8, or the figure itself if the background is transparent.

    Raises:
        ValueError: the background is a picture, and there is none.
    """
    size = len(figure)
    if background.kind == "transparent":
        return figure
    if background.kind == "colour":
        behind = np.full((size, size, 3), background.colour, np.uint8)
    elif background.kind == "picture":
        if backdrop is None:
            raise ValueError("the background is a picture, but none was given")
        behind = cover(backdrop, size)
    else:
        behind = surroundings(photo, face, matte, scene, size, blurred=background.kind == "blur")
    return lay(figure, behind)


def side_by_side(photo: Image, face: Face, avatar: NDArray[np.uint8], scene: Scene) -> Image:
    """Show the person as photographed, in the same frame, and the avatar.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face.
        avatar: ``(S, S, 3)`` or ``(S, S, 4)`` uint8; transparency is laid on white.
        scene: what the avatar was rastered from.

    Returns:
        ``(S, 2 S, 3)`` uint8.
    """
    size = avatar.shape[0]
    before = surroundings(photo, face, None, scene, size)
    if avatar.shape[2] == 4:
        avatar = lay(avatar, np.full((size, size, 3), 255, np.uint8))
    return np.hstack([before, avatar])


def surroundings(
    photo: Image, face: Face, matte: Matte | None, scene: Scene, size: int, *, blurred: bool = False
) -> Image:
    """The photo in the square that the drawing shows, without the person if there is a matte."""
    side = min(size, PLATE)
    margin, pixels = side // MARGIN, side / scene.width
    wide = compose(np.array([[1, 0, margin], [0, 1, margin]], float), onto_picture(face, scene, side))
    view, inside, person = views(photo, matte, wide, side + 2 * margin)
    plate, painted = remove(view, inside, person, pixels)
    if blurred:
        plate = defocus(plate, BLUR * pixels)
    middle = slice(margin, margin + side)
    plate = cv2.resize(plate[middle, middle], (size, size), interpolation=cv2.INTER_CUBIC)
    if blurred:
        return np.asarray(plate, np.uint8)
    sharp = warp(photo, onto_picture(face, scene, size), (size, size))
    return blend(sharp, plate, cv2.resize(painted[middle, middle], (size, size), interpolation=cv2.INTER_LINEAR))


def views(photo: Image, matte: Matte | None, matrix: Matrix, size: int) -> tuple[Image, Mask, Mask]:
    """A square view of the photo, of where the photo is, and of the person."""
    mask, to_mask = matte or (np.zeros((1, 1), np.float32), matrix)
    inside = warp(np.full(photo.shape[:2], 255, np.uint8), matrix, (size, size), outside=0)
    person = warp((mask * 255).astype(np.uint8), compose(matrix, invert(to_mask)), (size, size))
    return warp(photo, matrix, (size, size)), inside.astype(np.float32) / 255, person.astype(np.float32) / 255
