"""A dataset folder → batches, each one a function of seed and step alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photo2moe.config import TrainConfig
from photo2moe.errors import TrainingError
from photo2moe.ops.colour import enliven, lighter, tint
from photo2moe.ops.dress import dress
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair
from photo2moe.ops.marks import Glasses, paint_glasses
from photo2moe.ops.rough import dye, expressive, mark, soften, trace
from photo2moe.ops.tensors import to_planes
from photo2moe.ops.tone import DRAWN
from photo2moe.training.augment import FINES, beard, frames, unsettle
from photo2moe.training.domain import Domain, read_array


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One step's anime faces, as tensors in the range of the nets, RGB on white and transparency.

    Attributes:
        moe: ``(B, 4, D, D)`` anime faces.
        rough: ``(B, 4, S, S)`` their roughs.
        colours: ``(B, 9)`` measured on them.
        valid: ``(B, 1, D, D)`` 1 where the picture is real, else 0.
    """

    moe: Tensor
    rough: Tensor
    colours: Tensor
    valid: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """One step's photos.

    Attributes:
        rough: ``(B, 4, S, S)`` their roughs.
        sketch: ``(B, 4, D, D)`` the same before it was blurred.
        expressive: ``(B, 1, D, D)`` where eyes, brows, nose, mouth, hair, clothes and lines are, 0…1.
        face: ``(B, 1, D, D)`` the first four of them.
        colours: ``(B, 9)`` what they shall be drawn with.
    """

    rough: Tensor
    sketch: Tensor
    expressive: Tensor
    face: Tensor
    colours: Tensor


