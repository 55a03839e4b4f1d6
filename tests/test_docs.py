"""Every example of the documents: it is understood, and where that takes no net of others and no hours, it runs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import PIL.Image
import pillow_heif
import pytest

from photo2moe.cli.main import main
from photo2moe.web.choices import CHOICES
from tests.clips import moving, write_clip

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?:photo2moe|-m photo2moe) ((?:\w+|--version) [^|#`]*)")

# Lines with these words are read but not run here: they take a network, hours, a camera or data of the reader's own,
# or never end. Other tests run the commands behind them.
ONLY_READ = (
    *(
        "pip install",
        "uv tool",
        "apt-get",
        "scripts/",
        "curl",
        "s3://",
        "--watch",
        "serve",
        "camera",
        "ffmpeg",
        "ffplay",
    ),
    *("train", "torchrun", "prepare", "evaluate", "snapshots", "--int8", "ruff", "--input-list", "photos/ -o"),
)


def blocks(document, language):
    """The code of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.M | re.S)


def lines(document):
    """The lines for the shell, continued ones joined, without their remarks."""
    joined = re.sub(r"([|\\])\n\s+", r"\1 ", "".join(blocks(document, "sh")))
    return [line.partition(" #")[0].strip() for line in joined.splitlines() if line.partition("#")[0].strip()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with all the files that examples begin with."""
    desk = tmp_path_factory.mktemp("desk")
    selfie = ROOT / "examples" / "selfie.jpg"
    shutil.copy(selfie, desk)
    shutil.copy(DATA / "group.jpg", desk)
    shutil.copytree(ROOT / "examples", desk / "examples")
    with PIL.Image.open(selfie) as picture:
        pillow_heif.from_pillow(picture.convert("RGB")).save(desk / "selfie.heic")
    for folder in ("holiday", "PHOTOS"):
        (desk / folder).mkdir()
        shutil.copy(selfie, desk / folder)
    write_clip(desk / "clip.mp4", moving("man", 30))
    write_clip(desk / "group.mp4", moving("group", 3, size=(480, 640)))
    return desk


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_is_understood(document):
    for line in lines(document):
        for found in COMMAND.findall(line):
            name, *arguments = shlex.split(found.partition(" >")[0])
            command = main.commands[name]
            with click.Context(main) as parent:
                command.make_context(name, arguments, parent)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_runs(document, desk):
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for line in lines(document):
        if any(words in line for words in ONLY_READ):
            continue
        done = subprocess.run(["bash", "-c", line], cwd=desk, env={"PATH": path}, capture_output=True, check=False)
        assert done.returncode == 0, (line, done.stderr.decode())


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_runs(document, desk, monkeypatch):
    monkeypatch.chdir(desk)
    names = {}
    for code in blocks(document, "python"):
        exec(compile(code, document.name, "exec"), names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8")):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_requests_name_options_that_there_are():
    known = {"photo", *(choice.name for choice in CHOICES)}
    for line in lines(ROOT / "docs" / "api.md"):
        if line.startswith("curl"):
            assert {name for name, _ in re.findall(r"(?:-F |[?&])([\w-]+)=([^\s']+)", line)} <= known


def test_every_command_has_its_place_in_the_documents():
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert not [name for name in main.commands if f"photo2moe {name}" not in text]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_as_documented(shell):
    assert f"_PHOTO2MOE_COMPLETE={shell}_source photo2moe" in (ROOT / "docs" / "commands.md").read_text("utf-8")
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "_PHOTO2MOE_COMPLETE": f"{shell}_source"}
    done = subprocess.run(["photo2moe"], env=environment, capture_output=True, text=True, check=False)
    assert "photo2moe" in done.stdout and done.returncode == 0, done.stderr
