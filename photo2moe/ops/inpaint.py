"""Paint what is not there: behind a removed person, and under a figure's soft edge.

Nothing here is random: the same picture gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.tensors import thrice
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
# Around the matte, face units: hair thinner than the matte sees, and the light it throws.
DILATION, SOFT_RIM = 0.16, 0.05
# Usual half axes of a head with its hair, the least and the largest (as a multiple of
# the usual), and how far beyond its outline a mask of it fades, in face units.
HEAD, SMALLEST_HEAD, LARGEST_HEAD, BEYOND = (1.5, 1.95), 1.0, 1.4, (0.1, 0.3)
RAYS = 128  # directions looked at, and steps along each
TURNS = 2 * np.pi * np.arange(RAYS) / RAYS
GAMMA = 2.2  # of the display, near enough
# Alpha below which a drawn figure's colours are not its own, and where they surely are.
# The net's colours and its alpha disagree by up to a pixel, so unmixing white by
# alpha leaves bright specks; growing the inside outwards does not.
OWN_COLOUR = (0.9, 1.0)
SPECK = 0.02  # of the figure's area


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
    if not weight.any():
        return np.broadcast_to(values.mean((0, 1)), values.shape).astype(np.float32)
    height, width = weight.shape
    held, free = weight[..., None], 1 - weight[..., None]
    pinned = values * held
    if max(height, width) <= 2 or float(weight.min()) > 0.999:
        mean = pinned.sum((0, 1)) / max(float(weight.sum()), 1e-6)
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
    if float(coarse.max()) < 0.02:  # nothing to go by but the colours of what must go
        return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, REACH * unit)), np.uint8)
    held = cv2.resize(_mix(np.zeros_like(image), image, known), size, interpolation=cv2.INTER_AREA)
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
    return _mix(_mix(soft, sharp, np.minimum(1, 3 * rim)), image, known)


def remove(view: Image, inside: Mask, person: Mask, unit: float) -> tuple[Image, Mask]:
    """Paint a person over, and what the view shows beyond the photo's edge.

    Args:
        view: ``(H, W, 3)`` uint8.
        inside: ``(H, W)`` mask of what the photo really shows.
        person: ``(H, W)`` mask of who must go.
        unit: one face unit in pixels of the view.

    Returns:
        ``(H, W, 3)`` uint8 the view without the person, and ``(H, W)`` where it was painted.
    """
    reach = 2 * round(DILATION * unit) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    wide = cv2.dilate(_bytes(255 * person), disc).astype(np.float32) / 255  # in bytes, which is four times faster
    wide = cv2.GaussianBlur(wide, (0, 0), max(0.3, SOFT_RIM * unit))
    # The photo's outermost pixels are part of its frame, as scanners and codecs leave it.
    inside = cv2.erode(inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    known = np.asarray(inside * np.clip(1 - 1.6 * wide, 0, 1), np.float32)
    return fill(view, known, unit), 1 - known


def head_outline(person: Mask, centre: tuple[float, float], unit: float) -> Mask:
    """Tell one head from what the mask of people has beside it.

    Seen from its centre, a head ends where the mask first ends. In directions in which
    the mask goes on, as in a crowd, it ends where heads usually do.

    Args:
        person: ``(H, W)`` mask of people.
        centre: ``(x, y)`` middle of the head, pixels.
        unit: one face unit in pixels, not foreshortened.

    Returns:
        ``(H, W)`` mask: 1 inside of the outline and somewhat beyond, 0 outside.
    """
    usual = HEAD[0] * HEAD[1] / np.hypot(HEAD[1] * np.cos(TURNS), HEAD[0] * np.sin(TURNS))
    reach = float(usual.max() * LARGEST_HEAD + BEYOND[1])
    around = cv2.warpPolar(person, (RAYS, RAYS), centre, reach * unit, cv2.INTER_LINEAR)
    radii = (np.arange(RAYS) + 0.5) / RAYS * reach
    ends = (around < 0.5) & (radii > SMALLEST_HEAD)
    end = np.where(ends.any(1), radii[ends.argmax(1)], np.inf)
    end = np.where(end <= usual * LARGEST_HEAD, end, usual)
    end = np.convolve(np.concatenate([end[-4:], end, end[:4]]), np.full(9, 1 / 9), "valid")[:, None]
    zone = np.clip((end + BEYOND[1] - radii) / (BEYOND[1] - BEYOND[0]), 0, 1).astype(np.float32)
    flags = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP + cv2.WARP_FILL_OUTLIERS
    return np.asarray(cv2.warpPolar(zone, person.shape[::-1], centre, reach * unit, flags), np.float32)


def defocus(image: Image, sigma: float) -> Image:
    """Blur as a lens does: light is averaged, not grey levels, so bright spots stay bright."""
    light = cv2.GaussianBlur((image / np.float32(255)) ** GAMMA, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return _bytes(255 * light ** (1 / GAMMA))


def straighten(rgba: NDArray[np.uint8], solid: Mask | None = None) -> NDArray[np.uint8]:
    """Turn a figure that lies on white into one with its own colours up to its edge.

    Colours under a partly or wholly transparent pixel are continued from inside; so no
    white shows at the edge before whatever background. Specks that float beside the
    figure go. Straight alpha comes back (almost) as it was.

    Args:
        rgba: ``(H, W, 4)`` uint8, RGB as it lies on white.
        solid: ``(H, W)`` mask of where the figure can have no holes; they are filled with
            the colours around them.

    Returns:
        ``(H, W, 4)`` uint8, straight alpha.
    """
    image, alpha = rgba[..., :3], rgba[..., 3]
    _, labels, facts, _ = cv2.connectedComponentsWithStats((alpha > 25).astype(np.uint8))
    areas = facts[1:, cv2.CC_STAT_AREA]
    specks = 1 + np.flatnonzero(areas < SPECK * areas.max(initial=0))
    alpha = np.where(np.isin(labels, specks), 0, alpha).astype(np.uint8)
    low, high = OWN_COLOUR
    own = np.clip((alpha.astype(np.float32) / 255 - low) / (high - low), 0, 1)
    if solid is not None:
        alpha = np.maximum(alpha, _bytes(255 * solid))
    # Half as fine, since what is spread is smooth.
    size = (image.shape[1] + 1) // 2, (image.shape[0] + 1) // 2
    coarse = cv2.resize(own, size, interpolation=cv2.INTER_AREA)
    known = cv2.resize(image * thrice(own), size, interpolation=cv2.INTER_AREA) / np.maximum(coarse, 1e-6)[..., None]
    rest = cv2.resize(spread(known, np.minimum(1, 2 * coarse)), own.shape[::-1], interpolation=cv2.INTER_LINEAR)
    straight = np.empty_like(rgba)
    straight[..., :3], straight[..., 3] = _mix(_bytes(rest), np.ascontiguousarray(image), own), alpha
    return straight


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
        window = (1, 5) if axis == 1 else (5, 1)
        share = cv2.blur(found, window)
        depth = cv2.blur(depth * found, window) / np.maximum(share, 1e-3) * np.float32(step[1 - axis])
        share = found * (REACH * unit / (depth + NEAR * unit)) ** 2 * np.exp(-((depth / (REACH * unit)) ** 2))
        turn = cv2.resize(2 * sign * depth, (width, height), interpolation=cv2.INTER_LINEAR)
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
        yield (x + turn, y, share) if axis == 1 else (x, y + turn, share * np.float32(UPRIGHT))


def _mix(below: Image, above: Image, alpha: Mask) -> Image:
    return np.asarray(cv2.blendLinear(above, below, alpha, 1 - alpha), np.uint8)


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
