"""Labelled photos for the looks net: read once, kept upright in a folder, made worse on purpose for training."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from photo2moe.character.attributes import (
    CANVAS,
    CANVAS_SCALE,
    CANVAS_TOP,
    CELL,
    POINTS,
    UNSEEN,
    Grid,
    canvas,
    crops,
    layout,
    points,
)
from photo2moe.character.labels import CONDITIONS, FIELDS, LABELS, MARKS, PARTS
from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.face.parse import Parser
from photo2moe.stages.detect import FaceDetector
from photo2moe.types import Image, Matrix

SETS = (("labels.csv", "photos"), ("labels_rare.csv", "photos_rare"), ("labels_stock.csv", "photos_stock"))
HELD_OUT = 0.08  # share of photos that are never trained on
MERGED = {"navy": "blue", "teal": "green", "silver": "grey"}  # colours of clothes too rare to learn
UNKNOWN = -1  # index of a value that a photo's label does not tell
FACES = "faces.json"
COLUMNS = {"file", "marks", *LABELS} - {*MARKS, *CONDITIONS}  # of the labels

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Photos with a face, and what their labels say.

    Attributes:
        files: names.
        canvases: ``(N, CANVAS, CANVAS, 3)`` uint8.
        points: ``(N, 956)`` float32 meshes in face units.
        layouts: ``(N, CANVAS / 8, CANVAS / 8, 4)`` uint8 regions.
        labels: ``(N, F)`` int64, index of the value in ``FIELDS``, or -1.
        held_out: ``(N,)`` whether a photo is kept from training.
        mirrored: ``(478,)`` which point of the mesh is which in a mirror.
    """

    files: list[str]
    canvases: NDArray[np.uint8]
    points: NDArray[np.float32]
    layouts: NDArray[np.uint8]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    mirrored: NDArray[np.int64]


def is_held_out(file: str) -> bool:
    """Whether a photo is kept from training, by a hash of its name, so that this never changes."""
    return int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) / 16**8 < HELD_OUT


def load(data: Path, cache: Path, progress: Progress, parts: Path | None = None) -> Labelled:
    """Read the labelled photos, or what an earlier call kept of them.

    Args:
        data: folder with ``labels.csv`` and ``photos``, and their ``_rare`` and ``_stock`` companions where present.
        cache: folder that keeps upright photos; made if absent.
        progress: called with photos done and their number.
        parts: table of the parts of the kit that suit each photo, see :data:`photo2moe.character.labels.PARTS`.

    Raises:
        InputError: no labels, or not all of their columns; a photo that cannot be read; no photo with a face.
    """
    rows: list[tuple[Path, dict[str, str]]] = []
    for table, folder in SETS:
        if (data / table).is_file():
            rows += [(data / folder / row.get("file", ""), row) for row in _read(data / table)]
    if not rows:
        raise InputError(f"{data} has no {SETS[0][0]}; name the folder with labels and photos")
    if absent := COLUMNS - set(rows[0][1]):
        raise InputError(f"the labels in {data} lack the columns {', '.join(sorted(absent))}")
    if not (cache / FACES).is_file():
        _keep(rows, cache, progress)
    kept = json.loads((cache / FACES).read_text())
    by_name = {path.name: row for path, row in rows}
    for row in _read(parts) if parts is not None else ():
        by_name.get(row["file"], {}).update({field: row[field] for field in PARTS})
    meshes = np.load(cache / "points.npy")
    return Labelled(
        kept,
        np.load(cache / "canvases.npy", mmap_mode="r")[: len(kept)],
        meshes,
        np.load(cache / "layouts.npy"),
        np.array([_indices(by_name[file]) for file in kept]),
        np.array([is_held_out(file) for file in kept]),
        _mirror(meshes),
    )


