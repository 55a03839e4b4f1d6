"""Tell the regions of a person apart: hair, skin, clothes, headwear, and all else as background.

A small net looks at a square around the face, turned so that the eye line is level. It was trained by
``python -m photo2moe.training.parser`` and runs on ONNX Runtime; PyTorch is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import MissingExtraError, WeightsError
from photo2moe.types import CHIN, Face, Image, Mask, Matrix
from photo2moe.weights import PARSER, verified

REGIONS = ("background", "hair", "skin", "clothes", "headwear")
BACKGROUND, HAIR, SKIN, CLOTHES, HEADWEAR = range(len(REGIONS))

FORMAT = "photo2moe-parser/1"  # in the file's metadata, so that no other net is taken for this one
SIZE = 192  # pixels of the square's side
# Face units of the square's side. Of 600 photos, 99 % of hair and headwear and four fifths of clothes are inside.
SPAN = 5.6
MIDDLE = 0.4  # face units of the square's centre below the eye line: v from -2.4 to 3.2
# The eyes of a turned head come closer, its height stays: a face unit is taken to be at least this share of the way
# from between the eyes to the chin, which is 1.75 units on average.
CHIN_SHARE = 0.5
OUTSIDE = 127  # grey level where the square leaves the photo: 0 for the net
SMALLEST = 0.004  # share of the square, 0.35 face units squared: smaller islands and holes get the nearest label
PERSON = 0.5  # share of the largest connected piece of a person that another piece needs to belong to them as well


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Regions of one person, in a square around the face with a level eye line.

    Attributes:
        labels: ``(S, S)`` uint8, indices of :data:`REGIONS`; cleaned of islands. What lies outside the photo, other
            people, and things held before the face are background. Ears, neck, hands, beard and glasses are skin.
        scores: ``(5, S, S)`` float32 softmax in the order of :data:`REGIONS`, as the net gave it; background is 1
            outside the photo.
        matrix: ``(2, 3)`` similarity from photo pixels to pixels of the square.
        face: the face the square was laid around.
    """

    labels: NDArray[np.uint8]
    scores: NDArray[np.float32]
    matrix: Matrix
    face: Face

    @property
    def to_units(self) -> Matrix:
        """Similarity ``(2, 3)`` from pixels of the square to face units ``(u, v)``."""
        back = cv2.invertAffineTransform(self.matrix)
        units = self.face.to_units()
        return np.hstack([units[:, :2] @ back[:, :2], units[:, :2] @ back[:, 2:] + units[:, 2:]])

    def mask(self, region: str) -> Mask:
        """Where a region of :data:`REGIONS` is, ``(S, S)`` float32, 0 or 1."""
        return (self.labels == REGIONS.index(region)).astype(np.float32)

    def share(self, region: str) -> float:
        """Share of the square that a region of :data:`REGIONS` covers, ``[0, 1]``."""
        return float((self.labels == REGIONS.index(region)).mean())


class Parser:
    """Finds the regions of a person; load once, call often, from one thread at a time or several.

    Args:
        path: an ONNX file of ``photo2moe.training.parser``; the shipped one by default.
        threads: of ONNX Runtime; 0 for as many as it likes.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        WeightsError: the file is missing, damaged, or another net.
    """

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("the parser needs ONNX Runtime; pip install 'photo2moe[export]'") from error
        path = verified(PARSER) if path is None else path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors alone
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise WeightsError(f"{path}: no such weights file; give what photo2moe.training.parser wrote") from error
        try:
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            about = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # ONNX Runtime's own errors share no base but this
            raise WeightsError(f"{path} is damaged or not an ONNX file: {str(error).splitlines()[0]}") from error
        if about.get("format") != FORMAT:
            raise WeightsError(f"{path} is not a parser of this photo2moe; train it with photo2moe.training.parser")

    def __call__(self, photo: Image, face: Face) -> Regions:
        """Find the regions of the person whose face it is.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            face: one of its faces.

        Returns:
            Regions in a square of :data:`SPAN` face units.
        """
        matrix = square(face)
        picture = cut(photo, matrix, SIZE)
        [logits] = self._session.run(None, {"picture": as_input(picture)[None]})
        scores = _softmax(logits[0])
        outside = cut(np.zeros(photo.shape[:2], np.uint8), matrix, SIZE, fill=1, nearest=True).astype(np.float32)
        scores *= 1 - outside
        scores[BACKGROUND] += outside
        return Regions(clean(scores.argmax(0).astype(np.uint8), matrix, face), scores, matrix, face)


