"""How often the looks net is right on photos that it was not trained on, and how sure it should be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.character.attributes import Looks, as_inputs, crops, softmax
from photo2moe.character.labels import FIELDS
from photo2moe.errors import InputError
from photo2moe.training.looks_data import Labelled

HEATS = np.geomspace(0.4, 4.0, 47)  # temperatures tried
# Values that count as one where fields are compared with the agreement of people.
MERGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "age": (("child", "baby"), ("teen", "adult")),
    "hair_length": (("shaved", "short"), ("ear", "chin"), ("shoulder", "long")),
    "facial_hair": (("beard", "long_beard"),),
    "glasses": (("round", "rect", "oval", "rimless"),),
    "view": (("left", "prof_left"), ("right", "prof_right")),
}
BINS = 10  # of confidence, for the calibration error


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What a net says of the held-out photos.

    Attributes:
        logits: ``(N, V)`` of all fields, one after the other.
        labels: ``(N, F)``, index of the value, or -1.
        setting: ``(N,)`` which photos set the temperatures; the others check them.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    setting: NDArray[np.bool_]

    def fields(self) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.int64]]]:
        """Each field, its logits ``(N, values)`` and its labels ``(N,)``."""
        start = 0
        for number, (field, values) in enumerate(FIELDS.items()):
            yield field, self.logits[:, start : start + len(values)], self.labels[:, number]
            start += len(values)


def look(session: Any, photos: Labelled) -> HeldOut:
    """Run a net, an ONNX Runtime session, on the held-out photos.

    Raises:
        InputError: there are none.
    """
    indices = np.flatnonzero(photos.held_out)
    if not len(indices):
        raise InputError("no photo is held out; there are too few to say how good the net is")
    rows = []
    for i in indices:
        inputs = as_inputs(crops(photos.canvases[i]), photos.points[i], crops(photos.layouts[i]))
        rows.append(session.run(None, inputs)[0][0])
    setting = [hashlib.sha256(photos.files[i].encode()).digest()[-1] % 2 == 0 for i in indices]
    return HeldOut(np.array(rows, np.float64), photos.labels[indices], np.array(setting))


def temperatures(held: HeldOut) -> NDArray[np.float64]:
    """Temperature ``(F,)`` of each field that fits half of the photos best (Guo et al., ICML 2017)."""
    heats = np.ones(len(FIELDS))
    for number, (_, logits, labels) in enumerate(held.fields()):
        known = held.setting & (labels >= 0)
        truth = labels[known]
        if len(truth):
            losses = [-np.log(softmax(logits[known] / heat)[np.arange(len(truth)), truth] + 1e-9) for heat in HEATS]
            heats[number] = HEATS[int(np.argmin([loss.mean() for loss in losses]))]
    return heats


def score(held: HeldOut, heats: NDArray[np.float64]) -> str:
    """A table, one row a field.

    Accuracy of the likeliest value, merged and of all values; of the value that :meth:`Looks.sure` gives, its accuracy,
    its balanced accuracy and its recall of each value; all on all held-out photos. The expected calibration error is
    of the half that did not set the temperatures.

    Args:
        held: what the net says.
        heats: ``(F,)`` temperatures.
    """
    lines = [
        f"{len(held.labels)} held-out photos",
        "field            merged   all  sure balanced  error  recall (photos)",
    ]
    for (field, logits, labels), heat in zip(held.fields(), heats, strict=True):
        known, values = labels >= 0, FIELDS[field]
        if not known.any():
            lines.append(f"{field:16s}      -")
            continue
        probable, truth = softmax(logits[known] / heat), labels[known]
        taken = [Looks({field: dict(zip(values, row.tolist(), strict=True))}).sure(field) for row in probable]
        right = np.array([values[i] for i in truth]) == np.array(taken)
        recall = [(values[i], float(right[truth == i].mean()), int((truth == i).sum())) for i in np.unique(truth)]
        groups = _groups(field, values)
        merged = (probable @ groups).argmax(1) == groups[truth].argmax(1)
        checking = ~held.setting[known]
        lines.append(
            f"{field:16s} {merged.mean():6.3f} {(probable.argmax(1) == truth).mean():5.3f} {right.mean():5.3f} "
            f"{np.mean([share for _, share, _ in recall]):8.3f} "
            f"{_calibration_error(probable[checking], truth[checking]):6.3f}  "
            + ", ".join(f"{value} {share:.2f} ({count})" for value, share, count in recall)
        )
    return "\n".join(lines)


def _groups(field: str, values: tuple[str, ...]) -> NDArray[np.float64]:
    """Which values count as one, ``(values, groups)`` of 0 and 1."""
    merges = MERGES.get(field, ())
    alone = [(value,) for value in values if not any(value in group for group in merges)]
    return np.array([[float(value in group) for group in (*merges, *alone)] for value in values])


def _calibration_error(probable: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Mean difference of confidence and accuracy, over bins of confidence."""
    confidence, right = probable.max(1), probable.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(float(confidence[bins == b].sum() - right[bins == b].sum())) for b in np.unique(bins)]
    return sum(gaps) / max(1, len(truth))
