"""What the nets are asked for: losses as pure functions of tensors.

Pictures are ``(B, 4, S, S)`` in ``[-1, 1]``, RGB on white and transparency. The two
totals return ``(loss, parts)``, the parts as numbers to log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from photo2moe.config import LossWeights
from photo2moe.ops.geometry import Template
from photo2moe.stages.translate import REACH
from photo2moe.training.data import Batch

Scores = tuple[Tensor, Tensor]
Parts = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Nets:
    """The four nets; anything callable like them will do, compiled ones too."""

    to_moe: Any
    to_photo: Any
    judge_moe: Any
    judge_photo: Any


@dataclass(frozen=True, slots=True, eq=False)
class Fakes:
    """What the generators made of one batch."""

    moe: Tensor
    photo: Tensor


def adversarial(scores: Scores, target: float) -> Tensor:
    """Least-squares GAN loss (Mao et al., ICCV 2017), mean over both heads."""
    return (
        sum((F.mse_loss(s.float(), torch.full_like(s, target, dtype=torch.float32)) for s in scores), torch.zeros(()))
        / 2
    )


def masked_l1(one: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference where ``mask``, ``(B, 1, H, W)``, is 1."""
    return ((one.float() - other.float()).abs() * mask).sum() / (mask.sum() * one.shape[1]).clamp(min=1)


def layout(avatar: Tensor, photo: Tensor, weight: Tensor, cell: int) -> Tensor:
    """Weighted L1 between cell means: colours stay where they were, lines are free.

    Args:
        avatar: ``(B, 3, S, S)``.
        photo: the same.
        weight: ``(B, 1, S / cell, S / cell)``.
        cell: side of a cell, pixels.
    """
    apart = F.avg_pool2d(avatar.float(), cell) - F.avg_pool2d(photo.float(), cell)
    return (apart.abs() * weight).sum() / (weight.sum() * 3).clamp(min=1e-6)


