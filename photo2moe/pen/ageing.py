"""What years draw into a face: a few soft lines in the colour of the skin, that come one after another and deepen."""

from __future__ import annotations

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen.head import Head
from photo2moe.pen.palette import SkinTones, mix
from photo2moe.pen.proportions import years_of
from photo2moe.pen.scene import Flat, Item, Points, Shape, bezier, brush

# Opacity of lines by years: first and further ages, and the opacity at each.
FOLDS = ((30, 38, 46, 60, 78), (0.0, 0.25, 0.46, 0.6, 0.66))  # from the nose to the corners of the mouth
BAGS = ((38, 46, 56, 75), (0.0, 0.24, 0.46, 0.56))  # under the eyes
FEET = ((42, 50, 60, 75), (0.0, 0.28, 0.46, 0.55))  # beside the outer corners of the eyes
FOREHEAD = ((46, 58, 75), (0.0, 0.3, 0.42))
SECOND = ((62, 72, 80), (0.0, 0.18, 0.3))  # a second line on the forehead
JOWLS = ((56, 66, 80), (0.0, 0.26, 0.38))  # from the corners of the mouth down
WOMEN = 0.92  # opacity of the lines of women over those of men
DEEPER = 7.0  # years by which lines that a photo showed clearly deepen
SHADE = 1.5  # opacity of the soft shade beside a fold over that of its line
FOLD_LENGTH = (36, 60), (0.55, 1.0)  # years, and share of the way to the mouth that a fold goes
COVERED = ("beard", "short_beard", "long_beard", "goatee", "moustache", "handlebar")  # beards over a fold's lower part
COVERED_LENGTH = 0.6  # the share of a fold that is seen over them


def draw_lines(who: Character, head: Head, tones: SkinTones) -> tuple[Item, ...]:
    """The lines of a face; none of the young."""
    years = years_of(who) + (DEEPER if "wrinkles" in who.skin.marks and who.person.years else 0.0)
    if years <= FOLDS[0][0]:
        return ()
    share = WOMEN if who.person.look == "f" else 1.0
    line, items = mix(tones.line, tones.deep, 0.35), list[Item]()

    def stroke(
        points: Points, ages: tuple[tuple[float, ...], tuple[float, ...]], width: float, soft: float = 0
    ) -> None:
        opacity = share * float(np.interp(years, *ages))
        if opacity <= 0:
            return
        for side in (-1, 1):
            placed = head.face(points * (side, 1))
            if soft:
                items.append(Shape(brush(placed, [0.004, soft, 0.004]), Flat(tones.shade, min(SHADE * opacity, 0.7))))
            items.append(Shape(brush(placed, [0.002, width, 0.002]), Flat(line, opacity)))
            if abs(points[0, 0]) == abs(points[-1, 0]):  # one line across the middle
                return

    s = head.size
    (u, v), (w, h) = s.eye, s.eye_size
    reach = float(np.interp(years, *FOLD_LENGTH)) if who.beard.kind not in COVERED else COVERED_LENGTH
    side, low = max(1.42 * s.mouth_width, 0.33), s.mouth + 0.03
    fold = bezier((0.15, s.nose - 0.02), (0.22, s.nose + 0.02), (side - 0.02, s.mouth - 0.12), (side, low), 16)
    stroke(fold[: max(int(16 * reach), 4)], FOLDS, 0.016, 0.045)
    low = v + 1.12 * h + 0.035
    bag = bezier(
        (u - 0.72 * w, low - 0.02), (u - 0.3 * w, low + 0.045), (u + 0.4 * w, low + 0.04), (u + 0.8 * w, low - 0.03), 14
    )
    stroke(bag, BAGS, 0.012, 0.036)
    x = u + 1.22 * w
    stroke(bezier((x, v + 0.02), (x + 0.03, v + 0.03), (x + 0.06, v + 0.01), (x + 0.085, v - 0.015), 8), FEET, 0.012)
    stroke(
        bezier((x - 0.01, v + 0.065), (x + 0.02, v + 0.08), (x + 0.05, v + 0.085), (x + 0.08, v + 0.08), 8), FEET, 0.009
    )
    for at, wide, ages in ((0.42, 0.26, FOREHEAD), (0.68, 0.2, SECOND)):
        level = s.brow + at * (s.hairline - s.brow)
        stroke(
            bezier((-wide, level), (-0.4 * wide, level - 0.025), (0.4 * wide, level - 0.025), (wide, level), 14),
            ages,
            0.010,
        )
    if who.beard.kind not in COVERED:
        x, y = 1.12 * s.mouth_width, s.mouth + 0.05
        stroke(bezier((x, y), (x + 0.035, y + 0.05), (x + 0.05, y + 0.11), (x + 0.045, y + 0.17), 8), JOWLS, 0.010)
    return tuple(items)
