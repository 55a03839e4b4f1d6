"""What a file is, by its first bytes: a suffix is what somebody once called it."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEAD = 256  # bytes that tell it; the brands of an ISO file lie within
# What is called so is meant as a photo, and gets an avatar or a sentence.
READ_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"))
READ_SUFFIXES |= {".heic", ".heif", ".hif", ".avif", ".jxl"}
READ_SUFFIXES |= {".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"}  # raw

_BEGINNINGS = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF....WEBPVP8", "WebP"),
    (rb"BM.{12}[\x0c-\x7f]\0\0\0", "BMP"),  # with the size of the second header: two letters begin many a text
    (rb"GIF8[79]a", "GIF"),
    (rb"II\*\0....CR|IIRO|IIRS|MMOR|IIU\0|FUJIFILMCCD-RAW|FOVb", "raw"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),  # many cameras' raw files too; what is inside tells them apart
    (rb"\xff\x0a|\0\0\0\x0cJXL \r\n", "JPEG XL"),
    (rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n", "JPEG 2000"),
    (rb"\x1aE\xdf\xa3|RIFF....AVI ", "clip"),
)
_KINDS = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _BEGINNINGS)
_BRANDS = (
    ({b"avif", b"avis"}, "AVIF"),
    ({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}, "HEIF"),
    ({b"crx "}, "raw"),
)  # of ISO files, the first that fits; all others are clips
_PHOTOS = frozenset({"JPEG", "PNG", "WebP", "BMP", "GIF", "raw", "TIFF", "JPEG XL", "JPEG 2000", "AVIF", "HEIF"})


def kind_of(data: bytes) -> str:
    """The name of a format, from at least :data:`HEAD` bytes of a file or all of it; empty if it is none of ours.

    >>> kind_of(b"GIF89a and more")
    'GIF'
    """
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), HEAD)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}
        return next((kind for known, kind in _BRANDS if brands & known), "clip")
    return next((kind for pattern, kind in _KINDS if pattern.match(data)), "")


def is_photo(data: bytes) -> bool:
    """Whether these first bytes begin a photo, also one that cannot be read yet."""
    return kind_of(data) in _PHOTOS


def has_turn(data: bytes) -> bool:
    """Whether a HEIF or AVIF file itself says how its pictures are turned, whatever EXIF says."""
    inside = _box(_box(_box(data, b"meta")[4:], b"iprp"), b"ipco")
    return any(kind in (b"irot", b"imir") for kind, _ in _boxes(inside))


def _box(data: bytes, wanted: bytes) -> bytes:
    return next((body for kind, body in _boxes(data) if kind == wanted), b"")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and bodies of the boxes of an ISO file, or of one of its boxes."""
    at = 0
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size else len(data)
        if end < at + head:  # damaged
            return
        yield kind, data[at + head : end]
        at = end
