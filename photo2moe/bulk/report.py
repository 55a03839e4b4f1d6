"""What became of every photo: one line each, only ever appended to.

The report is also the memory by which a second run knows what is done: a photo is
skipped if its last line says so, its size and time have not changed, the options are
the same, and its avatars exist. If its last line says that avatars were about to be
written, as before a crash, they must also have the digests that it names. Sixteen bytes
are held for each photo of the past.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from photo2moe import __version__
from photo2moe.backdrop import background_digest
from photo2moe.bulk.jobs import Job, Shard
from photo2moe.bulk.ledger import OK, STEM, WRITING, Ledger
from photo2moe.bulk.places import Place
from photo2moe.bulk.work import base_name, output_names
from photo2moe.config import PipelineConfig, to_dict
from photo2moe.kit.loader import kit_digest
from photo2moe.weights import digest

FRESH = 1 << 16  # photos; 10 MB of dictionary
UNSEEN = ("max_pixels",)  # settings that change no avatar
_MOST = 255  # avatars of one photo; the number is the last byte of what is remembered


class Memory:
    """A map of 64-bit numbers for many millions: sorted arrays, and a small dictionary of what is new.

    Args:
        fresh: entries in the dictionary before they are put into the arrays.
    """

    def __init__(self, fresh: int = FRESH) -> None:
        self._most = fresh
        self._keys = np.empty(0, np.uint64)
        self._values = np.empty(0, np.uint64)
        self._fresh: dict[int, int] = {}

    def __setitem__(self, key: int, value: int) -> None:
        self._fresh[key] = value
        if len(self._fresh) >= self._most:
            self._merge()

    @property
    def nbytes(self) -> int:
        """Size of the arrays."""
        return self._keys.nbytes + self._values.nbytes

    def get(self, key: int) -> int:
        """The last value set for a key, 0 if there is none."""
        if key in self._fresh:
            return self._fresh[key]
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        found = place < len(self._keys) and int(self._keys[place]) == key
        return int(self._values[place]) if found else 0

    def _merge(self) -> None:
        keys = np.fromiter(self._fresh, np.uint64, len(self._fresh))
        values = np.fromiter(self._fresh.values(), np.uint64, len(self._fresh))
        old = ~np.isin(self._keys, keys)
        keys, values = np.concatenate([self._keys[old], keys]), np.concatenate([self._values[old], values])
        order = np.argsort(keys)
        self._keys, self._values, self._fresh = keys[order], values[order], {}


class Report:
    """The append-only memory of an output folder; a context manager that closes it.

    What killed runs left behind in the folder is removed. Other processes may add to it, too.

    Args:
        target: the output folder; made if missing.
        options: a fingerprint of everything that the result depends on.
        suffix: of the avatars.
        shard: which part of the photos this run does; parts have reports of their own.

    Attributes:
        name: of its file.
        ledger: for those who write avatars.

    Raises:
        InputError: the folder cannot be used.
    """

    def __init__(self, target: Place, options: str, suffix: str, shard: Shard | None = None) -> None:
        self._target, self._options, self._suffix = target, options, suffix
        self._memory = Memory()
        self._writing: dict[str, dict[str, Any]] = {}  # of what a crash interrupted
        part = str(shard or "")
        for line in target.lines(STEM):
            try:
                row = json.loads(line)
                self._remember(row["photo"], row)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue  # cut off by a crash
        self.ledger = Ledger(target, options, f"{STEM}-{part}" if part else STEM)
        self.name = f"{self.ledger.stem}.jsonl"
        self._lines = self.ledger.open()
        target.sweep()

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def is_done(self, job: Job) -> bool:
        """Whether the photo's avatars exist and were made from it, with these options."""
        if job.error:
            return False
        if row := self._writing.get(job.name):
            return self._came_through(job, row)
        value = self._memory.get(_digest(job.name))
        if not value & _MOST:
            return False
        outputs = output_names(base_name(job, self._suffix), value & _MOST)
        same = value == _value(job.stamp, self._options, outputs)
        return same and all(self._target.holds(output) for output in outputs)

    def confirm(self, job: Job) -> None:
        """Say of a photo that is done that it is, if a crash came before."""
        if row := self._writing.get(job.name):
            self.add(job, {"status": OK, "outputs": row["outputs"]})

    def add(self, job: Job, facts: dict[str, Any]) -> None:
        """Append a line: the job, and ``status`` with what belongs to it.

        Raises:
            ImageWriteError: it cannot be written; going on would do work that is forgotten.
        """
        self._remember(job.name, {"stamp": job.stamp, "options": self._options, **facts})
        self._lines.write(self.ledger.line(job, facts))
        self._lines.flush()

    def _came_through(self, job: Job, row: dict[str, Any]) -> bool:
        """Whether the avatars that were about to be written before a crash are those that are there."""
        outputs = output_names(base_name(job, self._suffix), len(row["outputs"]))
        if (row.get("stamp"), row.get("options"), row["outputs"]) != (job.stamp, self._options, outputs):
            return False
        return [self._target.digest(output) for output in outputs] == row.get("sha256")

    def _remember(self, name: str, row: dict[str, Any]) -> None:
        good = row["status"] == OK and len(row["outputs"]) <= _MOST
        self._writing.pop(name, None)
        if row["status"] == WRITING and row["outputs"] and isinstance(row["outputs"], list):
            self._writing[name] = row
        self._memory[_digest(name)] = _value(row["stamp"], row["options"], row["outputs"]) if good else 0


def options_fingerprint(config: PipelineConfig, suffix: str) -> str:
    """A short digest of all that an avatar depends on besides its photo.

    Files that options name count by what is in them, and options that change no avatar do not.

    Raises:
        ConfigError, ImageReadError: the background is none, or its picture cannot be read.
        WeightsError: unknown or unusable weights.
    """
    values = {name: value for name, value in to_dict(config).items() if name not in UNSEEN}
    files = {
        "background": background_digest(config.background),
        "kit": kit_digest(config.kit),
        "weights": digest(config.weights),
    }
    values |= {"suffix": suffix, "version": __version__, **files}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _value(stamp: object, options: str, outputs: list[str]) -> int:
    """56 bits of what a photo's avatars depend on, and the number of the avatars."""
    return _digest(json.dumps([stamp, options, outputs])) & ~_MOST | len(outputs)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
