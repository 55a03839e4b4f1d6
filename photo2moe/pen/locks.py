"""Locks of hair: what one looks like, whatever the hairdo it belongs to.

A lock lies about a middle line, as wide as its width says, and ends in one tip or in several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import (
    Colour,
    Flat,
    Gradient,
    Group,
    Item,
    Paint,
    Path,
    Points,
    Shape,
    brush,
    brushed,
    clip,
    columns,
    shares,
    slopes,
)

SOFTER = 0.65  # share of the hair's own deep tone in lines inside the silhouette
LINE = 0.026  # width of a lock's outline at its tip, face units
STRAND = 0.015  # width of a line inside a lock, face units
GLOSSY = (0.08, 0.6)  # half widths between which a lock has a streak of light, face units
NOTCH, THIN = (0.002, 0.7 * STRAND, 0.002), (0.002, 0.7 * STRAND, 0.002)  # widths of lines inside a lock
EASE = 4  # points to either side over which a lock's width is smoothed
EVENLY = np.ones(2 * EASE + 1) / (2 * EASE + 1)
RISE = shares(9)[1:]  # points of one side of a tip
SIDE = 20  # points along the side of a tip that is away from the light
INNER, OUTER = shares(SIDE) ** 0.8, clip((shares(SIDE) - 0.3) / 0.7, 0, 1) ** 2  # where its edges bend
STEPS = 18  # points of a line inside
DIP = ((0.0, 0.0), (0.25, 0.12), (0.5, 0.42), (0.75, 0.74), (1.0, 0.9))  # how dyed ends set in: share, opacity
FADE = 0.35  # length of a lock at its root that has no outline, face units, so that it grows out of the hair behind

Way = tuple[NDArray[np.float64], NDArray[np.float64]]  # places s and x of a lock, see there


@dataclass(frozen=True, slots=True)
class Locks:
    """Hair, sorted by what lies between its parts.

    Attributes:
        back: behind the neck and the body.
        under: behind the face, before the body: the scalp, sides behind the ears.
        front: before the face.
        shadow: what the front casts onto the face; drawn inside the face only.
        top: the highest v of all, without the outline.
        reach: the furthest that a cloud of hair goes to a side, face units; 0 of hair that hangs.
    """

    back: tuple[Item, ...] = ()
    under: tuple[Item, ...] = ()
    front: tuple[Item, ...] = ()
    shadow: tuple[Item, ...] = ()
    top: float = 0.0
    reach: float = 0.0


@dataclass(frozen=True, slots=True)
class Dye:
    """What locks are painted with.

    Attributes:
        tones: of the hair.
        paint: fills them; the same for all that should melt into one mass.
        tips: colour of the ends, or None.
        fall: v where the ends begin to take on that colour, and where they have it.
    """

    tones: Tones
    paint: Paint
    tips: Colour | None = None
    fall: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Comb:
    """The end of a lock, cut into tips.

    Attributes:
        tips: how many.
        cut: length of the tips, face units.
        lean: where a tip lies across its share of the width: -1 left … 1 right.
        uneven: by how much tips differ in length, face units.
    """

    tips: int = 1
    cut: float = 0.5
    lean: float = 0.0
    uneven: float = 0.12


class Lock:
    """A lock about a middle line, ready to be drawn.

    Args:
        spine: ``(N, 2)`` in the picture, from root to tip.
        width: half width at places spread evenly over its length.
        comb: its end.
        seed: of what is left to chance.
    """

    def __init__(self, spine: Points, width: ArrayLike, comb: Comb, seed: int) -> None:
        self.chance = Random(seed)
        self.spine = spine
        tangent = slopes(spine)
        tangent /= np.hypot(tangent[:, 0], tangent[:, 1])[:, None] + 1e-9
        self.normal = columns([tangent[:, 1], -tangent[:, 0]])
        half, count = np.array(width, float, ndmin=1), len(spine)
        even = np.interp(shares(count), shares(len(half)), half)
        reach = np.minimum(np.maximum(np.arange(-EASE, count + EASE), 0), count - 1)
        self.half = np.convolve(even[reach], EVENLY, mode="valid")
        self._places = np.concatenate([spine, self.normal, self.half[:, None]], 1)
        self.comb = comb
        steps = spine[1:] - spine[:-1]
        self.length = max(float(np.hypot(steps[:, 0], steps[:, 1]).sum()), 1e-6)
        self._cut()

    def at(self, s: ArrayLike, x: ArrayLike) -> Points:
        """Points of the lock: ``s`` from 0 at the root to 1 at the tip, ``x`` from -1 (left edge) to 1 (right edge)."""
        place = clip(s, 0.0, 1.0) * (len(self.spine) - 1)
        i = np.minimum(place.astype(int), len(self.spine) - 2)
        f = (place - i)[..., None]
        mixed = self._places[i] * (1 - f) + self._places[i + 1] * f
        return np.asarray(mixed[..., :2] + mixed[..., 2:4] * (mixed[..., 4] * x)[..., None])

    def lay(self, ways: Sequence[Way]) -> list[Points]:
        """Points of several ways at once, far faster than of one after the other."""
        points = self.at(np.concatenate([s for s, _ in ways]), np.concatenate([x for _, x in ways]))
        ends = np.cumsum([len(s) for s, _ in ways]).tolist()
        return [points[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def _cut(self) -> None:
        """Where the tips and the notches between them lie, as ``(s, x)``."""
        comb, chance = self.comb, self.chance
        uneven, cut = min(comb.uneven / self.length, 0.4), min(comb.cut / self.length, 0.9)
        parts = np.array([chance.uniform(0.65, 1.35) for _ in range(comb.tips)])
        borders = np.append(-1.0, -1.0 + 2 * np.cumsum(parts) / parts.sum())
        ends = np.array([1 - uneven * chance.random() for _ in range(comb.tips)])
        ends[chance.randrange(comb.tips)] = 1.0
        middles, halves = (borders[1:] + borders[:-1]) / 2, np.diff(borders) / 2
        self.tips = [(float(e), float(m + h * comb.lean)) for e, m, h in zip(ends, middles, halves, strict=True)]
        low = np.minimum(np.append(ends[0], ends), np.append(ends, ends[-1]))
        inner = [cut * chance.uniform(0.55, 1.0) for _ in range(comb.tips - 1)]
        depth = np.array([cut, *inner, cut])
        self.notches = [(float(max(e - d, 0.02)), float(b)) for e, d, b in zip(low, depth, borders, strict=True)]

    def round(self, fade: float = 0.0) -> Way:
        """Round the lock from its left root by the tips to its right root; without a length of it at the root."""
        s0, x0 = self.notches[0]
        begin, count = min(fade / self.length, s0 * 0.9), 10 + int(9 * self.length)
        round_s, round_x = [begin + (s0 - begin) * shares(count)], [np.full(count, -1.0)]
        for (s, x), (s1, x1) in zip(self.tips, self.notches[1:], strict=True):
            round_s += [s0 + (s - s0) * RISE, s1 + (s - s1) * RISE[-2::-1], np.array([s1])]
            round_x += [x0 + (x - x0) * RISE**2, x1 + (x - x1) * RISE[-2::-1] ** 2, np.array([x1])]
            s0, x0 = s1, x1
        round_s.append(s0 + (min(fade / self.length, s0 * 0.9) - s0) * shares(count)[1:])
        round_x.append(np.ones(count - 1))
        return np.concatenate(round_s), np.concatenate(round_x)

    def flanks(self) -> list[Way]:
        """Round the side of each tip that is away from the light."""
        found = []
        for (s, x), (_, x0), (s1, x1) in zip(self.tips, self.notches, self.notches[1:], strict=False):
            top = max(s1 - 0.6, 0.12)
            along = top + (s - top) * shares(SIDE)
            inner = x1 + (x1 - x0) * 0.02 + (x - 0.10 * (x1 - x0) - x1) * INNER
            outer = x1 + 0.02 + (x - x1) * OUTER
            found.append((np.concatenate([along, along[::-1]]), np.concatenate([inner, outer[::-1]])))
        return found

    def gloss(self) -> Way:
        """Along a streak of light on the lit side of its middle."""
        first, last = self.chance.uniform(0.10, 0.3), self.chance.uniform(0.6, 0.85)
        return first + (last - first) * shares(20), np.full(20, self.chance.uniform(-0.6, -0.3))

    def lines(self, strands: int) -> list[Way]:
        """Along lines inside: one up from each notch, and others by chance."""
        found = []
        for s, x in self.notches[1:-1]:
            top = max(s - self.chance.uniform(0.3, 0.7) / self.length, 0.08)
            found.append((top + (s - top) * shares(STEPS), np.full(STEPS, x)))
        for _ in range(strands):
            s, x, length = (
                self.chance.uniform(0.12, 0.4),
                self.chance.uniform(-0.7, 0.7),
                self.chance.uniform(0.25, 0.45),
            )
            found.append((s + (min(s + length, 0.8) - s) * shares(STEPS), x * (1 - 0.2 * shares(STEPS))))
        return found


def dip(colour: Colour, fall: tuple[float, float]) -> Gradient:
    """What is painted over hair whose ends have another colour: it sets in slowly between the two v of ``fall``."""
    stops = tuple((share, colour, opacity) for share, opacity in DIP)
    return Gradient((0, fall[0]), (0, fall[1]), stops)


def draw_comb(
    lock: Lock, dye: Dye, *, strands: int = 1, fade: float = FADE, line: float = LINE, dark: float = 0.0
) -> tuple[tuple[Item, ...], Points, Points]:
    """A lock about a middle line: its fill, its sides away from the light, strands, outline.

    Args:
        lock: where it lies.
        dye: what it is painted with.
        strands: lines inside, besides those between its tips.
        fade: length at the root without an outline.
        line: width of the outline, face units.
        dark: 0 … 1 how far it lies in the shade of others.

    Returns:
        Its items, its contour, and that without :data:`FADE` at the root.
    """
    tones, flanks = dye.tones, lock.flanks()
    gloss = [lock.gloss()] if not dark and GLOSSY[0] < lock.half.max() < GLOSSY[1] else []
    lines, notches = lock.lines(strands), len(lock.notches) - 2
    light = np.array([max(0.45, 1 - 0.9 / lock.length), 1.0]), np.zeros(2)
    whole, edge, cast, ends, *rest = lock.lay(
        [lock.round(), lock.round(fade), lock.round(FADE), light, *flanks, *gloss, *lines]
    )
    path = Path.polygon(whole)
    (u0, v0), (u1, v1) = ends.tolist()
    inside: list[Item] = [Shape(path, Gradient((u0, v0), (u1, v1), ((0, tones.light, 0.0), (1, tones.light, 0.6))))]
    if dye.tips is not None:
        inside.append(Shape(path, dip(dye.tips, dye.fall)))
    if dark:
        inside.append(Shape(path, Flat(tones.shade, dark)))
    inside.append(Shape(Path.rings(rest[: len(flanks)]), Flat(tones.shade, 0.55)))
    if gloss:
        streak = brush(rest[len(flanks)], [0.002, 0.45 * float(lock.half.max()), 0.002])
        inside.append(Shape(streak, Flat(tones.light, 0.4)))
    drawn = rest[len(flanks) + len(gloss) :]
    for some, widths, colour, opacity in (
        (drawn[:notches], NOTCH, tones.line, 0.7),
        (drawn[notches:], THIN, tones.deep, 0.55),
    ):
        if some:
            inside.append(Shape(brushed(some, widths), Flat(colour, opacity)))
    contour = brush(edge, [0.002, 0.7 * line, line, line, line, 0.7 * line, 0.002])
    return (
        (
            Shape(path, dye.paint),
            Group(tuple(inside), path),
            Shape(contour, Flat(mix(tones.line, tones.deep, 0.0 if line >= LINE else SOFTER))),
        ),
        whole,
        cast,
    )
