"""A watched folder: what is there, what arrives, and what is still being written."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from photo2moe.bulk.jobs import Shard
from photo2moe.bulk.places import Local

pytest.importorskip("watchfiles", reason="--watch needs watchfiles: pip install photo2moe[watch]")

from photo2moe.bulk.watch import SETTLE, from_watch

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"


class Watcher:
    """Listens in a thread, and knows when each photo was taken."""

    def __init__(self, folder, leave_out=""):
        self.taken, self._stop = [], False
        jobs = from_watch(Local(folder), Shard(), leave_out, stopped=lambda: self._stop)

        def listen():
            for job in jobs:
                if job is not None:
                    self.taken.append((job.name, job.stamp, time.monotonic()))

        self._thread = threading.Thread(target=listen)

    def __enter__(self):
        self._thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self._stop = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def until(self, count):
        end = time.monotonic() + 20
        while len(self.taken) < count and time.monotonic() < end:
            time.sleep(0.05)
        return [name for name, _, _ in self.taken]


def test_what_arrives_is_taken_once_and_whole(tmp_path):
    source, photo = tmp_path / "in", (DATA / "man.jpg").read_bytes()
    source.mkdir()
    (source / "before.jpg").write_bytes(photo)
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "inside.jpg").write_bytes(photo)
    with Watcher(source, leave_out="out") as watcher:
        (source / "notes.txt").write_text("no photo")
        (source / ".hidden.jpg").write_bytes(photo)
        (source / "out").mkdir()
        (source / "out" / "avatar.png").write_bytes(photo)
        (tmp_path / "moved").rename(source / "moved")
        with (source / "slow.jpg").open("wb") as file:
            for start in range(0, len(photo), len(photo) // 3):  # longer in the writing than a file has to settle
                file.write(photo[start : start + len(photo) // 3])
                file.flush()
                time.sleep(SETTLE * 0.6)
        written = time.monotonic()
        assert sorted(watcher.until(3)) == ["before.jpg", "moved/inside.jpg", "slow.jpg"]
        [(stamp, at)] = [(stamp, at) for name, stamp, at in watcher.taken if name == "slow.jpg"]
        assert stamp[0] == len(photo)
        assert at >= written - 0.1
        (source / "slow.jpg").write_bytes(photo + b"more")
        assert watcher.until(4)[3] == "slow.jpg"
    assert len(watcher.taken) == 4


@pytest.mark.slow
@pytest.mark.mediapipe
def test_half_a_file_fails_and_is_converted_when_it_is_whole(tmp_path):
    source, photo = tmp_path / "in", (DATA / "man.jpg").read_bytes()
    source.mkdir()
    (source / "half.jpg").write_bytes(photo[: len(photo) // 2])
    command = [sys.executable, "-m", "photo2moe", "batch", source, "-o", source / "out", "--watch", "--json"]
    command += ["--weights", DATA / "tiny.safetensors", "--size", 64, "--workers", 1]
    command = [str(part) for part in command]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = json.loads(process.stdout.readline())
    assert (first["photo"], first["status"]) == ("half.jpg", "failed")
    shutil.copy(DATA / "man.jpg", source / "half.jpg")
    second = json.loads(process.stdout.readline())
    assert (second["photo"], second["status"]) == ("half.jpg", "ok")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "1 converted, 0 skipped, 0 failed" in errors
    assert (source / "out" / "half.jpg.png").is_file()
