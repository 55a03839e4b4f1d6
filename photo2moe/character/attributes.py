"""What a person looks like, in words: one small net for all fields at once, with calibrated probabilities.

The net sees two squares cut out along the eye line, one of the head and a wider, lower one for long hair and clothes,
and the points of the face mesh. It is EfficientNet-Lite0 (Tan and Le, *EfficientNet*, ICML 2019), fine-tuned by
``photo2moe.training.looks``. "left" and "right" are those of the picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from photo2moe.errors import WeightsError
from photo2moe.ops.geometry import apply, compose
from photo2moe.types import Face, Image, Matrix
from photo2moe.weights import LOOKS, verified

Floats = NDArray[np.float32]

MARKS = ("freckles", "wrinkles", "lipstick", "makeup", "mole")  # on the face
CONDITIONS = ("grey", "dark", "tint", "blur", "occluded")  # of the photo
SWITCH = ("no", "yes")
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "age": ("adult", "baby", "child", "teen", "old"),
        "look": ("f", "m"),
        "hair_length": ("bald", "shaved", "short", "ear", "chin", "shoulder", "long", "hidden"),
        "hair_texture": ("straight", "wavy", "curly", "coily", "braids", "locs", "na"),
        "front": (
            *("full", "swept_l", "swept_r", "curtain", "side_l"),
            *("side_r", "back", "up", "receding", "na"),
        ),
        "tied": ("loose", "ponytail", "bun", "pigtails", "braid", "half", "na"),
        "hair_colour": (
            *("black", "dark_brown", "brown", "light_brown", "blond"),
            *("red", "grey", "white", "dyed", "na"),
        ),
        "facial_hair": ("none", "stubble", "moustache", "goatee", "beard", "long_beard"),
        "glasses": ("none", "round", "rect", "oval", "rimless", "sun"),
        "headwear": (
            *("none", "cap", "beanie", "hat", "hood", "headscarf"),
            *("turban", "helmet", "headband", "veil", "crown", "other"),
        ),
        "earrings": ("none", "stud", "hoop", "drop", "unseen"),
        "clothes": (
            *("crew", "vneck", "shirt", "suit", "suit_tie", "hoodie", "strap", "turtleneck"),
            *("jacket", "scarf", "traditional", "uniform", "dress", "bare", "unseen"),
        ),
        "clothes_colour": (
            *("black", "white", "grey", "blue", "brown", "beige", "red"),
            *("pink", "green", "orange", "purple", "yellow", "na"),
        ),
        "clothes_pattern": ("plain", "stripes", "checks", "dots", "print", "na"),
        "mouth": ("closed", "smile", "teeth", "open", "hidden"),
        "eyes": ("open", "closed", "squint", "wink", "hidden"),
        "view": ("front", "left", "right", "prof_left", "prof_right"),
        **dict.fromkeys((*MARKS, *CONDITIONS), SWITCH),
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a value is believed.

    Attributes:
        plain: the value taken when none is likely enough.
        threshold: probability from which the likeliest value is.
        rare: values that are taken from a lower probability on, even if another is likelier, and that probability:
            rare looks matter most to those who have them.
    """

    plain: str
    threshold: float
    rare: Mapping[str, float] = field(default_factory=dict)


# Chosen on the 323 held-out photos and by eye on drawings: most of the rare looks are found, and hardly anybody gets
# one that is not theirs, which is worse.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "age": Rule("adult", 0.45, {"baby": 0.2, "child": 0.3, "old": 0.3}),
        "look": Rule("f", 0.5),
        "hair_length": Rule("short", 0.25, {"bald": 0.2}),
        "hair_texture": Rule("straight", 0.35, {"curly": 0.42, "coily": 0.35, "braids": 0.2, "locs": 0.25}),
        "front": Rule("back", 0.2),
        "tied": Rule("loose", 0.4, {"bun": 0.3, "pigtails": 0.15}),
        "hair_colour": Rule("dark_brown", 0.25),
        "facial_hair": Rule("none", 0.4, {"moustache": 0.3, "goatee": 0.4, "beard": 0.3, "long_beard": 0.3}),
        "glasses": Rule("none", 0.4, {"round": 0.25, "rect": 0.35, "oval": 0.25, "sun": 0.45}),
        "headwear": Rule(
            "none",
            0.4,
            {
                **dict.fromkeys(("cap", "hood", "helmet", "veil", "crown"), 0.3),
                **dict.fromkeys(("beanie", "hat", "headscarf", "turban"), 0.35),
                "headband": 0.5,
            },
        ),
        "earrings": Rule("none", 0.4),
        "clothes": Rule("crew", 0.2),
        "clothes_colour": Rule("grey", 0.25),
        "clothes_pattern": Rule("plain", 0.4),
        "mouth": Rule("closed", 0.4),
        "eyes": Rule("open", 0.45, {"closed": 0.25, "wink": 0.25, "hidden": 0.25}),
        "view": Rule("front", 0.4, {"prof_left": 0.4, "prof_right": 0.4}),
        "freckles": Rule("no", 0.5, {"yes": 0.3}),
        "wrinkles": Rule("no", 0.5, {"yes": 0.4}),
        "lipstick": Rule("no", 0.5),
        "makeup": Rule("no", 0.5),
        "mole": Rule("no", 0.5),
        "grey": Rule("no", 0.5, {"yes": 0.4}),
        "dark": Rule("no", 0.5),
        "tint": Rule("no", 0.5, {"yes": 0.3}),
        "blur": Rule("no", 0.5),
        "occluded": Rule("no", 0.5, {"yes": 0.3}),
    }
)

