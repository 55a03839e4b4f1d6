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

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from photo2moe.config import LossWeights
from photo2moe.nets.discriminator import Scores
from photo2moe.nets.generator import STRIDE
from photo2moe.ops.rough import SHADED
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.translate import REACH
from photo2moe.training.data import Pairs, Photos
from photo2moe.training.views import Moved, Regions, crisped, looked_at, seen, styled

GRID = 7  # cells a side over which a grid is told from lines

Parts = dict[str, float]
Draw = Callable[[Tensor, Tensor], Tensor]
Judge = Callable[[Tensor], Scores]


@dataclass(frozen=True, slots=True, eq=False)
class Nets:
    """The nets; anything callable like them will do, compiled ones too. The last two are there if they count."""

    draw: Draw
    judge: Judge
    judge_eyes: Judge
    judge_style: Judge | None = None
    teach: Draw | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fakes:
    """What the generator made of one batch; of the photos, if judges shall see them."""

    moe: Tensor
    photo: Tensor | None


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
    """Where a rough ``(B, 4, S, S)`` shows skin and nothing near it: ``(B, 1, S, S)`` of 0 and 1.

    Narrower than ``ops/rough.bare``, up to which drawings are cleaned: there judges may ask for soft shades.
    """
    tone = rough.new_tensor(DRAWN)[:, None, None]
    near = [((rough[:, :3] + 1) * 127.5 - shade * tone).abs().amax(1, keepdim=True) < 8 for shade in (1.0, SHADED)]
    skin = (near[0] | near[1]).float()
    return 1 - F.max_pool2d(1 - skin, 5, 1, 2)


def loosened(drawing: Tensor, sketch: Tensor, held: Tensor, cell: int) -> Tensor:
    """A drawing as it counts against its sketch: within cells brightness is free, but for where it is held.

    Not so what changes from pixel to pixel: a net that draws cells of pixels at once would hide a grid in it.
    """
    if cell == 1:
        return drawing.float()
    apart = (drawing.float() - sketch.float()).mean(1, keepdim=True)
    detail = F.pad(apart - F.interpolate(F.avg_pool2d(apart, cell), scale_factor=cell), (1,) * 4, mode="replicate")
    smooth = F.avg_pool2d(F.avg_pool2d(detail, 2, 1), 2, 1)  # 1 2 1, which knows no grid
    return drawing.float() - (1 - held) * smooth


