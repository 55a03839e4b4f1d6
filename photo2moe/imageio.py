"""Read and write image files; no other module touches one.

In: JPEG, PNG, WebP, HEIC, AVIF, BMP, TIFF and GIF, and what cameras put into raw files,
become upright ``uint8`` RGB in sRGB, or an :class:`ImageReadError`; a suffix tells nothing.
Out: PNG, JPEG and WebP, written whole or not at all, marked as made by a machine.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from photo2moe.errors import ConfigError
from photo2moe.files import StrPath, printable, read_source, write_bytes
from photo2moe.listing import list_images
from photo2moe.pixels import MAX_PIXELS, Note, decode_image, ignore
from photo2moe.provenance import mark
from photo2moe.types import Image

__all__ = ["decode_image", "encode_image", "output_format", "read_image", "write_image"]
__all__ += ["MAX_PIXELS", "list_images", "printable", "write_bytes"]  # from others, for one address

MAX_BYTES = 256 << 20
WRITE_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_MAX_SIDES = {"PNG": 2**31 - 1, "JPEG": 65500, "WEBP": 16383}  # pixels; what the formats (and libjpeg) hold
_PNG_LEVEL = 3  # measured: as fast as 1 and 1.5 % smaller; 6 takes twice as long for another 2.5 %


def read_image(
    source: StrPath | BinaryIO,
    *,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
    note: Note = ignore,
    max_bytes: int = MAX_BYTES,
) -> Image:
    """Read a photo, upright and in sRGB.

    Args:
        source: path of a regular file, or a binary stream, read to its end.
        name: what to call the photo in messages; by default its path.
        max_pixels: largest width times height to decode.
        note: told in a sentence what was amiss with a photo that was read all the same.
        max_bytes: largest file.

    Returns:
        ``(H, W, 3)`` uint8 RGB. Transparent parts are white; of an animation, the
        first frame; deeper samples than 8 bits are scaled.

    Raises:
        ImageReadError: missing, not a regular file, not an image, too large or damaged.
    """
    label = printable(name or (source if isinstance(source, str | os.PathLike) else "the image"))
    return decode_image(read_source(source, max_bytes, label), label, max_pixels, note)


def output_format(path: StrPath) -> str:
    """Format that a file name asks for: ``"PNG"``, ``"JPEG"`` or ``"WEBP"``.

    Raises:
        ConfigError: another suffix, or none.
    """
    return _format_of(Path(path).suffix, path)


def _format_of(suffix: str, label: StrPath) -> str:
    if form := WRITE_FORMATS.get(suffix.lower()):
        return form
    raise ConfigError(f"{printable(label)}: unknown output format; use {', '.join(WRITE_FORMATS)}")


def encode_image(image: NDArray[np.uint8], suffix_or_format: str, *, quality: int = 95, marked: bool = True) -> bytes:
    """Encode a picture, marked as made by a machine, the same bytes each time.

    Args:
        image: ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA with straight alpha, uint8.
        suffix_or_format: ``".png"``, ``"JPEG"`` and the like, in any case.
        quality: 1…100 for JPEG and WebP; PNG loses nothing.
        marked: false only for a photo as it was, which no machine made.

    Raises:
        ConfigError: the format is unknown or cannot hold this picture.
        ValueError: not such an array.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (3, 4) or image.size == 0:
        raise ValueError(f"expected (H, W, 3) or (H, W, 4) uint8, got {image.shape} {image.dtype}")
    form = _format_of("." + suffix_or_format.removeprefix("."), suffix_or_format)
    if form == "JPEG" and image.shape[2] == 4:
        raise ConfigError("JPEG cannot hold transparency; use .png or .webp")
    side = max(image.shape)
    if side > _MAX_SIDES[form]:
        raise ConfigError(f"{form} cannot hold a side of {side} pixels, at most {_MAX_SIDES[form]}; use .png")
    if not 1 <= quality <= 100:
        raise ConfigError(f"quality must be 1 to 100, got {quality}")
    settings = {
        "PNG": {"compress_level": _PNG_LEVEL},
        "JPEG": {"quality": quality, "subsampling": 0},  # thin coloured lines need full resolution
        "WEBP": {"quality": quality, "method": 4},
    }
    stream = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(image)).save(
        stream, form, **settings[form], **(mark(form) if marked else {})
    )
    return stream.getvalue()


def write_image(path: StrPath, image: NDArray[np.uint8], *, quality: int = 95) -> None:
    """Write a picture, whole or not at all, in the format of the suffix.

    Args:
        path: ``.png``, ``.jpg``, ``.jpeg`` or ``.webp``, in an existing folder.
        image: see :func:`encode_image`.
        quality: see :func:`encode_image`.

    Raises:
        ConfigError: unknown suffix, or the format cannot hold the picture.
        ImageWriteError: see :func:`write_bytes`.
    """
    write_bytes(path, encode_image(image, output_format(path), quality=quality))
