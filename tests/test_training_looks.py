"""Training of the looks net: data that are read once, a run that stops and goes on, and a net that can be used."""

import csv
import hashlib
import itertools
import math
import os
import signal
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from photo2moe.character.attributes import CANVAS, CELL, FIELDS, POINTS, LooksNet, as_inputs, crops, points
from photo2moe.errors import InputError
from photo2moe.face.parse import Parser
from photo2moe.imageio import read_image, write_image
from photo2moe.stages.detect import FaceDetector
from photo2moe.training import looks, looks_data, looks_net
from photo2moe.training.looks_data import (
    NAMES,
    UNKNOWN,
    is_held_out,
    load,
    mirror_labels,
    mirror_points,
    view,
)
from photo2moe.training.looks_score import HEATS, HeldOut, look, score, temperatures
from photo2moe.training.looks_start import start

# The looks net is exported in the older way; torch would rather see the newer one.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using the legacy TorchScript-based ONNX export:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The feature will be removed:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Constant folding - Only steps=1 can be constant folded:UserWarning"),
]

ROOT = Path(__file__).parent
PHOTOS = {
    "man": ROOT / "data/man.jpg",
    "woman": ROOT / "data/woman.jpg",
    "old": ROOT / "data/old.jpg",
    "hat": ROOT / "data/hat.jpg",
    "selfie": ROOT.parent / "examples/selfie.jpg",
}
PLAIN = {
    "age": "adult",
    "look": "m",
    "hair_length": "short",
    "hair_texture": "straight",
    "front": "side_l",
    "tied": "loose",
    "hair_colour": "brown",
    "facial_hair": "none",
    "glasses": "none",
    "headwear": "none",
    "earrings": "none",
    "clothes": "crew",
    "clothes_colour": "navy",
    "clothes_pattern": "plain",
    "mouth": "smile",
    "eyes": "open",
    "marks": "none",
    "view": "front",
}
OWN = {
    "man": {"facial_hair": "beard"},
    "woman": {"look": "f", "hair_length": "long", "front": "swept_r", "marks": "lipstick,makeup"},
    "old": {"age": "old", "hair_colour": "grey", "marks": "wrinkles", "view": "left+dark"},
    "hat": {"headwear": "hat_red", "hair_colour": "dyed_pink", "view": "right"},
    "selfie": {"look": "f", "hair_length": "shoulder"},
}


