"""Colours: measured where they are, changed where they should be."""

from __future__ import annotations

import numpy as np
import pytest

from photo2moe.ops import colour
from photo2moe.ops.features import Features, drawn_outline
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.recolour import recolour, wanted_colours
from photo2moe.stages.sketch import Sketch
from photo2moe.types import Colours

SIZE = 128
SKIN, HAIR, IRIS = DRAWN, (96, 70, 120), (60, 110, 200)


def drawn_head() -> tuple[np.ndarray, np.ndarray]:
    """A head of flat colours on the template: ``(RGBA, skin mask)``."""
    u, v = Template().grid(SIZE)
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    head = np.hypot(u / 1.25, (v + 0.1) / 1.3) < 1
    skin = (np.hypot(u / 0.95, (v - 0.2) / 0.92) < 1) & (v > -0.5)
    neck = (np.abs(u) < 0.3) & (v > 0.9)
    iris = np.hypot((np.abs(u) - 0.5) / 0.14, v / 0.2) < 1
    image[head], image[skin | neck], image[iris] = HAIR, SKIN, IRIS
    alpha = (head | neck).astype(np.uint8) * 255
    return np.dstack([image, alpha]), (skin | neck) & ~iris


def sketch_of(rgba: np.ndarray, skin: np.ndarray) -> Sketch:
    """What such a head may have been drawn from."""
    eyes = np.array([[-0.5, 0.0, 0.4], [0.5, 0.0, 0.4]])
    features = Features(drawn_outline(1.04), eyes, np.array([0.0, 0.7, 0.2, 0.0, 0.0]), np.full((2, 3), -0.45))
    none = np.zeros((SIZE, SIZE), np.float32)
    hair = Hair((rgba[..., :3] == HAIR).all(2).astype(np.float32), none)
    return Sketch(rgba.astype(np.float32), features, skin.astype(np.float32), none, hair, none, None, Template())


def test_colours_are_measured_where_they_are() -> None:
    rgba, _ = drawn_head()
    image, alpha = np.ascontiguousarray(rgba[..., :3]), rgba[..., 3] / np.float32(255)
    assert colour.cheeks(image, Template()) == SKIN
    assert colour.hair(image, alpha, Template()) == HAIR
    assert colour.anime_eyes(image, Template()) == IRIS


def test_masks_cover_skin_and_hair_and_do_not_overlap() -> None:
    rgba, truth = drawn_head()
    image, alpha = np.ascontiguousarray(rgba[..., :3]), rgba[..., 3] / np.float32(255)
    skin = colour.skin_mask(image, alpha, Template())
    hair = colour.hair_mask(image, alpha, skin, Template())
    u, v = Template().grid(SIZE)
    eyes = np.hypot((np.abs(u) - 0.5) / 0.4, v / 0.4) < 1
    assert (skin > 0.5)[truth & ~eyes].mean() > 0.95
    assert (skin > 0.5)[~truth].mean() < 0.01
    assert (hair > 0.5)[(image == HAIR).all(2)].mean() > 0.9
    assert (skin + hair).max() <= 1.001


def test_hair_has_no_gaps_beside_the_neck_and_leaves_ears() -> None:
    u, v = Template().grid(SIZE)
    image = np.full((SIZE, SIZE, 3), HAIR, np.uint8)
    face = (np.hypot(u / 0.9, (v - 0.2) / 0.9) < 1) | ((np.abs(u) < 0.2) & (v > 0.9))
    glint, ear, scarf = (
        (np.abs(u - 1.2) < 0.1) & (np.abs(v - at) < high) for at, high in ((1.1, 0.08), (0.1, 0.1), (1.6, 0.3))
    )
    image[face], image[glint], image[ear], image[scarf] = SKIN, (235, 220, 160), (240, 200, 180), (30, 160, 60)
    alpha = np.ones((SIZE, SIZE), np.float32)
    hair = colour.hair_mask(image, alpha, face.astype(np.float32), Template())
    assert hair[glint].min() > 0.9
    assert hair[ear].mean() < 0.4
    assert hair[scarf & (v < 1.8)].mean() < 0.2
    beside_the_neck = (np.abs(np.abs(u) - 0.4) < 0.05) & (np.abs(v - 1.4) < 0.05)
    assert hair[beside_the_neck].min() > 0.9


