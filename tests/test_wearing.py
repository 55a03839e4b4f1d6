"""Headwear: every kind that a photo is read for can be drawn, and its cloth has the colours that were seen."""

from dataclasses import replace

import numpy as np
import pytest

from photo2moe.character.attributes import Looks
from photo2moe.character.labels import FIELDS
from photo2moe.character.schema import Character
from photo2moe.character.wearing import hat_of, wearing
from photo2moe.face.lab import difference, from_hex
from photo2moe.face.parse import HAIR, HEADWEAR, Regions
from photo2moe.kit.loader import load_kit
from photo2moe.pen.head import Head
from photo2moe.pen.palette import to_oklab
from photo2moe.pen.portrait import draw_scene, materials
from photo2moe.pen.raster import raster
from photo2moe.pen.worn import materials as worn_materials
from photo2moe.types import Face

SIZE = 128
HATS = [name for name in FIELDS["hat"] if name != "none"]


def face() -> Face:
    landmarks = np.full((106, 2), 64.0, np.float32)
    found = Face.__new__(Face)
    object.__setattr__(found, "landmarks", landmarks)
    return found


def read(kind, colour, second, upper, lower, **changes):
    """Headwear whose upper and lower half have those colours in the photo."""
    photo = np.zeros((SIZE, SIZE, 3), np.uint8)
    photo[20:80], photo[80:110] = upper, lower
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[20:110, 20:108] = HEADWEAR
    regions = Regions(labels, np.zeros((5, SIZE, SIZE), np.float32), np.eye(2, 3), face())
    fields = {"headwear.kind": kind, "headwear.colour": colour, "headwear.second": second, **changes}
    return wearing(photo, face(), regions, Character().replace(**fields))


@pytest.mark.parametrize("kind", HATS)
@pytest.mark.parametrize("yaw", [0.0, 45.0, -30.0])
def test_every_kind_is_drawn_on_a_turned_and_tilted_head(kind, yaw):
    who = Character().replace(**{"headwear.kind": kind, "pose.yaw": yaw, "pose.roll": 12.0, "hair.length": "long"})
    layers = {layer.name: layer.items for layer in draw_scene(who, load_kit()).layers}
    assert layers["headwear"]


@pytest.mark.parametrize("colour", ["#000000", "#1c1a20", "#2f3035"])
def test_black_cloth_stays_black_and_its_folds_are_lighter(colour):
    who = Character().replace(**{"headwear.kind": "headscarf", "headwear.colour": colour})
    tones = worn_materials(who, materials(who))["headwear"]
    assert tones.base == tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    assert to_oklab(tones.light)[0] > to_oklab(tones.base)[0] + 0.06
    assert to_oklab(tones.light)[0] < 0.5


def test_the_colour_of_a_cap_is_that_of_its_crown_and_not_of_its_shadow():
    found = read("cap", "#1b1717", "#6a4839", (112, 80, 64), (24, 20, 20))
    assert (found["headwear.colour"], found["headwear.second"]) == ("#6a4839", "")


def test_pale_cloth_in_hard_light_is_not_the_colour_of_its_shadow():
    found = read("headscarf", "#7b7473", "#fff2cb", (123, 116, 115), (255, 242, 203), **{"skin.colour": "#6a4030"})
    assert (found["headwear.colour"], found["headwear.second"]) == ("#fff2cb", "")
    dark = read("headscarf", "#302c30", "#fff2cb", (48, 44, 48), (255, 242, 203), **{"skin.colour": "#6a4030"})
    assert dark["headwear.colour"] == "#302c30"


def test_lights_and_shadows_of_grey_cloth_are_one_colour():
    found = read("cap", "#121012", "#7a7c80", (60, 62, 62), (18, 16, 18))
    assert found["headwear.second"] == ""
    assert 14 < from_hex(found["headwear.colour"])[0] < 40


def test_a_second_colour_of_the_cloth_is_kept():
    found = read("headscarf", "#2d56b1", "#e2c3cb", (45, 86, 177), (226, 195, 203), **{"skin.colour": "#8a5a40"})
    assert difference(from_hex(found["headwear.colour"]), from_hex("#2d56b1")) < 1
    assert found["headwear.second"]


@pytest.mark.parametrize(("kind", "least"), [("ghutra", 90), ("kufi", 90), ("straw_hat", 70), ("sunglasses_up", 10)])
def test_headwear_that_was_not_seen_has_its_usual_colour(kind, least):
    found = wearing(*_unseen(), Character().replace(**{"headwear.kind": kind}))
    assert least <= from_hex(found["headwear.colour"])[0] < least + 20


def _unseen():
    regions = Regions(np.zeros((SIZE, SIZE), np.uint8), np.zeros((5, SIZE, SIZE), np.float32), np.eye(2, 3), face())
    return np.zeros((SIZE, SIZE, 3), np.uint8), face(), regions


def test_some_hair_is_seen_under_a_loose_cloth():
    who = Character().replace(**{"headwear.kind": "dupatta", "hair.length": "hidden"})
    assert wearing(*_unseen(), who)["hair.length"] != "hidden"


@pytest.mark.parametrize("kind", ["headscarf", "dupatta", "ghutra", "hood"])
@pytest.mark.parametrize(("age", "years"), [("baby", 1.0), ("child", 4.0), ("adult", 30.0)])
@pytest.mark.parametrize("pose", [(0, -25, 0), (0, 25, 0), (45, -25, 25), (-45, -25, -25), (-45, 20, 15)])
def test_cloth_never_covers_the_mouth(kind, age, years, pose):
    fields = {"headwear.kind": kind, "person.age": age, "person.years": years}
    fields |= {f"pose.{name}": float(angle) for name, angle in zip(("yaw", "pitch", "roll"), pose, strict=True)}
    who = Character().replace(**fields)
    scene, head = draw_scene(who, load_kit()), Head(who)
    cloth = replace(scene, layers=tuple(layer for layer in scene.layers if layer.name == "headwear"))
    width, v = 1.3 * head.size.mouth_width, head.size.mouth
    mouth = head.face([(u, v + below) for u in np.linspace(-width, width, 9) for below in (-0.08, 0.0, 0.1)])
    x, y = ((mouth - scene.origin) / scene.width * SIZE).astype(int).T
    assert raster(cloth, SIZE)[y, x, 3].max() == 0


def test_a_head_covered_by_headwear_alone_has_the_likeliest_kind():
    units = np.array([[4 / SIZE, 0, -2.0], [0, 4 / SIZE, -3.0]])  # eyes three quarters down the square
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[20:60, 30:98] = HEADWEAR

    class Placed(Regions):
        to_units = units

    looks = Looks({"hat": {"none": 0.7, "hood": 0.2, "cap": 0.1}})
    covered = Placed(labels, np.zeros((5, SIZE, SIZE), np.float32), np.eye(2, 3), face())
    assert hat_of("none", looks, covered) == "hood"
    assert hat_of("cap", looks, covered) == "cap"
    haired = labels.copy()
    haired[60:90, 20:30] = HAIR
    assert hat_of("none", looks, replace(covered, labels=haired)) == "none"
    assert hat_of("none", looks, replace(covered, labels=np.zeros_like(labels))) == "none"
