"""Backgrounds, avatars before them, and figures in the photo itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photo2moe.backdrop import Background, parse_background
from photo2moe.character.schema import Character
from photo2moe.compose.background import compose_avatar, side_by_side
from photo2moe.compose.photo import GROWTH, Placement, compose_photo, placement_matrix
from photo2moe.errors import ConfigError
from photo2moe.ops.geometry import apply, compose, invert
from photo2moe.pen.head import Head
from photo2moe.pen.scene import Scene
from photo2moe.types import Face

SCENE = Scene((), (-2.6, -2.9), 5.2, 5.2)
WHO = Character()
KINDS = [Background("photo"), Background("blur"), Background("colour", (64, 96, 255)), Background("picture", path="x")]
# A face in face units: corners of the eyes, lips, chin, and the ears.
POINTS = {33: (-0.7, 0), 133: (-0.3, 0), 362: (0.3, 0), 263: (0.7, 0), 13: (0, 1.1), 14: (0, 1.15), 152: (0, 1.7)}
POINTS |= {234: (-1.2, 0.2), 454: (1.2, 0.2)}


def face_at(x, y, unit, roll=0.0):
    turn = unit * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    landmarks = np.tile([float(x), float(y)], (478, 1))
    for index, point in POINTS.items():
        landmarks[index] += turn @ point
    low, high = landmarks.min(0), landmarks.max(0)
    return Face((low[0], low[1], high[0], high[1]), landmarks, 1.0)


def matte_of(face, level=1.0):
    """Return a head and a body as the person mask would have them, and the matrix onto it."""
    to_mask = compose(np.array([[80, 0, 255.5], [0, 80, 223.5]]), face.to_units())
    y, x = np.mgrid[:512, :512]
    u, v = (x - 255.5) / 80, (y - 223.5) / 80
    person = (np.hypot(u / 1.4, (v + 0.1) / 1.8) < 1) | ((v > 2.2) & (np.abs(u) < 2.5))
    return (level * person).astype(np.float32), to_mask


def disc(size, colour, radius=0.3):
    """Return a drawn figure: a disc in the middle of the square."""
    y, x = np.mgrid[:size, :size]
    inside = np.hypot(x + 0.5 - size / 2, y + 0.5 - size / 2) < radius * size
    return np.dstack([np.full((size, size, 3), colour, np.uint8), (255 * inside).astype(np.uint8)])


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def squares(shape, placements):
    """Return where the squares of the figures lie in a photo, and a pixel more."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    inside = np.zeros(shape, bool)
    for placement in placements:
        matrix = placement_matrix(placement, 128)
        at = apply(matrix, np.stack([x.ravel(), y.ravel()], 1)).reshape(*shape, 2)
        edge = 1.5 * float(np.sqrt(np.linalg.det(matrix[:, :2])))
        inside |= (at > -0.5 - edge).all(2) & (at < 127.5 + edge).all(2)
    return inside


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("photo", Background("photo")),
        (" Blur ", Background("blur")),
        ("transparent", Background("transparent")),
        ("white", Background("colour", (255, 255, 255))),
        ("#4060fF", Background("colour", (64, 96, 255))),
        ("#f08", Background("colour", (255, 0, 136))),
        ("beach.jpg", Background("picture", path="beach.jpg")),
        ("some/where", Background("picture", path="some/where")),
    ],
)
def test_background_is_read(text, wanted):
    assert parse_background(text) == wanted


@pytest.mark.parametrize("text", ["", "blu", "#12345", "#ggg", "#12.png", "0"])
def test_bad_background_is_refused_in_one_line(text):
    with pytest.raises(ConfigError, match="photo, blur, white, transparent") as caught:
        parse_background(text)
    assert "\n" not in str(caught.value)


def test_transparent_avatar_is_the_cutout():
    face, cutout = face_at(60, 50, 20), disc(64, (200, 30, 90))
    got = compose_avatar(noise(100, 120), face, matte_of(face), cutout, SCENE, Background("transparent"))
    np.testing.assert_array_equal(got, cutout)


@pytest.mark.parametrize("background", KINDS, ids=lambda background: background.kind)
def test_opaque_cutout_hides_any_background(background):
    face, cutout = face_at(60, 50, 20), np.dstack([noise(64, 64), np.full((64, 64), 255, np.uint8)])
    photo = noise(100, 120)
    got = compose_avatar(photo, face, matte_of(face), cutout, SCENE, background, photo)
    np.testing.assert_array_equal(got, cutout[..., :3])


