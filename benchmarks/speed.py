"""How fast photos become avatars, stage by stage, and a folder against a loop.

    python benchmarks/speed.py PHOTOS [--weights FILE] [--rounds 5]

Prints a table: cold start of the command, a loop over a loaded pipeline (the baseline),
its stages, and ``batch`` on the same photos, with ratios to the baseline in the same run;
and the peak memory of the process. Photos are first scaled to 1024 px, the longer side.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from photo2moe.batch import convert_folder
from photo2moe.config import PipelineConfig
from photo2moe.errors import NoFaceError
from photo2moe.imageio import encode_image, list_images, read_image, write_bytes, write_image
from photo2moe.pipeline import load_pipeline

SIDE = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--weights", default=PipelineConfig().weights)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    config = PipelineConfig(weights=arguments.weights)
    with tempfile.TemporaryDirectory() as folder, load_pipeline(config) as pipeline:
        source = Path(folder, "photos")
        source.mkdir()
        for path in sorted(list_images(arguments.photos)):
            photo = read_image(path)
            scale = SIDE / max(photo.shape[:2])
            scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            try:
                pipeline(scaled)  # warm, and out with photos that show nobody
            except NoFaceError:
                continue
            write_image(source / f"{path.name}.jpg", scaled)
        photos = sorted(source.iterdir())
        loops, batches, stages = [], [], {}
        for turn in range(arguments.rounds):  # in turn, so that a drifting machine hits both
            begun = time.perf_counter()
            for path in photos:
                [avatar] = pipeline(read_image(path))
                write_bytes(Path(folder, "loop.png"), encode_image(avatar.image, ".png"))
                for name, seconds in avatar.timings.items():
                    stages.setdefault(name, []).append(seconds)
            loops.append((time.perf_counter() - begun) / len(photos))
            begun = time.perf_counter()
            convert_folder(pipeline, config, source, Path(folder, f"batch{turn}"))
            batches.append((time.perf_counter() - begun) / len(photos))
        begun = time.perf_counter()
        command = [sys.executable, "-m", "photo2moe", "convert", str(photos[0]), "-o", str(Path(folder, "cold.png"))]
        subprocess.run([*command, "--weights", arguments.weights], check=True, capture_output=True)
        cold = time.perf_counter() - begun
    loop, batch = statistics.median(loops), statistics.median(batches)
    rows = [("cold convert", cold), ("loop, a photo", loop)]
    rows += [(f"  {name}", statistics.median(seconds)) for name, seconds in stages.items()]
    rows += [("  read, encode, write", loop - sum(statistics.mean(s) for s in stages.values()))]
    rows += [("batch, a photo", batch)]
    sys.stdout.write(f"{len(photos)} photos, {arguments.rounds} rounds, medians\n")
    for name, seconds in rows:
        sys.stdout.write(f"{name:24}{seconds * 1000:8.0f} ms{seconds / loop:8.2f} × loop\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{'peak memory':24}{peak:8.0f} MB\n")


if __name__ == "__main__":
    main()
