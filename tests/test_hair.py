"""Hair is drawn in locks: along its flow, in its own colour, with a fringe where it falls towards the face."""

from __future__ import annotations

import numpy as np
import pytest

from photo2moe.ops.dress import dress
from photo2moe.ops.features import Features, drawn_outline
from photo2moe.ops.fringe import with_ends
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair, even, find_locks, shadow

TEMPLATE, SIZE = Template(), 128
U, V = TEMPLATE.grid(SIZE)
NONE = np.zeros((SIZE, SIZE), np.float32)
CAP = ((np.hypot(U, V + 0.1) < 1.25) & (V < -0.62)).astype(np.float32)  # hair above the forehead
SKIN = ((np.hypot(U, V) < 1.0) & (CAP == 0)).astype(np.float32)
FACE = Features(
    drawn_outline(1.04),
    np.array([(-0.5, 0, 0.5), (0.5, 0, 0.5)]),
    np.array([0, 0.7, 0.2, 0, 0]),
    np.full((2, 3), -0.45),
)


def locks_of(image, hair, skin=NONE, beyond=NONE):
    return with_ends(find_locks(image, hair, TEMPLATE), skin, beyond, FACE, TEMPLATE)


def photo(wave=0.0):
    """Grey hair with strands from top to bottom."""
    grey = 120 + wave * np.sin(24 * U) + np.random.default_rng(3).normal(0, 4, (SIZE, SIZE))
    return np.repeat(grey[..., None], 3, 2).astype(np.float32)


def grey(size=SIZE, level=120):
    return np.dstack([np.full((size, size, 3), level, np.float32), np.full((size, size), 255, np.float32)])


def test_locks_run_along_the_strands() -> None:
    locks = locks_of(photo(25), (np.abs(U) < 1).astype(np.float32)).locks
    inside = slice(30, 98)
    down, across = (np.abs(np.diff(locks[inside, inside], axis=axis)).mean() for axis in (0, 1))
    assert down < 0.5 * across
    assert -1 <= locks.min() < -0.5 < 0.5 < locks.max() <= 1


def test_a_fringe_of_uneven_ends_falls_onto_the_forehead_and_not_into_the_eyes() -> None:
    fringed = locks_of(photo(), CAP, SKIN).mask
    np.testing.assert_array_equal(fringed[CAP == 1], 1)
    grown = (fringed > 0.5) & (CAP == 0)
    ends = [V[grown[:, x], x].max() for x in np.flatnonzero(grown.any(0)) if abs(U[0, x]) < 0.5]
    assert np.ptp(ends) > 0.1
    assert grown[(V > -0.3) & (np.abs(U) > 0.24) & (np.abs(U) < 0.5)].sum() == 0
    assert grown[(V > -0.05) & (np.abs(U) < 0.5)].sum() == 0  # between the eyes a lock may hang lower
    assert grown[SKIN == 0].sum() == 0


def test_nobody_is_given_hair() -> None:
    assert locks_of(photo(), NONE, SKIN, 1 - SKIN).mask.max() == 0


def test_evened_hair_keeps_its_colour_and_loses_its_strands() -> None:
    before = photo(40)
    after = even(before, CAP)
    inside = CAP > 0.7
    np.testing.assert_allclose(np.median(after[inside]), np.median(before[inside]), atol=8)
    assert after[inside].std() < 0.35 * before[inside].std()


@pytest.mark.parametrize("size", [128, 256])
def test_locks_are_shaded_at_any_size_and_the_rest_is_left_alone(size) -> None:
    hair = locks_of(photo(25), CAP, SKIN)
    drawn = dress(grey(), hair, NONE, np.zeros((size, size), np.float32), TEMPLATE)
    u, v = TEMPLATE.grid(size)
    assert drawn.shape == (size, size, 4)
    crown = (np.abs(u) < 0.8) & (v > -1) & (v < -0.7)
    assert drawn[crown][:, :3].min() < 95 < 140 < drawn[crown][:, :3].max()
    np.testing.assert_allclose(drawn[v > 0.5], grey(size)[v > 0.5], atol=0.01)


def test_lines_are_drawn_and_outlines_are_hard() -> None:
    soft = grey()
    soft[..., 3] = 255 * np.clip(0.5 + U * 4, 0, 1)
    line = (np.abs(V - 0.5) < 0.02).astype(np.float32)
    drawn = dress(soft, Hair(NONE, NONE), NONE, line, TEMPLATE)
    assert drawn[line == 1][:, :3].max() < 80
    partly = [((x > 5) & (x < 250)).sum() for x in (soft[..., 3], drawn[..., 3].clip(0, 255))]
    assert partly[1] < 0.8 * partly[0]


def test_a_fringe_throws_its_shadow_on_skin_alone() -> None:
    dark = shadow(CAP, SKIN, TEMPLATE)
    assert dark[(np.abs(U) < 0.3) & (np.abs(V + 0.58) < 0.02)].min() > 0.9
    assert dark[V > -0.45].max() == 0
    assert dark[SKIN == 0].max() == 0


def test_strands_do_not_run_together_at_the_crown() -> None:
    locks = locks_of(photo(25), (np.abs(U) < 1).astype(np.float32)).locks
    assert np.abs(locks[V < -1.5]).max() == 0
