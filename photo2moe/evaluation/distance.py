"""How far one set of pictures lies from another: KID and FID on the features of a small net."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.geometry import Template
from photo2moe.types import Image

Array = NDArray[np.float64]

# Anime pictures are often cut tight, and aligned they end before the template does. Of
# 4,570 aligned ones 85 % show all of this square (face units u, v, from the top left corner
# on): from the fringe to the chin. All sets are cut down to it, so that no net can tell
# them apart by the edge repeated beyond it.
WINDOW = (-1.2, -1.3, 2.4)
SIDE = 224  # what the net was trained on, pixels
BATCH = 16


class Features:
    """EfficientNet-Lite0, trained on ImageNet, up to its pooled last layer.

    Source: :func:`photo2moe.nets.pretrained.efficientnet_lite`.

    Limits: figures are not comparable with those published for Inception features, only
    among themselves. The net knows photos: it sees texture and colour before line.

    Raises:
        MissingExtraError: the packages are not installed.
    """

    def __init__(self) -> None:
        from photo2moe.nets.pretrained import efficientnet_lite

        self._net: Any = efficientnet_lite(0, "eval")

    def __call__(self, images: list[Image], template: Template) -> Array:
        """Describe heads.

        Args:
            images: ``(S, S, 3)`` uint8 each, on the template and on white.
            template: where the eyes lie.

        Returns:
            ``(N, 1280)`` features.
        """
        import torch

        parts = []
        for start in range(0, len(images), BATCH):
            cut = np.stack([window(image, template) for image in images[start : start + BATCH]])
            tensor = (torch.from_numpy(cut).permute(0, 3, 1, 2).float() - 127) / 128
            with torch.inference_mode():
                parts.append(self._net.extract_features(tensor).mean((2, 3)).numpy())
        return np.concatenate(parts).astype(np.float64)


def window(image: Image, template: Template) -> Image:
    """Cut a square picture on the template down to what every set shows, ``(224, 224, 3)``."""
    u, v, span = WINDOW
    to_pixels, scale = template.to_pixels(image.shape[0]), SIDE / span
    # Face units → window, after window pixels' centres.
    matrix = np.array([[scale, 0, -u * scale - 0.5], [0, scale, -v * scale - 0.5]])
    matrix[:, :2] /= to_pixels[0, 0]
    matrix[:, 2] -= matrix[:, :2] @ to_pixels[:, 2]
    cut = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def shows_window(valid: tuple[int, int, int, int], template: Template, size: int) -> bool:
    """Whether a picture aligned in a square of ``size`` is real in all of the window, to a pixel."""
    u, v, span = WINDOW
    to_pixels = template.to_pixels(size)
    low = to_pixels[0, 0] * np.array([u, v]) + to_pixels[:, 2]
    high = low + to_pixels[0, 0] * span
    return bool((np.array(valid[:2]) <= low + 1.5).all() and (np.array(valid[2:]) >= high - 0.5).all())


def kid(one: Array, other: Array) -> float:
    """Kernel distance between two sets of features.

    The unbiased estimate of the squared maximum mean discrepancy under the kernel
    (x·y / d + 1)³.

    Source: Bińkowski, Sutherland, Arbel, Gretton, *Demystifying MMD GANs*, ICLR 2018.

    Limits: unbiased, so that it may be negative where the sets are alike, and sets of
    different size compare; but it varies much with few pictures, see its interval. It
    mixes how well each picture is drawn with how varied they are, and an avatar of an old
    man lies far from anime faces of girls however well it is drawn: the floor is not
    within reach, and should not be.

    Args:
        one: ``(n, d)`` features, n at least 2.
        other: ``(m, d)`` features, m at least 2.
    """
    n, m = len(one), len(other)
    if min(n, m) < 2:
        return math.nan
    size = one.shape[1]

    def within(rows: Array) -> float:
        kernel = (rows @ rows.T / size + 1) ** 3
        return float(kernel.sum() - np.trace(kernel)) / (len(rows) * (len(rows) - 1))

    return within(one) + within(other) - 2 * float(((one @ other.T / size + 1) ** 3).mean())


def fid(one: Array, other: Array) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features.

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½). The last trace is the sum of the singular values
    of A Bᵀ for Σ₁ = AᵀA and Σ₂ = BᵀB, which needs no root of a 1280 × 1280 matrix.

    Source: Heusel et al., *GANs trained by a two time-scale update rule converge to a
    local Nash equilibrium*, NeurIPS 2017.

    Limits: biased upwards, and by more the fewer the pictures: with fewer than some
    thousand it is far above its true value (Chong and Forsyth, *Effectively unbiased FID*,
    CVPR 2020). Compare it with its floor and ceiling, which are measured at the same
    numbers of pictures, never with another run's of other numbers. Prefer KID.

    Args:
        one: ``(n, d)`` features, n at least 2.
        other: ``(m, d)`` features, m at least 2.
    """
    if min(len(one), len(other)) < 2:
        return math.nan
    means = one.mean(0) - other.mean(0)
    roots = [_root(rows) for rows in (one, other)]
    shared = float(np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum())
    return float(means @ means) + sum(float((root**2).sum()) for root in roots) - 2 * shared


def _root(rows: Array) -> Array:
    """A with AᵀA the covariance of the rows, and no more rows than columns."""
    centred = (rows - rows.mean(0)) / math.sqrt(len(rows) - 1)
    if len(centred) > centred.shape[1]:
        return np.asarray(np.linalg.qr(centred, mode="r"))
    return centred
