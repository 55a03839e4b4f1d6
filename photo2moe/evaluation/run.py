"""A folder of photos and one of anime faces → a report on the weights.

>>> from pathlib import Path
>>> from photo2moe.evaluation.run import evaluate
>>> report = evaluate(Path("photos"), Path("anime"), weights="moe")  # doctest: +SKIP
>>> report["anime_rate"].value  # doctest: +SKIP
0.94
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.evaluation import animerate
from photo2moe.evaluation.anime import Anime, load_anime
from photo2moe.evaluation.distance import Features, fid, kid
from photo2moe.evaluation.drawing import eyes
from photo2moe.evaluation.groups import read_groups, skin_groups
from photo2moe.evaluation.measures import find, over_all, over_groups, people, references
from photo2moe.evaluation.metric import Metric, half_samples
from photo2moe.evaluation.pairs import Canvas, Head, Pair, eye_height, seen_points, warped_points
from photo2moe.evaluation.report import Report
from photo2moe.evaluation.retrieval import Identity, chip_map
from photo2moe.evaluation.sheet import sheet
from photo2moe.imageio import list_images, output_format, printable, write_image
from photo2moe.ops.geometry import cut
from photo2moe.stages.align import align
from photo2moe.training.chain import Pipeline, load_pipeline
from photo2moe.types import Image

Progress = Callable[[str, int, int], None]
Array = NDArray[np.float64]

LARGE = 256  # side of the avatars that are looked at; animeface shrinks larger ones
REFERENCE = 300  # anime faces that all sets are held against
RATED = 150  # anime faces that the anime rate is measured on
SHOWN = 12  # anime faces on the sheet


@dataclass(frozen=True, slots=True, eq=False)
class Nets:
    """What judges; loaded before the work, so that a missing package is known at once."""

    identity: Identity
    features: Features | None


@dataclass(eq=False)
class People:
    """The people of a folder, drawn.

    Attributes:
        pairs: photo and avatar each.
        missed: photos that gave none, and why.
        photos: photos looked at.
    """

    pairs: list[Pair] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    photos: int = 0


def evaluate(
    photos: Path,
    anime: Path | None = None,
    *,
    weights: str = "moe",
    landmarks: Path | None = None,
    limit: int | None = None,
    groups: Path | None = None,
    seed: int = 0,
    output: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Measure how good the avatars of a folder's people are.

    The largest face of each photo is drawn, in full anime proportions and on white. All
    figures are measured on the net's own square, but the anime rate and the landmarks,
    which are on the avatar upscaled to 256 pixels.

    Args:
        photos: folder of photos.
        anime: folder of anime faces; KID, FID and what real anime faces get need it. At most
            300 are held against the avatars, and as many as there are avatars are held
            against those 300 in their turn, for the floor.
        weights: name in the catalogue, or path of a checkpoint.
        landmarks: CSV with the eye centres of the anime faces, as for ``prepare``.
        limit: photos to draw by lot; all without it.
        groups: CSV that says who is who, see :func:`photo2moe.evaluation.groups.read_groups`.
        seed: of every choice by lot.
        output: picture sheet to write, ``.png``, ``.jpg`` or ``.webp``.
        progress: called with what is going on, how much of it is done, and of how many.

    Raises:
        MissingExtraError: the extra ``eval`` is not installed, or Pillow is too new.
        InputError: a folder or CSV cannot be used, or no photo shows a face.
        WeightsError: unknown or unusable weights.
        ConfigError: the sheet's suffix is unknown.
        ImageWriteError: the sheet cannot be written.
    """
    animerate.check()
    nets = Nets(Identity(), Features() if anime else None)
    if output is not None:
        output_format(output)  # before the work, not after it
    with load_pipeline(PipelineConfig(weights=weights, background="white", size=LARGE, face="largest")) as pipeline:
        canvas = Canvas(pipeline.template, pipeline.size * pipeline.scale, LARGE, pipeline.upscale)
        crowd = draw_people(photos, pipeline, canvas, limit=limit, seed=seed, progress=progress)
    real = Anime()
    if anime is not None:
        wanted = REFERENCE + len(crowd.pairs)
        real = load_anime(
            anime, canvas, count=wanted, landmarks=landmarks, seed=seed, progress=lambda n: progress("anime", n, wanted)
        )
    report, found = _report(crowd, real, canvas, nets, groups=groups, weights=weights, seed=seed, progress=progress)
    if output is not None:
        write_image(output, sheet(crowd.pairs, found, [head.image for head in real.heads[:SHOWN]]))
    return report


