"""Put drawn heads into a whole photo, each in the place of the person's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.character.schema import Character
from photo2moe.compose.background import MARGIN, Matte, views
from photo2moe.compose.frame import to_level_units, to_picture, unit
from photo2moe.ops.geometry import apply, compose, invert
from photo2moe.ops.inpaint import head_outline, remove
from photo2moe.ops.layers import blend, lay, rise, warp
from photo2moe.pen.head import Head
from photo2moe.pen.scene import Scene
from photo2moe.types import CHIN, Face, Image, Matrix, Points

LARGE_PLATE = 640  # pixels: side at which the background behind a head is painted
# A drawn head grows until it is as large as the real one with its hair, and covers it; chins meet.
GROWTH = 1.22
# Shares of the square's side over which the figure fades out where the square cuts it.
FADE_FROM, FADE_SIDE, FADE_TOP, FADE_BOTTOM = 0.01, 0.06, 0.03, 0.16
HEAD_CENTRE = -0.25  # v of the middle of a head with its hair
EARS = [234, 454]  # mesh points; the head's middle lies between them, also when it is turned
BODY = (-0.1, 0.35)  # v below the chin where the head ends and the body begins
TERRITORY = (0.7, 1.1)  # another chosen face nearer than this, in its own units, keeps its surroundings
VIEW = 6.0  # face units: side of the square in which the background is painted


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One figure that shall replace a head in its photo.

    Attributes:
        face: the face.
        matte: mask of the person, and the matrix from photo to mask pixels.
        figure: ``(S, S, 4)`` uint8, straight alpha.
        scene: what the figure was rastered from.
        character: who was drawn.
    """

    face: Face
    matte: Matte
    figure: NDArray[np.uint8]
    scene: Scene
    character: Character


def compose_photo(photo: Image, placements: Sequence[Placement]) -> Image:
    """Replace heads in their photo, the smallest (farthest) first.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB; it is not changed.
        placements: what to draw where.

    Returns:
        ``(H, W, 3)`` uint8; the very bytes of the photo wherever there is neither figure nor old head.
    """
    result = photo.copy()
    order = sorted(placements, key=lambda placement: unit(placement.face))
    for placement in order:
        _place(result, placement, [other.face for other in order if other is not placement])
    return result


def placement_matrix(placement: Placement, size: int) -> Matrix:
    """Matrix ``(2, 3)`` from photo pixels to those of the square that the figure fills in the photo, so wide."""
    to_units = to_level_units(placement.face)
    chin = apply(to_units, placement.face.landmarks[[CHIN]])[0]
    outline = Head(placement.character).contour()
    drawn = outline[len(outline) // 2]
    growth = 1 + placement.character.strength * (GROWTH - 1)
    onto = np.array([[1 / growth, 0, drawn[0] - chin[0] / growth], [0, 1 / growth, drawn[1] - chin[1] / growth]])
    return compose(to_picture(placement.scene, size), compose(onto, to_units))


def _place(result: Image, placement: Placement, others: list[Face]) -> None:
    """Draw one figure into ``result``, in place."""
    size = placement.figure.shape[0]
    matrix = placement_matrix(placement, size)
    corners = apply(invert(matrix), np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * float(size) - 0.5)
    highest = np.array(result.shape[1::-1])
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, highest)
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, highest)
    if x0 == x1 or y0 == y1:
        return
    region, offset = result[y0:y1, x0:x1], np.array([[1, 0, x0], [0, 1, y0]], float)
    shape = y1 - y0, x1 - x0
    plate, masks, onto_plate = _headless(result, placement, others)
    from_plate = invert(compose(onto_plate, offset))
    removed, allowed = np.moveaxis(warp(masks, from_plate, shape, outside=0).astype(np.float32) / 255, 2, 0)
    behind = blend(region, warp(plate, from_plate, shape), removed)
    figure = warp(placement.figure, invert(compose(matrix, offset)), shape, outside=0)
    figure[..., 3] = (figure[..., 3] * allowed).round()
    result[y0:y1, x0:x1] = lay(figure, behind)


def _headless(photo: Image, placement: Placement, others: list[Face]) -> tuple[Image, NDArray[np.uint8], Matrix]:
    """Look behind a person.

    Returns:
        ``(S, S, 3)`` what is there; ``(S, S, 2)`` uint8 masks of where the old head must
        go and of where the figure may be; the matrix from photo pixels onto both.
    """
    face, to_units = placement.face, to_level_units(placement.face)
    span = VIEW * (1 + 2 / MARGIN)
    size = int(np.clip(round(unit(face) * span), 16, LARGE_PLATE))
    pixels = size / span
    onto = np.array([[pixels, 0, size / 2 - 0.5], [0, pixels, (0.5 * span - HEAD_CENTRE) * pixels - 0.5]])
    matrix = compose(onto, to_units)
    view, inside, person = views(photo, placement.matte, matrix, size)
    rows, columns = np.mgrid[:size, :size].astype(float)
    in_photo = apply(invert(matrix), np.stack([columns.ravel(), rows.ravel()], 1))
    units = apply(to_units, in_photo)
    u, v = units[:, 0].reshape(size, size), units[:, 1].reshape(size, size)
    chin = float(apply(to_units, face.landmarks[[CHIN]])[0, 1])
    body = rise(chin + BODY[0], chin + BODY[1], v)
    middle = apply(to_units, face.landmarks[EARS])[:, 0].mean()
    centre = apply(onto, np.array([[middle, HEAD_CENTRE]]))[0]
    own = head_outline(person, (float(centre[0]), float(centre[1])), pixels)
    for other in others:
        apart = np.hypot(*apply(other.to_units(), in_photo).T).reshape(size, size)
        own *= rise(*TERRITORY, apart / np.maximum(np.hypot(u, v), 1e-6))
    plate, painted = remove(view, inside, person * np.maximum(own, body).astype(np.float32), pixels)
    in_square = apply(placement_matrix(placement, 1), in_photo)
    fade = _fade(in_square.reshape(size, size, 2) + 0.5)
    masks = np.dstack([fade * painted * own * (1 - body), fade])
    return plate, (255 * masks).round().astype(np.uint8), matrix


def _fade(place: Points) -> Points:
    """Let the figure end softly: 1 inside the square, 0 at its edges and beyond.

    ``place`` is ``(S, S, 2)``, from ``(0, 0)`` at the top left of the square to ``(1, 1)``.
    """
    x, y = np.moveaxis(place, 2, 0)
    across = rise(FADE_FROM, FADE_SIDE, x) * rise(FADE_FROM, FADE_SIDE, 1 - x)
    return rise(FADE_FROM, FADE_TOP, y) * rise(FADE_FROM, FADE_BOTTOM, 1 - y) * across
