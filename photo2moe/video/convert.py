"""A clip → an anime clip: read, look, draw, write, each as far ahead as memory stays flat."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import parse_background
from photo2moe.character.schema import Character
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError, NoFaceError
from photo2moe.files import printable
from photo2moe.pipeline import Pipeline
from photo2moe.video.animate import Animator, Inked, Scene
from photo2moe.video.clip import USUAL_RATE, Clip, Frame, Span, open_clip, paced, read_clip, samples
from photo2moe.video.follow import pick
from photo2moe.video.motion import MotionConfig
from photo2moe.video.pipes import RawWriter, read_raw
from photo2moe.video.writer import Shape, check_output, writing

T = TypeVar("T")
Picture = NDArray[np.uint8]

AHEAD = 3  # frames read, and frames looked at, before they are needed
SAMPLES = 9  # frames spread over a clip in which people are described beforehand
FINE = Fraction(1, 90_000)  # seconds: unit of times that we choose ourselves; all usual rates fit


@dataclass(eq=False)
class Progress:
    """What became of a clip so far.

    Attributes:
        frames: written.
        drawn: of these, how many show somebody drawn.
        seconds: of the clip, written.
        stopped: whether somebody wished it to end early.
        stages: seconds of work by stage.
    """

    frames: int = 0
    drawn: int = 0
    seconds: float = 0.0
    stopped: bool = False
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """Which part of a clip becomes what.

    Attributes:
        span: the part.
        rate: frames a second; ``None`` keeps every frame and its time.
        motion: how frames hang together.
        width, height: of raw frames, pixels.
    """

    span: Span = field(default_factory=Span)
    rate: Fraction | None = None
    motion: MotionConfig = field(default_factory=MotionConfig)
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on.

    Attributes:
        report: called after every frame with what was done, and how many frames there are, about.
        should_stop: asked after every frame; what was written until then is kept, a whole clip.
    """

    report: Callable[[Progress, int], None] = lambda *_: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """Where frames come from: frames, their rate and unit of time, about how many, a name, and the clip."""

    frames: Iterator[Frame]
    rate: Fraction
    base: Fraction
    total: int
    label: str
    clip: Clip | None
    span: Span


def check_look(config: PipelineConfig, output: str) -> None:
    """See that a look fits moving pictures, before anything is loaded.

    Raises:
        ConfigError: it does not.
    """
    if config.face == "all" and config.frame != "photo":
        raise ConfigError("--face all needs --frame photo in moving pictures: an avatar shows one person")
    if output != "-":
        transparent = parse_background(config.background).kind == "transparent" and not config.compare
        check_output(Path(output), transparent, config.size * (1 + config.compare))


def convert_clip(
    pipeline: Pipeline,
    config: PipelineConfig,
    source: Path | BinaryIO,
    target: Path | BinaryIO,
    task: Task | None = None,
    watch: Watch | None = None,
) -> Progress:
    """Convert a clip.

    Args:
        pipeline: loaded with ``config``.
        config: how.
        source: the clip; or a stream of raw RGB frames.
        target: file to write, sound included; or a stream for raw RGB, RGBA if the background is transparent.
        task: which part, and how it moves.
        watch: who looks on.

    Raises:
        ConfigError: the part lies beyond the clip, or raw frames have no size.
        ImageReadError: the clip cannot be read.
        ImageWriteError: it cannot be written there; nothing is left behind.
        NoFaceError: nobody was found in it; nothing is left behind.
    """
    task, watch = task or Task(), watch or Watch()
    if isinstance(source, Path):
        frames = _clip_source(source, config, task)
        people = _sampled(pipeline, config, frames)
    else:
        frames, people = _raw_source(source, config, task), []
    animator = Animator(pipeline, config, task.motion, people)
    progress = Progress()
    live = frames.clip is None and not isinstance(target, Path)
    with closing(_drawn(animator, frames.frames, progress, AHEAD * (not live))) as drawn:
        if not isinstance(target, Path):
            _write(drawn, RawWriter(target), progress, watch, frames.total)
        elif (first := next(drawn, None)) is not None:  # its picture says how large the clip will be
            _into_file(target, chain([first], drawn), first[0], frames, progress, watch)
    progress.stages = dict(animator.timer.seconds)
    return progress


