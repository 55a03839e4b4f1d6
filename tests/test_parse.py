"""The parser: regions that are where they should be, whichever way up the photo is, and a training that learns."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from photo2moe import weights
from photo2moe.errors import TrainingError, WeightsError
from photo2moe.face.parse import (
    BACKGROUND,
    CLOTHES,
    HAIR,
    HEADWEAR,
    OUTSIDE,
    REGIONS,
    SIZE,
    SKIN,
    Parser,
    clean,
    cut,
    square,
)
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector
from photo2moe.training import parser as training
from photo2moe.training.parser_data import COVER, CROP_SIZE, UNKNOWN, held_out, prepare
from photo2moe.training.parser_net import ParserNet, export
from photo2moe.training.parser_views import plain, views
from photo2moe.types import Face


@pytest.fixture(scope="module")
def parser():
    return Parser()


@pytest.fixture(scope="module")
def people():
    """Photo and largest face by name."""
    with FaceDetector() as detect:
        photos = {name: read_image(f"tests/data/{name}.jpg") for name in ("woman", "man", "old", "hat")}
        return {name: (photo, detect(photo)[0]) for name, photo in photos.items()}


def at(regions, u, v):
    """Label at a place in face units."""
    back = cv2.invertAffineTransform(regions.to_units)
    x, y = np.rint(back[:, :2] @ [u, v] + back[:, 2]).astype(int)
    return REGIONS[regions.labels[y, x]]


def turned(photo, face, quarters):
    """Turn a photo and its face by quarters, counter-clockwise."""
    points = face.landmarks.copy()
    for i in range(quarters):
        points = np.stack([points[:, 1], photo.shape[1 - i % 2] - 1 - points[:, 0]], 1)
    box = (*points.min(0), *points.max(0))
    return np.ascontiguousarray(np.rot90(photo, quarters)), Face(tuple(map(float, box)), points, face.score)


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", ["woman", "man", "old", "hat"])
def test_regions_are_where_they_belong(parser, people, name):
    photo, face = people[name]
    regions = parser(photo, face)
    assert regions.labels.shape == (SIZE, SIZE) and regions.labels.dtype == np.uint8
    assert regions.scores.shape == (5, SIZE, SIZE) and regions.scores.dtype == np.float32
    assert np.allclose(regions.scores.sum(0), 1, atol=1e-4)
    assert at(regions, 0, 0.4) == at(regions, -0.45, 0.6) == at(regions, 0.45, 0.6) == "skin"
    assert regions.labels[0, 0] == regions.labels[0, -1] == BACKGROUND
    assert 0.08 < regions.share("skin") < 0.5 and regions.share("background") > 0.2
    assert sum(regions.share(region) for region in REGIONS) == pytest.approx(1)


@pytest.mark.mediapipe
def test_hair_is_told_from_headwear(parser, people):
    shares = {name: [parser(*people[name]).share(region) for region in ("hair", "headwear")] for name in people}
    assert shares["woman"][0] > 0.03 and shares["woman"][1] < 0.005
    assert shares["hat"][1] > 0.02


@pytest.mark.mediapipe
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_has_the_same_regions(parser, people, quarters):
    photo, face = people["woman"]
    upright = parser(photo, face)
    other = parser(*turned(photo, face, quarters))
    assert (upright.labels == other.labels).mean() > 0.99


@pytest.mark.mediapipe
def test_a_large_photo_has_the_same_regions(parser, people):
    photo, face = people["man"]
    large = cv2.resize(photo, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    points = (face.landmarks + 0.5) * 3 - 0.5
    other = parser(large, Face((*points.min(0), *points.max(0)), points, 1.0))
    assert (parser(photo, face).labels == other.labels).mean() > 0.98


@pytest.mark.mediapipe
def test_outside_the_photo_is_background(parser, people):
    photo, face = people["woman"]
    x0, y0, x1, y1 = (round(v) for v in face.box)
    close = np.ascontiguousarray(photo[y0:y1, x0:x1])
    regions = parser(close, Face(face.box, face.landmarks - [x0, y0], face.score))
    inside = cut(np.full(close.shape[:2], 255, np.uint8), regions.matrix, SIZE, fill=0, nearest=True) > 0
    assert inside.any() and not inside.all()
    assert (regions.scores[BACKGROUND][~inside] == 1).all()
    assert (regions.labels[~inside] == BACKGROUND).mean() > 0.99


@pytest.mark.mediapipe
def test_the_matrix_leads_to_face_units(parser, people):
    photo, face = people["woman"]
    regions = parser(photo, face)
    eyes = face.eyes @ regions.matrix[:, :2].T + regions.matrix[:, 2]
    units = eyes @ regions.to_units[:, :2].T + regions.to_units[:, 2]
    assert np.allclose(units, [[-0.5, 0], [0.5, 0]], atol=1e-6)
    assert eyes[0, 1] == pytest.approx(eyes[1, 1])


@pytest.mark.parametrize("factor", [1, 2.7, 5])
def test_a_cut_is_at_its_place_whatever_the_size_of_the_photo(factor):
    height, width = round(300 * factor), round(400 * factor)
    y, x = np.mgrid[:height, :width]
    photo = np.dstack([x * 255 / width, y * 255 / height, np.full(x.shape, 9)]).astype(np.uint8)
    cos, sin = 0.6 * np.cos(0.3), 0.6 * np.sin(0.3)
    matrix = np.array([[cos / factor, sin / factor, -30.0], [-sin / factor, cos / factor, 20.0]])
    shown = cut(photo, matrix, 160)
    back = cv2.invertAffineTransform(matrix)
    for column, row in ((80, 80), (40, 120), (130, 60)):
        there = back[:, :2] @ [column, row] + back[:, 2]
        assert np.abs(shown[row, column, :2] - there * 255 / [width, height]).max() < 1.5
    assert (shown[0, 0] == OUTSIDE).all()


def a_face(size=SIZE, unit=30.0):
    """Landmarks of which only eyes and chin matter: eyes level, in the middle."""
    points = np.full((478, 2), size / 2)
    points[[33, 133]] -= [unit / 2, 0]
    points[[263, 362]] += [unit / 2, 0]
    points[152] += [0, 1.75 * unit]
    return Face((0, 0, size, size), points, 1.0)


def test_a_turned_head_gets_a_wider_square():
    front = a_face()
    side = a_face()
    side.landmarks[[33, 133]] += [10, 0]
    side.landmarks[[263, 362]] -= [10, 0]
    assert side.eye_distance == pytest.approx(10)
    wider = square(side)[0, 0] / square(front)[0, 0]
    assert wider == pytest.approx(1 / (0.5 * 1.75), rel=0.01)


def test_cleaning_removes_islands_holes_and_other_people():
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[40:150, 60:130] = SKIN
    labels[30:60, 60:130] = HAIR
    labels[100:104, 90:94] = HAIR  # an island
    labels[120:123, 80:83] = BACKGROUND  # a hole
    labels[50:90, 150:180] = SKIN  # somebody else
    before = labels.copy()
    found = clean(labels, np.eye(2, 3), a_face())
    assert (labels == before).all()
    assert (found[60:150, 60:130] == SKIN).all()
    assert (found[30:60, 60:130] == HAIR).all()
    assert (found[:, 140:] == BACKGROUND).all()


def test_missing_weights_are_told_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(WeightsError, match=r"no\.onnx.*no such weights file") as told:
        Parser(tmp_path / "no.onnx")
    assert "\n" not in str(told.value)
    monkeypatch.setattr(weights, "folders", lambda: [tmp_path])
    with pytest.raises(WeightsError, match=r"parser\.onnx is missing from this installation"):
        Parser()


def test_bad_weights_are_told_in_one_line(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no net")
    with pytest.raises(WeightsError, match="damaged") as told:
        Parser(bad)
    assert "\n" not in str(told.value)
    other = "weights/lines-x4.onnx"
    with pytest.raises(WeightsError, match="not a parser"):
        Parser(Path(other))


def pictures(count=4):
    """Crops of a drawn person on a background of noise, with labels."""
    random = np.random.default_rng(1)
    crops = np.zeros((count, CROP_SIZE, CROP_SIZE, 4), np.uint8)
    crops[..., :3] = random.integers(90, 160, crops[..., :3].shape)
    centre = CROP_SIZE // 2
    parts = ((HAIR, (centre, centre - 20), (80, 95), (60, 40, 30)), (SKIN, (centre, centre), (55, 75), (230, 190, 170)))
    for crop in crops:
        cv2.rectangle(crop, (90, centre + 80), (260, CROP_SIZE), (40, 60, 160, CLOTHES), -1)
        for label, middle, radii, colour in parts:
            cv2.ellipse(crop, middle, radii, 0, 0, 360, (*colour, label), -1)
        crop[..., 3][: CROP_SIZE // 8] = UNKNOWN
        cv2.rectangle(crop, (centre - 10, centre + 30), (centre + 10, centre + 40), (200, 200, 255, COVER), -1)
    return crops


def test_views_are_of_the_right_kind_and_differ():
    crops, random = pictures(), np.random.default_rng(3)
    shown, labels = views(crops, np.zeros(12, int), np.ones(12, int), random)
    assert shown.shape == (12, SIZE, SIZE, 3) and shown.dtype == np.uint8
    assert set(np.unique(labels)) <= {BACKGROUND, HAIR, SKIN, CLOTHES, UNKNOWN}
    assert len({picture.tobytes() for picture in shown}) == 12
    assert all((label == SKIN).any() for label in labels)
    assert (crops == pictures()).all()


def test_a_plain_view_keeps_colours_and_labels_together():
    picture, labels = plain(pictures()[0])
    assert np.abs(picture[labels == CLOTHES].astype(int) - [40, 60, 160]).mean() < 3
    assert (labels == BACKGROUND)[SIZE // 2 + 27 : SIZE // 2 + 33, SIZE // 2 - 5 : SIZE // 2 + 5].all()
    assert HEADWEAR not in labels


def test_the_held_out_share_is_fixed():
    names = [f"photos/person_{i:05}.jpg" for i in range(4000)]
    out = [name for name in names if held_out(name)]
    assert 0.045 < len(out) / len(names) < 0.075
    assert out == [name for name in names if held_out(name.replace("photos/", "elsewhere/"))]


def test_without_masks_there_is_no_training(tmp_path):
    with pytest.raises(TrainingError, match="has no masks"):
        prepare(tmp_path, tmp_path, lambda done, total: None, lambda: False)


@pytest.mark.slow
def test_steps_lower_the_loss_and_the_net_can_be_exported(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "from_imagenet", ParserNet)
    monkeypatch.setattr(training, "WARM_UP", 1)
    run = training.Training(tmp_path)
    shown, labels = (np.stack(x) for x in zip(*[plain(crop) for crop in pictures(2)], strict=True))
    losses = [run.step(shown, labels, 0.0) for _ in range(16)]
    assert losses[-1] < 0.8 * losses[0]
    run.save()
    again = training.Training(tmp_path)
    assert again.steps == 16
    for one, other in zip(run.mean.state_dict().values(), again.mean.state_dict().values(), strict=True):
        assert torch.equal(one, other)

    export(run.mean, tmp_path / "parser.onnx")
    regions = Parser(tmp_path / "parser.onnx")(shown[0], a_face())
    assert regions.labels.shape == (SIZE, SIZE)
    assert (tmp_path / "parser.onnx").stat().st_size < 1.5e6
