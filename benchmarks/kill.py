"""Kill 'photo2moe batch' again and again, and see that nothing is lost, halved, or done twice.

    python benchmarks/kill.py [--kills 100] [--files 200] [--signal KILL|INT] [--rounds 10]

In each round a folder of small photos is converted with the tiny net of the tests. The
run is killed at a random moment, and started again, as many times as it takes; then it may
end. After every kill each avatar there is must be whole, and each that the report calls
done must be there; at the end none may be missing, none may differ from what a run that
nobody killed has made, no other file may lie there, and nobody who was done may have been
drawn again. With --signal INT (Ctrl-C) the time to the end of the process counts, and the
report must say so. Exits with 1 if anything is amiss. Only the process that was started is
killed: its workers must end by themselves, and their end counts. Runs are forks of a process
that has imported everything and run nothing; their workers are started anew, some seconds each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import PIL.Image

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
PATIENCE = 20  # seconds after which workers that have not ended never will
OPTIONS = ["--weights", str(DATA / "tiny.safetensors"), "--size", "64", "--device", "cpu"]
OPTIONS += ["--workers", "2"]


def convert(source: Path, target: Path, said: Path) -> None:
    """Be ``photo2moe batch``; its words go into a file."""
    with said.open("wb") as words:
        for number in (1, 2):
            os.dup2(words.fileno(), number)
    from photo2moe.cli.main import main

    sys.argv = ["photo2moe", "batch", str(source), "-o", str(target), *OPTIONS]
    main()


def start(source: Path, target: Path, said: Path) -> ForkServerProcess:
    process = get_context("forkserver").Process(target=convert, args=(source, target, said))
    process.start()
    return process


def make_photos(folder: Path, count: int) -> None:
    """Small portraits, no two alike, in a few sub-folders."""
    faces = [PIL.Image.open(DATA / f"{name}.jpg").convert("RGB").resize((160, 160)) for name in ("man", "woman")]
    for number in range(count):
        path = folder / f"{number % 5}" / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        shift = number % 16
        faces[number % 2].crop((shift, 0, 144 + shift, 160)).save(path, quality=70 + number // 16)


def rows(target: Path) -> list[dict[str, Any]]:
    """Lines of the report; one that was cut off is none."""
    found = []
    report = target / "report.jsonl"
    for line in report.read_text().splitlines() if report.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def pictures(target: Path) -> dict[str, bytes]:
    return {str(p.relative_to(target)): p.read_bytes() for p in sorted(target.rglob("*.png")) if p.name[0] != "."}


def begun(target: Path) -> Counter[str]:
    """How often each photo's avatar was about to be put in its place."""
    return Counter(str(row["photo"]) for row in rows(target) if row["status"] == "writing")


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    with suppress(OSError):  # gone
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += family(int(child))
    return found


