"""How long the net takes to draw one person, beside the generator of CycleGAN.

    python benchmarks/net.py [PHOTOS] [--weights NAME] [--threads 2] [--rounds 15]     # needs photo2moe[export]

Ours in fp32 and in 8-bit integers, calibrated on PHOTOS (those of the tests without them), and the ResNet of nine
blocks at 256 px (Zhu et al., *Unpaired image-to-image translation*, ICCV 2017, appendix 7.2) with random weights, which
take as long as any. All run on ONNX Runtime and take turns, so that a drifting machine hits all alike; given are
medians.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from photo2moe.config import PipelineConfig
from photo2moe.export import export, export_int8
from photo2moe.weights import resolve

PHOTOS = Path(__file__).parent.parent / "tests" / "data"
SIDE = 256


class Block(nn.Module):
    """Two convolutions added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = []
        for _ in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x)


def resnet() -> nn.Module:
    """c7s1-64, d128, d256, R256 × 9, u128, u64, c7s1-3."""

    def up(inputs: int, outputs: int) -> nn.Module:
        return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)

    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, 64, 7), nn.InstanceNorm2d(64), nn.ReLU()]
    for width in (64, 128):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.ReLU()]
    layers += [Block(256) for _ in range(9)]
    for width in (256, 128):
        layers += [up(width, width // 2), nn.InstanceNorm2d(width // 2), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh()).eval()


def runner(path: Path, threads: int) -> Callable[[], object]:
    """A function that runs a net once, on noise."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the others' turn would pay for it
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random, given = np.random.default_rng(0), {}
    for put in session.get_inputs():
        shape = [side if isinstance(side, int) else 1 for side in put.shape]
        given[put.name] = random.random(shape, np.float32) * 2 - 1
    return lambda: session.run(None, given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?", default=PHOTOS)
    parser.add_argument("--weights", default=PipelineConfig().weights)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.onnx") for name in ("fp32", "int8", "resnet")}
        apart = export(resolve(arguments.weights), paths["fp32"])
        levels = export_int8(resolve(arguments.weights), paths["int8"], arguments.photos)
        torch.onnx.export(resnet(), (torch.zeros(1, 3, SIDE, SIDE),), paths["resnet"], dynamo=False)
        nets = {name: runner(path, arguments.threads) for name, path in paths.items()}
        spent: dict[str, list[float]] = {name: [] for name in nets}
        for turn in range(arguments.rounds + 2):
            for name, run in nets.items():
                begun = time.perf_counter()
                run()
                if turn >= 2:  # the first ones are slower
                    spent[name].append(time.perf_counter() - begun)
        median = {name: 1000 * float(np.median(times)) for name, times in spent.items()}
        sizes = {name: path.stat().st_size / 1e6 for name, path in paths.items()}
    say = sys.stdout.write
    say(f"one person of {SIDE} px, ONNX Runtime, {arguments.threads} threads, median of {arguments.rounds}\n")
    for name, label in (("fp32", "ours, fp32"), ("int8", "ours, int8"), ("resnet", "CycleGAN, 9 blocks")):
        faster = median["resnet"] / median[name]
        say(f"{label:20}{median[name]:8.1f} ms{sizes[name]:8.1f} MB   {faster:5.1f} × as fast\n")
    say(f"fp32 against PyTorch: {apart:.1e} of 2; int8 against fp32: {levels:.1f} grey levels on average\n")


if __name__ == "__main__":
    main()
