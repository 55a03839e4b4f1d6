"""Folders: nothing done twice, nothing lost, one bad file stops nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photo2moe.avatar import Avatar
from photo2moe.batch import convert_all, convert_folder
from photo2moe.bulk.brake import Brake
from photo2moe.bulk.jobs import Shard, count, from_folder, from_list, parse_shard
from photo2moe.bulk.places import Local
from photo2moe.bulk.report import Memory, Report, options_fingerprint
from photo2moe.bulk.work import AHEAD, Order, output_names, stream
from photo2moe.character.schema import Character
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError, ImageReadError, InputError, NoFaceError
from photo2moe.files import replacing
from photo2moe.imageio import list_images, read_image, write_image
from photo2moe.types import Face

REPORT = "report.jsonl"
WHOLE = Shard()
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
        return [Avatar(photo[:4, :4], np.zeros((4, 4, 4), np.uint8), face, Character(), {})]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    (folder / "sub" / "deeper").mkdir(parents=True)
    for i, name in enumerate(["a.png", "b.png", "sub/c.png", "sub/deeper/d.png", "a.jpg"]):
        write_image(folder / name, np.full((8, 8, 3), 40 + i, np.uint8))
    return folder


def rows(target, report=REPORT):
    return [json.loads(line) for line in (target / report).read_text().splitlines()]


def test_the_tree_is_kept(source, tmp_path):
    outcome = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert (outcome.converted, outcome.skipped, outcome.failures) == (5, 0, {})
    made = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png")}
    assert made == {"a.png.png", "a.jpg.png", "b.png.png", "sub/c.png.png", "sub/deeper/d.png.png"}


def test_photos_are_counted_without_opening_them(source):
    (source / "broken.jpg").write_bytes(b"no photo")
    assert count(from_folder(Local(source), WHOLE), lambda: False) == 6
    assert count(from_folder(Local(source), WHOLE), lambda: True) is None


def test_a_second_run_does_nothing(source, tmp_path):
    convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    painter = Painter()
    outcome = convert_folder(painter, CONFIG, source, tmp_path / "out")
    assert (outcome.converted, outcome.skipped, painter.calls) == (0, 5, 0)
    assert [row["status"] for row in rows(tmp_path / "out")].count("ok") == 5


@pytest.mark.parametrize("change", ["photo", "output", "options", "weights", "background", "kit"])
def test_what_has_changed_is_done_again(source, tmp_path, change):
    target, expected = tmp_path / "out", 1
    for name in ("weights.safetensors", "behind.png", "kit/glasses/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"old")
    files = {"weights": str(tmp_path / "weights.safetensors"), "background": str(tmp_path / "behind.png")}
    config = dataclasses.replace(CONFIG, **files, kit=str(tmp_path / "kit"))
    convert_folder(Painter(), config, source, target)
    if change == "photo":
        write_image(source / "b.png", np.full((9, 9, 3), 99, np.uint8))
    elif change == "output":
        (target / "b.png.png").unlink()
    elif change == "options":
        config, expected = dataclasses.replace(config, size=65), 5
    else:
        names = {"weights": "weights.safetensors", "background": "behind.png", "kit": "kit/glasses/x.json"}
        (tmp_path / names[change]).write_bytes(b"new")
        expected = 5
    assert convert_folder(Painter(), config, source, target).converted == expected


def test_what_changes_no_avatar_does_nothing_again(source, tmp_path):
    (tmp_path / "a.png").write_bytes(b"one")
    config = dataclasses.replace(CONFIG, background=str(tmp_path / "a.png"))
    convert_folder(Painter(), config, source, tmp_path / "out")
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    config = dataclasses.replace(config, background=str(tmp_path / "b.png"), max_pixels=10**9)
    assert convert_folder(Painter(), config, source, tmp_path / "out").skipped == 5
    with pytest.raises(ImageReadError, match=r"a\.png: cannot be read: no such file"):
        convert_folder(
            Painter(), dataclasses.replace(config, background=str(tmp_path / "a.png")), source, tmp_path / "out"
        )


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


def test_what_is_no_photo_is_counted_and_named(source, tmp_path):
    (source / "notes.txt").write_text("hello")
    (source / "sub" / "clip.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(99))
    (source / "sub" / "photo").write_bytes((source / "a.jpg").read_bytes())
    (source / "sub" / "b.JPE").write_bytes((source / "a.jpg").read_bytes())
    (source / "out").mkdir()
    (source / "out" / "old.txt").touch()
    outcome = convert_folder(Painter(), CONFIG, source, source / "out")
    assert (outcome.converted, outcome.failed, outcome.passed) == (7, 0, 2)
    assert sorted(outcome.others) == ["notes.txt", "sub/clip.mov"]


def test_a_name_that_leaves_no_room_for_a_suffix_fails_before_it_is_read(source, tmp_path, monkeypatch):
    name = "x" * 250 + ".png"
    (source / "a.png").rename(source / name)
    read = Local.read
    names = []
    monkeypatch.setattr(Local, "read", lambda place, name, *more: [names.append(name), read(place, name, *more)][1])
    outcome = convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    assert (outcome.converted, list(outcome.failures)) == (4, [name])
    assert "file name too long; choose a shorter one" in outcome.failures[name]
    assert name not in names


def test_notes_on_a_photo_are_in_the_report(source, tmp_path):
    (source / "a.jpg").write_bytes((source / "a.jpg").read_bytes()[:-2])
    convert_folder(Painter(), CONFIG, source, tmp_path / "out")
    notes = {row["photo"]: row.get("notes") for row in rows(tmp_path / "out") if row["status"] == "ok"}
    assert notes.pop("a.jpg") == ["The file is not whole: the end mark is missing."]
    assert set(notes.values()) == {None}


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
        "limits = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, limits[1]))\n"  # room for a few lines
        "try:\n    convert_folder(Painter(), CONFIG, Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except Exception as error:\n    sys.exit(f'{type(error).__name__}: {error}')\n"
        "finally:\n    resource.setrlimit(resource.RLIMIT_FSIZE, limits)\n"  # for what measures coverage
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


@pytest.mark.parametrize("frame", ["avatar", "full"])
def test_every_face_has_a_file_of_its_own(source, tmp_path, frame):
    class Twice(Painter):
        def __call__(self, photo):
            return [*super().__call__(photo), *super().__call__(photo)]

    config = dataclasses.replace(CONFIG, face="all", frame=frame)
    assert convert_folder(Twice(), config, source, tmp_path / "out").converted == 5
    assert (tmp_path / "out" / "a.png-1.png").is_file() and (tmp_path / "out" / "a.png-2.png").is_file()


def test_names_and_fingerprints():
    assert output_names("x/a.png", 1) == ["x/a.png"]
    assert output_names("x/a.png", 2) == ["x/a-1.png", "x/a-2.png"]
    assert options_fingerprint(CONFIG, ".png") != options_fingerprint(CONFIG, ".jpg")


def jobs_of(lines, source, shard=WHOLE):
    return list(from_list(Local(source), lines, shard))


def test_a_list_names_photos_by_path_or_json(source, tmp_path):
    elsewhere = tmp_path / "elsewhere.png"
    shutil.copy(source / "a.png", elsewhere)
    said = {"photo": "b.png", "output": "x/me.webp", "id": 7}
    lines = ["a.png\n", "\n", f"{source}/sub/c.png\r\n", json.dumps(said), str(elsewhere)]
    jobs = jobs_of(lines, source)
    assert [(job.name, job.output) for job in jobs] == [
        ("a.png", ""),
        ("sub/c.png", ""),
        ("b.png", "x/me.webp"),
        (elsewhere.as_posix(), ""),
    ]
    assert jobs[2].given == said
    assert all(job.stamp == Local(source).stamp(job.name) != [] for job in jobs)
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    with Report(order.target, "options", ".png") as report:
        outcome = convert_all(partial(stream, Painter(), order), iter(jobs), report)
        assert (outcome.converted, outcome.failed) == (4, 0)
        assert all(report.is_done(job) for job in jobs)
    outside = f"{elsewhere.as_posix()[1:]}.png"
    for name in ("a.png.png", "sub/c.png.png", outside):
        assert (tmp_path / "out" / name).is_file()
    assert (tmp_path / "out" / "x" / "me.webp").read_bytes()[8:12] == b"WEBP"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{photo", "not JSON"),
        ('{"path": "a.png"}', 'has no path under "photo"'),
        ('{"photo": 3}', 'has no path under "photo"'),
        ('{"photo": "\\ud800.jpg"}', "a name in it is no text"),
        ('{"photo": "a.png", "output": "../../etc/passwd"}', '"output" must be a name inside the output folder'),
        ('{"photo": "a.png", "output": "/etc/passwd"}', '"output" must be a name inside the output folder'),
        ('{"photo": "a.png", "output": 3}', '"output" must be a name inside the output folder'),
        ("s3://bucket/a.png", "give the address of its folder as FOLDER"),
    ],
)
def test_a_bad_line_fails_alone_and_says_which_it_is(source, tmp_path, line, why):
    jobs = jobs_of(["a.png", line, "b.png"], source)
    assert jobs[1].error.startswith("line 2 of the list: ")
    assert why in jobs[1].error
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    with Report(order.target, "options", ".png") as report:
        outcome = convert_all(partial(stream, Painter(), order), iter(jobs), report)
    assert (outcome.converted, list(outcome.failures)) == (2, ["line 2"])


def test_a_photo_of_a_list_that_is_not_there_fails_as_convert_would(source, tmp_path):
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    with Report(order.target, "options", ".png") as report:
        outcome = convert_all(partial(stream, Painter(), order), iter(jobs_of(["gone.jpg"], source)), report)
    assert outcome.failures == {"gone.jpg": f"{source}/gone.jpg: no such file"}


def test_shards_share_out_all_photos_and_know_what_each_other_did(source, tmp_path):
    for i in range(40):
        shutil.copy(source / "a.png", source / f"more{i}.png")
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    names = []
    for number in (1, 2, 3):
        shard = parse_shard(f"{number}/3")
        with Report(order.target, "options", ".png", shard) as report:
            convert_all(partial(stream, Painter(), order), from_folder(order.source, shard), report)
        names.append([row["photo"] for row in rows(tmp_path / "out", report.name)])
    assert all(len(part) > 5 for part in names)
    every = [job.name for job in from_folder(order.source, WHOLE)]
    assert sorted(name for part in names for name in part) == sorted(every)
    with Report(order.target, "options", ".png") as report:
        assert all(report.is_done(job) for job in from_folder(order.source, WHOLE))


def test_a_list_that_names_a_photo_as_its_own_avatar_does_not_lose_it(source):
    before = (source / "a.png").read_bytes()
    order = Order(CONFIG, Local(source), Local(source), ".png")
    with Report(order.target, "options", ".png") as report:
        jobs = jobs_of(
            ['{"photo": "a.png", "output": "sub/../a.png"}', '{"photo": "a.png", "output": "a.png"}'], source
        )
        outcome = convert_all(partial(stream, Painter(), order), iter(jobs), report)
    assert outcome.failures["a.png"] == f"{source}/a.png would replace {source}/a.png; name another file"
    assert (source / "a.png").read_bytes() == before


def test_a_brake_ends_work_only_where_it_may_be_ended():
    brake, done = Brake(), []
    with brake.by(signal.SIGINT), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        done.append("outside")
        with brake:
            done.append("inside")
    assert done == ["outside"]
    brake = Brake()
    with brake.by(signal.SIGINT), pytest.raises(KeyboardInterrupt), brake:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_is_one_of_its_number(text):
    with pytest.raises(ConfigError, match="--shard must be I/N, from 1/N to N/N"):
        parse_shard(text)


def test_a_large_folder_is_listed_piece_by_piece(tmp_path):
    for i in range(100):
        (tmp_path / f"{i:03}.jpg").touch()
    names = [path.name for path in list_images(tmp_path, at_once=7)]
    assert sorted(names) == [f"{i:03}.jpg" for i in range(100)]
    for start in range(0, 100, 7):
        assert names[start : start + 7] == sorted(names[start : start + 7])


def test_a_photo_on_which_a_library_stumbles_stops_nothing(source, tmp_path):
    def stumble(photo):
        if photo[0, 0, 0] == 41:
            raise ZeroDivisionError("of a library\nwith two lines")
        return Painter()(photo)

    outcome = convert_folder(stumble, CONFIG, source, tmp_path / "out")
    assert outcome.converted == 4
    assert list(outcome.failures.values()) == ["unexpected ZeroDivisionError: of a library"]


def test_a_report_that_cannot_be_written_ends_the_run_and_is_no_failure_of_a_photo(source, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    with pytest.raises(OSError, match="No space left"):
        stream(Painter(), order, from_folder(order.source, WHOLE), full)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 2**64 - 1))))
def test_the_memory_is_a_map(pairs):
    memory, expected = Memory(fresh=3), {}
    for key, value in pairs:
        key = key * 0x0842108421084210 + key  # over all 64 bits
        memory[key] = expected[key] = value
        assert all(memory.get(k) == v for k, v in expected.items())
    assert memory.get(2**63 + 12345) == 0


def test_a_photo_is_remembered_in_sixteen_bytes():
    memory = Memory()
    for key in range(200_000):
        memory[key << 40] = key + 1
    assert memory.get(199_999 << 40) == 200_000
    assert memory.nbytes / 200_000 < 17
