"""Hair of a character: which way of drawing it takes, by length, texture and how it is tied."""

from __future__ import annotations

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit
from photo2moe.pen import long, short, textured, tied
from photo2moe.pen.head import Head
from photo2moe.pen.locks import Locks
from photo2moe.pen.palette import hair as tones_of
from photo2moe.pen.palette import parse

SHORT = ("bald", "shaved", "short", "hidden")
ROPES = ("coily", "braids", "locs")  # textures that are tied in ways of their own
TEXTURED = ("curly", "coily", "braids", "locs")
COVERING = ("headscarf", "turban", "headwrap", "ghutra")  # headwear under which no hair is seen


def draw_hair(who: Character, head: Head, kit: Kit) -> Locks:
    """The hair of a head.

    Raises:
        KitError: the kit lacks a part that the character names.
    """
    tones = tones_of(parse(who.hair.colour))
    if who.headwear.kind in COVERING or (who.hair.length == "hidden" and who.headwear.kind != "none"):
        return Locks(top=head.size.skull[0] - head.size.skull[2])
    if who.hair.length in ("bald", "shaved"):
        return short.draw_hair(who, head, kit, tones)
    if who.hair.texture in TEXTURED and who.hair.tied == "loose":
        return textured.draw_hair(who, head, kit, tones)
    if who.hair.texture in ROPES and who.hair.tied != "loose":
        return textured.draw_tied(who, head, kit, tones)
    if who.hair.tied != "loose":
        return tied.draw_hair(who, head, kit, tones)
    if who.hair.length in SHORT:
        return short.draw_hair(who, head, kit, tones)
    return long.draw_hair(who, head, kit, tones)
