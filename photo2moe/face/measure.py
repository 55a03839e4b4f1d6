"""Everything about a person that is a number: proportions, expression, pose, and the shape of the hair.

Numbers are those of :class:`photo2moe.character.schema.Character`: -1…1, 0 for the mean adult of the photos behind
:mod:`photo2moe.face.people`, whatever their sex or age, so that women and men, children and adults differ by them as
they do in life. They are exaggerated as a caricaturist would: the hyperbolic tangent of 0.6 standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from photo2moe.face.expression import Expression, brows, express, group_of, usual_openness
from photo2moe.face.features import features
from photo2moe.face.outline import expected, find_outline, ratios, volume
from photo2moe.face.parse import Regions
from photo2moe.face.people import people
from photo2moe.face.pose import Head, pose
from photo2moe.types import Face, Image

PROPORTIONS: tuple[str, ...] = (
    "face.width",
    "face.jaw",
    "face.chin",
    "face.cheeks",
    "face.forehead",
    "eyes.size",
    "eyes.spacing",
)
PROPORTIONS += ("eyes.slant", "brows.thickness", "brows.slant", "nose.width", "nose.length", "mouth.width")
PROPORTIONS += ("mouth.fullness",)
LOWEST = 0.68  # openness over that of open eyes of such people below which eyes are no narrower, but squinting


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was measured of a person.

    Attributes:
        numbers: by field of the Character, such as ``"face.width"``; pose in degrees.
        expression: what the face does.
        outline: 16 radii of the hair over the mean's, clockwise from above.
        head: the pose in full.
        cut: whether the picture ends within the hair above.
    """

    numbers: dict[str, float]
    expression: Expression
    outline: tuple[float, ...]
    head: Head
    cut: bool

    @property
    def mouth(self) -> str:
        """The likeliest word for the mouth."""
        mouths = self.expression.mouths
        return max(mouths, key=lambda word: mouths[word])

    def changes(self) -> dict[str, Any]:
        """For :meth:`photo2moe.character.schema.Character.replace`."""
        words = {"expression.mouth": self.mouth, "expression.gaze": self.expression.gaze, "hair.outline": self.outline}
        return {**self.numbers, **words}


def measure(
    photo: Image, face: Face, regions: Regions, *, length: str = "short", look: str = "u", age: str = "adult"
) -> Measures:
    """Measure a person.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        length: word of ``hair.length``: the hair is held against that of people with the like.
        look: ``f``, ``m`` or ``u``: how far open eyes of such people are.
        age: likewise, a word of ``person.age``.

    Returns:
        Numbers rounded to two digits, all within what a Character allows.
    """
    table = people()
    head = pose(face, table)
    found = features(photo, face, head, table)
    numbers = {name: table.exaggerated(name, found.values[name], found.nuisances) for name in PROPORTIONS}
    group = group_of(look, age)
    expression = express(found, head, table, group)
    numbers["brows.height"] = float(np.tanh(0.6 * brows(found, table, group)[0]))
    # An eye that is being closed says nothing about how high it is.
    high = max(found.values["eyes.height"], LOWEST * usual_openness(table, group))
    numbers["eyes.height"] = table.exaggerated("eyes.height", high, found.nuisances)
    shape = find_outline(photo.shape, regions, head)
    mean = expected(table, length, head)
    numbers["hair.volume"] = table.exaggerated("hair.volume", volume(shape, mean), found.nuisances)
    numbers["hair.hairline"] = numbers["hair.parting"] = 0.0
    if np.isfinite(shape.hairline):
        # v runs down, a high forehead is up
        numbers["hair.hairline"] = -table.exaggerated("hair.hairline", shape.hairline, found.nuisances)
        numbers["hair.parting"] = shape.parting
    rounded = {name: round(float(np.clip(value, -1, 1)), 2) + 0.0 for name, value in numbers.items()}
    return Measures(rounded | expression.numbers, expression, ratios(shape, mean), head, shape.cut)