def test_plain_background_shows_beside_the_figure():
    face, cutout = face_at(60, 50, 20), disc(64, (200, 30, 90))
    got = compose_avatar(noise(100, 120), face, matte_of(face), cutout, SCENE, Background("colour", (1, 2, 3)))
    assert (got[cutout[..., 3] == 0] == (1, 2, 3)).all()
    assert (got[cutout[..., 3] == 255] == (200, 30, 90)).all()


def test_picture_is_cropped_to_its_middle():
    face, nothing = face_at(60, 50, 20), np.zeros((8, 8, 4), np.uint8)
    picture = np.zeros((8, 24, 3), np.uint8)
    picture[:, 8:16] = 200
    background = Background("picture", path="x")
    got = compose_avatar(noise(9, 9), face, matte_of(face), nothing, SCENE, background, picture)
    assert (got == 200).all()
    with pytest.raises(ValueError, match="none was given"):
        compose_avatar(noise(9, 9), face, matte_of(face), nothing, SCENE, background)


@pytest.mark.parametrize("kind", ["photo", "blur"])
@pytest.mark.parametrize("where", [(200, 180, 40), (30, 40, 50), (3000, 0, 30)])
def test_plain_wall_stays_plain_behind_a_removed_person(kind, where):
    face, colour = face_at(*where), (180, 140, 90)
    photo = np.full((360, 400, 3), colour, np.uint8)
    got = compose_avatar(photo, face, matte_of(face), np.zeros((96, 96, 4), np.uint8), SCENE, Background(kind))
    assert np.abs(got.astype(int) - colour).max() <= 2  # grey levels: fixed-point interpolation, twice


@pytest.mark.parametrize("kind", ["photo", "blur"])
def test_no_ghost_of_the_person_is_left(kind):
    face, size = face_at(300, 250, 60), 256
    mask, matrix = matte_of(face)
    y, x = np.mgrid[:600, :600].astype(float)
    at = apply(matrix, np.stack([x.ravel(), y.ravel()], 1)).round().astype(int).clip(0, 511)
    person = mask[at[:, 1], at[:, 0]].reshape(600, 600) > 0.5
    photo = np.where(person[..., None], (255, 0, 0), np.dstack([x / 8, 90 + y / 8, 160 + 0 * x])).astype(np.uint8)
    nothing = np.zeros((size, size, 4), np.uint8)
    got = compose_avatar(photo, face, (mask, matrix), nothing, SCENE, Background(kind)).astype(int)
    assert got[..., 0].max() < 85  # the wall is at most 75 red
    assert got[..., 1].min() > 80


def test_without_a_person_the_photo_itself_is_behind():
    face, photo = face_at(300, 250, 60), noise(600, 600)
    matte = matte_of(face, level=0.0)
    got = compose_avatar(photo, face, matte, np.zeros((64, 64, 4), np.uint8), SCENE, Background("photo"))
    np.testing.assert_array_equal(got, side_by_side(photo, face, got, SCENE)[:, :64])


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    x=st.integers(-60, 150),
    y=st.integers(-60, 150),
    unit=st.sampled_from([2.5, 9, 40, 300]),
    size=st.sampled_from([1, 2, 17, 33]),
    kind=st.sampled_from(["photo", "blur", "transparent", "colour"]),
)
@settings(max_examples=40)
def test_any_photo_gives_a_square(height, width, x, y, unit, size, kind):
    face = face_at(x, y, unit, roll=x / 50)
    photo = noise(height, width)
    got = compose_avatar(photo, face, matte_of(face), disc(size, (9, 8, 7)), SCENE, Background(kind))
    assert got.dtype == np.uint8
    assert got.shape == (size, size, 4 if kind == "transparent" else 3)
    assert side_by_side(photo, face, got, SCENE).shape == (size, 2 * size, 3)


@given(
    height=st.integers(1, 120),
    width=st.integers(1, 120),
    x=st.integers(-60, 150),
    y=st.integers(-60, 150),
    unit=st.sampled_from([2.5, 8, 14, 60]),
    roll=st.floats(-3.0, 3.0),
    size=st.sampled_from([1, 16, 40]),
    strength=st.sampled_from([0.0, 1.0]),
)
@settings(max_examples=60)
def test_photo_outside_the_square_keeps_its_bytes(height, width, x, y, unit, roll, size, strength):
    face = face_at(x, y, unit, roll)
    photo = noise(height, width)
    cutout = np.full((size, size, 4), 255, np.uint8)
    everyone = np.ones((512, 512), np.float32), matte_of(face)[1]
    placement = Placement(face, everyone, cutout, SCENE, WHO.replace(strength=strength))
    before = photo.copy()
    got = compose_photo(photo, [placement])
    np.testing.assert_array_equal(photo, before)
    assert got.shape == photo.shape and got.dtype == np.uint8
    outside = ~squares((height, width), [placement])
    np.testing.assert_array_equal(got[outside], photo[outside])


