"""Describing people against labels: strict reading, figures, regions, and a whole run on photos."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from photo2moe.character.attributes import FIELDS, Looks
from photo2moe.character.schema import Character
from photo2moe.cli.main import main
from photo2moe.errors import ConfigError, InputError
from photo2moe.evaluation.agreement import Comparison, agreement, average, share
from photo2moe.evaluation.described import answers, evaluate_labels
from photo2moe.evaluation.described_page import page
from photo2moe.evaluation.described_report import DescribedPerson, DescribedReport
from photo2moe.evaluation.labels import COLUMNS, COMPARED, read_labels
from photo2moe.evaluation.regions import COVER, UNKNOWN, count, overlaps, read_mask
from photo2moe.face.parse import HAIR, HEADWEAR, SKIN, Regions
from photo2moe.types import Face

DATA = Path(__file__).parent / "data"
PLAIN = {
    "file": "man.jpg",
    "age": "adult",
    "look": "m",
    "hair_length": "short",
    "hair_texture": "straight",
    "front": "back",
    "tied": "loose",
    "hair_colour": "brown",
    "facial_hair": "none",
    "glasses": "none",
    "headwear": "none",
    "earrings": "none",
    "clothes": "suit",
    "clothes_colour": "navy",
    "clothes_pattern": "plain",
    "mouth": "closed",
    "eyes": "open",
    "marks": "none",
    "view": "front",
}


def write(path, *changes, header=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(header)
        for change in changes:
            row = {**PLAIN, **change}
            table.writerow([row.get(column, "") for column in header])
    return path


def told(*pairs, confidence=0.75, values=("a", "b")):
    """Comparisons of (label, answer); the net is that sure of the answer."""
    rest = (1 - confidence) / (len(values) - 1)
    return [Comparison(x, y, {v: confidence if v == y else rest for v in values}) for x, y in pairs]


# Reading


def test_labels_are_read_and_simplified(tmp_path):
    changes = {
        "hair_colour": "dyed_sea_green",
        "headwear": "headscarf_gold",
        "marks": "wrinkles,mole",
        "view": "prof_left+grey+blur",
    }
    [plain, other] = read_labels(write(tmp_path / "l.csv", {}, {"file": "a/b.jpg", **changes}))
    assert plain.file == "man.jpg" and set(plain.values) == set(COMPARED)
    assert plain.values["clothes_colour"] == "blue" and plain.values["headwear"] == "none"
    assert {mark for mark in ("freckles", "wrinkles", "mole", "paint") if other.values[mark] == "yes"} == {
        "wrinkles",
        "mole",
    }
    assert other.values["hair_colour"] == "dyed" and other.values["headwear"] == "headscarf"
    assert other.values["view"] == "prof_left"


def test_columns_may_come_in_any_order_and_after_a_byte_order_mark(tmp_path):
    path = write(tmp_path / "l.csv", {}, header=tuple(reversed(COLUMNS)))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_labels(path)[0].values["clothes"] == "suit"


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("age", "Adult", "'Adult' is not one of adult, baby"),
        ("front", "", "'' is not one of full"),
        ("hair_colour", "dyed_", "dyed_COLOUR"),
        ("hair_colour", "dyed", "dyed_COLOUR"),
        ("headwear", "cap", "KIND_COLOUR"),
        ("headwear", "bonnet_red", "KIND_COLOUR"),
        ("headwear", "none_red", "KIND_COLOUR"),
        ("clothes_colour", "mauve", "'mauve' is not one of black"),
        ("marks", "wrinkles,tattoo", "'tattoo' is not none, or of freckles"),
        ("marks", "none,mole", "'none' is not none, or of"),
        ("marks", "mole,mole", "twice"),
        ("view", "front+sunny", "'sunny' is not one of grey"),
        ("view", "grey", "'grey' is not one of front"),
        ("view", "front+blur+blur", "twice"),
        ("file", "../x.jpg", "no name of a file"),
        ("file", "/etc/passwd", "no name of a file"),
        ("file", "man.jpg", "has a row already"),
        ("glasses", "round\nred", r"'round\\\\nred' is not one of"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column_in_one_line(tmp_path, column, cell, says):
    path = write(tmp_path / "l.csv", {}, {"file": "second.jpg", column: cell})
    with pytest.raises(InputError) as caught:
        read_labels(path)
    message = str(caught.value)
    assert f"l.csv: row 3, column {column}: " in message and "\n" not in message
    assert says.replace("\\\\", "\\") in message


def test_a_wrong_table_is_refused(tmp_path):
    path = tmp_path / "l.csv"
    for header, says in (
        (COLUMNS[:-1], "row 1, column view: missing"),
        ((*COLUMNS, "age"), "row 1, column age: twice"),
        ((*COLUMNS, "mood"), "row 1, column 'mood': unknown"),
    ):
        with pytest.raises(InputError, match=says):
            read_labels(write(path, {}, header=header))
    write(path, {})
    path.write_text(path.read_text().rstrip("\r\n").rpartition(",")[0] + "\n")
    with pytest.raises(InputError, match="row 2 has 18 cells instead of 19; it ends before column view"):
        read_labels(path)
    for content, says in ((b"", "is empty"), (b"\xff\xfe", "cannot be read"), (b'"a"b,c\n', "cannot be read")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=says):
            read_labels(path)
    with pytest.raises(InputError, match="no rows"):
        read_labels(write(path))
    with pytest.raises(InputError, match="no such file"):
        read_labels(tmp_path / "none.csv")


def test_fields_are_compared_as_planned():
    group = {name: COMPARED[name].group for name in COMPARED}
    assert group["age"]("baby") == group["age"]("child") != group["age"]("adult") == group["age"]("teen")
    assert group["glasses"]("round") == group["glasses"]("rimless") != group["glasses"]("sun")
    assert group["facial_hair"]("long_beard") == group["facial_hair"]("beard") != group["facial_hair"]("goatee")
    assert len({group["hair_length"](value) for value in COMPARED["hair_length"].values}) == 5
    assert len({group["view"](value) for value in COMPARED["view"].values}) == 3


# Figures


def test_figures_of_a_small_confusion():
    field = COMPARED["glasses"]
    pairs = [
        *(("none", "none"),) * 6,
        *(("none", "rect"),) * 2,
        *(("round", "rect"),) * 2,  # merged: right
        ("round", "none"),
        *(("sun", "sun"),) * 3,
        ("sun", "round"),
    ]
    found = agreement(field, told(*pairs, values=field.values), seed=0)
    assert found.accuracy.value == pytest.approx(11 / 15) and found.accuracy.n == 15
    assert found.exact.value == pytest.approx(9 / 15)
    assert found.balanced.value == pytest.approx((6 / 8 + 2 / 3 + 3 / 4) / 3)
    assert found.balanced.low < found.balanced.value < found.balanced.high
    assert {value: (figure.value, figure.n) for value, figure in found.recall.items()} == {
        "none": (6 / 8, 8),
        "round": (pytest.approx(2 / 3), 3),
        "sun": (3 / 4, 4),
    }
    assert found.confusion[("none", "rect")] == 2 and sum(found.confusion.values()) == 15
    assert found.values == ("none", "round", "rect", "sun")
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_labels_that_say_nothing_are_left_out():
    found = agreement(COMPARED["clothes"], told(("unseen", "crew"), ("suit", "suit"), values=("crew", "suit")), seed=0)
    assert found.unsaid == 1 and found.accuracy.n == 1 and found.accuracy.value == 1
    empty = agreement(COMPARED["clothes"], told(("unseen", "crew")), seed=0)
    assert empty.accuracy.n == 0 and empty.recall == {} and empty.accuracy.cell() == "–"
    assert json.dumps(empty.to_dict(), allow_nan=False)


def test_calibration_error_by_hand():
    """Sure by 0.95 of ten, nine right; sure by 0.65 of four, one right: (10·0.05 + 4·0.40) / 14."""
    field = COMPARED["look"]
    one = told(*(("f", "f"),) * 9, ("m", "f"), confidence=0.95, values=("f", "m"))
    two = told(("f", "f"), *(("m", "f"),) * 3, confidence=0.65, values=("f", "m"))
    found = agreement(field, one + two, seed=0)
    assert found.calibration.value == pytest.approx((10 * 0.05 + 4 * 0.40) / 14)
    assert [(b.n, round(b.right, 2)) for b in found.bins] == [(4, 0.25), (10, 0.9)]
    unknown = agreement(field, [Comparison("u", "f", {"f": 0.5, "m": 0.5})], seed=0)
    assert unknown.calibration.n == 0 and unknown.unsaid == 1


def test_calibration_merges_before_it_picks_the_likeliest():
    probable = {"none": 0.4, "round": 0.2, "rect": 0.2, "oval": 0.1, "rimless": 0.05, "sun": 0.05}
    found = agreement(COMPARED["glasses"], [Comparison("rimless", "none", probable)], seed=0)
    assert [(pytest.approx(b.confidence), b.right) for b in found.bins] == [(0.55, 1.0)]


def test_wilson_interval():
    """From Wilson's formula by hand: 0 of 10 gives 0…z²/(10 + z²)."""
    assert (share(0, 10).low, share(0, 10).high) == (0.0, pytest.approx(3.8415 / 13.8415, abs=1e-4))
    assert share(10, 10).low == pytest.approx(10 / 13.8415, abs=1e-4)
    assert share(50, 100).cell() == "0.500 (0.404…0.596)"


