"""What the machine lacks is told in one line, by whatever library it was found out."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from photo2moe.bulk.work import failure
from photo2moe.decoder import Decoder
from photo2moe.errors import ImageReadError, LibraryError, MissingExtraError
from photo2moe.files import reason
from photo2moe.system import LIBRARIES, PHOTO, explained, require_memory
from tests.test_cli import DATA, QUICK, error, run

MATPLOTLIB = "Matplotlib requires access to a writable cache directory; set the MPLCONFIGDIR environment variable"


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ImportError("libGL.so.1: cannot open shared object file: No such file or directory"), LIBRARIES),
        (ImportError("/lib/libEGL.so.1: file too short"), "/lib/libEGL.so.1: file too short"),
        (ImportError("cv2.so: failed to map segment from shared object"), "there is too little memory"),
        (ModuleNotFoundError("No module named 'scipy'", name="scipy"), "the package scipy is missing"),
        (ImportError("numpy.core.multiarray failed to import"), "install photo2moe anew"),
        (MemoryError(), "raise its limit (ulimit -v)"),
        (RuntimeError("can't start new thread"), "there is too little memory"),
        (RuntimeError("[ONNXRuntimeError] : Failed to allocate memory"), "there is too little memory"),
        (OSError(errno.EROFS, "Read-only file system", "/a"), "the system refuses: read-only file system; choose"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "name another folder in TMPDIR"),
        (OSError(MATPLOTLIB), MATPLOTLIB),
        (ImageReadError("a.jpg: no such file"), "a.jpg: no such file"),
    ],
)
def test_causes_and_remedies(cause: Exception, words: str) -> None:
    told = explained(cause)
    assert told is not None and words in str(told)
    assert str(told).isprintable()
    assert words in failure(cause)["error"]


def test_kinds_of_errors_and_mistakes_of_ours() -> None:
    assert isinstance(explained(ImportError("libGL.so.1: cannot open shared object file")), LibraryError)
    assert isinstance(explained(ModuleNotFoundError("No module named 'scipy'", name="scipy")), MissingExtraError)
    for mistake in (KeyError("a"), TypeError("b"), ModuleNotFoundError("x", name="photo2moe.nothing")):
        assert explained(mistake) is None
    assert failure(KeyError("a"))["error"] == "unexpected KeyError: 'a'"


def test_words_of_others_keep_their_letters() -> None:
    assert reason(OSError(MATPLOTLIB)) == MATPLOTLIB
    assert reason(OSError(errno.EACCES, "Permission denied")) == "permission denied"
    assert (
        reason(OSError(errno.EBADRPC if hasattr(errno, "EBADRPC") else 72, "RPC struct is bad")) == "RPC struct is bad"
    )
    assert reason(OSError(errno.ENOSPC, "No space left on device")) == "no space left on device; make room"


def test_a_library_that_is_missing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("photo2moe.pipeline.load_pipeline", refuse)
    for arguments in (["convert", DATA / "man.jpg", "-o", tmp_path / "a.png", *QUICK], ["describe", DATA / "man.jpg"]):
        done = run(*arguments)
        assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1
        assert error(done).endswith(f"on Debian and Ubuntu: {LIBRARIES}")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({kib} << 10, {kib} << 10))
sys.argv = ["photo2moe", *sys.argv[1:]]
from photo2moe.__main__ import run
run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space")
@pytest.mark.parametrize(("command", "kib"), [("convert", 600_000), ("video", 3_000_000), ("batch", 1_200_000)])
def test_too_little_memory_is_said_before_a_library_ends_the_process(command: str, kib: int, tmp_path: Path) -> None:
    source = DATA if command == "batch" else DATA / "man.jpg"
    target = tmp_path / {"convert": "a.png", "video": "a.mp4", "batch": "out"}[command]
    line = [sys.executable, "-c", LIMITED.format(kib=kib), command, str(source), "-o", str(target)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=DATA.parent.parent)
    assert (done.returncode, done.stdout) == (1, "")
    [told] = done.stderr.splitlines()
    assert told.startswith(f"Error: memory is limited to {kib} KiB, and ") and "ulimit -v" in told


def test_without_a_limit_there_is_nothing_to_refuse() -> None:
    require_memory(PHOTO)


def test_a_decoder_that_cannot_be_started_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [])  # where it looks for what it needs
    with Decoder() as read, pytest.raises(ImageReadError, match="its decoder cannot be started; free some memory"):
        read(DATA / "man.jpg")
    assert capfd.readouterr() == ("", "")


def test_a_read_only_place_is_found_out_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refuse(path: object, flags: int, *more: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(tmp_path)):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, flags, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("photo2moe.decoder.Decoder.__call__", lambda *_, **__: pytest.fail("the photo was read"))
    done = run("convert", DATA / "man.jpg", "-o", tmp_path / "a.png", *QUICK)
    assert done.exit_code == 1
    assert error(done).endswith("a.png: cannot be written: read-only file system; choose a folder that can be written")
