"""Decode photos in a process of their own, which may crash, hang or eat memory alone.

Decoders are written in C, are fed by strangers, and cannot be called off. So the bytes
of a photo go to a child process, which may use a bounded time and memory; what comes
back is pixels or a sentence. If it dies, the next photo gets a new one.
"""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import numpy as np

from photo2moe.errors import ImageReadError
from photo2moe.files import StrPath, printable, read_source
from photo2moe.imageio import MAX_BYTES, MAX_PIXELS, decode_image
from photo2moe.pixels import Note, ignore
from photo2moe.types import Image

SECONDS = 60  # for one photo; 200 megapixels take some six
# For one photo: what Python and its libraries map, and the most that was seen for a pixel on any way through Pillow.
BASE_MEMORY, PIXEL_MEMORY = 2 << 30, 24  # bytes
LONGEST = 32_766  # pixels of the longer side; OpenCV warps nothing beyond
MOST_PIXELS = 1 << 40  # whatever is allowed: bytes must be counted in 63 bits

_REQUEST = struct.Struct(">IIQQ")  # bytes of the label and of the photo; largest picture, pixels; seconds
_REPLY = struct.Struct(">III")  # height, width, bytes of the words: notes, or why there is no picture, of 0 by 0


class Decoder:
    """Reads photos of people as :func:`photo2moe.imageio.read_image` does, in a child process.

    One thread at a time is served. The process is started by the first photo; a context manager that ends it.

    Args:
        seconds: longest time for one photo.
    """

    def __init__(self, seconds: int = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, also in the middle of a photo, which then counts as damaged."""
        if child := self._child:
            child.kill()
            with self._lock:  # whoever waits for it hears of its death at once
                if self._child is not None:
                    self._bury(self._child)

    def __call__(
        self,
        source: StrPath | BinaryIO,
        *,
        name: str | None = None,
        max_pixels: int = MAX_PIXELS,
        note: Note = ignore,
    ) -> Image:
        """Read a photo, upright and in sRGB.

        Args:
            source: path of a regular file, or a binary stream, read to its end.
            name: what to call the photo in messages; by default its path.
            max_pixels: largest width times height to decode.
            note: told in a sentence what was amiss with a photo that was read all the same.

        Returns:
            ``(H, W, 3)`` uint8 RGB.

        Raises:
            ImageReadError: see ``read_image``; or a side is too long; or it took too long, or its decoder crashed.
        """
        label = printable(name or (source if isinstance(source, str | os.PathLike) else "the image"))
        data = read_source(source, MAX_BYTES, label)
        with self._lock:
            child = self._child = self._child or _start()
            try:
                return self._ask(child, label, data, max_pixels, note)
            except ImageReadError:  # a whole answer, and it waits for the next photo
                raise
            except (OSError, EOFError) as error:  # it has died
                raise ImageReadError(f"{label}: {self._bury(child)}") from error
            except BaseException:  # Ctrl-C: half an answer may be under way
                self._bury(child)
                raise

    def _ask(self, child: subprocess.Popen[bytes], label: str, data: bytes, max_pixels: int, note: Note) -> Image:
        stdin, stdout = cast("BinaryIO", child.stdin), cast("io.BufferedReader", child.stdout)
        name = label.encode("utf-8", "surrogateescape")
        stdin.write(_REQUEST.pack(len(name), len(data), min(max_pixels, MOST_PIXELS), self._seconds) + name)
        stdin.write(data)
        stdin.flush()
        height, width, length = _REPLY.unpack(_exactly(stdout, _REPLY.size))
        words = _exactly(stdout, length).decode("utf-8", "replace")
        if not height:
            raise ImageReadError(words)
        image = np.empty((height, width, 3), np.uint8)
        if stdout.readinto(image.data.cast("B")) != image.nbytes:
            raise EOFError
        for line in words.splitlines():
            note(line)
        return image

    def _bury(self, child: subprocess.Popen[bytes]) -> str:
        """See a process off, and say what it died of."""
        self._child = None
        with suppress(OSError):
            child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        code = child.wait()
        if code == -getattr(signal, "SIGALRM", 0):
            return f"not decoded within {self._seconds} s; export it anew, or make it smaller"
        if code > 0:  # Python's own end: it could not even load what decodes
            return "its decoder cannot be started; free some memory, or raise its limit (ulimit -v)"
        return "its decoder crashed; copy or export it anew"


def serve() -> None:
    """Be the child: answer requests on stdin with pictures on stdout, until stdin ends."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    sink = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # whatever a library prints, it is no picture
        os.dup2(sink, number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    with suppress(EOFError, BrokenPipeError):
        while True:
            words, size, max_pixels, seconds = _REQUEST.unpack(_exactly(requests, _REQUEST.size))
            label = _exactly(requests, words).decode("utf-8", "surrogateescape")
            data = _exactly(requests, size)
            _limit(seconds, BASE_MEMORY + PIXEL_MEMORY * max_pixels)
            notes: list[str] = []
            try:
                image = _within_reach(decode_image(data, label, max_pixels, notes.append), label)
            except ImageReadError as error:
                sentence = str(error).encode("utf-8", "replace")
                replies.write(_REPLY.pack(0, 0, len(sentence)) + sentence)
            else:
                told = "\n".join(notes).encode("utf-8", "replace")
                replies.write(_REPLY.pack(*image.shape[:2], len(told)) + told)
                replies.write(image.data.cast("B"))
                del image
            _limit(0, None)
            replies.flush()
            del data


def _within_reach(image: Image, label: str) -> Image:
    height, width = image.shape[:2]
    if max(height, width) > LONGEST:
        raise ImageReadError(
            f"{label}: {width}x{height} pixels, over {LONGEST:,} a side; cut out the part with the person"
        )
    return image


def _start() -> subprocess.Popen[bytes]:
    # It imports what the parent does, from the same places, and looks for nothing else on its own.
    places = [*sys.path, str(Path(__file__).parent.parent)]
    code = f"import sys; sys.path[:] = {places!r}; from photo2moe.decoder import serve; serve()"
    few = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}  # each thread maps memory
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | few,
    )


def _limit(seconds: int, memory: int | None) -> None:
    """Bound the time and the address space from now on; the time's end kills the process."""
    if sys.platform != "win32":
        import resource

        signal.alarm(seconds)  # not a handler of Python: that would wait for the decoder to return
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        free = memory is None or (hard != resource.RLIM_INFINITY and memory > hard)
        resource.setrlimit(resource.RLIMIT_AS, (hard if free or memory is None else memory, hard))


def _exactly(stream: io.BufferedReader, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError
    return data
