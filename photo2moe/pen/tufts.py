"""How a tuft of short hair is painted, and the fine strands and streaks of light between tufts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photo2moe.pen.crops import Scalp, ease, outline
from photo2moe.pen.palette import SkinTones, Tones, mix
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Path, Points, Shape, brush, brushed, clip, shares

SOFTER = 0.5  # share of the hair's own deep tone in lines inside the silhouette
LINE = 0.030  # width of the line of a silhouette, face units
SHINE = -1.31  # v of the middle of the band of light
CAST = (0.035, 0.05)  # how far the shadow of a tuft falls
STRANDS = ((0.22, 0.4, 5, -3), (0.55, 0.75, 8, -2))  # lines in a tuft: between which shares of it, first and last point
STREAKS = (0.14, 0.3, 0.44, 0.64)  # shares of the width of a tuft at which the streaks of its light lie
# Shares by which soft tufts are fewer, their tips broader, and they wider.
FEWER, BLUNT, WIDER = 0.15, 0.6, 0.2
NEAR = 0.5  # between roots of neighbouring tufts: they are one fan, whose tufts are the person's own
HIGHEST = -1.72  # v at which strands end
STRAND_COUNT, STRAND_LENGTH = 18, (0.25, 0.5)  # of strands on the scalp, where a crop says nothing; face units
GLOSS = (0.22, 0.42)  # length of streaks of light, face units
BESIDE = (45.0, -1.0)  # azimuth from which strands begin above the sides, which are combed back, and v at which they do
ROOTS = (0.05, 0.28)  # length of the short hairs along the hairline, face units
INKED = (0.03, 0.09)  # thickness of hair from which its hairline is a line, and from which nothing else, head radii
DENSE, OVER = 0.6, 0.035  # degrees between them, and most by which they begin before the edge of the hair, face units
CROPPED = 0.3  # length up to which strands are those of cropped hair, which are finer, face units
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
        bounce: light from the face, on tips that hang before it.
        tips: colour of the tips, if it is another.
    """

    tones: Tones
    light: Gradient
    cap: Path
    edge: float
    shine: float
    bounce: Colour
    tips: Colour | None = None


def thinned(t: Tones, s: SkinTones, share: float) -> Tones:
    """Tones of hair through which a share of the skin is seen."""
    if not share:
        return t
    base, shade, deep = mix(t.base, s.base, share), mix(t.shade, s.shade, share), mix(t.deep, s.deep, share)
    return Tones(base, shade, deep, mix(t.light, s.base, share), t.shine, mix(t.line, s.shade, 0.7 * share))


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


def own_tufts(
    fan: Sequence[Mapping[str, Any]], chance: np.random.RandomState, soft: float = 0.0
) -> list[Mapping[str, Any]]:
    """The person's own tufts between those of a fan: as many or one more or less, of unequal width and length.

    Args:
        fan: as written.
        chance: how they differ.
        soft: 0 for as many and as slender, 1 for fewer, broader ones with round tips.
    """
    count = len(fan) + (int(chance.randint(-1, 2)) if len(fan) > 2 else 0)
    count = max(round(count * (1 - FEWER * soft)), 1)
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
        width *= 1 + WIDER * soft
        own = {**(one if share < 0.5 else two), "at": curve, "width": width}
        tufts.append({**own, "tip": own.get("tip", 1.25) * (1 - BLUNT * soft)})
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
        items.append(Group((Shape(cast, Flat(t.deep, 0.26)),), paint.cap))
    items.append(Shape(path, _body(tuft, paint)))
    flank = outline(right + (left - right) * 0.28 * grown, right + np.array((0.05, 0.02)))
    inside: list[Item] = []
    if paint.tips is not None:
        (u0, v0), (u1, v1) = (0.5 * (left[0] + right[0])).tolist(), left[-1].tolist()
        inside.append(Shape(path, Gradient((u0, v0), (u1, v1), ((0.35, paint.tips, 0.0), (0.9, paint.tips, 0.95)))))
    inside += [Shape(Path.polygon(flank), Flat(t.shade, 0.45)), *_shine(tuft, paint, chance)]
    lines = []
    for low, high, begin, end in STRANDS:
        share = float(chance.uniform(low, high))
        lines.append(((1 - share) * left + share * right)[begin:end])
    inside.append(Shape(brushed(lines, [0.002, 0.009, 0.002]), Flat(t.deep, 0.5)))
    items.append(Group(tuple(inside), path))
    bold = LINE * (1.0 if tuft.behind else paint.edge)
    ink = t.line if tuft.behind else mix(t.line, t.deep, SOFTER)
    for side, weight in ((left, 0.36), (right, 0.56)):
        widths = [0.002, 0.5 * weight * bold, weight * bold, 0.6 * weight * bold, 0.004]
        items.append(Shape(brush(side[5:], widths), Flat(ink)))
    return items


