"""The command line: exit code, exact line on stderr, files made; once for each documented failure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from photo2moe.cli.main import main
from photo2moe.imageio import read_image

DATA = Path(__file__).parent / "data"
TINY = str(DATA / "tiny.safetensors")
QUICK = ["--weights", "clean", "--size", "128"]


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)


def error(result):
    """The last line on stderr, without the word that click puts before it."""
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ")


def test_convert_writes_an_avatar(tmp_path):
    result = run("convert", DATA / "man.jpg", "-o", tmp_path / "out.png", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith(f"{DATA / 'man.jpg'} → {tmp_path / 'out.png'}   128×128 · ")
    assert read_image(tmp_path / "out.png").shape == (128, 128, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


def test_the_default_name_is_beside_the_photo(tmp_path):
    photo = tmp_path / "me.jpg"
    photo.write_bytes((DATA / "man.jpg").read_bytes())
    assert run("convert", photo, *QUICK).exit_code == 0
    assert (tmp_path / "me.moe.png").is_file()


def test_json_says_what_was_done(tmp_path):
    result = run("convert", DATA / "man.jpg", "-o", tmp_path / "out.webp", "--json", *QUICK)
    facts = json.loads(result.stdout)
    [output] = facts["outputs"]
    assert output["path"] == str(tmp_path / "out.webp")
    assert output["size"] == [128, 128]
    assert set(output["colours"]) == {"skin", "hair", "eyes"}
    assert sum(output["seconds"].values()) <= facts["seconds"]


def test_pipes():
    result = run("convert", "-", *QUICK, stdin=(DATA / "man.jpg").read_bytes())
    assert result.exit_code == 0, result.stderr
    assert result.stdout_bytes.startswith(b"\x89PNG")


def test_every_face_in_a_file_of_its_own(tmp_path):
    result = run("convert", DATA / "group.jpg", "-o", tmp_path / "g.jpg", "--face", "all", *QUICK)
    assert result.exit_code == 0, result.stderr
    names = sorted(p.name for p in tmp_path.iterdir())
    assert len(names) >= 6
    assert names[0] == "g-1.jpg"


def test_transparent_pictures_are_marked_as_made_by_ai(tmp_path):
    result = run("convert", DATA / "man.jpg", "-o", tmp_path / "t.png", "--background", "transparent", *QUICK)
    assert result.exit_code == 0, result.stderr
    import PIL.Image

    alpha = np.asarray(PIL.Image.open(tmp_path / "t.png"))[..., 3]
    assert alpha.min() == 0
    assert alpha.max() == 255
    seen = json.loads(run("inspect", tmp_path / "t.png").stdout)
    assert seen["ai_made"] is True
    assert seen["creator_tool"].startswith("photo2moe ")
    assert json.loads(run("inspect", DATA / "man.jpg").stdout)["ai_made"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["{data}/landscape.jpg"], 1, "{data}/landscape.jpg: no face found; try a photo in which the face is larger"),
        (["{data}/group.jpg", "--face", "99"], 1, "face 99 was asked for, but only"),
        (["{tmp}/gone.jpg"], 1, "{tmp}/gone.jpg: no such file"),
        (["{tmp}"], 1, "{tmp} is a folder; use 'photo2moe batch {tmp} -o FOLDER'"),
        (["{tmp}/text.jpg"], 1, "{tmp}/text.jpg: "),
        (["{tmp}/empty.jpg"], 1, "{tmp}/empty.jpg: "),
        (["{data}/man.jpg", "-o", "{tmp}/no/such/out.png"], 1, "{tmp}/no/such/out.png: "),
        (["{data}/man.jpg", "-o", "{tmp}/out.gif"], 2, "{tmp}/out.gif: "),
        (["{data}/man.jpg", "-o", "{tmp}/out.jpg", "--background", "transparent"], 2, "JPEG cannot hold transparency"),
        (["{data}/man.jpg", "--max-pixels", "100"], 1, "--max-pixels"),
        (["{data}/man.jpg", "--weights", "nope"], 1, "unknown weights 'nope'; known names are moe"),
        (["{data}/man.jpg", "--weights", "{data}/man.jpg"], 1, "{data}/man.jpg is not a safetensors file"),
        (["{data}/man.jpg", "--background", "mauve"], 2, "mauve"),
        (["{data}/man.jpg", "--hair-colour", "sky"], 2, "--hair-colour must be keep, #rrggbb, or one of black"),
        (["{data}/man.jpg", "--set", "hair.colour=sky"], 2, "--set hair.colour=sky: hair.colour must be a colour"),
        (["{data}/man.jpg", "--face", "left"], 2, "face must be largest, all, or a number from 1, not left"),
        (
            ["{data}/man.jpg", "--frame", "photo", "--background", "white"],
            2,
            "frame photo keeps the photo's background",
        ),
        (["{data}/man.jpg", "--strength", "2"], 2, "Invalid value for '--strength': 2.0 is not in the range 0<=x<=1."),
        (["{data}/man.jpg", "--size", "5"], 2, "Invalid value for '--size': 5 is not in the range 64<=x<=4096."),
        (["{data}/man.jpg", "-o", "-", "--json"], 2, "--json and the picture cannot both go to stdout; give -o FILE"),
        (["{data}/man.jpg", "--style-transfer"], 2, "No such option"),
        ([], 2, "Missing argument 'PHOTO'."),
    ],
)
def test_failures_are_one_clear_line(tmp_path, arguments, code, line):
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.jpg").touch()
    before = {p.name for p in tmp_path.iterdir()}
    places = {"data": DATA, "tmp": tmp_path}
    given = [a.format(**places) for a in arguments]
    quick = [] if "--weights" in given else QUICK[:2]
    quick = quick + ([] if "--size" in given else QUICK[2:4]) + QUICK[4:]
    if given and "-o" not in given:
        quick += ["-o", str(tmp_path / "out.png")]
    result = run("convert", *given, *quick)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert line.format(**places) in error(result)
    assert {p.name for p in tmp_path.iterdir()} == before


def test_batch_converts_reports_and_exits_with_1_after_failures(tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("man.jpg", "landscape.jpg"):
        (source / name).write_bytes((DATA / name).read_bytes())
    result = run("batch", source, "-o", target, *QUICK)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "landscape.jpg" in result.stderr
    assert "1 converted, 0 skipped, 1 failed" in result.stderr.splitlines()[-1]
    (source / "landscape.jpg").unlink()
    again = run("batch", source, "-o", target, *QUICK)
    assert again.exit_code == 0
    assert "0 converted, 1 skipped, 0 failed" in again.stderr
    single = run("convert", source / "man.jpg", "-o", tmp_path / "one.png", *QUICK)
    assert single.exit_code == 0
    assert (tmp_path / "one.png").read_bytes() == (target / "man.jpg.png").read_bytes()


def test_batch_names_what_it_passes_over(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "man.JPE").write_bytes((DATA / "man.jpg").read_bytes()[:-2])
    for number in range(22):
        (source / f"{number:02}.txt").touch()
    result = run("batch", source, "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    [named] = [line for line in result.stderr.splitlines() if line.startswith("passed over")]
    assert named.startswith("passed over, since they are no photos: 00.txt, 01.txt, ")
    assert named.endswith(", 19.txt and 2 more")
    assert "1 converted, 0 skipped, 0 failed, 22 passed over" in result.stderr.splitlines()[-1]


def test_a_note_on_the_file_is_said_and_in_json(tmp_path):
    photo = tmp_path / "man.jpg"
    photo.write_bytes((DATA / "man.jpg").read_bytes()[:-2])
    result = run("convert", photo, "-o", tmp_path / "a.png", "--json", *QUICK)
    assert result.exit_code == 0
    assert f"{photo}: The file is not whole: the end mark is missing." in result.stderr.splitlines()
    assert json.loads(result.stdout)["notes"] == ["The file is not whole: the end mark is missing."]


@pytest.mark.parametrize("face", ["largest", "all"])
def test_an_output_that_cannot_be_written_is_found_out_before_any_work(tmp_path, monkeypatch, face):
    monkeypatch.setattr("photo2moe.decoder.Decoder.__call__", lambda *_, **__: pytest.fail("the photo was read"))
    result = run("convert", DATA / "man.jpg", "-o", tmp_path / ("x" * 252 + ".png"), "--face", face, *QUICK)
    assert result.exit_code == 1 and "file name too long; choose a shorter one" in error(result)
    result = run("convert", DATA / "man.jpg", "-o", tmp_path / "no" / "a.png", "--face", face, *QUICK)
    assert result.exit_code == 1 and "there is no folder" in error(result)
    assert not list(tmp_path.iterdir())


def test_batch_of_a_file_is_wrong_usage(tmp_path):
    result = run("batch", DATA / "man.jpg", "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 2
    assert "is not a folder; use 'photo2moe convert' for a photo" in error(result)


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ([], 2, "Missing argument 'FOLDER'; name a folder, or give --input-list FILE."),
        (["{tmp}", "--watch", "--input-list", "x"], 2, "--watch needs a FOLDER on this machine, and no --input-list"),
        (["memory://x", "--watch"], 2, "--watch needs a FOLDER on this machine, and no --input-list"),
        (["{tmp}", "--shard", "3/2"], 2, "--shard must be I/N, from 1/N to N/N, not '3/2'"),
        (["{tmp}", "--workers", "0"], 2, "0 is not in the range 1<=x<=4096"),
        (["--input-list", "{tmp}/gone.txt"], 1, "--input-list {tmp}/gone.txt: cannot be read: no such file"),
        (["--input-list", "{tmp}"], 1, "--input-list {tmp}: cannot be read: is a directory"),
    ],
)
def test_wrong_use_of_batch_is_one_clear_line(tmp_path, arguments, code, line):
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    result = run("batch", *arguments, "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == code
    assert line.format(tmp=tmp_path) in error(result)


WISHES = [
    (["--background", "purpel"], "background must be photo, blur, white, transparent, #rgb, #rrggbb or the path"),
    (["--hair-colour", "purpel"], "--hair-colour must be keep, #rrggbb, or one of black, brown"),
    (["--skin", "#12"], "--skin must be keep, #rrggbb, or one of black, brown"),
    (["--eye-colour", ""], "--eye-colour must be keep, #rrggbb, or one of black, brown"),
]
SETTINGS = [
    (["--set", "hair.colour=purpel"], "--set hair.colour=purpel: hair.colour must be a colour such as"),
    (["--set", "hair.color=red"], "--set hair.color=red: "),
    (["--set", "glasses.kind=monocle"], "--set glasses.kind=monocle: the kit has no glasses 'monocle'; it has aviator"),
    (["--set", "silver"], "--set silver: a change is written FIELD=VALUE"),
]


@pytest.mark.parametrize(
    ("command", "arguments", "line"),
    [
        *((command, *wish) for command in ("convert", "batch", "video", "camera") for wish in WISHES),
        *((command, *wish) for command in ("convert", "batch", "describe", "draw") for wish in SETTINGS),
        ("draw", *WISHES[0]),
    ],
)
def test_what_cannot_be_had_is_wrong_usage_before_anything_is_loaded(monkeypatch, tmp_path, command, arguments, line):
    monkeypatch.setattr("photo2moe.stages.detect.FaceDetector.__init__", lambda *_: pytest.fail("too late"))
    (tmp_path / "in").mkdir()
    shutil.copy(DATA / "man.jpg", tmp_path / "in" / "man.jpg")
    (tmp_path / "me.json").write_text("{}")
    photo, out = tmp_path / "in" / "man.jpg", ["-o", str(tmp_path / "out.png")]
    given = {
        "convert": [photo, *out],
        "describe": [photo, *out],
        "batch": [photo.parent, "-o", tmp_path / "out"],
        "video": [photo, "-o", tmp_path / "out.mp4"],
        "camera": ["--no-window"],
        "draw": [tmp_path / "me.json", *out],
    }
    result = run(command, *given[command], *arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert line in error(result)
    assert len(result.stderr.strip().splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "me.json"]


@pytest.mark.parametrize("option", ["--seed", "--upscale"])
@pytest.mark.parametrize("command", ["convert", "batch", "video", "camera"])
def test_there_are_no_options_that_change_nothing(command, option):
    assert f"No such option '{option}'" in run(command, option, "1").stderr


def test_weights_lists_the_catalogue():
    result = run("weights", "--json")
    rows = json.loads(result.stdout)
    assert [row["name"] for row in rows] == [
        "moe",
        "moe (ONNX)",
        "parser",
        "looks",
        "upscaler",
    ]
    assert all(row["intact"] and len(row["sha256"]) == 64 for row in rows)
    assert "moe" in run("weights").stdout


def test_prepare_train_and_resume(tmp_path):
    photos, anime = tmp_path / "photos", tmp_path / "anime"
    photos.mkdir()
    anime.mkdir()
    for name in ("man.jpg", "woman.jpg", "landscape.jpg"):
        (photos / name).write_bytes((DATA / name).read_bytes())
    figure = read_image(DATA / "man.jpg")  # stands in for a drawing: the landmarks say where its eyes are
    from photo2moe.imageio import write_image
    from photo2moe.stages.detect import FaceDetector

    write_image(anime / "a.png", figure)
    with FaceDetector() as detector:
        (rx, ry), (lx, ly) = detector(figure)[0].eyes
    (anime / "eyes.csv").write_text(f"file,lex,ley,rex,rey\na.png,{lx},{ly},{rx},{ry}\n")
    made = run(
        "prepare",
        "--photos",
        photos,
        "--anime",
        anime,
        "--landmarks",
        anime / "eyes.csv",
        "--size",
        64,
        "-o",
        tmp_path / "set",
    )
    assert made.exit_code == 0, made.stderr
    assert "photo: 2 kept; dropped: 1 no face" in made.stderr
    assert "moe: 1 kept" in made.stderr
    settings = {
        "generator": {"size": 64, "scale": 2, "width": 4, "blocks": 1},
        "discriminator": {"width": 4},
        "shift": 2,
    }
    (tmp_path / "small.json").write_text(json.dumps(settings))
    common = ["--config", tmp_path / "small.json", "--batch", 2, "--no-compile"]
    dry = run("train", tmp_path / "set", "-o", tmp_path / "run", "--images", 4, *common, "--dry-run")
    assert json.loads(dry.stdout)["generator"]["width"] == 4
    assert not (tmp_path / "run").exists()
    done = run("train", tmp_path / "set", "-o", tmp_path / "run", "--images", 4, *common)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"4 images seen; {tmp_path / 'run'}"
    refused = run("train", tmp_path / "set", "-o", tmp_path / "run", "--images", 4, *common)
    assert refused.exit_code == 1
    assert "is not empty; name a new folder, or go on with it by --resume" in error(refused)
    more = run("train", tmp_path / "set", "-o", tmp_path / "run", "--resume", "--images", 8)
    assert more.exit_code == 0, more.stderr
    snapshot = tmp_path / "run" / "snapshots" / "0000008.safetensors"
    avatar = run("convert", DATA / "man.jpg", "-o", tmp_path / "mine.png", "--weights", snapshot, "--size", 128)
    assert avatar.exit_code == 0, avatar.stderr


def test_torchrun_gives_the_result_of_one_process(tmp_path):
    """Two processes with half a batch each end near one process with the whole batch."""
    import torch

    from photo2moe.config import DiscriminatorConfig, GeneratorConfig, TrainConfig
    from photo2moe.training.loop import State
    from tests.test_training import SIZE, make_dataset

    make_dataset(tmp_path / "set")
    net = {"size": SIZE, "scale": 2, "width": 4, "blocks": 1}
    settings = {"generator": net, "discriminator": {"width": 4}, "shift": 2}
    settings |= {"images": 8, "batch": 4, "compile": False, "precision": "float32", "rate": 1e-4}
    (tmp_path / "small.json").write_text(json.dumps(settings))
    arguments = ["-m", "photo2moe", "train", tmp_path / "set", "--config", tmp_path / "small.json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    one = [sys.executable, *arguments, "-o", tmp_path / "one"]
    two = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    for command in (one, [*two, "-o", tmp_path / "two"]):
        done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    states = [torch.load(tmp_path / n / "state.pt", weights_only=True) for n in ("one", "two")]
    assert states[0]["step"] == states[1]["step"] == 2
    begin = State.new(TrainConfig(generator=GeneratorConfig(**net), discriminator=DiscriminatorConfig(4))).draw
    ends = [torch.cat([v.flatten() for v in state["draw"].values()]) for state in states]
    moved = (ends[0] - torch.cat([v.flatten() for v in begin.state_dict().values()])).abs().mean()
    # AdamW steps by the sign of a gradient that is nearly nothing, so single weights may part; most do not.
    assert (ends[0] - ends[1]).abs().mean() < 0.02 * moved


@pytest.mark.parametrize("command", sorted(main.commands))
def test_help_shows_its_examples_a_line_each(command):
    said = run(command, "--help").output
    assert "\\b" not in said
    examples = [line.strip() for line in said.splitlines() if line.strip().startswith("photo2moe ")]
    assert all(line.count("photo2moe ") == 1 for line in examples)
