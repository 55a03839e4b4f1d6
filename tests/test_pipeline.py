"""The whole chain on real photos, with a tiny net that was really trained for a moment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from photo2moe.character.schema import Character, Hair
from photo2moe.config import PipelineConfig
from photo2moe.engine import pick_device
from photo2moe.errors import CharacterError, ConfigError, ImageReadError, KitError, NoFaceError
from photo2moe.imageio import read_image
from photo2moe.pen.palette import lightness, parse
from photo2moe.pipeline import load_pipeline

DATA = Path(__file__).parent / "data"
TINY = str(DATA / "tiny.safetensors")
CONFIG = PipelineConfig(weights=TINY, size=128)


@pytest.fixture(scope="module")
def pipeline():
    with load_pipeline(CONFIG) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def man():
    return read_image(DATA / "man.jpg")


def test_one_photo_gives_one_avatar(pipeline, man):
    [avatar] = pipeline(man)
    assert avatar.image.shape == (128, 128, 3)
    assert avatar.image.dtype == np.uint8
    assert avatar.cutout.shape == (128, 128, 4)
    assert set(avatar.timings) == {"detect", "describe", "draw", "paint", "compose"}
    assert avatar.facts()["size"] == [128, 128]


def test_the_same_photo_gives_the_same_bytes(pipeline, man):
    np.testing.assert_array_equal(pipeline(man)[0].image, pipeline(man)[0].image)


def test_the_photo_is_not_changed(pipeline, man):
    before = man.copy()
    pipeline(man)
    np.testing.assert_array_equal(man, before)


def test_people_keep_their_tones(pipeline):
    light, dark = read_image(DATA.parent.parent / "examples" / "selfie.jpg"), read_image(DATA / "woman.jpg")
    skins = [lightness(parse(pipeline(photo)[0].character.skin.colour)) for photo in (light, dark)]
    assert skins[0] > skins[1] + 8


def test_colours_and_changes_that_were_asked_for_are_drawn(pipeline, man):
    config = dataclasses.replace(CONFIG, hair="#2040c0", eyes="green", changes=("glasses.kind=round", "pose.yaw=0"))
    [avatar] = pipeline(man, config)
    who = avatar.character
    assert (who.hair.colour, who.eyes.colour, who.glasses.kind, who.pose.yaw) == ("#2040c0", "#55a069", "round", 0)
    assert (avatar.cutout != pipeline(man)[0].cutout).any()
    with pytest.raises(CharacterError, match="must be a colour"):
        pipeline(man, dataclasses.replace(CONFIG, changes=("hair.colour=shiny",)))
    with pytest.raises(KitError, match="the kit has no glasses 'monocle'; it has"):
        pipeline(man, dataclasses.replace(CONFIG, changes=("glasses.kind=monocle",)))


def test_strength_moves_the_chin(pipeline, man):
    plain, chibi = (pipeline(man, dataclasses.replace(CONFIG, strength=s))[0].image for s in (0.0, 1.0))
    assert np.abs(plain.astype(int) - chibi).mean() > 3


def test_every_face_of_a_group(pipeline):
    group = read_image(DATA / "group.jpg")
    everyone = pipeline(group, dataclasses.replace(CONFIG, face="all"))
    assert len(everyone) >= 6
    [second] = pipeline(group, dataclasses.replace(CONFIG, face="2"))
    assert second.face.box == everyone[1].face.box
    with pytest.raises(NoFaceError, match=rf"face 99 was asked for, but only {len(everyone)} found"):
        pipeline(group, dataclasses.replace(CONFIG, face="99"))


def test_the_photo_frame_keeps_the_photo(pipeline):
    group = read_image(DATA / "group.jpg")
    [placed] = pipeline(group, dataclasses.replace(CONFIG, frame="photo"))
    assert placed.image.shape == group.shape
    changed = (placed.image != group).any(2)
    x0, y0, x1, y1 = (round(v) for v in placed.face.box)
    assert changed[y0:y1, x0:x1].mean() > 0.9
    assert not changed[:, : x0 - 2 * (x1 - x0)].any()


def test_compare_puts_the_photo_beside(pipeline, man):
    [both] = pipeline(man, dataclasses.replace(CONFIG, compare=True))
    assert both.image.shape == (128, 256, 3)
    np.testing.assert_array_equal(both.image[:, 128:], pipeline(man)[0].image)


def test_no_face(pipeline):
    with pytest.raises(NoFaceError, match="no face found; try a photo in which"):
        pipeline(read_image(DATA / "landscape.jpg"))


def test_a_stage_can_be_swapped(pipeline, man):
    blue = dataclasses.replace(pipeline, describe=lambda *_: Character(hair=Hair(colour="#2040c0")))
    assert blue(man)[0].character.hair.colour == "#2040c0"
    assert (blue(man)[0].image != pipeline(man)[0].image).any()


def test_the_pen_alone_needs_no_net(pipeline, man):
    clean = dataclasses.replace(pipeline, painter=None)(man)[0]
    painted = pipeline(man)[0]
    assert "paint" not in clean.timings
    np.testing.assert_array_equal(clean.cutout[..., 3], painted.cutout[..., 3])  # form stays the pen's
    apart = np.abs(clean.cutout[..., :3].astype(int) - painted.cutout[..., :3])
    assert 0 < apart.mean() < 26


def test_many_at_once_are_drawn_like_one(pipeline):
    group = read_image(DATA / "group.jpg")
    faces = pipeline.detect(group, every=True)[:3]
    subjects = [pipeline.measure(group, face) for face in faces]
    together = [d.picture.astype(int) for d in pipeline.draw(group, subjects, CONFIG)]
    alone = [pipeline.draw(group, [s], CONFIG)[0].picture for s in subjects]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one - other).max() <= 1


def test_a_background_picture_is_read_once_and_used(man):
    config = dataclasses.replace(CONFIG, background=str(DATA / "landscape.jpg"))
    with load_pipeline(config) as pipeline:
        scene = pipeline(man)[0].image
    with load_pipeline(dataclasses.replace(CONFIG, background="white")) as pipeline:
        white = pipeline(man)[0].image
    assert (white[0, 0] == 255).all()
    assert (scene[0, 0] != 255).any()


def test_what_cannot_be_loaded_says_why(tmp_path):
    with pytest.raises(ImageReadError, match="no such file"):
        load_pipeline(dataclasses.replace(CONFIG, background=str(tmp_path / "gone.png")))
    with pytest.raises(ConfigError, match="background"):
        load_pipeline(dataclasses.replace(CONFIG, background="bluish"))
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="use --device cpu"):
            pick_device("cuda")
    assert pick_device("cpu") == "cpu"


def test_another_background_for_one_call(pipeline, man):
    [avatar] = pipeline(man, dataclasses.replace(CONFIG, background="#ff0000"))
    np.testing.assert_array_equal(avatar.image[2, 2], (255, 0, 0))


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3)),
        [1],
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_what_is_no_photo_is_refused(pipeline, photo):
    with pytest.raises(ValueError, match="photo"):
        pipeline(photo)
