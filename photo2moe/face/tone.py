"""How light skin is in ordinary light.

The looks net has seen many photos beside what people called the lightness of the skin in them; what the photo measures,
and how much of its light is taken out, is put to that: a linear model, fitted on the same photos by
``python -m photo2moe.training.tones``. It tells lightness alone, as a portrait painter would see it, and nothing about
where anybody comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from photo2moe.face.lab import Floats
from photo2moe.face.light import FLOOR, LUMINANCE, Parts

LIMITS = (28.0, 93.0)  # L of skin


def tone_evidence(values: Floats, found: Parts, balanced: float) -> Floats:
    """What a photo measures of the lightness of skin.

    Args:
        values: ``(6, 3)`` of :func:`photo2moe.face.exposure.evidence`.
        found: parts of the photo.
        balanced: L of the skin when the light is taken out by what is likely of light alone.

    Returns:
        ``(9,)``: logarithms of the luminance of skin, white of the eye, background, brightest and mean, of the skin's
        red to green and green to blue, of the cheeks' luminance, and ``balanced``; NaN where nothing was seen.
    """
    luminances = np.log(np.exp(values[:5]) @ LUMINANCE)
    hue = values[0, :2] - values[0, 1:]
    return np.array([*luminances, *hue, float(np.log(found.skin @ LUMINANCE + FLOOR)), balanced])


def skin_lightness(seen: float, values: Floats, found: Parts, balanced: float, model: dict[str, Any]) -> float:
    """L of skin in ordinary light.

    Args:
        seen: L by the looks net.
        values: as for :func:`tone_evidence`.
        found: likewise.
        balanced: likewise.
        model: ``{"mean", "scale", "weights"}``, nine numbers each, of the evidence.
    """
    evidence = (tone_evidence(values, found, balanced) - model["mean"]) / model["scale"]
    told = seen + float(np.nan_to_num(evidence).clip(-3, 3) @ np.array(model["weights"]))
    return float(np.clip(told, *LIMITS))
