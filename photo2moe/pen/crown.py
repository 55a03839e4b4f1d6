"""The crown: the mass of hair over the skull from which locks grow, its strands, its shine and its shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.character.schema import Character
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Points3
from photo2moe.pen.locks import LINE, STRAND, Dye
from photo2moe.pen.palette import Tones, mix, parse, skin, tone
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

CONTOUR = (0.022, 0.04)  # how far locks stand off the crown's outline, shares of its radius
FALL = ((-0.2, -2.1), (0.25, 1.9))  # from the roots on the crown, which are darker, to the lengths, in the picture
SIDE = ((0.35, -1.5), (1.3, -0.95))  # from where the crown is lit to where it lies in shade, in the picture
DIPPED = (1.7, -0.1)  # length above the ends where dyed ones set in, and where they have their colour, face units

ARCH = 0.42  # by how much the band of light falls towards the sides: v over the square of u
TINT = (1.5, 1.5)  # lightness and chroma of the light on hair over those of the hair

# Right half of the hairline of an open forehead, from its middle over the temple and the sideburn to above the ear.
OPEN: tuple[tuple[float, float], ...] = (
    (0.0, -1.25), (0.25, -1.20), (0.48, -1.06), (0.67, -0.87), (0.79, -0.62), (0.86, -0.35), (0.91, -0.03),
    (0.965, -0.12), (1.02, -0.25), (1.10, -0.31), (1.20, -0.26),
)  # fmt: skip


def dye_of(who: Character, ground: Ground, tones: Tones, low: float) -> tuple[Dye, Dye]:
    """What the front and the back of the hair are painted with; ``low`` is the v of the ends."""
    tips = parse(who.hair.tips) if who.hair.tips else None
    fall = (low - DIPPED[0] * min(1.0, 0.45 + 0.25 * low), low - DIPPED[1])
    stops = (
        (0.0, mix(tones.base, tones.shade, 0.7), 1.0),
        (0.2, mix(tones.base, tones.shade, 0.15), 1.0),
        (0.45, tones.base, 1.0),
        (1.0, mix(tones.base, tones.light, 0.75), 1.0),
    )
    front = Gradient(*FALL, stops)
    dark = mix(tones.shade, tones.deep, 0.15)
    darker = Tones(dark, tones.deep, mix(tones.deep, tones.line, 0.4), tones.shade, tones.base, tones.line)
    return Dye(tones, front, tips, fall), Dye(darker, Flat(dark), mix(tips, tones.deep, 0.3) if tips else None, fall)


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
        items.append(Shape(brush(outer, [0.006, LINE, LINE, 0.6 * LINE]), Flat(dye.tones.line)))
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
    begin = int(np.argmin(np.abs(outline[:top, 1] - left[-1, 1])))
    end = top + int(np.argmin(np.abs(outline[top:, 1] - right[-1, 1])))
    over = outline[begin : end + 1]
    path = Path.polygon(ground.set(np.vstack([over, right[::-1], left[1:]])))
    edge = ground.set(np.vstack([left[::-1], right[1:]]))
    skip = len(edge) // 7
    roots = mix(tones.base, skin(parse(ground.who.skin.colour)).shade, 0.5)
    inside = (
        Shape(path, Gradient(*SIDE, ((0.0, tones.shade, 0.0), (1.0, tones.shade, 0.7)))),
        Shape(brush(edge, [0.05, 0.13, 0.13, 0.05]), Flat(roots, 0.55), blur=0.035),
    )
    lines = (
        Shape(brush(ground.set(over), [0.008, LINE, 1.15 * LINE, LINE, 0.008]), Flat(tones.line)),
        Shape(
            brush(edge[skip:-skip], [0.004, 0.6 * LINE, 0.35 * LINE, 0.35 * LINE, 0.6 * LINE, 0.004]), Flat(tones.line)
        ),
    )
    return (Shape(path, dye.paint), Group(inside, path), *lines), path


def draw_parting(ground: Ground, tones: Tones, parting: float, low: float, path: Path) -> tuple[Item, ...]:
    """The line from ``low`` (v) to the top where the hair parts, with its shade, inside the crown's path."""
    v = np.linspace(low, -2.0, 24)
    u = parting * (1 - 0.45 * clip((-0.95 - v) / 1.0, 0, 1))
    line = ground.place(ground.lay(ground.fit(columns([u, v]))))
    shade = Shape(brush(line + np.array([0.015, 0]), [0.02, 0.08, 0.05, 0.01]), Flat(tones.shade, 0.6))
    return (
        Group((shade, Shape(brush(line, [0.3 * LINE, 0.9 * LINE, 0.6 * LINE, 0.002]), Flat(tones.line, 0.9))), path),
    )


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
    return (
        Shape(
            brushed([np.add(line, (0.02, 0.012)) for line in lines], [0.002, 0.02, 0.07, 0.03, 0.002]),
            Flat(tones.shade, 0.5),
        ),
        Shape(
            brushed([np.subtract(line, (0.03, 0.02)) for line in lines], [0.002, 0.035, 0.05, 0.002]),
            Flat(tones.light, 0.45),
        ),
        Shape(brushed(lines, [0.003, 1.1 * STRAND, 0.6 * STRAND, 0.002]), Flat(tones.line, 0.6)),
    )


