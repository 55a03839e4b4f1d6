"""Where hair lies on a head.

Parts of hair are drawn for the mean woman's head seen from the front (brows at v = -0.515, hairline -0.92, chin 1.0);
:class:`Ground` fits them to a head and turns them with it.
"""

from __future__ import annotations

import zlib
from random import Random

import numpy as np
from numpy.typing import ArrayLike, NDArray

from photo2moe.character.schema import RADII, Character
from photo2moe.pen.head import NECK, Head, Points3
from photo2moe.pen.scene import Points, clip, columns, shares

MEAN = (-2.05, -0.92, -0.515, 0.0, 1.0)  # v of top, hairline, brow, eyes and chin that parts are drawn for
MIDDLE = (0.0, -0.35)  # from where the radii of the outline of the hair are measured
TURNS = np.arange(RADII + 1)
LIMITS = (0.72, 1.45)  # of those radii: beyond, a lock would leave the picture or cross the face
LEAST = 0.96  # of the radii above the ears, where the skull lies below
SOFTEN = (0.12, 0.23, 0.30, 0.23, 0.12)  # weights by which radii are mixed with their neighbours
ROOTS = (-1.2, 1.3)  # v from which down hair lies farther and farther behind, so that roots stay under the crown
HANG = 0.6  # share of the head's tilt that long ends do not follow, since they hang
FAR = 0.05  # width of the hair that is seen beside the far temple, face units
ROUND = 0.08  # by which the hairline is rounded there, face units
SPACE = 1.03  # radius of the hair over the skull
LOWERED = 0.14  # share by which hair above the hairline lies lower than the skull of the other parts
ASIDE = -0.22  # w of hair beside the neck; much farther back it would step out beside a turned crown, face units
BLEND = 0.8  # height over which that begins, face units
SHOULDERS = 1.69  # half width of those that hair below the chin is drawn for; on narrower ones it is narrower
NARROWED = 0.8  # share of the difference by which it is


def smooth(x: ArrayLike) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, a smooth step between."""
    t = clip(np.asarray(x, float), 0, 1)
    return t * t * (3 - 2 * t)


def seed_of(who: Character) -> int:
    """A number that is the same for the same person's face and hair, whatever the pose and the expression."""
    text = repr((who.person, who.face, who.eyes, who.nose, who.hair)).encode()
    return zlib.crc32(text)