def test_interval_of_a_mean_of_shares():
    """Of two shares alike, each 10 of 20: half the width of theirs times the root of two."""
    one = share(10, 20)
    both = average([one, one])
    assert both.value == 0.5 and both.n == 40
    assert both.high - both.low == pytest.approx((one.high - one.low) / 2**0.5)
    assert average([share(1, 1), share(5, 5)]).high == 1


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(pair):
    figure = share(*pair)
    assert 0 <= figure.low <= figure.value + 1e-12 and figure.value <= figure.high + 1e-12 <= 1 + 1e-9


# What a Character says


def test_answers_are_the_characters():
    looks = Looks({name: dict.fromkeys(values, 1 / len(values)) for name, values in FIELDS.items()})
    who = Character().replace(**{"skin.marks": ("mole",), "mask.kind": "surgical", "beard.kind": "goatee"})
    said = answers(who, looks)
    assert set(said) == set(COMPARED)
    assert said["mole"] == "yes" and said["wrinkles"] == "no" and said["mouth"] == "hidden"
    assert said["facial_hair"] == "goatee"
    for left, right, word in ((1, 1, "open"), (0.5, 0.6, "squint"), (0, 0.1, "closed"), (0, 1, "wink")):
        eyes = who.replace(**{"expression.left": float(left), "expression.right": float(right)})
        assert answers(eyes, looks)["eyes"] == word
    assert answers(who.replace(**{"glasses.kind": "sun"}), looks)["eyes"] == "hidden"
    for yaw, word in ((-40.0, "left"), (-5.0, "front"), (20.0, "right")):
        assert answers(who.replace(**{"pose.yaw": yaw}), looks)["view"] == word


