"""Loose straight and wavy hair from the ears down: a front of the kit, and a back of the length that is wanted.

A front holds any of ``parting`` (u), ``parted_from`` (v down to which the parting is seen), ``hairline`` (right half,
points), ``flow`` and ``strokes`` (ways of strands over the crown: on both sides, or as they are), ``tuck`` (sides, -1
and 1, whose ear is free), ``locks``, ``as`` (the word that it stands for too) and ``for`` (words of those it is meant
for). A back holds ``lengths`` (words), ``locks``, ``flip`` (it may be mirrored) and ``for``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen import short
from photo2moe.pen.crown import (
    OPEN,
    draw_contour,
    draw_crown,
    draw_flow,
    draw_parting,
    draw_scalp,
    draw_shine,
    dye_of,
    hairline_of,
    hairline_shadow,
    shadow_on_face,
)
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head
from photo2moe.pen.locks import Dye, Locks
from photo2moe.pen.palette import Tones, parse, skin
from photo2moe.pen.scene import Group, Item, Path, Points, Shape, clip, columns, through
from photo2moe.pen.sheaf import Sheaf, check_part, choose, draw_locks, list_of, wave_of
from photo2moe.pen.wisps import draw_flyaways

FRONT = {"parting", "parted_from", "hairline", "flow", "strokes", "tuck", "locks", "as", "for"}  # keys of a front
BACK = {"lengths", "locks", "flip", "for"}  # keys of a back
CROPPED = ("up", "receding")  # fronts of a woman's hair down to the ears that is cut like short hair
CLOSE = ("ear", "chin")  # lengths of curly hair that curls from the roots on
FULLER = 0.4  # volume by which such a crop is fuller than a short one
MORE = 0.55  # by how many times its difference from the mean an outline differs more: a drawing's hair is smoother
EXTREMES = (0.8, 1.12)  # of the radii of such an outline
ASIDE = 1.5  # times by which a parting lies farther aside than measured, so that it is seen
BARE_EARS = ("back", "up", "receding")  # what the names of fronts begin with that leave the ears free
TURNED = 15.0  # degrees from which the ear of a turned head lies behind hair
# Where an ear stands off the cheek: v of its middle and half its height; distance from the middle of the line of the
# face, and width, face units.
BESIDE = (0.02, 0.36, 0.014, 0.16)
STRANDS = 6  # on each side of the parting
FALLS = {"ear": 0.42, "chin": 0.8}  # share of the locks of a front below the eyes that shorter hair has
ENDS = {"ear": 0.35, "chin": 0.95, "shoulder": 1.55, "long": 2.3}  # v of the ends by length


def pronounced(who: Character) -> Character:
    """The person with an outline that differs more from the mean, so that it is seen in a drawing.

    Less so of a turned head, whose outline is that of another side.
    """
    more = 1 + MORE * (1 - abs(who.pose.yaw) / 45)
    outline = tuple(float(clip(1 + more * (ratio - 1), *EXTREMES)) for ratio in who.hair.outline)
    return replace(who, hair=replace(who.hair, outline=outline))


def choose_back(kit: Kit, who: Character, seed: int) -> Part | None:
    """One of the kit's backs of this length: the same person always has the same."""
    parts = [kit.get("back", name) for name in kit.names("back")]
    found = choose([part for part in parts if who.hair.length in list_of(part, "lengths")], who, seed)
    return found and check_part(found, BACK)


