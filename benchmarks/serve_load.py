"""What ``photo2moe serve`` does at twice its capacity, against a folder converted in one process.

    python benchmarks/serve_load.py PHOTOS [--seconds 120] [--over 2] [--tool wrk|asyncio]

First ``batch`` converts the photos in this process, again and again for a fifth of the time:
the baseline. Then a server is started, and asked for ``over`` times as many pictures a second
as the baseline made, whatever it answers, by ``wrk`` (Debian's package) or by a client of our
own that is told exactly when to send. Meanwhile the page is asked for four times a second, a
slider is moved once a second, and the memory of the server is read. At the end ``batch`` runs
once more, so that a drifting machine is seen. Photos are first scaled to 1024 px.

Prints replies by status, the median and the 95th percentile of the latency of pictures and of
the page, pictures a second against ``batch``, and memory over time. Exits with 1 if anything but
200 and 429 came back.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from photo2moe.batch import convert_folder
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.errors import NoFaceError
from photo2moe.imageio import list_images, read_image, write_image
from photo2moe.pipeline import Pipeline, load_pipeline

SIDE = 1024
BOUNDARY = "moe-bench"
SOCKET_ERRORS = ("connect", "read", "write", "timeout")  # in the order in which wrk counts them


@dataclass
class Heard:
    """What came back: seconds by status, for one kind of request."""

    by_status: dict[str, list[float]] = field(default_factory=lambda: collections.defaultdict(list))

    def add(self, status: str, seconds: float) -> None:
        self.by_status[status].append(seconds)

    def row(self, name: str) -> str:
        counts = "  ".join(f"{status}: {len(s)}" for status, s in sorted(self.by_status.items()))
        good = sorted(self.by_status.get("200", []))
        if len(good) < 2:
            return f"{name:24}{counts}"
        p95 = statistics.quantiles(good, n=20)[-1]
        return f"{name:24}{counts}   p50 {statistics.median(good):.3f} s   p95 {p95:.3f} s"


def form(photo: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


async def ask(port: int, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[str, bytes]:
    """One request on a connection of its own; "broken" if there was no whole reply."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
        writer.write(head.encode() + body)
        reply = await reader.read()
        writer.close()
    except OSError:
        return "broken", b""
    top, _, data = reply.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", top, re.IGNORECASE)
    whole = bool(length) and int(length[1]) == len(data)
    return (top.split()[1].decode() if whole else "broken"), data


async def timed(heard: Heard, *request: object) -> bytes:
    begun = time.perf_counter()
    status, data = await ask(*request)
    heard.add(status, time.perf_counter() - begun)
    return data


async def every(seconds: float, until: float, do: Callable[[], Coroutine[None, None, None]]) -> None:
    """Do something at fixed times, whether or not the last one is done, until a time."""
    tasks, at = [], time.perf_counter()
    while at < until:
        await asyncio.sleep(max(0, at - time.perf_counter()))
        tasks.append(asyncio.ensure_future(do()))
        at += seconds
    await asyncio.gather(*tasks)


async def load(port: int, pid: int, bodies: list[bytes], rate: float, given: argparse.Namespace, own: bool) -> dict:
    """Ask as told; return what was heard of pictures, page and slider, and memory by second."""
    pictures, page, slider, memory, turn = Heard(), Heard(), Heard(), [], iter(range(10**9))
    begun = time.perf_counter()
    until = begun + given.seconds
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    token = json.loads((await ask(port, "POST", "/v1/photos", bodies[0], kind))[1])["token"]

    async def picture() -> None:
        await timed(pictures, port, "POST", "/v1/convert", bodies[next(turn) % len(bodies)], kind)

    async def look() -> None:
        await timed(page, port, "GET", "/")

    async def move() -> None:
        strength = next(turn) % 100 / 100
        await timed(slider, port, "GET", f"/v1/photos/{token}/avatar?size=512&format=webp&strength={strength}")

    async def weigh() -> None:
        memory.append((time.perf_counter() - begun, resident(pid)))

    jobs = [every(0.25, until, look), every(1, until, weigh)]
    if given.moves:
        jobs.append(every(1 / given.moves, until, move))
    jobs.append(every(1 / rate if own else 1, until, picture))  # beside wrk a sample, for the latencies
    await asyncio.gather(*jobs)
    return {"pictures": pictures, "page": page, "slider": slider, "memory": memory, "took": time.perf_counter() - begun}


# wrk sends as soon as it has a reply; a pause of random length before each request makes that the rate wanted.
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=%(boundary)s"
local bodies, turn, threads = {}, 0, {}
counts = ""
for number = 0, %(count)d - 1 do
  local file = io.open("%(folder)s/" .. number .. ".body", "rb")
  bodies[number] = file:read("*a")
  file:close()
end
function setup(thread) table.insert(threads, thread) end
function request()
  turn = turn + 1
  return wrk.format(nil, "/v1/convert", nil, bodies[turn %% %(count)d])
end
function delay() return math.random(0, 2 * %(pause)d) end
function response(status) counts = counts .. status .. " " end
function done(summary, latency)
  for _, thread in ipairs(threads) do io.write("statuses ", thread:get("counts"), "\\n") end
  local e = summary.errors
  io.write("sockets ", e.connect, " ", e.read, " ", e.write, " ", e.timeout, "\\n")
