"""What an evaluation against labels found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from photo2moe.evaluation.agreement import Agreement, Figure
from photo2moe.evaluation.regions import Table
from photo2moe.files import printable

FIELD_COLUMNS = ("field", "photos", "accuracy (95 %)", "balanced (95 %)", "calibration error (95 %)", "exact")
RECALL_COLUMNS = ("field", "value", "photos", "recall (95 %)", "mostly taken for")
REGION_COLUMNS = ("region", "photos", "IoU, all pixels (95 %)", "IoU, mean of photos (95 %)")

NAMED = 20  # photos that the summary names; JSON and page name all


@dataclass(frozen=True, slots=True, eq=False)
class DescribedPerson:
    """One photo.

    Attributes:
        photo: its name.
        labels: what its row says, by field.
        answers: what the Character says, by field.
        probabilities: of every value of the fields that the looks net knows.
    """

    photo: str
    labels: dict[str, str]
    answers: dict[str, str]
    probabilities: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class DescribedReport:
    """All figures, and what they were measured on.

    Attributes:
        labels: name of the CSV.
        seed: of every choice by lot.
        photos: rows looked at.
        people: one a photo with a face.
        missed: photos that were not described, and why.
        fields: agreement by name of the field.
        tables: pixels by label of the mask and region found, one a photo with a mask.
        unmasked: photos whose mask is missing or cannot be used, and why.
        regions: intersection over union by region: over all pixels, and the mean over photos; empty without masks.
    """

    labels: str
    seed: int
    photos: int
    people: list[DescribedPerson] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, Agreement] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    unmasked: list[tuple[str, str]] = field(default_factory=list)
    regions: dict[str, tuple[Figure, Figure]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "labels": self.labels,
            "seed": self.seed,
            "photos": self.photos,
            "described": len(self.people),
            "missed": [{"photo": name, "why": why} for name, why in self.missed],
            "fields": [found.to_dict() for found in self.fields.values()],
            "regions": [
                {"region": name, "iou": together.to_dict(), "mean_iou": each.to_dict()}
                for name, (together, each) in self.regions.items()
            ],
            "unmasked": [{"photo": name, "why": why} for name, why in self.unmasked],
            "people": [{"photo": p.photo, "labels": p.labels, "answers": p.answers} for p in self.people],
        }

    def field_rows(self) -> list[tuple[str, ...]]:
        """Cells under :data:`FIELD_COLUMNS`."""
        return [
            (name, str(a.accuracy.n), a.accuracy.cell(), a.balanced.cell(), a.calibration.cell(), _short(a.exact))
            for name, a in self.fields.items()
        ]

    def recall_rows(self) -> list[tuple[str, ...]]:
        """Cells under :data:`RECALL_COLUMNS`."""
        return [
            (name, value, str(figure.n), figure.cell(), _mistaken(a, value))
            for name, a in self.fields.items()
            for value, figure in a.recall.items()
        ]

    def region_rows(self) -> list[tuple[str, ...]]:
        """Cells under :data:`REGION_COLUMNS`."""
        return [
            (name, str(together.n), together.cell(), each.cell()) for name, (together, each) in self.regions.items()
        ]

    def summary(self) -> str:
        """One line: how many photos could be used, and which not."""
        text = f"{len(self.people)} people described in {self.photos} photos"
        for what, names in (("not described", self.missed), ("no usable mask", self.unmasked)):
            if names:
                more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
                text += f"; {what}: {len(names)}, {', '.join(printable(name) for name, _ in names[:NAMED])}{more}"
        return text


def _short(figure: Figure) -> str:
    return f"{figure.value:.3f}" if figure.n else "–"


def _mistaken(found: Agreement, value: str) -> str:
    """The wrong answer that a value gets most often, with its photos."""
    group = found.field.group
    wrong = {
        answer: count
        for (label, answer), count in found.confusion.items()
        if label == value and group(answer) != group(label)
    }
    if not wrong:
        return "–"
    most = max(wrong, key=lambda answer: wrong[answer])
    return f"{most} {wrong[most]}"
