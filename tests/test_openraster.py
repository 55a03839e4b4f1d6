"""OpenRaster: the layout that Krita, GIMP and MyPaint expect, and that nothing is lost in it."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest
from test_raster import WHITE, busy, composed

from photo2moe.pen.openraster import write_openraster
from photo2moe.pen.raster import Sheet, layers, raster, sheets
from photo2moe.provenance import find_provenance


def opened(data):
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive


def pixels(archive, name):
    picture = PIL.Image.open(io.BytesIO(archive.read(name)))
    assert (picture.format, picture.mode) == ("PNG", "RGBA") and not picture.info.get("interlace")
    return np.asarray(picture)


def stacked(archive):
    """Layers from back to front as a reader sees them."""
    image = ElementTree.fromstring(archive.read("stack.xml"))
    width, height = int(image.get("w")), int(image.get("h"))
    (stack,) = image.findall("stack")
    found = []
    for layer in reversed(stack.findall("layer")):
        piece = pixels(archive, layer.get("src"))
        left, top = int(layer.get("x")), int(layer.get("y"))
        whole = np.zeros((height, width, 4), np.uint8)
        whole[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
        blend = layer.get("composite-op").removeprefix("svg:").replace("src-over", "normal")
        assert (layer.get("opacity"), layer.get("visibility")) == ("1.0", "visible")
        found.append(Sheet(layer.get("name"), whole, blend))
    return found


def test_the_layout_is_that_of_the_format():
    data = write_openraster(layers(busy(), 300), raster(busy(), 300), title="me")
    first = zipfile.ZipFile(io.BytesIO(data)).infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert data[30:54] == b"mimetypeimage/openraster"  # where file(1) and desktops look
    archive = opened(data)
    assert set(archive.namelist()) == {
        *("mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"),
        *("data/layer0.png", "data/layer1.png", "data/layer2.png"),
    }
    image = ElementTree.fromstring(archive.read("stack.xml"))
    assert (image.tag, image.get("w"), image.get("h"), image.get("name")) == ("image", "300", "300", "me")
    assert [layer.get("name") for layer in image.iter("layer")] == ["front", "face", "back"]


def test_layers_come_back_whole():
    wanted = layers(busy(), 200)
    for (name, picture), sheet in zip(
        wanted, stacked(opened(write_openraster(wanted, raster(busy(), 200)))), strict=True
    ):
        assert sheet.name == name and sheet.blend == "normal"
        assert (sheet.pixels == picture).all()


def test_sheets_make_the_merged_picture():
    data = write_openraster(sheets(busy(), 256), raster(busy(), 256))
    archive = opened(data)
    merged = pixels(archive, "mergedimage.png")
    assert (merged == raster(busy(), 256)).all()
    off = np.abs(composed(stacked(archive), 255) - raster(busy(), 256, background=WHITE)[..., :3])
    assert off.mean() < 0.5


@pytest.mark.parametrize(
    ("shape", "wanted"), [((512, 1024), (128, 256)), ((100, 60), (100, 60)), ((700, 64), (256, 23))]
)
def test_the_thumbnail_is_256_at_most(shape, wanted):
    picture = np.zeros((*shape, 4), np.uint8)
    picture[:, : shape[1] // 2] = (200, 100, 50, 255)
    small = pixels(opened(write_openraster([("one", picture)], picture)), "Thumbnails/thumbnail.png")
    assert small.shape[:2] == wanted
    assert small[5, 2].tolist() == [200, 100, 50, 255] and small[5, -2, 3] == 0


def test_it_carries_the_mark():
    data = write_openraster(layers(busy(), 128), raster(busy(), 128))
    archive = opened(data)
    for content in (data, archive.read("mergedimage.png"), archive.read("data/layer0.png")):
        found = find_provenance(content)
        assert found is not None and found.is_ai_made
    image = ElementTree.fromstring(archive.read("stack.xml"))
    source = image.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert source.endswith("/trainedAlgorithmicMedia")
    assert image.get("{http://ns.adobe.com/xap/1.0/}CreatorTool").startswith("photo2moe ")


def test_an_opaque_picture_and_an_empty_layer_are_fine():
    merged = np.full((80, 90, 3), 7, np.uint8)
    archive = opened(write_openraster([("empty", np.zeros((80, 90, 4), np.uint8))], merged))
    assert (pixels(archive, "mergedimage.png") == (7, 7, 7, 255)).all()
    assert not stacked(archive)[0].pixels.any()


def test_names_may_hold_anything():
    picture = np.zeros((64, 64, 4), np.uint8)
    archive = opened(write_openraster([('<b>&"\x00ü', picture)], picture, title='"><x'))
    assert stacked(archive)[0].name == '<b>&"\ufffdü'


def test_the_same_bytes_every_time():
    first, second = (write_openraster(layers(busy(), 128), raster(busy(), 128)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ([], "needs a layer"),
        ([("one", np.zeros((64, 63, 4), np.uint8))], "must be of shape"),
        ([("one", np.zeros((64, 64, 3), np.uint8))], "must be of shape"),
        ([("one", np.zeros((64, 64, 4), np.uint8), "burn")], "unknown blend"),
    ],
)
def test_what_does_not_fit_is_refused(found, says):
    with pytest.raises(ValueError, match=says):
        write_openraster(found, np.zeros((64, 64, 4), np.uint8))
