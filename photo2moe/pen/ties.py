"""What tied hair is made of besides locks: balls of hair, plaits, and the ties that hold them."""

from __future__ import annotations

import numpy as np

from photo2moe.pen.locks import LINE, STRAND, Comb, Dye, Lock, draw_comb
from photo2moe.pen.palette import Tones
from photo2moe.pen.scene import Flat, Group, Item, Path, Points, Shape, brush, columns, shares, through

LOBE = 0.30  # length of one lobe of a plait, face units
# One lobe of a plait on its right: (share of its length, place across its half width).
_LOBE = (
    (-0.15, -0.25),
    (0.10, 0.55),
    (0.45, 0.98),
    (0.85, 0.92),
    (1.20, 0.35),
    (1.32, -0.30),
    (0.95, -0.45),
    (0.40, -0.50),
)


def draw_ball(centre: Points, half: tuple[float, float], dye: Dye, seed: int, turn: float = 0.0) -> tuple[Item, ...]:
    """A bun: a ball of hair that is wound round.

    Args:
        centre: ``(2,)`` in the picture.
        half: half width and half height.
        dye: what it is painted with.
        seed: of what is left to chance.
        turn: by which it is turned, radians.
    """
    chance = np.random.RandomState(seed % (1 << 32))
    tones = dye.tones
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def around(
        radius: float,
        first: float,
        last: float,
        shift: tuple[float, float] = (0, 0),
        count: int = 40,
        wobble: float = 0.0,
    ) -> Points:
        t = np.radians(np.linspace(first, last, count))
        r = radius * (1 + wobble * (np.sin(3 * t + phase) + 0.6 * np.sin(5 * t - phase)))
        return np.asarray((columns([np.cos(t), np.sin(t)]) * r[:, None] + shift) * half @ rotation + centre)

    phase = chance.uniform(0, 6.28)
    outline = around(1.0, 0, 360, wobble=0.018, count=60)[:-1]
    path = Path.polygon(outline)
    inside: list[Item] = [Shape(Path.polygon(around(1.0, 0, 360, (-0.16, -0.15), 50)), dye.paint)]
    for n, (radius, first, last) in enumerate(
        ((0.80, 150, 330), (0.74, -20, 130), (0.52, 60, 260), (0.40, -110, 60), (0.95, 20, 75))
    ):
        way = around(radius, first + chance.uniform(-15, 15), last + chance.uniform(-15, 15), (0.05 * (n % 2), 0.04))
        way = way + (shares(len(way))[:, None] ** 2) * (centre - way) * 0.35
        inside.append(
            Shape(brush(way, [0.003, STRAND * 1.2, STRAND, 0.002]), Flat(tones.line if n < 3 else tones.deep, 0.75))
        )
    shine = np.vstack(
        [around(0.74, 195, 285, (-0.03, -0.02), 16), around(0.60, 285, 195, (-0.03, 0.02), 9, wobble=0.05)]
    )
    inside.append(Shape(Path.polygon(shine), Flat(tones.shine, 0.6)))
    return (
        Shape(path, Flat(tones.shade)),
        Group(tuple(inside), path),
        Shape(brush(outline, LINE * 1.05, closed=True), Flat(tones.line)),
    )


def draw_band(points: Points, width: float, tones: Tones) -> tuple[Item, ...]:
    """A hair tie: a short band through two points, bulging a little."""
    a, b = points[0], points[1]
    along = b - a
    normal = np.array([-along[1], along[0]]) / (np.hypot(*along) + 1e-9)
    t = shares(12)[:, None]
    line = a + along * t + normal * (0.18 * width * np.sin(np.pi * t))
    return (
        Shape(brush(line, [width * 0.9 + LINE, width + 1.6 * LINE, width * 0.9 + LINE]), Flat(tones.line)),
        Shape(brush(line[:], [width * 0.82, width, width * 0.82]), Flat(tones.base)),
        Shape(brush(line[1:6] - normal * width * 0.12, [0.002, width * 0.3, 0.002]), Flat(tones.light)),
    )


def draw_plait(spine: Points, width: Points, dye: Dye, tie: Tones, seed: int) -> tuple[Item, ...]:
    """A braid along a middle line, with a tie and a tuft at its end.

    Args:
        spine: ``(N, 2)`` in the picture, from root to tip.
        width: half widths spread evenly over its length.
        dye: what it is painted with.
        tie: of the tie.
        seed: of what is left to chance.
    """
    tones = dye.tones
    lock = Lock(spine, width, Comb(), seed)
    tuft = min(0.34 / lock.length, 0.4)  # share of the length below the tie
    count = max(4, round(lock.length * (1 - tuft) / (0.5 * LOBE)))
    step = (1 - tuft) / (count + 0.7)
    items: list[Item] = []
    first = int((1 - tuft) * (len(spine) - 1))
    tail = Lock(
        spine[first:],
        np.array([0.4, 0.75, 0.7, 0.6]) * float(lock.half[first]) * 1.1,
        Comb(3, 0.16, 0.2, 0.06),
        seed + 5,
    )
    items += draw_comb(tail, dye, strands=1, fade=0.0)[0]
    for n in reversed(range(count)):
        side = 1 if n % 2 else -1
        local = np.array(_LOBE)
        path = Path.spline(lock.at(n * step + local[:, 0] * step * 1.75, side * local[:, 1]), closed=True)
        outline = path.flatten()[0]
        core = lock.at(
            n * step + np.array([0.2, 0.55, 0.95, 1.2]) * step * 1.75, side * np.array([0.2, 0.55, 0.5, 0.1])
        )
        low = lock.at(
            n * step + np.array([0.55, 0.95, 1.25, 1.4, 1.1]) * step * 1.75,
            side * np.array([1.1, 1.0, 0.4, -0.4, 0.25]),
        )
        inside: list[Item] = [Shape(Path.spline(low, closed=True), Flat(tones.shade, 0.75))]
        if dye.tips is not None and n * step > 0.5:
            inside.append(Shape(path, Flat(dye.tips, min(1.0, (n * step - 0.5) * 3))))
        inside.append(Shape(brush(through(core), [0.002, STRAND, 0.002]), Flat(tones.deep, 0.8)))
        light = lock.at(n * step + np.array([0.15, 0.4, 0.7]) * step * 1.75, side * np.array([0.45, 0.75, 0.78]))
        inside.append(Shape(brush(through(light), [0.002, 0.05, 0.002]), Flat(tones.light, 0.9)))
        items += [
            Shape(path, dye.paint),
            Group(tuple(inside), path),
            Shape(brush(outline[:-1], 0.85 * LINE, closed=True), Flat(tones.line)),
        ]
    ends = lock.at(np.array([1 - tuft, 1 - tuft]), np.array([-0.55, 0.55]))
    items += draw_band(ends, 0.085, tie)
    return tuple(items)
