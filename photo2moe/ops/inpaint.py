"""Paint what is not there: behind a removed person, and under a figure's soft edge.

Nothing here is random: the same picture gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.types import Image, Mask

Floats = NDArray[np.float32]

SWEEPS = 6  # smoothing passes a level; more change nothing that one can see
COARSE = 128  # pixels: longest side at which colours are spread; they are smooth anyway
SOLID = 0.9  # a pixel at least so well known may be the axis of a mirror
REACH = 0.6  # face units: there a mirrored picture counts as much as spread colours do
NEAR = 0.03  # face units: keeps a mirror's weight finite at its axis
UPRIGHT = 0.1  # what mirrors above and below count against those at the sides
# Face units of blur near the rim, where texture goes on, and deeper inside, where
# straight lines come back from the rim as arcs; and the width of that rim.
SOFTNESS, RIM = (0.02, 0.045), 0.2
# Alpha below which a drawn figure's colours are not its own, and where they surely are.
# The net's colours and its alpha disagree by up to a pixel, so unmixing white by
# alpha leaves bright specks; growing the inside outwards does not.
OWN_COLOUR = (0.9, 1.0)


def spread(values: Floats, weight: Mask, *, sideways: bool = False) -> Floats:
    """Continue colours smoothly into where they are unknown.

    A membrane held where ``weight`` is 1 and free where it is 0, solved coarse to fine:
    the push–pull of Gortler et al., *The Lumigraph*, SIGGRAPH 1996, section 3.4, with
    Jacobi passes after every push.

    Args:
        values: ``(H, W, C)`` float32.
        weight: ``(H, W)``, how well each pixel is known.
        sideways: continue along rows rather than along columns, as shelves, walls and
            horizons do.

    Returns:
        ``(H, W, C)`` float32: ``values`` where the weight is 1; the mean of ``values``
        where nothing is known at all.
    """
    height, width = weight.shape
    held, free = weight[..., None], 1 - weight[..., None]
    pinned = values * held
    if max(height, width) <= 2 or float(weight.min()) > 0.999:
        total = float(weight.sum())
        mean = pinned.sum((0, 1)) / total if total > 1e-6 else values.mean((0, 1))
        return np.asarray(pinned + free * mean, np.float32)
    rows = height if sideways and width > max(2, height // 4) else (height + 1) // 2
    size = (width + 1) // 2, rows
    coarse = cv2.resize(weight, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    mean = cv2.resize(pinned, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    rest = spread(mean / np.maximum(coarse, 1e-6)[..., None], np.minimum(1, 2 * coarse), sideways=sideways)
    shape, window = values.shape, (5, 3) if sideways else (3, 3)
    result = pinned + free * cv2.resize(rest, (width, height), interpolation=cv2.INTER_LINEAR).reshape(shape)
    for _ in range(SWEEPS):
        result = pinned + free * cv2.blur(result, window, borderType=cv2.BORDER_REPLICATE).reshape(shape)
    return np.asarray(result, np.float32)


def fill(image: Image, known: Mask, unit: float) -> Image:
    """Paint over what is not known, so that nobody would look twice.

    Near the rim the surroundings are mirrored at it, which continues their texture and
    grain; deeper inside these give way to colours spread from both sides.

    Args:
        image: ``(H, W, 3)`` uint8, with anything where it is not known.
        known: ``(H, W)`` mask: 1 stays as it is, 0 is painted.
        unit: one face unit in pixels.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    height, width = known.shape
    scale = min(1.0, COARSE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    coarse = cv2.resize(known, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    held = cv2.resize(blend(np.zeros_like(image), image, known), size, interpolation=cv2.INTER_AREA)
    mean = held.reshape(*size[::-1], 3) / np.maximum(coarse, 1e-6)[..., None]
    colours = _bytes(spread(mean, np.clip(1.25 * coarse - 0.25, 0, 1), sideways=True))
    painted = cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR)
    weights, sure = np.ones((height, width), np.float32), (known > 0.98).astype(np.float32)
    for x, y, share in _mirrors(coarse, (height, width), unit):
        share *= cv2.remap(sure, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        seen = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        painted = cv2.blendLinear(seen, painted, share, weights)  # a running mean
        weights += share
    sharp, soft = (cv2.GaussianBlur(painted, (0, 0), max(0.3, sigma * unit)) for sigma in SOFTNESS)
    rim = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), max(0.3, RIM * unit * scale)), (width, height))
    painted = blend(soft.reshape(image.shape), sharp.reshape(image.shape), np.minimum(1, 3 * rim))
    return blend(painted, image, known)


