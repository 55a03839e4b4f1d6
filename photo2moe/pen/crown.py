"""The crown: the mass of hair over the skull from which locks grow, its strands, its shine and its shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.character.schema import Character
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Points3
from photo2moe.pen.locks import LINE, STRAND, Dye
from photo2moe.pen.palette import Tones, mix, parse, tone
from photo2moe.pen.scene import (
    Colour,
    Flat,
    Gradient,
    Group,
    Item,
    Path,
    Points,
    Shape,
    brush,
    brushed,
    clip,
    columns,
    shares,
    through,
)

CONTOUR = (0.012, 0.026)  # how far locks stand off the crown's outline, shares of its radius
FALL = ((-0.2, -2.1), (0.25, 1.9))  # from the roots on the crown, which are darker, to the lengths, in the picture
PALER = (1.13, 1.14, 3.0)  # lightness, chroma and turn of hue (degrees) of the ends over those of the lengths
BEHIND = ((0.0, 0.5), (0.0, 2.2))  # from the nape, which lies in the head's shade, down the hair behind
SIDE = ((0.35, -1.5), (1.3, -0.95))  # from where the crown is lit to where it lies in shade, in the picture
DIPPED = (1.7, -0.1)  # length above the ends where dyed ones set in, and where they have their colour, face units

NAPE, TURNED = 0.5, 0.6  # how far hair of a turned head reaches down behind the ear, face units, and yaw for all of it
ROOTED = 22  # strands of the hairline
ROOTS = (0.035, 0.025, 0.012, 0.002)  # their width, face units
ARC = 9  # points along an arc of the edge of the band of light
APART = 0.115  # between the points in which arcs meet, face units
REACH = (0.7, 2.1)  # how far those lie above and below the middle of the band, shares of its height
THIN = 0.28  # of that, where arcs lie nearest to the middle
ARCH = 0.42  # by how much the band of light falls towards the sides: v over the square of u

# Right half of the hairline of an open forehead, from its middle over the temple and the sideburn to above the ear.
OPEN: tuple[tuple[float, float], ...] = (
    (0.0, -1.25), (0.25, -1.20), (0.48, -1.06), (0.67, -0.87), (0.79, -0.62), (0.86, -0.35), (0.91, -0.03),
    (0.965, -0.12), (1.02, -0.25), (1.10, -0.31), (1.20, -0.26),
)  # fmt: skip


def dye_of(who: Character, ground: Ground, tones: Tones, low: float) -> tuple[Dye, Dye]:
    """What the front and the back of the hair are painted with; ``low`` is the v of the ends."""
    tips = parse(who.hair.tips) if who.hair.tips else None
    fall = (low - DIPPED[0] * min(1.0, 0.45 + 0.25 * low), low - DIPPED[1])
    ends = tone(tones.base, *PALER)
    stops = (
        (0.0, mix(tones.base, tones.shade, 0.75), 1.0),
        (0.2, mix(tones.base, tones.shade, 0.25), 1.0),
        (0.45, tones.base, 1.0),
        (1.0, ends, 1.0),
    )
    front = Gradient(*FALL, stops)
    dark = mix(tones.base, tones.shade, 0.9)
    darker = Tones(dark, mix(tones.shade, tones.deep, 0.6), tones.deep, tones.base, tones.light, tones.line)
    behind = Gradient(
        *BEHIND, ((0.0, mix(dark, tones.deep, 0.55), 1.0), (0.5, mix(dark, tones.deep, 0.2), 1.0), (1.0, dark, 1.0))
    )
    return Dye(tones, front, tips, fall), Dye(darker, behind, mix(tips, tones.deep, 0.2) if tips else None, fall)


def draw_scalp(ground: Ground, dye: Dye) -> tuple[Item, ...]:
    """All of the skull, behind the face: the dark inside of loose hair."""
    return (Shape(Path.polygon(ground.set(ground.dome())), dye.paint),)


def draw_nape(ground: Ground, dye: Dye, parting: float | None, ways: list[Points]) -> tuple[Item, ...]:
    """All of the skull, behind the face, as tied hair covers it: with strands and an outline."""
    outline = ground.set(ground.dome(parting))
    path = Path.polygon(outline)
    line = Shape(brush(outline, LINE, closed=True), Flat(dye.tones.line))
    return (Shape(path, dye.paint), Group(draw_flow(ground, dye.tones, ways), path), line)


def draw_contour(ground: Ground, dye: Dye) -> tuple[Item, ...]:
    """Two or three locks that lie over the outline of the crown, drawn behind it."""
    chance = np.random.RandomState((ground.seed ^ 0x4C7) & 0xFFFFFFFF)
    dome = ground.dome(count=240)
    middle = dome.mean(0)
    items: list[Item] = []
    for turn in chance.permutation((-1.05, -0.5, 0.55, 1.1))[: chance.randint(2, 4)] + chance.uniform(-0.12, 0.12):
        share = shares(26)
        span = np.sign(turn) * chance.uniform(0.45, 0.62) * share
        ring = (np.interp(np.pi + turn + span, np.linspace(0, 2 * np.pi, 241), np.arange(241)) + 0.5).astype(int) % 240
        high = chance.uniform(*CONTOUR)
        rise = 0.985 + (high + 0.015) * np.sin(0.5 * np.pi * np.minimum(share / 0.75, 1)) ** 1.5
        tip = rise - (share > 0.8) * 0.9 * high * ((share - 0.8) / 0.2) ** 2
        base = dome[ring] - middle
        both = ground.set(np.concatenate([base * tip[:, None], 0.96 * base]) + middle)
        outer, inner = both[: len(base)], both[len(base) :]
        items.append(Shape(Path.polygon(np.vstack([outer, inner[::-1]])), dye.paint))
        items.append(Shape(brush(outer, [0.002, LINE, LINE, 0.5 * LINE, 0.002]), Flat(dye.tones.line)))
    return tuple(items)


def hairline_of(ground: Ground, hairline: ArrayLike) -> tuple[Points3, Points3]:
    """Left and right half of a hairline in space, each from its middle to above the ear."""
    half = through(hairline)
    right, left = ground.lay(ground.fit(half)), ground.lay(ground.fit(half * (-1, 1)))
    return left, right


def draw_crown(ground: Ground, dye: Dye, hairline: ArrayLike, parting: float | None) -> tuple[tuple[Item, ...], Path]:
    """The mass over the skull down to the hairline, and its path.

    Args:
        ground: where it lies.
        dye: what it is painted with.
        hairline: right half, see :data:`OPEN`.
        parting: u of the parting, or None.
    """
    tones = dye.tones
    left, right = (ground.flat(half) for half in hairline_of(ground, hairline))
    left, right = (
        ground.beside(half) if ground.head.yaw * side > 0 else half for side, half in ((-1, left), (1, right))
    )
    outline = ground.dome(parting)
    top = int(np.argmin(outline[:, 1]))
    turn = ground.head.yaw
    falls = [NAPE * float(clip(-side * turn / TURNED, 0, 1)) for side in (-1, 1)]  # of the near side only
    begin = int(np.argmin(np.abs(outline[:top, 1] - left[-1, 1] - falls[0])))
    end = top + int(np.argmin(np.abs(outline[top:, 1] - right[-1, 1] - falls[1])))
    over = outline[begin : end + 1].copy()
    for half, last, fall in (
        (slice(0, top - begin), left[-1], falls[0]),
        (slice(top - begin, None), right[-1], falls[1]),
    ):
        share = clip((over[half, 1] - last[1]) / max(fall, 1e-6), 0, 1) if fall else np.zeros(len(over[half]))
        over[half, 0] += 0.5 * share**2 * (last[0] - over[half, 0])
    path = Path.polygon(ground.set(np.vstack([over, right[::-1], left[1:]])))
    edge = ground.set(np.vstack([left[::-1], right[1:]]))
    skip = len(edge) // 7
    inside = (
        Shape(path, Gradient(*SIDE, ((0.0, tones.shade, 0.0), (1.0, tones.shade, 0.7)))),
        Shape(brush(edge, [0.06, 0.26, 0.26, 0.06]), Flat(tones.deep, 0.5), blur=0.05),
        Shape(brushed(_roots(ground, edge, parting), ROOTS), Flat(mix(tones.deep, tones.line, 0.3), 0.4)),
    )
    lines = (
        Shape(brush(ground.set(over), [0.008, LINE, 1.15 * LINE, LINE, 0.008]), Flat(tones.line)),
        Shape(
            brush(edge[skip:-skip], [0.004, 0.6 * LINE, 0.35 * LINE, 0.35 * LINE, 0.6 * LINE, 0.004]), Flat(tones.line)
        ),
    )
    return (Shape(path, dye.paint), Group(inside, path), *lines), path


def _roots(ground: Ground, edge: Points, parting: float | None) -> list[Points]:
    """Short strands from the hairline into the hair, towards the parting or straight back."""
    chance = np.random.RandomState((ground.seed ^ 0x3D1) & 0xFFFFFFFF)
    at = (np.linspace(0.14, 0.86, ROOTED) + chance.uniform(-0.015, 0.015, ROOTED)) * (len(edge) - 1)
    feet = edge[at.astype(int)]
    whorl = ground.place(ground.lay(ground.fit(np.array([[parting or 0.0, -1.9]]))))[0]
    away = feet - (ground.place(ground.lay(ground.fit(np.array([[0.0, -0.55]]))))[0] if parting is None else whorl)
    away *= (1.0 if parting is None else -1.0) / (np.hypot(away[:, 0], away[:, 1])[:, None] + 1e-9)
    long = chance.uniform(0.1, 0.26, ROOTED)[:, None]
    bend = columns([-away[:, 1], away[:, 0]]) * np.sign(feet[:, :1]) * long * 0.15
    share = shares(7)[:, None]
    return list(
        (feet - 0.03 * away)[:, None] + (away * long)[:, None] * share + bend[:, None] * 4 * share * (1 - share)
    )


def draw_parting(ground: Ground, tones: Tones, parting: float, low: float, path: Path) -> tuple[Item, ...]:
    """The line from ``low`` (v) to the top where the hair parts, with its shade, inside the crown's path."""
    v = np.linspace(low, -2.0, 24)
    u = parting * (1 - 0.45 * clip((-0.95 - v) / 1.0, 0, 1))
    line = ground.place(ground.lay(ground.fit(columns([u, v]))))
    shade = Shape(brush(line, [0.02, 0.09, 0.06, 0.002]), Flat(tones.shade, 0.6))
    inked = Shape(brush(line, [0.5 * LINE, 0.8 * LINE, 0.4 * LINE, 0.002]), Flat(tones.line, 0.6))
    return (Group((shade, inked), path),)


