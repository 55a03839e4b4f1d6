"""Photos and anime faces → one folder of aligned pictures, ready to train on.

Both domains lie on one template, cut out, with their colours measured. A dataset is
a folder of plain ``.npy`` arrays (see :class:`Domain`), a ``dataset.json`` with the
counts of what was dropped and why, and two contact sheets to look at.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.decoder import Decoder
from photo2moe.errors import InputError, Photo2MoeError
from photo2moe.imageio import list_images, write_image
from photo2moe.ops import colour
from photo2moe.ops.features import Features, of_drawing
from photo2moe.ops.geometry import Template
from photo2moe.stages.align import align
from photo2moe.stages.beard import BeardFinder
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.matte import PersonMatte
from photo2moe.stages.sketch import sketch
from photo2moe.training.cutout import figure_mask
from photo2moe.types import Colours, Image, Mask, Points
from photo2moe.weights import BEARD, verified

MAX_ROLL = 10.0  # degrees; anime heads are not turned upright, since that would blur their lines
MIN_EYE_DISTANCE = 28.0  # pixels; smaller faces would be enlarged into mush

EYES, MOUTH_AND_CHIN = ("rex", "rey", "lex", "ley"), ("mx", "my", "cx", "cy")  # columns of a landmark CSV
USUAL = (0.66, 0.94)  # v of mouth and chin: medians of 4,000 anime faces

Progress = Callable[[str, int, int], None]
Placed = TypeVar("Placed", Image, Mask)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture on the template.

    Attributes:
        rgba: ``(S, S, 4)`` uint8, straight alpha; of a photo, the ground of its sketch.
        regions: ``(S, S, 2)`` uint8, masks × 255 of skin and hair; of a photo, of lines and hair.
        valid: ``(x0, y0, x1, y1)`` of the square that the picture really shows, pixels.
        colours: skin, hair and eyes.
        features: ``(18,)`` both eyes, the mouth, the brows, and the chin's ``v``.
    """

    rgba: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    valid: tuple[int, int, int, int]
    colours: Colours
    features: NDArray[np.float32]


class DroppedError(Photo2MoeError):
    """A picture does not fit; the message is the reason."""


def prepare(
    photos: Path, anime: Path, output: Path, *, size: int, landmarks: Path | None, progress: Progress
) -> dict[str, dict[str, int]]:
    """Make a dataset.

    Args:
        photos: folder of photos, one person each.
        anime: folder of anime faces.
        output: folder to write; must be empty or absent.
        size: side of the aligned pictures, pixels.
        landmarks: CSV of the anime faces: eyes and, where known, mouth and chin (columns
            ``file, lex, ley, rex, rey, mx, my, cx, cy``, the paths relative to the CSV);
            without it, they are found with the package ``animeface``.
        progress: called with a domain's name, pictures done, and their number.

    Returns:
        For each domain how many pictures were kept, and dropped by reason.

    Raises:
        InputError: a folder has no pictures, or the output is not empty.
    """
    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output} is not empty; name a new folder for the dataset")
    template, find_beard = Template(), BeardFinder(verified(BEARD))
    counts: dict[str, dict[str, int]] = {}
    with FaceDetector() as detector, PersonMatte() as matte, Decoder() as read:
        marks = read_marks(landmarks) if landmarks else find_marks
        jobs: dict[str, tuple[Path, Callable[[Path, Image], Sample]]] = {
            "photo": (photos, lambda _, image: photo_sample(image, detector, matte, find_beard, template, size)),
            "moe": (anime, lambda path, image: moe_sample(image, marks(path, image), matte, template, size)),
        }
        for name, (folder, make) in jobs.items():
            samples, counts[name] = _collect(name, folder, read, make, progress)
            _save(output, name, samples)
    about = {"size": size, "template": asdict(template), "counts": counts}
    (output / "dataset.json").write_text(json.dumps(about, indent=1) + "\n")
    return counts


