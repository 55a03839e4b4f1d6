"""What of somebody's looks an avatar keeps beside shapes and colours: glasses, beard, headwear, a man's or old face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photo2moe.ops.marks import Glasses
from photo2moe.stages.beard import beard_finder
from photo2moe.stages.glasses import GlassesFinder
from photo2moe.stages.headwear import headwear_finder
from photo2moe.stages.person import person_finder
from photo2moe.types import Face, Image
from photo2moe.weights import BEARD, CHILD, ELDERLY, GLASSES, HEADWEAR, MASCULINE, verified


@dataclass(frozen=True, slots=True)
class Looks:
    """What somebody looks like.

    Attributes:
        glasses: their frames, or ``None``.
        beard: whether there is one.
        headwear: whether there is some, in place of hair.
        masculine: 0 to be drawn as a woman's or a child's face … 1 as a man's.
        elderly: 0 to be drawn without an old face's lines … 1 with them.
    """

    glasses: Glasses | None = None
    beard: bool = False
    headwear: bool = False
    masculine: float = 0.0
    elderly: float = 0.0


def mostly(looks: Sequence[Looks]) -> Looks:
    """What most looks at one person found; always the same frames, and proportions in between."""
    half = len(looks) / 2
    frames = [look.glasses for look in looks if look.glasses is not None]
    beard, headwear = sum(look.beard for look in looks), sum(look.headwear for look in looks)
    masculine, elderly = (
        round(sum(getattr(look, kind) for look in looks) / len(looks), 1) for kind in ("masculine", "elderly")
    )
    return Looks(frames[0] if len(frames) > half else None, beard > half, headwear > half, masculine, elderly)


class LooksFinder:
    """Looks for all of it; load once, call often. Raises WeightsError if a classifier is damaged."""

    def __init__(self) -> None:
        self._glasses = GlassesFinder(verified(GLASSES))
        self._beard = beard_finder(verified(BEARD))
        self._headwear = headwear_finder(verified(HEADWEAR))
        self._person = person_finder(verified(MASCULINE), verified(CHILD), verified(ELDERLY))

    def __call__(self, photo: Image, face: Face) -> Looks:
        """What the person with that face looks like."""
        person = self._person(photo, face)
        return Looks(
            self._glasses(photo, face),
            self._beard(photo, face),
            self._headwear(photo, face),
            person.masculine,
            person.elderly,
        )
