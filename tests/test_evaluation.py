"""The figures of an evaluation, on cases whose answer is known beforehand."""

from __future__ import annotations

import dataclasses
import json
import math

import cv2
import numpy as np
import pytest

from photo2moe.errors import InputError, MissingExtraError
from photo2moe.evaluation import animerate
from photo2moe.evaluation.difference import delta_e, hue_turn
from photo2moe.evaluation.distance import WINDOW, Features, fid, kid, shows_window, window
from photo2moe.evaluation.drawing import eyes
from photo2moe.evaluation.groups import read_groups, skin_groups
from photo2moe.evaluation.likeness import geometry, hair_tones, skin_tones, turned
from photo2moe.evaluation.metric import Metric, bootstrap, half_samples, mean, median, rank_correlation
from photo2moe.evaluation.pairs import LANDMARKS, Head, Pair, eye_height, on_white, seen_points, warped_points
from photo2moe.evaluation.report import COLUMNS, Report
from photo2moe.evaluation.retrieval import Identity, chip_map, chip_of, identity_ranks, look_ranks
from photo2moe.evaluation.sheet import sheet
from photo2moe.ops.geometry import Template, chibi_map
from photo2moe.types import Colours, Face

TEMPLATE, SIZE = Template(), 128
# Sharma, Wu, Dalal 2005, table 1.
SHARMA = np.array(
    [
        (50.0, 2.6772, -79.7751, 50.0, 0.0, -82.7485, 2.0425),
        (50.0, 3.1571, -77.2803, 50.0, 0.0, -82.7485, 2.8615),
        (50.0, 2.8361, -74.02, 50.0, 0.0, -82.7485, 3.4412),
        (50.0, -1.3802, -84.2814, 50.0, 0.0, -82.7485, 1.0),
        (50.0, -1.1848, -84.8006, 50.0, 0.0, -82.7485, 1.0),
        (50.0, -0.9009, -85.5211, 50.0, 0.0, -82.7485, 1.0),
        (50.0, 0.0, 0.0, 50.0, -1.0, 2.0, 2.3669),
        (50.0, -1.0, 2.0, 50.0, 0.0, 0.0, 2.3669),
        (50.0, 2.49, -0.001, 50.0, -2.49, 0.0009, 7.1792),
        (50.0, 2.49, -0.001, 50.0, -2.49, 0.001, 7.1792),
        (50.0, 2.49, -0.001, 50.0, -2.49, 0.0011, 7.2195),
        (50.0, 2.49, -0.001, 50.0, -2.49, 0.0012, 7.2195),
        (50.0, -0.001, 2.49, 50.0, 0.0009, -2.49, 4.8045),
        (50.0, -0.001, 2.49, 50.0, 0.001, -2.49, 4.8045),
        (50.0, -0.001, 2.49, 50.0, 0.0011, -2.49, 4.7461),
        (50.0, 2.5, 0.0, 50.0, 0.0, -2.5, 4.3065),
        (50.0, 2.5, 0.0, 73.0, 25.0, -18.0, 27.1492),
        (50.0, 2.5, 0.0, 61.0, -5.0, 29.0, 22.8977),
        (50.0, 2.5, 0.0, 56.0, -27.0, -3.0, 31.903),
        (50.0, 2.5, 0.0, 58.0, 24.0, 15.0, 19.4535),
        (50.0, 2.5, 0.0, 50.0, 3.1736, 0.5854, 1.0),
        (50.0, 2.5, 0.0, 50.0, 3.2972, 0.0, 1.0),
        (50.0, 2.5, 0.0, 50.0, 1.8634, 0.5757, 1.0),
        (50.0, 2.5, 0.0, 50.0, 3.2592, 0.335, 1.0),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.263),
        (61.2901, 3.7196, -5.3901, 61.4292, 2.248, -4.962, 1.8731),
        (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
        (22.7233, 20.0904, -46.694, 23.0331, 14.973, -42.5619, 2.0373),
        (36.4612, 47.858, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
        (90.8027, -2.0831, 1.441, 91.1528, -1.6435, 0.0447, 1.4441),
        (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
        (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
        (2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)


def head(skin=(240, 205, 190), hair=(90, 60, 40), irises=((60, 90, 160), (60, 90, 160)), shrink=(1.0, 1.0), large=256):
    """Draw a face on the template: hair, face, neck, and two eyes that can be shrunk apart."""
    u, v = TEMPLATE.grid(SIZE)
    image, alpha = np.full((SIZE, SIZE, 3), 255, np.uint8), np.zeros((SIZE, SIZE), np.float32)
    for inside, colour in (
        (np.hypot(u / 1.25, (v + 0.2) / 1.25) < 1, hair),
        ((np.hypot(u / 0.95, (v - 0.1) / 1.0) < 1) & (v > -0.75), skin),
        ((np.abs(u) < 0.25) & (v > 0.9) & (v < 1.9), skin),
    ):
        image[inside], alpha[inside] = colour, 1
    for centre, iris, factor in zip((-0.5, 0.5), irises, shrink, strict=True):
        image[np.hypot((u - centre) / 0.22, v / 0.30) < factor] = (40, 30, 40)
        image[np.hypot((u - centre) / 0.16, v / 0.22) < factor] = iris
    return Head(image, alpha, cv2.resize(image, (large, large)), points())


def points(turn=0.0):
    """Landmarks of a face seen from the front, its nose and mouth moved aside by ``turn``."""
    front = [(-0.7, 0), (-0.3, 0), (0.3, 0), (0.7, 0), (0, 0.5), (-0.3, 0.8), (0.3, 0.8), (0, 1.1), (-0.9, 0), (0.9, 0)]
    moved = np.array(front, float)
    moved[4:8, 0] += turn
    return moved


def pair(name="a.jpg", skin=(180, 130, 110), hair=(60, 45, 40), avatar=None, turn=0.0, drawn_turn=None):
    """Make a person whose avatar has just their colours, if none is given."""
    own = dataclasses.replace(head(skin, hair), points=points(turn))
    drawn = avatar or dataclasses.replace(head(skin, hair), points=points(turn if drawn_turn is None else drawn_turn))
    colours = Colours(skin, hair, (90, 70, 60))
    return Pair(name, own, drawn, colours, colours, np.zeros((150, 150, 3), np.uint8), 0.15)


def people(random, count=12):
    """Make people who differ in colours and pose, each drawn as they are."""
    colours = random.integers(40, 220, (count, 2, 3))
    return [
        pair(f"{i}.jpg", tuple(map(int, skin)), tuple(map(int, hair)), turn=0.02 * i)
        for i, (skin, hair) in enumerate(colours)
    ]


def human():
    """Landmarks of a person seen from the front: mouth and chin lie lower than in a drawing."""
    real = points()
    real[4:8, 1] = (0.7, 1.1, 1.1, 1.7)
    return real


def face_in_photo(scale=100.0):
    """Make a mesh whose named landmarks lie where a photo's would, 1 face unit being ``scale`` pixels."""
    mesh = np.random.default_rng(0).uniform(-0.8, 1.2, (478, 2))
    mesh[list(LANDMARKS)] = human()
    mesh[[13, 14]] = (0, 1.1)
    mesh[[159, 386]], mesh[[145, 374]] = [(-0.5, -0.1), (0.5, -0.1)], [(-0.5, 0.1), (0.5, 0.1)]
    return Face((0.0, 0.0, 1.0, 1.0), mesh * scale + 300, 1.0)


def test_colour_differences_are_those_published():
    table = SHARMA
    assert delta_e(table[:, :3], table[:, 3:6]) == pytest.approx(table[:, 6], abs=1e-4)
    assert delta_e(table[:, 3:6], table[:, :3]) == pytest.approx(table[:, 6], abs=1e-4)


def test_colour_differences_broadcast_and_vanish_for_equal_colours():
    colours = SHARMA[:5, :3]
    square = delta_e(colours[:, None], colours[None])
    assert square.shape == (5, 5)
    assert np.diag(square) == pytest.approx(np.zeros(5))


def test_hues_turn_the_short_way_round():
    def at(degrees):
        return np.array([50, 20 * np.cos(np.radians(degrees)), 20 * np.sin(np.radians(degrees))])

    assert hue_turn(at(350), at(20)) == pytest.approx(30)
    assert hue_turn(at(10), at(190)) == pytest.approx(180)


def test_ranks_correlate_as_in_scipy(seed):
    from scipy.stats import spearmanr

    rows = np.random.default_rng(seed).normal(size=(40, 2)).round(1)  # with ties
    assert rank_correlation(rows) == pytest.approx(spearmanr(*rows.T).statistic)
    assert rank_correlation(np.array([[1.0, 9.0], [2.0, 4.0], [3.0, 1.0]])) == -1
    assert math.isnan(rank_correlation(np.ones((5, 2))))


def test_bootstrap_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        _, low, high, _ = bootstrap(random.normal(size=60), mean, seed=1, draws=200)
        hits += low <= 0 <= high
    assert 88 <= hits <= 100


def test_bootstrap_leaves_out_what_was_not_measured():
    value, low, high, n = bootstrap(np.array([1.0, np.nan, 3.0]), median, seed=0)
    assert (value, n) == (2, 2)
    assert math.isnan(low) and math.isnan(high)
    assert bootstrap(np.array([np.nan]), median, seed=0)[3] == 0


def test_bootstrap_repeats_itself():
    rows = np.arange(20.0)
    assert bootstrap(rows, mean, seed=3) == bootstrap(rows, mean, seed=3) != bootstrap(rows, mean, seed=4)


def test_bootstrap_of_a_statistic_that_never_exists_has_no_interval():
    value, low, _, n = bootstrap(np.ones((8, 2)), rank_correlation, seed=0)
    assert math.isnan(value) and math.isnan(low) and n == 8


def test_kernel_distance_is_zero_for_one_distribution_and_grows_with_a_shift():
    random = np.random.default_rng(0)
    same = [kid(random.normal(size=(60, 8)), random.normal(size=(50, 8))) for _ in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(200)  # unbiased
    assert min(same) < 0 < max(same)
    here, there = random.normal(size=(60, 8)), random.normal(size=(60, 8))
    shifted = [kid(here, there + shift) for shift in (0.5, 1.0, 2.0)]
    assert max(same) < shifted[0] < shifted[1] < shifted[2]


def test_kernel_distance_is_the_textbook_sum(seed):
    random = np.random.default_rng(seed)
    one, other = random.normal(size=(4, 3)), random.normal(size=(5, 3))

    def k(x, y):
        return (x @ y / 3 + 1) ** 3

    within = [
        sum(k(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / (len(s) * (len(s) - 1))
        for s in (one, other)
    ]
    across = sum(k(x, y) for x in one for y in other) / 20
    assert kid(one, other) == pytest.approx(sum(within) - 2 * across)


@pytest.mark.parametrize(("n", "m"), [(30, 40), (4, 40), (6, 5)])
def test_frechet_distance_is_the_one_with_a_matrix_root(n, m, seed):
    def root(symmetric):
        values, vectors = np.linalg.eigh(symmetric)
        return vectors * np.sqrt(values.clip(0)) @ vectors.T

    random = np.random.default_rng(seed)
    one, other = random.normal(size=(n, 6)), random.normal(size=(m, 6)) @ np.diag(np.arange(1.0, 7)) + 1
    first, second = np.cov(one.T), np.cov(other.T)
    shared = root(root(first) @ second @ root(first))
    expected = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(first + second - 2 * shared)
    assert fid(one, other) == pytest.approx(expected, abs=1e-4)
    assert fid(one, one) == pytest.approx(0, abs=1e-9)


def test_distances_of_too_little_are_unknown():
    assert math.isnan(kid(np.ones((1, 4)), np.ones((3, 4))))
    assert math.isnan(fid(np.ones((3, 4)), np.ones((1, 4))))


def test_half_samples_vary_as_whole_samples_do():
    random = np.random.default_rng(0)

    def gap(one, other):
        return float(one.mean() - other.mean())

    value, low, high = half_samples(random.normal(size=(100, 1)), random.normal(size=(100, 1)), gap, seed=0, draws=400)
    assert value == pytest.approx((low + high) / 2)
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(2 / 100), rel=0.2)
    assert math.isnan(half_samples(np.ones((4, 1)), np.ones((40, 1)), gap, seed=0)[1])


def test_window_is_the_same_place_at_every_size():
    u0, v0, span = WINDOW
    for size in (64, 128, 256):
        u, v = TEMPLATE.grid(size)
        inside = (u > u0) & (u < u0 + span) & (v > v0) & (v < v0 + span)
        cut = window(np.where(inside[..., None], [200, 100, 50], 0).astype(np.uint8).copy(), TEMPLATE)
        assert cut.shape == (224, 224, 3)
        assert (cut[8:-8, 8:-8] == [200, 100, 50]).all()
        assert cut[:, 0].mean() < 150  # and it ends there


def test_window_must_be_covered():
    assert shows_window((0, 0, 128, 128), TEMPLATE, 128)
    assert shows_window((21, 12, 107, 98), TEMPLATE, 128)
    assert not shows_window((26, 12, 107, 98), TEMPLATE, 128)
    assert not shows_window((21, 12, 107, 90), TEMPLATE, 128)


def test_a_symmetric_drawing_has_equal_eyes():
    found = eyes(head(), TEMPLATE)
    assert found.ratio == 1
    assert found.hue == pytest.approx(0)
    assert found.height == pytest.approx(0.60, abs=0.06)


def test_a_small_eye_and_an_odd_iris_are_noticed():
    small = eyes(head(shrink=(1.0, 0.6)), TEMPLATE)
    assert small.ratio == pytest.approx(0.36, abs=0.08)
    odd = eyes(head(irises=((60, 90, 160), (60, 140, 60))), TEMPLATE)
    assert odd.ratio == pytest.approx(1, abs=0.05)
    assert odd.hue > 90


def test_eyes_that_are_not_drawn_are_unknown():
    none = eyes(head(shrink=(0.0, 0.0)), TEMPLATE)
    assert math.isnan(none.ratio) and math.isnan(none.height) and math.isnan(none.hue)
    assert eyes(head(shrink=(1.0, 0.0)), TEMPLATE).ratio == 0
    assert math.isnan(eyes(head(irises=((90, 90, 90), (90, 90, 90))), TEMPLATE).hue)


def test_tones_of_a_faithful_avatar_do_not_differ(seed):
    crowd = people(np.random.default_rng(seed))
    for tones in (skin_tones(crowd, TEMPLATE), hair_tones(crowd, TEMPLATE)):
        assert tones.difference.max() < 1
        assert tones.intended.max() == 0
        assert np.median(tones.strangers) > 10
        assert len(tones.strangers) == 12 * 11
        assert rank_correlation(tones.lightness) > 0.99


def test_bleached_avatars_are_found_out(seed):
    crowd = [dataclasses.replace(one, avatar=head()) for one in people(np.random.default_rng(seed))]
    tones = skin_tones(crowd, TEMPLATE)
    assert math.isnan(rank_correlation(tones.lightness))
    assert np.median(tones.difference) > 10


def test_geometry_follows_the_turn_of_the_head(seed):
    crowd = people(np.random.default_rng(seed))
    found = geometry(crowd)
    assert found.error == pytest.approx(np.zeros(12))
    assert rank_correlation(found.turn) == pytest.approx(1)
    assert found.strangers.min() > 0
    assert turned(points()) == pytest.approx(0)
    assert turned(points(0.9)) == pytest.approx(1)


def test_geometry_leaves_out_faces_that_were_not_seen(seed):
    crowd = people(np.random.default_rng(seed))
    unseen = dataclasses.replace(crowd[3].avatar, points=np.full((10, 2), np.nan))
    crowd[3] = dataclasses.replace(crowd[3], avatar=unseen)
    found = geometry(crowd)
    assert math.isnan(found.error[3]) and np.isfinite(np.delete(found.error, 3)).all()
    assert np.isfinite(found.strangers).all()


def test_own_photo_is_found_among_many(seed):
    crowd = people(np.random.default_rng(seed))
    avatars, photos = [one.avatar for one in crowd], [one.photo for one in crowd]
    assert (look_ranks(avatars, photos, TEMPLATE) == 1).all()
    assert (look_ranks(avatars, photos[1:] + photos[:1], TEMPLATE) > 1).all()


def test_drawing_everyone_alike_finds_nobody(seed):
    crowd = people(np.random.default_rng(seed))
    places = look_ranks([head()] * 12, [one.photo for one in crowd], TEMPLATE)
    assert sorted(places) == list(range(1, 13))  # each photo has one place, whoever asks
    assert (look_ranks([head()] * 12, [head()] * 12, TEMPLATE) == 12).all()


def test_recogniser_is_asked_without_what_all_drawings_share(seed):
    chips = np.random.default_rng(seed).integers(0, 255, (6, 150, 150, 3), dtype=np.uint8)

    def bright(chip):
        return chip[:4, :32, 0].ravel().astype(float)

    faded = [(chip // 4 + 150).astype(np.uint8) for chip in chips]
    assert (identity_ranks(faded, list(chips), bright) == 1).all()
    assert (identity_ranks([chips[0]] * 6, list(chips), bright) == 6).all()


def test_faces_are_cut_where_the_recogniser_wants_them():
    face = face_in_photo()
    places = chip_map(face)
    assert places.shape == (150, 150, 2)
    assert places[47, 74] == pytest.approx([300, 300], abs=1)  # between the eyes
    assert places[47, 74 + 26] == pytest.approx([350, 300], abs=1.5)  # the eye on the right
    chip = chip_of(head(), TEMPLATE)
    assert chip.shape == (150, 150, 3)
    assert chip[47, 48].tolist() == [60, 90, 160] == chip[47, 100].tolist()


def test_landmarks_travel_through_the_warp():
    face = face_in_photo()
    found = warped_points(face, chibi_map(face, TEMPLATE, SIZE, 0.0), TEMPLATE)
    assert found == pytest.approx(human(), abs=0.02)  # without the warp they stay where they are
    chibi = warped_points(face, chibi_map(face, TEMPLATE, SIZE, 1.0), TEMPLATE)
    assert chibi[:4, 1] == pytest.approx(np.zeros(4), abs=0.02)
    assert chibi[5:8, 1] == pytest.approx([0.74, 0.74, 1.10], abs=0.05)


def test_landmarks_outside_the_square_are_unknown():
    face = face_in_photo()
    far = face.landmarks.copy()
    far[1] = (5000, 300)
    found = warped_points(dataclasses.replace(face, landmarks=far), chibi_map(face, TEMPLATE, SIZE, 1.0), TEMPLATE)
    assert np.isnan(found[LANDMARKS.index(1)]).all()


def test_only_a_face_on_the_template_is_taken():
    to_pixels = TEMPLATE.to_pixels(256)
    fits = face_in_photo()
    fits = dataclasses.replace(fits, landmarks=(fits.landmarks - 300) / 100 * to_pixels[0, 0] + to_pixels[:, 2])
    away = dataclasses.replace(fits, landmarks=fits.landmarks + 60)
    assert seen_points([away, fits], TEMPLATE, 256) == pytest.approx(human())
    assert np.isnan(seen_points([away], TEMPLATE, 256)).all()
    assert np.isnan(seen_points([], TEMPLATE, 256)).all()


def test_eye_height_is_in_eye_distances():
    assert eye_height(face_in_photo()) == pytest.approx(0.2)
    assert eye_height(face_in_photo(30)) == pytest.approx(0.2)


def test_white_shows_through_where_nobody_is():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (10, 20, 30, 255)
    assert on_white(rgba)[0, 0].tolist() == [10, 20, 30]
    assert on_white(rgba)[1, 1].tolist() == [255, 255, 255]


def test_groups_come_from_columns_about_people(tmp_path):
    table = tmp_path / "who.csv"
    lines = [f"p{i}.jpg,{'old' if i < 6 else 'young'},{i},CC0,{'yes' if i == 0 else 'no'}" for i in range(13)]
    table.write_text("file,age,number,licence,hat\n" + "\n".join(lines), encoding="utf-8")
    groups = read_groups(table, [f"sub/p{i}.jpg" for i in range(12)] + ["unknown.jpg"])
    assert groups.keys() == {"age=old", "age=young", "hat=no"}
    assert groups["age=old"].tolist() == [True] * 6 + [False] * 7
    assert not groups["age=young"][12]


@pytest.mark.parametrize("text", ["name,age\na.jpg,old\n", "", "file,age\n\xff"])
def test_a_table_without_photos_is_refused(tmp_path, text):
    table = tmp_path / "who.csv"
    table.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"who\.csv"):
        read_groups(table, ["a.jpg"])


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_groups(tmp_path / "none.csv", [])


def test_skins_are_sorted_by_their_angle():
    light, dark = [[80.0, 10.0, 15.0]] * 5, [[30.0, 12.0, 20.0]] * 6
    groups = skin_groups(np.array(light + dark + [[55.0, 10.0, 15.0]]))
    assert {name: int(members.sum()) for name, members in groups.items()} == {
        "photo skin=very light": 5,
        "photo skin=dark": 6,
    }


def test_metric_speaks_json_and_table():
    metric = Metric("kid", 0.123456, math.nan, math.nan, 3, ideal=0.0, better="lower", about="x")
    assert json.loads(json.dumps(metric.to_dict(), allow_nan=False)) == {
        "name": "kid", "value": 0.1235, "low": None, "high": None, "ideal": 0.0, "naive": None,
        "n": 3, "better": "lower", "about": "x",
    }  # fmt: skip
    assert metric.row() == ("kid", "0.123", "–", "0.000", "–", "3", "lower", "x")
    assert len(metric.row()) == len(COLUMNS)


def test_report_lays_groups_out_in_rows():
    found = [Metric(name, 0.5, 0.25, 12.5, n, group=group) for group, n in (("a=1", 7), ("a=2", 5)) for name in "xy"]
    report = Report("moe", 0, 3, [Metric("kid", 1.0, 0.9, 1.1, 9)], found, [{"photo": "a"}], [("b.jpg", "no face")])
    assert report.group_columns() == ("group", "n", "x", "y")
    assert report.group_rows()[1] == ("a=2", "5", "0.500  0.250…12.5", "0.500  0.250…12.5")
    assert report["kid"].value == 1
    assert report.summary() == "1 avatars from 3 photos, 0 anime faces; no avatar from b.jpg"
    assert report.to_dict()["missed"] == [{"photo": "b.jpg", "why": "no face"}]
    with pytest.raises(KeyError):
        report["fid"]


def test_sheet_shows_pairs_in_rows():
    crowd = [pair(str(i)) for i in range(8)]
    picture = sheet(crowd, [True] * 4 + [False] * 4, [head().image])
    assert picture.shape == (2 * (SIZE + 14) + SIZE, 12 * SIZE, 3)
    assert sheet(crowd[:1], [True], []).shape == (SIZE + 14, 12 * SIZE, 3)
    assert (picture[:SIZE, SIZE : 2 * SIZE] == crowd[0].avatar.image).all()


def test_no_anime_face_in_noise(seed):
    pytest.importorskip("animeface")
    noise = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert animerate.likelihoods(noise) == (0, 0)


def test_gains_undo_dark_skin():
    [as_is, *changed] = list(animerate._tables())
    assert all((table == np.arange(256)).all() for table in as_is)
    for tables, tone in zip(changed, animerate.TONES, strict=True):
        assert [int(table[level]) for table, level in zip(tables, tone, strict=True)] == pytest.approx(
            animerate.PALE, abs=21
        )
        assert all((np.diff(table.astype(int)) >= 0).all() for table in tables)


@pytest.mark.parametrize("pillow", ["12.0.0", "13.1"])
def test_a_pillow_that_blinds_the_detector_is_refused(monkeypatch, pillow):
    monkeypatch.setattr(animerate.importlib.metadata, "version", lambda name: pillow)
    with pytest.raises(MissingExtraError, match="pillow<12"):
        animerate.check()


def test_a_missing_detector_is_named(monkeypatch):
    def missing(name):
        raise animerate.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(animerate.importlib.metadata, "version", missing)
    with pytest.raises(MissingExtraError, match=r"photo2moe\[eval\]"):
        animerate.check()


@pytest.mark.parametrize("judge", [Identity, Features])
def test_a_missing_net_is_named(monkeypatch, judge):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(MissingExtraError, match=r"photo2moe\[eval\]"):
        judge()
