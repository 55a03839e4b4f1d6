"""Frames drawn on photos of people without glasses are found as they were drawn."""

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest

from photo2moe.character.schema import Character
from photo2moe.character.wearing import wearing
from photo2moe.face.lab import difference, from_hex
from photo2moe.face.parse import HEADWEAR, SIZE, Regions
from photo2moe.face.spectacles import measure_spectacles
from photo2moe.imageio import read_image
from photo2moe.stages.detect import FaceDetector

DATA = Path(__file__).parent / "data"
SKIN = "#e0b090"


@functools.cache
def person():
    photo = read_image(DATA / "woman.jpg")
    with FaceDetector() as detector:
        return photo, detector(photo)[0]


def framed(thickness, colour, *, round_lens=True, fill=False):
    """The photo with lenses about both eyes; thickness in distances between the eyes."""
    photo, face = person()
    scale = 4  # drawn larger, so that thin rims are as thin as they should be
    picture = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    unit = face.eye_distance * scale
    for side, eye in ((-1, face.eyes[0]), (1, face.eyes[1])):
        middle = (eye + 0.5) * scale + (side * 0.02 * unit, 0.06 * unit)
        half = np.array([0.36, 0.34 if round_lens else 0.25]) * unit
        line = -1 if fill else max(1, round(thickness * unit))
        if round_lens:
            cv2.ellipse(picture, (middle, 2 * half, 0), colour, line, cv2.LINE_AA)
        else:
            corners = np.rint([middle - half, middle + half]).astype(int)
            cv2.rectangle(picture, corners[0], corners[1], colour, line, cv2.LINE_AA)
    return cv2.resize(picture, photo.shape[1::-1], interpolation=cv2.INTER_AREA), face


def test_thick_frames_are_told_from_thin_ones():
    bold, wire = (measure_spectacles(*framed(width, (20, 18, 22)), SKIN) for width in (0.08, 0.02))
    assert bold.ink > 2 * wire.ink
    assert bold.lower > 0.8


def test_round_frames_are_told_from_square_ones():
    ring = measure_spectacles(*framed(0.05, (30, 30, 34)), SKIN)
    box = measure_spectacles(*framed(0.05, (30, 30, 34), round_lens=False), SKIN)
    assert ring.square < 2.8 < box.square
    assert ring.half[1] / ring.half[0] > 0.8 > box.half[1] / box.half[0]


@pytest.mark.parametrize("colour", [(150, 20, 30), (24, 40, 120), (22, 20, 24)])
def test_a_frame_has_its_colour(colour):
    seen = measure_spectacles(*framed(0.07, colour), SKIN)
    assert difference(from_hex(seen.colour), from_hex("#{:02x}{:02x}{:02x}".format(*colour))) < 16


def test_dark_lenses_are_dark():
    seen = measure_spectacles(*framed(0.0, (26, 24, 30), fill=True), SKIN, sun=True)
    assert seen.dark < 0.4
    assert from_hex(seen.lens)[0] < 30


def headgear(width):
    labels = np.zeros((SIZE, SIZE), np.uint8)
    photo, face = person()
    unit = 32.0
    middle = SIZE / 2
    labels[20:60, int(middle - width / 2 * unit) : int(middle + width / 2 * unit)] = HEADWEAR
    turn = unit / face.eye_distance
    matrix = np.array([[turn, 0, 0], [0, turn, 0]])
    return photo, face, Regions(labels, np.zeros((5, SIZE, SIZE), np.float32), matrix, face)


@pytest.mark.parametrize(("length", "expected"), [("shaved", "none"), ("long", "headband")])
def test_a_headband_needs_hair_that_holds_it(length, expected):
    who = Character().replace(**{"headwear.colour": "#303440", "headwear.kind": "headband", "hair.length": length})
    assert who.replace(**wearing(*headgear(2.0), who)).headwear.kind == expected
