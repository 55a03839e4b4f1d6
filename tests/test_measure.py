import functools
from pathlib import Path

import cv2
import numpy as np
import pytest

from photo2moe.character.schema import Character
from photo2moe.face.cover import CHIN, FOREHEAD, LOWER, TINY, cover_notes
from photo2moe.face.features import LOWER_LIDS, UPPER_LIDS
from photo2moe.face.measure import measure
from photo2moe.face.outline import RAYS
from photo2moe.face.parse import BACKGROUND, CLOTHES, HAIR, SKIN, Parser, Regions, square
from photo2moe.face.people import people
from photo2moe.face.pose import RIGID, fit, pose
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector
from photo2moe.types import Face

pytestmark = pytest.mark.mediapipe
DATA = Path(__file__).parent / "data"
PEOPLE = ("man", "woman", "old")
# Numbers that pixels take part in, or that the sampling of labels changes, may differ by more than rounding.
LOOSE = {"brows.thickness": 0.25, "hair.volume": 0.2, "hair.hairline": 0.25, "hair.parting": 0.3}


@functools.cache
def person(name):
    photo = read_image(DATA / f"{name}.jpg")
    with FaceDetector() as detector:
        face = detector(photo)[0]
    return photo, face, Parser()(photo, face)


def moved(face, matrix):
    points = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return Face((*points.min(0), *points.max(0)), points, face.score)


def same(one, other, *, but=(), slack=0.06):
    for name, value in one.numbers.items():
        if name not in but:
            limit = 1.5 if name.startswith("pose") else LOOSE.get(name, slack)
            assert other.numbers[name] == pytest.approx(value, abs=limit), name


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(25, 0, 0), (-40, 0, 0), (0, 15, 0), (0, -20, 10), (20, 10, -35)])
def test_a_turned_mean_face_is_found_turned_so(yaw, pitch, roll):
    table = people()
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    shape = table.shape[np.searchsorted(table.points, RIGID)]
    points = (shape @ (tilt @ nod @ turn).T)[:, :2] * 70 + [200, 150]
    head = fit(points, shape)
    assert (head.yaw, head.pitch, head.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)
    assert head.scale == pytest.approx(70) and head.error < 1e-9
    assert head.frontal(points, shape) == pytest.approx(shape[:, :2], abs=1e-9)
    # What the signs mean: the nose of a head turned to the right lies right of the middle of the face.
    nose, sides = head.project(table.shape[[np.searchsorted(table.points, 1)]]), points[:4].mean(0)
    across = (nose[0] - sides) @ [np.cos(r), np.sin(r)]
    assert across * np.sign(yaw) >= 0 and (yaw == 0) == (abs(across) < 1e-6)


@pytest.mark.parametrize("name", PEOPLE)
def test_measures_are_a_character(name):
    photo, face, regions = person(name)
    found = measure(photo, face, regions)
    who = Character().replace(**found.changes())
    assert Character.from_json(who.to_json()) == who
    assert len(found.outline) == RAYS
    assert abs(who.pose.yaw) < 12 and abs(who.pose.roll) < 6


def test_expressions_of_the_test_photos():
    smiling, calm = (measure(*person(name)) for name in ("man", "old"))
    assert smiling.mouth == "teeth" and smiling.numbers["expression.smile"] > 0.6
    assert calm.mouth in ("closed", "smile") and calm.numbers["expression.smile"] < smiling.numbers["expression.smile"]
    laughing = measure(*person("group"))
    assert laughing.mouth in ("teeth", "open")


@pytest.mark.parametrize("name", PEOPLE)
def test_a_mirrored_photo_mirrors_the_person(name):
    photo, face, regions = person(name)
    mirrored = np.ascontiguousarray(photo[:, ::-1])
    with FaceDetector() as detector:
        other = detector(mirrored)[0]
    one, two = measure(photo, face, regions), measure(mirrored, other, Parser()(mirrored, other))
    assert two.numbers["pose.yaw"] == pytest.approx(-one.numbers["pose.yaw"], abs=4)
    assert two.numbers["pose.roll"] == pytest.approx(-one.numbers["pose.roll"], abs=3)
    assert two.expression.gaze == pytest.approx((-one.expression.gaze[0], one.expression.gaze[1]), abs=0.3)
    assert two.numbers["expression.left"] == pytest.approx(one.numbers["expression.right"], abs=0.25)
    assert np.array(two.outline) == pytest.approx(np.array(one.outline)[-np.arange(RAYS) % RAYS], abs=0.15)
    # The mesh itself differs by a pixel or two, about half a deviation of the distance between the eyes.
    fields = ("face.width", "face.jaw", "face.chin", "nose.width", "eyes.spacing", "mouth.width")
    apart = [abs(two.numbers[field] - one.numbers[field]) for field in fields]
    assert np.mean(apart) < 0.25 and max(apart) < 0.6


@pytest.mark.parametrize("scale", [0.6, 1.7])
def test_size_changes_nothing(scale):
    photo, face, regions = person("woman")
    size = (round(400 * scale), round(400 * scale))
    larger = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    matrix = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])
    other = moved(face, matrix)
    back = np.hstack(
        [regions.matrix[:, :2] / scale, regions.matrix[:, 2:] - regions.matrix[:, :2] @ matrix[:, 2:] / scale]
    )
    same(
        measure(photo, face, regions),
        measure(larger, other, Regions(regions.labels, regions.scores, back, other)),
    )


