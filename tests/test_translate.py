"""The stage that runs the net."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from photo2moe.config import GeneratorConfig
from photo2moe.nets.generator import Generator
from photo2moe.nets.runner import torch_runner
from photo2moe.ops.tensors import to_images, to_planes
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.translate import REACH, Translator, inner
from photo2moe.types import Colours

SIZE = 64
COLOURS = Colours((200, 160, 140), (60, 40, 30), (90, 70, 50))


def always(rgba):
    """A translator whose net draws the same thing whatever it is shown."""
    return Translator(lambda pictures, _: to_planes(np.stack([rgba] * len(pictures))), GeneratorConfig(SIZE))


def rough(alpha):
    """A grey figure as it lies on white."""
    grey = 255 - 135 * alpha
    return np.dstack([grey, grey, grey, 255 * alpha]).round().astype(np.uint8)


def test_what_strays_from_the_person_goes():
    drawn = np.zeros((SIZE, SIZE, 4), np.uint8)
    drawn[..., 3] = 255  # black all over
    alpha = np.zeros((SIZE, SIZE), np.float32)
    alpha[20:44, 20:44] = 1
    [cutout] = always(drawn)([rough(alpha)], [COLOURS])
    assert (cutout[20:44, 20:44] == drawn[20:44, 20:44]).all()
    far = 20 - round(REACH * SIZE) - 6
    assert (cutout[:far, :, 3] == 0).all()
    assert (cutout[:far, :, :3] == 255).all()
    # On white, colours and transparency agree everywhere.
    np.testing.assert_allclose(cutout[..., 0], 255 - cutout[..., 3].astype(float), atol=1)


def test_what_stays_near_is_not_touched():
    drawn = np.full((SIZE, SIZE, 4), (90, 160, 210, 255), np.uint8)
    [cutout] = always(drawn)([rough(np.ones((SIZE, SIZE), np.float32))], [COLOURS])
    np.testing.assert_array_equal(cutout, drawn)


def test_lines_become_darker_and_areas_stay():
    drawn = np.full((SIZE, SIZE, 4), (200, 180, 160, 255), np.uint8)
    drawn[30, :, :3] = 120
    [cutout] = always(drawn)([rough(np.ones((SIZE, SIZE), np.float32))], [COLOURS])
    darker = 120 - cutout[30, :, :3].astype(int)
    # In proportion to how dark they were against what is around.
    np.testing.assert_allclose(darker, np.tile(0.063 * np.array([80, 60, 40]), (SIZE, 1)), atol=0.6)
    np.testing.assert_array_equal(cutout[:26], drawn[:26])
    np.testing.assert_array_equal(cutout[..., 3], 255)


def test_scratches_go_from_bare_skin_and_lines_that_are_asked_for_stay():
    asked = np.full((SIZE, SIZE, 4), (*(round(tone) for tone in DRAWN), 255), np.uint8)
    asked[:, 40:] = (60, 40, 30, 255)  # hair
    drawn = asked.copy()
    drawn[30, 5:25, :3] //= 2  # a scratch on the cheek
    drawn[:, 38:40, :3] = 0  # the line along the hair
    [cutout] = always(drawn)([cv2.GaussianBlur(asked, (0, 0), 1)], [COLOURS])  # soft, as roughs are
    assert np.abs(cutout[28:33, 5:25].astype(int) - asked[28:33, 5:25]).max() <= 2
    assert cutout[:, 38:40, :3].max() < 90
    np.testing.assert_array_equal(cutout[:, 44:], drawn[:, 44:])


def test_a_batch_is_drawn_like_its_parts():
    torch.manual_seed(1)
    shape = GeneratorConfig(SIZE, 1, 8, 1)
    translator = Translator(torch_runner(Generator(shape).eval()), shape)
    people = [rough(np.full((SIZE, SIZE), a, np.float32)) for a in (0.3, 1.0)]
    together = translator(people, [COLOURS, COLOURS])
    for one, person in zip(together, people, strict=True):
        alone = translator([person], [COLOURS])[0]
        assert np.abs(one.astype(int) - alone).max() <= 1


def test_pictures_survive_the_way_to_the_net_and_back():
    pictures = np.random.default_rng(2).integers(0, 256, (3, 8, 8, 4), np.uint8)
    planes = to_planes(pictures)
    assert planes.shape == (3, 4, 8, 8)
    assert -1 <= planes.min() < planes.max() <= 1
    np.testing.assert_array_equal(to_images(planes), pictures)
    assert to_images(planes * 300).min() == 0
    assert to_images(planes * 300).max() == 255


def test_the_inner_part_lies_within_and_reaches_the_pictures_edge():
    alpha = np.zeros((SIZE, SIZE), np.float32)
    alpha[20:, 10:50] = 1
    solid = inner(alpha, SIZE)
    assert (solid <= alpha + 1e-6)[alpha == 0].all()
    assert solid[40, 30] == 1
    assert solid[-1, 30] == 1  # the person goes on below
    assert solid[21, 30] < 0.2
