"""One skin tone for the net, everyone's own for the picture.

Drawn faces are nearly all pale, and a net that has to draw dark ones as well draws them
without eyes. So the skin of a photo is laid down as one middle tone before the net, and
the drawn skin is brought to the person's own tone after it (``stages/recolour``).
"""

from __future__ import annotations

import cv2
import numpy as np

from photo2moe.ops.colour import RGB, cheeks, lab_of, to_lab
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, polygon
from photo2moe.types import Image, Mask

DRAWN: RGB = (252, 228, 210)  # median of the cheeks of 4,173 anime faces
# Lab distance from the cheeks at which a pixel stops being skin: lightness counts little.
WEIGHTS, NEAR, FAR = np.array([0.35, 1.2, 1.2]), 9.0, 22.0
NECK_FAR = 34.0  # of the neck, which lies in the chin's shadow
BEARD = 0.12  # share of the lower face that must not look like skin; less is stubble, which is not drawn
FLAT = 0.75  # how far the colours of a beard are brought to one


def photo_skin(portrait: Image, alpha: Mask, features: Features, template: Template, *, beard: bool) -> Mask:
    """Where a photographed head shows skin.

    Inside the face everything between forehead and mouth is, shadows and wrinkles too;
    the lower face is too, unless the person wears a beard. Fringe, ears, neck and beard go
    by their colour.

    Args:
        portrait: ``(S, S, 3)`` person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        features: of the same face.
        template: where the eyes lie.
        beard: whether the person wears one.
    """
    size = portrait.shape[0]
    u, v = template.grid(size)
    face = polygon(features.outline, template, size)
    lab = to_lab(cv2.medianBlur(portrait, 3))
    apart = np.linalg.norm((lab - lab_of(cheeks(portrait, template))) * WEIGHTS, axis=2)
    far = np.where((v > 0.9) & (np.abs(u) < 0.45) & (face < 0.5), NECK_FAR, FAR)
    alike = np.clip((far - apart) / (far - NEAR), 0, 1)
    around = np.clip((1.15 - np.abs(u)) / 0.1, 0, 1) * (v > -1.15)
    smooth = cv2.GaussianBlur((alike * around).astype(np.float32), (0, 0), size / 64)
    skin = np.clip(2 * smooth - 0.5, 0, 1)
    middle = face * np.clip((v + 0.45) / 0.1, 0, 1) * np.clip((0.85 - np.abs(u)) / 0.1, 0, 1)
    if beard:
        mouth_v = float(features.mouth[1])
        bare = middle * np.clip((mouth_v - 0.22 - v) / 0.1, 0, 1)
        chin = (face > 0.5) & (v > mouth_v)
        if chin.any() and float((skin[chin] < 0.5).mean()) > BEARD:
            middle = bare
    return np.asarray(np.maximum(skin, middle) * alpha, np.float32)


def even_beard(portrait: Image, skin: Mask, features: Features, template: Template) -> Image:
    """Bring a beard's colours near to one, as hair is drawn.

    Args:
        portrait: ``(S, S, 3)`` as :func:`photo_skin` was given it.
        skin: what it found.
        features: of the same face.
        template: where the eyes lie.
    """
    size = portrait.shape[0]
    _, v = template.grid(size)
    beard = polygon(features.outline, template, size) * (1 - skin) * (v > features.mouth[1] - 0.25)
    if (beard > 0.5).sum() < 12:
        return portrait
    colour = np.median(portrait[beard > 0.5], axis=0)
    even = portrait + FLAT * beard[..., None] * (colour - portrait)
    return np.asarray(even.round(), np.uint8)
