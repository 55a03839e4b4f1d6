"""Cut drawn figures out of their background."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from photo2moe.stages.matte import PersonMatte, guided_filter
from photo2moe.types import Image, Mask

Segment = Callable[[Image], Mask]


def figure_mask(image: Image, matte: PersonMatte, core: Callable[[Mask], float], *, tight: bool) -> Mask | None:
    """Mask of a drawn figure, or ``None`` if no way to cut it out looks right.

    A white background is filled from the picture's edges. Otherwise the person
    segmenter, which was made for photos, is asked about several versions of the
    picture, and believed where it covers the whole face and leaves the top corners out.
    """
    white = (image.min(2) > 236).astype(np.uint8)
    _, labels = cv2.connectedComponents(white, connectivity=4)
    rim = np.unique(np.concatenate([labels[0], labels[:, 0], labels[:, -1]]))
    behind = np.isin(labels, rim[rim > 0]).astype(np.float32)
    filled, corners = 1 - behind, image.shape[1] // 6
    top_white = max(behind[: corners // 2, : corners // 2].mean(), behind[: corners // 2, -corners // 2 :].mean())
    # A tight picture shows little of its background; a wide one must show it in a corner.
    if core(filled) > 0.98 and behind.mean() > 0.012 and (tight or top_white > 0.8):
        return cv2.GaussianBlur(filled, (0, 0), 0.6)
    found = []
    for change in (_same, _dim, _natural, _wide, _flip):
        mask = change(matte.segment, image)
        top = np.concatenate([mask[:corners, :corners], mask[:corners, -corners:]])
        if core(mask) > 0.985 and top.mean() < 0.5:
            found.append(mask)
    if not found:
        return None
    guide = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    fine = guided_filter(guide, np.mean(found, 0).astype(np.float32), radius=4, epsilon=1e-3)
    return np.clip((fine - 0.3) / 0.4, 0, 1)  # drawn outlines are hard


def _same(segment: Segment, image: Image) -> Mask:
    return segment(image)


def _dim(segment: Segment, image: Image) -> Mask:
    return segment((255 * (image / 255) ** 1.8).astype(np.uint8))


def _natural(segment: Segment, image: Image) -> Mask:
    """Coloured hair brought to brown, which the segmenter knows."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return segment((0.8 * grey * [1.0, 0.8, 0.7] + 0.2 * image).clip(0, 255).astype(np.uint8))


def _wide(segment: Segment, image: Image) -> Mask:
    pad = image.shape[0] // 6
    padded = cv2.copyMakeBorder(image, pad, 0, pad, pad, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(segment(padded)[pad:, pad:-pad])


def _flip(segment: Segment, image: Image) -> Mask:
    return np.ascontiguousarray(segment(np.ascontiguousarray(image[:, ::-1]))[:, ::-1])
