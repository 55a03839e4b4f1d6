"""How well people are described: Characters against labels made by eye, and regions against masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from photo2moe.character.attributes import Looks, LooksNet
from photo2moe.character.describe import describe
from photo2moe.character.labels import SWITCH
from photo2moe.character.schema import MARKS, Character
from photo2moe.decoder import Decoder
from photo2moe.errors import ConfigError, InputError
from photo2moe.evaluation.agreement import Comparison, agreement
from photo2moe.evaluation.described_page import page
from photo2moe.evaluation.described_report import DescribedPerson, DescribedReport
from photo2moe.evaluation.labels import COMPARED, Labels, read_labels
from photo2moe.evaluation.regions import count, overlaps, read_mask
from photo2moe.face.parse import Parser
from photo2moe.files import keep_apart, printable, write_bytes
from photo2moe.stages.detect import FaceDetector

Progress = Callable[[str, int, int], None]

PAGES = (".html", ".htm")
# A Character holds numbers where labels hold words. These limits give the best balanced accuracy, or nearly so, on the
# labelled portraits that the nets learned from, stock portraits apart.
TURNED = 14.0  # degrees of yaw from which a head looks to the side
SHUT = 0.3  # openness of the drawn eyes below which they are closed
NARROWED = 0.8  # openness below which they are squinting
UNLIKE = 0.4  # difference of openness between the eyes from which one winks
# Of the looks net: a Character holds measured colours, and names of closer parts of the kit, instead.
LOOKS_WORDS = ("hair_colour", "clothes_colour", "front", "tied")


def evaluate_labels(
    labels: Path,
    photos: Path | None = None,
    masks: Path | None = None,
    *,
    limit: int | None = None,
    seed: int = 0,
    output: Path | None = None,
    progress: Progress = lambda *_: None,
) -> DescribedReport:
    """Measure how well the people of labelled photos are described; the largest face of each photo counts.

    Args:
        labels: CSV, see :func:`photo2moe.evaluation.labels.read_labels`.
        photos: folder of the photos; by default the folder beside the CSV that has ``photos`` in its name where the
            CSV has ``labels``, or else the CSV's own.
        masks: folder of masks, ``NAME.png`` for ``NAME.jpg``, see :func:`photo2moe.evaluation.regions.read_mask`;
            photos without one are described, but their regions not measured.
        limit: photos to draw by lot; all without it.
        seed: of every choice by lot.
        output: page to write, ``.html``.
        progress: called with what is going on, how much of it is done, and of how many.

    Raises:
        InputError: the labels are not what they should be, a folder is missing, or no photo shows a face.
        ConfigError: the page's suffix is not one of a page.
        ImageWriteError: the page cannot be written.
        WeightsError: a net is missing from the installation.
    """
    if output is not None:
        if output.suffix.lower() not in PAGES:
            raise ConfigError(f"with labels the output is a page; name it .html, not {printable(output.name)}")
        keep_apart(output, labels)
    rows = read_labels(labels)
    folder = _photos_of(labels) if photos is None else photos
    for given in (folder, *filter(None, [masks])):
        if not given.is_dir():
            raise InputError(f"{printable(given)} is no folder")
    if limit is not None and limit < len(rows):
        rows = [rows[i] for i in sorted(np.random.default_rng(seed).permutation(len(rows))[:limit])]
    if masks is not None and not any(_mask_of(row, masks).is_file() for row in rows):
        raise InputError(f"{printable(masks)} holds no mask of these photos, such as {_mask_of(rows[0], masks).name}")
    report = DescribedReport(labels.name, seed, len(rows))
    look = Observer(folder, masks)
    with FaceDetector() as detector, Decoder() as read:
        for done, row in enumerate(rows, 1):
            look(row, detector, read, report)
            progress("photos", done, len(rows))
    if not report.people:
        raise InputError(
            f"none of the {len(rows)} photos in {printable(folder)} can be described: {report.missed[0][1]}"
        )
    for done, (name, field) in enumerate(COMPARED.items(), 1):
        compared = [Comparison(p.labels[name], p.answers[name], p.probabilities.get(name, {})) for p in report.people]
        report.fields[name] = agreement(field, compared, seed=seed)
        progress("intervals", done, len(COMPARED))
    if masks is not None:
        report.regions.update(overlaps(report.tables, seed=seed))
    if output is not None:
        write_bytes(output, page(report).encode("utf-8", "backslashreplace"))
    return report


class Observer:
    """Describes labelled photos, one after another, into a report.

    Args:
        photos: folder of photos.
        masks: folder of masks, or ``None``.
    """

    def __init__(self, photos: Path, masks: Path | None) -> None:
        self._photos, self._masks = photos, masks
        self._parse, self._look = Parser(), LooksNet()

    def __call__(self, row: Labels, detector: FaceDetector, read: Decoder, report: DescribedReport) -> None:
        """Describe one photo; what cannot be used is noted."""
        try:
            photo = read(self._photos / row.file)
        except InputError as why:
            report.missed.append((row.file, str(why)))
            return
        faces = detector(photo)
        if not faces:
            report.missed.append((row.file, "no face"))
            return
        face = faces[0]
        regions = self._parse(photo, face)
        looks = self._look(photo, face, regions)
        who = describe(photo, face, regions, looks)
        report.people.append(DescribedPerson(row.file, row.values, answers(who, looks), looks.probabilities))
        if self._masks is None:
            return
        try:
            mask = read_mask(_mask_of(row, self._masks), (photo.shape[0], photo.shape[1]))
            report.tables.append(count(regions, mask))
        except InputError as why:
            report.unmasked.append((row.file, str(why)))


# Parts that are drawn by closer words than labels have.
PARTS = {
    **{"half": "rect", "sun_round": "sun", "sun_aviator": "sun"},
    **{"stubble_light": "stubble", "short_beard": "beard", "handlebar": "moustache"},
    **dict.fromkeys(("flat_cap", "beret", "bucket_hat", "straw_hat", "fur_hat"), "hat"),
    **{"cap_back": "cap", "dupatta": "headscarf", "headwrap": "turban", "flowers": "crown", "ribbon": "headband"},
    **{"kufi": "other", "ghutra": "headscarf", "bandana": "headscarf", "mortarboard": "other", "sunglasses_up": "none"},
    **{"shirt_open": "shirt", "polo": "shirt", "blouse": "shirt", "scoop": "crew"},
    **{"jacket_denim": "jacket", "coat": "jacket", "cardigan": "jacket", "suit_bow": "suit_tie", "blazer_crew": "suit"},
}
MOUTHS = {**dict.fromkeys(("grin", "laugh"), "teeth"), **dict.fromkeys(("happy", "oh"), "open")}


def answers(who: Character, looks: Looks) -> dict[str, str]:
    """What a Character says, in words of the labels, by name of :data:`photo2moe.evaluation.labels.COMPARED`.

    Args:
        who: the Character.
        looks: what it was made from; words of colours and of the hair's fronts and ties come from here.
    """
    return {
        "age": who.person.age,
        "look": who.person.look,
        "hair_length": who.hair.length,
        "hair_texture": who.hair.texture,
        "facial_hair": PARTS.get(who.beard.kind, who.beard.kind),
        "glasses": PARTS.get(who.glasses.kind, who.glasses.kind),
        "headwear": PARTS.get(who.headwear.kind, who.headwear.kind),
        "earrings": who.earrings.kind,
        "clothes": PARTS.get(who.clothes.kind, who.clothes.kind),
        "clothes_pattern": who.clothes.pattern,
        "mouth": "hidden" if who.mask.kind != "none" else MOUTHS.get(who.expression.mouth, who.expression.mouth),
        "eyes": _eyes(who),
        "view": _view(who),
        **{mark: SWITCH[mark in who.skin.marks] for mark in MARKS},
        **{name: looks.sure(name) for name in LOOKS_WORDS},
    }


def _eyes(who: Character) -> str:
    """How the eyes are drawn; sunglasses hide them."""
    left, right = who.expression.left, who.expression.right
    if PARTS.get(who.glasses.kind, who.glasses.kind) == "sun":
        return "hidden"
    if abs(left - right) > UNLIKE:
        return "wink"
    openness = (left + right) / 2
    return "closed" if openness < SHUT else "squint" if openness < NARROWED else "open"


def _view(who: Character) -> str:
    """Profiles are not told from heads half turned: a Character turns by 45° at most."""
    if abs(who.pose.yaw) < TURNED:
        return "front"
    return "right" if who.pose.yaw > 0 else "left"


def _photos_of(labels: Path) -> Path:
    """The folder that holds the photos of labels if none is named."""
    beside = labels.with_name(labels.stem.replace("labels", "photos"))
    return beside if beside.is_dir() else labels.parent


def _mask_of(row: Labels, masks: Path) -> Path:
    return (masks / row.file).with_suffix(".png")
