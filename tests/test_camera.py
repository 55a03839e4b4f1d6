"""A clip played as if it were a camera: rate, what is dropped, keys, and what is missing."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import threading
import time

import numpy as np
import pytest
from click.testing import CliRunner

from photo2moe.cli.main import main
from photo2moe.config import PipelineConfig
from photo2moe.errors import InputError, MissingExtraError
from photo2moe.imageio import read_image
from photo2moe.pipeline import load_pipeline
from photo2moe.provenance import read_provenance
from photo2moe.video.animate import Animator
from photo2moe.video.camera import Mailbox, Record, Shot, clip_shots, device_shots, run_camera
from photo2moe.video.motion import MotionConfig
from photo2moe.video.window import Controls, Virtual, on_squares
from tests.clips import DATA, RATE, moving, write_clip

CONFIG = PipelineConfig(weights="clean", size=96)
QUICK = ["--style", "clean", "--size", "96", "--no-window"]


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def pipeline():
    with load_pipeline(CONFIG) as loaded:
        yield loaded


@pytest.fixture
def animator(pipeline):
    return Animator(pipeline, CONFIG, MotionConfig())


def test_a_newer_thing_takes_the_place_of_an_older():
    box = Mailbox[int]()
    assert box.take(0.01) is None
    box.put(1)
    box.put(2)
    box.close()
    assert not box.over
    assert (box.take(), box.take()) == (2, None)
    assert box.over


def test_who_waits_is_woken():
    box = Mailbox[int]()
    got = []
    thread = threading.Thread(target=lambda: got.append(box.take()))
    thread.start()
    box.put(3)
    thread.join(5)
    assert got == [3]


def test_rate_and_latency():
    record = Record(3, [0.1, 0.2, 0.3], [0.0, 0.5, 1.0])
    assert (record.rate, record.recent_rate, record.latency(50)) == (2.0, 2.0, 0.2)
    assert (Record().rate, Record().recent_rate, Record().latency(50)) == (0.0, 0.0, 0.0)


def test_a_clip_plays_at_its_own_pace(tmp_path):
    path = write_clip(tmp_path / "a.mp4", moving("man", 10))
    begun = time.perf_counter()
    shots = [shot.taken - begun for shot in clip_shots(path, 10**8)]
    assert 2 <= len(shots) <= 10
    assert 8 / RATE <= shots[-1] < 5
    again = clip_shots(path, 10**8, again=True)
    assert len([next(again) for _ in range(12)]) == 12


def test_slow_pictures_are_dropped_not_queued(animator):
    """A camera that gives a picture a millisecond: most are skipped, and those shown are fresh."""
    frames = list(moving("man", 3))

    def shots():
        for number in range(400):
            time.sleep(0.002)
            yield Shot(frames[number % 3], time.perf_counter())

    shown = []
    record = run_camera(animator, shots(), lambda picture, rate: bool(shown.append(picture)) or True)
    assert record.read == 400
    assert 1 <= len(shown) < 200
    assert shown[0].shape == (96, 96, 3)
    assert record.latency(50) < 3


def test_it_ends_when_the_shower_says_so_and_after_so_many(animator):
    frame = next(iter(moving("man", 1)))

    def shots():
        while True:
            time.sleep(0.01)
            yield Shot(frame, time.perf_counter())

    assert len(run_camera(animator, shots(), lambda *_: False).shown) == 1
    assert len(run_camera(animator, shots(), lambda *_: True, limit=2).shown) == 2
    assert len(run_camera(animator, shots(), lambda *_: True, should_stop=lambda: True).shown) == 0


def test_failures_in_a_thread_reach_the_caller(animator):
    def shots():
        raise InputError("the cable is out")
        yield

    with pytest.raises(InputError, match="the cable is out"):
        run_camera(animator, shots(), lambda *_: True)


@pytest.mark.filterwarnings("ignore")
def test_a_camera_that_is_not_there(capfd):
    with pytest.raises(InputError, match="camera 97 cannot be opened"):
        next(device_shots(97))


def test_keys(animator, tmp_path):
    controls = Controls(animator, tmp_path)
    picture = np.full((8, 8, 3), 90, np.uint8)
    assert controls.press(-1, picture)
    assert controls.press(ord("-"), picture)
    assert animator.config.strength == pytest.approx(0.9)
    controls.press(ord("+"), picture)
    controls.press(ord("="), picture)
    assert animator.config.strength == 1.0
    assert controls.note == "strength 1.0"
    kinds = []
    for _ in range(4):
        controls.press(ord("b"), picture)
        kinds.append(animator.background.kind)
    assert kinds == ["blur", "colour", "colour", "photo"]
    controls.press(ord("s"), picture)
    [snapshot] = tmp_path.iterdir()
    assert read_image(snapshot).shape == (8, 8, 3)
    assert read_provenance(snapshot).is_ai_made
    assert not controls.press(ord("q"), picture)
    assert not controls.press(27, picture)


def test_the_background_changes_while_it_runs(animator):
    frame = next(iter(moving("man", 1)))
    controls = Controls(animator, DATA)
    animator(frame, 0.0)
    for _ in range(2):
        controls.press(ord("b"), frame)
    np.testing.assert_array_equal(animator(frame, 0.04)[2, 2], (255, 255, 255))


def test_transparency_shows_as_squares():
    picture = np.zeros((16, 16, 4), np.uint8)
    picture[:8, :8] = (10, 20, 30, 255)
    shown = on_squares(picture)
    np.testing.assert_array_equal(shown[0, 0], (10, 20, 30))
    assert {tuple(c) for c in shown[8:].reshape(-1, 3).tolist()} == {(190,) * 3, (230,) * 3}
    assert on_squares(shown) is shown


def test_the_command_measures(tmp_path):
    path = write_clip(tmp_path / "a.mp4", [*moving("man", 50)])
    result = run("camera", "--source", path, *QUICK, "--frames", 3, "--json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["shown"] == 3
    assert facts["latency"]["median"] > 0
    said = run("camera", "--source", path, *QUICK, "--frames", 2)
    assert said.stderr.startswith("2 pictures shown of ")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--source", "gone.mp4", "--no-window"], 1, "gone.mp4: no such file"),
        (["--window"], 2, "there is no display for a window; use --no-window, with --virtual or --frames N"),
        (["--no-window"], 2, "without a window nothing is shown"),
        (["--no-window", "--frames", "2", "--face", "all"], 2, "--face all needs --frame photo"),
        (["--no-window", "--frames", "2", "--device-number", "97"], 1, "camera 97 cannot be opened"),
    ],
)
def test_failures_are_one_clear_line(monkeypatch, arguments, code, line):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = run("camera", "--style", "clean", *arguments)
    assert result.exit_code == code, result.output
    assert line in result.stderr.strip().splitlines()[-1]


@pytest.mark.skipif(importlib.util.find_spec("pyvirtualcam") is not None, reason="it is installed here")
def test_a_virtual_camera_needs_its_package():
    with pytest.raises(MissingExtraError, match="pip install pyvirtualcam"):
        Virtual()


def test_whole_photos_can_be_live(pipeline):
    animator = Animator(pipeline, dataclasses.replace(CONFIG, frame="photo"), MotionConfig())
    frames = [Shot(frame, time.perf_counter()) for frame in moving("man", 2)]
    shown = []
    run_camera(animator, iter(frames), lambda picture, rate: bool(shown.append(picture)) or True)
    assert shown[-1].shape == frames[0].image.shape
