"""Coats and ties told from where colours lie."""

import numpy as np

from photo2moe.face.garment import Garment, measure_garment
from photo2moe.face.lab import difference, from_hex
from photo2moe.face.parse import CLOTHES, SIZE, SKIN, Regions
from photo2moe.types import CHIN, LEFT_EYE, RIGHT_EYE, Face

UNIT = 34.0  # pixels of the square
CHIN_AT = np.array([96.0, 110.0])
SUIT, SHIRT, TIE = "#2a3048", "#eceef2", "#a83440"


def regions(labels):
    """Regions of a face that looks straight at the camera, its chin at a known place."""
    points = np.tile(CHIN_AT - (0, 40), (478, 1)).astype(np.float32)
    points[CHIN] = CHIN_AT
    for side, corners in ((-1, RIGHT_EYE), (1, LEFT_EYE)):
        points[list(corners)] = np.add(CHIN_AT, (side * UNIT / 2, -60))
    face = Face((0.0, 0.0, float(SIZE), float(SIZE)), points, 1.0)
    matrix = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    return Regions(labels, np.zeros((5, SIZE, SIZE), np.float32), matrix, face)


def dressed(shirt=True, tie=True, collar=20):
    labels = np.zeros((SIZE, SIZE), np.uint8)
    top = int(CHIN_AT[1]) + collar
    labels[int(CHIN_AT[1]) - 60 : top, 70:122] = SKIN
    labels[top:, 20:172] = CLOTHES
    picture = np.tile(from_hex(SUIT), (SIZE, SIZE, 1))
    if shirt:
        picture[top:, 76:116] = from_hex(SHIRT)
    if tie:
        picture[top:, 91:101] = from_hex(TIE)
    return measure_garment(picture, regions(labels))


def test_skin_in_an_open_collar_is_no_tie():
    labels = np.zeros((SIZE, SIZE), np.uint8)
    top = int(CHIN_AT[1]) + 8
    labels[top:, 20:172] = CLOTHES
    labels[top : top + 30, 90:102] = SKIN
    picture = np.tile(from_hex(SUIT), (SIZE, SIZE, 1))
    picture[top:, 76:116] = from_hex(SHIRT)
    picture[top + 30 :, 91:101] = from_hex(TIE)
    picture[top : top + 30, 90:102] = from_hex("#d8a888")
    assert near(measure_garment(picture, regions(labels)).tie, TIE)


def near(colour, other):
    return colour is not None and difference(from_hex(colour), from_hex(other)) < 5


def test_suit_shirt_and_tie_have_their_own_colours():
    seen = dressed()
    assert near(seen.outer, SUIT) and near(seen.inner, SHIRT) and near(seen.tie, TIE)


def test_no_tie_is_invented():
    seen = dressed(tie=False)
    assert near(seen.outer, SUIT) and near(seen.inner, SHIRT) and seen.tie is None
    plain = dressed(shirt=False, tie=False)
    assert near(plain.outer, SUIT) and plain.inner is None and plain.tie is None


def test_nothing_worn_says_nothing():
    labels = np.zeros((SIZE, SIZE), np.uint8)
    assert measure_garment(np.zeros((SIZE, SIZE, 3)), regions(labels)) == Garment()
