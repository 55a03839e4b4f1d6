"""Measure what people look like on average, for ``photo2moe/face/people.json``.

::

    python -m photo2moe.training.people DATA

DATA holds folders ``photos*`` with pictures, ``labels*.csv`` (one row a picture: file, age, look, hair_length, mouth,
view, …) and ``masks*`` with palette pictures of the regions, as :mod:`photo2moe.training.parser` takes them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

import photo2moe.face.people as people_module
from photo2moe.face.exposure import evidence
from photo2moe.face.features import USED, Features, features
from photo2moe.face.lab import lab
from photo2moe.face.light import parts
from photo2moe.face.outline import RAYS, Outline, expected, find_outline, volume
from photo2moe.face.parse import HAIR, REGIONS, SIZE, SPAN, Regions, clean, cut, square
from photo2moe.face.people import FORMAT, People, parse, people
from photo2moe.face.pose import RIGID, Head, pose
from photo2moe.stages.detect import FaceDetector
from photo2moe.training.people_statistics import (
    MESH,
    OUTLIER,
    curve,
    fit_words,
    gaussian,
    mean_shape,
    reliability,
    statistics,
)
from photo2moe.types import Face, Image

SETS = ("photos", "photos_stock")
ADULTS = ("teen", "adult", "old")
CHILDREN = ("baby", "child")
TURNED = 50.0  # degrees of yaw beyond which a face tells little about proportions
MOUTHS = ("closed", "smile", "teeth", "open")
TWICE = 12  # every so many photos are measured again, mirrored, to learn how far measures can be relied on
STRANGE = {"grey", "tint", "dark"}  # words of view: photos that do not show colours as they are
STUDIO = "generated_faces"  # photos whose names begin so show faces in even light before a plain background
NATURAL_HAIR = ("black", "dark_brown", "brown", "light_brown", "blond", "red")
SEEN = 0.15  # share of people who show it, likewise
FEWEST = 12  # people who show a ray of the outline, or its mean is that of its neighbours


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One labelled photo.

    Attributes:
        photo: the picture.
        face: its largest face.
        row: of the labels.
        regions: if there is a mask.
        mirrored: the face found in the mirrored picture, for every :data:`TWICE`-th photo.
    """

    photo: Image
    face: Face
    row: dict[str, str]
    regions: Regions | None
    mirrored: Face | None = None


