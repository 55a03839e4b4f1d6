"""Does a face look like a man's, a child's, an old person's?

Drawn men have narrower eyes, heavier brows and jaws, and no long lashes; old people have lines; without these everybody
is drawn as a girl. Linear classifiers on gradients, colours and texture of the face say how far to go; their labels are
in weights/masculine.csv, child.csv and elderly.csv, and how often they are right in the model card.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo2moe.stages import classify
from photo2moe.stages.classify import LinearClassifier, crop
from photo2moe.types import Face, Image

SCALE, TOP, SIDE = 20, -1.1, 64  # pixels a face unit; v of the upper edge, and side in pixels, of the region looked at
CHEEKS = slice(28, 36), slice(16, 48)  # rows and columns of both cheeks and the nose
DOUBT = 2.0  # log odds between which a face is drawn in between
RARE, OLD = 1.5, 0.5  # log odds where a child, and an old person, is half believed, since they are few


@dataclass(frozen=True, slots=True)
class Person:
    """How a face is drawn, 0…1 each, in tenths.

    Attributes:
        masculine: as a man's.
        elderly: as an old person's.
    """

    masculine: float
    elderly: float


def person_finder(masculine: Path, child: Path, elderly: Path) -> Callable[[Image, Face], Person]:
    """A function from photo and face to how it is drawn.

    Args:
        masculine: parameters of the classifier of men.
        child: of children.
        elderly: of old people.
    """
    man, young, old = (LinearClassifier(path) for path in (masculine, child, elderly))

    def find(photo: Image, face: Face) -> Person:
        described = describe(whole_face(photo, face))
        grown = 1 - share(young(described) - RARE)  # a boy's face is not a man's
        return Person(round(share(man(described)) * grown, 1), round(share(old(described) - OLD) * grown, 1))

    return find


def share(odds: float) -> float:
    """Log odds as 0…1, straight between."""
    return min(1.0, max(0.0, 0.5 + odds / (2 * DOUBT)))


def whole_face(photo: Image, face: Face) -> Image:
    """The face from forehead to chin, upright, ``(64, 64, 3)``."""
    return crop(photo, face, SCALE, (SIDE, SIDE), TOP, beyond=True)


def describe(region: Image) -> NDArray[np.float32]:
    """Gradient histograms, colours against the cheeks' and texture of the region, ``(2788,)``."""
    return classify.describe(region, CHEEKS)
