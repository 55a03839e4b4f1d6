"""Bald, balding and shaved heads: the bare skull in the skin's tones, with what hair there is lying on it as a tint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.pen.crops import Scalp, ease, join, outline, over_ears, smooth
from photo2moe.pen.head import Points3
from photo2moe.pen.locks import Locks
from photo2moe.pen.palette import SkinTones, Tones, mix
from photo2moe.pen.scene import Colour, Flat, Gradient, Group, Item, Path, Points, Shape, brush, columns

TURNED = 0.2  # radians from which the far temple is drawn
TEMPLE = -1.0  # v down to which hair behind the far temple is seen
BROWS = -0.50  # v of the lower edge of the bare skull, above the brows, where it meets the skin of the face
BESIDE = (66.0, -0.37)  # azimuth from which the bare skull ends above the ear, and v at which it does
EVEN = 7  # points to either side over which the outline of the skull is smoothed
SIDE = (0.27, 0.3, 0.46, 0.3, 0.06)  # width of the shade at the right, from above the ear upwards, face units
LINE = 0.026  # width of the outline of the skull, face units
NARROW = (-1.05, -0.36, 0.995)  # v from which the skull narrows and at which it is done, and its width over the face's
GLOSS = ((-24.0, -1.22), (15.0, 0.10), (8.0, 0.07))  # azimuth from the viewer and v of the highlight, its half axes
SHINY = (0.6, 0.05)  # opacity and blur of the highlight on skin
MATT = (0.5, 0.1)  # the same on shaved hair
# Azimuth, and v over the crop's, of the upper edge of hair that is left at the sides, from the temple back.
WREATH = (
    (61.0, 0.85),
    (61.0, 0.7),
    (61.0, 0.54),
    (62.5, 0.37),
    (68.5, 0.18),
    (79.0, 0.05),
    (92.0, 0.0),
    (125.0, -0.06),
)
BEHIND = 78.0  # least azimuth that is seen of the side of a head on which what is left has an outline
STANDS = 0.04  # by which it stands off the skull over the ears, share of the radius
COMBED = 110  # strokes on it, combed back
SIDEBURN = ((44.0, -0.6), (50.0, -0.45), (57.0, -0.30), (62.0, -0.12))  # azimuth and v above which it has its edge
SLANT = (33.0, -0.56)  # azimuth from which the hairline at the far temple slants, and v at which it meets the outline
STUBBLE = 420  # strokes of shaved hair
STROKE = (0.045, 0.075, 0.0042)  # least and greatest length of a stroke, and half its width, face units
SPARSE = (-0.22, -0.85)  # v between which strokes grow from few to all
EDGED = 0.22  # share of the strokes that make the hairline ragged
FADED = ((-0.80, 1.0), (-0.50, 0.72), (-0.10, 0.30))  # v, and how opaque shaved hair is there
SOFT, SOFTEST = 0.026, 0.06  # blur of the edge of shaved hair, and of the mere shadow of it
FAINT = 0.2  # tint below which hair is a mere shadow


def draw(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], tones: Tones, skin: SkinTones, chance: np.random.RandomState
) -> Locks:
    """A bare skull and the hair on it.

    Args:
        scalp: with hair hardly thicker than skin.
        lower: azimuth and v of the lower edge of the hair all around.
        data: of the crop: ``tint`` is how much of the hair's colour the shaved part has, 0 none … 1;
            ``fade`` by how much it fades towards the ears, 0 … 1; ``stubble`` how many strokes it has, and ``strand``
            the least and greatest length of one; ``sides`` the v of the upper edge of the hair that is left at the
            sides, if it is only there.
        tones: of the hair.
        skin: of the skin.
        chance: for the stubble.
    """
    head = scalp.head
    scalp = _Skull(scalp)
    bare = lower.copy()
    front = np.abs(bare[:, 0]) < 47
    bare[front, 1] = BROWS
    turned = abs(head.yaw) > TURNED
    if turned:  # the far temple runs out into the face
        far = np.sign(head.yaw) * bare[:, 0] >= 47
        bare[far, 1] = np.minimum(bare[far, 1], BROWS)
    beside = np.minimum(bare[:, 1], np.interp(np.abs(bare[:, 0]), (47.0, BESIDE[0]), (BROWS, BESIDE[1])))
    edge, ring = scalp.cap(columns([bare[:, 0], beside]))
    ring = _even(ring)
    cap = Path.polygon(np.vstack([edge, ring]))
    if turned:
        far = np.sign(head.yaw) * bare[:, 0] > 25  # behind the face
        bare[far, 1] = np.minimum(bare[far, 1], TEMPLE)
    whole = _even(scalp.silhouette(bare))
    face = head.contour()
    skull = join([outline(edge, ring[::-1]), outline(face[:40], face[:39:-1])])
    tint = float(data.get("tint", 0.0))
    colour = mix(skin.base, tones.base, tint)
    line = mix(skin.line, tones.line, tint)
    back = (Shape(Path.polygon(whole), Flat(mix(skin.shade, tones.deep, tint))),)
    under = (
        Shape(brush(np.vstack([whole, whole[:1]]), [0.018]), Flat(line)),
        Shape(Path.polygon(whole), Flat(mix(skin.base, tones.shade, max(tint, 0.8 * ("sides" in data))))),
    )
    widths = LINE * np.array([1.3, 1.6, 1.8, 1.6, 1.3])
    if turned:
        widths[0 if head.yaw > 0 else -1] = 0.6 * LINE
    rim = Shape(brush(np.vstack([edge[-1:], ring, edge[:1]]), widths), Flat(line))
    inside: list[Item] = []
    shorn: list[Item] = []
    if tint:
        shorn += _tinted(scalp, lower, data, colour, tones, chance)
    right = np.vstack([2 * ring[:1] - ring[4:5], ring[: len(ring) // 3]])  # shaded down to where the face is
    shade = mix(skin.shade, tones.shade, tint * (0.3 if head.yaw > TURNED else 1.0))
    inside.append(Shape(brush(right, SIDE), Flat(shade, 0.64), blur=0.065))
    glow, (opaque, blur) = (skin.shine, SHINY) if tint < FAINT else (mix(colour, tones.light, 0.6), MATT)
    inside.append(Shape(_gloss(scalp), Flat(glow, opaque), blur=blur))
    items: list[Item] = [rim, Shape(cap, Flat(skin.base)), Group(tuple(shorn), skull), Group(tuple(inside), cap)]
    if "sides" in data:
        items += _sides(scalp, lower, data, tones, skin, chance)
    return Locks(back, under, tuple(items), (), float(ring[:, 1].min()))


class _Skull(Scalp):
    """A scalp that narrows to the width of the face at the ears."""

    def __init__(self, scalp: Scalp) -> None:
        super().__init__(scalp.head, scalp.mass, scalp.half, scalp.power, tucked=True)
        self._narrow = 0.0
        at_ear = float(self.on(90.0, NARROW[1])[0])
        self._narrow = NARROW[2] * self.head.size.cheek / at_ear - 1

    def on(self, azimuth: ArrayLike, v: ArrayLike, lift: ArrayLike = 0.0) -> Points3:
        found = super().on(azimuth, v, lift)
        narrow = self._narrow * np.where(found[..., 0] * self.head.yaw > 0, 1 - self._tuck, 1.0)
        found[..., 0] *= 1 + narrow * ease(found[..., 1], *NARROW[:2])
        return found


def _even(ring: Points) -> Points:
    """A curve without the small steps of the silhouette, its ends where they were."""
    reach = np.arange(-EVEN, EVEN + 1)
    kernel = np.exp(-0.5 * (2.2 * reach / EVEN) ** 2)
    ends = np.vstack([2 * ring[:1] - ring[EVEN:0:-1], ring, 2 * ring[-1:] - ring[-2 : -EVEN - 2 : -1]])
    return columns([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in ends.T])


def _gloss(scalp: Scalp) -> Path:
    """The highlight on the skull."""
    turn = np.linspace(0, 2 * np.pi, 24)[:, None]
    azi, v = (np.array(GLOSS[0]) + np.cos(turn) * (GLOSS[1][0], -GLOSS[1][1]) + np.sin(turn) * GLOSS[2]).T
    return Path.polygon(scalp.head.project(scalp.on(azi - np.degrees(scalp.head.yaw), v)))


def _tinted(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], colour: Colour, tones: Tones, chance: np.random.RandomState
) -> list[Item]:
    """Shaved hair: its colour, that fades downwards and at its edge, and short strokes that follow the head."""
    lower = _slanted(lower, scalp)
    edge, ring = scalp.cap(over_ears(lower))
    wide = ring + (ring - ring.mean(0)) * 0.12  # beyond the skull, where the blur would show
    faint = float(data["tint"]) < FAINT
    ends = scalp.head.project([(0.0, FADED[0][0], 0.0), (0.0, FADED[-1][0], 0.0)])
    span = FADED[-1][0] - FADED[0][0]
    fade = float(data.get("fade", 1.0))
    stops = tuple(((v - FADED[0][0]) / span, colour, 1 - fade * (1 - opacity)) for v, opacity in FADED)
    fill = Gradient(tuple(ends[0]), tuple(ends[1]), stops)
    soft = SOFTEST if faint else SOFT
    items: list[Item] = [Shape(Path.polygon(np.vstack([edge, wide])), fill, blur=soft)]
    count = int(data.get("stubble", STUBBLE))
    if faint or not count:
        return items
    azi = chance.uniform(scalp.left, scalp.right, count)
    low = np.interp(azi, lower[:, 0], lower[:, 1])
    share = chance.uniform(0, 1, count)
    share[: int(EDGED * count)] *= 0.08
    v = low + 0.03 - 0.1 * ease(np.abs(azi), 36, 48) - (low + 1.62) * share
    kept = chance.uniform(0, 1, count) < 1 - fade * (1 - ease(v, *SPARSE))
    short, long = data.get("strand", STROKE[:2])
    ways = columns([chance.uniform(-2.0, 2.0, count), chance.uniform(short, long, count)])
    rings = _strokes(scalp, azi[kept], v[kept], ways[kept])
    items.append(Shape(join(rings[::3]), Flat(mix(colour, tones.light, 0.45), 0.45)))
    items.append(Shape(join([*rings[1::3], *rings[2::3]]), Flat(mix(colour, tones.deep, 0.55), 0.55)))
    return items


def _slanted(lower: Points, scalp: Scalp) -> Points:
    """The edge of shaved hair: clear of the eyes, and at the far temple of a turned head slanting into the outline."""
    yaw = scalp.head.yaw
    edge = np.array(SIDEBURN)
    beside = np.interp(np.abs(lower[:, 0]), edge[:, 0], edge[:, 1], right=1.0)
    lower = columns([lower[:, 0], np.where(np.abs(lower[:, 0]) > 44, np.minimum(lower[:, 1], beside), lower[:, 1])])
    azi, begin = lower[:, 0] * np.sign(yaw), SLANT[0]
    order = np.argsort(azi)
    start = float(np.interp(begin, azi[order], lower[order, 1]))
    slant = np.interp(azi, (begin, 92.0 - abs(float(np.degrees(yaw)))), (start, SLANT[1]))
    far = (azi > begin) * ease(abs(yaw), 0.05, TURNED)
    return columns([lower[:, 0], lower[:, 1] + far * np.minimum(slant - lower[:, 1], 0)])


def _strokes(scalp: Scalp, azi: Points, v: Points, ways: Points) -> list[Points]:
    """Short tapered strokes, each a ring of four points.

    Args:
        scalp: that they lie on.
        azi: of their middles.
        v: of their middles.
        ways: ``(N, 2)`` azimuth and v from their start to their end.
    """
    share = np.array((-0.5, 0.0, 0.5))
    line = scalp.on((azi[:, None] + ways[:, :1] * share).ravel(), (v[:, None] + ways[:, 1:] * share).ravel(), 0.004)
    start, middle, end = scalp.head.project(line).reshape(-1, 3, 2).transpose(1, 0, 2)
    along = end - start
    normal = columns([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-6)[:, None] * STROKE[2]
    return list(np.stack([start, middle - normal, end, middle + normal], 1))


def _sides(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], tones: Tones, skin: SkinTones, chance: np.random.RandomState
) -> list[Item]:
    """What is left at the sides of a balding head: short hair around the ears, thinning upwards."""
    top, tint = float(data["sides"]), float(data.get("rim", 0.85))
    colour = mix(skin.base, tones.base, tint)
    items: list[Item] = []
    for side in (-1, 1):
        if side * scalp.head.yaw > TURNED:
            continue  # hidden behind the forehead
        end = min(side * (scalp.right if side > 0 else scalp.left), WREATH[-1][0])
        azi = np.linspace(WREATH[0][0], end, 24)
        high = np.interp(azi, *smooth(np.add(WREATH, (0.0, top))).T)
        low = np.minimum(np.interp(side * azi, *over_ears(lower).T), BESIDE[1] * ease(azi, 66, 74))
        low = np.maximum(low, high)
        up = np.linspace(low[-1], high[-1], 16)
        stands = STANDS * ease(up, low[-1] + 0.08, low[-1] - 0.1) * ease(up, high[-1], high[-1] + 0.3)
        below, outer, beyond, above = (
            scalp.head.project(scalp.on(side * np.asarray(a), np.asarray(v), lift))
            for a, v, lift in (
                (azi, low, 0.0),
                (np.full(16, end), up, stands),
                (np.full(16, end), up, stands + 0.1),
                (azi[::-1], high[::-1], 0.0),
            )
        )
        v0, v1 = float(above[:, 1].min()), float(below[:, 1].max())
        u = float(below[:, 0].mean())
        stops = ((0.0, colour, 0.0), (0.3, colour, 0.75), (0.6, colour, 1.0), (0.8, colour, 0.9), (1.0, colour, 0.35))
        form = Path.polygon(np.vstack([below, beyond, above]))
        inner = scalp.head.project([(0.0, -1.4, 0.0), (0.0, 0.2, 0.0), (side * 0.8, 0.2, 0.0)])
        hair = Shape(form, Gradient((u, v0), (u, v1), stops), blur=0.026)
        items.append(Group((hair,), Path.polygon(np.vstack([outer, inner]))))  # no blur at the outline
        if end > BEHIND:
            items.append(Shape(brush(outer, [0.02, 0.034, 0.03, 0.012]), Flat(mix(colour, tones.line, 0.6))))
        at = chance.uniform(WREATH[0][0] + 5, end, COMBED)
        share = chance.uniform(0.08, 0.9, COMBED)
        base, crest = np.interp(at, azi, low), np.interp(at, azi, high)
        ways = columns([side * chance.uniform(7, 13, COMBED), chance.uniform(-0.07, 0.0, COMBED)])
        rings = _strokes(scalp, side * at, np.asarray(base + (crest - base) * share, float), ways)
        items.append(Shape(join(rings[::2]), Flat(mix(colour, tones.deep, 0.6), 0.6)))
        items.append(Shape(join(rings[1::2]), Flat(mix(colour, tones.light, 0.7), 0.6)))
    return items
