"""Lines lie where things meet, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from photo2moe.ops.features import Features, drawn_outline
from photo2moe.ops.geometry import Template
from photo2moe.ops.ink import ink, lines

TEMPLATE, SIZE = Template(), 128
U, V = TEMPLATE.grid(SIZE)
NONE = np.zeros((SIZE, SIZE), np.float32)
FACE = Features(
    drawn_outline(1.04), np.array([[-0.5, 0, 0.5], [0.5, 0, 0.5]]), np.array([0, 0.74, 0.3, 0, 0]), np.zeros((2, 3))
)


def disc(radius):
    return (np.hypot(U, V) < radius).astype(np.float32)


def test_lines_follow_the_figures_and_the_skins_borders():
    drawn = lines(disc(0.9), NONE, NONE, disc(1.4), FACE, TEMPLATE)
    apart = np.minimum(np.abs(np.hypot(U, V) - 0.9), np.abs(np.hypot(U, V) - 1.4))
    above = V < 0  # where no jaw is
    assert drawn[above & (apart < 0.015)].mean() > 0.5
    assert drawn[above & (apart > 0.12)].max() == 0
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_hair_has_a_line_where_it_ends_on_clothes():
    hair = ((V > 1.2) & (U < 0)).astype(np.float32)
    whole = np.ones((SIZE, SIZE), np.float32)
    border = (np.abs(U) < 0.03) & (V > 1.4)
    with_it, without = (lines(NONE, mask, NONE, whole, FACE, TEMPLATE)[border].max() for mask in (hair, NONE))
    assert with_it > 0.5
    assert without == 0


@pytest.mark.parametrize(
    ("skin", "beard", "seen"), [(1, 0, True), (0, 1, True), (0, 0, False)], ids=["bare", "bearded", "covered"]
)
def test_the_jaw_is_drawn_where_it_shows(skin, beard, seen):
    whole = np.ones((SIZE, SIZE), np.float32)
    chin = (np.abs(U) < 0.1) & (np.abs(V - 1.03) < 0.06)
    assert bool(lines(whole * skin, NONE, whole * beard, whole, FACE, TEMPLATE)[chin].max() > 0.8) is seen


def test_ink_is_a_darker_shade_of_what_it_lies_on():
    ground = np.dstack([np.full((SIZE, SIZE, 3), 200, np.float32), np.full((SIZE, SIZE), 255, np.float32)])
    drawn = lines(disc(0.9), NONE, NONE, disc(1.4), FACE, TEMPLATE)
    inked = ink(ground, drawn)
    assert (inked[..., :3][drawn == 0] == 200).all()
    assert inked[..., :3][drawn > 0.9].max() < 140
    np.testing.assert_array_equal(inked[..., 3], ground[..., 3])
