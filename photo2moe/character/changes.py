"""Changes of a character in words: ``hair.colour=silver``, ``glasses.kind=round``, ``pose.yaw=-20``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from photo2moe.character.schema import Character
from photo2moe.errors import CharacterError, ConfigError

# Names of colours as users say them, as anime draws them.
NAMES: dict[str, str] = {
    "black": "#34303a",
    "brown": "#7a503a",
    "blonde": "#eecd82",
    "red": "#be3c37",
    "orange": "#eb8c46",
    "yellow": "#f0cf4e",
    "pink": "#f096b4",
    "purple": "#8c5faa",
    "blue": "#507dcd",
    "navy": "#2f3c64",
    "teal": "#3f9a9a",
    "green": "#55a069",
    "hazel": "#967341",
    "beige": "#dcc8a6",
    "silver": "#cdd0d8",
    "grey": "#96969c",
    "white": "#f0f0f2",
}
NONE = "none"  # for a colour that may be left out


def parse_colour(text: str, option: str) -> str | None:
    """A colour of the command line as ``#rrggbb``; None for ``keep``.

    Raises:
        ConfigError: neither a name nor ``#rrggbb``; the message lists what is allowed.
    """
    if text == "keep":
        return None
    colour = NAMES.get(text.lower(), text.lower())
    if not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise ConfigError(f"{option} must be keep, #rrggbb, or one of {', '.join(NAMES)}, not {text!r}")
    return colour


def changed(who: Character, changes: Iterable[str]) -> Character:
    """A character with changes such as ``hair.colour=silver`` made, one after the other.

    Raises:
        CharacterError: a change that cannot be read, an unknown field, or a value that it does not hold.
    """
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals:
            raise CharacterError(f"a change is written FIELD=VALUE, such as hair.colour=silver, not {change!r}")
        who = who.replace(**{path.strip(): _value(who, path.strip(), text.strip())})
    return who


def _value(who: Character, path: str, text: str) -> Any:
    """The text as what its field holds; what cannot be read is left to the field's own check."""
    tree: Any = who
    rule: Any = {}
    for name in path.split("."):
        fields = {one.name: one for one in dataclasses.fields(tree)} if dataclasses.is_dataclass(tree) else {}
        if name not in fields:
            return text
        rule, tree = fields[name].metadata, getattr(tree, name)
    kind = rule.get("kind", "")
    if kind == "number":
        return _number(text)
    if kind == "numbers":
        return tuple(_number(part) for part in text.split(",")) if text else ()
    if kind == "colour":
        return "" if rule["optional"] and text.lower() == NONE else NAMES.get(text.lower(), text.lower())
    if kind in ("words", "sentences"):
        return tuple(part.strip() for part in text.split(",") if part.strip() not in ("", NONE))
    return text


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