def draw_people(
    folder: Path, pipeline: Pipeline, canvas: Canvas, *, limit: int | None, seed: int, progress: Progress
) -> People:
    """Draw the largest face of each photo.

    Raises:
        InputError: no photo shows a face, or there are no photos.
    """
    paths, crowd = sorted(list_images(folder)), People()
    if limit is not None and limit < len(paths):
        paths = [paths[i] for i in sorted(np.random.default_rng(seed).permutation(len(paths))[:limit])]
    with Decoder() as read:
        for crowd.photos, path in enumerate(paths, 1):
            name = path.relative_to(folder).as_posix()
            try:
                crowd.pairs.append(draw(name, read(path), pipeline, canvas))
            except InputError as why:
                crowd.missed.append((name, str(why)))
            progress("avatars", crowd.photos, len(paths))
    if not crowd.pairs:
        raise InputError(f"none of the {len(paths)} photos in {printable(folder)} shows a face")
    return crowd


def draw(name: str, photo: Image, pipeline: Pipeline, canvas: Canvas) -> Pair:
    """Draw one person.

    Raises:
        NoFaceError: the photo shows no face.
    """
    config = pipeline.config
    [face] = pipeline.choose(photo, config)
    subject = pipeline.measure(photo, face)
    [drawing] = pipeline.draw(photo, [subject], config)
    portrait = align(
        photo,
        face,
        subject.matte,
        template=canvas.template,
        size=canvas.size,
        strength=config.strength,
        masculine=subject.looks.masculine,
    )
    person = np.dstack([portrait.image, (portrait.alpha * 255).round().astype(np.uint8)])
    real = canvas.head(person, warped_points(face, portrait.source, canvas.template))
    avatar = canvas.head(drawing.cutout)
    points = seen_points(pipeline.detect(avatar.large), canvas.template, canvas.large)
    avatar = dataclasses.replace(avatar, points=points)
    chip = cut(photo, chip_map(face))
    return Pair(name, real, avatar, drawing.subject.measured, drawing.wanted, chip, eye_height(face))


def _report(
    crowd: People,
    real: Anime,
    canvas: Canvas,
    nets: Nets,
    *,
    groups: Path | None,
    weights: str,
    seed: int,
    progress: Progress,
) -> tuple[Report, list[bool]]:
    """The report, and whether an anime face was recognised in each avatar."""
    pairs, template = crowd.pairs, canvas.template
    drawn, photos = [pair.avatar for pair in pairs], [pair.photo for pair in pairs]
    held_out = real.heads[: len(real.heads) // 2][: len(pairs)]
    seen = _likelihoods("anime faces", drawn, progress)
    found = find(pairs, template, seen, nets.identity)
    against = references(
        found,
        _likelihoods("photos as they are", photos, progress),
        _likelihoods("real anime faces", real.heads[:RATED], progress),
        [eyes(head, template) for head in real.heads],
    )
    values = found.values()
    metrics = over_all(values, against, seed=seed)
    if nets.features is not None:
        sets = [drawn, held_out, photos, real.heads[len(held_out) :][:REFERENCE]]
        metrics += distances(nets.features, sets, canvas, seed=seed, progress=progress)
    members = skin_groups(found.skin.photo)
    if groups is not None:
        members = read_groups(groups, [pair.name for pair in pairs]) | members
    by_group = over_groups(values, members, seed=seed)
    rows = people(pairs, found)
    dropped = dict(real.dropped)
    report = Report(weights, seed, crowd.photos, metrics, by_group, rows, crowd.missed, len(real.heads), dropped)
    return report, [bool(likelihood >= animerate.SURE) for likelihood in seen[:, 1]]


def distances(
    features: Features, sets: list[list[Head]], canvas: Canvas, *, seed: int, progress: Progress
) -> list[Metric]:
    """KID and FID of avatars to real anime faces, with floor and ceiling.

    Floor: other real anime faces in the avatars' stead, as many or fewer; ceiling: the
    photos, warped and cut out but not drawn. All sets lie on one template and on white and
    are cut to one window.

    Args:
        features: the net.
        sets: avatars, held-out anime faces, photos, and the anime faces all are held against.
        canvas: how they are laid out.
        seed: of the half-samples.
        progress: called with the number of sets done.
    """
    described = []
    for done, heads in enumerate(sets, 1):
        described.append(features([head.image for head in heads], canvas.template))
        progress("features", done, len(sets))
    avatars, floor, ceiling, reference = described
    about = "distance from real anime faces (EfficientNet-Lite0)"
    metrics = []
    for name, distance in (("kid", kid), ("fid", fid)):
        value, low, high = half_samples(avatars, reference, distance, seed=seed)
        bounds = distance(floor, reference), distance(ceiling, reference)
        metrics.append(Metric(name, value, low, high, len(avatars), *bounds, better="lower", about=about))
    return metrics


def _likelihoods(what: str, heads: list[Head], progress: Progress) -> Array:
    """Plain and tone-tolerant likelihood of an anime face in each head, ``(n, 2)``."""
    rows = []
    for done, head in enumerate(heads, 1):
        rows.append(animerate.likelihoods(head.large))
        progress(what, done, len(heads))
    return np.array(rows).reshape(-1, 2)