def _body(tuft: Tuft, paint: Paint) -> Gradient:
    """Its colours from the dark root, where it grows out of the hair, over its bow, where light falls, to the tip."""
    t = paint.tones
    middle = 0.5 * (tuft.left + tuft.right)
    (u0, v0), (u1, v1) = middle[0].tolist(), middle[-1].tolist()
    lit = float(ease(tuft.middle[:, 0].mean() - 0.6 * tuft.middle[:, 1].mean(), 1.9, 0.2))
    here = mix(mix(t.base, t.shade, 0.35), t.base, lit)
    bow = mix(here, t.light, 0.35 + 0.65 * lit)
    tip = mix(bow, paint.bounce, 0.6) if tuft.falls else mix(here, bow, 0.3)
    stops = (
        (0.0, t.shade, 0.0),
        (0.16, mix(here, t.shade, 0.25 if tuft.falls else 0.6), 1.0),
        (0.38, here, 1.0),
        (0.62, bow, 1.0),
        (0.85, mix(here, bow, 0.5), 1.0),
        (1.0, tip, 1.0),
    )
    return Gradient((u0, v0), (u1, v1), stops)


def _shine(tuft: Tuft, paint: Paint, chance: np.random.RandomState) -> list[Shape]:
    """The piece of the band of light that lies on a tuft: streaks along it that fade at both ends."""
    middle = tuft.middle
    band = SHINE + 0.20 * middle[:, 0] ** 2 - 0.06 * middle[:, 0]
    at = int(np.argmin(np.abs(middle[:, 1] - band)))
    strength = paint.shine * float(0.25 + 0.5 * ease(middle[at, 0], 0.8, -0.2))
    if not strength or not 3 < at < len(middle) - 4 or abs(middle[at, 1] - band[at]) > 0.08:
        return []
    lines = []
    for share in STREAKS:
        low, high = at - int(chance.randint(2, 6)), at + int(chance.randint(3, 8))
        lines.append(((1 - share) * tuft.left + share * tuft.right)[max(low, 0) : high])
    wide = 0.13 * float(np.hypot(*(tuft.right[at] - tuft.left[at])))
    ends = 0.5 * (tuft.left + tuft.right)[[max(at - 4, 0), min(at + 5, len(middle) - 1)]]
    (u0, v0), (u1, v1) = ends.tolist()
    glow = mix(paint.tones.light, paint.tones.shine, 0.7)
    stops = ((0.0, glow, 0.0), (0.4, glow, strength), (0.6, glow, strength), (1.0, glow, 0.0))
    return [Shape(brushed(lines, [0.002, wide, 0.002]), Gradient((u0, v0), (u1, v1), stops))]