class Dataset:
    """Photos and anime faces on one template.

    Args:
        folder: what ``prepare`` wrote.
        config: batch size, seed and shares of recoloured faces.

    Raises:
        TrainingError: the folder is not a dataset.
    """

    def __init__(self, folder: Path, config: TrainConfig) -> None:
        try:
            about = json.loads((folder / "dataset.json").read_text())
            self.template = Template(**about["template"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{folder} is not a dataset; make one with 'photo2moe prepare'") from error
        self.photo, self.moe = Domain.load(folder, "photo"), Domain.load(folder, "moe")
        self._lines = read_array(folder, "photo_lines")
        self.size, self.large = self.photo.rgba.shape[1], self.moe.rgba.shape[1]
        shape = config.generator
        if (self.size, self.large) != (shape.size, shape.size * shape.scale):
            raise TrainingError(
                f"{folder} holds roughs of {self.size} px and drawings of {self.large}, "
                f"the net wants {shape.size} and {shape.size * shape.scale}"
            )
        self._folder, self._config = folder, config
        self._lighter = lighter(self.photo.colours[:, :6].astype(np.float64))
        self._clean = _clean(self.moe.regions, self.template)
        self._chances = _level(self.photo.colours[:, :3].astype(np.float64).sum(1))
        # Wide views are the minority, and only they show shoulders and hair tops: half of each batch.
        self._wide = np.flatnonzero(self.moe.valid[:, 2] - self.moe.valid[:, 0] >= 0.93 * self.large)
        self._tight = np.setdiff1d(np.arange(len(self.moe.rgba)), self._wide)

    def __reduce__(self) -> tuple[type[Dataset], tuple[Path, TrainConfig]]:
        return Dataset, (self._folder, self._config)  # opened again, not copied, by another process

    def pairs(self, step: int, rank: int = 0, ranks: int = 1) -> Pairs:
        """The anime faces of one step; the same for the same seed and step.

        Args:
            step: which.
            rank: of several processes, the one that works on these rows.
            ranks: how many processes share the batch.
        """
        rows = [self._pair(random) for random in self._random(step, 0, rank, ranks)]
        moe, rough, colours, valid = (np.stack(column) for column in zip(*rows, strict=True))
        faces, roughs = (torch.from_numpy(to_planes(part)) for part in (moe, rough))
        return Pairs(faces, roughs, torch.from_numpy(scaled(colours)), torch.from_numpy(valid)[:, None])

    def photos(self, step: int, rank: int = 0, ranks: int = 1) -> Photos:
        """The photos of one step, as :meth:`pairs`."""
        rows = [self._photo(random) for random in self._random(step, 1, rank, ranks)]
        rough, sketch, area, face, colours = (np.stack(column) for column in zip(*rows, strict=True))
        before, after = (torch.from_numpy(to_planes(part)) for part in (rough, sketch))
        held, features = (torch.from_numpy(part)[:, None] for part in (area, face))
        return Photos(before, after, held, features, torch.from_numpy(scaled(colours)))

    def roughs(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Roughs of photos as they are made outside training, ``(B, S, S, 4)``."""
        both = zip(indices.tolist(), self.photo_colours(indices), strict=True)
        sketches = [self._sketch(index, self._ground(index, colours), colours) for index, colours in both]
        return np.stack([soften(drawn, self.size) for drawn in sketches])

    def photo_colours(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """What photos are drawn with outside training: their own colours, eyes enlivened."""
        eyes = [enliven(_rgb(row)) for row in self.photo.colours[indices, 6:].astype(np.float64)]
        skins = np.tile(np.array(DRAWN, np.float64), (len(indices), 1))
        return np.hstack([skins, self._lighter[indices, 3:6], np.array(eyes, np.float64)])

    def _pick(self, random: np.random.Generator) -> int:
        pool = self._wide if len(self._wide) and (random.random() < 0.5 or not len(self._tight)) else self._tight
        return int(pool[random.integers(len(pool))])

    def _random(self, step: int, kind: int, rank: int, ranks: int) -> list[np.random.Generator]:
        """One source of chance a row, so that a row does not depend on who else is in the batch."""
        rows = range(self._config.batch)[rank::ranks]
        return [np.random.default_rng([self._config.seed, step, kind, row]) for row in rows]

    def _pair(self, random: np.random.Generator) -> tuple[NDArray[Any], ...]:
        index = self._pick(random)
        picture, rough, colours = self._moe(index, random)
        valid = _rectangle(self.moe.valid[index], self.large)
        if random.random() < 0.5:
            picture, rough, valid = picture[:, ::-1], rough[:, ::-1], valid[:, ::-1]
        return picture, rough, colours, valid

    def _photo(self, random: np.random.Generator) -> tuple[NDArray[Any], ...]:
        index = int(random.choice(len(self.photo.rgba), p=self._chances))
        [colours] = self.photo_colours(np.array([index]))
        # Photos have brown eyes; drawn with anime colours the domains match, and eyes obey.
        other = self.moe.colours[random.integers(len(self.moe.rgba))]
        colours[6:] = other[6:]
        if random.random() < self._config.free_colours:
            colours[3:6] = other[3:6]
        ground = self._ground(index, colours)
        # As untidy as the anime faces' roughs, so that the net cannot tell them apart.
        bare = np.clip(1 - np.abs(ground[..., :3] - DRAWN).mean(2) / 24, 0, 1)
        drawn = np.maximum(bare, self.photo.regions[index][..., ::2].max(2).astype(np.float32) / 255)
        ground = unsettle(ground, drawn, random)
        glasses = frames(random) if random.random() < self._config.glasses else None
        sketch = self._sketch(index, ground, colours, glasses)
        rough = soften(sketch, self.size, float(random.uniform(*FINES)))
        held = np.maximum(self._lines[index], _sized(self.photo.regions[index][..., ::2].max(2), self.large))
        features = self.photo.marks(index)
        face = expressive(features, *self.template.grid(self.large))
        area = np.maximum(face, held.astype(np.float32) / 255)
        if random.random() < 0.5:
            rough, sketch, area, face = rough[:, ::-1], sketch[:, ::-1], area[:, ::-1], face[:, ::-1]
        return rough, sketch, area, face, colours

    def _ground(self, index: int, colours: NDArray[np.float64]) -> NDArray[np.float32]:
        """A photo's rough in these colours, without lines and marks."""
        ground, own = self.photo.rgba[index].astype(np.float32), _rgb(self._lighter[index, 3:6])
        hair = self.photo.regions[index, ..., 0].astype(np.float32) / 255
        return ground if own == _rgb(colours[3:6]) else dye(ground, hair, own, _rgb(colours[3:6]))

    def _sketch(
        self, index: int, ground: NDArray[np.float32], colours: NDArray[np.float64], glasses: Glasses | None = None
    ) -> NDArray[np.uint8]:
        """A photo's sketch, ``(D, D, 4)``."""
        mask, locks, clothes = np.moveaxis(self.photo.regions[index].astype(np.float32) / 255, 2, 0)
        hair = Hair(np.ascontiguousarray(mask), np.ascontiguousarray(2 * locks - 1))
        lines = self._lines[index].astype(np.float32) / 255
        dressed = dress(ground, hair, np.ascontiguousarray(clothes), lines, self.template)
        return mark(dressed, self.photo.marks(index), _rgb(colours[3:6]), _rgb(colours[6:]), self.template, glasses)

    def _moe(
        self, index: int, random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
        """An anime face on white, its rough on white, and its colours; hair, beard and glasses by lot."""
        config, features = self._config, self.moe.marks(index)
        image, colours = self._recolour(index, random)
        skin = _sized(self.moe.regions[index, ..., 0], self.large).astype(np.float32) / 255
        if random.random() < config.beards:
            image, skin = beard(image, skin, features, _rgb(colours[3:6]), self.template, random)
        if random.random() < config.glasses:
            painted = image.astype(np.float32)
            paint_glasses(painted, features, frames(random), self.template)
            image = painted.round().clip(0, 255).astype(np.uint8)
        rgba = np.dstack([image, self.moe.rgba[index, ..., 3]])
        skin, blur = _sized(skin, self.size), float(random.uniform(*FINES))
        rough = trace(_sized(rgba, self.size), skin, features, _rgb(colours[:3]), self.template, blur=blur)
        return on_white(rgba[None])[0], rough, colours

    def _recolour(self, index: int, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Give an anime face the hair colour of a random photo.

        Only towards darker colours: multiplied up, a dark area shows its noise.
        """
        image, colours = self.moe.rgba[index, ..., :3], self.moe.colours[index].astype(np.float64)
        target = self._lighter[random.choice(len(self._lighter), p=self._chances), 3:6]
        if random.random() >= self._config.recolour_hair or target.sum() > colours[3:6].sum() * 1.15:
            return image.copy(), colours
        if not self._clean[index]:
            return image.copy(), colours
        mask = _sized(self.moe.regions[index, ..., 1], self.large).astype(np.float32) / 255
        image = tint(image, mask, _rgb(colours[3:6]), _rgb(target))
        colours[3:6] = target
        return image, colours


def scaled(colours: NDArray[np.float64]) -> NDArray[np.float32]:
    """``(B, 9)`` colours in 0…255 as the generator wants them: float32 in ``[-1, 1]``."""
    return np.asarray(colours, np.float32) / np.float32(127.5) - 1


def on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(B, S, S, 4)`` straight alpha → the same laid on white, alpha kept."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    laid = rgba[..., :3] * alpha + 255 * (1 - alpha)
    return np.concatenate([laid.round().astype(np.uint8), rgba[..., 3:]], axis=-1)


def _clean(regions: NDArray[np.uint8], template: Template) -> NDArray[np.bool_]:
    """Whether hair masks ``(N,)`` are good enough to recolour by: most of the crown lies in them."""
    u, v = template.grid(regions.shape[1])
    crown = (np.abs(u) < 0.7) & (v > -1.2) & (v < -0.85)
    return np.asarray((regions[:, crown, 1] > 127).mean(1) > 0.6)


def _level(lightness: NDArray[np.float64], bins: int = 8) -> NDArray[np.float64]:
    """Chances of being drawn that lie half-way between as they come and every lightness alike.

    Dark skins are few in the photos; drawn as they come, the net hardly learns them.
    """
    edges = np.linspace(lightness.min(), lightness.max() + 1e-9, bins + 1)
    place = np.digitize(lightness, edges[1:-1])
    counts = np.bincount(place, minlength=bins)
    alike = 1 / counts[place] / np.count_nonzero(counts)
    return np.asarray(0.5 / len(lightness) + 0.5 * alike)


def _sized(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """The same picture, averaged or interpolated to ``side`` × ``side``."""
    if len(picture) == side:
        return picture
    way = cv2.INTER_AREA if len(picture) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way))


def _rectangle(valid: NDArray[np.int16], size: int) -> NDArray[np.float32]:
    x0, y0, x1, y1 = valid
    inside = np.zeros((size, size), np.float32)
    inside[y0:y1, x0:x1] = 1
    return inside


def _rgb(values: NDArray[np.float64]) -> tuple[int, int, int]:
    r, g, b = (round(float(v)) for v in values)
    return r, g, b
