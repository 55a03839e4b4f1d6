"""How large the parts of a face are, and where they lie on it: chibi proportions by age and look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen.palette import parse, to_oklab
from photo2moe.pen.scene import clip

LOW_EYE = 0.54  # least height of an eye over its width
HIGH_EYE = 0.96  # the most
LINED = 0.8  # share of the way to old age of grown-ups with lines in their faces
GREYING = 0.45  # the same of those whose hair is grey, and of men whose hair recedes
BARE = ("bald", "shaved")  # lengths of hair that do not hide how high the skull is
LOW_CROWN = (0.95, 0.82)  # width and height of a bare skull over those of one under hair
LEVEL = -0.3  # v that stays where it is when the crown comes down: the temples
GREY = (0.45, 0.85, 0.025)  # Oklab lightness between which, and chroma below which, hair is grey


@dataclass(frozen=True, slots=True)
class Proportions:
    """Where things lie on a face seen from the front, face units.

    Attributes:
        eye: ``(u, v)`` of the eye on the right of the picture; the other is its mirror image.
        eye_size: half width and half height of an eye.
        brow: v of the brows.
        nose, mouth: v of the tip of the nose, of the middle of the mouth.
        mouth_width: half width of the mouth at rest.
        chin: v of the chin.
        cheek: half width of the face at the eyes.
        jaw: 0 round … 1 square.
        point: 0 blunt … 1 pointed chin.
        cheeks: -1 hollow … 1 full cheeks.
        neck: half width of the neck.
        shoulders: half width of the shoulders.
        hairline: v of the hairline in the middle of an open forehead.
        skull: ``(centre v, half width, half height, half depth)`` of the ellipsoid that bears the hair.
    """

    eye: tuple[float, float]
    eye_size: tuple[float, float]
    brow: float
    nose: float
    mouth: float
    mouth_width: float
    chin: float
    cheek: float
    jaw: float
    point: float
    cheeks: float
    neck: float
    shoulders: float
    hairline: float
    skull: tuple[float, float, float, float]


# The chibi proportions of four kinds of people, between which everybody is mixed: half width and height of the eyes,
# chin, jaw, point of the chin, mouth, gap between eye and brow, neck, shoulders, half width of the face, cheeks.
_KINDS = {
    "baby": (0.270, 0.250, 0.80, 0.00, 0.00, 0.47, 0.17, 0.19, 1.20, 1.03, 0.8),
    "child": (0.286, 0.262, 0.88, 0.00, 0.25, 0.51, 0.16, 0.21, 1.40, 1.01, 0.45),
    "f": (0.290, 0.214, 1.04, 0.00, 0.75, 0.61, 0.14, 0.23, 1.72, 0.96, 0.0),
    "m": (0.262, 0.164, 1.17, 0.38, 0.35, 0.71, 0.09, 0.33, 2.06, 0.95, -0.1),
}


def proportions(who: Character) -> Proportions:
    """The proportions of a person: those of age and look, changed by the person's own numbers."""
    look = {"f": 0.0, "m": 1.0}.get(who.person.look, 0.5)
    adult = (1 - look) * np.array(_KINDS["f"]) + look * np.array(_KINDS["m"])
    young = np.array(_KINDS["child"]) + (-0.01, -0.015, 0, 0.08, -0.1, 0, -0.02, 0.01, 0.05, 0, 0) * np.array(look)
    aged = adult * (0.92, 0.82, 1.03, 1, 0.6, 1.02, 1, 1.04, 1, 1, 1) + (0, 0, 0, 0.04, 0, 0, 0, 0, 0, 0.01, 0.2)
    lined = _maturity(who)
    base = {
        "baby": np.array(_KINDS["baby"]),
        "child": young,
        "teen": 0.4 * young + 0.6 * adult,
        "adult": adult * (1 - lined) + aged * lined,
        "old": aged,
    }[who.person.age]
    width, height, chin, jaw, point, mouth, gap, neck, shoulders, cheek, full = base.tolist()
    real = 1 - who.strength  # towards the proportions of photographed people
    width, height = width * (1 - 0.22 * real), height * (1 - 0.42 * real)
    chin, mouth = chin + 0.45 * real + 0.14 * who.face.chin, mouth + 0.33 * real + 0.05 * who.face.chin
    face, eyes, size = who.face, who.eyes, 1 + 0.17 * who.eyes.size
    height = min(max(height * (1 + 0.22 * eyes.height), LOW_EYE * width), HIGH_EYE * width) * size
    brow = -height - gap - 0.07 * who.brows.height
    hairline = brow - (0.27 + 0.08 * face.forehead + 0.10 * who.hair.hairline) * (chin - brow)
    return Proportions(
        eye=(0.5 + 0.055 * eyes.spacing, 0.0),
        eye_size=(width * size, height),
        brow=brow,
        nose=(0.5 + 0.07 * who.nose.length) * mouth + 0.03,
        mouth=mouth,
        mouth_width=(0.205 if who.person.age in ("baby", "child") else 0.232 + 0.038 * look)
        * (1 + 0.30 * who.mouth.width),
        chin=chin,
        cheek=cheek * (1 + (0.11 if face.width > 0 else 0.08) * face.width + 0.015 * face.cheeks),
        jaw=float(clip(jaw + 0.60 * face.jaw, -0.6, 0.75)),
        point=float(clip(point - 0.25 * face.jaw + 0.15 * face.chin, 0, 1)),
        cheeks=full + face.cheeks,
        neck=neck,
        shoulders=shoulders,
        hairline=hairline,
        skull=_skull(who),
    )


def _skull(who: Character) -> tuple[float, float, float, float]:
    """The ellipsoid that bears the hair; where hardly any hair covers it, its crown is lower."""
    wide, high = LOW_CROWN if who.hair.length in BARE and who.headwear.kind == "none" else (1.0, 1.0)
    return LEVEL + (-0.72 - LEVEL) * high, 1.26 * wide * (1 + 0.04 * who.face.width), 1.33 * high, 1.24


def _maturity(who: Character) -> float:
    """How far a grown-up is on the way to old age, 0 to 1: lines in the face say most, grey or receding hair some."""
    if "wrinkles" in who.skin.marks:
        return LINED
    if who.hair.length in ("bald", "shaved", "hidden"):
        return 0.0
    light, red, yellow = to_oklab(parse(who.hair.colour)).tolist()
    grey = GREY[0] < light < GREY[1] and float(np.hypot(red, yellow)) < GREY[2]
    bare = who.person.look == "m" and who.hair.front.startswith(("receding", "balding"))
    return GREYING if grey or bare else 0.0
