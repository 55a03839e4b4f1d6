"""Where the time of a photo goes, what the floor is, and what `batch` makes of the machine.

    python benchmarks/speed.py [PHOTOS] [--weights NAME] [--count 60] [--rounds 3]

First every stage in this process, on one thread, in milliseconds of processor time, beside its floor: the part that a
library does, called alone on the same pictures. For the net that is its arithmetic over the rate at which this
machine multiplies matrices. Processor time hardly changes while others use the machine; the rates that follow do:

a loop over a loaded pipeline in one process, with as many threads as its libraries like; `photo2moe batch` on all
processors, and on one of them. Loops and batches take turns, and photos made before all workers are at work do not
count. Photos are scaled to 1024 px; without PHOTOS those of the tests are taken.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import torch

from photo2moe.config import PipelineConfig
from photo2moe.errors import NoFaceError
from photo2moe.imageio import encode_image, list_images, read_image, write_bytes, write_image
from photo2moe.pipeline import Pipeline, load_pipeline

ROOT = Path(__file__).parent.parent
SIDE = 1024
OWN = ("tests/data/man.jpg", "tests/data/woman.jpg", "examples/selfie.jpg")


def cost(do: Callable[[], object], times: int = 5) -> float:
    """Milliseconds of processor time, of all threads; the median of some calls after a first one."""
    do()
    spent = []
    for _ in range(times):
        begun = time.process_time()
        do()
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def stages(pipeline: Pipeline, path: Path, scratch: Path) -> dict[str, tuple[float, float]]:
    """Cost and floor of each stage for one photo, milliseconds."""
    config, data = pipeline.config, path.read_bytes()
    photo = read_image(path)
    faces = pipeline.choose(photo, config)
    subjects = [pipeline.measure(photo, faces[0])]
    drawings = pipeline.draw(photo, subjects, config)
    large = pipeline.upscale(drawings[0].cutout, config.size)
    [avatar] = pipeline.compose(photo, drawings, config)
    encoded = encode_image(avatar.image, ".png")
    upscale = cost(lambda: pipeline.upscale(drawings[0].cutout, config.size))
    near, far, mesh, segment = (
        pipeline.detect._near,
        pipeline.detect._far,
        pipeline.detect._mesh,
        pipeline.matte._graph,
    )
    shrunk = cv2.resize(photo, None, fx=0.625, fy=0.625, interpolation=cv2.INTER_AREA)
    crop, square = cv2.resize(photo, (384, 384)), cv2.resize(photo, (512, 512))
    cutout = drawings[0].cutout

    def decode() -> None:
        np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB"))

    def look() -> None:
        for graph in (near, far):
            graph.process(shrunk)
        mesh.process(crop)

    def double() -> None:
        side, colours = cutout.shape[0], [np.ascontiguousarray(cutout[..., c]) for c in range(4)]
        while side < config.size and side <= 512:
            if side <= 256:
                colours = [pipeline.upscale._double(channel, 2.0) for channel in colours]
            else:
                pipeline.upscale._double(np.ascontiguousarray(np.dstack(colours[:3])), 2.0)
            side *= 2

    def lay() -> None:
        matrix = np.array([[1, 0, 3.0], [0, 1, 4.0]])
        behind = cv2.warpAffine(photo, matrix, (config.size, config.size))
        plate = cv2.resize(crop, (config.size, config.size), interpolation=cv2.INTER_CUBIC)
        alpha = large[..., 3].astype(np.float32) / 255
        cv2.blendLinear(plate, behind, alpha, 1 - alpha)

    def png() -> None:
        cv2.imencode(".png", avatar.image, [cv2.IMWRITE_PNG_COMPRESSION, 1])

    compose = cost(lambda: pipeline.compose(photo, drawings, config)) - upscale
    return {
        "read": (cost(lambda: read_image(path)), cost(decode)),
        "detect": (cost(lambda: pipeline.choose(photo, config)), cost(look)),
        "matte, colours, glasses": (
            cost(lambda: pipeline.measure(photo, faces[0])),
            cost(lambda: segment.process(square)),
        ),
        "rough, net, recolour": (cost(lambda: pipeline.draw(photo, subjects, config)), net_floor(config)),
        "upscale": (upscale, cost(double)),
        "composite": (compose, cost(lay)),
        "encode": (cost(lambda: encode_image(avatar.image, ".png")), cost(png)),
        "write": (
            cost(lambda: write_bytes(scratch / "a.png", encoded)),
            cost(lambda: (scratch / "b.png").write_bytes(encoded)),
        ),
    }


def net_floor(config: PipelineConfig) -> float:
    """The net's arithmetic over the rate at which one thread multiplies matrices, milliseconds."""
    from torch.utils.flop_counter import FlopCounterMode

    from photo2moe.checkpoint import load_generator
    from photo2moe.weights import resolve

    generator = load_generator(resolve(config.weights)).generator
    side = generator.config.size
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        generator(torch.zeros(1, 4, side, side), torch.zeros(1, 9))
    matrix = torch.randn(1024, 1024)
    with torch.inference_mode():
        rate = 2 * 1024**3 / min(cost(lambda: matrix @ matrix, 3) for _ in range(3))
    return counter.get_total_flops() / rate


