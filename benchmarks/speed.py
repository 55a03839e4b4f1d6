"""How soon and how fast photos become avatars, where the time goes, and what the floor is.

    python benchmarks/speed.py [PHOTOS] [--weights NAME] [--count 36] [--rounds 2]     # some three minutes for 12

The cold start is `photo2moe convert` from the shell, to its end. The rates are those of a loop over a loaded pipeline
in this process, with as many threads as its libraries like, of `photo2moe batch --workers 1`, of `photo2moe batch`
kept to a single processor, and of `photo2moe batch` as it comes; they take turns, and photos made before all workers
are at work do not count. They need an idle machine.

Then every stage in this process, on one thread, in milliseconds of processor time, beside its floor: the part that a
library does, called alone on the same pictures. For the net that is its arithmetic over the rate at which this
machine multiplies matrices. Processor time hardly changes while others use the machine.

Photos are scaled to 1024 px; without PHOTOS those of the tests are taken.
"""

from __future__ import annotations

import argparse
import io
import json
import os
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
from batch_long import memory_of

from photo2moe.bulk.machine import best_workers
from photo2moe.config import PipelineConfig
from photo2moe.errors import NoFaceError
from photo2moe.imageio import encode_image, list_images, read_image, write_bytes, write_image
from photo2moe.pipeline import Pipeline, load_pipeline

ROOT = Path(__file__).parent.parent
SIDE = 1024
OWN = ("tests/data/man.jpg", "tests/data/woman.jpg", "examples/selfie.jpg")


def cost(do: Callable[[], object], times: int = 3) -> float:
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
    half = len(drawings[0].cutout) // 2
    blocks = np.zeros((1, 16, half, half), np.float32)

    def decode() -> None:
        np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB"))

    def look() -> None:
        for graph in (near, far):
            graph.process(shrunk)
        mesh.process(crop)

    def enlarge() -> None:  # the net of the upscaler, and nothing around it
        pipeline.upscale._net.setInput(blocks)
        pipeline.upscale._net.forward()

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
        "upscale": (upscale, cost(enlarge)),
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


def one_thread(given: argparse.Namespace, photos: list[Path], scratch: Path) -> dict[str, tuple[float, float]]:
    """Cost and floor of each stage, mean over the photos, milliseconds."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with load_pipeline(PipelineConfig(weights=given.weights)) as pipeline:
        tables = [stages(pipeline, path, scratch) for path in photos]
    return {
        name: (statistics.mean(table[name][0] for table in tables), statistics.mean(table[name][1] for table in tables))
        for name in tables[0]
    }


def cold(photo: Path, scratch: Path, weights: str) -> tuple[float, float]:
    """Seconds from the shell to the avatar and back, and the most MB of the process without its decoder."""
    command = [sys.executable, "-m", "photo2moe", "convert", str(photo), "-o", str(scratch / "cold.png")]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--weights", weights], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def batch(source: Path, target: Path, weights: str, workers: int, processors: int = 0) -> tuple[float, float]:
    """Photos a second of the command from where all its workers are at work, and its MB, of all its processes.

    Args:
        source, target, weights: its arguments.
        workers: 0 for as many as it likes.
        processors: that it may use; 0 for all.
    """
    command = [sys.executable, "-m", "photo2moe", "batch", str(source), "-o", str(target), "--json"]
    command += ["--workers", str(workers)] if workers else []
    count, all_of_them = len(list(source.iterdir())), os.sched_getaffinity(0)
    lanes = workers or min(best_workers(), processors or len(all_of_them))
    warm, cool = count // 3, min(count // 3, 3 * lanes)  # the last photos may leave a worker without any
    times, memory = [], 0.0
    if processors:  # children inherit them
        os.sched_setaffinity(0, sorted(all_of_them)[:processors])
    with subprocess.Popen(
        [*command, "--weights", weights], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        os.sched_setaffinity(0, all_of_them)
        for line in process.stdout:
            if json.loads(line)["status"] == "ok":
                times.append(time.perf_counter())
                if len(times) == count - cool + 2:  # what counts is over
                    memory = memory_of(process.pid)
    if len(times) != count:
        raise SystemExit(f"{' '.join(command)} made {len(times)} avatars of {count} photos")
    return (count - cool - warm) / (times[-cool] - times[warm]), memory


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
    parser.add_argument("--count", type=int, default=36, help="photos of a batch, best 12 or more a processor")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stages", action="store_true", help="the table of stages alone")
    given = parser.parse_args()
    rounds = 0 if given.stages else given.rounds
    figures: dict[str, list[tuple[float, float]]] = {"cold": [], "loop": [], "one": [], "core": [], "all": []}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with load_pipeline(PipelineConfig(weights=given.weights)) as pipeline:
            photos = scaled(pipeline, given.photos, scratch)
            source = scratch / "batch"
            source.mkdir()
            for number in range(given.count):
                shutil.copy(photos[number % len(photos)], source / f"{number:04}.jpg")
            some = sorted(source.iterdir())[: max(1, given.count // 3)]
            for turn in range(rounds):  # in turn, so that a drifting machine hits all
                figures["cold"].append(cold(photos[0], scratch, given.weights))
                figures["loop"].append((loop(pipeline, some, scratch), memory_of(os.getpid())))
                figures["one"].append(batch(source, scratch / f"one{turn}", given.weights, 1))
                figures["core"].append(batch(source, scratch / f"core{turn}", given.weights, 0, 1))
                figures["all"].append(batch(source, scratch / f"all{turn}", given.weights, 0))
        if rounds:
            medians = {key: tuple(map(statistics.median, zip(*each, strict=True))) for key, each in figures.items()}
            report(medians)
        table = one_thread(given, photos, scratch)
    report_stages(table, medians["all"][0] if rounds else None)


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


def report(figures: dict[str, tuple[float, ...]]) -> None:
    say, (seconds, memory) = sys.stdout.write, figures["cold"]
    say(f"{'cold start of convert':28}{seconds:8.2f} s              {memory:6.0f} MB\n")
    rates = {
        "loop": "loop over convert",
        "one": "batch, one worker",
        "core": "batch on one processor",
        "all": f"batch, {best_workers()} by default",
    }
    for key, label in rates.items():
        rate, memory = figures[key]
        shares = f"   {rate / figures['loop'][0]:.2f} × loop, {rate / figures['core'][0]:.2f} × one processor"
        say(f"{label:28}{rate:8.2f} photos a second{memory:6.0f} MB{shares if key == 'all' else ''}\n")
    sys.stdout.flush()


def report_stages(table: dict[str, tuple[float, float]], rate: float | None) -> None:
    """Print the table, and how near the rate of batch comes to what the floors allow."""
    say, cores = sys.stdout.write, len(os.sched_getaffinity(0))
    costs, floors = (sum(row[i] for row in table.values()) for i in (0, 1))
    slowest = max(table, key=lambda name: table[name][1])
    say(f"{'one thread, processor time':28}{'ms':>8}{'floor':>8}{'over the slowest floor':>26}\n")
    for name, (ms, floor) in [*table.items(), ("all", (costs, floors))]:
        say(f"  {name:26}{ms:8.1f}{floor:8.1f}{ms / table[slowest][1]:26.2f}\n")
    for label, floor in (("the floors make", floors), (f"that of {slowest} alone", table[slowest][1])):
        most = 1000 * cores / floor
        share = f"   batch makes {rate / most:.2f} of it" if rate else ""
        say(f"{label:28}{most:8.2f} photos a second on {cores} processors{share}\n")


if __name__ == "__main__":
    main()
