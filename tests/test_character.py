"""Characters: strict values in, the same values out, changes in words."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photo2moe.character.changes import NAMES, changed, parse_colour
from photo2moe.character.fields import from_values, to_values
from photo2moe.character.schema import FORMAT, LARGEST, RADII, Character, Hair, Pose
from photo2moe.character.shapes import shape_words
from photo2moe.errors import CharacterError, ConfigError
from photo2moe.face.iris import BROWN, DARK_BROWN, FAMILIES, _family
from photo2moe.face.lab import from_hex

numbers = st.floats(-1, 1).map(lambda value: round(value, 3))
colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(
    volume=numbers,
    colour=colours,
    tips=st.just("") | colours,
    outline=st.just(()) | st.tuples(*[st.floats(0.5, 2).map(lambda value: round(value, 3))] * RADII),
    yaw=st.integers(-45, 45).map(float),
    marks=st.lists(st.sampled_from(["freckles", "mole", "scar"]), max_size=3).map(tuple),
)
def test_characters_come_back_from_json_as_they_were(volume, colour, tips, outline, yaw, marks):
    who = Character().replace(
        **{
            "hair.volume": volume,
            "hair.colour": colour,
            "hair.tips": tips,
            "hair.outline": outline,
            "pose.yaw": yaw,
            "skin.marks": marks,
        }
    )
    assert Character.from_json(who.to_json()) == who
    assert json.loads(who.to_json())["format"] == FORMAT


def test_what_is_left_out_has_its_default():
    who = Character.from_json(json.dumps({"format": FORMAT, "hair": {"colour": "#102030"}}))
    assert who == Character(hair=Hair(colour="#102030"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[]", "format"),
        ('{"format": "photo2moe-character/2"}', "format"),
        ('{"format": "photo2moe-character/1", "strength": NaN}', "NaN"),
        ('{"format": "photo2moe-character/1", "strength": true}', "strength must be a number 0…1"),
        ('{"format": "photo2moe-character/1", "hat": {}}', "unknown field hat"),
        ('{"format": "photo2moe-character/1", "hair": 3}', "hair must be an object"),
        ('{"format": "photo2moe-character/1", "hair": {"color": "#000000"}}', "unknown field hair.color"),
        ('{"format": "photo2moe-character/1", "hair": {"colour": "red"}}', "hair.colour must be a colour"),
        ('{"format": "photo2moe-character/1", "hair": {"outline": [1, 1]}}', "hair.outline must be a list of 0 or 16"),
        ('{"format": "photo2moe-character/1", "pose": {"yaw": 46}}', "pose.yaw must be a number -45…45"),
        ('{"format": "photo2moe-character/1", "person": {"age": "young"}}', "person.age must be one of baby"),
        ('{"format": "photo2moe-character/1", "glasses": {"kind": "../x"}}', "glasses.kind must be a word"),
        ('{"format": "photo2moe-character/1", "notes": ["a\\u001b[31m"]}', "notes must hold sentences"),
        ('{"format": "photo2moe-character/1", "notes": ' + "[" * 5000 + "]" * 5000 + "}", "not JSON"),
        (" " * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_no_character_is_refused_with_a_reason(text, words):
    with pytest.raises(CharacterError) as error:
        Character.from_json(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_fields_are_checked_when_a_character_is_made():
    with pytest.raises(CharacterError, match="yaw must be a number"):
        Pose(yaw=math.inf)


def test_values_of_a_part_go_there_and_back():
    assert from_values(Pose, to_values(Pose(yaw=12.0))) == Pose(yaw=12.0)


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ("hair.colour=silver", "hair.colour", NAMES["silver"]),
        ("hair.colour = #ABCDEF", "hair.colour", "#abcdef"),
        ("hair.tips=none", "hair.tips", ""),
        ("glasses.kind=round", "glasses.kind", "round"),
        ("pose.yaw=-20", "pose.yaw", -20.0),
        ("strength=0.5", "strength", 0.5),
        ("skin.marks=freckles, mole", "skin.marks", ("freckles", "mole")),
        ("skin.marks=none", "skin.marks", ()),
        ("expression.gaze=0.5,-0.5", "expression.gaze", (0.5, -0.5)),
    ],
)
def test_changes_in_words(change, path, value):
    who = changed(Character(), [change])
    for name in path.split("."):
        who = getattr(who, name)
    assert who == value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("hair", "FIELD=VALUE"),
        ("hair=red", "hair is a group of fields: hair.colour"),
        ("hair.color=red", "unknown field 'color'"),
        ("hair.colour=reddish", "must be a colour"),
        ("hair.colour=none", "must be a colour"),
        ("pose.yaw=left", "must be a number"),
        ("pose.yaw=90", "must be a number"),
        ("strength.x=1", "strength has no field 'x'"),
        ("expression.gaze=1", "2 numbers"),
        ("person.age=60", "one of baby"),
    ],
)
def test_changes_that_cannot_be_made_are_refused(change, words):
    with pytest.raises(CharacterError) as error:
        changed(Character(), [change])
    assert words in str(error.value)


def test_later_changes_go_over_earlier_ones():
    assert changed(Character(), ["pose.yaw=10", "pose.yaw=20"]).pose.yaw == 20


def test_colours_of_the_command_line():
    assert parse_colour("keep", "--skin") is None
    assert parse_colour("Silver", "--skin") == NAMES["silver"]
    with pytest.raises(ConfigError, match="--skin must be keep"):
        parse_colour("shiny", "--skin")


@pytest.mark.parametrize(
    ("values", "field", "word"),
    [
        ({}, "eyes", "almond"),
        ({"eyes.height": -0.8, "eyes.slant": 0.9}, "eyes", "narrow"),  # height counts before slant
        ({"eyes.slant": 0.8}, "eyes", "upturned"),
        ({"eyes.slant": -0.5}, "eyes", "droopy"),
        ({"eyes.height": 0.2}, "eyes", "round"),
        ({"person.age": "child"}, "eyes", "round"),
        ({"person.age": "baby", "eyes.height": -0.5}, "eyes", "almond"),
        ({"person.look": "m", "brows.thickness": 0.5}, "brows", "thick"),
        ({"person.look": "f", "brows.thickness": 0.5}, "brows", "soft"),
        ({"person.look": "f", "brows.thickness": 0.8}, "brows", "thick"),
        ({"person.look": "f", "brows.slant": 0.5}, "brows", "arched"),
        ({"person.look": "m", "brows.slant": 0.7}, "brows", "angled"),
        ({"person.look": "m", "brows.slant": 0.5, "expression.smile": 0.6}, "brows", "straight"),
        ({"brows.slant": -0.5}, "brows", "flat"),
        ({"brows.thickness": -0.5}, "brows", "thin"),
        ({"person.look": "m", "person.age": "child"}, "brows", "soft"),
        ({"person.look": "m"}, "brows", "straight"),
        ({"person.age": "child", "nose.width": 0.5}, "nose", "button"),
        ({"person.age": "child", "nose.length": 0.9}, "nose", "dot"),
        ({"nose.width": 0.5}, "nose", "wide"),
        ({"person.look": "m", "nose.length": 0.5}, "nose", "strong"),
        ({"person.look": "f", "nose.length": 0.5}, "nose", "side"),
        ({"nose.width": -0.5}, "nose", "line"),
        ({"nose.length": -0.5}, "nose", "button"),
        ({}, "nose", "dot"),
    ],
)
def test_shapes_follow_from_what_was_measured(values, field, word):
    who = Character().replace(**values)
    words = shape_words(who)
    assert words[f"{field}.shape"] == word
    assert getattr(who.replace(**words), field).shape == word


@pytest.mark.parametrize(
    ("colour", "rosy", "family"),
    [
        ((30, 0, -8), 0, "blue"),
        ((35, 1, 1), 0, "grey"),
        ((40, 5, 4), 12, "grey"),
        ((40, 5, 8), 12, "grey-green"),
        ((28, -3, 9), 0, "green"),
        ((32, 5, 14), 0, "hazel"),
    ],
)
def test_small_shaded_irises_belong_to_a_family_of_light_ones(colour, rosy, family):
    found = from_hex(_family(np.array(colour, float), BROWN, rosy))
    apart = {name: np.hypot(*(found - from_hex(other))[1:]) for name, other in FAMILIES.items()}
    assert min(apart, key=apart.get) == family


def test_other_irises_are_brown_and_unseen_ones_are_plain():
    assert _family(np.array([5.0, 0, 0]), BROWN, 0.0) == BROWN
    assert _family(np.array([15.0, 4, 6]), BROWN, np.nan) == DARK_BROWN
    lightness, red, yellow = from_hex(_family(np.array([24.0, 12, 8]), DARK_BROWN, np.nan))
    assert from_hex(DARK_BROWN)[0] < lightness < 50 and yellow > red > 5
