"""What the net is asked for: losses as pure functions of tensors.

A CycleGAN whose way back is not learned. Both domains share their roughs (``ops/rough``),
and making a rough takes no net: so anime → rough → anime is a cycle that gives exact
pairs, and photo → rough → drawing is held to its rough where the judges leave it free.

Pictures are ``(B, 4, D, D)`` in ``[-1, 1]``, RGB on white and transparency, their roughs
smaller by the generator's scale. The two totals return ``(loss, parts)``, the parts as numbers to log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from photo2moe.config import LossWeights
from photo2moe.nets.discriminator import Scores
from photo2moe.ops.geometry import Template
from photo2moe.ops.rough import SHADED
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.translate import REACH
from photo2moe.training.data import Pairs, Photos

Parts = dict[str, float]
Judge = Callable[[Tensor], Scores]


@dataclass(frozen=True, slots=True, eq=False)
class Nets:
    """The three nets; anything callable like them will do, compiled ones too."""

    draw: Callable[[Tensor, Tensor], Tensor]
    judge: Judge
    judge_eyes: Judge


@dataclass(frozen=True, slots=True, eq=False)
class Fakes:
    """What the generator made of one batch; of the photos, if the judges shall see them."""

    moe: Tensor
    photo: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Where things lie on the template.

    Attributes:
        calm: ``(1, 1, D, D)`` 1 where nothing is drawn on bare skin: not at brows, nose, mouth and jaw.
        eyes: ``(x0, y0, x1, y1)`` pixels around both eyes.
        scale: pixels of a drawing for one of its rough.
    """

    calm: Tensor
    eyes: tuple[int, int, int, int]
    scale: int

    @classmethod
    def on(cls, template: Template, size: int, scale: int) -> Regions:
        """The regions for roughs of that size."""
        size *= scale
        u, v = (torch.tensor(grid).float()[None, None] for grid in template.grid(size))
        brows = (u.abs() > 0.1) & (u.abs() < 0.95) & (v > -0.55) & (v < -0.2)
        nose = (u.abs() < 0.16) & (v > 0.15) & (v < 0.62)
        calm = ~(brows | nose | ((v > 0.85) & (v < 1.25)))
        to_pixels = template.to_pixels(size)
        (x0, x1), (y0, y1) = (
            (scale * round((c + to_pixels[0, 0] * t) / scale) for t in (-s, s))
            for c, s in zip(to_pixels[:, 2], (0.98, 0.52), strict=True)
        )
        return cls(calm.float(), (x0, y0, x1, y1), scale)


def adversarial(scores: Scores, target: float) -> Tensor:
    """Least-squares GAN loss (Mao et al., ICCV 2017), mean over both heads."""
    local, whole = (F.mse_loss(s.float(), torch.full_like(s.float(), target)) for s in (scores.local, scores.whole))
    return (local + whole) / 2


def steepness(judge: Judge, pictures: Tensor) -> Tensor:
    """Half the squared gradient of a judge's scores at real pictures (R1; Mescheder et al., ICML 2018, eq. 9)."""
    pictures = pictures.detach().requires_grad_(True)
    scores = judge(pictures)
    total = scores.local.float().mean(1).sum() + scores.whole.float().sum()
    [slope] = torch.autograd.grad(total, pictures, create_graph=True)
    return slope.float().square().sum((1, 2, 3)).mean() / 2


