"""One photo or anime face → one picture on the template, cut out, with its colours and features measured."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import Photo2MoeError
from photo2moe.ops import colour
from photo2moe.ops.features import Features, of_drawing
from photo2moe.ops.geometry import Template
from photo2moe.stages.align import align
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.looks import Looks
from photo2moe.stages.matte import PersonMatte
from photo2moe.stages.sketch import sketch
from photo2moe.training.cutout import figure_mask
from photo2moe.types import Colours, Face, Image, Mask, Points

MAX_ROLL = 10.0  # degrees; anime heads are not turned upright, since that would blur their lines
MIN_EYE_DISTANCE = 28.0  # pixels; smaller faces would be enlarged into mush
ENLARGED = 1.5  # anime faces that must grow by more go through the upscaler of drawings first

EYES, MOUTH_AND_CHIN = ("rex", "rey", "lex", "ley"), ("mx", "my", "cx", "cy")  # columns of a landmark CSV
USUAL = (0.66, 0.94)  # v of mouth and chin: medians of 4,000 anime faces

Upscaler = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
Placed = TypeVar("Placed", Image, Mask)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture on the template.

    Attributes:
        rgba: uint8, straight alpha: an anime face, ``(D, D, 4)``, as large as it is to be drawn; of a photo,
            the ground of its sketch, ``(S, S, 4)``.
        regions: uint8, masks × 255: of an anime face skin and hair, ``(S, S, 2)``; of a photo hair, its locks,
            and clothes, ``(S, S, 3)``.
        lines: ``(D, D)`` uint8, where lines go in a drawing of a photo, × 255; of an anime face ``None``.
        valid: ``(x0, y0, x1, y1)`` of the square of ``D`` pixels that the picture really shows.
        colours: skin, hair and eyes.
        features: ``(19,)`` both eyes, the mouth, the brows, the chin's ``v``, and how much it is a man's face.
    """

    rgba: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    lines: NDArray[np.uint8] | None
    valid: tuple[int, int, int, int]
    colours: Colours
    features: NDArray[np.float32]


class DroppedError(Photo2MoeError):
    """A picture does not fit; the message is the reason."""


def photo_sample(
    photo: Image,
    detector: FaceDetector,
    matte: PersonMatte,
    find_looks: Callable[[Image, Face], Looks],
    template: Template,
    size: int,
    scale: int,
) -> Sample:
    """Align, matte and warp one photo. Raises DroppedError if it does not fit."""
    faces = detector(photo)
    if not faces:
        raise DroppedError("no face")
    face = faces[0]
    if face.eye_distance < MIN_EYE_DISTANCE:
        raise DroppedError("face too small")
    looks, mask = find_looks(photo, face), matte(photo, face)
    portrait = align(photo, face, mask, template=template, size=size, strength=1.0, masculine=looks.masculine)
    core = _core(template, size)
    if portrait.alpha[core].mean() < 0.93:
        raise DroppedError("person mask has holes")
    colours = colour.measure_photo(photo, portrait.image, portrait.alpha, face, template)
    height, width = photo.shape[:2]
    x, y = portrait.source[size // 2, :, 0], portrait.source[:, size // 2, 1]
    valid = scale * np.array([_span((x >= -1) & (x <= width)), _span((y >= -1) & (y <= height))])
    drawn = sketch(portrait, template, looks)
    return Sample(
        drawn.ground.round().clip(0, 255).astype(np.uint8),
        (np.dstack([drawn.hair.mask, drawn.hair.locks / 2 + 0.5, drawn.clothes]) * 255)
        .round()
        .clip(0, 255)
        .astype(np.uint8),
        (drawn.lines(scale * size) * 255).round().astype(np.uint8),
        (int(valid[0, 0]), int(valid[1, 0]), int(valid[0, 1]), int(valid[1, 1])),
        colours,
        _flat(drawn.features, float(drawn.features.outline[:, 1].max())),
    )


def moe_sample(
    image: Image,
    marks: Points | None,
    matte: PersonMatte,
    template: Template,
    size: int,
    scale: int,
    enlarge: Upscaler,
) -> Sample:
    """Align and cut out one anime face. Raises DroppedError if it does not fit.

    Args:
        image: ``(H, W, 3)`` anime picture.
        marks: ``(4, 2)`` eye centres, the one on the left of the picture first, mouth and chin.
        matte: used where the background is not white.
        template: where the eyes shall lie.
        size: side of its rough, pixels.
        scale: how many times larger it shall be than that.
        enlarge: upscaler of drawings, for faces that are too small.
    """
    if marks is None:
        raise DroppedError("no anime face")
    (dx, dy), centre = marks[1] - marks[0], marks[:2].mean(0)
    distance = float(np.hypot(dx, dy))
    if distance < MIN_EYE_DISTANCE:
        raise DroppedError("face too small")
    if abs(np.degrees(np.arctan2(dy, dx))) > MAX_ROLL:
        raise DroppedError("head tilted")
    side = size * scale
    to_square = template.to_pixels(side)
    if to_square[0, 0] > ENLARGED * distance and image.shape[0] == image.shape[1]:
        image = enlarge(image, 2 * image.shape[0])
        marks, distance, centre = 2 * marks + 0.5, 2 * distance, 2 * centre + 0.5
    zoom = to_square[0, 0] / distance
    matrix = np.array([[zoom, 0, 0], [0, zoom, 0]])
    matrix[:, 2] = to_square[:, 2] - zoom * centre

    def place(picture: Placed) -> Placed:
        flags = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        if zoom < 0.7:
            picture = cv2.GaussianBlur(picture, (0, 0), 0.45 / zoom)
        return np.asarray(
            cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE), picture.dtype
        )

    (x0, y0), (x1, y1) = matrix[:, 2], matrix[:, 2] + zoom * (np.array(image.shape[1::-1]) - 1)
    valid = (max(0, int(np.ceil(x0))), max(0, int(np.ceil(y0))), min(side, int(x1)), min(side, int(y1)))
    core = _core(template, side)

    def coverage(mask: Mask) -> float:
        return float(place(mask)[core].mean())

    alpha = figure_mask(image, matte, coverage, tight=distance > 0.33 * image.shape[1])
    if alpha is None:
        raise DroppedError("figure cannot be cut out")
    drawn, outline = place(image), np.clip(place(alpha), 0, 1)
    square, soft = (cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA) for part in (drawn, outline))
    skin = colour.skin_mask(square, soft, template)
    hair = colour.hair_mask(square, soft, skin, template)
    colours = Colours(
        colour.cheeks(square, template), _hair_colour(square, soft, hair, template), colour.anime_eyes(square, template)
    )
    left, right, mouth, chin = (marks - centre) / distance
    features = of_drawing(square, np.stack([left, right]), mouth, float(chin[1]), template)
    masks = (np.dstack([skin, hair]) * 255).round().astype(np.uint8)
    rgba = np.dstack([drawn, (outline * 255).round().astype(np.uint8)])
    return Sample(rgba, masks, None, valid, colours, _flat(features, float(chin[1])))


