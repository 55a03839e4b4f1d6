"""The head in space: a skull, a face on its front, turned as the person turns.

Three dimensions in face units: ``(u, v, w)``, u right, v down, w towards the viewer; the origin midway between the
eyes on the axis about which the head turns. :class:`Head` projects them onto the picture.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.character.schema import Character
from photo2moe.pen.proportions import proportions
from photo2moe.pen.scene import FLAT, Points, clip, columns, through

Points3 = NDArray[np.float64]

TURN = 0.61  # share of the yaw that is drawn: a doll's face is flatter than a person's
NOD = 0.62  # share of the pitch that is drawn
RELIEF = 0.86  # how far features stand forward over the depth of the contour; less keeps the far eye clear of it
BEND = 0.45  # share of the bend of a row of features that a nod shows
NECK = 0.75  # v of the joint about which the head tilts
PIT = 0.26  # from the chin down to the pit of the neck
# Silhouette of the far side at a quarter turn: where over the chin, share by which it bulges, and how far up and down.
FAR_SIDE = ((-0.03, -0.05, 0.2), (0.36, 0.05, 0.22), (0.78, -0.42, 0.22))
FORWARD = 0.65  # how far the chin stands before the middle of its section, shares of its depth
NARROW = 0.20  # share by which the far half of a face narrows at a quarter turn, near its middle


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
        self._joint = np.array([np.sin(roll), 1 - np.cos(roll)]) * NECK  # what stays where it is

    def project(self, points: ArrayLike) -> Points:
        """``(N, 3)`` points of the head in the picture, ``(N, 2)``."""
        return self.tilt(self.turned(points)[:, :2])

    def turned(self, points: ArrayLike) -> Points3:
        """``(N, 3)`` points of the head once it is turned and nodded, not tilted yet, ``(N, 3)``."""
        return np.asarray(points, float) @ self._rotation.T

    def unturned(self, points: ArrayLike) -> Points3:
        """The reverse of :meth:`turned`, ``(N, 3)``."""
        return np.asarray(points, float) @ self._rotation

    def tilt(self, points: ArrayLike) -> Points:
        """``(N, 2)`` points that are turned already, tilted with the head."""
        return np.asarray(points, float) @ self._tilt.T + self._joint

    def depth(self, points: ArrayLike) -> NDArray[np.float64]:
        """How near ``(N, 3)`` points are to the viewer once the head is turned, ``(N,)``; 0 is the axis."""
        return self.turned(points)[:, 2]

    def upright(self, points: ArrayLike) -> Points:
        """The reverse of :meth:`tilt`, ``(N, 2)``."""
        return (np.asarray(points, float) - self._joint) @ self._tilt

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
        t = clip(v / self.size.chin, 0, 1)
        t = t * t * (3 - 2 * t)
        return 0.05 + 0.55 * t, 0.95 - 0.62 * t

    def surface(self, points: ArrayLike, lift: float = 0.0) -> Points3:
        """Points of the face seen from the front, ``(N, 2)``, laid onto the face in space, ``(N, 3)``.

        Args:
            points: ``(u, v)``.
            lift: how far before the skin.
        """
        u, v, middle, relief, near = self._laid(points)
        return columns([u, v, middle + relief * near + lift])

    def face(self, points: ArrayLike) -> Points:
        """Points of the face seen from the front ``(N, 2)``, as they are seen turned."""
        u, v, middle, relief, near = self._laid(points)
        turned = self.turned(columns([u, v, middle + relief * near]))[:, :2]
        # A nod bends rows of features less than a ball's would be, or brows would frown.
        turned[:, 1] += (1 - BEND) * self._rotation[1, 2] * relief * (1 - near)
        return self.tilt(turned)

    def _laid(self, points: ArrayLike) -> tuple[NDArray[np.float64], ...]:
        """Points of the face: u, v, middle of the section there, how far it stands forward, and the point's share."""
        p = np.asarray(points, float)
        u, v = self.narrowed(p[:, 0]), p[:, 1]
        middle, deep = self._section(v)
        half = np.maximum(self._half_width(v), 0.3) * 1.02
        return u, v, middle, RELIEF * deep, np.sqrt(np.maximum(1 - (u / half) ** 2, 0))

    def narrowed(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """``u`` on a turned face: its far half is drawn narrower, so that the eye keeps clear of the contour."""
        side, turned = float(np.sign(self.yaw)), abs(float(np.sin(self.yaw)))
        far = np.maximum(u * side, 0)
        return u - side * turned * far * (NARROW + 0.15 * np.minimum(far, 1.0))

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
            ((0.818 + 0.068 * k + 0.088 * j - 0.034 * p) * w, 0.58 * c),
            ((0.630 + 0.090 * k + 0.150 * j - 0.062 * p) * w, 0.770 * c),
            ((0.412 + 0.068 * k + 0.098 * j - 0.076 * p) * w, 0.900 * c),
            ((0.211 + 0.026 * k + 0.062 * j - 0.073 * p) * w, 0.974 * c),
            (0.0, c),
        ]
        mirrored = (-knots[-2][0], knots[-2][1])  # so that the chin is level in the middle
        curve = through([*knots, mirrored])
        return curve[: len(curve) - FLAT : 2]

    def contour(self) -> Points:
        """The outline of the face in the picture, from the left temple by the chin to the right one, ``(N, 2)``.

        The far side of a turned head is its silhouette: brow, hollow of the eye, cheek. The near side ends at the ear.
        """
        return self._contour

    def far_edge(self, height: ArrayLike) -> NDArray[np.float64]:
        """How far to the side the outline of the face reaches on the far side of a turned head that is not tilted.

        Args:
            height: ``(N,)`` v in the picture; above the face it is that of the temple.
        """
        half = self._upright[: len(self._upright) // 2 + 1]
        side = half if self.yaw < 0 else self._upright[: len(half) - 2 : -1]
        return np.interp(np.asarray(height, float), side[:, 1], np.abs(side[:, 0]))

    @cached_property
    def _contour(self) -> Points:
        outline = self.tilt(self._upright)
        outline.setflags(write=False)
        return outline

    @cached_property
    def _upright(self) -> Points:
        """The outline of the face, not tilted."""
        half = self._half_contour
        middle, deep = self._section(half[:, 1])
        turned = abs(np.sin(self.yaw))
        near = half[:, 0] * np.cos(self.yaw)
        far = np.hypot(near, np.minimum(deep, half[:, 0]) * np.sin(self.yaw))
        v = half[:, 1] / self.size.chin
        far = far * (1 + turned * sum(bump * np.exp(-(((v - at) / wide) ** 2)) for at, bump, wide in FAR_SIDE))
        near = far + (near - far) * min(1.0, 3 * turned)
        shift = (middle + FORWARD * np.maximum(v, 0) ** 2 * deep) * np.sin(self.yaw)
        height = half[:, 1] * np.cos(self.pitch) - (middle + 0.35 * deep) * np.sin(self.pitch)
        at_right, at_left = (far, near) if self.yaw > 0 else (near, far)
        right, left = columns([shift + at_right, height]), columns([shift - at_left, height])
        return np.concatenate([left, right[-2::-1]])

    def shell(self, points: ArrayLike, radius: float = 1.0) -> Points3:
        """Points seen from the front ``(N, 2)`` laid onto the front of the skull, ``(N, 3)``.

        What lies beside the skull is laid onto its rim.

        Args:
            points: ``(u, v)`` on a skull of the mean size: half width 1.26, half height 1.33, centre at v = -0.72.
            radius: 1 on the skull, more above it.
        """
        centre, a, b, c = self.size.skull
        p = np.asarray(points, float)
        x, y = p[:, 0] / 1.26, (p[:, 1] + 0.72) / 1.33
        depth = np.sqrt(np.maximum(radius**2 - x * x - y * y, 0))
        return columns([x * a, y * b + centre, depth * c])

    def body(self, points: ArrayLike) -> Points:
        """Points of a part of the clothes ``(N, 2)`` in the picture; the body is seen from the front.

        The part's own points are those of a body whose neck is 0.23 and whose shoulders are 1.72 wide to either side,
        with the origin at the pit of the neck.
        """
        p = np.asarray(points, float)
        s = self.size
        u = np.interp(np.abs(p[:, 0]), (0, 0.23, 1.72, 3.44), (0, s.neck, s.shoulders, 2 * s.shoulders))
        return columns([np.sign(p[:, 0]) * u + 0.12 * np.sin(self.yaw), p[:, 1] + s.chin + PIT])
