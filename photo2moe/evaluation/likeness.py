"""Is the avatar still the person: skin, hair, and how the head is held.

Each function gives one value, or two, a person; :mod:`photo2moe.evaluation.run` makes
figures of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.evaluation.difference import delta_e
from photo2moe.evaluation.pairs import CHEEKS, NOSE, Pair
from photo2moe.ops import colour
from photo2moe.ops.geometry import Template
from photo2moe.types import Points

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tones:
    """One colour of all people, ``(n, 3)`` CIE Lab each.

    Attributes:
        photo: measured in the photo.
        avatar: measured in the drawing.
        wanted: what the net was asked for.
    """

    photo: Array
    avatar: Array
    wanted: Array

    @property
    def lightness(self) -> Array:
        """L of photo and avatar, ``(n, 2)``, for a rank correlation."""
        return np.stack([self.photo[:, 0], self.avatar[:, 0]], 1)

    @property
    def difference(self) -> Array:
        """ΔE00 between photo and avatar, ``(n,)``."""
        return delta_e(self.photo, self.avatar)

    @property
    def intended(self) -> Array:
        """ΔE00 between photo and colour asked for, ``(n,)``: what a perfect drawing has."""
        return delta_e(self.photo, self.wanted)

    @property
    def strangers(self) -> Array:
        """ΔE00 between each photo and all other people's avatars, ``(n·(n−1),)``."""
        return _others(delta_e(self.photo[:, None], self.avatar[None]))


def skin_tones(pairs: list[Pair], template: Template) -> Tones:
    """Compare the skin, taken from both cheeks.

    Source: cheek patches as in Del Bino and Bernerd, *Variations in skin colour and the
    biological consequences of ultraviolet radiation exposure*, Br. J. Dermatol. 2013;
    the difference is CIEDE2000.

    Limits: the photo's cheek has the photo's light in it, so that a person in warm light
    has a warm skin here. The pipeline tints the drawing towards the colour asked for after
    the net has drawn, so the figures judge net and tint together. Blush, beards and hair
    on the cheek count as skin. An avatar is lighter than its photo on purpose: the
    ``ideal`` is the difference that an artist's lighter tone makes.
    """
    return Tones(
        _lab([colour.cheeks(pair.photo.image, template) for pair in pairs]),
        _lab([colour.cheeks(pair.avatar.image, template) for pair in pairs]),
        _lab([pair.wanted.skin for pair in pairs]),
    )


def hair_tones(pairs: list[Pair], template: Template) -> Tones:
    """Compare the hair, or what covers it.

    The median of the darker part of crown and temples, at the same places in photo and avatar,
    and not the mask by which the pipeline tints hair, since that would find its own tint.

    Source: own; the difference is CIEDE2000.

    Limits: hats and headscarves count as hair, and a bald head as hair of skin colour.
    Two-coloured hair has one colour here, long hair that of its top, and a drawing's highlight
    on the crown counts for less than it shows. As with skin, net and tint are judged together.
    """
    return Tones(
        _lab([pair.measured.hair for pair in pairs]),
        _lab([colour.hair(pair.avatar.image, pair.avatar.alpha, template) for pair in pairs]),
        _lab([pair.wanted.hair for pair in pairs]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """How the features lie in photo and drawing.

    Attributes:
        error: ``(n,)`` mean distance of ten landmarks, face units; NaN where the mesh
            finds no face in the drawing.
        strangers: the same between each photo and all other people's avatars.
        turn: ``(n, 2)`` how far the head is turned in photo and drawing, in −1…1.
    """

    error: Array
    strangers: Array
    turn: Array


def geometry(pairs: list[Pair]) -> Geometry:
    """Compare the places of eye corners, nose, mouth, chin and cheeks, and the pose.

    The photo's landmarks are carried through the chibi warp; the drawing's are found by
    the same MediaPipe mesh, and the mean offset between all drawings and all photos is taken
    off, since that is style. The pose is the place of the nose between the cheeks, −1 at
    the one and 1 at the other, which grows with the yaw of the head.

    Source: mean landmark error in units of the eye distance, as for face alignment since
    Cristinacce and Cootes, *Feature detection and tracking with constrained local models*,
    BMVC 2006; the mesh is Kartynnik et al., 2019.

    Limits: the mesh was made for photos. It finds a face in 59 to 84 of 85 drawings,
    depending on the weights (see n), and leans to where human features lie; drawings in which it
    finds none are left out, so that weights with different n compare badly. Heights of mouth and chin are
    equal for all people after the chibi warp, and roll is taken out by the alignment: what
    is left is yaw, pitch, and the open mouth; so ``naive``, other people's avatars, is not far
    off. It takes a dozen people to mean anything.
    """
    photo, avatar = (np.stack([getattr(pair, side).points for pair in pairs]) for side in ("photo", "avatar"))
    # Where the mesh finds a drawing's features apart from a photo's, it does so in all drawings.
    seen = ~np.isnan(photo + avatar).any((1, 2))
    style = (avatar[seen] - photo[seen]).mean(0) if seen.any() else 0.0
    errors = np.hypot(*np.moveaxis(photo[:, None] - (avatar - style)[None], 3, 0)).mean(2)
    turn = np.array([[turned(pair.photo.points), turned(pair.avatar.points)] for pair in pairs])
    strangers = _others(errors)
    return Geometry(np.diag(errors), strangers[~np.isnan(strangers)], turn)


def turned(points: Points) -> float:
    """Place of the nose between the cheeks, −1…1; about 0 for a face seen from the front."""
    nose, (right, left) = points[NOSE, 0], points[list(CHEEKS), 0]
    return float(2 * (nose - right) / (left - right) - 1)


def _lab(colours: list[colour.RGB]) -> Array:
    return colour.to_lab(np.array([colours], np.uint8))[0].astype(np.float64)


def _others(matrix: Array) -> Array:
    """All of a square matrix but its diagonal."""
    return matrix[~np.eye(len(matrix), dtype=bool)]