def lives(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def see_off(pids: list[int]) -> bool:
    """Wait for processes to end; whether they do."""
    until = time.perf_counter() + PATIENCE
    while any(map(lives, pids)):
        if time.perf_counter() > until:
            return False
        time.sleep(0.005)
    return True


class Round:
    """One folder, from the first run to the last.

    Args:
        folder: of photos and avatars.
        sound: what a run that nobody kills makes.
        number: the signal.
        seconds: about how long an undisturbed run takes.
    """

    def __init__(self, folder: Path, sound: dict[str, bytes], number: signal.Signals, seconds: float) -> None:
        self.source, self.target = folder / "photos", folder / "avatars"
        self.said = folder / "said"
        self.sound, self.number, self.seconds = sound, number, seconds
        self.wrong: list[str] = []
        self.again: list[str] = []
        self.ends: list[float] = []
        self.kills = self.midway = 0

    def run(self, kills: int, dice: random.Random) -> None:
        while self.kills < kills:
            self._kill(dice)
        last = start(self.source, self.target, self.said)
        last.join()
        if last.exitcode != 0:
            self.wrong.append(f"the last run exits with {last.exitcode}: {self.said.read_text().strip()}")
        if pictures(self.target) != self.sound:
            self.wrong.append("not the avatars of an undisturbed run")
        names = {str(path.relative_to(self.target)) for path in self.target.rglob("*") if path.is_file()}
        self.wrong += [f"{name} was left behind" for name in names - set(self.sound) - {"report.jsonl"}]

    def _kill(self, dice: random.Random) -> None:
        """Start a run, kill it, and look at what it leaves."""
        before, times = pictures(self.target), begun(self.target)
        process = start(self.source, self.target, self.said)
        if dice.random() < 0.8:  # while avatars are written; else anywhere, most likely while it starts
            while process.is_alive() and begun(self.target) == times:
                time.sleep(0.01)
            moment = dice.uniform(0, self.seconds / 15)
        else:
            moment = dice.uniform(0, self.seconds / 5)
        process.join(moment)
        if killed := process.is_alive() and process.pid is not None:
            asked = time.perf_counter()
            everyone = family(process.pid)
            os.kill(process.pid, self.number)
            process.join()
            self.wrong += ["its workers live on"] * (not see_off(everyone))
            self.ends.append(time.perf_counter() - asked)
            self.kills += 1
        said = self.said.read_text() if self.said.exists() else ""
        self.said.unlink(missing_ok=True)
        after = pictures(self.target)
        self.midway += len(before) < len(after)
        self.wrong += [f"{name} is not whole" for name, data in after.items() if self.sound.get(name) != data]
        called = {str(name) for row in rows(self.target) if row["status"] == "ok" for name in row["outputs"]}
        self.wrong += [f"{name} is called done, and missing" for name in called - set(after)]
        if not killed:  # it was quicker
            self.wrong += [f"ended with {process.exitcode}: {said!r}"] * bool(process.exitcode)
        elif self.number == signal.SIGKILL:
            self.wrong += [f"said {said!r}"] * bool(said)
        elif "Traceback" in said or (len(after) > len(before) and "run again to go on" not in said):
            self.wrong.append(f"said {said!r}")
        self.again += [
            name for name, count in begun(self.target).items() if f"{name}.png" in before and count > times[name]
        ]
        if len(after) == len(self.sound):  # begin anew: nothing is left to be lost
            shutil.rmtree(self.target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--signal", choices=["KILL", "INT", "TERM"], default="KILL")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    dice, number = random.Random(given.seed), signal.Signals[f"SIG{given.signal}"]
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.path.insert(0, str(ROOT))
    get_context("forkserver").set_forkserver_preload(
        ["torch", "mediapipe", "cv2", "rich.progress", "photo2moe.cli.main", "photo2moe.pipeline", "photo2moe.batch"]
    )
    with tempfile.TemporaryDirectory() as place:
        make_photos(Path(place, "photos"), given.files)
        begin = time.perf_counter()
        start(Path(place, "photos"), Path(place, "sound"), Path(place, "said")).join()
        seconds = time.perf_counter() - begin
        sound = pictures(Path(place, "sound"))
        assert len(sound) == given.files, f"{len(sound)} avatars of {given.files} photos"
        say(f"undisturbed: {len(sound)} avatars in {seconds:.1f} s")
        wrong: list[str] = []
        again: list[str] = []
        ends: list[float] = []
        kills = midway = 0
        for turn in range(given.rounds):
            folder = Path(place, f"round{turn}")
            folder.mkdir()
            (folder / "photos").symlink_to(Path(place, "photos"))
            one = Round(folder, sound, number, seconds)
            one.run(given.kills // given.rounds, dice)
            wrong, again, ends = wrong + one.wrong, again + one.again, ends + one.ends
            kills, midway = kills + one.kills, midway + one.midway
            say(f"round {turn + 1}: {one.kills} kills, {len(one.wrong)} wrong, {len(one.again)} done twice")
    say(f"{kills} × SIG{given.signal}, {midway} of the runs had written avatars")
    say(f"{len(wrong)} wrong, {len(again)} done twice")
    say(f"the process ended after {statistics.median(ends):.2f} s (median), {max(ends):.2f} s (longest)")
    for line in [*wrong, *again][:20]:
        say(line)
    sys.exit(1 if wrong or again else 0)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
