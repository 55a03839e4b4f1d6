"""The whole little body of a chibi two and a half heads tall, standing; its chest shows the clothes of the bust."""

from __future__ import annotations

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit
from photo2moe.pen.head import PIT, Head
from photo2moe.pen.palette import Tones, cloth, mix, parse, to_oklab
from photo2moe.pen.parts import Materials, draw_part
from photo2moe.pen.scene import Colour, Group, Item, Path, Points, columns, place

FOOT = 4.2  # v of the soles below the pit of the neck
RAISED = 0.12  # face units that the body stands nearer to the head than a bust does
NECK = (0.32, 0.16)  # half width of what is seen of the neck, and how far below the pit it ends
NARROW = 0.74  # width of the neck over that of a bust's
CHEST = (0.46, 0.58)  # width and height of the chest over those of a bust
BARE_ARMS = ("strap", "bare", "dress")  # clothes without sleeves
SKIRTS = ("dress", "strap")  # clothes that women and girls wear with a skirt
OF_ONE_CLOTH = ("suit", "suit_tie", "suit_bow", "uniform", "dress", "traditional")  # with trousers of that colour
DENIM: Colour = (84, 104, 148)  # trousers with clothes that say nothing about them
DARK: Colour = (70, 70, 84)  # trousers with blue clothes
SHOES: Colour = (92, 74, 70)


class Body:
    """A standing body, layer by layer.

    Args:
        who: the person.
        head: the head that the body bears.
        kit: parts to draw with; the part of the kind ``body`` is ``standing``.
        stuff: materials of the character.
    """

    def __init__(self, who: Character, head: Head, kit: Kit, stuff: Materials) -> None:
        self._who, self._kit, self._stuff = who, kit, stuff
        # Of the body over that of the part, by the shoulders.
        self._width = 0.88 + 0.16 * (head.size.shoulders - 1.38) / 0.56
        self._shift = 0.12 * float(np.sin(head.yaw))
        self._bust_pit = head.size.chin + PIT
        self._pit = self._bust_pit - RAISED

    def shrink(self, bust: tuple[Item, ...]) -> tuple[Item, ...]:
        """Items of a bust, as small as the body wears them."""
        return tuple(place(item, self._small) for item in bust)

    def neck(self, bust: tuple[Item, ...]) -> tuple[Item, ...]:
        """The neck of a bust without its shoulders, narrowed."""
        half = NECK[0] * self._width
        low, shift = self._pit + NECK[1], self._shift
        frame = [(shift - half, low - 1.5), (shift + half, low - 1.5), (shift + half, low), (shift - half, low)]
        return (Group(tuple(place(item, self._narrow) for item in bust), Path.polygon(frame)),)

    def __call__(self, bust: tuple[Item, ...]) -> tuple[Item, ...]:
        """The body, its chest in the clothes of the bust.

        Raises:
            KitError: the kit lacks the part.
        """
        clothes = self._who.clothes
        skirt = clothes.kind in SKIRTS and self._who.person.look == "f"
        words = ["skirt" if skirt else "trousers", "bare_arms" if clothes.kind in BARE_ARMS else "sleeves"]
        own = parse(clothes.colour)
        below = own if clothes.kind in OF_ONE_CLOTH or skirt else _trousers(own)
        found: dict[str, Tones | Colour] = {**self._stuff, "legs": cloth(below), "shoes": cloth(mix(SHOES, below, 0.2))}
        if clothes.kind == "scarf":  # its sleeves are those of the coat under it
            found["cloth"] = self._stuff["coat"]
        extra = {"front": self.shrink(bust)}
        return draw_part(self._kit.get("body", "standing"), found, self._stand, words=words, extra=extra)

    def _stand(self, p: Points) -> Points:
        return columns([p[:, 0] * self._width + self._shift, p[:, 1] + self._pit])

    def _small(self, p: Points) -> Points:
        u, v = p[:, 0] - self._shift, p[:, 1] - self._bust_pit
        return columns([u * CHEST[0] * self._width + self._shift, v * CHEST[1] + self._pit])

    def _narrow(self, p: Points) -> Points:
        return columns([(p[:, 0] - self._shift) * NARROW + self._shift, p[:, 1]])


def _trousers(own: Colour) -> Colour:
    """Trousers that go with a top: denim, but dark with what is blue or dark itself."""
    light, _, yellow = to_oklab(own).tolist()
    return DARK if yellow < -0.03 else DENIM if light > 0.35 else mix(DENIM, (120, 124, 140), 0.5)
