"""The scalp and the hair that lies close on it: a rounded box in space, and tufts that lean over it.

Two ways to name a place on it: by azimuth (degrees around the vertical axis, 0 to the front, positive to the right of
the picture) and height ``v``; or by ``(u, v)`` as seen from the front, which is how tufts are written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.pen.head import Head, Points3
from photo2moe.pen.scene import Path, Points, bezier, clip, columns, shares, slopes, through

CENTRE = -0.72  # v of the middle of the scalp
HALF = (1.07, 1.04)  # half width of a bare scalp, and its height above the middle
BELOW = 1.45  # its height below the middle, where it runs down to ears and nape
DEPTH = (1.22, 1.16)  # half depth of a bare scalp before and behind the ears
POWER = 2.25  # of the scalp, see there
RIM = 0.9  # share of the radius beyond which tufts leave the surface
BINS = 120  # directions in which the silhouette is sought
STEPS = 22  # points along an edge of a tuft
# v of the edge of the hair at the far temple of a turned head, from the forehead to where it is hidden: a high temple
# closes there, and the sideburn ends in a point behind the face.
FAR = (-1.5, -0.86, -0.6, -0.46, -0.5)
# Where hair on the far side of a turned head runs out into the outline of the face: drawn yaw, radians, from which it
# does and does wholly; v from which it is drawn in, and is wholly; how far it stands off still, over its thickness.
TUCKED = ((0.08, 0.25), (-1.3, -0.62), 0.3)
FULL_SIDES = (0.13, 0.085)  # thickness of hair at the sides that covers that temple, and that does not at all
EAR = (76.0, -0.21)  # azimuth from which hair lies over the ear, and v down to which it does


def ease(x: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger."""
    t = clip((np.asarray(x, float) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


@dataclass(frozen=True, slots=True)
class Mass:
    """How thick hair lies on the scalp, as shares of the scalp's radius.

    Attributes:
        top, side: above and at the sides.
        front: more of it over the forehead.
        lean: more of it on the right (positive) and less on the left, or the reverse.
        wave: height of the waves of its outline.
        outline: thickness added in 16 directions, clockwise from above; empty for none.
    """

    top: float = 0.1
    side: float = 0.05
    front: float = 0.0
    lean: float = 0.0
    wave: float = 0.0
    outline: tuple[float, ...] = ()


class Scalp:
    """The scalp of a head with hair on it.

    Args:
        head: whose.
        mass: thickness of the hair.
        half: half width of the bare scalp, and its height above the middle.
        power: 2 is an ellipsoid, more is a box.
        tucked: the hair runs out into the face at the far temple of a turned head; else it stands off there.
    """

    def __init__(
        self,
        head: Head,
        mass: Mass,
        half: tuple[float, float] = HALF,
        power: float = POWER,
        *,
        tucked: bool = False,
    ) -> None:
        self.head, self.mass, self.half, self.power = head, mass, half, power
        self.runs_out = float(ease(mass.side, *FULL_SIDES)) if tucked else 0.0
        self._tuck = self.runs_out * float(ease(abs(head.yaw), *TUCKED[0]))
        self.width = head.size.skull[1] / 1.26
        ring = np.array(mass.outline)
        half_way = len(ring) // 2
        self._ring = np.linspace(-np.pi, np.pi, len(ring) + 1), np.append(np.roll(ring, half_way), ring[half_way:][:1])
        yaw = float(np.degrees(head.yaw))
        self.left, self.right = -92.0 - yaw, 92.0 - yaw  # azimuths beyond which the scalp is not seen

    def thick(self, azimuth: ArrayLike, v: ArrayLike) -> NDArray[np.float64]:
        """Thickness of the hair."""
        m = self.mass
        azi, height = np.radians(np.asarray(azimuth, float)), np.asarray(v, float)
        up = ease(height, -0.75, -1.75)
        value = m.side * (1 - up) * (0.35 + 0.65 * ease(height, 0.0, -0.7)) + m.top * up
        if m.front:
            value = value + m.front * clip(np.cos(azi), 0, 1) * ease(height, -0.9, -1.6)
        if m.lean:
            value = value + m.lean * np.sin(azi) * ease(height, -0.8, -1.5)
        if m.wave or m.outline:
            y = -(height + 0.35)
            x = np.sin(azi) * np.sqrt(np.maximum(1 - ((height - CENTRE) / self.half[1]) ** 2, 0))
            turn = np.arctan2(x, y)
            value = value + m.wave * np.sin(9 * turn + 1.0) * up if m.wave else value
            if m.outline:
                value = value + np.interp(turn, *self._ring) * ease(height, -0.2, -0.9)
        return np.asarray(value)

    def on(self, azimuth: ArrayLike, v: ArrayLike, lift: ArrayLike = 0.0) -> Points3:
        """Points of the hair's surface ``(N, 3)``; ``lift`` is a share of the radius more."""
        azi, height = np.asarray(azimuth, float), np.asarray(v, float)
        y = clip((height - CENTRE) / np.where(height < CENTRE, self.half[1], BELOW), -1, 1)
        ring = (1 - np.abs(y) ** self.power) ** (1 / self.power)
        s, c = np.sin(np.radians(azi)), np.cos(np.radians(azi))
        r = ring * (np.abs(s) ** self.power + np.abs(c) ** self.power) ** (-1 / self.power)
        scale = 1 + self.thick(azi, height) + np.asarray(lift)
        depth = np.where(c > 0, *DEPTH)
        found = np.empty((*scale.shape, 3))
        found[..., 0] = self.half[0] * self.width * r * s * scale
        found[..., 1] = CENTRE + y * np.where(y < 0, self.half[1] * scale, BELOW)
        found[..., 2] = depth * r * c * scale
        return self._tucked(found) if self._tuck else found

    def _tucked(self, points: Points3) -> Points3:
        """Points of hair, drawn in to the outline of the face at the far temple."""
        seen, side = self.head.turned(points), np.sign(self.head.yaw)
        beyond = side * seen[..., 0] - self.head.far_edge(seen[..., 1]) - TUCKED[2] * self.mass.side
        seen[..., 0] -= side * self._tuck * ease(points[..., 1], *TUCKED[1]) * np.maximum(beyond, 0)
        return self.head.unturned(seen)

    def before(self, points: ArrayLike, lift: ArrayLike = 0.0, bulge: ArrayLike = 1.0) -> Points3:
        """Points seen from the front ``(N, 2)`` laid onto the hair, ``(N, 3)``; what lies beside it, onto its rim.

        Args:
            points: ``(u, v)``.
            lift: how far before the hair.
            bulge: below 1 they lie nearer to the plane of the ears.
        """
        p = np.asarray(points, float)
        azi = np.degrees(np.arcsin(clip(p[:, 0] / (self.half[0] * self.width), -1, 1)))
        scale = 1 + self.thick(azi, p[:, 1])
        x = p[:, 0] / (self.half[0] * scale)
        y = (p[:, 1] - CENTRE) / np.where(p[:, 1] < CENTRE, self.half[1] * scale, BELOW)
        far = (np.abs(x) ** self.power + np.abs(y) ** self.power) ** (1 / self.power)
        near = (1 - np.minimum(far, RIM) ** self.power) ** (1 / self.power)
        z = near * np.exp(-np.maximum(far - RIM, 0) * 4.0)  # no kink where the surface turns away
        found = columns([p[:, 0] * self.width, p[:, 1], z * DEPTH[0] * scale * bulge + lift])
        return self._tucked(found) if self._tuck else found

    def seen(self, azimuth: ArrayLike) -> NDArray[np.float64]:
        """Azimuths moved to where the scalp is still seen."""
        return clip(np.asarray(azimuth, float), self.left, self.right)

    def silhouette(self, lower: Points) -> Points:
        """The outline of all hair in the picture, a ring that begins on the right and runs over the top, ``(BINS, 2)``.

        Args:
            lower: ``(K, 2)`` azimuth and v of the hair's lower edge all around.
        """
        azi = np.linspace(-180, 180, 73)
        low = np.interp(azi, lower[:, 0], lower[:, 1])
        top = CENTRE - self.half[1] * 0.9999
        share = np.sin(np.linspace(0, np.pi / 2, 30))[:, None]
        v = low + (top - low) * share
        p = self.head.project(self.on(np.broadcast_to(azi, v.shape), v).reshape(-1, 3))
        centre = self.head.project(np.array([[0.0, CENTRE, 0.0]]))[0]
        offset = (p - centre) @ np.array(
            [[np.cos(self.head.roll), -np.sin(self.head.roll)], [np.sin(self.head.roll), np.cos(self.head.roll)]]
        )
        angle = np.arctan2(-offset[:, 1], offset[:, 0]) % (2 * np.pi)
        far = np.hypot(*offset.T)
        index = (angle / (2 * np.pi) * BINS).astype(int) % BINS
        radius = np.zeros(BINS)
        np.maximum.at(radius, index, far)
        filled = np.flatnonzero(radius)
        radius = np.interp(np.arange(BINS), filled, radius[filled], period=BINS)
        kernel = np.array([1, 2, 3, 2, 1]) / 9
        radius = np.convolve(np.concatenate([radius[-2:], radius, radius[:2]]), kernel, "valid")
        turn = (np.arange(BINS) + 0.5) / BINS * 2 * np.pi - self.head.roll
        return centre + columns([np.cos(turn), -np.sin(turn)]) * radius[:, None]

    def cap(self, lower: Points, lift: float = 0.0) -> tuple[Points, Points]:
        """The hair that is seen: its lower edge from left to right, and the silhouette from right over top to left.

        Args:
            lower: ``(K, 2)`` azimuth and v of the hair's lower edge all around.
            lift: of the lower edge.
        """
        azi = np.linspace(self.left, self.right, 110)
        edge = self.head.project(self.on(azi, np.interp(azi, lower[:, 0], lower[:, 1]), lift))
        ring = self.silhouette(lower)
        centre = self.head.project(np.array([[0.0, CENTRE, 0.0]]))[0]

        def angle(p: Points) -> float:
            return float(np.arctan2(-(p - centre)[1], (p - centre)[0]) + self.head.roll)

        start = angle(edge[-1])
        start = (start + np.pi / 2) % (2 * np.pi) - np.pi / 2
        end = angle(edge[0]) % (2 * np.pi)
        first, last = int(np.ceil(start / (2 * np.pi) * BINS)) + 1, int(end / (2 * np.pi) * BINS) - 1
        return edge, ring[np.arange(first, max(last, first + 2)) % BINS]


def closed(lower: Points, yaw: float, share: float = 1.0) -> Points:
    """A lower edge of hair (azimuth and v) as it is drawn on a head turned by ``yaw`` radians.

    Args:
        lower: the edge.
        yaw: drawn.
        share: 1 for hair that runs out at the far temple, 0 for hair that covers it.
    """
    limb = 94 - abs(float(np.degrees(yaw)))
    azi = lower[:, 0] * np.sign(yaw)
    near = min(limb - 40, 24.0)
    slope = np.interp(azi, (near, near + 14, 43, limb, limb + 4), FAR)
    slope = np.where(azi < 43, np.maximum(slope, lower[:, 1]), slope)
    far = share * ease(abs(yaw), 0.1, 0.35) * (azi > near)
    return columns([lower[:, 0], lower[:, 1] * (1 - far) + slope * far])


def over_ears(lower: Points) -> Points:
    """A lower edge of hair (azimuth and v) without what lies behind the ears."""
    low = np.where(np.abs(lower[:, 0]) > EAR[0], np.minimum(lower[:, 1], EAR[1]), lower[:, 1])
    return columns([lower[:, 0], low])


def smooth(points: ArrayLike) -> Points:
    """A smooth curve through points, each piece cut into straight ones."""
    return through(points)


def tuft(
    curve: ArrayLike,
    width: float,
    *,
    root: float = 0.55,
    belly: float = 0.4,
    tip: float = 1.25,
    wave: float = 0.0,
    phase: float = 0.0,
) -> tuple[Points, Points]:
    """The two edges of a tuft, seen from the front, ``(STEPS, 2)`` each, from root to tip.

    Args:
        curve: ``(4, 2)`` Bézier points of its middle.
        width: half its greatest width.
        root: width at the root as a share of that.
        belly: where it is widest, 0 root … 1 tip.
        tip: below 1 blunt, above it slender.
        wave: sideways swing of its middle, face units.
        phase: where the swing begins, radians.
    """
    p = np.asarray(curve, float)
    middle = bezier(p[0], p[1], p[2], p[3], STEPS)
    t = shares(STEPS)
    tangent = slopes(middle)
    normal = columns([-tangent[:, 1], tangent[:, 0]]) / (np.hypot(*tangent.T)[:, None] + 1e-9)
    if wave:
        middle = middle + normal * (wave * np.sin(t * 7.5 + phase) * ease(t, 0, 0.3))[:, None]
        tangent = slopes(middle)
        normal = columns([-tangent[:, 1], tangent[:, 0]]) / (np.hypot(*tangent.T)[:, None] + 1e-9)
    rising = root + (1 - root) * np.sin(np.pi / 2 * clip(t / belly, 0, 1))
    falling = np.cos(np.pi / 2 * clip((t - belly) / (1 - belly), 0, 1)) ** tip
    half = (width * np.minimum(rising, falling))[:, None]
    one, two = middle + normal * half, middle - normal * half
    return (one, two) if one[:, 0].mean() <= two[:, 0].mean() else (two, one)


def area(ring: Points) -> float:
    """Twice the area inside a closed ring, below 0 if it turns the other way."""
    x, y = ring.T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1] + x[-1] * y[0] - x[0] * y[-1])


def outline(left: Points, right: Points) -> Points:
    """A closed ring of two edges, always turning the same way, so that rings can be joined into one path."""
    ring = np.concatenate([left, right[::-1]])
    return ring if area(ring) > 0 else ring[::-1]


def join(rings: Sequence[Points]) -> Path:
    """One path of several rings."""
    return Path.rings(rings)
