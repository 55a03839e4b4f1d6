"""Hair of braids or of locs: rows over the head, and what hangs from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.curls import Light, evenly, number, numbers, seeded, value_of, winding
from photo2moe.pen.frame import HAIRLINE, Frame
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head, Points3
from photo2moe.pen.locks import LINE, Locks
from photo2moe.pen.palette import Tones, mix, parse, skin
from photo2moe.pen.ropes import draw_braid, draw_loc, hang
from photo2moe.pen.scene import Flat, Gradient, Group, Item, Path, Points, Shape, brush, through

PARTINGS = {"curtain": 0.0, "full": 0.1, "swept_l": 0.4, "swept_r": -0.4, "side_l": -0.4, "side_r": 0.4}
LOW = {"short": -0.3, "ear": 0.3, "chin": 0.85, "shoulder": 1.5, "long": 2.6}  # v of the tips by length
SEEN = 1.9  # v down to which hair is surely in the picture: dyed ends begin in time
FADE = (-0.75, -0.25)  # v from which the sides under ropes that stand are shorter, and where they are shortest
SHAVED = -0.08  # radius of the hair under ropes that stand, over that of the texture
TURNED = 0.3  # radians of yaw from which the far sideburn hides behind the face
BURN = -0.4  # v down to which hair is seen there
RIM = -0.32  # v of where ropes leave the head
BEFORE = 74.0  # degrees from the front up to which ropes hang before the shoulders
BESIDE = 100.0  # degrees up to which they hang beside the neck
# Roots of ropes that stand: v, and u on either side.
STANDING = (
    (-1.98, (0.0, 0.30)), (-1.86, (0.15, 0.46, 0.74)), (-1.68, (0.0, 0.30, 0.60, 0.90)),
    (-1.48, (0.16, 0.46, 0.76, 1.02)), (-1.28, (0.0, 0.30, 0.60, 0.88, 1.08)), (-1.10, (0.14, 0.42, 0.70, 0.98)),
    (-0.92, (0.86, 1.06)), (-0.74, (0.97, 1.12)),
)  # fmt: skip


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Braids or locs.

    Raises:
        KitError: the kit's texture is broken.
    """
    part = kit.get("texture", who.hair.texture)
    return Rows(who, head, tones, part, numbers(part, "sizes", who.hair.length)).draw()


