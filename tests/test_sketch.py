"""From portrait to rough: features, skin, and the marks that the net is given."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from photo2moe.character.schema import Character
from photo2moe.imageio import read_image
from photo2moe.ops import colour, tone
from photo2moe.ops.features import LIDS, Features, drawn_outline, of_drawing, of_portrait
from photo2moe.ops.geometry import Template, apply, invert
from photo2moe.ops.marks import Glasses
from photo2moe.ops.rough import SHADED, bare, base, expressive, mark, soften, trace
from photo2moe.stages.align import align
from photo2moe.stages.detect import FaceDetector
from photo2moe.stages.looks import Looks
from photo2moe.stages.matte import PersonMatte
from photo2moe.stages.sketch import rough, sketch
from photo2moe.training.looks_of import RIMS, looks_of
from photo2moe.types import Colours

ROOT = Path(__file__).parent.parent
TEMPLATE, SIZE = Template(), 128
U, V = TEMPLATE.grid(SIZE)
PHOTOS = {
    "selfie": ROOT / "examples" / "selfie.jpg",
    "woman": ROOT / "tests" / "data" / "woman.jpg",
    "man": ROOT / "tests" / "data" / "man.jpg",
}
OPEN = Features(
    drawn_outline(1.04),
    np.array([[-0.5, 0.0, 0.5], [0.5, 0.0, 0.5]]),
    np.array([0.0, 0.7, 0.3, 0.12, 0.0]),
    np.array([[-0.42, -0.45, -0.42], [-0.42, -0.45, -0.42]]),
)
CLOSED = dataclasses.replace(OPEN, eyes=OPEN.eyes * [1, 1, 0], mouth=OPEN.mouth * [1, 1, 1, 0, 1])


@pytest.fixture(scope="module")
def portraits():
    made = {}
    with FaceDetector() as detector, PersonMatte() as matte:
        for name, path in PHOTOS.items():
            photo = read_image(path)
            [face] = detector(photo)
            made[name] = align(photo, face, matte(photo, face), template=TEMPLATE, size=SIZE, strength=1.0)
    return made


def face(features, iris=(40, 90, 200)):
    """A flat face with these features, as ``(S, S, 3)``."""
    blank, whole = np.full((SIZE, SIZE, 3), 200, np.uint8), np.ones((SIZE, SIZE), np.float32)
    ground = base(blank, whole, whole, features, tone.DRAWN, TEMPLATE)
    return mark(ground, features, (90, 60, 50), iris, TEMPLATE)[..., :3]


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PHOTOS)
def test_eyes_and_mouth_lie_where_the_template_wants_them(portraits, name):
    features = of_portrait(portraits[name], TEMPLATE)
    np.testing.assert_allclose(features.eyes[:, :2], [[-0.5, 0], [0.5, 0]], atol=0.06)
    assert (features.eyes[:, 2] >= 0.3).all()
    assert features.mouth[1] == pytest.approx(0.74, abs=0.05)
    assert features.outline[:, 1].max() == pytest.approx(1.1, abs=0.1)


@pytest.mark.mediapipe
@pytest.mark.parametrize("name", PHOTOS)
def test_everyones_face_gets_the_one_tone(portraits, name):
    drawn = sketch(portraits[name], TEMPLATE, Looks())
    cheeks = colour.cheeks(drawn.ground[..., :3].round().astype(np.uint8), TEMPLATE)
    np.testing.assert_allclose(cheeks, tone.DRAWN, atol=4)


@pytest.mark.mediapipe
def test_the_skin_covers_the_face_and_not_the_hair(portraits):
    portrait = portraits["woman"]
    mask, _ = tone.photo_skin(portrait.image, portrait.alpha, of_portrait(portrait, TEMPLATE), TEMPLATE, beard=False)
    assert mask[(np.abs(U) < 0.5) & (V > -0.2) & (V < 0.55)].mean() > 0.95
    assert mask[V < -1.15].max() < 0.05
    assert 0 <= mask.min() <= mask.max() <= 1


@pytest.mark.mediapipe
def test_a_bald_crown_is_skin_up_to_its_top_and_fair_hair_of_women_is_not(portraits):
    portrait = portraits["man"]
    face = (np.abs(U) < 0.6) & (V > 0.2) & (V < 0.5)
    above = (V < -0.5) & (portrait.alpha > 0.5)
    shown = []
    for masculine, lighter in ((1.0, 0), (1.0, 8), (0.0, 8)):
        image = portrait.image.copy()
        tone_of_face = np.median(image[face], axis=0) + lighter
        noise = np.random.default_rng(3).normal(0, 6, (above.sum(), 3))
        image[above] = (tone_of_face + noise).clip(0, 255).round()
        features = of_portrait(portrait, TEMPLATE, masculine)
        mask, _ = tone.photo_skin(image, portrait.alpha, features, TEMPLATE, beard=False)
        top = portrait.alpha[(np.abs(U) < 0.4) & (V < -0.9)] > 0.9
        shown.append(mask[(np.abs(U) < 0.4) & (V < -0.9)][top].mean())
    assert shown[0] > 0.95
    assert shown[1] > 0.95
    assert shown[2] < 0.7


@pytest.mark.mediapipe
def test_hair_is_dyed_and_the_face_is_not(portraits):
    drawn = sketch(portraits["woman"], TEMPLATE, Looks())
    own = Colours((0, 0, 0), (60, 45, 40), (90, 70, 50))
    natural = rough(drawn, own.hair, own, 2 * SIZE).astype(int)
    pink = rough(drawn, own.hair, dataclasses.replace(own, hair=(240, 120, 180)), 2 * SIZE).astype(int)
    hair = drawn.hair.mask > 0.9
    assert hair.sum() > 500
    assert (pink[hair][:, 0] - pink[hair][:, 1]).mean() > 60
    locks = cv2.dilate(drawn.hair.mask, np.ones((11, 11), np.uint8)) > 0  # of a fringe, and what they are blurred into
    middle = (np.abs(U) < 0.6) & (V > -0.2) & (V < 0.9) & ~locks
    assert middle.sum() > 500
    assert np.abs(pink - natural)[middle].max() <= 2
    np.testing.assert_array_equal(pink[..., 3], natural[..., 3])


@pytest.mark.parametrize("features", [OPEN, CLOSED], ids=["open", "closed"])
def test_what_is_drawn_is_measured_again(features):
    again = of_drawing(face(features), features.eyes[:, :2], features.mouth[:2], 1.04, TEMPLATE)
    high = np.where(features.eyes[:, 2] > 0, features.eyes[:, 2] + 0.1, 0)  # up to the crease above the lid
    np.testing.assert_allclose(again.eyes[:, 2], high, atol=0.09)
    np.testing.assert_allclose(again.eyes[:, :2], features.eyes[:, :2], atol=0.06)
    np.testing.assert_allclose(again.mouth[:4], features.mouth[:4], atol=0.1)  # soft edges count as ink


def test_a_mirrored_face_is_drawn_mirrored_but_for_the_light_in_its_eyes():
    crooked = dataclasses.replace(
        OPEN,
        eyes=np.array([[-0.45, 0.02, 0.4], [0.52, 0.0, 0.0]]),
        mouth=np.array([0.06, 0.7, 0.3, 0.0, -0.03]),
        brows=np.array([[-0.40, -0.45, -0.50], [-0.35, -0.40, -0.36]]),
    )
    mirrored = Features(
        crooked.outline * [-1, 1],
        crooked.eyes[::-1] * [-1, 1, 1],
        crooked.mouth * np.array([-1, 1, 1, 1, 1]),
        crooked.brows[::-1],
    )
    apart = np.abs(face(crooked)[:, ::-1].astype(int) - face(mirrored))
    lit = np.hypot((U - 0.45) / 0.26, (V - 0.02) / 0.26) < 1  # the open eye, mirrored
    assert apart[lit].max() > 20
    assert apart[~lit].max() <= 2


def test_brows_lie_where_they_were_measured():
    raised = face(dataclasses.replace(OPEN, brows=OPEN.brows - 0.12)).astype(int)
    column = np.abs(np.abs(U) - 0.5) < 0.05
    low, high = ((np.abs(V - v) < 0.03) & column for v in (-0.45, -0.57))
    assert face(OPEN)[low].mean() < raised[low].mean() - 10
    assert raised[high].mean() < face(OPEN)[high].mean() - 10


def test_a_drawings_own_eyes_are_traced_and_its_shading_is_not():
    skin, whole = np.ones((SIZE, SIZE), np.float32), np.ones((SIZE, SIZE), np.float32)
    drawn = np.full((SIZE, SIZE, 3), tone.DRAWN, np.uint8)
    drawn[(np.abs(U) > 0.4) & (V > 0.2)] = np.array(tone.DRAWN) - 6  # a faint shade
    drawn[np.hypot((np.abs(U) - 0.5) / 0.2, V / 0.22) < 1] = (30, 60, 160)
    figure = np.dstack([drawn, (whole * 255).astype(np.uint8)])
    laid = trace(figure, skin, OPEN, tone.DRAWN, TEMPLATE)[..., :3].astype(int)
    assert np.abs(laid[np.hypot(np.abs(U) - 0.5, V) < 0.1] - (30, 60, 160)).max() < 12
    cheek = (np.hypot(np.abs(U) - 0.45, V - 0.55) < 0.08) & (expressive(OPEN, U, V) == 0)
    assert np.abs(laid[cheek] - tone.DRAWN).max() <= 1


def test_a_drawing_keeps_its_lines_softly():
    lined = np.full((SIZE, SIZE, 4), 200, np.uint8)
    lined[:, 6::16, :3] = lined[:, 7::16, :3] = 20
    lined[..., 3] = 255
    drawn = trace(lined, np.zeros((SIZE, SIZE), np.float32), OPEN, tone.DRAWN, TEMPLATE)[..., 0].astype(int)
    assert 60 < np.ptp(drawn) < 175


def test_a_sketch_is_softened_and_halved():
    hard = np.full((2 * SIZE, 2 * SIZE, 4), 255, np.uint8)
    hard[:, SIZE:, :3], hard[:SIZE, :, 3] = 0, 0
    soft = soften(hard, SIZE)
    assert soft.shape == (SIZE, SIZE, 4)
    assert 60 < soft[100, 64, 0] < 200
    assert soft[100, [50, 80], 0].tolist() == [255, 0]
    assert soft[[50, 80], 20, 3].tolist() == [0, 255]


def test_skin_is_bare_beside_marks_and_not_on_them():
    skin = np.array([*tone.DRAWN, 255.0])
    rough = np.tile(skin, (64, 64, 1))
    rough[10:14, 10:14, :3] -= 120  # an eye
    rough[14:16, 10:14, :3] -= 10  # its blur
    rough[40:42, 40:42, :3] -= 10  # a nose, faint all over
    rough[50:, :, :3] *= SHADED  # the neck
    rough[:, 60:, :3] = (40, 80, 160)  # clothes
    mask = bare(rough.round().astype(np.uint8))
    assert set(np.unique(mask)) == {0, 1}
    for drawn in (mask[9:15, 9:15], mask[39:43, 39:43], mask[:, 59:]):
        assert drawn.max() == 0
    for plain in (mask[16:39, :58], mask[52:, :58], mask[15, 10:14]):
        assert plain.min() == 1


def test_the_base_has_no_lines():
    whole, none = np.ones((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
    lined = np.full((SIZE, SIZE, 3), 200, np.uint8)
    lined[6::12] = 20
    ground = base(lined, whole, none, OPEN, tone.DRAWN, TEMPLATE)
    np.testing.assert_allclose(ground[np.abs(U) > 1, :3], 200, atol=1)


def test_men_are_drawn_with_narrower_lashes_and_heavier_brows():
    woman, man = face(OPEN).astype(int), face(dataclasses.replace(OPEN, masculine=1.0)).astype(int)
    brows = (V > -0.56) & (V < -0.36) & (np.abs(np.abs(U) - 0.5) < 0.24)
    corner = (np.abs(U) > 0.68) & (np.abs(U) < 0.85) & (np.abs(V) < 0.2)
    assert (man[brows].mean(1) < 120).sum() > 1.3 * (woman[brows].mean(1) < 120).sum()
    assert man[corner].mean() > woman[corner].mean() + 1


def test_old_faces_have_lines_beside_the_mouth():
    young, old = face(OPEN).astype(int), face(dataclasses.replace(OPEN, elderly=1.0)).astype(int)
    mouth_u, mouth_v = OPEN.mouth[:2]
    folds = (np.abs(np.abs(U - mouth_u) - 0.25) < 0.12) & (np.abs(V - mouth_v + 0.15) < 0.15)
    assert (young - old)[folds].max() > 25
    assert (young - old)[(np.abs(U) < 0.06) & (V > 0.1) & (V < 0.4)].max() == 0


def test_women_blush_on_bare_skin_alone():
    cheek = np.hypot(np.abs(U) - 0.62, V - 0.43) < 0.06
    woman, man = face(OPEN).astype(int), face(dataclasses.replace(OPEN, masculine=1.0)).astype(int)
    red = [(picture[cheek][:, 0] - picture[cheek][:, 1]).mean() for picture in (woman, man)]
    assert red[0] > red[1] + 8 > 30
    blue = np.dstack([np.full((SIZE, SIZE, 3), (60, 80, 200), np.float32), np.full((SIZE, SIZE), 255, np.float32)])
    veiled = mark(blue, OPEN, (60, 40, 30), (90, 60, 40), TEMPLATE)
    np.testing.assert_array_equal(veiled[cheek][:, :3], np.broadcast_to((60, 80, 200), (cheek.sum(), 3)))


def test_slanted_eyes_have_higher_outer_corners():
    flat, slanted = (face(dataclasses.replace(OPEN, slant=slant)).astype(int).mean(2) for slant in (0.0, 0.2))
    height = {}
    for name, picture in (("flat", flat), ("slanted", slanted)):
        for corner, u in (("outer", 0.68), ("inner", 0.32)):
            column = (np.abs(np.abs(U) - u) < 0.03) & (np.abs(V) < 0.3) & (picture < 140)
            height[name, corner] = V[column].mean()
    assert height["slanted", "outer"] < height["flat", "outer"] - 0.01
    assert height["slanted", "inner"] > height["flat", "inner"] + 0.01


@pytest.mark.mediapipe
def test_the_slant_of_eyes_does_not_follow_the_heads(portraits):
    portrait = portraits["woman"]
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    tilted = dataclasses.replace(portrait.face, landmarks=portrait.face.landmarks @ turn.T)
    upright = of_portrait(portrait, TEMPLATE).slant
    assert of_portrait(dataclasses.replace(portrait, face=tilted), TEMPLATE).slant == pytest.approx(upright, abs=0.01)
    stretched = portrait.face.landmarks.copy()
    for outer, lift in ((33, 4), (263, 4)):
        stretched[outer, 1] -= lift * portrait.face.eye_distance / 100
    lifted = dataclasses.replace(portrait, face=dataclasses.replace(portrait.face, landmarks=stretched))
    assert of_portrait(lifted, TEMPLATE).slant > upright + 0.05


@pytest.mark.mediapipe
def test_the_outline_reaches_the_cheek_that_hides_it(portraits):
    """The oval of a turned head's mesh lies behind its far cheek, on which no jaw is to be drawn."""
    portrait = portraits["woman"]
    face = portrait.face
    cheek, moved = [50, 123, 147, 187, 205], face.landmarks.copy()
    moved[cheek] -= (0.5 * face.eye_distance, 0)  # on the left of the picture, beyond the oval
    turned = dataclasses.replace(portrait, face=dataclasses.replace(face, landmarks=moved))
    usual, seen = (of_portrait(each, TEMPLATE).outline for each in (portrait, turned))
    middle = np.abs(usual[:, 1] - 0.35) < 0.3
    left, right = middle & (usual[:, 0] < 0), middle & (usual[:, 0] > 0)
    assert (usual - seen)[left, 0].max() > 0.15
    assert (usual - seen)[left, 0].min() > -0.02  # nowhere farther in
    np.testing.assert_allclose(seen[right], usual[right], atol=0.02)


