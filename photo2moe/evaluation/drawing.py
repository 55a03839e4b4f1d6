"""Is it drawn well: do both eyes match, and are they an anime face's eyes?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.evaluation.difference import hue_turn
from photo2moe.evaluation.pairs import Head
from photo2moe.ops import colour
from photo2moe.ops.geometry import Template

Array = NDArray[np.float64]

EYE = (0.34, 0.38)  # half axes around (±0.5, 0), face units: an anime eye with its lashes, without the brow
APART = 25.0  # Lab distance from the cheeks from which something is drawn
DULL = 8.0  # chroma below which an iris is grey and has no hue


@dataclass(frozen=True, slots=True)
class Eyes:
    """Both eyes of a drawn face.

    Attributes:
        ratio: area of the smaller over that of the larger, 0…1; NaN where neither is drawn.
        height: mean height, face units; NaN where one is missing.
        hue: angle between the hues of the irises, degrees in 0…180; NaN where one is grey.
    """

    ratio: float
    height: float
    hue: float


def eyes(head: Head, template: Template) -> Eyes:
    """Measure both eyes of a head on the template.

    An eye is what differs from the cheeks' colour around an eye's place and hangs together
    with its middle; the iris is the most colourful of its middle tones. All three figures
    of real anime faces stand beside those of avatars: these are not symmetric either.

    Source: own. One bad eye is among the commonest faults of such nets.

    Limits: a fringe over one eye, glasses, or the nearer eye of a turned head make the ratio
    fall with no fault; real anime faces have a median of about 0.85. Two eyes that are wrong
    in the same way, crossed eyes for one, go unnoticed. A wink is a fault here. The height
    ends at the ellipse that is looked at, 0.76 face units.
    """
    masks = eye_masks(head, template)
    areas = [float(mask.sum()) for mask in masks]
    ratio = min(areas) / max(areas) if max(areas) > 0 else math.nan
    unit = template.eye_distance * head.image.shape[0]
    heights = [float(mask.any(1).sum()) / unit for mask in masks]
    height = sum(heights) / 2 if min(areas) > 0 else math.nan
    irises = [_iris(head, mask) for mask in masks]
    dull = any(math.isnan(lab[0]) or math.hypot(lab[1], lab[2]) < DULL for lab in irises)
    return Eyes(ratio, height, math.nan if dull else float(hue_turn(*irises)))


def eye_masks(head: Head, template: Template) -> list[NDArray[np.bool_]]:
    """Pixels of the eye on the left and of the one on the right of the picture, ``(S, S)`` each."""
    u, v = template.grid(head.image.shape[0])
    lab, skin = colour.to_lab(head.image), colour.lab_of(colour.cheeks(head.image, template))
    drawn = np.linalg.norm(lab - skin, axis=2) > APART
    masks = []
    for centre in (-0.5, 0.5):
        inside = drawn & (np.hypot((u - centre) / EYE[0], v / EYE[1]) < 1)
        _, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
        middle = np.unique(labels[(np.hypot(u - centre, v) < 0.14) & inside])
        masks.append(np.isin(labels, middle) & inside)
    return masks


def _iris(head: Head, mask: NDArray[np.bool_]) -> Array:
    """Median Lab of the most colourful two fifths of an eye's middle tones; NaN if it has none."""
    lab = colour.to_lab(head.image)[mask].astype(np.float64)
    lab = lab[(lab[:, 0] > 18) & (lab[:, 0] < 85)]  # neither pupil and lashes, nor white and gloss
    if len(lab) < 6:
        return np.full(3, np.nan)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    return np.asarray(np.median(lab[chroma >= np.percentile(chroma, 60)], axis=0))
