"""Files of the kind a fuzzer makes: a hundred that no server may draw, and none may die of."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pillow_heif

DATA = Path(__file__).parent / "data"


def hostile_files(count: int, seed: int = 20) -> list[tuple[str, bytes]]:
    """Names and bytes, the same each time; where a picture can be decoded, nobody is in it."""
    made = list(_built()) + list(_damaged(count, random.Random(seed)))
    return made[:count]


def endless_jpeg(side: int = 4000, scans: int = 5000) -> bytes:
    """A sound picture of a flat grey, refined again and again by nothing: each scan walks through all of it.

    With the defaults 0.4 MB, and a minute of a decoder's time.
    """
    data = _saved(PIL.Image.new("L", (side, side), 128), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + b"\xff\xd9"


def _built() -> Iterator[tuple[str, bytes]]:
    yield "empty.jpg", b""
    yield "text.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield "page.png", b"<!doctype html><img src=x onerror=alert(1)>"
    yield "zip.webp", b"PK\x03\x04" + bytes(200)
    yield "program", b"\x7fELF" + bytes(200)
    yield "\u202egpj.exe", b"MZ" + bytes(64)
    yield "a" * 5000 + ".jpg", b"\xff\xd8\xff"
    yield "start.jpg", b"\xff\xd8\xff\xe0"
    yield "start.png", b"\x89PNG\r\n\x1a\n"
    yield "start.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 "
    yield "start.heic", b"\0\0\0\x18ftypheic" + bytes(40)
    yield "start.gif", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(40)
    yield "start.bmp", b"BM" + bytes(52)
    yield "minus.bmp", _bmp(-1, -1)
    yield "vast.bmp", _bmp(2**31 - 1, 2**31 - 1)
    yield "loop.tif", b"II*\0\x08\0\0\0\x01\0\x00\x01\x04\0\x01\0\0\0\x01\0\0\0\x08\0\0\0"
    yield "count.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(64)
    yield "vast.png", _png(60000, 60000, b"")
    yield "vaster.png", _png(2**31 - 1, 2**31 - 1, b"")
    yield "nothing.png", _png(0, 0, b"")
    yield "little.png", _png(1000, 1000, zlib.compress(b"\0"))
    yield "bomb.png", _png(30000, 30000, zlib.compress(bytes(10_000_000), 9))
    yield (
        "text-bomb.png",
        _png(8, 8, zlib.compress(bytes(400)), _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9_000_000)))),
    )
    for size in ((1, 1), (1, 5000), (9000, 1), (2, 3), (7, 7), (15, 15)):
        yield f"thin{size[0]}.png", _saved(PIL.Image.new("RGB", size), "PNG")
    yield "noise.png", _saved(PIL.Image.effect_noise((300, 300), 200).convert("RGB"), "PNG")
    yield "clear.png", _saved(PIL.Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG")
    frames = [PIL.Image.new("P", (32, 32), i) for i in range(50)]
    yield "film.gif", _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0)


def _damaged(count: int, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Sound pictures of nobody, cut off, with bytes changed, moved, doubled or lost."""
    scene = PIL.Image.open(DATA / "landscape.jpg").convert("RGB").resize((120, 80))
    pillow_heif.register_heif_opener()
    forms = {form: _saved(scene, form) for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF")}
    for number in range(count):
        form = rng.choice(list(forms))
        data = bytearray(forms[form])
        for _ in range(rng.choice((1, 1, 3, 20, 200))):
            at = rng.randrange(len(data)) if rng.random() < 0.6 else rng.randrange(min(len(data), 64))
            kind = rng.randrange(5)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0"))
            elif kind == 2:
                del data[at : at + rng.randrange(1, 50)]
            elif kind == 3:
                data[at:at] = data[at : at + 100]
            elif number % 3 == 0:
                del data[max(at, 12) :]
            if not data:
                data = bytearray(b"\0")
        yield f"{number}.{form.lower()}", bytes(data)


def _png(width: int, height: int, pixels: bytes, extra: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def _saved(picture: PIL.Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()
