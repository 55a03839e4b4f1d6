"""Statistics of people: a mean face in three dimensions, honest means and slopes, and a table that can be read."""

import csv
import functools
import json
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from photo2moe.face.features import USED, features
from photo2moe.face.parse import BACKGROUND, HAIR, SKIN, Parser
from photo2moe.face.people import FORMAT, parse, people
from photo2moe.face.pose import RIGID, pose
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector
from photo2moe.training.people import main, read, regions_of
from photo2moe.training.people_statistics import (
    LEVELS,
    MESH,
    _mirror,
    curve,
    fit_words,
    gaussian,
    mean_shape,
    reliability,
    statistics,
)

ROOT = Path(__file__).parent
PHOTOS = {
    "man": ROOT / "data/man.jpg",
    "woman": ROOT / "data/woman.jpg",
    "old": ROOT / "data/old.jpg",
    "hat": ROOT / "data/hat.jpg",
    "selfie": ROOT.parent / "examples/selfie.jpg",
}
LABELS = {
    "man": {"age": "adult", "look": "m", "hair_length": "short", "hair_colour": "brown", "mouth": "teeth"},
    "woman": {"age": "adult", "look": "f", "hair_length": "long", "hair_colour": "brown", "mouth": "closed"},
    "old": {"age": "old", "look": "m", "hair_length": "short", "hair_colour": "grey", "mouth": "smile"},
    "hat": {"age": "teen", "look": "f", "hair_length": "hidden", "hair_colour": "black", "mouth": "open"},
    "selfie": {"age": "child", "look": "f", "hair_length": "short", "hair_colour": "blond", "mouth": "closed"},
}
SIDE = 240  # pixels of the photos here


