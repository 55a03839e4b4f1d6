"""Read and write image files; no other module touches one.

In: JPEG, PNG, WebP, HEIC, BMP, TIFF and GIF, however they are turned, coloured or
damaged, become upright ``uint8`` RGB in sRGB, or an :class:`ImageReadError`. Out:
PNG, JPEG and WebP, written whole or not at all, marked as made by a machine.
"""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageCms
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from photo2moe.errors import ConfigError, ImageReadError
from photo2moe.files import StrPath, list_images, printable, read_source, write_bytes
from photo2moe.provenance import mark
from photo2moe.types import Image

Reader = Callable[[BinaryIO], ImageFile]

__all__ = ["decode_image", "encode_image", "output_format", "read_image", "write_image"]
__all__ += ["list_images", "printable", "write_bytes"]  # from files, for one address

MAX_PIXELS = 200_000_000  # the largest phone sensors; 0.6 GB as RGB
MAX_BYTES = 256 << 20
WRITE_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
_ORIENTATION, _BITS, _PHOTOMETRIC = 274, 258, 262  # tags of TIFF and EXIF
_PROFILE_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}  # ICC colour space -> Pillow mode
_PLAIN_MODES = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK", "LAB": "LAB"}  # all others: RGB
_MAX_SIDES = {"PNG": 2**31 - 1, "JPEG": 65500, "WEBP": 16383}  # pixels; what the formats (and libjpeg) hold
_PNG_LEVEL = 3  # measured: as fast as 1 and 1.5 % smaller; 6 takes twice as long for another 2.5 %
# Python's warning filters belong to the whole process: one thread at a time may mute them.
_QUIET = threading.Lock()


def _open_heif(stream: BinaryIO) -> ImageFile:
    from pillow_heif import HeifImageFile  # slow to load, and most photos are JPEG

    reader: Reader = HeifImageFile
    return reader(stream)


# First bytes -> reader. Not PIL.Image.open: it guesses among formats we never want,
# and has a pixel limit of its own, in a global.
_READERS: tuple[tuple[re.Pattern[bytes], Reader], ...] = (
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"RIFF....WEBPVP8", re.DOTALL), WebPImageFile),
    (re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), _open_heif),
    (re.compile(rb"BM"), BmpImageFile),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), TiffImageFile),
    (re.compile(rb"GIF8[79]a"), GifImageFile),
)