end
"""


def start_wrk(port: int, folder: Path, bodies: list[bytes], rate: float, seconds: float) -> subprocess.Popen[str]:
    config = ServeConfig()
    held = config.queue + config.workers  # requests that wait or are worked on, as long as the server is full
    connections = 2 * held
    pause = max(0.01, (connections - held) / rate)
    for number, body in enumerate(bodies):
        Path(folder, f"{number}.body").write_bytes(body)
    values = {"boundary": BOUNDARY, "count": len(bodies), "folder": folder, "pause": 1000 * pause}
    script = Path(folder, "load.lua")
    script.write_text(LUA % values)
    options = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s", "--latency", "-s", str(script)]
    return subprocess.Popen(["wrk", *options, f"http://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)


def resident(pid: int) -> float:
    """Memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


@contextmanager
def server(weights: str) -> Iterator[tuple[int, int]]:
    """Port and process number of a server with the usual limits, save that of the rate of one client."""
    command = [sys.executable, "-m", "photo2moe", "serve", "--port", "0", "--rate", "100000", "--weights", weights]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield int(re.search(r":(\d+)/", process.stderr.readline())[1]), process.pid
    finally:
        process.terminate()
        process.wait(30)


def scaled(source: Path, target: Path, pipeline: Pipeline) -> None:
    target.mkdir()
    for path in sorted(list_images(source)):
        photo = read_image(path)
        scale = SIDE / max(photo.shape[:2])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        try:
            pipeline(photo)  # warm, and out with photos that show nobody
        except NoFaceError:
            continue
        write_image(target / f"{path.name}.jpg", photo)


def batch_rate(pipeline: Pipeline, photos: Path, scratch: Path, seconds: float) -> float:
    begun, made = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds or not made:
        made += convert_folder(pipeline, pipeline.config, photos, Path(tempfile.mkdtemp(dir=scratch))).converted
    return made / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--over", type=float, default=2, help="load, in capacities")
    parser.add_argument("--moves", type=float, default=1, help="of a slider, a second; they cost pictures")
    parser.add_argument("--tool", choices=["wrk", "asyncio"], default="wrk" if shutil.which("wrk") else "asyncio")
    parser.add_argument("--weights", default=PipelineConfig().weights)
    given = parser.parse_args()
    config = PipelineConfig(weights=given.weights)
    with tempfile.TemporaryDirectory() as name, load_pipeline(config) as pipeline:
        scratch = Path(name)
        photos = scratch / "photos"
        scaled(given.photos, photos, pipeline)
        bodies = [form(path.read_bytes()) for path in sorted(photos.iterdir())]
        first = batch_rate(pipeline, photos, scratch, given.seconds / 5)
        with server(given.weights) as (port, pid):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health").read()
            warm = argparse.Namespace(seconds=3, moves=1)
            asyncio.run(load(port, pid, bodies, 2 * first, warm, own=True))
            process = None
            if given.tool == "wrk":
                # The sample asks for one of them each second.
                process = start_wrk(port, scratch, bodies, max(0.1, given.over * first - 1), given.seconds)
            heard = asyncio.run(load(port, pid, bodies, given.over * first, given, own=process is None))
            told = process.communicate()[0] if process else ""
        last = batch_rate(pipeline, photos, scratch, given.seconds / 5)
    raise SystemExit(report(given, heard, told, first, last, len(bodies)))


def report(given: argparse.Namespace, heard: dict, told: str, first: float, last: float, count: int) -> int:
    """Print what was seen; return the exit code."""
    say, baseline = sys.stdout.write, (first + last) / 2
    kinds = {"pictures": heard["pictures"], "the page meanwhile": heard["page"], "a slider meanwhile": heard["slider"]}
    statuses = collections.Counter({status: len(s) for status, s in heard["pictures"].by_status.items()})
    if told:
        statuses.update(re.search(r"statuses (.*)", told)[1].split())
        broken = re.search(r"sockets (.*)", told)[1].split()
        statuses.update({f"{what} error": int(n) for what, n in zip(SOCKET_ERRORS, broken, strict=True)})
    seen = statuses + collections.Counter(s for kind in kinds.values() for s, n in kind.by_status.items())
    wrong = sorted(status for status in seen if status not in ("200", "429"))
    asked, made = sum(statuses.values()) / heard["took"], statuses["200"] / heard["took"]
    moves = len(heard["slider"].by_status["200"]) / heard["took"]
    cores = len(os.sched_getaffinity(0))
    say(f"{count} photos, {given.seconds:g} s at {given.over:g} × capacity by {given.tool}, {cores} processors\n")
    say(f"{'batch, before and after':24}{first:.2f} and {last:.2f} pictures a second\n")
    say(f"{'asked for':24}{asked:.2f} pictures a second, {asked / baseline:.2f} × batch\n")
    say(f"{'made':24}{made:.2f} a second, {made / baseline:.2f} × batch, and {moves:.2f} moves of a slider\n")
    say(f"{'replies':24}" + "  ".join(f"{status}: {n}" for status, n in sorted(statuses.items()) if n) + "\n")
    for name, kind in kinds.items():
        say(kind.row(name) + "\n")
    memory = heard["memory"]
    marks = [memory[round(i * (len(memory) - 1) / 6)] for i in range(7)]
    say(f"{'memory, MB':24}" + "  ".join(f"{mb:.0f} at {at:.0f} s" for at, mb in marks) + "\n")
    say(f"{'other than 200 and 429':24}{', '.join(wrong) or 'none'}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    main()
