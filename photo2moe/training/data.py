"""A dataset folder → batches, each one a function of seed and step alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photo2moe.config import TrainConfig
from photo2moe.errors import TrainingError
from photo2moe.ops.colour import enliven, lighter, tint
from photo2moe.ops.geometry import Template
from photo2moe.ops.tensors import to_planes
from photo2moe.ops.tone import DRAWN


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """The pictures of one domain, as ``prepare`` wrote them.

    Attributes:
        rgba: ``(N, S, S, 4)`` uint8.
        valid: ``(N, 4)`` what each picture really shows, ``(x0, y0, x1, y1)``.
        colours: ``(N, 9)`` uint8: skin, hair, eyes.
        regions: ``(N, S, S, 2)`` uint8 skin and hair masks × 255, or ``None``.
    """

    rgba: NDArray[np.uint8]
    valid: NDArray[np.int16]
    colours: NDArray[np.uint8]
    regions: NDArray[np.uint8] | None

    @classmethod
    def load(cls, folder: Path, name: str) -> Domain:
        """Open one domain of a dataset; the pictures stay on disk until they are used.

        Raises:
            TrainingError: the folder is not a dataset, or it is damaged.
        """

        def array(kind: str) -> NDArray[np.uint8]:
            path = folder / f"{name}_{kind}.npy"
            try:
                return np.asarray(np.load(path, mmap_mode="r"))
            except (OSError, ValueError) as error:
                raise TrainingError(
                    f"{path} cannot be read ({error}); make the dataset with 'photo2moe prepare'"
                ) from error

        regions = array("regions") if (folder / f"{name}_regions.npy").exists() else None
        domain = cls(array("rgba"), array("valid").astype(np.int16), array("colours"), regions)
        if not len(domain.rgba) == len(domain.valid) == len(domain.colours) > 0:
            raise TrainingError(f"{folder} is damaged: the arrays of {name} differ in length")
        return domain


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's pictures, as tensors in the range of the nets.

    Attributes:
        photo, moe: ``(B, 4, S, S)``, RGB on white and transparency.
        photo_colours: ``(B, 9)`` what the photos shall be drawn with.
        moe_colours: ``(B, 9)`` measured on the anime faces.
        free: ``(B,)`` bool, the hair colour asked for is not the photo's own.
        photo_valid, moe_valid: ``(B, 1, S, S)`` 1 where the picture is real, else 0.
    """

    photo: Tensor
    moe: Tensor
    photo_colours: Tensor
    moe_colours: Tensor
    free: Tensor
    photo_valid: Tensor
    moe_valid: Tensor

    def part(self, rank: int, ranks: int) -> Batch:
        """The rows that one of several processes works on."""
        return Batch(*(getattr(self, f.name)[rank::ranks] for f in fields(self)))


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
        self.size = self.photo.rgba.shape[1]
        if self.size != config.generator.size:
            raise TrainingError(f"{folder} holds {self.size} px pictures, the net wants {config.generator.size}")
        self._config = config
        self._lighter = lighter(self.photo.colours[:, :6].astype(np.float64))
        self._clean = _clean(self.moe.regions, self.template)
        self._chances = _level(self.photo.colours[:, :3].astype(np.float64).sum(1))
        # Wide views are the minority, and only they show shoulders and hair tops: half of each batch.
        self._wide = np.flatnonzero(self.moe.valid[:, 2] - self.moe.valid[:, 0] >= 0.93 * self.size)
        self._tight = np.setdiff1d(np.arange(len(self.moe.rgba)), self._wide)

    def batch(self, step: int) -> Batch:
        """The pictures of one step; the same for the same seed and step."""
        config, random = self._config, np.random.default_rng([self._config.seed, step])
        photos = random.choice(len(self.photo.rgba), size=config.batch, p=self._chances)
        moes = np.array([self._pick(random) for _ in range(config.batch)])
        photo, moe = self.photo.rgba[photos], self.moe.rgba[moes].copy()
        photo_valid = _rectangles(self.photo.valid[photos], self.size)
        moe_valid = _rectangles(self.moe.valid[moes], self.size)
        moe_colours = self.moe.colours[moes].astype(np.float64)
        for i, index in enumerate(moes):
            moe[i, ..., :3], moe_colours[i] = self._recolour(moe[i, ..., :3], moe_colours[i], int(index), random)
        photo_colours = np.empty_like(moe_colours)
        photo_colours[:, :3], photo_colours[:, 3:6] = DRAWN, self._lighter[photos, 3:6]
        # Photos have brown eyes; drawn with anime colours the domains match, and eyes obey.
        others = self.moe.colours[random.integers(len(self.moe.rgba), size=config.batch)]
        photo_colours[:, 6:] = others[:, 6:]
        free = random.random(config.batch) < config.free_colours
        photo_colours[free, 3:6] = others[free, 3:6]
        for pictures, valid in ((photo, photo_valid), (moe, moe_valid)):
            for i in np.flatnonzero(random.random(config.batch) < 0.5):
                pictures[i], valid[i] = pictures[i, :, ::-1].copy(), valid[i, :, ::-1].copy()
        return Batch(
            torch.from_numpy(to_planes(on_white(photo))),
            torch.from_numpy(to_planes(on_white(moe))),
            torch.from_numpy(scaled(photo_colours)),
            torch.from_numpy(scaled(moe_colours)),
            torch.from_numpy(free),
            torch.from_numpy(photo_valid)[:, None],
            torch.from_numpy(moe_valid)[:, None],
        )

    def photo_colours(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """What photos are drawn with outside training: their own colours, eyes enlivened."""
        eyes = [enliven(_rgb(row)) for row in self.photo.colours[indices, 6:].astype(np.float64)]
        skins = np.tile(np.array(DRAWN, np.float64), (len(indices), 1))
        return np.hstack([skins, self._lighter[indices, 3:6], np.array(eyes, np.float64)])

    def _pick(self, random: np.random.Generator) -> int:
        pool = self._wide if len(self._wide) and (random.random() < 0.5 or not len(self._tight)) else self._tight
        return int(pool[random.integers(len(pool))])

    def _recolour(
        self, image: NDArray[np.uint8], colours: NDArray[np.float64], index: int, random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Give an anime face the skin and the hair of a random photo.

        Only towards darker colours: multiplied up, a dark area shows its noise.
        """
        if self.moe.regions is None:
            return image, colours
        shares = (self._config.recolour_skin, self._config.recolour_hair)
        colours = colours.copy()
        for part, share in enumerate(shares):
            place = slice(3 * part, 3 * part + 3)
            target = self._lighter[random.choice(len(self._lighter), p=self._chances), place]
            mask = self.moe.regions[index, ..., part]
            if random.random() >= share or target.sum() > colours[place].sum() * 1.15 or not self._clean[index, part]:
                continue
            own, wanted = _rgb(colours[place]), _rgb(target)
            image = tint(image, mask.astype(np.float32) / 255, own, wanted)
            colours[place] = target
        return image, colours


def scaled(colours: NDArray[np.float64]) -> NDArray[np.float32]:
    """``(B, 9)`` colours in 0…255 as the generator wants them: float32 in ``[-1, 1]``."""
    return np.asarray(colours, np.float32) / np.float32(127.5) - 1


def on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(B, S, S, 4)`` straight alpha → the same laid on white, alpha kept."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    laid = rgba[..., :3] * alpha + 255 * (1 - alpha)
    return np.concatenate([laid.round().astype(np.uint8), rgba[..., 3:]], axis=-1)


def _clean(regions: NDArray[np.uint8] | None, template: Template) -> NDArray[np.bool_]:
    """Whether skin and hair masks ``(N, 2)`` are good enough to recolour by.

    A skin mask must cover most of the face below the eyes: a blotchy one would teach blotches.
    """
    if regions is None:
        return np.zeros((0, 2), np.bool_)
    u, v = template.grid(regions.shape[1])
    face, crown = (np.abs(u) < 0.42) & (v > 0.4) & (v < 0.85), (np.abs(u) < 0.7) & (v > -1.2) & (v < -0.85)
    shares = [(regions[:, area, part] > 127).mean(1) for part, area in enumerate((face, crown))]
    return np.stack([shares[0] > 0.8, shares[1] > 0.6], 1)


def _level(lightness: NDArray[np.float64], bins: int = 8) -> NDArray[np.float64]:
    """Chances of being drawn that lie half-way between as they come and every lightness alike.

    Dark skins are few in the photos; drawn as they come, the net hardly learns them.
    """
    edges = np.linspace(lightness.min(), lightness.max() + 1e-9, bins + 1)
    place = np.digitize(lightness, edges[1:-1])
    counts = np.bincount(place, minlength=bins)
    alike = 1 / counts[place] / np.count_nonzero(counts)
    return np.asarray(0.5 / len(lightness) + 0.5 * alike)


def _rectangles(valid: NDArray[np.int16], size: int) -> NDArray[np.float32]:
    grid = np.arange(size)
    x0, y0, x1, y1 = (valid[:, i, None] for i in range(4))
    across, down = (grid >= x0) & (grid < x1), (grid >= y0) & (grid < y1)
    return (down[:, :, None] & across[:, None, :]).astype(np.float32)


def _rgb(values: NDArray[np.float64]) -> tuple[int, int, int]:
    r, g, b = (round(float(v)) for v in values)
    return r, g, b
