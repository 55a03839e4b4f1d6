"""Put the drawn figure on its background: plain, transparent, a picture, or the photo itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background
from photo2moe.ops.geometry import AVATAR_CHIN, CHIN_RANGE, MAN_LONGER, Template, apply, compose, invert
from photo2moe.ops.inpaint import defocus, head_outline, remove
from photo2moe.ops.layers import blend, cover, fit, lay, rise, warp
from photo2moe.types import CHIN, Face, Image, Mask, Matrix, Points

Matte = tuple[Mask, Matrix]

PLATE, LARGE_PLATE = 320, 640  # pixels: side at which the background behind a person is painted, in avatars and photos
MARGIN = 4  # the plate shows 1/4 of its side more all around, where the background is known better
BLUR = 0.22  # face units: sigma of the blurred background

# In the photo the figure grows until its chin and shoulders meet the person's own; a
# chibi head is then as wide as the real one with its hair, and covers it.
GROWTH = 1.4
# Shares of the square's side over which the figure fades out where the square cuts it.
FADE_FROM, FADE_SIDE, FADE_TOP, FADE_BOTTOM = 0.01, 0.06, 0.03, 0.16
HEAD_CENTRE = -0.25  # v of the middle of a head with its hair
CHIN_USUAL = 1.7  # v in selfies; a larger one means that the eyes are foreshortened, so the head is larger
EARS = [234, 454]  # mesh points; the head's middle lies between them, also when it is turned
BODY = (-0.1, 0.35)  # v below the chin where the head ends and the body begins
# Another chosen face nearer than this, in its own units, keeps its surroundings.
TERRITORY = (0.7, 1.1)


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One figure that shall replace a face in its photo.

    Attributes:
        face: the face.
        matte: mask of the person, and the matrix from photo to mask pixels.
        cutout: ``(S, S, 4)`` uint8 on the template, straight alpha.
        strength: proportions it was drawn in: 0 the person's own … 1 anime.
        masculine: 0 those of drawn women and children … 1 those of drawn men.
    """

    face: Face
    matte: Matte
    cutout: NDArray[np.uint8]
    strength: float = 1.0
    masculine: float = 0.0


def compose_avatar(
    photo: Image,
    face: Face,
    matte: Matte,
    cutout: NDArray[np.uint8],
    template: Template,
    background: Background,
    size: int,
    backdrop: Image | None = None,
) -> NDArray[np.uint8]:
    """Put a figure in front of its background, in the square that the template shows.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face that the figure was drawn from.
        matte: mask of the person, and the matrix from photo to mask pixels.
        cutout: ``(S, S, 4)`` uint8 on the template, straight alpha.
        template: where the eyes lie.
        background: what to stand in front of.
        size: side of the result, pixels.
        backdrop: the picture, where ``background`` is one.

    Returns:
        ``(size, size, 3)`` uint8, or ``(size, size, 4)`` with straight alpha if transparent.

    Raises:
        ValueError: the background is a picture, and there is none.
    """
    figure = fit(cutout, size)
    if background.kind == "transparent":
        return figure
    if background.kind == "colour":
        behind = np.full((size, size, 3), background.colour, np.uint8)
    elif background.kind == "picture":
        if backdrop is None:
            raise ValueError("the background is a picture, but none was given")
        behind = cover(backdrop, size)
    else:
        behind = _surroundings(photo, face, matte, template, size, blurred=background.kind == "blur")
    return lay(figure, behind)


def compose_photo(photo: Image, placements: Sequence[Placement], template: Template) -> Image:
    """Replace faces in their photo, the smallest (farthest) first.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB; it is not changed.
        placements: what to draw where.
        template: where the eyes lie in a cutout.

    Returns:
        ``(H, W, 3)`` uint8; the very bytes of the photo outside of the squares that the
        figures lie in, and within them wherever there is neither figure nor old head.
    """
    result = photo.copy()
    order = sorted(placements, key=lambda placement: placement.face.eye_distance)
    for placement in order:
        others = [other.face for other in order if other is not placement]
        _place(result, placement, others, template)
    return result


def side_by_side(photo: Image, face: Face, avatar: NDArray[np.uint8], template: Template) -> Image:
    """Show the person as photographed, turned upright in the same frame, and the avatar.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face.
        avatar: ``(S, S, 3)`` or ``(S, S, 4)`` uint8; transparency is laid on white.
        template: where the eyes lie.

    Returns:
        ``(S, 2 S, 3)`` uint8.
    """
    size = avatar.shape[0]
    before = _surroundings(photo, face, None, template, size)
    if avatar.shape[2] == 4:
        avatar = lay(avatar, np.full((size, size, 3), 255, np.uint8))
    return np.hstack([before, avatar])


def placement_matrix(placement: Placement, template: Template, size: int) -> Matrix:
    """Matrix ``(2, 3)`` from photo pixels to those of the square that the figure fills in the photo."""
    face, strength = placement.face, placement.strength
    chin = float(np.clip(_chin(face), *CHIN_RANGE))
    drawn = chin + strength * (AVATAR_CHIN + placement.masculine * MAN_LONGER[1] - chin)
    growth = 1 + strength * (GROWTH * max(1.0, chin / CHIN_USUAL) ** 0.5 - 1)
    onto_template = np.array([[1 / growth, 0, 0], [0, 1 / growth, drawn - chin / growth]])
    return compose(template.to_pixels(size), compose(onto_template, face.to_units()))


