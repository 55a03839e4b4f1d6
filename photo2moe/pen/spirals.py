"""A ringlet: a hanging curl, a ribbon of hair that winds about a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.pen.crops import ease
from photo2moe.pen.curls import Light, evenly, hatch, rings_path
from photo2moe.pen.locks import LINE, STRAND, Comb, Lock
from photo2moe.pen.palette import mix
from photo2moe.pen.scene import Flat, Group, Item, Path, Points, Shape, brush


def swing(spine: Points, height: float, length: float, phase: float, *, begin: float = 0.0) -> Points:
    """A middle line that swings left and right, more towards its tip.

    Args:
        spine: ``(N, 2)``, evenly spaced.
        height: of its waves, face units.
        length: of its waves, face units.
        phase: radians at the root.
        begin: length at the root that hangs straight.
    """
    tangent = np.gradient(spine, axis=0)
    tangent /= np.hypot(*tangent.T)[:, None] + 1e-9
    at = np.append(0.0, np.cumsum(np.hypot(*np.diff(spine, axis=0).T)))
    sway = height * ease(at, begin, begin + 0.6) * np.sin(2 * np.pi * at / length + phase)
    return np.asarray(spine + np.column_stack([tangent[:, 1], -tangent[:, 0]]) * sway[:, None])


def draw_ringlet(
    spine: Points,
    width: ArrayLike,
    light: Light,
    seed: int,
    *,
    height: float,
    length: float,
    phase: float,
    begin: float = 0.0,
    fade: float = 0.3,
) -> tuple[Item, ...]:
    """A hanging curl: a ribbon that winds, with the turns seen on it.

    Args:
        spine: the line it winds about, from root to tip.
        width: half widths spread evenly over its length.
        light: its colours.
        seed: of what is left to chance.
        height: of its waves, see :func:`swing`.
        length: of its waves.
        phase: of its waves.
        begin: of its waves.
        fade: length at the root without an outline.
    """
    t = light.tones
    total = float(np.hypot(*np.diff(spine, axis=0).T).sum())
    even = evenly(spine, max(24, int(34 * total)))
    lock = Lock(swing(even, height, length, phase, begin=begin), width, Comb(1, 0.35, 0.3, 0.05), seed)
    path = Path.polygon(lock.outline())
    first = (begin + 0.25) / total
    hand = 1.0 if phase % (2 * np.pi) < np.pi else -1.0  # it winds one way, so its turns are seen on one side
    cycle = int(total / length) + 2
    s = (np.arange(cycle) + 0.25 * hand - phase / (2 * np.pi)) % cycle * length / total
    s = s[(s > first) & (s < 0.94)][:, None]
    w, ramp = 0.5 * length / total, np.linspace(0, 1, 9)
    turns = lock.at(s + w * (0.95 * ramp - 0.18), -hand * (1.0 - 1.7 * ramp**1.3))
    below = s + w * (1.3 * ramp - 0.18)
    hollow = lock.at(below, -hand * (1.0 - 1.25 * np.sin(np.pi * ramp) ** 0.8))
    shades = np.concatenate([hollow, lock.at(below[:, ::-1], -hand * 1.02)], 1)
    gleams = lock.at(s + w * (0.7 * ramp - 0.45), hand * (0.42 + 0.16 * np.sin(np.pi * ramp)))
    items: list[Item] = []
    colour = light.undyed().at(lock.spine[len(lock.spine) // 2])
    inside: list[Item] = []
    inside.append(Shape(rings_path(shades), Flat(mix(colour, t.shade if not light.dark else t.deep, 0.8))))
    if light.tips is not None:
        inside.append(Shape(path, light.dip()))
    inside.append(Shape(hatch(turns, [STRAND * 1.3, STRAND, 0.002]), Flat(t.line, 0.75)))
    if not light.dark:
        inside.append(Shape(hatch(gleams, [0.002, 0.045, 0.002]), Flat(mix(t.light, t.shine, 0.5), 0.65)))
    items += [Shape(path, Flat(colour)), Group(tuple(inside), path)]
    contour = brush(lock.outline(fade), [0.002, 0.7 * LINE, LINE, LINE, 0.7 * LINE, 0.002])
    return (*items, Shape(contour, Flat(t.line)))