@pytest.mark.mediapipe
def test_a_face_that_is_hardly_turned_keeps_its_outline(portraits):
    portrait = portraits["woman"]
    face = portrait.face
    upright = apply(face.to_units(), face.landmarks)
    beside = [123, 147, 187]  # of the cheek on the left of the picture
    upright[beside, 0] = upright[[93, 132, 58], 0] - 0.05  # a little beyond the oval, as the mesh of many faces is
    turned = dataclasses.replace(
        portrait, face=dataclasses.replace(face, landmarks=apply(invert(face.to_units()), upright))
    )
    usual, seen = (of_portrait(each, TEMPLATE).outline for each in (portrait, turned))
    np.testing.assert_allclose(seen, usual, atol=0.01)


@pytest.mark.mediapipe
@pytest.mark.parametrize(("gap", "drawn"), [(0.0, False), (0.45, True)])
def test_one_eye_is_shut_or_both_are_alike(portraits, gap, drawn):
    portrait = portraits["woman"]
    landmarks = portrait.face.landmarks.copy()
    for (upper, lower, *_), share in zip(LIDS, (gap, 1.6), strict=True):
        landmarks[upper] = landmarks[lower] + share * (landmarks[upper] - landmarks[lower])
    squinting = dataclasses.replace(portrait, face=dataclasses.replace(portrait.face, landmarks=landmarks))
    (*_, left), (*_, right) = of_portrait(squinting, TEMPLATE).eyes
    assert right > 0.28
    assert left == (right if drawn else 0)