def _clip_source(path: Path, config: PipelineConfig, task: Task) -> _Source:
    clip, span = open_clip(path, config.max_pixels), task.span
    rate = task.rate or clip.rate
    end = clip.seconds if span.end is None else min(float(span.end), clip.seconds)
    total = max(1, round((end - float(span.start)) * float(rate)))
    frames: Iterator[Frame] = read_clip(clip, span)
    if task.rate is not None:
        frames = paced(frames, task.rate)
    base = clip.time_base if task.rate is None else FINE
    return _Source(frames, rate, base, total, printable(path), clip, span)


def _raw_source(stream: BinaryIO, config: PipelineConfig, task: Task) -> _Source:
    if task.width is None or task.height is None:
        raise ConfigError("raw frames on stdin need --width and --height")
    if task.width * task.height > config.max_pixels:
        raise ConfigError(f"frames of {task.width}x{task.height} pixels are over the limit; raise it with --max-pixels")
    rate = task.rate or USUAL_RATE
    return _Source(read_raw(stream, task.width, task.height, rate), rate, FINE, 0, "stdin", None, task.span)


def _sampled(pipeline: Pipeline, config: PipelineConfig, source: _Source) -> list[Character]:
    """The people wanted, described all over the clip."""
    people: list[Character] = []
    if source.clip is None:
        return people
    for image in samples(source.clip, source.span, SAMPLES):
        with suppress(NoFaceError):
            faces = pick(pipeline.detect(image, every=config.face != "largest"), config.face)
            people += [pipeline.describe(image, face) for face in faces]
    return people


def _into_file(
    path: Path,
    drawn: Iterable[tuple[Picture, Frame]],
    first: Picture,
    source: _Source,
    progress: Progress,
    watch: Watch,
) -> None:
    shape = Shape((first.shape[0], first.shape[1]), first.shape[2] == 4, source.rate, source.base)
    with writing(path, shape, source.clip, source.span) as writer:
        _write(drawn, writer, progress, watch, source.total)
        if progress.drawn == 0:
            raise NoFaceError(f"{source.label}: no face found in {progress.frames} frames")
        if not progress.stopped:
            writer.complete()


def _write(
    drawn: Iterable[tuple[Picture, Frame]],
    write: Callable[[Picture, Frame], None],
    progress: Progress,
    watch: Watch,
    total: int,
) -> None:
    for picture, frame in drawn:
        write(picture, frame)
        progress.frames += 1
        progress.seconds = float(frame.time + frame.duration)
        watch.report(progress, max(total, progress.frames))
        if watch.should_stop():
            progress.stopped = True
            return


def _drawn(
    animator: Animator, frames: Iterator[Frame], progress: Progress, count: int
) -> Generator[tuple[Picture, Frame], None, None]:
    """Draw frames in turn; reading, looking and drawing run ahead, each in a thread of its own.

    Args:
        animator: draws.
        frames: what.
        progress: told when somebody was drawn.
        count: how far ahead; 0 where each picture is waited for before the next frame comes.
    """

    def look(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Scene | None]]:
        last: Frame | None = None
        for frame in frames:
            again = last is not None and frame.image is last.image  # a repeated frame costs nothing
            yield frame, None if again else animator.look(frame.image, float(frame.time))
            last = frame

    def ink(looked: Iterable[tuple[Frame, Scene | None]]) -> Iterator[tuple[Frame, Inked | None]]:
        for frame, scene in looked:
            yield frame, animator.ink(scene) if scene is not None else None

    picture, shown = np.zeros((1, 1, 3), np.uint8), False
    with _ahead(frames, count) as read, _ahead(look(read), count) as looked, _ahead(ink(looked), count) as all_inked:
        for frame, inked in all_inked:
            if inked is not None:
                picture, shown = animator.compose(inked), bool(inked.scene.seen)
            progress.drawn += shown
            yield picture, frame


@contextmanager
def _ahead(items: Iterator[T], count: int) -> Iterator[Iterator[T]]:
    """Let some items be made ahead, in a thread; their order and number stay."""
    if count == 0:
        yield items
        return
    end: list[T] = []  # stands for the end of the items; there is no other like it

    def queued() -> Iterator[T]:
        waiting = deque(thread.submit(next, items, end) for _ in range(count))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]

    with ThreadPoolExecutor(1) as thread:
        yield queued()
