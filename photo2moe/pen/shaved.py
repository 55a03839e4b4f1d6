"""Bald, balding and shaved heads: the bare skull in the skin's tones, with what hair there is lying on it as a tint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from photo2moe.pen.crops import Scalp, ease, join, outline, over_ears, smooth
from photo2moe.pen.locks import Locks
from photo2moe.pen.palette import SkinTones, Tones, mix
from photo2moe.pen.scene import Flat, Gradient, Group, Item, Path, Points, Shape, bezier, brush, columns

TURNED = 0.2  # radians from which the far temple is drawn
BLEND = 10  # points of the curve that joins the two there
JOIN = (2, 10)  # points of the silhouette left out there, and point of the outline of the face that it runs into
TEMPLE = -1.0  # v of the far temple, where the outline of the skull runs into that of the face
BROWS = -0.50  # v of the lower edge of the bare skull, above the brows, where it meets the skin of the face
BESIDE = (66.0, -0.27)  # azimuth from which the bare skull ends above the ear, and v at which it does
EVEN = 7  # points to either side over which the outline of the skull is smoothed
LINE = 0.026  # width of the outline of the skull, face units
GLOSS = ((-0.62, -1.42), (-0.45, -1.62), (-0.18, -1.72), (-0.28, -1.58), (-0.48, -1.38), (-0.64, -1.28), (-0.62, -1.42))
RIM = ((100.0, -0.3), (100.0, -0.4), (100.0, -0.5), (100.0, -0.62))  # azimuth and v of hair at the sides: its rim
FRONT = ((68.0, -0.62), (60.0, -0.50), (55.0, -0.36), (53.0, -0.24))  # the same at the temple, where it runs out
STANDS = 0.09  # by which it stands off the skull over the ears, share of the radius
RIM_POINTS = 44  # points of its upper edge, from the ear up, that are outline
COMBED = 7  # strands combed back in it
STUBBLE = 260  # strokes of shaved hair
SOFT = 0.012  # blur of the edge of shaved hair


def draw(
    scalp: Scalp, lower: Points, data: Mapping[str, Any], tones: Tones, skin: SkinTones, chance: np.random.RandomState
) -> Locks:
    """A bare skull and the hair on it.

    Args:
        scalp: with hair hardly thicker than skin.
        lower: azimuth and v of the lower edge of the hair all around.
        data: of the crop: ``tint`` is how much of the hair's colour the shaved part has, 0 none … 1;
            ``sides`` the v of the upper edge of the hair that is left at the sides, if it is only there.
        tones: of the hair.
        skin: of the skin.
        chance: for the stubble.
    """
    head = scalp.head
    bare = lower.copy()
    front = np.abs(bare[:, 0]) < 47
    bare[front, 1] = BROWS
    if abs(head.yaw) > TURNED:
        bare[np.sign(head.yaw) * bare[:, 0] >= 47, 1] = TEMPLE
    beside = np.where(np.abs(bare[:, 0]) > BESIDE[0], np.minimum(bare[:, 1], BESIDE[1]), bare[:, 1])
    edge, ring = scalp.cap(columns([bare[:, 0], beside]))
    edge, ring = _join_face(scalp, edge, _even(ring))
    cap = Path.polygon(np.vstack([edge, ring]))
    hidden = np.sign(head.yaw) * bare[:, 0] > 25  # behind the face of a turned head
    whole = scalp.silhouette(columns([bare[:, 0], np.where(hidden & (abs(head.yaw) > TURNED), TEMPLE, bare[:, 1])]))
    whole = _even(whole)
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
    turned = abs(head.yaw) > TURNED
    after, ahead = BLEND if turned and head.yaw > 0 else 1, BLEND if turned and head.yaw < 0 else 1
    widths = [1.3 * LINE, 1.6 * LINE, 1.8 * LINE, 1.6 * LINE, 1.3 * LINE]
    rim = Shape(brush(np.vstack([edge[-after:], ring, edge[:ahead]]), widths), Flat(line))
    inside: list[Item] = []
    shorn: list[Item] = []
    if tint:
        shorn += _tinted(scalp, lower, data, colour, mix(colour, tones.deep, 0.35), chance)
    right = np.vstack([face[-9:], ring[: len(ring) // 3]])
    inside.append(
        Shape(brush(right, [0.2, 0.32, 0.46, 0.3, 0.06]), Flat(mix(skin.shade, tones.shade, tint), 0.75), blur=0.07)
    )
    shine = head.project(scalp.before(smooth(GLOSS)))
    glow = mix(skin.shine, tones.shine, 0.6 * tint)
    inside.append(Shape(Path.polygon(shine), Flat(glow, 0.75 - 0.4 * tint), blur=0.03))
    items: list[Item] = [rim, Shape(cap, Flat(skin.base)), Group(tuple(shorn), skull), Group(tuple(inside), cap)]
    if "sides" in data:
        items += _sides(scalp, lower, data, tones, skin)
    return Locks(back, under, tuple(items), (), float(ring[:, 1].min()))


def _even(ring: Points) -> Points:
    """A curve without the small steps of the silhouette, its ends where they were."""
    reach = np.arange(-EVEN, EVEN + 1)
    kernel = np.exp(-0.5 * (2.2 * reach / EVEN) ** 2)
    ends = np.vstack([2 * ring[:1] - ring[EVEN:0:-1], ring, 2 * ring[-1:] - ring[-2 : -EVEN - 2 : -1]])
    return columns([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in ends.T])


def _join_face(scalp: Scalp, edge: Points, ring: Points) -> tuple[Points, Points]:
    """On a turned head, the outline of the skull runs into that of the face at the far temple."""
    head = scalp.head
    if abs(head.yaw) <= TURNED:
        return edge, ring
    face = head.contour()
    across = np.array((np.cos(head.roll), np.sin(head.roll))) * np.sign(head.yaw)
    far = -1 - JOIN[1] if head.yaw > 0 else JOIN[1]
    azimuth = np.linspace(scalp.left, scalp.right, len(edge)) * np.sign(head.yaw)
    kept = edge[(azimuth < 46) & (edge @ across < face[far] @ across - 0.03)]
    if head.yaw > 0:
        ring = ring[JOIN[0] :]
        return np.vstack([kept, _blend(ring[1], ring[0], face[-1 - JOIN[1]], face[-JOIN[1]])[::-1]]), ring
    ring = ring[: -JOIN[0]]
    return np.vstack([_blend(ring[-2], ring[-1], face[JOIN[1]], face[JOIN[1] - 1]), kept]), ring


def _blend(before: Points, start: Points, end: Points, after: Points) -> Points:
    """A curve that goes on from one line into another."""
    length = float(np.hypot(*(end - start))) / 3
    one, two = start - before, end - after
    return bezier(start, start + one / np.hypot(*one) * length, end - two / np.hypot(*two) * length, end, BLEND)


def _tinted(
    scalp: Scalp,
    lower: Points,
    data: Mapping[str, Any],
    colour: tuple[int, int, int],
    dark: tuple[int, int, int],
    chance: np.random.RandomState,
) -> list[Item]:
    """Shaved hair: its colour with a soft edge, and stubble."""
    edge, ring = scalp.cap(over_ears(lower))
    wide = ring + (ring - ring.mean(0)) * 0.1  # beyond the skull, where the blur would show
    items: list[Item] = [Shape(Path.polygon(np.vstack([edge, wide])), Flat(colour), blur=SOFT)]
    half = np.array((0.004, 0.0))  # of a stroke's width
    count = int(data.get("stubble", STUBBLE))
    azi = chance.uniform(scalp.left * 0.9, scalp.right * 0.9, count)
    low = np.interp(azi, lower[:, 0], lower[:, 1])
    v = low + 0.015 - (low + 1.75) * chance.uniform(0, 1, count) ** 1.2  # more of it along the hairline
    way = azi[:, None] * np.array((1.0, 0.985, 0.97))
    lines = scalp.head.project(scalp.on(way.ravel(), (v[:, None] - (0.0, 0.03, 0.06)).ravel())).reshape(-1, 3, 2)
    strokes = [outline(line + half, line - half) for line in lines]
    items.append(Shape(join(strokes), Flat(dark, 0.5)))
    return items


def _sides(scalp: Scalp, lower: Points, data: Mapping[str, Any], tones: Tones, skin: SkinTones) -> list[Item]:
    """What is left at the sides of a balding head, thinning upwards."""
    top, tint = float(data["sides"]), float(data.get("rim", 0.9))
    colour = mix(skin.base, tones.base, tint)
    items: list[Item] = []
    for side in (-1, 1):
        low = lower[(lower[:, 0] * side > 51) & (lower[:, 0] * side < 98)]
        low = low[np.argsort(low[:, 0] * side)]
        high = smooth(np.array([*RIM, (100, top), (90, top - 0.02), (78, top + 0.04), *FRONT]) * (side, 1))
        inner = scalp.head.project(scalp.on(scalp.seen(low[:, 0]), low[:, 1], 0.02))
        stands = STANDS * ease(high[:, 0] * side, 70, 95) * ease(high[:, 1], top, top + 0.25)
        outer = scalp.head.project(scalp.on(scalp.seen(high[:, 0]), high[:, 1], stands))
        v0, v1 = float(outer[:, 1].min()), float(inner[:, 1].max())
        u = float(inner[:, 0].mean())
        stops = ((0.0, colour, 0.0), (0.3, colour, 0.8), (0.5, colour, 1.0), (1.0, mix(colour, tones.shade, 0.3), 1.0))
        items.append(Shape(Path.polygon(np.vstack([inner, outer])), Gradient((u, v0), (u, v1), stops)))
        rim = np.vstack([inner[-1:], outer[:RIM_POINTS]])
        items.append(Shape(brush(rim, [0.010, 0.028, 0.020, 0.002]), Flat(mix(colour, tones.line, 0.8))))
        for share in np.linspace(0.0, 1.0, COMBED):
            azi = side * np.linspace(50 + 15 * share, 92 + 4 * share, 10)
            start, end = -0.18 - 0.42 * share, -0.36 + (top + 0.36) * share
            level = np.linspace(start, end, 10) - 0.05 * np.sin(np.linspace(0, 3, 10))
            strand = scalp.head.project(scalp.on(scalp.seen(azi), level, 0.02))
            dark = mix(colour, tones.deep, 0.6) if round(share * COMBED) % 2 else mix(colour, tones.light, 0.8)
            items.append(Shape(brush(strand, [0.002, 0.022, 0.002]), Flat(dark, 0.6 - 0.25 * share)))
    return items
