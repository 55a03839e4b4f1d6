"""One skin tone for the net, everyone's own for the picture.

Drawn faces are nearly all pale, and a net that has to draw dark ones as well draws them
without eyes. So the skin of a photo is brought to one middle tone before the net, and
the drawn skin to the person's own tone after it (``stages/recolour``).
"""

from __future__ import annotations

import cv2
import numpy as np

from photo2moe.ops.colour import RGB, cheeks, lab_of, lighter, to_lab
from photo2moe.ops.geometry import Template
from photo2moe.types import Image, Mask

MIDDLE: RGB = (236, 196, 172)  # the lighter quarter of the photos; drawn skin is near it
_r, _g, _b = (round(float(c)) for c in lighter(np.array(MIDDLE, np.float64)))
DRAWN: RGB = (_r, _g, _b)  # what the net is asked to draw it as

# Half-width of a chibi-warped face by height, face units.
FACE_V = (-0.95, -0.7, -0.4, 0.0, 0.4, 0.6, 0.8, 1.0, 1.12)
FACE_U = (0.45, 0.75, 0.93, 0.98, 0.88, 0.76, 0.6, 0.42, 0.38)
NECK = 1.75  # v at which clothes begin at the latest
# Lab distance from the cheeks at which a pixel stops being skin: lightness counts little.
WEIGHTS, NEAR, FAR = np.array([0.35, 1.2, 1.2]), 9.0, 22.0
EYE = (0.30, 0.26)  # half-width and half-height of an eye after the warp
SOFT = 0.12  # face units over which the mask fades at the face's edge


def photo_skin(portrait: Image, alpha: Mask, template: Template) -> Mask:
    """Where a photographed face shows skin.

    Args:
        portrait: ``(S, S, 3)`` person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        template: where the eyes lie.
    """
    u, v = template.grid(portrait.shape[0])
    u = np.abs(u)
    width = np.interp(v, FACE_V, FACE_U)
    inside = np.clip((width - u) / SOFT + 0.5, 0, 1)
    inside *= np.clip((v - FACE_V[0]) / SOFT, 0, 1) * np.clip((NECK - v) / SOFT, 0, 1)
    lab = to_lab(cv2.medianBlur(portrait, 3))
    apart = np.linalg.norm((lab - lab_of(cheeks(portrait, template))) * WEIGHTS, axis=2)
    alike = np.clip((FAR - apart) / (FAR - NEAR), 0, 1)
    eyes = np.clip((np.hypot((u - 0.5) / EYE[0], v / EYE[1]) - 1) * 4, 0, 1)
    mask = (inside * alike * eyes * alpha).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), portrait.shape[0] / 128), np.float32)


def even_out(portrait: Image, alpha: Mask, template: Template) -> Image:
    """Bring a photographed face's skin to :data:`MIDDLE`, highlights kept from clipping.

    Args:
        portrait: ``(S, S, 3)`` person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        template: where the eyes lie.

    Returns:
        ``(S, S, 3)`` uint8.
    """
    own, target = lab_of(cheeks(portrait, template)), lab_of(MIDDLE)
    contrast = min(1.0, 0.55 + 0.45 * float(own[0]) / float(target[0]))
    lab = to_lab(portrait)
    even = np.ascontiguousarray((target + contrast * (lab - own)).astype(np.float32))
    even[..., 0] = np.clip(even[..., 0], 0, 100)
    light = np.clip(cv2.cvtColor(even, cv2.COLOR_LAB2RGB), 0, 1) * 255
    share = photo_skin(portrait, alpha, template)[..., None]
    return np.asarray((portrait + share * (light - portrait)).round().clip(0, 255), np.uint8)
