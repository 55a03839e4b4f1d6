"""Carry the sound of one clip into another: as it is where the new file can hold it, else encoded anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, cast

from photo2moe.files import printable
from photo2moe.video.clip import Clip, Span
from photo2moe.video.container import opened
from photo2moe.video.patience import in_time

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

# Container -> sound it can hold as it is, and what other sound becomes.
HELD = {
    "mp4": ({"aac", "mp3", "ac3"}, "aac"),
    "mov": ({"aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le"}, "aac"),
    "webm": ({"opus", "vorbis"}, "libopus"),
}
BIT_RATE = {"aac": 160_000, "libopus": 112_000}
OPUS_RATE = 48_000  # hertz; the only usual rate that Opus knows
EARLY = Fraction(1, 5)  # seconds: encoders begin a little before 0, and files say so


class Sound:
    """The sound of a part of a clip, pulled along with the pictures.

    It is read from the file a second time, beside the pictures, so that neither has
    to wait in memory for the other. Times stay what they are on the clip's clock.

    Args:
        clip: where it comes from.
        span: which part.
        target: where it goes; a stream is added.
        form: the target's format, a key of :data:`HELD`.
    """

    def __init__(self, clip: Clip, span: Span, target: OutputContainer, form: str) -> None:
        self._clip, self._span, self._target = clip, span, target
        self._stack = ExitStack()
        source = self._stack.enter_context(opened(clip.path))
        self._ahead: Packet[AudioStream] | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._source = source
        if not source.streams.audio:
            return
        self._stream = source.streams.audio[0]
        self._base = self._stream.time_base or Fraction(1, self._stream.rate)
        held, codec = HELD[form]
        self._copied = self._stream.codec_context.name in held
        if self._copied:
            self._out: AudioStream = target.add_stream_from_template(self._stream)
        else:
            rate = OPUS_RATE if codec == "libopus" else self._stream.rate
            self._out = cast("AudioStream", target.add_stream(codec, rate=rate))
            self._out.bit_rate = BIT_RATE[codec]
            self._out.layout = "mono" if self._stream.channels == 1 else "stereo"
        if span.start > 0:
            source.seek(int((clip.origin + span.start) / self._base), stream=self._stream)
        self._packets = self._made() if self._copied else self._encoded()

    def __enter__(self) -> Sound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def pull(self, time: Fraction | None) -> None:
        """Write all sound that belongs before a time, seconds since the part began; ``None``: all there is."""
        while True:
            if self._ahead is None:
                self._ahead = in_time(printable(self._clip.path), lambda: next(self._packets, None))
            packet = self._ahead
            if packet is None:
                return
            if time is not None and (packet.pts or 0) * (packet.time_base or self._base) >= time:
                return
            self._ahead = None
            self._target.mux(packet)

    def _made(self) -> Iterator[Packet[AudioStream]]:
        """The packets of the part, moved to its clock."""
        shift = self._clip.origin + self._span.start
        earliest = -EARLY if self._span.start == 0 else Fraction(0)
        for packet in self._source.demux(self._stream):
            if packet.pts is None:
                continue
            time = packet.pts * self._base - shift
            if self._span.end is not None and time >= self._span.end - self._span.start:
                return
            if time < earliest:
                continue
            packet.pts -= round(shift / self._base)
            packet.dts = packet.pts
            packet.stream = self._out
            yield packet

    def _encoded(self) -> Iterator[Packet[AudioStream]]:
        for frame in self._decoded():
            yield from self._out.encode(frame)
        yield from self._out.encode(None)

    def _decoded(self) -> Iterator[AudioFrame]:
        shift = self._clip.origin + self._span.start
        for packet in self._source.demux(self._stream):
            with suppress(ValueError, OSError):  # damaged sound is left out
                for frame in packet.decode():
                    if frame.pts is None or frame.time_base is None:
                        continue
                    time = frame.pts * frame.time_base - shift
                    if self._span.end is not None and time >= self._span.end - self._span.start:
                        return
                    if time >= 0:
                        frame.pts -= round(shift / frame.time_base)
                        yield frame
