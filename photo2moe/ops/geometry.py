"""Where things are: the template, the chibi warp, and maps between pictures.

A small net cannot learn to move a mouth. So the geometry is done here, with
landmarks, and the net is left with line and colour (the split of CariGANs, Cao
et al. 2018, and WarpGAN, Shi et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.types import CHIN, LIPS, Face, Image, Mask, Matrix, Points

# Vertical knots: v in the avatar -> v in the photo. The medians of 3,396 selfies
# (mouth 1.11, chin 1.70) land on those of 3,222 anime faces (0.72, 1.05); "mouth"
# and "chin" stand for this face's own v, so that everyone gets there.
# The forehead shrinks most and the hair above it grows, since drawn hair begins right above the brows.
AVATAR_MOUTH, AVATAR_CHIN = 0.74, 1.10
# Drawn men have longer faces and heavier jaws: added to v of mouth and chin, and share of the jaw's narrowing left.
MAN_LONGER, MAN_JAW = (0.04, 0.11), 0.72
# Horizontal knots: |u| in the avatar -> |u| in the photo. Cheeks come in, temples more.
AVATAR_U = (0.0, 0.5, 0.85, 1.15, 1.8, 6.0)
PHOTO_U = (0.0, 0.5, 0.98, 1.34, 2.05, 6.3)
# Crown, jaw and neck: v in the avatar -> how much narrower than at the eyes. The crown is wider, since hair
# that only grew upwards would make it pointed. Of the jaw, half-widths measured at
# v 0.4, 0.6, 0.8, 1.0: drawn faces 0.71, 0.64, 0.49, 0.35, photos without this 0.95, 0.91,
# 0.80, 0.52. Three quarters of the way, so that a broad face stays broader than a slim one.
JAW_V = (-6.0, -1.5, -1.1, -0.8, -0.45, -0.2, -0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.3, 6.0)
JAW = (0.8, 0.76, 0.80, 0.89, 0.97, 1.0, 1.0, 1.06, 1.18, 1.30, 1.42, 1.45, 1.40, 1.20, 1.0, 1.0)
# It fades sidewards, where there is hair: |u| -> what is added to |u| for each 1.0 of narrowing.
JAW_U, JAW_REACH = (0.0, 0.8, 1.9, 6.0), (0.0, 0.8, 0.0, 0.0)
# Bulges (u, v, radius u, radius v, gain): the eyes grow, the mouth shrinks.
BULGES = ((-0.5, 0.0, 0.46, 0.50, 0.40), (0.5, 0.0, 0.46, 0.50, 0.40), (0.0, 0.74, 0.60, 0.35, -0.55))
COARSE = 4  # pixels between those that to_template looks at first
# A wide-open mouth or a tilted head must not fold the map over itself.
MOUTH_RANGE, CHIN_RANGE, CHIN_GAP = (0.75, 1.5), (1.25, 2.3), 0.3


@dataclass(frozen=True, slots=True)
class Template:
    """Where the eyes lie in the square that the net draws.

    Attributes:
        eye_distance: distance between the eye centres, as a share of the side.
        eye_line: height of the eye line, as a share of the side.

    The defaults show hair tops and the beginning of the shoulders: u from -1.79
    to 1.79, v from -1.64 to 1.93.
    """

    eye_distance: float = 0.28
    eye_line: float = 0.46

    def to_pixels(self, size: int) -> Matrix:
        """Matrix ``(2, 3)`` from face units to the pixels of a square of that size."""
        scale = self.eye_distance * size
        return np.array([[scale, 0, 0.5 * size - 0.5], [0, scale, self.eye_line * size - 0.5]])

    def grid(self, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Face units ``u``, ``v`` of every pixel of the square, ``(size, size)`` each, read-only."""
        return _grid(self, size)


