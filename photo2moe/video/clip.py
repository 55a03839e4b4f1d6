"""Read moving pictures: upright RGB frames with their times, from any file that FFmpeg or Pillow reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL.Image

from photo2moe.errors import ConfigError, ImageReadError
from photo2moe.files import printable, reason
from photo2moe.formats import HEAD, kind_of
from photo2moe.imageio import MAX_PIXELS
from photo2moe.types import Image
from photo2moe.video.container import opened
from photo2moe.video.patience import all_in_time, in_time

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

ANIMATIONS = ("GIF", "WebP")  # Pillow reads these: FFmpeg knows no animated WebP
COVER = 0x400  # FFmpeg's mark of a stream that is one attached picture, such as the cover of a song
UNSTATED = Fraction(1, 10)  # seconds a frame of a GIF stays that says 0; browsers do the same
USUAL_RATE = Fraction(25)  # frames a second where a file does not say


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a clip.

    Attributes:
        image: ``(H, W, 3)`` uint8, upright.
        time: seconds since the clip began.
        duration: seconds it stays.
    """

    image: Image
    time: Fraction
    duration: Fraction


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a clip, seconds; ``end`` is not in it."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise ConfigError("--start must be 0 or more, and --end later than --start")


@dataclass(frozen=True, slots=True)
class Clip:
    """What a file says about itself.

    Attributes:
        path: the file.
        rate: frames a second, on average.
        seconds: how long it is; 0 if it does not say.
        time_base: unit of its times, seconds.
        origin: time on the file's own clock that counts as 0, seconds.
        max_pixels: of a frame; a file may change its mind about their size.
        animated: whether it is one of :data:`ANIMATIONS`.
    """

    path: Path
    rate: Fraction
    seconds: float
    time_base: Fraction
    origin: Fraction = Fraction(0)
    max_pixels: int = MAX_PIXELS
    animated: bool = False


def open_clip(path: Path, max_pixels: int) -> Clip:
    """Look into a clip.

    Raises:
        ImageReadError: missing, without pictures, larger than ``max_pixels``, or damaged.
    """
    label = printable(path)
    if not path.is_file():
        raise ImageReadError(f"{label}: " + ("is a folder; name a clip" if path.is_dir() else "no such file"))
    if kind_of(_head(path, label)) in ANIMATIONS:
        return _open_animation(path, max_pixels)
    with opened(path) as container:
        stream = _pictures(container, label)
        _check_size(stream.width, stream.height, max_pixels, label)
        rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
        own = None if stream.duration is None or stream.time_base is None else float(stream.duration * stream.time_base)
        seconds = own if own is not None else (container.duration or 0) / 1e6
        # The earliest of sound and picture is 0, so that both keep their distance.
        played = [s for s in container.streams if not s.disposition & COVER]
        starts = [s.start_time * s.time_base for s in played if s.start_time is not None and s.time_base]
        origin = max(Fraction(0), min(starts, default=Fraction(0)))
        return Clip(path, Fraction(rate), seconds, stream.time_base or 1 / Fraction(rate), origin, max_pixels)


def read_clip(clip: Clip, span: Span | None = None) -> Iterator[Frame]:
    """Read the frames of a part of a clip, times counted from the part's start.

    The first frame is the one that is on show at the start. Frames that are damaged are
    left out; the one before stays longer then.

    Raises:
        ImageReadError: nothing could be decoded.
    """
    span = span or Span()
    if not clip.animated and span.start >= clip.seconds > 0:
        raise _beyond(span, clip.seconds)
    held: Frame | None = None
    frames = (
        all_in_time(printable(clip.path), _animation_frames(clip)) if clip.animated else _video_frames(clip, span.start)
    )
    for frame in frames:
        if span.end is not None and frame.time >= span.end:
            break
        if held is not None and frame.time > span.start:
            yield _cut(held, span, until=frame.time)
        if held is None or frame.time > held.time:
            held = frame
    if held is None:
        raise ImageReadError(f"{printable(clip.path)}: holds no picture that can be read")
    if held.time + held.duration <= span.start:
        raise ConfigError(
            f"--start {float(span.start):g}: the clip ends after {float(held.time + held.duration):.2f} s"
        )
    last = held.time + held.duration
    yield _cut(held, span, until=last if span.end is None else min(last, span.end))


def paced(frames: Iterable[Frame], rate: Fraction) -> Iterator[Frame]:
    """Bring frames to a fixed rate: some are left out, others repeated (the very same image)."""
    number = 0
    for frame in frames:
        while (time := number / rate) < frame.time + frame.duration:
            if time >= frame.time:
                yield Frame(frame.image, time, 1 / rate)
            number += 1


