"""Glasses as they are worn: size, shape and thickness of the frame, its colour, and how dark the lenses are.

The plane before the eyes is brought to the front along the pose of the head. There a pair of mirrored outlines is
moved until a rim lies along them: a dark band against skin, or the edge of dark lenses. What lies across that outline
gives the thickness and the colour of the rim.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.colours import BROW_AREAS
from photo2moe.face.lab import Floats, from_hex, from_lab, lab, linear, to_hex
from photo2moe.face.light import EYE_CONTOURS
from photo2moe.face.people import people
from photo2moe.face.pose import Head, pose
from photo2moe.types import Face, Image

UNIT = 100  # pixels of the straightened picture for one head unit
LEFT, RIGHT, TOP, BOTTOM = -1.35, 1.35, -0.65, 0.9  # what of the face it shows, head units
BRIDGE, TEMPLES = 168, (127, 356)  # points of the mesh that give the plane its depth
AHEAD = 0.06  # head units by which the frame lies before them
BAND = 0.20  # head units: thicker bands are no rims
POINTS = 56  # of one outline
SMOOTH = 1.2  # pixels, sigma
FULL = 0.16  # share of the skin's lightness by which a rim is darker where it counts fully
ACROSS = np.arange(-0.13, 0.131, 0.006)  # head units across the rim at which it is read
NEAR = 0.045  # head units from the outline within which the rim is looked for
BESIDE = 0.06  # head units from its middle up to which a rim's darkness counts; farther off it is shade
DARKEST = 38.0  # L of skin below which a rim counts as on such skin
BLACK = 0.006  # linear light of the blackest frames
UNMIXED = ((0.010, 0.030, 0.060), (2.2, 1.6, 1.05))  # how much farther from skin a rim is than it looks, by its ink
HUE = (1.0, 1.8, 1.8)  # weights of L, a and b where a frame is told from lenses and skin
OWN = 34.0  # difference so weighted from which dark lenses have a rim of another colour
PALER = ((0.3, 0.8), (0.55, 1.0))  # share of its chroma that a rim keeps, by radians of hue from skin
LEAST = 0.45  # share of FULL from which a rim counts as seen
STEPS: tuple[tuple[float, ...], ...] = (
    (-0.08, 0.0, 0.08),
    (0.46, 0.51, 0.56, 0.61),
    (-0.04, 0.03, 0.10, 0.17, 0.24),
    (0.29, 0.34, 0.39, 0.44, 0.49),
    (0.17, 0.21, 0.26, 0.32, 0.38, 0.45),
    (2.0, 3.2),
)  # tried: shift of both lenses, u and v of the middle of one, half its width and height, and how square it is
FINER = (0.03, 0.025, 0.025, 0.025, 0.025)
SQUARES = (2.0, 2.4, 3.2, 5.0)
EYE_SPACE, EYE_VALUE = 0.07, 0.1  # head units about the eyes in which a dark band is a lid, and what it counts there
BROW_VALUE = 0.4  # what brows count
TURNED = 22.0  # degrees of yaw from which the far lens tells nothing
ANGLES = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)


@dataclass(frozen=True, slots=True)
class Spectacles:
    """The frame of somebody's glasses. Lengths in head units (1 = distance between the eyes).

    Attributes:
        middle: ``(u, v)`` of the middle of the right lens.
        half: half its width and height.
        square: exponent of its outline: 2 an ellipse, more the squarer.
        rim: share of the outline along which a rim is seen.
        lower: likewise along its lower third.
        ink: darkness across the rim summed up, as head units of black against skin: thickness and depth of colour.
        colour: of the rim, ``#rrggbb``, in the light in which skin has the colour given.
        lens: colour of what is seen through the lenses, likewise.
        dark: lightness of the lenses over that of the skin around them.
    """

    middle: tuple[float, float]
    half: tuple[float, float]
    square: float
    rim: float
    lower: float
    ink: float
    colour: str
    lens: str
    dark: float

    @property
    def width(self) -> float:
        """Half width of a round lens of the same area, head units."""
        return float(np.sqrt(self.half[0] * self.half[1]))


def straightened(photo: Image, face: Face, head: Head) -> tuple[Floats, NDArray[Any]]:
    """The part about the eyes as seen from the front, UNIT pixels a head unit.

    Returns:
        Linear light ``(h, w, 3)``; and ``(h, w)`` uint8: 1 where eyes are, 2 where brows are, else 0.
    """
    table = people()
    depth = table.shape[np.searchsorted(table.points, (BRIDGE, *TEMPLES))]
    wrap = (depth[1:, 2].mean() - depth[0, 2]) / (np.abs(depth[1:, 0]).mean() ** 2)
    u, v = np.meshgrid(np.arange(LEFT, RIGHT, 1 / UNIT), np.arange(TOP, BOTTOM, 1 / UNIT))
    space = np.stack([u, v, depth[0, 2] - AHEAD + 0.55 * wrap * u**2], -1).reshape(-1, 3)
    at = head.project(space).reshape(*u.shape, 2)
    low = np.floor(at.min((0, 1))).astype(int) - 2
    high = np.ceil(at.max((0, 1))).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(np.maximum(high, low + 8), photo.shape[1::-1])
    source, shrink = photo[low[1] : high[1], low[0] : high[0]], max(head.scale / UNIT, 1.0)
    points = (face.landmarks - low) / shrink
    size = [max(int(side / shrink), 8) for side in source.shape[1::-1]]
    source = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    features = np.zeros(source.shape[:2], np.uint8)
    for value, contours in ((2, BROW_AREAS), (1, EYE_CONTOURS)):
        for contour in contours:
            cv2.fillPoly(features, [np.rint(points[list(contour)]).astype(np.int32)], value)
    field = ((at - low + 0.5) / shrink - 0.5).astype(np.float32)
    light = cv2.remap(source, field[..., 0], field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return linear(light), cv2.remap(features, field[..., 0], field[..., 1], cv2.INTER_NEAREST)


def outline(shape: NDArray[Any]) -> Floats:
    """Outlines ``(2, n, POINTS, 2)`` of the right and left lenses of shapes ``(n, 6)``: superellipses, head units."""
    shift, u, v, a, b, power = (column[:, None] for column in np.atleast_2d(shape).T)
    cos, sin = np.cos(ANGLES)[None], np.sin(ANGLES)[None]
    x = np.sign(cos) * np.abs(cos) ** (2 / power)
    y = np.sign(sin) * np.abs(sin) ** (2 / power)
    right = np.stack([u + a * x, v + b * y], -1)
    both = np.stack([right, right * (-1, 1)])
    both[..., 0] += shift
    return both


def _pixels(points: Floats) -> Floats:
    return (points - (LEFT, TOP)) * UNIT


def _read(picture: NDArray[Any], points: Floats) -> NDArray[Any]:
    """A picture at points ``(…, 2)``."""
    at = _pixels(points)
    x = np.clip(np.rint(at[..., 0]).astype(np.intp), 0, picture.shape[1] - 1)
    y = np.clip(np.rint(at[..., 1]).astype(np.intp), 0, picture.shape[0] - 1)
    return picture[y, x]


def measure_spectacles(photo: Image, face: Face, skin: str, *, sun: bool = False) -> Spectacles:
    """Find the frame of glasses that are known to be there.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        skin: the person's colour of skin in even light, ``#rrggbb``.
        sun: the lenses are dark.
    """
    head = pose(face)
    light, features = straightened(photo, face, head)
    lightness = cv2.GaussianBlur(lab(light)[..., 0].astype(np.float32), (0, 0), SMOOTH)
    cheeks = _pixels(np.array([(0.5, 0.62), (-0.5, 0.62)])).astype(int)
    patches = [light[y - 12 : y + 13, x - 16 : x + 17].reshape(-1, 3) for x, y in cheeks]
    around = np.median(np.concatenate(patches), axis=0)
    usual = max(float(lab(around)[0]), DARKEST)
    size = int(BAND * UNIT) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    band = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, kernel) / usual
    dark = np.clip(1 - lightness / usual, 0, 1).astype(np.float32)
    field = dark if sun else np.minimum(band / FULL, 1).astype(np.float32)
    if not sun:
        space = int(EYE_SPACE * UNIT) | 1
        eyes = cv2.dilate((features == 1).astype(np.uint8), np.ones((space, space), np.uint8)) > 0
        field[features == 2] = np.minimum(field[features == 2], BROW_VALUE)
        field[eyes] = np.minimum(field[eyes], EYE_VALUE)
    near = [0, 1] if abs(head.yaw) < TURNED else [0 if head.yaw < 0 else 1]
    best = _fit(field, near, sun)
    return _describe(light, band, best, near, around, skin, sun)


def _score(field: NDArray[Any], shapes: NDArray[Any], near: list[int], sun: bool) -> Floats:
    lines = outline(shapes)[near]
    if sun:
        middle = lines.mean(2, keepdims=True)
        inside, outside = middle + (lines - middle) * 0.84, middle + (lines - middle) * 1.16
        return np.asarray((_read(field, inside) - _read(field, outside)).mean((0, 2)), np.float64)
    values = _read(field, lines)
    lower = np.sin(ANGLES) > -0.3  # brows are no rims
    return np.asarray(values.mean((0, 2)) + 0.5 * values[:, :, lower].mean((0, 2)), np.float64)


def _fit(field: NDArray[Any], near: list[int], sun: bool) -> Floats:
    shapes = _possible(np.array(list(product(*STEPS))))
    best = shapes[int(_score(field, shapes, near, sun).argmax())]
    for step in (1.0, 0.5, 0.25):
        moves = np.array(list(product(*[(-d * step, 0, d * step) for d in FINER])))
        close = _possible(
            np.concatenate([np.column_stack([best[:5] + moves, np.full(len(moves), p)]) for p in SQUARES])
        )
        best = close[int(_score(field, close, near, sun).argmax())]

    return np.asarray(best)


def _possible(shapes: NDArray[Any]) -> NDArray[Any]:
    """Those of some shapes that glasses have: about the eyes, apart at the nose, and not much wider than high."""
    _, u, v, a, b, _ = shapes.T
    return shapes[(v - b < -0.10) & (v + b > 0.16) & (u - a > 0.03) & (u - a < 0.30) & (a < 2.3 * b) & (b < 1.2 * a)]


def _describe(
    light: Floats, band: NDArray[Any], best: Floats, near: list[int], around: Floats, skin: str, sun: bool
) -> Spectacles:
    lines = outline(best)[near, 0]
    along = np.roll(lines, -1, 1) - np.roll(lines, 1, 1)
    out = np.stack([along[..., 1], -along[..., 0]], -1)
    out /= np.maximum(np.hypot(out[..., 0], out[..., 1]), 1e-6)[..., None]
    across = lines[:, :, None] + out[:, :, None] * ACROSS[:, None]
    profile = _read(band, across)  # (lenses, POINTS, n)
    peak = np.where(np.abs(ACROSS) <= NEAR, profile, -1).argmax(-1)
    height = np.take_along_axis(profile, peak[..., None], -1)[..., 0]
    seen = height > LEAST * FULL
    read = seen & (np.sin(ANGLES) > -0.35)
    beside = np.abs(ACROSS - ACROSS[peak][..., None]) < BESIDE
    ink = (profile * beside).sum(-1) * (ACROSS[1] - ACROSS[0])
    middle = lines.mean(1, keepdims=True)
    inner = _read(light, middle + (lines - middle) * np.linspace(0.2, 0.7, 6)[:, None, None, None])
    lens = np.median(inner.reshape(-1, 3), axis=0)
    colours = _read(light, across)
    found = np.take_along_axis(colours, peak[..., None, None], 2)[..., 0, :][read]
    thin = float(np.median(ink[read])) if read.any() else 0.0
    own_rim = _rim_of_lens(colours, lens, around) if sun else _rim(found, around, thin)
    own = from_lab(from_hex(skin))
    ratio = np.clip(own / np.maximum(around, 1e-4), 0.4, 2.5)
    return Spectacles(
        middle=(float(best[1]), float(best[2])),
        half=(float(best[3]), float(best[4])),
        square=float(best[5]),
        rim=float(seen.mean()),
        lower=float(seen[:, np.sin(ANGLES) > 0.5].mean()),
        ink=thin,
        colour=to_hex(_without_skin(lab(own_rim * ratio), from_hex(skin))),
        lens=to_hex(lab(lens * ratio)),
        dark=float(lab(lens)[0] / max(float(lab(around)[0]), 1.0)),
    )


def _without_skin(colour: Floats, skin: Floats) -> Floats:
    """A rim's colour in Lab, paler where its hue is that of the skin about it, which mirrors in it."""
    apart = float(np.abs(np.angle(np.exp(1j * (np.arctan2(*colour[:0:-1]) - np.arctan2(*skin[:0:-1]))))))
    return np.asarray(colour * (1.0, *[float(np.interp(apart, *PALER))] * 2))