def read_marks(path: Path) -> Callable[[Path, Image], Points | None]:
    """Eyes, mouth and chin from a landmark CSV, by the picture's path relative to it."""
    table: dict[Path, Points | None] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            eyes, rest = ([row.get(key) or "" for key in keys] for keys in (EYES, MOUTH_AND_CHIN))
            marks = None
            if all(eyes):
                left, right = np.array([float(cell) for cell in eyes]).reshape(2, 2)
                if all(rest):
                    below = np.array([float(cell) for cell in rest]).reshape(2, 2)
                else:  # where most drawn faces have them
                    below = (left + right) / 2 + np.outer(USUAL, [left[1] - right[1], right[0] - left[0]])
                marks = np.stack([left, right, *below])
            table[(path.parent / row["file"]).resolve()] = marks
    return lambda picture, _: table.get(picture.resolve())


def find_marks(_: Path, image: Image) -> Points | None:
    """Eyes, mouth and chin found by ``animeface``."""
    import animeface
    import PIL.Image

    faces = [face for face in animeface.detect(PIL.Image.fromarray(image)) if face.likelihood >= 0.9]
    if not faces:
        return None
    best = max(faces, key=lambda face: face.likelihood)
    boxes = [best.right_eye.pos, best.left_eye.pos, best.mouth.pos]
    centres = [(box.x + box.width / 2, box.y + box.height / 2) for box in boxes]
    eyes = sorted(centres[:2])
    return np.array([*eyes, centres[2], (best.chin.pos.x, best.chin.pos.y)], np.float64)


def _core(template: Template, size: int) -> NDArray[np.bool_]:
    """Pixels that belong to the head of every figure."""
    u, v = template.grid(size)
    return np.asarray(np.hypot(u / 0.85, (v + 0.05) / 0.95) < 1)


def _flat(features: Features, chin: float) -> NDArray[np.float32]:
    parts = (
        *features.eyes.ravel(),
        *features.mouth,
        *features.brows.ravel(),
        chin,
        features.masculine,
        features.elderly,
        features.slant,
    )
    return np.array(parts, np.float32)


def _span(inside: NDArray[np.bool_]) -> tuple[int, int]:
    where = np.flatnonzero(inside)
    return (int(where[0]), int(where[-1]) + 1) if len(where) else (0, len(inside))


def _hair_colour(image: Image, alpha: Mask, mask: Mask, template: Template) -> tuple[int, int, int]:
    if (mask > 0.9).sum() < 30:
        return colour.hair(image, alpha, template)
    r, g, b = np.median(image[mask > 0.9], axis=0).round()
    return int(r), int(g), int(b)