def measure_people(records: list[Record]) -> dict[str, Any]:
    """The whole table, ready for JSON.

    Args:
        records: labelled photos of many people.
    """
    shape = mean_shape(np.array([record.face.landmarks[:MESH] for record in records]))
    data: dict[str, Any] = {
        "format": FORMAT,
        "photos": len(records),
        "shape": {str(i): [round(float(x), 4) for x in shape[i]] for i in sorted({*RIGID, *USED})},
        "measures": {},
        "groups": {},
        "outline": {},
        "models": {},
    }
    table = parse(data)
    heads = [pose(record.face, table) for record in records]
    found = [features(record.photo, record.face, head, table) for record, head in zip(records, heads, strict=True)]
    rows = [record.row for record in records]
    straight = np.array([abs(head.yaw) < TURNED for head in heads])
    grown = straight & np.array([row["age"] in ADULTS for row in rows])
    groups = {look: grown & np.array([row["look"] == look for row in rows]) for look in ("f", "m")}
    groups["old"] = straight & np.array([row["age"] == "old" for row in rows])
    groups["child"] = straight & np.array([row["age"] in CHILDREN for row in rows])
    names = [name for name in found[0].values if name != "mouth.lift"]
    values = {name: np.array([one.values[name] for one in found]) for name in found[0].values}
    nuisances = {key: np.array([one.nuisances[key] for one in found]) for key in found[0].nuisances}
    data["measures"] = {name: statistics(values[name], nuisances, grown) for name in names}
    data["measures"]["expression.smile"] = _smile(values["mouth.lift"], nuisances, rows)
    for name, value in _reliabilities(records, found, heads, parse(data)).items():
        data["measures"][name]["reliability"] = value
    awake = np.array([row["eyes"] == "open" for row in rows])
    openness = np.array([np.mean(one.openness) for one in found])
    data["groups"] = {
        "neutral": {
            group: round(float(np.median(openness[who & awake])), 4) for group, who in {**groups, "all": grown}.items()
        }
    }
    data["models"]["mouth"] = fit_words(np.array([one.mouth for one in found]), [row["mouth"] for row in rows], MOUTHS)
    data["models"] |= _colour_models(records, heads)
    data["models"]["tone"] = people().models["tone"]  # fitted by photo2moe.training.tones, which comes after
    shapes = [
        find_outline(record.photo.shape, record.regions, head) if record.regions is not None else None
        for record, head in zip(records, heads, strict=True)
    ]
    data["outline"] = _outlines(shapes, heads, rows)
    table = parse(data)
    volumes = np.full(len(rows), np.nan)
    hairlines = np.full(len(rows), np.nan)
    for i, (found_outline, head, row) in enumerate(zip(shapes, heads, rows, strict=True)):
        mean = expected(table, row["hair_length"], head)
        if found_outline is not None and mean is not None:
            volumes[i], hairlines[i] = volume(found_outline, mean), found_outline.hairline
    data["measures"]["hair.volume"] = statistics(volumes, nuisances, grown & np.isfinite(volumes))
    data["measures"]["hair.hairline"] = statistics(hairlines, nuisances, grown & np.isfinite(hairlines))
    return data


def _reliabilities(records: list[Record], found: list[Features], heads: list[Head], table: People) -> dict[str, float]:
    """How far each measure is the same when the mirrored photo is measured."""
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in found[0].values if name in table.measures}
    for record, one, head in zip(records, found, heads, strict=True):
        if record.mirrored is None or abs(head.yaw) > TURNED:
            continue
        photo = np.ascontiguousarray(record.photo[:, ::-1])
        other = features(photo, record.mirrored, pose(record.mirrored, table), table)
        for name, values in pairs.items():
            both = (table.deviations(name, each.values[name], each.nuisances) for each in (one, other))
            first, second = (float(np.clip(value, -OUTLIER, OUTLIER)) for value in both)
            values.append((first, second))
    return {name: reliability(*np.array(values).T) for name, values in pairs.items() if values}