@pytest.mark.mediapipe
def test_men_have_lower_eyes_and_longer_faces(portraits):
    photo, found = read_image(PHOTOS["man"]), portraits["man"].face
    matte = np.ones(photo.shape[:2], np.float32), np.eye(2, 3)
    marks = {}
    for masculine in (0.0, 1.0):
        portrait = align(photo, found, matte, template=TEMPLATE, size=SIZE, strength=1.0, masculine=masculine)
        marks[masculine] = of_portrait(portrait, TEMPLATE, masculine)
    assert (marks[1.0].eyes[:, 2] < 0.93 * marks[0.0].eyes[:, 2]).all()
    assert marks[1.0].outline[:, 1].max() == pytest.approx(marks[0.0].outline[:, 1].max() + 0.11, abs=0.04)
    low = (marks[0.0].outline[:, 1] > 0.6) & (marks[0.0].outline[:, 1] < 0.95)
    assert np.abs(marks[1.0].outline[low, 0]).mean() > 1.05 * np.abs(marks[0.0].outline[low, 0]).mean()


@pytest.mark.mediapipe
def test_a_beard_is_kept_in_one_colour_and_shadows_are_not(portraits):
    portrait = portraits["man"]
    chin = (np.abs(U) < 0.35) & (V > 0.9) & (V < 1.02)
    image = portrait.image.copy()
    jaw = (V > 0.62) & (np.hypot(U, V - 0.5) < 0.62) & (np.hypot(U, (V - 0.74) / 0.6) > 0.2)
    image[jaw] = np.random.default_rng(0).integers(20, 60, (int(jaw.sum()), 1))
    bearded = dataclasses.replace(portrait, image=image)
    kept, gone = (sketch(bearded, TEMPLATE, Looks(beard=beard)).ground[chin][:, :3] for beard in (True, False))
    assert kept.mean() < 110
    np.testing.assert_allclose(gone, np.broadcast_to(tone.DRAWN, gone.shape), atol=40)


