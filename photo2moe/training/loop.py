"""The training run: batch → generator → discriminators → average → log, sample, save.

A run folder explains itself: ``config.json``; ``stats.jsonl``, one object a tick;
``samples/``; ``snapshots/`` of the averaged generator, ready for ``convert``; and
``state.pt``, from which the run goes on exactly as if it had not been stopped.
"""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from photo2moe.checkpoint import load_generator, save_generator
from photo2moe.config import TrainConfig, from_dict, to_dict
from photo2moe.errors import ConfigError, TrainingError
from photo2moe.imageio import write_image
from photo2moe.nets.discriminator import Discriminator
from photo2moe.nets.generator import Generator
from photo2moe.nets.projected import ProjectedDiscriminator
from photo2moe.nets.runner import torch_runner
from photo2moe.ops.tensors import to_images, to_planes
from photo2moe.training.data import Dataset, Pairs, Photos, scaled
from photo2moe.training.loader import batches
from photo2moe.training.objective import Nets, Parts, discriminator_loss, generator_loss
from photo2moe.training.ranks import Ranks
from photo2moe.training.teacher import Teacher
from photo2moe.training.views import Moved, Regions

TICK = 200  # images between lines of stats.jsonl
SHEET = 32  # photos on a sample sheet
PENALTY_EVERY = 8  # steps

Progress = Callable[[int, int, Parts], None]


@dataclass(eq=False)
class State:
    """Everything that changes during a run."""

    draw: Generator
    judge: Discriminator
    judge_eyes: Discriminator
    judge_style: ProjectedDiscriminator | None
    average: Generator
    generator_steps: torch.optim.Optimizer
    judge_steps: torch.optim.Optimizer
    step: int = 0

    @classmethod
    def new(cls, config: TrainConfig, device: str = "cpu") -> State:
        """Fresh nets and optimisers on a device, from the config's seed."""
        torch.manual_seed(config.seed)
        draw = Generator(config.generator)
        scale = config.generator.scale
        judges = Discriminator(config.discriminator, scale), Discriminator(config.discriminator, scale, wide=1)
        for net in (draw, *judges):
            net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        style = ProjectedDiscriminator().to(device) if config.weights.style > 0 else None

        def adam(*trained: nn.Module) -> torch.optim.Optimizer:
            parameters = [p for net in trained for p in net.parameters() if p.requires_grad]
            return torch.optim.AdamW(parameters, config.rate, betas=(0.5, 0.99), weight_decay=1e-4, fused=True)

        average = copy.deepcopy(draw).requires_grad_(False).eval()
        return cls(draw, *judges, style, average, adam(draw), adam(*judges, *([style] if style else [])))

    def parts(self) -> dict[str, Any]:
        """Its named parts that have a ``state_dict``."""
        return {name: value for name, value in vars(self).items() if hasattr(value, "state_dict")}

    def save(self, path: Path, config: TrainConfig) -> None:
        """Write all of it atomically."""
        partial = path.with_suffix(".part")
        torch.save(
            {"config": to_dict(config), "step": self.step} | {n: p.state_dict() for n, p in self.parts().items()},
            partial,
        )
        os.replace(partial, path)

    def load(self, saved: dict[str, Any]) -> None:
        """Take over a saved state."""
        for name, part in self.parts().items():
            part.load_state_dict(saved[name])
        self.step = saved["step"]


