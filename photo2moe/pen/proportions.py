"""How large the parts of a face are, and where they lie on it: chibi proportions by age and look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen.palette import parse, to_oklab
from photo2moe.pen.scene import clip

LOW_EYE = 0.62  # least height of an eye over its width
HIGH_EYE = 0.96  # the most
YEARS = {"baby": 1, "child": 7, "teen": 15, "adult": 27, "old": 72}  # usual at an age
YOUNGEST, OLDEST = 1.0, 80.0  # years between which faces change
LINED = 60.0  # years of grown-ups with lines in their faces, if nobody said
GREYING = 45.0  # the same of those whose hair is grey, and of men whose hair recedes
BLUNT = (0.22, 0.12, 0.32)  # by which round cheeks, a wide face and a square jaw take the point off a chin
BARE = ("bald", "shaved")  # lengths of hair that do not hide how high the skull is
LOW_CROWN = (0.95, 0.66)  # width and height of a bare skull over those of one under hair
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


# The chibi proportions of women and of men at some ages, between which everybody is mixed: years; half width and height
# of the eyes, chin, jaw, point of the chin, mouth, gap between eye and brow, neck, shoulders, half width of the face,
# cheeks, half width of the mouth.
_WOMEN = np.array((
    (1, 0.270, 0.250, 0.80, 0.00, 0.00, 0.470, 0.170, 0.190, 1.20, 1.030, 0.80, 0.200),
    (6, 0.284, 0.256, 0.88, 0.00, 0.22, 0.510, 0.160, 0.210, 1.39, 1.010, 0.45, 0.205),
    (10, 0.283, 0.243, 0.93, 0.00, 0.32, 0.540, 0.155, 0.213, 1.45, 1.000, 0.32, 0.212),
    (14, 0.280, 0.222, 0.99, 0.00, 0.42, 0.575, 0.150, 0.220, 1.55, 0.982, 0.16, 0.221),
    (18, 0.274, 0.199, 1.04, 0.00, 0.50, 0.605, 0.145, 0.225, 1.65, 0.965, 0.04, 0.229),
    (26, 0.263, 0.180, 1.07, 0.00, 0.52, 0.628, 0.143, 0.230, 1.69, 0.960, 0.00, 0.236),
    (38, 0.251, 0.170, 1.11, 0.03, 0.45, 0.655, 0.138, 0.236, 1.70, 0.960, 0.00, 0.243),
    (45, 0.245, 0.162, 1.145, 0.06, 0.38, 0.676, 0.132, 0.240, 1.71, 0.960, 0.03, 0.246),
    (52, 0.239, 0.154, 1.165, 0.09, 0.32, 0.690, 0.128, 0.242, 1.71, 0.962, 0.08, 0.247),
    (60, 0.232, 0.146, 1.18, 0.14, 0.25, 0.700, 0.124, 0.244, 1.71, 0.965, 0.15, 0.246),
    (70, 0.224, 0.138, 1.18, 0.16, 0.22, 0.700, 0.122, 0.244, 1.69, 0.962, 0.16, 0.242),
    (80, 0.217, 0.131, 1.18, 0.16, 0.22, 0.698, 0.120, 0.242, 1.65, 0.955, 0.10, 0.236),
))  # fmt: skip
_MEN = np.array((
    (1, 0.270, 0.250, 0.80, 0.02, 0.00, 0.470, 0.168, 0.190, 1.20, 1.030, 0.80, 0.200),
    (6, 0.276, 0.244, 0.89, 0.08, 0.14, 0.512, 0.142, 0.220, 1.42, 1.010, 0.45, 0.207),
    (10, 0.273, 0.228, 0.95, 0.12, 0.20, 0.548, 0.130, 0.229, 1.50, 1.000, 0.30, 0.218),
    (14, 0.268, 0.203, 1.03, 0.20, 0.26, 0.605, 0.115, 0.259, 1.68, 0.982, 0.14, 0.234),
    (18, 0.261, 0.187, 1.12, 0.31, 0.31, 0.672, 0.100, 0.297, 1.86, 0.960, -0.02, 0.255),
    (26, 0.256, 0.182, 1.18, 0.38, 0.33, 0.716, 0.090, 0.321, 1.95, 0.950, -0.10, 0.270),
    (38, 0.248, 0.171, 1.20, 0.42, 0.31, 0.732, 0.088, 0.327, 1.97, 0.950, -0.08, 0.276),
    (45, 0.243, 0.163, 1.21, 0.44, 0.28, 0.738, 0.088, 0.329, 1.98, 0.952, -0.03, 0.278),
    (52, 0.238, 0.155, 1.22, 0.46, 0.24, 0.742, 0.088, 0.331, 1.98, 0.956, 0.04, 0.278),
    (60, 0.232, 0.147, 1.22, 0.48, 0.20, 0.745, 0.090, 0.331, 1.97, 0.960, 0.12, 0.276),
    (70, 0.226, 0.140, 1.22, 0.47, 0.18, 0.742, 0.092, 0.327, 1.93, 0.958, 0.12, 0.272),
    (80, 0.220, 0.133, 1.21, 0.45, 0.18, 0.736, 0.094, 0.319, 1.88, 0.950, 0.06, 0.266),
))  # fmt: skip


def years_of(who: Character) -> float:
    """How old a person is drawn, years: those of the photo, or usual at the age; more with lines or grey hair."""
    if who.person.years:
        return float(clip(who.person.years, YOUNGEST, OLDEST))
    usual = float(YEARS[who.person.age])
    if who.person.age != "adult":
        return usual
    if "wrinkles" in who.skin.marks:
        return LINED
    return GREYING if _greying(who) else usual


def proportions(who: Character) -> Proportions:
    """The proportions of a person: those of years and look, changed by the person's own numbers."""
    look, years = {"f": 0.0, "m": 1.0}.get(who.person.look, 0.5), years_of(who)
    women, men = (np.array([np.interp(years, t[:, 0], row) for row in t[:, 1:].T]) for t in (_WOMEN, _MEN))
    base = (1 - look) * women + look * men
    width, height, chin, jaw, point, mouth, gap, neck, shoulders, cheek, full, lips = base.tolist()
    real = 1 - who.strength  # towards the proportions of photographed people
    width, height = width * (1 - 0.22 * real), height * (1 - 0.42 * real)
    chin, mouth = chin + 0.45 * real + 0.14 * who.face.chin, mouth + 0.33 * real + 0.05 * who.face.chin
    face, eyes, size = who.face, who.eyes, 1 + 0.13 * who.eyes.size
    height = min(max(height * (1 + 0.17 * eyes.height), LOW_EYE * width), HIGH_EYE * width) * size
    brow = -height - gap - 0.07 * who.brows.height
    hairline = brow - (0.27 + 0.08 * face.forehead + 0.10 * who.hair.hairline) * (chin - brow)
    blunt = BLUNT[0] * max(face.cheeks, 0) + BLUNT[1] * max(face.width, 0) + BLUNT[2] * face.jaw
    return Proportions(
        eye=(0.5 + 0.055 * eyes.spacing, 0.0),
        eye_size=(width * size, height),
        brow=brow,
        nose=(0.5 + 0.07 * who.nose.length) * mouth + 0.03,
        mouth=mouth,
        mouth_width=lips * (1 + 0.30 * who.mouth.width),
        chin=chin,
        cheek=cheek * (1 + (0.11 if face.width > 0 else 0.08) * face.width + 0.015 * face.cheeks),
        jaw=float(clip(jaw + 0.60 * face.jaw, -0.6, 0.8)),
        point=float(clip(point - blunt + 0.15 * face.chin, 0, 1)),
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


def _greying(who: Character) -> bool:
    """Whether hair is grey, or a man's recedes."""
    if who.hair.length in ("bald", "shaved", "hidden"):
        return False
    light, red, yellow = to_oklab(parse(who.hair.colour)).tolist()
    grey = GREY[0] < light < GREY[1] and float(np.hypot(red, yellow)) < GREY[2]
    return grey or (who.person.look == "m" and who.hair.front.startswith(("receding", "balding")))
