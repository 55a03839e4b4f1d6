"""The rough that the net inks: a soft sketch of a head and its clothes.

A photo and a drawing of the same person differ in texture, in shading, and in how eyes,
mouths, hair and clothes look. The rough keeps what both share: skin as one flat tone, and what is
drawn, slightly blurred. Of a drawing that is the drawing itself (:func:`trace`); of a photo it is
sketched at the measured places, sizes and colours as an artist would draw it (:func:`mark`,
``ops/hair``, ``ops/clothes``, ``ops/ink``) and then blurred alike.
Going from an anime face to its rough and back is something that a net can learn from pairs.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB, distance, lab_of, to_lab
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, polygon
from photo2moe.ops.marks import (
    BLUSHING,
    MAN_BLUSHING,
    MAN_LASHES,
    Glasses,
    Grid,
    brush,
    paint_age,
    paint_blush,
    paint_brow,
    paint_eye,
    paint_glasses,
    paint_mouth,
    paint_nose,
)
from photo2moe.ops.tone import DRAWN
from photo2moe.types import Mask

BLUR = 0.019  # of the side: coarser than lines and hairs, finer than a fringe
FINE = 0.008  # of the side: blur of all that is drawn: lines, locks, eyes, brows, nose and mouth
EDGE = 0.008  # of the side: blur of the outline
LINE = 0.04  # of the side: lines up to half as wide leave no trace
CHEEK = 0.13  # face units: how far below the eye a blush is
SHADED = 0.86  # brightness of the neck under the chin, against the face
FAINTEST, FAINT = 4, 18  # levels from the skin's tone where a mark begins, and up to which it may be another's blur
INKED = (10.0, 12.0)  # Lab distance from the skin where lines on it begin, and how soon they count in full


def base(
    image: NDArray[np.generic],
    alpha: Mask,
    skin: Mask,
    features: Features,
    skin_colour: RGB,
    template: Template,
    hair: Mask | None = None,
) -> NDArray[np.float32]:
    """What lies under all that is drawn: blurred colours and flat skin, without lines.

    Args:
        image: ``(S, S, 3)`` figure on the template, 0…255, of any dtype.
        alpha: ``(S, S)`` its mask.
        skin: ``(S, S)`` its skin.
        features: where eyes and mouth lie.
        skin_colour: the flat tone of the skin.
        template: where the eyes lie.
        hair: ``(S, S)`` what hangs over eyes, and is no skin there.

    Returns:
        ``(S, S, 4)`` float32, 0…255: straight colours, and alpha.
    """
    size = image.shape[0]
    u, v = template.grid(size)
    covered = _covered(features, u, v) if hair is None else _covered(features, u, v) * (1 - hair)
    skin = np.where(alpha > 0.3, np.maximum(skin, covered), 0)
    tones, colours = _tones(features, skin_colour, template, size), image.astype(np.float32)
    flat = _without_lines(colours + skin[..., None] * (tones - colours), alpha)
    weighted, spread = _spread(flat, np.maximum(alpha * (1 - skin), 1e-3), BLUR * size)
    ground = weighted / spread
    ground += np.clip(2.5 * skin - 0.75, 0, 1)[..., None] * (tones - ground)
    edge = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), EDGE * size)
    return np.dstack([ground, edge * 255]).astype(np.float32)


def mark(
    ground: NDArray[np.float32],
    features: Features,
    hair_colour: RGB,
    eye_colour: RGB,
    template: Template,
    glasses: Glasses | None = None,
) -> NDArray[np.uint8]:
    """Sketch eyes, brows, nose, mouth and glasses onto a figure, and lay it on white.

    Args:
        ground: ``(D, D, 4)`` straight colours and alpha, 0…255.
        features: what to draw.
        hair_colour: what the brows take after.
        eye_colour: of the irises.
        template: where the eyes lie.
        glasses: frames, if any.

    Returns:
        ``(D, D, 4)`` uint8: RGB as it lies on white, and alpha.
    """
    u, v = (grid.astype(np.float32) for grid in template.grid(ground.shape[0]))
    picture = np.ascontiguousarray(ground[..., :3])
    # Long lashes would run into the frames of glasses, and behind them slanted eyes are not known for a face.
    slant = 0.0 if glasses else features.slant
    lashes = (1 - MAN_LASHES * features.masculine) * (1 - 0.4 * features.elderly) * (0.5 if glasses else 1)
    for brow, (eye_u, eye_v, height) in zip(features.brows, features.eyes, strict=True):
        side = 1 if eye_u > 0 else -1
        cheek_u, cheek_v = 1.32 * eye_u, eye_v + max(0.5 * height, 0.2) + CHEEK
        near = _window(u, v, cheek_u, cheek_v, 0.45, 0.25)
        share = (BLUSHING + features.masculine * (MAN_BLUSHING - BLUSHING)) * (1 - 0.5 * features.elderly)
        paint_blush(picture[near], u[near] - cheek_u, v[near] - cheek_v, DRAWN, share)
        near = _window(u, v, eye_u, eye_v - 0.1, 0.45, 0.65)
        paint, across, down = brush(picture[near], u), u[near] - eye_u, v[near]
        paint_eye(paint, across, down - eye_v, float(height), side, eye_colour, lashes, slant)
        paint_brow(paint, side * across, down, brow, hair_colour, features.masculine)
    if features.elderly > 0:
        near = _window(u, v, 0.0, 0.5, 1.0, 0.7)
        paint_age(brush(picture[near], u), features, u[near], v[near])
    mouth_u, mouth_v, *_ = features.mouth
    near = _window(u, v, mouth_u, mouth_v - 0.1, 0.5, 0.5)
    paint = brush(picture[near], u)
    paint_mouth(paint, u[near], v[near], features.mouth, features.masculine)
    paint_nose(paint, u[near] - 0.9 * mouth_u, v[near] - 0.56 * mouth_v)
    if glasses is not None:
        paint_glasses(picture, features, glasses, template)
    return _on_white(cv2.merge((*cv2.split(picture), ground[..., 3])))


def soften(sketch: NDArray[np.uint8], size: int, blur: float = FINE) -> NDArray[np.uint8]:
    """A sketch as the net is given it.

    Args:
        sketch: ``(D, D, 4)`` from :func:`mark`.
        size: side of the result, pixels; ``D`` or a part of it.
        blur: of its lines and features, as a share of the side.
    """
    soft = cv2.GaussianBlur(sketch, (0, 0), blur * len(sketch))
    soft[..., 3] = cv2.GaussianBlur(sketch[..., 3], (0, 0), EDGE * len(sketch))
    return np.asarray(cv2.resize(soft, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def trace(
    rgba: NDArray[np.uint8],
    skin: Mask,
    features: Features,
    skin_colour: RGB,
    template: Template,
    *,
    blur: float = FINE,
) -> NDArray[np.uint8]:
    """A drawing's rough: itself on flat skin, as soft as :func:`soften` makes a sketch.

    Args:
        rgba: ``(S, S, 4)`` drawn figure, straight alpha.
        skin: ``(S, S)`` its skin.
        features: the outline of the face.
        skin_colour: the flat tone of the skin.
        template: where the eyes lie.
        blur: as a share of the side.

    Returns:
        ``(S, S, 4)`` uint8: RGB as it lies on white, and alpha.
    """
    begin, full = INKED
    image, size = np.ascontiguousarray(rgba[..., :3]), len(rgba)
    apart = distance(to_lab(image), lab_of(skin_colour), (1, 1, 1))
    bare = skin * np.clip(1 - (apart - begin) / full, 0, 1)
    colours = image.astype(np.float32)
    flat = colours + bare[..., None] * (_tones(features, skin_colour, template, size) - colours)
    edge = cv2.GaussianBlur(rgba[..., 3].astype(np.float32), (0, 0), EDGE * size)
    return _on_white(np.dstack([cv2.GaussianBlur(flat, (0, 0), blur * size), edge]).astype(np.float32))


def bare(rough: NDArray[np.uint8]) -> Mask:
    """Where a rough is nothing but skin.

    Args:
        rough: ``(S, S, 4)`` from :func:`soften`, its skin in the tone that all are drawn in.

    Returns:
        ``(S, S)`` of 0 and 1, a pixel away from all that is drawn, marks as faint as a nose among it.
    """
    colours, drawn_tone = rough[..., :3].astype(np.float32), np.array(DRAWN, np.float32)
    planes = (cv2.split(np.abs(colours - np.float32(shade) * drawn_tone)) for shade in (1, SHADED))
    apart = np.minimum(*(np.maximum(np.maximum(red, green), blue) for red, green, blue in planes))
    count, marks = cv2.connectedComponents((apart > FAINTEST).astype(np.uint8))
    faint = np.arange(count) > 0
    faint[marks[apart >= FAINT]] = False
    drawn = (apart >= FAINT) | faint[marks]
    return 1 - cv2.dilate(drawn.astype(np.float32), np.ones((3, 3), np.uint8))


def dye(ground: NDArray[np.float32], hair: Mask, own: RGB, target: RGB) -> NDArray[np.float32]:
    """Give hair another colour, however different: the new one, as light and dark as the old was.

    Args:
        ground: from :func:`base`.
        hair: ``(S, S)`` where the hair is.
        own: its colour now.
        target: the colour it shall have.
    """
    light = ground[..., :3].mean(2) + 16
    ratio = np.clip(light / (sum(own) / 3 + 16), 0.6, 1.35)[..., None]
    dyed = ground.copy()
    dyed[..., :3] += hair[..., None] * (np.clip(ratio * np.array(target, np.float32), 0, 255) - ground[..., :3])
    return dyed


def _on_white(figure: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Straight colours as they lie on white, and alpha."""
    *colours, alpha = cv2.split(figure)
    share = alpha * np.float32(1 / 255)
    laid = cv2.merge([255 - (255 - plane) * share for plane in colours] + [alpha])
    return np.asarray(cv2.convertScaleAbs(np.maximum(laid, 0)), np.uint8)


