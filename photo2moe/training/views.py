"""What the judges are shown: real and fake through the same windows, moved by lot.

Anime faces are cut tight, so that a judge must not see more of a photo's drawing than it sees of them; and a judge that
always sees pictures at one place learns the place. Pictures are ``(B, C, D, D)`` in ``[-1, 1]``, RGB on white first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from photo2moe.ops.geometry import Template
from photo2moe.stages.translate import CRISP, INK


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Where things lie on the template.

    Attributes:
        calm: ``(1, 1, D, D)`` 1 where nothing is drawn on bare skin: not at brows, nose, mouth and jaw.
        eyes: ``(x0, y0, x1, y1)`` pixels around both eyes.
        features: ``(1, 1, D, D)`` 1 in eyes, nose and mouth.
        scale: pixels of a drawing for one of its rough.
    """

    calm: Tensor
    eyes: tuple[int, int, int, int]
    features: Tensor
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
        gaze = torch.hypot((u.abs() - 0.5) / 0.4, (v - 0.02) / 0.42) < 1
        features = gaze | (torch.hypot(u / 0.45, (v - 0.55) / 0.42) < 1)
        return cls(calm.float(), (x0, y0, x1, y1), features.float(), scale)


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How the views of a batch are moved before they are judged, real and fake alike.

    Attributes:
        shifts: ``(B, 2)`` whole pixels.
        turns: ``(B, 2, 3)``, for the judge of style.
    """

    shifts: NDArray[np.int64]
    turns: Tensor

    @classmethod
    def by_lot(cls, random: np.random.Generator, count: int, reach: int) -> Moved:
        """Shifts by up to ``reach`` pixels; small turns, scales and shifts, and every other one mirrored."""
        shifts = random.integers(-reach, reach + 1, (count, 2))
        angle, scale = np.radians(random.uniform(-12, 12, count)), random.uniform(0.8, 1.1, count)
        mirror = random.choice([-1, 1], count)
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        x, y = random.uniform(-0.12, 0.12, (2, count))
        turns = np.array([[cos * mirror, -sin, x], [sin * mirror, cos, y]])
        return cls(shifts, torch.from_numpy(turns.transpose(2, 0, 1)).float())

    def of(self, rank: int, ranks: int) -> Moved:
        """Those of one process's rows."""
        return Moved(self.shifts[rank::ranks], self.turns[rank::ranks])


def crisped(drawing: Tensor) -> Tensor:
    """A drawing ``(B, 3, D, D)`` with its lines as dark as the translator makes them."""
    sigma = INK * drawing.shape[-1]
    reach = round(3 * sigma)
    bell = torch.exp(-((torch.arange(-reach, reach + 1, device=drawing.device) / sigma) ** 2) / 2)
    kernel = (bell / bell.sum()).expand(drawing.shape[1], 1, 1, -1)
    padded = F.pad(drawing, (reach,) * 4, mode="reflect")
    soft = F.conv2d(F.conv2d(padded, kernel, groups=drawing.shape[1]), kernel.mT, groups=drawing.shape[1])
    return drawing + CRISP * (drawing - soft).clamp(max=0)


def move(pictures: Tensor, shifts: NDArray[np.int64]) -> Tensor:
    """Shift each picture by its own ``(dx, dy)``, edges repeated; shifts are ``(B, 2)`` pixels."""
    reach = int(np.abs(shifts).max())
    size = pictures.shape[-1]
    padded = F.pad(pictures, (reach,) * 4, mode="replicate")
    rows = [
        picture[:, reach + dy : reach + dy + size, reach + dx : reach + dx + size]
        for picture, (dx, dy) in zip(padded, shifts.tolist(), strict=True)
    ]
    return torch.stack(rows)


def windowed(pictures: Tensor, valid: Tensor) -> Tensor:
    """Pictures with white for what is not valid."""
    return pictures * valid + (1 - valid)


def seen(pictures: Tensor, valid: Tensor, shifts: NDArray[np.int64]) -> Tensor:
    """What the judge of whole pictures is shown: only the valid part, the same for real and fake.

    Anime faces are cut tight. Without this the judge would learn the empty margin, and
    the generator would draw it.
    """
    return move(torch.cat([windowed(pictures, valid), valid * 2 - 1], 1), shifts)


def styled(pictures: Tensor, valid: Tensor, features: Tensor | None, turns: Tensor) -> Tensor:
    """What the judge of style is shown: brightness alone, where it is valid and no feature, turned by ``(2, 3)`` maps.

    A frozen net can be fooled by patterns that mean nothing to the eye, in colour most of all. It is harder where they
    have to survive being turned; and eyes, nose and mouth, where people look first, are better held to the sketch.
    Without ``features`` it is shown them too.
    """
    grid = F.affine_grid(turns, list(pictures.shape), align_corners=False)
    grey = windowed(pictures, valid).float().mean(1, keepdim=True)
    if features is not None:
        grey = grey * (1 - features)
    return (F.grid_sample(grey - 1, grid, align_corners=False) + 1).expand(-1, 3, -1, -1)  # white beyond


def looked_at(pictures: Tensor, valid: Tensor, regions: Regions, shifts: NDArray[np.int64]) -> Tensor:
    """What the judge of eyes is shown: both eyes, moved by a quarter of ``shifts``."""
    x0, y0, x1, y1 = regions.eyes
    moved = move(torch.cat([pictures, valid * 2 - 1], 1), shifts // 4)
    return moved[:, :, y0:y1, x0:x1]
