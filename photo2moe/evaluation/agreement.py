"""How far words that were given agree with labels, each figure with its 95 % interval.

Shares of photos have Wilson's score interval (Wilson, J. Am. Stat. Assoc. 1927), which holds near 0 and 1 and for
few photos. Their means over classes have the one that follows from it (Zou, Huang, Zhang, Comput. Stat. Data Anal.
2009), since resampled photos would often lack rare classes. Calibration errors have the bootstrap over photos.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photo2moe.evaluation.labels import Field
from photo2moe.evaluation.metric import Array, Statistic, bootstrap

Z = 1.959964  # two-sided 95 % of the normal distribution, standard deviations
BINS = 10  # of equal width, for the calibration error


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval.

    Attributes:
        value: the number; NaN where nothing was measured.
        low, high: its 95 % interval; NaN where there are too few photos for one.
        n: photos that it was measured on.
    """

    value: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain values, ready for JSON; what is not a number becomes ``None``."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {key: round(x, 4) if math.isfinite(x) else None for key, x in numbers.items()} | {"n": self.n}

    def cell(self) -> str:
        """For a table: ``0.812 (0.780…0.841)``."""
        if not math.isfinite(self.value):
            return "–"
        return f"{self.value:.3f}" + (f" ({self.low:.3f}…{self.high:.3f})" if math.isfinite(self.low) else "")


