"""Folders: nothing done twice, nothing lost, one bad file stops nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from photo2moe.batch import AHEAD, REPORT, convert_folder, count_images, options_fingerprint, output_names
from photo2moe.config import PipelineConfig
from photo2moe.errors import InputError, NoFaceError
from photo2moe.files import replacing
from photo2moe.imageio import read_image, write_image
from photo2moe.types import Avatar, Colours, Face

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
    assert (outcome.converted, outcome.skipped, outcome.failures) == (5, 0, [])
    made = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png")}
    assert made == {"a.png.png", "a.jpg.png", "b.png.png", "sub/c.png.png", "sub/deeper/d.png.png"}


def test_photos_are_counted_without_opening_them(source):
    (source / "broken.jpg").write_bytes(b"no photo")
    assert count_images(source) == 6


def test_a_second_run_does_nothing(source, tmp_path):
    convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    painter = Painter()
    outcome = convert_folder(painter, CONFIG, source, tmp_path / "out")
    assert (outcome.converted, outcome.skipped, painter.calls) == (0, 5, 0)
    assert [row["status"] for row in rows(tmp_path / "out")].count("ok") == 5


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
    assert [name for name, _ in outcome.failures] == ["broken.jpg", "nobody.png"]
    failed = [row for row in rows(tmp_path / "out") if row["status"] == "failed"]
    assert [row["photo"] for row in failed] == ["broken.jpg", "nobody.png"]
    again = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert (again.converted, again.skipped, len(again.failures)) == (0, 5, 2)


def test_an_output_folder_inside_the_input_is_not_input(source):
    target = source / "avatars"
    convert_folder(Painter(), CONFIG, source, target)
    assert convert_folder(Painter(), CONFIG, source, target).done == 5


def cut(report, status):
    """Take the last line with a status out of a report, and all but the beginning of it with it."""
    lines = report.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if json.loads(line)["status"] == status)
    report.write_bytes(b"".join(lines[:last]) + lines[last][:30])
    return json.loads(lines[last])


def test_what_came_through_before_a_crash_is_not_done_again(source, tmp_path):
    target = tmp_path / "out"
    convert_folder(Painter(), CONFIG, source, target)
    cut(target / REPORT, "ok")
    painter = Painter()
    outcome = convert_folder(painter, CONFIG, source, target)
    assert (outcome.converted, outcome.skipped, painter.calls) == (0, 5, 0)
    assert json.loads((target / REPORT).read_bytes().splitlines()[-1])["status"] == "ok"
    assert convert_folder(Painter(), CONFIG, source, target).skipped == 5


def test_what_was_there_before_a_crash_is_done_again(source, tmp_path):
    """The line that comes before the avatars is written, they are not: older ones lie in their places."""
    target = tmp_path / "out"
    convert_folder(Painter(), CONFIG, source, target)
    row = cut(target / REPORT, "ok")
    write_image(target / row["outputs"][0], np.zeros((4, 4, 3), np.uint8))
    outcome = convert_folder(Painter(), CONFIG, source, target)
    assert (outcome.converted, outcome.skipped) == (1, 4)
    assert read_image(target / row["outputs"][0]).max() > 0


def test_a_report_cut_off_by_a_crash_is_mended(source, tmp_path):
    target = tmp_path / "out"
    convert_folder(Painter(), CONFIG, source, target)
    cut(target / REPORT, "writing")
    outcome = convert_folder(Painter(), CONFIG, source, target)
    assert (outcome.converted, outcome.skipped) == (1, 4)
    assert convert_folder(Painter(), CONFIG, source, target).skipped == 5


@pytest.mark.parametrize(
    "line",
    [
        '{"photo": [], "status": "ok", "outputs": []}',
        '{"photo": "a.png", "status": "ok", "outputs": [3]}',
        '{"photo": "a.png", "status": "ok", "outputs": 3}',
        '{"photo": "a.png", "status": "writing", "outputs": ["/etc/passwd"], "sha256": 5}',
        "[" * 100_000,
        "[]",
        "\0\ud800",
    ],
)
def test_lines_that_make_no_sense_are_left_alone(source, tmp_path, line):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / REPORT).write_bytes(line.encode("utf-8", "surrogatepass"))
    assert convert_folder(Painter(), CONFIG, source, tmp_path / "out").converted == 5
    assert convert_folder(Painter(), CONFIG, source, tmp_path / "out").skipped == 5


def test_leftovers_of_killed_writers_are_removed_and_no_others(source, tmp_path):
    target = tmp_path / "out"
    (target / "sub").mkdir(parents=True)
    left = target / "sub" / ".p2m-0123456789abcdef"
    left.write_bytes(b"half a pict")
    (target / ".p2m-notes").write_text("mine")
    with replacing(target / "other.png") as temporary:  # somebody else is writing
        convert_folder(Painter(), CONFIG, source, target)
        assert os.path.exists(temporary)
    assert not left.exists()
    assert (target / ".p2m-notes").read_text() == "mine"
    assert (target / "other.png").exists()


def test_the_folder_of_photos_is_not_for_avatars(source):
    for target in (source, source / "sub" / "..", source.parent):
        with pytest.raises(InputError, match="holds the photos; give the avatars a folder of their own"):
            convert_folder(Painter(), CONFIG, source, target)
    assert not (source / REPORT).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_ends_the_run_and_loses_nothing(source, tmp_path):
    """No room for the report: one sentence, whole avatars, and the next run goes on."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from photo2moe.batch import convert_folder\n"
        "from tests.test_batch import CONFIG, Painter\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"  # room for a few lines
        "try:\n    convert_folder(Painter(), CONFIG, Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except Exception as error:\n    sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    target = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", script, source, target], capture_output=True, text=True, check=False)
    [line] = done.stderr.splitlines()
    assert line.startswith(f"ImageWriteError: {target / REPORT}: ")
    assert line.endswith("run again to go on")
    there = {path: read_image(path) for path in target.rglob("*.png")}  # each can be read
    assert not list(target.rglob(".p2m-*"))
    painter = Painter()
    outcome = convert_folder(painter, CONFIG, source, target)
    assert outcome.converted + outcome.skipped == 5
    assert painter.calls <= 5 - len(there) + 1
    assert convert_folder(Painter(), CONFIG, source, target).skipped == 5


def test_two_runs_into_one_folder_at_once(source, tmp_path):
    for i in range(20):
        write_image(source / f"more{i}.png", np.full((8, 8, 3), 60 + i, np.uint8))
    target = tmp_path / "out"
    with ThreadPoolExecutor(2) as runs:
        both = [runs.submit(convert_folder, Painter(), CONFIG, source, target) for _ in range(2)]
        assert all(run.result().done == 25 and not run.result().failures for run in both)
    assert all(json.loads(line) for line in (target / REPORT).read_bytes().splitlines())
    assert sum(read_image(path).shape == (4, 4, 3) for path in target.rglob("*.png")) == 25
    assert not list(target.rglob(".p2m-*"))
    assert convert_folder(Painter(), CONFIG, source, target).skipped == 25


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
    assert output_names(Path("x/a.png"), 1) == [Path("x/a.png")]
    assert output_names(Path("x/a.png"), 2) == [Path("x/a-1.png"), Path("x/a-2.png")]
    assert options_fingerprint(CONFIG, ".png", "w") != options_fingerprint(CONFIG, ".jpg", "w")
