"""One person on the way from photo to avatar: measured, sketched, drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.stages.looks import Looks
from photo2moe.stages.sketch import Sketch
from photo2moe.types import Colours, Face, Mask, Matrix, Portrait


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One person of a photo, measured but not yet drawn. All that is slow and needs no option.

    Attributes:
        face: the face.
        matte: mask of the person, and the matrix from photo to mask pixels.
        measured: the person's own colours.
        looks: glasses, beard, headwear, and whether it is a man's face.
    """

    face: Face
    matte: tuple[Mask, Matrix]
    measured: Colours
    looks: Looks


@dataclass(frozen=True, slots=True, eq=False)
class Sketched:
    """One person sketched.

    Attributes:
        subject: who.
        portrait: the chibi-warped photo that the sketch was made of.
        sketch: what the net's rough is made of.
    """

    subject: Subject
    portrait: Portrait
    sketch: Sketch


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """One person drawn.

    Attributes:
        subject: who.
        cutout: ``(D, D, 4)`` the figure on the template, as the net drew it, recoloured, straight alpha.
        wanted: the colours it was drawn with.
    """

    subject: Subject
    cutout: NDArray[np.uint8]
    wanted: Colours
