"""Where points beside the jaw lie: beards and masks follow the outline of every face, however it is turned."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from photo2moe.pen.head import Head
from photo2moe.pen.parts import Place
from photo2moe.pen.scene import Points, clip, columns, through

# The face that beards and masks are drawn for, seen from the front, face units; kits rely on it, whatever the
# proportions of people come to be.
CHEEK = 0.98  # half width at the eyes
MOUTH = 0.67  # v of the mouth
MOUTH_WIDTH = 0.27  # half width of the mouth at rest
CHIN = 1.10  # v of the chin
HALF = [
    (0.0, 1.102),
    (0.175, 1.092),
    (0.348, 1.065),
    (0.513, 1.008),
    (0.661, 0.914),
    (0.778, 0.786),
    (0.865, 0.634),
    (0.928, 0.47),
    (0.966, 0.3),
    (0.983, 0.125),
    (0.989, -0.05),
    (0.989, -0.225),
    (0.985, -0.4),
    (0.976, -0.575),
    (0.965, -0.75),
]  # right half of its outline, from the chin up to the temple

MIDDLE = 0.42  # v of the point about which angles are taken
TURNED, HOLLOW = 0.15, 0.2  # drawn yaw, radians, from which nothing stands off the far side, and v above which
INNER = 0.55  # share of the way to the outline up to which points lie as the features of the face do
STEPS = 64  # points of half an outline


def place(head: Head) -> Place:
    """Where points of the model face lie: near the mouth as this head's mouth does, near the outline as that does."""
    s = head.size
    own = head.contour()
    chin = len(own) // 2
    left, right = _even(own[chin::-1]), _even(own[chin:])
    target = np.concatenate([left[::-1], right[1:]])
    centre = np.array([0.0, MIDDLE])
    angles, reach = _model()
    narrow = 0.5 * (s.cheek / CHEEK + s.mouth_width / MOUTH_WIDTH)

    def on_face(p: Points) -> Points:
        v = np.interp(p[:, 1], (-1, 0, MOUTH, CHIN, CHIN + 1), (-1, 0, s.mouth, s.chin, s.chin + 1))
        u = p[:, 0] * np.interp(p[:, 1], (0, MOUTH), (s.cheek / CHEEK, narrow))
        return head.face(columns([u, v]))

    least = 1.0 if abs(head.yaw) > TURNED else np.inf
    middle = on_face(centre[None])[0]

    def at(p: Points) -> Points:
        away = p - centre
        angle = np.arctan2(away[:, 0], away[:, 1])
        share = np.hypot(*away.T) / np.interp(angle, angles, reach)
        share = np.where((p[:, 0] * head.yaw > 0) & (p[:, 1] < HOLLOW), np.minimum(share, least), share)
        edge = columns([np.interp(angle, angles, target[:, i]) for i in (0, 1)])
        far = middle + (edge - middle) * share[:, None]
        blend = clip((share - INNER) / (1 - INNER), 0, 1)
        blend = (blend * blend * (3 - 2 * blend))[:, None]
        return on_face(p) * (1 - blend) + far * blend

    return at


def _even(points: Points) -> Points:
    """A line as STEPS points at equal distances along it."""
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.linspace(0, along[-1], STEPS)
    return columns([np.interp(at, along, points[:, i]) for i in (0, 1)])


@cache
def _model() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The outline of the model face about its middle: angles, 0 straight down, and distances."""
    half = _even(through(HALF))
    u, v = (np.concatenate([half[::-1] * (-1, 1), half[1:]]) - (0, MIDDLE)).T
    return np.unwrap(np.arctan2(u, v)), np.hypot(u, v)
