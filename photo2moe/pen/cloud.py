"""Coily hair: a cloud of its true size, close to the head or around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.crops import ease
from photo2moe.pen.curls import Light, evenly, hatch, number, numbers, scallop, seeded, value_of
from photo2moe.pen.frame import Frame
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, Locks
from photo2moe.pen.mop import Mop
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Gradient, Group, Item, Path, Points, Shape, brush, clip, columns, shares, through

# Right half of the edge of an afro against the face: from the middle of the forehead to where it leaves the cheek.
FRAME = ((0.0, -1.09), (0.25, -1.06), (0.48, -0.96), (0.66, -0.80), (0.79, -0.57), (0.87, -0.30), (0.915, -0.04))
OVER_EAR = ((0.96, -0.16), (1.04, -0.27), (1.14, -0.28))  # and on, where the ears are free
PAST_EAR = ((0.95, 0.14), (0.965, 0.30), (1.0, 0.44))  # and on, where they are covered
CORNER, TEMPLE = 33.0, 42.0  # degrees from the front: corner of a sharp hairline, and where it meets the temple
FULL = 0.08  # by which a woman's round hairline lies lower than that of hair combed back, face units
FLAT = 0.09  # by how much it falls to its corner, face units
FADE = (-0.85, -0.25)  # v from which the sides are shorter, and where they are shortest
LIT = (0.36, 0.24)  # where light falls on a cloud, as shares of its box
LOW = (1.45, 0.34)  # half width and v where the cloud's front ends below, outwards of that


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """A cloud of coils.

    Raises:
        KitError: the kit's texture is broken.
    """
    part = kit.get("texture", who.hair.texture)
    kind = _kind(who)
    row = numbers(part, "sizes", kind)
    if "radius" in row:
        return _Afro(who, head, tones, part, row).draw()
    return _close(who, head, tones, part, row)


def _kind(who: Character) -> str:
    """The word for the size of a cloud."""
    if who.hair.length != "short":
        return who.hair.length
    high = who.hair.front == "up" and who.person.look == "m"
    return "high" if high else "short_f" if who.person.look != "m" else "short"


class _Cap(Mop):
    """Coily hair cut close, with a sharp hairline if it is a man's that does not recede."""

    def _lower(self) -> Points:
        both = super()._lower()
        a = np.abs(both[:, 0])
        if self.who.hair.front == "receding":
            return both
        if self.who.person.look != "m":
            return columns([both[:, 0], both[:, 1] + FULL * ease(a, 46.0, 15.0)])
        flat = self.head.size.hairline - 0.17 + FLAT * (a / CORNER) ** 2
        share = clip((a - CORNER) / (TEMPLE - CORNER), 0, 1)
        down = np.interp(TEMPLE, *both[both[:, 0] > 0].T)
        return columns(
            [both[:, 0], np.where(a > TEMPLE, both[:, 1], np.where(a < CORNER, flat, flat + (down - flat) * share))]
        )


def _close(who: Character, head: Head, tones: Tones, part: Part, row: Mapping[str, float]) -> Locks:
    """Hair that lies close on the scalp."""
    top, side, front, bump, fade = (value_of(part, row, key) for key in ("top", "side", "front", "bump", "fade"))
    cap = _Cap(who, head, top, side, front, bump, number(part, "depth", low=0, high=1))
    back, under = cap.behind(tones, fade)
    _, inner = cap.lines(tones, 0.45)
    inside = draw_relief(cap.ring, cap.middle, tones, cap.seed, bump, number(part, "marks", low=0, high=200))
    if fade:
        inside.append(_fade(cap, tones, fade))
    whole = np.vstack([cap.edge[:1], cap.ring, cap.edge[-1:]])
    outer = draw_fuzz(whole, tones, cap.seed, 0.9 * bump)
    fill = Shape(cap.path, Flat(tones.base))
    return Locks(back, under, (*outer, fill, cap.clipped(inside), inner), cap.shadow([], 0.045), cap.top)