CANVAS = 384  # pixels, side of the upright square from which both crops are cut
CANVAS_SCALE = 48.0  # pixels a face unit in it; photos seldom show faces larger
CANVAS_TOP = -3.2  # v of its upper edge, face units
UNSEEN = 127  # grey level beyond the photo's edge; the net's zero
# Head; head and shoulders: v of the upper edge and side in face units, side in pixels.
CROPS = ((-2.3, 4.4, 160), (-1.8, 6.0, 128))
POINTS = 478 * 2  # coordinates of the face mesh


@dataclass(frozen=True, slots=True)
class Looks:
    """What a person looks like.

    Attributes:
        probabilities: of each value of each of :data:`FIELDS`; those of a field sum to 1.
    """

    probabilities: dict[str, dict[str, float]]

    def best(self, field: str) -> tuple[str, float]:
        """The likeliest value of a field, and its probability."""
        return max(self.probabilities[field].items(), key=lambda pair: pair[1])

    def sure(self, field: str, plain: str | None = None, threshold: float | None = None) -> str:
        """A value that is likely enough, or else the plainer one.

        Args:
            field: of :data:`FIELDS`.
            plain: the value to fall back on; by default the field's in :data:`RULES`.
            threshold: probability from which the likeliest value is believed; by default the field's. If given, rare
                values are not preferred.

        Returns:
            A rare value that reaches its threshold, of several the one that exceeds its own most; else the likeliest
            value if it is likely enough; else ``plain``.
        """
        rule, probable = RULES[field], self.probabilities[field]
        if threshold is None:
            excess = {value: probable.get(value, 0.0) / least for value, least in rule.rare.items()}
            if excess and max(excess.values()) >= 1:
                return max(excess, key=lambda value: excess[value])
        value, confidence = self.best(field)
        if confidence >= (rule.threshold if threshold is None else threshold):
            return value
        return rule.plain if plain is None else plain


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

    def __call__(self, photo: Image, face: Face) -> Looks:
        """What the person with that face looks like.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            face: in it.
        """
        head, body = crops(canvas(photo, face))
        inputs = {"head": pixels(head), "body": pixels(body), "points": points(face)[None]}
        logits, start, found = self._session.run(None, inputs)[0][0].astype(np.float64), 0, {}
        for name, values in FIELDS.items():
            probable = softmax(logits[start : start + len(values)])
            found[name] = dict(zip(values, probable.tolist(), strict=True))
            start += len(values)
        return Looks(found)


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
    return _warp(photo, matrix, CANVAS)


def crops(image: Image, moved: Matrix | None = None) -> tuple[Image, Image]:
    """The squares that the net sees.

    Args:
        image: from :func:`canvas`.
        moved: canvas pixels → canvas pixels, applied first.

    Returns:
        Head, ``(160, 160, 3)``, and head and shoulders, ``(128, 128, 3)``.
    """
    squares = []
    for top, side, size in CROPS:
        zoom = size / (side * CANVAS_SCALE)
        left, upper = CANVAS / 2 - side / 2 * CANVAS_SCALE, (top - CANVAS_TOP) * CANVAS_SCALE
        matrix = np.array([[zoom, 0.0, (0.5 - left) * zoom - 0.5], [0.0, zoom, (0.5 - upper) * zoom - 0.5]])
        # The wider square shrinks by half: blurred a little, so that patterns do not turn into others.
        source = image if zoom > 0.6 else np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)
        squares.append(_warp(source, matrix if moved is None else compose(matrix, moved), size))
    return squares[0], squares[1]


def points(face: Face) -> Floats:
    """The mesh in face units, ``(956,)``: u and v of each point in turn."""
    return apply(face.to_units(), face.landmarks).astype(np.float32).ravel()


def pixels(square: Image) -> Floats:
    """A crop ``(S, S, 3)`` as the net takes it: ``(1, 3, S, S)``, 0…255."""
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None], np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float64)


def _warp(image: Image, matrix: Matrix, side: int) -> Image:
    grey = (UNSEEN, UNSEEN, UNSEEN)
    return np.asarray(
        cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_CONSTANT, borderValue=grey), np.uint8
    )
