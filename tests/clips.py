"""Small clips made from the CC0 photos in ``tests/data``: panned, zoomed, tilted, with what tests need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from photo2moe.imageio import read_image

DATA = Path(__file__).parent / "data"
SIZE = (240, 320)  # height, width
RATE = 25
SOUND = 44_100  # hertz


def photo(name):
    return read_image(DATA / f"{name}.jpg")


def moving(name, count, *, size=SIZE, start=0.0, noise=3.0, zoom=1.0):
    """A photo under a hand-held camera: pan, zoom and tilt, and grain; the same each time."""
    picture, (height, width) = photo(name), size
    grain = np.random.default_rng(7)
    high, wide = picture.shape[:2]
    for number in range(count):
        t = start + number / RATE
        scale, turn = zoom * height / high * (1 + 0.06 * np.sin(1.3 * t)), np.radians(6 * np.sin(1.7 * t))
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        x, y = width * (0.5 + 0.05 * np.sin(2.1 * t)), height * (0.5 + 0.03 * np.sin(1.1 * t))
        matrix = np.array(
            [[cos, -sin, x - (cos * wide - sin * high) / 2], [sin, cos, y - (sin * wide + cos * high) / 2]]
        )
        flags, border = cv2.INTER_AREA, cv2.BORDER_REFLECT_101
        frame = cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=border)
        yield np.clip(frame + grain.normal(0, noise, frame.shape), 0, 255).astype(np.uint8)


def still(name, count, size=SIZE):
    """A photo, unmoved."""
    frame = cv2.resize(photo(name), size[::-1], interpolation=cv2.INTER_AREA)
    return [frame] * count


def write_clip(path, frames: Iterable[np.ndarray], *, times: Sequence[int] | None = None, sound=None, codec="libx264"):
    """Write a clip.

    Args:
        path: its suffix says the format.
        frames: RGB.
        times: of each frame, thousandths of a second; by default an even ``RATE``.
        sound: mono samples at ``SOUND`` hertz.
        codec: of the pictures.
    """
    frames = list(frames)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(codec, rate=RATE)
        pictures.height, pictures.width = frames[0].shape[:2]
        pictures.pix_fmt = "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 1000)
        track = None
        if sound is not None:
            track = container.add_stream(
                "libopus" if path.suffix == ".webm" else "aac", rate=48_000 if path.suffix == ".webm" else SOUND
            )
            track.layout = "mono"
        for number, frame in enumerate(frames):
            made = av.VideoFrame.from_ndarray(frame, format="rgb24")
            made.pts = times[number] if times is not None else number * 1000 // RATE
            made.time_base = Fraction(1, 1000)
            container.mux(pictures.encode(made))
        container.mux(pictures.encode())
        if track is not None:
            samples = av.AudioFrame.from_ndarray(np.asarray(sound, np.float32)[None], format="fltp", layout="mono")
            samples.rate, samples.pts = SOUND, 0
            container.mux(track.encode(samples))
            container.mux(track.encode())
    return path


def clap(seconds, at):
    """Silence with a short tone ``at`` a time."""
    samples = np.zeros(round(seconds * SOUND), np.float32)
    first = round(at * SOUND)
    length = SOUND // 20
    samples[first : first + length] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(length) / SOUND)
    return samples


def heard(path):
    """When the sound of a clip first gets loud, seconds on the clip's clock."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray().astype(np.float32)).max(0)
            if frame.format.name.startswith("s16"):
                loud /= 32768
            first = np.flatnonzero(loud > 0.2)
            if len(first):
                return frame.time + first[0] / frame.sample_rate
    raise AssertionError("the clip is silent")


def turn_quarter(path):
    """Mark an MP4 as filmed on its side: players turn it a quarter clockwise."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8  # version, times, two reserved, layer and volume
    matrix = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(bytes(data))
    return path
