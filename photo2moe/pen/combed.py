"""Neat short hair: long strokes that follow the way it is combed, and the fine hairs of short sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen.crops import Scalp, ease
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Item, Points, Shape, brushed, clip, columns, shares
from photo2moe.pen.tufts import SHINE, Paint, fans

LONG = 20  # points of a stroke of combed hair
SPREAD = 0.045  # by which such a stroke leaves its way, face units
# Strokes of combed hair: number, share of the deep tone (below 0 of light), opacity, widths along it, and least length
# as a share; the first run out to the tips and part the hair into locks.
STROKES = (
    (9, 0.75, 0.60, (0.002, 0.020, 0.070, 0.030), 0.6),
    (9, 0.45, 0.50, (0.002, 0.050, 0.030, 0.002), 0.5),
    (12, 0.9, 0.50, (0.002, 0.012, 0.007, 0.002), 0.35),
    (8, -0.35, 0.40, (0.002, 0.013, 0.008, 0.002), 0.3),
)
GLEAMS = (0.002, 0.045, 0.055, 0.03, 0.002)  # widths along a streak of light, face units
SHORN = (150, (41.0, 100.0), (-0.82, -0.02), (0.05, 0.12))  # hairs of short sides: number, azimuths, v, length
RAGGED = 0.9  # length of the tips of the outline as a share of the thickness of hair above
LIVELY = (0.1, 0.7)  # volume of hair from which locks stand out of it, and from which they all may
CLOSE = 0.5  # length of the tips of the outline of close hair, as a share of that of lively hair
ROUNDED = 0.75  # how round the outline of hair is that does not stand in spikes
SOFTLY, ELDERLY = 0.8, 50.0  # how much rounder and fewer tufts are on women, and on all people of more years
SPIKY = (0.9, 1.2)  # weight of the outlines of a crop from which its tips stand out, and from which they do all


def tip_length(thickness: float, edge: float, lively: float) -> float:
    """Length of the tips of an outline, face units: of hair that thick, with outlines of that weight, by liveliness."""
    share = CLOSE + (1 - CLOSE) * max(lively, float(ease(edge, *SPIKY)))
    return RAGGED * thickness * edge**1.5 * share


def softness(who: Character) -> float:
    """How much fewer and rounder the tufts of a person are, 0 … 1."""
    return SOFTLY if who.person.look == "f" or who.person.years > ELDERLY or who.person.age == "old" else 0.0


def roundness(edge: float, soft: float) -> float:
    """How round the tips of an outline are, 0 … 1: of a crop with outlines of that weight, by a person's softness."""
    return max(soft, ROUNDED * (1 - float(ease(edge, *SPIKY))))


def draw_shorn(scalp: Scalp, lower: Points, tones: Tones, chance: np.random.RandomState) -> list[Item]:
    """Fine short hairs of both sides, which run down and back.

    Args:
        scalp: that they lie on.
        lower: azimuth and v of the lower edge of the hair all around.
        tones: of the hair.
        chance: where they are.
    """
    count, around, levels, lengths = SHORN
    azi, v = chance.uniform(*around, count), chance.uniform(*levels, count)
    side = np.where(np.arange(count) % 2, 1.0, -1.0)
    length = chance.uniform(*lengths, count) * (1.3 - 0.6 * ease(v, *levels))
    kept = v + 0.6 * length < np.interp(side * azi, lower[:, 0], lower[:, 1])
    azi, v, side, length = azi[kept], v[kept], side[kept], length[kept]
    along = np.linspace(0, 1, 4)
    way = side[:, None] * (azi[:, None] + 40 * length[:, None] * along)
    level = v[:, None] + length[:, None] * along**1.3
    lines = scalp.head.project(scalp.on(scalp.seen(way.ravel()), level.ravel())).reshape(-1, 4, 2)
    widths = [0.002, 0.011, 0.002]
    return [
        Shape(brushed(list(lines[::3]), widths), Flat(tones.light, 0.3)),
        Shape(brushed([*lines[1::3], *lines[2::3]], widths), Flat(tones.deep, 0.4)),
    ]


def combed(tufts: Sequence[Mapping[str, Any]], number: int, chance: np.random.RandomState) -> Points:
    """Long strokes that follow the way tufts lie and fill the room between them, ``(number, LONG, 2)`` as written."""
    runs = [np.array([one["at"] for one in fan], float) for fan in fans(tufts)]
    sizes = np.array([len(run) for run in runs])
    ends = np.cumsum(sizes)
    at = (np.arange(number) + chance.uniform(0, 1, number)) / number * ends[-1]
    of = np.searchsorted(ends, at, side="right")
    first = (ends - sizes)[of]
    low = clip(np.floor(at - 0.5), first, np.maximum(first + sizes[of] - 2, first)).astype(int)
    high = np.minimum(low + 1, ends[of] - 1)
    share = (at - 0.5 - low)[:, None, None]
    curves = np.concatenate(runs)
    found = (1 - share) * curves[low] + share * curves[high]
    found[:, 1:] += chance.uniform(-SPREAD, SPREAD, (number, 3, 2))
    t = shares(LONG)
    basis = columns([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
    return np.asarray(basis @ found)


def draw_combed(written: Points, lines: Points, paint: Paint, chance: np.random.RandomState) -> list[Item]:
    """Combed hair: broad shade between strands, fine strands, and the band of light on them.

    Args:
        written: ``(N, LONG, 2)`` strokes as seen from the front.
        lines: ``(N, LONG, 2)`` the same in the picture.
        paint: their colours.
        chance: which part of each is drawn.
    """
    t, items = paint.tones, list[Item]()
    order = chance.permutation(len(lines))
    at = 0
    for number, (count, dark, strength, widths, least) in enumerate(STROKES):
        colour = mix(t.base, t.deep, dark) if dark > 0 else mix(t.light, t.shine, -dark)
        some = []
        for one in order[at : at + count]:
            size = int(LONG * chance.uniform(least, 1.0))
            begin = int(chance.randint(0, LONG - size + 1)) if number else LONG - size
            some.append(lines[one, begin : begin + size])
        items.append(Shape(brushed(some, widths), Flat(colour, strength)))
        at += count
    band = SHINE + 0.20 * written[..., 0] ** 2 - 0.06 * written[..., 0]
    off = np.abs(written[..., 1] - band)
    spot = off.argmin(1)
    lit = np.flatnonzero((off.min(1) < 0.05) & (spot > 2) & (spot < LONG - 3))
    if len(lit) and paint.shine:
        gleams = [
            lines[k, max(spot[k] - chance.randint(2, 6), 0) : spot[k] + chance.randint(3, 7)] for k in lit.tolist()
        ]
        items.append(Shape(brushed(gleams, GLEAMS), Flat(t.gleam, 0.75 * paint.shine)))
    return items
