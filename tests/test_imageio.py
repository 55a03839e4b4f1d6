"""Reading, writing and listing image files; every picture is made on the spot."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from photo2moe.errors import ConfigError, ImageReadError, ImageWriteError
from photo2moe.files import keep_apart, replacing, sweep
from photo2moe.imageio import (
    encode_image,
    list_images,
    output_format,
    printable,
    read_image,
    write_bytes,
    write_image,
)

PATCHES = [[(200, 40, 40), (40, 180, 60), (50, 60, 210)], [(240, 240, 60), (30, 30, 30), (225, 225, 225)]]
FORMATS = {"PNG": 0, "JPEG": 8, "WEBP": 8, "TIFF": 0, "BMP": 0, "GIF": 0, "HEIF": 14}  # format -> largest error
UPRIGHT_TO_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.fixture(autouse=True, scope="module")
def heif() -> None:
    """Let Pillow write HEIC here; the package reads it without this."""
    import pillow_heif

    pillow_heif.register_heif_opener()


@pytest.fixture
def chart() -> np.ndarray:
    """``(64, 96, 3)`` of six patches, different under each of the eight turns."""
    return np.repeat(np.repeat(np.array(PATCHES, np.uint8), 32, 0), 32, 1)


def saved(picture: PIL.Image.Image | np.ndarray, form: str = "PNG", **options: object) -> io.BytesIO:
    if isinstance(picture, np.ndarray):
        picture = PIL.Image.fromarray(np.ascontiguousarray(picture))
    if form in ("JPEG", "WEBP", "HEIF"):
        options = {"quality": 95, **options}
    if form == "JPEG":
        options = {"subsampling": 0, **options}
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    stream.seek(0)
    return stream


def patches(image: np.ndarray) -> np.ndarray:
    """The middle of each of the six patches, where no codec blurs."""
    return image[16::32, 16::32].astype(int)


def error_of(source: object, **options: object) -> str:
    with pytest.raises(ImageReadError) as caught:
        read_image(source, **options)
    message = str(caught.value)
    assert message.isprintable()
    return message


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# --- formats, modes, turns ---


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_gives_the_picture(form: str, chart: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "name tells nothing"
    path.write_bytes(saved(chart, form).getvalue())
    for image in (read_image(path), read_image(str(path)), read_image(io.BytesIO(path.read_bytes()))):
        assert image.dtype == np.uint8 and image.shape == chart.shape
        assert image.flags.c_contiguous and image.flags.writeable
        assert np.abs(patches(image) - patches(chart)).max() <= FORMATS[form]


@pytest.mark.parametrize("orientation", UPRIGHT_TO_STORED)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF"])
def test_all_orientations_come_out_upright(form: str, orientation: int, chart: np.ndarray) -> None:
    exif = PIL.Image.Exif()
    exif[274] = orientation
    if form == "HEIF":  # the library turns the pixels over to HEIF's own tag on its own
        stream = saved(UPRIGHT_TO_STORED[orientation](chart), form, exif=exif.tobytes())
    else:
        stream = saved(UPRIGHT_TO_STORED[orientation](chart), form, exif=exif)
    image = read_image(stream)
    assert image.shape == chart.shape
    assert np.abs(patches(image) - patches(chart)).max() <= FORMATS[form]


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_turned_tiff_is_not_turned_twice(compression: str, chart: np.ndarray) -> None:
    stream = saved(UPRIGHT_TO_STORED[6](chart), "TIFF", compression=compression, tiffinfo={274: 6})
    assert np.array_equal(read_image(stream), chart)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\1" * 40]
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_damaged_exif_does_not_cost_the_photo(form: str, exif: bytes, chart: np.ndarray) -> None:
    assert read_image(saved(chart, form, exif=exif)).shape == chart.shape


def test_damaged_exif_in_png_text_does_not_cost_the_photo(chart: np.ndarray) -> None:
    texts = PngInfo()
    texts.add_text("Raw profile type exif", "\nexif\n4\nno hex")
    assert np.array_equal(read_image(saved(chart, pnginfo=texts)), chart)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_unknown_orientation_is_upright(value: int, chart: np.ndarray) -> None:
    exif = PIL.Image.Exif()
    exif[274] = value
    assert np.array_equal(read_image(saved(chart, exif=exif)), chart)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("LA", (100, 0), (255, 255, 255)),
        ("LA", (100, 255), (100, 100, 100)),
        ("RGBA", (200, 100, 0, 128), (227, 177, 127)),
        ("RGBA", (9, 8, 7, 0), (255, 255, 255)),
    ],
)
def test_grey_and_alpha(mode: str, value: object, expected: tuple[int, ...]) -> None:
    image = read_image(saved(PIL.Image.new(mode, (5, 4), value)))
    assert image.shape == (4, 5, 3)
    assert (image == expected).all()


@pytest.mark.parametrize(("form", "transparency"), [("PNG", 0), ("PNG", b"\x00\xff"), ("GIF", 0)])
def test_palette_with_transparency(form: str, transparency: int | bytes) -> None:
    picture = PIL.Image.new("P", (4, 4), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((0, 0), 0)
    image = read_image(saved(picture, form, transparency=transparency))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[1, 1].tolist() == [0, 0, 255]


def test_premultiplied_tiff() -> None:
    pixels = np.full((4, 4, 4), (100, 50, 0, 128), np.uint8)  # straight: (200, 100, 0)
    image = read_image(tiff(pixels, 8, 2, extra=((338, 1),)))
    assert np.abs(image.astype(int) - (227, 177, 127)).max() <= 1


def test_colour_key() -> None:
    picture = PIL.Image.new("RGB", (2, 1), (1, 2, 3))
    picture.putpixel((1, 0), (9, 9, 9))
    assert read_image(saved(picture, transparency=(1, 2, 3))).tolist() == [[[255, 255, 255], [9, 9, 9]]]


def test_animation_gives_the_first_frame() -> None:
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for form in ("GIF", "PNG", "WEBP", "TIFF"):
        stream = saved(frames[0], form, save_all=True, append_images=frames[1:])
        red, green, _ = read_image(stream)[4, 4].tolist()
        assert red > 240 and green < 15, form


# --- deep samples ---

RAMP = np.array([[0, 255, 257, 32896, 65278, 65535]], np.uint16)
RAMP_8 = [0, 1, 1, 128, 254, 255]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(form: str) -> None:
    image = read_image(saved(PIL.Image.fromarray(RAMP), form))
    assert image[0, :, 0].tolist() == RAMP_8


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bit_png_of_each_colour_type(colour: int, channels: int) -> None:
    samples = np.repeat(RAMP[0, :, None], channels, 1)
    if channels in (2, 4):
        samples[:, -1] = 65535
    image = read_image(io.BytesIO(png(6, 1, 16, colour, b"\0" + samples.astype(">u2").tobytes())))
    assert np.abs(image[0].astype(int) - np.array(RAMP_8)[:, None]).max() <= 1


def tiff(samples: np.ndarray, bits: int, photometric: int = 1, extra: tuple[tuple[int, int], ...] = ()) -> io.BytesIO:
    """A one-strip TIFF in the byte order of ``samples``, written down by hand."""
    order = ">" if samples.dtype.byteorder == ">" else "<"
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    data = samples.tobytes()
    entries = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8), (277, channels)]
    entries += [(278, height), (279, len(data)), *extra]
    shared = 8 + len(data) + 2 + 12 * len(entries) + 4
    directory, tail = struct.pack(order + "H", len(entries)), b""
    for tag, value in entries:
        if tag == 258 and channels > 1:
            directory += struct.pack(order + "HHII", tag, 3, channels, shared + len(tail))
            tail += struct.pack(f"{order}{channels}H", *[value] * channels)
        else:
            directory += struct.pack(order + "HHII", tag, 4, 1, value)
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8 + len(data))
    return io.BytesIO(head + data + directory + struct.pack(order + "I", 0) + tail)


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_tiff_in_both_byte_orders(order: str) -> None:
    assert read_image(tiff(RAMP.astype(order + "u2"), 16))[0, :, 0].tolist() == RAMP_8
    colour = np.repeat(RAMP[:, :, None], 3, 2).astype(order + "u2")
    assert np.abs(read_image(tiff(colour, 16, 2))[0, :, 2].astype(int) - RAMP_8).max() <= 1


def test_tiff_where_zero_is_white() -> None:
    assert read_image(tiff(RAMP.astype("<u2"), 16, 0))[0, :, 0].tolist() == [255 - v for v in RAMP_8]
    assert read_image(tiff(np.array([[0, 255]], np.uint8), 8, 0))[0, :, 0].tolist() == [255, 0]


def test_12_bit_tiff() -> None:
    packed = np.array([[0x00, 0x0F, 0xFF, 0x80, 0x00, 0x00]], np.uint8)  # 000 FFF 800 000
    stream = tiff(packed, 12)
    data = bytearray(stream.getvalue())
    data[8 + 6 + 2 + 8] = 4  # the width in samples, not in bytes
    assert read_image(io.BytesIO(bytes(data)))[0, :, 1].tolist() == [0, 255, 128, 0]


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0, 1e6])
def test_float_tiff(top: float) -> None:
    samples = np.array([[0, 0.5, 1, -1, np.nan]], np.float32) * np.float32(top)
    levels = read_image(saved(PIL.Image.fromarray(samples), "TIFF"))[0, :, 0].astype(int)
    assert np.abs(levels - (0, 128, 255, 0, 0)).max() <= 1


def test_float_tiff_with_infinity_and_32_bit_integers() -> None:
    samples = np.array([[0.5, np.inf, -np.inf]], np.float32)
    assert read_image(saved(PIL.Image.fromarray(samples), "TIFF"))[0, :, 0].tolist() == [128, 255, 0]
    integers = PIL.Image.fromarray(RAMP.astype(np.int32))
    assert read_image(saved(integers, "TIFF"))[0, :, 0].tolist() == RAMP_8


# --- colour ---


def profile_of(red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float]) -> bytes:
    """ICC profile of an RGB display with these primaries (x, y) and gamma 2.2, D50 white."""
    white = np.array([0.9642, 1.0, 0.8249])
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (red, green, blue)]).T
    columns = columns * np.linalg.solve(columns, white)

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(v) * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + b"\0" * 79
    tags = {b"desc": text, b"wtpt": xyz(white), b"cprt": b"text\0\0\0\0none\0"}
    tags |= {name: xyz(columns[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", 132 + 12 * len(tags) + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


SWAPPED = profile_of((0.155, 0.07), (0.32, 0.60), (0.65, 0.33))  # what is called red is blue
WIDE = profile_of((0.73, 0.26), (0.12, 0.82), (0.13, 0.04))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF"])
def test_profile_is_converted(form: str) -> None:
    picture = PIL.Image.new("RGB", (32, 32), (220, 30, 30))
    red, _, blue = read_image(saved(picture, form, icc_profile=SWAPPED))[16, 16].tolist()
    assert blue > 200 and red < 90


def test_wide_profile_gives_stronger_colours_and_the_same_grey() -> None:
    picture = PIL.Image.new("RGB", (2, 1), (180, 110, 110))
    picture.putpixel((1, 0), (128, 128, 128))
    colour, grey = read_image(saved(picture, icc_profile=WIDE))[0].astype(int)
    assert colour[0] - colour[1] > 80
    assert np.ptp(grey) <= 2 and abs(grey[0] - 128) <= 2


def test_profile_keeps_alpha() -> None:
    picture = PIL.Image.new("RGBA", (2, 1), (220, 30, 30, 0))
    picture.putpixel((1, 0), (220, 30, 30, 255))
    clear, full = read_image(saved(picture, icc_profile=SWAPPED))[0].tolist()
    assert clear == [255, 255, 255]
    assert full[2] > 200


def test_srgb_profile_changes_nothing(chart: np.ndarray) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_image(saved(chart, icc_profile=profile)), chart)


@pytest.mark.parametrize(
    "profile", [b"\0", b"not a profile", SWAPPED[:200], SWAPPED[:128] + b"\xff" * 300, b"\xff" * 99999]
)
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_damaged_profile_counts_as_none(form: str, profile: bytes, chart: np.ndarray) -> None:
    with_profile = read_image(saved(chart, form, icc_profile=profile))
    assert np.array_equal(with_profile, read_image(saved(chart, form)))


def test_profile_of_another_colour_space_counts_as_none() -> None:
    assert (read_image(saved(PIL.Image.new("L", (4, 4), 90), icc_profile=SWAPPED)) == 90).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_profile(depth: int) -> None:
    """A grey profile with gamma 1: the middle must come out brighter."""
    grey = bytearray(SWAPPED)
    grey[16:20] = b"GRAY"
    grey = (
        bytes(grey)
        .replace(b"rTRC", b"kTRC")
        .replace(struct.pack(">IH", 1, round(2.2 * 256)), struct.pack(">IH", 1, 256))
    )
    middle = PIL.Image.fromarray(np.full((2, 2), 128 if depth == 8 else 32896, np.uint8 if depth == 8 else np.uint16))
    assert np.abs(read_image(saved(middle, icc_profile=grey)).astype(int) - 188).max() <= 2


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str) -> None:
    red = PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(read_image(saved(red, form)).astype(int) - (255, 0, 0)).max() <= 4
    white = PIL.Image.new("CMYK", (16, 16), (0, 0, 0, 0))  # black, if Adobe's inversion were missed
    assert read_image(saved(white, form)).min() >= 250


def test_ycck_jpeg() -> None:
    """Store Y, Cb, Cr, K as if they were C, M, Y, K, then say so in Adobe's marker."""
    inks = PIL.Image.new("RGB", (16, 16), (55, 195, 225)).convert("YCbCr")  # C, M, Y as if R, G, B
    inverted = [band.point(lambda v: 255 - v) for band in inks.split()]  # Pillow inverts again
    stored = PIL.Image.merge("CMYK", [*inverted, PIL.Image.new("L", (16, 16), 0)])
    data = saved(stored, "JPEG").getvalue()
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    data = data[: at + 11] + b"\2" + data[at + 12 :]
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(expected.astype(int) - (200, 60, 30)).max() <= 4
    assert np.abs(read_image(io.BytesIO(data)).astype(int) - expected).max() <= 2


