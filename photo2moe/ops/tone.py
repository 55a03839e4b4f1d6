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
# Share of the lower face that must be dark for it to be a beard, and how dark against the cheeks; the
# shadows of wrinkles, smiles and noses are lighter.
BEARD, DARK = 0.22, 0.78


def photo_skin(portrait: Image, alpha: Mask, features: Features, template: Template) -> Mask:
    """Where a photographed head shows skin.

    Inside the face everything between forehead and mouth is, shadows and wrinkles too;
    the lower face is, unless much of it is dark: then it is a beard. Fringe,
    ears and neck go by their colour.

    Args:
        portrait: ``(S, S, 3)`` person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        features: of the same face.
        template: where the eyes lie.
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
    mouth_v = float(features.mouth[1])
    low = (v > mouth_v - 0.1) & (face > 0.5) & (np.hypot(u - features.mouth[0], (v - mouth_v) / 0.6) > 0.2)
    dark = lab[..., 0] < DARK * lab_of(cheeks(portrait, template))[0]
    bearded = low.any() and float(((skin < 0.5) & dark)[low].mean()) > BEARD
    if bearded:
        middle *= np.clip((mouth_v - 0.22 - v) / 0.1, 0, 1)
    return np.asarray(np.maximum(skin, middle) * alpha, np.float32)