def _covered(features: Features, u: Grid, v: Grid) -> Mask:
    """What a photo shows of eyes, nose and mouth."""
    area = np.zeros_like(u)
    for eye_u, eye_v, height in features.eyes:
        area = np.maximum(area, 1.1 - np.hypot((u - eye_u) / 0.34, (v - eye_v) / max(height / 2 + 0.09, 0.2)))
    nose = np.maximum(np.abs(u) / 0.3, np.abs(v - 0.2) / 0.32)
    mouth_u, mouth_v, width, height, _ = features.mouth
    mouth = np.hypot((u - mouth_u) / (width / 2 + 0.08), (v - mouth_v) / (height / 2 + 0.07))
    return np.clip(np.maximum(area, np.maximum(1.1 - nose, 1.1 - mouth)) * 8, 0, 1).astype(np.float32)


def expressive(features: Features, u: Grid, v: Grid) -> Mask:
    """Where a face has eyes, brows, nose and mouth, soft at the edges, on a grid of face units."""
    area = np.zeros_like(u)
    for eye_u, eye_v, height in features.eyes:
        r = np.hypot((u - eye_u) / 0.36, (v - eye_v + 0.08) / (max(height, 0.2) / 2 + 0.2))
        area = np.maximum(area, 1.1 - r)
    mouth_u, mouth_v, width, height, _ = features.mouth
    nose = np.maximum(np.abs(u - 0.5 * mouth_u) / 0.3, np.abs(v - 0.2) / 0.32)
    mouth = np.hypot((u - mouth_u) / (width / 2 + 0.08), (v - mouth_v) / (height / 2 + 0.08))
    area = np.maximum(area, np.maximum(1.1 - nose, 1.1 - mouth))
    return np.clip(area * 8, 0, 1).astype(np.float32)


