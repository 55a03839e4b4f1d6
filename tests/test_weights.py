"""The shipped weights, on real people: what a user gets."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from photo2moe.config import PipelineConfig
from photo2moe.imageio import read_image
from photo2moe.ops import colour
from photo2moe.ops.geometry import Template
from photo2moe.pipeline import load_pipeline
from tests.golden import assert_image_close

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
PHOTOS = {"selfie": ROOT / "examples" / "selfie.jpg", "woman": DATA / "woman.jpg", "man": DATA / "man.jpg"}


@pytest.fixture(scope="module")
def avatars():
    config = PipelineConfig(size=256, background="white", device="cpu")
    with load_pipeline(config) as pipeline:
        return {name: pipeline(read_image(path))[0] for name, path in PHOTOS.items()}


@pytest.mark.parametrize("name", PHOTOS)
def test_avatars_look_as_they_did(avatars, name, update_golden):
    # Rounding differs between processors, and the upscaler sharpens what differs.
    assert_image_close(avatars[name].image, f"{name}.png", max_error=48, mean_error=1.5, update=update_golden)


def test_avatars_are_drawings_of_these_people(avatars):
    cheeks = {}
    for name, avatar in avatars.items():
        image = np.ascontiguousarray(avatar.cutout[..., :3])
        cheeks[name] = colour.lab_of(colour.cheeks(image, Template()))[0]
        assert avatar.cutout[..., 3].mean() > 60  # a figure is there
    assert cheeks["selfie"] > cheeks["woman"] + 12  # of the two, hers is the darker skin


def test_an_anime_face_is_found_in_them(avatars):
    animeface = pytest.importorskip("animeface")
    import PIL.Image

    faces = [face for a in avatars.values() for face in animeface.detect(PIL.Image.fromarray(a.image))]
    assert any(face.likelihood >= 0.9 for face in faces)


@pytest.mark.parametrize("example", ["convert_one", "swap_a_stage"])
def test_examples_run(example, tmp_path):
    module = runpy.run_path(str(ROOT / "examples" / f"{example}.py"))
    module["main"](str(ROOT / "examples" / "selfie.jpg"), str(tmp_path / "avatar.png"))
    assert read_image(tmp_path / "avatar.png").shape == (512, 512, 3)
