"""What of somebody's looks an avatar keeps beside shapes and colours: glasses, beard, headwear, a man's or old face."""

from __future__ import annotations

from dataclasses import dataclass

from photo2moe.ops.marks import Glasses


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
