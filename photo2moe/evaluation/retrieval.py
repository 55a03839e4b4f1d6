"""Given the avatar, which of the photos is it of?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.evaluation.pairs import Head
from photo2moe.ops import colour
from photo2moe.ops.geometry import Template

Array = NDArray[np.float64]

CELLS = 8  # of the layout and the outline, along each side


def ranks(avatars: list[Head], photos: list[Head], template: Template) -> NDArray[np.int64]:
    """Find the place of each avatar's own photo among all photos.

    Four descriptions of a head on the template, of equal weight: Lab of the cheeks; Lab of
    the hair; transparency of 8 × 8 cells, which is the outline of hair and shoulders;
    and Lab of 8 × 8 cells less their mean, which is the layout of light and dark: fringe,
    glasses, beard, hat, open mouth. Every number is standardised over all photos, and over
    all avatars, apart, so that what all avatars have in common (large eyes, pale skin) does
    not count. Photos are ranked by Euclidean distance.

    Source: own; rank-k retrieval is how likeness is measured in sketch recognition (Klare and
    Jain, *Heterogeneous face recognition using kernel prototype similarities*, TPAMI 2013).
    No learned identity features: face recognisers are not made for drawings.

    Limits: it says how much of the person's look is left for a measuring instrument, not
    whether friends would know the avatar. Outline and layout come through the warp whatever
    the net does; a net that only smooths would score best: read it together with the anime
    rate. The more photos, and the more alike, the harder: compare on the same folder only.

    Args:
        avatars, photos: ``n`` heads each, in the same order.
        template: where the eyes lie.

    Returns:
        ``(n,)`` places, 1 for the first.
    """
    distance = np.zeros((len(avatars), len(photos)))
    drawn, real = ([_descriptions(head, template) for head in heads] for heads in (avatars, photos))
    for part in range(len(drawn[0])):
        one, other = (_standard(np.stack([row[part] for row in rows])) for rows in (drawn, real))
        distance += ((one[:, None] - other[None]) ** 2).mean(2)
    own = np.diag(distance)[:, None]
    # Ties count against the avatar: a net that draws everyone alike must come out last.
    return np.asarray((distance <= own).sum(1))


def _descriptions(head: Head, template: Template) -> list[Array]:
    lab = colour.to_lab(cv2.resize(head.image, (CELLS, CELLS), interpolation=cv2.INTER_AREA)).astype(np.float64)
    outline = cv2.resize(head.alpha, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float64)
    cheeks, hair = colour.cheeks(head.image, template), colour.hair(head.image, head.alpha, template)
    layout = lab - lab.mean((0, 1))
    return [colour.lab_of(cheeks).astype(float), colour.lab_of(hair).astype(float), outline.ravel(), layout.ravel()]


def _standard(rows: Array) -> Array:
    """Columns brought to mean 0 and deviation 1; what hardly varies stays small."""
    deviation = rows.std(0)
    return np.asarray((rows - rows.mean(0)) / np.maximum(deviation, 1e-3 + 0.05 * deviation.max()))