def _fade(cap: Mop, tones: Tones, strength: float) -> Item:
    """Sides that are shorter the lower they lie, so that the skin is seen through them."""
    ends = cap.head.tilt(np.array([[0.0, FADE[0]], [0.0, FADE[1]]]))
    near, far = ((float(u), float(v)) for u, v in ends)
    colour = mix(tones.base, cap.skin.shade, 0.8)
    return Shape(
        cap.path, Gradient(near, far, ((0.0, colour, 0.0), (0.5, colour, 0.55 * strength), (1.0, colour, strength)))
    )


def draw_fuzz(line: Points, tones: Tones, seed: int, size: float) -> tuple[Item, ...]:
    """The soft outline of coils, to be drawn before their fill: a line, and the ends of small curls along it.

    Args:
        line: the outline, clockwise.
        tones: of the hair.
        seed: of what is left to chance.
        size: of a curl, face units.
    """
    chance = seeded(seed, 0x2D)
    steps = np.append(0.0, np.cumsum(np.hypot(*np.diff(line, axis=0).T)))
    count = max(2, int(float(steps[-1]) / (0.55 * size)))
    at = (np.arange(count) + chance.uniform(0.1, 0.9, count)) * (float(steps[-1]) / count)
    place = columns([np.interp(at, steps, line[:, i]) for i in (0, 1)])
    ahead = columns([np.interp(at + 0.1, steps, line[:, i]) - np.interp(at - 0.1, steps, line[:, i]) for i in (0, 1)])
    heading = np.arctan2(-ahead[:, 0], ahead[:, 1]) + chance.uniform(-0.5, 0.5, count)
    turn, long = (
        chance.choice((-1, 1), count) * chance.uniform(2.2, 4.6, count),
        size * chance.uniform(0.7, 1.5, count),
    )
    t = shares(7)
    angle = heading[:, None] + turn[:, None] * t
    step = np.stack([np.cos(angle), np.sin(angle)], -1) * (long / 6)[:, None, None]
    hairs = (place - 0.25 * step[:, 0] * 6)[:, None] + np.cumsum(step, 1)
    colour = Flat(mix(tones.line, tones.deep, 0.35))
    return (
        Shape(hatch(hairs, [0.3 * size, 0.26 * size, 0.12 * size]), colour),
        Shape(brush(line, [0.02, 1.3 * LINE, 1.5 * LINE, 1.4 * LINE, 0.02]), colour),
    )


def draw_relief(ring: Points, middle: Points, tones: Tones, seed: int, bump: float, marks: float) -> list[Item]:
    """What makes a cloud round: light from the upper left, its side in shade, and small coils; to be clipped by it.

    Args:
        ring: its outline.
        middle: from where it swells.
        tones: of the hair.
        seed: of what is left to chance.
        bump: size of a coil, face units.
        marks: coils on a square face unit.
    """
    low, high = ring.min(0), ring.max(0)
    wide, tall = high - low
    size = float(max(wide, tall))
    u, v = float(low[0] + LIT[0] * wide), float(low[1] + LIT[1] * tall)
    every = Path.polygon(np.array([low - 1, (high[0] + 1, low[1] - 1), high + 1, (low[0] - 1, high[1] + 1)]))
    glow = mix(tones.base, tones.light, 0.8)
    items: list[Item] = [
        Shape(
            every,
            Gradient(
                (u, v),
                (u, v),
                ((0.0, tones.shade, 0.0), (0.5, tones.shade, 0.0), (0.8, tones.shade, 0.8), (1.0, tones.deep, 0.9)),
                1.05 * size,
            ),
        ),
        Shape(every, Gradient((u, v), (u, v), ((0.0, glow, 0.8), (0.5, glow, 0.35), (1.0, glow, 0.0)), 0.5 * size)),
    ]
    if not marks:
        return items
    chance = seeded(seed, 0x99)
    gap = max(4.5 * bump, 0.3)
    for puff in _scattered(low, high, gap, chance):
        aside = puff + np.array([0.45, 0.55]) * gap
        for (x, y), colour, opacity in ((puff, tones.light, 0.12), (aside, tones.deep, 0.16)):
            stops = ((0.0, colour, opacity), (0.5, colour, 0.6 * opacity), (1.0, colour, 0.0))
            items.append(Shape(_disc((x, y), gap), Gradient((x, y), (x, y), stops, 0.62 * gap)))
    at = _scattered(low, high, marks**-0.5, chance)
    t = shares(9)
    start, turn = (
        chance.uniform(0, 2 * np.pi, len(at)),
        chance.choice((-1, 1), len(at)) * chance.uniform(2.4, 4.6, len(at)),
    )
    angle = start[:, None] + turn[:, None] * t
    radius = bump * chance.uniform(0.22, 0.5, len(at))[:, None] * (1 - 0.35 * t)
    coils = at[:, None] + np.stack([np.cos(angle), np.sin(angle)], -1) * radius[..., None]
    far = np.hypot(*(at - (u, v)).T) / size + chance.uniform(-0.06, 0.06, len(at))
    for first, last, colour, opacity in (
        (-1.0, 0.30, mix(tones.light, tones.shine, 0.5), 0.5),
        (0.30, 0.55, tones.light, 0.75),
        (0.2, 0.62, tones.deep, 0.55),
        (0.62, 9.0, mix(tones.deep, tones.line, 0.4), 0.5),
    ):
        near = (far >= first) & (far < last) & ((chance.uniform(0, 1, len(at)) < 0.5) | (last > 1) | (first < 0))
        items.append(Shape(hatch(coils[near], [0.03 * bump, 0.24 * bump, 0.03 * bump]), Flat(colour, opacity)))
    return items


