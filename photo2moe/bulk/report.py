"""What became of every photo: one line each, only ever appended to.

The report is also the memory by which a second run knows what is done: a photo is
skipped if its last line says so, its size and time have not changed, the options are
the same, and its avatars exist. Sixteen bytes are held for each photo of the past.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from photo2moe import __version__
from photo2moe.bulk.jobs import Job, Shard
from photo2moe.bulk.places import Place
from photo2moe.bulk.work import base_name, output_names
from photo2moe.config import PipelineConfig, to_dict
from photo2moe.errors import InputError

STEM = "report"
FRESH = 1 << 16  # photos; 10 MB of dictionary
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

    Args:
        target: the output folder; made if missing.
        options: a fingerprint of everything that the result depends on.
        suffix: of the avatars.
        shard: which part of the photos this run does; parts have reports of their own.

    Raises:
        InputError: the folder cannot be used.
    """

    def __init__(self, target: Place, options: str, suffix: str, shard: Shard | None = None) -> None:
        self._target, self._options, self._suffix = target, options, suffix
        self._memory = Memory()
        part = str(shard or "")
        for line in target.lines(STEM):
            try:
                row = json.loads(line)
                self._remember(row["photo"], row)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # cut off by a crash
        stem = f"{STEM}-{part}" if part else STEM
        self.name = f"{stem}.jsonl"
        self._lines = target.append(stem)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def is_done(self, job: Job) -> bool:
        """Whether the photo's avatars exist and were made from it, with these options."""
        value = self._memory.get(_digest(job.name))
        if not value & _MOST or job.error:
            return False
        outputs = output_names(base_name(job, self._suffix), value & _MOST)
        same = value == _value(job.stamp, self._options, outputs)
        return same and all(self._target.holds(output) for output in outputs)

    def add(self, job: Job, facts: dict[str, Any]) -> None:
        """Append a line: the job, and ``status`` with what belongs to it.

        Raises:
            InputError: it cannot be written; going on would do work that is forgotten.
        """
        row = {"photo": job.name, "stamp": job.stamp, "options": self._options, **facts}
        self._remember(job.name, row)
        try:
            self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._lines.flush()
        except OSError as error:
            raise InputError(f"{self._target}/{self.name} cannot be written: {error.strerror}") from error

    def _remember(self, name: str, row: dict[str, Any]) -> None:
        good = row["status"] == "ok" and len(row["outputs"]) <= _MOST
        self._memory[_digest(name)] = _value(row["stamp"], row["options"], row["outputs"]) if good else 0


def options_fingerprint(config: PipelineConfig, suffix: str, weights: str) -> str:
    """A short digest of all that an avatar depends on besides its photo."""
    values = to_dict(config) | {"suffix": suffix, "version": __version__, "weights": weights}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _value(stamp: object, options: str, outputs: list[str]) -> int:
    """56 bits of what a photo's avatars depend on, and the number of the avatars."""
    return _digest(json.dumps([stamp, options, outputs])) & ~_MOST | len(outputs)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest(), "big")
