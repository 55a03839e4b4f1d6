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
from photo2moe.ops.geometry import AVATAR_V, CHIN_RANGE, Template, apply, compose, cut, cut_mask, invert
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
    return blend(behind, np.ascontiguousarray(figure[..., :3]), figure[..., 3].astype(np.float32) / 255)


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
    before = cut(photo, _grid(compose(template.to_pixels(size), face.to_units()), (size, size)))
    if avatar.shape[2] == 4:
        white = np.full((size, size, 3), 255, np.uint8)
        avatar = blend(white, np.ascontiguousarray(avatar[..., :3]), avatar[..., 3].astype(np.float32) / 255)
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
    unit = placement.face.eye_distance
    cutout_size = placement.cutout.shape[0]
    matrix = placement_matrix(placement, template, cutout_size)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float) * cutout_size - 0.5
    corners = apply(invert(matrix), corners)
    height, width = result.shape[:2]
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, (width, height))
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, (width, height))
    if x0 >= x1 or y0 >= y1:
        return
    region, shift = result[y0:y1, x0:x1], np.array([[1, 0, -x0], [0, 1, -y0]], float)
    local = compose(matrix, invert(shift))
    source = _grid(invert(local), region.shape[:2])
    figure = cut(placement.cutout, source)
    alpha = figure[..., 3].astype(np.float32) / 255 * _fade(source / cutout_size)
    behind = _without_head(result, region, (x0, y0), placement, others, template)
    result[y0:y1, x0:x1] = blend(behind, np.ascontiguousarray(figure[..., :3]), alpha)
