"""How much memory the program takes: one huge photo, a thousand in a row, four processes at once.

    python benchmarks/memory.py [--photos 1000] [--megapixels 100] [--out benchmarks/memory.svg]

Runs 'photo2moe convert' and 'batch' as a user does, the latter with one worker, with the
shipped weights, and adds up the memory of the process and of those below it, which decode and
draw, twice a second: the share of each page that is theirs (PSS), so that what processes share
counts once. No other program may run from the same environment meanwhile: it would share, too.
Draws the curve of the thousand as an SVG. Exits with 1 if it grows by 5 % or more after the
first 50 photos, or the huge photo takes more than the limit that SECURITY.md states. Linux
only.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import PIL.Image

ROOT = Path(__file__).resolve().parent.parent
SELFIE = ROOT / "examples" / "selfie.jpg"
DATA = ROOT / "tests" / "data"
EVERY = 0.5  # seconds between looks
SETTLED = 50  # photos after which everything is loaded and every buffer has its size
GROWTH = 0.05
HUGE_LIMIT = 2000  # MB for 100 megapixels, as SECURITY.md says


@dataclass
class Sample:
    """Seconds since the start, photos done, memory in MB."""

    seconds: float
    done: int
    memory: float


def pss(pid: int) -> float:
    """MB of a process and of its children, each page by its share; 0 once it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        own = sum(int(n) for n in re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for thread in Path(f"/proc/{pid}/task").iterdir():  # the decoder may belong to any thread
            if thread.name != str(pid):
                children += (thread / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return own + sum(pss(int(child)) for child in children)


def watch(processes: list[subprocess.Popen[bytes]], report: Path | None = None) -> list[Sample]:
    """Look at processes until all have ended."""
    begun, samples = time.perf_counter(), []
    while any(process.poll() is None for process in processes):
        done = report.read_bytes().count(b'"status": "ok"') if report and report.exists() else 0
        samples.append(Sample(time.perf_counter() - begun, done, sum(pss(p.pid) for p in processes)))
        time.sleep(EVERY if len(samples) > 20 else EVERY / 5)
    for process in processes:
        if process.wait():
            sys.exit(f"{process.args!r} exits with {process.returncode}")
    return samples


def start(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "photo2moe", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def make_photos(folder: Path, count: int) -> None:
    """Photos of 300 to 400 px, of other sizes each, so that no buffer fits by chance."""
    folder.mkdir()
    faces = [PIL.Image.open(DATA / f"{name}.jpg").convert("RGB") for name in ("man", "woman")]
    for number in range(count):
        side = 300 + number * 37 % 101
        faces[number % 2].resize((side, side)).save(folder / f"{number:04}.jpg", quality=90)


def draw(samples: list[Sample], path: Path, growth: float) -> None:
    """Memory over photos as an SVG."""
    width, height, left, bottom = 720, 300, 60, 40
    points = [s for s in samples if s.memory]
    top = max(s.memory for s in points) * 1.15
    last = max(1, points[-1].done)

    def x(done: float) -> float:
        return left + (width - left - 20) * done / last

    def y(memory: float) -> float:
        return height - bottom - (height - bottom - 20) * memory / top

    step = 100 if top < 800 else 250
    lines = [
        f'<line x1="{left}" x2="{width - 20}" y1="{y(m):.1f}" y2="{y(m):.1f}" stroke="#ddd"/>'
        f'<text x="{left - 8}" y="{y(m) + 4:.1f}" text-anchor="end">{m}</text>'
        for m in range(0, int(top), step)
    ]
    lines += [
        f'<text x="{x(n):.1f}" y="{height - bottom + 18}" text-anchor="middle">{n}</text>'
        for n in range(0, last + 1, max(1, last // 5))
    ]
    curve = " ".join(f"{x(s.done):.1f},{y(s.memory):.1f}" for s in points)
    words = f"memory, MB, over photos done; {100 * growth:+.1f} % after the first {SETTLED}"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(lines)}'
        f'<text x="{left}" y="14">{words}</text>'
        f'<polyline points="{curve}" fill="none" stroke="#3060c0" stroke-width="1.5"/></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--megapixels", type=int, default=100)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "memory.svg")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make_photos(place / "in", given.photos)
        side = round((given.megapixels * 1e6) ** 0.5)
        PIL.Image.open(SELFIE).resize((side, side)).save(place / "huge.jpg", quality=85)
        peak = max(s.memory for s in watch([start("convert", SELFIE, "-o", place / "small.png")]))
        say(f"one selfie                 {peak:6.0f} MB")
        huge = max(s.memory for s in watch([start("convert", place / "huge.jpg", "-o", place / "huge.png")]))
        say(f"one of {side}×{side} pixels  {huge:6.0f} MB")
        four = [start("convert", SELFIE, "-o", place / f"{n}.png") for n in range(4)]
        say(f"four processes at once     {max(s.memory for s in watch(four)):6.0f} MB")
        row = start("batch", place / "in", "-o", place / "out", "--size", "128", "--workers", "1")
        samples = watch([row], place / "out" / "report.jsonl")
    early = statistics.median(s.memory for s in samples if SETTLED <= s.done < 2 * SETTLED and s.memory)
    late = statistics.median(s.memory for s in samples if s.done >= 0.9 * given.photos and s.memory)
    growth = late / early - 1
    say(f"{given.photos:4} photos in a row       {max(s.memory for s in samples):6.0f} MB at most")
    say(f"  photos {SETTLED} to {2 * SETTLED}         {early:6.0f} MB")
    say(f"  the last tenth           {late:6.0f} MB, {100 * growth:+.1f} %")
    draw(samples, given.out, growth)
    sys.exit(growth >= GROWTH or huge > HUGE_LIMIT * given.megapixels / 100)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
