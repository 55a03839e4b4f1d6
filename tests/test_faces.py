"""Faces of the pen: numbers of a person that are seen, bare skulls, lids and lips."""

from __future__ import annotations

import numpy as np
import pytest

from photo2moe.character.schema import Character
from photo2moe.character.shapes import shape_words
from photo2moe.pen.ageing import draw_lines
from photo2moe.pen.features import brow_colour, words_of
from photo2moe.pen.head import Head
from photo2moe.pen.palette import parse, skin, to_oklab


@pytest.mark.parametrize("length", ["bald", "shaved"])
def test_bare_skulls_are_lower_unless_something_is_worn(length: str) -> None:
    who = Character().replace(**{"hair.length": length})
    crown = [centre - high for centre, _, high, _ in (Head(who).size.skull, Head(Character()).size.skull)]
    assert crown[0] > crown[1] + 0.2
    covered = Head(who.replace(**{"headwear.kind": "cap"})).size.skull
    assert covered == Head(Character()).size.skull


@pytest.mark.parametrize("field", ["face.width", "face.jaw", "face.chin", "face.cheeks"])
@pytest.mark.parametrize("look", ["f", "m"])
def test_outlines_of_faces_differ_visibly(field: str, look: str) -> None:
    who = Character().replace(**{"person.look": look})
    low, high = (Head(who.replace(**{field: value})).contour() for value in (-0.8, 0.8))
    assert np.abs(low - high).max() > 0.1


def test_the_far_side_of_a_turned_face_narrows_to_the_chin() -> None:
    head = Head(Character().replace(**{"pose.yaw": 45.0, "person.look": "m"}))
    right = head.contour()[len(head.contour()) // 2 :]
    below, above = (right[np.abs(right[:, 1] - v).argmin(), 0] for v in (0.85 * head.size.chin, 0.3 * head.size.chin))
    assert below < 0.8 * above


def test_lids_without_a_crease() -> None:
    lids = {"eyes.slant": 0.8, "eyes.height": -0.2, "eyes.size": -0.4}
    who = Character().replace(**lids, **{"brows.height": 0.4, "brows.slant": -0.3})
    assert shape_words(who)["eyes.shape"] == "monolid"
    assert shape_words(who.replace(**{"eyes.height": 0.1}))["eyes.shape"] == "upturned"
    assert shape_words(who.replace(**{"brows.slant": 0.3}))["eyes.shape"] == "upturned"


def test_full_lips_of_men_are_a_word_of_their_own() -> None:
    full = Character().replace(**{"mouth.fullness": 0.6})
    assert "full" in words_of(full.replace(**{"person.look": "f"}))
    man = words_of(full.replace(**{"person.look": "m"}))
    assert "full_man" in man
    assert "full" not in man


@pytest.mark.parametrize("look", ["f", "m"])
def test_faces_age_with_every_year(look: str) -> None:
    ages = (2, 6, 10, 14, 18, 26, 38, 45, 52, 60, 70, 80)
    sizes = [Head(Character().replace(**{"person.look": look, "person.years": float(y)})).size for y in ages]
    heights = [size.eye_size[1] for size in sizes[1:]]
    assert heights == sorted(heights, reverse=True)
    assert sizes[0].chin < sizes[3].chin < sizes[5].chin < sizes[8].chin


def test_lines_come_with_years() -> None:
    def lines(years: float) -> int:
        who = Character().replace(**{"person.years": years})
        return len(draw_lines(who, Head(who), skin(parse(who.skin.colour))))

    counts = [lines(years) for years in (22.0, 38.0, 52.0, 70.0)]
    assert counts == sorted(set(counts))
    assert counts[0] == 0
    assert lines(0.0) == 0


def test_brows_turn_grey_with_the_hair() -> None:
    brown, grey = (
        to_oklab(brow_colour(Character().replace(**{"hair.colour": colour})))[0] for colour in ("#4a3628", "#c0bcbc")
    )
    assert grey > brown + 0.15
