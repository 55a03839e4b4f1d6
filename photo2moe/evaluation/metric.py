"""A figure with its uncertainty, and the two ways in which the uncertainty is found.

Figures that are a statistic over people come from the percentile bootstrap (Efron,
*Bootstrap methods: another look at the jackknife*, Ann. Statist. 1979): people are
drawn with replacement. Distances between two *sets* cannot be found so, since a
picture drawn twice lies at distance 0 from itself; for them halves are drawn without
replacement (the delete-d jackknife with d = n/2: Shao and Wu, Ann. Statist. 1989).

Limits: both see only how these people differ among themselves, not how the choice of
folder, of the net's seed or of the detectors would change the figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array], float]  # rows (n, k), one a person → one number
Distance = Callable[[Array, Array], float]  # two sets of features → one number

DRAWS = 1000  # resamples of people
HALVES = 100  # half-samples of pictures; each costs a whole distance
FEWEST = 5  # people; an interval from fewer means nothing


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    Attributes:
        name: as in the table and in JSON.
        value: the figure; NaN where nothing could be measured.
        low, high: its 95 % confidence interval; NaN with fewer than five people.
        n: people or pictures that it was measured on.
        ideal: what perfect avatars would get, as far as that can be measured: real
            anime faces, or drawings in exactly the colours asked for. For KID and FID
            the *floor*. No bound: a drawing nearer to the photo than asked goes below it.
        naive: what no skill at all gets: the photos themselves, or the avatars of other
            people. For KID and FID the *ceiling*.
        better: ``higher``, ``lower``, or ``ideal`` where the ideal is to be met.
        about: what it says, in one line.
        group: ``column=value`` where it was measured on some people only.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    ideal: float | None = None
    naive: float | None = None
    better: str = "higher"
    about: str = ""
    group: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; what is not a number becomes ``None``."""
        numbers = {key: _plain(getattr(self, key)) for key in ("value", "low", "high", "ideal", "naive")}
        grouped = {"group": self.group} if self.group else {}
        return {**grouped, "name": self.name, **numbers, "n": self.n, "better": self.better, "about": self.about}

    def row(self) -> tuple[str, ...]:
        """Name, value, interval, ideal, naive, n, better and about, as cells of a table."""
        interval = f"{_short(self.low)} … {_short(self.high)}" if math.isfinite(self.low) else "–"
        references = (_short(self.ideal), _short(self.naive))
        return (self.name, _short(self.value), interval, *references, str(self.n), self.better, self.about)


def bootstrap(rows: Array, statistic: Statistic, *, seed: int, draws: int = DRAWS) -> tuple[float, float, float, int]:
    """Measure a statistic over people, with its interval.

    Args:
        rows: ``(n, k)`` or ``(n,)``, a row a person; rows with a NaN are left out.
        statistic: of such rows.
        seed: of the resampling.
        draws: resamples.

    Returns:
        Value, 2.5 % and 97.5 % quantile over the resamples, and the number of rows used.

    >>> value, low, high, n = bootstrap(np.arange(9.0), lambda rows: float(rows.mean()), seed=0)
    >>> low < value == 4.0 < high, n
    (True, 9)
    """
    rows = rows.reshape(len(rows), -1)
    rows = rows[~np.isnan(rows).any(1)]
    if not len(rows):
        return math.nan, math.nan, math.nan, 0
    value = statistic(rows)
    if len(rows) < FEWEST:
        return value, math.nan, math.nan, len(rows)
    random = np.random.default_rng(seed)
    drawn = [statistic(rows[random.integers(len(rows), size=len(rows))]) for _ in range(draws)]
    found = np.array([x for x in drawn if math.isfinite(x)])  # a rank needs two different values
    if not len(found):
        return value, math.nan, math.nan, len(rows)
    low, high = np.percentile(found, [2.5, 97.5])
    return value, float(low), float(high), len(rows)


def half_samples(
    one: Array, other: Array, distance: Distance, *, seed: int, draws: int = HALVES
) -> tuple[float, float, float]:
    """Measure a distance between two sets, with its interval.

    A statistic of half a sample drawn without replacement varies as much around that of
    the whole sample, as the latter does around the truth: the variance σ²/m·(1 − m/n) is
    σ²/n for m = n/2. The interval is value ± 1.96 such standard deviations. Whatever bias
    a distance has at half the size is the same in all halves and leaves it unmoved.

    Args:
        one: ``(n, d)`` features.
        other: ``(m, d)`` features.
        distance: of two such sets.
        seed: of the resampling.
        draws: half-samples.

    Returns:
        Value, lower and upper end of the 95 % interval.
    """
    value, random = distance(one, other), np.random.default_rng(seed)
    if min(len(one), len(other)) < 2 * FEWEST:
        return value, math.nan, math.nan
    halves = [distance(_half(one, random), _half(other, random)) for _ in range(draws)]
    spread = 1.96 * float(np.std(halves))
    return value, value - spread, value + spread


def mean(rows: Array) -> float:
    """Mean of the only column."""
    return float(rows.mean())


def median(rows: Array) -> float:
    """Median of the only column."""
    return float(np.median(rows))


def rank_correlation(rows: Array) -> float:
    """Spearman's rank correlation of two columns; NaN where one of them is constant.

    Source: Spearman, *The proof and measurement of association between two things*, 1904.
    Limits: it says whether the order is kept, not how large the differences are, nor
    whether all are shifted alike; and it falls when the people are alike to begin with.

    >>> rank_correlation(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 300.0]]))
    1.0
    """
    from scipy.stats import rankdata

    first, second = (rankdata(column) for column in rows.T)
    first, second = first - first.mean(), second - second.mean()
    size = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / size if size > 0 else math.nan


def _half(rows: Array, random: np.random.Generator) -> Array:
    return rows[random.permutation(len(rows))[: len(rows) // 2]]


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _short(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