@lru_cache(maxsize=16)
def _grid(template: Template, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scale = template.eye_distance * size
    u = (np.arange(size) + 0.5 - 0.5 * size) / scale
    v = (np.arange(size) + 0.5 - template.eye_line * size) / scale
    return _shared(*np.meshgrid(u, v))


def _shared(*arrays: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two arrays that many callers keep, so that none of them may change them."""
    for array in arrays:
        array.setflags(write=False)
    return arrays[0], arrays[1]


def polygon(outline: Points, template: Template, size: int) -> Mask:
    """A polygon ``(N, 2)`` in face units as a mask ``(size, size)`` with smooth edges."""
    points = apply(template.to_pixels(size), outline)
    canvas = np.zeros((size, size), np.uint8)
    cv2.fillPoly(canvas, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255


def apply(matrix: Matrix, points: Points) -> Points:
    """Map points ``(N, 2)`` by an affine ``(2, 3)``.

    Written out: a product of matrices would wake the threads of a BLAS, which then spin for milliseconds.
    """
    x, y = points[:, 0], points[:, 1]
    (a, b, c), (d, e, f) = matrix
    return np.stack([a * x + b * y + c, d * x + e * y + f], 1)


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The affine ``(2, 3)`` that applies ``inner`` first, then ``outer``."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.hstack([linear, outer[:, :2] @ inner[:, 2:] + outer[:, 2:]])


def invert(matrix: Matrix) -> Matrix:
    """The inverse affine ``(2, 3)``.

    Raises:
        ValueError: the matrix is singular.
    """
    determinant = float(np.linalg.det(matrix[:, :2]))
    if not np.isfinite(determinant) or abs(determinant) < 1e-12:
        raise ValueError("matrix is singular")
    inverse = np.linalg.inv(matrix[:, :2])
    return np.hstack([inverse, -inverse @ matrix[:, 2:]])


def chibi_map(
    face: Face, template: Template, size: int, strength: float = 1.0, masculine: float = 0.0
) -> NDArray[np.float32]:
    """Where in the photo each pixel of the chibi square comes from.

    Args:
        face: a face with its mesh, photo pixels.
        template: where the eyes shall lie.
        size: side of the square in pixels.
        strength: 0 keeps the person's own proportions, 1 gives anime proportions.
        masculine: 0 the proportions of drawn women and children … 1 those of drawn men.

    Returns:
        ``(size, size, 2)`` float32 photo coordinates ``(x, y)``, for ``cv2.remap``.

    Raises:
        ValueError: the eye centres coincide, or strength is outside 0…1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in 0…1, not {strength}")
    if not face.eye_distance > 0:
        raise ValueError("the eye centres coincide")
    u, v = template.grid(size)
    warped_u, warped_v = _chibi(template, size, *_mouth_and_chin(face), masculine)
    u, v = u + strength * (warped_u - u), v + strength * (warped_v - v)
    to_photo = invert(face.to_units())
    flat = np.stack([u.ravel(), v.ravel()], 1)
    return apply(to_photo, flat).reshape(size, size, 2).astype(np.float32)


def cut(photo: NDArray[np.uint8], source: NDArray[np.float32]) -> Image:
    """Sample the photo along a map; outside the photo its edge is repeated.

    Where the map shrinks the photo by more than 1.5, it is first shrunk with area
    averaging, so that hair does not alias into dots that the net would draw.
    """
    step = float(np.median(np.hypot(*np.moveaxis(np.diff(source[::4, ::4], axis=1), 2, 0)))) / 4
    if step > 1.5:
        lo = np.floor(source.min((0, 1))).astype(int) - 4
        hi = np.ceil(source.max((0, 1))).astype(int) + 5
        lo, hi = np.maximum(lo, 0), np.minimum(hi, photo.shape[1::-1])
        lo = np.minimum(lo, hi - 1)
        region = photo[lo[1] : hi[1], lo[0] : hi[0]]
        width, height = (max(1, round(n / step)) for n in region.shape[1::-1])
        photo = cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA)
        ratio = np.array([width / region.shape[1], height / region.shape[0]])
        source = ((source - lo + 0.5) * ratio - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(photo, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def cut_mask(mask: Mask, source: NDArray[np.float32]) -> Mask:
    """Sample a mask along a map; its edge is repeated outside."""
    return np.asarray(cv2.remap(mask, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def to_template(points: Points, source: NDArray[np.float32], template: Template) -> Points:
    """Where a map took points of the photo: the inverse of sampling along it.

    The nearest pixel of every fourth one first, then the nearest around it, then a fraction
    of a pixel by the local step of the map.

    Args:
        points: ``(N, 2)`` photo pixels.
        source: ``(S, S, 2)``, the photo pixel that each pixel of the square shows.
        template: where the eyes lie in the square.

    Returns:
        ``(N, 2)`` face units; points that the square does not show come to its edge.
    """
    size = source.shape[0]
    u, v = template.grid(size)
    points, grid = np.asarray(points, np.float64), source.astype(np.float64)
    coarse = grid[::COARSE, ::COARSE]
    apart = ((points[:, None] - coarse.reshape(1, -1, 2)) ** 2).sum(2).argmin(1)
    y, x = (COARSE * i for i in np.divmod(apart, coarse.shape[1]))
    around = np.arange(-COARSE, COARSE + 1)
    rows = np.clip(y[:, None, None] + around[:, None], 0, size - 1)
    columns = np.clip(x[:, None, None] + around[None, :], 0, size - 1)
    nearest = ((grid[rows, columns] - points[:, None, None]) ** 2).sum(3).reshape(len(points), -1).argmin(1)
    dy, dx = np.divmod(nearest, len(around))
    y, x = np.clip(y + around[dy], 0, size - 1), np.clip(x + around[dx], 0, size - 1)
    right, below = np.minimum(x + 1, size - 1), np.minimum(y + 1, size - 1)
    left, above = np.maximum(x - 1, 0), np.maximum(y - 1, 0)
    along = (grid[y, right] - grid[y, left]) / (right - left)[:, None]
    down = (grid[below, x] - grid[above, x]) / (below - above)[:, None]
    rest = points - grid[y, x]
    area = along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0]
    area = np.where(np.abs(area) < 1e-9, np.inf, area)
    move_u = (rest[:, 0] * down[:, 1] - rest[:, 1] * down[:, 0]) / area
    move_v = (along[:, 0] * rest[:, 1] - along[:, 1] * rest[:, 0]) / area
    step = u[0, 1] - u[0, 0]
    moved = np.clip(np.stack([move_u, move_v], 1), -0.5, 0.5)
    return np.stack([u[y, x], v[y, x]], 1) + step * moved


def _mouth_and_chin(face: Face) -> tuple[float, float]:
    points = apply(face.to_units(), face.landmarks)
    mouth = float(np.clip(points[list(LIPS), 1].mean(), *MOUTH_RANGE))
    chin = float(np.clip(points[CHIN, 1], *CHIN_RANGE))
    return mouth, max(chin, mouth + CHIN_GAP)


def _chibi(
    template: Template, size: int, mouth: float, chin: float, masculine: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.interpolate import PchipInterpolator  # slow to load, and only the chibi warp needs it

    lower, longer = (masculine * more for more in MAN_LONGER)
    avatar_v = (-6.0, -1.35, -0.62, -0.50, -0.36, 0.0, 0.30, AVATAR_MOUTH + lower, AVATAR_CHIN + longer, 1.60, 6.0)
    photo_v = (-6.4, -1.75, -1.22, -1.0, -0.46, 0.0, 0.36, mouth, chin, chin + 0.6, chin + 5.5)
    across, v = _everyones(template, size, masculine)
    return across, PchipInterpolator(avatar_v, photo_v)(v)


@lru_cache(maxsize=16)
def _everyones(template: Template, size: int, masculine: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is the same in all such faces: ``u`` in the photo, and ``v`` in the avatar after the bulges."""
    from scipy.interpolate import PchipInterpolator

    u, v = template.grid(size)
    for centre_u, centre_v, radius_u, radius_v, gain in BULGES:
        du, dv = u - centre_u, v - centre_v
        s = np.clip(1 - np.hypot(du / radius_u, dv / radius_v), 0, 1)
        weight = gain * s * s * (3 - 2 * s)
        u, v = u - du * weight, v - dv * weight
    outwards = np.abs(u)
    jaw = PchipInterpolator(JAW_V, JAW)(v) - 1
    jaw *= np.where(jaw > 0, 1 - (1 - MAN_JAW) * masculine, 1)  # the crown is everybody's
    narrower = jaw * PchipInterpolator(JAW_U, JAW_REACH)(outwards)
    return _shared(np.sign(u) * (PchipInterpolator(AVATAR_U, PHOTO_U)(outwards) + narrower), v)