def test_lab_tiff() -> None:
    image = read_image(saved(PIL.Image.new("LAB", (4, 4), (136, 208, 195)), "TIFF"))
    assert np.abs(image.astype(int) - (255, 0, 0)).max() <= 12


# --- what is refused ---


def test_too_many_pixels_are_refused_before_decoding() -> None:
    bomb = png(30_000, 30_000, 8, 2, b"")
    message = error_of(io.BytesIO(bomb), name="bomb.png")
    assert message.startswith("bomb.png: ")
    for part in ("900,000,000", "200,000,000", "--max-pixels"):
        assert part in message
    assert "12 pixels" in error_of(io.BytesIO(png(4, 3, 8, 0, b"\0" * 15)), max_pixels=11)
    assert read_image(io.BytesIO(png(4, 3, 8, 0, b"\0" * 15)), max_pixels=12).shape == (3, 4, 3)


def test_a_limit_above_pillows_own_holds(monkeypatch: pytest.MonkeyPatch, chart: np.ndarray) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)  # its default is under ours
    for form in ("PNG", "JPEG", "WEBP", "BMP", "HEIF", "GIF"):
        assert read_image(saved(chart, form)).shape == chart.shape


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes(1001))
    assert "1,000 bytes" in error_of(path, max_bytes=1000)
    assert "1,000 bytes" in error_of(io.BytesIO(bytes(1001)), max_bytes=1000)


