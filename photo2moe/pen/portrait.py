"""A character as a scene: which layers there are, in which order, and where the picture ends."""

from __future__ import annotations

import math

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit
from photo2moe.pen import body, face, hair, palette, worn
from photo2moe.pen.head import PIT, Head
from photo2moe.pen.palette import cloth, mix, parse, skin
from photo2moe.pen.parts import Materials
from photo2moe.pen.scene import Group, Layer, Path, Scene, settle

HEAD_SHARE = 0.63  # of the picture's height, from the top of the skull to the chin
AIR = 0.065  # of the picture's height, above any hair
CHEST = 0.19  # of the picture's height, the least below the chin
GROUND = 0.04  # of the picture's height, below the feet
# What lies before the hair behind the neck: throat and chest, (u, v) with v in heights of the chin.
THROAT = ((-0.62, 0.7), (0.62, 0.7), (0.8, 1.1), (1.3, 4.0), (-1.3, 4.0), (-0.8, 1.1))
BODY = ("clothes_behind", "clothes", "neck")  # layers that are no part of the head
STEEPEST = 24.0  # degrees that a head leans at most on shoulders that stand upright
WHITE = (255, 253, 252)
GREY_HAIR = (150, 146, 150)


def materials(who: Character) -> Materials:
    """Tones of everything that a character is made of, by the names that parts of a kit use."""
    s = skin(parse(who.skin.colour))
    locks = palette.hair(parse(who.hair.colour))
    brow = parse(who.brows.colour) if who.brows.colour else mix(parse(who.hair.colour), (60, 40, 44), 0.45)
    beard = parse(who.beard.colour or who.hair.colour)
    lip = parse(who.mouth.colour) if who.mouth.colour else mix(s.blush, s.base, 0.35)
    second = parse(who.clothes.second) if who.clothes.second else (246, 246, 250)
    lash = mix(locks.line, (44, 26, 40), 0.6)
    return {
        "skin": s,
        "blush": s.blush,
        "hair": locks,
        "brow": palette.hair(brow),
        "beard": palette.hair(beard),
        "iris": cloth(parse(who.eyes.colour)),
        "white": cloth(WHITE),
        "lash": cloth(lash),
        "lip": cloth(lip),
        "mouth": cloth((150, 62, 66)),
        "tongue": cloth((232, 124, 122)),
        "teeth": cloth((255, 253, 250)),
        "cloth": cloth(parse(who.clothes.colour)),
        "second": cloth(second),
        "frame": cloth(parse(who.glasses.colour)),
        "lens": cloth(parse(who.glasses.lens or "#e8f2fa")),
        "headwear": cloth(parse(who.headwear.colour)),
        "headwear2": cloth(parse(who.headwear.second or who.headwear.colour)),
        "mask": cloth(parse(who.mask.colour)),
        "metal": cloth(parse(who.earrings.colour)),
        "headphones": cloth(parse(who.headphones.colour)),
        "ink": (52, 32, 48),
    }


def draw_scene(who: Character, kit: Kit, frame: str = "avatar") -> Scene:
    """The scene of a person.

    Args:
        who: the person.
        kit: parts to draw with.
        frame: ``avatar``, head and shoulders; ``full``, the whole standing chibi; ``photo``, the head without a body.

    Raises:
        KitError: the kit lacks a part that the character names.
    """
    if frame != "photo":
        who = who.replace(**{"pose.roll": STEEPEST * math.tanh(who.pose.roll / STEEPEST)})
    head, stuff = Head(who), materials(who)
    tones = skin(parse(who.skin.colour))
    locks = hair.draw_hair(who, head, kit)
    wear = worn.Wardrobe(who, head, kit, stuff)
    shadow = locks.shadow + wear("headwear", "shadow")
    behind, neck, clothes = wear("clothes", "behind"), face.draw_neck(head, tones), wear("clothes")
    cap = wear("headwear")
    settle(cap)
    if frame == "full":
        settle((*behind, *neck, *clothes))
        standing = body.Body(who, head, kit, wear.stuff)
        behind, neck, clothes = standing.shrink(behind), standing.neck(neck), standing(neck + clothes)
    layers: tuple[Layer, ...] = (
        Layer("clothes_behind", behind),
        Layer("headwear_behind", wear("headwear", "behind")),
        Layer("hair_back", wear.hat_over(locks.back)),
        Layer("neck", neck),
        Layer("clothes", clothes),
        Layer("hair_under", wear.hat_over(locks.under)),
        Layer("ears", face.draw_ears(who, head, tones)),
        Layer("earrings", wear("earrings")),
        Layer("face", face.draw_skin(who, head, tones, shadow)),
        Layer(
            "marks",
            tuple(item for mark in who.skin.marks if kit.has("marks", mark) for item in wear.part("marks", mark)),
        ),
        Layer("beard", wear("beard")),
        Layer("nose", face.draw_nose(who, head, kit, stuff)),
        Layer("mouth", face.draw_mouth(who, head, kit, stuff)),
        Layer("eyes", face.draw_eyes(who, head, kit, stuff)),
        Layer("mask", wear("mask")),
        Layer("hair_front", wear.hat_over(locks.front)),
        Layer("glasses", wear("glasses")),
        Layer("brows", face.draw_brows(who, head, kit, stuff)),
        Layer("headwear", cap),
        Layer("headphones", wear("headphones")),
    )
    settle(item for layer in layers for item in layer.items)
    if frame == "photo":
        layers = tuple(_before_body(layer, head) for layer in layers if layer.name not in BODY)
    skull = head.size.skull[0] - head.size.skull[2]
    top, reach = worn.extent(cap)
    top = min(skull, top, locks.top if not cap else skull)
    side = (head.size.chin - skull) / HEAD_SHARE
    side = max(side, (head.size.chin - top) / (1 - AIR - CHEST), 2 * max(locks.reach, reach) / (1 - AIR))
    if frame == "full":
        side = (head.size.chin + PIT - body.RAISED + body.FOOT - top) / (1 - AIR - GROUND)
    origin = (-side / 2 + 0.10 * float(np.sin(head.yaw)), top - AIR * side)
    return Scene(layers, origin, side, side)


def _before_body(layer: Layer, head: Head) -> Layer:
    """A layer of a head that is put before a photographed body: hair behind the neck is not seen below the chin."""
    if layer.name != "hair_back" or not layer.items:
        return layer
    below = head.tilt(np.array(THROAT) * (1, head.size.chin))
    return Layer(layer.name, (Group(layer.items, worn.outside(Path.polygon(below))),))
