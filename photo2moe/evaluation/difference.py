"""How different two colours look: CIEDE2000."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WRAP = 25.0**7  # chroma to the seventh at which the correction for dull colours is half done


def delta_e(one: Array, other: Array) -> Array:
    """Measure colour differences, ΔE00, in units of about half a just noticeable difference.

    Source: CIE 142-2001; Sharma, Wu, Dalal, *The CIEDE2000 color-difference formula:
    implementation notes, supplementary test data, and mathematical observations*, Color
    Res. Appl. 30 (2005), whose 34 pairs are the test. kL = kC = kH = 1.

    Limits: fitted to uniform patches side by side at differences below 5; beyond 15 or so
    it ranks differences but no longer measures them.

    Args:
        one: CIE Lab ``(..., 3)``, L in 0…100.
        other: the same; broadcast against ``one``.

    Returns:
        Differences ``(...)``, 0 for equal colours.

    >>> float(delta_e(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485])).round(4))
    2.0425
    """
    one, other = np.broadcast_arrays(np.asarray(one, np.float64), np.asarray(other, np.float64))
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + WRAP))
    (l1, c1, h1), (l2, c2, h2) = _polar(one, stretch), _polar(other, stretch)
    grey = c1 * c2 == 0  # a grey has no hue to differ in
    # Opposite hues count as not far, also where rounding makes them 180.0000000001° apart.
    far = np.abs(h2 - h1) > 180 + 1e-9
    turn = np.where(grey, 0.0, np.where(far, h2 - h1 - np.sign(h2 - h1) * 360, h2 - h1))
    d_light, d_chroma, d_hue = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))

    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    # The mean of 350° and 20° is 5°, not 185°; a grey leaves the hue to the other colour.
    hue = np.where(grey, h1 + h2, np.where(far, (h1 + h2 + 360) / 2, (h1 + h2) / 2))
    weight_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    weight_chroma = 1 + 0.045 * chroma
    weight_hue = 1 + 0.015 * chroma * _hue_sensitivity(hue)
    blue = 30 * np.exp(-(((hue % 360 - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + WRAP)) * np.sin(np.radians(2 * blue))
    light_part, chroma_part, hue_part = d_light / weight_light, d_chroma / weight_chroma, d_hue / weight_hue
    square = light_part**2 + chroma_part**2 + hue_part**2 + rotation * chroma_part * hue_part
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def hue_turn(one: Array, other: Array) -> Array:
    """Angle between the hues of CIE Lab colours ``(..., 3)``, degrees in 0…180."""
    angles = [np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) for lab in (one, other)]
    return np.asarray(np.abs((angles[1] - angles[0] + 180) % 360 - 180))


def _polar(lab: Array, stretch: Array) -> tuple[Array, Array, Array]:
    """Lightness, chroma and hue in degrees 0…360, dull colours' a stretched."""
    a = lab[..., 1] * stretch
    hue = np.degrees(np.arctan2(lab[..., 2], a)) % 360
    return lab[..., 0], np.hypot(a, lab[..., 2]), hue


def _hue_sensitivity(hue: Array) -> Array:
    """The factor T of the standard: how well the eye tells hues apart around ``hue`` degrees."""
    terms = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    return np.asarray(1 + sum(gain * np.cos(np.radians(times * hue + shift)) for gain, times, shift in terms))