def test_recolour_reaches_the_colours_wanted_and_leaves_the_rest() -> None:
    rgba, skin = drawn_head()
    wanted = Colours((205, 160, 130), (60, 45, 60), IRIS)
    changed = recolour(rgba, sketch_of(rgba, skin), wanted, Template())
    image, alpha = np.ascontiguousarray(changed[..., :3]), changed[..., 3] / np.float32(255)
    assert colour.cheeks(image, Template()) == pytest.approx(wanted.skin, abs=4)
    assert colour.hair(image, alpha, Template()) == pytest.approx(wanted.hair, abs=4)
    assert colour.anime_eyes(image, Template()) == IRIS
    np.testing.assert_array_equal(changed[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(changed[rgba[..., 3] == 0], rgba[rgba[..., 3] == 0])


def test_recolour_to_its_own_colours_changes_nothing() -> None:
    rgba, skin = drawn_head()
    same = recolour(rgba, sketch_of(rgba, skin), Colours(SKIN, HAIR, IRIS), Template())
    np.testing.assert_array_equal(same, rgba)


def test_dark_skin_leaves_the_whites_of_the_eyes() -> None:
    rgba, skin = drawn_head()
    u, v = Template().grid(SIZE)
    whites = (np.hypot((np.abs(u) - 0.5) / 0.24, v / 0.2) < 1) & ~(np.hypot((np.abs(u) - 0.5) / 0.16, v / 0.22) < 1)
    rgba[whites, :3] = (250, 249, 250)
    changed = recolour(rgba, sketch_of(rgba, skin), Colours((120, 80, 60), HAIR, IRIS), Template())
    assert changed[whites, :3].min() > 235
    ring = (np.hypot((np.abs(u) - 0.5) / 0.3, v / 0.27) < 1) & ~(np.hypot((np.abs(u) - 0.5) / 0.27, v / 0.24) < 1)
    assert np.abs(changed[ring & skin, :3].astype(int) - (120, 80, 60)).max() < 40  # no pale rim around them


def test_tint_keeps_shading_and_respects_the_mask() -> None:
    image = np.array([[[100, 100, 100], [50, 50, 50], [100, 100, 100]]], np.uint8)
    mask = np.array([[1, 1, 0]], np.float32)
    changed = colour.tint(image, mask, (100, 100, 100), (200, 100, 46))
    assert changed[0, 0].tolist() == [193, 100, 50]
    assert changed[0, 1, 0] == round(50 * 208 / 108)
    assert changed[0, 2].tolist() == [100, 100, 100]


def test_enliven_keeps_the_hue() -> None:
    for eyes in ((70, 50, 40), (60, 80, 110), (80, 95, 60)):
        before, after = colour.lab_of(eyes), colour.lab_of(colour.enliven(eyes))
        assert np.arctan2(before[2], before[1]) == pytest.approx(np.arctan2(after[2], after[1]), abs=0.15)
        assert after[0] > before[0]


def test_an_artists_skins_keep_their_order() -> None:
    skins = [(60, 40, 32), (110, 75, 58), (160, 115, 90), (205, 150, 125), (235, 195, 175)]
    drawn = [colour.lab_of(colour.artist_skin(skin)) for skin in skins]
    assert sorted(d[0] for d in drawn) == [d[0] for d in drawn]
    for skin, lab in zip(skins, drawn, strict=True):
        own = colour.lab_of(skin)
        assert 0 < lab[0] - own[0] < 8
        assert abs(np.arctan2(lab[2], lab[1]) - colour.PEACH) < 0.02 + abs(np.arctan2(own[2], own[1]) - colour.PEACH)
        usual = float(np.interp(lab[0], *colour.LIVELY))
        assert np.hypot(*lab[1:]) < max(np.hypot(*own[1:]), usual) + 0.7  # half a step of 8-bit colours
    grey = colour.lab_of(colour.artist_skin((150, 135, 125)))
    assert np.hypot(*grey[1:]) > 1.5 * np.hypot(*colour.lab_of((150, 135, 125))[1:])  # bad light does not make a corpse


@pytest.mark.parametrize("eyes", [(40, 32, 44), (70, 50, 62), (30, 30, 31)])
def test_no_iris_is_purple_or_grey(eyes) -> None:
    lab = colour.lab_of(colour.enliven(eyes))
    assert np.arctan2(lab[2], lab[1]) == pytest.approx(colour.BROWN, abs=0.1)
    assert np.hypot(*lab[1:]) > 10


def test_skin_is_measured_in_the_light() -> None:
    u, _ = Template().grid(SIZE)
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    image[u > 0] = (150, 130, 120)  # half of it in shadow
    assert colour.lit_skin(image, Template()) == pytest.approx(SKIN, abs=3)


def test_colours_asked_for_win_over_measured_ones() -> None:
    measured = Colours((100, 100, 100), (50, 50, 50), (70, 50, 40))
    wanted = wanted_colours(measured, skin=None, hair=(1, 2, 3), eyes=None)
    assert wanted.skin == colour.artist_skin((100, 100, 100))
    assert wanted.hair == (1, 2, 3)