@pytest.fixture(autouse=True)
def threads():
    """The command sets the threads of libraries; other tests are to find them as they were."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def named(stem, wanted):
    """The first name of that stem that the split treats as wanted."""
    return next(name for i in itertools.count() if wanted(name := f"{stem}_{i}.jpg"))


def sets_temperature(name):
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def write_labels(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["file", *PLAIN])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Photos to learn from, two held-out ones for each half, one without a face, and a second set."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    (folder / "photos").mkdir()
    for stem, path in PHOTOS.items():
        wanted = [lambda name: not is_held_out(name)]
        if stem in ("man", "old"):
            wanted.append(lambda name: is_held_out(name) and sets_temperature(name))
        if stem in ("woman", "hat"):
            wanted.append(lambda name: is_held_out(name) and not sets_temperature(name))
        for rule in wanted:
            name = named(stem, rule)
            (folder / "photos" / name).write_bytes(path.read_bytes())
            rows.append({"file": name, **PLAIN, **OWN[stem]})
    (folder / "photos" / "sea.jpg").write_bytes((ROOT / "data/landscape.jpg").read_bytes())
    write_labels(folder / "labels.csv", [*rows, {"file": "sea.jpg", **PLAIN}])
    (folder / "photos_rare").mkdir()
    name = named("rare", lambda name: not is_held_out(name))
    (folder / "photos_rare" / name).write_bytes(PHOTOS["man"].read_bytes())
    write_labels(folder / "labels_rare.csv", [{"file": name, **PLAIN, "glasses": "no such glasses"}])
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / "cache"


@pytest.fixture(scope="module")
def photos(data, cache):
    return load(data, cache, lambda done, count: None)


def label(photos, stem, field):
    """The words that the photos of a stem have for a field."""
    rows = [photos.labels[i] for i, name in enumerate(photos.files) if name.startswith(stem)]
    return {FIELDS[field][row[NAMES.index(field)]] for row in rows}


def test_labels_become_indices_of_values(photos):
    assert len(photos.files) == 10 and not any(name.startswith("sea") for name in photos.files)
    assert photos.canvases.shape == (10, CANVAS, CANVAS, 3) and photos.points.shape == (10, POINTS)
    assert photos.layouts.shape == (10, CANVAS // CELL, CANVAS // CELL, 4) and photos.layouts[..., 1].mean() > 10
    assert photos.held_out.sum() == 4
    assert label(photos, "woman", "front") == {"swept_r"} and label(photos, "woman", "lipstick") == {"yes"}
    assert label(photos, "old", "view") == {"left"} and label(photos, "old", "dark") == {"yes"}
    assert label(photos, "hat", "headwear") == {"hat"} and label(photos, "hat", "hair_colour") == {"dyed"}
    assert label(photos, "man", "clothes_colour") == {"blue"} and label(photos, "man", "wrinkles") == {"no"}
    rare = next(i for i, name in enumerate(photos.files) if name.startswith("rare"))
    assert photos.labels[rare, NAMES.index("glasses")] == UNKNOWN


def test_photos_are_read_once(data, cache, photos):
    again = load(data, cache, lambda done, count: pytest.fail("read again"))
    assert again.files == photos.files and np.array_equal(again.canvases, photos.canvases)


def test_the_mirrored_mesh_is_that_of_the_mirrored_photo(photos):
    photo = read_image(PHOTOS["woman"])
    with FaceDetector() as detector:
        face, other = detector(photo)[0], detector(np.ascontiguousarray(photo[:, ::-1]))[0]
    assert photos.mirrored[33] == 263 and photos.mirrored[263] == 33
    apart = np.abs(mirror_points(points(face), photos.mirrored) - points(other))
    assert apart.mean() < 0.03 < np.abs(points(face) - points(other)).mean() + 0.03
    assert apart.mean() < 0.2 * np.abs(points(face)[0::2].mean() - points(face)[0::2]).mean()


def test_mirrored_views_swap_left_and_right(photos):
    index = next(i for i, name in enumerate(photos.files) if name.startswith("old"))
    view_number, front_number = NAMES.index("view"), NAMES.index("front")
    rng = np.random.default_rng(4)
    seen = [view(photos, index, rng).labels for _ in range(16)]
    words = {(FIELDS["view"][row[view_number]], FIELDS["front"][row[front_number]]) for row in seen}
    assert words == {("left", "side_l"), ("right", "side_r")}
    assert np.array_equal(mirror_labels(mirror_labels(photos.labels[index])), photos.labels[index])


@pytest.mark.parametrize("field", ["swept_l", "side_l"])
def test_only_one_side_is_taken_for_the_other(field):
    labels = np.full(len(NAMES), UNKNOWN)
    labels[NAMES.index("front")] = FIELDS["front"].index(field)
    mirrored = mirror_labels(labels)
    assert FIELDS["front"][mirrored[NAMES.index("front")]] == field[:-1] + "r"
    assert (np.delete(mirrored, NAMES.index("front")) == UNKNOWN).all()


@pytest.fixture(scope="module")
def stem(photos):
    """The part of the net that is never trained, as ONNX: made once, for it takes seconds."""
    return looks_net.frozen(looks_net.LooksModel(photos.points))


@pytest.fixture(scope="module")
def run(photos, stem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "frozen", lambda model: stem)
        return looks.Run(photos, 1.0, 3)


def test_rare_photos_are_drawn_and_weighed_more():
    labels = np.zeros((20, len(FIELDS)), np.int64)
    labels[0, NAMES.index("glasses")] = FIELDS["glasses"].index("sun")
    labels[1, NAMES.index("glasses")] = UNKNOWN
    weights, drawn = looks._weights(labels)
    assert drawn.sum() == pytest.approx(1)
    assert 1.5 < drawn[0] / drawn[2] <= looks.RARE_MOST and drawn[1] == pytest.approx(drawn[2])
    glasses = weights[NAMES.index("glasses")]
    assert 1 < glasses[FIELDS["glasses"].index("sun")] / glasses[0] <= looks.LOSS_MOST


def test_values_become_as_likely_as_they_are_frequent():
    labels = np.zeros((100, len(FIELDS)), np.int64)
    labels[:10, 1] = 1
    weights, drawn = looks._weights(labels)
    usual = looks._usual(labels, weights, drawn)[len(FIELDS["age"]) :][:2].numpy() / looks.USUAL
    seen = np.array([90 * weights[1][0], 10 * weights[1][1]])  # each photo is drawn alike, for look is not drawn by
    likely = np.exp(usual) * seen / (np.exp(usual) * seen).sum()
    assert likely == pytest.approx([0.9, 0.1], abs=0.01)


def test_the_loss_is_small_for_right_answers_and_leaves_the_unknown_out(run):
    labels = torch.zeros((2, len(FIELDS)), dtype=torch.int64)
    logits = torch.zeros((2, sum(map(len, FIELDS.values()))))
    starts = np.cumsum([0, *map(len, FIELDS.values())])[:-1].tolist()
    right, wrong = logits.clone(), logits.clone()
    right[:, starts] = 4.0
    wrong[:, [start + 1 for start in starts]] = 4.0
    losses = [float(run._loss(x, labels)) for x in (right, logits, wrong)]
    assert losses == sorted(losses) and losses[0] < 0.5 * losses[1]
    assert float(run._loss(wrong, torch.full_like(labels, UNKNOWN))) == 0


def test_onnx_says_what_the_net_says(run):
    model = run.averaged()
    photos = run.photos
    inputs = as_inputs(crops(photos.canvases[0]), photos.points[0], crops(photos.layouts[0]))
    head, body, mesh, *parts = map(torch.from_numpy, inputs.values())
    with torch.inference_mode():
        features = [model.frozen((crop - looks_net.UNSEEN) / 128) for crop in (head, body)]
        expected = model((features[0], features[1]), mesh, (parts[0], parts[1])).numpy()
    [seen] = run.frozen.run(None, {"crop": inputs["head"]})
    assert np.abs(seen - features[0].numpy()).max() < 1e-3 * np.abs(seen).max()
    [found] = looks_net.session(looks_net.to_onnx(model, np.full(len(FIELDS), 2.0))).run(None, inputs)
    assert np.abs(2 * found - expected).mean() < 0.1 * np.abs(expected).mean()  # of 8-bit weights
    assert np.corrcoef(found[0], expected[0])[0, 1] > 0.99


def test_a_run_begins_with_an_earlier_net(run, tmp_path):
    path = tmp_path / "earlier.onnx"
    earlier = run.averaged()
    with torch.no_grad():
        earlier.net[0].layers[0].weight *= 1.1
    path.write_bytes(looks_net.to_onnx(earlier))
    model = looks_net.LooksModel(run.photos.points).eval()
    start(model, path)
    features = [torch.rand(1, 80, side, side) for side in (10, 8)]
    parts = [torch.rand(1, 4, side, side) for side in (20, 16)]
    with torch.inference_mode():
        seen = [
            net((features[0], features[1]), torch.zeros(1, POINTS), (parts[0], parts[1])) for net in (earlier, model)
        ]
    assert np.corrcoef(seen[0][0].numpy(), seen[1][0].numpy())[0, 1] > 0.99


@pytest.mark.parametrize(("content", "words"), [(b"no net", "is not an ONNX file"), (None, "is not a looks net")])
def test_a_run_begins_with_no_other_file(run, stem, tmp_path, content, words):
    path = tmp_path / "other.onnx"
    path.write_bytes(stem if content is None else content)
    with pytest.raises(InputError, match=words):
        start(run.model, path)


def test_the_regions_of_a_view_follow_its_crops(photos):
    rng = np.random.default_rng(2)
    seen = [view(photos, 0, rng) for _ in range(12)]
    for one in seen:
        assert [part.shape for part in one.regions] == [(20, 20, 4), (16, 16, 4)]
    skin = [one.regions[0][..., 1] > 127 for one in seen if one.regions[0].any()]
    assert len(skin) > 6 and 0 < np.mean([mask.mean() for mask in skin]) < 0.6
    assert looks_data._in_cells(np.array([[1.0, 0, 8], [0, 1, -16]])).tolist() == [[1, 0, 1], [0, 1, -2]]
    turned = looks_data._in_cells(np.array([[0.0, -1, CANVAS - 1], [1, 0, 0]]))  # a quarter turn stays one
    assert turned.tolist() == [[0, -1, CANVAS / CELL - 1], [1, 0, 0]]


def test_a_run_is_stopped_goes_on_and_is_exported(data, cache, stem, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "photo2moe")
    monkeypatch.setattr(looks, "frozen", lambda model: stem)
    monkeypatch.setattr(looks, "BATCH", 2)
    monkeypatch.setattr(looks, "SAVE_EVERY", 0.0)
    losses, net, state = [], tmp_path / "nets" / "looks.onnx", cache.parent / "state.pt"
    step = looks.Run.step

    def stopped(run):
        losses.append(step(run))
        os.kill(os.getpid(), signal.SIGTERM)
        return losses[-1]

    command = [str(data), "-o", str(net), "--run", str(cache.parent)]
    monkeypatch.setattr(looks.Run, "step", stopped)
    looks.main([*command, "--minutes", "10"])
    assert "the same command goes on" in caplog.text and not net.exists()
    saved = torch.load(state, weights_only=True)
    assert saved["steps"] == 1 and saved["spent"] > 0

    def counted(run):
        losses.append(step(run))
        return losses[-1]

    monkeypatch.setattr(looks.Run, "step", counted)
    looks.main([*command, "--minutes", str((saved["spent"] + 1e-3) / 60)])
    assert torch.load(state, weights_only=True)["steps"] == len(losses) == 2
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)
    assert "4 held-out photos" in caplog.text

    photo = read_image(PHOTOS["woman"])
    with FaceDetector() as detector:
        face = detector(photo)[0]
    found = LooksNet(net)(photo, face, Parser()(photo, face))
    assert list(found.probabilities) == list(FIELDS)
    for field, values in FIELDS.items():
        assert list(found.probabilities[field]) == list(values)
        assert sum(found.probabilities[field].values()) == pytest.approx(1)


def held(probabilities, labels, setting):
    """What a net says of one field, ``look``, and nothing of the others."""
    logits = np.zeros((len(labels), sum(map(len, FIELDS.values()))))
    start = sum(len(FIELDS[name]) for name in NAMES[: NAMES.index("look")])
    logits[:, start : start + 2] = np.log(probabilities)
    truth = np.full((len(labels), len(FIELDS)), UNKNOWN)
    truth[:, NAMES.index("look")] = labels
    return HeldOut(logits, truth, np.array(setting))


def test_temperatures_make_a_net_as_sure_as_it_is_right():
    # Sure of 0.99 and right three times in four: the best temperature makes that 0.75.
    what = held([[0.99, 0.01]] * 8, [0, 0, 0, 1, 1, 1, 1, 1], [True] * 4 + [False] * 4)
    heats = temperatures(what)
    best = math.log(0.99 / 0.01) / math.log(0.75 / 0.25)
    number = NAMES.index("look")
    assert heats[number] == pytest.approx(min(best, HEATS[-1]), rel=0.06)
    assert (np.delete(heats, number) == 1).all()


def test_scores_are_those_of_hand_made_numbers():
    what = held([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 1, 1], [True, True, False, False])
    lines = score(what, np.ones(len(FIELDS))).splitlines()
    assert lines[0] == "4 held-out photos"
    row = next(line for line in lines if line.startswith("look "))
    # All four: three right. Recall 1 and 1/2. Checked: 0.8 right, 0.7 wrong, so (0.2 + 0.7) / 2.
    assert row.split()[1:6] == ["0.750", "0.750", "0.750", "0.750", "0.450"]
    assert row.endswith("f 1.00 (2), m 0.50 (2)")
    assert next(line for line in lines if line.startswith("age ")).split() == ["age", "-"]


def test_values_that_people_confuse_count_as_one():
    logits = np.zeros((1, sum(map(len, FIELDS.values()))))
    logits[0, FIELDS["age"].index("teen")] = 3.0
    labels = np.full((1, len(FIELDS)), UNKNOWN)
    labels[0, 0] = FIELDS["age"].index("adult")
    row = score(HeldOut(logits, labels, np.array([False])), np.ones(len(FIELDS))).splitlines()[2]
    assert row.split()[:4] == ["age", "1.000", "0.000", "0.000"]


def test_a_score_needs_photos_that_are_held_out(run):
    ours = run.photos
    none = replace(ours, held_out=np.zeros(10, bool))
    with pytest.raises(InputError, match="no photo is held out"):
        look(None, none)


def no_labels(folder):
    return "has no labels.csv"


def other_columns(folder):
    (folder / "labels.csv").write_text("file,age\na.jpg,adult\n")
    return "lack the columns clothes, "


def no_photo(folder):
    write_labels(folder / "labels.csv", [{"file": "a.jpg", **PLAIN}])
    return "a.jpg"


def no_face(folder):
    (folder / "photos").mkdir()
    write_image(folder / "photos" / "a.png", np.full((64, 64, 3), 90, np.uint8))
    write_labels(folder / "labels.csv", [{"file": "a.png", **PLAIN}])
    return "no photo shows a face"


@pytest.mark.parametrize("broken", [no_labels, other_columns, no_photo, no_face])
def test_bad_data_are_told_in_one_line(tmp_path, broken):
    words = broken(tmp_path)
    with pytest.raises(SystemExit) as error:
        looks.main([str(tmp_path), "-o", str(tmp_path / "a.onnx"), "--run", str(tmp_path / "run")])
    message = str(error.value.code)
    assert message.startswith("Error: ") and words in message and "\n" not in message
    assert not (tmp_path / "run" / "cache" / looks_data.FACES).exists()
