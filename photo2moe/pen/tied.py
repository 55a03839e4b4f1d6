"""Tied hair: strands that run from the hairline to a tie, and what hangs or sits there.

A part of the kind ``tied`` holds any of ``ties`` (``[u, v, w]``: where the strands run to), ``low`` (they pass the
ears on their way), ``locks`` and ``plaits`` (see :mod:`photo2moe.pen.sheaf`), ``balls`` (``at``: ``[u, v, w]``,
``size``: half width and height, ``layer``), ``bands`` (``from`` and ``to``: ``[u, v, w]``, ``width``, ``layer``),
``loose`` (the rest of the hair hangs down), ``above`` (it is seen above the head), ``parting`` (u, unless the front
parts elsewhere), ``one_sided`` (it hangs on the side that is seen), ``behind`` (little of it is seen from the front)
and ``sleek`` (all hair lies close on the skull, and nothing of it hangs before the ears).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from photo2moe.character.schema import RADII, Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.crown import (
    OPEN,
    draw_contour,
    draw_crown,
    draw_flow,
    draw_nape,
    draw_parting,
    draw_scalp,
    draw_shine,
    dye_of,
    hairline_of,
    hairline_shadow,
    shadow_on_face,
)
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head, Points3
from photo2moe.pen.locks import Dye, Locks
from photo2moe.pen.long import ENDS, choose_back, choose_front, flow_of
from photo2moe.pen.palette import Tones, cloth, parse, skin
from photo2moe.pen.scene import Flat, Group, Item, Points, Shape, brushed, columns, through
from photo2moe.pen.sheaf import LAYERS, Sheaf, check_lock, check_part, draw_locks, list_of, wave_of
from photo2moe.pen.spines import Run, Wave, spines
from photo2moe.pen.ties import draw_ball, draw_band, draw_plait
from photo2moe.pen.wisps import draw_edge_hairs, draw_flyaways

SHORTER = {"short": 0.55, "ear": 0.6, "hidden": 0.7, "chin": 0.72, "shoulder": 0.85}  # size of a tail by length
BESIDE = 1.16  # the same beside the head, for a tail that hangs there
STRANDS = 9  # on each side, from the hairline to a tie
FRONTAL = 0.25  # turn of the head below which it is seen from the front, radians
UPWARDS = ("back", "up")  # fronts that are drawn back
RIGHT, LEFT = (3, 4, 5), (11, 12, 13)  # radii of the outline beside the head
ABOVE = 1.07  # radius of the outline above the head from which a bun or a tail stands there
LOOSER, TIGHT = 0.015, 0.05  # by which tied hair lies closer to the skull, with hair that hangs and without
BESIDES = (1, 1, 1, 0.985, 0.96, 0.95, 0.95, 1, 1, 1, 0.95, 0.95, 0.96, 0.985, 1, 1)  # shares of the outline left
NAPE, ASIDE = -1.0, 0.8  # v below which strands from a parting run over the ears, and how far aside
APART, TEMPLES = 0.6, 0.78  # between neighbouring strands, and u beyond which they do not shine, face units
GLOSSES = ((2.0, 0.22), (1.1, 0.34))  # of its streaks: width over that of the first, opacity
GLOSS = np.array([0.3, 0.62])  # from the hairline to light on hair that is drawn back, and to its end, face units
ROOTS = 26  # hairs along each half of such a hairline
# What is left before the ears.
WISP = {"points": [[0.93, -0.42], [0.98, -0.16], [1.0, 0.08], [0.95, 0.3]], "width": [0.03, 0.035, 0.025, 0.004]}
# Locks from a parting: how far over it they begin, and v; then their way on the right, and widths.
SWEPT = (
    ((-0.03, -1.62), ((0.98, -1.05), (1.14, -0.6), (1.15, -0.3)), [0.1, 0.2, 0.2, 0.12]),
    ((0.05, -1.43), ((0.68, -1.09), (0.95, -0.66), (1.1, -0.32)), [0.03, 0.12, 0.16, 0.14, 0.08]),
)
KEYS = {"ties", "low", "locks", "plaits", "balls", "bands", "loose", "one_sided", "parting", "above", "behind"}
KEYS |= {"as", "for", "sleek"}
# Right half of the hairline of hair that is pulled back: an arch with receding temples.
PULLED: tuple[tuple[float, float], ...] = (
    (0.0, -1.18), (0.24, -1.15), (0.46, -1.05), (0.64, -0.90), (0.77, -0.68), (0.85, -0.42), (0.905, -0.05),
    (0.95, -0.16), (1.02, -0.27), (1.10, -0.31), (1.20, -0.26),
)  # fmt: skip


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Crown, fringe, and what is tied.

    Raises:
        KitError: the kit lacks the front, the texture or the way of tying, or a part is broken.
    """
    worn = who.headwear.kind != "none"  # fits hair that is loose
    ground, wave = Ground(who if worn else _close(who), head), wave_of(who, kit)
    part = choose_tied(kit, who, ground.seed, abs(head.yaw) < FRONTAL)
    ground.radius -= LOOSER if worn or part.data.get("loose") else TIGHT
    if part.data.get("above"):
        ground.cap(1.04)
    pulled = who.hair.front in UPWARDS and not part.data.get("low")  # upwards: no parting
    front = kit.get("front", "back") if pulled else choose_front(kit, who, ground.seed)
    dye, dark = dye_of(who, ground, tones, ENDS.get(who.hair.length, 1.6))
    dyes = {"front": dye, "under": dye, "back": dark}
    given = front.data.get("parting", part.data.get("parting"))
    parting = None if given is None else float(given)
    if parting is None:
        ground.parting = 0.0
    hairline = front.data.get("hairline", PULLED if pulled else OPEN)
    side = _side(part, who, head, ground.seed)
    sheaf = Sheaf()
    tie = cloth(parse(who.clothes.colour))
    crown, path = draw_crown(ground, dye, hairline, parting)
    ways = list(_ways(ground, part, front, hairline, parting, side))
    if part.data.get("loose"):
        sheaf.items["under"] += draw_scalp(ground, dark)
    else:
        sheaf.items["under"] += draw_nape(ground, dye, parting, ways)
    _draw_fixed(part, "balls", ground, dye, tie, side, sheaf)
    _draw_hanging(part, ground, dye, wave, side, tie, sheaf)
    _draw_fixed(part, "bands", ground, dye, tie, side, sheaf)
    if part.data.get("loose"):
        back = choose_back(kit, who, ground.seed)
        if back is not None:
            draw_locks(back, ground, dyes, wave, sheaf, tuck=(-1, 1))
    loose_hairs = [*draw_flyaways(ground, tones), *draw_contour(ground, dye)]
    flow, edge = draw_flow(ground, tones, ways), draw_edge_hairs(ground, tones, hairline)
    if pulled:  # no line where the hair begins
        flow, edge, crown = (*flow, *_draw_gloss(ground, tones, ways)), _draw_roots(ground, tones, hairline), crown[:-1]
    sheaf.items["front"] = [*loose_hairs, *crown, Group(flow, path), *sheaf.items["front"], *edge]
    if pulled or (part.data.get("sleek") and parting is not None):
        front = _swept(front, parting)
    if not pulled or who.person.look != "m":  # a man's hair that is pulled back leaves no strands at the temples
        draw_locks(front, ground, dyes, wave, sheaf, tied=True)
    if parting is not None:
        sheaf.items["front"] += draw_parting(ground, tones, parting, float(front.data.get("parted_from", -1.0)), path)
    sheaf.items["front"] += () if pulled else draw_shine(ground, tones, parting or 0.0)
    left, right = hairline_of(ground, hairline)
    cast = [hairline_shadow(ground, left, right, narrow=parting is None), *sheaf.contours]
    shadow = shadow_on_face(ground, cast, skin(parse(who.skin.colour)).shade)
    top = min(sheaf.top, float(ground.set(ground.dome())[:, 1].min()))
    return Locks(tuple(sheaf.items["back"]), tuple(sheaf.items["under"]), tuple(sheaf.items["front"]), shadow, top)


