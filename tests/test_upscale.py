"""Enlarging drawings: sizes, colours that stay, edges without a fringe."""

import dataclasses

import cv2
import numpy as np
import pytest

from photo2moe.errors import ChecksumError
from photo2moe.ops.inpaint import straighten
from photo2moe.stages.upscale import AnimeUpscaler
from photo2moe.weights import UPSCALER


@pytest.fixture(scope="module")
def upscaler():
    return AnimeUpscaler()


def drawing(size=64):
    """Return an opaque drawing: a face of flat colours with dark lines."""
    image = np.full((size, size, 3), (120, 170, 220), np.uint8)
    middle = (size // 2, size // 2)
    cv2.circle(image, middle, round(0.35 * size), (250, 215, 190), -1, cv2.LINE_AA)
    cv2.circle(image, middle, round(0.35 * size), (60, 40, 50), 1, cv2.LINE_AA)
    cv2.circle(image, (round(0.4 * size), round(0.45 * size)), round(0.07 * size), (40, 60, 160), -1, cv2.LINE_AA)
    return image


def figure_on_white(size=64, colour=(60, 30, 40)):
    """Return a disc as the generator draws one: its colour mixed with white by its alpha."""
    y, x = np.mgrid[:size, :size]
    alpha = np.clip(0.3 * size - np.hypot(x - size / 2, y - size / 2) + 0.5, 0, 1)[..., None]
    return np.dstack([colour * alpha + 255 * (1 - alpha), 255 * alpha]).round().astype(np.uint8)


@pytest.mark.parametrize("size", [1, 48, 64, 100, 128, 300, 520])
@pytest.mark.parametrize("channels", [3, 4])
def test_size_is_exact(upscaler, size, channels):
    image = drawing() if channels == 3 else figure_on_white()
    before = image.copy()
    got = upscaler(image, size)
    assert got.shape == (size, size, channels)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


def test_one_pixel_can_be_enlarged(upscaler):
    got = upscaler(np.full((1, 1, 4), 255, np.uint8), 9)
    assert (got >= 253).all()


def test_same_size_is_the_same_picture(upscaler):
    np.testing.assert_array_equal(upscaler(drawing(), 64), drawing())


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (12, 200, 90)])
def test_flat_colour_stays(upscaler, colour):
    got = upscaler(np.full((32, 32, 3), colour, np.uint8), 256)
    assert np.abs(got.astype(int) - colour).max() <= 4  # grey levels


def test_shrunk_again_it_is_the_drawing(upscaler):
    large = upscaler(drawing(), 512)
    again = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    difference = np.abs(again.astype(int) - drawing())
    assert difference.mean() < 3.0  # grey levels, of edges that became sharper; nothing has moved


@pytest.mark.parametrize("backdrop", [0, 128, 255])
def test_no_fringe_on_any_backdrop(upscaler, backdrop):
    got = upscaler(straighten(figure_on_white()), 512).astype(float)
    alpha = got[..., 3:] / 255
    laid = got[..., :3] * alpha + backdrop * (1 - alpha)
    low, high = np.minimum((60, 30, 40), backdrop), np.maximum((60, 30, 40), backdrop)
    # Between figure and backdrop there is nothing lighter or darker than both.
    assert (laid >= low - 8).all() and (laid <= high + 8).all()


def test_edge_is_sharp_and_in_its_place(upscaler):
    alpha = upscaler(figure_on_white(), 512)[..., 3].astype(float) / 255
    assert abs(np.sqrt(alpha.sum() / np.pi) - 0.3 * 512) < 6  # pixels; pulled in a little on purpose
    soft = (alpha > 0.02) & (alpha < 0.98)
    assert soft.sum() / (2 * np.pi * 0.3 * 512) < 10  # pixels of transition, of the 8 that one became
    assert alpha[256, 256] == 1 and alpha[0, 0] == 0


def test_same_input_gives_the_same_bytes(upscaler):
    assert upscaler(figure_on_white(), 200).tobytes() == upscaler(figure_on_white(), 200).tobytes()


def test_threads_change_nothing():
    upscale, before = AnimeUpscaler(), cv2.getNumThreads()
    try:
        results = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            results.append(upscale(figure_on_white(), 256))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(*results)


def test_lines_are_cleaner_than_interpolated():
    truth = cv2.resize(drawing(2048), (1024, 1024), interpolation=cv2.INTER_AREA)
    cv2.circle(truth, (512, 512), 330, (30, 20, 25), 9, cv2.LINE_AA)
    small = cv2.GaussianBlur(cv2.resize(truth, (256, 256), interpolation=cv2.INTER_AREA), (0, 0), 0.6)
    cubic = cv2.resize(small, (1024, 1024), interpolation=cv2.INTER_LANCZOS4)
    clean, plain = (np.abs(large.astype(int) - truth).mean() for large in (AnimeUpscaler()(small, 1024), cubic))
    assert clean < 0.8 * plain


def test_a_net_that_is_not_the_released_one_is_refused(monkeypatch):
    monkeypatch.setattr("photo2moe.stages.upscale.UPSCALER", dataclasses.replace(UPSCALER, sha256="0" * 64))
    with pytest.raises(ChecksumError, match=r"lines-x4\.onnx is not the released file"):
        AnimeUpscaler()
