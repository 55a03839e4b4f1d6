"""What curly hair is made of: outlines of bumps, single curls, and the light that falls on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.character.schema import Character
from photo2moe.errors import KitError
from photo2moe.kit.loader import Part
from photo2moe.pen.crops import STEPS, ease
from photo2moe.pen.locks import LINE, SOFTER
from photo2moe.pen.palette import Tones, mix, parse
from photo2moe.pen.scene import (
    Colour,
    Flat,
    Gradient,
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

LIT = ((-0.9, -1.75), (1.25, 0.1))  # from where hair is lit to where it lies in shade, in the picture
UNEVEN = 0.35  # by which bumps and curls differ in size
LOOSE = 0.95  # share of its winding that a loose curl has
STAND = 0.15  # most by which the tip of a curl stands off the head over its root, as a share of its length
HANG = 1.1  # by how much curls beside the face hang, over how far they run outwards
SHORTER = 0.75  # length of curls that would stand off the head, as a share
USUAL = 0.75  # length of a curl of the width that is asked for, face units
POINTED = 1.25  # power by which the tip of a curl tapers
WIDEST = 0.38  # place along a curl where it is widest, 0 root … 1 tip


def number(part: Part, key: str, *, low: float = -9.0, high: float = 9.0) -> float:
    """A number of a part.

    Raises:
        KitError: there is none, or it is out of range.
    """
    value = part.data.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise part.fault(f"{key!r} must be a number from {low:g} to {high:g}")
    return float(value)


def numbers(part: Part, key: str, word: str) -> Mapping[str, float]:
    """The numbers that a part gives for a word, such as a length.

    Raises:
        KitError: there are none.
    """
    table = part.data.get(key)
    row = table.get(word) if isinstance(table, dict) else None
    if not isinstance(row, dict) or not all(isinstance(value, (int, float)) for value in row.values()):
        raise part.fault(f"{key!r} needs an object with numbers for {word!r}")
    return row


def value_of(part: Part, row: Mapping[str, float], key: str) -> float:
    """A number of a row of :func:`numbers`.

    Raises:
        KitError: there is none of that name.
    """
    try:
        return float(row[key])
    except KeyError as error:
        raise KitError(f"{part.where}: {key!r} is missing") from error


@dataclass(frozen=True, slots=True)
class Light:
    """The colours of hair by place: lit at the upper left, shaded at the lower right, dyed at the ends.

    Attributes:
        tones: of the hair.
        tips: colour of the ends, or None.
        fall: v where the ends begin to take on that colour, and where they have it.
        dark: 0 … 1 how far all of it lies in shade.
    """

    tones: Tones
    tips: Colour | None = None
    fall: tuple[float, float] = (0.0, 1.0)
    dark: float = 0.0

    @staticmethod
    def of(who: Character, tones: Tones, low: float) -> Light:
        """That of a person; ``low`` is the v of the ends."""
        tips = parse(who.hair.tips) if who.hair.tips else None
        return Light(tones, tips, (low - 0.9, low - 0.1))

    def at(self, place: ArrayLike) -> Colour:
        """The colour of hair at a place ``(2,)`` in the picture."""
        p = np.asarray(place, float)
        a, b = np.array(LIT)
        share = float((p - a) @ (b - a) / ((b - a) @ (b - a)))
        t = self.tones
        colour = mix(t.base, t.light, 0.55 * float(ease(share, 0.42, 0.0)))
        colour = mix(colour, t.shade, 0.75 * float(ease(share, 0.5, 1.1)))
        if self.tips is not None:
            colour = mix(colour, self.tips, 0.95 * float(ease(p[1], *self.fall)))
        return mix(colour, t.deep, self.dark) if self.dark else colour

    def undyed(self) -> Light:
        """The same without dyed ends."""
        return replace(self, tips=None)

    def dip(self) -> Gradient:
        """What is painted over hair whose ends are dyed."""
        tips = self.tips or self.tones.base
        colour = mix(tips, self.tones.deep, 0.5 * self.dark)
        return Gradient((0.0, self.fall[0]), (0.0, self.fall[1]), ((0.0, colour, 0.0), (1.0, colour, 0.8)))


def hatch(lines: NDArray[np.float64], widths: ArrayLike) -> Path:
    """Many short lines of as many points each, ``(K, N, 2)``, drawn with one brush, as one path."""
    if not len(lines):
        return Path()
    return brushed(list(lines), widths)


def scallop(
    points: Points, size: float, depth: float, chance: np.random.RandomState, *, closed: bool = False
) -> Points:
    """A line with round bumps to its left, as one walks along it in the picture.

    Args:
        points: ``(N, 2)``.
        size: of a bump, face units.
        depth: how far it stands out, as a share of its size.
        chance: for their unequal sizes.
        closed: whether the line returns to its start.
    """
    p = np.vstack([points, points[:1]]) if closed else points
    steps = np.append(0.0, np.cumsum(np.hypot(*np.diff(p, axis=0).T)))
    count = max(2, round(float(steps[-1]) / size))
    borders = np.append(0.0, np.cumsum(chance.uniform(1 - UNEVEN, 1 + UNEVEN, count)))
    borders *= steps[-1] / borders[-1]
    t = shares(9)[:-1]
    along = np.append((borders[:-1, None] + np.diff(borders)[:, None] * t).ravel(), steps[-1])
    rise = np.append((np.diff(borders)[:, None] * (4 * t * (1 - t)) ** 0.8).ravel(), 0.0) * depth
    place = columns([np.interp(along, steps, p[:, i]) for i in (0, 1)])
    ahead = columns([np.interp(along + 0.05, steps, p[:, i]) - np.interp(along - 0.05, steps, p[:, i]) for i in (0, 1)])
    normal = columns([ahead[:, 1], -ahead[:, 0]]) / (np.hypot(*ahead.T)[:, None] + 1e-9)
    bumped = place + normal * rise[:, None]
    return np.asarray(bumped[:-1] if closed else bumped)


def winding(
    root: ArrayLike, heading: float, length: float, turn: float, *, late: float = 1.5, count: int = STEPS
) -> Points:
    """The middle of a curl: it leaves its root straight and winds more and more, ``(count, 2)``.

    Args:
        root: ``(2,)``.
        heading: direction in which it sets out, radians, clockwise from the right.
        length: face units.
        turn: by how much it winds, radians, positive clockwise.
        late: 1 evenly, above it more at the tip.
        count: points.
    """
    s = shares(count)
    angle = heading + turn * s**late
    step = columns([np.cos(angle), np.sin(angle)]) * (length / (count - 1))
    return np.asarray(np.asarray(root, float) + np.vstack([np.zeros((1, 2)), np.cumsum((step[1:] + step[:-1]) / 2, 0)]))


def tucked(
    root: Points,
    heading: float,
    length: float,
    turn: float,
    middle: ArrayLike,
    *,
    share: float,
    late: float = 1.5,
    inset: float = 0.3,
) -> Points:
    """A loose curl whose tip does not stand off the head: wound the other way or further if need be; it may be shorter.

    Args:
        root: see :func:`winding`.
        heading: its direction as a whole; it sets out turned back from that by a share of its winding.
        length: see :func:`winding`.
        turn: how a tight curl would wind there.
        middle: of the head, ``(2,)``.
        share: of the winding by which it is turned back.
        late: see :func:`winding`.
        inset: share of its length by which it begins behind its root.
    """
    root, middle = np.asarray(root, float), np.asarray(middle, float)
    uneven = float(np.sin(37.0 * root[0] + 61.0 * root[1]))  # the same for the same curl
    length *= 1 + 0.7 * UNEVEN * uneven
    aside, below = abs(float(root[0] - middle[0])), float(root[1] - middle[1])
    beside = float(ease(below, -0.3, 0.05))  # by the face and over the forehead no hair lies behind its root
    inset *= 1 - max(0.8 * beside, 0.85 * float(ease(below, -0.6, -0.25) * ease(aside, 0.95, 0.7)))
    length *= 1 - 0.2 * beside
    heading = float(np.arctan2(np.sin(heading) + HANG * beside, np.cos(heading)))
    best, least = np.empty((0, 2)), np.inf
    for way in LOOSE * (1 - 0.4 * beside) * turn * np.array([1.0 + 0.4 * uneven, -1.0, 1.7, -1.7]):
        ahead = heading - share * way
        start = root - np.array([np.cos(ahead), np.sin(ahead)]) * inset * length
        if np.hypot(*(start - middle)) > np.hypot(*(root - middle)):  # its root would stand off the head
            start = root
        curl = winding(start, ahead, length, way, late=late)
        far = np.hypot(*(curl - middle).T)
        stands = float(far[-1] - np.hypot(*(root - middle)))
        if stands < STAND * length:
            return curl
        if stands < least:
            best, least = curl, stands
    return np.asarray(best[0] + SHORTER * (best - best[0]))


def ribbon(middle: Points, width: float, *, root: float = 0.0, tip: float = 1.0) -> tuple[Points, Points]:
    """The edges of a curl about its middle, on its left and on its right as one walks to its tip."""
    t = shares(len(middle))
    rising = root + (1 - root) * np.sin(np.pi / 2 * clip(t / WIDEST, 0, 1)) ** 0.85
    falling = np.cos(np.pi / 2 * clip((t - WIDEST) / (1 - WIDEST), 0, 1)) ** tip
    half = (width * np.minimum(rising, falling))[:, None]
    tangent = slopes(middle)
    normal = columns([tangent[:, 1], -tangent[:, 0]]) / (np.hypot(*tangent.T)[:, None] + 1e-9)
    return middle + normal * half, middle - normal * half


def draw_curl(
    middle: Points,
    width: float,
    light: Light,
    *,
    line: float = LINE,
    fade: int = 1,
    root: float = 0.0,
    ink: float = 0.6 * SOFTER,
) -> tuple[Shape, ...]:
    """One curl: its fill, the inside of its bend in shade, a streak of light, its outline.

    Args:
        middle: from root to tip, see :func:`winding`.
        width: half its greatest width, face units.
        light: its colours.
        line: width of its outline.
        fade: points at its root without an outline.
        root: its width at the root, as a share.
        ink: share of the hair's deep tone in its outline.
    """
    t = light.tones
    long = float(np.hypot(*np.diff(middle, axis=0).T).sum())
    width *= float(clip(long / USUAL, 0.7, 1.25))
    left, right = ribbon(middle, width, root=root, tip=POINTED)
    chord, bend = middle[-1] - middle[0], middle[len(middle) // 2] - middle[0]
    hollow, outer = (right, left) if chord[0] * bend[1] - chord[1] * bend[0] < 0 else (left, right)
    colour = light.at(middle[len(middle) // 2])
    grown = ease(np.arange(len(middle)), 0.12 * len(middle), 0.6 * len(middle))[:, None]
    inner = hollow + (outer - hollow) * (0.46 * grown)
    items = [
        Shape(Path.polygon(np.vstack([left, right[::-1]])), Flat(colour)),
        Shape(
            Path.polygon(np.vstack([hollow, inner[::-1]])),
            Flat(mix(colour, t.shade if not light.dark else t.deep, 0.75)),
        ),
    ]
    normal = outer - hollow
    facing = float((normal[len(normal) // 2] / (np.hypot(*normal[len(normal) // 2]) + 1e-9)) @ (-0.6, -0.8))
    if facing > 0.1 and not light.dark:
        gleam = (0.2 * hollow + 0.8 * outer)[len(outer) // 4 : int(0.72 * len(outer))]
        items.append(
            Shape(brush(gleam, [0.002, 0.34 * width, 0.002]), Flat(mix(t.light, t.shine, 0.4), 0.25 + 0.4 * facing))
        )
    edge = np.vstack([left[fade:], right[::-1][:-fade] if fade else right[::-1]])
    items.append(Shape(brush(edge, [0.002, 0.6 * line, line, 0.6 * line, 0.002]), Flat(mix(t.line, t.deep, ink))))
    return tuple(items)


def evenly(points: Points, count: int) -> Points:
    """Points evenly spaced along a line."""
    steps = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.linspace(0, steps[-1], count)
    return columns([np.interp(at, steps, points[:, i]) for i in (0, 1)])


def seeded(seed: int, salt: int) -> np.random.RandomState:
    """A source of chance for one purpose."""
    return np.random.RandomState((seed ^ salt) & 0xFFFFFFFF)