# Regions


def regions(labels):
    """Regions that lie on the photo pixel for pixel."""
    face = Face((0, 0, 1, 1), np.zeros((478, 2)), 1.0)
    scores = np.zeros((5, *labels.shape), np.float32)
    return Regions(labels, scores, np.array([[1.0, 0, 0], [0, 1.0, 0]]), face)


def test_overlap_of_two_squares():
    found, mask = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    found[2:12, 2:12] = HAIR
    mask[2:12, 7:17] = HAIR  # 50 pixels in common, 150 in all
    mask[15:, :5] = SKIN  # 25 pixels that were not found
    table = count(regions(found), mask)
    assert table.sum() == 400 and table[HAIR, HAIR] == 50 and table[SKIN, 0] == 25
    over = overlaps([table], seed=0)
    assert over["hair"][0].value == pytest.approx(1 / 3) and over["skin"][0].value == 0
    assert over["headwear"][0].n == 0 and np.isnan(over["headwear"][0].value)


def test_what_nobody_looked_at_and_what_covers_the_face_do_not_count():
    found, mask = np.full((20, 20), SKIN, np.uint8), np.full((10, 20), SKIN, np.uint8)
    mask[:2], mask[2:4] = UNKNOWN, COVER
    table = count(regions(found), mask)  # the lower half of the square lies outside the photo
    assert table.sum() == table[SKIN, SKIN] == 6 * 20


