"""Pictures and masks to train the parser with: crops that are cut once, and what is done to them each time.

Crops are wider than what the parser looks at, so that they can be turned, moved and scaled. They lie in two files in
the folder of the run: ``crops.npy``, ``(N, C, C, 4)`` uint8, RGB and label, and ``crops.txt``, a name a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from photo2moe.errors import InputError, TrainingError
from photo2moe.face.parse import BACKGROUND, CLOTHES, HAIR, SKIN, cut, square
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector

SETS = (("photos", "masks"), ("photos_rare", "masks_rare"), ("photos_stock", "masks_stock"))
CROP_SIZE = 352  # pixels of a crop's side
CROP_SPAN = 8.8  # its face units: 40 px each, some more than the parser sees
CROP_MIDDLE = 0.4  # face units of its centre below the eye line
UNIT = CROP_SIZE / CROP_SPAN  # pixels of a crop in a face unit
UNKNOWN = 255  # label of what nobody looked at and of what lies outside the photo
COVER = 5  # label in the masks of what covers a face: it is not the person's, so background
HELD_OUT = 0.06  # share of the pictures of each set that is never trained on, by a hash of the name

Pictures = NDArray[np.uint8]
Advance = Callable[[int, int], None]


def held_out(name: str) -> bool:
    """Whether a picture ``SET/NAME`` is for measuring alone; never changes."""
    digest = hashlib.sha256(Path(name).stem.encode()).digest()
    return int.from_bytes(digest[:4], "big") < HELD_OUT * 2**32


def prepare(data: Path, work: Path, advance: Advance, asked: Callable[[], bool]) -> tuple[Pictures, list[str]]:
    """Find the face of every picture that has a mask, and cut it out with its mask; done once.

    Args:
        data: folder with those named in :data:`SETS`.
        work: gets ``crops.npy`` and ``crops.txt``.
        advance: told of pictures done and of all.
        asked: whether to stop.

    Returns:
        Crops ``(N, C, C, 4)``, read from disk as needed, and their names ``SET/NAME``.

    Raises:
        TrainingError: no masks there, or stopped before all was cut.
    """
    pictures, names = work / "crops.npy", work / "crops.txt"
    if names.exists():
        known = names.read_text("utf-8").splitlines()
        return np.load(pictures, mmap_mode="r")[: len(known)], known
    pairs = [
        (photo, mask)
        for photos, masks in SETS
        for mask in sorted((data / masks).glob("*.png"))
        if (photo := data / photos / f"{mask.stem}.jpg").is_file()
    ]
    if not pairs:
        raise TrainingError(f"{data} has no masks; it needs folders {', '.join(f'{p} and {m}' for p, m in SETS)}")
    shape = (len(pairs), CROP_SIZE, CROP_SIZE, 4)
    crops = np.lib.format.open_memmap(pictures, "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
    kept: list[str] = []
    with FaceDetector() as detect:
        for i, (photo, mask) in enumerate(pairs):
            if asked():
                raise TrainingError("stopped while the crops were cut; the next start begins anew")
            advance(i, len(pairs))
            crop = _crop(photo, mask, detect)
            if crop is not None:
                crops[len(kept)] = crop
                kept.append(f"{photo.parent.name}/{photo.name}")
    crops.flush()
    names.write_text("".join(f"{name}\n" for name in kept), "utf-8")
    return np.load(pictures, mmap_mode="r")[: len(kept)], kept


def _crop(photo: Path, mask: Path, detect: FaceDetector) -> Pictures | None:
    """``(C, C, 4)``, or ``None`` where no face is found or a file cannot be read."""
    try:
        picture = read_image(photo)
        with PIL.Image.open(mask) as palette:  # its indices are the labels
            labels = np.asarray(palette, np.uint8)
    except (InputError, OSError):
        return None
    faces = detect(picture)
    if not faces or labels.shape != picture.shape[:2]:
        return None
    # The mask is of the person whose face it knows.
    face = max(faces, key=lambda f: (labels[_at(f.landmarks.mean(0), labels)] not in (BACKGROUND, UNKNOWN), f.area))
    matrix = square(face, CROP_SPAN, CROP_SIZE, CROP_MIDDLE)
    crop = np.empty((CROP_SIZE, CROP_SIZE, 4), np.uint8)
    crop[..., :3] = cut(picture, matrix, CROP_SIZE)
    crop[..., 3] = cut(labels, matrix, CROP_SIZE, fill=UNKNOWN, nearest=True)
    shave(crop[..., 3])
    return crop


def shave(labels: Pictures) -> None:
    """Beards are skin; in the masks they are sometimes clothes or hair. Changes the labels of a crop, in place.

    The lower face is taken to be half an ellipse around the middle of the skin that is seen beside the nose: nothing
    in it is clothes, and in its middle nothing is hair.
    """
    v, u = np.mgrid[:CROP_SIZE, :CROP_SIZE].astype(np.float32) / UNIT - (CROP_SIZE - 1) / 2 / UNIT
    v += CROP_MIDDLE
    beside = (labels == SKIN) & (v > -0.2) & (v < 0.8)
    if not beside.any():
        return
    u -= u[beside].mean()
    face = (v > 0.45) & ((u / 0.9) ** 2 + ((v - 0.55) / 1.25) ** 2 < 1)
    labels[face & (labels == CLOTHES)] = SKIN
    labels[face & (labels == HAIR) & (v > 0.6) & (abs(u) < 0.65)] = SKIN


def _at(point: NDArray[np.float64], labels: Pictures) -> tuple[int, int]:
    height, width = labels.shape
    return int(np.clip(point[1], 0, height - 1)), int(np.clip(point[0], 0, width - 1))
