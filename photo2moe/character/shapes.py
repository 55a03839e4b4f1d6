"""Words for the shapes of eyes, brows and nose that fit a person's numbers; all are names of parts of the kit."""

from __future__ import annotations

from photo2moe.character.schema import Character

# Numbers of a Character from which on a feature is called by its own word; about one person in four has each.
MARKED = 0.45
SLIGHT = 0.15
NARROW = -0.55  # height from which eyes are narrow
SQUINTING = (0.16, 0.8)  # openness of both eyes, between which they squint
MONOLID = (0.4, 0.2, 0.3)  # slant of eyes and height of level brows from which, and size to which, lids have no crease
UPTURNED = 0.75  # slant from which eyes are upturned: a lesser one is drawn as a tilt, which looks less stern
ANGLED = 0.6  # slant from which brows of men are drawn angled
SMILING = 0.35  # smile from which brows are not drawn angled: they would look angry
YOUNG = ("baby", "child")


def shape_words(who: Character) -> dict[str, str]:
    """Shapes that follow from what was measured.

    Args:
        who: with numbers of eyes, brows and nose.

    Returns:
        Changes for :meth:`photo2moe.character.schema.Character.replace`.
    """
    return {"eyes.shape": _eyes(who), "brows.shape": _brows(who), "nose.shape": _nose(who)}


def _eyes(who: Character) -> str:
    """Height counts before slant: narrow eyes are narrow whichever way they are tilted."""
    height, slant = who.eyes.height, who.eyes.slant
    if SQUINTING[0] < (who.expression.left + who.expression.right) / 2 < SQUINTING[1]:
        return "squint"
    if height < NARROW:
        return "narrow"
    level = who.brows.height > MONOLID[1] and who.brows.slant < 0
    if slant > MONOLID[0] and height < 0 and level and who.eyes.size < MONOLID[2]:
        return "monolid"
    if slant > UPTURNED:
        return "upturned"
    if slant < -MARKED:
        return "droopy"
    if height > SLIGHT or (who.person.age in YOUNG and height > -MARKED):
        return "round"
    return "almond"


def _brows(who: Character) -> str:
    thickness, slant = who.brows.thickness, who.brows.slant
    if thickness > (MARKED if who.person.look == "m" else 1.6 * MARKED):
        return "thick"
    if slant > MARKED and who.person.look == "f":
        return "arched"
    if slant > ANGLED and who.expression.smile < SMILING and who.expression.brows >= 0:
        return "angled"
    if slant < -MARKED:
        return "flat"
    if thickness < -MARKED:
        return "thin"
    return "soft" if who.person.look == "f" or who.person.age in YOUNG else "straight"


def _nose(who: Character) -> str:
    width, length = who.nose.width, who.nose.length
    if who.person.age in YOUNG:
        return "button" if width > MARKED else "dot"
    if width > MARKED:
        return "wide"
    if length > MARKED:
        return "strong" if who.person.look == "m" else "side"
    if width < -MARKED:
        return "line"
    return "button" if length < -MARKED else "dot"
