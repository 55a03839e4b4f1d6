"""Worker processes: the same bytes as one process, and nothing lost when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from pathlib import Path

import pytest

from photo2moe.bulk.jobs import Job, Shard, from_folder
from photo2moe.bulk.machine import best_workers, free_memory, processors
from photo2moe.bulk.places import Local
from photo2moe.bulk.pool import Pool
from photo2moe.bulk.work import Order
from photo2moe.bulk.worker import serve
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
CONFIG = PipelineConfig(weights="clean", size=64)

pytestmark = [pytest.mark.mediapipe, pytest.mark.slow]


@dataclass(frozen=True)
class Deadly(Local):
    """A folder with photos that end the process that reads them."""

    def read(self, name, max_pixels, decode):
        if name.startswith("deadly"):
            os._exit(9)
        return super().read(name, max_pixels, decode)


def photos(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes((DATA / "man.jpg").read_bytes())
    return folder


def convert(pool, order, listen=lambda *_: None):
    told = []

    def give(job, facts):
        told.append((job.name, facts))
        listen(job, facts)

    pool(from_folder(order.source, Shard()), give)
    return told


def test_a_photo_that_kills_its_worker_twice_has_failed_and_nothing_else_has(tmp_path):
    source = photos(tmp_path / "in", "a.jpg", "deadly.jpg", "e.jpg", "f.jpg")
    order = Order(CONFIG, Deadly(source), Local(tmp_path / "out"), ".png")
    told = convert(Pool(order, 1), order)
    assert sorted(name for name, _ in told) == ["a.jpg", "deadly.jpg", "e.jpg", "f.jpg"]
    failed = {name: facts["error"] for name, facts in told if facts["status"] != "ok"}
    assert failed == {"deadly.jpg": "its worker process died twice (exit code 9); a smaller copy may need less memory"}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.jpg.png", "e.jpg.png", "f.jpg.png"]


def test_what_a_killed_worker_had_is_done_by_another(tmp_path):
    source = photos(tmp_path / "in", *(f"{i}.jpg" for i in range(8)))
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    pool, killed = Pool(order, 2), []

    def kill(*_):
        if not killed:
            killed.append(pool._workers[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)

    told = convert(pool, order, kill)
    assert sorted((name, facts["status"]) for name, facts in told) == [(f"{i}.jpg", "ok") for i in range(8)]


def test_a_pipeline_that_cannot_be_loaded_is_said_once(tmp_path):
    source = photos(tmp_path / "in", "a.jpg", "b.jpg")
    order = Order(replace(CONFIG, background="mauve"), Local(source), Local(tmp_path / "out"), ".png")
    with pytest.raises(ConfigError, match="background must be photo, blur"):
        convert(Pool(order, 2), order)


def test_a_worker_does_its_jobs_and_ends_with_the_connection(tmp_path):
    source = photos(tmp_path / "in", "a.jpg")
    (source / "b.jpg").write_bytes(b"no photo")
    ours, theirs = Pipe()
    order = Order(CONFIG, Local(source), Local(tmp_path / "out"), ".png")
    worker = threading.Thread(target=serve, args=(theirs, order, processors()))
    worker.start()
    ours.send(Job("a.jpg", []))
    ours.send(Job("b.jpg", []))
    assert ours.recv() == "ready cpu"
    assert ours.recv()["outputs"] == ["a.jpg.png"]
    assert "not an image" in ours.recv()["error"]
    ours.close()
    worker.join(30)
    assert not worker.is_alive()


def test_ctrl_c_keeps_what_is_drawn_and_a_second_run_does_the_rest_of_a_list(tmp_path):
    source = photos(tmp_path / "in", *(f"{i:02}.jpg" for i in range(40)))
    command = [sys.executable, "-m", "photo2moe", "batch", source, "-o", tmp_path / "out", "--json"]
    command += ["--weights", CONFIG.weights, "--size", 64, "--workers", 1]
    command = [str(part) for part in command]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells take it from what they put behind
    )
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.startswith("interrupted, run again to go on: ")
    names = [first["photo"], *(json.loads(line)["photo"] for line in rest.splitlines())]
    assert 1 <= len(names) < 40
    written = {p.name for p in (tmp_path / "out").iterdir()} - {"report.jsonl"}
    assert written == {f"{name}.png" for name in names}
    names_on_stdin = "".join(f"{i:02}.jpg\n" for i in range(40))
    again = subprocess.run(
        [*command, "--input-list", "-"], cwd=ROOT, input=names_on_stdin, capture_output=True, text=True, timeout=120
    )
    assert again.returncode == 0
    statuses = [json.loads(line)["status"] for line in again.stdout.splitlines()]
    assert (statuses.count("skipped"), statuses.count("ok")) == (len(names), 40 - len(names))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_after_kill_9_no_worker_lives_on_and_nothing_is_done_twice(tmp_path):
    source, report = photos(tmp_path / "in", *(f"{i:02}.jpg" for i in range(20))), tmp_path / "out" / "report.jsonl"
    command = [sys.executable, "-m", "photo2moe", "batch", source, "-o", tmp_path / "out", "--json", "--workers", 1]
    command = [str(part) for part in (*command, "--weights", CONFIG.weights, "--size", 64)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    [*workers] = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    process.kill()
    process.communicate()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until
        time.sleep(0.02)
    there = {path.name for path in (tmp_path / "out").glob("*.png")}
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert again.returncode == 0
    begun = [row["photo"] for row in map(json.loads, report.read_text().splitlines()) if row["status"] == "writing"]
    assert workers and there and all(begun.count(name.removesuffix(".png")) == 1 for name in there)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.jsonl", *(f"{n}.png" for n in set(begun))}
    assert len(set(begun)) == 20


def test_the_machine_carries_at_least_one_worker():
    assert 1 <= best_workers() <= processors() <= (os.cpu_count() or 1)
    assert free_memory() > 0
