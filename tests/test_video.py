"""Moving pictures drawn: steady, through lost faces and cuts, for one person or all, by command and through pipes."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import signal
import subprocess
import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from photo2moe.character.perform import Performance
from photo2moe.character.schema import Character, Expression, Pose
from photo2moe.character.settle import settle
from photo2moe.cli.main import main
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError, NoFaceError
from photo2moe.face.expression import Expression as Seen
from photo2moe.pen.palette import parse
from photo2moe.pipeline import load_pipeline
from photo2moe.provenance import read_provenance
from photo2moe.video.animate import Animator
from photo2moe.video.clip import open_clip, read_clip
from photo2moe.video.convert import Task, Watch, convert_clip
from photo2moe.video.follow import ENOUGH, Follower
from photo2moe.video.motion import MotionConfig
from photo2moe.video.steady import OneEuro, SteadyFace, SteadyMask, moved
from tests.clips import DATA, RATE, clap, heard, moving, photo, still, write_clip

CONFIG = PipelineConfig(weights="clean", size=96)
QUICK = ["--style", "clean", "--size", "96"]
MOTION = MotionConfig(hold=0.2, fade=0.2)


@pytest.fixture(scope="module")
def pipeline():
    with load_pipeline(CONFIG) as loaded:
        yield loaded


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def images(path):
    return [f.image for f in read_clip(open_clip(path, 10**8))]


def animate(pipeline, frames, config=CONFIG, motion=MOTION):
    animator = Animator(pipeline, config, motion)
    return [animator(frame, number / RATE) for number, frame in enumerate(frames)]


def apart(one, other):
    return float(np.abs(one.astype(int) - other).mean())


def hidden(frame):
    """A frame with a hand before the face, or rather a board."""
    frame = frame.copy()
    height, width = frame.shape[:2]
    frame[: height * 3 // 4, width // 4 : width * 3 // 4] = (90, 110, 80)
    return frame


# --- filters ---------------------------------------------------------------------------------------------


def test_one_euro_is_the_paper_s():
    """Against the algorithm written out for one number, as in the paper."""
    cutoff, beta, period = 1.0, 0.3, 1 / 30
    values = np.cumsum(np.random.default_rng(0).normal(0, 1, 40))
    own = OneEuro(cutoff, beta)
    x, dx = values[0], 0.0

    def alpha(fc):
        tau = 1 / (2 * np.pi * fc)
        return 1 / (1 + tau / period)

    assert own(values[:1], period)[0] == values[0]
    for value in values[1:]:
        dx = alpha(1.0) * (value - x) / period + (1 - alpha(1.0)) * dx
        a = alpha(cutoff + beta * abs(dx))
        x = a * value + (1 - a) * x
        assert own(np.array([value]), period)[0] == pytest.approx(x)


def test_a_still_face_stops_trembling_and_a_moving_one_is_kept_up_with(pipeline):
    [face] = pipeline.choose(photo("man"), CONFIG)
    rng, steady = np.random.default_rng(0), SteadyFace(MotionConfig())
    noise = 0.01 * face.eye_distance
    middles = [steady(moved(face, face.landmarks + rng.normal(0, noise, 2)), 1 / RATE).eyes.mean(0) for _ in range(60)]
    assert np.std(middles[20:], axis=0).max() < 0.5 * noise
    fast = SteadyFace(MotionConfig())
    unit, last = face.eye_distance, None
    for number in range(30):  # two face units a second
        last = fast(moved(face, face.landmarks + np.array([2 * unit * number / RATE, 0])), 1 / RATE)
    behind = face.eyes.mean(0)[0] + 2 * unit * 29 / RATE - last.eyes.mean(0)[0]
    assert 0 <= behind < 0.1 * unit
    np.testing.assert_allclose(last.to_units()[:, :2], face.to_units()[:, :2], rtol=0.02, atol=1e-4)


def test_a_head_may_turn_over(pipeline):
    """The angle goes on where arctan2 jumps from π to -π."""
    [face] = pipeline.choose(photo("man"), CONFIG)
    steady, middle = SteadyFace(MotionConfig(place_cutoff=50)), face.eyes.mean(0)
    for turn in np.radians(np.arange(150, 215, 5)):
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        made = steady(moved(face, (face.landmarks - middle) @ rotation.T + middle), 1 / RATE)
        assert made.eye_distance == pytest.approx(face.eye_distance, rel=0.01)


def test_masks_average_trembling_and_show_motion_at_once():
    mask = SteadyMask(MotionConfig())
    first = np.zeros((64, 64), np.float32)
    mask(first, 1 / RATE)
    assert mask(first + 0.08, 1 / RATE).max() < 0.05
    assert mask(first + 1, 1 / RATE).min() > 0.95


# --- people ----------------------------------------------------------------------------------------------


def test_a_face_is_followed_through_pan_zoom_and_tilt(pipeline):
    follow = Follower(pipeline, CONFIG, MOTION)
    frames = list(moving("man", 20))
    seen = [follow(frame, number / RATE) for number, frame in enumerate(frames)]
    assert [cut for _, cut in seen] == [True] + [False] * 19
    assert {one.track for people, _ in seen for one in people} == {0}
    for (people, _), frame in list(zip(seen, frames, strict=True))[::5]:
        [face] = pipeline.choose(frame, CONFIG)
        off = np.hypot(*(people[0].subject.face.eyes.mean(0) - face.eyes.mean(0))) / face.eye_distance
        assert off < 0.12


def test_who_it_is_settles_and_the_head_moves(pipeline):
    follow = Follower(pipeline, CONFIG, MOTION)
    people = [follow(f, n / RATE)[0][0].subject.character for n, f in enumerate(moving("man", 24, noise=12))]
    still = [dataclasses.replace(who, pose=Pose(), expression=Expression()) for who in people]
    assert len(set(still[ENOUGH:])) == 1
    assert len({who.pose for who in people[ENOUGH:]}) == len(people[ENOUGH:])


def test_samples_settle_who_it_is_from_the_first_frame(pipeline):
    frames = list(moving("man", 6, noise=12))
    samples = [pipeline.describe(frame, pipeline.choose(frame, CONFIG)[0]) for frame in frames] * 2
    stranger = Character().replace(**{"skin.colour": "#503020", "hair.colour": "#f0e0c0", "clothes.kind": "hoodie"})
    follow = Follower(pipeline, CONFIG, MOTION, [stranger, *samples])
    people = [follow(frame, number / RATE)[0][0].subject.character for number, frame in enumerate(frames)]
    assert len({dataclasses.replace(who, pose=Pose(), expression=Expression()) for who in people}) == 1
    assert people[0].clothes.kind != "hoodie"


def seen(mouths, opened=(1.0, 1.0), smile=0.0, gap=0.0):
    numbers = {
        "expression.smile": smile,
        "expression.brows": 0.2,
        "pose.yaw": 12.0,
        "pose.pitch": 3.0,
        "pose.roll": -9.0,
    }
    numbers |= {"expression.left": 1.0, "expression.right": 1.0}
    words = dict.fromkeys(("closed", "smile", "teeth", "open"), 0.0) | mouths
    return Seen(numbers, opened, words, gap, 0.5, (0.1, 0.0))


def test_a_performance_blinks_speaks_and_keeps_who_it_is():
    who, perform = Character().replace(**{"hair.colour": "#804020", "expression.left": 0.9}), Performance()
    for _ in range(10):
        rest = perform(who, seen({"closed": 0.9, "open": 0.1}, opened=(0.8, 0.8)), 0.04)
    assert (rest.expression.mouth, rest.expression.left, rest.expression.right) == ("closed", 0.9, 1.0)
    assert (rest.pose.yaw, rest.pose.roll, rest.expression.brows) == (12.0, -9.0, 0.2)
    blink = perform(who, seen({"closed": 0.9, "open": 0.1}, opened=(0.2, 0.8)), 0.04)
    assert (blink.expression.left, blink.expression.right) == (0.0, 1.0)
    unsure = perform(who, seen({"closed": 0.45, "open": 0.55}), 0.04)
    assert unsure.expression.mouth == "closed"
    for _ in range(5):
        speaks = perform(who, seen({"closed": 0.05, "open": 0.95}), 0.04)
    assert speaks.expression.mouth == "open"
    laughs = perform(who, seen({"teeth": 1.0}, smile=0.9, gap=0.4), 1.0)
    assert laughs.expression.mouth in ("grin", "teeth", "laugh")
    assert laughs.hair == who.hair and laughs.person == who.person
    masked = who.replace(**{"mask.kind": "surgical"})
    assert perform(masked, seen({"open": 1.0}), 1.0).expression.mouth == "closed"


def test_settling_takes_the_words_of_one_description_and_the_medians():
    one = Character().replace(
        **{"hair.length": "long", "hair.front": "side_l", "face.width": 0.1, "skin.colour": "#c09070"}
    )
    two = one.replace(**{"face.width": 0.3, "skin.colour": "#c89878"})
    odd = one.replace(**{"hair.length": "short", "hair.front": "quiff", "face.width": 0.9, "skin.colour": "#201010"})
    who = settle([odd, one, two])
    assert (who.hair.length, who.hair.front, who.face.width) == ("long", "side_l", 0.3)
    assert who.skin.colour == "#c09070"
    assert settle([odd]) == odd


def test_a_quick_matte_is_nearly_the_fine_one(pipeline):
    image = photo("woman")
    [face] = pipeline.choose(image, CONFIG)
    (fine, _), (quick, matrix) = pipeline.matte(image, face), pipeline.matte.quick(image, face)
    assert quick.shape == (256, 256)
    assert np.abs(cv2.resize(fine, (256, 256), interpolation=cv2.INTER_AREA) - quick).mean() < 0.03
    follow = Follower(pipeline, CONFIG, MotionConfig(fine=False))
    people = [follow(frame, number / RATE)[0][0] for number, frame in enumerate(moving("man", 15))]
    assert people[-1].subject.matte[0].shape == (256, 256)
    assert matrix.shape == (2, 3)


def test_cuts_begin_anew(pipeline):
    follow = Follower(pipeline, CONFIG, MOTION)
    frames = [*moving("man", 6), *moving("woman", 6)]
    seen = [follow(frame, number / RATE) for number, frame in enumerate(frames)]
    assert [number for number, (_, cut) in enumerate(seen) if cut] == [0, 6]
    assert [people[0].track for people, _ in seen] == [0] * 6 + [1] * 6


def test_a_lost_face_is_held_then_fades_and_is_found_again(pipeline):
    follow = Follower(pipeline, CONFIG, MOTION)
    frame = still("man", 1)[0]
    frames = [frame] * 3 + [hidden(frame)] * 14 + [frame] * 6
    opacity = []
    for number, image in enumerate(frames):
        people, _ = follow(image, number / RATE)
        opacity.append(people[0].opacity if people else 0.0)
    assert opacity[:8] == [1.0] * 8
    assert opacity[8:14] == sorted(opacity[8:14], reverse=True)
    assert opacity[14:17] == [0.0] * 3
    assert opacity[-1] == 1.0


def test_everyone_keeps_a_number(pipeline):
    config = dataclasses.replace(CONFIG, face="all", frame="photo")
    follow = Follower(pipeline, config, MOTION)
    counts = []
    for number, frame in enumerate(moving("group", 6, size=(480, 640))):
        people, _ = follow(frame, number / RATE)
        counts.append({one.track for one in people})
    assert len(counts[0]) >= 4
    assert all(len(one & counts[0]) >= len(counts[0]) - 1 for one in counts)


def test_the_second_largest_is_followed(pipeline):
    frame = next(iter(moving("group", 1, size=(480, 640), noise=0)))
    second = pipeline.choose(frame, dataclasses.replace(CONFIG, face="2"))[0]
    [one] = Follower(pipeline, dataclasses.replace(CONFIG, face="2"), MOTION)(frame, 0)[0]
    assert np.hypot(*(one.subject.face.eyes.mean(0) - second.eyes.mean(0))) < second.eye_distance / 2
    assert Follower(pipeline, dataclasses.replace(CONFIG, face="99"), MOTION)(frame, 0)[0] == []


# --- pictures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["avatar", "photo"])
def test_nobody_is_ever_shown_bare(pipeline, frame):
    """With the face found, lost, faded and before it is found, its photo shows nowhere."""
    config = dataclasses.replace(CONFIG, frame=frame)
    bare = still("woman", 1)[0]
    turned = bare.copy()  # eyes and mouth smeared: a person, but no face that the mesh would know
    [face] = pipeline.choose(bare, CONFIG)
    x0, y0, x1, y1 = (int(v) for v in face.box)
    turned[y0:y1, x0:x1] = cv2.blur(turned[y0:y1, x0:x1], (41, 41))
    turned[y0 + 5 : y1, x0:x1:6] //= 2
    assert pipeline.detect(turned) == []
    seen = animate(pipeline, [turned] * 2 + [bare] * 2 + [turned] * 14, config)
    place = slice(y0, y1), slice(x0, x1)
    for picture in seen:
        if frame == "photo":
            edges = [cv2.Laplacian(p[place], cv2.CV_32F).std() for p in (picture, turned)]
            assert apart(picture[place], bare[place]) > 8
            if picture is seen[0] or picture is seen[-1]:
                assert edges[0] < 0.3 * edges[1]
        else:
            assert picture.shape == (96, 96, 3)
    if frame == "avatar":
        skin = np.array(parse(pipeline.measure(bare, face).character.skin.colour))
        for picture in (seen[0], seen[-1]):  # the background alone
            assert (np.abs(picture.astype(int) - skin).max(2) < 14).mean() < 0.1


def test_a_lost_face_keeps_its_drawing():
    bare = still("man", 1)[0]
    config = dataclasses.replace(CONFIG, background="white")
    with load_pipeline(config) as white:
        shown = animate(white, [bare] * 3 + [hidden(bare)] * 3, config)
    assert apart(shown[2], shown[-1]) == 0


def test_pictures_without_people_stay_as_they_are(pipeline):
    config = dataclasses.replace(CONFIG, frame="photo")
    frames = still("landscape", 3)
    for picture, frame in zip(animate(pipeline, frames, config), frames, strict=True):
        np.testing.assert_array_equal(picture, frame)


@pytest.mark.parametrize("background", ["photo", "blur", "#204060", "transparent", str(DATA / "landscape.jpg")])
def test_backgrounds(background):
    config = dataclasses.replace(CONFIG, background=background)
    with load_pipeline(config) as pipeline:
        picture = animate(pipeline, moving("man", 3), config)[-1]
    assert picture.shape == (96, 96, 4 if background == "transparent" else 3)
    if background == "#204060":
        np.testing.assert_array_equal(picture[3, 3], (0x20, 0x40, 0x60))


@pytest.mark.parametrize(("frame", "width"), [("avatar", 192), ("photo", 640)])
def test_compare_shows_both(pipeline, frame, width):
    config = dataclasses.replace(CONFIG, frame=frame, compare=True)
    [picture] = animate(pipeline, moving("man", 1), config)
    assert picture.shape[1] == width


def test_transparent_pictures_beside_the_photo_lie_on_white():
    config = dataclasses.replace(CONFIG, background="transparent", compare=True)
    with load_pipeline(config) as pipeline:
        [picture] = animate(pipeline, moving("man", 1), config)
        [alone] = animate(pipeline, moving("man", 1), dataclasses.replace(config, compare=False))
    assert (picture.shape, picture.dtype) == ((96, 192, 3), np.uint8)
    assert (picture[:, 96:][alone[..., 3] == 0] == 255).all()
    with load_pipeline(CONFIG) as plain:
        [both] = animate(plain, moving("man", 1), dataclasses.replace(CONFIG, compare=True))
    np.testing.assert_array_equal(picture[:, :96], both[:, :96])


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".webp"])
def test_a_transparent_clip_beside_the_photo(tmp_path, suffix):
    source = write_clip(tmp_path / "a.mp4", moving("man", 3))
    out = tmp_path / f"b{suffix}"
    result = run("video", source, "-o", out, "--background", "transparent", "--compare", *QUICK)
    assert result.exit_code == 0, result.output
    assert {picture.shape for picture in images(out)} == {(96, 192, 3)}


def test_raw_frames_of_a_transparent_clip_beside_the_photo(tmp_path):
    source = write_clip(tmp_path / "a.mp4", moving("man", 3))
    result = run("video", source, "-o", "-", "--background", "transparent", "--compare", *QUICK)
    assert (result.exit_code, len(result.stdout_bytes)) == (0, 3 * 96 * 192 * 3)


def test_steady_is_steadier(pipeline):
    """A still photo with grain: what changes from frame to frame, drawn one by one and drawn steadily."""
    config = dataclasses.replace(CONFIG, background="white")
    grain = np.random.default_rng(1)
    frames = [np.clip(frame + grain.normal(0, 5, frame.shape), 0, 255).astype(np.uint8) for frame in still("man", 12)]
    with load_pipeline(config) as white:
        steady = animate(white, frames, config)
        single = [white(frame)[0].image for frame in frames]
    flicker = [np.mean([apart(a, b) for a, b in pairwise(s[5:])]) for s in (steady, single)]
    assert flicker[0] < 0.5 * flicker[1]


# --- clips and the command -------------------------------------------------------------------------------


def test_a_clip_becomes_a_clip_with_its_sound(tmp_path):
    source = write_clip(tmp_path / "a.mp4", moving("man", 10), sound=clap(0.4, 0.2))
    result = run("video", source, "-o", tmp_path / "b.mp4", *QUICK, "--json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert (facts["frames"], facts["drawn"], facts["stopped"]) == (10, 10, False)
    assert set(facts["stages"]) == {"look", "draw", "compose"}
    made = images(tmp_path / "b.mp4")
    assert len(made) == 10
    assert made[0].shape == (96, 96, 3)
    assert heard(tmp_path / "b.mp4") == pytest.approx(heard(source), abs=1 / RATE)
    assert read_provenance(tmp_path / "b.mp4").is_ai_made
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_part_and_rate(tmp_path):
    source = write_clip(tmp_path / "a.mp4", moving("man", 25))
    result = run("video", source, "-o", tmp_path / "b.gif", *QUICK, "--start", "0:00.2", "--end", "0.6", "--fps", "10")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"{source} → {tmp_path / 'b.gif'}   4 frames, 0.4 s · ")
    assert len(images(tmp_path / "b.gif")) == 4


def test_stopping_keeps_a_whole_shorter_clip(tmp_path, pipeline):
    source = write_clip(tmp_path / "a.mp4", moving("man", 20), sound=clap(0.8, 0.1))
    asked = iter([False] * 6)
    done = convert_clip(
        pipeline, CONFIG, source, tmp_path / "b.mp4", Task(), Watch(should_stop=lambda: next(asked, True))
    )
    assert (done.frames, done.stopped) == (7, True)
    assert len(images(tmp_path / "b.mp4")) == 7
    assert heard(tmp_path / "b.mp4") == pytest.approx(0.1, abs=1 / RATE)


@pytest.mark.slow
def test_ctrl_c_ends_tidily(tmp_path):
    source = write_clip(tmp_path / "a.mp4", [*moving("man", 25)] * 8)
    command = [sys.executable, "-c", INTERRUPTED, "video", str(source), "-o", str(tmp_path / "b.mp4"), *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "stopped early, " in done.stderr
    assert 1 <= len(images(tmp_path / "b.mp4")) < 200
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


# Sends itself the signal of Ctrl-C as soon as some frames are done.
INTERRUPTED = f"""
import os, threading
from photo2moe.cli.main import main
from photo2moe.video import writer
write, count = writer.Writer.__call__, []
def counting(self, *arguments):
    write(self, *arguments)
    count.append(1)
    if len(count) == 5:
        os.kill(os.getpid(), {int(signal.SIGINT)})