def test_missing_empty_folder_and_foreign_files(tmp_path: Path) -> None:
    assert error_of(tmp_path / "gone.jpg") == f"{tmp_path}/gone.jpg: no such file"
    folder = str(tmp_path)
    assert error_of(folder) == f"{folder} is a folder; use 'photo2moe batch {folder} -o FOLDER'"
    path = tmp_path / "file.jpg"
    path.touch()
    assert "empty" in error_of(path)
    assert "below.jpg: cannot be read: not a directory" in error_of(path / "below.jpg")
    assert "null" in error_of("a\0b.jpg")
    for head in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.7\n",
        b"<svg xmlns=''/>",
        b"P6 1 1 255 abc",
        b"....ftypisom",
        b"x",
    ):
        path.write_bytes(head)
        assert "not an image" in error_of(path)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    link = tmp_path / "link.jpg"
    link.symlink_to(pipe)
    for path in (pipe, link, "/dev/zero"):
        assert "not a regular file" in error_of(path)


def test_file_swapped_for_a_pipe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, file = tmp_path / "pipe.jpg", tmp_path / "file.jpg"
    os.mkfifo(pipe)
    file.touch()
    status = os.stat(file)
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", lambda *_args, **_more: status)
        with pytest.raises(ImageReadError, match="not a regular file"):
            read_image(pipe)


