"""Photos and anime faces → one folder of aligned pictures, ready to train on.

Both domains lie on one template, cut out, with their colours measured. A dataset is
a folder of plain ``.npy`` arrays (see :class:`Domain`), a ``dataset.json`` with the
counts of what was dropped and why, and two contact sheets to look at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.imageio import list_images, write_image
from photo2moe.ops.geometry import Template
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.matte import PersonMatte
from photo2moe.stages.upscale import AnimeUpscaler
from photo2moe.training.looks_of import looks_finder
from photo2moe.training.samples import DroppedError, Sample, find_marks, moe_sample, photo_sample, read_marks
from photo2moe.types import Image

TILE = 128  # side of a picture on a contact sheet, pixels

Progress = Callable[[str, int, int], None]


def prepare(
    photos: Path, anime: Path, output: Path, *, size: int, scale: int, landmarks: Path | None, progress: Progress
) -> dict[str, dict[str, int]]:
    """Make a dataset.

    Args:
        photos: folder of photos, one person each.
        anime: folder of anime faces.
        output: folder to write; must be empty or absent.
        size: side of the roughs, pixels.
        scale: how many times larger drawings are than their roughs.
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
    template, find_looks, enlarge = Template(), looks_finder(), AnimeUpscaler()
    counts: dict[str, dict[str, int]] = {}
    with FaceDetector() as detector, PersonMatte() as matte, Decoder() as read:
        marks = read_marks(landmarks) if landmarks else find_marks
        jobs: dict[str, tuple[Path, Callable[[Path, Image], Sample]]] = {
            "photo": (photos, lambda _, image: photo_sample(image, detector, matte, find_looks, template, size, scale)),
            "moe": (
                anime,
                lambda path, image: moe_sample(image, marks(path, image), matte, template, size, scale, enlarge),
            ),
        }
        for name, (folder, make) in jobs.items():
            samples, counts[name] = _collect(name, folder, read, make, progress)
            _save(output, name, samples)
    about = {"size": size, "scale": scale, "template": asdict(template), "counts": counts}
    (output / "dataset.json").write_text(json.dumps(about, indent=1) + "\n")
    return counts


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
    if samples[0].lines is not None:
        np.save(output / f"{name}_lines.npy", np.stack([s.lines for s in samples if s.lines is not None]))
    np.save(output / f"{name}_features.npy", np.stack([s.features for s in samples]))
    write_image(output / f"{name}.png", contact_sheet(samples[:: max(1, len(samples) // 96)][:96]))


def contact_sheet(samples: Iterable[Sample], columns: int = 12) -> Image:
    """Samples on white, with swatches of their colours, in rows."""
    tiles = []
    for sample in samples:
        alpha = sample.rgba[..., 3:].astype(np.float32) / 255
        tile = (sample.rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
        tile = cv2.resize(tile, (TILE, TILE), interpolation=cv2.INTER_AREA)
        edge = TILE // 10
        for i, name in enumerate(("skin", "hair", "eyes")):
            tile[-edge:, i * edge : (i + 1) * edge] = getattr(sample.colours, name)
        tiles.append(tile)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])
