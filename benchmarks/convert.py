"""What one avatar costs: warm, cold, and in memory, beside another checkout in the same run.

    python benchmarks/convert.py [PHOTO] [--against DIR] [--rounds 5]

Warm is a loaded pipeline that converts the photo once more; cold is the command from the shell, to its end; memory is
the most that the command's process held. With the path of another checkout that has its own ``.venv``, both take turns
round by round, so that a drifting machine hits both, and ratios are printed: ours over theirs. Then drawing alone, at
1024 and 256 pixels, beside a PNG encoding of the same picture. Medians; run it on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
SIZES = (1024, 256)
KEYS = {"warm": "s", "warm processor time": "s", "cold": "s", "cold processor time": "s", "memory": "MB"}
# Runs in either checkout, so it knows only what both have.
WARM = """
import sys, time
from photo2moe.imageio import read_image
from photo2moe.pipeline import load_pipeline
photo = read_image(sys.argv[1])
with load_pipeline() as pipeline:
    for _ in range(2):
        pipeline(photo)
    for _ in range(3):
        wall, processor = time.perf_counter(), time.process_time()
        pipeline(photo)
        print(time.perf_counter() - wall, time.process_time() - processor)
"""


def measure(checkout: Path, photo: Path, scratch: Path) -> dict[str, float]:
    """One warm and one cold conversion by the Python of a checkout."""
    python = checkout / ".venv" / "bin" / "python"
    command = [str(python if python.exists() else Path(sys.executable))]
    few = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(checkout)}  # as the command sets it
    warm = subprocess.run(
        [*command, "-c", WARM, str(photo)],
        env=os.environ | few,
        cwd=scratch,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [tuple(map(float, line.split())) for line in warm.stdout.splitlines()]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-m", "photo2moe", "convert", str(photo), "-o", str(scratch / "cold.png")],
        env=os.environ | few,
        cwd=scratch,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"convert of {checkout} ended with {process.returncode}")
    return {
        "warm": min(wall for wall, _ in pairs),
        "warm processor time": min(processor for _, processor in pairs),
        "cold": time.perf_counter() - begun,
        "cold processor time": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }


def cost(do: Callable[[], object], times: int = 9) -> float:
    """Milliseconds of processor time; the median of some calls after a first one."""
    do()
    spent = []
    for _ in range(times):
        begun = time.process_time()
        do()
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def drawing(photo: Path) -> dict[int, tuple[float, float]]:
    """Milliseconds of drawing the photo's person without the net, and of encoding that as PNG, by size."""
    from photo2moe.character.describe import load_describer
    from photo2moe.imageio import encode_image, read_image
    from photo2moe.kit.loader import load_kit
    from photo2moe.pen.portrait import draw_scene
    from photo2moe.pen.raster import raster
    from photo2moe.stages.detect import FaceDetector

    picture, kit = read_image(photo), load_kit()
    with FaceDetector() as detect:
        who = load_describer()(picture, detect(picture)[0])
    found = {}
    for size in SIZES:
        drawn = raster(draw_scene(who, kit), size)
        draw = cost(lambda size=size: raster(draw_scene(who, kit), size))
        found[size] = draw, cost(lambda drawn=drawn: encode_image(drawn, ".png"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?", default=ROOT / "examples" / "selfie.jpg")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout, with its own .venv")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    checkouts = [ROOT, *([given.against.resolve()] if given.against else [])]
    figures: list[list[dict[str, float]]] = [[] for _ in checkouts]
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(given.rounds):
            for checkout, rows in zip(checkouts, figures, strict=True):
                rows.append(measure(checkout, given.photo.resolve(), Path(scratch)))
    say = sys.stdout.write
    for key, unit in KEYS.items():
        values = [statistics.median(row[key] for row in rows) for rows in figures]
        ratio = f"   {values[0] / values[1]:.2f} × {values[1]:.2f} {unit}" if given.against else ""
        say(f"{key:24}{values[0]:8.2f} {unit}{ratio}\n")
    for size, (draw, encode) in drawing(given.photo).items():
        say(f"{f'draw at {size} px':24}{draw:8.1f} ms   PNG of it {encode:.1f} ms\n")
    say(f"load of the machine     {os.getloadavg()[0]:8.2f}\n")


if __name__ == "__main__":
    main()
