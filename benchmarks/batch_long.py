"""Whether `photo2moe batch` keeps its rate and its memory over many photos.

    python benchmarks/batch_long.py [--photos 10000] [--weights moe] [--out curves.png]

Makes so many small photos out of those of the tests, each a little different, converts them by the
command, and looks at its processes once in five seconds. Draws the rate and the memory over time, prints both,
runs the command again on what is done, and exits with 1 if an avatar is missing or twice in the report, or if
the memory of the last third is more than a tenth above that of the middle one.

By default with the tiny weights of the tests and small avatars: it is about what happens over time.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageDraw

from photo2moe.imageio import encode_image, read_image

ROOT = Path(__file__).parent.parent
PHOTOS = ("tests/data/man.jpg", "tests/data/woman.jpg", "examples/selfie.jpg")
LOOK = 5.0  # seconds between two looks
PANEL = (1000, 260)  # pixels of each of the two charts
MARGIN = 60


def make_photos(folder: Path, count: int, side: int) -> None:
    """Photos with a face each: mirrored, cut, brighter or darker."""
    folder.mkdir()
    random = np.random.default_rng(1)
    whole = []
    for name in PHOTOS:
        photo = read_image(ROOT / name)
        scale = side / max(photo.shape[:2])
        whole.append(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    for number in range(count):
        photo = whole[number % len(whole)]
        top, left = (int(random.integers(0, side // 16)) for _ in range(2))
        photo = photo[top:, left:]
        if random.random() < 0.5:
            photo = photo[:, ::-1]
        photo = np.clip(photo * random.uniform(0.75, 1.2), 0, 255).astype(np.uint8)
        below = folder / f"{number // 1000:03}"
        below.mkdir(exist_ok=True)
        (below / f"{number:06}.jpg").write_bytes(encode_image(photo, ".jpg", quality=88, marked=False))


def memory_of(parent: int) -> float:
    """MB of a process and its children, pages that they share counted once."""
    children = collections.defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
        except OSError:
            continue  # gone
    family, total = [parent], 0
    while family:
        process = family.pop()
        family += children[process]
        try:
            total += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text())[1])
        except (OSError, TypeError):
            continue
    return total / 1024


def run(command: list[str]) -> tuple[list[tuple[float, int, float]], list[str]]:
    """Run the command; seconds, photos done and MB at every look, and the photos in the order they were done."""
    names: list[str] = []
    looks = [(0.0, 0, 0.0)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:

        def listen() -> None:
            names.extend(json.loads(line)["photo"] for line in process.stdout if '"ok"' in line)

        listener = threading.Thread(target=listen)
        listener.start()
        begun = time.perf_counter()
        while process.poll() is None:
            try:
                process.wait(LOOK)
            except subprocess.TimeoutExpired:
                looks.append((time.perf_counter() - begun, len(names), memory_of(process.pid)))
        listener.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return looks, names


def chart(path: Path, title: str, curves: list[tuple[str, list[float]]], seconds: float) -> None:
    """Draw curves over time, each in a panel from zero to a third above its highest."""
    width, height = PANEL
    picture = PIL.Image.new("RGB", (width, height * len(curves) + 30), "white")
    draw = PIL.ImageDraw.Draw(picture)
    draw.text((MARGIN, 8), title, "black")
    for number, (label, values) in enumerate(curves):
        top, bottom = 30 + number * height + 20, 30 + (number + 1) * height - 30
        highest = max(values) * 4 / 3 or 1.0
        for share in (0, 0.25, 0.5, 0.75, 1):
            y = bottom - share * (bottom - top)
            draw.line((MARGIN, y, width - 20, y), "#dddddd")
            draw.text((8, y - 6), f"{share * highest:.3g}", "black")
            x = MARGIN + share * (width - 20 - MARGIN)
            draw.text((x - 20, bottom + 6), f"{share * seconds:.0f} s", "black")
        points = [
            (MARGIN + i * (width - 20 - MARGIN) / max(1, len(values) - 1), bottom - v / highest * (bottom - top))
            for i, v in enumerate(values)
        ]
        draw.line(points, "#c03070", 2)
        draw.text((MARGIN, top - 16), label, "black")
    picture.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=256, help="of the photos, pixels")
    parser.add_argument("--size", type=int, default=128, help="of the avatars, pixels")
    parser.add_argument("--weights", default=str(ROOT / "tests/data/tiny.safetensors"))
    parser.add_argument("--out", type=Path, default=Path("batch_long.png"))
    parser.add_argument("--scratch", type=Path, help="where to put the photos; some 300 MB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.scratch) as name:
        source, target = Path(name, "photos"), Path(name, "avatars")
        make_photos(source, given.photos, given.side)
        command = [sys.executable, "-m", "photo2moe", "batch", str(source), "-o", str(target), "--json"]
        command += ["--weights", given.weights, "--size", str(given.size)]
        looks, names = run(command)
        begun = time.perf_counter()
        subprocess.run(command[:-5] + command[-4:], check=True)
        again = time.perf_counter() - begun
        rows = [json.loads(line) for line in (target / "report.jsonl").read_text().splitlines()]
        rows = [row["photo"] for row in rows if row["status"] == "ok"]
        avatars = sum(len(files) for _, _, files in os.walk(target)) - 1
    whole = len(names) == len(set(rows)) == len(rows) == avatars == given.photos
    raise SystemExit(report(given, looks, again, whole=whole))


def report(given: argparse.Namespace, looks: list[tuple[float, int, float]], again: float, *, whole: bool) -> int:
    """Print and draw what was seen; return the exit code."""
    say = sys.stdout.write
    span = max(1, len(looks) // 50)  # looks over which a rate is taken
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(looks, looks[span:], strict=False)]
    memory = [mb for _, _, mb in looks[1:]]
    first = next((at for at, done, _ in looks if done), 0.0)
    third = len(looks) // 3
    middle, last = statistics.median(memory[third : 2 * third]), statistics.median(memory[2 * third :])
    middle_rate, last_rate = statistics.median(rates[third : 2 * third]), statistics.median(rates[2 * third : -span])
    title = f"photo2moe batch, {given.photos} photos of {given.side} px, {Path(given.weights).name}"
    curves = [("photos a second", rates), ("memory of all processes, MB", memory)]
    chart(given.out, title, curves, looks[-1][0])
    say(f"{title}, {len(os.sched_getaffinity(0))} processors\n")
    say(f"{'first avatar':24}within {first:.0f} s\n")
    say(f"{'all of them':24}{looks[-1][0]:.0f} s, {looks[-1][1] / looks[-1][0]:.2f} photos a second\n")
    say(f"{'rate':24}{middle_rate:.2f} a second in the middle third, {last_rate:.2f} in the last\n")
    say(f"{'memory':24}{middle:.0f} MB in the middle third, {last:.0f} MB in the last, {max(memory):.0f} MB at most\n")
    say(f"{'the same again':24}{again:.1f} s, nothing to do\n")
    say(f"{'none lost, none twice':24}{'yes' if whole else 'NO'}\n")
    say(f"{'curves':24}{given.out}\n")
    return int(not whole or last > 1.1 * middle)


if __name__ == "__main__":
    main()
