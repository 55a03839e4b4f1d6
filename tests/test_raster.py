"""Pixels of scenes: coverage, blur, clips, blends, gradients, and what is refused."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from photo2moe.errors import LibraryError
from photo2moe.pen import skia_paths
from photo2moe.pen.raster import combine, layers, lift, raster, sheets
from photo2moe.pen.scene import Flat, Gradient, Group, Layer, Path, Scene, Shape, brush

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def box(left, top, right, bottom):
    return Path.polygon([(left, top), (right, top), (right, bottom), (left, bottom)])


ALL = box(-100, -100, 200, 200)


def scene(*items, width=64.0, height=64.0, origin=(0.0, 0.0)):
    return Scene((Layer("all", items),), origin, width, height)


def draw(*items, size=64, **more):
    """At 64 px the face unit of these scenes is one pixel."""
    return raster(scene(*items), size, **more)


def busy():
    """A bit of everything."""
    rng = np.random.default_rng(7)
    face = Path.ellipse(32, 34, 20, 24)
    skin = Gradient((32, 10), (32, 58), ((0, (255, 230, 215), 1.0), (1, (240, 190, 170), 1.0)))
    glow = Gradient((24, 40), (0, 0), ((0, (255, 90, 90), 0.7), (1, (255, 90, 90), 0.0)), radius=8)
    shade = Group((Shape(Path.ellipse(32, 58, 18, 8), Flat((180, 130, 160)), blur=2.5),), blend="multiply")
    light = Group((Shape(box(20, 10, 40, 20), Flat((90, 90, 40))), Shape(box(30, 12, 50, 22), Flat((40, 40, 90)))))
    locks = [Shape(brush(rng.uniform(8, 56, (8, 2)), [0.2, 2, 0.1]), Flat((90, 50, 30), 0.8)) for _ in range(20)]
    return Scene(
        (
            Layer("back", (Shape(Path.ellipse(32, 30, 26, 28), Flat((90, 50, 30))),)),
            Layer("face", (Shape(face, skin), Group((shade, Shape(Path.ellipse(24, 40, 8, 8), glow)), clip=face))),
            Layer("front", (Group(tuple(locks), opacity=0.6), Group((light,), blend="screen", opacity=0.5))),
        ),
        (0.0, 0.0),
        64.0,
        64.0,
    )


def test_half_a_pixel_is_half_covered():
    pixels = draw(Shape(box(10, 10, 20.5, 20.25), Flat(RED)))
    assert pixels.shape == (64, 64, 4) and pixels.dtype == np.uint8
    assert pixels[15, 15].tolist() == [255, 0, 0, 255]
    assert pixels[15, 20, 3] == pytest.approx(127.5, abs=2)
    assert pixels[20, 15, 3] == pytest.approx(63.75, abs=2)
    assert pixels[20, 20, 3] == pytest.approx(31.9, abs=3)
    assert not pixels[15, 21].any() and not pixels[9].any()


def test_alpha_is_straight():
    pixels = draw(Shape(box(10, 10, 30, 30), Flat((200, 100, 50), 0.5)))
    assert pixels[20, 20].tolist() == pytest.approx([200, 100, 50, 128], abs=1)
    assert not pixels[40, 40].any()


def test_a_background_fills_what_is_left_open():
    pixels = draw(Shape(box(0, 0, 32, 64), Flat(RED, 0.5)), background=(0, 0, 200))
    assert (pixels[..., 3] == 255).all()
    assert pixels[5, 50].tolist() == [0, 0, 200, 255]
    assert pixels[5, 5].tolist() == pytest.approx([128, 0, 100, 255], abs=1)


def test_contours_add_up_unless_they_run_the_other_way():
    ring = Path((*box(10, 10, 50, 50).commands, *box(20, 20, 40, 40).commands))
    hole = Path((*box(10, 10, 50, 50).commands, *Path.polygon([(20, 20), (20, 40), (40, 40), (40, 20)]).commands))
    assert draw(Shape(ring, Flat(RED)))[30, 30, 3] == 255
    assert draw(Shape(hole, Flat(RED)))[30, 30, 3] == 0


@pytest.mark.parametrize("paint", [Flat(BLACK), Gradient((0, 0), (64, 0), ((0, BLACK, 1.0), (1, BLACK, 1.0)))])
def test_a_blur_is_a_gaussian_of_its_sigma(paint):
    sigma = 4.0
    alpha = draw(Shape(box(16, 16, 48, 48), paint, blur=sigma))[..., 3].astype(float)
    assert np.abs(alpha - alpha[::-1]).max() <= 1 and np.abs(alpha - alpha[:, ::-1]).max() <= 1
    assert np.abs(alpha - alpha.T).max() <= 2
    assert alpha.sum() / 255 == pytest.approx(32 * 32, rel=0.02)
    x = np.arange(64) + 0.5
    wide = np.array([math.erf((v - 16) / sigma / 2**0.5) - math.erf((v - 48) / sigma / 2**0.5) for v in x]) / 2
    assert np.abs(alpha[32] / 255 - wide * wide[32]).max() < 0.03


def test_blur_grows_with_the_picture():
    one = scene(Shape(box(16, 16, 48, 48), Flat(BLACK), blur=2))
    small, large = raster(one, 64)[..., 3], raster(one, 256)[..., 3]
    assert np.abs(large.reshape(64, 4, 64, 4).mean((1, 3)) - small).mean() < 1


def test_a_clip_cuts_all_that_is_in_its_group():
    group = Group(
        (Shape(ALL, Flat(RED)), Group((Shape(ALL, Flat(BLUE)),), clip=box(0, 20, 64, 64))), clip=box(10, 10, 30.5, 30)
    )
    pixels = draw(group)
    assert pixels[15, 15].tolist() == [255, 0, 0, 255]
    assert pixels[25, 15].tolist() == [0, 0, 255, 255]
    assert 100 < pixels[15, 30, 3] < 160
    assert pixels[..., 3].sum() / 255 == pytest.approx(20.5 * 20, rel=0.02)
    assert not pixels[40, 15].any()


def test_opacity_is_of_the_group_not_of_its_shapes():
    two = (Shape(box(0, 0, 40, 64), Flat(RED)), Shape(box(20, 0, 64, 64), Flat(BLUE)))
    pixels = draw(Group(two, opacity=0.5))
    assert pixels[5, 30].tolist() == pytest.approx([0, 0, 255, 128], abs=1)
    one = draw(Group((Shape(ALL, Flat(RED, 0.5)),), opacity=0.5))
    assert one[5, 5].tolist() == pytest.approx([255, 0, 0, 64], abs=1)
    glow = Gradient((0, 0), (64, 0), ((0, RED, 0.5), (1, RED, 0.5)))
    assert draw(Group((Shape(ALL, glow),), opacity=0.5))[5, 5, 3] == pytest.approx(64, abs=1)
    assert not draw(Group(two, opacity=0.0)).any()


@pytest.mark.parametrize("blend", ["multiply", "screen"])
def test_blends_by_their_formula_alone_and_in_a_layer(blend):
    below, above = np.array((200, 120, 60)) / 255, np.array((100, 180, 240)) / 255
    wanted = 255 * (below * above if blend == "multiply" else 1 - (1 - below) * (1 - above))
    shape = Shape(box(0, 0, 32, 64), Flat((100, 180, 240)))
    for items in ((shape,), (shape, shape)):
        pixels = draw(Shape(ALL, Flat((200, 120, 60))), Group(items, blend=blend))
        assert pixels[5, 5, :3].tolist() == pytest.approx(wanted.tolist(), abs=1)
        assert pixels[5, 50].tolist() == [200, 120, 60, 255]


def test_a_blend_meets_what_lies_below_the_group_that_clips_it():
    inner = Group((Shape(ALL, Flat((128, 128, 128))),), blend="multiply")
    pixels = draw(Shape(ALL, Flat(RED)), Group((inner,), clip=box(0, 0, 32, 64)))
    assert pixels[5, 5].tolist() == pytest.approx([128, 0, 0, 255], abs=1)
    assert pixels[5, 50].tolist() == [255, 0, 0, 255]
    alone = draw(Shape(ALL, Flat(RED)), Group((inner, Shape(box(0, 0, 1, 1), Flat(RED))), opacity=0.5))
    assert alone[5, 5].tolist() == pytest.approx([192, 64, 64, 255], abs=1)


def test_a_linear_gradient_begins_and_ends_at_its_ends():
    three = ((0.0, RED, 1.0), (0.25, GREEN, 1.0), (1.0, BLUE, 0.5))
    row = draw(Shape(ALL, Gradient((16, 0), (48, 0), three)))[30]
    assert row[5].tolist() == [255, 0, 0, 255]
    assert row[24, :3].tolist() == pytest.approx([0, 255, 0], abs=8)
    assert row[60].tolist() == pytest.approx([0, 0, 255, 128], abs=2)
    assert row[20, :3].tolist() == pytest.approx([255 * 3.5 / 8, 255 * 4.5 / 8, 0], abs=3)


def test_a_radial_gradient_is_round():
    glow = Gradient((32, 32), (0, 0), ((0, WHITE, 1.0), (1, WHITE, 0.0)), radius=16)
    alpha = draw(Shape(ALL, glow))[..., 3].astype(float)
    x = np.arange(64) + 0.5 - 32
    wanted = 255 * np.clip(1 - np.hypot(x, x[:, None]) / 16, 0, 1)
    assert np.abs(alpha - wanted).max() < 2


@pytest.mark.parametrize("end", [(10, 10), (50, 10)])
def test_one_stop_is_one_colour(end):
    assert draw(Shape(ALL, Gradient((10, 10), end, ((0.3, GREEN, 1.0),))))[20, 20].tolist() == [0, 255, 0, 255]


def test_the_same_bytes_every_time():
    assert {raster(busy(), 300).tobytes() for _ in range(3)} == {raster(busy(), 300).tobytes()}


@pytest.mark.parametrize("size", [64, 4096])
def test_smallest_and_largest(size):
    pixels = raster(scene(Shape(box(0, 0, 32, 32), Flat(RED)), height=32), size)
    assert pixels.shape == (size // 2, size, 4)
    assert (pixels[:, : size // 2 - 1, 3] == 255).all() and not pixels[:, size // 2 + 1 :].any()


def test_sizes_are_the_same_picture():
    small, large = raster(busy(), 128).astype(float), raster(busy(), 1024).astype(float)
    assert np.abs(large.reshape(128, 8, 128, 8, 4).mean((1, 3)) - small)[..., 3].mean() < 1


def test_origin_and_margin_shift_and_widen_the_picture():
    moved = scene(Shape(box(-10, -10, 22, 22), Flat(RED)), origin=(-10, -10))
    assert (raster(moved, 64)[:32, :32, 3] == 255).all() and not raster(moved, 64)[33:, 33:].any()
    wide = raster(scene(Shape(box(0, 0, 64, 64), Flat(RED))), 128, margin=32)
    assert (wide[32:96, 32:96, 3] == 255).all() and wide[..., 3].sum() == 255 * 64 * 64


@pytest.mark.parametrize("size", [63, 4097, -1, math.nan])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="64 to 4096"):
        raster(busy(), size)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (Shape(Path((("L", (1.0, 2.0)),)), Flat(RED)), "begin with M"),
        (Shape(Path((("M", (1.0, 2.0)), ("A", ()))), Flat(RED)), "cannot hold A"),
        (Shape(Path((("M", (1.0, 2.0)), ("L", (1.0,)))), Flat(RED)), "too few or too many"),
        (Shape(Path((("M", (1.0, 2.0)), ("L", (math.nan, 1.0)))), Flat(RED)), "none"),
        (Shape(Path((("M", (1.0, 2.0)), ("L", (1e300, 1.0)))), Flat(RED)), "too large"),
        (Shape(ALL, Flat(RED), blur=-1.0), "blur"),
        (Shape(ALL, Flat(RED), blur=math.nan), "blur"),
        (Shape(ALL, Flat(RED, math.nan)), "opacity"),
        (Shape(ALL, Gradient((0, 0), (1, 1), ())), "stop"),
        (Shape(ALL, Gradient((math.inf, 0), (1, 1), ((0, RED, 1.0), (1, BLUE, 1.0)))), "place"),
        (Group((Shape(ALL, Flat(RED)),), blend="burn"), "unknown blend 'burn'"),
        (Group((Shape(ALL, Flat(RED)),), clip=Path((("L", (1.0, 2.0)),))), "begin with M"),
    ],
)
def test_a_broken_scene_is_refused(item, says):
    with pytest.raises(ValueError, match=says):
        draw(item)


@pytest.mark.parametrize(("width", "height"), [(0, 64), (64, -1), (math.nan, 64), (64, math.inf)])
def test_a_picture_without_size_is_refused(width, height):
    with pytest.raises(ValueError, match="no picture"):
        raster(scene(width=width, height=height), 64)


def test_empty_things_draw_nothing():
    assert not draw(Shape(Path(), Flat(RED)), Group(()), Group((Shape(Path(), Flat(RED)),) * 2, opacity=0.5)).any()
    assert not draw(Group((Shape(ALL, Flat(RED)),), clip=Path())).any()
    assert not raster(Scene((), (0, 0), 1, 1), 64).any()


def test_a_contour_may_go_on_where_the_last_one_was_closed():
    pixels = draw(Shape(Path.parse("M20 20H40V40H20ZL20 0L0 0Z"), Flat(RED)))
    assert pixels[30, 30, 3] == 255 and pixels[5, 15, 3] == 255 and pixels[30, 10, 3] == 0


def test_layers_are_drawn_alone():
    names, pictures = zip(*layers(busy(), 128), strict=True)
    assert names == ("back", "face", "front")
    whole = raster(busy(), 128)
    assert all(picture.shape == whole.shape for picture in pictures)
    assert (np.max([picture[..., 3] for picture in pictures], 0) <= whole[..., 3]).all()
    assert not pictures[1][:10].any() and pictures[0][10, 64, 3] == 255


def composed(found, background):
    """Sheets laid upon each other by the formulas of the W3C, on an opaque background."""
    picture = np.full((*found[0].pixels.shape[:2], 3), background, float) / 255
    for sheet in found:
        colour, alpha = sheet.pixels[..., :3] / 255, sheet.pixels[..., 3:] / 255
        mixed = {"normal": colour, "multiply": picture * colour, "screen": 1 - (1 - picture) * (1 - colour)}
        picture = picture * (1 - alpha) + mixed[sheet.blend] * alpha
    return picture * 255


def test_sheets_laid_upon_each_other_are_the_picture():
    found = sheets(busy(), 256)
    assert [(sheet.name, sheet.blend) for sheet in found] == [
        ("back", "normal"),
        ("face", "normal"),
        ("face 2", "multiply"),
        ("face 3", "normal"),
        ("front", "normal"),
        ("front 2", "screen"),
    ]
    off = np.abs(composed(found, 255) - raster(busy(), 256, background=WHITE)[..., :3])
    assert off.mean() < 0.5 and off.max() < 8


def test_a_layer_without_shapes_is_an_empty_sheet():
    (sheet,) = sheets(scene(), 64)
    assert sheet.name == "all" and not sheet.pixels.any()


def test_lift_changes_no_pixel():
    before = busy()
    after = Scene(tuple(Layer(layer.name, lift(layer.items)) for layer in before.layers), (0, 0), 64, 64)
    assert after != before
    assert np.abs(raster(after, 256).astype(int) - raster(before, 256)).max() <= 2


@pytest.mark.parametrize(("operation", "size"), [("union", 700), ("intersection", 100), ("difference", 300)])
def test_areas_combine(operation, size):
    result = combine(operation, box(0, 0, 20, 20), box(10, 10, 30, 30))
    assert {kind for kind, _ in result.commands} <= {"M", "L", "Z"}
    assert draw(Shape(result, Flat(RED)))[..., 3].sum() / 255 == pytest.approx(size)


def test_a_hole_stays_a_hole():
    ring = combine("difference", box(0, 0, 40, 40), box(10, 10, 20, 20))
    assert draw(Shape(ring, Flat(RED)))[..., 3].sum() / 255 == pytest.approx(1500)
    both = combine("union", ring, box(15, 15, 18, 18))
    assert draw(Shape(both, Flat(RED)))[..., 3].sum() / 255 == pytest.approx(1509)


def test_small_paths_combine_as_large_ones_do():
    tiny = combine("difference", Path.ellipse(0, 0, 0.02, 0.02), Path.ellipse(0.01, 0, 0.01, 0.01))
    pixels = raster(scene(Shape(tiny, Flat(RED)), width=0.04, height=0.04, origin=(-0.02, -0.02)), 128)
    assert pixels[..., 3].sum() / 255 == pytest.approx(math.pi * 64**2 * 0.75, rel=0.01)


def test_curves_combine_and_stay_curves():
    result = combine("difference", Path.ellipse(32, 32, 20, 20), Path.ellipse(40, 32, 14, 14))
    assert {kind for kind, _ in result.commands} & {"Q", "C"}
    whole = draw(Shape(Path.ellipse(32, 32, 20, 20), Flat(RED)))[..., 3].astype(int)
    part = draw(Shape(result, Flat(RED)))[..., 3]
    assert part.sum() < whole.sum() and part[32, 40] == 0 and part[32, 16] == 255


def test_conics_become_quadratic_curves():
    skia = skia_paths.load_skia()
    circle = skia_paths.from_skia(skia, skia.PathBuilder().addCircle(32, 32, 20).detach())
    assert {kind for kind, _ in circle.commands} == {"M", "Q", "Z"}
    (points,) = circle.flatten()
    assert np.abs(np.hypot(*(points - 32).T) - 20).max() < 0.02


def test_other_operations_are_refused():
    with pytest.raises(ValueError, match="union, difference, intersection"):
        combine("xor", ALL, ALL)


def test_a_missing_library_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "skia", None)
    skia_paths.load_skia.cache_clear()
    try:
        with pytest.raises(LibraryError, match="apt-get install libegl1 libgl1") as caught:
            raster(busy(), 64)
    finally:
        skia_paths.load_skia.cache_clear()
    assert "\n" not in str(caught.value)
