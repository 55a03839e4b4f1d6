"""What the chain that the generator is trained in keeps of somebody's looks, taken from the Character."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from photo2moe.character.describe import load_describer
from photo2moe.character.schema import Character
from photo2moe.ops.marks import Glasses
from photo2moe.pen.palette import parse
from photo2moe.stages.looks import Looks
from photo2moe.types import Face, Image

LENS, CORNER = (0.37, 0.34), 2.8  # half width and half height of lenses, face units, and how square they are
RIMS = (0.014, 0.024)  # width of the lightest and of the boldest frame, face units
SHAVED = ("none", "stubble_light", "stubble")  # beards that a sketch does not show
BARE = ("none", "headband", "crown", "flowers", "ribbon", "sunglasses_up")  # headwear that leaves hair to be seen
OLD = (50.0, 70.0)  # years from which a face is drawn with an old one's lines, and from which with all of them


def looks_finder() -> Callable[[Image, Face], Looks]:
    """Load the nets that describe people; the result says what the one with that face looks like."""
    describe = load_describer()
    return lambda photo, face: looks_of(describe(photo, face))


def looks_of(who: Character) -> Looks:
    """What a sketch keeps of a person."""
    glasses = None
    if who.glasses.kind != "none":
        rim = float(np.interp(who.glasses.weight, (-1, 1), RIMS))
        glasses = Glasses(*LENS, CORNER, rim, parse(who.glasses.colour))
    grown = who.person.age not in ("baby", "child")  # a boy's face is not a man's
    return Looks(
        glasses,
        beard=who.beard.kind not in SHAVED,
        headwear=who.headwear.kind not in BARE,
        masculine={"m": 1.0, "u": 0.5}.get(who.person.look, 0.0) * grown,
        elderly=round(float(np.interp(who.person.years, OLD, (0, 1))), 1),
    )
