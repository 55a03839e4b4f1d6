"""How much lighter or darker a photo shows a face than ordinary light would.

A face in the shade of a hat or against the sky is dark although the photo as a whole is well exposed. A Gaussian model
of portraits lit evenly in a studio knows how skin, the white of the eyes, background, and the brightest and the mean
of the photo go together; the exposure is the common shift of their logarithms that is most probable under it. Hues
count too: skin with little melanin is redder and less yellow at every exposure (Weatherall and Coombs, Skin color
measurements in terms of CIELAB color space values, Journal of Investigative Dermatology 99, 1992), and so does the
contrast of lips, which no light changes. How much melanin there is stays nearly free, so that nobody is drawn towards
the mean; parts that contradict the others, like the white of an eye behind dark glasses or painted lips, lose their
weight (the reweighting of a Student distribution).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from photo2moe.face.features import INNER_LIPS, MOUTH
from photo2moe.face.lab import Floats
from photo2moe.face.light import AROUND_EYES, FEWEST, FLOOR, LUMINANCE, OUTER_LIPS, OVAL, PARTS, Parts, polygon
from photo2moe.face.parse import SKIN, Regions
from photo2moe.types import Face

# Kinds of exposure: how often, its deviation and that between the channels, logarithms of linear light.
KINDS = ((0.6, 0.08, 0.08), (0.3, 0.5, 0.15), (0.1, 0.6, 0.4))
MELANIN = (
    0.2  # additional deviation of skin in green beyond the studio's; in red and blue, and of lips, as it goes there
)
# What varies more outside of a studio, in all channels and between them: the parts, and the contrast of lips.
STRENGTHS, HUES = np.array([0, 0.3, 0.8, 0.25, 0.25, 0.2]), np.array([0, 0.15, 0.6, 0.15, 0.3, 0.1])
LIT = np.array([1, 1, 1, 1, 1, 0])  # which of them the light changes
CUT = 2.0  # deviations from which a part is doubted
ROUNDS = 4
LIMITS = (-2.0, 0.35)  # of the exposure
WHOLE = (25.0, 90.0)  # percentiles of luminance between which the whole face counts: neither shadow nor shine


def exposure(values: Floats, model: dict[str, Any]) -> float:
    """Logarithm of the exposure of a face; below 0 it is darker than in ordinary light.

    Args:
        values: ``(6, 3)`` of :func:`evidence`, the hue of the light taken out.
        model: ``{"mean": (18,), "covariance": (18, 18)}`` of those in even light.
    """
    mean, covariance = np.array(model["mean"], float), np.array(model["covariance"], float)
    tied = np.r_[np.full(3, MELANIN), np.zeros(3 * len(PARTS) - 3), np.full(3, MELANIN)]
    melanin = tied * covariance[1] / covariance[1, 1]
    all_channels, own = np.ones((3, 3)), np.eye(3) - 1 / 3
    deviations = np.sqrt(np.diag(covariance)).reshape(-1, 3).mean(1)
    rest = values.ravel() - mean
    known = np.isfinite(rest)
    free = covariance + np.outer(melanin, melanin)
    design, weights, found = np.kron(LIT[:, None], np.eye(3))[known], np.ones(len(LIT)), 0.0
    for _ in range(ROUNDS):
        noise = free + np.kron(np.diag(STRENGTHS**2 / weights), all_channels)
        noise += np.kron(np.diag(HUES**2 / weights), own) + np.kron(np.diag(0.1 * (1 / weights - 1)), np.eye(3))
        shifts, evidences = [], []
        for often, strength, tint in KINDS:
            prior = strength**2 * all_channels + tint**2 * own
            both = noise[np.ix_(known, known)] + design @ prior @ design.T
            solved = np.linalg.solve(both, rest[known])
            shifts.append(prior @ design.T @ solved)
            evidences.append(np.log(often) - (rest[known] @ solved + np.linalg.slogdet(both)[1]) / 2)
        chances = np.exp(np.array(evidences) - max(evidences))
        shift = chances @ np.array(shifts) / chances.sum()
        found = float(shift.mean())
        away = np.sqrt(((rest.reshape(-1, 3) - LIT[:, None] * shift) ** 2).mean(1)) / deviations
        away[0] = 0.0  # the skin is what is asked for
        weights = np.minimum(1.0, (CUT / np.maximum(np.nan_to_num(away), 1e-3)) ** 2)
    return float(np.clip(found, *LIMITS))


def face_colour(found: Parts, face: Face, regions: Regions) -> Floats:
    """Linear light ``(3,)`` of skin: between that of the cheeks and that of all skin above the mouth.

    Cheeks may shine or blush, and a forehead may lie in shadow; both together are steadier.
    """
    mask = polygon(face, regions, OVAL) & (regions.labels == SKIN)
    mask = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for points in AROUND_EYES:
        mask &= ~polygon(face, regions, points, hull=True)
    mouth = float((face.landmarks[list(MOUTH)] @ regions.matrix[1, :2] + regions.matrix[1, 2]).mean())
    pixels = found.square[mask & (np.arange(len(mask))[:, None] < mouth)]
    if len(pixels) < 4 * FEWEST:
        return found.skin
    luminance = pixels @ LUMINANCE
    low, high = np.percentile(luminance, WHOLE)
    whole = np.median(pixels[(luminance >= low) & (luminance <= high)], axis=0)
    return np.asarray(np.sqrt(np.maximum(whole, 0) * np.maximum(found.skin, 0)))


def evidence(found: Parts, face: Face, regions: Regions) -> Floats:
    """What tells about the exposure ``(6, 3)``: logarithms of the parts, skin by :func:`face_colour`, and lips to skin.

    Rows of parts that were not seen are NaN.
    """
    skin = np.log(face_colour(found, face, regions) + FLOOR)
    lips = found.square[polygon(face, regions, OUTER_LIPS) & ~polygon(face, regions, INNER_LIPS)]
    contrast = np.log(np.median(lips, axis=0) + FLOOR) - skin if len(lips) > FEWEST else np.full(3, np.nan)
    return np.vstack([skin, found.values[1:], contrast])
