"""Which parts of the kit a person gets: the closer words of the looks net as changes of a character."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photo2moe.character.labels import CURLS, CUTS, FRONTS

BALD, SHAVED = ("bald_clean", "balding"), ("shaved_even", "shaved_receding", "buzz")
TEXTURES = {
    "afro_short": "coily",
    "afro": "coily",
    "curls_short": "curly",
    "dreads_short": "locs",
    "cornrows": "braids",
}
CURLED = ("curly", "coily", "braids", "locs")  # textures that straight cuts do not have
SHORT = ("bald", "shaved", "short")  # lengths of hair that has no front of longer hair
PARTED = ("side", "back_parted")  # fronts that the kit has once for a parting on each side
SWEPT = ("swept", "swept_open", "back_swept")  # and those that it has once for each way in which hair falls
MIRRORED = "_r"  # after the name of a cut that is drawn the other way round; the kit's fall to the right


def part_words(words: Mapping[str, str], *, right: bool) -> dict[str, Any]:
    """Fields of a character that name parts of the kit.

    Args:
        words: of the fields :data:`photo2moe.character.labels.PARTS`, ``hair_length`` and ``hair_texture``.
        right: whether hair that falls to one side falls to the right of the picture, from a parting on the left.
    """
    tie = words["tie"]
    return {
        **_hair(words["cut"], words["hair_length"], words["hair_texture"], right=right),
        "hair.tied": "loose" if tie == "none" or words["cut"] in (*CUTS, *CURLS) else tie,
        "beard.kind": words["beard"],
        "headwear.kind": words["hat"],
        "clothes.kind": words["garment"],
    }


def _hair(cut: str, length: str, texture: str, *, right: bool) -> dict[str, Any]:
    if cut in CURLS:
        return {
            "hair.front": "back",
            "hair.length": "ear" if cut == "afro" else "short",
            "hair.texture": TEXTURES[cut],
        }
    if cut in CUTS:
        length = "bald" if cut in BALD else "shaved" if cut in SHAVED else "short"
        texture = "wavy" if texture in CURLED else texture
        return {"hair.front": cut + MIRRORED * (not right), "hair.length": length, "hair.texture": texture}
    if cut in FRONTS:
        length = "ear" if length in SHORT else length
        return {"hair.front": cut + _side(cut, right=right), "hair.length": length, "hair.texture": texture}
    return {}


def _side(front: str, *, right: bool) -> str:
    """What the kit adds to the name of a front that it has for both sides."""
    if front == "asymmetric":
        return "_r" if right else ""
    return "" if front not in (*PARTED, *SWEPT) else "_r" if right == (front in SWEPT) else "_l"
