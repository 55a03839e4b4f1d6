"""Photos in a process of their own: the same pixels and sentences, and bounds that hold."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from photo2moe.decoder import _REPLY, _REQUEST, Decoder
from photo2moe.errors import ImageReadError
from photo2moe.imageio import read_image
from tests.hostile import endless_jpeg, hostile_files

DATA = Path(__file__).parent / "data"


def pid_of(decoder: Decoder) -> int:
    assert decoder._child is not None
    return decoder._child.pid


def lives(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet fetched by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_pixels_are_those_of_read_image():
    with Decoder() as read:
        for path in sorted(DATA.glob("*.jpg")):
            assert np.array_equal(read(path), read_image(path))
        assert np.array_equal(read(io.BytesIO((DATA / "man.jpg").read_bytes())), read_image(DATA / "man.jpg"))


def test_so_are_the_sentences():
    with Decoder() as read:
        for name, data in hostile_files(60):
            said = []
            for way in (read, read_image):
                try:
                    said.append(way(io.BytesIO(data), name=name, max_pixels=1_000_000).shape)
                except ImageReadError as error:
                    assert "\n" not in str(error)
                    said.append(str(error))
            assert said[0] == said[1], name


def test_no_side_is_longer_than_what_follows_can_warp():
    with Decoder() as read:
        strips = {}
        for size in ((32_766, 2), (2, 32_767)):
            strips[size] = io.BytesIO()
            PIL.Image.new("RGB", size).save(strips[size], "PNG")
            strips[size].seek(0)
        assert read(strips[32_766, 2]).shape == (2, 32_766, 3)
        with pytest.raises(ImageReadError, match=r"^strip.png: 2x32767 pixels, over 32,766 a side; cut out the part"):
            read(strips[2, 32_767], name="strip.png")


def test_one_process_serves_all_photos_and_is_not_started_for_files_that_are_not_there(tmp_path):
    with Decoder() as read:
        with pytest.raises(ImageReadError, match="no such file"):
            read(tmp_path / "gone.jpg")
        assert read._child is None
        read(DATA / "man.jpg")
        first = pid_of(read)
        with pytest.raises(ImageReadError, match="not an image"):
            read(io.BytesIO(b"text"))
        read(DATA / "woman.jpg")
        assert pid_of(read) == first
    assert not lives(first)


@pytest.mark.skipif(sys.platform == "win32", reason="no alarms")
def test_a_decoder_that_does_not_end_is_ended():
    begun = time.monotonic()
    with Decoder(seconds=1) as read:
        with pytest.raises(
            ImageReadError, match=r"^slow.jpg: not decoded within 1 s; export it anew, or make it small"
        ):
            read(io.BytesIO(endless_jpeg()), name="slow.jpg")
        assert time.monotonic() - begun < 20
        assert np.array_equal(read(DATA / "man.jpg"), read_image(DATA / "man.jpg"))


def test_a_decoder_that_crashes_takes_nothing_with_it():
    with Decoder() as read:
        read(DATA / "man.jpg")
        threading.Timer(0.3, os.kill, (pid_of(read), signal.SIGKILL)).start()
        with pytest.raises(ImageReadError, match=r"^slow.jpg: its decoder crashed; copy or export it anew$"):
            read(io.BytesIO(endless_jpeg()), name="slow.jpg")
        assert np.array_equal(read(DATA / "man.jpg"), read_image(DATA / "man.jpg"))


def test_closing_ends_it_in_the_middle_of_a_photo():
    read = Decoder()
    read(DATA / "man.jpg")
    pid = pid_of(read)
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(read, io.BytesIO(endless_jpeg()))
        time.sleep(0.3)
        begun = time.monotonic()
        read.close()
        assert isinstance(slow.exception(), ImageReadError)
        assert time.monotonic() - begun < 5
    assert not lives(pid)


def test_threads_take_turns():
    with Decoder() as read, ThreadPoolExecutor(4) as threads:
        wanted = {path: read_image(path) for path in sorted(DATA.glob("*.jpg"))}
        for path, image in [(path, threads.submit(read, path)) for path in [*wanted] * 4]:
            assert np.array_equal(image.result(), wanted[path])


@pytest.mark.skipif(sys.platform != "linux", reason="address space is bounded on Linux")
def test_memory_is_bounded_while_a_photo_is_decoded_and_not_after():
    script = (
        "import numpy\n"
        "from photo2moe.decoder import _limit\n"
        "_limit(0, 1 << 30)\n"
        "try:\n    numpy.zeros(1 << 30, numpy.uint8)\n"
        "except MemoryError:\n    _limit(0, None); print(numpy.zeros(1 << 30, numpy.uint8).size)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{1 << 30}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_ends_with_its_parent_however_that_ends():
    script = (
        f"from photo2moe.decoder import Decoder; read = Decoder(); read({str(DATA / 'man.jpg')!r})\n"
        "print(read._child.pid, flush=True); import time; time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert lives(child)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 10
    while lives(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_child_answers_in_turn_and_ends_with_its_requests():
    """Started as any program is, so that its coverage is measured: what a Decoder starts loads nothing on its own."""
    photos = [("man.jpg", (DATA / "man.jpg").read_bytes()), ("x.jpg", b"text"), ("woman.jpg", b"")]
    asked = b"".join(_REQUEST.pack(len(name), len(data), 10**6, 60) + name.encode() + data for name, data in photos)
    command = [sys.executable, "-c", "from photo2moe.decoder import serve; serve()"]
    told = subprocess.run(command, input=asked, capture_output=True, check=True, cwd=DATA.parent.parent).stdout
    expected = read_image(DATA / "man.jpg")
    assert told.startswith(_REPLY.pack(*expected.shape[:2], 0) + expected.tobytes())
    assert told.count(b"not an image; photo2moe reads") == 2


def test_what_lies_in_the_folder_is_not_run(tmp_path, monkeypatch):
    """A folder of photos may hold a numpy.py."""
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Decoder() as read:
        assert read(DATA / "man.jpg").shape == (400, 400, 3)
