"""What the parts of a face may ask about a person, and the materials that only a face has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.pen.palette import SkinTones, Tones, hair, iris, mix, parse, to_oklab, tone
from photo2moe.pen.parts import Materials
from photo2moe.pen.proportions import years_of
from photo2moe.pen.scene import Colour, clip

BEARDED = 0.35  # share of a frown that is believed of a mouth amid a beard
GLOWING = (1.35, 8.0)  # chroma, and degrees of hue, by which the lit lower part of an iris is livelier
POUTING = 0.45  # the same of small children, whose mouths fall so at rest
BROW_DARK = (58, 38, 40)  # what brows are darkened with
BROW_STEP = 0.3  # Oklab lightness by which they are at least darker than skin, before their own shading
TEENS = 13.0  # years from which on girls and boys count as women and men
LASHES = 55.0  # years from which on women's lashes are one stroke with the lid
SOFT_LASH = (30.0, 75.0), (0.0, 0.5)  # years, and share of skin's line in the colour of lashes
GREY_BROWS = (146, 142, 144)  # what brows are darkened with under grey hair
GREY_HAIR = (0.5, 0.03)  # Oklab lightness from which, and chroma up to which, hair is grey
LIPSTICK = (196, 44, 74)  # what lips are mixed with that wear some
PAINTED = 0.18  # share of that in lips whose colour was measured
ROSY = 0.35  # share of blush in lips of a measured colour, which a photo shows greyer than they are


def words_of(who: Character) -> tuple[str, ...]:
    """What parts may ask for.

    That is age, look, marks, and ``woman``, ``man`` from their teens on, ``girl``, ``boy`` before (``u`` if undecided),
    ``lashes`` of women whose lashes are drawn one by one, ``full`` for full lips (``full_man`` of men and boys).
    """
    age, look = who.person.age, who.person.look
    years = years_of(who)
    young = years < TEENS
    kind = {"f": ("woman", "girl"), "m": ("man", "boy")}.get(look, ("u", "boy"))[young]
    words = [age, look, kind, *who.skin.marks]
    if kind == "woman" and (years < LASHES or "makeup" in who.skin.marks):
        words.append("lashes")
    if who.mouth.fullness > 0.35:
        words.append("full_man" if kind in ("man", "boy") else "full")
    return tuple(words)


def face_materials(who: Character, materials: Materials) -> Materials:
    """Materials with those that only a face has: lashes that turn to skin at their ends, lips that wear colour."""
    stuff = dict(materials)
    skin, lash, lip = (stuff[name] for name in ("skin", "lash", "lip"))
    eye = iris(parse(who.eyes.colour))
    stuff["iris"] = replace(
        eye, light=tone(mix(eye.light, eye.shine, 0.35), 1.0, *GLOWING), shine=tone(eye.shine, 1.10, *GLOWING)
    )
    stuff["brow"] = hair(brow_colour(who))
    if isinstance(skin, SkinTones) and isinstance(lash, Tones) and isinstance(lip, Tones):
        own = mix(lash.base, skin.line, float(np.interp(years_of(who), *SOFT_LASH)))
        stuff["lash"] = replace(lash, base=own, light=mix(own, skin.line, 0.55))
        red = lip.base
        if who.mouth.colour:
            red = mix(mix(lip.base, skin.blush, ROSY), LIPSTICK, PAINTED)
        elif "lipstick" in who.skin.marks:
            red = mix(lip.base, LIPSTICK, 0.6)
        stuff["lip"] = replace(lip, base=red, shade=mix(red, skin.line, 0.3))
    return stuff


def brow_colour(who: Character) -> Colour:
    """The colour of brows: between that measured and the hair's, grey with it, and never near the skin's."""
    hair_colour = parse(who.hair.colour)
    light, red, yellow = to_oklab(hair_colour).tolist()
    grey = light > GREY_HAIR[0] and float(np.hypot(red, yellow)) < GREY_HAIR[1]
    dark = GREY_BROWS if grey else BROW_DARK
    colour = mix(hair_colour, dark, 0.45)
    if who.brows.colour:
        colour = mix(colour, parse(who.brows.colour), 0.5)
    step = BROW_STEP / 2 if grey else BROW_STEP
    near = float(to_oklab(colour)[0] - to_oklab(parse(who.skin.colour))[0]) + step
    return mix(colour, dark, float(clip(near / 0.35, 0, 0.8))) if near > 0 else colour


def sourness(who: Character) -> float:
    """How far the corners of the mouth go down, 0 to 1; beards and small children's pouts are no scowl."""
    share = BEARDED if who.beard.kind not in ("none", "stubble", "stubble_light") else 1.0
    return max(-who.expression.smile, 0.0) * (POUTING if years_of(who) < TEENS else share)