@dataclass(frozen=True, slots=True)
class Bin:
    """Photos on which a net was about equally sure. Attributes: mean confidence, share right, photos."""

    confidence: float
    right: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field on one photo.

    Attributes:
        label: what the label says.
        answer: what was given.
        probabilities: of every value, from the looks net; empty for a field that it does not know.
    """

    label: str
    answer: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well one field is told.

    Attributes:
        field: which.
        accuracy: share of photos right, values merged as the field says.
        balanced: mean over merged values of the share right; values that no label has do not count.
        exact: share of photos right, nothing merged.
        calibration: expected calibration error of the looks net: the mean difference between how sure it is of its
            likeliest merged value and how often that is right, over :data:`BINS` bins of confidence (Naeini, Cooper,
            Hauskrecht, AAAI 2015). It is biased upwards when there are few photos. On labels that the net knows.
        recall: of every value that a label has, the share right, merged.
        confusion: photos by (label, answer), nothing merged.
        bins: what the calibration error is made of, empty bins left out.
        unsaid: photos left out since their label leaves nothing to compare.
    """

    field: Field
    accuracy: Figure
    balanced: Figure
    exact: Figure
    calibration: Figure
    recall: dict[str, Figure]
    confusion: dict[tuple[str, str], int]
    bins: tuple[Bin, ...]
    unsaid: int

    @property
    def values(self) -> tuple[str, ...]:
        """Values that labels or answers have, in the field's order, then any that it does not know."""
        seen = {value for pair in self.confusion for value in pair}
        return (
            *(value for value in self.field.values if value in seen),
            *sorted(seen.difference(self.field.values)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        table: dict[str, dict[str, int]] = {}
        for (label, answer), count in self.confusion.items():
            table.setdefault(label, {})[answer] = count
        return {
            "field": self.field.name,
            "merged": [list(group) for group in self.field.merged],
            "unsaid": self.unsaid,
            "accuracy": self.accuracy.to_dict(),
            "balanced_accuracy": self.balanced.to_dict(),
            "exact_accuracy": self.exact.to_dict(),
            "calibration_error": self.calibration.to_dict(),
            "recall": {value: figure.to_dict() for value, figure in self.recall.items()},
            "confusion": table,
            "reliability": [
                {"confidence": round(b.confidence, 4), "right": round(b.right, 4), "n": b.n} for b in self.bins
            ],
        }


def agreement(field: Field, comparisons: Sequence[Comparison], *, seed: int) -> Agreement:
    """Hold answers against labels.

    Args:
        field: what is compared.
        comparisons: one a photo.
        seed: of the bootstrap.
    """
    said = [one for one in comparisons if one.label not in field.unsaid]
    right = np.array([field.group(one.label) == field.group(one.answer) for one in said], bool)
    labels = np.array([one.label for one in said], str)
    present = [value for value in field.values if value in labels]
    groups = np.array([field.group(one.label) for one in said], str)
    classes = [share(right[groups == group].sum(), int((groups == group).sum())) for group in np.unique(groups)]
    sure = confidences(field, comparisons)
    return Agreement(
        field,
        share(right.sum(), len(said)),
        average(classes),
        share(sum(one.label == one.answer for one in said), len(said)),
        centred(resampled(sure, calibration_error, seed=seed)),
        {value: share(right[labels == value].sum(), int((labels == value).sum())) for value in present},
        dict(Counter((one.label, one.answer) for one in said)),
        reliability(sure),
        len(comparisons) - len(said),
    )


def share(right: float, n: int) -> Figure:
    """A share of photos with Wilson's score interval.

    >>> share(8, 10).cell()
    '0.800 (0.490…0.943)'
    """
    if n == 0:
        return Figure(math.nan, math.nan, math.nan, 0)
    value, weight = right / n, Z * Z / n
    centre = (value + weight / 2) / (1 + weight)
    spread = Z / (1 + weight) * math.sqrt(value * (1 - value) / n + weight / (4 * n))
    return Figure(float(value), max(0.0, centre - spread), min(1.0, centre + spread), n)


def resampled(rows: Array, statistic: Statistic, *, seed: int) -> Figure:
    """A statistic of rows, one a photo, with its bootstrap interval; NaN without rows."""
    return Figure(*bootstrap(rows, statistic, seed=seed)) if len(rows) else Figure(math.nan, math.nan, math.nan, 0)


def average(shares: Sequence[Figure]) -> Figure:
    """Mean of independent shares, each of which counts alike, with the interval that theirs give.

    >>> average([share(8, 10), share(1, 4)]).cell()
    '0.525 (0.339…0.761)'
    """
    if not shares:
        return Figure(math.nan, math.nan, math.nan, 0)
    value = sum(one.value for one in shares) / len(shares)
    low = math.hypot(*(one.value - one.low for one in shares)) / len(shares)
    high = math.hypot(*(one.high - one.value for one in shares)) / len(shares)
    return Figure(value, max(0.0, value - low), min(1.0, value + high), sum(one.n for one in shares))


def centred(figure: Figure) -> Figure:
    """The same figure in the middle of its interval: resampling moves calibration errors upwards."""
    half = (figure.high - figure.low) / 2
    if math.isnan(half):
        return figure
    return Figure(figure.value, max(0.0, figure.value - half), min(1.0, figure.value + half), figure.n)


def confidences(field: Field, comparisons: Sequence[Comparison]) -> Array:
    """How sure the net is of its likeliest value, and 1 where that is the label's, ``(n, 2)``; values merged.

    Labels that the net cannot give, such as an undecided look, are left out.
    """
    rows = []
    for one in comparisons:
        if one.label not in one.probabilities:
            continue
        merged: dict[str, float] = {}
        for value, probability in one.probabilities.items():
            group = field.group(value)
            merged[group] = merged.get(group, 0.0) + probability
        best = max(merged, key=lambda value: merged[value])
        rows.append((merged[best], float(best == field.group(one.label))))
    return np.array(rows, float).reshape(-1, 2)


def calibration_error(rows: Array) -> float:
    """Expected calibration error of ``(n, 2)`` confidences and 1 where right."""
    bins = _bins(rows)
    gaps = np.bincount(bins, rows[:, 0], BINS) - np.bincount(bins, rows[:, 1], BINS)
    return float(np.abs(gaps).sum() / len(rows))


def reliability(rows: Array) -> tuple[Bin, ...]:
    """Confidence and share right by bin of confidence."""
    bins = _bins(rows)
    sure, right, counts = (np.bincount(bins, weights, BINS) for weights in (rows[:, 0], rows[:, 1], None))
    return tuple(Bin(float(s / n), float(r / n), int(n)) for s, r, n in zip(sure, right, counts, strict=True) if n)


def _bins(rows: Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.clip((rows[:, 0] * BINS).astype(np.int64), 0, BINS - 1)
