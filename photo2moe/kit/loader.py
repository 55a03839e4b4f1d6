"""Kits: folders of parts as data, ``KIND/NAME.json``. Which kinds there are, and how each is written, says docs/kit.md.

A kit named by the user is laid over the kit of the package: its parts go before those of the same kind and name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path as FilePath
from typing import Any

from photo2moe.errors import KitError
from photo2moe.pen.scene import Path

# Kinds of parts that are drawn from shapes; kinds of hair are drawn from locks, see pen/hair.py.
SHAPES = (
    "eyes",
    "iris",
    "brows",
    "nose",
    "mouth",
    "marks",
    "beard",
    "glasses",
    "headwear",
    "mask",
    "earrings",
    "headphones",
    "clothes",
    "body",
    "pattern",
)
HAIR = ("front", "crop", "back", "tied", "texture")
KINDS = SHAPES + HAIR
LARGEST = 1 << 20  # bytes of one part; more is no drawing by hand


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a kit.

    Attributes:
        kind, name: its folder and its file's stem.
        data: what the file says, checked for its kind.
        where: the file, for messages.
    """

    kind: str
    name: str
    data: Mapping[str, Any]
    where: str

    def fault(self, what: str) -> KitError:
        """An error that names this file."""
        return KitError(f"{self.where}: {what}")


@dataclass(frozen=True, slots=True)
class Kit:
    """All parts by kind and name."""

    parts: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)

    def get(self, kind: str, name: str) -> Part:
        """The part of that name.

        Raises:
            KitError: there is none; the message lists those there are.
        """
        found = self.parts.get(kind, {}).get(name)
        if found is None:
            raise KitError(f"the kit has no {kind} {name!r}; it has {', '.join(sorted(self.parts.get(kind, {})))}")
        return found

    def has(self, kind: str, name: str) -> bool:
        """Whether there is such a part."""
        return name in self.parts.get(kind, {})

    def names(self, kind: str) -> list[str]:
        """All names of a kind, sorted."""
        return sorted(self.parts.get(kind, {}))


def load_kit(folder: str | FilePath | None = None) -> Kit:
    """The kit of the package, with that of a folder laid over it.

    Raises:
        KitError: no such folder, or a file in it that is no part; the message names it.
    """
    if folder is None:
        return _own()
    path = FilePath(folder)
    if not path.is_dir():
        raise KitError(f"{path} is no folder with a kit")
    merged = {kind: dict(parts) for kind, parts in _own().parts.items()}
    for kind, parts in _read(path).items():
        merged.setdefault(kind, {}).update(parts)
    return Kit(merged)


@lru_cache(maxsize=1)
def _own() -> Kit:
    files = _files(resources.files("photo2moe") / "kit" / "moe")
    return Kit({kind: _Shelf(kind, own) for kind, own in files.items()})


class _Shelf(Mapping[str, Part]):
    """Parts of one kind, each read when it is asked for first: a person needs some fifteen of all there are."""

    def __init__(self, kind: str, files: Mapping[str, Traversable | FilePath]) -> None:
        self._kind, self._files = kind, files
        self._parts: dict[str, Part] = {}

    def __getitem__(self, name: str) -> Part:
        if name not in self._parts:
            self._parts[name] = _part(self._kind, self._files[name])
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _read(root: Traversable | FilePath) -> dict[str, dict[str, Part]]:
    return {kind: {name: _part(kind, file) for name, file in files.items()} for kind, files in _files(root).items()}


def _files(root: Traversable | FilePath) -> dict[str, dict[str, Traversable | FilePath]]:
    """Files of a kit by kind and name."""
    kinds: dict[str, dict[str, Traversable | FilePath]] = {}
    for folder in sorted((f for f in root.iterdir() if f.is_dir()), key=lambda f: f.name):
        if folder.name not in KINDS:
            raise KitError(f"{folder} is no kind of part; kinds are {', '.join(KINDS)}")
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".json"):
                kinds.setdefault(folder.name, {})[file.name.removesuffix(".json")] = file
    return kinds


