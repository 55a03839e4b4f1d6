"""Write moving pictures: frames with times, by the suffix of the file, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from photo2moe.errors import ConfigError, ImageWriteError
from photo2moe.files import printable, reason, replacing
from photo2moe.video.clip import Clip, Frame, Span
from photo2moe.video.container import import_av
from photo2moe.video.seal import seal, tags
from photo2moe.video.sound import HELD, Sound

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Picture = NDArray[np.uint8]

FORMS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".webm": "webm", ".gif": "gif", ".webp": "webp"}
OPAQUE = ("mp4", "mov")
LONGEST_SIDE = {"gif": 65_535, "webp": 16_383}  # pixels; H.264 and VP9 hold more than --size allows
# Quality above speed, as far as drawing, not encoding, stays what takes the time. Drawings
# have flat colours and thin lines, on which low rates show first.
CODECS = {
    "mp4": ("libx264", {"crf": "17", "preset": "veryfast", "tune": "animation"}),
    "mov": ("libx264", {"crf": "17", "preset": "veryfast", "tune": "animation"}),
    "webm": ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}),
    "gif": ("gif", {}),
    "webp": ("libwebp_anim", {"quality": "85", "compression_level": "2", "loop": "0"}),
}
BT709 = 1  # the number of the matrix, the primaries and the curve in every standard
COLOURS = 255  # of a GIF's palette; one more is transparency
MISFIT = 6.0  # mean error in levels beyond which a GIF's palette is made anew, as after a cut


@dataclass(frozen=True, slots=True)
class Shape:
    """What a clip is going to be like.

    Attributes:
        size: ``(height, width)``.
        alpha: whether pictures are RGBA.
        rate: frames a second, about.
        time_base: unit of the times, seconds.
    """

    size: tuple[int, int]
    alpha: bool
    rate: Fraction
    time_base: Fraction


class Writer:
    """A clip that is being written; see :func:`writing`."""

    def __init__(self, container: OutputContainer, stream: VideoStream, form: str, shape: Shape) -> None:
        self._container, self._stream, self._form, self._shape = container, stream, form, shape
        self._palette: PIL.Image.Image | None = None
        self._last = -1
        self.sound: Sound | None = None
        self.end = Fraction(0)

    def __call__(self, picture: Picture, frame: Frame) -> None:
        """Write a picture at the time of a frame."""
        base = self._stream.codec_context.time_base or self._shape.time_base
        pts = round(frame.time / base)
        if pts <= self._last:  # finer than the format's clock
            return
        self._last, self.end = pts, frame.time + frame.duration
        made = self._frame(picture)
        made.pts, made.time_base = pts, base
        made.duration = max(1, round(frame.duration / base))
        self._container.mux(self._stream.encode(made))
        if self.sound is not None:
            self.sound.pull(self.end)

    def complete(self) -> None:
        """Write what sound there is after the last picture."""
        if self.sound is not None:
            self.sound.pull(None)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))

    def _frame(self, picture: Picture) -> VideoFrame:
        from av.video.frame import VideoFrame as Made
        from av.video.reformatter import ColorRange, Colorspace

        if self._form == "gif":
            indexed: Any = self._indexed(picture)  # a pair, which the annotations of PyAV leave out
            return Made.from_ndarray(indexed, format="pal8")
        height, width = picture.shape[:2]
        if self._form in ("mp4", "mov", "webm") and (height % 2 or width % 2):  # colours are stored for 2 × 2 pixels
            picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        made = Made.from_ndarray(np.ascontiguousarray(picture), format="rgba" if picture.shape[2] == 4 else "rgb24")
        if self._form == "webp":
            return made.reformat(format="bgra")
        return made.reformat(
            format=self._stream.pix_fmt, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )

    def _indexed(self, picture: Picture) -> tuple[Picture, Picture]:
        """Indices and palette. The palette stays as long as it fits: a new one for each frame would flicker."""
        rgb = PIL.Image.fromarray(np.ascontiguousarray(picture[..., :3]))
        near = None if self._palette is None else rgb.quantize(palette=self._palette, dither=PIL.Image.Dither.NONE)
        if near is None or _misfit(rgb, near) > MISFIT:
            self._palette = rgb.quantize(COLOURS, PIL.Image.Quantize.MEDIANCUT)
            near = rgb.quantize(palette=self._palette, dither=PIL.Image.Dither.NONE)
        colours = np.zeros((256, 4), np.uint8)
        table = np.array(near.getpalette(), np.uint8).reshape(-1, 3)[:COLOURS]
        colours[: len(table), 1:], colours[:COLOURS, 0] = table, 255  # alpha, red, green, blue
        indices = np.array(near, np.uint8)
        if picture.shape[2] == 4:
            indices[picture[..., 3] < 128] = COLOURS
        return indices, colours


@contextmanager
def writing(path: Path, shape: Shape, clip: Clip | None = None, span: Span | None = None) -> Iterator[Writer]:
    """Write a clip, beside its place first; it takes the place when all went well.

    Args:
        path: ``.mp4``, ``.m4v``, ``.mov``, ``.webm``, ``.gif`` or ``.webp``.
        shape: what it is going to be like.
        clip: whose sound it shall have.
        span: which part of it.

    Raises:
        ConfigError: see :func:`check_output`.
        ImageWriteError: it cannot be written there.
    """
    form = check_output(path, shape.alpha, max(shape.size))
    import_av()
    import av

    with replacing(path) as temporary:
        try:
            with ExitStack() as stack:
                options = {"movflags": "+faststart"} if form in ("mp4", "mov") else {}
                options |= {"loop": "0"} if form in ("gif", "webp") else {}
                container = stack.enter_context(av.open(temporary, "w", format=form, options=options))
                container.metadata.update(tags(form))
                writer = Writer(container, _add_pictures(container, form, shape), form, shape)
                if clip is not None and form in HELD:
                    writer.sound = stack.enter_context(Sound(clip, span or Span(), container, form))
                yield writer
                writer.finish()
            seal(temporary, form)
        except av.FFmpegError as error:
            raise ImageWriteError(f"{printable(path)}: cannot be written: {reason(error)}") from error


def check_output(path: Path, alpha: bool, side: int = 0) -> str:
    """The format that a file name asks for.

    Raises:
        ConfigError: it is none of ours, or it cannot hold such pictures.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ConfigError(f"{printable(path)}: unknown clip format; use {', '.join(FORMS)}")
    if alpha and form in OPAQUE:
        raise ConfigError(f"{path.suffix} cannot hold transparency; use .webm, .webp or .gif")
    if side > LONGEST_SIDE.get(form, side):
        raise ConfigError(f"{path.suffix} cannot hold a side of {side} pixels; use .mp4 or .webm")
    return form


def _add_pictures(container: OutputContainer, form: str, shape: Shape) -> VideoStream:
    codec, options = CODECS[form]
    stream = cast("VideoStream", container.add_stream(codec, rate=shape.rate, options=dict(options)))
    even = 2 if form in ("mp4", "mov", "webm") else 1
    stream.height, stream.width = (side + side % even for side in shape.size)
    context: VideoCodecContext = stream.codec_context
    context.time_base = {"gif": Fraction(1, 100), "webp": Fraction(1, 1000)}.get(form, shape.time_base)
    choices: dict[str, Callable[[], str]] = {
        "gif": lambda: "pal8",
        "webp": lambda: "bgra",
        "webm": lambda: "yuva420p" if shape.alpha else "yuv420p",
    }
    stream.pix_fmt = choices.get(form, lambda: "yuv420p")()
    if even == 2:
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = BT709
    return stream


def _misfit(rgb: PIL.Image.Image, near: PIL.Image.Image) -> float:
    apart = np.asarray(rgb, np.int16) - np.asarray(near.convert("RGB"), np.int16)
    return float(np.abs(apart).mean())
