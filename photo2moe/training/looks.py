"""Train the looks net: EfficientNet-Lite0, fine-tuned on labelled photos for every field at once.

    python -m photo2moe.training.looks DATA -o weights/looks.onnx

DATA is a folder with ``labels.csv`` and ``photos`` (and, where present, ``labels_rare.csv``, ``photos_rare``,
``labels_stock.csv``, ``photos_stock``). The first call finds the faces and keeps upright photos in the run's folder.
Ctrl-C or SIGTERM saves the run; the same command goes on from there. The net is written when the training time is
over, with its temperatures; ``--export`` writes the net of a run as it is. Needs the extras ``train``, ``eval`` and
``export``.

The stem and the first blocks stay as they are and are run by ONNX Runtime, and so do the depthwise convolutions of the
rest and all statistics: that halves the time of a view on a CPU. Rare values count more, in what is drawn and in the
loss; what is shipped takes most of that back, and is the moving average of the weights.
"""

from __future__ import annotations

import argparse
import io
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from photo2moe.character.attributes import pixels
from photo2moe.character.labels import FIELDS
from photo2moe.errors import InputError, Photo2MoeError
from photo2moe.files import write_bytes
from photo2moe.training.interrupt import Interrupt
from photo2moe.training.looks_data import Labelled, View, load, view
from photo2moe.training.looks_net import LooksModel, frozen, session, to_onnx
from photo2moe.training.looks_score import look, score, temperatures
from photo2moe.training.looks_start import merged, start

BATCH = 16  # photos
RATE_NET, RATE_HEAD = 4e-4, 2e-3  # largest learning rates of AdamW
WARM_UP = 60  # steps
DECAY = 0.05  # of weights
AVERAGE = 0.998  # share that the moving average keeps at a step
SMOOTH = 0.05  # label smoothing
RARE_MOST = 6.0  # a photo is drawn at most so many times as often as the commonest
DRAWN_BY = (
    "age",
    "hair_length",
    "hair_texture",
    "tied",
    "facial_hair",
    "glasses",
    "headwear",
    "eyes",
    "view",
    "cut",
    "hat",
    "beard",
)
LOSS_POWER, LOSS_MOST = 0.3, 5.0  # class weights: frequency to the minus this; largest
FIELD_WEIGHT = {
    **{"blur": 0.3, "dark": 0.3, "tint": 0.3, "mole": 0.5, "clothes_pattern": 0.7, "clothes_colour": 0.7},
    **{"hair_texture": 1.5, "front": 1.5, "tied": 1.5, "facial_hair": 1.5, "hair_length": 1.3, "clothes": 1.3},
    **{"cut": 2.0, "garment": 1.5, "beard": 1.5, "tie": 1.3},
}
USUAL = 0.75  # share of the way from values as drawn and weighed to values as frequent as they are, in what is shipped
SAVE_EVERY = 120.0  # seconds

log = logging.getLogger(__name__)


class Run:
    """One training run: model, optimiser, average, and how far it is.

    Args:
        photos: labelled photos.
        minutes: of training, over all calls.
        seed: of weights and views.
        earlier: net to begin from, an ONNX file.
    """

    def __init__(self, photos: Labelled, minutes: float, seed: int, earlier: Path | None = None) -> None:
        torch.manual_seed(seed)
        self.photos, self.seconds, self.seed = photos, minutes * 60, seed
        self.train = np.flatnonzero(~photos.held_out)
        self.model = LooksModel(photos.points[self.train])
        if earlier is not None:
            start(self.model, earlier)
        heads = list(self.model.head.parameters())
        net = [p for p in self.model.net.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [{"params": net, "top": RATE_NET}, {"params": heads, "top": RATE_HEAD}], weight_decay=DECAY
        )
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.frozen = session(frozen(self.model))
        labels = photos.labels[self.train]
        self.weights, self.drawn = _weights(labels)
        self.usual = _usual(labels, self.weights, self.drawn)
        self.steps, self.spent = 0, 0.0

    def step(self) -> float:
        """One batch; returns its loss."""
        began = time.monotonic()
        rng = np.random.default_rng((self.seed, self.steps))
        views = [view(self.photos, int(i), rng) for i in rng.choice(self.train, BATCH, p=self.drawn)]
        for group in self.optimiser.param_groups:
            warm = min(1.0, (self.steps + 1) / WARM_UP)
            over = min(1.0, self.spent / self.seconds)
            group["lr"] = group["top"] * warm * (0.01 + 0.99 * (1 + math.cos(math.pi * over)) / 2)
        mesh = torch.from_numpy(np.stack([v.points for v in views]))
        head, body = (torch.from_numpy(np.concatenate([pixels(v.regions[k]) for v in views])) for k in (0, 1))
        logits = self.model(self._features(views), mesh, (head, body))
        loss = self._loss(logits, torch.from_numpy(np.stack([v.labels for v in views])))
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        keep = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
        self.steps += 1
        self.spent += time.monotonic() - began
        return float(loss.detach())

    def _features(self, views: list[View]) -> tuple[Tensor, Tensor]:
        """What the frozen blocks make of both crops."""
        both: list[list[NDArray[np.float32]]] = [[], []]
        for one in views:
            for kind, crop in enumerate(one.crops):
                both[kind].append(self.frozen.run(None, {"crop": pixels(crop)})[0])
        head, body = (torch.from_numpy(np.concatenate(kind)) for kind in both)
        return head, body

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        total, start = logits.new_zeros(()), 0
        for number, (field, values) in enumerate(FIELDS.items()):
            target = labels[:, number]
            if bool((target >= 0).any()):
                loss = F.cross_entropy(
                    logits[:, start : start + len(values)],
                    target,
                    self.weights[number],
                    ignore_index=-1,
                    label_smoothing=SMOOTH,
                )
                total = total + FIELD_WEIGHT.get(field, 1.0) * loss
            start += len(values)
        return total

    def save(self, path: Path) -> None:
        """Write the state in one step."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "spent": self.spent,
        }
        stream = io.BytesIO()
        torch.save(state, stream)
        write_bytes(path, stream.getvalue())

    def resume(self, path: Path) -> None:
        """Go on from a saved state."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.spent = state["steps"], state["spent"]

    def averaged(self) -> LooksModel:
        """The net with the average of its weights."""
        model = LooksModel(self.photos.points[self.train])
        model.load_state_dict(self.average)
        return model.eval()