@pytest.mark.parametrize("angle", [-40, 25, 170])
def test_a_turned_photo_changes_the_roll_alone(angle):
    photo, face, regions = person("man")
    matrix = cv2.getRotationMatrix2D((200, 150), -angle, 1.0)  # OpenCV turns the other way
    turned = cv2.warpAffine(photo, matrix, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    other = moved(face, matrix)
    inverse = cv2.invertAffineTransform(matrix)
    way = np.hstack(
        [regions.matrix[:, :2] @ inverse[:, :2], regions.matrix[:, :2] @ inverse[:, 2:] + regions.matrix[:, 2:]]
    )
    one, two = (
        measure(photo, face, regions),
        measure(turned, other, Regions(regions.labels, regions.scores, way, other)),
    )
    expected = (one.numbers["pose.roll"] + angle + 180) % 360 - 180
    assert two.numbers["pose.roll"] == pytest.approx(expected, abs=0.5)
    same(one, two, but=("pose.roll",))


def test_an_eye_that_shuts_is_the_one_in_the_picture():
    photo, face, regions = person("woman")
    points = face.landmarks.copy()
    for upper, lower in zip(UPPER_LIDS[0], LOWER_LIDS[0], strict=True):
        points[upper] = points[lower]
    shut = Face(face.box, points, face.score)
    before, after = measure(photo, face, regions), measure(photo, shut, regions)
    assert before.numbers["expression.left"] > 0.9
    assert after.numbers["expression.left"] == 0 and after.numbers["expression.right"] > 0.9
    assert after.expression.gaze == (0, 0)  # nobody sees where a shut eye looks


def test_irises_that_move_are_a_gaze():
    photo, face, regions = person("woman")
    points = face.landmarks.copy()
    points[468:] += [0.12 * face.eye_distance, 0]
    gaze, aside = (
        measure(photo, face, regions).expression.gaze,
        measure(photo, Face(face.box, points, face.score), regions).expression.gaze,
    )
    assert abs(gaze[0]) < 0.4 < aside[0] and aside[0] > gaze[0] + 0.4


@pytest.mark.parametrize(
    ("field", "pairs", "by"),
    [("nose.width", ((129, -1), (358, 1)), 0.06), ("eyes.spacing", ((33, -1), (133, -1), (263, 1), (362, 1)), 0.05)],
)
def test_wider_is_wider(field, pairs, by):
    photo, face, regions = person("old")
    points = face.landmarks.copy()
    for point, side in pairs:
        points[point, 0] += side * by * face.eye_distance
    before, after = measure(photo, face, regions), measure(photo, Face(face.box, points, face.score), regions)
    assert after.numbers[field] > before.numbers[field] + 0.2


def drawn(face, *, top=1.6, notch=None):
    """Regions of a simple person: an ellipse of hair around a face, clothes below; a notch in the hairline at u."""
    matrix = square(face, 6.0, 192)
    labels = np.full((192, 192), BACKGROUND, np.uint8)
    regions = Regions(labels, np.zeros((5, 192, 192), np.float32), matrix, face)
    y, x = np.indices(labels.shape)
    units = regions.to_units
    u, v = (units[i, 0] * x + units[i, 1] * y + units[i, 2] for i in range(2))
    labels[v > 2.2] = CLOTHES
    labels[(np.hypot(u / 1.25, (v + 0.35) / top) < 1) & (v < 0.6)] = HAIR
    line = -0.95 - (0.35 * np.exp(-(((u - notch) / 0.15) ** 2)) if notch is not None else 0)
    labels[(np.hypot(u / 1.0, (v - 0.4) / 1.7) < 1) & (v > line)] = SKIN
    return regions


def test_higher_hair_has_longer_radii_above_and_more_volume():
    photo, face, _ = person("man")
    low, high = (measure(photo, face, drawn(face, top=top)) for top in (1.3, 2.0))
    assert high.outline[0] > low.outline[0] * 1.3
    assert high.numbers["hair.volume"] > low.numbers["hair.volume"] + 0.1
    assert low.outline[4] == pytest.approx(high.outline[4], abs=0.1)


def test_without_hair_the_outline_is_the_means():
    photo, face, regions = person("man")
    bald = Regions(np.where(regions.labels == HAIR, SKIN, regions.labels), regions.scores, regions.matrix, face)
    found = measure(photo, face, bald)
    assert found.outline == (1.0,) * RAYS
    assert found.numbers["hair.volume"] == pytest.approx(0, abs=0.1) and found.numbers["hair.parting"] == 0
    assert measure(photo, face, regions, length="bald").outline == (1.0,) * RAYS


@pytest.mark.parametrize("notch", [-0.4, 0.4])
def test_the_parting_is_where_the_hairline_is_highest(notch):
    photo, face, _ = person("man")
    assert measure(photo, face, drawn(face, notch=notch)).numbers["hair.parting"] * np.sign(notch) > 0.3


def test_notes_tell_what_is_covered_cut_or_small():
    photo, face, regions = person("man")
    head = pose(face)
    assert cover_notes(photo, face, regions, head) == ()
    covered = regions.labels.copy()
    y, x = np.indices(covered.shape)
    units = regions.to_units
    v = units[1, 0] * x + units[1, 1] * y + units[1, 2]
    covered[(v > 0.5) & (covered == SKIN)] = BACKGROUND
    assert cover_notes(photo, face, Regions(covered, regions.scores, regions.matrix, face), head) == (LOWER,)
    for rows, note in ((slice(135, 400), FOREHEAD), (slice(0, 185), CHIN)):
        matrix = np.array([[1.0, 0, 0], [0, 1, -rows.start]])
        part, other = np.ascontiguousarray(photo[rows]), moved(face, matrix)
        found = cover_notes(part, other, Parser()(part, other), pose(other))
        assert note in found
    small = moved(face, np.array([[0.3, 0, 0], [0, 0.3, 0]]))
    tiny = cv2.resize(photo, (120, 120), interpolation=cv2.INTER_AREA)
    assert TINY in cover_notes(tiny, small, Parser()(tiny, small), pose(small))