def train(
    config: TrainConfig,
    dataset_folder: Path,
    run: Path,
    *,
    init: Path | None = None,
    teachers: Sequence[Path] = (),
    resume: bool = False,
    progress: Progress = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Train until ``config.images`` photos were seen, or until asked to stop.

    Args:
        config: the whole run; with ``resume`` only ``images``, ``rate``, ``weights``
            and the cadences may differ from the saved run's.
        dataset_folder: what ``prepare`` wrote.
        run: the run folder.
        init: a checkpoint whose weights the generator starts from.
        teachers: checkpoints whose drawings of photos it shall learn to draw.
        resume: go on with the run in ``run``.
        progress: called a tick with images seen, images in all, and mean losses.
        should_stop: asked after every step; the state is saved before returning.

    Returns:
        Images seen.

    Raises:
        ConfigError: teachers without a weight, or a weight without teachers, or teachers of another kind.
        TrainingError: no dataset, a run is in the way, or the loss is not finite.
    """
    if bool(teachers) != (config.weights.distil > 0):
        raise ConfigError("--teacher and a setting weights.distil above 0 go together; give both or neither")
    ranks = Ranks.join(config.device)
    if config.batch % ranks.count:
        raise ConfigError(f"--batch {config.batch} cannot be shared by {ranks.count} processes; give a multiple of it")
    dataset, state = Dataset(dataset_folder, config), State.new(config, ranks.device)
    teach = Teacher(teachers, config.generator, ranks.device) if teachers else None
    regions = ranks.own(Regions.on(dataset.template, config.generator.size, config.generator.scale))
    _open_run(run, config, state, ranks, resume=resume, init=init)
    nets = _callable(state, config, teach)
    sums: dict[str, list[float]] = {}
    begun, done = time.perf_counter(), 0
    steps = range(state.step, -(-config.images // config.batch))
    for pairs, photos in batches(dataset, config, steps, ranks.rank, ranks.count):
        _set_rate(state, config)
        own = ranks.own(pairs), ranks.own(photos) if photos else None
        parts = _step(config, *own, state, nets, regions, ranks)
        state.step, done = state.step + 1, done + 1
        if not all(math.isfinite(value) for value in parts.values()):
            raise TrainingError(
                f"loss is not finite at step {state.step}: {parts}; resume from {run} with a lower --rate"
            )
        for name, value in parts.items():
            sums.setdefault(name, []).append(value)
        images, stopping = state.step * config.batch, ranks.any(should_stop())
        if ranks.first and (stopping or images // TICK > (images - config.batch) // TICK):
            means = {name: round(sum(values) / len(values), 5) for name, values in sums.items()}
            speed = done * config.batch / (time.perf_counter() - begun)
            with (run / "stats.jsonl").open("a") as log:
                log.write(json.dumps({"images": images, "images_per_second": round(speed, 2), **means}) + "\n")
            progress(images, config.images, means | {"images_per_second": speed})
            sums, begun, done = {}, time.perf_counter(), 0
        last = stopping or images >= config.images
        if ranks.first and (last or images // config.sample_every > (images - config.batch) // config.sample_every):
            write_image(run / "samples" / f"{images:07d}.png", sample_sheet(state.average, dataset, ranks.device))
        if ranks.first and (last or images // config.save_every > (images - config.batch) // config.save_every):
            save_generator(run / "snapshots" / f"{images:07d}.safetensors", state.average, {"images": images})
            state.save(run / "state.pt", config)
        if stopping:
            break
    return state.step * config.batch


def saved_config(run: Path) -> TrainConfig:
    """The configuration of an existing run.

    Raises:
        TrainingError: there is no run in that folder.
    """
    try:
        return from_dict(TrainConfig, json.loads((run / "config.json").read_text()))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{run} holds no run to resume: {error}") from error


def sample_sheet(generator: Generator, dataset: Dataset, device: str = "cpu") -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Roughs of photos beside their drawings, always the same photos, spread over the dataset."""
    chosen = np.linspace(0, len(dataset.photo.rgba) - 1, SHEET).astype(int)
    pictures = dataset.roughs(chosen)
    colours = dataset.photo_colours(chosen)
    draw = torch_runner(generator, device)
    drawn = [to_images(draw(to_planes(pictures[i : i + 8]), scaled(colours[i : i + 8]))) for i in range(0, SHEET, 8)]
    drawings = np.concatenate(drawn)[..., :3]
    scale = drawings.shape[1] // pictures.shape[1]
    pairs = np.concatenate([pictures[..., :3].repeat(scale, 1).repeat(scale, 2), drawings], 2)
    return np.vstack([np.hstack(list(pairs[i : i + 4])) for i in range(0, SHEET, 4)])


def _step(
    config: TrainConfig,
    pairs: Pairs,
    photos: Photos | None,
    state: State,
    nets: Nets,
    regions: Regions,
    ranks: Ranks,
) -> Parts:
    """One update of all nets and of the average."""
    random = np.random.default_rng([config.seed, state.step, 1])
    reach = config.shift * config.generator.scale
    moved = ranks.own(Moved.by_lot(random, config.batch, reach).of(ranks.rank, ranks.count))
    _freeze(state, True)
    with _autocast(config, ranks):
        loss, parts, fakes = generator_loss(
            nets, pairs, photos, regions, config.weights, moved, cell=config.cell, whole=config.whole
        )
    _update(state.generator_steps, loss, ranks)
    _freeze(state, False)
    with _autocast(config, ranks):
        # As rarely as in StyleGAN2 (Karras et al., CVPR 2020, section 3.1), and the more when it is due.
        penalise = PENALTY_EVERY if state.step % PENALTY_EVERY == 0 else 0
        loss, more = discriminator_loss(
            nets, pairs, fakes, regions, config.weights, moved, penalise=penalise, whole=config.whole
        )
    if more:
        _update(state.judge_steps, loss, ranks)
    with torch.no_grad():
        # A short run's average would mostly be its random start.
        decay = min(config.ema, (1 + state.step) / (10 + state.step))
        torch._foreach_lerp_(list(state.average.parameters()), list(state.draw.parameters()), 1 - decay)
    return parts | more


def _freeze(state: State, frozen: bool) -> None:
    """Keep the judges' gradients out of the generator's step, or let them be trained."""
    for group in state.judge_steps.param_groups:
        for parameter in group["params"]:
            parameter.requires_grad_(not frozen)


def _update(optimizer: torch.optim.Optimizer, loss: Tensor, ranks: Ranks) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    ranks.average([p.grad for group in optimizer.param_groups for p in group["params"]])
    optimizer.step()


def _autocast(config: TrainConfig, ranks: Ranks) -> AbstractContextManager[Any]:
    return torch.autocast(ranks.device.split(":")[0], torch.bfloat16, enabled=config.precision == "bfloat16")


def _set_rate(state: State, config: TrainConfig) -> None:
    left = 1 - state.step * config.batch / config.images
    for optimizer in (state.generator_steps, state.judge_steps):
        for group in optimizer.param_groups:
            group["lr"] = config.rate * min(1.0, max(0.1, 3 * left))


def _callable(state: State, config: TrainConfig, teach: Teacher | None) -> Nets:
    """The nets as the step calls them: the generator compiled, where asked for and possible."""
    able = any(shutil.which(os.environ.get("CXX", name)) for name in ("g++", "clang++"))
    draw = torch.compile(state.draw) if config.compile and able else state.draw
    return Nets(draw, state.judge, state.judge_eyes, state.judge_style, teach)


def _open_run(run: Path, config: TrainConfig, state: State, ranks: Ranks, *, resume: bool, init: Path | None) -> None:
    """Make the run folder, or take over the state in it."""
    path = run / "state.pt"
    if resume:
        saved_config(run)
        if not path.exists():
            raise TrainingError(f"{run} was stopped before its first state was saved; start it anew")
        saved = torch.load(path, weights_only=True, map_location=ranks.device)
        if other := state.parts().keys() ^ (saved.keys() - {"config", "step"}):
            raise TrainingError(f"{run} was begun with or without {', '.join(other)}; begin a new run with --init")
        state.load(saved)
    elif ranks.first and run.exists() and any(run.iterdir()):
        raise TrainingError(f"{run} is not empty; name a new folder, or go on with it by --resume")
    elif init is not None:
        start = load_generator(init).generator
        if replace(start.config, attention=config.generator.attention) != config.generator:
            raise TrainingError(f"{init} is a net of another shape: {start.config}")
        for net in (state.draw, state.average):  # attention may be new: it begins as nothing
            net.load_state_dict(start.state_dict(), strict=start.config == config.generator)
    ranks.wait()
    for folder in ("samples", "snapshots"):
        (run / folder).mkdir(parents=True, exist_ok=True)
    if ranks.first:
        (run / "config.json").write_text(json.dumps(to_dict(config), indent=1) + "\n")