def _colour_models(records: list[Record], heads: list[Head]) -> dict[str, Any]:
    """What parts of a portrait measure in ordinary light, and what skin and natural hair are like."""
    rows, studio, skin, hair = [], [], [], []
    for record, head in zip(records, heads, strict=True):
        if record.regions is None or STRANGE & set(record.row["view"].split("+")):
            continue
        found = parts(record.photo, record.face, record.regions, head)
        rows.append(found.values.ravel())
        if record.row["file"].startswith(STUDIO):
            studio.append(evidence(found, record.face, record.regions).ravel())
        skin.append(lab(found.skin))
        pixels = found.square[
            cv2.erode((record.regions.labels == HAIR).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        ]
        if record.row["hair_colour"] in NATURAL_HAIR and len(pixels) >= FEWEST:
            hair.append(lab(np.median(pixels, axis=0)))
    return {
        "light": gaussian(np.array(rows)),
        "studio": gaussian(np.array(studio)),
        "skin": curve(np.array(skin)),
        "hair": curve(np.array(hair)),
    }


def _smile(
    lift: NDArray[np.float64], nuisances: dict[str, NDArray[np.float64]], rows: list[dict[str, str]]
) -> dict[str, Any]:
    """The corners of closed mouths; the deviation is how far those of mouths with teeth are higher."""
    held = {key: nuisances[key] for key in ("turn", "pitch", "nod")}
    entry = statistics(lift, held, np.array([row["mouth"] == "closed" for row in rows]))
    high, low = (np.median(lift[[row["mouth"] == word for row in rows]]) for word in ("teeth", "closed"))
    return {**entry, "deviation": round(float(high - low), 4)}


def _outlines(shapes: list[Outline | None], heads: list[Head], rows: list[dict[str, str]]) -> dict[str, list[float]]:
    """By length mean radii, their slopes by the sine of the yaw and by that of the pitch; each person also mirrored."""
    mirror = -np.arange(RAYS) % RAYS
    table = {}
    for length in sorted({row["hair_length"] for row in rows} - {"bald", "hidden"}):
        who = [i for i, row in enumerate(rows) if row["hair_length"] == length and shapes[i] is not None]
        radii = np.array([shape.radii for i in who if (shape := shapes[i]) is not None])
        turned = np.sin(np.radians([[heads[i].yaw, heads[i].pitch] for i in who]))
        radii = np.concatenate([radii, radii[:, mirror]])
        design = np.column_stack([np.ones(len(radii)), np.concatenate([turned, turned * [-1, 1]])])
        known = np.isfinite(radii)
        fitted = np.full((3, RAYS), np.nan)
        for ray in range(RAYS):
            if known[:, ray].sum() >= max(FEWEST, SEEN * len(radii)):
                fitted[:, ray] = np.linalg.lstsq(design[known[:, ray]], radii[known[:, ray], ray], rcond=None)[0]
        seen = np.isfinite(fitted[0])
        if seen.sum() < RAYS // 4:
            continue
        table[length] = [
            round(float(x), 3)
            for row in fitted
            for x in np.interp(range(RAYS), np.flatnonzero(seen), row[seen], period=RAYS)
        ]
    return table


def read(data: Path) -> Iterator[Record]:
    """Labelled photos of a folder, each with its largest face; those without a face are left out."""
    tables = {name: data / f"{name.replace('photos', 'labels')}.csv" for name in SETS}
    with FaceDetector() as detector:
        for name, table in tables.items():
            if not table.is_file():
                continue
            with table.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for i, row in enumerate(rows):
                photo = cv2.imread(str(data / name / row["file"]))
                if photo is None:
                    continue
                photo = np.ascontiguousarray(photo[..., ::-1])
                faces = detector(photo)
                if faces:
                    mask = data / name.replace("photos", "masks") / f"{Path(row['file']).stem}.png"
                    again = detector(np.ascontiguousarray(photo[:, ::-1])) if i % TWICE == 0 else []
                    regions = regions_of(mask, faces[0]) if mask.is_file() else None
                    yield Record(photo, faces[0], row, regions, again[0] if len(again) == len(faces) == 1 else None)


def regions_of(mask: Path, face: Face) -> Regions:
    """Regions as the parser would give them, from a mask made by others."""
    with PIL.Image.open(mask) as file:
        numbers = np.asarray(file, np.uint8)
    matrix = square(face, SPAN, SIZE)
    labels = cut(np.where(numbers < len(REGIONS), numbers, 0).astype(np.uint8), matrix, SIZE, fill=0, nearest=True)
    labels = clean(labels, matrix, face)
    unknown = np.broadcast_to(np.float32(0), (len(REGIONS), SIZE, SIZE))  # takes no memory
    return Regions(labels, unknown, matrix, face)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Where to write the table.")
def main(data: Path, out: Path | None) -> None:
    """Measure the people in DATA and write people.json."""
    cv2.setNumThreads(1)
    records = list(read(data))
    if not records:
        raise click.ClickException(f"{data} has no labels of a photo with a face; it needs labels.csv and photos")
    table = measure_people(records)
    out = Path(people_module.__file__).with_name(people_module.FILE) if out is None else out
    out.write_text(json.dumps(table) + "\n", "utf-8")
    click.echo(f"{out}: {table['photos']} people")


if __name__ == "__main__":
    main()
