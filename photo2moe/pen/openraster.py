"""Layers in pixels as an OpenRaster file, which Krita, GIMP and MyPaint open.

Format: https://www.openraster.org, version 0.0.5 of its baseline: a Zip file whose first entry is its type, stored.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.imageio import encode_image
from photo2moe.pen.svg import xml_text
from photo2moe.provenance import TRAINED_MEDIA, tool

Pixels = NDArray[np.uint8]

THUMBNAIL = 256  # pixels of its longest side, fixed by the format

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that Zip can hold, so that a file is the same each time
_OPERATIONS = {"normal": "svg:src-over", "multiply": "svg:multiply", "screen": "svg:screen"}


def write_openraster(
    layers: Sequence[tuple[str, Pixels] | tuple[str, Pixels, str]], merged: Pixels, *, title: str = ""
) -> bytes:
    """Write layers as an OpenRaster file, marked as made by a machine, the same bytes each time.

    Args:
        layers: from back to front, name, pixels ``(H, W, 4)`` uint8 RGBA with straight alpha, and how they meet
            those below: ``normal`` (where it is left out), ``multiply`` or ``screen``.
        merged: the finished picture, of the same size, RGB or RGBA.
        title: of the picture; none if empty.

    Returns:
        The file.

    Raises:
        ValueError: no layers, sizes that differ, or an unknown blend.
    """
    height, width = merged.shape[:2]
    if not layers:
        raise ValueError("an OpenRaster file needs a layer")
    entries, lines = [], []
    for at, (name, pixels, *rest) in enumerate(layers):
        blend = rest[0] if rest else "normal"
        if pixels.shape != (height, width, 4):
            raise ValueError(f"layer {name!r} must be of shape {(height, width, 4)}, got {pixels.shape}")
        if blend not in _OPERATIONS:
            raise ValueError(f"unknown blend {blend!r}; known are {', '.join(_OPERATIONS)}")
        left, top, piece = _cropped(pixels)
        entries.append((f"data/layer{at}.png", encode_image(piece, "PNG")))
        lines.append(
            f'  <layer name="{xml_text(name)}" src="data/layer{at}.png" x="{left}" y="{top}" opacity="1.0"'
            f' visibility="visible" composite-op="{_OPERATIONS[blend]}"/>'
        )
    entries.append(("mergedimage.png", encode_image(merged if merged.shape[2] == 4 else _opaque(merged), "PNG")))
    entries.append(("Thumbnails/thumbnail.png", encode_image(_thumbnail(merged), "PNG")))
    stack = _stack(width, height, title, lines[::-1])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, "mimetype", b"image/openraster", zipfile.ZIP_STORED)
        _add(archive, "stack.xml", stack.encode(), zipfile.ZIP_DEFLATED)
        for file, data in entries:  # PNG is packed already; stored, the mark in it can be found by scanning
            _add(archive, file, data, zipfile.ZIP_STORED)
    return stream.getvalue()


def _stack(width: int, height: int, title: str, lines: list[str]) -> str:
    """The list of layers, from front to back; the mark is in attributes of their own namespaces."""
    name = f' name="{xml_text(title)}"' if title else ""
    mark = (
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' xmp:CreatorTool="{xml_text(tool())}" Iptc4xmpExt:DigitalSourceType="{TRAINED_MEDIA}"'
    )
    head = f'<image version="0.0.5" w="{width}" h="{height}" xres="72" yres="72"{name}{mark}>'
    return "\n".join(("<?xml version='1.0' encoding='UTF-8'?>", head, " <stack>", *lines, " </stack>", "</image>", ""))


def _cropped(pixels: Pixels) -> tuple[int, int, Pixels]:
    """Left, top and pixels of the part that is not empty; one pixel if all is."""
    rows, columns = (np.flatnonzero(pixels[..., 3].any(axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, pixels[:1, :1]
    top, left = int(rows[0]), int(columns[0])
    return left, top, pixels[top : rows[-1] + 1, left : columns[-1] + 1]


def _opaque(image: Pixels) -> Pixels:
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


def _thumbnail(image: Pixels) -> Pixels:
    """The picture at 256 px, or as it is where it is smaller."""
    height, width = image.shape[:2]
    factor = THUMBNAIL / max(height, width)
    if factor >= 1:
        return image
    weighted = image.astype(np.float32)
    if image.shape[2] == 4:
        weighted[..., :3] *= weighted[..., 3:] / 255
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    if image.shape[2] == 4:
        small[..., :3] *= 255 / np.maximum(small[..., 3:], 1e-3)
    return np.clip(small + 0.5, 0, 255).astype(np.uint8)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, method: int) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = method
    entry.create_system = 3  # Unix, whatever it runs on
    archive.writestr(entry, data)
