"""Short curly hair: curls in rows on the mass over the scalp; for longer hair see :mod:`photo2moe.pen.long`."""

from __future__ import annotations

from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.crops import ease
from photo2moe.pen.curls import Light, draw_curl, number, numbers, seeded, tucked, value_of
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, Locks
from photo2moe.pen.mop import Mop
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Item, Points, Shape

# From where the curls of a front run outwards: (u, v) on the head seen from the front.
FROM = {
    "full": (0.0, -2.15), "curtain": (0.0, -1.45), "swept_l": (0.85, -1.15), "swept_r": (-0.85, -1.15),
    "side_l": (-0.5, -1.0), "side_r": (0.5, -1.0), "receding": (0.0, -0.5),
}  # fmt: skip
CROWN = (0.0, -1.42)  # the same of all others
FALLING = ("full", "curtain")  # fronts whose curls lie over those below them
GROWN = 0.15  # share by which curls are larger in hair of the greatest volume
TURN = (1.7, 3.0)  # radians by which a curl winds
RAISED = 0.2  # height over an open hairline at which the lowest curls have their roots, face units
FLIP = 0.12  # share of the curls that wind the other way


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
    flow = np.array(FROM.get(word, CROWN))
    items: list[Item] = []
    contours: list[Points] = []
    rows = sorted(
        (row for row in rows_of(part) if not (fade and row.get("side"))), key=lambda row: float(row["v"]), reverse=falls
    )
    for row in rows:
        first, last = (float(x) for x in row["azimuth"])
        count = int(row["count"])
        places = [(a, 0.0) for a in first + (last - first) * (np.arange(count) + 0.5) / count]
        if first > 0:
            places += [(-a, 0.0) for a, _ in places]
        for azi, _ in sorted(places, key=lambda p: -abs(p[0] + np.degrees(mop.head.yaw))):
            azi = azi + chance.uniform(-5, 5)
            v = float(row["v"]) + chance.uniform(-0.05, 0.05)
            if not row.get("side") and v > -1.1:
                v = min(v, float(np.interp(azi, mop.lower[:, 0], mop.lower[:, 1])) - (0.05 if falls else RAISED))
            middle = _curl(mop, part, chance, azi, v, flow, size)
            width = number(part, "width", low=0, high=1) * size * chance.uniform(0.85, 1.15)
            curl = draw_curl(middle, width, light, line=0.8 * LINE)
            items += curl
            contours.append(curl[0].path.arrays()[1])
    return items, contours


def _curl(
    mop: Mop, part: Part, chance: np.random.RandomState, azi: float, v: float, flow: Points, size: float
) -> Points:
    """The middle of one curl in the picture."""
    head, scalp = mop.head, mop.scalp
    root = head.project(scalp.on(scalp.seen([azi]), [v]))[0]
    seen = head.project(np.array([[flow[0], flow[1], 0.9]]))[0]
    out = root - seen
    heading = float(np.arctan2(out[1], out[0]))
    upright = head.tilt(np.array([[0.0, -1.0], [0.0, 0.0]]))
    level = (root - upright[1]) @ np.array([np.cos(head.roll), np.sin(head.roll)]) - np.sin(head.yaw) * 0.5
    if abs(level) > 0.7:  # at the rim all curls run outwards
        out = root - head.project(np.array([[*CROWN, 0.9]]))[0]
        heading = float(np.arctan2(out[1], out[0]))
    side = float(np.sign(level if abs(level) > 0.08 else chance.uniform(-1, 1)))
    if mop.who.hair.front not in FALLING and abs(level) <= 0.7:
        side = float(np.sign(np.cos(heading - head.roll))) or 1.0
        if v > -1.1 and mop.who.hair.front != "receding":
            heading = -np.pi / 2 + head.roll + 0.75 * side  # up from the hairline
    if v < -1.65:  # those on top lie down, or they would be a tuft
        heading += 0.75 * side
    turn = side * chance.uniform(*TURN)
    if abs(level) < 0.6 and chance.uniform() < FLIP:
        turn = -turn
    heading += chance.uniform(-0.3, 0.3) + 0.5 * side * float(ease(abs(level), 0.5, 1.0))
    length = number(part, "curl", low=0, high=3) * size * chance.uniform(0.85, 1.2) * (0.74 if v < -1.55 else 1.0)
    lift = float(ease(v, -0.3, -1.2))
    return tucked(
        root,
        heading,
        length * (0.8 + 0.2 * lift),
        turn,
        upright[1] - (0, 0.9),
        share=0.38,
        inset=0.3 + 0.3 * float(ease(abs(level), 0.55, 0.95)),
    )