class Rows:
    """Braids or locs on one head."""

    def __init__(self, who: Character, head: Head, tones: Tones, part: Part, row: Mapping[str, float]) -> None:
        self.who, self.head, self.tones, self.part = who, head, tones, part
        self.width, self.lift, self.count = (value_of(part, row, key) for key in ("width", "lift", "count"))
        self.plaited = number(part, "plaited") > 0
        self.ground = Ground(who, head)
        self.ground.radius += value_of(part, row, "radius")
        self.frame = Frame(self.ground)
        self.low = LOW[who.hair.length]
        self.light = Light.of(who, tones, min(self.low, SEEN))
        self.dark = Light(tones, self.light.tips, self.light.fall, 0.5)
        self.raised = who.hair.front == "up" and (who.person.look != "f" or who.person.age in ("baby", "child"))
        if self.raised and not self.plaited and who.hair.length in ("short", "ear"):
            self.ground.radius += SHAVED
            self.ground.cap(1.0)
            self.frame = Frame(self.ground, HAIRLINE[:-1])  # the head is narrower than the hair was
            if abs(head.yaw) > TURNED:
                far = "right" if head.yaw > 0 else "left"
                half = getattr(self.frame, far)
                setattr(self.frame, far, half[half[:, 1] < BURN])
        loose = not self.plaited and who.hair.length in ("short", "ear") and not self.raised
        self.grown = 0.06 if loose else 0.0  # of the mass under ropes that stand off the head
        self.chance = seeded(self.ground.seed, 0x8B)
        self.parting = PARTINGS.get(who.hair.front)
        self.contours: list[Points] = []
        self.highest = 9.0
        self.layers: dict[str, list[Item]] = {"back": [], "under": [], "front": []}

    def rope(
        self,
        space: Points3,
        layer: str,
        *,
        thin: float = 0.8,
        thick: tuple[float, ...] = (1.0, 1.0, 0.95, 0.85),
        cast: bool = False,
        cut: bool = False,
    ) -> None:
        """Draw one rope along a way in space."""
        middle = self.ground.place(space)
        if len(middle) < 4 or float(np.hypot(*np.diff(middle, axis=0).T).sum()) < 0.15:
            return
        self.draw_rope(middle, layer, (thin, *thick), cast=cast, cut=cut)

    def draw_rope(
        self, middle: Points, layer: str, widths: tuple[float, ...], *, cast: bool = False, cut: bool = False
    ) -> None:
        """Draw one rope along a line in the picture; its widths are shares of those of all ropes."""
        self.highest = min(self.highest, float(middle[:, 1].min()) - 1.2 * self.width)
        width = self.width * self.chance.uniform(0.9, 1.1) * np.array(widths)
        light = self.dark if layer == "back" else self.light
        seed = self.ground.seed + len(self.layers[layer])
        drawn = (
            draw_braid(middle, width, light, seed, cut=cut) if self.plaited else draw_loc(middle, width, light, seed)
        )
        self.layers[layer] += drawn
        if layer == "front" and cast:
            line, beside = evenly(middle, 40), np.array((self.width, 0.0))
            self.contours.append(np.vstack([line - beside, line[::-1] + beside]))

    def tip(self) -> float:
        """The v of a tip."""
        return self.low + self.chance.uniform(-0.16, 0.08) * (1.0 if self.low > 0 else 0.5)

    def rim(self, side: int, angle: float, level: float = RIM) -> Points3:
        """Where a rope leaves the head at a level, so many degrees from the front."""
        centre, a, _, c = self.head.size.skull
        r = self.ground.radius * 0.985
        y = (level - centre) / 1.33
        round_ = r * float(np.sqrt(1 - min(y * y / (r * r), 0.9)))
        turn = np.radians(angle)
        return np.array([side * a * round_ * np.sin(turn), level, c * round_ * np.cos(turn)])

    def falling(self) -> None:
        """Rows from the parting down to the sides."""
        ground, count = self.ground, int(self.count)
        parting = self.parting or 0.0
        plans = []
        for side in (-1, 1):
            for n in range(count):
                share = (n + 0.5) / count
                angle = 47.0 + 118.0 * share + self.chance.uniform(-3, 3)
                v = -1.0 - 0.93 * min(1.0, 1.35 * share)
                start = ground.lay(ground.fit([[parting * (1 - 0.4 * share) + 0.035 * side, v]]))[0]
                plans.append((side, share, angle, start))
        for side, share, angle, start in sorted(plans, key=lambda plan: -plan[1]):
            end = self.rim(side, angle)
            way = ground.across(start, end, 26, lift=self.lift * float(np.sin(np.pi * share)) + 0.01)
            outward = side * (0.10 + 0.05 * self.chance.uniform(-1, 1)) * (1 - 0.6 * (self.low > 1))
            whole = hang(ground, way, self.tip(), (outward, 0.0))
            if angle < BEFORE:
                self.rope(whole, "front", thin=0.75, cast=True)
                continue
            layer = "under" if angle < BESIDE else "back"
            self.rope(whole[16:], layer, thin=1.0)
            seen = ground.head.depth(way) > -0.04
            stop = int(np.argmin(seen)) if not seen.all() else len(way)
            self.rope(way[:stop], "front", thin=0.75, cut=True)

    def combed(self) -> None:
        """Rows from the hairline back over the head; what hangs comes from behind."""
        ground = self.ground
        if self.low > 0:
            for side in (-1, 1):
                for angle in (164.0, 146.0, 130.0, 114.0, 100.0, 88.0):
                    way = ground.across(np.array([0.2 * side, -1.9, -0.6]), self.rim(side, angle), 20)
                    whole = hang(ground, way, self.tip(), (side * 0.06, 0.25 if angle < 95 else 0.0))
                    self.rope(whole[12:], "under" if angle < BESIDE else "back", thin=1.0)
                for angle in () if self.plaited or self.low < 0.6 else (76.0, 62.0):
                    start = self.head.skull(40.0, side * 105.0, self.ground.radius)
                    way = ground.across(start, self.rim(side, angle), 20, lift=0.02)
                    self.rope(hang(ground, way, self.tip() - 0.2, (0.08 * side, 0.0)), "front", thin=0.8, cast=True)
        self.rows()

    def rows(self) -> None:
        """Rows from the hairline back over the head."""
        self.layers["rows"] = []
        for side, half in zip((-1, 1), self.frame.halves, strict=True):
            for n in reversed(range(int(self.count))):
                share = (n + 0.45) / self.count
                start = half[int(0.66 * share * (len(half) - 1))]
                end = np.array([side * (0.10 + 0.75 * share), -1.5 + 0.9 * share, -0.85])
                way = self.ground.across(start, end, 30, lift=0.01)
                seen = self.head.depth(way) > -0.04
                stop = int(np.argmin(seen)) if not seen.all() else len(way)
                self.rope(way[:stop], "rows", thin=0.75, thick=(1.2, 1.5, 1.6, 1.5, 1.3), cut=stop < len(way))
        self.layers["front"].append(Group(tuple(self.layers.pop("rows")), self.path))

    def fringe(self) -> None:
        """Ropes that fall over the forehead."""
        deep = self.head.size.brow - 0.02 if self.who.hair.front == "full" else self.head.size.brow - 0.16
        plans = [(side, angle) for angle in (41.0, 30.0, 19.0, 7.0) for side in (-1, 1)]
        for side, angle in plans:
            start = self.head.skull(self.chance.uniform(4, 12), side * angle * 1.7, self.ground.radius)
            end = self.rim(side, angle + self.chance.uniform(-3, 3), -1.02)
            way = self.ground.across(start, end, 20, lift=self.lift + 0.03)
            tip = deep + 0.30 * (angle > 30) + self.chance.uniform(-0.12, 0.04)
            self.rope(hang(self.ground, way, tip, (0.10 * side, 0.05)), "front", thin=0.8, cast=True)

    def tumbling(self) -> None:
        """Short ropes that fall from the crown on all sides."""
        if self.who.hair.front in ("back", "up", "receding"):
            self.rows()
        rings = (
            (38.0, (52.0, 66.0, 80.0, 95.0, 112.0, 132.0, 155.0), 0.02),
            (12.0, (48.0, 64.0, 80.0, 96.0, 114.0, 136.0), 0.09),
        )
        for latitude, angles, lift in rings:
            for angle in reversed(angles):
                for side in (-1, 1):
                    turn = angle + self.chance.uniform(-4, 4)
                    start = self.head.skull(latitude + self.chance.uniform(-4, 4), side * turn, self.ground.radius)
                    shorter = 0.45 if latitude < 20 else 0.0
                    end = self.rim(side, turn, RIM - shorter)
                    way = self.ground.across(start, end, 20, lift=self.lift + lift)
                    whole = hang(self.ground, way, self.tip() - 0.5 * shorter, (side * 0.12, 0.0))
                    self.rope(whole, "front" if turn < 118 else "under", thin=0.85, cast=turn < 75)
        if self.who.hair.front not in ("back", "up", "receding"):
            self.fringe()
        for azimuth in np.array([150.0, -150.0, 25.0, -25.0]) + self.chance.uniform(-8, 8, 4):  # over the roots of all
            start = self.head.skull(9.0, azimuth + 180.0, self.ground.radius + 0.05)  # past the pole: no gap there
            end = self.head.skull(58.0, 0.9 * azimuth, self.ground.radius)
            self.rope(self.ground.across(start, end, 20, lift=self.lift + 0.08), "front", thin=0.9)

    def standing(self) -> None:
        """Short ropes that rise from the head and bend over."""
        ground, chance = self.ground, self.chance
        middle = ground.place(ground.lay(np.array([[0.0, -0.75]])))[0]
        for v, places in STANDING:
            for u in places:
                for side in (1, -1) if u else (1,):
                    at = np.array([[side * u + chance.uniform(-0.04, 0.04), v + chance.uniform(-0.04, 0.04)]])
                    root = ground.place(ground.lay(ground.fit(at)))[0]
                    out = root - middle
                    bend = (side if u else chance.choice((-1, 1))) * chance.uniform(1.3, 2.5)
                    heading = float(np.arctan2(out[1] - 0.25, out[0])) - 0.15 * bend + chance.uniform(-0.3, 0.3)
                    long = chance.uniform(0.34, 0.54) * (1 + 0.3 * self.who.hair.volume) * (1.0 if v < -1.0 else 0.6)
                    self.draw_rope(winding(root, heading, long, bend, late=1.4), "front", (0.8, 1.1, 1.1, 0.95, 0.75))

    def fade(self) -> None:
        """Sides that are shorter towards the ears."""
        colour = mix(self.tones.base, skin(parse(self.who.skin.colour)).shade, 0.8)
        (u, v), (x, y) = self.head.tilt(np.array([[0.0, FADE[0]], [0.0, FADE[1]]])).tolist()
        stops = ((0.0, colour, 0.0), (0.5, colour, 0.3), (1.0, colour, 0.6))
        self.layers["front"].append(Shape(self.path, Gradient((u, v), (x, y), stops)))

    def crown(self) -> None:
        """The scalp, seen between the rows."""
        ground, tones = self.ground, self.tones
        dome = ground.dome(None if self.grown else self.parting)
        dome = dome.mean(0) + (dome - dome.mean(0)) * (1 + self.grown)
        over, edge = ground.set(self.frame.above(dome)), ground.set(self.frame.edge())
        scalp = mix(
            tones.deep, skin(parse(self.who.skin.colour)).shade, 0.5 if self.plaited and self.parting is None else 0.16
        )
        if not self.plaited and self.raised:
            scalp = mix(mix(tones.shade, tones.deep, 0.6), skin(parse(self.who.skin.colour)).shade, 0.12)
        self.path = Path.polygon(np.vstack([over, edge]))
        skip = len(edge) // 7
        self.layers["front"] += [
            Shape(brush(over, [0.02, 1.6 * LINE, 1.8 * LINE, 1.6 * LINE, 0.02]), Flat(tones.line)),
            Shape(self.path, Flat(scalp)),
            Shape(brush(edge[skip:-skip], [0.004, 0.5 * LINE, 0.3 * LINE, 0.5 * LINE, 0.004]), Flat(tones.line)),
        ]

    def top(self) -> float:
        """The highest v."""
        return min(self.highest, float(self.ground.set(self.ground.dome())[:, 1].min()))

    def gather(self) -> None:
        """All of it, combed back."""
        self.mass()
        self.crown()
        self.combed()

    def mass(self) -> None:
        """What lies behind all ropes."""
        ground, tones, low = self.ground, self.tones, self.low
        self.layers["under"].append(
            Shape(Path.polygon(ground.set(ground.dome())), Flat(mix(tones.shade, tones.deep, 0.7)))
        )
        if low > 0.6:
            half = np.array(
                [(0, -1.5), (1.0, -1.2), (1.2, -0.4), (1.18, 0.3), (1.12, low - 0.4), (0.9, low - 0.18), (0, low - 0.1)]
            )
            curve = through(np.vstack([half[::-1] * (-1, 1), half[1:]]))
            inside = Path.polygon(ground.place(ground.lay(ground.fit(curve), "back")))
            self.layers["back"].append(Shape(inside, Flat(mix(tones.deep, tones.line, 0.25))))

    def draw(self) -> Locks:
        """All of it, loose."""
        self.mass()
        self.crown()
        if not self.plaited and self.who.hair.length in ("short", "ear"):
            if self.raised:
                self.fade()
                self.standing()
            else:
                self.tumbling()
        elif self.parting is not None and self.low > 0:
            self.falling()
            if self.who.hair.front == "full":
                self.fringe()
        else:
            self.combed()
        back, under, front = (tuple(self.layers[name]) for name in ("back", "under", "front"))
        return Locks(back, under, front, self.frame.shadow(self.contours), self.top())