def draw_flow(ground: Ground, tones: Tones, ways: list[Points]) -> tuple[Item, ...]:
    """Strands over the hair, each a line, its shade and its light; what is hidden behind the head is left out.

    Args:
        ground: where they lie.
        tones: of the hair.
        ways: points in space along each, ``(N, 3)``.
    """
    lines = []
    for way in ways:
        seen = ground.head.depth(way) > -0.05
        stop = int(np.argmin(seen)) if not seen.all() else len(way)
        if stop > 5:
            lines.append(way[:stop])
    if lines:
        ends = np.cumsum([len(line) for line in lines])
        lines = np.split(ground.place(np.concatenate(lines)), ends[:-1])
    shaded, lit = [np.add(line, (0.02, 0.03)) for line in lines], [np.subtract(line, (0.03, 0.04)) for line in lines]
    return (
        Shape(brushed(shaded, [0.002, 0.05, 0.15, 0.07, 0.002]), Flat(tones.shade, 0.5)),
        Shape(brushed(lit, [0.002, 0.07, 0.11, 0.03, 0.002]), Flat(tones.light, 0.4)),
        Shape(brushed(lines, [0.003, STRAND, 0.6 * STRAND, 0.002]), Flat(tones.line, 0.5)),
    )


def draw_shine(
    ground: Ground, tones: Tones, parting: float, *, height: float = -1.52, strength: float = 1.0
) -> tuple[Item, ...]:
    """One soft curved band of light over the hair, of tapered glints along its strands, broken at the parting.

    Args:
        ground: where it lies.
        tones: of the hair.
        parting: u where it is broken.
        height: v of its middle.
        strength: 0 none … 1 as bright as it is drawn.
    """
    chance = np.random.RandomState((ground.seed ^ 0x5A17) & 0xFFFFFFFF)
    height += chance.uniform(-0.06, 0.06)
    rings: list[Points] = []
    for low, high, tall in _patches(chance, parting):
        above, below = (_scallops(chance, low, high, reach * tall) for reach in REACH)
        ring = np.vstack([above * (1, -1), below[::-1]])
        at = ring[:, 0]
        ring = columns([at + 1.1 * (at - parting) * ring[:, 1], height + ARCH * at**2 + ring[:, 1]])
        rings.append(ring)  # strands run outwards from the parting
    if not rings:
        return ()
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    placed = np.split(ground.place(ground.lay(ground.fit(np.concatenate(rings)), lift=0.01)), ends)
    path = Path.rings(placed)
    glow, band = Flat(tones.gleam, 0.3 * strength), Flat(tones.gleam, 0.5 * strength)
    return Shape(path, glow, blur=0.06), Shape(path, band)