def test_names_are_made_printable(tmp_path: Path) -> None:
    assert printable("naïve 写真　ポートレート.jpg") == "naïve 写真　ポートレート.jpg"
    assert printable("a\nb\x1b[31m\u202egpj.\u2066\x85\u2028") == r"a\nb\x1b[31m\u202egpj.\u2066\x85\u2028"
    assert printable(os.fsdecode(b"caf\xe9.jpg")) == r"caf\udce9.jpg"
    assert r"a\nb.jpg: no such file" in error_of(tmp_path / "a\nb.jpg")
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    Path(os.fsdecode(odd)).write_bytes(saved(PIL.Image.new("RGB", (3, 2))).getvalue())
    assert read_image(os.fsdecode(odd)).shape == (2, 3, 3)


@pytest.mark.parametrize("form", FORMATS)
def test_cut_short_anywhere(form: str, chart: np.ndarray) -> None:
    data = saved(chart, form).getvalue()
    for end in sorted({*range(0, len(data), max(1, len(data) // 60)), *range(min(40, len(data))), len(data) - 1}):
        try:
            assert read_image(io.BytesIO(data[:end])).dtype == np.uint8
        except ImageReadError as error:
            assert "\n" not in str(error)
    with pytest.raises(ImageReadError):
        read_image(io.BytesIO(data[: len(data) // 2]))


SAMPLES: dict[str, bytes] = {}


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(FORMATS)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1),
)
def test_any_damage_gives_a_picture_or_one_error(form: str, damage: list[tuple[float, int]]) -> None:
    if form not in SAMPLES:
        exif = PIL.Image.Exif()
        exif[274], exif[271] = 6, "maker"
        options = {} if form in ("BMP", "GIF") else {"exif": exif.tobytes(), "icc_profile": SWAPPED}
        SAMPLES[form] = saved(np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3), form, **options).getvalue()
    data = bytearray(SAMPLES[form])
    for where, value in damage:
        data[int(where * len(data))] = value
    try:
        assert read_image(io.BytesIO(bytes(data)), max_pixels=10_000_000).ndim == 3
    except ImageReadError as error:
        assert str(error).isprintable()


def test_huge_png_metadata_is_left_out(chart: np.ndarray) -> None:
    texts = PngInfo()
    texts.add_text("Comment", "x" * (3 << 20), zip=True)
    assert np.array_equal(read_image(saved(chart, pnginfo=texts)), chart)
    exif = PIL.Image.Exif()
    exif[274] = 3
    stream = saved(chart[::-1, ::-1], icc_profile=bytes(2 << 20), exif=exif)
    assert np.array_equal(read_image(stream), chart)


def test_damaged_png_metadata_is_left_out(chart: np.ndarray) -> None:
    exif = PIL.Image.Exif()
    exif[274] = 3
    texts = PngInfo()
    texts.add_text("Comment", "hello")
    data = saved(chart[::-1, ::-1], pnginfo=texts, icc_profile=SWAPPED, exif=exif).getvalue()
    assert np.array_equal(read_image(io.BytesIO(data.replace(b"hello", b"jello").replace(b"iCCP", b"iCCQ"))), chart)
    broken = data.replace(b"MM\0*", b"MM\0+").replace(b"hello", b"jello")
    assert read_image(io.BytesIO(broken)).shape == chart.shape


def test_out_of_memory_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, chart: np.ndarray) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PIL.Image.core, "new", fail)
    assert "too large" in error_of(saved(chart))


# --- writing ---


@settings(max_examples=60, deadline=None)
@given(st_np.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))))
def test_png_round_trip_is_exact(image: np.ndarray) -> None:
    assert np.array_equal(read_image(io.BytesIO(encode_image(image, "PNG"))), image)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_each_output_format(suffix: str, chart: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / ("out" + suffix.upper())
    write_image(path, chart[:, ::-1])  # a view with negative strides
    assert np.abs(patches(read_image(path)) - patches(chart[:, ::-1])).max() <= 6
    form = output_format(path)
    with PIL.Image.open(path) as picture:
        assert picture.format == form
    assert path.read_bytes() == encode_image(chart[:, ::-1], suffix) == encode_image(chart[:, ::-1], form)
    assert os.listdir(tmp_path) == [path.name]


def test_transparency_is_kept_or_refused(chart: np.ndarray) -> None:
    image = np.dstack([chart, np.full(chart.shape[:2], 255, np.uint8)])
    image[:32, :32, 3] = 90
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(encode_image(image, ".png")))), image)
    webp = np.asarray(PIL.Image.open(io.BytesIO(encode_image(image, "webp"))))
    assert np.array_equal(webp[..., 3], image[..., 3])
    with pytest.raises(ConfigError, match=r"^JPEG cannot hold transparency; use \.png or \.webp$"):
        encode_image(image, "JPEG")


