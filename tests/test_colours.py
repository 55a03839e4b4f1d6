import functools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from photo2moe.character.attributes import Looks
from photo2moe.character.describe import IRIS, _beard, _colours
from photo2moe.character.schema import Character
from photo2moe.character.wearing import wearing
from photo2moe.face import colours
from photo2moe.face.balance import balance
from photo2moe.face.colours import PersonColours
from photo2moe.face.lab import difference, from_hex, from_lab, lab, linear, to_hex
from photo2moe.face.light import EYE_CONTOURS
from photo2moe.face.parse import CLOTHES, HAIR, SKIN, Parser, Regions
from photo2moe.face.pose import pose
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector

DATA = Path(__file__).parent / "data"
PEOPLE = ("man", "woman", "old", "hat")
LIGHTS = {"warm": (1.2, 1, 0.6), "cool": (0.72, 1, 1.3), "green": (0.78, 1.08, 0.75), "dark": (0.25, 0.25, 0.25)}


@functools.cache
def person(name):
    photo = read_image(DATA / f"{name}.jpg")
    with FaceDetector() as detector:
        face = detector(photo)[0]
    return photo, face, Parser()(photo, face)


def measure_colours(photo, face, regions, seen=None):
    return colours.measure_colours(photo, face, regions, balance(photo, face, regions, pose(face), seen))


def encoded(light):
    light = np.clip(light, 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(coded * 255).astype(np.uint8)


def grey(photo):
    return np.repeat(encoded(linear(photo) @ np.array([[0.2126], [0.7152], [0.0722]])), 3, axis=2)


def painted(name, region, colour):
    """The photo with a region in a flat colour, its light and shade kept a little."""
    photo, face, regions = person(name)
    back = cv2.invertAffineTransform(regions.matrix)
    mask = cv2.warpAffine(
        (regions.labels == region).astype(np.uint8), back, photo.shape[1::-1], flags=cv2.INTER_NEAREST
    )
    shade = 0.85 + 0.15 * photo[..., 1:2] / max(1, int(photo[mask > 0][:, 1].max()))
    flat = (np.array(colour) * shade).astype(np.uint8)
    return np.where(mask[..., None] > 0, flat, photo), face, regions


# From the test data of Sharma, Wu and Dalal, The CIEDE2000 color-difference formula (2005), table 1.
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_is_ciede2000(one, other, expected):
    assert difference(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)


def test_colours_come_back():
    for colour in ("#000000", "#ffffff", "#7f3a21", "#00ff80"):
        assert to_hex(from_hex(colour)) == colour
    assert lab(np.ones(3)) == pytest.approx([100, 0, 0], abs=1e-6)
    assert from_lab(np.array([50.0, 0, 0])) == pytest.approx(np.full(3, 0.18419), abs=1e-4)


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PEOPLE)
def test_ordinary_light_keeps_what_the_photo_shows(name):
    photo, face, regions = person(name)
    found = measure_colours(photo, face, regions)
    assert found.light == "ordinary" and found.notes == ()
    units = cv2.invertAffineTransform(face.to_units())
    spots = [np.rint(units[:, :2] @ [u, 0.42] + units[:, 2]).astype(int) for u in (-0.42, 0.42)]
    cheeks = [lab(np.median(linear(photo[y - 4 : y + 5, x - 4 : x + 5]), axis=(0, 1)))[0] for x, y in spots]
    # One cheek may lie in the shade: the skin is between both, not beyond the lighter one.
    assert min(cheeks) - 3 < from_hex(found.skin)[0] < max(cheeks) + 3


@pytest.mark.mediapipe
def test_people_differ_as_in_their_photos():
    man, woman, old = (measure_colours(*person(name)) for name in ("man", "woman", "old"))
    assert from_hex(woman.skin)[0] < from_hex(man.skin)[0] - 5 < from_hex(old.skin)[0]
    assert from_hex(woman.hair)[0] < 25 < from_hex(old.hair)[0] < from_hex(old.skin)[0]
    assert from_hex(man.hair)[0] > 50 and np.hypot(*from_hex(man.hair)[1:]) < 12  # silver
    assert from_hex(man.clothes)[2] < -15  # a blue shirt
    scarf = measure_colours(*person("hat"))
    assert scarf.headwear is not None


@pytest.mark.mediapipe
@pytest.mark.parametrize("light", [*LIGHTS, "grey"])
@pytest.mark.parametrize("name", PEOPLE)
def test_the_same_person_in_another_light(name, light):
    photo, face, regions = person(name)
    before = measure_colours(photo, face, regions)
    lit = grey(photo) if light == "grey" else encoded(linear(photo) * LIGHTS[light])
    after = measure_colours(lit, face, regions)
    assert difference(from_hex(before.skin), from_hex(after.skin)) < 9
    if before.hair is not None and after.hair is not None:
        most = 12 if light == "grey" else 10  # a photo without colours does not tell the hue
        assert difference(from_hex(before.hair), from_hex(after.hair)) < most
    assert difference(*(lab(np.median(linear(one), axis=(0, 1))) for one in (photo, lit))) > 3


