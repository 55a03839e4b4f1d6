"""Photos beside their avatars on one picture, since no figure replaces a look."""

from __future__ import annotations

import cv2
import numpy as np

from photo2moe.evaluation.pairs import Pair
from photo2moe.types import Image

COLUMNS = 6  # pairs in a row
MOST = 120  # pairs on a sheet; more would not be looked at
STRIP = 14  # height of the strip under a pair, pixels
FOUND, MISSED = (40, 160, 90), (205, 60, 60)


def sheet(pairs: list[Pair], anime_faces: list[bool], anime: list[Image]) -> Image:
    """Lay pairs out in rows, and a row of real anime faces below.

    Under each pair stand its number, a bar (green: an anime face was recognised, red:
    none), and the colours asked for, skin and hair.

    Args:
        pairs: people; of more than 120 an even choice is shown.
        anime_faces: whether an anime face was recognised in each avatar.
        anime: ``(S, S, 3)`` real anime faces, possibly none.

    Returns:
        ``(H, W, 3)``.
    """
    chosen = np.unique(np.linspace(0, len(pairs) - 1, min(MOST, len(pairs))).astype(int))
    tiles = [_tile(pairs[i], i + 1, anime_faces[i]) for i in chosen]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    if anime:
        shown = anime[: 2 * COLUMNS]
        shown += [np.full_like(shown[0], 255)] * (2 * COLUMNS - len(shown))
        rows.append(np.hstack(shown))
    return np.vstack(rows)


def _tile(pair: Pair, number: int, found: bool) -> Image:
    size = pair.photo.image.shape[0]
    strip = np.full((STRIP, 2 * size, 3), 255, np.uint8)
    strip[2:-2, size : size + size // 2] = FOUND if found else MISSED
    strip[2:-2, size + size // 2 : size + 3 * size // 4] = pair.wanted.skin
    strip[2:-2, size + 3 * size // 4 :] = pair.wanted.hair
    cv2.putText(strip, str(number), (2, STRIP - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (60, 60, 60), 1, cv2.LINE_AA)
    return np.vstack([np.hstack([pair.photo.image, pair.avatar.image]), strip])