def draw_strands(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], paint: Paint, lean: float, chance: np.random.RandomState
) -> list[Item]:
    """Fine lines along the way the hair is combed, and streaks of light like them.

    Args:
        scalp: that they lie on.
        lower: azimuth and v of the lower edge of the hair all around.
        data: of the crop: how many ``strands``, ``gloss`` (streaks).
        paint: their colours.
        lean: degrees by which they turn to the right on their way up.
        chance: where they are.
    """
    number, gloss = int(data.get("strands", STRAND_COUNT)), int(data.get("gloss", 0))
    (short, long), t = data.get("strand", STRAND_LENGTH), paint.tones
    thick = 0.014 if long > CROPPED else 0.010
    ((u0, _), (u1, _)) = scalp.head.project(scalp.on([-70.0, 70.0], [SHINE, SHINE])).tolist()
    glow = mix(t.light, t.shine, 0.7)
    streaks = Gradient((u0, 0), (u1, 0), ((0.0, glow, 0.7 * paint.shine), (0.35, glow, paint.shine), (1.0, glow, 0.1)))
    items: list[Item] = []
    for count, colour, width in (
        (number, Flat(t.deep, 0.5), thick),
        (number // 2, Flat(mix(t.light, t.shine, 0.4), 0.45), thick),
        (gloss, streaks, 0.045),
    ):
        azi = scalp.seen(np.linspace(scalp.left + 8, scalp.right - 8, count) + chance.uniform(-4, 4, count))
        low = np.interp(azi, lower[:, 0], lower[:, 1])
        if long > CROPPED:
            low = np.where(np.abs(azi) > BESIDE[0], np.minimum(low, BESIDE[1]), low)
        least, most = GLOSS if width > thick else (short, long)
        length = least + (most - least) * chance.uniform(0, 1, count)
        room = np.maximum(low - 0.03 - HIGHEST - length, 0)
        begin = low - 0.03 - room * chance.uniform(0, 1, count)
        if width > thick:
            begin = SHINE + 0.5 * length + 0.15 * np.sin(np.radians(azi)) ** 2 + chance.uniform(-0.05, 0.05, count)
        v = begin[:, None] - length[:, None] * shares(POINTS)
        way = azi[:, None] + lean * clip((low[:, None] - v) / (low[:, None] + 1.9), 0, 1) ** 2
        items += _laid(scalp, way, v, (0.003, width, 0.003), colour)
    return items


def draw_hairline(
    scalp: Scalp, edge: Points, lower: Points, tones: Tones, lean: float, chance: np.random.RandomState
) -> list[Item]:
    """Where hair begins: a line before thick hair, short hairs that grow out of the skin before cropped hair.

    Args:
        scalp: that it lies on.
        edge: the lower edge of the hair in the picture, ``(N, 2)``.
        lower: azimuth and v of the lower edge of the hair all around.
        tones: of the hair.
        lean: degrees by which strands turn to the right on their way up.
        chance: where hairs are.
    """
    thick = float(ease(scalp.mass.top, *INKED))
    seen = edge[len(edge) // 5 : -len(edge) // 5]
    line = brush(seen, [0.004, 0.5 * LINE, 0.6 * LINE, 0.5 * LINE, 0.004])
    items: list[Item] = [Shape(line, Flat(mix(tones.line, tones.deep, 0.4), thick))] if thick else []
    if thick == 1:
        return items
    azi = np.arange(-43, 43.1, DENSE)
    azi = scalp.seen(azi + chance.uniform(-0.8, 0.8, len(azi)))
    low = np.interp(azi, lower[:, 0], lower[:, 1])
    length = chance.uniform(*ROOTS, len(azi))
    below, up = OVER * chance.uniform(-0.6, 1.0, (len(azi), 1)), np.linspace(0, 1, 4)
    v = low[:, None] + below - length[:, None] * up
    way = azi[:, None] + 0.12 * lean * up**2
    lines = scalp.head.project(scalp.on(way.ravel(), v.ravel())).reshape(-1, 4, 2)
    hairs = brushed(list(lines), [0.002, 0.010, 0.002])
    return [*items, Shape(hairs, Flat(mix(tones.base, tones.shade, 0.6), 0.5))]


def _laid(scalp: Scalp, azimuth: Points, v: Points, widths: Sequence[float], colour: Flat | Gradient) -> list[Item]:
    """Lines on the scalp, ``(K, POINTS)`` azimuths and v."""
    if not len(azimuth):
        return []
    lines = scalp.head.project(scalp.on(scalp.seen(azimuth.ravel()), v.ravel())).reshape(-1, POINTS, 2)
    return [Shape(brushed(list(lines), widths), colour)]