def _close(who: Character) -> Character:
    """The person with an outline that lies close beside the ears, where hair is drawn back."""
    outline = who.hair.outline or (1.0,) * RADII
    return who.replace(**{"hair.outline": tuple(r * share for r, share in zip(outline, BESIDES, strict=True))})


def choose_tied(kit: Kit, who: Character, seed: int, frontal: bool = False) -> Part:
    """The kit's way of tying of the person's word, or one of those that stand for it too (``"as"``).

    What the outline of the hair does not show above or beside a head that is seen from the front lies behind it.

    Raises:
        KitError: the kit has none, or the part has unknown keys.
    """
    part = kit.get("tied", who.hair.tied)
    others = [kit.get("tied", name) for name in kit.names("tied")]
    choice = [part, *(other for other in others if other.data.get("as") == part.name)]
    if any(ratio != 1 for ratio in who.hair.outline):  # what stands above the head is seen in its outline
        high = (who.hair.outline[-1] + who.hair.outline[0] + who.hair.outline[1]) / 3 > ABOVE
        choice = [other for other in choice if bool(other.data.get("above")) == high] or choice
        beside = max(np.mean([who.hair.outline[k] for k in side]) for side in (RIGHT, LEFT)) > BESIDE
        if frontal and not high and not beside:
            choice = [other for other in choice if other.data.get("behind")] or choice
    part = choice[(seed // 11) % len(choice)]
    return check_part(part, KEYS)


def _side(part: Part, who: Character, head: Head, seed: int) -> int:
    """The side on which a tail hangs: the one that is seen of a turned head, else the fuller one, else by chance."""
    if not part.data.get("one_sided"):
        return 1
    if abs(head.yaw) > 0.12:
        return -1 if head.yaw > 0 else 1
    if who.hair.outline:
        right, left = (sum(who.hair.outline[k] for k in side) for side in (RIGHT, LEFT))
        return 1 if right >= left else -1
    return 1 if seed % 2 else -1


def _space(ground: Ground, point: Any, side: int) -> Points3:
    """A point ``[u, v, w]`` of a part in space, ``(1, 3)``, on the side where the part is."""
    u, v, w = (float(x) for x in point)
    return np.column_stack([ground.fit([[u * side, v]]), [w]])


def _place(ground: Ground, point: Any, side: int) -> Points:
    return ground.place(_space(ground, point, side))[0]


def _ways(
    ground: Ground, part: Part, front: Part, hairline: Any, parting: float | None, side: int
) -> Iterator[Points3]:
    """Strands from the hairline or the parting to the ties."""
    if part.data.get("low"):
        yield from flow_of(ground, front, parting or 0.0)
        return
    chance = np.random.RandomState((ground.seed ^ 0x3D) & 0xFFFFFFFF)
    try:
        ties = [_space(ground, tie, side)[0] for tie in list_of(part, "ties")] or [np.array([0.0, -1.2, -1.2])]
    except (TypeError, ValueError) as error:
        raise part.fault(f"ties are points [u, v, w] ({error})") from error
    halves = hairline_of(ground, hairline)
    for sign, half in zip((-1, 1), halves, strict=True):
        tie = min(ties, key=lambda t: abs(t[0] - sign * 0.8))
        if parting is not None and tie[1] > NAPE:  # over the ears
            tie = tie + np.array([sign * ASIDE, 0.0, 0.0])
        for k in np.linspace(0.04, 0.95, STRANDS) + chance.uniform(-0.04, 0.04, STRANDS):
            start = half[int(k * (len(half) - 1))]
            if parting is not None and k < 0.5:
                start = ground.lay(ground.fit([[parting * (1 - 0.9 * k), -1.0 - 1.8 * k]]))[0]
            yield ground.across(start, tie, 30)[: int(chance.uniform(17, 29))]


def _draw_gloss(ground: Ground, tones: Tones, ways: list[Points3]) -> tuple[Item, ...]:
    """The band of light on hair that is drawn back: a streak on each strand, about as wide as the strand."""
    chance = np.random.RandomState((ground.seed ^ 0x1E7) & 0xFFFFFFFF)
    lines: list[Points] = []
    both = [(a, b) for a, b in pairwise(ways) if np.hypot(*(a[0] - b[0])[:2]) < APART]
    for one, two in both:
        count = min(len(one), len(two))
        for share in (0.15, 0.4, 0.65, 0.9):
            way = ground.place(one[:count] * (1 - share) + two[:count] * share)
            far = np.append(0.0, np.cumsum(np.hypot(*np.diff(way, axis=0).T)))
            begin, end = GLOSS + chance.uniform(-0.08, 0.08, 2)
            if far[-1] > begin + 0.2 and abs(way[0, 0]) < TEMPLES:
                t = np.linspace(begin, min(end, far[-1]), 8)
                lines.append(columns([np.interp(t, far, way[:, i]) for i in (0, 1)]))
    widths = np.array([0.002, 0.05, 0.055, 0.03, 0.002])
    return tuple(Shape(brushed(lines, wide * widths), Flat(tones.gleam, share)) for wide, share in GLOSSES)


def _draw_roots(ground: Ground, tones: Tones, hairline: Any) -> tuple[Item, ...]:
    """Where hair that is drawn back begins: hairs of unequal length along the hairline, and fine ones before it."""
    chance = np.random.RandomState((ground.seed ^ 0x2B9) & 0xFFFFFFFF)
    lines: dict[bool, list[Points]] = {False: [], True: []}
    for sign, half in zip((-1, 1), hairline_of(ground, hairline), strict=True):
        last = 0.35 if ground.head.yaw * sign > 0.1 else 0.52  # the far temple is hidden
        for n, k in enumerate(np.linspace(0.0, last, ROOTS) + chance.uniform(0, 0.02, ROOTS)):
            at = int(k * (len(half) - 1))
            start, fine = half[at], n % 6 == 2
            along = (half[at + 3] - start) / np.linalg.norm(half[at + 3] - start)
            back = ground.across(start, (0.3 * sign, -1.2, -1.2), 40)[: int(chance.uniform(5, 9))]
            out = (start - back[1]) * (chance.uniform(0.2, 1.2) if fine else chance.uniform(0.0, 0.3))
            foot = start + out + along * (chance.uniform(0.05, 0.12) if fine else 0.07)
            lines[fine].append(through(ground.place(np.vstack([foot, back[1:]]))))
    thick = Shape(brushed(lines[False], [0.003, 0.035, 0.06, 0.03, 0.002]), Flat(tones.base, 0.75))
    return thick, Shape(brushed(lines[True], [0.002, 0.014, 0.012, 0.002]), Flat(tones.base, 0.9))


def _swept(front: Part, parting: float | None) -> Part:
    """A front whose locks run from the parting to behind the ears; without a parting, a strand before each ear."""
    if parting is None:
        return Part(front.kind, front.name, {**front.data, "locks": [{**WISP, "mirror": True}]}, front.where)
    locks = []
    for side in (-1, 1):
        for root, way, width in SWEPT:
            turn = [[side * u, v] for u, v in way]
            middle = 0.6 * parting + 0.4 * turn[0][0], root[1] + 0.05
            points = [[parting - root[0] * side, root[1]], list(middle), *turn]
            locks.append({"points": points, "width": width, "tips": 1, "cut": 0.3, "fade": 0.07})
    return Part(front.kind, front.name, {**front.data, "locks": locks}, front.where)


def _draw_fixed(part: Part, kind: str, ground: Ground, dye: Dye, tie: Tones, side: int, sheaf: Sheaf) -> None:
    """The ``balls`` or the ``bands`` of a part."""
    for n, data in enumerate(list_of(part, kind)):
        try:
            if kind == "balls":
                centre, (wide, high) = _place(ground, data["at"], side), (float(x) for x in data["size"])
                sheaf.top = min(sheaf.top, float(centre[1]) - high)
                items = draw_ball(centre, (wide, high), dye, ground.seed + n, -ground.head.roll)
            else:
                ends = np.array([_place(ground, data[key], side) for key in ("from", "to")])
                items = draw_band(ends, float(data.get("width", 0.1)), tie)
            sheaf.items[data.get("layer", "back")] += items
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            keys = "at [u, v, w], size [width, height]" if kind == "balls" else "from and to [u, v, w], a width"
            raise part.fault(f"{kind} {n}: needs {keys} and a layer of {', '.join(LAYERS)} ({error})") from error


def _draw_hanging(part: Part, ground: Ground, dye: Dye, wave: Wave, side: int, tie: Tones, sheaf: Sheaf) -> None:
    """Tails and plaits, as long as the hair is, and what is wound."""
    size = 1.0 if "balls" in part.data or part.data.get("sleek") else SHORTER.get(ground.who.hair.length, 1.0)
    moved = dict(part.data)
    moved["locks"] = [_sized(part, n, lock, side, size) for n, lock in enumerate(list_of(part, "locks"))]
    draw_locks(Part(part.kind, part.name, moved, part.where), ground, dict.fromkeys(LAYERS, dye), wave, sheaf)
    for n, data in enumerate(list_of(part, "plaits")):
        plait = _sized(part, n, data, side, size)
        check_lock(part, n, plait)
        for sign in (1, -1) if plait.get("mirror") else (1,):
            points = np.asarray(plait["points"], float) * np.array([float(sign), 1.0])
            width: Points = np.array(plait["width"], float, ndmin=1)
            layer = plait.get("layer", "under")
            (spine,) = spines(ground, [Run(points, width, layer, depth=plait.get("depth"))])
            sheaf.items[layer] += draw_plait(spine, width, dye, tie, ground.seed + n)


def _sized(part: Part, number: int, data: Any, side: int, size: float) -> dict[str, Any]:
    """A lock's data on the side where it hangs, shortened towards its root."""
    try:
        points = np.asarray(data["points"], float)
        points = points[0] + (points - points[0]) * (0.5 + 0.5 * size, size)
        return {**data, "points": (points * (side, 1)).tolist(), "lean": data.get("lean", 0.0) * side}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise part.fault(f"lock {number} needs points [[u, v], …] and a width ({error})") from error
