"""Keep the person's colours, also where the net would bleach them; or set others."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops import colour
from photo2moe.ops.colour import RGB
from photo2moe.ops.geometry import Template
from photo2moe.ops.marks import EYE_WIDTH
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.sketch import Sketch
from photo2moe.types import Colours, Image, Mask

NECK = 0.8  # v where it may begin
GAIN = (0.12, 1.8)  # of a channel; darker is harmless, lighter shows noise


def wanted_colours(measured: Colours, *, skin: RGB | None, hair: RGB | None, eyes: RGB | None) -> Colours:
    """What to draw a person with: their own colours as an artist changes them, or those asked for."""
    r, g, b = (round(float(x)) for x in colour.lighter(np.array(measured.hair, np.float64)))
    return Colours(skin or colour.artist_skin(measured.skin), hair or (r, g, b), eyes or colour.enliven(measured.eyes))


def recolour(cutout: NDArray[np.uint8], drawn: Sketch, wanted: Colours, template: Template) -> NDArray[np.uint8]:
    """Bring skin and hair of a drawn figure to the colours wanted, and keep the shading.

    The net was given one skin tone, and where it lies is known from the sketch: all that is
    there, lines and shades too, changes in the same ratio, but for eyes and hair.

    Args:
        cutout: ``(D, D, 4)`` on the template, skin drawn in :data:`DRAWN`.
        drawn: the sketch that it was drawn from.
        wanted: the colours it was to be drawn with.
        template: where the eyes lie.

    Returns:
        The same, recoloured.
    """
    image, alpha = np.ascontiguousarray(cutout[..., :3]), cutout[..., 3].astype(np.float32) / 255
    skin = drawn_skin(image, drawn, template)
    hair = cv2.resize(drawn.hair.mask, alpha.shape, interpolation=cv2.INTER_LINEAR) * (1 - skin)
    face = template.grid(len(image))[1] < NECK  # the neck lies in the chin's shadow
    for mask, target, where in ((skin, wanted.skin, face), (hair, wanted.hair, True)):
        inside = (mask > 0.9) & (alpha > 0.9) & where
        if inside.sum() < 20:
            continue
        own = np.median(image[inside], axis=0)
        gain = np.clip((np.array(target) + 8) / (own + 8), *GAIN)
        limited = (own + 8) * gain - 8
        image = colour.tint(image, mask * alpha, _rgb(own), _rgb(limited))
    figure = np.empty_like(cutout)
    figure[..., :3], figure[..., 3] = image, cutout[..., 3]
    return figure


def drawn_skin(image: Image, drawn: Sketch, template: Template) -> Mask:
    """Where a figure drawn from a sketch shows skin: about where the sketch does.

    Args:
        image: ``(D, D, 3)`` the figure on white.
        drawn: the sketch that it was drawn from.
        template: where the eyes lie.
    """
    size = image.shape[0]
    u, v = (grid.astype(np.float32) for grid in template.grid(size))
    lab, tone = colour.to_lab(image), colour.lab_of(DRAWN)
    beside, light = colour.shade_of(lab, tone)[1], lab[..., 0] > 45  # grey and white lie beside all shades of skin
    alike = np.where(light, np.clip((24 - beside) / 8, 0, 1), 1.0)  # of dark lines the hue says nothing
    whites = np.clip((cv2.magnitude(*cv2.split(lab[..., 1:])) - 4) / 5, 0, 1)
    eyes = np.zeros_like(u)
    for eye_u, eye_v, height in drawn.features.eyes:
        r = np.hypot((u - eye_u) / (1.15 * EYE_WIDTH), (v - eye_v) / max(0.55 * height, 0.05))
        eyes = np.maximum(eyes, np.clip((1.1 - r) * 6, 0, 1))
    alike *= 1 - eyes * (1 - whites * np.clip((lab[..., 0] - 70) / 10, 0, 1))
    reach = cv2.GaussianBlur(drawn.skin.astype(np.float32), (0, 0), len(drawn.skin) / 64)
    reach = cv2.resize(reach, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(2.5 * reach - 0.3, 0, 1) * alike, np.float32)


def _rgb(values: NDArray[np.float64]) -> RGB:
    r, g, b = (round(float(v)) for v in values)
    return r, g, b
