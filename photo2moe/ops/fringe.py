"""Locks that fall over the forehead, beside the cheeks and out of the silhouette, drawn one by one.

Hardly anybody wears a fringe on a photo, and hardly any anime face is without one. Where hair begins,
where it is parted and whether it hangs beside the cheeks is measured; its ends are drawn.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair
from photo2moe.types import Mask

Grid = NDArray[np.float32]
Line = NDArray[np.float64]
Place = tuple[float, float]

# All lengths are face units. Over the forehead, of every lock: u and v of its tip, and its half-width. The long ones
# hang between the eyes and beside them, the others end at the lids. Uneven, since hair is.
LOCKS = (
    *((-0.93, 0.0, 0.23), (-0.54, -0.33, 0.20), (-0.27, -0.34, 0.14), (0.02, -0.09, 0.19)),
    *((0.30, -0.34, 0.20), (0.55, -0.33, 0.17), (0.93, 0.0, 0.23)),
)
OUTER = 0.7  # |u| beyond which a lock hangs beside an eye
GATHER, PARTED = 0.3, 0.7  # u of roots: share of their tips' u, and of the parting's
ROOT = 0.75  # how far above the hairline locks begin
# A forehead is high from this v of its hairline on, and fully so; how much shorter locks are at its parting; how near.
OPEN, OPENED, WIDTH = (-0.62, -0.92), 0.7, 0.24
SHORT = 0.3  # share of their way from the hairline that men's locks do not go
LEAST = 0.08  # shorter locks are not drawn
HIGHEST, LOWEST = -1.12, -0.45  # v between which hairlines are believed; above is a bald crown
HAIRY = 0.4  # share of the columns over the forehead that must show hair
NEAR = 0.5  # smallest distance of an eye's middle from the face's edge at which hair may hang between them
# Beside a cheek, with short hair and with hair that hangs there: how far in the tip is, its v, and the half-width.
CHEEK = ((0.07, 0.15, 0.13), (0.13, 0.77, 0.19))
# Out of either side of the silhouette: v, and how far out the tip is.
FLICKS = ((-0.75, 0.10), (-0.28, 0.10), (0.12, 0.13), (0.5, 0.10), (0.9, 0.13))
FLICK = 0.5, 0.16, 0.10  # their length, how far in their roots are, and their half-width
# Share of its length where a lock is widest, and how full it is from there on; 1 is a triangle.
WIDEST, POINTED = 0.55, 1.7
STEPS = 8  # straight pieces of a lock's curve


@dataclass(frozen=True, slots=True)
class Lock:
    """A curved lock, pointed at both ends: a quadratic Bézier curve from root to tip, and its half-width."""

    root: Place
    bend: Place
    tip: Place
    half: float


def with_ends(hair: Hair, skin: Mask, beyond: Mask, features: Features, template: Template) -> Hair:
    """Hair with a fringe, locks beside the cheeks, and ends that stand out.

    Args:
        hair: as it was photographed.
        skin: ``(S, S)`` where skin is; a fringe falls onto it.
        beyond: ``(S, S)`` where nothing of the person is; other ends may lie there.
        features: of the face.
        template: where the eyes lie.
    """
    loose = draw(flicks(hair.mask, beyond, template), hair, beyond, template)
    return draw(fringe(hair.mask, features, template), loose, skin, template)


def fringe(hair: Mask, features: Features, template: Template) -> list[Lock]:
    """Locks over the forehead and beside the cheeks; none for the bald. Later ones lie over earlier ones.

    Args:
        hair: ``(S, S)`` where a photographed head has hair.
        features: of its face.
        template: where the eyes lie.
    """
    columns, line = _hairline(hair, template)
    if np.isnan(line).mean() > 1 - HAIRY:
        return []
    parting, top = _parting(columns, line)
    opened = OPENED * float(np.interp(-top, (-OPEN[0], -OPEN[1]), (0, 1)))
    outline = features.outline[np.abs(features.outline[:, 1]) < 0.35, 0]
    edges = float(outline.min()), float(outline.max())
    room = [abs(edge - eye) > NEAR for edge, eye in zip(edges, features.eyes[:, 0], strict=True)]
    locks = []
    for tip_u, tip_v, half in LOCKS:
        above = float(np.interp(tip_u, columns, line))
        share = 1 - opened * np.exp(-(((tip_u - parting) / WIDTH) ** 2))
        below = above + share * (1 - SHORT * features.masculine) * (tip_v - above)
        beside = abs(tip_u) > OUTER and not room[int(tip_u > 0)]
        if np.isnan(above) or below - above < LEAST or beside:
            continue
        root_u = GATHER * tip_u + PARTED * parting
        bend = tip_u + 0.25 * (tip_u - root_u), above - 0.15
        locks.append(Lock((root_u, above - ROOT), bend, (tip_u, below), half))
    return locks[::2] + locks[1::2] + _sidelocks(hair, edges, room, template)


def flicks(hair: Mask, beyond: Mask, template: Template) -> list[Lock]:
    """Locks that stand out from the sides of hair.

    Args:
        hair: ``(S, S)`` where hair is.
        beyond: ``(S, S)`` where nothing of the person is.
        template: where the eyes lie.
    """
    us, vs = (template.grid(len(hair))[0][0], template.grid(len(hair))[1][:, 0])
    length, inset, half = FLICK
    locks = []
    for side in (-1, 1):
        for end_v, out in FLICKS:
            row, above = (_index(vs, v) for v in (end_v, end_v - length))
            hairy = us[(hair[row] > 0.5) & (side * us > 0)]
            if not len(hairy):
                continue
            edge = float(side * (side * hairy).max())
            root = edge - side * inset, end_v - length
            if hair[above, _index(us, root[0])] > 0.5 and beyond[row, _index(us, edge + side * 0.08)] > 0.5:
                bend = edge + side * 0.02, end_v - 0.3 * length
                locks.append(Lock(root, bend, (edge + side * out, end_v + 0.12), half))
    return locks


def draw(locks: list[Lock], hair: Hair, onto: Mask, template: Template) -> Hair:
    """Lay locks over hair, and where else they may fall: ``onto``, ``(S, S)``."""
    u, v = (grid.astype(np.float32) for grid in template.grid(len(onto)))
    pixel, room = float(u[0, 1] - u[0, 0]), np.minimum(hair.mask + onto, 1)
    mask, along = hair.mask.copy(), hair.locks.copy()
    for lock in locks:
        ends = np.array([lock.root, lock.bend, lock.tip])
        (left, top), (right, bottom) = ends.min(0) - lock.half, ends.max(0) + lock.half
        rows = slice(*np.searchsorted(v[:, 0], (top, bottom)))
        near = rows, slice(*np.searchsorted(u[0], (left, right)))
        t, away = _nearest(ends, u[near], v[near])
        narrowing = np.maximum(t - WIDEST, 0) / (1 - WIDEST)
        half = lock.half * np.where(t < WIDEST, (t / WIDEST) ** 0.7, 1 - narrowing**POINTED)
        cover = np.minimum(np.clip(0.5 + (half - away) / pixel, 0, 1) * (half > 0), room[near])
        shown = cover * np.clip(4 * t - 0.4, 0, 1)  # by and by it comes out of the hair above
        along[near] += shown * (1 - 2 * np.clip(away / np.maximum(half, 1e-3), 0, 1) - along[near])
        mask[near] = np.maximum(mask[near], cover)
    return Hair(mask, along)


def _sidelocks(hair: Mask, edges: tuple[float, float], room: list[bool], template: Template) -> list[Lock]:
    """A lock beside either cheek, where there is hair at the temple and the head is not turned away."""
    u, v = template.grid(len(hair))
    locks = []
    for side, edge, wide in zip((-1, 1), edges, room, strict=True):
        away = side * (u - edge)
        temple = hair[(away > -0.05) & (away < 0.25) & (v > -0.75) & (v < -0.45)]
        cheek = hair[(away > 0) & (away < 0.35) & (v > 0.1) & (v < 0.6)]
        if not wide or temple.mean() < 0.5 or not cheek.size:
            continue
        long = float(np.clip(2.5 * cheek.mean() - 0.5, 0, 1))
        inset, tip_v, half = (short + long * (other - short) for short, other in zip(*CHEEK, strict=True))
        bend = edge + side * 0.16, -0.35 + 0.3 * long
        locks.append(Lock((edge - side * 0.25, -1.2), bend, (edge - side * inset, tip_v), half))
    return locks


def _nearest(ends: NDArray[np.float64], u: Grid, v: Grid) -> tuple[Grid, Grid]:
    """How far along a curve every pixel is, 0…1, and its distance from it."""
    share = np.linspace(0, 1, STEPS + 1)[:, None]
    curve = (1 - share) ** 2 * ends[0] + 2 * share * (1 - share) * ends[1] + share**2 * ends[2]
    best, where = np.full_like(u, np.inf), np.zeros_like(u)
    for i, ((x, y), (to_x, to_y)) in enumerate(itertools.pairwise(curve)):
        dx, dy = np.float32(to_x - x), np.float32(to_y - y)
        part = np.clip(((u - x) * dx + (v - y) * dy) / (dx * dx + dy * dy), 0, 1)
        apart = np.hypot(u - x - part * dx, v - y - part * dy)
        nearer = apart < best
        best, where = np.where(nearer, apart, best), np.where(nearer, (i + part) / STEPS, where)
    return where, best


def _hairline(hair: Mask, template: Template) -> tuple[Line, Line]:
    """Columns from ear to ear by u, and v where hair begins above the forehead; not a number where there is none."""
    u, v = template.grid(len(hair))
    columns = np.flatnonzero(np.abs(u[0]) < 1.1)
    rows = np.flatnonzero((v[:, 0] > HIGHEST) & (v[:, 0] < -0.25))
    area = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), 1)[rows][:, columns] > 0.5
    lowest = v[rows[len(rows) - 1 - area[::-1].argmax(0)], 0]
    return u[0, columns], np.where(area.any(0), np.minimum(lowest, LOWEST), np.nan)


def _parting(columns: Line, line: Line) -> Place:
    """Where the hairline is highest, between the temples: u, v."""
    near = np.abs(columns) < 0.6
    heights = np.nan_to_num(line[near], nan=HIGHEST)
    weight = (heights.max() - heights) ** 4
    return float((columns[near] * weight).sum() / max(weight.sum(), 1e-9)), float(heights.min())


def _index(line: Line, value: float) -> int:
    """Of the pixel at ``value``, or of the nearest one."""
    return int(np.abs(line - value).argmin())
