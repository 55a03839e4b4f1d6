"""A picture of every part of a kit, each on a plain person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.character.schema import Character
from photo2moe.errors import KitError
from photo2moe.kit.loader import KINDS, Kit
from photo2moe.pen.portrait import draw_scene
from photo2moe.pen.raster import raster

TILE = 224  # pixels: side of one part's picture
CAPTION = 24  # pixels below it
COLUMNS = 8
PAPER = (238, 242, 248)

# The field that chooses a part of a kind, and what else the person must be for it to be seen.
FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "eyes": ("eyes.shape", {}),
    "brows": ("brows.shape", {}),
    "nose": ("nose.shape", {}),
    "mouth": ("expression.mouth", {}),
    "marks": ("skin.marks", {}),
    "beard": ("beard.kind", {"person.look": "m", "hair.length": "short"}),
    "glasses": ("glasses.kind", {}),
    "headwear": ("headwear.kind", {}),
    "mask": ("mask.kind", {}),
    "earrings": ("earrings.kind", {"hair.tied": "bun"}),
    "headphones": ("headphones.kind", {}),
    "clothes": ("clothes.kind", {}),
    "pattern": ("clothes.pattern", {}),
    "front": ("hair.front", {"hair.length": "shoulder"}),
    "crop": ("hair.front", {"hair.length": "short", "person.look": "m"}),
    "tied": ("hair.tied", {"hair.length": "long"}),
    "texture": ("hair.texture", {"hair.length": "shoulder"}),
}


def gallery(kit: Kit, kinds: Sequence[str] = ()) -> NDArray[np.uint8]:
    """Draw every part of a kit that a field of a character chooses.

    Args:
        kit: the parts.
        kinds: only these; all without any.

    Returns:
        ``(H, W, 3)`` uint8 RGB, eight tiles wide, the kind and the name under each.

    Raises:
        KitError: an unknown kind, or a part that cannot be drawn.
    """
    if unknown := set(kinds) - set(KINDS):
        raise KitError(f"unknown kind {min(unknown)!r}; kinds are {', '.join(KINDS)}")
    tiles = [
        _tile(kit, kind, name)
        for kind, (path, _) in FIELDS.items()
        if (not kinds or kind in kinds) and path
        for name in kit.names(kind)
    ]
    blank = np.full((TILE + CAPTION, TILE, 3), 255, np.uint8)
    tiles += [blank] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


def _tile(kit: Kit, kind: str, name: str) -> NDArray[np.uint8]:
    path, others = FIELDS[kind]
    plain = {"person.look": "f", "hair.length": "shoulder", "hair.front": "swept_l", **others}
    who = Character().replace(**{**plain, path: (name,) if kind == "marks" else name})
    picture = raster(draw_scene(who, kit), TILE, background=PAPER)[..., :3]
    caption = np.full((CAPTION, TILE, 3), 255, np.uint8)
    cv2.putText(caption, f"{kind} {name}", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 50, 60), 1, cv2.LINE_AA)
    return np.vstack([picture, caption])
