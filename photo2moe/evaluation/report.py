"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from photo2moe.evaluation.metric import Metric

COLUMNS = ("metric", "value", "95 % interval", "ideal", "naive", "n", "better", "what it says")


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All figures, and what they were measured on.

    Attributes:
        weights: as they were named.
        seed: of every choice by lot.
        photos: photos looked at.
        metrics: figures over all people.
        groups: figures over some of the people.
        people: one row an avatar: its photo's name and its own figures.
        missed: photos that gave no avatar, and why.
        anime: real anime faces used.
        dropped: anime pictures not used, by reason.
    """

    weights: str
    seed: int
    photos: int
    metrics: list[Metric]
    groups: list[Metric] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    anime: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Metric:
        """The figure of that name, over all people."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "weights": self.weights,
            "seed": self.seed,
            "photos": self.photos,
            "avatars": len(self.people),
            "missed": [{"photo": name, "why": why} for name, why in self.missed],
            "anime": {"used": self.anime, "dropped": self.dropped},
            "metrics": [metric.to_dict() for metric in self.metrics],
            "groups": [metric.to_dict() for metric in self.groups],
            "people": self.people,
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Cells under :data:`COLUMNS`, a row a figure."""
        return [metric.row() for metric in self.metrics]

    def group_columns(self) -> tuple[str, ...]:
        """Headings of :meth:`group_rows`."""
        return ("group", "n", *dict.fromkeys(metric.name for metric in self.groups))

    def group_rows(self) -> list[tuple[str, ...]]:
        """A row a group, a column a figure with its interval."""
        table: dict[str, list[Metric]] = {}
        for metric in self.groups:
            table.setdefault(metric.group, []).append(metric)
        return [(group, str(max(m.n for m in found)), *(_cell(m) for m in found)) for group, found in table.items()]

    def summary(self) -> str:
        """One line: how many photos gave an avatar."""
        missed = f"; no avatar from {', '.join(name for name, _ in self.missed)}" if self.missed else ""
        return f"{len(self.people)} avatars from {self.photos} photos, {self.anime} anime faces{missed}"


def _cell(metric: Metric) -> str:
    _, value, interval, *_ = metric.row()
    return f"{value}  {interval.replace(' … ', '…')}"
