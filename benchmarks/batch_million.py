"""How soon the first avatar of a folder of a million names is there, and what the names cost.

    python benchmarks/batch_million.py [--names 1000000]

Puts so many links to one photo into one folder, starts `photo2moe batch` on it with one worker, waits for ten
avatars and ends it. Then writes the report of a run that did all of them but a few, and starts it again. Prints the
time to the first avatar beside that of a folder of ten photos, and the memory of the main process at its most.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from batch_long import ROOT

ENOUGH = 10
LINKS = 60_000  # of one file; file systems allow not many more


def fill(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        if number % LINKS == 0:
            origin = folder / f"{number:07}.jpg"
            shutil.copy(ROOT / "tests/data/man.jpg", origin)
        else:
            os.link(origin, folder / f"{number:07}.jpg")


def first(source: Path, target: Path) -> tuple[float, float, list[str]]:
    """Seconds to the first avatar, the most MB of the main process, and the first lines of its report."""
    command = [sys.executable, "-m", "photo2moe", "batch", str(source), "-o", str(target), "--json", "--workers", "1"]
    command += ["--weights", str(ROOT / "tests/data/tiny.safetensors"), "--size", "64"]
    begun, at = time.perf_counter(), 0.0
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells take it from what they put behind
    ) as process:
        made = 0
        for line in process.stdout:
            made += '"ok"' in line
            at = at or (time.perf_counter() - begun if made else 0.0)
            if made == ENOUGH:
                break
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    return at, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024, (target / "report.jsonl").read_text().splitlines()


def pretend(source: Path, target: Path, line: str, count: int) -> None:
    """Write the report of a run that did all but the last hundred; the avatars are links to one."""
    target.mkdir()
    row = json.loads(line)
    origin = target / "origin"
    with (target / "report.jsonl").open("w") as report:
        for number in range(count - 10 * ENOUGH):  # one line a photo: that before the avatar says nothing more
            name = f"{number:07}.jpg"
            if number % LINKS == 0:
                origin = target / f"{name}.png"
                origin.write_bytes(b"an avatar")
                status = (source / name).stat()
            else:
                os.link(origin, target / f"{name}.png")
            facts = {"photo": name, "stamp": [status.st_size, status.st_mtime_ns], "outputs": [f"{name}.png"]}
            report.write(json.dumps({**row, **facts}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "few", ENOUGH)
        fill(folder / "many", given.names)
        few, few_memory, _ = first(folder / "few", folder / "out")
        many, many_memory, lines = first(folder / "many", folder / "out2")
        pretend(folder / "many", folder / "out3", next(line for line in lines if '"ok"' in line), given.names)
        again, again_memory, _ = first(folder / "many", folder / "out3")
    say = sys.stdout.write
    say(f"{'':36}first avatar   main process\n")
    say(f"{f'{ENOUGH} photos':36}{few:10.1f} s{few_memory:12.0f} MB\n")
    say(f"{f'{given.names:,} photos':36}{many:10.1f} s{many_memory:12.0f} MB\n")
    say(f"{f'the same, all but {10 * ENOUGH} done before':36}{again:10.1f} s{again_memory:12.0f} MB\n")


if __name__ == "__main__":
    main()
