"""The real detector and the real matte on real photos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector, _starts
from photo2moe.stages.matte import PersonMatte, guided_filter

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def detector():
    with FaceDetector() as detector:
        yield detector


@pytest.fixture(scope="module")
def matte():
    with PersonMatte() as matte:
        yield matte


@pytest.mark.parametrize("name", ["man.jpg", "woman.jpg"])
def test_one_face_where_there_is_one(detector, name):
    photo = read_image(DATA / name)
    [face] = detector(photo)
    assert 0.1 * photo.shape[1] < face.eye_distance < 0.4 * photo.shape[1]
    assert face.landmarks.shape == (478, 2)
    left, right = face.eyes
    assert left[0] < right[0]


def test_no_face_in_a_landscape(detector):
    assert detector(read_image(DATA / "landscape.jpg"), every=True) == []


def test_a_group_is_sorted_by_size_and_without_doubles(detector):
    faces = detector(read_image(DATA / "group.jpg"), every=True)
    assert len(faces) >= 6
    areas = [face.area for face in faces]
    assert areas == sorted(areas, reverse=True)
    centres = np.array([face.eyes.mean(0) for face in faces])
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + np.eye(len(faces)) * 1e9
    assert apart.min() > 8


def test_a_mirrored_photo_gives_mirrored_eyes(detector):
    photo = read_image(DATA / "man.jpg")
    [face], [mirrored] = detector(photo), detector(np.ascontiguousarray(photo[:, ::-1]))
    back = photo.shape[1] - 1 - mirrored.eyes[::-1, 0]
    np.testing.assert_allclose(back, face.eyes[:, 0], atol=0.04 * face.eye_distance)


def test_a_face_that_fills_the_frame(detector):
    photo = read_image(DATA / "woman.jpg")
    x0, y0, x1, y1 = (round(v) for v in detector(photo)[0].box)
    close = np.ascontiguousarray(photo[y0:y1, x0:x1])
    [face] = detector(cv2.resize(close, None, fx=4, fy=4))
    assert face.eye_distance > 0.3 * 4 * (x1 - x0)


def test_a_face_of_40_pixels_in_12_megapixels(detector):
    photo = read_image(DATA / "man.jpg")
    [face] = detector(photo)
    width = face.box[2] - face.box[0]
    small = cv2.resize(photo, None, fx=40 / width, fy=40 / width, interpolation=cv2.INTER_AREA)
    wall = np.full((3000, 4000, 3), 180, np.uint8)
    h, w = small.shape[:2]
    wall[1700 : 1700 + h, 2900 : 2900 + w] = small
    [found] = detector(wall)
    expected = face.eyes * (40 / width) + (2900, 1700)
    np.testing.assert_allclose(found.eyes, expected, atol=4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (5, 3), (50, 20_000)])
def test_odd_shapes_have_no_face(detector, shape):
    assert detector(np.full((*shape, 3), 127, np.uint8)) == []


def test_a_strip_is_not_padded_to_gigabytes(detector, monkeypatch):
    made, pad = [], cv2.copyMakeBorder
    monkeypatch.setattr(cv2, "copyMakeBorder", lambda *given: made.append(pad(*given)) or made[-1])
    photo = read_image(DATA / "man.jpg")
    strip = np.full((400, 30_000, 3), 180, np.uint8)
    strip[:, 29_000:29_400] = photo
    [face] = detector(strip)
    np.testing.assert_allclose(face.eyes - (29_000, 0), detector(photo)[0].eyes, atol=2)
    assert max(picture.shape[0] for picture in made) <= 640


@pytest.mark.parametrize(("length", "side"), [(100, 100), (101, 100), (1000, 240), (240, 1000)])
def test_tiles_cover_everything(length, side):
    starts = _starts(length, side, 0.6)
    covered = np.zeros(length, bool)
    for start in starts:
        assert start >= 0
        covered[start : start + side] = True
    assert covered.all()
    assert max(starts) + side <= max(length, side)


def test_the_matte_holds_the_person_and_not_the_corner(detector, matte):
    photo = read_image(DATA / "man.jpg")
    [face] = detector(photo)
    mask, matrix = matte(photo, face)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    back = cv2.warpAffine(mask, matrix, photo.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    x, y = face.eyes.mean(0).round().astype(int)
    assert back[y, x] > 0.98
    assert back[:10, :10].max() < 0.1


def test_guided_filter_follows_the_guide():
    guide = np.zeros((40, 40), np.float32)
    guide[:, 20:] = 1
    blurred = np.clip((np.arange(40) - 14) / 12, 0, 1).astype(np.float32)[None].repeat(40, 0)
    fine = guided_filter(guide, blurred, radius=8, epsilon=1e-4)
    assert fine[20, 21] - fine[20, 18] > 2.0 * (blurred[20, 21] - blurred[20, 18])
    flat = np.full((40, 40), 0.3, np.float32)
    np.testing.assert_allclose(guided_filter(guide, flat, radius=4, epsilon=1e-4), flat, atol=1e-4)
