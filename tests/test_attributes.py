"""Looks in words: what the shipped net says of the test photos, its probabilities, its errors, and the mirror."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from photo2moe import weights
from photo2moe.character import attributes
from photo2moe.character.attributes import CANVAS, Looks, LooksNet
from photo2moe.character.labels import FIELDS
from photo2moe.character.rules import RULES, Rule
from photo2moe.errors import WeightsError
from photo2moe.face.parse import REGIONS, Parser, Regions, square
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector

DATA = Path(__file__).parent / "data"
PEOPLE = ("woman", "man", "old", "hat")


@pytest.fixture(scope="module")
def people():
    """Photo and face of each person."""
    photos = {name: read_image(DATA / f"{name}.jpg") for name in PEOPLE}
    with FaceDetector() as detector:
        return {name: (photo, detector(photo)[0]) for name, photo in photos.items()}


@pytest.fixture(scope="module")
def net():
    return LooksNet()


@pytest.fixture(scope="module")
def parser():
    return Parser()


@pytest.fixture(scope="module")
def looks(net, people, parser):
    return {name: net(photo, face, parser(photo, face)) for name, (photo, face) in people.items()}


@pytest.mark.mediapipe
@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("woman", "look", "f"),
        ("man", "look", "m"),
        ("old", "age", "old"),
        ("old", "look", "f"),
        ("woman", "headwear", "none"),
        ("man", "headwear", "none"),
        ("woman", "facial_hair", "none"),
        ("woman", "glasses", "none"),
    ],
)
def test_a_person_is_seen_as_they_are(looks, name, field, value):
    assert looks[name].sure(field) == value


@pytest.mark.mediapipe
def test_a_hat_is_headwear(looks):
    assert looks["hat"].sure("headwear") != "none"


@pytest.mark.mediapipe
def test_probabilities_of_a_field_sum_to_1(looks):
    for found in looks.values():
        assert list(found.probabilities) == list(FIELDS)
        for field, probabilities in found.probabilities.items():
            assert tuple(probabilities) == FIELDS[field]
            assert sum(probabilities.values()) == pytest.approx(1)


@pytest.mark.mediapipe
def test_the_size_of_a_photo_does_not_matter(net, people, parser, looks):
    photo, face = people["old"]
    large = cv2.resize(photo, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    points = (face.landmarks + 0.5) * 3 - 0.5
    face = type(face)(tuple(3 * side for side in face.box), points, face.score)
    found = net(large, face, parser(large, face))
    for field in ("age", "look", "glasses", "headwear"):
        assert found.best(field)[0] == looks["old"].best(field)[0]


def test_the_canvas_is_upright_and_grey_beyond_the_photo(people):
    photo, face = people["woman"]
    turned = cv2.rotate(photo, cv2.ROTATE_90_CLOCKWISE)
    height = photo.shape[0]
    points = np.stack([height - 1 - face.landmarks[:, 1], face.landmarks[:, 0]], 1)
    straight = attributes.canvas(photo, face)
    again = attributes.canvas(turned, type(face)(face.box, points, face.score))
    assert straight.shape == (CANVAS, CANVAS, 3)
    assert (straight[0] == attributes.UNSEEN).all()
    assert np.abs(straight.astype(float) - again).mean() < 2


def test_the_layout_lies_on_the_canvas(people):
    _, face = people["woman"]
    scores = np.zeros((len(REGIONS), 192, 192), np.float32)
    scores[0] = 1
    matrix = square(face)
    x, y = (matrix[:, :2] @ face.landmarks[152] + matrix[:, 2]).round().astype(int)  # the chin
    scores[:, y - 4 : y + 5, x - 4 : x + 5] = 0
    scores[3, y - 4 : y + 5, x - 4 : x + 5] = 1
    layout = attributes.layout(Regions(scores.argmax(0).astype(np.uint8), scores, matrix, face))
    assert layout.shape == (48, 48, 4) and layout.dtype == np.uint8
    assert not layout[..., [0, 1, 3]].any()
    cell = np.array(np.unravel_index(layout[..., 2].argmax(), (48, 48)))
    chin = face.to_units() @ [*face.landmarks[152], 1]
    expected = (chin[::-1] + np.array([-attributes.CANVAS_TOP, 4.0])) * attributes.CANVAS_SCALE / attributes.CELL - 0.5
    assert np.abs(cell - expected).max() <= 1


def test_crops_of_regions_lie_on_those_of_the_canvas():
    canvas = np.zeros((CANVAS, CANVAS, 3), np.uint8)
    canvas[160:168, 200:208] = 255
    layout = np.zeros((48, 48, 4), np.uint8)
    layout[20, 25] = 255
    for crop, part in zip(attributes.crops(canvas), attributes.crops(layout), strict=True):
        assert len(part) == len(crop) // attributes.CELL
        seen = np.argwhere(crop[..., 0] > 99).mean(0)
        told = np.argwhere(part[..., 0]).T @ part[..., 0][part[..., 0] > 0] / part[..., 0].sum()
        assert np.abs((told + 0.5) * attributes.CELL - 0.5 - seen).max() < 4


@pytest.fixture
def rule(monkeypatch):
    """A rule for headwear alone."""

    def make(*args, **kinds):
        monkeypatch.setattr(attributes, "RULES", {"headwear": Rule(*args, **kinds)})

    return make


def test_an_unsure_field_takes_the_plainer_value(rule):
    found = Looks({"headwear": {"none": 0.3, "cap": 0.34, "hat": 0.36}})
    assert found.best("headwear") == ("hat", 0.36)
    rule("none", 0.5)
    assert found.sure("headwear") == "none"
    rule("none", 0.35)
    assert found.sure("headwear") == "hat"


def test_a_rare_value_needs_less_to_be_believed(rule):
    found = Looks({"headwear": {"none": 0.6, "cap": 0.3, "hat": 0.1}})
    rule("none", 0.5, {"cap": 0.25})
    assert found.sure("headwear") == "cap"
    rule("none", 0.5, {"cap": 0.25, "hat": 0.05})  # exceeds its own by more
    assert found.sure("headwear") == "hat"
    rule("none", 0.5, {"cap": 0.35})
    assert found.sure("headwear") == "none"


def test_the_likeliest_kind_goes_before_the_likeliest_value(rule):
    found = Looks({"headwear": {"none": 0.4, "cap": 0.35, "hat": 0.25}})
    rule("none", 0.3, kinds=(("cap", "hat"),))
    assert found.sure("headwear") == "cap"
    rule("none", 0.65, kinds=(("cap", "hat"),))
    assert found.sure("headwear") == "none"


def test_each_field_has_a_rule_with_words_of_its_own():
    assert set(RULES) == set(FIELDS)
    for field, rule in RULES.items():
        assert rule.plain in FIELDS[field]
        kinds = [value for kind in rule.kinds for value in kind]
        assert {*rule.rare, *kinds} <= set(FIELDS[field]) and len(kinds) == len(set(kinds))


def test_missing_weights_are_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "folders", lambda: [tmp_path])
    with pytest.raises(WeightsError, match=r"^looks\.onnx is missing[^\n]*$"):
        LooksNet()


def test_a_file_that_is_no_looks_net_is_one_line(tmp_path):
    path = tmp_path / "looks.onnx"
    path.write_bytes(b"no net")
    with pytest.raises(WeightsError, match=r"^[^\n]*is not a looks net[^\n]*$"):
        LooksNet(path)
    with pytest.raises(WeightsError, match="is not a looks net"):
        LooksNet(weights.locate(weights.UPSCALER))


def test_a_mirror_swaps_left_and_right():
    from photo2moe.training.looks_data import mirror_labels

    pairs = {
        "view": {"left": "right", "prof_left": "prof_right", "front": "front"},
        "front": {"swept_l": "swept_r", "side_l": "side_r", "curtain": "curtain"},
        "age": {"old": "old"},
    }
    names = list(FIELDS)
    for field, swaps in pairs.items():
        for one, other in swaps.items():
            for before, after in ((one, other), (other, one)):
                labels = np.full(len(names), -1)
                labels[names.index(field)] = FIELDS[field].index(before)
                expected = np.full(len(names), -1)
                expected[names.index(field)] = FIELDS[field].index(after)
                assert mirror_labels(labels).tolist() == expected.tolist()


def test_a_mirror_turns_the_mesh_around():
    from photo2moe.training.looks_data import mirror_points

    mesh, mirrored = np.arange(8, dtype=np.float32), np.array([1, 0, 2, 3])
    assert mirror_points(mesh, mirrored).tolist() == [-2, 3, 0, 1, -4, 5, -6, 7]


def test_training_sees_photos_moved_and_worse_with_labels_that_still_hold():
    from photo2moe.training.looks_data import NAMES, Labelled, view

    rng = np.random.default_rng(3)
    canvases = rng.integers(0, 255, (1, CANVAS, CANVAS, 3), np.uint8)
    labels = np.zeros((1, len(FIELDS)), np.int64)
    labels[0, NAMES.index("view")] = FIELDS["view"].index("left")
    points = np.zeros((1, attributes.POINTS), np.float32)
    layouts = np.full((1, 48, 48, 4), 99, np.uint8)
    photos = Labelled(["a"], canvases, points, layouts, labels, np.zeros(1, bool), np.arange(478))
    views = [view(photos, 0, rng) for _ in range(60)]
    assert {crop.shape for one in views for crop in one.crops} == {(160, 160, 3), (128, 128, 3)}
    sides = {FIELDS["view"][one.labels[NAMES.index("view")]] for one in views}
    assert sides == {"left", "right"}
    grey = [one for one in views if one.labels[NAMES.index("grey")] == 1]
    assert grey
    for one in grey:
        assert one.labels[NAMES.index("hair_colour")] == -1
        assert np.abs(np.ptp(one.crops[0].astype(int), axis=2)).mean() < 6  # what JPEG leaves
