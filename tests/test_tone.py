"""One tone for the net: what it does to a face, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photo2moe.imageio import read_image
from photo2moe.ops import colour, tone
from photo2moe.ops.geometry import Template
from photo2moe.stages.align import align
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.matte import PersonMatte

ROOT = Path(__file__).parent.parent
PHOTOS = {
    "selfie": ROOT / "examples" / "selfie.jpg",
    "woman": ROOT / "tests" / "data" / "woman.jpg",
    "man": ROOT / "tests" / "data" / "man.jpg",
}


@pytest.fixture(scope="module")
def portraits():
    made = {}
    with FaceDetector() as detector, PersonMatte() as matte:
        for name, path in PHOTOS.items():
            photo = read_image(path)
            [face] = detector(photo)
            made[name] = align(photo, face, matte(photo, face), template=Template(), size=128, strength=1.0)
    return made


@pytest.mark.parametrize("name", PHOTOS)
def test_everyones_cheeks_become_the_middle_tone(portraits, name):
    portrait = portraits[name]
    even = tone.even_out(portrait.image, portrait.alpha, Template())
    before, after = (colour.lab_of(colour.cheeks(x, Template())) for x in (portrait.image, even))
    middle = colour.lab_of(tone.MIDDLE)
    # Blushed or bearded cheeks are of more than one colour and get only near.
    assert np.linalg.norm(after - middle) < max(2.0, 0.3 * np.linalg.norm(before - middle))
    assert even.dtype == np.uint8


@pytest.mark.parametrize("name", PHOTOS)
def test_hair_eyes_and_background_stay(portraits, name):
    portrait = portraits[name]
    even = tone.even_out(portrait.image, portrait.alpha, Template())
    u, v = Template().grid(128)
    changed = np.abs(even.astype(int) - portrait.image).max(2)
    assert changed[(np.abs(u) > 1.3) | (v < -1.1)].max() == 0
    assert changed[portrait.alpha == 0].max() <= 2
    assert np.median(changed[np.hypot(np.abs(u) - 0.5, v) < 0.1]) <= 8


def test_the_mask_covers_the_face_and_not_the_hair(portraits):
    portrait = portraits["woman"]
    mask = tone.photo_skin(portrait.image, portrait.alpha, Template())
    u, v = Template().grid(128)
    assert mask[(np.abs(u) < 0.4) & (v > 0.35) & (v < 0.55)].mean() > 0.8
    assert mask[v < -1.0].max() < 0.05
    assert 0 <= mask.min() <= mask.max() <= 1


def test_a_face_of_the_middle_tone_is_left_as_it_is():
    image = np.full((128, 128, 3), tone.MIDDLE, np.uint8)
    even = tone.even_out(image, np.ones((128, 128), np.float32), Template())
    assert np.abs(even.astype(int) - image).max() <= 2
