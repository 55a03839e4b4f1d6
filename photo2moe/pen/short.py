"""Short hair of all people: one mass that continues the skull, and the tufts on it. Shaved and bald heads are this too.

What a crop looks like is data (``crop/NAME.json`` of a kit); the words of labels for the front of hair choose among
crops.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen import shaved
from photo2moe.pen.combed import LIVELY, LONG, combed, draw_combed, draw_shorn, roundness, softness, tip_length
from photo2moe.pen.crops import CENTRE, STEPS, Mass, Scalp, closed, ease, join, outline, over_ears, smooth, tuft
from photo2moe.pen.head import Head
from photo2moe.pen.locks import Locks
from photo2moe.pen.palette import SkinTones, Tones, mix, parse, skin
from photo2moe.pen.ragged import ruffle
from photo2moe.pen.scene import Flat, Gradient, Group, Item, Path, Points, Shape, bezier, brush, clip, columns
from photo2moe.pen.tufts import LINE, Paint, Tuft, draw_hairline, draw_strands, draw_tuft, fans, own_tufts, thinned

MIRRORED = "_r"  # after the name of a crop: it is drawn the other way round
DEFAULT = "brushed_up"  # crop for a front that only long hair has
BEHIND_BULGE = 0.3  # tufts behind the mass lie near the plane of the ears, so that they stand up on turned heads too
JOINED = 0.1  # how much lower sideburns end that run into a beard, face units
LOOSE = (
    *("none", "headband", "crown", "veil", "bucket_hat"),
    *("sunglasses_up", "flowers", "ribbon", "dupatta", "cat_ears"),
)  # headwear that does not press hair flat
LEVELS = (-2.05, -0.79, -0.385, 0.0)  # v of top, hairline, brows and eyes of the head that crops are written for
HAIRY = ((1.07, 0.95), 2.2)  # half width and height of the scalp under short hair, face units; how square it is
BARE = ((1.08, 0.86), 1.95)  # the same of a bare one, which is rounder
NOTCH = (0.035, 1.6)  # height in face units and width in degrees of the notches of a hairline
LINES = ((0.0, 0.0), (20.0, -0.03), (34.0, -0.05), (44.0, 0.12))  # hairline of a crop that has none: azimuth, v below
SIDES = ((47.0, -0.50), (51.0, -0.28), (55.0, -0.13))  # azimuth and v of the edge of the hair before the ear
BEHIND = (  # the same above and behind the ear
    *((65.0, -0.14), (71.0, -0.21), (84.0, -0.24), (100.0, -0.22), (110.0, -0.05), (121.0, 0.2)),
    *((136.0, 0.36), (180.0, 0.42)),
)
GROWN = 1.1  # v of the chin from which on the nape lies as low as that; that of a child lies higher
WAVE = 0.012  # height of the waves of the outline of combed hair, as a share of the scalp's radius
# Width of bands along the hairline in which skin is seen, and how much of it.
SOFT = ((0.20, 0.10), (0.10, 0.12))
BESIDE = 0.75  # mean distance from the middle from which tufts that stand off have the line of the outline
OPEN_CAST = 0.03  # how far hair that is cropped or combed back casts a shadow, face units
COMB = 15.0  # degrees by which hair is combed aside, where a crop says nothing
COMBED = 3.0  # degrees of the outline by which its tips turn aside for each degree that strands do
FADE = (-0.85, 0.05)  # v between which sides that are cut short grow thinner


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Hair of a head with short hair or none.

    Raises:
        KitError: the kit has no crop for the front of hair that the character names.
    """
    seed = repr((who.person, who.skin.colour, who.hair, who.eyes.colour))
    chance = np.random.RandomState(zlib.crc32(seed.encode()))
    part, mirrored = choose(who, kit, chance)
    return _Crop(who, head, tones, part, mirrored, chance).draw()


def choose(who: Character, kit: Kit, chance: np.random.RandomState) -> tuple[Part, bool]:
    """The crop for a person, and whether it is mirrored: that of the name, or the best of those for the word.

    A crop whose conditions (``when``) are not met is left out; of the others those with the most conditions are best.

    Raises:
        KitError: there is none.
    """
    name = who.hair.front.removesuffix(MIRRORED)
    if kit.has("crop", name):
        return kit.get("crop", name), name != who.hair.front
    word = who.hair.front if who.hair.length == "short" else who.hair.length
    known = {"texture": who.hair.texture, "front": who.hair.front, "age": who.person.age, "look": who.person.look}
    numbers = {"volume": who.hair.volume, "hairline": who.hair.hairline}
    best: list[tuple[Part, bool]] = []
    most = -1
    for name in kit.names("crop"):
        part = kit.get("crop", name)
        ways = [flip for flip, key in ((False, "for"), (True, "flip")) if word in part.data.get(key, ())]
        when: Mapping[str, Any] = part.data.get("when", {})
        if not ways or not all(when[key][0] <= value <= when[key][1] for key, value in numbers.items() if key in when):
            continue
        if any(key in when and value not in when[key] for key, value in known.items()):
            continue
        if len(when) > most:
            best, most = [], len(when)
        if len(when) == most:
            best += [(part, flip) for flip in ways]
    if not best:
        return kit.get("crop", DEFAULT if kit.has("front", word) or word == who.hair.length else word), False
    return best[int(chance.randint(len(best)))]


