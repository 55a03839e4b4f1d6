"""Short hair: crops named by a character, and their mirror images."""

import numpy as np
import pytest

from photo2moe.character.schema import Character
from photo2moe.kit.loader import load_kit
from photo2moe.pen import short


@pytest.mark.parametrize(("front", "mirrored"), [("side_part", False), ("side_part_r", True)])
def test_crop_is_mirrored_by_name(front, mirrored):
    who = Character().replace(**{"hair.front": front})
    part, flip = short.choose(who, load_kit(), np.random.RandomState(0))
    assert (part.data, flip) == (load_kit().get("crop", "side_part").data, mirrored)
