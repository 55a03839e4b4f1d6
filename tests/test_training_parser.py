"""Training of the parser: crops that are cut once, a run that stops and goes on, and measures of what it learned."""

import itertools
import math
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from photo2moe.errors import InputError, TrainingError
from photo2moe.face.parse import BACKGROUND, CLOTHES, HAIR, HEADWEAR, OUTSIDE, REGIONS, SIZE, SKIN, Parser
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector
from photo2moe.training import parser as training
from photo2moe.training import parser_views
from photo2moe.training.parser_data import COVER, CROP_MIDDLE, CROP_SIZE, UNIT, UNKNOWN, held_out, prepare, shave
from photo2moe.training.parser_net import tensor
from photo2moe.training.parser_start import start
from photo2moe.training.parser_views import plain, views

ROOT = Path(__file__).parent
PHOTOS = {name: ROOT / f"data/{name}.jpg" for name in ("man", "woman", "old", "hat")}


def named(stem, wanted):
    """The first name of that stem that is held out or not."""
    return next(name for i in itertools.count() if held_out(name := f"{stem}_{i}.jpg") == wanted)


def drawn_mask(photo, face, *, hat=False):
    """Regions drawn from the oval of a face: skin in it, hair around and above, clothes below."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    oval = cv2.convexHull(np.rint(face.landmarks).astype(np.int32))[:, 0]
    middle, unit = face.landmarks.mean(0), face.eye_distance
    larger = np.rint(middle + 1.35 * (oval - middle) - [0, 0.35 * unit]).astype(np.int32)
    mask[round(middle[1] + 1.6 * unit) :] = CLOTHES
    cv2.fillPoly(mask, [larger], HEADWEAR if hat else HAIR)
    cv2.fillPoly(mask, [oval], SKIN)
    mask[:, -4:] = UNKNOWN
    return mask


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Photos with masks in two sets; also a mask of another size, one without a photo, one without a face."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("photos", "masks", "photos_rare", "masks_rare"):
        (folder / name).mkdir()
    with FaceDetector() as detect:
        for stem, path in PHOTOS.items():
            photo = read_image(path)
            mask = PIL.Image.fromarray(drawn_mask(photo, detect(photo)[0], hat=stem == "hat"))
            place = "_rare" if stem in ("hat", "old") else ""
            for wanted in (False, True):
                name = named(stem, wanted)
                (folder / f"photos{place}" / name).write_bytes(path.read_bytes())
                mask.save(folder / f"masks{place}" / f"{Path(name).stem}.png")
    bad = {"sea": ROOT / "data/landscape.jpg", "small": PHOTOS["man"], "broken": None}
    for stem, path in bad.items():
        (folder / "photos" / f"{stem}.jpg").write_bytes(path.read_bytes() if path else b"no photo")
        PIL.Image.new("L", (400, 267) if stem == "sea" else (60, 60)).save(folder / "masks" / f"{stem}.png")
    PIL.Image.new("L", (60, 60)).save(folder / "masks" / "alone.png")
    return folder


@pytest.fixture(scope="module")
def work(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    prepare(data, folder, lambda done, total: None, lambda: False)
    return folder


@pytest.fixture(scope="module")
def crops(data, work):
    return prepare(data, work, lambda done, total: pytest.fail("cut again"), lambda: pytest.fail("asked"))


@pytest.mark.mediapipe
def test_crops_are_of_photos_with_a_face_and_a_mask(crops):
    pictures, names = crops
    assert len(pictures) == len(names) == 8 and {name.split("/")[0] for name in names} == {"photos", "photos_rare"}
    assert sum(map(held_out, names)) == 4
    for name, crop in zip(names, pictures, strict=True):
        labels = crop[..., 3]
        row = round((CROP_SIZE - 1) / 2 + (0.1 - CROP_MIDDLE) * UNIT)
        assert labels[row, CROP_SIZE // 2] == SKIN  # beneath the eyes
        assert (HEADWEAR in labels) == ("hat" in name) and CLOTHES in labels


@pytest.mark.mediapipe
def test_whoever_stops_the_cutting_begins_anew(data, tmp_path):
    done = []
    with pytest.raises(TrainingError, match="stopped while the crops were cut"):
        prepare(data, tmp_path, lambda i, total: done.append((i, total)), lambda: len(done) == 2)
    assert done == [(0, 11), (1, 11)] and not (tmp_path / "crops.txt").exists()


def test_beards_are_skin():
    labels = np.zeros((CROP_SIZE, CROP_SIZE), np.uint8)
    shave(labels)
    assert not labels.any()  # there is no face

    def at(u, v):
        return round((CROP_SIZE - 1) / 2 + (v - CROP_MIDDLE) * UNIT), round((CROP_SIZE - 1) / 2 + u * UNIT)

    middle = at(0, 0.5)[::-1]
    cv2.ellipse(labels, middle, (round(1.3 * UNIT), round(1.9 * UNIT)), 0, 0, 360, HAIR, -1)
    cv2.ellipse(labels, middle, (round(0.95 * UNIT), round(1.3 * UNIT)), 0, 0, 360, SKIN, -1)
    labels[at(-0.4, 1.0)[0] : at(0, 1.4)[0], at(-0.4, 1)[1] : at(0.4, 1)[1]] = HAIR
    labels[at(0, 1.4)[0] : at(0, 1.6)[0], at(-0.4, 1)[1] : at(0.4, 1)[1]] = CLOTHES
    labels[at(0, 2.5)[0] :] = CLOTHES
    before = labels.copy()
    shave(labels)
    assert labels[at(0, 1.2)] == SKIN and labels[at(0, 1.5)] == SKIN
    assert (labels[: at(0, 0.4)[0]] == before[: at(0, 0.4)[0]]).all()
    assert (labels[at(0, 2.5)[0] :] == CLOTHES).all()


@pytest.mark.mediapipe
def test_hats_and_hard_sets_are_shown_more_often(crops):
    pictures, names = crops
    chances = dict(zip(names, training._chances(pictures, names), strict=True))
    hat, old, man = (np.mean([c for name, c in chances.items() if stem in name]) for stem in ("hat", "old", "man"))
    assert hat > 1.5 * old > 2 * man > 0


@pytest.mark.mediapipe
def test_views_keep_pictures_and_labels_together(crops):
    pictures, _ = crops
    random = np.random.default_rng(8)
    shown, labels = views(pictures, np.arange(8).repeat(10), random.integers(0, 8, 80), random)
    assert shown.shape == (80, SIZE, SIZE, 3) and labels.shape == (80, SIZE, SIZE)
    assert set(np.unique(labels)) <= {*range(len(REGIONS)), UNKNOWN} and COVER not in labels
    assert np.mean([(label == SKIN).mean() for label in labels]) > 0.05
    unseen = (shown == OUTSIDE).all(3) & (labels == UNKNOWN)
    assert 0.02 < unseen.mean() < 0.5  # edges of photos
    same, _ = views(pictures, np.array([0]), np.array([1]), np.random.default_rng(8))
    again, _ = views(pictures, np.array([0]), np.array([1]), np.random.default_rng(8))
    assert np.array_equal(same, again)


class Lot:
    """A generator whose choice of a thing is known; all else is drawn."""

    def __init__(self, kind):
        self.kind, self.drawn = kind, np.random.default_rng(1)

    def choice(self, *arguments, **words):
        return self.kind

    def __getattr__(self, name):
        return getattr(self.drawn, name)


@pytest.mark.parametrize("kind", ["block", "microphone", "fingers"])
def test_what_is_held_before_a_person_is_background_but_fingers_on_skin(kind):
    picture = np.full((SIZE, SIZE, 3), 120, np.uint8)
    labels = np.full((SIZE, SIZE), HAIR, np.uint8)
    labels[:, : SIZE // 2] = SKIN
    seen, found = parser_views._cover(picture, labels.copy(), Lot(kind))
    changed = found != labels
    assert (found[changed] == BACKGROUND).all()
    assert (np.abs(seen.astype(int) - picture) > 8).any()
    if kind == "fingers":
        assert not changed[:, : SIZE // 2].any()
    else:
        assert changed.mean() > 0.01


@pytest.mark.parametrize("region", [HAIR, CLOTHES, HEADWEAR])
def test_only_what_is_dyed_changes_its_colour(region):
    picture = np.random.default_rng(2).integers(100, 140, (SIZE, SIZE, 3), np.uint8)
    labels = np.full((SIZE, SIZE), SKIN, np.uint8)
    assert parser_views._dye(picture, labels, Lot(region)) is picture
    labels[50:100] = region
    dyed = np.abs(parser_views._dye(picture, labels, Lot(region)).astype(int) - picture)
    assert dyed[52:98].mean() > 5 and dyed[:46].max() == 0 and dyed[104:].max() == 0


@pytest.mark.parametrize("side", range(4))
def test_a_photo_may_end_near_the_face_but_not_in_it(side):
    outside = np.zeros((SIZE, SIZE), np.bool_)
    parser_views._frame(outside, Lot([side]))
    middle = SIZE // 2
    assert not outside[middle - 20 : middle + 20, middle - 20 : middle + 20].any()
    edges = [outside[:, 0], outside[0], outside[:, -1], outside[-1]]
    assert all(edge.all() == (i == side) for i, edge in enumerate(edges))


def test_the_loss_is_that_of_what_is_known():
    labels = torch.tensor([[[0, 1], [2, UNKNOWN]]])
    right = 9.0 * nn.functional.one_hot(labels.where(labels != UNKNOWN, 0), 5).permute(0, 3, 1, 2).float()
    wrong = right.roll(1, 1)
    assert float(training.objective(right, labels)) < 0.1 < float(training.objective(wrong, labels))
    other = right.clone()
    other[..., 1, 1] = torch.tensor([0.0, 0, 0, 99, 0])
    assert float(training.objective(other, labels)) == pytest.approx(float(training.objective(right, labels)))


@pytest.mark.mediapipe
def test_a_loss_that_is_not_finite_ends_the_run(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "from_imagenet", training.ParserNet)
    run = training.Training(tmp_path)
    with torch.no_grad():
        run.net.head.bias.fill_(float("nan"))
    picture, labels = plain(np.array(crops[0][0]))
    with pytest.raises(TrainingError, match="the loss is nan after 0 steps"):
        run.step(picture[None], labels[None], 0.0)
    assert run.steps == 0


class Answer(nn.Module):
    """A net that knows what is to be found, but for clothes, which it takes for background."""

    def __init__(self, crops, names):
        super().__init__()
        self.known = [plain(np.array(crops[i])) for i, name in enumerate(names) if held_out(name)]

    def forward(self, x):
        shown = [training.tensor(picture[None]) for picture, _ in self.known]
        labels = self.known[next(i for i, one in enumerate(shown) if torch.equal(one, x))][1].astype(np.int64)
        labels[(labels == UNKNOWN) | (labels == CLOTHES)] = BACKGROUND
        return nn.functional.one_hot(torch.from_numpy(labels), 5).permute(2, 0, 1)[None].float()


@pytest.mark.mediapipe
def test_measures_are_those_of_a_net_whose_faults_are_known(crops, work):
    pictures, names = crops
    found = training.measure(Answer(pictures, names), work)
    assert set(found) == {"photos", "photos_rare", "all"}
    for row in found.values():
        assert list(row) == list(REGIONS)
        assert row["hair"] == row["skin"] == 1 and row["clothes"] == 0 and 0.3 < row["background"] < 1
    assert found["all"]["headwear"] == 1


@pytest.mark.mediapipe
def test_a_run_is_stopped_and_the_command_goes_on_exports_and_measures(data, work, tmp_path, monkeypatch):
    losses, step, net = [], training.Training.step, tmp_path / "parser.onnx"
    monkeypatch.setattr(training, "COARSE", 64)
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)
    before = torch.get_num_threads(), cv2.getNumThreads()

    def stopped(run, *batch):
        losses.append(step(run, *batch))
        os.kill(os.getpid(), signal.SIGTERM)
        return losses[-1]

    monkeypatch.setattr(training.Training, "step", stopped)
    command = [str(data), "-o", str(net), "--work", str(work), "--minutes"]
    try:
        training.train(data, work, 10)
        saved = torch.load(work / "parser.pt", weights_only=True)
        assert saved["steps"] == len(losses) == 1 and saved["seconds"] > 0

        result = CliRunner().invoke(training.main, [*command, str(saved["seconds"] * 1.1 / 60), "--measure"])
        assert result.exit_code == 0, result.output
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    assert torch.load(work / "parser.pt", weights_only=True)["steps"] == len(losses) == 2
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)
    assert all(word in result.output for word in ("photos_rare", "all", *REGIONS))

    photo = read_image(PHOTOS["woman"])
    with FaceDetector() as detect:
        regions = Parser(net)(photo, detect(photo)[0])
    assert regions.labels.shape == (SIZE, SIZE)
    assert regions.scores.sum(0) == pytest.approx(np.ones((SIZE, SIZE)), abs=1e-4)


def test_a_folder_without_masks_is_told_in_one_line(tmp_path):
    before = torch.get_num_threads(), cv2.getNumThreads()
    result = CliRunner().invoke(training.main, [str(tmp_path), "-o", str(tmp_path / "a.onnx"), "--work", str(tmp_path)])
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])
    assert result.exit_code == 1 and "has no masks" in result.output
    assert result.output.startswith("Error: ") and result.output.count("\n") == 1


def test_a_written_net_is_gone_on_from_as_it_is(crops):
    pictures = np.stack([plain(np.array(crop))[0] for crop in crops[0]])
    net = start(ROOT.parent / "weights/parser.onnx", tensor(pictures))
    parser = Parser()
    for picture in pictures:
        with torch.inference_mode():
            found = net(tensor(picture[None]))
        [wanted] = parser._session.run(None, {"picture": tensor(picture[None]).numpy()})
        np.testing.assert_allclose(found.numpy(), wanted, atol=2e-2)
    learning = net.train()(tensor(pictures))  # statistics of a batch instead of those kept: nearly the same
    assert (learning.argmax(1) == net.eval()(tensor(pictures)).argmax(1)).float().mean() > 0.9


def test_what_is_no_parser_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no net")
    with pytest.raises(InputError, match="is not an ONNX file"):
        start(tmp_path / "net.onnx", torch.zeros(1, 3, SIZE, SIZE))
    with pytest.raises(InputError, match="is not a parser"):
        start(ROOT.parent / "weights/looks.onnx", torch.zeros(1, 3, SIZE, SIZE))
