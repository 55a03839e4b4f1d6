"""A cluster that loses a machine half-way: is anything lost, or done twice?

    python benchmarks/batch_cluster.py [--photos 60] [--s3]     # needs photo2moe[ray]; --s3 moto[server] and s3fs

Starts a Ray cluster of two nodes on this machine, each with processes of its own, and lets `batch --engine ray`
convert photos made out of those of the tests. When half of them are done, all processes of the second node are
killed. Prints what was done where and when, compares every avatar with what one process makes of the photo, and
exits with 1 if one is missing, differs, or has not exactly one line in the report that calls it done. With
`--s3`, photos and avatars are in a bucket of a server of its own.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from batch_long import ROOT, make_photos

from photo2moe.batch import Outcome, convert_all, convert_folder
from photo2moe.bulk.cluster import Cluster
from photo2moe.bulk.jobs import Job, Shard, from_folder
from photo2moe.bulk.places import open_place
from photo2moe.bulk.report import Report
from photo2moe.bulk.work import Order
from photo2moe.config import PipelineConfig
from photo2moe.pipeline import load_pipeline

PORT = 5599


@contextmanager
def bucket() -> Iterator[str]:
    """An S3 server with an empty bucket; the address of the bucket."""
    secrets = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(secrets, FSSPEC_S3_ENDPOINT_URL=f"http://127.0.0.1:{PORT}")
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(PORT)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/").read()
                break
            except OSError:
                time.sleep(0.1)
        import s3fs

        s3fs.S3FileSystem(endpoint_url=os.environ["FSSPEC_S3_ENDPOINT_URL"]).mkdir("photos")
        yield "s3://photos"
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--weights", default=str(ROOT / "tests/data/tiny.safetensors"))
    parser.add_argument("--s3", action="store_true")
    given = parser.parse_args()
    config = PipelineConfig(weights=given.weights, size=128)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_photos(folder / "in", given.photos, 256)
        with load_pipeline(config) as pipeline:
            convert_folder(pipeline, config, folder / "in", folder / "one")
        addresses = [str(folder / "in"), str(folder / "out")]
        if given.s3:
            root = stack.enter_context(bucket())
            addresses = [f"{root}/in", f"{root}/out"]
            for path in sorted((folder / "in").rglob("*.jpg")):
                open_place(addresses[0]).write(path.relative_to(folder / "in").as_posix(), path.read_bytes())
        source, target = (open_place(address) for address in addresses)
        outcome, seen = convert_while_a_node_dies(Order(config, source, target, ".png"), given.photos)
        lines = map(json.loads, target.lines("report"))
        rows = collections.Counter(line["photo"] for line in lines if line["status"] == "ok")
        wrong = []
        for photo in sorted(rows):
            avatar = (folder / "one" / f"{photo}.png").read_bytes()
            if contents(addresses[1], f"{photo}.png") != avatar or rows[photo] != 1:
                wrong.append(photo)
    say = sys.stdout.write
    say(f"{given.photos} photos, {'S3' if given.s3 else 'a folder'}, two nodes of one processor each\n")
    for event in seen:
        say(f"{event}\n")
    say(f"{'converted':24}{outcome.converted}, failed {outcome.failed}\n")
    say(f"{'lines in the report':24}{sum(rows.values())}, of {len(rows)} photos\n")
    say(f"{'not as one process does':24}{', '.join(wrong) or 'none'}\n")
    raise SystemExit(int(bool(wrong) or not outcome.converted == len(rows) == given.photos))


def drawers_below(raylet: int) -> int:
    """How many processes of a node hold a pipeline."""
    found = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            found += parent == raylet and b"Drawer" in (path / "cmdline").read_bytes()
        except OSError:
            continue  # gone
    return found


def contents(place: str, name: str) -> bytes:
    import fsspec

    with fsspec.open(f"{place}/{name}") as stream:
        return stream.read()


def convert_while_a_node_dies(order: Order, count: int) -> tuple[Outcome, list[str]]:
    """Convert the photos; kill the second node when half of them are done."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    memory = {"object_store_memory": 200 << 20, "num_cpus": 1}
    nodes = Nodes(initialize_head=True, head_node_args={**memory, "include_dashboard": False})
    second = nodes.add_node(**memory)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    seen: list[str] = []
    begun = time.perf_counter()
    killed = False

    def watch(so_far: Outcome, _: Job, __: dict[str, object]) -> None:
        nonlocal killed
        if so_far.done in (1, count // 4, 3 * count // 4, count):
            seen.append(f"{time.perf_counter() - begun:8.1f} s           {so_far.done} done")
        if so_far.done >= count // 2 and not killed:
            killed = True
            there = drawers_below(second.all_processes["raylet"][0].process.pid)
            nodes.remove_node(second, allow_graceful=False)
            note = f"the second node is killed, and {there} of the workers with it"
            seen.append(f"{time.perf_counter() - begun:8.1f} s           {so_far.done} done; {note}")

    try:
        with Report(order.target, "benchmark", order.suffix) as report:
            jobs = from_folder(order.source, Shard())
            return convert_all(Cluster(replace(order, ledger=report.ledger)), jobs, report, watch), seen
    finally:
        ray.shutdown()
        nodes.shutdown()


if __name__ == "__main__":
    main()
