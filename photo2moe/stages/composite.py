"""Put the drawn figure on its background: plain, transparent, a picture, or the photo itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import ConfigError
from photo2moe.ops.geometry import AVATAR_V, CHIN_RANGE, Template, apply, compose, invert
from photo2moe.ops.inpaint import blend, fill
from photo2moe.types import CHIN, Face, Image, Mask, Matrix

RGB = tuple[int, int, int]
Matte = tuple[Mask, Matrix]

ALLOWED = "photo, blur, white, transparent, #rgb, #rrggbb or the path of a picture"

PLATE = 320  # pixels: side at which the background behind a person is painted
MARGIN = 4  # the plate shows 1/4 of its side more all around, where the background is known better
# Around the matte, face units: hair thinner than the matte sees, and the light it throws.
DILATION, SOFT_RIM = 0.16, 0.05
BLUR = 0.22  # face units: sigma of the blurred background
GAMMA = 2.2  # light is averaged, not grey levels: bright spots stay bright, as in a lens

# In the photo the figure grows until its chin and shoulders meet the person's own; a
# chibi head is then as wide as the real one with its hair, and covers it.
GROWTH = 1.4
CHIN_AVATAR = AVATAR_V[7]
# Shares of the square's side over which the figure fades out where the square cuts it.
FADE_SIDE, FADE_TOP, FADE_BOTTOM = 0.06, 0.03, 0.16
# Where the old head may be painted over: an ellipse (centre v, radii u and v), face
# units, that ends softly, and below the chin not at all, since there is the body.
HEAD_V, HEAD_RADII, HEAD_RIM = -0.25, (1.95, 2.35), 0.2
BELOW_CHIN = (-0.1, 0.35)
# Another chosen face nearer than this, in its own units, keeps its surroundings.
TERRITORY = (0.7, 1.1)


@dataclass(frozen=True, slots=True)
class Background:
    """What an avatar stands in front of.

    Attributes:
        kind: ``photo``, ``blur``, ``transparent``, ``colour`` or ``picture``.
        colour: for ``colour``.
        path: for ``picture``; the caller reads it.
    """

    kind: str
    colour: RGB = (255, 255, 255)
    path: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """One figure that shall replace a face in its photo.

    Attributes:
        face: the face.
        matte: mask of the person, and the matrix from photo to mask pixels.
        cutout: ``(S, S, 4)`` uint8 on the template, straight alpha.
        strength: proportions it was drawn in: 0 the person's own … 1 anime.
    """

    face: Face
    matte: Matte
    cutout: NDArray[np.uint8]
    strength: float = 1.0


def parse_background(text: str) -> Background:
    """Read a background from the command line.

    >>> parse_background("#4060ff").colour
    (64, 96, 255)

    Raises:
        ConfigError: it is none; the message lists what is allowed.
    """
    word = text.strip().lower()
    if word in ("photo", "blur", "transparent"):
        return Background(word)
    if word == "white":
        return Background("colour")
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", word):
        digits = word[1:] if len(word) == 7 else "".join(2 * digit for digit in word[1:])
        red, green, blue = bytes.fromhex(digits)
        return Background("colour", (red, green, blue))
    path = Path(text)
    if not word.startswith("#") and (path.suffix or len(path.parts) > 1):
        return Background("picture", path=text)
    raise ConfigError(f"background must be {ALLOWED}, not {text!r}")


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
    figure = _fit(cutout, size)
    if background.kind == "transparent":
        return figure
    if background.kind == "colour":
        behind = np.full((size, size, 3), background.colour, np.uint8)
    elif background.kind == "picture":
        if backdrop is None:
            raise ValueError("the background is a picture, but none was given")
        behind = _cover(backdrop, size)
    else:
        behind = _surroundings(photo, face, matte, template, size, blurred=background.kind == "blur")
    return _lay(figure, behind)


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
    before = _warp(photo, compose(template.to_pixels(size), face.to_units()), (size, size))
    if avatar.shape[2] == 4:
        avatar = _lay(avatar, np.full((size, size, 3), 255, np.uint8))
    return np.hstack([before, avatar])


def placement_matrix(placement: Placement, template: Template, size: int) -> Matrix:
    """Matrix ``(2, 3)`` from photo pixels to those of the square that the figure fills in the photo."""
    face, strength = placement.face, placement.strength
    chin = float(np.clip(apply(face.to_units(), face.landmarks[[CHIN]])[0, 1], *CHIN_RANGE))
    drawn = chin + strength * (CHIN_AVATAR - chin)
    growth = 1 + strength * (GROWTH - 1)
    onto_template = np.array([[1 / growth, 0, 0], [0, 1 / growth, drawn - chin / growth]])
    return compose(template.to_pixels(size), compose(onto_template, face.to_units()))


def _place(result: Image, placement: Placement, others: list[Face], template: Template) -> None:
    """Draw one figure into ``result``, in place."""
    size = placement.cutout.shape[0]
    matrix = placement_matrix(placement, template, size)
    corners = apply(invert(matrix), np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * float(size) - 0.5)
    lowest, highest = np.zeros(2, int), np.array(result.shape[1::-1])
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), lowest, highest)
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, lowest, highest)
    if x0 == x1 or y0 == y1:
        return
    region = result[y0:y1, x0:x1]
    shape, offset = region.shape[:2], np.array([[1, 0, x0], [0, 1, y0]], float)
    back = invert(compose(matrix, offset))
    figure = placement.cutout.copy()
    figure[..., 3] = (figure[..., 3] * _fade(size)).round()
    plate, removed, onto_plate = _headless(result, placement, others, template)
    to_region = invert(compose(onto_plate, offset))
    alpha = _warp(removed, to_region, shape, cv2.BORDER_CONSTANT)
    behind = blend(region, _warp(plate, to_region, shape), alpha.astype(np.float32) / 255)
    result[y0:y1, x0:x1] = _lay(_warp(figure, back, shape, cv2.BORDER_CONSTANT), behind)


def _headless(
    photo: Image, placement: Placement, others: list[Face], template: Template
) -> tuple[Image, NDArray[np.uint8], Matrix]:
    """What is behind a person, where their head must go (0…255), and the matrix onto both."""
    face = placement.face
    growth = template.eye_distance / GROWTH
    natural = round(face.eye_distance / growth)
    size = int(np.clip(natural, 16, 1.5 * PLATE))
    matrix = compose(Template(growth, template.eye_line).to_pixels(size), face.to_units())
    plate, person = _plate(photo, placement.matte, matrix, size, growth * size)
    u, v = Template(growth, template.eye_line).grid(size)
    distance = np.hypot(u / HEAD_RADII[0], (v - HEAD_V) / HEAD_RADII[1])
    chin = float(apply(face.to_units(), face.landmarks[[CHIN]])[0, 1])
    head = _step(1 + HEAD_RIM, 1 - HEAD_RIM / 2, distance) * _step(chin + BELOW_CHIN[1], chin + BELOW_CHIN[0], v)
    back = invert(face.to_units())
    points = apply(back, np.stack([u.ravel(), v.ravel()], 1))
    for other in others:
        apart = np.hypot(*apply(other.to_units(), points).T).reshape(size, size) / np.maximum(np.hypot(u, v), 1e-6)
        head *= _step(*TERRITORY, apart)
    return plate, (255 * head * person).round().astype(np.uint8), matrix


def _surroundings(
    photo: Image, face: Face, matte: Matte, template: Template, size: int, *, blurred: bool
) -> Image:
    """The photo in the square that the template shows, without the person."""
    side = min(size, PLATE)
    unit = template.eye_distance * side
    matrix = compose(template.to_pixels(side), face.to_units())
    plate, hidden = _plate(photo, matte, matrix, side, unit, blurred=blurred)
    plate = cv2.resize(plate, (size, size), interpolation=cv2.INTER_CUBIC)
    if blurred:
        return plate
    sharp = _warp(photo, compose(template.to_pixels(size), face.to_units()), (size, size))
    return blend(sharp, plate, cv2.resize(hidden, (size, size), interpolation=cv2.INTER_LINEAR))


def _plate(
    photo: Image, matte: Matte, matrix: Matrix, size: int, unit: float, *, blurred: bool = False
) -> tuple[Image, Mask]:
    """Paint a view of the photo without the person and beyond the photo's edge.

    Args:
        photo: ``(H, W, 3)`` uint8.
        matte: mask of the person, and the matrix from photo to mask pixels.
        matrix: photo pixels → view pixels.
        size: side of the view, pixels.
        unit: one face unit in pixels of the view.
        blurred: as if far out of focus.

    Returns:
        ``(size, size, 3)`` the view, and ``(size, size)`` where it was painted.
    """
    margin = size // MARGIN
    side = size + 2 * margin
    wide = compose(np.array([[1, 0, margin], [0, 1, margin]], float), matrix)
    view, inner = _warp(photo, wide, (side, side)), slice(margin, margin + size)
    frame = cv2.warpAffine(np.ones(photo.shape[:2], np.float32), wide, (side, side), flags=cv2.INTER_LINEAR)
    frame = cv2.erode(frame, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    mask, to_mask = matte
    person = _warp((mask * 255).astype(np.uint8), compose(wide, invert(to_mask)), (side, side))
    reach = 2 * round(DILATION * unit) + 1
    person = cv2.dilate(person, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    person = cv2.GaussianBlur(person.astype(np.float32) / 255, (0, 0), max(0.3, SOFT_RIM * unit))
    known = frame * np.clip(1 - 1.6 * person, 0, 1)
    painted = fill(view, known, unit)
    if blurred:
        light = (painted / np.float32(255)) ** GAMMA
        light = cv2.GaussianBlur(light, (0, 0), BLUR * unit, borderType=cv2.BORDER_REPLICATE)
        painted = (255 * light ** (1 / GAMMA)).round().astype(np.uint8)
    return np.ascontiguousarray(painted[inner, inner]), np.ascontiguousarray(1 - known[inner, inner])


def _warp(
    picture: NDArray[np.uint8], matrix: Matrix, shape: tuple[int, int], border: int = cv2.BORDER_REPLICATE
) -> NDArray[np.uint8]:
    """Bring a picture into another frame; what shrinks is averaged by area first."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.67:
        height, width = picture.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        x, y = width / size[0], height / size[1]
        matrix = compose(matrix, np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]]))
    return np.asarray(cv2.warpAffine(picture, matrix, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _fit(cutout: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring a cutout to a size, if it has another."""
    if cutout.shape[:2] == (size, size):
        return cutout
    way = cv2.INTER_AREA if cutout.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cutout, (size, size), interpolation=way), np.uint8)


def _cover(picture: Image, size: int) -> Image:
    """Cut the middle square out of a picture and bring it to a size."""
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture[y : y + side, x : x + side], (size, size), interpolation=way), np.uint8)


def _lay(figure: NDArray[np.uint8], behind: Image) -> Image:
    """Lay an RGBA figure over a picture of the same size."""
    return blend(behind, np.ascontiguousarray(figure[..., :3]), figure[..., 3].astype(np.float32) / 255)


def _fade(size: int) -> NDArray[np.float64]:
    """``(size, size)`` 1 inside the square, 0 at its edges, so that the figure ends softly."""
    share = (np.arange(size) + 0.5) / size
    across = _step(0, FADE_SIDE, share) * _step(0, FADE_SIDE, 1 - share)
    return (_step(0, FADE_TOP, share) * _step(0, FADE_BOTTOM, 1 - share))[:, None] * across


def _step(start: float, end: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise smoothly from 0 at ``start`` to 1 at ``end``, which may lie below it."""
    x = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float64)