def masked_l1(one: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference where ``mask``, ``(B, 1, H, W)``, is 1.

    Of each picture first, then over pictures, so that it does not matter which are together in a batch.
    """
    apart = ((one.float() - other.float()).abs() * mask).sum((1, 2, 3))
    return (apart / (mask.sum((1, 2, 3)) * one.shape[1]).clamp(min=1)).mean()


def alike(one: Scores, other: Scores) -> Tensor:
    """Feature matching: L1 between a judge's features of two pictures (Wang et al., pix2pixHD, CVPR 2018, eq. 4)."""
    pairs = zip(one.features, other.features, strict=True)
    return sum(((a.float() - b.float()).abs().mean() for a, b in pairs), torch.zeros(())) / len(one.features)


def layout(drawing: Tensor, rough: Tensor, cell: int) -> Tensor:
    """L1 between cell means: colours stay where they were, lines are free.

    Args:
        drawing: ``(B, C, S, S)``.
        rough: the same.
        cell: side of a cell, pixels.
    """
    return F.l1_loss(F.avg_pool2d(drawing.float(), cell), F.avg_pool2d(rough.float(), cell))


def bare(rough: Tensor) -> Tensor:
    """Where a rough ``(B, 4, S, S)`` shows skin and nothing near it: ``(B, 1, S, S)`` of 0 and 1."""
    tone = rough.new_tensor(DRAWN)[:, None, None]
    near = [((rough[:, :3] + 1) * 127.5 - shade * tone).abs().amax(1, keepdim=True) < 8 for shade in (1.0, SHADED)]
    skin = (near[0] | near[1]).float()
    return 1 - F.max_pool2d(1 - skin, 5, 1, 2)


def enlarged(pictures: Tensor, scale: int) -> Tensor:
    """Roughs as large as their drawings."""
    if scale == 1:
        return pictures
    return F.interpolate(pictures, scale_factor=scale, mode="bilinear", align_corners=False)


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


def within(drawing: Tensor, rough: Tensor) -> Tensor:
    """A drawing without what strays too far from the person, as the translator cuts it."""
    reach = round(REACH * drawing.shape[-1])
    limit = (F.max_pool2d(rough[:, 3:], 2 * reach + 1, 1, reach) + 1) / 2
    ground = drawing.new_tensor([1.0, 1.0, 1.0, -1.0])[:, None, None]  # white, transparent
    return ground + (drawing - ground) * limit


def windowed(pictures: Tensor, valid: Tensor) -> Tensor:
    """Pictures with white for what is not valid."""
    return pictures * valid + (1 - valid)


def seen(pictures: Tensor, valid: Tensor, shifts: Tensor) -> Tensor:
    """What the judge of whole pictures is shown: only the valid part, the same for real and fake.

    Anime faces are cut tight. Without this the judge would learn the empty margin, and
    the generator would draw it.
    """
    return move(torch.cat([windowed(pictures, valid), valid * 2 - 1], 1), shifts)


def looked_at(pictures: Tensor, valid: Tensor, regions: Regions, shifts: Tensor) -> Tensor:
    """What the judge of eyes is shown: both eyes, moved by a quarter of ``shifts``."""
    x0, y0, x1, y1 = regions.eyes
    moved = move(torch.cat([pictures, valid * 2 - 1], 1), shifts // 4)
    return moved[:, :, y0:y1, x0:x1]


def generator_loss(
    nets: Nets, pairs: Pairs, photos: Photos | None, regions: Regions, weights: LossWeights, shifts: Tensor
) -> tuple[Tensor, Parts, Fakes]:
    """The generator's loss for one batch.

    Args:
        nets: the three nets.
        pairs: anime faces and their roughs.
        photos: as many photos, or ``None`` in steps that draw none.
        regions: where eyes and face lie.
        weights: of the parts.
        shifts: ``(B, 2)`` pixels that the judges' view is moved by.

    Returns:
        Loss, its parts, and the fakes, detached, for the discriminators.
    """
    moe = nets.draw(pairs.rough, pairs.colours).float()
    losses = {"restore": masked_l1(moe, pairs.moe, pairs.valid)}
    photo = None
    if photos is not None:
        rough, cell = enlarged(photos.rough, regions.scale), 4 * regions.scale
        photo = within(nets.draw(photos.rough, photos.colours).float(), rough)
        losses["layout"] = layout(photo[:, :3], rough[:, :3], cell)
        losses["sketch"] = masked_l1(photo[:, :3], photos.sketch[:, :3], photos.expressive)
        calm = enlarged(bare(photos.rough), regions.scale) * regions.calm
        losses["calm"] = masked_l1(photo[:, :3], rough[:, :3], calm)
        losses["outline"] = F.l1_loss(photo[:, 3:], photos.sketch[:, 3:])
    matches = []
    for name, judge, view in _views(nets, pairs.valid, regions, shifts):
        fake = judge(view(moe))
        with torch.no_grad():
            real = judge(view(pairs.moe))
        losses[name] = adversarial(fake, 1.0)
        if photo is not None and weights.photo > 0:
            losses[name] = losses[name] + weights.photo * adversarial(judge(view(photo)), 1.0)
        matches.append(alike(fake, real))
    losses["features"] = torch.stack(matches).mean()
    total = sum((getattr(weights, name) * value for name, value in losses.items()), torch.zeros(()))
    parts = {name: float(value.detach()) for name, value in losses.items()}
    shown = photo.detach() if photo is not None and weights.photo > 0 else None
    return total, parts, Fakes(moe.detach(), shown)


def discriminator_loss(
    nets: Nets, pairs: Pairs, fakes: Fakes, regions: Regions, shifts: Tensor, gradient: float = 0.0
) -> tuple[Tensor, Parts]:
    """The discriminators' loss for one batch; the fakes carry no gradient.

    Real and fake are shown through the same windows. ``gradient`` weighs the penalty on the judges'
    gradient at real pictures.
    """
    total, parts = torch.zeros(()), {}
    drawn = [fake for fake in (fakes.moe, fakes.photo) if fake is not None]
    for name, judge, view in _views(nets, pairs.valid, regions, shifts):
        loss = adversarial(judge(view(pairs.moe)), 1.0)
        for fake in drawn:
            loss = loss + adversarial(judge(view(fake)), 0.0) / len(drawn)
        total, parts[f"judge_{name}"] = total + loss, float(loss.detach())
        if gradient > 0:
            total = total + gradient * steepness(judge, view(pairs.moe))
    return total, parts


def _views(
    nets: Nets, valid: Tensor, regions: Regions, shifts: Tensor
) -> list[tuple[str, Judge, Callable[[Tensor], Tensor]]]:
    """Each judge by the name of its loss, and what it is shown of a picture."""
    return [
        ("adversarial", nets.judge, lambda x: seen(x, valid, shifts)),
        ("eyes", nets.judge_eyes, lambda x: looked_at(x, valid, regions, shifts)),
    ]
