"""How a tuft of short hair is painted, and the fine strands and streaks of light between tufts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photo2moe.pen.crops import Scalp, ease, outline
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Path, Points, Shape, brush, clip, shares

LINE = 0.030  # width of the line of a silhouette, face units
SHINE = -1.31  # v of the middle of the band of light
CAST = (0.035, 0.05)  # how far the shadow of a tuft falls
STRANDS = ((0.22, 0.4, 5, -3), (0.55, 0.75, 8, -2))  # lines in a tuft: between which shares of it, first and last point
TEETH = 7  # points along the lower edge of the light on a tuft
NEAR = 0.5  # between roots of neighbouring tufts: they are one fan, whose tufts are the person's own
HIGHEST = -1.7  # v at which strands end
POINTS = 12  # of a strand


@dataclass(frozen=True, slots=True)
class Tuft:
    """A tuft as it lies on a head.

    Attributes:
        left, right: its edges in the picture, root to tip.
        middle: its middle as seen from the front, before the head is turned.
        behind: it is drawn behind the mass of the hair, whose outline it breaks.
        ring: its outline.
    """

    left: Points
    right: Points
    middle: Points
    behind: bool
    ring: Points

    @property
    def falls(self) -> bool:
        """Whether it hangs down, so that it casts a shadow onto the face."""
        return bool(self.middle[-1, 1] > self.middle[0, 1])


@dataclass(frozen=True, slots=True)
class Paint:
    """What all tufts of a head are painted with.

    Attributes:
        tones: of the hair.
        light: the light over the whole head.
        cap: the mass of the hair, which shadows stay on; none for a bare skull.
        edge: weight of the outlines, 1 as heavy as the silhouette's.
        shine: strength of the light, 0 … 1.
        tips: colour of the tips, if it is another.
    """

    tones: Tones
    light: Gradient
    cap: Path
    edge: float
    shine: float
    tips: Colour | None = None


def fans(tufts: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Tufts in runs of neighbours: those whose roots are near each other."""
    runs: list[list[Mapping[str, Any]]] = []
    for one in tufts:
        last = runs[-1][-1] if runs else None
        near = last is not None and float(np.hypot(*np.subtract(one["at"][0], last["at"][0]))) < NEAR
        if last is not None and near and one.get("behind", False) == last.get("behind", False):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def own_tufts(fan: Sequence[Mapping[str, Any]], chance: np.random.RandomState) -> list[Mapping[str, Any]]:
    """The person's own tufts between those of a fan: as many or one more or less, of unequal width and length."""
    count = len(fan) + (int(chance.randint(-1, 2)) if len(fan) > 2 else 0)
    gaps = chance.uniform(0.55, 1.45, count)
    at = (np.cumsum(gaps) - 0.5 * gaps) / gaps.sum() * len(fan) - 0.5
    sway = chance.uniform(-0.06, 0.06, 2)  # all tips of a fan lean together
    tufts: list[Mapping[str, Any]] = []
    for place, gap in zip(clip(at, 0, len(fan) - 1), gaps * count / gaps.sum(), strict=True):
        low = min(int(place), max(len(fan) - 2, 0))
        one, two, share = fan[low], fan[min(low + 1, len(fan) - 1)], float(place) - low
        curve = (1 - share) * np.array(one["at"], float) + share * np.array(two["at"], float)
        curve[2:] += np.array([0.5 * sway, sway]) + chance.uniform(-0.03, 0.03, (2, 2))
        curve[3] += chance.uniform(-0.06, 0.12) * (curve[3] - curve[2])
        width = ((1 - share) * one["width"] + share * two["width"]) * (0.55 + 0.45 * float(gap)) * len(fan) / count
        tufts.append({**(one if share < 0.5 else two), "at": curve, "width": width})
    return tufts


def draw_tuft(tuft: Tuft, paint: Paint, chance: np.random.RandomState) -> list[Item]:
    """The shapes of one tuft: its shadow, body, side away from the light, strands, shine and edges."""
    t, left, right = paint.tones, tuft.left, tuft.right
    path = Path.polygon(tuft.ring)
    grown = ease(np.arange(len(left)), 1, 0.55 * len(left))[:, None]  # nothing begins with a step at the root
    items: list[Item] = []
    if not tuft.behind and paint.cap:
        fall = grown * np.array(CAST)
        cast = Path.polygon(outline((left + fall)[3:], (right + fall)[3:]))
        items.append(Group((Shape(cast, Flat(t.deep, 0.30)),), paint.cap))
    items.append(Shape(path, _body(tuft, paint)))
    flank = outline(right + (left - right) * 0.34 * grown, right + np.array((0.05, 0.02)))
    inside: list[Item] = []
    if paint.tips is not None:
        (u0, v0), (u1, v1) = (0.5 * (left[0] + right[0])).tolist(), left[-1].tolist()
        inside.append(Shape(path, Gradient((u0, v0), (u1, v1), ((0.35, paint.tips, 0.0), (0.9, paint.tips, 0.95)))))
    inside += [Shape(Path.polygon(flank), Flat(t.shade, 0.5)), *_shine(tuft, paint, chance)]
    for low, high, begin, end in STRANDS:
        share = float(chance.uniform(low, high))
        strand = ((1 - share) * left + share * right)[begin:end]
        inside.append(Shape(brush(strand, [0.002, 0.010, 0.002]), Flat(t.deep, 0.5)))
    items.append(Group(tuple(inside), path))
    bold = LINE * (1.0 if tuft.behind else paint.edge)
    for side, weight in ((left, 0.42), (right, 0.62)):
        widths = [0.002, 0.55 * weight * bold, weight * bold, 0.8 * weight * bold]
        items.append(Shape(brush(side[5:], widths), Flat(t.line)))
    return items


