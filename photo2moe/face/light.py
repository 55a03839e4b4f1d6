"""In which light a photo was taken, and what it would show in ordinary light.

A Gaussian model knows what the parts of a portrait measure in ordinary light: skin, the white of the eyes,
background, the brightest and the mean of the photo, as logarithms of linear red, green and blue. A light of another
colour or strength moves all of them alike; how far is the most probable shift under the model and a prior on lights.
The white of the eye and the skin, which vary least, weigh most by themselves. Whether there was another light at all is
decided by the ratio of both evidences, so that people in ordinary light keep what the photo shows.

Faces as a reference for the light: Bianco and Schettini, Adaptive color constancy using faces, IEEE PAMI 36 (2014).
Deciding by how probable colours are under lights: Finlayson, Hordley and Hubel, Color by correlation, IEEE PAMI 23
(2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.features import CORNERS, MOUTH, SAMPLE, upright
from photo2moe.face.lab import Floats, lab, linear
from photo2moe.face.parse import BACKGROUND, SKIN, Regions, cut
from photo2moe.face.pose import Head
from photo2moe.types import Face, Image

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB
PARTS = ("skin", "sclera", "background", "bright", "mean")
OVAL: tuple[int, ...] = (
    10,
    338,
    297,
    332,
    284,
    251,
    389,
    356,
    454,
    323,
    361,
    288,
    397,
    365,
    379,
    378,
    400,
    377,
    152,
    148,
    176,
    149,
)
OVAL += (150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
EYE_CONTOURS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
AROUND_EYES = (
    (70, 63, 105, 66, 107, 133, 145, 163, 33, 230, 231, 229, 228),
    (300, 293, 334, 296, 336, 362, 374, 390, 263, 450, 451, 449, 448),
)
UNDER_EYES = (230, 450)
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIT = (20.0, 80.0)  # percentiles of the skin's luminance that count: neither shadow nor shine
CHEEKS, CHEEK = (-0.42, 0.42), (0.42, 0.17)  # face units: u of both cheeks, their v and radius
# Ratio of the luminance of both cheeks → share of the lighter one: a face in half shadow is not a dark one.
SIDES = (1.3, 4.0), (0.5, 0.65)
COVERED = 0.4  # a cheek darker than that share of the skin around the nose is covered
FLOOR = 0.002  # linear light: below it a byte has no hue
FEWEST = 6  # pixels of a part
EYE_ZOOM = 2.0  # times the sampling of the features: irises are small
BRIGHT = 98.0  # percentile of each channel over the photo
# Kinds of light: (how often, deviation of the logarithm of all channels, and between them). First the ordinary one,
# which the camera balanced; then one that it exposed well, but of another colour; then any.
LIGHTS = ((0.72, 0.03, 0.07), (0.18, 0.12, 0.35), (0.10, 1.1, 0.35))
SHARP = 2.0  # power of the probabilities of the kinds when their answers are mixed: a doubtful one does not colour
# Strongest darkening, and how far beyond white the brightest part may come by brightening: a photo with something white
# in it is not too dark.
DARKEST, WHITEST = 0.7, 1.2
MONO = 5.5  # deviation of a and b over a photo below which it has one hue: black and white, or sepia
DARK, TINTED = -0.75, 0.2  # shift of all channels, and between channels, that is called so


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light of a photo.

    Attributes:
        gains: ``(3,)`` what linear red, green and blue are to be multiplied with.
        kind: ``ordinary``, ``grey`` (one hue in the whole photo), ``tinted`` or ``dark``.
        certainty: probability that the light was not ordinary, 0…1.
    """

    gains: Floats
    kind: str
    certainty: float

    @property
    def colourless(self) -> bool:
        """Whether the photo has no colours of its own."""
        return self.kind == "grey"


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Pixels of a portrait by part, linear light.

    Attributes:
        square: ``(S, S, 3)`` the photo in the square of the regions.
        skin: ``(3,)`` of the cheeks.
        values: ``(5, 3)`` logarithm of the typical colour of each of :data:`PARTS`; NaN where there is none.
        whole: ``(64, 64, 3)`` the whole photo, shrunk.
    """

    square: Floats
    skin: Floats
    values: Floats
    whole: Floats


def parts(photo: Image, face: Face, regions: Regions, head: Head) -> Parts:
    """Collect the colours that tell about the light."""
    size = len(regions.labels)
    square = linear(cut(photo, regions.matrix, size))
    shown = cut(np.ones(photo.shape[:2], np.uint8), regions.matrix, size, fill=0, nearest=True) > 0
    skin = skin_colour(square, face, regions)
    small = linear(cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA))
    whole = small.reshape(-1, 3)
    background = square[(regions.labels == BACKGROUND) & shown]
    values = np.full((len(PARTS), 3), np.nan)
    for i, pixels in enumerate((np.tile(skin, (FEWEST, 1)), sclera(photo, face, head), background)):
        if len(pixels) >= FEWEST:
            values[i] = np.median(pixels, axis=0)
    values[3], values[4] = np.percentile(whole, BRIGHT, axis=0), whole.mean(0)
    return Parts(square, skin, np.log(values + FLOOR), small)


def find_light(found: Parts, model: dict[str, Any]) -> Light:
    """Tell the light of a photo.

    Args:
        found: parts of the photo.
        model: ``{"mean": (15,), "covariance": (15, 15)}`` of the parts' logarithms in ordinary light.
    """
    colours = lab(found.whole)
    middle = colours[(colours[..., 0] > 12) & (colours[..., 0] < 92)]
    mono = len(middle) < FEWEST or float(_spread(middle)) < MONO
    values = found.values.copy()
    if mono:
        values = np.log(np.exp(values) @ LUMINANCE[:, None] @ np.ones((1, 3)))
    moved, certainty = _shift(values.ravel(), model, grey=mono)
    brightest = float(np.exp(found.values[PARTS.index("bright")]) @ LUMINANCE)
    moved += np.clip(moved.mean(), np.log(min(1.0, brightest / WHITEST)), -np.log(DARKEST)) - moved.mean()
    kind = "ordinary"
    if mono:
        kind = "grey"
    elif certainty > 0.5 and moved.mean() < DARK and np.ptp(moved) < 2 * TINTED:
        kind = "dark"
    elif certainty > 0.5 and np.ptp(moved) > TINTED:
        kind = "tinted"
    return Light(np.exp(-moved), kind, certainty)


def _shift(values: Floats, model: dict[str, Any], *, grey: bool) -> tuple[Floats, float]:
    """Most probable logarithm of the light ``(3,)``, and the probability that it is a strange one."""
    mean, noise = np.array(model["mean"], float), np.array(model["covariance"], float)
    design = np.tile(np.eye(3), (len(PARTS), 1))
    if grey:  # one number a part: the mean of its three
        mix = np.kron(np.eye(len(PARTS)), np.full((1, 3), 1 / 3))
        mean, noise, values, design = mix @ mean, mix @ noise @ mix.T, mix @ values, mix @ design
    known = np.isfinite(values)
    rest, noise, design = (values - mean)[known], noise[np.ix_(known, known)], design[known]
    shifts, evidences = [], []
    for often, strength, tint in LIGHTS:
        prior = strength**2 * np.ones((3, 3)) + tint**2 * (np.eye(3) - 1 / 3)
        both = noise + design @ prior @ design.T
        shifts.append(prior @ design.T @ np.linalg.solve(both, rest))
        evidences.append(np.log(often) - (rest @ np.linalg.solve(both, rest) + np.linalg.slogdet(both)[1]) / 2)
    chances = np.exp(np.array(evidences) - max(evidences))
    chances /= chances.sum()
    certainty = float(1 - chances[0])
    sharp = chances**SHARP / (chances**SHARP).sum()
    moved = sharp @ np.array(shifts)
    return (np.full(3, moved.mean()) if grey else moved), certainty


def _spread(colours: Floats) -> float:
    """Deviation of the hues of pixels, across the line from black that a single tint would lie on."""
    share = colours[:, 1:] / np.maximum(colours[:, :1], 1) * 50
    return float(np.sqrt(((share - np.median(share, axis=0)) ** 2).sum(1).mean()))


def lit(pixels: Floats) -> Floats:
    """Those of the pixels ``(n, 3)`` that lie in the light, without shine."""
    if not len(pixels):
        return pixels
    luminance = pixels @ LUMINANCE
    low, high = np.percentile(luminance, LIT)
    return pixels[(luminance >= low) & (luminance <= high)]


def polygon(face: Face, regions: Regions, points: tuple[int, ...], *, hull: bool = False) -> NDArray[np.bool_]:
    """What some points of the mesh enclose, in the square of the regions."""
    where = face.landmarks[list(points)] @ regions.matrix[:, :2].T + regions.matrix[:, 2]
    corners = np.rint(where).astype(np.int32)
    inside = np.zeros(regions.labels.shape, np.uint8)
    cv2.fillPoly(inside, [cv2.convexHull(corners) if hull else corners], 1)
    return inside > 0


def skin_colour(square: Floats, face: Face, regions: Regions) -> Floats:
    """Linear light ``(3,)`` of the cheeks, mostly of the lighter one; of what else there is if both are covered."""
    mask = skin_mask(face, regions)
    around = lit(square[mask])
    if len(around) < FEWEST:
        return np.asarray(np.median(lit(square[polygon(face, regions, OVAL)]), axis=0))
    to_square = cv2.invertAffineTransform(regions.to_units)
    y, x = np.indices(mask.shape)
    cheeks = []
    for across in CHEEKS:
        centre = to_square @ np.array([across, CHEEK[0], 1.0])
        spot = np.hypot(x - centre[0], y - centre[1]) < CHEEK[1] * np.hypot(*to_square[:, 0])
        pixels = square[spot & (regions.labels == SKIN)]
        if len(pixels) >= FEWEST and _luminance(pixels) > COVERED * _luminance(around):
            cheeks.append(np.median(lit(pixels), axis=0))
    if not cheeks:
        return np.asarray(np.median(around, axis=0))
    cheeks.sort(key=lambda cheek: float(cheek @ LUMINANCE))
    lighter = float(np.interp(cheeks[-1] @ LUMINANCE / max(float(cheeks[0] @ LUMINANCE), 1e-3), *SIDES))
    return np.asarray((1 - lighter) * cheeks[0] + lighter * cheeks[-1])


def _luminance(pixels: Floats) -> float:
    return float(np.median(pixels @ LUMINANCE))


def skin_mask(face: Face, regions: Regions) -> NDArray[np.bool_]:
    """Skin of cheeks and nose: inside the face, between eyes and mouth; with the forehead if too little is left."""
    mask = polygon(face, regions, OVAL) & (regions.labels == SKIN)
    mask = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for points in AROUND_EYES:
        mask &= ~polygon(face, regions, points, hull=True)
    mask &= ~polygon(face, regions, OUTER_LIPS, hull=True)
    rows = np.arange(len(mask))[:, None]
    eyes, mouth = (
        float((face.landmarks[list(points)] @ regions.matrix[1, :2] + regions.matrix[1, 2]).mean())
        for points in (UNDER_EYES, MOUTH)
    )
    cheeks: NDArray[np.bool_] = mask & (rows < mouth) & (rows > eyes)
    if cheeks.sum() >= 4 * FEWEST:
        return cheeks
    above: NDArray[np.bool_] = mask & (rows < mouth)
    return above


def sclera(photo: Image, face: Face, head: Head) -> Floats:
    """Pixels ``(n, 3)`` of the white of both eyes, the lighter ones without highlights; none if eyes are shut."""
    found = []
    for contour, corners, iris in zip(EYE_CONTOURS, CORNERS, (slice(468, 473), slice(473, 478)), strict=True):
        patch, move = eye_patch(photo, face, head, corners)
        inside = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillPoly(inside, [np.rint(move(face.landmarks[list(contour)])).astype(np.int32)], 1)
        ring = move(face.landmarks[iris])
        radius = 1.2 * float(np.hypot(*(ring[1:] - ring[0]).T).mean())
        cv2.circle(inside, np.rint(ring[0]).astype(int).tolist(), round(radius), 0, -1)
        pixels = linear(patch[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0])
        if len(pixels) >= FEWEST:
            luminance = pixels.sum(1)
            low, high = np.percentile(luminance, (50, 92))
            found.append(pixels[(luminance >= low) & (luminance <= high)])
    return np.concatenate(found) if found else np.zeros((0, 3))


def eye_patch(photo: Image, face: Face, head: Head, corners: tuple[int, int]) -> tuple[Image, Any]:
    """An eye, level, and the function from photo pixels to its pixels."""
    centre, size = face.landmarks[list(corners)].mean(0), (round(0.7 * EYE_ZOOM * SAMPLE), round(EYE_ZOOM * SAMPLE))
    matrix = head.to_units()[:, :2] * SAMPLE * EYE_ZOOM
    middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    return upright(photo, head, centre, size, EYE_ZOOM), lambda points: (points - centre) @ matrix.T + middle