def read_image(
    source: StrPath | BinaryIO, *, name: str | None = None, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Image:
    """Read a photo, upright and in sRGB.

    Args:
        source: path of a regular file, or a binary stream, read to its end.
        name: what to call the photo in messages; by default its path.
        max_pixels: largest width times height to decode.
        max_bytes: largest file.

    Returns:
        ``(H, W, 3)`` uint8 RGB. Transparent parts are white; of an animation, the
        first frame; deeper samples than 8 bits are scaled.

    Raises:
        ImageReadError: missing, not a regular file, not an image, too large or damaged.
    """
    label = printable(name or (source if isinstance(source, str | os.PathLike) else "the image"))
    return decode_image(read_source(source, max_bytes, label), label, max_pixels)


def decode_image(data: bytes, label: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode the bytes of a photo; the rest is as for :func:`read_image`.

    Raises:
        ImageReadError: not an image, too large or damaged.
    """
    reader = _reader_of(data, label)
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; the pixels are what counts
            return _decode(reader, data, label, max_pixels)
    except ImageReadError:
        raise
    except (MemoryError, PIL.Image.DecompressionBombError) as error:  # the latter: TIFF and GIF of 179 megapixels
        raise ImageReadError(f"{label}: too large to decode here; make it smaller") from error
    except Exception as error:  # hostile bytes can raise nearly anything from a decoder
        raise ImageReadError(f"{label}: damaged or incomplete image; copy or export it anew") from error


def _reader_of(data: bytes, label: str) -> Reader:
    for pattern, reader in _READERS:
        if pattern.match(data):
            return reader
    raise ImageReadError(f"{label}: not an image; photo2moe reads JPEG, PNG, WebP, HEIC, BMP, TIFF and GIF")


def _decode(reader: Reader, data: bytes, label: str, max_pixels: int) -> Image:
    try:
        picture = _load(reader, data, label, max_pixels)
    except (ValueError, SyntaxError):  # text or a profile over 1 MB or damaged: a PNG can do without
        if reader is not PngImageFile:
            raise
        picture = _load(reader, _essential_chunks(data), label, max_pixels)
    turn = _turn(picture)
    flat = _flatten(_to_8_bit(picture))
    return np.array(flat if turn is None else flat.transpose(turn))


def _load(reader: Reader, data: bytes, label: str, max_pixels: int) -> ImageFile:
    picture = reader(io.BytesIO(data))
    width, height = picture.size
    if width * height > max_pixels:
        size = f"{width}x{height} = {width * height:,} pixels"
        raise ImageReadError(f"{label}: {size}, over the limit of {max_pixels:,}; raise it with --max-pixels")
    picture.load()
    return picture


def _essential_chunks(png: bytes) -> bytes:
    """A PNG without what only describes it; the orientation stays if it is whole."""
    kept, at = [png[:8]], 8
    while at + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        chunk = png[at : at + 12 + length]
        sound = chunk[-4:] == zlib.crc32(chunk[4:-4]).to_bytes(4, "big")
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND") or (kind == b"eXIf" and sound):
            kept.append(chunk)
        at += len(chunk)
    return b"".join(kept)


def _turn(picture: ImageFile) -> PIL.Image.Transpose | None:
    """How to turn a loaded picture upright; None if it is, or does not say."""
    if picture.format == "HEIF":  # already turned by its decoder, EXIF only repeats it
        return None
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF raises nearly anything, and is no reason to lose the photo
        return None


def _to_8_bit(picture: ImageFile) -> PIL.Image.Image:
    """Scale grey samples of 12, 16 or 32 bits and floats, which Pillow would clip."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    samples = np.asarray(picture).astype(np.float32)
    tags = getattr(picture, "tag_v2", {})
    if tags.get(_BITS) == (12,):
        top = 4095.0
    else:  # nobody writes down the range of floats: the smallest usual one that holds all
        tops = (1.0, 255.0, 65535.0) if picture.mode == "F" else (65535.0,)
        brightest = float(samples.max(initial=0, where=np.isfinite(samples)))
        top = next((t for t in tops if brightest <= t), brightest)
    samples *= np.float32(255 / top)  # in place: a large photo takes gigabytes
    samples += np.float32(0.5)
    np.nan_to_num(np.clip(samples, 0, 255, out=samples), copy=False)
    levels = samples.astype(np.uint8)
    if picture.mode == "I;16" and tags.get(_PHOTOMETRIC) == 0:  # white is zero; Pillow minds it up to 8 bits only
        levels = np.invert(levels)
    scaled = PIL.Image.fromarray(levels)
    scaled.info["icc_profile"] = picture.info.get("icc_profile")
    return scaled


def _flatten(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Bring any 8-bit picture to opaque sRGB, on white."""
    alpha = None
    profile = picture.info.get("icc_profile")
    if picture.has_transparency_data:
        picture = picture.convert("LA" if picture.mode in ("LA", "La") else "RGBA")
        alpha = picture.getchannel("A")
    picture = _in_mode(picture, _PLAIN_MODES.get(picture.mode, "RGB"))
    opaque = _to_srgb(picture, profile)
    if alpha is None:
        return opaque
    flat = PIL.Image.new("RGB", picture.size, "white")
    flat.paste(opaque, mask=alpha)
    return flat


def _to_srgb(picture: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    """Convert by the embedded profile; one that is damaged or does not fit counts as none."""
    with suppress(Exception):  # profiles are programs, and lcms has many ways to object
        lab = picture.mode == "LAB"
        source = ImageCms.createProfile("LAB") if lab else ImageCms.ImageCmsProfile(io.BytesIO(profile or b"")).profile
        known = "sRGB" in ImageCms.getProfileDescription(source)
        if _PROFILE_MODES[source.xcolor_space] == picture.mode and not known:
            intent, black = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
            target = ImageCms.createProfile("sRGB")
            transform = ImageCms.buildTransform(source, target, picture.mode, "RGB", intent, black)
            return transform.apply(picture)
    return _in_mode(picture, "RGB")


def _in_mode(picture: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    return picture if picture.mode == mode else picture.convert(mode)  # convert copies even so


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
