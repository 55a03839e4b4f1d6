"""Tones of a colour, as a painter mixes them: shade, deep, light, shine and the line around it.

Mixed in Oklab (Ottosson 2020, https://bottosson.github.io/posts/oklab/), where equal steps look equal: shadows turn
cooler and keep their chroma, lights turn warmer. Colours are ``(r, g, b)`` in 0…255.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from photo2moe.pen.scene import Colour
from photo2moe.pen.twins import of_skin, twice

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB, _TO_LINEAR = np.linalg.inv(_TO_LAB), np.linalg.inv(_TO_LMS)


def parse(text: str) -> Colour:
    """``#rrggbb`` as ``(r, g, b)``."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@lru_cache(maxsize=4096)
def to_oklab(colour: Colour) -> NDArray[np.float64]:
    """Oklab ``(L 0…1, a, b)`` of an sRGB colour."""
    c = np.array(colour, float) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    lab = _TO_LAB @ np.cbrt(_TO_LMS @ linear)
    lab.setflags(write=False)  # many share it
    return lab


def from_oklab(lab: NDArray[np.float64]) -> Colour:
    """The sRGB colour of Oklab; what a screen cannot show is clipped."""
    linear = np.clip(_TO_LINEAR @ (_FROM_LAB @ lab) ** 3, 0, 1)
    c = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    r, g, b = (int(v) for v in np.rint(c * 255))
    return r, g, b


