"""Lengths and ratios of a face, straight from its mesh, before they are held against other people."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.people import People
from photo2moe.face.pose import Head
from photo2moe.types import Face, Image, Points

# Points of MediaPipe's mesh, the left of the picture first in each pair.
CHEEKS = ((234, 454), (93, 323), (127, 356))
JAW = ((172, 397), (136, 365), (150, 379))
LOWER_CHEEKS = ((132, 361), (58, 288), (215, 435))
CORNERS = ((33, 133), (263, 362))  # outer and inner corner of each eye
UPPER_LIDS = ((160, 159, 158), (387, 386, 385))
LOWER_LIDS = ((144, 145, 153), (373, 374, 380))
IRISES = (468, 473)
BROWS = (
    ((70, 46), (63, 53), (105, 52), (66, 65), (107, 55)),
    ((300, 276), (293, 283), (334, 282), (296, 295), (336, 285)),
)
WINGS = (129, 358)  # of the nose
BRIDGE, NOSE_BASE, FOREHEAD_TOP, GLABELLA, CHIN = 168, 2, 10, 9, 152
MOUTH = (61, 291)
LIPS = (0, 13, 14, 17)  # outer and inner edge of the upper, inner and outer edge of the lower lip
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
USED = sorted(
    {
        *np.ravel((*CHEEKS, *JAW, *LOWER_CHEEKS, *CORNERS)).tolist(),
        *np.ravel((*UPPER_LIDS, *LOWER_LIDS)).tolist(),
        *np.ravel(BROWS).tolist(),
        *(*WINGS, BRIDGE, NOSE_BASE, FOREHEAD_TOP, GLABELLA, CHIN, *MOUTH, *LIPS, *INNER_LIPS),
    }
)

SIDE_TRUST = 2.2  # how fast the far side of a turned face loses its weight: none is left beyond 27°
BROW_SPAN = 0.34  # head units that are searched for the brow, above and below its middle
SAMPLE = 48.0  # pixels of one head unit at which pictures of a part are looked at
# Where irises of people who look into the camera lie, half widths of an eye from the middle of its corners: outwards,
# since the inner corner has the tear duct, and above.
REST = np.array([[-0.085, -0.14], [0.085, -0.14]])
DARK, BRIGHT = 0.4, 0.9  # luminance over that of the skin: gaps between the lips are darker, teeth brighter


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a face measures.

    Attributes:
        values: by name: lengths in head units, or ratios.
        nuisances: what disturbs them, by name: ``turn`` sine of the yaw squared, ``pitch`` its sine, ``nod`` that
            squared, ``open`` gap between the lips over the width of the mouth, ``stretch`` how far its corners are up.
        openness: height over width of the eyes' openings, the one on the left of the picture first.
        gaze: ``(2,)`` irises from the middle of the eyes, half widths of an eye.
        mouth: ``(k,)`` what the word for the mouth is told by.
    """

    values: dict[str, float]
    nuisances: dict[str, float]
    openness: tuple[float, float]
    gaze: tuple[float, float]
    mouth: NDArray[np.float64]


def features(photo: Image, face: Face, head: Head, table: People) -> Features:
    """Measure a face.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: in its pixels.
        head: its pose.
        table: whose mean face gives the depth.
    """
    where = np.searchsorted(table.points, USED)
    flat = np.full((len(face.landmarks), 2), np.nan)
    flat[USED] = head.frontal(face.landmarks[USED], table.shape[where])
    sides = weights(head)

    def width(pairs: tuple[tuple[int, int], ...]) -> float:
        return float(np.mean([2 * (sides * np.abs(flat[list(pair), 0])).sum() for pair in pairs]))

    def both(values: NDArray[np.float64]) -> float:
        return float((sides * values).sum())

    outer, inner = (flat[[pair[k] for pair in CORNERS]] for k in range(2))
    across = np.abs(outer - inner)[:, 0]
    lids = np.array([[flat[list(points), 1].mean() for points in two] for two in (UPPER_LIDS, LOWER_LIDS)])
    openness = (lids[1] - lids[0]) / np.maximum(across, 0.05)
    brows = np.array([[(flat[upper] + flat[lower]) / 2 for upper, lower in brow] for brow in BROWS])
    level = (outer[:, 1] + inner[:, 1]) / 2
    upper, lower = flat[LIPS[1], 1] - flat[LIPS[0], 1], flat[LIPS[3], 1] - flat[LIPS[2], 1]
    mouth = width((MOUTH,))
    gap = (flat[LIPS[2], 1] - flat[LIPS[1], 1]) / mouth
    lift = (flat[list(LIPS[1:3]), 1].mean() - both(flat[list(MOUTH), 1])) / mouth
    cheeks, jaw = width(CHEEKS), width(JAW)
    values = {
        "face.width": cheeks,
        "face.jaw": jaw / cheeks,
        "face.chin": float(flat[CHIN, 1] - flat[NOSE_BASE, 1]),
        "face.cheeks": width(LOWER_CHEEKS) / (cheeks + jaw),
        "face.forehead": float(flat[GLABELLA, 1] - flat[FOREHEAD_TOP, 1]),
        "eyes.size": both(across),
        "eyes.spacing": both(np.abs((outer + inner)[:, 0])),
        "eyes.slant": both((inner - outer)[:, 1] / np.maximum(across, 0.05)),
        "eyes.height": both(openness),
        "brows.slant": both(brows[:, 4, 1] - brows[:, 0, 1]),
        "brows.height": both(level - brows[:, 1:4, 1].mean(1)),
        "brows.inner": both(level - brows[:, 4, 1]),
        "brows.thickness": both(np.array([_thickness(photo, head, face, brow) for brow in BROWS])),
        "nose.width": width((WINGS,)),
        "nose.length": float(flat[NOSE_BASE, 1] - flat[BRIDGE, 1]),
        "mouth.width": mouth,
        "mouth.fullness": float(upper + lower),
        "mouth.lift": float(lift),
    }
    yaw, pitch = np.sin(np.radians([head.yaw, head.pitch]))
    nuisances = {"turn": yaw**2, "pitch": pitch, "nod": pitch**2, "open": max(gap, 0.0), "stretch": lift}
    bright, dark = _between(photo, face, head)
    told = np.array(
        [lift, mouth, max(gap, 0.0), max(gap, 0.0) ** 2, bright * gap, dark * gap, bright, dark, upper + lower]
    )
    gaze = _gaze(face, head, sides)
    return Features(
        values,
        {key: float(value) for key, value in nuisances.items()},
        (float(openness[0]), float(openness[1])),
        (float(gaze[0]), float(gaze[1])),
        told,
    )