def square(face: Face, span: float = SPAN, size: int = SIZE, middle: float = MIDDLE) -> Matrix:
    """Similarity ``(2, 3)`` from photo pixels to a square around a face, its eye line level.

    Args:
        face: the face.
        span: side in face units; more of the photo is taken where a turned head brings the eyes together.
        size: side in pixels.
        middle: face units of the centre below the eye line.
    """
    units = face.to_units()
    chin = float(np.hypot(*(face.landmarks[CHIN] - face.eyes.mean(0)))) / face.eye_distance
    larger = max(1.0, CHIN_SHARE * chin)  # what is taken for a face unit
    scale = size / (span * larger)
    shift = (size - 1) / 2 - scale * np.array([[0.0], [middle * larger]]) + scale * units[:, 2:]
    return np.hstack([scale * units[:, :2], shift])


def cut(
    picture: NDArray[np.uint8], matrix: Matrix, size: int, *, fill: int = OUTSIDE, nearest: bool = False
) -> NDArray[np.uint8]:
    """Show a picture in a square, without aliasing.

    Args:
        picture: ``(H, W)`` or ``(H, W, 3)`` uint8.
        matrix: similarity from its pixels to those of the square.
        size: side of the square, pixels.
        fill: where the square leaves the picture.
        nearest: take the nearest pixel, for labels.

    Returns:
        ``(size, size)`` or ``(size, size, 3)`` uint8.
    """
    scale = float(np.hypot(*matrix[:, 0]))
    border = (fill,) * 3
    if nearest or scale >= 0.5:
        way = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        flat = cv2.warpAffine(picture, matrix, (size, size), flags=way, borderValue=border)
        return np.asarray(flat, np.uint8)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5
    inverse = cv2.invertAffineTransform(matrix)
    places = corners @ inverse[:, :2].T + inverse[:, 2]
    margin = 2 / scale  # what the interpolation looks at beside them
    x0, y0 = np.maximum(0, np.floor(places.min(0) - margin)).astype(int)
    x1, y1 = np.maximum(0, np.ceil(places.max(0) + margin)).astype(int)
    part = picture[y0:y1, x0:x1]
    height, width = part.shape[:2]
    if not height or not width:
        return np.full((size, size, *picture.shape[2:]), fill, np.uint8)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    ratio = np.array([width / small[0], height / small[1]])  # pixels of the picture in one of the shrunk
    shift = matrix[:, 2] + matrix[:, :2] @ ([x0, y0] + (ratio - 1) / 2)
    moved = np.hstack([matrix[:, :2] * ratio, shift[:, None]])
    flat = cv2.warpAffine(shrunk, moved, (size, size), flags=cv2.INTER_LINEAR, borderValue=border)
    return np.asarray(flat, np.uint8)


def as_input(picture: Image) -> NDArray[np.float32]:
    """``(S, S, 3)`` uint8 → ``(3, S, S)`` float32 as the net takes it, about −1…1."""
    return np.ascontiguousarray(((picture.astype(np.float32) - OUTSIDE) / 128).transpose(2, 0, 1))


def clean(labels: NDArray[np.uint8], matrix: Matrix, face: Face) -> NDArray[np.uint8]:
    """Keep one person and no islands.

    Pieces of the person that are not connected with the face become background, unless they are nearly as large;
    islands and holes smaller than :data:`SMALLEST` of the square get the label that is nearest.

    Args:
        labels: ``(S, S)`` uint8.
        matrix: from photo pixels to those of the labels.
        face: whose regions they are.
    """
    labels = labels.copy()
    pieces, areas = _pieces(labels != BACKGROUND)
    count = len(areas)
    if count > 2:
        points = np.rint(face.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(int)
        points = points[((points >= 0) & (points < len(labels))).all(1)]
        hits = np.bincount(pieces[points[:, 1], points[:, 0]], minlength=count)
        hits[0] = 0
        own = int(hits.argmax()) if hits.any() else 1 + int(areas[1:].argmax())
        apart = areas < PERSON * areas[own]
        apart[[0, own]] = False
        labels[apart[pieces]] = BACKGROUND
    small = np.zeros(labels.shape, np.bool_)
    for region in range(len(REGIONS)):
        pieces, areas = _pieces(labels == region)
        few = areas < SMALLEST * labels.size
        few[0] = False
        if few.any():
            small |= few[pieces]
    if small.any() and not small.all():
        kind = {"distanceType": cv2.DIST_L2, "maskSize": 3, "labelType": cv2.DIST_LABEL_PIXEL}
        _, nearest = cv2.distanceTransformWithLabels(small.astype(np.uint8), **kind)
        known = np.zeros(int(nearest.max()) + 1, np.uint8)
        known[nearest[~small]] = labels[~small]
        labels = known[nearest]
    return labels


def _pieces(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected pieces of a mask, numbered from 1, and the pixels of each; 0 is what is not in the mask."""
    count, pieces = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    return pieces, np.bincount(pieces.ravel(), minlength=count)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = logits - logits.max(0)
    np.exp(powers, out=powers)
    powers /= powers.sum(0)
    return powers