def test_overlaps_have_intervals_over_photos():
    tables = []
    for right in (10, 20, 30, 40, 50, 60):
        table = np.zeros((5, 5), np.int64)
        table[HAIR, HAIR], table[HAIR, 0] = right, 100 - right
        tables.append(table)
    together, each = overlaps([*tables, np.zeros((5, 5), np.int64)], seed=0)["hair"]
    assert [together.value, each.value] == pytest.approx([0.35, 0.35]) and together.n == 6
    assert 0.1 <= together.low < 0.35 < together.high <= 0.6
    assert overlaps([], seed=0)["skin"][0].n == 0


def test_masks_are_read_strictly(tmp_path):
    labels = np.array([[0, 1, 2], [HEADWEAR, COVER, UNKNOWN]], np.uint8)
    picture = PIL.Image.fromarray(labels)
    path = tmp_path / "m.png"
    picture.save(path)
    assert (read_mask(path, (2, 3)) == labels).all()
    palette = PIL.Image.fromarray(labels).convert("P")
    palette.putpalette([9] * 768)
    palette.save(path)
    assert (read_mask(path, (2, 3)) == labels).all()
    with pytest.raises(InputError, match="3×2 pixels, its photo of 4×2"):
        read_mask(path, (2, 4))
    PIL.Image.fromarray(labels + np.uint8(6)).save(path)
    with pytest.raises(InputError, match="holds the label 6"):
        read_mask(path, (2, 3))
    PIL.Image.new("RGB", (3, 2)).save(path)
    with pytest.raises(InputError, match="a picture in RGB"):
        read_mask(path, (2, 3))
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a PNG"):
        read_mask(path, (2, 3))


# Report and command


def test_the_page_shows_confusions_and_escapes_names():
    field = COMPARED["glasses"]
    report = DescribedReport("<b>.csv", 0, 3)
    report.people.append(DescribedPerson("x.jpg", {}, {}, {}))
    report.missed.append(("<script>.jpg", "no face"))
    report.fields["glasses"] = agreement(field, told(("round", "rect"), ("none", "rect"), values=field.values), seed=0)
    text = page(report)
    assert "<script>" not in text and "&lt;script&gt;.jpg" in text and "&lt;b&gt;.csv" in text
    assert '<td style="--share:100%" class=right>1</td>' in text  # round taken for rect is right
    assert '<td style="--share:100%">1</td>' in text  # none taken for rect is not
    assert ("glasses", "none", "1", "0.000 (0.000…0.793)", "rect 1") in report.recall_rows()
    assert "http" not in text.replace("http-equiv", "")


