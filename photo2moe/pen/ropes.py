"""Braids and locs: what one looks like, and how it runs over the head and hangs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.pen.curls import Light, evenly, hatch, seeded
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Points3
from photo2moe.pen.locks import LINE, STRAND, Comb, Lock
from photo2moe.pen.palette import mix
from photo2moe.pen.scene import Flat, Item, Path, Points, Shape, bezier, brush, clip, shares

THIN = 0.8  # width of the outline of a rope over that of a lock
LOBE = 2.6  # length of one turn of a braid, in half widths
BULGE = 0.16  # share of the half width by which a braid's turns stand out
SEGMENT = 3.4  # length between two marks on a loc, in half widths


def hang(ground: Ground, way: Points3, low: float, drift: tuple[float, float] = (0.0, 0.0)) -> Points3:
    """A way over the head, and on from its end straight down to ``low``, in space.

    Args:
        ground: where it lies.
        way: over the head, ``(N, 3)``.
        low: v of its tip.
        drift: how far the tip lies to the right and to the front of where it would hang.
    """
    end, along = way[-1], way[-1] - way[-3]
    along = along / (np.linalg.norm(along) + 1e-9)
    fall = max(low - float(end[1]), 0.05)
    tip = end + np.array((drift[0], fall, drift[1]))
    reach = min(0.35 * fall, 0.3)
    return np.vstack(
        [
            way,
            bezier(end, end + along * reach, end + np.array([0.6 * drift[0], 0.45 * fall, 0.6 * drift[1]]), tip, 30)[
                1:
            ],
        ]
    )


def draw_braid(middle: Points, width: ArrayLike, light: Light, seed: int, *, cut: bool = False) -> tuple[Item, ...]:
    """One thin plait.

    Args:
        middle: ``(N, 2)`` in the picture, from root to tip.
        width: half widths spread evenly over its length.
        light: its colours.
        seed: of what is left to chance.
        cut: it does not end where the middle line does, but goes on where it is not seen.
    """
    lock = _lock(middle, width, seed)
    half = float(np.mean(lock.half))
    count = max(2, round(lock.length / (LOBE * half)))
    s = np.append(shares(8 * count + 1)[:-1], 1 - np.array([0.5, 0.25, 0.1, 0.03, 0.0]) / (8 * count))
    end = _round(s, lock.length / half, cut)

    def side(sign: float, phase: float) -> Points:
        return lock.at(s, sign * end * (1 - BULGE + 2 * BULGE * np.abs(np.sin(np.pi * (s * count + phase)))))

    left, right = side(1.0, 0.0), side(-1.0, 0.5)
    ramp = shares(6)
    k = np.arange(count)[:, None]
    sign = np.repeat([[1.0], [-1.0]], count, 0)
    at = (np.vstack([k, k + 0.5]) + 0.02 + 0.92 * ramp) / count
    before = at[:, -1] < 1 - 0.5 * half / lock.length
    lines = lock.at(at, sign * (0.98 - 1.25 * ramp**0.85))[before]
    gleams = lock.at((k + 0.24 + 0.4 * ramp) / count, 0.42 + 0.1 * np.sin(np.pi * ramp))
    return _rope(lock, left, right, lines, gleams, light)


def draw_loc(middle: Points, width: ArrayLike, light: Light, seed: int) -> tuple[Item, ...]:
    """One loc: a round rope, a little uneven, with a round tip and short marks across it; see :func:`draw_braid`."""
    lock = _lock(middle, width, seed)
    half, chance = float(np.mean(lock.half)), seeded(seed, 0x3F)
    count = max(2, round(lock.length / (SEGMENT * half)))
    s = np.append(shares(8 * count + 1)[:-1], 1 - np.array([0.5, 0.25, 0.1, 0.03, 0.0]) / (8 * count))
    end = _round(s, lock.length / half, True) * clip(0.5 + s * lock.length / half, 0, 1)
    bumps = [np.interp(s, shares(2 * count + 1), chance.uniform(0.9, 1.1, 2 * count + 1)) for _ in range(2)]
    left, right = lock.at(s, end * bumps[0]), lock.at(s, -end * bumps[1])
    ramp = shares(6)
    k = np.arange(1, count)[:, None]
    at = (k + chance.uniform(-0.25, 0.25, (count - 1, 1))) / count
    bow = 0.55 * half / lock.length
    lines = lock.at(at + bow * np.sin(np.pi * 0.6 * ramp), np.where(k % 2, 1.0, -1.0) * (0.97 - 1.15 * ramp))
    gleams = lock.at(at + (0.2 + 0.5 * ramp) / count, 0.48 + 0.1 * np.sin(np.pi * ramp))
    return _rope(lock, left, right, lines, gleams, light)


def _round(s: Points, length: float, blunt: bool) -> Points:
    """Widths of a rope at its end, as shares: round if blunt, else tapered; its length is in half widths."""
    x = clip((1 - s) * length / (1.0 if blunt else 2.2), 0, 1)
    return np.asarray(np.sqrt(1 - (1 - x) ** 2) if blunt else x**0.6)


def _lock(middle: Points, width: ArrayLike, seed: int) -> Lock:
    length = float(np.hypot(*np.diff(middle, axis=0).T).sum())
    return Lock(evenly(middle, max(12, int(30 * length))), width, Comb(), seed)


def _rope(
    lock: Lock, left: Points, right: Points, lines: NDArray[np.float64], gleams: NDArray[np.float64], light: Light
) -> tuple[Item, ...]:
    """Fill, the side away from the light, the marks on it, light, outline."""
    t = light.tones
    colour = light.undyed().at(lock.spine[len(lock.spine) // 2])
    outward = lock.normal[len(lock.normal) // 2]
    near, far = (left, right) if float(outward @ (-0.6, -0.8)) > -0.35 else (right, left)
    shade = np.vstack([far, (0.66 * far + 0.34 * near)[::-1]])
    items: list[Item] = [
        Shape(Path.polygon(np.vstack([left, right[::-1]])), Flat(colour)),
        Shape(Path.polygon(shade), Flat(mix(colour, t.deep if light.dark else t.shade, 0.8))),
    ]
    if light.tips is not None:
        items.append(Shape(Path.polygon(np.vstack([left, right[::-1]])), light.dip()))
    items.append(Shape(hatch(lines, [1.1 * STRAND, STRAND, 0.4 * STRAND]), Flat(t.line, 0.8)))
    if not light.dark:
        items.append(
            Shape(hatch(gleams, [0.004, 0.42 * float(lock.half.mean()), 0.004]), Flat(mix(t.light, t.shine, 0.55), 0.7))
        )
    edge = np.vstack([left, right[::-1]])
    items.append(Shape(brush(edge, [0.004, THIN * LINE, THIN * LINE, THIN * LINE, 0.004]), Flat(t.line)))
    return tuple(items)
