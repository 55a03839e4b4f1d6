"""The bytes of a photo, however it is turned, coloured or damaged → upright ``uint8`` RGB in sRGB."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import numpy as np
import PIL.Image
from PIL import ImageCms, features
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from photo2moe.errors import ImageReadError
from photo2moe.formats import has_turn, kind_of
from photo2moe.raw import SMALLEST, is_raw_tiff, largest_jpeg, written_orientation
from photo2moe.types import Image

Reader = Callable[[BinaryIO], ImageFile]
Note = Callable[[str], None]  # told what one should know of a photo that was read all the same

MAX_PIXELS = 200_000_000  # the largest phone sensors; 0.6 GB as RGB

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
# Of a JPEG's height, what may be lost at its lower end; at least a row of blocks, and one that is smoothed with it.
_LOST, _LOST_ROWS = 0.02, 17
# Python's warning filters belong to the whole process: one thread at a time may mute them.
_QUIET = threading.Lock()


def ignore(_: str) -> None:
    """Take no notice of a note."""


def _open_heif(stream: BinaryIO) -> ImageFile:
    from pillow_heif import HeifImageFile  # slow to load, and most photos are JPEG

    reader: Reader = HeifImageFile
    return reader(stream)


def _open_avif(stream: BinaryIO) -> ImageFile:
    from PIL.AvifImagePlugin import AvifImageFile  # not in every Pillow

    return AvifImageFile(stream)


# Not PIL.Image.open: it guesses among formats we never want, and has a pixel limit of its own, in a global.
_READERS: dict[str, Reader] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
    "HEIF": _open_heif,
    "AVIF": _open_avif,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "GIF": GifImageFile,
}


def decode_image(data: bytes, label: str, max_pixels: int = MAX_PIXELS, note: Note = ignore) -> Image:
    """Decode the bytes of a photo; the rest is as for :func:`~photo2moe.imageio.read_image`.

    Raises:
        ImageReadError: not an image, too large or damaged.
    """
    kind = kind_of(data)
    if kind != "raw":
        _require_reader(kind, label)
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; the pixels are what counts
            return _decode(kind, data, label, max_pixels, note)
    except ImageReadError:
        raise
    except (MemoryError, PIL.Image.DecompressionBombError) as error:  # the latter: TIFF and GIF of 179 megapixels
        raise ImageReadError(f"{label}: too large to decode here; make it smaller") from error
    except Exception as error:  # hostile bytes can raise nearly anything from a decoder
        raise ImageReadError(f"{label}: damaged or incomplete image; copy or export it anew") from error


def _require_reader(kind: str, label: str) -> None:
    if kind == "AVIF" and not features.check("avif"):
        raise ImageReadError(f"{label}: AVIF needs Pillow 11.3 or newer, with AVIF; update it, or export as JPEG")
    if kind == "clip":
        raise ImageReadError(f"{label}: not an image but a clip; use 'photo2moe video'")
    if not kind:
        raise ImageReadError(f"{label}: not an image; photo2moe reads JPEG, PNG, WebP, HEIC, AVIF, BMP, TIFF and GIF")
    if kind not in _READERS:
        raise ImageReadError(f"{label}: {kind} cannot be read yet; export it as JPEG or PNG")


def _decode(kind: str, data: bytes, label: str, max_pixels: int, note: Note) -> Image:
    if kind == "TIFF" and is_raw_tiff(TiffImageFile(io.BytesIO(data)).tag_v2):
        kind = "raw"
    file = data
    if kind == "raw":
        kind, data = "JPEG", _camera_jpeg(file, label, note)
    try:
        picture = _load(_READERS[kind], data, label, max_pixels)
    except (ValueError, SyntaxError):  # text or a profile over 1 MB or damaged: a PNG can do without
        if kind != "PNG":
            raise
        picture = _load(PngImageFile, _essential_chunks(data), label, max_pixels)
    except OSError:
        if kind != "JPEG":
            raise
        picture, lost = _mended(data, label, max_pixels)
        lack = (
            f"its last bytes are missing, and the lowest {lost} rows may be grey" if lost else "the end mark is missing"
        )
        note(f"The file is not whole: {lack}.")
    turn = _TURNS.get(_orientation(picture, data, file))
    flat = _flatten(_to_8_bit(picture))
    return np.array(flat if turn is None else flat.transpose(turn))


def _camera_jpeg(file: bytes, label: str, note: Note) -> bytes:
    """The JPEG that a camera put into its raw file."""
    jpeg, (width, height) = largest_jpeg(file)
    if max(width, height) < SMALLEST:
        inside = f"only a preview of {width}x{height} pixels" if jpeg else "no preview that can be read"
        raise ImageReadError(f"{label}: a raw file with {inside} inside; develop it and export it as JPEG")
    note(f"A raw file; the JPEG of {width}x{height} pixels that the camera put into it was taken.")
    return jpeg


def _mended(jpeg: bytes, label: str, max_pixels: int) -> tuple[ImageFile, int]:
    """A JPEG that lacks its last bytes, and how many of its rows may have suffered.

    Raises:
        EOFError: it lacks more.
    """
    # What is decoded from two different endings differs from where the file's own bytes ended.
    one, two = (_load(JpegImageFile, _with_end(jpeg, fill), label, max_pixels) for fill in (b"\0", b"\xaa"))
    rows = np.flatnonzero((np.asarray(one) != np.asarray(two)).reshape(one.height, -1).any(1))
    lost = one.height - int(rows[0]) if len(rows) else 0
    # Of progressive ones the last passes add the last bit; an earlier one would leave all of it coarse.
    scan = jpeg.rfind(b"\xff\xda")
    precision = jpeg[scan + 1 + int.from_bytes(jpeg[scan + 2 : scan + 4], "big")] & 15
    if lost > max(_LOST_ROWS, _LOST * one.height) or precision:
        raise EOFError
    return one, lost


def _with_end(jpeg: bytes, fill: bytes) -> bytes:
    """The JPEG with some more values, with the marks that restart them wherever it has such, and the end."""
    more = b"".join(32 * fill + bytes((0xFF, 0xD0 + number)) for number in range(8))
    return jpeg.rstrip(b"\xff") + more + b"\xff\xd9"


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


def _orientation(picture: ImageFile, data: bytes, file: bytes) -> int:
    """How a loaded picture is turned, in the numbers of EXIF.

    Args:
        picture: it.
        data: what it was loaded from.
        file: around it; the same, but for raw files.
    """
    iso = picture.format in ("HEIF", "AVIF")
    if iso and not has_turn(data):
        return written_orientation(data)
    if picture.format == "HEIF":  # turned by its decoder; EXIF only repeats it
        return 1
    try:
        own = picture.getexif().get(_ORIENTATION)
    except Exception:  # damaged EXIF raises nearly anything, and is no reason to lose the photo
        own = None
    return written_orientation(file) if own is None and file is not data else own or 1


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
