"""Real anime faces, brought onto the template as avatars are: what avatars are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.evaluation.distance import shows_window
from photo2moe.evaluation.pairs import Canvas, Head
from photo2moe.imageio import list_images, printable
from photo2moe.stages.matte import PersonMatte
from photo2moe.training.samples import DroppedError, find_marks, moe_sample, read_marks
from photo2moe.types import Image


@dataclass(eq=False)
class Anime:
    """Real anime faces.

    Attributes:
        heads: on the template.
        dropped: how many pictures could not be used, by reason.
    """

    heads: list[Head] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def load_anime(
    folder: Path,
    canvas: Canvas,
    *,
    count: int,
    landmarks: Path | None,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Anime:
    """Align anime faces, drawn from a folder by lot, until there are enough.

    They are treated as in training: scaled and moved onto the template, cut out, laid on
    white; and they go through the upscaler of the avatars. Pictures too tight to
    fill :data:`photo2moe.evaluation.distance.WINDOW` are left out.

    Limits: a hold-out only if the folder is one. Weights that have seen these very pictures
    come nearer to them than to unseen ones, the floor is not moved by that, and nothing here
    can tell. The order of the lot depends on the seed and the names alone, so that two runs
    on one folder compare.

    Args:
        folder: of pictures with one anime face each.
        canvas: how heads are laid out.
        count: faces wanted.
        landmarks: CSV with their landmarks, as for ``prepare``; without it they are found
            by ``animeface``, which leaves out faces that it does not know.
        seed: of the lot.
        progress: called with the number of faces so far.

    Raises:
        InputError: fewer than ten usable faces.
    """
    paths = sorted(list_images(folder))
    marks, anime = read_marks(landmarks) if landmarks else find_marks, Anime()
    with PersonMatte() as matte, Decoder() as read:
        for index in np.random.default_rng(seed).permutation(len(paths)):
            if len(anime.heads) >= count:
                break
            try:
                picture: Image = read(paths[index])
                sample = moe_sample(
                    picture, marks(paths[index], picture), matte, canvas.template, canvas.size, 1, canvas.enlarge
                )
                if not shows_window(sample.valid, canvas.template, canvas.size):
                    raise DroppedError("cut too tight")
            except DroppedError as why:
                anime.dropped[str(why)] += 1
                continue
            except InputError:
                anime.dropped["cannot be read"] += 1
                continue
            anime.heads.append(canvas.head(sample.rgba))
            progress(len(anime.heads))
    if len(anime.heads) < 10:
        reasons = ", ".join(f"{number} {reason}" for reason, number in anime.dropped.items()) or "no pictures"
        raise InputError(f"{printable(folder)} has {len(anime.heads)} usable anime faces, and 10 are needed: {reasons}")
    return anime
