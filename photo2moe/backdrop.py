"""What an avatar stands before, as users say it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from photo2moe.errors import ConfigError, ImageReadError
from photo2moe.files import printable, reason

RGB = tuple[int, int, int]

ALLOWED = "photo, blur, white, transparent, #rgb, #rrggbb or the path of a picture"


@dataclass(frozen=True, slots=True)
class Background:
    """What an avatar stands in front of.

    Attributes:
        kind: ``photo``, ``blur``, ``transparent``, ``colour`` or ``picture``.
        colour: for ``colour``, each channel 0…255.
        path: for ``picture``; the caller reads it.
    """

    kind: str
    colour: RGB = (255, 255, 255)
    path: str | None = None


def parse_background(text: str) -> Background:
    """Read a background from the command line.

    >>> parse_background("#4060ff").colour
    (64, 96, 255)

    Raises:
        ConfigError: it is none; the message lists what is allowed.
    """
    word = text.strip().lower()
    if word in ("photo", "blur", "transparent"):
        return Background(word)
    if word == "white":
        return Background("colour")
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", word):
        digits = word[1:] if len(word) == 7 else "".join(2 * digit for digit in word[1:])
        red, green, blue = bytes.fromhex(digits)
        return Background("colour", (red, green, blue))
    path = Path(text)
    if not word.startswith("#") and (path.suffix or len(path.parts) > 1):
        return Background("picture", path=text)
    raise ConfigError(f"background must be {ALLOWED}, not {text!r}")


def background_digest(text: str) -> str:
    """What a background is, whatever its file is called: its colour or kind, or the digest of its picture.

    Raises:
        ConfigError: it is none.
        ImageReadError: its picture cannot be read.
    """
    background = parse_background(text)
    if background.path is None:
        return f"{background.kind} {background.colour}"
    try:
        return hashlib.sha256(Path(background.path).read_bytes()).hexdigest()
    except OSError as error:
        raise ImageReadError(f"{printable(background.path)}: cannot be read: {reason(error)}") from error