def _window(u: Grid, v: Grid, middle_u: float, middle_v: float, reach_u: float, reach_v: float) -> tuple[slice, slice]:
    """Rows and columns of a part of the square."""
    (top, bottom), (left, right) = (
        np.searchsorted(line, (middle - reach, middle + reach))
        for line, middle, reach in ((v[:, 0], middle_v, reach_v), (u[0], middle_u, reach_u))
    )
    return slice(top, bottom), slice(left, right)


def _tones(features: Features, colour: RGB, template: Template, size: int) -> NDArray[np.float32]:
    """The flat skin: one tone, and a darker one under the chin."""
    neck = (1 - polygon(features.outline, template, size)) * (template.grid(size)[1] > 0.35)
    return np.asarray(np.array(colour, np.float32) * (1 - (1 - SHADED) * neck[..., None]), np.float32)


def _without_lines(colours: NDArray[np.float32], alpha: Mask) -> NDArray[np.uint8]:
    """Take the ink out of a figure: its outline, and lines that are thinner than what they separate."""
    size = len(colours)
    side = 2 * round(LINE * size / 2) + 1
    core = cv2.erode(alpha.astype(np.float32), np.ones((side, side), np.uint8))
    weighted, spread = _spread(colours, core, LINE * size)
    # The outermost pixels, half line and half background, take the colours from further in.
    share = (core + np.clip(1 - 50 * spread[..., 0], 0, 1))[..., None].clip(0, 1)
    inner = weighted / np.maximum(spread, 1e-4)
    filled = inner + share * (colours - inner)
    return np.asarray(cv2.medianBlur(filled.round().clip(0, 255).astype(np.uint8), side), np.uint8)


def _spread(colours: NDArray[np.generic], weight: Mask, blur: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blurred ``(S, S, 3)`` colours times weight, and blurred ``(S, S, 1)`` weight."""
    solid = weight.astype(np.float32)[..., None]
    weighted = cv2.GaussianBlur(colours.astype(np.float32) * solid, (0, 0), blur)
    return weighted, cv2.GaussianBlur(solid[..., 0], (0, 0), blur)[..., None]