def test_jpeg_keeps_full_colour_resolution(chart: np.ndarray) -> None:
    picture = PIL.Image.open(io.BytesIO(encode_image(chart, "JPEG")))
    assert [layer[1:3] for layer in picture.layer] == [(1, 1)] * 3
    assert len(encode_image(chart, "JPEG", quality=30)) < len(encode_image(chart, "JPEG"))


@pytest.mark.parametrize("name", ["out", "out.gif", "out.heic", "out.png.exe", "png"])
def test_unknown_output_formats_list_the_known(name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.png, \.jpg, \.jpeg, \.webp"):
        output_format(name)


def test_pictures_that_do_not_fit(chart: np.ndarray) -> None:
    long = np.zeros((1, 16384, 3), np.uint8)
    with pytest.raises(ConfigError, match="16383"):
        encode_image(long, "WEBP")
    assert read_image(io.BytesIO(encode_image(long, "JPEG"))).shape == long.shape
    with pytest.raises(ConfigError, match=r"^gif: unknown output format"):
        encode_image(chart, "gif")
    for quality in (0, 101):
        with pytest.raises(ConfigError, match="quality"):
            encode_image(chart, "JPEG", quality=quality)
    for wrong in (chart.astype(float), chart[..., 0], chart[:0], chart[..., :2]):
        with pytest.raises(ValueError, match="expected"):
            encode_image(wrong, "PNG")


def test_permissions(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "new", b"1")
        (tmp_path / "private").touch(0o600)
        (tmp_path / "shared").touch()
        os.chmod(tmp_path / "shared", 0o666)
        write_bytes(tmp_path / "private", b"1")
        write_bytes(tmp_path / "shared", b"1")
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"new": 0o640, "private": 0o600, "shared": 0o666}


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "real.png"
    link = tmp_path / "link.png"
    link.symlink_to(target)
    for data in (b"first, while the link dangles", b"second"):
        write_bytes(link, data)
        assert link.is_symlink() and target.read_bytes() == data
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    with pytest.raises(ImageWriteError):
        write_bytes(loop, b"")
    assert loop.is_symlink()


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageWriteError, match=r"no folder .*missing; create it"):
        write_bytes(tmp_path / "missing" / "out.png", b"")
    with pytest.raises(ImageWriteError, match="is a folder"):
        write_bytes(tmp_path, b"")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(ImageWriteError, match="not a regular file"):
        write_bytes(pipe, b"")
    with pytest.raises(ImageWriteError, match="null"):
        write_bytes("a\0.png", b"")
    with pytest.raises(ImageWriteError, match="too long"):
        write_bytes(tmp_path / ("x" * 256), b"")
    locked = tmp_path / "locked.png"
    locked.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)  # root may always write
        with pytest.raises(ImageWriteError, match="write-protected"):
            write_bytes(locked, b"new")
    assert locked.read_bytes() == b"old"


