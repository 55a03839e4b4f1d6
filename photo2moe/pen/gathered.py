"""Coily hair, braids and locs that are tied: puffs, buns and tails of ropes."""

from __future__ import annotations

from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen import tied
from photo2moe.pen.braids import Rows
from photo2moe.pen.cloud import draw_relief
from photo2moe.pen.curls import Light, number, numbers, scallop, seeded
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, STRAND, Locks
from photo2moe.pen.mop import Mop
from photo2moe.pen.palette import Tones, cloth, mix, parse
from photo2moe.pen.scene import Flat, Group, Item, Path, Points, Shape, bezier, brush, brushed, columns
from photo2moe.pen.ties import draw_band

PLAITS = {
    "pigtails": "two_braids",
    "two_braids": "two_braids",
    "braid": "braid",
}  # ways of tying for which braids are plaits of all the hair
HIDDEN = "hidden"  # of a tail or a bun nothing is seen
BEHIND = ((0.0, -2.1, -0.6, 0.0),)  # where strands run to then, and if it is low
LOW = {"bun_low": (0.66, 0.42, -0.7, 0.48)}  # what sits beside the neck, on the side that is seen
LIKE = {"two_braids": "pigtails"}  # ways of tying that textures tie like others
COIL = 0.1  # size of a coil, face units
SLICK = (0.035, 0.03)  # thickness of hair that is pulled tight, as shares of the scalp's radius
LENGTHS = {"short": 0.6, "ear": 0.9, "chin": 1.4, "shoulder": 2.2, "long": 3.3}  # of a tail, face units


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Textured hair that is tied.

    Raises:
        KitError: the kit lacks the texture or the way of tying, or a part is broken.
    """
    texture, way = who.hair.texture, who.hair.tied
    if texture == "coily":
        return _puffs(who, head, tones, kit.get("texture", texture))
    if texture in ("braids", "locs") and not (texture == "braids" and way in PLAITS):
        part = kit.get("texture", texture)
        length = who.hair.length if who.hair.length in LENGTHS else "shoulder"
        return _ropes(who.replace(**{"hair.length": length, "hair.front": "back"}), head, tones, part)
    if texture == "braids" and kit.has("tied", PLAITS[way]):
        return tied.draw_hair(who.replace(**{"hair.tied": PLAITS[way]}), head, kit, tones)
    return tied.draw_hair(who, head, kit, tones)


def _places(part: Part, way: str, head: Head) -> list[list[float]]:
    """Where hair is tied: ``[u, v, w, size]`` each, for a way of tying or for all others (``bun``)."""
    table: Any = part.data.get("tied")
    if way == HIDDEN:
        return []
    if way in LOW:
        u, *rest = LOW[way]
        return [[-u if head.yaw > 0 else u, *rest]]
    try:
        found = table.get(way) or table.get(LIKE.get(way, "bun")) or table["bun"]
        return [[float(x) for x in (u, v, w, size)] for u, v, w, size in found]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise part.fault(f"'tied' needs lists of [u, v, w, size] for ways of tying, and for bun ({error})") from error


def _puffs(who: Character, head: Head, tones: Tones, part: Part) -> Locks:
    """Coily hair pulled tight, and a cloud where it is tied."""
    plain = who.replace(**{"hair.outline": (), "hair.volume": 0.0})
    mop = Mop(plain, head, *SLICK, 0.0, 0.10, 0.10)
    chance = seeded(mop.seed, 0x61)
    places = _places(part, who.hair.tied, head)
    high = [place for place in places if place[1] < 0] or BEHIND
    balls: list[Item] = []
    highest = mop.top
    for u, v, w, size in places:
        size *= 1 + 0.15 * who.hair.volume
        ball, top = _puff(head, tones, part, np.array([u, v, w]), size, mop.seed)
        balls += [*ball, *_band(head, np.array([u, v, w]), size, cloth(parse(who.clothes.colour)))]
        highest = min(highest, top)
    back, under = mop.behind(tones)
    outer, inner = mop.lines(tones, 0.5)
    ways = []
    count = 13
    for n in range(count):
        start = mop.edge[int((0.14 + 0.72 * (n + 0.5) / count) * (len(mop.edge) - 1))]
        goals = [head.project(np.array([[u, v + 0.2, w]]))[0] for u, v, w, _ in high]
        goal = min(goals, key=lambda g: abs(g[0] - start[0]))
        bow = start + (goal - start) * 0.5 + np.array([0.18 * np.sign(start[0] - goal[0]), 0.0])
        ways.append(bezier(start, bow, bow, goal, 14)[: int(chance.uniform(9, 13))])
    inside: list[Item] = draw_relief(mop.ring, mop.middle, tones, mop.seed, 0.2, 0)
    inside.append(Shape(brushed(ways, [0.004, 1.3 * STRAND, 0.003]), Flat(tones.line, 0.5)))
    inside.append(mop.roots(tones))
    fill = Shape(mop.path, Flat(Light.of(who, tones, 0.0).at((0.0, -1.3))))
    return Locks((*balls, *back), under, (outer, fill, mop.clipped(inside), inner), mop.shadow([], 0.045), highest)


def _puff(head: Head, tones: Tones, part: Part, place: Points, size: float, seed: int) -> tuple[list[Item], float]:
    """A ball of coils, and its highest v."""
    centre = head.project(place[None])[0]
    chance = seeded(seed, int(1000 * abs(place[0])) + 5)
    turn = np.linspace(0, 2 * np.pi, 80, endpoint=False) + np.pi / 2 + head.roll
    round_ = (
        columns([np.cos(turn), np.sin(turn)]) * size * (1 + 0.03 * np.sin(3 * turn + chance.uniform(0, 6)))[:, None]
    )
    bump = 0.13 + 0.14 * size
    ring = scallop(centre + round_, bump, number(part, "depth", low=0, high=1), chance, closed=True)
    path = Path.polygon(ring)
    inside = draw_relief(ring, centre, tones, seed, COIL, number(part, "marks", low=0, high=200))
    items: list[Item] = [
        Shape(brush(ring, 1.7 * LINE, closed=True), Flat(tones.line)),
        Shape(path, Flat(mix(tones.base, tones.light, 0.15))),
        Group(tuple(inside), path),
    ]
    return items, float(ring[:, 1].min())


def _band(head: Head, place: Points, size: float, tones: Tones) -> tuple[Item, ...]:
    """The tie between a puff and the head."""
    middle = np.array([0.0, head.size.skull[0], -0.2])
    away = place - middle
    foot = place - away / np.linalg.norm(away) * 0.74 * size
    seen = head.project(np.vstack([foot, place]))
    along = seen[1] - seen[0]
    across = np.array([-along[1], along[0]]) / (np.hypot(*along) + 1e-9) * 0.42 * size
    return draw_band(np.vstack([seen[0] - across, seen[0] + across]), 0.11, tones)


def _ropes(who: Character, head: Head, tones: Tones, part: Part) -> Locks:
    """Rows of braids or locs to where they are tied, and what hangs or is wound there."""
    rows = Rows(who, head, tones, part, numbers(part, "sizes", who.hair.length))
    chance = seeded(rows.ground.seed, 0x62)
    long = LENGTHS[who.hair.length]
    half, way = who.hair.tied in ("half", "half_bun"), who.hair.tied
    tie = cloth(parse(who.clothes.colour))
    tails: list[Item] = []
    for u, v, w, size in _places(part, way, head):
        place = np.array([u, v, w])
        side = float(np.sign(u)) or (-1.0 if head.yaw > 0.1 or (abs(head.yaw) <= 0.1 and rows.ground.seed % 2) else 1.0)
        rows.layers["tail"] = []
        if "bun" in way or long < 0.7:
            _wind(rows, place, size)
        else:
            count = 11
            for n in chance.permutation(count):
                spread = (n + 0.5) / count
                reach = 0.0 if abs(u) > 0.3 else 0.9  # past the head, if it hangs from its middle
                across = side * (reach + 0.25 + 0.55 * spread)
                tip = place + np.array((across, long * chance.uniform(0.85, 1.1), 0.1))
                up = place + np.array([side * (0.35 * spread + 0.3 * reach), -0.42 * (1 - 0.4 * spread), 0.0]) * size
                out = place + np.array([side * (0.55 + 0.75 * spread + 0.9 * reach), 0.1, 0.0]) * size
                rows.rope(bezier(place, up, out, tip, 30), "tail", thin=0.9)
        tails += [*rows.layers.pop("tail"), *_band(head, place, 0.6 * size, tie)]
    rows.low = rows.low if half else 0.0
    rows.gather()
    back = (*rows.layers["back"], *tails)
    return Locks(
        back, tuple(rows.layers["under"]), tuple(rows.layers["front"]), rows.frame.shadow(rows.contours), rows.top()
    )


def _wind(rows: Rows, place: Points, size: float) -> None:
    """A bun of ropes wound round a place."""
    head = rows.head
    centre = head.project(place[None])[0]
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    disc = centre + columns([np.cos(turn), 0.9 * np.sin(turn)]) * 0.95 * size
    rows.layers["tail"].append(Shape(Path.polygon(disc), Flat(rows.tones.deep)))
    lift = head.tilt(np.array([[0.0, 0.0], [0.0, -1.0]]))
    up = lift[1] - lift[0]
    for radius, first, last in (
        (0.92, -0.2, 2.2),
        (0.92, 1.9, 4.3),
        (0.92, 4.0, 6.3),
        (0.62, 0.5, 3.9),
        (0.62, 3.5, 6.9),
        (0.30, 0.0, 5.6),
    ):
        t = np.linspace(first, last, 26)
        circle = columns([np.cos(t), 0.86 * np.sin(t)]) * radius * size
        rows.draw_rope(centre + circle + up * 0.12 * size * (1 - radius), "tail", (0.9, 1.5, 1.6, 1.5, 1.2))
