"""Folders: nothing done twice, nothing lost, one bad file stops nothing."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest

from photo2moe.batch import convert_folder
from photo2moe.bulk.jobs import Shard, count, from_folder
from photo2moe.bulk.places import Local
from photo2moe.bulk.report import options_fingerprint
from photo2moe.bulk.work import AHEAD, output_names
from photo2moe.config import PipelineConfig
from photo2moe.errors import InputError, NoFaceError
from photo2moe.imageio import write_image
from photo2moe.types import Avatar, Colours, Face

REPORT = "report.jsonl"
CONFIG = PipelineConfig(size=64)


class Painter:
    """Stands in for the pipeline: an avatar is the photo's corner. Counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, photo):
        self.calls += 1
        if photo[0, 0, 0] == 13:
            raise NoFaceError("no face found")
        face = Face((0, 0, 1, 1), np.zeros((478, 2)), 1.0)
        grey = (0, 0, 0)
        return [Avatar(photo[:4, :4], np.zeros((4, 4, 4), np.uint8), face, Colours(grey, grey, grey), {})]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    (folder / "sub" / "deeper").mkdir(parents=True)
    for i, name in enumerate(["a.png", "b.png", "sub/c.png", "sub/deeper/d.png", "a.jpg"]):
        write_image(folder / name, np.full((8, 8, 3), 40 + i, np.uint8))
    return folder


def rows(target):
    return [json.loads(line) for line in (target / REPORT).read_text().splitlines()]


def test_the_tree_is_kept(source, tmp_path):
    outcome = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert (outcome.converted, outcome.skipped, outcome.failures) == (5, 0, {})
    made = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png")}
    assert made == {"a.png.png", "a.jpg.png", "b.png.png", "sub/c.png.png", "sub/deeper/d.png.png"}


def test_photos_are_counted_without_opening_them(source):
    (source / "broken.jpg").write_bytes(b"no photo")
    assert count(from_folder(Local(source), Shard()), lambda: False) == 6
    assert count(from_folder(Local(source), Shard()), lambda: True) is None


def test_a_second_run_does_nothing(source, tmp_path):
    convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    painter = Painter()
    outcome = convert_folder(painter, CONFIG, source, tmp_path / "out")
    assert (outcome.converted, outcome.skipped, painter.calls) == (0, 5, 0)
    assert len(rows(tmp_path / "out")) == 5


@pytest.mark.parametrize("change", ["photo", "output", "options", "weights"])
def test_what_has_changed_is_done_again(source, tmp_path, change):
    target, config, fingerprint, expected = tmp_path / "out", CONFIG, "old", 1
    convert_folder(Painter(), config, source, target, fingerprint=fingerprint)
    if change == "photo":
        write_image(source / "b.png", np.full((9, 9, 3), 99, np.uint8))
    elif change == "output":
        (target / "b.png.png").unlink()
    elif change == "options":
        config, expected = PipelineConfig(size=65), 5
    else:
        fingerprint, expected = "new", 5
    assert convert_folder(Painter(), config, source, target, fingerprint=fingerprint).converted == expected


def test_bad_files_are_reported_and_the_rest_goes_on(source, tmp_path):
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff not a photo")
    write_image(source / "nobody.png", np.full((8, 8, 3), 13, np.uint8))
    outcome = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert outcome.converted == 5
    assert list(outcome.failures) == ["broken.jpg", "nobody.png"]
    failed = [row for row in rows(tmp_path / "out") if row["status"] == "failed"]
    assert [row["photo"] for row in failed] == ["broken.jpg", "nobody.png"]
    again = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert (again.converted, again.skipped, again.failed) == (0, 5, 2)


def test_an_output_folder_inside_the_input_is_not_input(source):
    target = source / "avatars"
    convert_folder(Painter(), CONFIG, source, target)
    assert convert_folder(Painter(), CONFIG, source, target).done == 5


def test_a_report_cut_off_by_a_crash_is_mended(source, tmp_path):
    target = tmp_path / "out"
    convert_folder(Painter(), CONFIG, source, target)
    report = target / REPORT
    report.write_bytes(report.read_bytes()[:-30])
    outcome = convert_folder(Painter(), CONFIG, source, target)
    assert (outcome.converted, outcome.skipped) == (1, 4)
    assert convert_folder(Painter(), CONFIG, source, target).skipped == 5


def test_an_interrupt_keeps_what_was_drawn(source, tmp_path):
    painter = Painter()

    def interrupted(photo):
        if painter.calls == 3:
            raise KeyboardInterrupt
        return painter(photo)

    with pytest.raises(KeyboardInterrupt):
        convert_folder(interrupted, CONFIG, source, tmp_path / "out")
    assert sum(row["status"] == "ok" for row in rows(tmp_path / "out")) == 3
    assert convert_folder(Painter(), CONFIG, source, tmp_path / "out").skipped == 3


def test_strange_names_survive(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    names = [b"new\nline.png", "right\u202eleft.png".encode(), b"latin-\xe9.png", b"x" * 240 + b".png"]
    for name in names:
        write_image(tmp_path / "tmp.png", np.full((8, 8, 3), 50, np.uint8))
        shutil.copy(os.fsencode(tmp_path / "tmp.png"), os.fsencode(source) + b"/" + name)
    assert convert_folder(Painter(), CONFIG, source, tmp_path / "out").converted == len(names)
    assert convert_folder(Painter(), CONFIG, source, tmp_path / "out").skipped == len(names)


def test_memory_is_bounded_by_reading_little_ahead(source, tmp_path):
    for i in range(20):
        write_image(source / f"more{i}.png", np.full((8, 8, 3), 60, np.uint8))
    opened = []

    def slow(photo):
        opened.append(len(list((tmp_path / "out").rglob("*.png"))))
        return Painter()(photo)

    convert_folder(slow, CONFIG, source, tmp_path / "out")
    assert all(done >= i - 2 * AHEAD for i, done in enumerate(opened))


def test_a_file_for_a_folder(tmp_path):
    with pytest.raises(InputError, match="is not a folder; use 'photo2moe convert' for a single photo"):
        convert_folder(Painter(), CONFIG, tmp_path / "gone", tmp_path / "out")
    (tmp_path / "file").touch()
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match="cannot be used as output folder"):
        convert_folder(Painter(), CONFIG, tmp_path / "in", tmp_path / "file")


def test_names_and_fingerprints():
    assert output_names("x/a.png", 1) == ["x/a.png"]
    assert output_names("x/a.png", 2) == ["x/a-1.png", "x/a-2.png"]
    assert options_fingerprint(CONFIG, ".png", "w") != options_fingerprint(CONFIG, ".jpg", "w")