def _scallops(chance: np.random.RandomState, low: float, high: float, reach: float) -> Points:
    """One edge of a patch of light from ``low`` to ``high``, arcs that meet in points: u and height, ``(N, 2)``."""
    count = max(2, round((high - low) / APART))
    gaps = chance.uniform(0.6, 1.4, count)
    at = low + (high - low) * np.append(0.0, np.cumsum(gaps) / gaps.sum())
    tips = (
        reach
        * np.sin(np.pi * clip((at - low) / (high - low), 0, 1)).clip(0) ** 0.6
        * chance.uniform(0.6, 1.2, count + 1)
    )
    tips[[0, -1]] = 0.0
    t = shares(ARC)[:-1]
    share = np.abs(2 * t - 1) ** 1.7
    u = (at[:-1, None] + (at[1:] - at[:-1])[:, None] * t).ravel()
    between = tips[:-1, None] + (tips[1:] - tips[:-1])[:, None] * t
    body = THIN * reach * np.sin(np.pi * clip((u - low) / (high - low), 0, 1)).clip(0).reshape(between.shape) ** 0.6
    v = (np.minimum(body, between) + (between - np.minimum(body, between)) * share).ravel()
    return np.vstack([columns([u, v]), [[high, 0.0]]])


def _patches(chance: np.random.RandomState, parting: float) -> list[tuple[float, float, float]]:
    """Where the patches of the band begin and end, and how tall they are: larger on the left, where the light is."""
    found = []
    for first, last, tall in ((-0.97, parting - 0.1, 0.16), (parting + 0.1, 0.9, 0.12)):
        if last - first < 0.2:
            continue
        cut = first + (last - first) * (chance.uniform(0.2, 0.35) if first < -0.5 else chance.uniform(0.6, 0.8))
        for a, b in ((first, cut - 0.05), (cut + 0.05, last)):
            if b - a > 0.12:
                found.append((a, b, tall * chance.uniform(0.8, 1.2) * min(1.0, 0.35 + (b - a) / 0.7)))
    return found


def hairline_shadow(ground: Ground, left: Points3, right: Points3, *, narrow: bool) -> Points:
    """The contour of the crown's lower edge; a ``narrow`` one is higher, so that it casts less than locks."""
    edge = ground.place(np.vstack([left[::-1], right[1:]])) - np.array([0.01, 0.045]) * narrow
    return np.vstack([edge, edge[::-1] - (0, 0.4)])


def shadow_on_face(
    ground: Ground, contours: list[Points], colour: Colour, drop: tuple[float, float] = (0.035, 0.085)
) -> tuple[Item, ...]:
    """One clean shadow: contours of hair, shifted down and to the right."""
    return (Shape(Path.rings(contour + drop for contour in contours), Flat(colour)),) if contours else ()
