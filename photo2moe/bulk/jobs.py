"""What there is to do: photos from a folder, or from a list."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from photo2moe.bulk.places import Place
from photo2moe.bulk.store import Stamp
from photo2moe.errors import ConfigError, ImageReadError, InputError
from photo2moe.files import printable


@dataclass(frozen=True, slots=True)
class Job:
    """One photo to convert.

    Attributes:
        name: of the photo, in its place.
        stamp: what the photo looked like from outside when it was found.
        output: name for the avatar, where one was given.
        given: what else the line of a list said; it comes back with the result.
        error: why it cannot even be tried.
    """

    name: str
    stamp: Stamp
    output: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    error: str = ""


# None says that there is nothing just now, and more may come.
Jobs = Iterator[Job | None]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of all photos, by their names alone.

    Attributes:
        number, count: which, and of how many.
    """

    number: int = 1
    count: int = 1

    def __contains__(self, name: str) -> bool:
        if self.count == 1:
            return True
        digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}of{self.count}" if self.count > 1 else ""


def parse_shard(text: str) -> Shard:
    """Read a part, such as ``2/8``.

    >>> parse_shard("2/8")
    Shard(number=2, count=8)

    Raises:
        ConfigError: it is none.
    """
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"--shard must be I/N, from 1/N to N/N, not {text!r}")
    return Shard(int(found[1]), int(found[2]))


def ignore(_: str) -> None:
    """Take no notice of a name."""


def from_folder(
    source: Place, shard: Shard, leave_out: str = "", on_other: Callable[[str], None] = ignore
) -> Iterator[Job]:
    """All photos of a place, in order of listing; a folder that cannot be listed is a job with an error.

    Args:
        source: the place.
        shard: which of them.
        leave_out: name of a folder in it that is none of the input.
        on_other: told the names that are passed over since they are no photos.
    """
    failures: list[ImageReadError] = []

    def wanted(name: str) -> bool:
        return name in shard and not (leave_out and name.startswith(f"{leave_out}/"))

    def pass_over(name: str) -> None:
        if wanted(name):
            on_other(name)

    for name, stamp in source.photos(failures.append, pass_over):
        yield from _unlisted(failures)
        if wanted(name):
            yield Job(name, stamp)
    yield from _unlisted(failures)


def from_list(source: Place, lines: Iterable[str], shard: Shard) -> Iterator[Job]:
    """The photos of a list, as it is read.

    Args:
        source: the place that names are relative to.
        lines: each a path, or a JSON object with ``photo``, perhaps ``output`` (a name
            in the output folder), and anything else. Empty lines are skipped.
        shard: which of them.
    """
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        try:
            job = _listed(source, line)
        except InputError as error:
            yield Job(f"line {number}", [], error=f"line {number} of the list: {error}")
            continue
        if job.name in shard:
            yield job


def _listed(source: Place, line: str) -> Job:
    if not line.lstrip().startswith("{"):
        name = source.inside(line)
        return Job(name, source.stamp(name))
    try:
        given = json.loads(line)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from error
    photo, output = given.get("photo"), given.get("output", "")
    if not isinstance(photo, str) or not photo or "\0" in photo:
        raise InputError('has no path under "photo"')
    parts = output.split("/") if isinstance(output, str) else [".."]
    if ".." in parts or output.startswith("/") or "\0" in output or (output and not parts[-1]):
        raise InputError(f'"output" must be a name inside the output folder, not {printable(str(output))!r}')
    try:
        os.fsencode(photo + output)
    except ValueError as error:  # half a character, which JSON can spell
        raise InputError("a name in it is no text") from error
    name = source.inside(photo)
    return Job(name, source.stamp(name), output, given)


def _unlisted(failures: list[ImageReadError]) -> Iterator[Job]:
    while failures:
        failure = str(failures.pop(0))
        yield Job(failure.partition(": ")[0], [], error=failure)


def count(jobs: Jobs, stopped: Callable[[], bool]) -> int | None:
    """How many jobs there are; ``None`` if told to stop meanwhile."""
    number = 0
    for _ in jobs:
        number += 1
        if stopped():
            return None
    return number
