"""Who is drawn: a :class:`Character` is everything that the pen needs to know about a person.

Numbers without a unit run from -1 to 1: 0 is the mean person, ±1 as far from the mean as is drawn. Colours are #rrggbb.
Words for parts (fronts of hair, clothes) are names of the kit, which refuses others. Left and right: of the picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from photo2moe.character.fields import (
    Checked,
    colour_field,
    from_values,
    number_field,
    numbers_field,
    replaced,
    sentences_field,
    to_values,
    word_field,
    words_field,
)
from photo2moe.errors import CharacterError

FORMAT = "photo2moe-character/1"
RADII = 16  # of the outline of the hair, clockwise from above
LARGEST = 1 << 16  # bytes of a character in JSON; one is 2 kB
AGES = ("baby", "child", "teen", "adult", "old")
LOOKS = ("f", "m", "u")
LENGTHS = ("bald", "shaved", "short", "ear", "chin", "shoulder", "long", "hidden")
MARKS = ("freckles", "wrinkles", "lipstick", "makeup", "mole", "scar", "paint")


@dataclass(frozen=True, slots=True)
class Person(Checked):
    """Attributes: age; look (``u``: undecided); years that the face shows, or 0 for those usual at the age."""

    age: str = word_field("adult", *AGES)
    look: str = word_field("u", *LOOKS)
    years: float = number_field(0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Skin(Checked):
    """Attributes: colour in even light; blush; marks: words such as ``freckles``."""

    colour: str = colour_field("#f2c9ac")
    blush: float = number_field()
    marks: tuple[str, ...] = words_field(*MARKS)


@dataclass(frozen=True, slots=True)
class Face(Checked):
    """Attributes: width of the cheeks, jaw (1 square), chin (1 long), cheeks (1 round), forehead (1 high)."""

    width: float = number_field()
    jaw: float = number_field()
    chin: float = number_field()
    cheeks: float = number_field()
    forehead: float = number_field()


@dataclass(frozen=True, slots=True)
class Eyes(Checked):
    """Attributes: shape; colour of the iris; size; spacing (1 far apart); slant (1 outer ends up); height (1 high)."""

    shape: str = word_field("round")
    colour: str = colour_field("#6b4a36")
    size: float = number_field()
    spacing: float = number_field()
    slant: float = number_field()
    height: float = number_field()


@dataclass(frozen=True, slots=True)
class Brows(Checked):
    """Attributes: shape; colour, or none for the hair's; thickness; slant (1 outer ends up); height (1 high)."""

    shape: str = word_field("soft")
    colour: str = colour_field("")
    thickness: float = number_field()
    slant: float = number_field()
    height: float = number_field()


@dataclass(frozen=True, slots=True)
class Nose(Checked):
    """Attributes: shape; width; length."""

    shape: str = word_field("dot")
    width: float = number_field()
    length: float = number_field()


@dataclass(frozen=True, slots=True)
class Mouth(Checked):
    """Attributes: width; fullness of the lips; colour of the lips, or none for the skin's."""

    width: float = number_field()
    fullness: float = number_field()
    colour: str = colour_field("")


@dataclass(frozen=True, slots=True)
class Hair(Checked):
    """Hair of the head.

    Attributes:
        colour: in even light.
        tips: colour of the tips, or none.
        length: a word, from ``bald`` to ``long``; ``hidden`` under what is worn.
        texture: ``straight``, ``wavy``, ``curly``, ``coily``, ``braids``, ``locs``.
        front: ``full``, ``swept_l``, ``swept_r``, ``curtain``, ``side_l``, ``side_r``, ``back``, ``up``,
            ``receding``, or another front of the kit.
        tied: ``loose``, ``ponytail``, ``bun``, ``pigtails``, ``braid``, ``half``, or another of the kit.
        volume: how far the hair stands off the head.
        hairline: height of the forehead up to the hair (1 high).
        parting: where the hair parts, -1 on the left of the picture … 1 on the right.
        outline: radii of the hair's outer edge over those of the mean person of that length, clockwise from above;
            empty if unknown.
    """

    colour: str = colour_field("#4a3628")
    tips: str = colour_field("")
    length: str = word_field("short", *LENGTHS)
    texture: str = word_field("straight")
    front: str = word_field("full")
    tied: str = word_field("loose")
    volume: float = number_field()
    hairline: float = number_field()
    parting: float = number_field()
    outline: tuple[float, ...] = numbers_field(low=0.5, high=2.0, counts=(0, RADII))


@dataclass(frozen=True, slots=True)
class Beard(Checked):
    """Attributes: kind: ``none``, ``stubble``, ``moustache``, ``goatee``, ``beard``, …; colour, or none."""

    kind: str = word_field("none")
    colour: str = colour_field("")


@dataclass(frozen=True, slots=True)
class Glasses(Checked):
    """Attributes: kind: ``none``, ``rect``, ``sun``, …; colour of frame; of lenses, or none; size; weight (1 bold)."""

    kind: str = word_field("none")
    colour: str = colour_field("#3a3038")
    lens: str = colour_field("")
    size: float = number_field()
    weight: float = number_field()