def _read(table: Path) -> list[dict[str, str]]:
    with open(table, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _keep(rows: list[tuple[Path, dict[str, str]]], cache: Path, progress: Progress) -> None:
    """Find the faces and write the upright photos and their regions."""
    cache.mkdir(parents=True, exist_ok=True)
    shape = (len(rows), CANVAS, CANVAS, 3)
    canvases = np.lib.format.open_memmap(cache / "canvases.npy", "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
    files: list[str] = []
    meshes, layouts, parse = [], [], Parser()
    with FaceDetector() as detector, Decoder() as read:
        for done, (path, _) in enumerate(rows, 1):
            photo = read(path)
            if faces := detector(photo):
                canvases[len(files)] = canvas(photo, faces[0])
                meshes.append(points(faces[0]))
                layouts.append(layout(parse(photo, faces[0])))
                files.append(path.name)
            progress(done, len(rows))
    if not files:
        raise InputError("no photo shows a face")
    canvases.flush()
    np.save(cache / "points.npy", np.stack(meshes))
    np.save(cache / "layouts.npy", np.stack(layouts))
    (cache / FACES).write_text(json.dumps(files))


def _indices(row: dict[str, str]) -> list[int]:
    """Labels of a photo as indices into the values of each field."""
    marks, view = set(row["marks"].split(",")), set(row["view"].split("+"))
    found = []
    for field, values in FIELDS.items():
        if field in MARKS or field in CONDITIONS:
            found.append(int(field in marks or field in view))
            continue
        value = row.get(field, "")
        if field == "view":
            value = next((v for v in values if v in view), "")
        elif field == "headwear":
            value = value.split("_")[0]
        elif field == "hair_colour" and value.startswith("dyed"):
            value = "dyed"
        elif field == "clothes_colour":
            value = MERGED.get(value, value)
        found.append(values.index(value) if value in values else UNKNOWN)
    return found


def _mirror(meshes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Which point of the mesh is which in a mirror, from the mean face ``(478, 2)``."""
    mean = np.median(meshes.reshape(-1, POINTS // 2, 2), 0)
    apart = np.linalg.norm(mean[:, None] - mean[None] * [-1, 1], axis=2)
    return np.asarray(linear_sum_assignment(apart)[1], np.int64)


SWAPPED = {"swept_l": "swept_r", "side_l": "side_r", "left": "right", "prof_left": "prof_right"}
COLOURED = ("hair_colour", "clothes_colour", "lipstick", "makeup", "iris")  # fields that a grey photo does not tell
FINE = ("freckles", "mole", "iris")  # and a blurred one
NAMES = list(FIELDS)
TURN, ZOOM, SHIFT = 6.0, 0.08, 0.08  # deviations of moved crops: degrees, log of the size, face units
JITTER, NO_POINTS = 0.012, 0.1  # deviation of a point, face units; share of views without points
VAGUE, NO_REGIONS = 0.3, 0.1  # share of views with blurred regions; without any
WORSE = 0.5  # share of views made small, blurred, compressed, dark, tinted or grey
EYE_LINE = -CANVAS_TOP * CANVAS_SCALE  # row of a canvas


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One photo as the net sees it in training.

    Attributes:
        crops: head, head and shoulders, as from :func:`photo2moe.character.attributes.crops`.
        points: ``(956,)`` float32, face units; all NaN where the net is to do without.
        regions: crops of the layout; all 0 where the net is to do without.
        labels: ``(F,)`` int64, -1 where the view does not tell.
    """

    crops: tuple[Image, Image]
    points: NDArray[np.float32]
    regions: tuple[Grid, Grid]
    labels: NDArray[np.int64]


def view(photos: Labelled, index: int, rng: np.random.Generator) -> View:
    """A photo, moved, often mirrored, half of the time made worse.

    Args:
        photos: where it comes from.
        index: which.
        rng: decides everything.
    """
    image, mesh, labels = photos.canvases[index], photos.points[index], photos.labels[index].copy()
    parts = photos.layouts[index]
    if rng.random() < 0.5:
        image, mesh, labels = image[:, ::-1], mirror_points(mesh, photos.mirrored), mirror_labels(labels)
        parts = parts[:, ::-1]
    image, parts = np.ascontiguousarray(image), np.ascontiguousarray(parts)
    unseen = cv2.inRange(image, (UNSEEN,) * 3, (UNSEEN,) * 3) > 0
    image = _lit(image, rng)
    if rng.random() < WORSE:
        image = _worse(image, labels, rng)
    image[unseen] = UNSEEN
    zoom, turn = np.exp(rng.normal(0, ZOOM)), np.radians(rng.normal(0, TURN))
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    centre = np.array([CANVAS / 2 - 0.5, EYE_LINE - 0.5])
    linear = np.array([[c, -s], [s, c]])
    shift = centre - linear @ centre + rng.normal(0, SHIFT * CANVAS_SCALE, 2)
    mesh = mesh * np.float32(rng.normal(1, 0.01)) + rng.normal(0, JITTER, POINTS).astype(np.float32)
    if rng.random() < NO_POINTS:
        mesh = np.full(POINTS, np.nan, np.float32)
    if rng.random() < VAGUE:
        parts = np.asarray(cv2.GaussianBlur(parts, (0, 0), rng.uniform(0.5, 1.5)), np.uint8)
    if rng.random() < NO_REGIONS:
        parts = np.zeros_like(parts)
    moved = np.hstack([linear, shift[:, None]])
    return View(crops(image, moved), mesh, crops(parts, _in_cells(moved)), labels)


def _in_cells(moved: Matrix) -> Matrix:
    """Canvas pixels → canvas pixels, as cells of the layout → cells."""
    half = np.full((2, 1), (CELL - 1) / 2)  # pixels from the corner's centre to the cell's
    return np.hstack([moved[:, :2], (moved[:, 2:] + moved[:, :2] @ half - half) / CELL])


def mirror_points(mesh: NDArray[np.float32], mirrored: NDArray[np.int64]) -> NDArray[np.float32]:
    """The mesh ``(956,)`` of a mirrored photo; ``mirrored`` is as in :class:`Labelled`."""
    return (mesh.reshape(-1, 2)[mirrored] * np.array([-1, 1], np.float32)).ravel()


def mirror_labels(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels ``(F,)`` of a mirrored photo: what says left says right."""
    swapped = labels.copy()
    for number, field in enumerate(NAMES):
        values = FIELDS[field]
        for one, other in SWAPPED.items():
            if one in values:
                a, b = values.index(one), values.index(other)
                swapped[number] = {a: b, b: a}.get(int(labels[number]), labels[number])
                if swapped[number] != labels[number]:
                    break
    return swapped


def _lit(image: Image, rng: np.random.Generator) -> Image:
    """Other light, mildly: brightness, contrast, saturation."""
    colour, gain = rng.uniform(0.75, 1.25), rng.uniform(0.85, 1.15)
    mixed = gain * (colour * np.eye(3) + (1 - colour) * np.array([0.299, 0.587, 0.114]))
    return np.asarray(cv2.transform(image, np.hstack([mixed, np.full((3, 1), rng.uniform(-12, 12))])), np.uint8)


def _worse(image: Image, labels: NDArray[np.int64], rng: np.random.Generator) -> Image:
    """Small, blurred, noisy, compressed, dark, tinted or grey; ``labels`` are changed to what is then seen."""
    size = np.exp(rng.uniform(np.log(0.22), 0)) if rng.random() < 0.7 else 1.0
    small = round(CANVAS * size)
    seen = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    sigma = rng.uniform(0.4, 2.5) * size**0.5 if rng.random() < 0.3 else 0.0
    if sigma:
        seen = cv2.GaussianBlur(seen, (0, 0), sigma)
    dark = rng.uniform(0.3, 0.75) if rng.random() < 0.25 else 1.0
    tint = rng.normal(0, 0.2, 3) if rng.random() < 0.3 else np.zeros(3)
    seen = cv2.transform(seen, np.diag(dark * np.exp(tint - tint.mean())))
    if rng.random() < 0.3:
        noise = rng.standard_normal((small, small), np.float32) * np.float32(dark * rng.uniform(2, 10))
        seen = (seen + noise[..., None]).clip(0, 255).astype(np.uint8)
    grey = rng.random() < 0.12
    if grey:
        seen = cv2.cvtColor(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))]
        seen = cv2.imdecode(cv2.imencode(".jpg", seen, quality)[1], cv2.IMREAD_COLOR)
    blurred = float(np.hypot(sigma, 0.5)) / size  # deviation, pixels of the canvas
    _say(labels, "blur", blurred, 1.5, 2.6)
    _say(labels, "dark", 1 / dark, 1.6, 2.4)
    _say(labels, "tint", float(np.ptp(tint)), 0.2, 0.45)
    if grey:
        _say(labels, "grey", 1.0, 0.0, 1.0)
        labels[[NAMES.index(field) for field in (*COLOURED, "tint")]] = UNKNOWN
    if blurred > 1.8:
        labels[[NAMES.index(field) for field in FINE]] = UNKNOWN
    return np.asarray(cv2.resize(seen, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR), np.uint8)


def _say(labels: NDArray[np.int64], field: str, amount: float, some: float, much: float) -> None:
    """Label a condition: yes from ``much`` on, unknown between, as it was up to ``some``."""
    if amount > some:
        labels[NAMES.index(field)] = 1 if amount >= much else UNKNOWN
