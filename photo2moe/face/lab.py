"""Colours as numbers: sRGB, linear light, and CIE Lab under D65."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# IEC 61966-2-1, sRGB to XYZ with the white of D65 as (1, 1, 1).
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ /= _XYZ.sum(1, keepdims=True)
_BACK = np.linalg.inv(_XYZ)
_PART = np.arange(256) / 255
_LINEAR = np.where(_PART <= 0.04045, _PART / 12.92, ((_PART + 0.055) / 1.055) ** 2.4)  # of each byte


def linear(colours: NDArray[Any]) -> Floats:
    """SRGB bytes ``(…, 3)`` → linear light, 0…1."""
    return _LINEAR[colours]


def lab(light: Floats) -> Floats:
    """Linear light ``(…, 3)`` → CIE Lab under D65, L in 0…100."""
    ratio = np.maximum(light, 0) @ _XYZ.T
    x, y, z = np.moveaxis(np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def from_lab(colours: Floats) -> Floats:
    """CIE Lab ``(…, 3)`` → linear light; outside the gamut it lies outside 0…1."""
    y = (colours[..., 0] + 16) / 116
    roots = np.stack([y + colours[..., 1] / 500, y, y - colours[..., 2] / 200], -1)
    ratio = np.where(roots > 6 / 29, roots**3, (116 * roots - 16) * 27 / 24389)
    return np.asarray(ratio @ _BACK.T, np.float64)


def lightness(luminance: float) -> float:
    """L, 0…100, of a luminance, 0…1."""
    return float(lab(np.full(3, luminance))[0])


def luminance(lightness: float) -> float:
    """Luminance, 0…1, of L, 0…100."""
    return float(from_lab(np.array([lightness, 0.0, 0.0])).mean())


def to_hex(colour: Floats) -> str:
    """CIE Lab ``(3,)`` → ``#rrggbb``, clipped to the gamut."""
    light = np.clip(from_lab(colour), 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return "#{:02x}{:02x}{:02x}".format(*(round(float(c) * 255) for c in coded))


def from_hex(colour: str) -> Floats:
    """``#rrggbb`` → CIE Lab ``(3,)``."""
    return lab(linear(np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])))


def difference(one: Floats, other: Floats) -> float:
    """CIEDE2000 of two colours in Lab (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    grow = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25**7)))
    c1, c2 = np.hypot(grow * a1, b1), np.hypot(grow * a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, grow * a1)) % 360, np.degrees(np.arctan2(b2, grow * a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    middle = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    t = 1 - 0.17 * np.cos(np.radians(middle - 30)) + 0.24 * np.cos(np.radians(2 * middle))
    t += 0.32 * np.cos(np.radians(3 * middle + 6)) - 0.20 * np.cos(np.radians(4 * middle - 63))
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rotation = (
        -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((middle - 275) / 25) ** 2))))
    )
    dl, dc, dh = (l2 - l1) / sl, (c2 - c1) / sc, hue / sh
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))
