"""How a tuft of short hair is painted, and the fine strands and streaks of light between tufts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from photo2moe.pen.crops import Scalp, ease, outline
from photo2moe.pen.palette import Tones
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Path, Points, Shape, brush

LINE = 0.030  # width of the line of a silhouette, face units
SHINE = -1.31  # v of the middle of the band of light
CAST = (0.035, 0.05)  # how far the shadow of a tuft falls
HIGHEST = -1.7  # v at which strands end


@dataclass(frozen=True, slots=True)
class Tuft:
    """A tuft as it lies on a head.

    Attributes:
        left, right: its edges in the picture, root to tip.
        middle: its middle as seen from the front, before the head is turned.
        behind: it is drawn behind the mass of the hair, whose outline it breaks.
    """

    left: Points
    right: Points
    middle: Points
    behind: bool

    @property
    def ring(self) -> Points:
        """Its outline."""
        return outline(self.left, self.right)

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


def draw_tuft(tuft: Tuft, paint: Paint, chance: np.random.RandomState) -> list[Item]:
    """The shapes of one tuft: its shadow, body, side away from the light, strand, shine and edges."""
    t, left, right = paint.tones, tuft.left, tuft.right
    path = Path.polygon(tuft.ring)
    grown = ease(np.arange(len(left)), 1, 0.55 * len(left))[:, None]  # nothing begins with a step at the root
    items: list[Item] = []
    if not tuft.behind and paint.cap.commands:
        fall = grown * np.array(CAST)
        cast = Path.polygon(outline((left + fall)[3:], (right + fall)[3:]))
        items.append(Group((Shape(cast, Flat(t.deep, 0.5), blur=0.02),), paint.cap))
    items.append(Shape(path, paint.light))
    flank = outline(right + (left - right) * 0.42 * grown, right + np.array((0.05, 0.02)))
    share = float(chance.uniform(0.3, 0.5))
    strand = ((1 - share) * left + share * right)[6:-3]
    inside: list[Item] = []
    if paint.tips is not None:
        (u0, v0), (u1, v1) = (0.5 * (left[0] + right[0])).tolist(), left[-1].tolist()
        inside.append(Shape(path, Gradient((u0, v0), (u1, v1), ((0.35, paint.tips, 0.0), (0.9, paint.tips, 0.95)))))
    inside += [
        Shape(Path.polygon(flank), Flat(t.shade, 0.6), blur=0.008),
        Shape(brush(strand, [0.002, 0.011, 0.002]), Flat(t.deep, 0.55)),
        *_shine(tuft, paint, chance),
    ]
    items.append(Group(tuple(inside), path))
    bold = LINE * (1.0 if tuft.behind else paint.edge)
    items += [
        Shape(brush(side[4:], [0.002, 0.45 * bold, 0.75 * bold, 0.6 * bold]), Flat(t.line)) for side in (left, right)
    ]
    return items


def _shine(tuft: Tuft, paint: Paint, chance: np.random.RandomState) -> list[Shape]:
    """The piece of the band of light that lies on a tuft: two slender streaks."""
    middle = tuft.middle
    band = SHINE + 0.14 * middle[:, 0] ** 2 - 0.06 * middle[:, 0]
    at = int(np.argmin(np.abs(middle[:, 1] - band)))
    strength = paint.shine * float(0.3 + 0.7 * ease(middle[at, 0], 0.9, -0.1))
    if not strength or not 3 < at < len(middle) - 4 or abs(middle[at, 1] - band[at]) > 0.08:
        return []
    pieces = []
    for low, high in ((0.12, 0.34), (0.40, 0.56)):
        begin, end = at - int(chance.randint(2, 5)), at + int(chance.randint(2, 6))
        i = np.clip(np.arange(begin, end + 1), 0, len(middle) - 1)
        swell = np.sin(np.pi * np.linspace(0.06, 0.97, len(i)))[:, None] ** 0.7
        centre, half = 0.5 * (low + high), 0.5 * (high - low) * swell
        left, right = tuft.left[i], tuft.right[i]
        one, two = left + (right - left) * (centre - half), left + (right - left) * (centre + half)
        pieces.append(Shape(Path.polygon(outline(one, two)), Flat(paint.tones.shine, strength)))
    return pieces


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
    items: list[Item] = []
    for n in range(number + gloss):
        light = n >= number
        order, count = (n - number, gloss) if light else (n, number)
        azi = -80 + 160 * (order + 0.5 + chance.uniform(-0.35, 0.35)) / count
        low = float(np.interp(azi, lower[:, 0], lower[:, 1]))
        length = chance.uniform(0.22, 0.42) if light else chance.uniform(short, long)
        begin = SHINE + 0.06 + chance.uniform(-0.05, 0.05) if light else low - 0.03 - chance.uniform(0, 0.55) * (n % 2)
        v = np.linspace(begin, max(begin - length, HIGHEST), 12)
        line = scalp.head.project(scalp.on(scalp.seen(azi + lean * ease(v, low, -1.9)), v))
        if light:
            strength = paint.shine * (0.25 + 0.75 * float(ease(azi, 50, -10)))
            items.append(
                Shape(brush(line, [0.004, chance.uniform(0.03, 0.07), 0.004]), Flat(paint.tones.shine, strength))
            )
        else:
            items.append(Shape(brush(line, [0.003, 0.015, 0.003]), Flat(deep, 0.6)))
    for side in (-1, 1):
        for n in range(int(data.get("combed", 5))):
            level = -0.34 - 0.17 * n + chance.uniform(-0.04, 0.04) + np.linspace(0, 0.05, 10)
            turn = side * (np.linspace(0, 34, 10) + 54 - 3 * n + chance.uniform(-4, 6))
            line = scalp.head.project(scalp.on(scalp.seen(turn), level))
            items.append(Shape(brush(line, [0.002, 0.012, 0.002]), Flat(deep, 0.5)))
    return items
