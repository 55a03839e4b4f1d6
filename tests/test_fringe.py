"""Drawn locks: where hair begins they begin, and neither the bald nor those who turn away get any."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from photo2moe.ops.features import Features, drawn_outline
from photo2moe.ops.fringe import LOCKS, Lock, draw, flicks, fringe
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair

TEMPLATE, SIZE = Template(), 128
U, V = TEMPLATE.grid(SIZE)
NONE = np.zeros((SIZE, SIZE), np.float32)
EVERYWHERE = 1 - NONE
FACE = Features(
    drawn_outline(1.04) * (1.25, 1),
    np.array([(-0.5, 0, 0.5), (0.5, 0, 0.5)]),
    np.array([0, 0.7, 0.2, 0, 0]),
    np.full((2, 3), -0.45),
)


def cap(hairline=-0.62, until=-0.62):
    """Hair above a hairline, and beside the face down to ``until``."""
    above = (np.hypot(U, V + 0.1) < 1.35) & (hairline > V)
    beside = (np.abs(U) > 0.92) & (np.abs(U) < 1.35) & (V > -0.9) & (until > V)
    return (above | beside).astype(np.float32)


def over_forehead(locks):
    return [lock for lock in locks if abs(lock.tip[0]) < 0.7]


def test_locks_begin_in_the_hair_and_end_below_the_hairline() -> None:
    locks = fringe(cap(), FACE, TEMPLATE)
    assert len(locks) == len(LOCKS)
    for lock in locks:
        assert lock.root[1] < -0.62 < lock.tip[1]


def test_mens_locks_are_shorter() -> None:
    man = dataclasses.replace(FACE, masculine=1.0)
    for his, hers in zip(fringe(cap(), man, TEMPLATE), fringe(cap(), FACE, TEMPLATE), strict=True):
        assert his.tip[1] < hers.tip[1] - 0.05


def test_nobody_bald_gets_a_fringe() -> None:
    assert fringe(NONE, FACE, TEMPLATE) == []
    assert fringe(cap(hairline=-1.3), FACE, TEMPLATE) == []  # a wreath far up


def test_a_receding_hairline_stays_bare_where_it_recedes() -> None:
    corner = cap() * (U < 0.1)
    tips = [lock.tip[0] for lock in fringe(corner, FACE, TEMPLATE)]
    assert tips
    assert max(tips) < 0.1


def test_locks_fall_to_both_sides_of_a_parting() -> None:
    parted = cap() * (1 - ((np.abs(U - 0.3) < 0.12) & (V > -0.95)))
    moved = zip(fringe(parted, FACE, TEMPLATE), fringe(cap(), FACE, TEMPLATE), strict=True)
    assert all(0.05 < one.root[0] - other.root[0] < 0.3 for one, other in moved)


def test_a_lock_hangs_as_low_as_the_hair_beside_the_cheek() -> None:
    short, long = (
        [lock.tip[1] for lock in fringe(cap(until=until), FACE, TEMPLATE) if abs(lock.tip[0]) > 0.6]
        for until in (-0.3, 1.2)
    )
    assert max(short) < 0.3
    assert max(long) > 0.6


def test_nothing_hangs_over_the_eye_on_the_side_that_is_turned_away() -> None:
    outline = FACE.outline.copy()
    outline[:, 0] = np.minimum(outline[:, 0], 0.7)
    turned = dataclasses.replace(FACE, outline=outline)
    tips = [lock.tip[0] for lock in fringe(cap(until=1.2), turned, TEMPLATE)]
    assert min(tips) < -0.7
    assert max(tips) < 0.7


def test_locks_stand_out_of_the_silhouette_on_both_sides_and_only_into_the_open() -> None:
    hair, open_right = cap(until=1.2), (U > 0).astype(np.float32)
    both, right = flicks(hair, EVERYWHERE, TEMPLATE), flicks(hair, open_right, TEMPLATE)
    assert {np.sign(lock.tip[0]) for lock in both} == {-1, 1}
    assert right == [lock for lock in both if lock.tip[0] > 0]
    for lock in both:
        assert abs(lock.root[0]) < 1.35 < abs(lock.tip[0])


def test_short_hair_has_none_below_it() -> None:
    assert all(lock.tip[1] < 0.2 for lock in flicks(cap(until=0.0), EVERYWHERE, TEMPLATE))


def test_a_lock_is_pointed_and_marked_from_its_edge_to_its_middle() -> None:
    lock = Lock((0.0, -0.9), (0.0, -0.4), (0.0, 0.1), 0.2)
    drawn = draw([lock], Hair(NONE, NONE), EVERYWHERE, TEMPLATE)
    mask, along = drawn.mask, drawn.locks
    widths = [mask[np.abs(V[:, 0] - v).argmin()].sum() for v in (-0.35, -0.1, 0.0, 0.06)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(0.4 / (U[0, 1] - U[0, 0]), abs=1.5)
    row = along[np.abs(V[:, 0] + 0.35).argmin()][mask[np.abs(V[:, 0] + 0.35).argmin()] > 0.5]
    assert row.max() > 0.8
    assert row[0] < 0
    assert row[-1] < 0
    assert along[mask == 0].max() == 0


def test_a_lock_stays_within_hair_and_where_it_may_fall() -> None:
    lock = Lock((0.0, -0.9), (0.0, -0.4), (0.0, 0.1), 0.2)
    onto = (V < -0.3).astype(np.float32)
    mask = draw([lock], Hair(NONE, NONE), onto, TEMPLATE).mask
    assert mask[onto == 0].max() == 0
    assert mask.max() == 1


def test_a_high_forehead_stays_open_at_its_parting() -> None:
    middle = np.abs(U) < 0.15
    low, high = (
        fringe(cap(hairline) * (1 - (middle & (hairline - 0.1 < V))), FACE, TEMPLATE) for hairline in (-0.5, -0.85)
    )

    def reach(locks):
        return max(lock.tip[1] for lock in locks if abs(lock.tip[0]) < 0.15)

    assert reach(low) > -0.15
    assert reach(high) < -0.4
    assert max(lock.tip[1] for lock in over_forehead(high)) > -0.4  # beside it the fringe is as long as ever