def tone(picture: Tensor, region: Tensor, colour: Tensor) -> Tensor:
    """L1 between a region's mean colour and the one asked for.

    Args:
        picture: ``(B, 3, S, S)``.
        region: ``(B, 1, S, S)`` weights.
        colour: ``(B, 3)``.
    """
    mean = (picture.float() * region).sum((2, 3)) / region.sum((2, 3)).clamp(min=1)
    seen = (region.sum((1, 2, 3)) > 4).float()[:, None]
    return ((mean - colour).abs() * seen).mean()


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Where things lie on the template.

    Attributes:
        skin: ``(1, 1, S / 4, S / 4)`` cells that are bare skin in any drawn face.
        hair: ``(1, 1, S, S)`` crown and temples.
        cells: ``(1, 1, S / 8, S / 8)`` weights of the layout.
    """

    skin: Tensor
    hair: Tensor
    cells: Tensor

    @classmethod
    def on(cls, template: Template, size: int) -> Regions:
        """The regions for squares of that size."""
        u, v = (torch.from_numpy(grid).float()[None, None] for grid in template.grid(size))
        u = u.abs()
        cheeks = (u - 0.42).hypot(v - 0.42) < 0.16
        face = ((u < 0.5) & (v > 0.42) & (v < 0.62)) | ((u < 0.3) & (v > 0.42) & (v < 0.95))
        mouth = (u < 0.22) & (v > 0.64) & (v < 0.84)
        # The lower face, not only the cheeks; above it glasses would be painted over.
        skin = cheeks | (face & ~mouth)
        temples = (u > 0.95) & (u < 1.25) & (v > -0.7) & (v < 0.1)
        hair = ((u < 0.8) & (v > -1.45) & (v < -0.8)) | temples
        # Eyes, brows, nose and mouth are drawn anew; held to the photo's shadows they become mud.
        features = (u < 0.95) & (v > -0.6) & (v < 1.0)
        cells = F.avg_pool2d(1 - 0.9 * features.float() + 6 * cheeks.float() + 2 * hair.float(), 8)
        return cls(F.avg_pool2d(skin.float(), 4), hair.float(), cells)


def move(pictures: Tensor, shifts: Tensor) -> Tensor:
    """Shift each picture by its own ``(dx, dy)``, edges repeated; shifts are ``(B, 2)`` pixels."""
    reach = int(shifts.abs().max())
    size = pictures.shape[-1]
    padded = F.pad(pictures, (reach,) * 4, mode="replicate")
    rows = [
        picture[:, reach + dy : reach + dy + size, reach + dx : reach + dx + size]
        for picture, (dx, dy) in zip(padded, shifts.tolist(), strict=True)
    ]
    return torch.stack(rows)


def within(moe: Tensor, photo: Tensor) -> Tensor:
    """A drawing without what strays too far from the person, as the translator cuts it."""
    reach = round(REACH * moe.shape[-1])
    limit = (F.max_pool2d(photo[:, 3:], 2 * reach + 1, 1, reach) + 1) / 2
    ground = moe.new_tensor([1.0, 1.0, 1.0, -1.0])[:, None, None]  # white, transparent
    return ground + (moe - ground) * limit


def windowed(pictures: Tensor, valid: Tensor) -> Tensor:
    """Pictures with white for what is not valid."""
    return pictures * valid + (1 - valid)


def seen(pictures: Tensor, valid: Tensor, shifts: Tensor) -> Tensor:
    """What a discriminator is shown: only the valid part, the same for real and fake.

    Anime faces are cut tight. Without this the judge would learn the empty margin, and
    the generator would draw it.
    """
    hidden = torch.cat([windowed(pictures, valid), valid * 2 - 1], 1)
    return move(hidden, shifts)


def generator_loss(
    nets: Nets, batch: Batch, regions: Regions, weights: LossWeights, shifts: Tensor, *, cycle: bool, identity: bool
) -> tuple[Tensor, Parts, Fakes]:
    """The generators' loss for one batch.

    Args:
        nets: the four nets.
        batch: pictures of both domains.
        regions: where cheeks and hair lie.
        weights: of the parts.
        shifts: ``(B, 2)`` pixels that the discriminators' view is moved by.
        cycle: whether to include the photo's cycle this time.
        identity: whether to include the identity part.

    Returns:
        Loss, its parts, and the fakes, detached, for the discriminators.
    """
    moe = within(nets.to_moe(batch.photo, batch.photo_colours).float(), batch.photo)
    photo = nets.to_photo(windowed(batch.moe, batch.moe_valid)).float()
    moe_again = nets.to_moe(photo, batch.moe_colours)
    losses = {
        "adversarial": adversarial(nets.judge_moe(seen(moe, batch.moe_valid, shifts)), 1.0)
        + adversarial(nets.judge_photo(seen(photo, batch.moe_valid, shifts)), 1.0),
        "cycle_moe": masked_l1(moe_again, batch.moe, batch.moe_valid),
        **_likeness(moe, batch, regions),
    }
    if cycle:
        # What no judge sees must not reach the way back: the cycle would hide the photo there.
        again = nets.to_photo(windowed(moe, batch.moe_valid))
        halves = [F.avg_pool2d(x.float(), 2) for x in (again, batch.photo, batch.moe_valid)]
        losses["cycle_photo"] = masked_l1(halves[0], halves[1], halves[2])
    if identity:
        losses["identity"] = masked_l1(nets.to_moe(batch.moe, batch.moe_colours), batch.moe, batch.moe_valid)
    total = sum((getattr(weights, name) * value for name, value in losses.items()), torch.zeros(()))
    return total, {name: float(value.detach()) for name, value in losses.items()}, Fakes(moe.detach(), photo.detach())


def discriminator_loss(nets: Nets, batch: Batch, fakes: Fakes, shifts: Tensor) -> tuple[Tensor, Parts]:
    """The discriminators' loss for one batch; the fakes carry no gradient.

    Real and fake are shown through the same windows.
    """
    parts = {
        "judge_moe": _judge(nets.judge_moe, batch.moe, fakes.moe, batch.moe_valid, shifts),
        "judge_photo": _judge(nets.judge_photo, batch.photo, fakes.photo, batch.moe_valid, shifts),
    }
    total = parts["judge_moe"] + parts["judge_photo"]
    return total, {name: float(value.detach()) for name, value in parts.items()}


def _judge(judge: Callable[[Tensor], Scores], real: Tensor, fake: Tensor, valid: Tensor, shifts: Tensor) -> Tensor:
    both = judge(torch.cat([seen(real, valid, shifts), seen(fake, valid, shifts)]))
    halves = [score.chunk(2) for score in both]
    return adversarial((halves[0][0], halves[1][0]), 1.0) + adversarial((halves[0][1], halves[1][1]), 0.0)


def _likeness(moe: Tensor, batch: Batch, regions: Regions) -> dict[str, Tensor]:
    """Parts that keep the avatar like its photo: layout, tones, outline."""
    lighter = (1.12 * (batch.photo[:, :3] + 1) + 12 / 255).clamp(max=2) - 1
    own = (~batch.free).float()[:, None, None, None]
    # Where another hair colour was asked for, the head's cells cannot follow the photo.
    cells = (regions.cells * own).expand(len(moe), -1, -1, -1)
    opaque = (batch.photo[:, 3:] > 0.8).float()
    skin = batch.photo_colours[:, :3, None, None].expand(-1, -1, *moe.shape[2:])
    outline = moe[:, 3:].expand(-1, 3, -1, -1), batch.photo[:, 3:].expand(-1, 3, -1, -1)
    thumbnail = F.avg_pool2d(opaque, 4)
    # Where the photo shows no skin there is a beard, or a mask, which is to stay.
    bare = (F.avg_pool2d(lighter - skin, 4).abs().mean(1, keepdim=True) < 0.25).float()
    return {
        "layout": layout(moe[:, :3], lighter, cells, 8),
        "tones": layout(moe[:, :3], skin, regions.skin * thumbnail * bare, 4)
        + tone(moe[:, :3], regions.hair * opaque, batch.photo_colours[:, 3:6]),
        "outline": layout(*outline, torch.ones_like(thumbnail), 4),
    }
