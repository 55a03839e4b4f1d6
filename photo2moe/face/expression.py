"""What a face does at this moment, from its mesh alone: mouth, lids, brows, gaze, and how the head is turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.face.features import Features, features, weights
from photo2moe.face.people import People, people
from photo2moe.face.pose import Head, pose
from photo2moe.types import Face, Image

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
# Deviations of the brows' height that are usual of such people: without them most men would seem to scowl.
USUAL_BROWS = {"f": 0.4, "m": -0.35, "child": 0.7, "old": 0.0}
CALM = 1.3  # deviations from those that are a matter of build; beyond, brows are raised or lowered
RAISED = 1.5  # deviations beyond those at which brows are fully raised
TURN = (45.0, 25.0)  # degrees of yaw and pitch that can be drawn


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """What was measured of a face at one moment.

    Attributes:
        numbers: by field of the Character: those of ``expression`` and ``pose``, the latter in degrees.
        opened: of the left and the right eye of the picture, over that of open eyes of such people.
        mouths: probabilities of the words for the mouth: ``closed``, ``smile``, ``teeth``, ``open``.
        gap: between the lips, over the width of the mouth.
        joy: how broadly a mouth with teeth smiles, 0…1.
        gaze: ``(-1 left … 1 right, -1 up … 1 down)``.
    """

    numbers: dict[str, float]
    opened: tuple[float, float]
    mouths: dict[str, float]
    gap: float
    joy: float
    gaze: tuple[float, float]


def measure_expression(photo: Image, face: Face, *, look: str = "u", age: str = "adult") -> Expression:
    """Measure what a face does.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face in it.
        look: ``f``, ``m`` or ``u``: how far open eyes of such people are.
        age: likewise, a word of ``person.age``.

    Returns:
        Numbers rounded to two digits, all within what a Character allows.
    """
    table = people()
    head = pose(face, table)
    return express(features(photo, face, head, table), head, table, group_of(look, age))


def group_of(look: str, age: str) -> str:
    """The group of people, of those of the table, whose eyes and brows are usual of a person."""
    return "child" if age in ("baby", "child") else "old" if age == "old" else look


def express(found: Features, head: Head, table: People, group: str) -> Expression:
    """What measured features mean; arguments as they are made in :func:`measure_expression`."""
    neutral = usual_openness(table, group)
    opened = found.openness[0] / neutral, found.openness[1] / neutral
    eyes = [float(np.interp(one, *OPEN)) for one in opened]
    left, right = _alike(eyes, head)
    smile = table.deviations("expression.smile", found.values["mouth.lift"], found.nuisances)
    gap = found.nuisances["open"]
    joy = float(np.mean([np.interp(value, ends, (0.0, 1.0)) for value, ends in zip((smile, gap), JOY, strict=True)]))
    _, beyond = brows(found, table, group)
    limits = {"expression.left": (0.0, 1.3), "expression.right": (0.0, 1.3)}
    limits |= {"pose.yaw": (-TURN[0], TURN[0]), "pose.pitch": (-TURN[1], TURN[1]), "pose.roll": (-180.0, 180.0)}
    numbers = {
        "expression.smile": smile,
        "expression.left": left,
        "expression.right": right,
        "expression.brows": beyond / RAISED,
        "pose.yaw": head.yaw,
        "pose.pitch": head.pitch,
        "pose.roll": head.roll,
    }
    numbers = {
        name: round(float(np.clip(value, *limits.get(name, (-1.0, 1.0)))), 2) + 0.0 for name, value in numbers.items()
    }
    mouths = tell(table.models["mouth"], found.mouth)
    return Expression(numbers, opened, mouths, gap, joy, _gaze(found, eyes))


def usual_openness(table: People, group: str) -> float:
    """Openness of open eyes of such people."""
    medians = table.groups["neutral"]
    return medians.get(group, medians["all"])


def brows(found: Features, table: People, group: str) -> tuple[float, float]:
    """Height of the brows in deviations, as it is the person's own and as it is raised beyond that."""
    outer, inner = (
        table.deviations(name, found.values[name], found.nuisances) for name in ("brows.height", "brows.inner")
    )
    both = (outer + inner) / 2 - USUAL_BROWS.get(group, 0.0)
    beyond = float(np.sign(both) * max(0.0, abs(both) - CALM))
    return outer - beyond, beyond


def tell(model: dict[str, Any], values: NDArray[np.float64]) -> dict[str, float]:
    """The probability of each word of a linear model of the table, given values."""
    scores = values @ np.array(model["weights"]) + np.array(model["bias"])
    powers = np.exp(scores - scores.max())
    return dict(zip(model["words"], (powers / powers.sum()).tolist(), strict=True))


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