def _body(tuft: Tuft, paint: Paint) -> Gradient:
    """Its colours from the root, where it grows out of the hair, over its bow, where light falls, to the tip."""
    t = paint.tones
    middle = 0.5 * (tuft.left + tuft.right)
    (u0, v0), (u1, v1) = middle[0].tolist(), middle[-1].tolist()
    lit = float(ease(tuft.middle[:, 0].mean() - 0.6 * tuft.middle[:, 1].mean(), 1.5, 0.1))
    bow = mix(t.base, mix(t.light, t.shine, 0.2), 0.25 + 0.75 * lit)
    stops = (
        (0.0, t.shade, 0.0),
        (0.22, mix(t.base, t.shade, 0.55), 1.0),
        (0.58, bow, 1.0),
        (0.82, mix(t.base, bow, 0.4), 1.0),
        (1.0, mix(t.base, t.shade, 0.45), 1.0),
    )
    return Gradient((u0, v0), (u1, v1), stops)


def _shine(tuft: Tuft, paint: Paint, chance: np.random.RandomState) -> list[Shape]:
    """The piece of the band of light that lies on a tuft, with teeth at both of its edges."""
    middle = tuft.middle
    band = SHINE + 0.20 * middle[:, 0] ** 2 - 0.06 * middle[:, 0]
    at = int(np.argmin(np.abs(middle[:, 1] - band)))
    strength = paint.shine * float(0.25 + 0.55 * ease(middle[at, 0], 0.8, -0.2))
    if not strength or not 3 < at < len(middle) - 4 or abs(middle[at, 1] - band[at]) > 0.08:
        return []
    share = np.linspace(0.06, 0.80, TEETH)
    swell = np.sin(np.pi * shares(TEETH)) ** 0.5
    reach = np.array([np.full(TEETH, 0.8), chance.uniform(0.6, 1.0, TEETH)]) * swell
    reach[1, 2:-1:2] *= 0.3
    ends = []
    for way, length in ((-1, 1.3), (1, 3.2)):
        place = clip(at + way * length * reach[0 if way < 0 else 1], 1, len(middle) - 2)
        i = np.minimum(place.astype(int), len(middle) - 2)
        f = (place - i)[:, None]
        one, two = (edge[i] * (1 - f) + edge[i + 1] * f for edge in (tuft.left, tuft.right))
        ends.append(one + (two - one) * share[:, None])
    return [Shape(Path.polygon(outline(ends[0], ends[1])), Flat(paint.tones.shine, strength))]


def draw_strands(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], paint: Paint, lean: float, chance: np.random.RandomState
) -> list[Item]:
    """Fine lines along the way the hair is combed, and streaks of light like them.

    Args:
        scalp: that they lie on.
        lower: azimuth and v of the lower edge of the hair all around.
        data: of the crop: how many ``strands``, ``gloss`` (streaks) and ``combed`` (lines from the temple back).
        paint: their colours.
        lean: degrees by which they turn to the right on their way up.
        chance: where they are.
    """
    number, gloss = int(data.get("strands", 0)), int(data.get("gloss", 0))
    short, long = data.get("strand", (0.15, 0.4))
    deep = paint.tones.deep
    ways: list[tuple[Points, Points]] = []  # azimuth and v along each
    styles: list[tuple[tuple[float, float, float], Flat]] = []
    for n in range(number + gloss):
        light = n >= number
        order, count = (n - number, gloss) if light else (n, number)
        azi = -80 + 160 * (order + 0.5 + chance.uniform(-0.35, 0.35)) / count
        low = float(np.interp(azi, lower[:, 0], lower[:, 1]))
        length = chance.uniform(0.22, 0.42) if light else chance.uniform(short, long)
        begin = SHINE + 0.06 + chance.uniform(-0.05, 0.05) if light else low - 0.03 - chance.uniform(0, 0.55) * (n % 2)
        v = begin + (max(begin - length, HIGHEST) - begin) * shares(POINTS)
        ways.append((azi + lean * ease(v, low, -1.9), v))
        if light:
            strength = paint.shine * (0.25 + 0.75 * float(ease(azi, 50, -10)))
            styles.append(((0.004, chance.uniform(0.03, 0.07), 0.004), Flat(paint.tones.shine, strength)))
        else:
            styles.append(((0.003, 0.015, 0.003), Flat(deep, 0.6)))
    for side in (-1, 1):
        for n in range(int(data.get("combed", 5))):
            level = -0.34 - 0.17 * n + chance.uniform(-0.04, 0.04) + 0.05 * shares(POINTS)
            ways.append((side * (34 * shares(POINTS) + 54 - 3 * n + chance.uniform(-4, 6)), level))
            styles.append(((0.002, 0.012, 0.002), Flat(deep, 0.5)))
    if not ways:
        return []
    azimuth, height = (np.concatenate(axis) for axis in zip(*ways, strict=True))
    lines = scalp.head.project(scalp.on(scalp.seen(azimuth), height)).reshape(-1, POINTS, 2)
    return [Shape(brush(line, widths), colour) for line, (widths, colour) in zip(lines, styles, strict=True)]