@pytest.fixture
def labelled(tmp_path):
    """Three photos with labels, one without a face, one that is not there, and a mask for two of them."""
    folder, masks = tmp_path / "photos_few", tmp_path / "masks"
    folder.mkdir()
    masks.mkdir()
    for name in ("man.jpg", "woman.jpg", "landscape.jpg"):
        shutil.copy(DATA / name, folder)
        with PIL.Image.open(DATA / name) as photo:
            mask = np.full(photo.size[::-1], UNKNOWN, np.uint8)
        mask[:5] = 0
        mask[len(mask) // 2] = SKIN
        PIL.Image.fromarray(mask).save(masks / f"{Path(name).stem}.png")
    (masks / "man.png").unlink()
    woman = {"file": "woman.jpg", "look": "f", "hair_length": "long"}
    return write(
        tmp_path / "labels_few.csv", {}, woman, {"file": "landscape.jpg"}, {"file": "gone.jpg", "age": "old"}
    ), masks


@pytest.mark.mediapipe
def test_a_whole_run(labelled, tmp_path):
    labels, masks = labelled
    seen = []
    report = evaluate_labels(
        labels, masks=masks, output=tmp_path / "r.html", progress=lambda what, done, total: seen.append((what, done))
    )
    assert [person.photo for person in report.people] == ["man.jpg", "woman.jpg"]
    assert [name for name, _ in report.missed] == ["landscape.jpg", "gone.jpg"]
    assert [name for name, _ in report.unmasked] == ["man.jpg"]
    assert report.summary().startswith("2 people described in 4 photos; not described: 2, landscape.jpg, gone.jpg")
    assert set(report.fields) == set(COMPARED)
    assert report.fields["look"].recall["f"].value == report.fields["look"].recall["m"].value == 1
    assert report.fields["headwear"].accuracy.value == 1 and report.fields["age"].accuracy.n == 2
    assert report.regions["skin"][0].n == 1 and report.regions["skin"][0].value > 0.2
    assert ("photos", 4) in seen and ("intervals", len(COMPARED)) in seen
    assert json.dumps(report.to_dict(), allow_nan=False)
    assert "gone.jpg" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.mediapipe
def test_the_command_gives_json_and_tables(labelled):
    labels, masks = labelled
    arguments = ["evaluate", "--labels", str(labels), "--limit", "2", "--seed", "1", "--photos", str(DATA)]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["photos"] == 2 and found["described"] + len(found["missed"]) == 2 and found["regions"] == []
    result = CliRunner().invoke(main, ["evaluate", "--labels", str(labels), "--masks", str(masks)])
    assert result.exit_code == 0 and "headwear" in result.stdout and "recall" in result.stdout
    assert "IoU" in result.stdout and "people described in" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--labels", "l.csv", "--anime", "x"], "--anime is of no use with --labels"),
        (["--labels", "l.csv", "--weights", "moe"], "--weights is of no use with --labels"),
        (["--labels", "l.csv", "--groups", "g.csv"], "--groups is of no use with --labels"),
        (["--labels", "l.csv", "--landmarks", "g.csv"], "--landmarks is of no use with --labels"),
        (["--labels", "l.csv", "-o", "sheet.png"], "name it .html, not sheet.png"),
        (["--photos", "x", "--masks", "m"], "--masks needs --labels"),
        ([], "Missing option '--photos'"),
    ],
)
def test_contradictory_options_are_usage_errors(arguments, says):
    result = CliRunner().invoke(main, ["evaluate", *arguments])
    assert result.exit_code == 2 and says in result.output


def test_folders_that_do_not_fit_are_refused_before_the_work(labelled, tmp_path):
    labels, _ = labelled
    with pytest.raises(ConfigError, match=r"name it \.html"):
        evaluate_labels(labels, output=tmp_path / "r.png")
    with pytest.raises(InputError, match="is no folder"):
        evaluate_labels(labels, tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no mask of these photos, such as man\.png"):
        evaluate_labels(labels, masks=tmp_path)
    write(labels, {"age": "elder"})
    result = CliRunner().invoke(main, ["evaluate", "--labels", str(labels)])
    assert result.exit_code == 1 and "row 2, column age: 'elder' is not one of" in result.output
