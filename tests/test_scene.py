"""Paths, pens and placing: the drawing before it has pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photo2moe.pen.scene import COUNTS, Flat, Gradient, Group, Path, Shape, bezier, brush, place

NUMBERS = st.floats(-1000, 1000, allow_nan=False, width=32)


def area(path):
    """Signed area by the shoelace formula."""
    total = 0.0
    for p in path.flatten():
        x, y = p.T
        total += float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return total


@st.composite
def paths(draw):
    commands = [("M", (draw(NUMBERS), draw(NUMBERS)))]
    for kind in draw(st.lists(st.sampled_from(list(COUNTS)), max_size=8)):
        commands.append((kind, tuple(draw(NUMBERS) for _ in range(COUNTS[kind]))))
    return Path(tuple(commands))


def test_relative_and_absolute_say_the_same():
    absolute = Path.parse("M 1 2 L 3 4 L 5 4 L 5 2.5 Q 5 6 7 8 C 9 10 11 12 13 14 Z M 2 3 L 2.5 3.5 Z")
    assert Path.parse("m1,2 2 2 h2 v-1.5 q0 3.5 2 5.5 c2 2 4 4 6 6 z m1 1 .5.5z") == absolute


def test_numbers_may_touch_and_have_exponents():
    assert Path.parse("M-1-2L.5.5-1e1+2.").commands == (("M", (-1, -2)), ("L", (0.5, 0.5)), ("L", (-10, 2)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("M1 2A3 4 0 0 0 5 6", "cannot hold A"),
        ("M1 2#", "cannot hold '#'"),
        ("M1", "needs 2 numbers"),
        ("M1 2C1 2 3 4 5", "needs 6 numbers"),
        ("M1 2L3 Z", "needs 2 numbers"),
        ("L1 2", "begin with M"),
        ("1 2", "begin with M"),
        ("M1 2 3 4 Z 5 6", "takes no numbers"),
    ],
)
def test_what_is_no_path_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        Path.parse(text)


def test_nothing_is_an_empty_path():
    assert Path.parse(" \n") == Path() == Path.polygon(np.empty((0, 2)))
    assert Path().text() == "" and Path().flatten() == []


@given(paths())
def test_text_is_read_back_without_errors_that_add_up(path):
    back = Path.parse(path.text(3))
    assert [kind for kind, _ in back.commands] == [kind for kind, _ in path.commands]
    for (_, got), (_, wanted) in zip(back.commands, path.commands, strict=True):
        assert np.allclose(got, wanted, rtol=0, atol=0.00051)


def test_text_is_short():
    assert Path.parse("M0.5 0.25 L-0.5 1 L-0.25 1 L-0.25 0 Z").text(2) == "m.5 .25l-1 .75 .25 0 0-1z"
    assert Path.parse("M1.004 2 L1 2").text(0) == "m1 2l0 0"


def test_text_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="none"):
        Path((("M", (math.nan, 0)),)).text()


def test_an_ellipse_has_its_area_and_its_edge():
    path = Path.ellipse(1, -2, 3, 0.5)
    assert abs(area(path)) == pytest.approx(math.pi * 1.5, rel=0.005)
    (points,) = path.flatten()
    assert np.allclose(((points - (1, -2)) / (3, 0.5)) ** 2 @ (1, 1), 1, atol=0.001)


@pytest.mark.parametrize("closed", [False, True])
def test_a_spline_runs_through_its_points(closed):
    points = np.array([(0, 0), (1, 2), (3, 1), (4, -1)], float)
    path = Path.spline(points, closed=closed)
    ends = [values[-2:] for kind, values in path.commands if kind != "Z"]
    assert np.allclose(ends, np.vstack([points, points[:1]]) if closed else points)
    assert (path.commands[-1][0] == "Z") == closed


def test_maps_move_handles_too_and_mirrors_undo_themselves():
    path = Path.parse("M1 2Q3 4 5 6Z")
    assert path.moved(1, -1).commands == (("M", (2, 1)), ("Q", (4, 3, 6, 5)), ("Z", ()))
    assert path.mirrored().commands[0] == ("M", (-1, 2))
    assert path.mirrored().mirrored() == path


def test_flattened_contours_close_and_go_on_from_their_start():
    contours = Path.parse("M0 0L1 0L1 1ZL-1 0L-1-1Z").flatten()
    assert [c.tolist() for c in contours] == [
        [[0, 0], [1, 0], [1, 1], [0, 0]],
        [[0, 0], [-1, 0], [-1, -1], [0, 0]],
    ]


def test_a_brush_is_as_wide_as_it_is_told():
    line = np.stack([np.linspace(0, 10, 101), np.zeros(101)], 1)
    (points,) = brush(line, [0, 2, 0.5]).flatten()
    width = {u: np.ptp(points[np.isclose(points[:, 0], u), 1]) for u in (0, 2.5, 5, 7.5, 10)}
    assert width == pytest.approx({0: 0, 2.5: 1, 5: 2, 7.5: 1.25, 10: 0.5})
    assert abs(area(brush(line, 0.3))) == pytest.approx(3)


def test_a_brush_spreads_widths_over_the_length_however_points_lie():
    line = np.stack([np.append(np.linspace(0, 1, 50), 10), np.zeros(51)], 1)
    (points,) = brush(line, [1, 3]).flatten()
    f = 0.1
    assert np.ptp(points[np.isclose(points[:, 0], 1), 1]) == pytest.approx(1 + 2 * f * f * (3 - 2 * f))


@pytest.mark.parametrize("again", [False, True])
def test_a_closed_brush_is_a_ring(again):
    angle = np.linspace(0, 2 * math.pi, 200, endpoint=again)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    outer, inner = brush(circle, 0.2, closed=True).flatten()
    assert np.allclose(sorted([np.hypot(*outer.T).mean(), np.hypot(*inner.T).mean()]), [0.9, 1.1], atol=0.001)
    assert abs(area(brush(circle, 0.2, closed=True))) == pytest.approx(math.pi * (1.1**2 - 0.9**2), rel=0.01)


def test_the_width_of_a_closed_brush_has_no_step_where_it_closes():
    angle = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    outer, inner = brush(circle, [0.1, 0.3], closed=True).flatten()
    width = np.abs(np.hypot(*outer[:-1].T) - np.hypot(*inner[:-1][::-1].T))
    assert (width.min(), width.max()) == pytest.approx((0.1, 0.3), abs=0.002)
    assert np.abs(np.diff(width, append=width[:1])).max() < 0.01


def test_a_brush_without_length_is_nothing():
    assert brush([(1, 1), (1, 1)], 0.1) == Path() == brush([(1, 1)], 0.1)
    assert np.isfinite(brush([(0, 0), (0, 0), (1, 0)], [0.1, 0.2]).flatten()[0]).all()


def test_bezier_begins_and_ends_where_it_should():
    curve = bezier((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 5), 9)
    assert curve.shape == (9, 3)
    assert curve[0].tolist() == [0, 0, 0] and curve[-1].tolist() == [1, 0, 5]
    assert curve[4] == pytest.approx([0.5, 0.75, 0.625])


def test_place_moves_clips_and_gradients_and_scales_their_radius():
    glow = Gradient((1, 0), (0, 0), ((0, (1, 2, 3), 1.0), (1, (4, 5, 6), 0.0)), radius=0.5)
    line = Gradient((0, 0), (0, 1), ((0, (1, 2, 3), 1.0), (1, (4, 5, 6), 0.0)))
    square = Path.polygon([(0, 0), (1, 0), (1, 1)])
    group = Group((Shape(square, glow), Group((Shape(square, line, blur=0.1),), clip=square)), opacity=0.5)
    moved = place(group, lambda p: p * 2 + (10, 0))
    assert moved.opacity == 0.5
    assert moved.items[0].path == Path.polygon([(10, 0), (12, 0), (12, 2)])
    assert moved.items[0].paint.start == (12, 0) and moved.items[0].paint.radius == pytest.approx(1)
    assert moved.items[1].clip == Path.polygon([(10, 0), (12, 0), (12, 2)])
    assert moved.items[1].items[0].paint.end == (10, 2) and moved.items[1].items[0].paint.radius == 0
    assert moved.items[1].items[0].blur == 0.1
    assert place(Shape(square, Flat((1, 2, 3))), lambda p: p).paint == Flat((1, 2, 3))