def export(run: Run, output: Path) -> str:
    """Write the net with temperatures from half of the held-out photos; returns how good it is on them."""
    model = run.averaged()
    with torch.no_grad():
        model.head.fields.bias.add_(run.usual)
    held = look(session(to_onnx(model)), run.photos)
    heats = temperatures(held)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(output, to_onnx(model, heats))
    return score(held, heats)


def _weights(labels: NDArray[np.int64]) -> tuple[list[Tensor], NDArray[np.float64]]:
    """Weights of the values of each field in the loss, and how often each photo is drawn."""
    weights, drawn = [], np.ones(len(labels))
    for number, (field, values) in enumerate(FIELDS.items()):
        known = labels[:, number] >= 0
        counts = np.bincount(labels[known, number], minlength=len(values)).clip(3)
        share = counts / counts.sum()
        if field in DRAWN_BY:
            rarity = share**-0.5 / (share**-0.5).min()
            drawn[known] = np.maximum(drawn[known], rarity[labels[known, number]])
        weight = share**-LOSS_POWER
        usual = weight[labels[known, number]].mean() if known.any() else 1.0
        weight = (weight / usual).clip(max=LOSS_MOST)
        weights.append(torch.tensor(weight, dtype=torch.float32))
    drawn = drawn.clip(max=RARE_MOST)
    return weights, drawn / drawn.sum()


def _usual(labels: NDArray[np.int64], weights: list[Tensor], drawn: NDArray[np.float64]) -> Tensor:
    """What to add to the logits so that values are about as likely as they are frequent, not as drawn and weighed.

    ``(V,)``, of all fields one after the other.
    """
    found = []
    for number, weight in enumerate(weights):
        known = labels[:, number] >= 0
        values, counts = labels[known, number], np.ones((2, len(weight)))
        counts[0] += np.bincount(values, minlength=len(weight))
        counts[1] += np.bincount(values, drawn[known] * len(drawn) * weight.numpy()[values], len(weight))
        share = counts / counts.sum(1, keepdims=True)
        found.append(USUAL * np.log(share[0] / share[1]))
    return torch.from_numpy(np.concatenate(found)).float()


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with labels and photos")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the net, *.onnx")
    parser.add_argument("--parts", type=Path, metavar="CSV", help="parts of the kit that suit each photo, by eye")
    parser.add_argument("--run", type=Path, default=Path("runs/looks"), help="folder of the run (default: %(default)s)")
    parser.add_argument("--start", type=Path, metavar="NET", help="begin from an earlier net, *.onnx")
    parser.add_argument("--minutes", type=float, default=60.0, help="of training on one thread (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and views (default: %(default)s)")
    parser.add_argument("--export", action="store_true", help="do not train; write the net of the run as it is")
    parser.add_argument(
        "--merge", type=Path, nargs="+", default=[], metavar="RUN", help="write the mean of its weights and these runs'"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    cv2.setNumThreads(1)
    try:
        photos = load(options.data, options.run / "cache", _progress, options.parts)
        run, state = Run(photos, options.minutes, options.seed, options.start), options.run / "state.pt"
        if state.is_file():
            run.resume(state)
        if options.export or _train(run, state):
            others = [_average(folder / "state.pt") for folder in options.merge]
            run.average = merged([*others, run.average])
            log.info("%s", export(run, options.output))
    except Photo2MoeError as error:
        raise SystemExit(f"Error: {error}") from error


def _train(run: Run, state: Path) -> bool:
    """Train until the time is over or somebody stops it; whether it is over."""
    saved, losses = time.monotonic(), 0.0
    with Interrupt() as interrupt:
        for loss in _steps(run):
            losses = 0.98 * losses + 0.02 * loss if losses else loss
            if run.steps % 50 == 0:
                log.info("views %d, minutes %.1f, loss %.3f", run.steps * BATCH, run.spent / 60, losses)
            if interrupt.asked() or time.monotonic() - saved > SAVE_EVERY:
                run.save(state)
                saved = time.monotonic()
            if interrupt.asked():
                log.info("stopped; the same command goes on")
                return False
    run.save(state)
    return True


def _average(state: Path) -> dict[str, Tensor]:
    """Weights of another run."""
    if not state.is_file():
        raise InputError(f"{state} is no state of a run; name its folder after --merge")
    average: dict[str, Tensor] = torch.load(state, map_location="cpu", weights_only=True)["average"]
    return average


def _steps(run: Run) -> Iterator[float]:
    while run.spent < run.seconds:
        yield run.step()


def _progress(done: int, count: int) -> None:
    if done % 500 == 0 or done == count:
        log.info("photos read: %d of %d", done, count)


if __name__ == "__main__":
    main()
