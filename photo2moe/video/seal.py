"""The mark that says a machine made it, put into a finished clip; see ``provenance``.

The packet stands as plain text in every format, as in pictures, so ``photo2moe
inspect`` finds it in the same way.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from photo2moe.provenance import packet

# Where the XMP specification, part 3, puts packets: MP4 and QuickTime, GIF, WebP.
UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
GIF_EXTENSION = b"\x21\xff\x0bXMP DataXMP"
GIF_TRAILER = bytes([1, *range(255, -1, -1), 0])  # whatever byte of the packet a reader takes for a length, it ends
XMP_FLAG = 0x04  # in the first byte of WebP's VP8X


def seal(path: str, form: str) -> None:
    """Add the mark to a finished file, in place.

    Matroska takes it as a tag while it is written: see :func:`tags`.

    Args:
        path: the file.
        form: ``mp4``, ``mov``, ``gif`` or ``webp``; others are left as they are.
    """
    with open(path, "rb+") as stream:
        if form in ("mp4", "mov"):
            stream.seek(0, os.SEEK_END)
            body = UUID + packet().encode()
            stream.write(struct.pack(">I4s", 8 + len(body), b"uuid") + body)
        elif form == "gif":
            stream.seek(-1, os.SEEK_END)  # over the last byte, which ends the file
            stream.write(GIF_EXTENSION + packet().encode() + GIF_TRAILER + b"\x3b")
        elif form == "webp":
            _seal_webp(stream)


def tags(form: str) -> dict[str, str]:
    """Metadata that a clip is written with."""
    from photo2moe.provenance import tool

    words = {"comment": f"Made by AI: {tool()}"}
    return words | ({"XMP": packet()} if form == "webm" else {})


def _seal_webp(stream: BinaryIO) -> None:
    data = packet().encode()
    stream.seek(0, os.SEEK_END)
    stream.write(struct.pack("<4sI", b"XMP ", len(data)) + data + b"\0" * (len(data) % 2))
    size = stream.tell() - 8
    stream.seek(4)
    stream.write(struct.pack("<I", size))
    stream.seek(12)
    if stream.read(4) == b"VP8X":  # every animation begins with it
        stream.seek(20)
        [flags] = stream.read(1)
        stream.seek(20)
        stream.write(bytes([flags | XMP_FLAG]))