def test_no_mask_and_no_figure_changes_nothing():
    face, photo = face_at(100, 80, 25, 0.3), noise(211, 173)
    placement = Placement(face, matte_of(face, level=0.0), np.zeros((64, 64, 4), np.uint8), SCENE, WHO)
    np.testing.assert_array_equal(compose_photo(photo, [placement]), photo)


@pytest.mark.parametrize("cutout_size", [32, 128, 512])
def test_figure_stands_on_the_chin_of_the_person(cutout_size):
    face, photo = face_at(150, 120, 30), np.full((300, 300, 3), 128, np.uint8)
    got = compose_photo(photo, [Placement(face, matte_of(face), disc(cutout_size, (255, 0, 0)), SCENE, WHO)])
    red = (got == (255, 0, 0)).all(2)
    ys, xs = np.nonzero(red)
    contour = Head(WHO).contour()
    chin = contour[len(contour) // 2]
    middle = np.add(SCENE.origin, SCENE.width / 2)  # of the disc
    wanted = (150, 120) + 30 * (np.array([0, 1.7]) + GROWTH * (middle - chin))
    assert np.abs((xs.mean(), ys.mean()) - wanted).max() < 1.5


def test_old_head_is_gone_and_the_body_stays():
    face, photo = face_at(200, 150, 30), np.full((400, 400, 3), (90, 120, 150), np.uint8)
    mask, matrix = matte_of(face)
    y, x = np.mgrid[:400, :400].astype(float)
    at = apply(matrix, np.stack([x.ravel(), y.ravel()], 1)).round().astype(int)
    there = ((at >= 0) & (at < 512)).all(1)
    at = at.clip(0, 511)
    person = (mask[at[:, 1], at[:, 0]] > 0.5).reshape(400, 400) & there.reshape(400, 400)
    photo[person] = (255, 0, 0)
    nobody = np.zeros((64, 64, 4), np.uint8)
    got = compose_photo(photo, [Placement(face, (mask, matrix), nobody, SCENE, WHO)])
    head = person & (y < 150 + 30 * 1.5)
    assert np.abs(got[head].astype(int) - (90, 120, 150)).max() < 12
    body = person & (y > 150 + 30 * 2.3)
    np.testing.assert_array_equal(got[body], photo[body])


def test_nearer_figure_covers_the_farther_one():
    far, near = face_at(90, 100, 14), face_at(160, 110, 28)
    photo, cutouts = np.full((240, 300, 3), 128, np.uint8), (disc(64, (255, 0, 0), 0.4), disc(64, (0, 0, 255), 0.4))
    placements = [
        Placement(face, matte_of(face), cutout, SCENE, WHO) for face, cutout in zip((far, near), cutouts, strict=True)
    ]
    got = compose_photo(photo, placements)
    np.testing.assert_array_equal(got, compose_photo(photo, placements[::-1]))
    x, y = apply(invert(placement_matrix(placements[1], 64)), np.array([[32.0, 32.0]]))[0].astype(int)
    assert (got[y, x] == (0, 0, 255)).all()
    assert (got == (255, 0, 0)).all(2).any()


def test_same_input_gives_the_same_bytes():
    face, photo, cutout = face_at(100, 80, 25, 0.3), noise(211, 173), disc(128, (1, 200, 3))
    avatars = [
        compose_avatar(photo, face, matte_of(face), cutout, SCENE, Background("photo")).tobytes() for _ in range(2)
    ]
    assert avatars[0] == avatars[1]
    photos = [compose_photo(photo, [Placement(face, matte_of(face), cutout, SCENE, WHO)]).tobytes() for _ in range(2)]
    assert photos[0] == photos[1]


def test_compare_lays_transparency_on_white():
    face, avatar = face_at(60, 50, 20), disc(32, (200, 30, 90))
    got = side_by_side(noise(100, 120), face, avatar, SCENE)
    assert got.shape == (32, 64, 3)
    assert (got[0, 32] == 255).all()
    assert (got[16, 48] == (200, 30, 90)).all()