@functools.cache
def photo_of(name):
    return cv2.resize(read_image(PHOTOS[name]), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def turned(photo, face, random):
    """The same person with the head turned and tilted a little, in other light: near parts move more than far ones."""
    yaw, pitch = random.uniform(-0.35, 0.35), random.uniform(-0.15, 0.15)
    wide, high = random.uniform(0.9, 1.05, 2)
    units = face.to_units()
    x, y = np.meshgrid(np.arange(SIDE, dtype=float), np.arange(SIDE, dtype=float))
    u, v = (row[0] * x + row[1] * y + row[2] for row in units)
    near = np.exp(-(u**2) / 0.9 - (v - 0.4) ** 2 / 1.5)
    middle = face.landmarks.mean(0)
    away = face.eye_distance * near
    sources = middle[0] + (x - middle[0]) / wide - yaw * away, middle[1] + (y - middle[1]) / high - pitch * away
    photo = cv2.remap(
        photo, *(axis.astype(np.float32) for axis in sources), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return (photo * random.uniform(0.75, 1.0)).astype(np.uint8)


def write_people(folder, labels, photos, masks, count, random, parser, detect):
    """A set of the data: every person ``count`` times, masks by the shipped parser."""
    for name in (photos, masks):
        (folder / name).mkdir()
    rows = []
    for name in PHOTOS:
        front = detect(photo_of(name))[0]
        for i in range(count):
            photo = turned(photo_of(name), front, random)
            face = detect(photo)[0]
            regions = parser(photo, face)
            back = cv2.invertAffineTransform(regions.matrix)
            mask = cv2.warpAffine(regions.labels, back, (SIDE, SIDE), flags=cv2.INTER_NEAREST, borderValue=(255,))
            # Names of the studio's photos, whose light is even.
            stem = f"generated_faces_{name}_{photos}_{i}" if i % 2 else f"{name}_{photos}_{i}"
            cv2.imwrite(str(folder / photos / f"{stem}.png"), photo[..., ::-1])
            if i or name != "hat":  # one without a mask
                PIL.Image.fromarray(mask).save(folder / masks / f"{stem}.png")
            view = "front+grey" if i == 0 and name == "man" else "front"
            rows.append({"file": f"{stem}.png", **LABELS[name], "eyes": "open", "view": view})
    rows += [{**rows[0], "file": "missing.png"}, {**rows[0], "file": "sea.png"}]
    cv2.imwrite(str(folder / photos / "sea.png"), cv2.imread(str(ROOT / "data/landscape.jpg")))
    with open(folder / labels, "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    random, parser = np.random.default_rng(7), Parser()
    with FaceDetector() as detect:
        write_people(folder, "labels.csv", "photos", "masks", 7, random, parser, detect)
        write_people(folder, "labels_stock.csv", "photos_stock", "masks_stock", 1, random, parser, detect)
    return folder


@pytest.fixture(scope="module")
def records(data):
    return list(read(data))


@pytest.mark.mediapipe
def test_every_photo_with_a_face_is_read(records):
    assert len(records) == 40  # neither the missing one nor the one without a face, in both sets
    assert [record.regions is None for record in records].count(True) == 2
    assert sum(record.mirrored is not None for record in records) >= 3
    for record in records:
        if record.mirrored is not None:
            there = SIDE - 1 - record.mirrored.eyes.mean(0)[0]
            assert there == pytest.approx(record.face.eyes.mean(0)[0], abs=3)


@pytest.mark.mediapipe
def test_masks_become_the_regions_of_the_face(tmp_path):
    photo = photo_of("woman")
    with FaceDetector() as detect:
        face = detect(photo)[0]
    left, top, right, bottom = face.box
    x, y = face.landmarks.mean(0)
    mask = np.full((SIDE, SIDE), BACKGROUND, np.uint8)
    cv2.ellipse(
        mask, (round(x), round(y - 8)), (round((right - left) * 0.7), round((bottom - top) * 0.8)), 0, 0, 360, HAIR, -1
    )
    cv2.fillPoly(mask, [cv2.convexHull(np.rint(face.landmarks).astype(np.int32))], SKIN)
    mask[-20:] = 5  # what covers somebody is nobody's
    mask[:10] = 255
    PIL.Image.fromarray(mask).save(tmp_path / "mask.png")
    regions = regions_of(tmp_path / "mask.png", face)
    points = np.rint(face.landmarks @ regions.matrix[:, :2].T + regions.matrix[:, 2]).astype(int)
    assert (regions.labels[points[:, 1], points[:, 0]] == SKIN).mean() > 0.85
    assert set(np.unique(regions.labels)) == {BACKGROUND, HAIR, SKIN}


@pytest.fixture(scope="module")
def table(data, tmp_path_factory):
    """What the command writes."""
    out = tmp_path_factory.mktemp("table") / "people.json"
    threads = cv2.getNumThreads()
    result = CliRunner().invoke(main, [str(data), "--out", str(out)])
    cv2.setNumThreads(threads)
    assert result.exit_code == 0, result.output
    assert result.output == f"{out}: 40 people\n"
    return json.loads(out.read_text("utf-8"))


@pytest.mark.mediapipe
def test_the_table_can_be_read_and_used(table, records):
    found = parse(table)
    assert table["format"] == FORMAT and table["photos"] == len(records)
    assert found.points.tolist() == sorted({*RIGID, *USED})
    assert set(found.measures) == set(people().measures)
    for entry in found.measures.values():
        assert np.isfinite([entry["mean"], entry["deviation"], *entry["slopes"].values()]).all()
        assert 0 <= entry.get("reliability", 1) <= 1
    assert all(entry["deviation"] > 0 for name, entry in found.measures.items() if name != "expression.smile")
    assert set(found.groups["neutral"]) == {"f", "m", "old", "child", "all"}
    assert set(found.models) == set(people().models)
    for record in records[::9]:
        head = pose(record.face, found)
        one = features(record.photo, record.face, head, found)
        assert abs(head.yaw) < 50 and head.error < 0.2
        for name in ("face.width", "eyes.spacing", "mouth.width"):
            assert -1 <= found.exaggerated(name, one.values[name], one.nuisances) <= 1


@pytest.mark.mediapipe
def test_the_mean_face_is_that_of_the_shipped_table(table):
    mine, shipped = np.array(list(table["shape"].values())), people().shape
    assert np.abs(mine[:, :2] - shipped[:, :2]).mean() < 0.1
    assert np.corrcoef(mine[:, 2], shipped[:, 2])[0, 1] > 0.4  # five people are few


@pytest.mark.mediapipe
def test_outlines_are_of_those_lengths_that_enough_people_have(table):
    assert set(table["outline"]) <= {"short", "long"} and "short" in table["outline"]
    mean = np.array(table["outline"]["short"]).reshape(3, 16)
    upper = [0, 1, 2, 14, 15]
    assert ((mean[0, upper] > 0.8) & (mean[0, upper] < 2.2)).all()
    assert mean[0] == pytest.approx(mean[0][-np.arange(16) % 16], abs=0.02)  # each person counts mirrored too


def test_a_folder_without_people_is_told_in_one_line(tmp_path):
    result = CliRunner().invoke(main, [str(tmp_path), "--out", str(tmp_path / "people.json")])
    assert result.exit_code == 1 and result.output.count("\n") == 1
    assert result.output.startswith("Error: ") and "needs labels.csv" in result.output
    assert not (tmp_path / "people.json").exists()


def head_of(mesh):
    """A symmetric head with depth from a flat mesh in face units."""
    half = mesh - mesh[[33, 133, 263, 362]].mean(0)
    depth = 0.45 * half[:, :1] ** 2 + 0.15 * (half[:, 1:] - 0.4) ** 2
    depth -= 0.5 * np.exp(-((half - [0, 0.6]) ** 2).sum(1, keepdims=True) / 0.08)  # a nose
    return np.hstack([half, depth])


@pytest.mark.mediapipe
def test_the_mean_face_is_found_from_pictures_from_many_sides():
    photo = photo_of("woman")
    with FaceDetector() as detect:
        face = detect(photo)[0]
    mesh = face.landmarks[:MESH] @ face.to_units()[:, :2].T + face.to_units()[:, 2]
    partner = _mirror(mesh)
    assert (partner[partner] == np.arange(MESH)).all() and partner[33] == 263
    truth = head_of((mesh + mesh[partner] * [-1, 1]) / 2)
    seen = []
    for yaw in (-0.5, -0.2, 0.0, 0.3, 0.45):
        for pitch in (-0.3, 0.0, 0.3):
            across = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
            down = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
            seen.append(100 + 60 * (truth @ (down @ across).T)[:, :2])
    found = mean_shape(np.array(seen))
    truth -= truth[[33, 133, 263, 362]].mean(0)
    scale = truth[[263, 362], 0].mean() - truth[[33, 133], 0].mean()
    apart = np.abs(found - truth / scale)
    assert apart.mean() < 0.02


def test_statistics_take_nuisances_and_outliers_out():
    random = np.random.default_rng(2)
    turn = random.uniform(0, 1, 400)
    values = 2 + 3 * turn + 0.1 * random.standard_normal(400)
    values[:4] = 50  # of bad measurements
    who = np.arange(400) < 300
    values[300:] = -9  # of people who do not count
    entry = statistics(values, {"turn": turn}, who)
    assert entry["mean"] == pytest.approx(2, abs=0.05)
    assert entry["slopes"]["turn"] == pytest.approx(3, abs=0.1)
    assert entry["deviation"] == pytest.approx(0.1, abs=0.02)


def test_words_are_told_from_numbers():
    random = np.random.default_rng(3)
    words = ["closed", "open", "closed", "smile", "closed", "other"] * 20
    middle = {"closed": (0, 5), "open": (3, 5), "smile": (0, 9), "other": (99, 99)}
    values = np.array([middle[word] for word in words]) + 0.2 * random.standard_normal((len(words), 2))
    model = fit_words(values, words, ("closed", "smile", "open"))
    scores = values @ np.array(model["weights"]) + model["bias"]
    told = [model["words"][i] for i in scores.argmax(1)]
    assert all(mine == word for mine, word in zip(told, words, strict=True) if word != "other")


def test_measures_that_agree_are_reliable():
    random = np.random.default_rng(4)
    true, first, second = random.standard_normal((3, 4000))
    assert reliability(true, true) == 1
    assert reliability(true + first, true + second) == pytest.approx(0.5, abs=0.05)
    assert reliability(first, second) == pytest.approx(0, abs=0.05)
    assert reliability(true, -true) == 0


def test_missing_numbers_are_filled_by_what_goes_with_them():
    random = np.random.default_rng(5)
    rows = random.multivariate_normal([1, -2], [[1, 0.8], [0.8, 1]], 1500)
    holed = rows.copy()
    holed[rows[:, 0] > 1.5, 1] = np.nan  # not by chance: plain means would be too low
    model = gaussian(holed)
    assert np.nanmean(holed[:, 1]) < -2.2
    assert model["mean"] == pytest.approx([1, -2], abs=0.12)
    assert np.array(model["covariance"]) == pytest.approx(np.array([[1, 0.8], [0.8, 1]]), abs=0.15)


def test_a_curve_has_a_point_for_every_lightness_that_enough_people_have():
    random = np.random.default_rng(6)
    dark = np.column_stack([np.full(60, 2.5 * LEVELS), random.normal(10, 2, 60), random.normal(20, 1, 60)])
    light = np.column_stack([np.full(5, 9.5 * LEVELS), np.zeros(5), np.zeros(5)])
    found = curve(np.concatenate([dark, light]))
    assert found["lightness"] == [2.5 * LEVELS]
    assert found["a"][0] == pytest.approx(10, abs=1) and found["b"][0] == pytest.approx(20, abs=1)
    assert found["deviation_a"][0] == pytest.approx(2, abs=0.8)
    assert found["deviation_b"][0] == pytest.approx(1, abs=0.4)
