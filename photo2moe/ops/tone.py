"""One skin tone for the net, everyone's own for the picture.

Drawn faces are nearly all pale, and a net that has to draw dark ones as well draws them
without eyes. So the skin of a photo is laid down as one middle tone before the net, and
the drawn skin is brought to the person's own tone after it (``stages/recolour``).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import RGB, shade_of, to_lab
from photo2moe.ops.features import Features
from photo2moe.ops.geometry import Template, polygon
from photo2moe.types import Image, Mask

DRAWN: RGB = (252, 228, 210)  # median of the cheeks of 4,173 anime faces
# Deviations in Lab (L, a, b) that every tone has at least; skin's distances beyond which nothing is skin,
# in deviations, at the head and on the neck, which lies in the chin's shadow; and how sure the face is of its skin.
LEAST, FAR, NECK_FAR, SURE = np.array([5.0, 2.5, 2.5]), 3.6, 4.6, 6.0
NEITHER = 9.0  # deviations from both skin and hair beyond which something is neither
GLINT = 12.0  # how much lighter than the face light makes skin; more is taken for so much
BALD = 2.2  # deviations from the skin below which the crown is skin too
SELDOM = 1.0  # the same of women and children, whose fair hair is taken for skin more often than they are bald
SAME = 5.0, 8.0  # how much darker a bald crown may be, and how far from the face's a and b
SHINE = 0.38  # of men: how much farther from the face's a and b a crown may be for each L* that it shines
SHADOWED = 0.4, 10.0  # least brightness of a shadowed neck, the face's being 1; how far its a and b may be
BESIDE, TURNED = (
    1.2,
    4.0,
)  # |u| up to which there is skin; how much farther for every unit that the face reaches beyond 1
SMALL = 0.012  # of the square: islands and holes of the skin that are none
SHAPE = 0.016  # of the side: finer turns of a border are not kept


def photo_skin(
    portrait: Image, alpha: Mask, features: Features, template: Template, *, beard: bool
) -> tuple[Mask, NDArray[np.float32]]:
    """Where a photographed head shows skin, or a beard.

    Skin and hair are told apart by quadratic discriminant analysis of their Lab colours, learned from this
    face and this crown, so that light and shadow on the one skin count little. Inside the face everything
    below the forehead is skin.

    Args:
        portrait: ``(S, S, 3)`` person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        features: of the same face.
        template: where the eyes lie.
        beard: whether the person wears one; then only the upper face is learned from, and a bald crown is a man's.

    Returns:
        The mask ``(S, S)``, and how far ``(S, S)`` every colour is from this skin, in deviations.
    """
    size = portrait.shape[0]
    u, v = template.grid(size)
    face = polygon(features.outline, template, size)
    mouth_u, mouth_v = features.mouth[:2]
    lab = to_lab(cv2.medianBlur(portrait, 3))
    eyes = np.hypot((np.abs(u) - 0.5) / 0.38, v / 0.34) < 1
    mouth = np.hypot((u - mouth_u) / 0.3, (v - mouth_v) / 0.16) < 1
    plain = (face > 0.9) & (np.abs(u) < 0.8) & (v > -0.35) & ~eyes & ~mouth & (v < (mouth_v - 0.25 if beard else 1.0))
    if plain.sum() < 40:
        plain = np.hypot(np.abs(u) - 0.42, v - 0.42) < 0.2
    lab[..., 0] = np.minimum(lab[..., 0], np.median(lab[plain][:, 0]) + GLINT)
    own, own_size = _deviations(lab, lab[plain])
    crown = (np.abs(u) < 0.9) & (v > -1.3) & (v < -0.9) & (alpha > 0.9)
    odds, shown = np.full_like(own, SURE), crown.sum() > 40
    bald = shown and _bald(lab[crown], lab[plain], own[crown], 1.0 if beard else features.masculine)
    if shown and not bald:
        other, other_size = _deviations(lab, lab[crown])
        odds = (other**2 - own**2) / 2 + other_size - own_size
    odds += SURE * (2 * face - 0.5) * (v > -0.75)
    # The chin's shadow makes the neck darker, and its hue fainter by as much.
    darker, beside = shade_of(lab, np.median(lab[plain], axis=0))
    shaded = (face < 0.5) & (np.abs(u) < 0.42) & (v > 0.9) & (darker > SHADOWED[0]) & (beside < SHADOWED[1])
    odds, own = np.where(shaded, SURE, odds), np.where(shaded, np.minimum(own, 1.0), own).astype(np.float32)
    # Inside the face there is nothing but skin and hair.
    far = np.where((v > 0.9) & (np.abs(u) < 0.45), NECK_FAR, FAR) + 9 * face
    alike = np.clip(0.5 + odds / 4, 0, 1) * np.clip(2 * (far - own), 0, 1)
    # A turned head shows more of its side.
    sides = (float(edge) for edge in (-features.outline[:, 0].min(), features.outline[:, 0].max()))
    left, right = (BESIDE + min(max(TURNED * (edge - 1), 0.0), 0.6) for edge in sides)
    around = np.clip(np.minimum(left + u, right - u) / 0.1, 0, 1) * ((v > -1.3) | bald)
    skin = _shaped((alike * around).astype(np.float32), size)
    middle = face * np.clip((v + 0.45) / 0.1, 0, 1) * np.clip((0.95 - np.abs(u)) / 0.1, 0, 1)
    return _whole(np.asarray(np.maximum(skin, middle) * alpha, np.float32)), own


def settle(portrait: Image, rest: Mask, skin: Mask, hair: Mask, apart: NDArray[np.float32]) -> tuple[Mask, Mask]:
    """Give ears and what else of a head is not yet told apart to what it looks most like, skin or hair.

    Args:
        portrait: ``(S, S, 3)`` person on the template.
        rest: ``(S, S)`` the head's parts that are neither.
        skin: ``(S, S)``.
        hair: ``(S, S)``.
        apart: how far every colour is from the skin, from :func:`photo_skin`.

    Returns:
        Skin and hair with their shares; what looks like neither stays out.
    """
    to_hair = np.full_like(apart, np.inf)
    if (hair > 0.7).sum() > 40:
        lab = to_lab(cv2.medianBlur(portrait, 3))
        to_hair = _deviations(lab, lab[hair > 0.7])[0]
    nearest = np.minimum(apart, to_hair) < NEITHER
    ears = _shaped((rest * nearest * (apart < to_hair)).astype(np.float32), len(rest))
    locks = _shaped((rest * nearest * (apart >= to_hair)).astype(np.float32), len(rest))
    return np.maximum(skin, ears * (1 - hair)), np.maximum(hair, locks * (1 - skin) * (1 - ears))


def _bald(crown: NDArray[np.float32], face: NDArray[np.float32], apart: NDArray[np.float32], masculine: float) -> bool:
    """Whether the crown looks like the face: by distance, or of men shining in the same hue or a paler one."""
    if masculine < 0.5:
        return bool(np.median(apart) < SELDOM)
    lightness, *hue = np.median(crown, axis=0) - np.median(face, axis=0)
    far = SAME[1] + SHINE * masculine * max(float(lightness), 0.0)
    return bool(np.median(apart) < BALD or (lightness > -SAME[0] and np.hypot(*hue) < far))


def _deviations(lab: NDArray[np.float32], samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Mahalanobis distance of every pixel from a tone, and half the log determinant of its covariance.

    The outermost tenth of the samples is left out, since it is something else.
    """
    middle = np.median(samples, axis=0)
    apart = np.linalg.norm((samples - middle) / LEAST, axis=1)
    kept = samples[apart <= np.percentile(apart, 90)]
    middle = kept.mean(0)
    covariance = np.cov((kept - middle).T) + np.diag(LEAST**2)
    root = np.linalg.cholesky(np.linalg.inv(covariance)).T
    first, second, third = cv2.split(cv2.transform(lab, np.column_stack([root, -root @ middle])))
    return cv2.magnitude(cv2.magnitude(first, second), third), float(np.log(np.linalg.det(covariance)) / 2)


def _shaped(mask: Mask, size: int) -> Mask:
    """The same without specks and frayed borders."""
    smooth = cv2.GaussianBlur(mask, (0, 0), SHAPE * size)
    return np.asarray(np.clip(2.5 * smooth - 0.75, 0, 1), np.float32)


def _whole(mask: Mask) -> Mask:
    """The same without small islands and holes."""
    whole = mask.copy()
    for inside in (True, False):
        _, labels, facts, _ = cv2.connectedComponentsWithStats(((whole > 0.4) == inside).astype(np.uint8))
        small = 1 + np.flatnonzero(facts[1:, cv2.CC_STAT_AREA] < SMALL * mask.size)
        whole[np.isin(labels, small)] = 0.0 if inside else 1.0
    return whole
