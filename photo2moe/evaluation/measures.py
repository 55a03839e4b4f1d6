"""All figures that are a statistic over people: which there are, and what each is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.evaluation.drawing import Eyes, eyes
from photo2moe.evaluation.groups import Groups
from photo2moe.evaluation.likeness import Geometry, Tones, geometry, hair_tones, skin_tones
from photo2moe.evaluation.metric import Metric, Statistic, bootstrap, mean, median, rank_correlation
from photo2moe.evaluation.pairs import Pair
from photo2moe.evaluation.retrieval import Identity, chip_of, identity_ranks, look_ranks
from photo2moe.ops.geometry import Template

Array = NDArray[np.float64]

EQUAL = 0.85  # ratio of the eyes' areas from which nobody sees a difference
UNEQUAL = 0.6  # ratio of the eyes' areas below which one of them is spoilt


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure over people.

    Attributes:
        name: as in the table and in JSON.
        statistic: of the people's values.
        better: ``higher``, ``lower`` or ``ideal``.
        about: what it says.
        grouped: measured for groups too.
    """

    name: str
    statistic: Statistic
    better: str
    about: str
    grouped: bool = False


MEASURES = (
    Measure("anime_rate", mean, "higher", "share with an anime face, whatever its skin (animeface)", True),
    Measure("anime_rate_plain", mean, "higher", "the same, plain: rewards bleached skin"),
    Measure("skin_rank", rank_correlation, "higher", "skin lightness, photo against avatar (Spearman)"),
    Measure("skin_lightness", median, "lower", "skin, photo against avatar (median ΔL)"),
    Measure("skin_difference", median, "lower", "skin, photo against avatar (median ΔE00)", True),
    Measure("hair_rank", rank_correlation, "higher", "hair lightness, photo against avatar (Spearman)"),
    Measure("hair_difference", median, "lower", "hair, photo against avatar (median ΔE00)", True),
    Measure("landmark_error", median, "lower", "distance of ten landmarks, eye distances"),
    Measure("pose_rank", rank_correlation, "higher", "turn of the head (Spearman)"),
    Measure("identity_1", mean, "higher", "share whose own photo a face recogniser finds first"),
    Measure("identity_5", mean, "higher", "… among the first five", True),
    Measure("look_1", mean, "higher", "share whose own photo is found first by colours and layout"),
    Measure("look_5", mean, "higher", "… among the first five"),
    Measure("eye_ratio", median, "ideal", "smaller eye's area over the larger's"),
    Measure("equal_eyes", mean, "ideal", f"share with an eye ratio of at least {EQUAL}"),
    Measure("unequal_eyes", mean, "ideal", f"share with an eye ratio under {UNEQUAL}", True),
    Measure("iris_hue", median, "ideal", "hue of one iris against the other's, degrees"),
    Measure("eye_height", median, "ideal", "drawn eye's height over the photo's"),
    Measure("eye_height_rank", rank_correlation, "higher", "height of the eyes, photo against avatar (Spearman)"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything measured on the people, one entry a person.

    Attributes:
        likelihoods: ``(n, 2)`` of an anime face, plain and tone-tolerant.
        skin, hair: colours.
        geometry: landmarks and pose.
        identity: ``(n,)`` places of the own photo in the face recogniser's ranking.
        look: ``(n,)`` the same by colours and layout.
        eyes: both eyes of each avatar.
        photo_eyes: ``(n,)`` height of the eyes in the photos, face units.
    """

    likelihoods: Array
    skin: Tones
    hair: Tones
    geometry: Geometry
    identity: NDArray[np.int64]
    look: NDArray[np.int64]
    eyes: list[Eyes]
    photo_eyes: Array

    def values(self) -> dict[str, Array]:
        """What each measure is a statistic of, by its name: ``(n,)`` or ``(n, 2)``."""
        found = self.likelihoods >= 0.9
        ratio = np.array([pair.ratio for pair in self.eyes])
        height = np.array([pair.height for pair in self.eyes])
        seen = np.where(self.photo_eyes > 0.02, self.photo_eyes, np.nan)  # closed eyes have no ratio
        return {
            "anime_rate": found[:, 1].astype(float),
            "anime_rate_plain": found[:, 0].astype(float),
            "skin_rank": self.skin.lightness,
            "skin_lightness": np.abs(self.skin.lightness[:, 0] - self.skin.lightness[:, 1]),
            "skin_difference": self.skin.difference,
            "hair_rank": self.hair.lightness,
            "hair_difference": self.hair.difference,
            "landmark_error": self.geometry.error,
            "pose_rank": self.geometry.turn,
            "identity_1": (self.identity <= 1).astype(float),
            "identity_5": (self.identity <= 5).astype(float),
            "look_1": (self.look <= 1).astype(float),
            "look_5": (self.look <= 5).astype(float),
            "eye_ratio": ratio,
            "equal_eyes": _share(ratio, ratio >= EQUAL),
            "unequal_eyes": _share(ratio, ratio < UNEQUAL),
            "iris_hue": np.array([pair.hue for pair in self.eyes]),
            "eye_height": height / seen,
            "eye_height_rank": np.stack([seen, height], 1),
        }


def find(pairs: list[Pair], template: Template, likelihoods: Array, identity: Identity) -> Findings:
    """Measure everything on the people.

    Args:
        pairs: the people.
        template: where the eyes lie.
        likelihoods: ``(n, 2)`` of an anime face in the avatars.
        identity: the face recogniser.
    """
    avatars, photos = [pair.avatar for pair in pairs], [pair.photo for pair in pairs]
    return Findings(
        likelihoods,
        skin_tones(pairs, template),
        hair_tones(pairs, template),
        geometry(pairs),
        identity_ranks([chip_of(head, template) for head in avatars], [pair.face for pair in pairs], identity),
        look_ranks(avatars, photos, template),
        [eyes(head, template) for head in avatars],
        np.array([pair.eye_height for pair in pairs]),
    )


def references(found: Findings, photos: Array, anime: Array, drawn: list[Eyes]) -> dict[str, tuple[float, float]]:
    """What perfect and unskilled avatars would get, by measure; NaN where that is not known.

    Args:
        found: the people's findings.
        photos: ``(n, 2)`` likelihoods of an anime face in the photos themselves.
        anime: ``(m, 2)`` the same in real anime faces; m may be 0.
        drawn: both eyes of real anime faces.
    """
    n, ratio = len(found.eyes), np.array([pair.ratio for pair in drawn])
    seen = _median(found.photo_eyes)
    return {
        "anime_rate": (_mean(anime[:, 1] >= 0.9), _mean(photos[:, 1] >= 0.9)),
        "anime_rate_plain": (_mean(anime[:, 0] >= 0.9), _mean(photos[:, 0] >= 0.9)),
        "skin_rank": (1.0, 0.0),
        "skin_lightness": (0.0, math.nan),
        "skin_difference": (_median(found.skin.intended), _median(found.skin.strangers)),
        "hair_rank": (1.0, 0.0),
        "hair_difference": (_median(found.hair.intended), _median(found.hair.strangers)),
        "landmark_error": (0.0, _median(found.geometry.strangers)),
        "pose_rank": (1.0, 0.0),
        **{f"{name}_1": (1.0, 1 / n) for name in ("identity", "look")},
        **{f"{name}_5": (1.0, min(1.0, 5 / n)) for name in ("identity", "look")},
        "eye_ratio": (_median(ratio), math.nan),
        "equal_eyes": (_mean(_share(ratio, ratio >= EQUAL)), math.nan),
        "unequal_eyes": (_mean(_share(ratio, ratio < UNEQUAL)), math.nan),
        "iris_hue": (_median(np.array([pair.hue for pair in drawn])), math.nan),
        "eye_height": (_median(np.array([pair.height for pair in drawn])) / seen if seen else math.nan, 1.0),
        "eye_height_rank": (1.0, 0.0),
    }


def over_all(values: dict[str, Array], against: dict[str, tuple[float, float]], *, seed: int) -> list[Metric]:
    """Every measure over all people, with its references."""
    metrics = []
    for measure in MEASURES:
        value, low, high, n = bootstrap(values[measure.name], measure.statistic, seed=seed)
        ideal, naive = against[measure.name]
        metrics.append(Metric(measure.name, value, low, high, n, ideal, naive, measure.better, measure.about))
    return metrics


def over_groups(values: dict[str, Array], groups: Groups, *, seed: int) -> list[Metric]:
    """The measures that are grouped, over each group of people.

    Limits: groups overlap and are small; where intervals overlap, nothing is shown.
    """
    metrics = []
    for group, members in groups.items():
        for measure in (measure for measure in MEASURES if measure.grouped):
            value, low, high, n = bootstrap(values[measure.name][members], measure.statistic, seed=seed)
            metrics.append(
                Metric(measure.name, value, low, high, n, better=measure.better, about=measure.about, group=group)
            )
    return metrics


def people(pairs: list[Pair], found: Findings) -> list[dict[str, Any]]:
    """One row a person, to find the failures by."""
    columns: dict[str, Array] = {
        "anime": found.likelihoods[:, 1],
        "skin_difference": found.skin.difference,
        "hair_difference": found.hair.difference,
        "landmark_error": found.geometry.error,
        "identity": found.identity.astype(float),
        "look": found.look.astype(float),
        "eye_ratio": np.array([pair.ratio for pair in found.eyes]),
    }
    return [
        {"photo": pair.name} | {name: _number(column[i]) for name, column in columns.items()}
        for i, pair in enumerate(pairs)
    ]


def _share(ratio: Array, holds: NDArray[np.bool_]) -> Array:
    return np.where(np.isnan(ratio), np.nan, holds)


def _median(values: Array) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else math.nan


def _mean(values: NDArray[Any]) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan


def _number(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
