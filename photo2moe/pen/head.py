"""The head in space: a skull, a face on its front, turned as the person turns.

Three dimensions in face units: ``(u, v, w)``, u right, v down, w towards the viewer; the origin midway between the
eyes on the axis about which the head turns. :class:`Head` projects them onto the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.character.schema import Character
from photo2moe.pen.palette import parse, to_oklab
from photo2moe.pen.scene import FLAT, Path, Points

Points3 = NDArray[np.float64]

TURN = 0.61  # share of the yaw that is drawn: a doll's face is flatter than a person's
NOD = 0.62  # share of the pitch that is drawn
RELIEF = 0.86  # how far features stand forward over the depth of the contour; less keeps the far eye clear of it
BEND = 0.45  # share of the bend of a row of features that a nod shows
NECK = 0.75  # v of the joint about which the head tilts
PIT = 0.26  # from the chin down to the pit of the neck
LOW_EYE = 0.54  # least height of an eye over its width
HIGH_EYE = 0.96  # the most
LINED = 0.8  # share of the way to old age of grown-ups with lines in their faces
GREYING = 0.45  # the same of those whose hair is grey, and of men whose hair recedes
BARE = ("bald", "shaved")  # lengths of hair that do not hide how high the skull is
LOW_CROWN = (0.95, 0.82)  # width and height of a bare skull over those of one under hair
LEVEL = -0.3  # v that stays where it is when the crown comes down: the temples
GREY = (0.45, 0.85, 0.025)  # Oklab lightness between which, and chroma below which, hair is grey
# Silhouette of the far side at a quarter turn: where over the chin, share by which it bulges, and how far up and down.
FAR_SIDE = ((-0.03, -0.05, 0.2), (0.36, 0.05, 0.22), (0.78, -0.42, 0.22))
NARROW = 0.20  # share by which the far half of a face narrows at a quarter turn, near its middle


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
        jaw=float(np.clip(jaw + 0.60 * face.jaw, -0.6, 0.75)),
        point=float(np.clip(point - 0.25 * face.jaw + 0.15 * face.chin, 0, 1)),
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


class Head:
    """A head of given proportions, turned.

    Args:
        who: the person; proportions and pose are taken from it.
    """

    def __init__(self, who: Character) -> None:
        self.size = proportions(who)
        yaw, pitch, roll = (float(v) for v in np.radians((who.pose.yaw * TURN, who.pose.pitch * NOD, who.pose.roll)))
        self.yaw, self.pitch, self.roll = yaw, pitch, roll
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        self._rotation = nod @ turn
        self._tilt = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])

    def project(self, points: ArrayLike) -> Points:
        """``(N, 3)`` points of the head in the picture, ``(N, 2)``."""
        return self.tilt((np.asarray(points, float) @ self._rotation.T)[:, :2])

    def tilt(self, points: ArrayLike) -> Points:
        """``(N, 2)`` points that are turned already, tilted with the head."""
        joint = np.array([0.0, NECK])
        return (np.asarray(points, float) - joint) @ self._tilt.T + joint

    def depth(self, points: ArrayLike) -> NDArray[np.float64]:
        """How near ``(N, 3)`` points are to the viewer once the head is turned, ``(N,)``; 0 is the axis."""
        return (np.asarray(points, float) @ self._rotation.T)[:, 2]

    def skull(
        self, latitude: ArrayLike, azimuth: ArrayLike, radius: ArrayLike = 1.0, *, parting: float = 0.0
    ) -> Points3:
        """Points on the skull ``(N, 3)``.

        Args:
            latitude: degrees from the whorl, where all hair begins.
            azimuth: degrees around it, 0 to the front, positive to the right of the picture.
            radius: 1 on the skull, more above it.
            parting: degrees by which the whorl lies to the right.
        """
        centre, a, b, c = self.size.skull
        lat, azi, r = np.broadcast_arrays(*(np.asarray(x, float) for x in (latitude, azimuth, radius)))
        lat, azi = np.radians(lat), np.radians(azi)
        x, y, z = np.sin(lat) * np.sin(azi), np.cos(lat), np.sin(lat) * np.cos(azi)
        back, side = np.radians(16.0), np.radians(parting)  # the whorl lies behind the top
        y, z = y * np.cos(back) + z * np.sin(back), z * np.cos(back) - y * np.sin(back)
        x, y = x * np.cos(side) + y * np.sin(side), y * np.cos(side) - x * np.sin(side)
        return np.stack([a * r * x, centre - b * r * y, c * r * z], -1)

    def _section(self, v: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Middle and half depth of the horizontal section of the face at ``v``."""
        t = np.clip(v / self.size.chin, 0, 1)
        t = t * t * (3 - 2 * t)
        return 0.05 + 0.55 * t, 0.95 - 0.62 * t

    def surface(self, points: ArrayLike, lift: float = 0.0) -> Points3:
        """Points of the face seen from the front, ``(N, 2)``, laid onto the face in space, ``(N, 3)``.

        Args:
            points: ``(u, v)``.
            lift: how far before the skin.
        """
        p = np.array(points, float)
        p[:, 0] = self._narrowed(p[:, 0])
        middle, deep = self._section(p[:, 1])
        half = np.maximum(self._half_width(p[:, 1]), 0.3) * 1.02
        rest = np.sqrt(np.clip(1 - (p[:, 0] / half) ** 2, 0.0, 1))
        return np.column_stack([p, middle + RELIEF * deep * rest + lift])

    def face(self, points: ArrayLike) -> Points:
        """Points of the face seen from the front ``(N, 2)``, as they are seen turned."""
        solid = self.surface(points)
        turned = solid @ self._rotation.T
        middle, deep = self._section(solid[:, 1])
        level = solid.copy()  # a nod bends rows of features less than a ball's would be, or brows would frown
        level[:, 2] = BEND * solid[:, 2] + (1 - BEND) * (middle + RELIEF * deep)
        turned[:, 1] = (level @ self._rotation.T)[:, 1]
        return self.tilt(turned[:, :2])

    def _narrowed(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """``u`` on a turned face: its far half is drawn narrower, so that the eye keeps clear of the contour."""
        far = np.maximum(u * np.sign(self.yaw), 0)
        return u - np.sign(self.yaw) * far * abs(np.sin(self.yaw)) * (NARROW + 0.15 * np.minimum(far, 1.0))

    def _half_width(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        half = self._half_contour
        return np.interp(v, half[:, 1], half[:, 0])

    @cached_property
    def _half_contour(self) -> Points:
        """The right half of the face's outline seen from the front, from the temple down to the chin."""
        w, c, j, p, k = (getattr(self.size, name) for name in ("cheek", "chin", "jaw", "point", "cheeks"))
        centre, _, high, _ = self.size.skull
        bare = high < 1.33  # temples lie within it
        knots = [
            ((0.90 if bare else 0.985) * w, centre - 0.03 * high / 1.33),
            ((0.975 if bare else 1.005) * w, -0.35),
            ((1.0 + 0.01 * k) * w, 0.10 * c),
            ((0.935 + 0.050 * k + 0.025 * j) * w, 0.36 * c),
            ((0.812 + 0.078 * k + 0.095 * j - 0.035 * p) * w, 0.58 * c),
            ((0.618 + 0.105 * k + 0.165 * j - 0.065 * p) * w, 0.770 * c),
            ((0.398 + 0.080 * k + 0.105 * j - 0.080 * p) * w, 0.900 * c),
            ((0.200 + 0.030 * k + 0.065 * j - 0.075 * p) * w, 0.974 * c),
            (0.0, c),
        ]
        mirrored = (-knots[-2][0], knots[-2][1])  # so that the chin is level in the middle
        curve = Path.spline([*knots, mirrored]).flatten()[0]
        return curve[: len(curve) - FLAT : 2]

    def contour(self) -> Points:
        """The outline of the face in the picture, from the left temple by the chin to the right one, ``(N, 2)``.

        The far side of a turned head is its silhouette: brow, hollow of the eye, cheek. The near side ends at the ear.
        """
        half = self._half_contour
        middle, deep = self._section(half[:, 1])
        turned = abs(np.sin(self.yaw))
        near = half[:, 0] * np.cos(self.yaw)
        far = np.hypot(near, np.minimum(deep, half[:, 0]) * np.sin(self.yaw))
        v = half[:, 1] / self.size.chin
        far = far * (1 + turned * sum(bump * np.exp(-(((v - at) / wide) ** 2)) for at, bump, wide in FAR_SIDE))
        near = far + (near - far) * min(1.0, 3 * turned)
        shift = middle * np.sin(self.yaw)
        height = half[:, 1] * np.cos(self.pitch) - (middle + 0.35 * deep) * np.sin(self.pitch)
        at_right, at_left = (far, near) if self.yaw > 0 else (near, far)
        right, left = np.column_stack([shift + at_right, height]), np.column_stack([shift - at_left, height])
        return self.tilt(np.vstack([left, right[-2::-1]]))

    def shell(self, points: ArrayLike, radius: float = 1.0) -> Points3:
        """Points seen from the front ``(N, 2)`` laid onto the front of the skull, ``(N, 3)``.

        What lies beside the skull is laid onto its rim.

        Args:
            points: ``(u, v)`` on a skull of the mean size: half width 1.26, half height 1.33, centre at v = -0.72.
            radius: 1 on the skull, more above it.
        """
        centre, a, b, c = self.size.skull
        p = (np.asarray(points, float) - (0, -0.72)) / (1.26, 1.33)
        depth = np.sqrt(np.clip(radius**2 - (p**2).sum(1), 0, None))
        return np.column_stack([p[:, 0] * a, p[:, 1] * b + centre, depth * c])

    def body(self, points: ArrayLike) -> Points:
        """Points of a part of the clothes ``(N, 2)`` in the picture; the body is seen from the front.

        The part's own points are those of a body whose neck is 0.23 and whose shoulders are 1.72 wide to either side,
        with the origin at the pit of the neck.
        """
        p = np.asarray(points, float)
        s = self.size
        u = np.interp(np.abs(p[:, 0]), (0, 0.23, 1.72, 3.44), (0, s.neck, s.shoulders, 2 * s.shoulders))
        return np.column_stack([np.sign(p[:, 0]) * u + 0.12 * np.sin(self.yaw), p[:, 1] + s.chin + PIT])