def blend(below: Image, above: Image, alpha: Mask) -> Image:
    """Lay one picture over another: exactly ``below`` at alpha 0, exactly ``above`` at 1.

    Args:
        below, above: ``(H, W, 3)`` uint8.
        alpha: ``(H, W)`` mask.
    """
    return np.asarray(cv2.blendLinear(above, below, np.ascontiguousarray(alpha), 1 - alpha), np.uint8)


def straighten(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn a figure that lies on white into one with its own colours up to its edge.

    Colours under a partly or wholly transparent pixel are continued from inside; so no
    white shows at the edge before whatever background. Straight alpha comes back
    (almost) as it was.

    Args:
        rgba: ``(H, W, 4)`` uint8, RGB as it lies on white.

    Returns:
        ``(H, W, 4)`` uint8, straight alpha.
    """
    image, alpha = rgba[..., :3], rgba[..., 3].astype(np.float32) / 255
    low, high = OWN_COLOUR
    own = np.clip((alpha - low) / (high - low), 0, 1)
    return np.dstack([_bytes(spread(image.astype(np.float32), own)), rgba[..., 3]])


def _mirrors(
    known: Mask, shape: tuple[int, int], unit: float
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Maps that reflect each unknown pixel at the nearest known one left, right, above, below.

    Args:
        known: small ``(h, w)`` mask.
        shape: ``(height, width)`` of the maps wanted.
        unit: one face unit in pixels of the maps.

    Yields:
        x, y: ``(H, W)`` where to look, for ``cv2.remap``.
        share: ``(H, W)`` how much that counts, where colours spread from afar count 1.
    """
    height, width = shape
    step = width / known.shape[1], height / known.shape[0]
    solid = known >= SOLID
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    for axis, sign in ((1, -1), (1, 1), (0, -1), (0, 1)):
        depth, found = _depth(solid, axis, sign)
        # A wobbling axis would make waves of straight lines: smoothed across the direction of view.
        window = (1, 3) if axis == 1 else (3, 1)
        share = cv2.blur(found, window)
        depth = cv2.blur(depth * found, window) / np.maximum(share, 1e-3) * np.float32(step[1 - axis])
        share = found * (REACH * unit / (depth + NEAR * unit)) ** 2 * np.exp(-((depth / (REACH * unit)) ** 2))
        turn = cv2.resize(2 * sign * depth, (width, height), interpolation=cv2.INTER_LINEAR)
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
        yield (x + turn, y, share) if axis == 1 else (x, y + turn, share * np.float32(UPRIGHT))


def _bytes(values: Floats) -> Image:
    return values.round().clip(0, 255).astype(np.uint8)


def _depth(solid: NDArray[np.bool_], axis: int, sign: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels to the nearest solid one along an axis, before (-1) or after (1); and whether there is one."""
    ahead = solid if sign < 0 else np.flip(solid, axis)
    index = np.arange(solid.shape[axis], dtype=np.float32)
    index = index[None, :] if axis == 1 else index[:, None]
    last = np.maximum.accumulate(np.where(ahead, index, -1), axis)
    depth, found = np.where(last >= 0, index - last, 0), last >= 0
    if sign > 0:
        depth, found = np.flip(depth, axis), np.flip(found, axis)
    return np.ascontiguousarray(depth, np.float32), np.ascontiguousarray(found, np.float32)