@dataclass(frozen=True, slots=True)
class Headwear(Checked):
    """Attributes: kind: ``none``, ``cap``, ``beanie``, ``hat``, ``hood``, ``headscarf``, ``turban``, …; two colours."""

    kind: str = word_field("none")
    colour: str = colour_field("#5b6f8f")
    second: str = colour_field("")
    size: float = number_field()


@dataclass(frozen=True, slots=True)
class Mask(Checked):
    """What covers mouth and nose. Attributes: kind: ``none``, ``surgical``, …; colour."""

    kind: str = word_field("none")
    colour: str = colour_field("#cfe3ee")


@dataclass(frozen=True, slots=True)
class Earrings(Checked):
    """Attributes: kind: ``none``, ``stud``, ``hoop``, ``drop``; colour."""

    kind: str = word_field("none")
    colour: str = colour_field("#e0b64c")


@dataclass(frozen=True, slots=True)
class Headphones(Checked):
    """Attributes: kind: ``none``, ``over_ear``, …; colour."""

    kind: str = word_field("none")
    colour: str = colour_field("#3c3c46")


@dataclass(frozen=True, slots=True)
class Clothes(Checked):
    """Attributes: kind: ``crew``, ``shirt``, ``suit``, …; colour; second colour (tie, shirt), or none; pattern."""

    kind: str = word_field("crew")
    colour: str = colour_field("#8fa3c0")
    second: str = colour_field("")
    pattern: str = word_field("plain")


@dataclass(frozen=True, slots=True)
class Expression(Checked):
    """What the face does.

    Attributes:
        mouth: ``closed``, ``smile``, ``teeth``, ``open``, or another mouth of the kit.
        smile: corners of the mouth, -1 down … 1 up.
        left, right: how far the eye on that side of the picture is open, 0 closed … 1 as it is … 1.3 wide.
        brows: raised (1) or lowered (-1).
        gaze: where the eyes look, ``(-1 left … 1 right, -1 up … 1 down)``.
    """

    mouth: str = word_field("closed")
    smile: float = number_field(default=0.3)
    left: float = number_field(0.0, 1.3, 1.0)
    right: float = number_field(0.0, 1.3, 1.0)
    brows: float = number_field()
    gaze: tuple[float, ...] = numbers_field(0.0, 0.0, counts=(2,))


@dataclass(frozen=True, slots=True)
class Pose(Checked):
    """Degrees. Attributes: yaw (positive to the right of the picture), pitch (up), roll (clockwise)."""

    yaw: float = number_field(-45.0, 45.0)
    pitch: float = number_field(-25.0, 25.0)
    roll: float = number_field(-180.0, 180.0)


@dataclass(frozen=True, slots=True)
class Character(Checked):
    """A person as the pen sees one: a tree of plain values, JSON in and out.

    >>> who = Character().replace(**{"hair.colour": "#c0c0c8"})
    >>> Character.from_json(who.to_json()).hair.colour
    '#c0c0c8'

    Attributes:
        strength: 0 the person's own proportions … 1 chibi.
        notes: sentences on what the photo did not show.
    """

    person: Person = field(default_factory=Person)
    skin: Skin = field(default_factory=Skin)
    face: Face = field(default_factory=Face)
    eyes: Eyes = field(default_factory=Eyes)
    brows: Brows = field(default_factory=Brows)
    nose: Nose = field(default_factory=Nose)
    mouth: Mouth = field(default_factory=Mouth)
    hair: Hair = field(default_factory=Hair)
    beard: Beard = field(default_factory=Beard)
    glasses: Glasses = field(default_factory=Glasses)
    headwear: Headwear = field(default_factory=Headwear)
    mask: Mask = field(default_factory=Mask)
    earrings: Earrings = field(default_factory=Earrings)
    headphones: Headphones = field(default_factory=Headphones)
    clothes: Clothes = field(default_factory=Clothes)
    expression: Expression = field(default_factory=Expression)
    pose: Pose = field(default_factory=Pose)
    strength: float = number_field(0.0, 1.0, 1.0)
    notes: tuple[str, ...] = sentences_field()

    def replace(self, **changes: Any) -> Character:
        """A copy with values exchanged, named as in ``**{"hair.colour": "#c0c0c8"}``.

        Raises:
            CharacterError: an unknown field, or a value that it does not hold.
        """
        who = self
        for path, value in changes.items():
            who = replaced(who, path, value)
        return who

    def to_json(self) -> str:
        """The character as JSON, two spaces deep; short and readable."""
        return json.dumps(self.to_values(), indent=2, ensure_ascii=False) + "\n"

    def to_values(self) -> dict[str, Any]:
        """The character as plain values, ready for JSON."""
        return {"format": FORMAT, **to_values(self)}

    @staticmethod
    def from_json(text: str | bytes) -> Character:
        """Read what :meth:`to_json` wrote, or part of it: fields left out have their defaults.

        Raises:
            CharacterError: not JSON, another format, unknown fields or impossible values.
        """
        if len(text) > LARGEST:
            raise CharacterError(f"larger than {LARGEST} bytes, which no character is")
        try:
            values = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise CharacterError(f"not JSON that can be read: {error}") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise CharacterError(f'not a character: "format" must be "{FORMAT}"')
        return from_values(Character, {key: value for key, value in values.items() if key != "format"})


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")