class Ground:
    """Fits parts of hair to a head, and lays them into the picture.

    Args:
        who: the person.
        head: the person's head.

    Attributes:
        parting: by which the hair above the eyes is moved to the right, -1 … 1; 0 for hair that does not part.
    """

    def __init__(self, who: Character, head: Head) -> None:
        self.who, self.head = who, head
        self.seed = seed_of(who)
        self.parting = who.hair.parting
        self.radius = SPACE + 0.05 * who.hair.volume + (0.02 if who.hair.texture == "wavy" else 0.0)
        radii = np.array(who.hair.outline or [1.0] * RADII)
        radii = np.sum([np.roll(radii, k) * w for k, w in zip((-2, -1, 0, 1, 2), SOFTEN, strict=True)], 0)
        above = np.cos(np.arange(RADII) * 2 * np.pi / RADII)
        least = LIMITS[0] + (LEAST - LIMITS[0]) * smooth((above + 0.6) / 0.8)
        radii = clip(radii, least, LIMITS[1])
        self._radii = np.append(radii, radii[0])
        self._domes: dict[tuple[float | None, ...], Points] = {}

    def cap(self, most: float) -> None:
        """Limit the radii of the outline above the ears, where something stands on the hair that is drawn by itself."""
        above = np.cos(np.arange(RADII + 1) * 2 * np.pi / RADII) > 0.5
        self._radii = np.where(above, np.minimum(self._radii, most), self._radii)

    def fit(self, points: ArrayLike, parted: ArrayLike = 1.0) -> Points:
        """Points of a part ``(N, 2)`` on this head seen from the front.

        Args:
            points: of a part.
            parted: 1 for hair that moves with the parting, 0 for what lies behind the head; one number or ``(N,)``.
        """
        p, s = np.asarray(points, float), self.head.size
        centre, a, b, _ = s.skull
        own = (centre - b, s.hairline, s.brow, 0.0, s.chin)
        v = np.interp(p[:, 1], MEAN, own) + np.minimum(p[:, 1] - MEAN[0], 0) + np.maximum(p[:, 1] - MEAN[-1], 0)
        low = smooth((p[:, 1] + 0.7) / 0.6)
        u = p[:, 0] * ((1 - low) * a / 1.26 + low * s.cheek / 0.98) * self._narrow(p[:, 1])
        shift = smooth((-0.35 - p[:, 1]) / 0.6) * clip(1 - (p[:, 0] / 1.2) ** 2, 0, 1)
        return columns([u + 0.32 * self.parting * shift * np.asarray(parted), v])

    def _narrow(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much hair at heights ``v`` is narrower on a child's shoulders, ``(N,)``."""
        share = min(self.head.size.shoulders / SHOULDERS, 1.0)
        return np.asarray(1 - NARROWED * (1 - share) * smooth((v + 0.1) / 1.3))

    def lay(self, points: ArrayLike, layer: str = "front", lift: float = 0.0, half: ArrayLike = 0.0) -> Points3:
        """Fitted points ``(N, 2)`` in space, ``(N, 3)``: on the skull, further down before or behind the face.

        Args:
            points: ``(u, v)``.
            layer: ``front``, ``under`` (beside the ears and the neck) or ``back``.
            lift: over the hair's surface.
            half: half width of what lies there; it must not stand off the side of a turned head.
        """
        p, head = np.asarray(points, float), self.head
        if layer == "back":
            deep = 0.25 + 0.40 * np.sqrt(np.maximum(1 - (p[:, 0] / 1.5) ** 2, 0))
            return columns([p[:, 0], p[:, 1], -deep * smooth((p[:, 1] - ROOTS[0]) / ROOTS[1])])
        size = np.abs(p[:, 0])
        outer = columns([np.sign(p[:, 0]) * (size + np.asarray(half) * smooth((size - 0.3) / 0.5)), p[:, 1]])
        shell = head.shell(outer / (head.size.skull[1] / 1.26, 1.0), self.radius + lift)[:, 2]
        low = np.full(len(p), ASIDE)
        if layer == "front":
            inner = columns([np.sign(p[:, 0]) * np.maximum(size - 0.5 * np.asarray(half), 0), p[:, 1]])
            face = head.surface(inner, 0.06 + lift)[:, 2]
            low = face + (0.30 - face) * smooth((p[:, 1] - head.size.chin + 0.2) / 0.9)
        share = smooth((p[:, 1] + 0.95) / 0.75)
        return columns([p[:, 0], p[:, 1], shell + (low - shell) * share])

    def flat(self, points: Points3) -> Points:
        """Points in space as they are seen turned and nodded, not tilted yet."""
        return self.head.turned(points)[:, :2]

    def _tilt(self, points: Points, angle: float | NDArray[np.float64]) -> Points:
        x, y = points[:, 0], points[:, 1] - NECK
        cos, sin = np.cos(angle), np.sin(angle)
        return columns([x * cos - y * sin, x * sin + y * cos + NECK])

    def beside(self, half: Points) -> Points:
        """The far half of a hairline of a turned head, untilted, moved in to where there is forehead behind it."""
        turn = self.head.yaw
        contour = self._tilt(self.head.contour(), -self.head.roll)
        middle = int(np.argmax(contour[:, 1]))
        side = np.sign(turn)
        temple = contour[middle:][::-1] if side > 0 else contour[: middle + 1]
        share = smooth((-0.35 - half[:, 1]) / 0.3) * smooth(abs(turn) / 0.3)
        most = side * np.interp(half[:, 1], temple[:, 1], temple[:, 0]) - FAR
        u = side * half[:, 0]
        over = ROUND * np.logaddexp(0, (u - most) / ROUND)  # as much as u is over most, without a corner
        return columns([side * (u - over * share), half[:, 1]])

    def set(self, points: Points) -> Points:
        """Untilted points in the picture: moved out or in with the person's outline, then tilted; long ends hang."""
        d = points - np.array(MIDDLE)
        radius = np.hypot(d[:, 0], d[:, 1])
        turn = np.arctan2(d[:, 0], -d[:, 1]) / (2 * np.pi) * RADII % RADII
        ratio = np.interp(turn, TURNS, self._radii)
        points = d * (1 + (ratio - 1) * smooth((radius - 0.75) / 0.5))[:, None] + np.array(MIDDLE)
        if self.who.headwear.kind == "none":  # what is worn fits the skull
            height = np.maximum(MEAN[1] - points[:, 1], 0)
            points[:, 1] += LOWERED * height * smooth(height / BLEND)
        share = 1 - HANG * smooth((points[:, 1] - NECK) / 1.5)
        return self._tilt(points, self.head.roll * share)

    def upright(self, points: Points) -> Points:
        """Points of a head in the picture as they are before it tilts."""
        return self._tilt(points, -self.head.roll)

    def tilted(self, points: Points) -> Points:
        """The other way: untilted points of a head in the picture."""
        return self._tilt(points, self.head.roll)

    def widen(self, half: Points, v: Points) -> Points:
        """Half widths ``(N,)`` at heights ``v`` of what lies about the middle, moved out or in with the outline."""
        off = v - MIDDLE[1]
        turn = np.arctan2(half, -off) / (2 * np.pi) * RADII
        ratio = (np.interp(turn, TURNS, self._radii) + np.interp(RADII - turn, TURNS, self._radii)) / 2
        return half * (1 + (ratio - 1) * smooth((np.hypot(half, off) - 0.75) / 0.5)) * self._narrow(v)

    def place(self, points: Points3) -> Points:
        """Points in space, in the picture."""
        return self.set(self.flat(points))

    def across(self, start: ArrayLike, end: ArrayLike, count: int = 20, lift: float = 0.0) -> Points3:
        """The shortest way over the hair between two points in space, ``(count, 3)``."""
        centre, a, b, c = self.head.size.skull
        ends = (np.array([start, end], float) - (0, centre, 0)) / (a, b, c)
        ends /= np.linalg.norm(ends, axis=1)[:, None]
        angle = max(float(np.arccos(clip(ends[0] @ ends[1], -0.999, 1))), 1e-3)
        t = shares(count)[:, None]
        way = (np.sin((1 - t) * angle) * ends[0] + np.sin(t * angle) * ends[1]) / np.sin(angle)
        return way * np.array([a, b, c]) * (self.radius + lift) + (0, centre, 0)

    def dome(self, parting: float | None = None, count: int = 120) -> Points:
        """The outline of the hair over the skull, clockwise from below, untilted, ``(count, 2)``.

        Args:
            parting: u at which it is a little dented, or None.
            count: points.
        """
        key = parting, count, self.radius, self.parting
        if key not in self._domes:
            self._domes[key] = self._dome(parting, count)
        return self._domes[key]

    def _dome(self, parting: float | None, count: int) -> Points:
        centre, a, b, c = self.head.size.skull
        axes = self.flat(np.diag([a, b, c])) - self.flat(np.zeros((1, 3)))
        middle = self.flat(np.array([[0.0, centre, 0.0]]))[0]
        value, vector = np.linalg.eigh(axes.T @ axes)
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        circle = columns([-np.sin(angle), np.cos(angle)])
        chance = Random(self.seed)
        r = np.full(count, self.radius)
        for k in (3, 5, 8):
            r += (
                0.008
                * chance.uniform(0.3, 1)
                * np.sin(k * angle + chance.uniform(0, 6.28))
                * smooth(-circle[:, 1] + 0.3)
            )
        if parting is not None:
            top = self.flat(self.lay(np.array([[0.55 * parting, -1.93]])))[0] - middle
            off = (np.arctan2(circle[:, 0], -circle[:, 1]) - np.arctan2(top[0], -top[1]) + np.pi) % (2 * np.pi) - np.pi
            r += 0.018 * np.exp(-(((np.abs(off) - 0.42) / 0.28) ** 2)) - 0.022 * np.exp(-((off / 0.10) ** 2))
        return circle * r[:, None] @ (vector @ np.diag(np.sqrt(value)) @ vector.T) + middle