def test_longest_name(tmp_path: Path, chart: np.ndarray) -> None:
    path = tmp_path / ("x" * 251 + ".png")
    write_image(path, chart)
    assert np.array_equal(read_image(path), chart)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_no_other(
    call: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, call, fail)
    expected = ImageWriteError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        write_bytes(path, b"new")
    if expected is ImageWriteError:
        assert str(caught.value) == f"{path}: cannot be written: no space left on device; make room"
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["out.png"]


def test_disk_that_takes_only_a_part(tmp_path: Path) -> None:
    """A real refusal in the middle of the data, from a limit on the size of files."""
    script = (
        "import resource, sys\n"
        "from photo2moe.imageio import write_bytes\n"
        "limits = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))\n"
        "try:\n    write_bytes(sys.argv[1], bytes(9000))\n"
        "except Exception as error:\n    sys.exit(f'{type(error).__name__}: {error}')\n"
        "finally:\n    resource.setrlimit(resource.RLIMIT_FSIZE, limits)\n"  # for what measures coverage
    )
    path = tmp_path / "out.png"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == f"ImageWriteError: {path}: cannot be written: file too large"
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount a small disk")
def test_a_real_disk_that_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        path = disk / "out.png"
        write_bytes(path, b"old")
        with pytest.raises(ImageWriteError) as caught:
            write_bytes(path, bytes(100_000))
        assert str(caught.value) == f"{path}: cannot be written: no space left on device; make room"
        assert path.read_bytes() == b"old" and os.listdir(disk) == ["out.png"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_leftovers_go_and_what_is_being_written_stays(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    gone = [tmp_path / ".p2m-0123456789abcdef", tmp_path / "sub" / ".p2m-fedcba9876543210"]
    kept = [tmp_path / ".p2m-mine", tmp_path / "p2m-0123456789abcdef", tmp_path / "sub" / "a.png"]
    for path in (*gone, *kept):
        path.write_bytes(b"x")
    (tmp_path / ".p2m-00000000000000ff").mkdir()
    (tmp_path / ".p2m-00000000000000fe").symlink_to(kept[0])
    with replacing(tmp_path / "new.png") as temporary:
        sweep(tmp_path)
        assert os.path.exists(temporary)
    assert (tmp_path / "new.png").is_file()
    assert [path.exists() for path in gone] == [False, False] and all(path.exists() for path in kept)


def test_outputs_are_kept_apart_from_what_is_read(tmp_path: Path) -> None:
    photo, output = tmp_path / "photo.png", tmp_path / "out.png"
    photo.write_bytes(b"photo")
    for apart in (output, photo.with_name("other"), "a\0b"):
        keep_apart(apart, photo, "white", "-", "moe")
    output.symlink_to(photo)
    for same in (output, photo):
        with pytest.raises(ImageWriteError, match=r"would replace .*photo.png; name another file"):
            keep_apart(same, "white", photo)


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    contents = [bytes([i]) * 50_000 for i in range(6)]
    writers = [
        threading.Thread(target=lambda data=data: [write_bytes(path, data) for _ in range(10)]) for data in contents
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            assert path.read_bytes() in contents
    assert path.read_bytes() in contents and os.listdir(tmp_path) == ["out.png"]


# --- listing ---


def test_listing_finds_photos_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "b.JPG",
        "a.png",
        "c.HeiC",
        "notes.txt",
        ".hidden.png",
        ".p2m-0123.png",
        "sub/d.webp",
        "sub/deep/e.tif",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in ("D.HIF", "e.avif", "f.Mpo", "g.jpe", "h.JFIF", "i.dng", "j.jxl"):
        (tmp_path / "sub" / name).touch()
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x14ftypisom" + bytes(99))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "f.png").touch()
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing")
    others: list[Path] = []
    found = [str(path.relative_to(tmp_path)) for path in list_images(tmp_path, on_other=others.append)]
    rare = [f"sub/{name}" for name in ("D.HIF", "d.webp", "e.avif", "f.Mpo", "g.jpe", "h.JFIF", "i.dng", "j.jxl")]
    assert found == ["a.png", "b.JPG", "c.HeiC", "link.png", "photo", *rare, "sub/deep/e.tif"]
    passed = {"clip.mp4", "dangling.png", "loop", "notes.txt", "pipe.png", "self.png"}
    assert {str(path.relative_to(tmp_path)) for path in others} == passed


def test_listing_is_lazy_and_survives_changes(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    found = list_images(tmp_path)
    assert next(found) == tmp_path / "1" / "a.png"
    (tmp_path / "2" / "a.png").unlink()
    (tmp_path / "2").rmdir()
    (tmp_path / "3" / "b.png").touch()
    assert [path.name for path in found] == ["a.png", "b.png"]


def test_listing_deeper_than_the_stack(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(600):
        folder = folder / "d"
        os.mkdir(folder)
    (folder / "x.png").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        assert sum(1 for _ in list_images(tmp_path)) == 1
    finally:
        sys.setrecursionlimit(limit)


def test_listing_tells_of_what_it_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.png").touch()
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    errors: list[ImageReadError] = []
    assert [path.name for path in list_images(tmp_path, on_error=errors.append)] == ["a.png"]
    assert [str(error) for error in errors] == [f"{tmp_path}/closed: cannot be listed: permission denied"]
    with pytest.raises(ImageReadError, match="closed"):
        list(list_images(tmp_path))


def test_listing_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for place, reason in ((tmp_path / "gone", "no such file"), (tmp_path / "a.png", "not a directory")):
        with pytest.raises(ImageReadError, match=reason):
            next(list_images(place, on_error=lambda _: None))