@twice
@lru_cache(maxsize=4096)
def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one`` with a share (0…1) of ``other``, mixed in Oklab."""
    a, b = to_oklab(one), to_oklab(other)
    return from_oklab(a + (b - a) * share)


@twice
@lru_cache(maxsize=4096)
def tone(colour: Colour, lightness: float = 1.0, chroma: float = 1.0, hue: float = 0.0) -> Colour:
    """A colour with its Oklab lightness and chroma scaled and its hue turned by degrees."""
    lab = to_oklab(colour)
    angle = np.radians(hue)
    a, b = lab[1] * np.cos(angle) - lab[2] * np.sin(angle), lab[1] * np.sin(angle) + lab[2] * np.cos(angle)
    return from_oklab(np.array([min(lab[0] * lightness, 1.0), a * chroma, b * chroma]))


@dataclass(frozen=True, slots=True)
class Tones:
    """What one material is painted with.

    Attributes:
        base: most of it.
        shade: its side away from the light, and one clean cast shadow.
        deep: the darkest folds.
        light: where the light falls.
        shine: its highlight.
        line: its outline.
    """

    base: Colour
    shade: Colour
    deep: Colour
    light: Colour
    shine: Colour
    line: Colour

    @property
    def gleam(self) -> Colour:
        """The band of light on hair."""
        return mix(self.shine, tone(self.base, *GLEAM), 0.6)

    @property
    def fold(self) -> Colour:
        """Folds and stitches: darker than the material, or lighter than one that is nearly black."""
        return mix(self.light, self.shine, 0.35) if to_oklab(self.base)[0] < DARK else self.shade

    @property
    def seam(self) -> Colour:
        """Seams: between folds and outline, and lighter than a material that is nearly black."""
        return mix(self.light, self.shine, 0.6) if to_oklab(self.base)[0] < DARK else mix(self.deep, self.line, 0.45)


GLEAM = (1.5, 1.9)  # lightness and chroma of the light on hair over those of the hair
DARK = 0.36  # Oklab L below which an outline is hardly seen on the material
COOL = (70, 56, 120)  # what shadows of cloth and hair are mixed with
WARM = (255, 244, 226)  # what lights are mixed with
INK = (58, 30, 52)  # what lines are mixed with


@twice
@lru_cache(maxsize=4096)
def cloth(colour: Colour) -> Tones:
    """Tones of cloth and of whatever is matt."""
    dark = to_oklab(colour)[0] < 0.4
    return Tones(
        colour,
        mix(tone(colour, 0.86, 1.05), COOL, 0.10),
        mix(tone(colour, 0.72, 1.05), COOL, 0.16),
        mix(tone(colour, 1.16 if dark else 1.06), WARM, 0.10),
        mix(tone(colour, 1.25), WARM, 0.35),
        mix(tone(colour, 0.50, 1.0), INK, 0.35),
    )


WHITEST, BLACKEST = 0.975, 0.205  # Oklab L of the lightest and the darkest fabric
PALE, DEEP = 0.80, 0.46  # Oklab L from which on fabric is drawn lighter, and darker, than it is
TINTED = 0.025  # Oklab chroma below which pale fabric is the more nearly white
YELLOW = 95.0  # degrees of Oklab hue of what would have green shadows, which turn to orange


@twice
@lru_cache(maxsize=4096)
def fabric(colour: Colour) -> Tones:
    """Tones of what is worn: white stays white in its shadows, and black shows folds lighter than itself."""
    lab = to_oklab(colour)
    light = float(np.interp(lab[0], (0.0, 0.2, 0.33, DEEP, PALE, 0.94), (0.19, BLACKEST, 0.25, DEEP, PALE, WHITEST)))
    pale = float(np.clip((light - PALE) / (WHITEST - PALE), 0, 1))
    lab = lab * [1, *[1 - pale * (1 - min(1.0, float(np.hypot(lab[1], lab[2])) / TINTED))] * 2]
    base = from_oklab(np.array([light, *lab[1:]]))
    chroma = float(np.hypot(lab[1], lab[2]))
    cool = float(np.interp(chroma, (0.04, 0.15), (0.10, 0.03)))  # of what is added to shadows; less keeps colours clean
    hue = float(np.degrees(np.arctan2(lab[2], lab[1])))
    turn = -2 - 12 * float(np.exp(-(((hue - YELLOW) / 20) ** 2))) * min(1.0, chroma / 0.08)
    dark = float(np.clip((0.40 - light) / 0.12, 0, 1))

    def lit(by: float, more: float = 1.0) -> Colour:
        return from_oklab(np.array([min(light + by, 0.99), *(lab[1:] * more)]))

    return Tones(
        base,
        mix(tone(base, 0.86 + 0.07 * pale - 0.08 * dark, 1.06, turn), COOL, cool * (1 - 0.6 * dark)),
        mix(tone(base, 0.73 + 0.12 * pale - 0.10 * dark, 1.06, 1.5 * turn), COOL, 1.5 * cool * (1 - 0.8 * dark)),
        mix(lit(0.035 + 0.03 * dark), WARM, 0.10 * (1 - dark)),
        mix(lit(0.10 + 0.10 * dark), WARM, 0.30 * (1 - 0.6 * dark)),
        mix(tone(base, 0.50 + 0.05 * pale - 0.1 * dark, 1.0), INK, 0.35 * (1 - 0.7 * dark)),
    )


HAIR_LIFT = 0.085  # Oklab L that black hair gains, so that its locks are seen; lighter hair gains less
HAIR_LIGHT = 0.58  # Oklab L from which hair is drawn as light as it is
HAIR_CHROMA = 1.7  # dark hair of little colour is drawn up to so much more colourful than a photo shows it
HAIR_VIVID = 0.13  # Oklab chroma of hair that is as colourful as it needs to be
BLACK = 0.26  # Oklab L below which hair is black, with a cool gloss


@twice
@lru_cache(maxsize=4096)
def hair(colour: Colour) -> Tones:
    """Tones of hair: as an artist lifts it, dark hair lighter and more colourful than a photo shows it."""
    lab = to_oklab(colour)
    share = float(np.clip(1 - lab[0] / HAIR_LIGHT, 0, 1))
    pale = float(np.clip(1 - np.hypot(lab[1], lab[2]) / HAIR_VIVID, 0, 1))
    lifted = np.array([lab[0] + HAIR_LIFT * share, *(lab[1:] * (1 + (HAIR_CHROMA - 1) * min(3 * share, 1) * pale))])
    base = from_oklab(lifted)
    if lab[0] < BLACK:
        base = mix(base, (78, 70, 98), 0.35 * float(1 - lab[0] / BLACK))
    dark = lifted[0] < 0.42
    return Tones(
        base,
        mix(tone(base, 0.82, 1.12), COOL, 0.10),
        mix(tone(base, 0.64, 1.12), COOL, 0.14),
        mix(tone(base, 1.36 if dark else 1.11, 1.2, 4), WARM, 0.06),
        mix(tone(base, 1.55 if dark else 1.2, 0.9, 4), (255, 248, 240), 0.30 if dark else 0.55),
        mix(tone(base, 0.46, 1.0), INK, 0.40),
    )


BROWN = (32.0, 95.0)  # degrees of Oklab hue of brown eyes; a light brown would look amber, so its chroma is held down
OLIVE, HAZEL = 62.0, 82.0  # degrees: brown eyes turn no yellower than the first; from the second on they are hazel
BROWN_CHROMA = 0.066  # the most that brown eyes have
IRIS_LIGHTNESS = (0.36, 0.66)  # Oklab L of the base: below, the pupil is lost, above, the white


@lru_cache(maxsize=4096)
def iris(colour: Colour) -> Tones:
    """Tones of an iris: dark under the lid, bright below, and brown stays brown."""
    lab = to_oklab(colour)
    chroma, hue = float(np.hypot(lab[1], lab[2])), float(np.degrees(np.arctan2(lab[2], lab[1])))
    brown = BROWN[0] < hue < BROWN[1]
    hue = min(hue, OLIVE) if brown and hue < HAZEL else hue
    wanted = float(np.clip(1.6 * chroma, 0.045, BROWN_CHROMA) if brown else np.clip(1.6 * chroma, 0.022, 0.095))
    light = float(np.clip(lab[0], *IRIS_LIGHTNESS))

    def at(lightness: float, share: float, turn: float = 0.0) -> Colour:
        angle = np.radians(hue + turn)
        return from_oklab(np.array([lightness, wanted * share * np.cos(angle), wanted * share * np.sin(angle)]))

    rosy = -8.0 if brown else 8.0  # the bright part of brown eyes turns to rose, that of others to green or violet
    return Tones(
        at(light, 1.0),
        at(0.74 * light, 1.0),
        at(0.52 * light, 0.9),
        at(min(light + 0.15, 0.86), 1.0, rosy),
        at(min(light + 0.30, 0.93), 0.95 if brown else 0.8, rosy),
        mix(at(0.40 * light, 0.8), INK, 0.35),
    )


# Skin by eight palettes mixed by hand: lightness L* that a photo shows, which is drawn a little lighter; then base,
# cool shadow, warm blush and line.
SKINS: tuple[tuple[float, Colour, Colour, Colour, Colour], ...] = (
    (90, (255, 238, 227), (240, 203, 199), (255, 158, 152), (150, 84, 82)),
    (83, (254, 227, 209), (235, 188, 178), (252, 146, 138), (142, 74, 68)),
    (75.5, (250, 213, 189), (226, 170, 155), (243, 132, 120), (130, 64, 56)),
    (67.5, (240, 194, 163), (211, 149, 129), (231, 117, 102), (116, 54, 46)),
    (60.5, (222, 168, 133), (189, 124, 103), (210, 98, 82), (98, 44, 38)),
    (53, (191, 136, 103), (156, 98, 80), (180, 80, 68), (80, 36, 32)),
    (43.5, (152, 103, 77), (119, 72, 60), (144, 62, 54), (62, 28, 28)),
    (33.5, (113, 75, 58), (86, 51, 46), (112, 48, 44), (46, 22, 24)),
)


FAIR, DARKER = 84.0, 1.2  # L of skin below which a drawing, whose light is even, makes it look lighter; by how much


def lightness(colour: Colour) -> float:
    """CIE L* of an sRGB colour, 0…100."""
    c = np.array(colour, float) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = float(linear @ (0.2126, 0.7152, 0.0722))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@dataclass(frozen=True, slots=True)
class SkinTones(Tones):
    """Tones of skin. Attributes: blush: of cheeks, nose and lips."""

    blush: Colour


@of_skin
@lru_cache(maxsize=256)
def skin(colour: Colour) -> SkinTones:
    """Tones of skin of a measured colour: its lightness chooses among the palettes, its hue tints them a little."""
    at = lightness(colour)
    at -= DARKER * min(max((FAIR - at) / 10, 0.0), 1.0)
    levels = [row[0] for row in SKINS]
    mixed = []
    for part in range(1, 5):
        labs = np.array([to_oklab(row[part]) for row in SKINS])
        lab = np.array([np.interp(-at, [-level for level in levels], labs[:, i]) for i in range(3)])
        mixed.append(lab)
    own = to_oklab(colour)
    shift = np.append(0.0, np.clip(own[1:] - mixed[0][1:], -0.02, 0.02) * 0.6)  # a tint, not another person
    base, shade, blush, line = (from_oklab(lab + shift) for lab in mixed)
    light = mix(base, (255, 250, 240), 0.25)
    return SkinTones(base, shade, mix(shade, line, 0.25), light, mix(base, (255, 252, 246), 0.55), line, blush)
