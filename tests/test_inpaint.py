"""Painting what is not there."""

import numpy as np
import pytest

from photo2moe.ops.inpaint import defocus, fill, head_outline, remove, spread, straighten


def ring(size, radius):
    y, x = np.mgrid[:size, :size]
    return np.clip(np.hypot(x - size / 2, y - size / 2) - radius, 0, 1).astype(np.float32)


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 2), (40, 33)])
def test_known_colours_are_kept_and_a_constant_stays(shape, sideways):
    values = np.random.default_rng(0).uniform(0, 255, (*shape, 3)).astype(np.float32)
    weight = (np.random.default_rng(1).random(shape) > 0.4).astype(np.float32)
    got = spread(values, weight, sideways=sideways)
    np.testing.assert_allclose(got[weight == 1], values[weight == 1], atol=1e-3)
    flat = spread(np.full_like(values, 77), weight, sideways=sideways)
    np.testing.assert_allclose(flat, 77, atol=1e-2)


def test_a_slope_is_continued_across_a_hole():
    y, x = np.mgrid[:64, :64].astype(np.float32)
    slope = np.dstack([x, y, x + y])
    got = spread(slope, ring(64, 16))
    assert np.abs(got - slope).max() < 4  # of 64: a membrane with the slope at its rim is the slope


def test_nothing_known_gives_the_mean():
    values = np.random.default_rng(0).uniform(0, 255, (5, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(
        spread(values, np.zeros((5, 6), np.float32)), np.broadcast_to(values.mean((0, 1)), (5, 6, 3)), rtol=1e-3
    )


def test_rows_go_on_behind_a_removed_thing():
    image = np.repeat(np.where(np.arange(128) // 16 % 2, 200, 50)[:, None, None], 128, 1).repeat(3, 2).astype(np.uint8)
    got = fill(image, ring(128, 30), unit=40.0)
    near = (np.hypot(*(np.indices((128, 128)) - 64)) < 30) & (np.abs(np.arange(128) - 64)[None, :] > 22)
    assert np.abs(got.astype(int) - image)[near].mean() < 30  # grey levels, of stripes 150 apart


def test_filled_noise_is_as_restless_as_its_surroundings():
    image = np.random.default_rng(0).integers(60, 190, (128, 128, 3), np.uint8)
    known = ring(128, 20)
    got = fill(image, known, unit=30.0)
    np.testing.assert_array_equal(got[known == 1], image[known == 1])
    assert got[known == 0].std() > 5


def test_all_unknown_becomes_a_blur_of_itself():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    got = fill(image, np.zeros((40, 50), np.float32), unit=20.0)
    assert np.abs(got.mean((0, 1)) - image.mean((0, 1))).max() < 4
    assert got.std() < 0.3 * image.std()


def test_removal_says_what_it_painted():
    view = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    person = 1 - ring(60, 8)
    got, painted = remove(view, np.ones((60, 60), np.float32), person, unit=10.0)
    assert (painted[person > 0] == 1).all()
    np.testing.assert_array_equal(got[painted == 0], view[painted == 0])
    assert (painted == 0).mean() > 0.5


def test_head_ends_where_the_mask_ends_or_where_heads_usually_do():
    small = head_outline(1 - ring(200, 44), (100.0, 100.0), 30.0)  # 1.47 units
    crowd = head_outline(np.ones((200, 200), np.float32), (100.0, 100.0), 30.0)
    assert small[100, 100] == crowd[100, 100] == 1
    assert small[100, 145] > 0 and small[100, 160] == 0
    assert crowd[100, 140] == 1 and crowd[100, 160] == 0  # 1.5 + 0.3 units
    assert crowd[45, 100] == 1 and crowd[30, 100] == 0  # 1.95 + 0.3 units


def test_bright_spots_stay_bright_out_of_focus():
    image = np.zeros((41, 41, 3), np.uint8)
    image[20, 20] = 255
    assert defocus(image, 2.0)[20, 20, 0] > 30  # grey levels averaged would leave 10
    assert (defocus(np.full((9, 9, 3), 200, np.uint8), 3.0) == 200).all()


def test_straight_colours_come_back_and_specks_go():
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[..., :3] = 255
    rgba[8:24, 8:24] = (90, 20, 30, 255)
    rgba[2, 2, 3] = 200
    got = straighten(rgba)
    assert np.abs(got[4:28, 4:28, :3].astype(int) - (90, 20, 30)).max() <= 1
    assert got[2, 2, 3] == 0
    np.testing.assert_array_equal(got[8:24, 8:24], rgba[8:24, 8:24])
    assert np.abs(straighten(got).astype(int) - got).max() <= 1


def test_no_figure_at_all_is_allowed():
    assert (straighten(np.zeros((4, 4, 4), np.uint8))[..., 3] == 0).all()


def test_holes_in_the_solid_part_are_filled_with_the_colours_around():
    rgba = np.full((40, 40, 4), 255, np.uint8)
    rgba[..., :3] = (90, 60, 30)
    rgba[18:22, 18:22] = (255, 255, 255, 0)
    filled = straighten(rgba, np.ones((40, 40), np.float32))
    assert (filled[..., 3] == 255).all()
    assert np.abs(filled[20, 20, :3].astype(int) - (90, 60, 30)).max() <= 2
