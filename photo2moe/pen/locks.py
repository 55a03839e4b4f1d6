"""Locks of hair: what one looks like, whatever the hairdo it belongs to.

A lock lies about a middle line, as wide as its width says, and ends in one tip or in several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.pen.palette import Tones
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Paint, Path, Points, Shape, brush

LINE = 0.026  # width of a lock's outline at its tip, face units
STRAND = 0.015  # width of a line inside a lock, face units
GLOSSY = 0.08  # half width from which a lock has a streak of light, face units
NOTCH, THIN = (0.002, 0.5 * STRAND, STRAND), (0.002, 0.7 * STRAND, 0.002)  # widths of lines inside a lock
EASE = 4  # points to either side over which a lock's width is smoothed
FLANK = 9  # points of one side of a tip
DIP = ((0.0, 0.0), (0.25, 0.12), (0.5, 0.42), (0.75, 0.74), (1.0, 0.9))  # how dyed ends set in: share, opacity
FADE = 0.35  # length of a lock at its root that has no outline, face units, so that it grows out of the hair behind


@dataclass(frozen=True, slots=True)
class Locks:
    """Hair, sorted by what lies between its parts.

    Attributes:
        back: behind the neck and the body.
        under: behind the face, before the body: the scalp, sides behind the ears.
        front: before the face.
        shadow: what the front casts onto the face; drawn inside the face only.
        top: the highest v of all, without the outline.
    """

    back: tuple[Item, ...] = ()
    under: tuple[Item, ...] = ()
    front: tuple[Item, ...] = ()
    shadow: tuple[Item, ...] = ()
    top: float = 0.0


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
        tangent = np.gradient(spine, axis=0)
        tangent /= np.hypot(*tangent.T)[:, None] + 1e-9
        self.normal = np.column_stack([tangent[:, 1], -tangent[:, 0]])
        half = np.atleast_1d(np.asarray(width, float))
        even = np.interp(np.linspace(0, 1, len(spine)), np.linspace(0, 1, len(half)), half)
        self.half = np.convolve(np.pad(even, EASE, mode="edge"), np.ones(2 * EASE + 1) / (2 * EASE + 1), mode="valid")
        self._places = np.column_stack([spine, self.normal, self.half])
        self.comb = comb
        self.length = max(float(np.hypot(*np.diff(spine, axis=0).T).sum()), 1e-6)
        self._cut()

    def at(self, s: ArrayLike, x: ArrayLike) -> Points:
        """Points of the lock: ``s`` from 0 at the root to 1 at the tip, ``x`` from -1 (left edge) to 1 (right edge)."""
        place = np.minimum(np.maximum(s, 0.0), 1.0) * (len(self.spine) - 1)
        i = np.minimum(place.astype(int), len(self.spine) - 2)
        f = (place - i)[..., None]
        mixed = self._places[i] * (1 - f) + self._places[i + 1] * f
        return np.asarray(mixed[..., :2] + mixed[..., 2:4] * (mixed[..., 4] * x)[..., None])

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

    def outline(self, fade: float = 0.0) -> Points:
        """Round the lock from its left root by the tips to its right root; without a length of it at the root."""
        fade, count = fade / self.length, 10 + int(9 * self.length)
        (s0, x0), ease = self.notches[0], np.linspace(0, 1, FLANK)[1:]
        round_s, round_x = [np.linspace(min(fade, s0 * 0.9), s0, count)], [np.full(count, -1.0)]
        for (s, x), (s1, x1) in zip(self.tips, self.notches[1:], strict=True):
            back = np.append(ease[-2::-1], 0.0)
            round_s += [s0 + (s - s0) * ease, s1 + (s - s1) * back]
            round_x += [x0 + (x - x0) * ease**2, x1 + (x - x1) * back**2]
            s0, x0 = s1, x1
        round_s.append(np.linspace(s0, min(fade, s0 * 0.9), count)[1:])
        round_x.append(np.ones(count - 1))
        return self.at(np.concatenate(round_s), np.concatenate(round_x))

    def flanks(self) -> list[Points]:
        """The side of each tip that is away from the light, as polygons."""
        found = []
        for n, (s, x) in enumerate(self.tips):
            s1, x1 = self.notches[n + 1]
            x0 = self.notches[n][1]
            top = max(s1 - 0.35, 0.12)
            t = np.linspace(0, 1, 12)
            inner = self.at(top + (s - top) * t, x1 + (x1 - x0) * 0.02 + (x - 0.10 * (x1 - x0) - x1) * t**0.8)
            outer = self.at(top + (s - top) * t, x1 + 0.02 + (x - x1) * np.clip((t - 0.3) / 0.7, 0, 1) ** 2)
            found.append(np.vstack([inner, outer[::-1]]))
        return found

    def gloss(self) -> Path:
        """A streak of light along the lit side of its middle, tapered at both ends."""
        first, last = self.chance.uniform(0.10, 0.3), self.chance.uniform(0.6, 0.85)
        line = self.at(np.linspace(first, last, 20), self.chance.uniform(-0.6, -0.3))
        return brush(line, [0.002, 0.3 * float(self.half.max()), 0.002])

    def lines(self, strands: int) -> list[Points]:
        """Lines inside: one up from each notch, and others by chance."""
        found = []
        for s, x in self.notches[1:-1]:
            length = self.chance.uniform(0.3, 0.7) / self.length
            found.append(self.at(np.linspace(max(s - length, 0.08), s, 14), x))
        for _ in range(strands):
            s, x, length = (
                self.chance.uniform(0.12, 0.4),
                self.chance.uniform(-0.7, 0.7),
                self.chance.uniform(0.25, 0.45),
            )
            found.append(self.at(np.linspace(s, min(s + length, 0.8), 14), x * np.linspace(1, 0.8, 14)))
        return found


def brushed(lines: Sequence[Points], widths: ArrayLike) -> Path:
    """Open lines drawn with one brush, as one path."""
    return Path.rings(brush(line, widths).arrays()[1] for line in lines)


def dip(colour: Colour, fall: tuple[float, float]) -> Gradient:
    """What is painted over hair whose ends have another colour: it sets in slowly between the two v of ``fall``."""
    stops = tuple((share, colour, opacity) for share, opacity in DIP)
    return Gradient((0, fall[0]), (0, fall[1]), stops)


def draw_comb(
    lock: Lock, dye: Dye, *, strands: int = 1, fade: float = FADE, line: float = LINE, dark: float = 0.0
) -> tuple[Item, ...]:
    """A lock about a middle line: its fill, its sides away from the light, strands, outline.

    Args:
        lock: where it lies.
        dye: what it is painted with.
        strands: lines inside, besides those between its tips.
        fade: length at the root without an outline.
        line: width of the outline, face units.
        dark: 0 … 1 how far it lies in the shade of others.
    """
    tones = dye.tones
    path = Path.polygon(lock.outline())
    (u0, v0), (u1, v1) = lock.at([max(0.45, 1 - 0.9 / lock.length), 1.0], 0.0).tolist()
    inside: list[Item] = [Shape(path, Gradient((u0, v0), (u1, v1), ((0, tones.light, 0.0), (1, tones.light, 0.6))))]
    if dye.tips is not None:
        inside.append(Shape(path, dip(dye.tips, dye.fall)))
    if dark:
        inside.append(Shape(path, Flat(tones.shade, dark)))
    inside.append(Shape(Path.rings(lock.flanks()), Flat(tones.shade, 0.55)))
    if not dark and lock.half.max() > GLOSSY:
        inside.append(Shape(lock.gloss(), Flat(tones.light, 0.35)))
    lines, notches = lock.lines(strands), len(lock.notches) - 2
    for some, widths, colour, opacity in (
        (lines[:notches], NOTCH, tones.line, 0.7),
        (lines[notches:], THIN, tones.deep, 0.55),
    ):
        inside.append(Shape(brushed(some, widths), Flat(colour, opacity)))
    contour = brush(lock.outline(fade), [0.002, 0.7 * line, line, line, line, 0.7 * line, 0.002])
    return (Shape(path, dye.paint), Group(tuple(inside), path), Shape(contour, Flat(tones.line)))
