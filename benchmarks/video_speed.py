"""How fast clips become anime clips, what a live camera keeps up with, sound, and memory.

    python benchmarks/video_speed.py PHOTO [--weights FILE.onnx] [--clip 10] [--camera 20] [--long 300]

A clip of so many ``--clip`` seconds is made of the photo (panned, zoomed, tilted, grain, with a
clap when a flash comes), then: frames a second of the whole conversion and of the bare generator
on the same machine in turn, and the work of each stage; rate and latency of the camera at 256 px
for ``--camera`` seconds; the distance of clap and flash in the result; and the memory of the
process over a clip of ``--long`` seconds, ten times sampled. 0 leaves a part out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

from photo2moe.cli.video import CAMERA_LOOK, CAMERA_MOTION, CLIP_LOOK
from photo2moe.config import PipelineConfig
from photo2moe.engine import load_net
from photo2moe.imageio import read_image
from photo2moe.nets.runner import onnx_runner
from photo2moe.pipeline import Pipeline, load_pipeline
from photo2moe.types import Image
from photo2moe.video.animate import Animator
from photo2moe.video.camera import clip_shots, run_camera
from photo2moe.video.clip import open_clip, read_clip
from photo2moe.video.convert import Progress, Watch, convert_clip
from photo2moe.weights import DEFAULT, PAINTER, verified

RATE = 25
SOUND = 44_100
SIZE = (480, 640)  # height, width
FLASH = 1.0  # seconds: when it comes, and the clap
LIMIT = 10**9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--weights", default=PipelineConfig().weights)
    parser.add_argument("--clip", type=float, default=10)
    parser.add_argument("--camera", type=float, default=20)
    parser.add_argument("--long", type=float, default=300)
    arguments = parser.parse_args()
    photo = read_image(arguments.photo)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.clip:
            clip = make(Path(folder, "clip.mp4"), photo, max(arguments.clip, 2 * FLASH))
            for frame in ("avatar", "photo"):
                config = PipelineConfig(arguments.weights, size=CLIP_LOOK.size, frame=frame)
                with load_pipeline(config) as pipeline:
                    convert(pipeline, config, clip, Path(folder, f"{frame}.mp4"))
            apart = [heard(p) - flashed(p) for p in (clip, Path(folder, "photo.mp4"))]
            say(
                "sound before the picture",
                f"{-1000 * apart[1]:+.0f} ms, filmed {-1000 * apart[0]:+.0f} ms; a frame is {1000 / RATE:.0f} ms",
            )
        if arguments.camera:
            clip = make(Path(folder, "camera.mp4"), photo, min(arguments.camera, 10))
            config = PipelineConfig(arguments.weights, size=CAMERA_LOOK.size)
            with load_pipeline(config) as pipeline:
                live(pipeline, config, clip, arguments.camera)
        if arguments.long:
            clip = make(Path(folder, "long.mp4"), photo, arguments.long)
            config = PipelineConfig(arguments.weights, size=128)
            with load_pipeline(config) as pipeline:
                remember(pipeline, config, clip, Path(folder, "long-moe.mp4"))


def convert(pipeline: Pipeline, config: PipelineConfig, clip: Path, target: Path) -> None:
    bare = generator(config, 10)  # before and after, so that a drifting machine hits both
    begun = time.perf_counter()
    done = convert_clip(pipeline, config, clip, target)
    seconds = (time.perf_counter() - begun) / done.frames
    bare = (bare + generator(config, 10)) / 2
    say(f"video, --frame {config.frame}", f"{1 / seconds:.1f} frames/s, {seconds * 1000:.0f} ms a frame")
    say("  the bare generator", f"{bare * 1000:6.1f} ms")
    for stage, spent in done.stages.items():
        say(f"  {stage}", f"{spent / done.frames * 1000:6.1f} ms  {spent / done.frames / bare:5.2f} × generator")
    say("  all", f"{seconds * 1000:6.1f} ms  {seconds / bare:5.2f} × generator (stages overlap)")


def live(pipeline: Pipeline, config: PipelineConfig, clip: Path, seconds: float) -> None:
    warm = Animator(pipeline, config, CAMERA_MOTION)
    for frame, _ in zip(read_clip(open_clip(clip, LIMIT)), range(5), strict=False):
        warm(frame.image, float(frame.time))
    animator, end = Animator(pipeline, config, CAMERA_MOTION), time.perf_counter() + seconds
    shots = clip_shots(clip, LIMIT, again=True)
    record = run_camera(animator, shots, lambda *_: True, should_stop=lambda: time.perf_counter() > end)
    say("camera, 256 px", f"{record.rate:.1f} frames/s of {record.read / seconds:.1f}; the goal is 12")
    say(
        "  behind",
        f"median {record.latency(50) * 1000:.0f} ms, 95 % within {record.latency(95) * 1000:.0f} ms; the goal is 150",
    )
    for stage, spent in animator.timer.seconds.items():
        say(f"  {stage}", f"{spent / max(1, len(record.shown)) * 1000:6.1f} ms a picture shown")


def remember(pipeline: Pipeline, config: PipelineConfig, clip: Path, target: Path) -> None:
    seen: list[tuple[float, float]] = []

    def report(done: Progress, total: int) -> None:
        if done.frames % max(1, total // 10) == 0:
            seen.append((done.seconds, resident()))

    convert_clip(pipeline, config, clip, target, watch=Watch(report))
    say("memory over the clip", "  ".join(f"{at:.0f} s {size:.0f} MB" for at, size in seen))
    late = [size for _, size in seen[len(seen) // 5 :]]
    say("  from a fifth to the end", f"{late[-1] - late[0]:+.0f} MB")


def generator(config: PipelineConfig, rounds: int) -> float:
    """Seconds that the net alone takes for one picture."""
    draw, shape = onnx_runner(verified(PAINTER)) if config.weights == DEFAULT else load_net(config)
    rng = np.random.default_rng(0)
    picture = rng.random((1, 4, shape.size, shape.size), np.float32) * 2 - 1
    colours = rng.random((1, shape.colours), np.float32)
    draw(picture, colours)
    begun = time.perf_counter()
    for _ in range(rounds):
        draw(picture, colours)
    return (time.perf_counter() - begun) / rounds


def make(path: Path, photo: Image, seconds: float) -> Path:
    """A clip of a photo under a hand-held camera; at ``FLASH`` it turns bright for a moment, with a clap."""
    height, width = SIZE
    high, wide = photo.shape[:2]
    grain = np.random.default_rng(0).normal(0, 3, (8, height, width, 3))
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        pictures.height, pictures.width, pictures.pix_fmt = height, width, "yuv420p"
        track = container.add_stream("aac", rate=SOUND)
        track.layout = "mono"
        samples = np.zeros((1, round(seconds * SOUND)), np.float32)
        clap = samples[:, round(FLASH * SOUND) :][:, : SOUND // 20]
        clap += 0.8 * np.sin(2 * np.pi * 1000 * np.arange(clap.shape[1]) / SOUND)
        for number in range(round(seconds * RATE)):
            t = number / RATE
            scale, turn = height / high * (1 + 0.06 * np.sin(1.3 * t)), np.radians(6 * np.sin(1.7 * t))
            cos, sin = scale * np.cos(turn), scale * np.sin(turn)
            x, y = width * (0.5 + 0.05 * np.sin(2.1 * t)), height * (0.5 + 0.03 * np.sin(1.1 * t))
            matrix = np.array(
                [[cos, -sin, x - (cos * wide - sin * high) / 2], [sin, cos, y - (sin * wide + cos * high) / 2]]
            )
            frame = cv2.warpAffine(
                photo, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101
            )
            bright = 60 if FLASH <= t < FLASH + 0.2 else 0
            made = np.clip(frame + grain[number % 8] + bright, 0, 255).astype(np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(made, format="rgb24")))
        container.mux(pictures.encode())
        sound = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        sound.rate, sound.pts = SOUND, 0
        container.mux(track.encode(sound))
        container.mux(track.encode())
    return path


def flashed(path: Path) -> float:
    """When a clip's corner turns bright, seconds."""
    levels = [(float(f.time), float(f.image[:80, -80:].mean())) for f in read_clip(open_clip(path, LIMIT))]
    return max(zip(levels[1:], levels, strict=False), key=lambda pair: pair[0][1] - pair[1][1])[0][0]


def heard(path: Path) -> float:
    """When a clip's sound gets loud, seconds."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()).max(0) > 0.2)
            if len(loud):
                return float(frame.time + loud[0] / frame.sample_rate)
    raise ValueError("no clap in it")


def resident() -> float:
    """Memory of this process now, MB; Linux only."""
    words = Path("/proc/self/statm").read_text().split()
    return int(words[1]) * 4096 / 1e6


def say(what: str, value: str) -> None:
    sys.stdout.write(f"{what:28}{value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