def draw_shine(
    ground: Ground, tones: Tones, parting: float, *, height: float = -1.52, strength: float = 1.0
) -> tuple[Item, ...]:
    """One curved band of light over the hair, with a zigzag at its lower edge, broken at the parting.

    Args:
        ground: where it lies.
        tones: of the hair.
        parting: u where it is broken.
        height: v of its middle.
        strength: 0 none … 1 as bright as it is drawn.
    """
    chance = np.random.RandomState((ground.seed ^ 0x5A17) & 0xFFFFFFFF)
    height += chance.uniform(-0.08, 0.06)
    bright = mix(tones.shine, tone(tones.base, *TINT), 0.6)
    outlines: list[Points] = []  # of each patch: the ends of its fade, and two outlines
    for low, high, tall in _patches(chance, parting):
        middle = 0.5 * (low + high)
        arch = height + ARCH * middle**2
        outlines.append(np.array([[middle, arch - 0.3 * tall], [middle, arch + 1.6 * tall]]))
        for grown in (0.06, 0.0):
            outlines.append(_zigzag(chance, low - grown, high + grown, height - 0.8 * grown, tall * (1 + 7 * grown)))
    if not outlines:
        return ()
    placed = ground.place(ground.lay(ground.fit(np.concatenate(outlines)), lift=0.01))
    pieces = np.split(placed, np.cumsum([len(outline) for outline in outlines])[:-1])
    items: list[Item] = []
    for ends, *patches in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        (u0, v0), (u1, v1) = ends.tolist()
        for patch, opacity in zip(patches, (0.32 * strength, 0.6 * strength), strict=True):
            stops = ((0.0, bright, 0.3 * opacity), (0.2, bright, opacity), (0.45, bright, 0.6 * opacity))
            items.append(Shape(Path.polygon(patch), Gradient((u0, v0), (u1, v1), (*stops, (1.0, bright, 0.0)))))
    return tuple(items)


def _patches(chance: np.random.RandomState, parting: float) -> list[tuple[float, float, float]]:
    """Where the patches of the band begin and end, and how tall they are: larger on the left, where the light is."""
    found = []
    for first, last, tall in ((-0.97, parting - 0.07, 0.19), (parting + 0.07, 0.9, 0.14)):
        if last - first < 0.2:
            continue
        cut = first + (last - first) * (chance.uniform(0.2, 0.35) if first < -0.5 else chance.uniform(0.6, 0.8))
        for a, b in ((first, cut - 0.03), (cut + 0.02, last)):
            if b - a > 0.12:
                found.append((a, b, tall * chance.uniform(0.8, 1.2) * min(1.0, 0.35 + (b - a) / 0.7)))
    return found


def _zigzag(chance: np.random.RandomState, low: float, high: float, height: float, tall: float) -> Points:
    """A patch of the band: a smooth upper edge, a lower one with unequal teeth along the strands, pointed ends."""
    share = shares(24)
    u = low + (high - low) * share
    upper = columns([u, height + ARCH * u**2 - 0.3 * tall * np.sin(np.pi * share) ** 0.6])
    borders = np.append(0.0, np.cumsum(chance.uniform(0.3, 1.7, max(2, round((high - low) / 0.10)))))
    borders = borders / borders[-1]
    points = []
    for n in reversed(range(len(borders) - 1)):
        wide = borders[n + 1] - borders[n]
        for at, deep in (
            (borders[n] + 0.6 * wide, chance.uniform(0.8, 2.0)),
            (borders[n] + 0.3 * wide, chance.uniform(0.5, 0.9)),
            (borders[n], chance.uniform(0.1, 0.4)),
        ):
            x = low + (high - low) * at
            fall = deep * tall * float(np.sin(np.pi * at)) ** 0.5
            points.append((x + 0.3 * x * fall, height + ARCH * x * x + fall))
    return np.vstack([upper, np.array(points[:-1])])


def hairline_shadow(ground: Ground, left: Points3, right: Points3, *, narrow: bool) -> Points:
    """The contour of the crown's lower edge; a ``narrow`` one is higher, so that it casts less than locks."""
    edge = ground.place(np.vstack([left[::-1], right[1:]])) - np.array([0.01, 0.045]) * narrow
    return np.vstack([edge, edge[::-1] - (0, 0.4)])


def shadow_on_face(
    ground: Ground, contours: list[Points], colour: Colour, drop: tuple[float, float] = (0.035, 0.085)
) -> tuple[Item, ...]:
    """One clean shadow: contours of hair, shifted down and to the right."""
    return (Shape(Path.rings(contour + drop for contour in contours), Flat(colour)),) if contours else ()
