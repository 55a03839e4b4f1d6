"""SVG: what it holds, and that a browser shows the picture that Skia draws."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest
from test_page import browser  # noqa: F401 - a fixture
from test_raster import ALL, BLACK, RED, WHITE, box, busy, scene

from photo2moe.pen.raster import raster
from photo2moe.pen.scene import Flat, Gradient, Group, Layer, Path, Scene, Shape, brush
from photo2moe.pen.svg import write_svg
from photo2moe.provenance import find_provenance

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"


def tree(data):
    return ElementTree.fromstring(data)


def references(data):
    """Ids that are used, and ids that there are."""
    text = data.decode()
    return set(re.findall(r"url\(#([^)]+)\)", text)), re.findall(r'(?<![\w:])id="([^"]+)"', text)


def test_layers_are_layers_of_inkscape_and_nothing_is_rastered():
    root = tree(write_svg(busy(), 512))
    groups = [g for g in root.findall(f"{SVG}g") if g.get(f"{INKSCAPE}groupmode") == "layer"]
    assert [g.get("id") for g in groups] == [g.get(f"{INKSCAPE}label") for g in groups] == ["back", "face", "front"]
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("512", "512", "0 0 512 512")
    kinds = {element.tag.removeprefix(SVG) for element in root.iter() if element.tag.startswith(SVG)}
    assert kinds == {
        *("svg", "metadata", "defs", "g", "path", "clipPath", "filter", "feGaussianBlur"),
        *("linearGradient", "radialGradient", "stop"),
    }
    assert len({id(path) for layer in groups for path in layer.iter(f"{SVG}path")}) == 1 + 3 + 22


def test_every_reference_is_there_once():
    used, there = references(write_svg(busy(), 512))
    assert len(there) == len(set(there)) and used <= set(there) and len(used) >= 4


def test_what_is_alike_is_written_once():
    paint = Gradient((0, 0), (0, 64), ((0, RED, 1.0), (1, BLACK, 0.5)))
    shapes = tuple(Shape(box(i, 0, i + 1, 9), paint, blur=1.0) for i in range(9))
    root = tree(write_svg(scene(Group(shapes, clip=ALL), Group(shapes, clip=ALL))))
    counts = [len(root.findall(f".//{SVG}{kind}")) for kind in ("linearGradient", "clipPath", "filter")]
    assert counts == [1, 1, 1]


def test_it_carries_the_mark():
    data = write_svg(busy())
    found = find_provenance(data)
    assert found is not None and found.is_ai_made and found.creator_tool.startswith("photo2moe ")
    assert tree(data).find(f"{SVG}metadata//{{http://www.w3.org/1999/02/22-rdf-syntax-ns#}}RDF") is not None


def test_names_and_titles_may_hold_anything():
    names = ['<b>&"\x00', "1 of two", "", "Haar hinten ü", "1 of two", "paint1"]
    paint = Gradient((0, 0), (0, 64), ((0, RED, 1.0), (1, BLACK, 0.5)))
    data = write_svg(Scene(tuple(Layer(n, (Shape(ALL, paint),)) for n in names), (0, 0), 1, 1), title="</title><x>&")
    root = tree(data)
    assert [g.get(f"{INKSCAPE}label") for g in root.findall(f"{SVG}g")] == ['<b>&"\ufffd', *names[1:]]
    assert root.find(f"{SVG}title").text == "</title><x>&"
    used, there = references(data)
    assert len(there) == len(set(there)) == 7 and used < set(there)


def test_numbers_and_colours_are_short():
    text = write_svg(scene(Shape(box(0.5, 0, 1.00004, 2), Flat((255, 0, 17), 0.33333))), 64).decode()
    assert '<path d="m.5 0l.5 0 0 2-.5 0z" fill="#f01" fill-opacity=".333"/>' in text


def test_the_same_bytes_every_time():
    assert write_svg(busy(), 300, background=WHITE) == write_svg(busy(), 300, background=WHITE)


def test_empty_things_write_nothing():
    root = tree(write_svg(scene(Shape(Path(), Flat(RED)), Group(()), Group((Shape(Path(), Flat(RED)),), clip=ALL))))
    (layer,) = root.findall(f"{SVG}g")
    assert not len(layer) and not len(root.find(f"{SVG}defs"))


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (Shape(Path((("M", (float("nan"), 1.0)),)), Flat(RED)), "none"),
        (Shape(ALL, Flat(RED), blur=float("nan")), "blur"),
        (Shape(ALL, Flat(RED), blur=-1.0), "blur"),
        (Shape(ALL, Gradient((0, 0), (1, 1), ())), "stop"),
        (Shape(ALL, Gradient((float("inf"), 0), (1, 1), ((0, RED, 1.0),))), "number"),
        (Group((Shape(ALL, Flat(RED)),), blend="burn"), "unknown blend"),
    ],
)
def test_a_broken_scene_is_refused(item, says):
    with pytest.raises(ValueError, match=says):
        write_svg(scene(item))


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match="64 to 4096"):
        write_svg(busy(), 5000)


def shot(browser, data, tmp_path, transparent=False):  # noqa: F811
    """What Chromium shows of a file, RGB, or RGBA without anything behind."""
    file = tmp_path / "scene.svg"
    file.write_bytes(data)
    root = tree(data)
    size = {side: int(root.get(side)) for side in ("width", "height")}
    page = browser.new_page(viewport=size)
    page.goto(file.as_uri())
    picture = PIL.Image.open(io.BytesIO(page.screenshot(omit_background=transparent)))
    page.close()
    return np.asarray(picture.convert("RGBA" if transparent else "RGB")).astype(float)


def hair():
    """Six hundred shapes like those of a head of hair: gradients, clips, blurred shadows."""
    rng = np.random.default_rng(3)
    items = []
    for _ in range(100):
        line = rng.uniform((6, 4), (58, 20)) + np.cumsum(rng.normal((0, 1.5), (0.6, 0.5), (16, 2)), 0)
        lock = brush(line, [0.5, 5, 0.1])
        light, dark = ((*(int(c) for c in rng.integers(40, 240, 3)),) for _ in range(2))
        tone = Gradient(tuple(line[0]), tuple(line[-1]), ((0, dark, 1.0), (0.4, light, 1.0), (1, dark, 0.9)))
        strands = [
            Shape(brush(line + np.array((shift, 0)), [0.05, 0.6, 0.05]), Flat(dark, 0.5)) for shift in (-1, 0.5, 1)
        ]
        items.append(Shape(brush(line + np.array((0.5, 1)), [0.5, 5, 0.1]), Flat((60, 30, 50), 0.4), blur=0.8))
        items.append(Group((Shape(lock, tone), *strands), clip=lock))
        items.append(Shape(brush(line, [0.05, 0.3, 0.05]), Flat((70, 40, 40))))
    return Scene((Layer("hair", tuple(items)),), (0.0, 0.0), 64.0, 64.0)


@pytest.mark.slow
@pytest.mark.parametrize("size", [256, 1024])
@pytest.mark.parametrize("make", [busy, hair])
def test_a_browser_shows_the_picture(browser, tmp_path, make, size):  # noqa: F811
    seen = shot(browser, write_svg(make(), size, background=WHITE), tmp_path)
    off = np.abs(seen - raster(make(), size, background=WHITE)[..., :3])
    assert off.mean() < 1
    assert (off.max(2) > 32).mean() < 0.005


@pytest.mark.slow
@pytest.mark.parametrize(
    "item",
    [
        Shape(box(20, 20, 44, 44), Flat(RED), blur=6.0),
        Shape(box(31, 8, 33, 56), Flat(RED), blur=5.0),
        Shape(box(20, 20, 44, 44), Gradient((20, 0), (44, 0), ((0, RED, 1.0), (1, (0, 0, 255), 0.2))), blur=3.0),
        Shape(ALL, Gradient((32, 32), (0, 0), ((0.2, RED, 1.0), (0.7, (9, 99, 9), 0.5), (1, WHITE, 0.0)), radius=30)),
        Shape(ALL, Gradient((20, 20), (20, 20), ((0, RED, 1.0), (1, (0, 0, 255), 1.0)))),
        Shape(ALL, Gradient((0, 0), (64, 0), ((0.5, RED, 1.0), (0.5, (0, 0, 255), 1.0)))),
        Group((Shape(box(10, 10, 50, 50), Flat(RED), blur=4.0),), clip=box(20, 20, 64, 64), opacity=0.7),
        Group((Group((Shape(ALL, Flat((90, 160, 230))),), blend="multiply"),), clip=box(5, 5, 60, 30)),
        Group((Group((Shape(ALL, Flat((90, 160, 230))),), blend="screen", opacity=0.5),), clip=box(5, 5, 60, 30)),
        Group(
            (Shape(box(0, 0, 40, 40), Flat(RED)), Shape(box(20, 20, 60, 60), Flat(BLACK))),
            blend="multiply",
            opacity=0.6,
        ),
    ],
)
def test_a_browser_shows_each_kind_of_item(browser, tmp_path, item):  # noqa: F811
    both = scene(Shape(box(0, 0, 64, 32), Flat((200, 150, 100))), item)
    seen = shot(browser, write_svg(both, 256), tmp_path, transparent=True)
    drawn = raster(both, 256).astype(float)
    off = np.abs(seen[..., :3] * seen[..., 3:] - drawn[..., :3] * drawn[..., 3:]) / 255
    assert off.mean() < 1.5 and np.abs(seen - drawn)[..., 3].mean() < 1.5
    assert off.max() < 40