writer.Writer.__call__ = counting
main()
"""


def test_raw_frames_through_pipes():
    frames = list(moving("man", 3))
    size = ["--width", "320", "--height", "240"]
    command = [sys.executable, "-m", "photo2moe", "video", "-", "-o", "-", *size, *QUICK]
    data = b"".join(frame.tobytes() for frame in frames)
    done = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) == 3 * 96 * 96 * 3
    short = subprocess.run(command, input=data[:-1], capture_output=True, timeout=120, check=False)
    assert short.returncode == 1
    assert b"stdin: ends 1 bytes short of frame 3 of 320x240 pixels" in short.stderr
    assert len(short.stdout) == 2 * 96 * 96 * 3


def test_a_clip_of_nobody_is_an_error(tmp_path, pipeline):
    source = write_clip(tmp_path / "a.mp4", still("landscape", 4))
    with pytest.raises(NoFaceError, match="no face found in 4 frames"):
        convert_clip(pipeline, CONFIG, source, tmp_path / "b.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["{tmp}/gone.mp4", "-o", "{tmp}/b.mp4"], 1, "{tmp}/gone.mp4: no such file"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.avi"], 2, "{tmp}/b.avi: unknown clip format; use .mp4"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--background", "transparent"], 2, ".mp4 cannot hold transparency"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--face", "all"], 2, "--face all needs --frame photo"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--start", "9"], 2, "--start 9: the clip ends after 0.12 s"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--start", "soon"], 2, "'soon' is no time"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--start", "2", "--end", "1"], 2, "--end later than --start"),
        (
            ["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--fps", "0"],
            2,
            "'0' is no number of frames a second; give 1…240",
        ),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--fps", "abc"], 2, "'abc' is no number of frames a second"),
        (["{tmp}/a.mp4", "-o", "{tmp}/b.mp4", "--fps", "1:30"], 2, "'1:30' is no number of frames a second"),
        (["{tmp}/a.mp4", "-o", "{tmp}/no/b.mp4"], 1, "there is no folder"),
        (["{tmp}/a.mp4", "-o", "-", "--json"], 2, "cannot both go to stdout"),
        (["-", "-o", "-"], 2, "raw frames on stdin need --width and --height"),
        (["-", "-o", "-", "--width", "9", "--height", "9", "--max-pixels", "9"], 2, "raise it with --max-pixels"),
        (["{tmp}/a.mp4"], 2, "Missing option '-o'"),
    ],
)
def test_failures_are_one_clear_line(tmp_path, arguments, code, line):
    write_clip(tmp_path / "a.mp4", still("man", 3))
    result = run("video", *(a.format(tmp=tmp_path) for a in arguments), *QUICK)
    assert result.exit_code == code, result.output
    assert line.format(tmp=tmp_path) in result.stderr.strip().splitlines()[-1]
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_numbers_out_of_range():
    with pytest.raises(ConfigError, match="fade must be above 0"):
        MotionConfig(fade=0)


@pytest.mark.slow
def test_the_example_runs(tmp_path):
    path = DATA.parent.parent / "examples" / "animate_a_photo.py"
    spec = importlib.util.spec_from_file_location("animate_a_photo", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.COUNT = 2
    example.main(DATA / "man.jpg", tmp_path / "out.webp")
    assert [image.shape for image in images(tmp_path / "out.webp")] == [(200, 400, 3)] * 2
