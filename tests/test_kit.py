"""Kits: every part can be drawn in any pose, kits of others are laid over ours, broken ones get one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from photo2moe.character.schema import Character
from photo2moe.cli.main import main
from photo2moe.errors import KitError
from photo2moe.kit.loader import KINDS, load_kit
from photo2moe.pen.gallery import FIELDS, gallery
from photo2moe.pen.portrait import draw_scene
from photo2moe.pen.raster import raster

EXAMPLE = Path(__file__).parent.parent / "examples" / "kit"
KIT = load_kit()
PARTS = [(kind, name) for kind, (path, _) in FIELDS.items() if path for name in KIT.names(kind)]
# How many of each kind there are at least.
LEAST = {"front": 14, "back": 8, "tied": 8, "texture": 6, "eyes": 6, "brows": 5, "nose": 4, "mouth": 12, "beard": 7}
LEAST |= {"glasses": 7, "headwear": 10, "earrings": 3, "clothes": 24, "pattern": 5, "mask": 1, "headphones": 1}
PEOPLE = [
    {"person.age": "baby", "hair.length": "short", "pose.yaw": 45, "pose.pitch": 25},
    {"person.age": "child", "hair.length": "long", "pose.yaw": -45, "pose.pitch": -25, "pose.roll": 30},
    {"person.look": "m", "hair.length": "bald", "pose.roll": 180, "face.jaw": 1, "face.width": 1},
    {"person.look": "f", "hair.length": "long", "face.chin": -1, "face.width": -1, "strength": 0.0, "hair.volume": 1},
    {"person.age": "old", "person.look": "m", "beard.kind": "long_beard", "expression.left": 0.0, "hair.volume": -1},
]


def drawn(who, kit=KIT, size=64, frame="avatar"):
    return raster(draw_scene(who, kit, frame), size)


@pytest.mark.parametrize("kind", LEAST)
def test_there_is_enough_to_choose_from(kind):
    assert len(KIT.names(kind)) >= LEAST[kind]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_part_can_be_drawn_and_is_seen(kind, name):
    path, others = FIELDS[kind]
    plain = Character().replace(**{"person.look": "f", "hair.length": "shoulder", "pose.yaw": 30.0, **others})
    who = plain.replace(**{path: (name,) if kind == "marks" else name})
    picture = drawn(who)
    assert picture[..., 3].mean() > 60
    if who != plain and name not in ("plain", "straight", "paint", "makeup"):
        assert (picture != drawn(plain)).any(), f"{kind} {name} changes nothing"


@pytest.mark.parametrize("changes", PEOPLE)
@pytest.mark.parametrize("front", ["full", "side_l", "receding"])
def test_anybody_is_whole_in_any_pose(changes, front):
    who = Character().replace(**changes, **{"hair.front": front})
    for frame in ("avatar", "full"):
        picture = drawn(who, frame=frame)
        assert picture[..., 3].max() == 255
        assert not picture[0, :, 3].any()  # nothing is cut off above
    scene = draw_scene(who, KIT)
    middle = picture.shape[1] // 2
    assert drawn(who)[round(-scene.origin[1] / scene.height * 64), middle, 3] == 255 or abs(who.pose.roll) > 90


@pytest.mark.parametrize("texture", ["straight", "wavy", "curly", "coily", "braids", "locs"])
@pytest.mark.parametrize("length", ["short", "long"])
@pytest.mark.parametrize("tied", ["loose", "hidden", "bun", "bun_low", "two_braids", "ponytail", "braid", "half"])
def test_every_texture_length_and_tie_go_together(texture, length, tied):
    who = Character().replace(**{"hair.texture": texture, "hair.length": length, "hair.tied": tied, "pose.yaw": -20.0})
    assert drawn(who)[..., 3].mean() > 60


def test_the_same_character_gives_the_same_bytes():
    who = Character().replace(**{"hair.length": "long", "hair.texture": "wavy"})
    np.testing.assert_array_equal(drawn(who, size=256), drawn(who, size=256))


def test_a_kit_of_others_is_laid_over_our_own(tmp_path):
    kit = load_kit(EXAMPLE)
    changes = {
        "glasses.kind": "heart",
        "clothes.pattern": "hearts",
        "hair.front": "one_curl",
        "hair.length": "shoulder",
    }
    who = Character().replace(**changes)
    assert (drawn(who, kit) != drawn(Character().replace(**{"hair.length": "shoulder"}))).any()
    with pytest.raises(KitError, match="the kit has no glasses 'heart'; it has aviator"):
        drawn(Character().replace(**{"glasses.kind": "heart"}))
    me = tmp_path / "me.json"
    me.write_text(who.to_json())
    out = tmp_path / "me.png"
    arguments = ["draw", str(me), "-o", str(out), "--kit", str(EXAMPLE), "--style", "clean", "--size", "64"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert out.is_file()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("glasses/x.json", "{", "not JSON"),
        ("glasses/x.json", "[]", "a part is an object"),
        ("glasses/x.json", "{}", "'shapes' must be a list"),
        ("glasses/x.json", '{"shapes": [3]}', "shape 0 must be an object"),
        ("glasses/x.json", '{"shapes": [{"d": "M 0 0"}]}', "shape 0 has unknown keys d"),
        ("glasses/x.json", '{"shapes": [{"path": "M 0 0 A 1 1"}]}', "shape 0: path cannot be read"),
        ("glasses/x.json", '{"shapes": [{"path": "M 0 0 L 1 1", "line": "gold"}]}', "unknown material 'gold'"),
        ("glasses/x.json", '{"shapes": [{"path": "M 0 0 L 1 1", "line": "skin.glow"}]}', "unknown tone 'skin.glow'"),
        ("glasses/x.json", '{"shapes": [{"path": "M 0 0 L 1 1", "fill": "skin", "clip": "y"}]}', "clip 'y'"),
        ("front/x.json", '{"locks": [{"width": 1}]}', "points"),
        ("front/x.json", '{"locks": 3}', "'locks' must be a list"),
        ("monocle/x.json", "{}", "is no kind of part"),
    ],
)
def test_a_broken_kit_gets_one_line_that_says_which_file(tmp_path, file, text, words):
    path = tmp_path / "kit" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    me, out = tmp_path / "me.json", tmp_path / "me.png"
    me.write_text(Character().replace(**{"hair.length": "shoulder"}).to_json())
    field = "glasses.kind=x" if "glasses" in file else "hair.front=x"
    arguments = ["draw", str(me), "-o", str(out), "--kit", str(tmp_path / "kit"), "--set", field, "--style", "clean"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1, done.output
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr
    assert ("x.json" if "monocle" not in file else "monocle") in done.stderr
    assert not out.exists()


def test_no_such_kit(tmp_path):
    with pytest.raises(KitError, match="is no folder with a kit"):
        load_kit(tmp_path / "gone")


def test_the_gallery_shows_each_part(tmp_path):
    done = CliRunner().invoke(main, ["kit", "-o", str(tmp_path / "kit.png"), "--kind", "nose", "--kind", "mask"])
    assert done.exit_code == 0, done.output
    assert gallery(KIT, ["nose"]).shape[1] == 8 * 224
    with pytest.raises(KitError, match="unknown kind 'ears'"):
        gallery(KIT, ["ears"])


def test_all_kinds_have_a_folder_of_valid_json():
    root = Path(__file__).parent.parent / "photo2moe" / "kit" / "moe"
    assert {folder.name for folder in root.iterdir()} <= set(KINDS)
    for file in root.rglob("*.json"):
        assert isinstance(json.loads(file.read_text("utf-8")), dict)
