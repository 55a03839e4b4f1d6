"""Addresses, and a cluster: the same bytes and the same report as on one machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from photo2moe.bulk.cluster import Cluster, _next, _ours
from photo2moe.bulk.jobs import Job, Shard, from_folder
from photo2moe.bulk.places import Local, open_place
from photo2moe.bulk.report import Report
from photo2moe.bulk.store import Remote, is_address
from photo2moe.bulk.work import Order
from photo2moe.config import PipelineConfig
from photo2moe.errors import ConfigError, ImageReadError, ImageWriteError, InputError, MissingExtraError, Photo2MoeError
from tests.test_cli import QUICK, run

pytest.importorskip("fsspec", reason="addresses need fsspec: pip install photo2moe[ray]")

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"


@pytest.fixture
def store(request):
    """A store in memory, empty."""
    place = Remote(f"memory://{request.node.name}")
    yield place
    if place.files.exists(place.root):
        place.files.rm(place.root, recursive=True)


def test_an_address_is_no_path():
    assert [is_address(text) for text in ("s3://a/b", "memory://x", "zip::s3://a", "C:/a", "a/b", "/a:b")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert open_place("file:///a/b") == Local(Path("/a/b"))
    with pytest.raises(ConfigError, match="nonsense://x: Protocol not known"):
        open_place("nonsense://x")


def test_an_address_without_its_library_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"s3://x needs fsspec; install photo2moe\[ray\]"):
        open_place("s3://x")


def test_a_store_is_listed_read_and_written_like_a_folder(store):
    photo = (DATA / "man.jpg").read_bytes()
    for name in ("b.jpg", "a/c.JPG", ".hidden.jpg", "notes.txt"):
        store.write(name, photo)
    store.write("broken.png", b"no picture")
    others = []
    found = dict(store.photos(lambda error: pytest.fail(str(error)), others.append))
    assert set(found) == {"b.jpg", "a/c.JPG", "broken.png"} and others == ["notes.txt"]
    store.check("x" * 300)  # what a name may be is the store's own affair
    assert all(store.stamp(name) == stamp != [] for name, stamp in found.items())
    assert store.read("b.jpg", 10**9).shape == Local(DATA).read("man.jpg", 10**9).shape
    assert (store.holds("b.jpg"), store.holds("gone.jpg"), store.stamp("gone.jpg")) == (True, False, [])
    for name, why in (("gone.jpg", "gone.jpg: no such file in memory://"), ("broken.png", "broken.png: not an image")):
        with pytest.raises(ImageReadError, match=why):
            store.read(name, 10**9)
    assert store.inside(f"{store.url}/a/c.JPG") == "a/c.JPG"
    for outside in ("../x.jpg", "/x.jpg", "s3://x/y.jpg"):
        with pytest.raises(InputError, match="does not lie in memory://"):
            store.inside(outside)


def test_a_store_that_fails_says_so_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"gone.zip cannot be opened: .*No such file"):
        Remote(f"zip://::{tmp_path}/gone.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(DATA / "man.jpg", "in/man.jpg")
    place = Remote(f"zip://::{tmp_path}/a.zip")
    assert [name for name, _ in place.photos(lambda error: pytest.fail(str(error)), pytest.fail)] == ["in/man.jpg"]
    with pytest.raises(ImageWriteError, match=r"man\.png: cannot be written: "):
        place.write("man.png", b"x")


def test_a_report_in_a_store_is_appended_by_segments(store):
    jobs = [Job(f"{i}.jpg", [i, "v"]) for i in range(3)]
    for job in jobs:
        with Report(store, "options", ".png") as report:
            assert not report.is_done(job)
            store.write(f"{job.name}.png", b"x")
            report.add(job, {"status": "ok", "outputs": [f"{job.name}.png"]})
    with Report(store, "options", ".png") as report:
        assert all(report.is_done(job) for job in jobs)
        report.add(jobs[1], {"status": "failed", "error": "why"})
    with Report(store, "options", ".png") as report:
        assert [report.is_done(job) for job in jobs] == [True, False, True]
    assert len(store.files.glob(f"{store.root}/report-*.jsonl")) == 4


@pytest.mark.slow
@pytest.mark.mediapipe
def test_ray_gives_the_bytes_and_the_report_of_one_machine(tmp_path):
    pytest.importorskip("ray", reason="--engine ray needs Ray: pip install photo2moe[ray]")
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    for name, origin in (("a.jpg", "man.jpg"), ("sub/b.jpg", "woman.jpg"), ("c.jpg", "landscape.jpg")):
        (source / name).write_bytes((DATA / origin).read_bytes())
    command = [sys.executable, "-m", "photo2moe", "batch", source, "-o", tmp_path / "ray", "--engine", "ray", "--json"]
    command = [str(part) for part in (*command, "--workers", 1, *QUICK)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    assert "2 converted, 0 skipped, 1 failed" in done.stderr
    assert sorted(json.loads(line)["photo"] for line in done.stdout.splitlines()) == ["a.jpg", "c.jpg", "sub/b.jpg"]
    assert run("batch", source, "-o", tmp_path / "one", *QUICK).exit_code == 1
    for name in ("a.jpg.png", "sub/b.jpg.png"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    told = [
        {
            row["photo"]: (row["status"], row["stamp"], row["options"], row.get("outputs"), row.get("error"))
            for row in rows
        }
        for rows in ([json.loads(line) for line in Local(tmp_path / n).lines("report")] for n in ("ray", "one"))
    ]
    assert told[0] == told[1]


@pytest.mark.slow
@pytest.mark.mediapipe
def test_nothing_is_lost_or_done_twice_when_a_node_dies():
    """Runs the benchmark, with photos and avatars behind an S3 address."""
    for module in ("ray", "moto", "s3fs"):
        pytest.importorskip(module, reason=f"the run on a cluster with a bucket needs {module}")
    command = [sys.executable, "benchmarks/batch_cluster.py", "--photos", "24", "--s3"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "and 1 of the workers with it" in done.stdout


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(MissingExtraError, match=r"--engine ray needs Ray; install photo2moe\[ray\]"):
        Cluster(Order(PipelineConfig(), Local(DATA), Local(DATA), ".png"))


def test_without_a_cluster_its_address_is_named(monkeypatch):
    ray = pytest.importorskip("ray", reason="--engine ray needs Ray: pip install photo2moe[ray]")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")

    def init(address, **_):
        raise ConnectionError(f"Failed to connect to Ray cluster at {address}\nand more lines")

    monkeypatch.setattr(ray, "init", init)
    cluster = Cluster(Order(PipelineConfig(), Local(DATA), Local(DATA), ".png"))
    with pytest.raises(Photo2MoeError, match=r"^no Ray cluster at 127.0.0.1:9: Failed to connect [^\n]*$"):
        cluster(iter([Job("a.jpg", [])]), lambda *_: None)


def test_a_round_is_so_many_jobs_or_what_there_is():
    a, b, c = (Job(name, []) for name in "abc")
    jobs = iter([None, a, None, b, c])
    assert [_next(jobs, 1), _next(jobs, 9), _next(jobs, 9)] == [[a], [b, c], []]
    assert _next(iter([None, a, None, b]), 9) == [a]


def test_of_an_error_of_ray_one_line_is_told():
    def raised(cause):
        try:
            raise RuntimeError("Ray's own\nlines") from cause
        except RuntimeError as error:
            return str(_ours(error))

    assert raised(ConfigError("traceback\nbackground must be photo")) == "background must be photo"
    assert raised(KeyError("x")) == "Ray gave up: lines"


def test_photos_of_a_store_may_lie_beside_their_avatars(store):
    from photo2moe.batch import inner_folder

    assert inner_folder(Remote("memory://a"), Remote("memory://a/out/x")) == "out/x"
    assert inner_folder(Remote("memory://a"), Remote("memory://ab/out")) == ""
    store.write("a.jpg", b"x")
    store.write("out/a.jpg.png", b"x")
    assert [job.name for job in from_folder(store, Shard(), "out")] == ["a.jpg"]
