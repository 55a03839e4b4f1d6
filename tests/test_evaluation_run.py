"""A whole evaluation: of a tiny net on real photos, held against drawn faces."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from test_evaluation import head

from photo2moe.checkpoint import save_generator
from photo2moe.config import GeneratorConfig
from photo2moe.errors import ConfigError, InputError
from photo2moe.evaluation.measures import MEASURES
from photo2moe.evaluation.metric import Metric
from photo2moe.evaluation.run import evaluate
from photo2moe.imageio import read_image, write_image
from photo2moe.nets.generator import Generator

pytestmark = pytest.mark.mediapipe
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(20)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_generator(path, Generator(GeneratorConfig(size=128, width=4, blocks=1)), {})
    return str(path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("man.jpg", "woman.jpg", "landscape.jpg"):
        shutil.copy(DATA / name, folder)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.fixture(scope="module")
def anime(tmp_path_factory):
    """Draw faces on white, and the CSV that says where their eyes are; one of them is cut too tight."""
    folder, random = tmp_path_factory.mktemp("anime"), np.random.default_rng(0)
    with (folder / "eyes.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "lex", "ley", "rex", "rey"])
        for i in range(16):
            hair = tuple(int(c) for c in random.integers(30, 200, 3))
            picture, left = head(hair=hair).image, 0
            if i == 0:
                picture, left = np.ascontiguousarray(picture[:, 30:98]), 30
            write_image(folder / f"{i:02}.png", picture)
            table.writerow([f"{i:02}.png", 81.4 - left, 58.4, 45.6 - left, 58.4])
    return folder


def test_evaluation_reports_every_figure(weights, photos, anime, tmp_path):
    for package in ("animeface", "dlib", "efficientnet_lite_pytorch"):
        pytest.importorskip(package)
    (tmp_path / "who.csv").write_text("file,age\nman.jpg,old\n")
    seen = set()
    report = evaluate(
        photos,
        anime,
        weights=weights,
        landmarks=anime / "eyes.csv",
        groups=tmp_path / "who.csv",
        output=tmp_path / "sheet.png",
        progress=lambda what, done, total: seen.add((what, done <= total)),
    )
    names = [metric.name for metric in report.metrics]
    assert names == [measure.name for measure in MEASURES] + ["kid", "fid"]
    assert {name for name, _ in report.missed} == {"landscape.jpg", "broken.png"}
    assert report.photos == 4 and [row["photo"] for row in report.people] == ["man.jpg", "woman.jpg"]
    assert report.anime == 15 and report.dropped == {"cut too tight": 1}
    assert report["kid"].ideal < report["kid"].naive and report["kid"].value > 0
    assert report["anime_rate"].n == 2
    assert report["eye_ratio"].ideal == pytest.approx(1, abs=0.1)
    assert json.dumps(report.to_dict(), allow_nan=False)
    assert len(report.rows()) == len(names) and report.group_rows() == []
    assert read_image(tmp_path / "sheet.png").shape == (128 + 14 + 128, 12 * 128, 3)
    assert {what for what, _ in seen} >= {"avatars", "anime", "features"} and all(fits for _, fits in seen)


def test_without_anime_faces_the_rest_is_measured(weights, photos):
    pytest.importorskip("animeface")
    report = evaluate(photos, weights=weights, limit=3, seed=1)
    again = evaluate(photos, weights=weights, limit=3, seed=1)
    assert report.photos == 3 and report.anime == 0
    assert "kid" not in {metric.name for metric in report.metrics}
    assert report["anime_rate"].to_dict()["ideal"] is None
    assert report.to_dict() == again.to_dict()
    assert isinstance(report["skin_rank"], Metric)


def test_folders_that_show_nobody_are_refused(weights, photos, anime, tmp_path):
    pytest.importorskip("animeface")
    shutil.copy(DATA / "landscape.jpg", tmp_path)
    with pytest.raises(InputError, match="none of the 1 photos"):
        evaluate(tmp_path, weights=weights)
    with pytest.raises(InputError, match="usable anime faces"):
        evaluate(photos, tmp_path, weights=weights, landmarks=anime / "eyes.csv")
    with pytest.raises(ConfigError, match="unknown output format"):
        evaluate(photos, weights=weights, output=tmp_path / "sheet.txt")
