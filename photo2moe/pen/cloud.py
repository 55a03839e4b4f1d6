"""Coily hair: a cloud of its true size, close to the head or around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.crops import ease
from photo2moe.pen.curls import Light, evenly, number, numbers, scallop, seeded, value_of
from photo2moe.pen.frame import Frame
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, STRAND, Locks
from photo2moe.pen.mop import Mop
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Group, Item, Path, Points, Shape, brush, brushed, clip, columns, shares, through

# Right half of the edge of an afro against the face: from the middle of the forehead to where it leaves the cheek.
FRAME = ((0.0, -1.18), (0.25, -1.15), (0.48, -1.03), (0.66, -0.84), (0.79, -0.58), (0.87, -0.30), (0.915, -0.04))
OVER_EAR = ((0.96, -0.16), (1.04, -0.27), (1.14, -0.28))  # and on, where the ears are free
PAST_EAR = ((0.95, 0.14), (0.965, 0.30), (1.0, 0.44))  # and on, where they are covered
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


def _close(who: Character, head: Head, tones: Tones, part: Part, row: Mapping[str, float]) -> Locks:
    """Hair that lies close on the scalp."""
    top, side, front, bump, fade = (value_of(part, row, key) for key in ("top", "side", "front", "bump", "fade"))
    mop = Mop(who, head, top, side, front, bump, number(part, "depth", low=0, high=1))
    back, under = mop.behind(tones, fade)
    outer, inner = mop.lines(tones, 0.5)
    inside = [
        *draw_relief(mop.ring, mop.middle, tones, mop.seed, 1.4 * bump, int(number(part, "marks", low=0, high=60))),
        *mop.fade(tones, fade),
        mop.roots(tones),
    ]
    light = Light.of(who, tones, 0.0)
    fill = Shape(mop.path, Flat(light.at((0.0, -1.3))))
    return Locks(back, under, (outer, fill, mop.clipped(inside), inner), mop.shadow([], 0.05), mop.top)


def draw_relief(ring: Points, middle: Points, tones: Tones, seed: int, bump: float, marks: int) -> list[Item]:
    """What makes a cloud round: its side in shade, a rim of light at the upper left, and a few curls.

    Args:
        ring: its outline from the left over the top to the right.
        middle: from where it swells.
        tones: of the hair.
        seed: of what is left to chance.
        bump: size of the bumps of the borders of light and shade.
        marks: how many curls.
    """
    chance = seeded(seed, 0x99)
    even = evenly(ring, 90)
    share = shares(90)

    def inset(low: float, high: float, deep: float, offset: float) -> tuple[Points, Points]:
        near = (share >= low) & (share <= high)
        t = (share[near] - low) / (high - low)
        gap = deep * np.sin(np.pi * t) ** 0.7
        outer, inner = (
            even[near] + (middle - even[near]) * offset,
            even[near] + (middle - even[near]) * (offset + gap)[:, None],
        )
        return outer, scallop(inner, bump, 0.28, chance)

    items: list[Item] = []
    outer, inner = inset(0.52, 1.0, 0.24, -0.02)
    items.append(Shape(Path.polygon(np.vstack([outer, inner[::-1]])), Flat(tones.shade, 0.85)))
    outer, inner = inset(0.10, 0.56, 0.20, 0.055)
    items.append(Shape(Path.polygon(np.vstack([outer, inner[::-1]])), Flat(tones.light, 0.75)))
    outer, inner = inset(0.17, 0.42, 0.09, 0.075)
    items.append(Shape(Path.polygon(np.vstack([outer, inner[::-1]])), Flat(mix(tones.light, tones.shine, 0.6), 0.75)))
    lit: list[Points] = []
    dim: list[Points] = []
    step = float(np.hypot(*np.diff(even, axis=0).T).mean())
    for row, (deep, often) in enumerate(((0.20, 0.40), (0.42, 0.34), (0.63, 0.26))):
        count = max(2, round(marks * often)) if marks else 0
        for n in range(count):
            at = 0.06 + 0.88 * (n + 0.5 + 0.25 * (row % 2) + chance.uniform(-0.3, 0.3)) / (count + 0.25)
            inward = deep + chance.uniform(-0.06, 0.06)
            i, long = int(clip(at, 0, 1) * 89), max(2, int(chance.uniform(0.6, 1.1) * bump / (step * (1 - inward))))
            arc = even[max(i - long, 0) : i + long + 1]
            line = scallop(arc + (middle - arc) * inward, 0.85 * bump, 0.42, chance)
            (lit if at < 0.42 and row == 0 else dim).append(line)
    if dim:
        items.append(Shape(brushed(dim, [0.003, 1.2 * STRAND, STRAND, 0.003]), Flat(tones.line, 0.55)))
    if lit:
        items.append(Shape(brushed(lit, [0.003, 1.5 * STRAND, STRAND, 0.003]), Flat(tones.shine, 0.5)))
    return items


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
            Shape(Path.polygon(folds), Flat(mix(tones.deep, tones.line, 0.25))),
            Shape(brush(back, 1.5 * LINE, closed=True), Flat(tones.line)),
        )
        inside = draw_relief(
            ring, middle, tones, ground.seed, 1.15 * self.bump, int(1.6 * number(self.part, "marks", low=0, high=60))
        )
        front: tuple[Item, ...] = (
            Shape(brush(outer, [0.012, 1.6 * LINE, 1.9 * LINE, 1.7 * LINE, 0.012]), Flat(tones.line)),
            Shape(path, Flat(light.at((0.0, -1.2)))),
            Group(tuple(inside), path),
            Shape(brush(edge, [0.006, 0.6 * LINE, 0.4 * LINE, 0.4 * LINE, 0.6 * LINE, 0.006]), Flat(tones.line)),
        )
        return Locks(behind, (), front, frame.shadow([]), float(min(outer[:, 1].min(), back[:, 1].min())))


def _bow(start: Points, end: Points) -> Points:
    """A short curve between two points, that sags."""
    t = shares(12)[:, None]
    return np.asarray(start + (end - start) * t + np.array([0.0, 0.10]) * np.sin(np.pi * t))
