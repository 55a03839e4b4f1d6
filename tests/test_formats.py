"""What a file is: told by its first bytes, whatever it is called."""

from __future__ import annotations

import io
import struct

import numpy as np
import PIL.Image
import pytest
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from photo2moe.errors import ImageReadError
from photo2moe.formats import has_turn, is_photo, kind_of
from photo2moe.imageio import read_image
from photo2moe.raw import is_raw_tiff, largest_jpeg
from tests.test_imageio import UPRIGHT_TO_STORED, error_of, patches, saved
from tests.test_imageio import chart as chart
from tests.test_imageio import heif as heif

FILL = 266  # a tag of TIFF that nobody heeds
JXL = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40)


def brand(*names: bytes) -> bytes:
    """The first box of an ISO file with these brands."""
    body = names[0] + bytes(4) + b"".join(names[1:])
    return struct.pack(">I4s", 8 + len(body), b"ftyp") + body + bytes(300)


def exif(orientation: int, order: str = ">", tag: int = 274) -> bytes:
    """EXIF that says no more than how a picture is turned, or with another tag nothing."""
    head = b"MM\0*" if order == ">" else b"II*\0"
    return b"Exif\0\0" + head + struct.pack(f"{order}IHHHIHHI", 8, 1, tag, 3, 1, orientation, 0, 0)


def lesser(data: bytes, end: int = 2) -> io.BytesIO:
    return io.BytesIO(data[:-end])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe1", "JPEG"),
        (brand(b"heic", b"mif1"), "HEIF"),
        (brand(b"mif1", b"heic"), "HEIF"),
        (brand(b"avif", b"mif1"), "AVIF"),
        (brand(b"mif1", b"avif", b"miaf"), "AVIF"),
        (brand(b"crx ", b"isom"), "raw"),
        (brand(b"isom", b"mp42"), "clip"),
        (b"\x1aE\xdf\xa3", "clip"),
        (b"FUJIFILMCCD-RAW 0201", "raw"),
        (b"II*\0\x10\0\0\0CR\2\0", "raw"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (JXL, "JPEG XL"),
        (b"\xff\x0a\x1a\x1c", "JPEG XL"),
        (b"BMW and other cars", ""),
        (b"....ftypisom", "clip"),
        (b"", ""),
    ],
)
def test_kinds(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert is_photo(data) == (kind not in ("clip", ""))


def test_avif_is_read_and_turned_by_its_own_mark_or_else_by_exif(chart: np.ndarray) -> None:
    for orientation, stored in UPRIGHT_TO_STORED.items():
        own = saved(stored(chart), "AVIF", quality=95, exif=exif(orientation))  # Pillow turns it into AVIF's own mark
        alone = saved(stored(chart), "AVIF", quality=95, exif=exif(orientation, tag=FILL)).getvalue()
        alone = alone.replace(exif(orientation, tag=FILL)[6:], exif(orientation)[6:])
        assert exif(orientation)[6:] in alone and not has_turn(alone)
        for data in (own.getvalue(), alone):
            image = read_image(io.BytesIO(data))
            assert image.shape == chart.shape
            assert np.abs(patches(image) - patches(chart)).max() <= 14


def test_avif_without_a_pillow_that_reads_it_is_a_sentence(monkeypatch: pytest.MonkeyPatch, chart: np.ndarray) -> None:
    stream = saved(chart, "AVIF")
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    assert "AVIF needs Pillow 11.3" in error_of(stream)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("orientation", UPRIGHT_TO_STORED)
def test_heif_turned_by_exif_alone_is_turned_once(orientation: int, order: str, chart: np.ndarray) -> None:
    data = saved(UPRIGHT_TO_STORED[orientation](chart), "HEIF", exif=exif(1, order)).getvalue()
    assert data.count(exif(1, order)[6:]) == 1 and not has_turn(data)
    image = read_image(io.BytesIO(data.replace(exif(1, order)[6:], exif(orientation, order)[6:])))
    assert image.shape == chart.shape
    assert np.abs(patches(image) - patches(chart)).max() <= 14


def test_damaged_boxes_say_nothing() -> None:
    for data in (b"", b"\0\0\0\1meta", b"\0\0\0\4meta" + bytes(9), b"\0\0\0\0meta", b"\0\0\0\1meta" + bytes(16)):
        assert not has_turn(data)


@pytest.mark.parametrize(
    ("name", "data"), [("a.jxl", JXL), ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n"), ("a.cr3", brand(b"crx "))]
)
def test_what_cannot_be_read_yet_is_called_by_its_name(name: str, data: bytes) -> None:
    expected = {"a.jxl": "JPEG XL cannot be read yet", "a.jp2": "JPEG 2000", "a.cr3": "a raw file with no preview"}[
        name
    ]
    assert f"{name}: {expected}" in error_of(io.BytesIO(data), name=name)
    assert "not an image but a clip; use 'photo2moe video'" in error_of(io.BytesIO(brand(b"isom")))


# --- JPEG that ends too early ---


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 3}]
)
def test_a_jpeg_without_its_last_bytes_is_read_with_a_note(options: dict[str, object]) -> None:
    rng = np.random.default_rng(3)
    photo = PIL.Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).resize((640, 800))
    data = saved(photo, "JPEG", **options).getvalue()
    whole = read_image(io.BytesIO(data))
    for missing in (1, 2):
        notes: list[str] = []
        assert np.array_equal(read_image(lesser(data, missing), note=notes.append), whole)
        assert notes == ["The file is not whole: the end mark is missing."]
    notes = []
    nearly = read_image(lesser(data, 12), note=notes.append)
    assert "lowest" in notes[0] and np.array_equal(nearly[:780], whole[:780])
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert "damaged or incomplete" in error_of(io.BytesIO(data[: round(part * len(data))]))


