"""Curly, coily, braided and locked hair: which way of drawing it takes."""

from __future__ import annotations

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen import braids, cloud, curly, gathered, long
from photo2moe.pen.head import Head
from photo2moe.pen.locks import Locks
from photo2moe.pen.palette import Tones

KEYS = {
    "height",
    "length",
    "depth",
    "marks",
    "sizes",
    "tied",
    "curl",
    "width",
    "lift",
    "rows",
    "ends",
    "begin",
    "plaited",
}


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Hair that is not straight or wavy, loose.

    Raises:
        KitError: the kit lacks the texture, or it is broken.
    """
    _check(kit.get("texture", who.hair.texture))
    if who.hair.texture == "coily":
        return cloud.draw_hair(who, head, kit, tones)
    if who.hair.texture in ("braids", "locs"):
        return braids.draw_hair(who, head, kit, tones)
    close = who.hair.length == "short" or (who.hair.length == "ear" and who.person.look == "m")
    return (curly if close else long).draw_hair(who, head, kit, tones)


def draw_tied(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """The same, tied.

    Raises:
        KitError: the kit lacks the texture or the way of tying, or a part is broken.
    """
    _check(kit.get("texture", who.hair.texture))
    return gathered.draw_hair(who, head, kit, tones)


def _check(part: Part) -> None:
    """Refuse a texture with keys that nothing reads.

    Raises:
        KitError: there are some.
    """
    unknown = sorted(set(part.data) - KEYS)
    if unknown:
        raise part.fault(f"unknown keys {', '.join(unknown)}; known are {', '.join(sorted(KEYS))}")
