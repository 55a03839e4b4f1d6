"""The colour of the irises, which are a few shaded pixels in most photos."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.features import CORNERS, IRISES
from photo2moe.face.lab import Floats, from_hex, lab, linear, to_hex
from photo2moe.face.light import EYE_CONTOURS, Light, eye_patch
from photo2moe.face.pose import Head
from photo2moe.types import Face, Image

FEWEST = 25  # pixels that make an iris
IRIS = (0.4, 0.85)  # radii of the iris between pupil and rim
IRIS_LIT = (35.0, 85.0)  # percentiles of its luminance: neither lashes nor highlights
FAMILIES = {"blue": "#5b87b5", "grey": "#7b8f9c", "grey-green": "#7c8a78", "green": "#6d8a57", "hazel": "#8a6c3a"}
# Limits between families, in Lab: b of blue; chroma and L of grey; a of green; b and L of hazel; L of dark brown.
BLUISH, PALE, GREENISH, HAZEL, DEEP = -1.5, (7.0, 27.0), 1.5, (9.0, 25.0), 19.0
RARE = 62.0, 33.0  # L of skin below which light irises are rare, and of irises, below which they mirror the sky there
ROSY = 2.5  # a from which a bluish iris is a dark one that mirrors the sky
# Grey and grey-green irises in rosy light: L, how much less a they have than the white of the eye, most a, most b.
CLEAR, LESS_RED, REDDEST, YELLOWEST = 30.0, 5.0, 8.0, 9.0
SHADE = np.array([8.0, 2.0, 6.0])  # Lab that lids and lashes take from a brown iris
OWN, LIFT = 0.35, 18.0  # share of what was measured in the drawn colour, and how much lighter it is taken
UNSEEN = 8.0  # L below which an iris shows no colour
BROWN, DARK_BROWN = "#6b4630", "#45291c"  # irises that were not seen: of light and of dark skin


def iris_colour(photo: Image, face: Face, head: Head, light: Light, skin: Floats, white: Floats) -> str:
    """Colour of the irises: a ring between pupil and rim, without lids, lashes and highlights.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        head: its pose.
        light: of the photo.
        skin: Lab of the skin.
        white: linear light ``(3,)`` of the white of the eyes; NaN where it was not seen.
    """
    plain = BROWN if skin[0] > 50 else DARK_BROWN
    found = []
    for contour, corners, iris in zip(EYE_CONTOURS, CORNERS, IRISES, strict=True):
        patch, move = eye_patch(photo, face, head, corners)
        inside = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillPoly(inside, [np.rint(move(face.landmarks[list(contour)])).astype(np.int32)], 1)
        middle = move(face.landmarks[iris])
        radius = float(np.hypot(*(move(face.landmarks[iris + 1 : iris + 5]) - middle).T).mean())
        away = np.hypot(*(np.indices(inside.shape)[::-1] - middle[:, None, None]))
        ring: NDArray[np.bool_] = (inside > 0) & (away > IRIS[0] * radius) & (away < IRIS[1] * radius)
        found.append(linear(patch[ring]))
    pixels = lab(np.clip(np.concatenate(found) * light.gains, 0, 1))
    if light.colourless or len(pixels) < FEWEST:
        return plain
    low, high = np.percentile(pixels[:, 0], IRIS_LIT)
    colour = np.median(pixels[(pixels[:, 0] >= low) & (pixels[:, 0] <= high)], axis=0)
    if skin[0] < RARE[0] and colour[0] < RARE[1]:
        return DARK_BROWN
    return _family(colour, plain, float(lab(white)[1]))


def _family(colour: Floats, plain: str, rosy: float) -> str:
    """An iris of the family that a small, shaded, measured one belongs to, as it would look large and lit.

    Irises are brown, hazel, green, grey or blue by their melanin and by scattering alone (Mackey, Wilkinson, Kearns and
    Hewitt, Classification of iris colour, Clinical and Experimental Ophthalmology 39, 2011), so that what is measured
    between can only be a bad measurement. Lashes and lids make all of them darker and browner than they are.
    """
    lightness, red, yellow = (float(x) for x in colour)
    if lightness < UNSEEN:
        return plain
    if yellow < BLUISH and red < ROSY and lightness > UNSEEN + 4:
        name = "blue"
    elif np.hypot(red, yellow) < PALE[0] and lightness > PALE[1]:
        name = "grey"
    elif lightness > CLEAR and red < min(rosy - LESS_RED, REDDEST) and yellow < YELLOWEST:  # false for NaN
        name = "grey-green" if yellow > PALE[0] else "grey"
    elif red < GREENISH and yellow > 2 and lightness > 18:
        name = "green"
    elif yellow > HAZEL[0] and lightness > HAZEL[1] and yellow > 1.3 * red:
        name = "hazel"
    else:
        warm = np.array([lightness, red, max(red, yellow)])
        return to_hex(from_hex(DARK_BROWN) if lightness < DEEP else (from_hex(BROWN) + warm + SHADE) / 2)
    family = from_hex(FAMILIES[name])
    return to_hex(family + OWN * (colour + np.array([LIFT, 0, 0]) - family))
