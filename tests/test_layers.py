"""Pictures over one another."""

import numpy as np
import pytest

from photo2moe.ops.layers import blend, cover, fit, lay, warp


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_moved_by_whole_pixels_a_picture_keeps_its_bytes(channels):
    picture = noise(20, 30, *channels)
    got = warp(picture, np.array([[1.0, 0, 4], [0, 1, -2]]), (18, 34), outside=0)
    np.testing.assert_array_equal(got[:, 4:].reshape(18, 30, -1), picture[2:].reshape(18, 30, -1))
    assert (got[:, :4] == 0).all()


def test_outside_its_edge_is_repeated_unless_told():
    picture = noise(5, 5, 3)
    shift = np.array([[1.0, 0, 3], [0, 1, 3]])
    assert (warp(picture, shift, (9, 9))[0, 0] == picture[0, 0]).all()
    assert (warp(picture, shift, (9, 9), outside=255)[0, 0] == 255).all()


@pytest.mark.parametrize("scale", [0.5, 0.3, 0.11])
def test_shrunk_a_picture_neither_moves_nor_aliases(scale):
    y, x = np.mgrid[:200, :200]
    checks = np.where((x + y) % 2, 255, 0).astype(np.uint8)
    slope = np.clip(x, 0, 255).astype(np.uint8)
    size = int(200 * scale)
    matrix = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])
    assert np.abs(warp(checks, matrix, (size, size)).astype(int) - 127).max() <= 8  # of 128: cells of 3.3 pixels
    got = warp(slope, matrix, (size, size)).astype(float)[1:-1, 1:-1]
    wanted = (np.arange(size) + 0.5) / scale - 0.5
    assert np.abs(got - wanted[None, 1:-1]).max() < 1


def test_blend_is_exact_at_both_ends():
    below, above = noise(16, 16, 3), noise(16, 16, 3)[::-1].copy()
    np.testing.assert_array_equal(blend(below, above, np.zeros((16, 16), np.float32)), below)
    np.testing.assert_array_equal(blend(below, above, np.ones((16, 16), np.float32)), above)
    half = blend(below, above, np.full((16, 16), 0.5, np.float32)).astype(float)
    assert np.abs(half - (below.astype(float) + above) / 2).max() <= 0.51


def test_every_grey_level_survives_blend_and_lay():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    np.testing.assert_array_equal(lay(np.dstack([ramp, np.full((16, 16), 255, np.uint8)]), 255 - ramp), ramp)
    np.testing.assert_array_equal(lay(np.dstack([ramp, np.zeros((16, 16), np.uint8)]), 255 - ramp), 255 - ramp)


def test_fit_and_cover_give_squares():
    assert fit(noise(7, 7, 4), 20).shape == (20, 20, 4)
    assert fit(noise(40, 40, 3), 20).shape == (20, 20, 3)
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 9
    assert (cover(wide, 10) == 9).all()
    assert cover(noise(1, 9, 3), 6).shape == (6, 6, 3)