def _place(result: Image, placement: Placement, others: list[Face], template: Template) -> None:
    """Draw one figure into ``result``, in place."""
    size = placement.cutout.shape[0]
    matrix = placement_matrix(placement, template, size)
    corners = apply(invert(matrix), np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * float(size) - 0.5)
    highest = np.array(result.shape[1::-1])
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, highest)
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, highest)
    if x0 == x1 or y0 == y1:
        return
    region, offset = result[y0:y1, x0:x1], np.array([[1, 0, x0], [0, 1, y0]], float)
    shape = y1 - y0, x1 - x0
    plate, masks, onto_plate = _headless(result, placement, others, template)
    from_plate = invert(compose(onto_plate, offset))
    removed, allowed = np.moveaxis(warp(masks, from_plate, shape, outside=0).astype(np.float32) / 255, 2, 0)
    behind = blend(region, warp(plate, from_plate, shape), removed)
    figure = warp(placement.cutout, invert(compose(matrix, offset)), shape, outside=0)
    figure[..., 3] = (figure[..., 3] * allowed).round()
    result[y0:y1, x0:x1] = lay(figure, behind)


def _headless(
    photo: Image, placement: Placement, others: list[Face], template: Template
) -> tuple[Image, NDArray[np.uint8], Matrix]:
    """Look behind a person.

    Returns:
        ``(S, S, 3)`` what is there; ``(S, S, 2)`` uint8 masks of where the old head must
        go and of where the figure may be; the matrix from photo pixels onto both.
    """
    face, to_units = placement.face, placement.face.to_units()
    wide = Template(template.eye_distance / (GROWTH * (1 + 2 / MARGIN)), template.eye_line)
    size = int(np.clip(round(face.eye_distance / wide.eye_distance), 16, LARGE_PLATE))
    unit, matrix = wide.eye_distance * size, compose(wide.to_pixels(size), to_units)
    view, inside, person = _views(photo, placement.matte, matrix, size)
    u, v = wide.grid(size)
    body = rise(_chin(face) + BODY[0], _chin(face) + BODY[1], v)
    stretch = float(np.clip(_chin(face) / CHIN_USUAL, 1, 2))
    middle = apply(to_units, face.landmarks[EARS])[:, 0].mean()
    centre = apply(wide.to_pixels(size), np.array([[middle, HEAD_CENTRE * stretch]]))[0]
    own = head_outline(person, (float(centre[0]), float(centre[1])), unit * stretch)
    points = np.stack([u.ravel(), v.ravel()], 1)
    in_photo = apply(invert(to_units), points)
    for other in others:
        apart = np.hypot(*apply(other.to_units(), in_photo).T).reshape(size, size)
        own *= rise(*TERRITORY, apart / np.maximum(np.hypot(u, v), 1e-6))
    plate, painted = remove(view, inside, person * np.maximum(own, body).astype(np.float32), unit)
    in_square = apply(compose(placement_matrix(placement, template, 1), invert(to_units)), points)
    fade = _fade(in_square.reshape(size, size, 2) + 0.5)
    # Drawn shoulders may not be wider than the real ones: they would float in the air.
    masks = np.dstack([fade * painted * own * (1 - body), fade * (1 - body * (1 - painted))])
    return plate, (255 * masks).round().astype(np.uint8), matrix


def _chin(face: Face) -> float:
    """Height ``v`` of a face's chin."""
    return float(apply(face.to_units(), face.landmarks[[CHIN]])[0, 1])


def _fade(place: Points) -> Points:
    """Let the figure end softly: 1 inside the square, 0 at its edges and beyond.

    ``place`` is ``(S, S, 2)``, from ``(0, 0)`` at the top left of the square to ``(1, 1)``.
    """
    x, y = np.moveaxis(place, 2, 0)
    across = rise(FADE_FROM, FADE_SIDE, x) * rise(FADE_FROM, FADE_SIDE, 1 - x)
    return rise(FADE_FROM, FADE_TOP, y) * rise(FADE_FROM, FADE_BOTTOM, 1 - y) * across


def _surroundings(
    photo: Image, face: Face, matte: Matte | None, template: Template, size: int, *, blurred: bool = False
) -> Image:
    """The photo in the square that the template shows, without the person if there is a matte."""
    side = min(size, PLATE)
    margin, unit = side // MARGIN, template.eye_distance * side
    matrix = compose(template.to_pixels(side), face.to_units())
    wide = compose(np.array([[1, 0, margin], [0, 1, margin]], float), matrix)
    view, inside, person = _views(photo, matte, wide, side + 2 * margin)
    plate, painted = remove(view, inside, person, unit)
    if blurred:
        plate = defocus(plate, BLUR * unit)
    middle = slice(margin, margin + side)
    plate = cv2.resize(plate[middle, middle], (size, size), interpolation=cv2.INTER_CUBIC)
    if blurred:
        return np.asarray(plate, np.uint8)
    sharp = warp(photo, compose(template.to_pixels(size), face.to_units()), (size, size))
    return blend(sharp, plate, cv2.resize(painted[middle, middle], (size, size), interpolation=cv2.INTER_LINEAR))


def _views(photo: Image, matte: Matte | None, matrix: Matrix, size: int) -> tuple[Image, Mask, Mask]:
    """A square view of the photo, of where the photo is, and of the person."""
    mask, to_mask = matte or (np.zeros((1, 1), np.float32), matrix)
    inside = warp(np.full(photo.shape[:2], 255, np.uint8), matrix, (size, size), outside=0)
    person = warp((mask * 255).astype(np.uint8), compose(matrix, invert(to_mask)), (size, size))
    return warp(photo, matrix, (size, size)), inside.astype(np.float32) / 255, person.astype(np.float32) / 255
