"""Locks of the kit, drawn: how those of a part of a kit are written, checked, laid onto a head and sorted by layer.

A lock is ``{"points": [[u, v], …], "width": …}``, root first, with more keys if wanted: ``tips``, ``cut``, ``lean``,
``uneven`` (see :class:`~photo2moe.pen.locks.Comb`), ``layer``, ``mirror``, ``strands``, ``fade``, ``dark``, ``loose``
(drawn only if the hair is not tied), ``tuck`` (behind an ear that is free), ``depth`` (w, one number or a list).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.ground import Ground
from photo2moe.pen.locks import FADE, LINE, Comb, Dye, Lock, draw_comb
from photo2moe.pen.scene import Item, Points, shares
from photo2moe.pen.spines import Run, Wave, past_eyes, spines

LAYERS = ("back", "under", "front")
FAR = 12  # most of any number of a lock, face units: far outside the picture
_NUMBERS = ("tips", "cut", "lean", "uneven", "strands", "fade", "dark")
_KEYS = {
    "points",
    "width",
    "tips",
    "cut",
    "lean",
    "uneven",
    "layer",
    "mirror",
    "strands",
    "fade",
    "dark",
    "loose",
    "tuck",
    "depth",
}
WAVY = 0.05  # height of waves from which a lock shows more strands, face units
FRINGE = 0.35  # share of its winding that the end of a lock of a fringe has
FULLER, THINNER = 0.16, 0.12  # shares by which full volume widens the locks of a back, and flat hair narrows them
INNER = 0.72 * LINE  # width of the outline of locks before the face, which lie inside the silhouette, face units
BEHIND = 9  # strands of the mass behind the neck
WIDER = 0.04  # share by which it moves them outwards
BROADER = 1.6  # share by which waves of a lock grow with its half width, per face unit
WIDE = 0.6  # half width from which a lock is a mass that does not wave as a whole, face units


@dataclass
class Sheaf:
    """Drawn locks by layer, the contours of those before the face, and the v of the highest."""

    items: dict[str, list[Item]] = field(default_factory=lambda: {layer: [] for layer in LAYERS})
    contours: list[Points] = field(default_factory=list)
    top: float = 0.0


def wave_of(who: Character, kit: Kit) -> Wave:
    """The waves of a texture of the kit."""
    if not kit.has("texture", who.hair.texture):
        return Wave()
    part = kit.get("texture", who.hair.texture)
    try:
        given = [float(part.data[key]) for key in ("height", "length")]
        return Wave(given[0], given[1], float(part.data.get("ends", 0.0)), float(part.data.get("begin", -0.95)))
    except (KeyError, TypeError, ValueError) as error:
        raise part.fault(f"a texture needs the numbers height and length ({error})") from error


def check_part(part: Part, known: Collection[str]) -> Part:
    """The part, if it has no unknown keys, and numbers and points where they belong.

    Raises:
        KitError: it has not.
    """
    unknown = sorted(set(part.data) - set(known))
    if unknown:
        raise part.fault(f"unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    data = part.data
    if not all(isinstance(data.get(key, 0.0), int | float) for key in ("parting", "parted_from")):
        raise part.fault("parting and parted_from are numbers")
    ways = [*list_of(part, "flow"), *list_of(part, "strokes"), *([data["hairline"]] if "hairline" in data else [])]
    for way in ways:
        try:
            points = np.asarray(way, float)
        except (TypeError, ValueError) as error:
            raise part.fault(f"hairline, flow and strokes are points [[u, v], …] ({error})") from error
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise part.fault("hairline and each of flow and strokes need three points [u, v] or more")
    if not all(side in (-1, 1) for side in list_of(part, "tuck")):
        raise part.fault("tuck holds sides, -1 and 1")
    return part


def list_of(part: Part, key: str) -> list[Any]:
    """What a part holds under a key, empty if nothing.

    Raises:
        KitError: no list.
    """
    value = part.data.get(key, [])
    if not isinstance(value, list):
        raise part.fault(f"{key!r} must be a list")
    return value


def check_lock(part: Part, number: int, data: Any) -> None:
    """Refuse a lock that cannot be drawn.

    Raises:
        KitError: unknown keys, or points or widths that are none.
    """
    where = f"lock {number}"
    if not isinstance(data, dict) or set(data) - _KEYS:
        unknown = sorted(set(data) - _KEYS) if isinstance(data, dict) else [type(data).__name__]
        raise part.fault(f"{where} has unknown keys {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}")
    try:
        points, width = np.asarray(data["points"], float), np.atleast_1d(np.asarray(data["width"], float))
    except (KeyError, TypeError, ValueError) as error:
        raise part.fault(f"{where} needs points [[u, v], …] and a width or a list of them ({error})") from error
    if (
        points.ndim != 2
        or points.shape[1] != 2
        or len(points) < 2
        or width.ndim != 1
        or not width.size
        or not np.isfinite(points).all()
    ):
        raise part.fault(f"{where} needs two points [u, v] or more, and a width or a list of them")
    if (np.abs(points) > FAR).any() or not (width >= 0).all() or (width > FAR).any():
        raise part.fault(f"{where} lies too far away, or has a width below 0")
    if data.get("layer", "front") not in LAYERS:
        raise part.fault(f"{where}: layer is one of {', '.join(LAYERS)}")
    depth = data.get("depth", 0)
    numbers = [*(data.get(key, 0) for key in _NUMBERS), *(depth if isinstance(depth, list) else [depth])]
    if not all(isinstance(number, int | float) and abs(number) <= FAR for number in numbers):
        raise part.fault(f"{where}: {', '.join(_NUMBERS)} and depth are numbers up to {FAR}")
    if not isinstance(data.get("tips", 1), int) or data.get("tips", 1) < 1:
        raise part.fault(f"{where}: tips is a number of tips, 1 or more")


def draw_locks(
    part: Part,
    ground: Ground,
    dyes: dict[str, Dye],
    wave: Wave,
    sheaf: Sheaf,
    *,
    tied: bool = False,
    tuck: Iterable[int] = (),
    flip: bool = False,
    fall: float = 1.0,
) -> None:
    """Draw the locks of a part onto a sheaf.

    Args:
        part: of the kit, with ``locks``.
        ground: where they lie.
        dyes: paint by layer.
        wave: how they run.
        sheaf: takes them.
        tied: leave out those that are drawn loose only.
        flip: mirror the whole part.
        fall: share of what hangs below the eyes that is left.
        tuck: sides (-1 left, 1 right) whose locks marked ``tuck`` go behind the ear.
    """
    volume = ground.who.hair.volume if part.kind == "back" else 0.0
    runs: list[Run] = []
    styles: list[tuple[Any, bool, int, float, Dye]] = []  # data, mirrored, seed, width over the run's, paint
    for n, data in enumerate(list_of(part, "locks")):
        check_lock(part, n, data)
        if tied and data.get("loose"):
            continue
        for mirrored in (False, True) if data.get("mirror") else (flip,):
            seed = ground.seed + 101 * n + 13 * mirrored
            layer = data.get("layer", "front")
            dye = dyes[layer]
            side = 1 if (data["points"][-1][0] > 0) != mirrored else -1
            if data.get("tuck") and side in tuck:
                layer = "under"
            chance = Random(seed)
            width: Points = np.array(data["width"], float, ndmin=1)
            if len(width) == 1:
                width = width * np.array([0.5, 1.0, 0.95, 0.8])
            if width.max() < WIDE:
                width = width * (1 + (FULLER if volume > 0 else THINNER) * volume)
            points = np.asarray(data["points"], float) * np.array([-1.0 if mirrored else 1.0, 1.0])
            if layer == "back" and width.max() > WIDE:
                width = ground.widen(width, np.interp(shares(len(width)), shares(len(points)), points[:, 1]))
            points[:, 1] -= (1 - fall) * np.maximum(points[:, 1], 0)
            points[:, 0] *= 1 + WIDER * volume
            phase = chance.uniform(-0.4, 0.4) + (np.pi if points[-1, 0] < 0 else 0) + (layer == "under") * 0.5
            broad = 0.75 + BROADER * float(width.max())  # broad locks have high waves
            wound_by = FRINGE if part.kind == "front" and points[-1, 1] < 0 else 1.0
            swing = (
                Wave()
                if width.max() > WIDE
                else Wave(wave.height * broad, wave.length, wave.curl * wound_by, wave.begin)
            )
            runs.append(Run(points, width, layer, swing, phase, data.get("depth")))
            styles.append((data, mirrored, seed, chance.uniform(0.94, 1.06), dye))
    lines = spines(ground, runs)
    front = [number for number, run in enumerate(runs) if run.layer == "front"]
    moved = past_eyes(ground, [lines[n] for n in front], [runs[n].width for n in front])
    for number, line in zip(front, moved, strict=True):
        lines[number] = line
    for run, spine, (data, mirrored, seed, wider, dye) in zip(runs, lines, styles, strict=True):
        lean = float(data.get("lean", 0.0)) * (-1 if mirrored else 1)
        comb = Comb(int(data.get("tips", 1)), float(data.get("cut", 0.4)), lean, float(data.get("uneven", 0.12)))
        drawn, whole, cast = draw_comb(
            Lock(spine, run.width * wider, comb, seed),
            dye,
            strands=int(data.get("strands", BEHIND if run.width.max() > WIDE else 2 if run.wave.height > WAVY else 1)),
            fade=float(data.get("fade", FADE)),
            line=INNER if run.layer == "front" else LINE,
            dark=float(data.get("dark", 0.0)),
        )
        sheaf.items[run.layer] += drawn
        sheaf.top = min(sheaf.top, float(whole[:, 1].min()))
        if run.layer == "front":
            sheaf.contours.append(cast)


def choose(parts: list[Part], who: Character, seed: int) -> Part | None:
    """One of several parts; those for other people (``"for"``: age, look, length, texture) only if need be."""
    known = (who.person.age, who.person.look, who.hair.length, who.hair.texture)
    meant = [part for part in parts if "for" not in part.data or any(word in known for word in list_of(part, "for"))]
    own = [part for part in meant if who.hair.texture in list_of(part, "for")]
    found = own or meant or parts
    return found[seed % len(found)] if found else None
