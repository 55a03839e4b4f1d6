"""The commands for moving pictures: video and camera."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from photo2moe import console
from photo2moe.cli.options import clip_options, wished
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError
from photo2moe.system import CLIP, require_memory
from photo2moe.video.motion import MotionConfig

if TYPE_CHECKING:
    from photo2moe.video.camera import Show
    from photo2moe.video.convert import Progress, Task

# Moving pictures are shown smaller than photos, and each second costs as much as 25 of these.
CLIP_LOOK = PipelineConfig(size=512)
CAMERA_LOOK = PipelineConfig(weights="clean", size=256)
LEAST_RATE, MOST_RATE = 1, 240  # frames a second that --fps takes
CAMERA_MOTION = MotionConfig(fine=False, matte_every=2)


def seconds_of(text: str) -> Fraction:
    """Read a time: seconds, or minutes and hours before them, with colons.

    >>> seconds_of("1:30.5")
    Fraction(181, 2)

    Raises:
        click.BadParameter: it is none.
    """
    total = Fraction(0)
    try:
        for part in text.split(":"):
            number = Fraction(part)
            if number < 0:
                raise ValueError(part)
            total = total * 60 + number
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{text!r} is no time; give seconds, or minutes:seconds") from None
    return total


def rate_of(text: str) -> Fraction:
    """Read a number of frames a second; fractions such as 30000/1001 are exact.

    Raises:
        click.BadParameter: it is none, or none of a clip.
    """
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise click.BadParameter(f"{text!r} is no number of frames a second; give {LEAST_RATE}…{MOST_RATE}")
    return rate


@click.command()
@click.argument("clip", type=click.Path(readable=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False),
    required=True,
    help=".mp4 .mov .webm .gif .webp; '-' is raw RGB, with a transparent background RGBA.",
)
@click.option(
    "--start", type=seconds_of, metavar="TIME", default="0", show_default=True, help="Where to begin, [h:][m:]seconds."
)
@click.option("--end", type=seconds_of, metavar="TIME", help="Where to end, [h:][m:]seconds.")
@click.option("--fps", type=rate_of, metavar="N", help="Frames a second; without it every frame at its own time.")
@click.option("--width", type=click.IntRange(1, 8192), help="Of raw frames on stdin, pixels.")
@click.option("--height", type=click.IntRange(1, 8192), help="Of raw frames on stdin, pixels.")
@click.option("--json", "as_json", is_flag=True, help="Say on stdout what was done, as JSON.")
@clip_options(CLIP_LOOK)
def video(clip: str, output: str, as_json: bool, **options: Any) -> None:
    """Turn a CLIP into an anime clip, sound and timing kept. '-' is raw RGB frames on stdin.

    \b
    photo2moe video holiday.mov -o moe.mp4
    photo2moe video talk.mp4 --frame photo --start 0:10 --end 0:20 -o talk.gif
    ffmpeg … -f rawvideo -pix_fmt rgb24 - | photo2moe video - --width 640 --height 480 -o - | …

    Ctrl-C ends the clip early: what is done is kept, a whole clip. Twice: nothing is.
    """  # noqa: D301 - click looks for the very character
    task = _task(options)
    config = wished(options)
    if output == "-" and as_json:
        raise ConfigError("--json and the frames cannot both go to stdout; give -o FILE")
    begun = time.perf_counter()
    done = _convert(config, clip, output, task)
    seconds = time.perf_counter() - begun
    _tell(done, clip, output, seconds, as_json)


@click.command()
@click.option("--device-number", "number", type=click.IntRange(0), default=0, show_default=True, help="Which camera.")
@click.option(
    "--source", type=click.Path(path_type=Path, readable=False), help="A clip to play as if it were the camera."
)
@click.option("--window/--no-window", default=True, show_default=True, help="Show the pictures.")
@click.option("--virtual", is_flag=True, help="Be a camera for other programs (needs pyvirtualcam).")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="End after so many.")
@click.option("--snapshots", type=click.Path(path_type=Path, file_okay=False), default=".", help="Folder of key s.")
@click.option("--json", "as_json", is_flag=True, help="Say on stdout how fast it was, as JSON.")
@clip_options(CAMERA_LOOK)
def camera(as_json: bool, **options: Any) -> None:
    """Be an anime avatar, live. Keys: + − strength, b background, s snapshot, q quit.

    \b
    photo2moe export moe -o moe.onnx
    photo2moe camera --weights moe.onnx
    """  # noqa: D301 - click looks for the very character
    own = {name: options.pop(name) for name in ("number", "source", "window", "virtual", "frames", "snapshots")}
    facts = _run_camera(wished(options), **own)
    if as_json:
        console.data(facts)
    else:
        console.say(
            f"{facts['shown']} pictures shown of {facts['read']}   {facts['rate']:.1f}/s · "
            f"{facts['latency']['median'] * 1000:.0f} ms behind, 95 % within {facts['latency']['p95'] * 1000:.0f} ms"
        )


def _task(options: dict[str, Any]) -> Task:
    """Take what is not the look out of the options."""
    from photo2moe.video.clip import Span
    from photo2moe.video.convert import Task

    span = Span(options.pop("start"), options.pop("end"))
    return Task(span, options.pop("fps"), width=options.pop("width"), height=options.pop("height"))


def _convert(config: PipelineConfig, clip: str, output: str, task: Task) -> Progress:
    require_memory(CLIP)
    from photo2moe.files import check_output, keep_apart
    from photo2moe.training.interrupt import Interrupt
    from photo2moe.video.clip import open_clip
    from photo2moe.video.container import import_av
    from photo2moe.video.convert import Watch, check_look, convert_clip

    check_look(config, output)
    keep_apart(output, clip, config.background, config.weights)
    if output != "-":
        check_output(output)
    import_av()
    source: Path | BinaryIO = sys.stdin.buffer if clip == "-" else Path(clip)
    if isinstance(source, Path):
        open_clip(source, config.max_pixels)  # a clip that cannot be read is told before the nets are loaded

    from photo2moe.pipeline import load_pipeline

    with load_pipeline(config) as pipeline, Interrupt() as interrupt, console.progress("converting") as advance:
        begun = time.perf_counter()

        def tick(done: Progress, total: int) -> None:
            rate = done.frames / max(time.perf_counter() - begun, 1e-9)
            advance(done.frames, f"{rate:.1f}/s", total)

        target: Path | BinaryIO = sys.stdout.buffer if output == "-" else Path(output)
        return convert_clip(pipeline, config, source, target, task, Watch(tick, interrupt.asked))


def _tell(done: Progress, clip: str, output: str, seconds: float, as_json: bool) -> None:
    from photo2moe.files import printable

    if as_json:
        facts = {"clip": clip, "output": output, "frames": done.frames, "drawn": done.drawn, "stopped": done.stopped}
        stages = {name: round(value, 3) for name, value in done.stages.items()}
        console.data({**facts, "length": round(done.seconds, 3), "seconds": round(seconds, 3), "stages": stages})
        return
    early = "stopped early, " if done.stopped else ""
    console.say(
        f"{printable(clip)} → {printable(output)}   {early}{done.frames} frames, {done.seconds:.1f} s · "
        f"{done.frames / max(seconds, 1e-9):.1f}/s"
    )


def _run_camera(
    config: PipelineConfig,
    number: int,
    source: Path | None,
    window: bool,
    virtual: bool,
    frames: int | None,
    snapshots: Path,
) -> dict[str, Any]:
    """Load, run until the end, and say how it went."""
    require_memory(CLIP)
    from photo2moe.training.interrupt import Interrupt
    from photo2moe.video.camera import clip_shots, device_shots, run_camera
    from photo2moe.video.clip import open_clip
    from photo2moe.video.convert import check_look
    from photo2moe.video.window import Controls, Virtual, Window, check_display

    check_look(config, "-")
    if window:
        check_display()
    elif not (virtual or frames or source):
        raise ConfigError("without a window nothing is shown; give --virtual, or --frames N to measure")
    if source is not None:
        open_clip(source, config.max_pixels)

    from photo2moe.pipeline import load_pipeline
    from photo2moe.video.animate import Animator

    with ExitStack() as stack:
        animator = Animator(stack.enter_context(load_pipeline(config)), config, CAMERA_MOTION)
        shows: list[Show] = []
        if virtual:
            shows.append(stack.enter_context(Virtual()))
        if window:
            shows.append(stack.enter_context(Window(Controls(animator, snapshots))))
        shots = device_shots(number) if source is None else clip_shots(source, config.max_pixels)
        interrupt = stack.enter_context(Interrupt())
        record = run_camera(
            animator, shots, lambda *shown: all([show(*shown) for show in shows]), frames, interrupt.asked
        )
    latency = {"median": round(record.latency(50), 4), "p95": round(record.latency(95), 4)}
    stages = {name: round(seconds, 4) for name, seconds in animator.timer.seconds.items()}
    shown = len(record.shown)
    return {"shown": shown, "read": record.read, "rate": round(record.rate, 2), "latency": latency, "stages": stages}