def test_a_whole_photo_has_no_notes(chart: np.ndarray) -> None:
    notes: list[str] = []
    for form in ("JPEG", "PNG", "HEIF", "AVIF", "TIFF"):
        read_image(saved(chart, form), note=notes.append)
    assert notes == []


# --- raw files ---


def raw(jpeg: bytes, *, orientation: int = 1, **tags: int) -> io.BytesIO:
    """A file as cameras write them: a small picture first, and a JPEG somewhere later."""
    extra = ImageFileDirectory_v2()
    extra[274], extra[50706] = orientation, b"\1\4\0\0"
    for name, value in tags.items():
        extra[int(name.removeprefix("t"))] = value
    stream = saved(PIL.Image.new("RGB", (160, 120), "red"), "TIFF", tiffinfo=extra)
    return io.BytesIO(stream.getvalue() + bytes(99) + b"\xff\xd8\xff\xe0by chance" + jpeg + bytes(9))


def test_the_jpeg_in_a_raw_file_is_the_photo(chart: np.ndarray) -> None:
    large = PIL.Image.fromarray(chart).resize((1200, 800), PIL.Image.Resampling.NEAREST)
    small = saved(large.resize((300, 200)), "JPEG").getvalue()
    notes: list[str] = []
    turned = saved(large.transpose(PIL.Image.Transpose.ROTATE_180), "JPEG").getvalue()
    image = read_image(raw(small + turned, orientation=3), note=notes.append)
    assert image.shape == (800, 1200, 3) and "1200x800 pixels" in notes[0]
    assert np.abs(image[100, 100].astype(int) - chart[0, 0]).max() < 9
    own = saved(large.transpose(PIL.Image.Transpose.ROTATE_180), "JPEG", exif=exif(3)).getvalue()
    assert np.abs(read_image(raw(own))[100, 100].astype(int) - chart[0, 0]).max() < 9


def test_a_raw_file_with_a_thumbnail_alone_is_a_sentence(chart: np.ndarray) -> None:
    thumbnail = saved(PIL.Image.fromarray(chart).resize((640, 480)), "JPEG").getvalue()
    assert "a raw file with only a preview of 640x480 pixels inside; develop it" in error_of(raw(thumbnail))
    assert "a raw file with no preview that can be read inside" in error_of(raw(b""))
    with pytest.raises(ImageReadError, match="over the limit of 1,000"):
        read_image(raw(saved(PIL.Image.new("RGB", (1200, 800)), "JPEG").getvalue()), max_pixels=1000)


def test_which_tiff_is_raw() -> None:
    assert is_raw_tiff({50706: b"\1\4\0\0"}) and is_raw_tiff({254: 1}) and is_raw_tiff({262: 32803})
    assert not is_raw_tiff({}) and not is_raw_tiff({254: 0, 262: 2})
    assert largest_jpeg(b"no JPEG") == (b"", (0, 0))