def _scattered(low: Points, high: Points, gap: float, chance: np.random.RandomState) -> Points:
    """Points of a box, about as far apart as ``gap``, ``(N, 2)``."""
    count = [int(x) + 2 for x in (high - low) / (gap, 0.87 * gap)]
    i, j = (x.ravel() for x in np.meshgrid(*(np.arange(n) for n in count)))
    return np.asarray(
        low + columns([i + 0.5 * (j % 2) - 0.5, 0.87 * j]) * gap + chance.uniform(-0.3, 0.3, (len(i), 2)) * gap
    )


def _disc(middle: tuple[float, float], radius: float) -> Path:
    """A square that holds a disc: what fills it fades out before its edge."""
    return Path.polygon(np.array(middle) + np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * radius)


class _Afro:
    """A cloud that stands around the head."""

    def __init__(self, who: Character, head: Head, tones: Tones, part: Part, row: Mapping[str, float]) -> None:
        self.who, self.head, self.tones, self.part = who, head, tones, part
        self.ground = Ground(who, head)
        self.bump, self.covered = value_of(part, row, "bump"), value_of(part, row, "covered") > 0
        radius, tall, self.level = (value_of(part, row, key) for key in ("radius", "tall", "level"))
        grown = 1 + 0.04 * who.hair.volume  # the outline widens it too
        up = who.hair.front == "up"
        self.half = np.array([radius * (0.95 if up else 1.0), tall * (1.06 if up else 1.0), 0.9 * radius]) * grown
        self.level = self.level - (0.06 if up else 0.0)
        self.wide = value_of(part, row, "wide")

    def outline(self, count: int = 160) -> Points:
        """The whole outline, clockwise from below, untilted."""
        ground = self.ground
        axes = ground.flat(np.diag(self.half)) - ground.flat(np.zeros((1, 3)))
        middle = ground.flat(np.array([[0.0, self.level, -0.12]]))[0]
        value, vector = np.linalg.eigh(axes.T @ axes)
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        circle = columns([-np.sin(angle), np.cos(angle)])
        chance = seeded(ground.seed, 0x44)
        r = np.ones(count)
        for k in (2, 3, 5):
            r += 0.022 * chance.uniform(0.3, 1) * np.sin(k * angle + chance.uniform(0, 6.28))
        shape = circle * r[:, None] @ (vector @ np.diag(np.sqrt(value)) @ vector.T)
        shape[:, 0] *= 1 + self.wide * ease(shape[:, 1], -1.2, 0.6)
        return np.asarray(shape + middle)

    def half_frame(self, side: int) -> Points:
        """The edge against the face on one side, from the middle of the forehead down, in space."""
        points = np.array((*FRAME, *(PAST_EAR if self.covered else OVER_EAR)))
        word = self.who.hair.front
        if word == "full":
            points[:, 1] += 0.48 * ease(points[:, 0], 0.75, 0.3) + 0.12 * ease(points[:, 0], 0.9, 0.6)
        elif word[-2:] in ("_l", "_r"):
            heavy = 1 if word.endswith("_r") else -1
            points[:, 1] += (0.13 if side == heavy else -0.02) * ease(np.abs(points[:, 0] - 0.55), 0.5, 0.0)
        elif word == "receding":
            points[:, 1] -= 0.12 * ease(np.abs(points[:, 0] - 0.5), 0.4, 0.0)
        curve = through(points)
        return self.ground.lay(self.ground.fit(curve * (side, 1)))

    def draw(self) -> Locks:
        """All of it."""
        ground, tones = self.ground, self.tones
        chance = seeded(ground.seed, 0x52)
        light = Light.of(self.who, tones, self.level + self.half[1])
        whole = self.outline()
        frame = Frame(ground, (self.half_frame(-1), self.half_frame(1)))
        low = (LOW[1] if self.covered else -0.2) + 0.1 * chance.uniform(-1, 1)
        over = frame.above(whole, low)
        depth = number(self.part, "depth", low=0, high=1)
        outer = np.vstack([_bow(frame.left[-1], over[0]), over[1:-1], _bow(over[-1], frame.right[-1])])
        outer = ground.set(scallop(evenly(outer, 240), self.bump, depth, chance))
        edge = ground.set(scallop(evenly(frame.edge(), 120), 0.5 * self.bump, 0.5 * depth, chance))
        path = Path.polygon(np.vstack([outer, edge]))
        back = ground.set(scallop(whole, self.bump, depth, chance, closed=True))
        middle = ground.set(np.array([[float(whole[:, 0].mean()), self.level + 0.25]]))[0]
        ring = ground.set(over)
        dark = mix(tones.shade, tones.deep, 0.45)
        folds = ground.set(
            scallop(
                evenly(0.80 * (whole - whole.mean(0)) + whole.mean(0) + (0.04, 0.05), 100),
                self.bump,
                0.3,
                chance,
                closed=True,
            )
        )
        behind = (
            Shape(Path.polygon(back), Flat(dark)),
            Shape(Path.polygon(folds), Flat(mix(dark, tones.deep, 0.75))),
            *draw_fuzz(np.vstack([back, back[:1]]), tones, ground.seed + 1, 0.4 * self.bump),
        )
        marks = number(self.part, "marks", low=0, high=200)
        inside = draw_relief(ring, middle, tones, ground.seed, 0.7 * self.bump, 0.35 * marks)
        ends = Gradient((0.0, low - 1.0), (0.0, low), ((0.0, dark, 0.0), (0.6, dark, 0.4), (1.0, dark, 1.0)))
        inside.append(Shape(path, ends))
        front: tuple[Item, ...] = (
            *draw_fuzz(outer, tones, ground.seed, 0.4 * self.bump),
            Shape(path, Flat(light.at((0.0, -1.2)))),
            Group(tuple(inside), path),
            Shape(brush(edge, [0.006, 0.5 * LINE, 0.35 * LINE, 0.35 * LINE, 0.5 * LINE, 0.006]), Flat(tones.line, 0.7)),
        )
        highest = float(min(outer[:, 1].min(), back[:, 1].min()))
        return Locks(behind, (), front, frame.shadow([]), highest, float(np.abs(outer[:, 0]).max()))


def _bow(start: Points, end: Points) -> Points:
    """A short curve between two points, that sags."""
    t = shares(12)[:, None]
    return np.asarray(start + (end - start) * t + np.array([0.0, 0.10]) * np.sin(np.pi * t))
