"""The mark is written into each format, and read back by us and by others."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import photo2moe
from photo2moe.errors import ImageReadError
from photo2moe.imageio import read_image, write_image
from photo2moe.provenance import TRAINED_MEDIA, Provenance, mark, read_provenance

TOOL = f"photo2moe {photo2moe.__version__}"
SUFFIXES = [".png", ".jpg", ".webp"]


@pytest.fixture(params=[3, 4], ids=["rgb", "rgba"])
def image(request: pytest.FixtureRequest) -> np.ndarray:
    return np.full((20, 30, request.param), 120, np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_written_picture_is_marked(suffix: str, image: np.ndarray, tmp_path: Path) -> None:
    if suffix == ".jpg":
        image = image[..., :3]
    path = tmp_path / ("out" + suffix)
    write_image(path, image)
    found = read_provenance(path)
    assert found == Provenance(TRAINED_MEDIA, TOOL)
    assert found.is_ai_made


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pillow_finds_the_packet_where_it_belongs(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / ("out" + suffix)
    write_image(path, np.zeros((8, 8, 3), np.uint8))
    with PIL.Image.open(path) as picture:
        xmp = picture.info["xmp"]
        assert xmp == mark("JPEG")["xmp"]
        assert not picture.getexif()
        if suffix == ".png":
            assert picture.info["Software"] == TOOL


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_all_formats(tmp_path: Path) -> None:
    paths = [tmp_path / ("out" + suffix) for suffix in SUFFIXES]
    for path in paths:
        write_image(path, np.zeros((8, 8, 3), np.uint8))
    command = ["exiftool", "-json", "-G1", "-XMP:all", "-GPS:all", "-validate", *paths]
    facts = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(facts) == 3
    for fact in facts:
        assert fact["XMP-iptcExt:DigitalSourceType"] == TRAINED_MEDIA
        assert fact["XMP-xmp:CreatorTool"] == TOOL
        assert "OK" in fact["ExifTool:Validate"]


def packet(body: str) -> bytes:
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    )
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {spaces}>{body}</rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize(
    "body",
    [
        '<rdf:Description i:DigitalSourceType="SOURCE"/>',
        "<rdf:Description><i:DigitalSourceType> SOURCE </i:DigitalSourceType></rdf:Description>",
        '<rdf:Description/><rdf:Description><i:DigitalSourceType rdf:resource="SOURCE"/></rdf:Description>',
    ],
)
def test_all_ways_of_writing_a_property(body: str, tmp_path: Path) -> None:
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    path = tmp_path / "any"
    path.write_bytes(b"\xff\xd8 before " + packet(body.replace("SOURCE", source)) + b" after")
    found = read_provenance(path)
    assert found == Provenance(source, None)
    assert found.is_ai_made


def test_camera_pictures_are_not_ai_made(tmp_path: Path) -> None:
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    path = tmp_path / "photo.jpg"
    path.write_bytes(packet(f'<rdf:Description i:DigitalSourceType="{source}" xmp:CreatorTool="Phone"/>'))
    found = read_provenance(path)
    assert found == Provenance(source, "Phone")
    assert not found.is_ai_made


BOMB = b"<x:xmpmeta><!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>&b;</x:xmpmeta>"


@pytest.mark.parametrize(
    "data",
    [
        b"no packet",
        b"<x:xmpmeta",
        b"</x:xmpmeta><x:xmpmeta",
        b"<x:xmpmeta>\xff</x:xmpmeta>",
        b"<x:xmpmeta><a></x:xmpmeta>",
        b"<x:xmpmeta>\0</x:xmpmeta>",
        packet('<rdf:Description xmp:CreatorTool=""/>'),
        packet("x" * (1 << 20)),
        packet("<a>" * 150_000 + "</a>" * 150_000),
        b"<x:xmpmeta" * 500_000,
        BOMB,
    ],
    ids=range(11),
)
def test_damaged_or_hostile_packets_say_nothing(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert read_provenance(path) is None


def test_pictures_without_the_mark_and_no_files(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    PIL.Image.new("RGB", (4, 4)).save(path)
    assert read_provenance(path) is None
    with pytest.raises(ImageReadError, match="no such file"):
        read_provenance(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageReadError, match="not a regular file"):
        read_provenance(tmp_path / "pipe.png")


def test_nothing_of_the_photo_is_passed_on(tmp_path: Path) -> None:
    photo = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    PIL.Image.new("RGB", (8, 8)).save(photo, "JPEG", exif=exif, comment=b"secret place")
    photo.seek(0)
    for suffix in SUFFIXES:
        path = tmp_path / ("out" + suffix)
        write_image(path, read_image(photo))
        photo.seek(0)
        data = path.read_bytes()
        assert b"Maker" not in data and b"secret" not in data and b"Exif\0\0" not in data