@pytest.mark.mediapipe
def test_a_photo_without_colours_gives_natural_ones_and_says_so():
    photo, face, regions = person("old")
    found = measure_colours(grey(photo), face, regions)
    assert found.light == "grey" and len(found.notes) == 1
    _, a, b = from_hex(found.skin)
    assert a > 6 and b > 6
    sepia = np.clip(grey(photo) * np.array([1.0, 0.85, 0.65]), 0, 255).astype(np.uint8)
    assert np.hypot(*(from_hex(measure_colours(sepia, face, regions).skin) - from_hex(found.skin))[1:]) < 6


@pytest.mark.mediapipe
def test_a_dark_photo_says_so():
    photo, face, regions = person("man")
    found = measure_colours(encoded(linear(photo) * 0.2), face, regions)
    assert found.light == "dark" and found.notes


@pytest.mark.mediapipe
@pytest.mark.parametrize("colour", [(60, 160, 90), (90, 70, 200), (220, 60, 150)])
def test_dyed_hair_keeps_its_colour(colour):
    found = measure_colours(*painted("old", HAIR, colour))
    wanted = lab(linear(np.array(colour, np.uint8)))
    assert difference(from_hex(found.hair), wanted) < 12


@pytest.mark.mediapipe
def test_clothes_have_one_colour_or_two():
    photo, face, regions = painted("man", CLOTHES, (200, 40, 40))
    found = measure_colours(photo, face, regions)
    assert difference(from_hex(found.clothes), from_hex("#c82828")) < 10 and found.clothes_second is None
    white = np.ascontiguousarray(photo)
    back = cv2.invertAffineTransform(regions.matrix)
    left = (regions.labels == CLOTHES) & (np.arange(len(regions.labels)) < 0.4 * len(regions.labels))
    mask = cv2.warpAffine(left.astype(np.uint8), back, photo.shape[1::-1], flags=cv2.INTER_NEAREST) > 0
    white[mask] = (240, 240, 240)
    both = measure_colours(white, face, regions)
    assert {both.clothes is None, both.clothes_second is None} == {False}
    assert max(from_hex(both.clothes)[0], from_hex(both.clothes_second)[0]) > 85


@pytest.mark.mediapipe
def test_what_is_not_there_has_no_colour():
    photo, face, regions = person("man")
    nothing = np.where(np.isin(regions.labels, (HAIR, CLOTHES)), SKIN, regions.labels)
    found = measure_colours(photo, face, Regions(nothing, regions.scores, regions.matrix, face))
    assert found.hair is None and found.tips is None and found.clothes is None and found.headwear is None


@pytest.mark.mediapipe
@pytest.mark.parametrize(
    ("colour", "family"), [((70, 110, 160), "blue"), ((84, 116, 66), "green"), ((70, 42, 26), "brown")]
)
def test_irises_of_all_colours(colour, family):
    photo, face, regions = person("woman")
    photo = photo.copy()
    for contour, iris in zip(EYE_CONTOURS, (468, 473), strict=True):
        eye, disc = np.zeros((2, *photo.shape[:2]), np.uint8)
        cv2.fillPoly(eye, [np.rint(face.landmarks[list(contour)]).astype(np.int32)], 1)
        radius = np.hypot(*(face.landmarks[iris + 1 : iris + 5] - face.landmarks[iris]).T).mean()
        cv2.circle(disc, np.rint(face.landmarks[iris]).astype(int).tolist(), round(radius), 1, -1)
        photo[(eye & disc) > 0] = colour
    _, a, b = from_hex(measure_colours(photo, face, regions).iris)
    told = "blue" if b < -3 else "green" if a < 0 else "brown" if b > 5 and a > 5 else "grey"
    assert told == family


def test_headwear_that_the_regions_take_for_hair_has_the_colour_of_what_is_there():
    photo, face, regions = person("woman")  # black hair
    who = Character().replace(**{"headwear.kind": "turban", "hair.length": "hidden"})
    assert from_hex(wearing(photo, face, regions, who)["headwear.colour"])[0] < 30
    band = who.replace(**{"headwear.kind": "headband"})
    assert wearing(photo, face, regions, band)["headwear.colour"] == "#4a434c"


def _measured(**seen: str | None) -> PersonColours:
    given: dict[str, Any] = dict.fromkeys(("hair", "tips", "brows", "beard", "lips", "clothes", "clothes_second"))
    given |= dict.fromkeys(("headwear", "headwear_second")) | {"skin": "#c09070", "iris": "#6d4429"}
    return PersonColours(**given | {"light": "ordinary", "notes": ()} | seen)


def test_beards_in_coloured_light_have_the_colour_of_the_hair() -> None:
    words = {"beard": "beard", "hat": "none", "hair_colour": "brown"}
    assert _beard(_measured(beard="#5a3060", hair="#3c2f2d"), words) == "#3c2f2d"
    assert _beard(_measured(beard="#5a3c28", hair="#3c2f2d"), words) == "#5a3c28"


def test_only_hanging_hair_has_ends_of_another_colour() -> None:
    looks = Looks({"hair_colour": {"brown": 1.0}, "iris": {**dict.fromkeys(IRIS, 0.0), "brown": 1.0, "unseen": 0.0}})
    words = {"beard": "none", "hat": "none", "hair_colour": "brown", "lipstick": "no"}
    seen = _measured(hair="#3c2f2d", tips="#3a6030")
    assert "hair.tips" not in _colours(seen, {**words, "hair_length": "short"}, looks)
    assert _colours(seen, {**words, "hair_length": "long"}, looks)["hair.tips"] == "#3a6030"
