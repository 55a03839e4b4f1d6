"""Frames through pipes: raw RGB in, raw RGB out, nothing around them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import ImageReadError
from photo2moe.video.clip import Frame


def read_raw(stream: BinaryIO, width: int, height: int, rate: Fraction) -> Iterator[Frame]:
    """Read frames of 3 bytes a pixel, row by row, until the stream ends.

    Args:
        stream: a binary stream.
        width: of a frame, pixels.
        height: of a frame, pixels.
        rate: frames a second.

    Raises:
        ImageReadError: the stream ends in the middle of a frame: the size is probably another.
    """
    size, number = 3 * width * height, 0
    while data := _exactly(stream, size):
        if len(data) < size:
            raise ImageReadError(
                f"stdin: ends {size - len(data):,} bytes short of frame {number + 1} of {width}x{height} pixels, "
                "3 bytes each; check --width and --height"
            )
        image = np.frombuffer(data, np.uint8).reshape(height, width, 3)
        yield Frame(image, number / rate, 1 / rate)
        number += 1


class RawWriter:
    """Writes pictures as they are, each at once: whoever waits for one need not wait for the next.

    Args:
        stream: a binary stream.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __call__(self, picture: NDArray[np.uint8], frame: Frame) -> None:
        """Write ``(H, W, C)``; the frame's time has no place here."""
        self._stream.write(np.ascontiguousarray(picture).tobytes())
        self._stream.flush()


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, or fewer at the end of the stream."""
    data = b""
    while len(data) < size and (part := stream.read(size - len(data))):  # a pipe may give less than asked for
        data = data + part if data else part
    return data
