"""The visible mark: a small badge in the corner that says that a picture is made by AI.

It is drawn from shapes, not set in a font: it looks the same on every machine, and at
every size.
"""

from __future__ import annotations

import numpy as np
import PIL.Image
import PIL.ImageDraw
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

SHARE = 1 / 18  # of the picture's shorter side: the height of the badge
SMALLEST = 13  # pixels; below, nobody can read it
MARGIN = 0.4  # between badge and corner, in heights of the badge, as everything below
WIDTH = 1.375
PLATE, INK = (22, 22, 28), (255, 255, 255)
COVER = 0.78  # opacity of the plate: the drawing shines through, and letters are legible on any
FINE = 8  # shapes are drawn so many times as large, and averaged
# Letters on a plate of height 1: A is a triangle less its counter and its foot; I is a bar.
TOP, FOOT = 0.24, 0.76
A = ((0.30, FOOT), (0.505, TOP), (0.635, TOP), (0.84, FOOT), (0.705, FOOT), (0.57, 0.40), (0.435, FOOT))
BAR = ((0.44, 0.565), (0.70, 0.655))
I = ((0.95, TOP), (1.075, FOOT))  # noqa: E741 - the letter


def stamp(picture: Picture) -> Picture:
    """Draw the badge into the lower right corner.

    Args:
        picture: ``(H, W, 3)``, or ``(H, W, 4)`` with straight alpha; it is not changed.

    Returns:
        The same kind of picture. Where it was transparent, the badge is as opaque as on white.

    >>> stamp(np.zeros((64, 64, 3), np.uint8)).max()
    255
    """
    height, width = picture.shape[:2]
    side = max(SMALLEST, round(SHARE * min(height, width)))
    plate, ink = _masks(side)
    gap = round(MARGIN * side)
    # Of a picture smaller than the badge, what fits of it.
    plate, ink = (
        plate[: max(0, height - gap), : max(0, width - gap)],
        ink[: max(0, height - gap), : max(0, width - gap)],
    )
    below, across = height - gap - plate.shape[0], width - gap - plate.shape[1]
    result = picture.copy()
    corner = result[below : below + plate.shape[0], across : across + plate.shape[1]]
    for mask, colour in ((COVER * plate, PLATE), (ink, INK)):
        _over(corner, mask, colour)
    return result


def _masks(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage of plate and letters, ``(side, 1.4 side)`` in ``[0, 1]``."""
    scale, size = side * FINE, (round(WIDTH * side) * FINE, side * FINE)
    masks = []
    for number in range(2):
        canvas = PIL.Image.new("L", size)
        pen = PIL.ImageDraw.Draw(canvas)
        if number == 0:
            pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 0.3 * scale, fill=255)
        else:
            pen.polygon([(x * scale, y * scale) for x, y in A], fill=255)
            for (x0, y0), (x1, y1) in ((BAR[0], BAR[1]), I):
                pen.rectangle((x0 * scale, y0 * scale, x1 * scale, y1 * scale), fill=255)
        fine = np.asarray(canvas, np.float64) / 255
        masks.append(fine.reshape(side, FINE, -1, FINE).mean((1, 3)))
    return masks[0], masks[1]


def _over(corner: Picture, mask: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    """Lay a colour over a picture, in place, where the mask says so."""
    mask = mask[..., None]
    under = corner[..., 3:].astype(np.float64) / 255 if corner.shape[2] == 4 else np.ones_like(mask)
    alpha = mask + under * (1 - mask)
    mixed = mask * colour + corner[..., :3] * under * (1 - mask)
    seen = np.maximum(alpha, 1e-9)
    corner[..., :3] = np.where(alpha > 0, mixed / seen, corner[..., :3]).round()
    if corner.shape[2] == 4:
        corner[..., 3:] = (255 * alpha).round()
