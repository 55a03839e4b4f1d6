"""What people measure on average: the table that faces are held against.

``people.json`` beside this file is written by ``python -m photo2moe.training.people DATA``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import WeightsError

FORMAT = "photo2moe-people/1"
FILE = "people.json"
# Of the deviations before tanh: one who is truly two deviations from the mean gets 0.83, one 0.54. Each measure is
# first shrunk by its reliability, the share of its variance that is the same when the mirrored photo is measured again.
GAIN = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Statistics of many photographed people.

    Attributes:
        points: ``(k,)`` numbers of the mesh's points in :attr:`shape`.
        shape: ``(k, 3)`` mean face, face units, x right, y down, z away from the viewer; symmetric.
        measures: by name ``{"mean", "deviation", "slopes", "reliability"}``: of adults; slopes: by nuisance.
        groups: by group (``f``, ``m``, ``child``) means of some measures.
        outline: by word of ``hair.length`` the mean radii of the hair, head units.
        models: small linear models by name: ``{"features", "words", "weights", "bias", ...}``.
    """

    points: NDArray[np.int64]
    shape: NDArray[np.float64]
    measures: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, float]]
    outline: dict[str, list[float]]
    models: dict[str, dict[str, Any]]

    def deviations(self, name: str, value: float, nuisances: dict[str, float]) -> float:
        """How many standard deviations a value is from the mean of adults, pose and expression taken out."""
        entry = self.measures[name]
        expected = entry["mean"] + sum(slope * nuisances[key] for key, slope in entry["slopes"].items())
        return float((value - expected) / entry["deviation"])

    def exaggerated(self, name: str, value: float, nuisances: dict[str, float]) -> float:
        """The same as a caricaturist would draw it, within -1…1."""
        reliability = self.measures[name].get("reliability", 1.0)
        return float(np.tanh(GAIN * reliability * self.deviations(name, value, nuisances)))


@cache
def people() -> People:
    """The shipped table.

    Raises:
        WeightsError: it is missing or damaged.
    """
    try:
        return parse(json.loads((resources.files(__package__) / FILE).read_text("utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{FILE} is missing or damaged; install photo2moe again") from error


def parse(data: dict[str, Any]) -> People:
    """A table from its JSON.

    Raises:
        ValueError: it has another format.
        KeyError: a part is missing.
    """
    if data["format"] != FORMAT:
        raise ValueError(f"not a table of people: {data['format']}")
    numbers = [int(number) for number in data["shape"]]
    return People(
        np.array(numbers),
        np.array(list(data["shape"].values()), float),
        data["measures"],
        data["groups"],
        data["outline"],
        data["models"],
    )