def test_eyes_take_their_colour():
    iris = (np.hypot((np.abs(U) - 0.5) / 0.1, (V - 0.1) / 0.1) < 1) & (V > 0.15)
    assert face(OPEN, (200, 40, 40))[iris][:, 0].mean() > face(OPEN, (40, 90, 200))[iris][:, 0].mean() + 100


def test_glasses_leave_the_background_alone():
    whole, outside = np.ones((SIZE, SIZE), np.float32), np.abs(U) > 1.1
    ground = base(np.full((SIZE, SIZE, 3), 200, np.uint8), whole, whole, OPEN, tone.DRAWN, TEMPLATE)
    bare = mark(ground, OPEN, (90, 60, 50), (40, 90, 200), TEMPLATE).astype(int)
    frames = Glasses(0.34, 0.26, 2.5, 0.05, (20, 20, 20))
    worn = mark(ground, OPEN, (90, 60, 50), (40, 90, 200), TEMPLATE, frames).astype(int)
    changed = np.abs(worn - bare).max(2)
    assert changed[outside].max() == 0
    assert (changed > 60).sum() > 150


def test_hair_over_an_eye_stays_hair():
    hair, whole = ((U > 0.6) & (np.abs(V) < 0.3)).astype(np.float32), np.ones((SIZE, SIZE), np.float32)
    dark = np.full((SIZE, SIZE, 3), 40, np.uint8)
    over, bare = (base(dark, whole, 0 * whole, OPEN, tone.DRAWN, TEMPLATE, mask) for mask in (hair, None))
    beside = (np.abs(U - 0.7) < 0.05) & (np.abs(V) < 0.1)
    assert bare[beside][:, :3].min() > 100
    assert over[beside][:, :3].max() < 80


def test_looks_of_a_character_are_what_a_sketch_keeps():
    who = Character().replace(**{"person.look": "m", "person.years": 60.0, "beard.kind": "goatee"})
    who = who.replace(**{"glasses.kind": "round", "glasses.colour": "#102030", "glasses.weight": 1.0})
    looks = looks_of(who.replace(**{"headwear.kind": "cap"}))
    assert (looks.masculine, looks.elderly, looks.beard, looks.headwear) == (1.0, 0.5, True, True)
    assert (looks.glasses.colour, looks.glasses.thickness) == ((16, 32, 48), RIMS[1])
    child = looks_of(Character().replace(**{"person.age": "child", "person.look": "m", "headwear.kind": "ribbon"}))
    assert child == Looks()