def _gaze(face: Face, head: Head, sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Irises from where they rest, half widths of an eye as it is seen: an eye is drawn turned as it is."""
    matrix = head.to_units()
    outer, inner = (face.landmarks[[pair[k] for pair in CORNERS]] for k in range(2))
    away = (face.landmarks[list(IRISES)] - (outer + inner) / 2) @ matrix[:, :2].T
    half = np.abs(((outer - inner) @ matrix[:, :2].T)[:, :1]) / 2
    return (sides[:, None] * (away / np.maximum(half, 0.05) - REST)).sum(0)


def weights(head: Head) -> NDArray[np.float64]:
    """How far each side of the face is to be trusted ``(2,)``, sum 1: the far side of a turned head is hidden."""
    far = SIDE_TRUST * np.sin(np.radians(head.yaw))
    shares = np.clip([1 + far, 1 - far], 0.0, 2.0)
    return shares / shares.sum()


def upright(photo: Image, head: Head, centre: Points, size: tuple[int, int], zoom: float = 1.0) -> Image:
    """A part of the photo at :data:`SAMPLE` pixels a head unit, level.

    Args:
        photo: ``(H, W, 3)``.
        head: its pose.
        centre: ``(2,)`` photo pixels that come to lie in the middle.
        size: (height, width) in pixels of what is returned.
        zoom: times :data:`SAMPLE`.
    """
    matrix = head.to_units() * SAMPLE * zoom
    middle = matrix[:, :2] @ centre
    matrix[:, 2] = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2]) - middle
    way = cv2.INTER_AREA if SAMPLE * zoom < head.scale / 2 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(photo, matrix, size[::-1], flags=way, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of sRGB pixels ``(…, 3)``, 0…1 (IEC 61966-2-1)."""
    part = pixels.astype(np.float64) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def _thickness(photo: Image, head: Head, face: Face, brow: tuple[tuple[int, int], ...]) -> float:
    """Height of a brow in head units: darkness over its profile's greatest darkness, three profiles."""
    heights = []
    for upper, lower in brow[1:4]:
        centre = face.landmarks[[upper, lower]].mean(0)
        strip = upright(photo, head, centre, (round(2 * BROW_SPAN * SAMPLE), 5))
        profile = np.sqrt(luminance(strip)).mean(1)
        # Skin above the brow and between brow and lid; the line between them takes a side light out.
        count = len(profile)
        ends = np.median(profile[: count // 5]), np.median(profile[-count // 4 : -count // 8])
        darkness = np.clip(np.linspace(*ends, count) - profile, 0, None)
        middle = darkness[count // 5 : -count // 4]
        heights.append(middle.sum() / max(float(middle.max()), 0.02) / SAMPLE)
    return float(np.median(heights))


def _between(photo: Image, face: Face, head: Head) -> tuple[float, float]:
    """Shares of what lies between the lips that are brighter and darker than skin: teeth and a dark gap."""
    points = face.landmarks[list(INNER_LIPS)]
    size = (round(SAMPLE * 1.2), round(SAMPLE * 1.6))
    patch = luminance(upright(photo, head, points.mean(0), size))
    matrix = head.to_units() * SAMPLE
    flat = (points - points.mean(0)) @ matrix[:, :2].T + np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    inside = np.zeros(size, np.uint8)
    cv2.fillPoly(inside, [np.rint(flat).astype(np.int32)], 1)
    cheek = luminance(upright(photo, head, face.landmarks[[50, 280, 205, 425]].mean(0), (size[0] // 2, size[1])))
    skin = max(float(np.median(cheek)), 1e-3)
    within = patch[inside > 0] / skin
    return float((within > BRIGHT).mean()), float((within < DARK).mean())