class _Crop:
    """One crop on one head."""

    def __init__(
        self, who: Character, head: Head, tones: Tones, part: Part, mirrored: bool, chance: np.random.RandomState
    ) -> None:
        self.who, self.head, self.chance = who, head, chance
        self.sign = -1.0 if mirrored else 1.0
        self.data: Mapping[str, Any] = part.data
        self.skin: SkinTones = skin(parse(who.skin.colour))
        self.tones = thinned(tones, self.skin, float(self.data.get("thin", 0.0)))
        self.soft = softness(who)
        self.lively = (1 - self.soft) * float(ease(who.hair.volume, *LIVELY))
        self.wavy = who.hair.texture in ("wavy", "curly")
        half, power = BARE if "tint" in self.data else HAIRY
        self.scalp = Scalp(head, self._thickness(), half, power, tucked=True)
        self.crest = CENTRE - self.scalp.half[1] * (1 + float(self.scalp.thick(0.0, -1.67)))
        self.lower = self._lower()

    def _thickness(self) -> Mass:
        mass = self.data.get("mass", {})
        top, side, front = (
            float(mass.get(key, default)) for key, default in (("top", 0.1), ("side", 0.05), ("front", 0))
        )
        if self.who.headwear.kind not in LOOSE:
            top, front = min(top, 0.05), 0.0
        more = 0.08 * self.who.hair.volume if top > 0.05 else 0.0
        ring = tuple(float(clip(0.8 * (r - 1), -0.07, 0.16)) for r in self.who.hair.outline) if top > 0.03 else ()
        lean = self.sign * float(mass.get("lean", 0))
        wave = WAVE if "combed" in self.data else 0.0
        return Mass(top + more, side + 0.4 * more, front + 0.5 * more, lean, wave, ring)

    def _lower(self) -> Points:
        """The lower edge of the hair all around: azimuth and v, by azimuth."""
        line = np.array(self.data.get("line", LINES), float)
        line = columns([line[:, 0], line[:, 1] + self.head.size.hairline])
        tip = float(self.data.get("sideburn", -0.04)) + JOINED * (
            self.who.beard.kind not in ("none", "stubble", "stubble_light", "moustache", "goatee")
        )
        rest = np.array([*SIDES, (58.5, tip), (61.5, tip - 0.02), *BEHIND], float)
        rest[:, 1] = np.where(rest[:, 1] > 0, rest[:, 1] * min(self.head.size.chin / GROWN, 1.0), rest[:, 1])
        rest[len(SIDES) - 1, 1] += min(tip, 0.0)
        one = np.vstack([line[line[:, 0] >= 0], rest])
        other = line[line[:, 0] <= 0] * (-1, 1) if (line[:, 0] < 0).any() else line
        two = np.vstack([other[np.argsort(other[:, 0])], rest])
        if self.sign < 0:
            one, two = two, one
        both = np.vstack([two[::-1] * (-1, 1), one])
        rough = float(self.data.get("rough", 0.012))
        azi = np.arange(-36.0, 37.0, 1.5)
        level = np.interp(azi, both[:, 0], both[:, 1])
        level += np.interp(azi, azi[::4], rough * self.chance.uniform(-1, 1, 13))
        for place in np.linspace(-28, 28, 7) + self.chance.uniform(-3.5, 3.5, 7):
            level -= self.chance.uniform(0.2, 1) * NOTCH[0] * np.exp(-np.abs(azi - place) / NOTCH[1])
        both = np.vstack([both[both[:, 0] < -38], columns([azi, level]), both[both[:, 0] > 38]])
        both = both[np.append(True, np.diff(both[:, 0]) > 0.01)]
        return smooth(closed(both, self.head.yaw, self.scalp.runs_out))

    def _design(self, points: Points) -> Points:
        """Points as a crop is written, on this head from the front: mirrored, parted and fitted to its hairline."""
        p = points * (self.sign, 1)
        size = self.head.size
        shift = 0.16 * self.who.hair.parting * (1 - clip(np.abs(p[:, 0]) / 1.2, 0, 1)) * ease(p[:, 1], -0.3, -1.0)
        v = np.interp(p[:, 1], LEVELS, (self.crest, size.hairline, size.brow, 0.0))
        v = np.where(p[:, 1] < LEVELS[0], self.crest + p[:, 1] - LEVELS[0], v)
        return columns([p[:, 0] + shift, np.where(p[:, 1] > 0, p[:, 1], v)])

    def _laid(self, points: Points, lift: ArrayLike = 0.0, bulge: ArrayLike = 1.0) -> Points:
        return self.head.project(self.scalp.before(points, lift, bulge))

    def _tufts(self) -> list[Tuft]:
        """The tufts as they lie on this head."""
        edges: list[Points] = []  # left and right of each, seen from the front
        lifts: list[float] = []
        behind: list[bool] = []
        flat = self.who.headwear.kind not in LOOSE or self.soft > 0
        written = [one for one in self.data.get("tufts", ()) if not (flat and one.get("behind"))]
        if self.data.get("combed") and self.data.get("tufts"):  # neat hair: few of them stand out
            written = written[:: max(2, round(2 / max(self.lively, 0.01)))] if self.lively else []
        for number, data in enumerate(one for fan in fans(written) for one in own_tufts(fan, self.chance, self.soft)):
            if self.chance.uniform() >= data.get("maybe", 1.0):
                continue
            form = {key: float(data[key]) for key in ("root", "belly", "tip") if key in data}
            wave = 0.022 if self.wavy else 0.006
            one, two = tuft(self._design(data["at"]), float(data["width"]), wave=wave, phase=1.3 * number, **form)
            edges += [one, two]
            lifts.append(float(data.get("lift", 0.03)))
            behind.append(bool(data.get("behind", False)))
        if not edges:
            return []
        each = 2 * STEPS
        bulges = np.where(behind, BEHIND_BULGE, 1.0)
        laid = self._laid(np.concatenate(edges), np.repeat(lifts, each), np.repeat(bulges, each)).reshape(-1, STEPS, 2)
        pairs = zip(laid[::2], laid[1::2], edges[::2], edges[1::2], behind, strict=True)
        return [
            Tuft(left, right, 0.5 * (one + two), back, outline(left, right)) for left, right, one, two, back in pairs
        ]

    def draw(self) -> Locks:
        """All of it."""
        if "tint" in self.data:
            return self._bare()
        edge, ring = self.scalp.cap(over_ears(self.lower))
        whole = self.scalp.silhouette(self.lower)
        t, tufts = self.tones, self._tufts()
        ring = self._ragged(ring, tufts)
        cap = Path.polygon(np.vstack([edge, ring]))
        paint = self._paint(cap)
        back = (Shape(Path.polygon(whole), Flat(t.deep)),)
        under = (
            Shape(brush(np.vstack([whole, whole[:1]]), [0.018]), Flat(t.line)),
            Shape(Path.polygon(whole), Flat(mix(t.base, t.shade, 0.8))),
        )
        rim = np.vstack([edge[-1:], ring, edge[:1]])
        front: list[Item] = [Shape(brush(rim, [0.03, 1.4 * LINE, 1.6 * LINE, 1.4 * LINE, 0.03]), Flat(t.line))]
        beside = [one.ring for one in tufts if abs(float(one.middle[:, 0].mean())) > BESIDE]
        front += [Shape(brush(one, [1.6 * LINE]), Flat(t.line)) for one in beside]
        below = join([one.ring for one in tufts])  # roots of tufts melt into what lies there, beside the mass too
        front.append(Shape(below, Flat(mix(t.base, t.shade, 0.4))))
        for one in tufts:
            front += draw_tuft(one, paint, self.chance) if one.behind else []
        front += self._mass(edge, ring, cap)
        front.append(Group(tuple(self._lines(paint)), cap))
        for one in tufts:
            front += [] if one.behind else draw_tuft(one, paint, self.chance)
        top = min([float(ring[:, 1].min()), *(float(one.ring[:, 1].min()) for one in tufts)])
        return Locks(back, under, tuple(front), self._shadow(edge, tufts), top)

    def _bare(self) -> Locks:
        """A skull that is seen through what hair there is, and single tufts on it."""
        locks = shaved.draw(self.scalp, self.lower, self.data, self.tones, self.skin, self.chance)
        self.tones = thinned(self.tones, self.skin, 0.35)
        paint = self._paint(Path())
        front = [item for one in self._tufts() for item in draw_tuft(one, paint, self.chance)]
        return replace(locks, front=(*locks.front, *front))

    def _ragged(self, ring: Points, tufts: Sequence[Tuft]) -> Points:
        """The outline with its tips: they hang from the crown over a fringe, else they point the way it is combed."""
        if self.who.headwear.kind not in LOOSE:
            return ring
        hang = sum(one.falls for one in tufts if not one.behind) > 0.5 * len(tufts)
        toward = 180.0 if hang and "comb" not in self.data else self.sign * COMBED * float(self.data.get("comb", COMB))
        edge = float(self.data.get("edge", 1.0))
        length = tip_length(self.scalp.mass.top, edge, self.lively)
        return ruffle(ring, self.head, toward, length, self.chance, roundness(edge, self.soft))

    def _paint(self, cap: Path) -> Paint:
        tips = parse(self.who.hair.tips) if self.who.hair.tips else None
        edge, shine = float(self.data.get("edge", 1.0)), float(self.data.get("shine", 0.8))
        bounce = mix(self.tones.light, self.skin.base, 0.3)
        return Paint(self.tones, self._light(), cap, edge, shine, bounce, tips)

    def _light(self) -> Gradient:
        """Light over the whole head, from the upper left."""
        t = self.tones
        ((u, v),) = self.head.project(np.array([[0.0, CENTRE, 0.0]])).tolist()
        return Gradient(
            (u - 0.75, v - 1.15), (u + 0.95, v + 0.55), ((0.0, t.light, 1.0), (0.42, t.base, 1.0), (1.0, t.shade, 1.0))
        )

    def _mass(self, edge: Points, ring: Points, cap: Path) -> list[Item]:
        """The hair without its tufts: fill, the side away from the light, sides cut short, hairline."""
        t, fade = self.tones, float(self.data.get("fade", 0.4))
        right = np.vstack([edge[-1:], ring[: len(ring) // 3]])
        inside = [Shape(brush(right, [0.4, 0.5, 0.1]), Flat(t.shade, 0.6), blur=0.07)]
        if fade:  # sides are cut shorter downwards, so that skin is seen through them
            colour = mix(t.base, self.skin.shade, 0.6)
            (u0, v0), (u1, v1) = self.head.project(np.array([[0.0, FADE[0], 0.0], [0.0, FADE[1], 0.0]])).tolist()
            stops = ((0.0, colour, 0.0), (0.5, colour, 0.55 * fade), (1.0, colour, fade))
            inside.append(Shape(cap, Gradient((u0, v0), (u1, v1), stops)))
        bare, lean = mix(self.skin.base, self.skin.shade, 0.5), self.sign * float(self.data.get("comb", COMB))
        inside += [Shape(brush(edge, [0.0, wide, wide, 0.0]), Flat(bare, share)) for wide, share in SOFT]
        return [
            Shape(cap, self._light()),
            Group(tuple(inside), cap),
            *draw_hairline(self.scalp, edge, self.lower, t, lean, self.chance),
        ]

    def _lines(self, paint: Paint) -> list[Item]:
        """Strands, and what else the crop draws with a line."""
        lean = self.sign * float(self.data.get("comb", 0.0))
        items = draw_shorn(self.scalp, self.lower, paint.tones, self.chance) if self.data.get("fade", 0.4) else []
        items += draw_strands(self.scalp, self.lower, self.data, paint, lean, self.chance)
        if self.data.get("combed") and self.data.get("tufts"):
            written = self._design(combed(self.data["tufts"], int(self.data["combed"]), self.chance).reshape(-1, 2))
            lines = self._laid(written).reshape(-1, LONG, 2)
            items += draw_combed(written.reshape(-1, LONG, 2), lines, paint, self.chance)
        for wisp in self.data.get("wisps", ()):
            p0, p1, p2, p3 = np.asarray(wisp, float)
            line = self._laid(self._design(bezier(p0, p1, p2, p3, 16)))
            items.append(Shape(brush(line, [0.003, 0.014, 0.003]), Flat(paint.tones.deep, 0.7)))
        return items

    def _shadow(self, edge: Points, tufts: Sequence[Tuft]) -> tuple[Item, ...]:
        """What hair casts onto the face."""
        rings = [one.ring + np.array((0.03, 0.08)) for one in tufts if one.falls]
        cast = np.array((0.02, float(self.data.get("cast", 0.07 if rings else OPEN_CAST))))
        return (Shape(join([outline(edge + cast, edge - np.array((0.0, 0.3))), *rings]), Flat(self.skin.shade)),)
