"""The visible mark: small, in its corner, legible on anything."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from photo2moe.stamp import SHARE, SMALLEST, stamp


def changed(picture):
    """Box ``(top, left, bottom, right)`` of what the mark touches."""
    rows, columns = np.nonzero((stamp(picture) != picture).any(2))
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (1024, 1024), (300, 2000), (4096, 2048)])
def test_it_is_small_and_in_the_corner(shape):
    height, width = shape
    top, left, bottom, right = changed(np.full((*shape, 3), 128, np.uint8))
    side = max(SMALLEST, round(SHARE * min(shape)))
    assert bottom - top == side
    assert 1.2 * side < right - left < 1.6 * side
    assert height - side <= bottom < height
    assert width - side <= right < width
    assert (bottom - top) * (right - left) < 0.1 * height * width


@pytest.mark.parametrize("level", [0, 90, 128, 255])
@pytest.mark.parametrize("size", [64, 512])
def test_letters_stand_out_on_any_ground(level, size):
    picture = np.full((size, size, 3), level, np.uint8)
    top, left, bottom, right = changed(picture)
    badge = stamp(picture)[top:bottom, left:right].astype(float) / 255
    linear = np.where(badge <= 0.04045, badge / 12.92, ((badge + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    ink, plate = np.sort(linear, None)[-max(1, linear.size // 50) :].mean(), np.median(linear)
    assert (ink + 0.05) / (plate + 0.05) > 4.5  # the contrast that WCAG 2 asks of text


def test_transparent_pictures_keep_what_they_are():
    picture = np.zeros((256, 256, 4), np.uint8)
    marked = stamp(picture)
    assert np.array_equal(marked[:128], picture[:128])
    assert marked[..., 3].max() == 255
    top, left, bottom, right = changed(picture)
    on_grey = np.full((256, 256, 3), 77, np.uint8)
    alpha = marked[..., 3:] / 255
    seen = (alpha * marked[..., :3] + (1 - alpha) * on_grey).round()
    assert np.abs(seen - stamp(on_grey))[top:bottom, left:right].max() <= 2


@given(st_np.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from((3, 4)))))
def test_pictures_of_any_size_keep_their_shape_and_stay_unchanged_themselves(picture):
    before = picture.copy()
    marked = stamp(picture)
    assert (marked.shape, marked.dtype) == (picture.shape, picture.dtype)
    assert np.array_equal(picture, before)


def test_the_command_draws_it_on_request_and_the_folder_is_done_anew(tmp_path):
    from photo2moe.imageio import read_image
    from tests.test_cli import DATA, QUICK, run

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "man.jpg").write_bytes((DATA / "man.jpg").read_bytes())
    pictures = []
    for option in ([], ["--mark"]):
        done = run("batch", tmp_path / "in", "-o", tmp_path / "out", *QUICK, *option)
        assert "1 converted, 0 skipped" in done.stderr
        pictures.append(read_image(tmp_path / "out" / "man.jpg.png"))
    plain, marked = pictures
    assert np.array_equal(stamp(plain), marked)
    single = run(
        "convert", DATA / "man.jpg", "-o", tmp_path / "one.png", *QUICK, "--mark", "--frame", "photo", "--json"
    )
    assert json.loads(single.stdout)["outputs"][0]["size"] == [400, 400]
    plain = run("convert", DATA / "man.jpg", "-o", tmp_path / "two.png", *QUICK, "--frame", "photo")
    assert np.array_equal(stamp(read_image(tmp_path / "two.png")), read_image(tmp_path / "one.png"))
