"""Clothes are drawn flat, in few tones, with lines where they meet."""

from __future__ import annotations

import numpy as np

from photo2moe.ops.clothes import flatten, tones
from photo2moe.ops.geometry import Template
from photo2moe.pen.palette import fabric, to_oklab

SIZE = 128
U, V = Template().grid(SIZE)
WORN = (V > 1.0).astype(np.float32)


def figure(colours):
    large = colours.repeat(2, 0).repeat(2, 1)
    return np.dstack([large, np.full((2 * SIZE, 2 * SIZE), 255)]).astype(np.float32)


def worn():
    return WORN.repeat(2, 0).repeat(2, 1)


def test_weave_goes_and_seams_stay() -> None:
    cloth = np.where(U < 0, 60, 170)[..., None] + np.random.default_rng(1).normal(0, 8, (SIZE, SIZE, 3))
    flat = flatten(cloth.clip(0, 255).astype(np.float32), WORN)
    left, right = (V > 1.2) & (U < -0.3), (V > 1.2) & (U > 0.3)
    assert flat[left].std() < 3 and flat[right].std() < 3
    assert flat[right].mean() - flat[left].mean() > 95


def test_what_is_beside_does_not_bleed_in() -> None:
    cloth = np.where(WORN[..., None] > 0, 200.0, 20.0).repeat(3, 2).astype(np.float32)
    assert flatten(cloth, WORN)[WORN > 0].min() > 180


def test_a_gradient_becomes_a_few_tones() -> None:
    row = np.linspace(40, 200, 2 * SIZE, dtype=np.float32)
    ramp = np.dstack([np.broadcast_to(row[None, :, None], (2 * SIZE, 2 * SIZE, 3)), 255 * np.ones((2 * SIZE,) * 2)])
    ramp = ramp.astype(np.float32)
    tones(ramp, worn())
    steps = np.diff(ramp[-1, :, 0])
    assert np.median(steps) < 0.55 * steps.mean()
    assert abs(ramp[-1, :, 0] - row).max() < 24


def test_lines_lie_on_the_dark_side_of_a_seam_and_nowhere_else() -> None:
    halves = figure(np.repeat(np.where(U < 0, 60.0, 170.0)[..., None], 3, 2))
    lines = tones(halves, worn())
    assert lines[-20, 122:128].max() > 0.9
    assert lines[-20, :100].max() == lines[-20, 150:].max() == 0
    assert lines[:150].max() == 0


def test_who_shows_no_clothes_is_left_alone() -> None:
    nobody = figure(np.repeat(U[..., None] * 50 + 100, 3, 2))
    before = nobody.copy()
    assert tones(nobody, np.zeros((2 * SIZE, 2 * SIZE), np.float32)).max() == 0
    np.testing.assert_array_equal(nobody, before)


def test_white_is_white_and_black_is_black() -> None:
    white, black, red = fabric((226, 222, 228)), fabric((36, 36, 42)), fabric((200, 40, 50))
    assert to_oklab(white.base)[0] > 0.91 and to_oklab(white.shade)[0] > 0.8
    assert to_oklab(black.base)[0] < 0.24
    assert to_oklab(black.fold)[0] > to_oklab(black.base)[0] + 0.04
    assert to_oklab(red.fold)[0] < to_oklab(red.base)[0]
    assert np.hypot(*to_oklab(red.shade)[1:]) > 0.9 * np.hypot(*to_oklab(red.base)[1:])