def samples(clip: Clip, span: Span, count: int) -> Iterator[Image]:
    """Some frames spread over a part of a clip; none where the file cannot be searched."""
    end = min(float(span.end), clip.seconds) if span.end is not None else clip.seconds
    times = np.linspace(float(span.start), end, count + 1)[:-1]
    if clip.animated or end <= float(span.start):
        return
    label = printable(clip.path)
    with suppress(OSError, ValueError), opened(clip.path) as container:
        stream = _pictures(container, label, clip.max_pixels)
        for time in times:
            target = round((float(clip.origin) + time) / float(stream.time_base or 1))
            in_time(label, partial(container.seek, target, stream=stream))
            for frame in _decoded(container, stream, label):
                yield _upright(frame, stream, clip.max_pixels, label)
                break


def _beyond(span: Span, seconds: float) -> ConfigError:
    return ConfigError(f"--start {float(span.start):g}: the clip ends after {seconds:.2f} s")


def _cut(frame: Frame, span: Span, until: Fraction) -> Frame:
    begun = max(frame.time, span.start)
    return replace(frame, time=begun - span.start, duration=until - begun)


def _check_size(width: float, height: float, limit: int, label: str) -> None:
    if width * height > limit:
        raise ImageReadError(
            f"{label}: {width:.0f}x{height:.0f} is over the limit of {limit:,} pixels; raise it with --max-pixels"
        )


def _pictures(container: InputContainer, label: str, max_pixels: int = MAX_PIXELS) -> VideoStream:
    stream = next((stream for stream in container.streams.video if not stream.disposition & COVER), None)
    if stream is None:
        raise ImageReadError(f"{label}: holds no moving pictures")
    stream.thread_type = "AUTO"
    # FFmpeg makes no frame beyond, whatever the file says later; coded ones have some pixels more than are shown.
    stream.codec_context.options = {"max_pixels": str(2 * max_pixels)}
    return stream


def _video_frames(clip: Clip, start: Fraction) -> Iterator[Frame]:
    """All frames from shortly before ``start``, times on the clip's clock."""
    label = printable(clip.path)
    with opened(clip.path) as container:
        stream = _pictures(container, label, clip.max_pixels)
        base = stream.time_base or clip.time_base
        if start > 0:
            in_time(label, partial(container.seek, math.floor((clip.origin + start) / base), stream=stream))
        after = Fraction(0)
        for frame in _decoded(container, stream, label):
            time = frame.pts * base - clip.origin if frame.pts is not None else after
            duration = frame.duration * base if frame.duration else 1 / clip.rate
            after = time + duration
            if time + duration > start or not frame.duration:
                yield Frame(_upright(frame, stream, clip.max_pixels, label), time, duration)


def _decoded(container: InputContainer, stream: VideoStream, label: str) -> Iterator[VideoFrame]:
    """Frames of a stream, what is damaged left out."""
    with suppress(EOFError):
        for packet in all_in_time(label, container.demux(stream)):
            with suppress(ValueError, OSError):  # PyAV's InvalidDataError is a ValueError
                yield from in_time(label, packet.decode)


def _upright(frame: VideoFrame, stream: VideoStream, max_pixels: int, label: str) -> Image:
    """RGB with square pixels, turned as the file says."""
    aspect = stream.sample_aspect_ratio
    _check_size(frame.width * float(aspect or 1), frame.height, max_pixels, label)
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    if aspect and aspect != 1:
        size = max(1, round(image.shape[1] * float(aspect))), image.shape[0]
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def _head(path: Path, label: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise ImageReadError(f"{label}: cannot be read: {reason(error)}") from error


def _open_animation(path: Path, max_pixels: int) -> Clip:
    with _animation(path) as picture:
        _check_size(picture.width, picture.height, max_pixels, printable(path))
        with suppress(OSError, SyntaxError):  # only a loaded frame knows its duration; damage shows later
            picture.load()
        count, first = int(getattr(picture, "n_frames", 1)), _duration(picture)
    # Later frames may stay longer or shorter; decoding all of them only to know is not worth it.
    return Clip(path, 1 / first, float(count * first), Fraction(1, 1000), animated=True)


def _animation_frames(clip: Clip) -> Iterator[Frame]:
    with _animation(clip.path) as picture:
        time = Fraction(0)
        for number in range(int(getattr(picture, "n_frames", 1))):
            try:
                picture.seek(number)
                shown = picture.convert("RGBA")
            except Exception:  # the rest is damaged, and hostile bytes can raise nearly anything from a decoder
                return
            flat = PIL.Image.new("RGB", shown.size, "white")
            flat.paste(shown, mask=shown.getchannel("A"))
            duration = _duration(picture)
            yield Frame(np.array(flat), time, duration)
            time += duration


def _animation(path: Path) -> PIL.Image.Image:
    try:
        return PIL.Image.open(path, formats=("GIF", "WEBP"))
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise ImageReadError(f"{printable(path)}: not a clip that can be read, or damaged") from error


def _duration(picture: PIL.Image.Image) -> Fraction:
    milliseconds = picture.info.get("duration") or 0
    return Fraction(round(milliseconds), 1000) if milliseconds > 0 else UNSTATED
