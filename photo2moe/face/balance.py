"""A photo of a person as ordinary, even light would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photo2moe.face.exposure import LIMITS, evidence, exposure
from photo2moe.face.lab import Floats, lab, lightness, luminance
from photo2moe.face.light import FLOOR, LUMINANCE, Light, Parts, find_light, parts
from photo2moe.face.parse import Regions
from photo2moe.face.people import people
from photo2moe.face.pose import Head
from photo2moe.face.tone import skin_lightness
from photo2moe.types import Face, Image

AROUND = 0.4  # share of the exposure of the face that is taken out of all else: a shade may cover the face alone


@dataclass(frozen=True, slots=True, eq=False)
class Balanced:
    """A photo in ordinary light.

    Attributes:
        picture: ``(S, S, 3)`` Lab of the square of the regions; of a photo without colours only L.
        skin: ``(3,)`` linear light of the face.
        light: what was taken out.
        parts: the photo as it is.
        values: ``(6, 3)`` of :func:`photo2moe.face.exposure.evidence`.
        lightness: L of the skin, told from the light alone.
    """

    picture: Floats
    skin: Floats
    light: Light
    parts: Parts
    values: Floats
    lightness: float


def balance(photo: Image, face: Face, regions: Regions, head: Head, seen: float | None = None) -> Balanced:
    """Take the light out of a photo.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        head: the pose of the face.
        seen: L of the skin as the looks net sees it; without it, lightness is told from the light alone.
    """
    models = people().models
    found = parts(photo, face, regions, head)
    light = find_light(found, models["light"])
    values = evidence(found, face, regions)
    tint = np.log(light.gains) - np.log(light.gains).mean()
    skin = np.exp(values[0]) - FLOOR
    if light.colourless:
        shade = -float(np.log(light.gains).mean())
    else:
        shade = exposure(values + np.vstack([np.tile(tint, (len(values) - 1, 1)), np.zeros(3)]), models["studio"])
    lit = max(float(skin * np.exp(tint) @ LUMINANCE), FLOOR)
    alone = lightness(lit * float(np.exp(-shade)))
    if seen is not None:
        told = skin_lightness(seen, values, found, alone, models["tone"])
        shade = float(np.clip(np.log(lit / luminance(told)), *LIMITS))
    gains = np.exp(tint - shade)
    around = gains if light.colourless else light.gains ** (1 - AROUND) * gains**AROUND
    picture = lab(np.clip(found.square * around, 0, 1))
    return Balanced(picture * [1, 0, 0] if light.colourless else picture, skin * gains, light, found, values, alone)
