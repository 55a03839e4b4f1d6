"""Curly hair from the ears down: a crown of loose curls, and ringlets that hang from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.curls import Light, draw_curl, evenly, number, numbers, ribbon, scallop, seeded, tucked, value_of
from photo2moe.pen.frame import Frame
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Head
from photo2moe.pen.locks import LINE, Locks
from photo2moe.pen.palette import Tones, mix
from photo2moe.pen.scene import Flat, Item, Path, Points, Shape, brush
from photo2moe.pen.spirals import draw_ringlet

DESIGN = 1.55  # v of the ends that ringlets of a kit are written for
SEEN = 1.9  # v down to which hair is surely in the picture: dyed ends begin in time
HANGING = -0.35  # v below which they are as long as the hair is
PARTINGS = {"curtain": 0.0, "swept_l": 0.35, "swept_r": -0.35, "side_l": -0.4, "side_r": 0.4}


def draw_hair(who: Character, head: Head, kit: Kit, tones: Tones) -> Locks:
    """Loose curls.

    Raises:
        KitError: the kit's texture is broken.
    """
    return _Curls(who, head, tones, kit.get("texture", who.hair.texture)).draw()


class _Curls:
    """Long curly hair on one head."""

    def __init__(self, who: Character, head: Head, tones: Tones, part: Part) -> None:
        self.who, self.head, self.tones, self.part = who, head, tones, part
        row = numbers(part, "hang", who.hair.length)
        self.low, self.wide, self.size = (value_of(part, row, key) for key in ("low", "wide", "curl"))
        self.ground = Ground(who, head)
        self.ground.radius += number(part, "lift", low=-0.2, high=0.6)
        self.frame = Frame(self.ground)
        self.light = Light.of(who, tones, min(self.low, SEEN))
        self.dark = Light(tones, self.light.tips, self.light.fall, 0.55)
        self.chance = seeded(self.ground.seed, 0x2C)
        word = who.hair.front
        self.parting = PARTINGS.get(word, 0.0)
        self.parted = word in PARTINGS
        self.contours: list[Points] = []
        self.highest = 9.0

    def spine(self, points: ArrayLike, layer: str, half: float) -> Points:
        """The line about which a ringlet winds, in the picture."""
        p = np.asarray(points, float)
        below = np.maximum(p[:, 1] - HANGING, 0)
        p = np.column_stack(
            [
                p[:, 0] * (1 + (self.wide - 1) * np.clip((p[:, 1] + 1.2) / 1.0, 0, 1)),
                np.minimum(p[:, 1], HANGING) + below * (self.low - HANGING) / (DESIGN - HANGING),
            ]
        )
        curve = np.vstack(Path.spline(p).flatten())
        return evenly(self.ground.place(self.ground.lay(self.ground.fit(curve), layer, half=half)), 60)

    def ringlet(self, data: Mapping[str, Any], side: int, number_: int) -> list[Item]:
        """One ringlet of the kit on one side."""
        try:
            points = np.asarray(data["points"], float) * (side, 1)
            width, layer = float(data["width"]), str(data.get("layer", "front"))
        except (KeyError, TypeError, ValueError) as error:
            raise self.part.fault(f"a ringlet needs points [[u, v], …] and a width ({error})") from error
        chance = seeded(self.ground.seed, 0x100 + 7 * number_ + side)
        points = points + np.linspace(0, 1, len(points))[:, None] * chance.uniform(-1, 1, 2) * (0.04, 0.12)
        spine = self.spine(points, layer, width)
        light = self.dark if layer == "back" else self.light
        height, length = number(self.part, "height", low=0, high=1), number(self.part, "length", low=0.1, high=5)
        half = width * np.array([0.5, 0.9, 1.0, 0.95, 0.75]) * chance.uniform(0.9, 1.1)
        phase = (0.0 if side > 0 else np.pi) + chance.uniform(-0.9, 0.9)
        return list(
            draw_ringlet(
                spine,
                half,
                light,
                self.ground.seed + number_,
                height=height * chance.uniform(0.85, 1.15),
                length=length * chance.uniform(0.9, 1.15),
                phase=phase,
                begin=float(data.get("straight", 0.3)),
            )
        )

    def curls(
        self, places: ArrayLike, side: int, size: float, turn: tuple[float, float], heading: float | None = None
    ) -> list[Item]:
        """Loose curls at places ``(u, v)`` on the right, mirrored for the left; they run away from the parting."""
        items: list[Item] = []
        ground = self.ground
        top = ground.place(ground.lay(ground.fit([[self.parting, -1.75]])))[0]
        for u, v in np.asarray(places, float):
            chance = self.chance
            root = ground.place(
                ground.lay(
                    ground.fit([[side * u + 0.3 * self.parting * (1 - min(u, 1.0)), v]])
                    + chance.uniform(-0.03, 0.03, 2)
                )
            )[0]
            out = root - top
            ahead = (
                float(np.arctan2(out[1] + 0.25, out[0] + 0.35 * side))
                if heading is None
                else heading
                if side > 0
                else np.pi - heading
            )
            bend = side * chance.uniform(*turn) * (-1 if u < 0.7 and chance.uniform() < 0.25 else 1)
            long = number(self.part, "curl", low=0, high=3) * size * self.size * chance.uniform(0.85, 1.15)
            middle = tucked(
                root, ahead + chance.uniform(-0.25, 0.25), long, bend, top + np.array((0, 0.6)), share=0.3, late=1.25
            )
            width = number(self.part, "width", low=0, high=1) * size * self.size * chance.uniform(0.9, 1.15)
            items += draw_curl(middle, width, self.light)
            left, right = ribbon(middle, width)
            self.contours.append(np.vstack([left, right[::-1]]))
        return items

    def rim(self, over: Points) -> list[Item]:
        """Curls along the outline of the crown."""
        items: list[Item] = []
        middle = over.mean(0) + np.array((0, 0.3))
        for share in (0.20, 0.80, 0.30, 0.70, 0.40, 0.60, 0.5):
            root = over[int((share + self.chance.uniform(-0.02, 0.02)) * (len(over) - 1))]
            out = root - middle
            side = 1.0 if share > 0.5 else -1.0
            bend = side * self.chance.uniform(2.4, 3.4)
            long = number(self.part, "curl", low=0, high=3) * self.size * self.chance.uniform(0.95, 1.2)
            heading = float(np.arctan2(out[1], out[0])) + side * 0.9
            curl = tucked(
                root - 0.12 * out / np.hypot(*out), heading, long, bend, middle, share=0.3, late=1.2, inset=0.45
            )
            width = number(self.part, "width", low=0, high=1) * self.size * 1.05
            items += draw_curl(curl, width, self.light)
            self.highest = min(self.highest, float(curl[:, 1].min()) - 0.9 * width)
        return items

    def crown(self) -> tuple[list[Item], float]:
        """The mass over the skull, with a lively outline."""
        ground, tones = self.ground, self.tones
        outline = self.frame.above(ground.dome(self.parting if self.parted else None))
        over = ground.set(scallop(evenly(outline, 160), 0.42 * self.size, 0.16, self.chance))
        edge = ground.set(self.frame.edge())
        path = Path.polygon(np.vstack([over, edge]))
        items: list[Item] = [
            Shape(brush(over, [0.02, 1.7 * LINE, 1.9 * LINE, 1.7 * LINE, 0.02]), Flat(tones.line)),
            Shape(path, Flat(mix(tones.base, tones.shade, 0.3))),
            Shape(
                brush(edge[len(edge) // 7 : -(len(edge) // 7)], [0.004, 0.6 * LINE, 0.4 * LINE, 0.6 * LINE, 0.004]),
                Flat(tones.line),
            ),
        ]
        return [*items, *self.rim(over)], float(over[:, 1].min())

    def mass(self) -> list[Item]:
        """What fills the space behind the neck, with an outline of curls."""
        ground, tones = self.ground, self.tones
        w, low = self.wide, self.low
        half = np.array(
            [
                (0.0, -1.9),
                (0.7, -1.8),
                (1.15, -1.2),
                (1.22 * w, -0.5),
                (1.26 * w, 0.1),
                (1.24 * w, 0.3 + 0.4 * (low - 0.3)),
                (1.08 * w, low - 0.12),
                (0.6, low),
                (0.0, low + 0.02),
            ]
        )
        curve = np.vstack([half[::-1] * (-1, 1), half[1:]])
        points = np.vstack(Path.spline(curve).flatten())
        outline = ground.place(ground.lay(ground.fit(points), "back"))
        outline = scallop(evenly(outline, 200), 0.34 * self.size, 0.22, self.chance)
        self.highest = min(self.highest, float(outline[:, 1].min()))
        dark = mix(tones.shade, tones.deep, 0.6)
        return [
            Shape(brush(outline, [0.02, 1.7 * LINE, 1.7 * LINE, 0.02]), Flat(tones.line)),
            Shape(Path.polygon(outline), Flat(dark)),
        ]

    def draw(self) -> Locks:
        """All of it."""
        who = self.who
        layers: dict[str, list[Item]] = {"back": self.mass(), "under": [], "front": []}
        crown, top = self.crown()
        layers["front"] += crown
        ringlets = self.part.data.get("ringlets")
        if not isinstance(ringlets, list):
            raise self.part.fault("'ringlets' must be a list")
        open_face = who.hair.front in ("back", "up", "receding")
        for n, data in enumerate(ringlets):
            words = data.get("lengths", [who.hair.length])
            if who.hair.length not in words or (open_face and data.get("face")):
                continue
            for side in (-1, 1):
                layers[data.get("layer", "front")] += self.ringlet(data, side, n)
        front = layers["front"]
        word = who.hair.front
        up = 0.12 if open_face else 0.05 if word != "full" else 0.0
        sides = (-1, 1) if self.parting >= 0 else (1, -1)
        for side in sides:
            front += self.curls(
                [(1.08, -0.42), (1.12, -0.72), (0.80 + up, -0.72), (1.04, -1.04)], side, 1.05, (2.2, 3.4)
            )
        if word == "full":
            for u in (0.62, 0.36, 0.10):
                for side in sides:
                    front += self.curls([(u, -1.02)], side, 0.95, (2.6, 3.6), 1.35)
            front += self.curls([(0.0, -1.06)], sides[0], 1.0, (2.6, 3.4), 1.5)
        elif self.parted:
            heavy = 1 if self.parting <= 0 else -1
            front += self.curls([(0.50, -0.98), (0.20, -1.06)], heavy, 1.15, (1.8, 2.6), 0.75)
            front += self.curls([(0.55, -0.98)], -heavy, 1.0, (1.8, 2.6), 0.8)
        for side in sides:
            front += self.curls(
                [(1.12, -1.02), (0.68 + 0.3 * up, -1.08 - up), (0.98, -1.34), (0.80, -1.64)], side, 1.12, (2.0, 3.2)
            )
            front += self.curls([(0.36, -1.20 - up), (0.66, -1.46), (0.46, -1.84)], side, 1.15, (2.0, 3.0))
            front += self.curls([(0.10, -1.36), (0.30, -1.62), (0.10, -1.84)], side, 1.05, (2.0, 3.0))
        shadow = self.frame.shadow(self.contours)
        top = min([top, self.highest, *(float(curl[:, 1].min()) for curl in self.contours)])
        return Locks(tuple(layers["back"]), tuple(layers["under"]), tuple(front), shadow, top)
