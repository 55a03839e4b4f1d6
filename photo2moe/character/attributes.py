"""What a person looks like, in words: one small net for all fields at once, with calibrated probabilities.

The net sees two squares cut out along the eye line, one of the head and a wider, lower one for long hair and clothes,
the regions of the person in both, and the points of the face mesh. It is EfficientNet-Lite0 (Tan and Le,
*EfficientNet*, ICML 2019), fine-tuned by ``photo2moe.training.looks``. "left" and "right" are those of the picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from photo2moe.character.labels import COARSER, FIELDS
from photo2moe.character.rules import RULES
from photo2moe.errors import WeightsError
from photo2moe.face.parse import BACKGROUND, Regions
from photo2moe.ops.geometry import apply, compose
from photo2moe.types import Face, Image, Matrix
from photo2moe.weights import LOOKS, verified

Floats = NDArray[np.float32]
Grid = NDArray[np.uint8]  # an image, or regions in its place

CANVAS = 384  # pixels, side of the upright square from which both crops are cut
CANVAS_SCALE = 48.0  # pixels a face unit in it; photos seldom show faces larger
CANVAS_TOP = -3.2  # v of its upper edge, face units
FLOOR = 0.01  # probability that a coarser field at least leaves to every value
UNSEEN = 127  # grey level beyond the photo's edge; the net's zero
CELL = 8  # pixels of the canvas, and of a crop, for which the net is told the regions once
# Head; head and shoulders: v of the upper edge and side in face units, side in pixels.
CROPS = ((-2.3, 4.4, 160), (-1.8, 6.0, 128))
POINTS = 478 * 2  # coordinates of the face mesh
INPUTS = ("head", "body", "points", "head_regions", "body_regions")  # of the net


@dataclass(frozen=True, slots=True)
class Looks:
    """What a person looks like.

    Attributes:
        probabilities: of each value of each of :data:`FIELDS`; those of a field sum to 1.
        skin: L of the skin in ordinary light, or None if the net does not tell.
    """

    probabilities: dict[str, dict[str, float]]
    skin: float | None = None

    def best(self, field: str) -> tuple[str, float]:
        """The likeliest value of a field, and its probability."""
        return max(self.probabilities[field].items(), key=lambda pair: pair[1])

    def mean(self, field: str) -> float:
        """The expected value of a field whose words are numbers."""
        return sum(float(value) * share for value, share in self.probabilities[field].items())

    def sure(self, field: str) -> str:
        """A value that is likely enough, or else the plain one, as :data:`photo2moe.character.rules.RULES` say.

        Returns:
            A rare value that reaches its probability, of several the one that exceeds its own most; else the likeliest
            value of the likeliest kind if that is likely enough; else the plain value.
        """
        rule, probable = RULES[field], self._both(field)
        excess = {value: probable.get(value, 0.0) / least for value, least in rule.rare.items()}
        if excess and max(excess.values()) >= 1:
            return max(excess, key=lambda value: excess[value])
        kinds = [*rule.kinds, *((value,) for value in probable if not any(value in kind for kind in rule.kinds))]
        likely = {kind: sum(probable.get(value, 0.0) for value in kind) for kind in kinds}
        kind = max(likely, key=lambda kind: likely[kind])
        if likely[kind] < rule.threshold:
            return rule.plain
        return max(kind, key=lambda value: probable.get(value, 0.0))

    def _both(self, field: str) -> dict[str, float]:
        """Probabilities of a field and of its coarser one together."""
        own = self.probabilities[field]
        coarse, names = COARSER.get(field, ("", {}))
        if coarse not in self.probabilities:
            return own
        other = self.probabilities[coarse]
        both = {value: share * (sum(other[name] for name in names[value]) + FLOOR) for value, share in own.items()}
        return {value: share / sum(both.values()) for value, share in both.items()}


class LooksNet:
    """Looks of a person in a photo; load once, call often, from any thread.

    Args:
        path: of the net; by default the shipped one.
        threads: that one call may use.

    Raises:
        WeightsError: the installation lacks the net, or it is not one of this version.
    """

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        path = verified(LOOKS) if path is None else path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            fields = json.loads(self._session.get_modelmeta().custom_metadata_map["fields"])
        except Exception as error:  # ONNX Runtime's errors have no common base
            raise WeightsError(f"{path} is not a looks net; install photo2moe again") from error
        if fields != {name: list(values) for name, values in FIELDS.items()}:
            raise WeightsError(f"{path} is a looks net of another version; install photo2moe again")

    def __call__(self, photo: Image, face: Face, regions: Regions) -> Looks:
        """What the person with that face looks like.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            face: in it.
            regions: of the person.
        """
        inputs = as_inputs(crops(canvas(photo, face)), points(face), crops(layout(regions)))
        outputs = self._session.run(None, inputs)
        logits, start, found = outputs[0][0].astype(np.float64), 0, {}
        for name, values in FIELDS.items():
            probable = softmax(logits[start : start + len(values)])
            found[name] = dict(zip(values, probable.tolist(), strict=True))
            start += len(values)
        return Looks(found, float(outputs[1][0, 0]) if len(outputs) > 1 else None)


def canvas(photo: Image, face: Face) -> Image:
    """The person upright, eyes level, from above the hair to the chest, ``(CANVAS, CANVAS, 3)``."""
    scale = CANVAS_SCALE / face.eye_distance
    units = np.array([[CANVAS_SCALE, 0.0, CANVAS / 2 - 0.5], [0.0, CANVAS_SCALE, -CANVAS_TOP * CANVAS_SCALE - 0.5]])
    matrix = compose(units, face.to_units())
    if scale < 0.75:  # average first: linear sampling alone would lose thin frames
        height, width = photo.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
        x, y = width / size[0], height / size[1]
        matrix = compose(matrix, np.array([[x, 0.0, x / 2 - 0.5], [0.0, y, y / 2 - 0.5]]))
    return _warp(photo, matrix, CANVAS, UNSEEN)


def layout(regions: Regions) -> Grid:
    """How likely each cell of the canvas is hair, skin, clothes and headwear: ``(48, 48, 4)``, 0…255."""
    side, count = regions.scores.shape[-1], CANVAS // CELL
    scores = np.ascontiguousarray(np.delete(regions.scores, BACKGROUND, 0).transpose(1, 2, 0))
    small = cv2.resize(scores, (count, count), interpolation=cv2.INTER_AREA)
    scale, each = CANVAS_SCALE / CELL, side / count
    units = np.array([[scale, 0.0, count / 2 - 0.5], [0.0, scale, -CANVAS_TOP * scale - 0.5]])
    grown = np.array([[each, 0.0, each / 2 - 0.5], [0.0, each, each / 2 - 0.5]])
    matrix = compose(units, compose(regions.to_units, grown))
    return _warp(np.rint(255 * small).astype(np.uint8), matrix, count, 0)


def crops(image: Grid, moved: Matrix | None = None) -> tuple[Grid, Grid]:
    """The squares that the net sees.

    Args:
        image: from :func:`canvas` or :func:`layout`.
        moved: its pixels → its pixels, applied first.

    Returns:
        Head and head with shoulders: ``(160, 160, 3)`` and ``(128, 128, 3)``, or ``(20, 20, 4)`` and ``(16, 16, 4)``.
    """
    cell, fill = CANVAS // len(image), UNSEEN if len(image) == CANVAS else 0
    squares = []
    for top, side, size in CROPS:
        zoom, scale = size / (side * CANVAS_SCALE), CANVAS_SCALE / cell
        left, upper = len(image) / 2 - side / 2 * scale, (top - CANVAS_TOP) * scale
        matrix = np.array([[zoom, 0.0, (0.5 - left) * zoom - 0.5], [0.0, zoom, (0.5 - upper) * zoom - 0.5]])
        # The wider square shrinks by half: blurred a little, so that patterns do not turn into others.
        source = image if zoom > 0.6 else np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)
        squares.append(_warp(source, matrix if moved is None else compose(matrix, moved), size // cell, fill))
    return squares[0], squares[1]


def points(face: Face) -> Floats:
    """The mesh in face units, ``(956,)``: u and v of each point in turn."""
    return apply(face.to_units(), face.landmarks).astype(np.float32).ravel()


def as_inputs(seen: tuple[Grid, Grid], mesh: Floats, parts: tuple[Grid, Grid]) -> dict[str, Floats]:
    """What the net takes, by name: crops of the canvas, the points ``(956,)``, and crops of the layout."""
    return dict(zip(INPUTS, (*map(pixels, seen), mesh[None], *map(pixels, parts)), strict=True))


def pixels(square: Grid) -> Floats:
    """A crop ``(S, S, C)`` as the net takes it: ``(1, C, S, S)``, 0…255."""
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None], np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float64)


def _warp(image: Grid, matrix: Matrix, side: int, fill: int) -> Grid:
    border = (fill,) * 4
    return np.asarray(
        cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_CONSTANT, borderValue=border), np.uint8
    )