def _part(kind: str, file: Traversable | FilePath) -> Part:
    name = file.name.removesuffix(".json")
    try:
        text = file.read_bytes()
        if len(text) > LARGEST:
            raise KitError(f"{file}: larger than {LARGEST} bytes")
        data = json.loads(text)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise KitError(f"{file}: not JSON that can be read ({error})") from error
    if not isinstance(data, dict):
        raise KitError(f"{file}: a part is an object, not {type(data).__name__}")
    part = Part(kind, name, data, str(file))
    if kind in SHAPES:
        for number, shape in enumerate(_list(part, "shapes")):
            _check_shape(part, number, shape)
    if kind == "crop":
        _check_crop(part)
    return part


_KEYS = {
    "path",
    "fill",
    "gradient",
    "line",
    "width",
    "opacity",
    "blur",
    "mirror",
    "clip",
    "id",
    "group",
    "layer",
    "for",
    "shift",
    "blend",
}


# Crops: short hair, see pen/short.py.
_CROP = {"for", "flip", "when", "mass", "line", "rough", "sideburn", "fade", "thin", "edge", "shine", "cast", "combed"}
_CROP |= {"comb", "strands", "strand", "gloss", "wisps", "tufts", "tint", "stubble", "sides", "rim"}
_MASS = {"top", "side", "front", "lean"}
_WHEN = {"texture", "front", "age", "look", "volume", "hairline"}
_TUFT = {"at", "width", "root", "belly", "tip", "lift", "behind", "maybe"}


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(n, (int, float)) for n in value)


def _check_crop(part: Part) -> None:
    """Refuses a crop with unknown keys, or values of the wrong kind."""
    data, tufts = part.data, part.data.get("tufts", [])
    objects = [data.get("mass", {}), data.get("when", {}), *tufts]
    if not all(isinstance(thing, dict) for thing in objects):
        raise part.fault("'mass', 'when' and every tuft must be objects")
    unknown = (set(data) - _CROP).union(set(data.get("mass", {})) - _MASS, *(set(tuft) - _TUFT for tuft in tufts))
    if unknown:
        raise part.fault(
            f"unknown keys {', '.join(sorted(unknown))}; known are {', '.join(sorted(_CROP | _TUFT | _MASS))}"
        )
    lists = {"for", "flip", "when", "mass", "line", "strand", "wisps", "tufts", "at", "behind"}
    for thing in (data, data.get("mass", {}), *tufts):
        for key, value in thing.items():
            if key not in lists and not isinstance(value, (int, float)):
                raise part.fault(f"{key!r} must be a number")
    curves = [tuft.get("at") for tuft in tufts] + list(data.get("wisps", ()))
    if not all(isinstance(curve, list) and len(curve) == 4 and all(_numbers(p, 2) for p in curve) for curve in curves):
        raise part.fault("a tuft and a wisp have four points [u, v]")
    if not all("width" in tuft for tuft in tufts):
        raise part.fault("a tuft needs a width")
    if not all(_numbers(point, 2) for point in data.get("line", ())) or not _numbers(data.get("strand", [0, 1]), 2):
        raise part.fault("a hairline is a list of [azimuth, v], 'strand' the shortest and the longest")
    for key, value in data.get("when", {}).items():
        if (
            key not in _WHEN
            or not isinstance(value, list)
            or (key in ("volume", "hairline") and not _numbers(value, 2))
        ):
            raise part.fault(f"'when' knows {', '.join(sorted(_WHEN))}: lists of words, or [lowest, highest]")


def _list(part: Part, key: str) -> list[Any]:
    value = part.data.get(key)
    if not isinstance(value, list) or not value:
        raise part.fault(f"{key!r} must be a list that is not empty")
    return value


def _check_shape(part: Part, number: int, shape: Any) -> None:
    where = f"shape {number}"
    if not isinstance(shape, dict):
        raise part.fault(f"{where} must be an object")
    unknown = set(shape) - _KEYS
    if unknown:
        raise part.fault(f"{where} has unknown keys {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}")
    try:
        Path.parse(shape["path"]).flatten()
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise part.fault(f"{where}: path cannot be read ({error})") from error


def kit_digest(folder: str) -> str:
    """Digest of the files of a kit of the user's; empty without one."""
    if not folder:
        return ""
    total = hashlib.sha256()
    for file in sorted(FilePath(folder).rglob("*.json")):
        total.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