def uneven(drawing: Tensor, sketch: Tensor, stride: int) -> Tensor:
    """How far pixels of one place in their cells differ from those of another: a grid; no line does so.

    A net that works in cells draws their pixels apart where nothing else is to be drawn
    (Odena et al., *Deconvolution and checkerboard artifacts*, Distill 2016).

    Args:
        drawing: ``(B, C, D, D)``.
        sketch: the same.
        stride: side of a cell, pixels.

    Returns:
        ``(B, D / stride, D / stride)``.
    """
    apart = (drawing.float() - sketch.float()).mean(1, keepdim=True)
    places = F.avg_pool2d(F.pixel_unshuffle(apart, stride), GRID, 1, GRID // 2, count_include_pad=False)
    return (places - places.mean(1, keepdim=True)).abs().mean(1)


def enlarged(pictures: Tensor, scale: int) -> Tensor:
    """Roughs as large as their drawings."""
    if scale == 1:
        return pictures
    return F.interpolate(pictures, scale_factor=scale, mode="bilinear", align_corners=False)


def within(drawing: Tensor, rough: Tensor) -> Tensor:
    """A drawing without what strays too far from the person, as the translator cuts it."""
    reach = round(REACH * drawing.shape[-1])
    rows = F.max_pool2d(rough[:, 3:], (1, 2 * reach + 1), 1, (0, reach))  # one way at a time, which is ten times faster
    limit = (F.max_pool2d(rows, (2 * reach + 1, 1), 1, (reach, 0)) + 1) / 2
    ground = drawing.new_tensor([1.0, 1.0, 1.0, -1.0])[:, None, None]  # white, transparent
    return ground + (drawing - ground) * limit


def generator_loss(
    nets: Nets,
    pairs: Pairs,
    photos: Photos | None,
    regions: Regions,
    weights: LossWeights,
    moved: Moved,
    *,
    cell: int = 1,
    whole: bool = False,
) -> tuple[Tensor, Parts, Fakes]:
    """The generator's loss for one batch.

    Args:
        nets: the three nets.
        pairs: anime faces and their roughs.
        photos: as many photos, or ``None`` in steps that draw none.
        regions: where eyes and face lie.
        weights: of the parts.
        moved: how the judges' views are moved.
        cell: side of the cells by which photos' drawings are held to their sketches, pixels.
        whole: the judge of style may change faces too.

    Returns:
        Loss, its parts, and the fakes, detached, for the discriminators.
    """
    moe = nets.draw(pairs.rough, pairs.colours).float()
    hidden = None if whole else regions.features
    losses = {"restore": masked_l1(moe, pairs.moe, pairs.valid)}
    photo = None
    if photos is not None:
        rough = enlarged(photos.rough, regions.scale)
        photo = within(nets.draw(photos.rough, photos.colours).float(), rough)
        losses["layout"] = layout(photo[:, :3], rough[:, :3], 4 * regions.scale)
        held = torch.zeros_like(photos.face) if whole else photos.face
        freed = loosened(photo[:, :3], photos.sketch[:, :3], held, cell)
        losses["sketch"] = masked_l1(freed, photos.sketch[:, :3], photos.expressive)
        calm = enlarged(bare(photos.rough), regions.scale) * regions.calm
        losses["calm"] = masked_l1(photo[:, :3], rough[:, :3], calm)
        losses["grid"] = uneven(photo[:, :3], photos.sketch[:, :3], STRIDE * regions.scale).mean()
        losses["outline"] = F.l1_loss(photo[:, 3:], photos.sketch[:, 3:])
        if weights.mirror > 0:
            with torch.no_grad():
                other = within(nets.draw(photos.rough.flip(3), photos.colours).float().flip(3), rough)
            losses["mirror"] = F.l1_loss(photo, other)
        if nets.teach is not None:
            losses["distil"] = F.l1_loss(photo, within(nets.teach(photos.rough, photos.colours), rough))
        if nets.judge_style is not None:
            free = torch.ones_like(held) if whole else photos.expressive * (1 - held)
            shown = photo.detach() + free * (photo - photo.detach())  # only there the judge has a say
            losses["style"] = adversarial(
                nets.judge_style(styled(crisped(shown[:, :3]), pairs.valid, hidden, moved.turns)), 1.0
            )
    matches = []
    for name, judge, view in _views(nets, pairs.valid, regions, moved.shifts, weights):
        fake = judge(view(moe))
        with torch.no_grad():
            real = judge(view(pairs.moe))
        losses[name] = adversarial(fake, 1.0)
        if photo is not None and weights.photo > 0:
            losses[name] = losses[name] + weights.photo * adversarial(judge(view(photo)), 1.0)
        matches.append(alike(fake, real))
    if matches:
        losses["features"] = torch.stack(matches).mean()
    total = sum((getattr(weights, name) * value for name, value in losses.items()), torch.zeros(()))
    return total, _numbers(losses), Fakes(moe.detach(), photo.detach() if photo is not None else None)


def discriminator_loss(
    nets: Nets,
    pairs: Pairs,
    fakes: Fakes,
    regions: Regions,
    weights: LossWeights,
    moved: Moved,
    *,
    penalise: float = 0.0,
    whole: bool = False,
) -> tuple[Tensor, Parts]:
    """The discriminators' loss for one batch; the fakes carry no gradient.

    Real and fake are shown through the same windows. ``penalise`` multiplies the penalty on the judges'
    gradient at real pictures, which need not come in every step. ``whole``: the judge of style sees faces too.
    """
    total, parts = torch.zeros(()), dict[str, Tensor]()
    drawn = [fakes.moe] if fakes.photo is None or weights.photo == 0 else [fakes.moe, fakes.photo]
    for name, judge, view in _views(nets, pairs.valid, regions, moved.shifts, weights):
        loss = adversarial(judge(view(pairs.moe)), 1.0)
        for fake in drawn:
            loss = loss + adversarial(judge(view(fake)), 0.0) / len(drawn)
        total, parts[f"judge_{name}"] = total + loss, loss
        if penalise * weights.gradient > 0:
            total = total + penalise * weights.gradient * steepness(judge, view(pairs.moe))
    if nets.judge_style is not None and fakes.photo is not None:
        anime, photo = (
            nets.judge_style(styled(x, pairs.valid, None if whole else regions.features, moved.turns))
            for x in (pairs.moe[:, :3], crisped(fakes.photo[:, :3]))
        )
        loss = adversarial(anime, 1.0) + adversarial(photo, 0.0)
        total, parts["judge_style"] = total + loss, loss
    return total, _numbers(parts) if parts else {}


def _numbers(losses: dict[str, Tensor]) -> Parts:
    """Losses as numbers, fetched together, since a GPU is waited for each time."""
    return dict(zip(losses, torch.stack([loss.detach() for loss in losses.values()]).tolist(), strict=True))


def _views(
    nets: Nets, valid: Tensor, regions: Regions, shifts: NDArray[np.int64], weights: LossWeights
) -> list[tuple[str, Judge, Callable[[Tensor], Tensor]]]:
    """Each judge that counts by the name of its loss, and what it is shown of a picture."""
    views: list[tuple[str, Judge, Callable[[Tensor], Tensor]]] = [
        ("adversarial", nets.judge, lambda x: seen(x, valid, shifts)),
        ("eyes", nets.judge_eyes, lambda x: looked_at(x, valid, regions, shifts)),
    ]
    return [view for view in views if weights.features > 0 or getattr(weights, view[0]) > 0]
