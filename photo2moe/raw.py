"""Raw files of cameras: what the sensor saw is not developed here; most hold a JPEG of it, which is a photo.

No format of a maker is taken apart: the largest JPEG that is found among the bytes is it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import PIL.Image
from PIL.JpegImagePlugin import JpegImageFile

SMALLEST = 1000  # pixels of the longer side; cameras' own previews have 1600 and more, thumbnails 160 to 640

_JPEG = re.compile(rb"\xff\xd8\xff[\xc4\xdb\xdd\xe0-\xef]")
_HEADERS = 1 << 19  # bytes within which a JPEG says its size
_MOST = 200  # beginnings that are looked at; in the values of a sensor some are there by chance
_TIFF = re.compile(rb"II\*\0[\x08-\xff]\0\0\0|MM\0\*\0\0\0[\x08-\xff]")
_EXIF_BYTES = 1 << 16  # from its header on; the orientation is among the first tags
_ORIENTATION, _PURPOSE, _COLOURS, _DNG = 274, 254, 262, 50706  # tags of TIFF
_REDUCED = 1  # value of _PURPOSE: a smaller copy of another picture in the file
_SENSOR = (32803, 34892)  # values of _COLOURS: filters before single pixels; colours as the sensor saw them


def is_raw_tiff(tags: Mapping[int, Any]) -> bool:
    """Whether the tags of a TIFF's first picture say that the photo itself is another."""
    return bool(tags.get(_DNG)) or tags.get(_COLOURS) in _SENSOR or tags.get(_PURPOSE) == _REDUCED


def largest_jpeg(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The largest JPEG inside a file, from its first byte to the file's last, and its width and height.

    Empty, and 0 by 0, if there is none.
    """
    start, size = len(data), (0, 0)
    for number, found in enumerate(_JPEG.finditer(data)):
        if number == _MOST:
            break
        with suppress(Exception):  # no beginning at all, and hostile bytes can raise nearly anything
            # Values of a sensor are often packed as JPEG too, in more than 8 bits: Pillow refuses those.
            width, height = JpegImageFile(io.BytesIO(data[found.start() : found.start() + _HEADERS])).size
            if width * height > size[0] * size[1]:
                start, size = found.start(), (width, height)
    return data[start:], size


def written_orientation(data: bytes) -> int:
    """The orientation in the first EXIF, or TIFF, that lies anywhere in a file; 1 if there is none."""
    found = _TIFF.search(data)
    if not found:
        return 1
    exif = PIL.Image.Exif()
    with suppress(Exception):  # damaged EXIF raises nearly anything, and is no reason to lose the photo
        exif.load(data[found.start() : found.start() + _EXIF_BYTES])
        return int(exif.get(_ORIENTATION, 1))
    return 1
