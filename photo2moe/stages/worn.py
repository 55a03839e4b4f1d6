"""What a person wears that an avatar must keep: glasses, a beard, something on the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photo2moe.ops.marks import Glasses
from photo2moe.stages.beard import beard_finder
from photo2moe.stages.glasses import GlassesFinder
from photo2moe.stages.headwear import headwear_finder
from photo2moe.types import Face, Image
from photo2moe.weights import BEARD, GLASSES, HEADWEAR, verified


@dataclass(frozen=True, slots=True)
class Worn:
    """What somebody wears.

    Attributes:
        glasses: their frames, or ``None``.
        beard: whether there is one.
        headwear: whether there is some, in place of hair.
    """

    glasses: Glasses | None = None
    beard: bool = False
    headwear: bool = False


def mostly(looks: Sequence[Worn]) -> Worn:
    """What most looks at one person found; always the same frames."""
    half = len(looks) / 2
    frames = [look.glasses for look in looks if look.glasses is not None]
    beard, headwear = sum(look.beard for look in looks), sum(look.headwear for look in looks)
    return Worn(frames[0] if len(frames) > half else None, beard > half, headwear > half)


class WornFinder:
    """Looks for all of it; load once, call often. Raises WeightsError if a classifier is damaged."""

    def __init__(self) -> None:
        self._glasses = GlassesFinder(verified(GLASSES))
        self._beard = beard_finder(verified(BEARD))
        self._headwear = headwear_finder(verified(HEADWEAR))

    def __call__(self, photo: Image, face: Face) -> Worn:
        """What the person with that face wears."""
        return Worn(self._glasses(photo, face), self._beard(photo, face), self._headwear(photo, face))
