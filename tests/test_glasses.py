"""Glasses, beards and headwear are seen where they are, and not where they are not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

from photo2moe.imageio import read_image
from photo2moe.ops.marks import Glasses
from photo2moe.stages.beard import beard_finder
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.glasses import GlassesFinder, eye_region
from photo2moe.stages.headwear import headwear_finder
from photo2moe.stages.looks import Looks, mostly
from photo2moe.stages.person import Person, person_finder
from photo2moe.weights import BEARD, CHILD, ELDERLY, GLASSES, HEADWEAR, MASCULINE, verified

ROOT = Path(__file__).parent.parent
PHOTOS = {
    "selfie": ROOT / "examples" / "selfie.jpg",
    "woman": ROOT / "tests" / "data" / "woman.jpg",
    "man": ROOT / "tests" / "data" / "man.jpg",
}


@pytest.fixture(scope="module")
def find():
    return GlassesFinder(verified(GLASSES))


@pytest.fixture(scope="module")
def people():
    with FaceDetector() as detector:
        photos = {name: read_image(path) for name, path in PHOTOS.items()}
        return {name: (photo, detector(photo)[0]) for name, photo in photos.items()}


def put_on(photo, face, colour):
    """Plain round frames, drawn into the photo."""
    worn, unit = photo.copy(), face.eye_distance
    left, right = face.eyes
    for eye in (left, right):
        centre = tuple(int(c) for c in eye + np.array([0, 0.06 * unit]))
        cv2.ellipse(worn, centre, (round(0.38 * unit), round(0.30 * unit)), 0, 0, 360, colour, round(0.05 * unit))
    inner = [tuple(int(c) for c in eye + np.array([side * 0.38 * unit, 0])) for eye, side in ((left, 1), (right, -1))]
    cv2.line(worn, *inner, colour, round(0.05 * unit))
    return worn


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PHOTOS)
def test_who_wears_none_is_drawn_without(find, people, name):
    assert find(*people[name]) is None


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PHOTOS)
def test_dark_frames_are_found_with_their_colour(find, people, name):
    photo, face = people[name]
    found = find(put_on(photo, face, (25, 20, 60)), face)
    assert found is not None
    assert np.abs(np.array(found.colour) - (25, 20, 60)).max() < 45


@pytest.mark.mediapipe
def test_the_region_does_not_depend_on_the_photos_size(people):
    photo, face = people["selfie"]
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    with FaceDetector() as detector:
        again = eye_region(small, detector(small)[0])
    assert np.abs(eye_region(photo, face).astype(int) - again).mean() < 12


def grow_beard(photo, face):
    """Dark hairs on jaw, chin and upper lip, drawn into the photo."""
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
    (a, b, c), (d, e, f) = face.to_units()
    u, v = a * x + b * y + c, d * x + e * y + f
    mouth = np.hypot(u / 0.5, (v - 1.12) / 0.16) < 1
    jaw = (np.hypot(u / 0.98, (v - 0.75) / 1.05) < 1) & (v > 1.3 - 0.75 * np.abs(u))
    moustache = np.hypot(u / 0.5, (v - 0.93) / 0.1) < 1
    hairs = np.random.default_rng(0).normal(48, 22, (*photo.shape[:2], 1)).clip(10, 110)
    mask = cv2.GaussianBlur(((jaw | moustache) & ~mouth).astype(np.float32), (0, 0), 0.03 * face.eye_distance)[
        ..., None
    ]
    return (photo * (1 - mask) + hairs * mask).round().astype(np.uint8)


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PHOTOS)
def test_a_beard_is_found_and_a_shaved_face_has_none(people, name):
    has_beard, (photo, face) = beard_finder(verified(BEARD)), people[name]
    assert not has_beard(photo, face)
    assert has_beard(grow_beard(photo, face), face)


@pytest.mark.mediapipe
def test_hair_is_no_headwear_and_a_cap_is(people):
    has_headwear = headwear_finder(verified(HEADWEAR))
    assert not any(has_headwear(*person) for person in people.values())
    photo = read_image(ROOT / "tests" / "data" / "hat.jpg")
    with FaceDetector() as detector:
        assert has_headwear(photo, detector(photo)[0])


@pytest.mark.mediapipe
def test_men_and_women_are_told_apart(people):
    find = person_finder(verified(MASCULINE), verified(CHILD), verified(ELDERLY))
    grown = {"selfie": Person(0.0, 0.0), "woman": Person(0.0, 0.0), "man": Person(1.0, 1.0)}
    assert {name: find(*person) for name, person in people.items()} == grown


@pytest.mark.mediapipe
def test_old_people_are_known_and_nobody_is_two_things(tmp_path, people):
    photo = read_image(ROOT / "tests" / "data" / "old.jpg")
    with FaceDetector() as detector:
        face = detector(photo)[0]
    paths = [verified(spec) for spec in (MASCULINE, CHILD, ELDERLY)]
    found = person_finder(*paths)(photo, face)
    assert found.masculine == 0 and found.elderly >= 0.4
    always = tmp_path / "always.safetensors"
    save_file({"weight": np.zeros(2788, np.float32), "bias": np.array([9.0], np.float32)}, always)
    assert person_finder(always, paths[1], always)(photo, face) == Person(1.0, 1.0)
    assert person_finder(always, always, always)(photo, face) == Person(0.0, 0.0)  # a child is neither


def test_most_looks_decide_what_somebody_wears():
    frames = [Glasses(half, 0.3, 2.5, 0.03, (20, 20, 20)) for half in (0.33, 0.34)]
    looks = [Looks(frames[0], True, False), Looks(None, True, False), Looks(frames[1], False, True)]
    assert mostly(looks) == Looks(frames[0], True, False)
    assert mostly(looks[1:]) == Looks(None, False, False)
    assert mostly([Looks(masculine=1.0), Looks(masculine=0.8), Looks(masculine=0.2)]).masculine == 0.7
    assert mostly([Looks(elderly=1.0), Looks()]).elderly == 0.5
