"""Short curly and coily hair: the mass that lies on the scalp, with tapered sides and the ears free."""

from __future__ import annotations

import numpy as np

from photo2moe.character.schema import RADII, Character
from photo2moe.pen.crops import Mass, Scalp, ease, smooth
from photo2moe.pen.curls import scallop, seeded
from photo2moe.pen.ground import seed_of
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE
from photo2moe.pen.palette import Tones, mix, parse, skin
from photo2moe.pen.scene import Flat, Group, Item, Path, Points, Shape, brush, clip

# Azimuth in degrees and v of the hair's edge: before the ear with the sideburn, over the ear, behind it.
SIDE = ((47.0, -0.46), (51.0, -0.27), (55.0, -0.12), (58.5, -0.02), (61.5, -0.04))
BEHIND = (
    (65.0, -0.17),
    (70.0, -0.28),
    (84.0, -0.34),
    (100.0, -0.29),
    (110.0, -0.05),
    (121.0, 0.2),
    (136.0, 0.36),
    (180.0, 0.42),
)
# The same of the hairline, above the level of an open forehead.
SQUARE = ((0.0, -0.20), (13.0, -0.19), (24.0, -0.13), (32.0, -0.03), (39.0, 0.12), (44.0, 0.27))
ROUND = ((0.0, -0.26), (13.0, -0.235), (26.0, -0.12), (36.0, 0.06), (44.0, 0.27))
RECEDING = ((0.0, -0.16), (10.0, -0.18), (22.0, -0.28), (32.0, -0.22), (39.0, 0.02), (44.0, 0.24))
CAST = (0.03, 0.07)  # how far the shadow of a curl falls, face units
SHARE = 0.62  # of the person's outline that hair on the scalp follows
TAPER = 0.6  # share of that by which a man's sides are shorter
LEAST, MOST = -0.09, 0.34  # of the thickness that it adds


