"""Inputs that a fuzzer found worth keeping, given again to what they were made for: see scripts/fuzz.py."""

from __future__ import annotations

import logging
import runpy
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize("target", ["image", "metadata", "checkpoint"])
def test_kept_inputs_get_a_result_or_one_line(target, fuzz, caplog):
    caplog.set_level(logging.CRITICAL)
    with zipfile.ZipFile(fuzz["ZIP"]) as archive:
        names = [name for name in archive.namelist() if name.startswith(f"{target}/")]
        assert len(names) >= 10
        for name in names:
            fuzz["check"](target, archive.read(name))


@pytest.mark.parametrize("target", ["image", "metadata", "checkpoint"])
def test_seeds_are_sound_before_they_are_damaged(target, fuzz):
    good = {"image": "a picture", "metadata": "a mark", "checkpoint": "a net"}[target]
    said = [fuzz["TARGETS"][target](data) for data in fuzz["seeds"](target)]
    assert said.count(good) >= {"image": 60, "metadata": 4, "checkpoint": 2}[target]


def test_sums_are_mended(fuzz):
    [png] = [data for data in fuzz["seeds"]("image") if data.startswith(b"\x89PNG")][:1]
    damaged = bytearray(png)
    damaged[20] ^= 1  # the width, which the sum of its chunk covers
    assert fuzz["mend"]("image", png) == png
    assert fuzz["mend"]("image", bytes(damaged)) != bytes(damaged)
