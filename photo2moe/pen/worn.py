"""What is worn: its materials and layers, patterns of cloth, and what it hides of the hair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from photo2moe.character.schema import Character
from photo2moe.kit.loader import Kit, Part
from photo2moe.pen.head import Head
from photo2moe.pen.palette import Tones, cloth, fabric, hair, mix, parse, to_oklab, tone
from photo2moe.pen.parts import Materials, draw_part
from photo2moe.pen.places import places
from photo2moe.pen.scene import Colour, Group, Item, Path

KINDS = ("clothes", "headwear", "glasses", "mask", "earrings", "headphones", "beard")
BOLD = 1.6  # how much wider the lines of the boldest frame are than those of the mean one
TURNED = np.radians(8)  # yaw from which a head counts as turned
FAR = 9.0  # face units beyond any picture
LIGHT_STUBBLE = 0.2  # Oklab L below the skin's from which stubble is light
STUBBLE = (64, 44, 42)  # what stubble is darkened with
DARK_LENS = (46, 42, 54)  # of sunglasses whose colour nobody named
DARK_TRIM, LIGHT_TRIM = (84, 106, 156), (246, 246, 250)  # collars and ribbons whose colour nobody named
WHITE_SHIRT: Colour = (250, 250, 253)
TIED = ("suit_tie", "suit_bow")  # clothes whose second colour is that of a tie, if it is dark
PALE = 0.86  # Oklab lightness of cloth from which light trim would not be seen
BLACK, WHITE = 0.34, 0.88  # Oklab lightness below which headwear is black, and above which it is white
SHEEN = (168, 166, 186)  # what the light folds of black cloth are mixed with
LIGHT = 0.72  # Oklab lightness from which cloth counts as light


def materials(who: Character, stuff: Materials) -> Materials:
    """The materials of a character with those that only clothes need: ``shirt``, ``tie``, ``pattern``, ``glint``."""
    own = parse(who.clothes.colour)
    second = parse(who.clothes.second) if who.clothes.second else None
    light = second is not None and to_oklab(second)[0] > LIGHT
    shirt: Colour = WHITE_SHIRT
    if second is not None and (light or who.clothes.kind not in TIED):
        shirt = second
    tie = second if second is not None and not light else _tie(own)
    under = {"suit": shirt, "suit_tie": tie}.get(who.clothes.kind, own)  # what bears the pattern
    stripes = second if second is not None and second != under else _second_tone(under)
    trim = second or (DARK_TRIM if to_oklab(own)[0] > PALE else LIGHT_TRIM)
    hat = parse(who.headwear.colour)
    worn = {
        "cloth": own,
        "second": trim,
        "shirt": shirt,
        "tie": tie,
        "pattern": stripes,
        "coat": second or _coat(own),
        "mask": parse(who.mask.colour),
    }
    found: dict[str, Tones | Colour] = {**stuff, **{name: fabric(colour) for name, colour in worn.items()}}
    band = parse(who.headwear.second) if who.headwear.second else mix(tone(hat, 0.55), (60, 44, 56), 0.4)
    found |= {"headwear": _soft(hat), "headwear2": _soft(parse(who.headwear.second) if who.headwear.second else hat)}
    found |= {
        "hatband": cloth(band),
        "strapwork": cloth((70, 68, 80)),
        "igal": cloth((38, 36, 44)),
        "gem": cloth((206, 66, 92)),
    }
    found |= {"leaf": cloth((118, 160, 104)), "pollen": cloth((246, 206, 110)), "ribbon": cloth((200, 62, 84))}
    if who.glasses.kind.startswith("sun") and not who.glasses.lens:
        found["lens"] = cloth(DARK_LENS)
    skin = stuff["skin"]
    if who.beard.kind in ("stubble", "stubble_light") and isinstance(skin, Tones):
        found["beard"] = _stubble(parse(who.beard.colour or who.hair.colour), skin)
    found["glint"] = (255, 255, 255)
    return found


def _stubble(colour: Colour, skin: Tones) -> Tones:
    """Tones of short hairs between which skin is seen; light ones are darkened, or they would be a pale patch."""
    light = to_oklab(colour)[0] > to_oklab(skin.base)[0] - LIGHT_STUBBLE
    return hair(mix(mix(colour, STUBBLE, 0.8 if light else 0.6), skin.shade, 0.15))


def _soft(colour: Colour) -> Tones:
    """Tones of headwear: black stays black, with folds lighter than it, and white stays white."""
    found, light = cloth(colour), float(to_oklab(colour)[0])
    if light < BLACK:
        lit, gloss = mix(colour, SHEEN, 0.24), mix(colour, SHEEN, 0.44)
        return replace(found, light=lit, shine=gloss)
    if light > WHITE:
        shade, deep = mix(found.shade, colour, 0.45), mix(found.deep, colour, 0.35)
        return replace(found, shade=shade, deep=deep)
    return found


def _tie(suit: Colour) -> Colour:
    """A tie that goes with a suit: red with blue, grey and black, blue with warm colours and light ones."""
    light, _, yellow = to_oklab(suit).tolist()
    return (62, 84, 134) if yellow > 0.02 or light > LIGHT else (150, 52, 66)


def _coat(scarf: Colour) -> Colour:
    """What is worn under a scarf: quieter than it, dark under light ones and light under dark ones."""
    return mix(scarf, (70, 72, 90), 0.72) if to_oklab(scarf)[0] > 0.55 else mix(scarf, (196, 186, 176), 0.8)


def _second_tone(own: Colour) -> Colour:
    """The colour of a pattern that nobody named: white on colours, a deeper tone on light cloth."""
    return tone(own, 0.74, 1.15) if to_oklab(own)[0] > LIGHT else mix(own, (250, 250, 252), 0.62)


class Wardrobe:
    """All that a character wears, as items.

    Args:
        who: the character.
        head: its head.
        kit: where parts come from.
        stuff: the materials of the character.
    """

    def __init__(self, who: Character, head: Head, kit: Kit, stuff: Materials) -> None:
        self.who, self.head, self.kit = who, head, kit
        self.stuff = materials(who, stuff)
        self.names: Mapping[str, str] = {kind: getattr(who, kind).kind for kind in KINDS}
        self.places = places(who, head)

    def __call__(self, kind: str, layer: str = "") -> tuple[Item, ...]:
        """What is worn of a kind, in one of the layers of its part.

        Raises:
            KitError: the kit lacks the part that the character names.
        """
        return () if self.names[kind] == "none" else self.part(kind, self.names[kind], layer)

    def part(self, kind: str, name: str, layer: str = "") -> tuple[Item, ...]:
        """A part of a kind, by name.

        Raises:
            KitError: the kit lacks it.
        """
        part = _only(self.kit.get(kind, name), layer)
        if not part.data["shapes"]:
            return ()
        place, groups = self.places[kind]
        turned = "turned" if abs(self.head.yaw) > TURNED else "front"
        printed = "two_colours" if kind == "headwear" and self.who.headwear.second else ""
        words = (self.who.person.age, self.who.person.look, self.who.hair.length, turned, printed)
        scale = BOLD**self.who.glasses.weight if kind == "glasses" else 1.0
        extra = self._patterns(part) if kind == "clothes" else None
        items = draw_part(part, self.stuff, place, scale=scale, layer=layer, words=words, places=groups, extra=extra)
        face = self._cut("spares") if kind == "headwear" and not layer else None
        return items if face is None else (Group(items, outside(face)),)

    def _patterns(self, part: Part) -> dict[str, tuple[Item, ...]]:
        """What fills shapes of the groups ``pattern``, ``pattern_upright`` and ``pattern_small`` of clothes."""
        name = self.who.clothes.pattern
        if name in ("plain", "na", ""):
            return {}
        found: dict[str, tuple[Item, ...]] = {}
        for group in {shape.get("group", "") for shape in part.data["shapes"]}:
            if group.startswith("pattern"):
                own = name + group.removeprefix("pattern")
                pattern = self.kit.get("pattern", own if self.kit.has("pattern", own) else name)
                found[group] = draw_part(pattern, self.stuff, self.head.body, words=(self.who.person.look,))
        return found

    def hat_over(self, hair: tuple[Item, ...]) -> tuple[Item, ...]:
        """Hair without what the headwear hides: where its part says ``hides``, or outside where it says ``shows``."""
        if not hair or self.names["headwear"] == "none":
            return hair
        shown, hidden = self._cut("shows"), self._cut("hides")
        if shown is not None:
            return (Group(hair, shown),)
        return hair if hidden is None else (Group(hair, outside(hidden)),)

    def _cut(self, name: str) -> Path | None:
        """The shape of the headwear with that ``id``, placed: what hair or cloth is cut along."""
        place, groups = self.places["headwear"]
        for shape in self.kit.get("headwear", self.names["headwear"]).data["shapes"]:
            if shape.get("id") == name:
                return Path.parse(shape["path"]).map(groups.get(shape.get("group", ""), place))
        return None


def _only(part: Part, layer: str) -> Part:
    """A part with no more than a layer of it needs: its own shapes and those that clip them."""
    own = [shape for shape in part.data["shapes"] if shape.get("layer", "") == layer]
    clips = {shape["clip"] for shape in own if "clip" in shape}
    needed = [shape for shape in part.data["shapes"] if shape.get("layer", "") == layer or shape.get("id") in clips]
    return replace(part, data={"shapes": needed if own else []})


def outside(path: Path) -> Path:
    """The whole plane without the inside of a closed path: a wide frame around it that runs the other way."""
    area = 0.0
    for p in path.flatten():
        area += float((p[:, 0] * np.roll(p[:, 1], -1) - p[:, 1] * np.roll(p[:, 0], -1)).sum())
    frame = np.array([(-FAR, -FAR), (FAR, -FAR), (FAR, FAR), (-FAR, FAR)])
    return Path((*Path.polygon(frame[::-1] if area > 0 else frame).commands, *path.commands))


def extent(items: tuple[Item, ...]) -> tuple[float, float]:
    """The highest v of some items and the furthest that they go to a side; FAR and 0 if there are none."""
    top, reach = FAR, 0.0
    for item in items:
        if isinstance(item, Group):
            (high, wide), (least, most) = extent(item.items), _extent(item.clip) if item.clip else (-FAR, FAR)
            high, wide = max(high, least), min(wide, most)
        else:
            high, wide = _extent(item.path)
        top, reach = min(top, high), max(reach, wide)
    return top, reach


def _extent(path: Path) -> tuple[float, float]:
    contours = path.flatten()
    if not contours:
        return FAR, 0.0
    points = np.concatenate(contours)
    return float(points[:, 1].min()), float(np.abs(points[:, 0]).max())