class Mop:
    """Hair that stands on a scalp.

    Args:
        who: the person.
        head: the person's head.
        top, side, front: thickness, as shares of the scalp's radius.
        bump: size of the bumps of its outline, face units.
        depth: how far they stand out, as a share of their size.
    """

    def __init__(
        self, who: Character, head: Head, top: float, side: float, front: float, bump: float, depth: float
    ) -> None:
        self.who, self.head = who, head
        self.seed = seed_of(who)
        self.skin = skin(parse(who.skin.colour))
        ratios = np.array(who.hair.outline or [1.0] * RADII)
        ratios = (np.roll(ratios, 1) + 2 * ratios + np.roll(ratios, -1)) / 4
        found = clip(SHARE * (ratios - 1), LEAST, MOST)
        if who.person.look == "m" and who.hair.length == "short":
            found *= 1 - TAPER * np.sin(2 * np.pi * np.arange(RADII) / RADII) ** 2
        ring = tuple(found.tolist())
        more = who.hair.volume
        self.scalp = Scalp(
            head, Mass(max(top * (1 + 0.45 * more), 0.04), max(side * (1 + 0.45 * more), 0.02), front, 0.0, 0.0, ring)
        )
        self.lower = self._lower()
        over = self.lower.copy()  # what lies behind the ears is drawn behind them
        over[:, 1] = np.where(np.abs(over[:, 0]) > 76, np.minimum(over[:, 1], -0.31), over[:, 1])
        self.edge, ring_up = self.scalp.cap(over)
        chance = seeded(self.seed, 0x31)
        self.ring = scallop(ring_up[::-1], bump, depth, chance)  # from the left over the top to the right
        self.path = Path.polygon(np.vstack([self.edge[::-1], self.ring]))
        self.whole = scallop(self.scalp.silhouette(self.lower)[::-1], bump, 0.5 * depth, chance, closed=True)
        self.top = float(min(self.ring[:, 1].min(), self.whole[:, 1].min()))
        self.middle = np.array([self.ring[:, 0].mean(), float(self.ring[:, 1].max()) - 0.25])

    def _lower(self) -> Points:
        """The lower edge all around: azimuth and v, by azimuth."""
        hair = self.who.hair
        form = RECEDING if hair.front == "receding" else SQUARE if self.who.person.look == "m" else ROUND
        line = np.array(form) + np.array((0.0, self.head.size.hairline))
        before = np.vstack([line, SIDE])
        tip = int(np.argmax(before[:, 1] > SIDE[3][1] - 1e-6))
        temple = slice(int(np.argmax(before[:, 0] > 34)), tip)  # from there it only falls, to the tip of the sideburn
        before[temple, 1] = np.maximum.accumulate(before[temple, 1])
        half = np.vstack([before, BEHIND])
        both = np.vstack([half[::-1] * (-1, 1), half[1:]])
        chance = seeded(self.seed, 0x17)
        near = np.abs(both[:, 0]) < 38
        both[near, 1] += chance.uniform(-0.012, 0.012, int(near.sum()))
        turn = self.head.yaw
        limb = 94 - abs(float(np.degrees(turn)))
        azi = both[:, 0] * np.sign(turn)  # the far sideburn hides behind the face: there the hair ends in a point
        slope = np.interp(azi, (42, limb), (-0.5, -0.08))
        far = ease(abs(turn), 0.1, 0.35) * ((azi > 42) & (azi <= limb + 4))
        both[:, 1] = both[:, 1] * (1 - far) + np.minimum(slope, -0.08) * far
        return smooth(both)

    def behind(self, tones: Tones, fade: float = 0.0) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """What lies behind the neck, and behind the ears, where it is as short as the sides."""
        near = mix(mix(tones.shade, tones.deep, 0.3), self.skin.shade, 0.5 * fade)
        back = (Shape(Path.polygon(self.whole), Flat(tones.deep)),)
        under = (
            Shape(brush(self.whole, 0.018, closed=True), Flat(tones.line)),
            Shape(Path.polygon(self.whole), Flat(near)),
        )
        return back, under

    def fade(self, tones: Tones, strength: float) -> list[Item]:
        """Sides that are shorter towards the ears, so that the skin is seen through them."""
        if not strength:
            return []
        colour = mix(tones.base, self.skin.base, 0.6)
        items: list[Item] = []
        for side in (-1, 1):
            azi = side * np.array([42.0, 48, 58, 70, 85, 100, 118, 118, 100, 80, 60, 44])
            low = np.array([-0.42, 0.1, 0.12, -0.1, -0.2, -0.2, 0.3, -0.42, -0.56, -0.58, -0.54, -0.52])
            patch = self.head.project(self.scalp.on(self.scalp.seen(azi), low, 0.03))
            items.append(Shape(Path.polygon(patch), Flat(colour, strength), blur=0.09))
        return items

    def roots(self, tones: Tones) -> Item:
        """Hair that grows thinner towards the hairline, so that it is no hard edge."""
        near = self.edge[np.abs(np.linspace(-1, 1, len(self.edge))) < 0.75]
        return Shape(
            brush(near, [0.02, 0.13, 0.13, 0.02]), Flat(mix(tones.base, self.skin.shade, 0.55), 0.7), blur=0.035
        )

    def lines(self, tones: Tones, hairline: float) -> tuple[Item, Item]:
        """The outline of the hair, to be drawn before its fill, and the line of its lower edge, drawn after it."""
        whole = np.vstack([self.edge[:1], self.ring, self.edge[-1:]])
        outer = Shape(brush(whole, [0.03, 1.6 * LINE, 1.9 * LINE, 1.7 * LINE, 0.03]), Flat(tones.line))
        inner = Shape(brush(self.edge, [0.012, 0.010, 0.014, 0.010, 0.014, 0.010, 0.012]), Flat(tones.line, hairline))
        return outer, inner

    def shadow(self, contours: list[Points], depth: float) -> tuple[Item, ...]:
        """What the hair casts onto the face: one shape."""
        front = self.edge[np.abs(np.linspace(-1, 1, len(self.edge))) < 0.8]
        band = np.vstack([front + np.array((0.02, depth)), front[::-1] - (0, 0.5)])
        path = Path.rings([band, *(contour + np.array(CAST) for contour in contours)])
        return (Shape(path, Flat(self.skin.shade)),)

    def clipped(self, items: list[Item]) -> Group:
        """Items seen inside the hair only."""
        return Group(tuple(items), self.path)