def one_thread(given: argparse.Namespace, photos: list[Path], scratch: Path) -> None:
    """Print the table of stages."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with load_pipeline(PipelineConfig(weights=given.weights)) as pipeline:
        tables = [stages(pipeline, path, scratch) for path in photos]
    sys.stdout.write(f"{'one thread, processor time':28}{'ms':>8}{'floor':>8}\n")
    sums = np.zeros(2)
    slowest = 0.0
    for name in tables[0]:
        here = np.array([statistics.mean(table[name][i] for table in tables) for i in (0, 1)])
        sys.stdout.write(f"  {name:26}{here[0]:8.1f}{here[1]:8.1f}\n")
        sums += here
        slowest = max(slowest, here[1])
    cores = len(os.sched_getaffinity(0))
    sys.stdout.write(f"  {'all':26}{sums[0]:8.1f}{sums[1]:8.1f}\n")
    sys.stdout.write(f"{'the floors make':28}{1000 * cores / sums[1]:8.2f} photos a second on {cores} processors\n")
    sys.stdout.write(f"{'the slowest alone makes':28}{1000 * cores / slowest:8.2f}\n")
    sys.stdout.flush()


def batch(source: Path, target: Path, weights: str, processors: set[int]) -> float:
    """Photos a second of the command on these processors, from where all its workers are at work."""
    command = [sys.executable, "-m", "photo2moe", "batch", str(source), "-o", str(target), "--json"]
    times = []
    with subprocess.Popen(
        [*command, "--weights", weights],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
    ) as process:
        times = [time.perf_counter() for line in process.stdout if json.loads(line)["status"] == "ok"]
    warm, cool = len(times) // 3, 3 * len(processors)  # the last photos may leave a worker without any
    return (len(times) - cool - warm) / (times[-cool] - times[warm])


def loop(pipeline: Pipeline, photos: list[Path], scratch: Path) -> float:
    """Photos a second of a loop in this process."""
    begun = time.perf_counter()
    for path in photos:
        [avatar] = pipeline(read_image(path))
        write_bytes(scratch / "loop.png", encode_image(avatar.image, ".png"))
    return len(photos) / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--weights", default=PipelineConfig().weights)
    parser.add_argument("--count", type=int, default=60, help="photos of a batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", action="store_true", help="the table of stages alone")
    given = parser.parse_args()
    every = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with load_pipeline(PipelineConfig(weights=given.weights)) as pipeline:
            photos = scaled(pipeline, given.photos, scratch)
            source = scratch / "batch"
            source.mkdir()
            for number in range(given.count):
                shutil.copy(photos[number % len(photos)], source / f"{number:04}.jpg")
            rates: dict[str, list[float]] = {"loop": [], "batch": [], "one": []}
            for turn in range(0 if given.stages else given.rounds):  # in turn, so that a drifting machine hits all
                rates["loop"].append(loop(pipeline, sorted(source.iterdir())[: given.count // 2], scratch))
                rates["batch"].append(batch(source, scratch / f"all{turn}", given.weights, set(every)))
                rates["one"].append(batch(source, scratch / f"one{turn}", given.weights, {every[0]}))
        one_thread(given, photos, scratch)
    if not given.stages:
        report({name: statistics.median(values) for name, values in rates.items()}, len(every))


def scaled(pipeline: Pipeline, folder: Path | None, scratch: Path) -> list[Path]:
    """The photos that show somebody, at 1024 px."""
    photos = []
    for path in sorted(list_images(folder)) if folder else [ROOT / name for name in OWN]:
        photo = read_image(path)
        scale = SIDE / max(photo.shape[:2])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        try:
            pipeline(photo)
        except NoFaceError:
            continue
        photos.append(scratch / f"{path.name}.jpg")
        write_image(photos[-1], photo)
    return photos


def report(rates: dict[str, float], cores: int) -> None:
    say = sys.stdout.write
    say(f"{'loop in one process':28}{rates['loop']:8.2f} photos a second\n")
    many, one = rates["batch"], rates["one"]
    say(f"{f'batch, {cores} processors':28}{many:8.2f}   {many / rates['loop']:.2f} × loop, the goal is 2\n")
    say(f"{'batch, 1 processor':28}{one:8.2f}   {many / one:.2f} × as fast on {cores}, the goal is 1.7\n")
    say(f"{'peak of this process':28}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB\n")


if __name__ == "__main__":
    main()