def photo_sample(
    photo: Image, detector: FaceDetector, matte: PersonMatte, find_beard: BeardFinder, template: Template, size: int
) -> Sample:
    """Align, matte and warp one photo. Raises DroppedError if it does not fit."""
    faces = detector(photo)
    if not faces:
        raise DroppedError("no face")
    face = faces[0]
    if face.eye_distance < MIN_EYE_DISTANCE:
        raise DroppedError("face too small")
    portrait = align(photo, face, matte(photo, face), template=template, size=size, strength=1.0)
    core = _core(template, size)
    if portrait.alpha[core].mean() < 0.93:
        raise DroppedError("person mask has holes")
    colours = colour.measure_photo(photo, portrait.image, portrait.alpha, face, template)
    height, width = photo.shape[:2]
    x, y = portrait.source[size // 2, :, 0], portrait.source[:, size // 2, 1]
    valid = _span((x >= -1) & (x <= width)), _span((y >= -1) & (y <= height))
    drawn = sketch(portrait, template, beard=find_beard(photo, face))
    return Sample(
        drawn.ground.round().clip(0, 255).astype(np.uint8),
        (np.dstack([drawn.lines, drawn.hair]) * 255).round().astype(np.uint8),
        (valid[0][0], valid[1][0], valid[0][1], valid[1][1]),
        colours,
        _flat(drawn.features, float(drawn.features.outline[:, 1].max())),
    )


def moe_sample(image: Image, marks: Points | None, matte: PersonMatte, template: Template, size: int) -> Sample:
    """Align and cut out one anime face. Raises DroppedError if it does not fit.

    Args:
        image: ``(H, W, 3)`` anime picture.
        marks: ``(4, 2)`` eye centres, the one on the left of the picture first, mouth and chin.
        matte: used where the background is not white.
        template: where the eyes shall lie.
        size: side of the square, pixels.
    """
    if marks is None:
        raise DroppedError("no anime face")
    (dx, dy), centre = marks[1] - marks[0], marks[:2].mean(0)
    distance = float(np.hypot(dx, dy))
    if distance < MIN_EYE_DISTANCE:
        raise DroppedError("face too small")
    if abs(np.degrees(np.arctan2(dy, dx))) > MAX_ROLL:
        raise DroppedError("head tilted")
    to_square = template.to_pixels(size)
    scale = to_square[0, 0] / distance
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = to_square[:, 2] - scale * centre

    def place(picture: Placed) -> Placed:
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        if scale < 0.7:
            picture = cv2.GaussianBlur(picture, (0, 0), 0.45 / scale)
        return np.asarray(
            cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE), picture.dtype
        )

    (x0, y0), (x1, y1) = matrix[:, 2], matrix[:, 2] + scale * (np.array(image.shape[1::-1]) - 1)
    valid = (max(0, int(np.ceil(x0))), max(0, int(np.ceil(y0))), min(size, int(x1)), min(size, int(y1)))
    core = _core(template, size)

    def coverage(mask: Mask) -> float:
        return float(place(mask)[core].mean())

    alpha = figure_mask(image, matte, coverage, tight=distance > 0.33 * image.shape[1])
    if alpha is None:
        raise DroppedError("figure cannot be cut out")
    square = place(image)
    soft = np.clip(place(alpha), 0, 1)
    skin = colour.skin_mask(square, soft, template)
    hair = colour.hair_mask(square, soft, skin, template)
    colours = Colours(
        colour.cheeks(square, template), _hair_colour(square, soft, hair, template), colour.anime_eyes(square, template)
    )
    left, right, mouth, chin = (marks - centre) / distance
    features = of_drawing(square, np.stack([left, right]), mouth, float(chin[1]), template)
    masks = (np.dstack([skin, hair]) * 255).round().astype(np.uint8)
    rgba = np.dstack([square, (soft * 255).round().astype(np.uint8)])
    return Sample(rgba, masks, valid, colours, _flat(features, float(chin[1])))


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


def _collect(
    domain: str, folder: Path, read: Decoder, make: Callable[[Path, Image], Sample], progress: Progress
) -> tuple[list[Sample], dict[str, int]]:
    paths = sorted(list_images(folder))
    samples: list[Sample] = []
    reasons: Counter[str] = Counter()
    for done, path in enumerate(paths, 1):
        try:
            samples.append(make(path, read(path)))
        except DroppedError as why:
            reasons[str(why)] += 1
        except InputError:
            reasons["cannot be read"] += 1
        progress(domain, done, len(paths))
    if not samples:
        raise InputError(f"none of the {len(paths)} pictures in {folder} can be used {dict(reasons)}")
    return samples, {"kept": len(samples), **dict(sorted(reasons.items()))}


def _save(output: Path, name: str, samples: list[Sample]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    np.save(output / f"{name}_rgba.npy", np.stack([s.rgba for s in samples]))
    np.save(output / f"{name}_valid.npy", np.array([s.valid for s in samples], np.int16))
    colours = [(*s.colours.skin, *s.colours.hair, *s.colours.eyes) for s in samples]
    np.save(output / f"{name}_colours.npy", np.array(colours, np.uint8))
    np.save(output / f"{name}_regions.npy", np.stack([s.regions for s in samples]))
    np.save(output / f"{name}_features.npy", np.stack([s.features for s in samples]))
    write_image(output / f"{name}.png", contact_sheet(samples[:: max(1, len(samples) // 96)][:96]))


def contact_sheet(samples: Iterable[Sample], columns: int = 12) -> Image:
    """Samples on white, with swatches of their colours, in rows."""
    tiles = []
    for sample in samples:
        alpha = sample.rgba[..., 3:].astype(np.float32) / 255
        tile = (sample.rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
        edge = tile.shape[0] // 10
        for i, name in enumerate(("skin", "hair", "eyes")):
            tile[-edge:, i * edge : (i + 1) * edge] = getattr(sample.colours, name)
        tiles.append(tile)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def _core(template: Template, size: int) -> NDArray[np.bool_]:
    """Pixels that belong to the head of every figure."""
    u, v = template.grid(size)
    return np.asarray(np.hypot(u / 0.85, (v + 0.05) / 0.95) < 1)


def _flat(features: Features, chin: float) -> NDArray[np.float32]:
    return np.array([*features.eyes.ravel(), *features.mouth, *features.brows.ravel(), chin], np.float32)


def _span(inside: NDArray[np.bool_]) -> tuple[int, int]:
    where = np.flatnonzero(inside)
    return (int(where[0]), int(where[-1]) + 1) if len(where) else (0, len(inside))


def _hair_colour(image: Image, alpha: Mask, mask: Mask, template: Template) -> tuple[int, int, int]:
    if (mask > 0.9).sum() < 30:
        return colour.hair(image, alpha, template)
    r, g, b = np.median(image[mask > 0.9], axis=0).round()
    return int(r), int(g), int(b)