def _rim(found: Floats, around: Floats, ink: float) -> Floats:
    """Colour of a rim from points on it; thin ones are mixed with skin in a photo, which is taken out again."""
    if not len(found):
        return around * 0.15
    lightness = found.sum(1)
    colour = np.median(found[lightness <= np.median(lightness)], axis=0)
    apart = around - colour
    most = float(np.min(np.where(apart > 0.01, (around - BLACK) / np.maximum(apart, 0.01), np.inf)))
    return np.asarray(np.maximum(around - apart * min(float(np.interp(ink, *UNMIXED)), max(most, 1.0)), BLACK))


def _rim_of_lens(colours: Floats, lens: Floats, around: Floats) -> Floats:
    """Colour of the rim of dark lenses: what is neither like them nor like skin, or else the darkest there is."""
    near = colours[:, :, np.abs(ACROSS) < 2 * NEAR]
    values, seen, skin = lab(near), lab(lens), lab(around)
    apart = np.minimum(np.linalg.norm((values - seen) * HUE, axis=-1), np.linalg.norm((values - skin) * HUE, axis=-1))
    best = apart.argmax(-1)[..., None]
    if float(np.median(apart.max(-1))) > OWN:
        return np.asarray(np.median(np.take_along_axis(near, best[..., None], 2).reshape(-1, 3), axis=0))
    return np.asarray(np.median(near.min(2).reshape(-1, 3), axis=0))
