"""The template, the chibi map and the affine helpers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photo2moe.ops import geometry
from photo2moe.ops.geometry import Template
from photo2moe.types import CHIN, LEFT_EYE, LIPS, RIGHT_EYE, Face

finite = st.floats(-500, 500)


def make_face(
    centre: tuple[float, float], distance: float, turn: float, mouth: float = 1.11, chin: float = 1.70
) -> Face:
    """A face whose mesh has only the points that the geometry looks at."""
    units = np.zeros((478, 2))
    units[list(RIGHT_EYE)], units[list(LEFT_EYE)] = (-0.5, 0), (0.5, 0)
    units[list(LIPS)], units[CHIN] = (0, mouth), (0, chin)
    cos, sin = np.cos(turn) * distance, np.sin(turn) * distance
    points = units @ np.array([[cos, sin], [-sin, cos]]) + centre
    x0, y0, x1, y1 = *points.min(0), *points.max(0)
    return Face((x0, y0, x1, y1), points, 1.0)


@given(finite, finite, st.floats(3, 900), st.floats(-3.1, 3.1))
def test_units_put_the_eyes_at_plus_and_minus_one_half(x: float, y: float, distance: float, turn: float) -> None:
    face = make_face((x, y), distance, turn)
    assert face.eye_distance == pytest.approx(distance)
    np.testing.assert_allclose(geometry.apply(face.to_units(), face.eyes), [[-0.5, 0], [0.5, 0]], atol=1e-6)


@given(finite, finite, st.floats(0.01, 90), st.floats(-3, 3))
def test_invert_undoes_apply(x: float, y: float, scale: float, turn: float) -> None:
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    matrix = np.array([[cos, -sin, x], [sin, cos, y]])
    points = np.array([[0.0, 0.0], [12.0, -7.0], [300.0, 5.0]])
    back = geometry.apply(geometry.compose(geometry.invert(matrix), matrix), points)
    np.testing.assert_allclose(back, points, atol=1e-6)


def test_a_singular_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="singular"):
        geometry.invert(np.zeros((2, 3)))


def test_template_grid_and_pixels_agree() -> None:
    template = Template()
    u, v = template.grid(96)
    x, y = geometry.apply(template.to_pixels(96), np.array([[u[10, 70], v[10, 70]]]))[0]
    assert (x, y) == (pytest.approx(70), pytest.approx(10))


def test_strength_zero_is_a_similarity() -> None:
    face = make_face((200, 150), 60, 0.3)
    source = geometry.chibi_map(face, Template(), 64, 0.0)
    u, v = Template().grid(64)
    flat = np.stack([u.ravel(), v.ravel()], 1)
    wanted = geometry.apply(geometry.invert(face.to_units()), flat).reshape(64, 64, 2)
    np.testing.assert_allclose(source, wanted, atol=1e-3)


@pytest.mark.parametrize(("mouth", "chin"), [(1.11, 1.70), (0.9, 1.4), (1.4, 2.2), (5.0, 0.2)])
def test_full_strength_brings_mouth_and_chin_to_anime_places(mouth: float, chin: float) -> None:
    face = make_face((0, 0), 1, 0, mouth, chin)
    size, template = 512, Template()
    source = geometry.chibi_map(face, template, size, 1.0)
    x, y = (round(float(p)) for p in geometry.apply(template.to_pixels(size), np.array([[0.0, 1.10]]))[0])
    expected = np.clip(chin, *geometry.CHIN_RANGE)
    expected = max(expected, np.clip(mouth, *geometry.MOUTH_RANGE) + geometry.CHIN_GAP)
    assert source[y, x, 1] == pytest.approx(expected, abs=0.02)


@given(st.floats(0.2, 3), st.floats(0.2, 4), st.floats(0, 1))
def test_the_map_never_folds(mouth: float, chin: float, strength: float) -> None:
    source = geometry.chibi_map(make_face((0, 0), 1, 0, mouth, chin), Template(), 96, strength)
    assert (np.diff(source[..., 0], axis=1) > 0).all()
    assert (np.diff(source[..., 1], axis=0) > 0).all()


def test_the_eyes_stay_and_grow() -> None:
    face = make_face((0, 0), 100, 0)
    source = geometry.chibi_map(face, Template(), 200, 1.0)
    x, y = geometry.apply(Template().to_pixels(200), np.array([[0.5, 0.0]]))[0].round().astype(int)
    assert source[y, x] == pytest.approx([50, 0], abs=1.5)
    step = source[y, x + 1, 0] - source[y, x, 0]
    assert step < 0.75 * 100 / (0.28 * 200)  # fewer photo pixels a step: enlarged


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_outside_its_range_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        geometry.chibi_map(make_face((0, 0), 10, 0), Template(), 32, strength)


def test_cut_averages_before_it_shrinks() -> None:
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[::2] = 255  # lines of one pixel: sampled without averaging they alias to black or white
    grid = np.stack(np.meshgrid(np.arange(0, 400, 8.0), np.arange(0, 400, 8.0)), -1).astype(np.float32)
    shrunk = geometry.cut(photo, grid)
    assert shrunk.shape == (50, 50, 3)
    assert np.abs(shrunk[2:-2, 2:-2].astype(int) - 127).max() < 25


def test_cut_of_the_identity_map_is_the_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    grid = np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), -1).astype(np.float32)
    np.testing.assert_array_equal(geometry.cut(photo, grid), photo)
