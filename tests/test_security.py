"""What SECURITY.md promises, held against the program as it is run: offline, private, the same each time, tidy."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from photo2moe.imageio import read_image
from photo2moe.provenance import TRAINED_MEDIA, read_provenance
from tests.hostile import hostile_files
from tests.test_cli import DATA, QUICK, error, run

ROOT = Path(__file__).parent.parent
SECRET = "Rue du Secret 7"
INTERNET = {2, 10}  # AF_INET, AF_INET6
# Number of the call that makes a socket, and how the kernel calls the processor.
SOCKET = {"x86_64": (41, 0xC000003E), "aarch64": (198, 0xC00000B7)}


def no_internet() -> None:
    """Have the kernel kill this process, all its threads and children, when it asks for a socket to any network.

    Python's own hooks would not see what libraries do in C.
    """
    call, machine = SOCKET[platform.machine()]
    load, jump_equal, give = 0x20, 0x15, 0x06
    allow, kill = 0x7FFF0000, 0x80000000
    steps = [
        (load, 0, 0, 4),
        (jump_equal, 0, 5, machine),
        (load, 0, 0, 0),
        (jump_equal, 0, 3, call),
        (load, 0, 0, 16),
        (jump_equal, 2, 0, 2),
        (jump_equal, 1, 0, 10),
        (give, 0, 0, allow),
        (give, 0, 0, kill),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
    assert libc.prctl(22, 2, program) == 0, os.strerror(ctypes.get_errno())  # seccomp, with a filter


def start(*arguments: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env)


needs_filter = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in SOCKET, reason="seccomp on processors that are not listed"
)


@needs_filter
def test_the_filter_kills_who_asks_for_a_network():
    for family, code in (("AF_INET", -signal.SIGSYS), ("AF_INET6", -signal.SIGSYS), ("AF_UNIX", 0)):
        script = f"import socket, tests.test_security as t; t.no_internet(); socket.socket(socket.{family}).close()"
        with start("-c", script) as process:
            _, said = process.communicate()
            assert process.returncode == code, said


@needs_filter
def test_no_network_is_used_nothing_is_left_and_two_processes_make_the_same_bytes(tmp_path):
    """One run of convert and batch as a user has it, but where asking for a network is death."""
    (tmp_path / "in").mkdir()
    shutil.copy(DATA / "man.jpg", tmp_path / "in")
    arguments, photo = [*QUICK, "--face", "all"], str(DATA / "man.jpg")
    script = (
        "import sys, tests.test_security as t\n"
        "t.no_internet()\n"
        "from photo2moe.cli.main import main\n"
        f"for words in (['convert', {photo!r}, '-o', 'one.png'], ['batch', 'in', '-o', 'out']):\n"
        f"    main([*words, *{arguments}], standalone_mode=False)\n"
    )
    places = {name: tmp_path / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    for place in places.values():
        place.mkdir()
    environment = os.environ | {name: str(place) for name, place in places.items()} | {"PYTHONHASHSEED": "7"}
    with start("-c", script, env=environment | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path) as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    left = [path for place in places.values() for path in place.rglob("*") if path.is_file()]
    assert not [path for path in left if "matplotlib" not in path.parts], "temporary files stay behind"
    assert run("convert", DATA / "man.jpg", "-o", tmp_path / "two.png", *arguments).exit_code == 0
    made = {(tmp_path / name).read_bytes() for name in ("one.png", "two.png", "out/man.jpg.png")}
    assert len(made) == 1


def telling_photo(path: Path) -> None:
    """A photo that says where, when, by whom and with what it was taken, in every way there is."""
    exif = PIL.Image.Exif()
    exif[271], exif[305], exif[315], exif[270] = SECRET, SECRET, SECRET, SECRET
    exif.get_ifd(0x8769)[0x9003] = "2020:02:02 02:02:02"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)})
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{SECRET}</x:xmpmeta>'.encode()
    photo = PIL.Image.open(DATA / "man.jpg")
    if path.suffix == ".png":
        texts = PngInfo()
        texts.add_text("Location", SECRET)
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        photo.save(path, exif=exif, pnginfo=texts)
    else:
        photo.save(path, exif=exif, xmp=xmp, comment=SECRET.encode())


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_a_photo_says_of_its_owner_stays_with_it(suffix, tmp_path):
    source = tmp_path / f"telling{suffix}"
    telling_photo(source)
    assert SECRET.encode() in source.read_bytes()
    outputs = [tmp_path / f"out{form}" for form in (".png", ".jpg", ".webp")]
    for output in outputs:
        # The whole photo: of all outputs the one that takes most of it over.
        assert run("convert", source, "-o", output, *QUICK, "--frame", "photo").exit_code == 0
        data = output.read_bytes()
        for word in (SECRET.encode(), b"Exif\0\0", b"eXIf", b"EXIF", b"2020:02:02", b"ICC_PROFILE", b"iCCP"):
            assert word not in data
        assert read_provenance(output).digital_source_type == TRAINED_MEDIA
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed; the bytes were searched without it")
    told = subprocess.run(["exiftool", "-json", "-G1", "-a", *outputs], capture_output=True, check=True).stdout
    for facts in json.loads(told):
        groups = {key.partition(":")[0] for key in facts} - {"SourceFile"}
        assert groups <= {
            "ExifTool",
            "System",
            "File",
            "PNG",
            "RIFF",
            "JFIF",
            "Composite",
            "XMP-x",
            "XMP-rdf",
            "XMP-xmp",
            "XMP-iptcExt",
        }
        assert facts["XMP-iptcExt:DigitalSourceType"] == TRAINED_MEDIA
        assert not [key for key in facts if "GPS" in key or ("Date" in key and not key.startswith("System"))]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_a_folder_at_once_with_its_report_written(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(60):
        shutil.copy(DATA / "man.jpg", tmp_path / "in" / f"{number:02}.jpg")
    report = tmp_path / "out" / "report.jsonl"
    process = start("-m", "photo2moe", "batch", tmp_path / "in", "-o", tmp_path / "out", *QUICK)
    try:
        until = time.monotonic() + 60
        while not (report.exists() and b'"ok"' in report.read_bytes()):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        out, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert time.monotonic() - asked < 10  # on a busy machine; 0.2 s on an idle one
    assert (process.returncode, out) == (130, "")
    [line] = said.splitlines()
    rows = [json.loads(row) for row in report.read_text().splitlines()]
    done = [row for row in rows if row["status"] == "ok"]
    assert line.startswith(f"interrupted, run again to go on: {len(done)} converted, 0 skipped, 0 failed")
    assert {row["photo"] for row in rows} == {row["photo"] for row in done}
    there = list((tmp_path / "out").iterdir())
    assert {path.name for path in there} == {"report.jsonl", *(row["outputs"][0] for row in done)}


NAMES = ["new\nline", "right\u202eleft", os.fsdecode(b"latin-\xe9"), "bell\a \x1b[31mred"]


@pytest.mark.parametrize("name", NAMES)
def test_strange_names_come_out_as_one_line_of_text(name, tmp_path):
    photo = tmp_path / f"{name}.jpg"
    shutil.copyfile(DATA / "man.jpg", photo)
    done = run("convert", photo, "-o", tmp_path / f"{name}.png", "--json", *QUICK)
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout_bytes)
    assert os.fsencode(facts["photo"]) == os.fsencode(photo)
    assert read_image(facts["outputs"][0]["path"]).shape == (128, 128, 3)
    inspected = json.loads(run("inspect", tmp_path / f"{name}.png").stdout_bytes)
    assert inspected["ai_made"] and os.fsencode(inspected["file"]) == os.fsencode(tmp_path / f"{name}.png")
    for arguments in (
        ["convert", tmp_path / f"{name}.gone.jpg", "-o", tmp_path / "x.png"],
        ["convert", DATA / "man.jpg", "-o", tmp_path / name / "x.png"],
        ["convert", DATA / "man.jpg", "-o", tmp_path / "x.png", "--weights", tmp_path / name],
        ["inspect", tmp_path / f"{name}.gone.jpg"],
    ):
        failed = run(*arguments, *([] if "--weights" in arguments or arguments[0] == "inspect" else QUICK))
        [line] = failed.stderr.splitlines()
        assert failed.exit_code == 1 and line.startswith("Error: ") and line.isprintable()


def test_the_longest_names(tmp_path):
    photo = tmp_path / ("x" * 251 + ".jpg")
    shutil.copyfile(DATA / "man.jpg", photo)
    assert run("convert", photo, "-o", tmp_path / ("y" * 251 + ".png"), *QUICK).exit_code == 0
    done = run("convert", photo, *QUICK)
    assert done.exit_code == 1
    assert error(done).endswith(".moe.png: cannot be written: file name too long; choose a shorter one")


@pytest.mark.parametrize("way", ["same", "link", "hard link", "other name"])
def test_no_photo_is_written_over(way, tmp_path):
    photo = tmp_path / "photo.png"
    PIL.Image.open(DATA / "man.jpg").save(photo)
    before, output = photo.read_bytes(), tmp_path / "out.png"
    if way == "same":
        output = photo
    elif way == "other name":
        output = tmp_path / ".." / tmp_path.name / "photo.png"
    elif way == "link":
        output.symlink_to(photo)
    else:
        os.link(photo, output)
    done = run("convert", photo, "-o", output, *QUICK)
    assert done.exit_code == 1
    assert error(done) == f"{output} would replace {photo}; name another file"
    assert photo.read_bytes() == before


def test_of_several_faces_none_is_written_over_the_photo(tmp_path):
    photo = tmp_path / "g-2.jpg"
    shutil.copyfile(DATA / "group.jpg", photo)
    done = run("convert", photo, "-o", tmp_path / "g.jpg", "--face", "all", *QUICK)
    assert done.exit_code == 1
    assert "g-2.jpg would replace" in error(done)
    assert [path.name for path in tmp_path.iterdir()] == ["g-2.jpg"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_stdout_that_takes_nothing_is_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "photo2moe", "inspect", DATA / "man.jpg"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (
        1,
        "Error: stdout: cannot be written: no space left on device; make room\n",
    )


BOMB = dict(hostile_files(40))["bomb.png"]  # 0.9 gigapixels in ten kilobytes


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        lambda path: path.write_bytes(b"%PDF-1.7\n"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes((DATA / "man.jpg").read_bytes()[:9000]),
        lambda path: PIL.Image.new("RGB", (1, 1)).save(path),
        lambda path: PIL.Image.new("RGB", (20_000, 50)).save(path),
        lambda path: path.write_bytes(BOMB),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
        lambda path: path.mkdir(),
    ],
    ids=["svg", "pdf", "empty", "cut", "1x1", "20000x50", "bomb", "fifo", "device", "loop", "folder"],
)
def test_whatever_calls_itself_a_photo(make, tmp_path):
    photo = tmp_path / "photo.jpg"
    make(photo)
    done = run("convert", photo, "-o", tmp_path / "out.png", *QUICK)
    [line] = done.stderr.splitlines()
    assert done.exit_code == 1 and str(photo) in line
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_who_may_not_read_a_photo_hears_it_from_the_system_in_one_line(tmp_path, monkeypatch):
    """Root may read everything: so here the file itself refuses, and whoever asks beforehand is told no."""
    photo = tmp_path / "photo.jpg"
    photo.symlink_to("/proc/self/mem")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for arguments in (["convert", photo, "-o", tmp_path / "out.png", *QUICK], ["inspect", photo]):
        done = run(*arguments)
        assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
        assert error(done) == f"{photo}: cannot be read: input/output error"


def test_a_background_is_decoded_like_a_photo(tmp_path):
    """In a process of its own: only there is a side of 32,767 pixels too long."""
    PIL.Image.new("RGB", (2, 32_767)).save(tmp_path / "back.png")
    done = run("convert", DATA / "man.jpg", "-o", tmp_path / "out.png", *QUICK, "--background", tmp_path / "back.png")
    assert done.exit_code == 1
    assert error(done).endswith("back.png: 2x32767 pixels, over 32,766 a side; cut out the part with the person")
