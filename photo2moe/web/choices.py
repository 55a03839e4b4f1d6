"""The options of a conversion as they come over HTTP: text in, strictly read, a configuration out.

They are those of ``photo2moe convert`` that look and proportions depend on, under the same names, except
for all that names a file of the server: weights, kits, and pictures as background.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from photo2moe.character.changes import NAMES, parse_colour
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError

FORMATS = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
BACKGROUND = re.compile(r"photo|transparent|white|blur|#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_COLOUR = f"^(keep|{'|'.join(NAMES)}|#[0-9a-fA-F]{{6}})$"
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One option.

    Attributes:
        name: in the query or the form.
        field: in the configuration, empty for what is not part of it.
        schema: what it takes, as JSON Schema.
        help: what it does.
    """

    name: str
    field: str
    schema: dict[str, Any]
    help: str

    def read(self, text: str) -> Any:
        """Text → value.

        Raises:
            ConfigError: not of the type.
        """
        kind = self.schema["type"]
        if kind == "boolean" and text in ("true", "false"):
            return text == "true"
        if kind == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "number" and _NUMBER.fullmatch(text):
            return float(text)
        if kind == "string":
            return text
        what = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}[kind]
        raise ConfigError(f"{self.name} must be {what}, not {text!r}")

    @property
    def allowed(self) -> str:
        """What the schema takes, in words."""
        schema = self.schema
        if "enum" in schema:
            return " or ".join(schema["enum"])
        return str(schema.get("pattern", f"{schema.get('minimum')}…{schema.get('maximum')}"))

    def allows(self, value: Any) -> bool:
        """Whether a value that was read keeps to the schema."""
        schema = self.schema
        if "enum" in schema:
            return value in schema["enum"]
        if "pattern" in schema:
            return re.fullmatch(schema["pattern"].strip("^$"), value) is not None
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _string(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


CHOICES = (
    Choice(
        "strength",
        "strength",
        {"type": "number", "minimum": 0, "maximum": 1},
        "0 own proportions … 1 anime proportions",
    ),
    Choice("background", "background", _string(f"^({BACKGROUND.pattern})$"), "what the avatar stands before"),
    Choice("frame", "frame", {"type": "string", "enum": ["avatar", "full", "photo"]}, "bust, whole chibi, or photo"),
    Choice("size", "size", {"type": "integer", "minimum": 64, "maximum": 4096}, "side of the avatar, pixels"),
    Choice("face", "face", _string("^(largest|all|[1-9][0-9]{0,2})$"), "which face, the largest being 1"),
    Choice("skin", "skin", _string(_COLOUR), "colour of the skin"),
    Choice("hair-colour", "hair", _string(_COLOUR), "colour of the hair"),
    Choice("eye-colour", "eyes", _string(_COLOUR), "colour of the eyes"),
    Choice("style", "weights", {"type": "string", "enum": ["moe", "clean"]}, "painted, or the pen alone"),
    Choice("compare", "compare", {"type": "boolean"}, "photo and avatar side by side"),
    Choice("mark", "mark", {"type": "boolean"}, "a small AI in the corner"),
    Choice("format", "", {"type": "string", "enum": list(FORMATS)}, "of the picture"),
)
FIT = Choice("fit", "", {"type": "integer", "minimum": 64, "maximum": 4096}, "shrink the longer side to so many pixels")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for.

    Attributes:
        config: how to convert.
        form: ``png``, ``jpg`` or ``webp``.
        fit: longest side of the reply, pixels; 0 leaves it alone.
    """

    config: PipelineConfig
    form: str = "png"
    fit: int = 0


def read_wish(pairs: Iterable[tuple[str, str]], base: PipelineConfig, *, preview: bool = False) -> Wish:
    """Read the options of a request.

    Args:
        pairs: names and values, as they came.
        base: what holds where nothing is said.
        preview: whether ``fit`` is allowed.

    Raises:
        ConfigError: unknown, given twice, or out of range; the sentences are those of the command line.
    """
    known = {choice.name: choice for choice in (*CHOICES, *([FIT] if preview else []))}
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name not in known:
            raise ConfigError(f"unknown option {name[:40]!r}; known are {', '.join(known)}")
        if name in values:
            raise ConfigError(f"{name} is given twice")
        values[name] = known[name].read(text[:200])
    config = dataclasses.replace(base, **{known[n].field: v for n, v in values.items() if known[n].field})
    _check(config, values)
    form, fit = values.get("format", "png"), values.get("fit", 0)
    if form == "jpg" and config.background == "transparent" and not config.compare:
        raise ConfigError("JPEG cannot hold transparency; use .png or .webp")
    return Wish(config, form, fit)


def _check(config: PipelineConfig, values: dict[str, Any]) -> None:
    """What ``PipelineConfig`` leaves to the stages, or allows and HTTP does not."""
    for text, option in ((config.skin, "--skin"), (config.hair, "--hair-colour"), (config.eyes, "--eye-colour")):
        parse_colour(text, option)
    if not BACKGROUND.fullmatch(config.background):
        raise ConfigError(
            f"background must be photo, blur, white, transparent, #rgb or #rrggbb, not {config.background!r}"
        )
    for choice in (*CHOICES, FIT):  # what the configuration would take, and the schema does not
        if choice.name in values and not choice.allows(values[choice.name]):
            raise ConfigError(f"{choice.name} must be {choice.allowed}, not {values[choice.name]!r}")
