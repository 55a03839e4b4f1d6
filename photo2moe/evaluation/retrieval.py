"""Given the avatar, which of the photos is it of? Asked of plain colours, and of a face recogniser."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import MissingExtraError
from photo2moe.evaluation.pairs import Head
from photo2moe.ops import colour
from photo2moe.ops.geometry import Template, apply, compose, invert
from photo2moe.types import Face, Image, Matrix

Array = NDArray[np.float64]

CELLS = 8  # of the layout, along each side
FACE = (-0.85, -0.6, 1.7)  # face units: left, top and span of the square whose layout counts: brows to chin
# Where dlib's recogniser wants a face, from the mean of its five landmarks with a padding of 0.25.
CHIP, CHIP_MATRIX = 150, np.array([[52.55, 0, 74.0], [0, 52.55, 47.1]])  # face units → pixels


class Identity:
    """dlib's face recogniser, told where the face is.

    Its detector finds no face in drawings, but on the template none is needed: the face is
    cut out as dlib's own alignment would.

    Source: King, *High quality face recognition with deep metric learning*, dlib.net 2017:
    a ResNet of 29 layers, 99.38 % on photos of Labeled Faces in the Wild; weights of the
    package face_recognition_models (public domain).

    Limits: made for photos, and drawings are no photos: it is asked for an order, never for
    a yes or no. It is better on light-skinned adults than on others, and beauty filters
    as well as anime leave out much of what it goes by.

    Raises:
        MissingExtraError: the packages are not installed.
    """

    def __init__(self) -> None:
        try:
            dlib = importlib.import_module("dlib")
        except ImportError as error:
            raise MissingExtraError(f"{error.name} is not installed; pip install 'photo2moe[eval]'") from error
        # Looked up without importing it: its own code needs a part of setuptools that is no more.
        package = importlib.util.find_spec("face_recognition_models")
        if package is None or package.origin is None:
            raise MissingExtraError("face_recognition_models is not installed; pip install 'photo2moe[eval]'")
        file = Path(package.origin).parent / "models" / "dlib_face_recognition_resnet_model_v1.dat"
        self._net: Any = dlib.face_recognition_model_v1(str(file))

    def __call__(self, chip: Image) -> Array:
        """Describe a face, cut out by :func:`chip_of`, in ``(128,)`` numbers."""
        return np.array(self._net.compute_face_descriptor(np.ascontiguousarray(chip)))


def chip_map(face: Face) -> NDArray[np.float32]:
    """Map each pixel of the recogniser's square into the photo, ``(150, 150, 2)``, for ``ops.geometry.cut``."""
    x, y = np.meshgrid(np.arange(CHIP), np.arange(CHIP))
    to_photo = compose(invert(face.to_units()), invert(CHIP_MATRIX))
    places = apply(to_photo, np.stack([x.ravel(), y.ravel()], 1).astype(np.float64))
    return places.reshape(CHIP, CHIP, 2).astype(np.float32)


def chip_of(head: Head, template: Template) -> Image:
    """Cut the face out of a head on the template, ``(150, 150, 3)``."""
    return _cut(head.large, CHIP_MATRIX, template, CHIP)


def identity_ranks(avatars: list[Image], photos: list[Image], identity: Identity) -> NDArray[np.int64]:
    """Find the place of each avatar's own photo by a face recogniser.

    The descriptors' mean over all avatars, and over all photos, is taken off, and the rest
    compared by the angle: what tells drawings from photos does not count.

    Source: rank-k identification, as for recognition across modalities in Klare and Jain,
    *Heterogeneous face recognition using kernel prototype similarities*, TPAMI 2013; the
    recogniser and its limits under :class:`Identity`.

    Limits: the photo's face is the unwarped one, but its light, its expression and the turn
    of the head are those that the avatar was drawn from, and help to find it. The more
    photos, and the more alike, the harder: compare on the same folder only.

    Args:
        avatars: ``n`` drawn faces, ``(150, 150, 3)``.
        photos: ``n`` photographed faces, in the same order.
        identity: the recogniser.

    Returns:
        ``(n,)`` places, 1 for the first.
    """
    drawn, real = (np.stack([identity(chip) for chip in chips]) for chips in (avatars, photos))
    drawn, real = (rows - rows.mean(0) for rows in (drawn, real))
    drawn, real = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) for rows in (drawn, real))
    return _places(-drawn @ real.T)


def look_ranks(avatars: list[Head], photos: list[Head], template: Template) -> NDArray[np.int64]:
    """Find the place of each avatar's own photo by colours and their layout.

    Three descriptions of equal weight: Lab of the cheeks; Lab of the hair; and Lab of 8 × 8
    cells of the face from brows to chin, less their mean: fringe, glasses, beard, open
    mouth, shadow. Every number is standardised over all photos, and over all avatars, apart,
    so that what all avatars have in common (large eyes, pale skin) does not count. The
    outline is left out: it passes through the net untouched and alone finds everyone.

    Source: own; rank-k retrieval as in :func:`identity_ranks`.

    Limits: it says how much of a person's colours and shadows is left, not whether friends
    would know the avatar. A net that draws nothing and only smooths scores best: read it
    together with the anime rate. The photo is the warped one, so geometry is given away.

    Args:
        avatars: ``n`` drawn heads.
        photos: ``n`` heads, in the same order.
        template: where the eyes lie.

    Returns:
        ``(n,)`` places, 1 for the first.
    """
    drawn, real = ([_descriptions(head, template) for head in heads] for heads in (avatars, photos))
    distance = np.zeros((len(avatars), len(photos)))
    for part in range(len(drawn[0])):
        one, other = (_standard(np.stack([row[part] for row in rows])) for rows in (drawn, real))
        distance += ((one[:, None] - other[None]) ** 2).mean(2)
    return _places(distance)


def _descriptions(head: Head, template: Template) -> list[Array]:
    left, top, span = FACE
    scale = 4 * CELLS / span
    to_cells = np.array([[scale, 0, -left * scale - 0.5], [0, scale, -top * scale - 0.5]])
    face = _cut(head.image, to_cells, template, 4 * CELLS)
    lab = colour.to_lab(cv2.resize(face, (CELLS, CELLS), interpolation=cv2.INTER_AREA)).astype(np.float64)
    cheeks, hair = colour.cheeks(head.image, template), colour.hair(head.image, head.alpha, template)
    return [colour.lab_of(cheeks).astype(float), colour.lab_of(hair).astype(float), (lab - lab.mean((0, 1))).ravel()]


def _cut(image: Image, from_units: Matrix, template: Template, side: int) -> Image:
    """A square of a picture on the template, placed by a matrix from face units to its pixels."""
    to_pixels = template.to_pixels(image.shape[0])
    matrix = from_units.copy()
    matrix[:, :2] /= to_pixels[0, 0]
    matrix[:, 2] -= matrix[:, :2] @ to_pixels[:, 2]
    cut = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _places(distance: Array) -> NDArray[np.int64]:
    """Place of the diagonal in each row; ties count against it: drawing everyone alike must come out last."""
    return np.asarray((distance <= np.diag(distance)[:, None]).sum(1))


def _standard(rows: Array) -> Array:
    """Columns brought to mean 0 and deviation 1; what hardly varies stays small."""
    deviation = rows.std(0)
    return np.asarray((rows - rows.mean(0)) / np.maximum(deviation, 1e-3 + 0.05 * deviation.max()))
