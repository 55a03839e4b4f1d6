"""Single hairs: those that stand off the crown, and short ones along a hairline."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.pen.crown import hairline_of
from photo2moe.pen.ground import Ground
from photo2moe.pen.palette import Tones
from photo2moe.pen.scene import Flat, Item, Points, Shape, brush, brushed, shares, through

EDGE, FINE = (0.05, 0.05, 0.003), (0.004, 0.012, 0.002)  # widths of tufts and of single hairs at a hairline, face units


def draw_flyaways(ground: Ground, tones: Tones) -> tuple[Item, ...]:
    """A few single hairs that stand off the outline of the crown."""
    chance = np.random.RandomState((ground.seed ^ 0x915) & 0xFFFFFFFF)
    dome = ground.dome(count=240)
    middle = dome.mean(0)
    lines: list[Points] = []
    for turn in chance.uniform(0.35, 1.5, chance.randint(1, 4)) * chance.choice((-1, 1), 3)[0]:
        span = np.sign(turn) * chance.uniform(0.28, 0.45) * shares(14)
        ring = np.interp(np.pi + turn + span, np.linspace(0, 2 * np.pi, 241), np.arange(241)) % 240
        rise = 0.99 + chance.uniform(0.03, 0.055) * shares(14) ** 1.5
        base = dome[np.round(ring).astype(int) % 240] - middle
        lines.append(base * rise[:, None] + middle)
    hairs = ground.set(np.concatenate(lines)).reshape(-1, 14, 2)
    return tuple(Shape(brush(hair, [0.004, 0.017, 0.002]), Flat(tones.line, 0.9)) for hair in hairs)


def draw_edge_hairs(ground: Ground, tones: Tones, hairline: ArrayLike) -> tuple[Item, ...]:
    """Short hairs along a hairline from which hair is pulled back, so that it is no hard edge."""
    chance = np.random.RandomState((ground.seed ^ 0x2B9) & 0xFFFFFFFF)
    thick: list[Points] = []
    thin: list[Points] = []
    for side, space in zip((-1, 1), hairline_of(ground, hairline), strict=True):
        half = ground.place(space)
        far = ground.head.yaw * side > 0
        for k in np.linspace(0.05, 0.62, 9) + chance.uniform(-0.03, 0.03, 9):
            if far and k > 0.4:  # hidden behind the far temple
                continue
            i = int(k * (len(half) - 1))
            foot = half[i : i + 2]
            along = foot[1] - foot[0]
            along /= np.hypot(*along) + 1e-9
            out = np.array([-along[1], along[0]]) * side  # towards the face
            deep, long = chance.uniform(0.10, 0.2), chance.uniform(0.015, 0.055)
            bend = along * chance.uniform(0.04, 0.12)
            line = [
                foot[0] - out * deep - bend,
                foot[0] - 0.3 * out * deep - 0.4 * bend,
                foot[0] + out * long + bend,
            ]
            curve = through(line)
            (thick if chance.uniform() < 0.55 else thin).append(curve)
    return (Shape(brushed(thick, EDGE), Flat(tones.base)), Shape(brushed(thin, FINE), Flat(tones.line, 0.5)))
