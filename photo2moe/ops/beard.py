"""Beards as plain shapes: full, around the mouth, or a moustache."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, polygon
from photo2moe.types import Image, Mask

BARE = 2.2  # deviations from the skin above which a bearded face shows beard
GROWN = 0.4  # share of jaw, chin or upper lip that must show it for a beard to be drawn there
DARKER = 60  # percentile of brightness up to which its pixels count: between hairs skin shines through
EDGE = 1 / 200  # of the side: blur of its border


def measure(
    portrait: Image, apart: NDArray[np.float32], features: Features, template: Template
) -> tuple[str, RGB] | None:
    """Which beard somebody wears who wears one, and its colour; ``None`` if it is hardly to be seen.

    Args:
        portrait: ``(S, S, 3)`` person on the template.
        apart: ``(S, S)`` how far its colours are from the person's skin, from ``photo_skin``.
        features: of the face.
        template: where the eyes lie.
    """
    grown = apart > BARE
    lip, chin, sides = (area > 0.5 for area in _parts(features, template, len(portrait)))
    seen = [float(grown[area].mean()) if area.any() else 0.0 for area in (sides, chin, lip)]
    for kind, share in zip(("full", "goatee", "moustache"), seen, strict=True):
        if share > GROWN:
            hairs = portrait[(lip | chin | sides) & grown]
            light = hairs.mean(1)
            r, g, b = (round(float(c)) for c in np.median(hairs[light <= np.percentile(light, DARKER)], axis=0))
            return kind, (r, g, b)
    return None


def shape(kind: str, features: Features, template: Template, size: int) -> Mask:
    """Where a beard is drawn, ``(size, size)``; ``kind`` is full, goatee or moustache."""
    lip, chin, sides = _parts(features, template, size)
    if kind == "full":
        u, v = template.grid(size)
        mouth_u, mouth_v, width, height, _ = features.mouth
        around = np.hypot((u - mouth_u) / (width / 2 + 0.16), (v - mouth_v) / (height / 2 + 0.15)) < 1
        bare = np.hypot((u - mouth_u) / (width / 2 + 0.035), (v - mouth_v) / (height / 2 + 0.045)) < 1
        chin = np.maximum(chin, around * (v > mouth_v)) * ~bare
    area = {"full": np.maximum(np.maximum(lip, chin), sides), "goatee": np.maximum(lip, chin), "moustache": lip}[kind]
    return np.asarray(cv2.GaussianBlur(area, (0, 0), EDGE * size), np.float32)


def _parts(features: Features, template: Template, size: int) -> tuple[Mask, Mask, Mask]:
    """Upper lip, chin and sides."""
    u, v = template.grid(size)
    mouth_u, mouth_v, width, height, _ = features.mouth
    across = np.abs(u - mouth_u)
    lips = np.hypot((u - mouth_u) / (width / 2 + 0.02), (v - mouth_v) / (height / 2 + 0.035)) < 1
    lip = np.hypot(across / 0.21, (v - mouth_v + height / 2 + 0.12 - 0.5 * across**2) / 0.045) < 1
    under, tip = mouth_v + height / 2 + 0.06, float(features.outline[:, 1].max()) + 0.03
    chin = np.hypot(across / 0.22, (v - (under + tip) / 2) / max((tip - under) / 2, 0.05)) < 1
    beside = features.outline[np.abs(features.outline[:, 1] - 0.3) < 0.3, 0] - mouth_u
    left, right = max(-float(beside.min()), 0.4), max(float(beside.max()), 0.4)  # a turned face has more on one side
    along = across / np.where(u < mouth_u, left, right)
    top = np.interp(along, [0.22, 0.44, 0.75, 1.0], [mouth_v - 0.08, mouth_v, 0.42, 0.05])
    sides = (v > top) & (across > 0.17)
    face = (polygon(features.outline, template, size) > 0.5) & ~lips
    lip, chin, sides = ((part & face).astype(np.float32) for part in (lip, chin, sides))
    return lip, chin, sides
