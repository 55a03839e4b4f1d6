"""Rough → anime figure: the only stage that runs the net."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.config import GeneratorConfig
from photo2moe.nets.runner import Draw
from photo2moe.ops.rough import bare
from photo2moe.ops.tensors import thrice, to_images, to_planes
from photo2moe.types import Colours, Mask

# How far a drawn figure's outline may lie from the person's, as a share of the side (0.13
# face units on the template): hair gets fuller, but grows no horns and no second head.
REACH = 0.035

FADE = 0.006  # of the side: how softly cleaned skin goes over into what is drawn

INK, CRISP = 1 / 128, 0.3  # width of a line, as a share of the side, and how much darker it gets against what is around


class Translator:
    """Draws anime figures from roughs.

    Args:
        draw: a generator, on whichever engine.
        shape: of that generator.
    """

    def __init__(self, draw: Draw, shape: GeneratorConfig) -> None:
        self.size, self.scale = shape.size, shape.scale
        self._draw = draw

    def __call__(self, roughs: list[NDArray[np.uint8]], colours: list[Colours]) -> list[NDArray[np.uint8]]:
        """Draw some people.

        Args:
            roughs: ``(S, S, 4)`` squares of ``self.size``, RGB as it lies on white, and alpha.
            colours: what each shall be drawn with.

        Returns:
            A cutout each: ``(D, D, 4)`` uint8, ``self.scale`` times larger, RGB as it lies on white, and transparency.
        """
        drawn = to_images(self._draw(to_planes(np.stack(roughs)), wanted_planes(colours)))
        both = zip(drawn, roughs, strict=True)
        return [_within(_crisp(_clean(cutout, rough)), rough[..., 3]) for cutout, rough in both]


def wanted_planes(colours: list[Colours]) -> NDArray[np.float32]:
    """Colours as the nets want them, ``(N, 9)`` in ``[-1, 1]``."""
    return np.array([(*c.skin, *c.hair, *c.eyes) for c in colours], np.float32) / np.float32(127.5) - 1


def _clean(cutout: NDArray[np.uint8], rough: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take strokes off the skin where the rough shows none: nets learn scratches there that nothing explains."""
    size = len(cutout)
    share = cv2.GaussianBlur(_sized(bare(rough), size), (0, 0), FADE * size)
    plain = cv2.resize(rough[..., :3], (size, size), interpolation=cv2.INTER_LINEAR)
    clean = cutout.copy()
    clean[..., :3] = cv2.blendLinear(cutout[..., :3], plain, 1 - share, share)
    return clean


def _crisp(cutout: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make lines as dark and edges as hard as ink is, since a net trained on L1 hedges both; brighten nothing."""
    soft = cv2.GaussianBlur(cutout, (0, 0), INK * cutout.shape[0])
    crisp = cv2.addWeighted(cutout, 1 + CRISP, soft, -CRISP, 0)
    darker = cv2.min(crisp, cutout)
    darker[..., 3] = crisp[..., 3]
    return np.asarray(darker, np.uint8)


def _within(cutout: NDArray[np.uint8], outline: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make transparent what strays too far from the person."""
    alpha = _sized(outline.astype(np.float32) / 255, len(cutout))
    around = cv2.dilate(alpha, _disc(alpha))
    limit = (_soften(around) * 255).round().astype(np.uint8)
    within = cutout.copy()
    within[..., 3] = np.minimum(cutout[..., 3], limit)
    if (cutout[..., 3] > limit).any():
        within[..., :3] = np.where((cutout[..., 3] > limit)[..., None], _mix(cutout, limit), cutout[..., :3])
    return within


def inner(alpha: Mask, size: int) -> Mask:
    """Where a person's figure can have no holes: well within the person's own outline, ``(size, size)``."""
    alpha = _sized(alpha, size)
    return np.asarray(_soften(cv2.erode(alpha, _disc(alpha))), np.float32)


def _sized(mask: Mask, size: int) -> Mask:
    if len(mask) == size:
        return mask
    return np.asarray(cv2.resize(mask, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _disc(alpha: Mask) -> NDArray[np.uint8]:
    side = 2 * round(REACH * alpha.shape[0]) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _soften(mask: Mask) -> Mask:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), REACH * mask.shape[0] / 4), np.float32)


def _mix(cutout: NDArray[np.uint8], limit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours as they lie on white under a smaller alpha."""
    share = np.minimum(limit / np.maximum(cutout[..., 3], 1).astype(np.float32), 1)
    return np.asarray(cv2.convertScaleAbs(255 - (255 - cutout[..., :3]) * thrice(share)), np.uint8)
