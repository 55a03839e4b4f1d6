"""Everything about a person that is a number: proportions, expression, pose, and the shape of the hair.

Numbers are those of :class:`photo2moe.character.schema.Character`: -1…1, 0 for the mean adult of the photos behind
:mod:`photo2moe.face.people`, whatever their sex or age, so that women and men, children and adults differ by them as
they do in life. They are exaggerated as a caricaturist would: the hyperbolic tangent of 0.6 standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.face.features import Features, features, weights
from photo2moe.face.outline import expected, find_outline, ratios, volume
from photo2moe.face.parse import Regions
from photo2moe.face.people import People, people
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
# Openness of an eye over that of open eyes of such people → how far it is drawn open. Between the two ones the
# difference is the person's own, and goes into the height of the eyes.
OPEN = (0.28, 0.45, 0.68, 0.85, 1.2, 1.5), (0.0, 0.25, 0.6, 1.0, 1.0, 1.3)
ALIKE = 0.3  # difference between drawn eyes below which both are drawn alike
SHUT = 0.3  # openness below which nobody sees where an eye looks
GLANCE = 0.34  # half widths of an eye by which irises that look far aside are off their rest, as the mesh has them
STILL = 0.15  # share of that below which the eyes look ahead
# Rise of the corners of the mouth in deviations, and gap between the lips over its width, of those who barely show
# teeth and of those who laugh.
JOY = ((0.3, 1.6), (0.10, 0.21))
LOWEST = 0.68  # openness over that of open eyes of such people below which eyes are no narrower, but squinting
# Deviations of the brows' height that are usual of such people: without them most men would seem to scowl.
USUAL_BROWS = {"f": 0.4, "m": -0.35, "child": 0.7, "old": 0.0}
CALM = 1.3  # deviations from those that are a matter of build; beyond, brows are raised or lowered
RAISED = 1.5  # deviations beyond those at which brows are fully raised
TURN = (45.0, 25.0)  # degrees of yaw and pitch that can be drawn


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was measured of a person.

    Attributes:
        numbers: by field of the Character, such as ``"face.width"``; pose in degrees.
        mouths: probabilities of the words for the mouth: ``closed``, ``smile``, ``teeth``, ``open``.
        gap: between the lips, over the width of the mouth.
        joy: how broadly a mouth with teeth smiles, 0…1.
        gaze: ``(-1 left … 1 right, -1 up … 1 down)``.
        outline: 16 radii of the hair over the mean's, clockwise from above.
        head: the pose in full.
        cut: whether the picture ends within the hair above.
    """

    numbers: dict[str, float]
    mouths: dict[str, float]
    gap: float
    joy: float
    gaze: tuple[float, float]
    outline: tuple[float, ...]
    head: Head
    cut: bool

    @property
    def mouth(self) -> str:
        """The likeliest word for the mouth."""
        return max(self.mouths, key=lambda word: self.mouths[word])

    def changes(self) -> dict[str, Any]:
        """For :meth:`photo2moe.character.schema.Character.replace`."""
        words = {"expression.mouth": self.mouth, "expression.gaze": self.gaze, "hair.outline": self.outline}
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
    group = "child" if age in ("baby", "child") else "old" if age == "old" else look
    neutral = _neutral(table, group)
    eyes = [float(np.interp(one / neutral, *OPEN)) for one in found.openness]
    numbers |= _brows(found, table, USUAL_BROWS.get(group, 0.0))
    # An eye that is being closed says nothing about how high it is.
    high = max(found.values["eyes.height"], LOWEST * neutral)
    numbers["eyes.height"] = table.exaggerated("eyes.height", high, found.nuisances)
    numbers["expression.smile"] = table.deviations("expression.smile", found.values["mouth.lift"], found.nuisances)
    gaze = _gaze(found, eyes)
    numbers["expression.left"], numbers["expression.right"] = _alike(eyes, head)
    shape = find_outline(photo.shape, regions, head)
    mean = expected(table, length, head)
    numbers["hair.volume"] = table.exaggerated("hair.volume", volume(shape, mean), found.nuisances)
    numbers["hair.hairline"] = numbers["hair.parting"] = 0.0
    if np.isfinite(shape.hairline):
        # v runs down, a high forehead is up
        numbers["hair.hairline"] = -table.exaggerated("hair.hairline", shape.hairline, found.nuisances)
        numbers["hair.parting"] = shape.parting
    gap = found.nuisances["open"]
    risen = numbers["expression.smile"], gap
    joy = float(np.mean([np.interp(value, ends, (0.0, 1.0)) for value, ends in zip(risen, JOY, strict=True)]))
    limits = {"expression.left": (0.0, 1.3), "expression.right": (0.0, 1.3)}
    numbers = {name: float(np.clip(value, *limits.get(name, (-1.0, 1.0)))) for name, value in numbers.items()}
    numbers["pose.yaw"] = float(np.clip(head.yaw, -TURN[0], TURN[0]))
    numbers["pose.pitch"] = float(np.clip(head.pitch, -TURN[1], TURN[1]))
    numbers["pose.roll"] = head.roll
    mouths = tell(table.models["mouth"], found.mouth)
    rounded = {name: round(value, 2) + 0.0 for name, value in sorted(numbers.items())}
    return Measures(rounded, mouths, gap, joy, gaze, ratios(shape, mean), head, shape.cut)


def tell(model: dict[str, Any], values: NDArray[np.float64]) -> dict[str, float]:
    """The probability of each word of a linear model of the table, given values."""
    scores = values @ np.array(model["weights"]) + np.array(model["bias"])
    powers = np.exp(scores - scores.max())
    return dict(zip(model["words"], (powers / powers.sum()).tolist(), strict=True))


def _neutral(table: People, group: str) -> float:
    """Openness of open eyes of such people."""
    medians = table.groups["neutral"]
    return medians.get(group, medians["all"])


def _brows(found: Features, table: People, usual: float) -> dict[str, float]:
    """Height of the brows: what is usual belongs to the person, what is more to the expression."""
    names = ("brows.height", "brows.inner")
    outer, inner = (table.deviations(name, found.values[name], found.nuisances) for name in names)
    both = (outer + inner) / 2 - usual
    beyond = np.sign(both) * max(0.0, abs(both) - CALM)
    return {
        "brows.height": float(np.tanh(0.6 * (outer - beyond))),
        "expression.brows": float(beyond / RAISED),
    }


def _gaze(found: Features, eyes: list[float]) -> tuple[float, float]:
    if min(eyes) < SHUT:
        return 0.0, 0.0
    away = np.clip(np.array(found.gaze) / GLANCE, -1, 1)
    length = float(np.hypot(*away))
    away = away * max(0.0, length - STILL) / max(length, STILL)
    across, down = (round(float(x), 2) + 0.0 for x in away)
    return across, down


def _alike(eyes: list[float], head: Head) -> tuple[float, float]:
    """Both eyes: alike unless one is clearly closer to shut; the far eye of a turned head as the near one."""
    sides = weights(head)
    if sides.min() < 0.1:
        return (eyes[int(sides.argmax())],) * 2
    if abs(eyes[0] - eyes[1]) < ALIKE:
        return (float(sides @ eyes),) * 2
    return eyes[0], eyes[1]