def is_crop(who: Character) -> bool:
    """Whether hair down to the ears is cut like short hair, with free ears and nape."""
    man, hair = who.person.look == "m", who.hair
    if man and hair.front == "up" and hair.length == "chin":
        return True
    return hair.length == "ear" and hair.texture != "curly" and (man or hair.front in CROPPED)


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Crown, fringe, sides and back.

    Raises:
        KitError: the kit lacks the front or the texture, or a part is broken.
    """
    if is_crop(who):
        hair = replace(who.hair, length="short", volume=min(who.hair.volume + FULLER, 1.0))
        return short.draw_hair(replace(who, hair=hair), head, kit, tones)
    ground, wave = Ground(pronounced(who), head), wave_of(who, kit)
    word = "back" if who.hair.texture == "curly" and who.hair.front in CROPPED else who.hair.front
    front = choose_front(kit, replace(who, hair=replace(who.hair, front=word)), ground.seed)
    part = choose_back(kit, who, ground.seed)
    dye, dark = dye_of(who, ground, tones, ENDS.get(who.hair.length, 1.0))
    dyes = {"front": dye, "under": dye, "back": dark}
    sheaf = Sheaf()
    parting = front.data.get("parting")
    at = 0.0 if parting is None else float(parting)
    ground.parting = 0.0 if parting is None else float(clip(ASIDE * who.hair.parting, -1, 1))
    crown, path = draw_crown(ground, dye, front.data.get("hairline", OPEN), None if parting is None else at)
    sheaf.items["under"] += draw_scalp(ground, dark)
    sheaf.items["front"] += [*draw_flyaways(ground, tones), *draw_contour(ground, dye), *crown]
    sheaf.items["front"].append(Group(draw_flow(ground, tones, flow_of(ground, front, at)), path))
    if part is not None:
        flip = bool(part.data.get("flip")) and ground.seed // 3 % 2 == 1
        draw_locks(part, ground, dyes, wave, sheaf, tuck=front.data.get("tuck", ()), flip=flip)
    if not front.name.startswith(BARE_EARS):
        sheaf.items["front"] += draw_over_ears(ground, dark, front.data.get("tuck", ()))
    draw_locks(front, ground, dyes, wave, sheaf, fall=FALLS.get(who.hair.length, 1.0))
    if parting is not None:
        sheaf.items["front"] += draw_parting(ground, tones, at, float(front.data.get("parted_from", -1.0)), path)
    if who.hair.texture != "curly" or who.hair.length not in CLOSE:
        sheaf.items["front"] += draw_shine(ground, tones, at)
    left, right = hairline_of(ground, front.data.get("hairline", OPEN))
    cast = [hairline_shadow(ground, left, right, narrow=parting is None), *sheaf.contours]
    shadow = shadow_on_face(ground, cast, skin(parse(who.skin.colour)).shade)
    top = min(sheaf.top, float(ground.set(ground.dome())[:, 1].min()))
    return Locks(tuple(sheaf.items["back"]), tuple(sheaf.items["under"]), tuple(sheaf.items["front"]), shadow, top)


def draw_over_ears(ground: Ground, dye: Dye, tuck: Sequence[int]) -> list[Item]:
    """The dark inside of loose hair between the cheeks and the locks before it, so that no piece of an ear is seen.

    Args:
        ground: of the head.
        dye: of the inside.
        tuck: sides, -1 and 1, whose ear is free.
    """
    who = ground.who
    if who.earrings.kind != "none" or who.hair.length == "ear" or abs(who.pose.yaw) > TURNED:
        return []
    contour = ground.upright(ground.head.contour())
    items: list[Item] = []
    for side in (-1, 1):
        edge = contour[(side * contour[:, 0] > 0.5) & (np.abs(contour[:, 1] - BESIDE[0]) < BESIDE[1])]
        if side in tuck or len(edge) < 3:
            continue
        near = edge + np.array((side * BESIDE[2], 0.0))
        wide = BESIDE[3] * np.sqrt(1 - ((edge[:, 1] - BESIDE[0]) / BESIDE[1]) ** 2)
        ring = np.vstack([near, (near + columns([side * wide, 0 * wide]))[::-1]])
        items.append(Shape(Path.polygon(ground.tilted(ring)), dye.paint))
    return items


def flow_of(ground: Ground, front: Part, parting: float) -> list[Points]:
    """Ways of strands over the crown: those of the front, on both sides, or from the parting to the sides."""
    chance = np.random.RandomState((ground.seed ^ 0x77) & 0xFFFFFFFF)
    ways = []
    for points in front.data.get("flow", []):
        curve = through(points)
        for side in (-1, 1):
            stretch, last = chance.uniform(0.9, 1.1), int(chance.uniform(0.55, 1) * len(curve))
            moved = curve[0] + (curve - curve[0]) * (stretch, chance.uniform(0.9, 1.1))
            ways.append(ground.lay(ground.fit(moved * (side, 1)))[:last])
    for points in front.data.get("strokes", []):
        curve = through(points)
        ways.append(ground.lay(ground.fit(curve))[: int(chance.uniform(0.8, 1) * len(curve))])
    if "flow" in front.data or front.data.get("parting") is None:
        return ways

    shares = np.linspace(0.1, 0.97, STRANDS) + chance.uniform(-0.05, 0.05, (2, STRANDS))
    starts, ends = [], []
    for side, share in zip((-1, 1), shares, strict=True):
        starts.append(columns([parting * (1 - 0.45 * share), -1.15 - 0.8 * share]))
        ends.append(columns([side * (0.86 + 0.40 * share), -0.70 + 0.1 * share]))
    from_, to = (ground.lay(ground.fit(np.vstack(points))) for points in (starts, ends))
    for start, end in zip(from_, to, strict=True):
        ways.append(ground.across(start, end, 24)[int(chance.uniform(0, 4)) : int(chance.uniform(13, 23))])
    return ways


def choose_front(kit: Kit, who: Character, seed: int) -> Part:
    """The front of the person's word, or one of those that stand for it too (``"as"``); the same for the same person.

    Raises:
        KitError: the kit has none.
    """
    part = kit.get("front", who.hair.front)
    others = [kit.get("front", name) for name in kit.names("front")]
    choice = [part, *(other for other in others if other.data.get("as") == part.name)]
    return check_part(choose(choice, who, seed // 7) or part, FRONT)
