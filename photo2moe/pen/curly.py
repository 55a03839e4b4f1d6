"""Short curly hair: curls in rows on the mass over the scalp; for longer hair see :mod:`photo2moe.pen.long`."""

from __future__ import annotations

from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.crops import ease
from photo2moe.pen.curls import Light, draw_curl, number, numbers, seeded, value_of
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, Locks
from photo2moe.pen.mop import Mop
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Item, Points, Shape, clip, columns, shares

CROWN = (0.42, -1.42)  # how far aside, and at which v, the crown lies that curls run out from
FALLING = ("full", "curtain")  # fronts whose curls lie over those below them
GROWN = 0.15  # share by which curls are larger in hair of the greatest volume
TURN = (1.6, 3.3)  # radians by which a curl winds
LATE = 1.35  # how much more of that at its tip
COUNT = 16  # points along a curl
RAISED = 0.16  # height over an open hairline at which the lowest curls have their roots, face units
FLIP = 0.16  # share of the curls that wind the other way
BEHIND = 0.3  # share of its length by which a curl begins behind its root
STAND = (0.04, 0.24)  # most by which a curl stands off the head over its root, as shares of its length
HANG = 0.9  # by how much curls hang, over how far they run outwards
TOP = (-1.4, -1.6)  # v from which curls are those on top of the head, and from which wholly
LIE = 0.8  # radians by which those are turned down to their side
INK = 0.62  # share of the hair's own deep tone in the outlines of curls
SMALL = {"baby": (0.8, 0.45), "child": (0.9, 0.6)}  # width and outline of a child's curls, as shares


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Short curls.

    Raises:
        KitError: the kit's texture is broken.
    """
    part = kit.get("texture", who.hair.texture)
    word = "ear" if who.hair.length == "ear" else "short" if who.person.look == "m" else "short_f"
    row = numbers(part, "sizes", word)
    top, side, front, fade = (value_of(part, row, key) for key in ("top", "side", "front", "fade"))
    mop = Mop(who, head, top, side, front, 0.3, 0.16)
    light = Light.of(who, tones, 0.2)
    drawn, falling = _rows(mop, light, part, value_of(part, row, "curl") * (1 + GROWN * who.hair.volume), fade)
    back, under = mop.behind(tones, fade)
    outer, inner = mop.lines(tones, 0.8)
    fill = Shape(mop.path, Flat(mix(tones.base, tones.shade, 0.3)))
    highest = min([mop.top, *(float(curl[:, 1].min()) for curl in falling)])
    contours = [curl for curl in falling if curl[:, 1].max() > float(mop.edge[len(mop.edge) // 2, 1])]
    front_items = (outer, fill, mop.clipped(mop.fade(tones, fade)), inner, *drawn)
    return Locks(back, under, front_items, mop.shadow(contours, 0.06), highest)


def rows_of(part: Part) -> list[dict[str, Any]]:
    """Rows of curls: ``v``, ``azimuth`` (from, to), ``count``, ``side`` if tapered sides lack it.

    Raises:
        KitError: a row lacks one of them.
    """
    rows = part.data.get("rows")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and {"v", "azimuth", "count"} <= set(row) for row in rows
    ):
        raise part.fault("'rows' must be a list of objects with v, azimuth [from, to] and count")
    return rows


def _rows(mop: Mop, light: Light, part: Part, size: float, fade: float) -> tuple[list[Item], list[Points]]:
    """All curls, those behind first, and their contours."""
    chance = seeded(mop.seed, 0x71)
    word = mop.who.hair.front
    falls = word in FALLING
    yaw = float(np.degrees(mop.head.yaw))
    places: list[tuple[float, float, bool]] = []  # azimuth, v, at the side
    for row in sorted(rows_of(part), key=lambda row: float(row["v"]), reverse=falls):
        side = bool(row.get("side"))
        if fade and side:
            continue
        first, last = (float(x) for x in row["azimuth"])
        count = int(row["count"])
        around = (first + (last - first) * (np.arange(count) + 0.5) / count).tolist()
        around += [-a for a in around] if first > 0 else []
        places += [(a, float(row["v"]), side) for a in sorted(around, key=lambda a: -abs(a + yaw))]
    azi = np.array([one[0] for one in places]) + chance.uniform(-6, 6, len(places))
    v = np.array([one[1] for one in places]) + chance.uniform(-0.06, 0.06, len(places))
    low = np.interp(azi, mop.lower[:, 0], mop.lower[:, 1]) - (0.05 if falls else RAISED)
    v = np.where((v > -1.1) & ~np.array([one[2] for one in places]), np.minimum(v, low), v)
    narrow, thin = SMALL.get(mop.who.person.age, (1.0, 1.0))
    widths = number(part, "width", low=0, high=1) * size * narrow * chance.uniform(0.75, 1.15, len(places))
    items: list[Item] = []
    contours: list[Points] = []
    middles = _curls(mop, chance, azi, v, number(part, "curl", low=0, high=3) * size)
    for middle, width in zip(middles, widths.tolist(), strict=True):
        curl = draw_curl(middle, width, light, line=0.75 * thin * LINE, ink=INK, root=0.1)
        items += curl
        contours.append(curl[0].path.arrays()[1])
    return items, contours


def _curls(mop: Mop, chance: np.random.RandomState, azi: Points, v: Points, length: float) -> Points:
    """The middles of curls in the picture, ``(K, COUNT, 2)``, which fall from the crown to one side of the head."""
    head, scalp, word, count = mop.head, mop.scalp, mop.who.hair.front, len(azi)
    aside = {"_l": -1.0, "_r": 1.0}.get(word[-2:], 1.0 if mop.seed % 2 else -1.0)
    roots = head.project(scalp.on(scalp.seen(azi), v))
    points = np.array([[-aside * CROWN[0], CROWN[1], 0.9], [0.0, -0.72, 0.0]])
    crown, middle = head.project(points)
    back = np.array([[np.cos(head.roll), -np.sin(head.roll)], [np.sin(head.roll), np.cos(head.roll)]])
    out = (roots - crown) @ back  # as if the head were upright
    level = ((roots - middle) @ back)[:, 0]
    rim = ease(np.abs(level), 0.55, 0.95)
    side = np.where(np.abs(level) > 0.7, np.sign(level), np.sign(out[:, 0]))
    heading = np.arctan2(out[:, 1] + HANG * (0.25 + ease(v, -1.2, -0.4)), out[:, 0])
    if word not in FALLING:
        up = (v > -1.15) & (rim < 0.5) & (word != "receding")
        heading = np.where(up, -np.pi / 2 + 0.85 * side, heading)  # up from the hairline
    upper = ease(v, *TOP)  # those on top lie down, or they would be horns
    heading = heading + LIE * side * upper
    high = 0.6 * ease(v, -0.9, -1.5)
    around = np.arctan2(1 - high, (0.45 + high) * np.sign(level))  # beside the head they run down along it
    heading = np.where(rim > 0, (1 - rim) * heading + rim * around, heading)
    heading += chance.uniform(-0.35, 0.35, count)
    turn = side * chance.uniform(*TURN, count)
    turn = np.where((chance.uniform(0, 1, count) < FLIP) & (rim < 0.5) & (upper < 0.1), -turn, turn)
    heading = heading - 0.3 * turn + head.roll
    long = length * chance.uniform(0.8, 1.3, count) * np.where(v < -1.55, 0.8, 1.0)
    long *= 1 - 0.38 * rim
    start = roots - columns([np.cos(heading), np.sin(heading)]) * (BEHIND * (1 - rim) * long)[:, None]
    angle = heading[:, None] + turn[:, None] * shares(COUNT) ** LATE
    step = np.stack([np.cos(angle), np.sin(angle)], -1) * (long / (COUNT - 1))[:, None, None]
    run = np.concatenate([np.zeros((count, 1, 2)), np.cumsum((step[:, 1:] + step[:, :-1]) / 2, 1)], 1)
    curls = start[:, None] + run
    away = roots - middle
    far = np.hypot(*away.T)
    stands = np.hypot(curls[..., 0] - middle[0], curls[..., 1] - middle[1]).max(1) - far
    inward = clip(stands - chance.uniform(*STAND, count) * long * (1 - upper), 0, (0.25 + 0.25 * upper) * long) / far
    inward *= np.maximum(rim, ease(v, -1.2, -1.45))  # those over the forehead stay above it
    bent = 0.4 + 0.6 * ease(shares(COUNT), 0.0, 1.0)[:, None]  # their roots move less
    return np.asarray(curls - (away * inward[:, None])[:, None] * bent)
