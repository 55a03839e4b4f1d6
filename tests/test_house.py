"""The rules of the house: which module may import which, how long one may be, what the front door shows.

The layers are those of the plan in CONTRIBUTING.md.
"""

import ast
import configparser
import fnmatch
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import photo2moe

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "photo2moe"
LIMIT = 300  # lines of a module

# From the ground up; a module imports from layers below its own, and from its own room. A room, such as "pen.*",
# means all its modules but those that have a line of their own; modules outside of rooms are a room too.
LAYERS = (
    ("errors", "types", "config"),
    (
        "backdrop",
        "formats",
        "files",
        "listing",
        "raw",
        "pixels",
        "system",
        "stamp",
        "provenance",
        "weights",
        "imageio",
        "decoder",
        "console",
    ),
    ("ops.*",),
    ("nets.*", "character.fields", "character.schema"),
    ("checkpoint", "engine"),
    ("stages.*", "face.*", "pen.scene", "pen.strokes", "pen.curves", "pen.paths"),
    ("character.*", "kit.*"),
    ("pen.*",),
    ("compose.*", "paint.*"),
    ("wishes", "avatar", "pipeline", "output", "portrait"),
    ("bulk.*", "video.*", "web.*", "training.*"),
    ("batch", "evaluation.*", "quantise", "export"),
    ("cli.*",),
)

# Packages that only some modules may import.
OWNERS = {
    "click": ("cli.*", "training.*"),
    "rich": ("console",),
    "mediapipe": ("stages.*", "ops.solutions"),
    "skia": ("pen.*",),
    "fastapi": ("web.*",),
    "starlette": ("web.*",),
    "uvicorn": ("web.*",),
    "ray": ("bulk.cluster",),
    "fsspec": ("bulk.store",),
    "watchfiles": ("bulk.watch",),
}

# The front door re-exports everything, and __main__ only calls cli.
DOORS = ("__init__", "__main__")


def name_of(path: Path) -> str:
    """Return the dotted name of a module without ``photo2moe``, such as ``stages.align``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
ROOMS = {name.removesuffix(".__init__") for name in MODULES if name.endswith(".__init__")}
FURNISHED = [name for name in MODULES if not name.endswith("__init__") and name not in DOORS]


def layer(name: str) -> int:
    """Return the number of the layer that a module lies in."""
    for matches in (str.__eq__, fnmatch.fnmatchcase):  # a line of its own goes before its room
        for number, patterns in enumerate(LAYERS):
            if any(matches(name, pattern) for pattern in patterns):
                return number
    pytest.fail(f"photo2moe.{name} lies in no layer; give it one in LAYERS and in CONTRIBUTING.md")


def room(name: str) -> str:
    """Return the room of a module, empty for those outside of rooms."""
    return name.rpartition(".")[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of everything that a file imports, wherever in the file."""
    package = ("photo2moe", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*base, *filter(None, [node.module])))
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def module_in(target: str) -> str | None:
    """Return the module of ours that an imported name belongs to, ``""`` for the front door, None if foreign."""
    if target.split(".")[0] != "photo2moe":
        return None
    parts = target.split(".")[1:]
    while parts and ".".join(parts) not in MODULES.keys() | ROOMS:
        parts.pop()
    return ".".join(parts)


def targets(name: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the module of ours of everything that a module imports from the package."""
    for line, target in imports(MODULES[name]):
        other = module_in(target)
        if other is not None and target != "photo2moe.__version__":
            where = f"{MODULES[name].relative_to(ROOT)}:{line}"
            assert other, f"{where} imports {target}, which is no module below; import the one that defines the name"
            assert other not in ROOMS, f"{where} imports the room {other}; import one of its modules"
            yield where, other


@pytest.mark.parametrize("name", FURNISHED)
def test_imports_point_down(name: str) -> None:
    for where, other in targets(name):
        below = layer(other) < layer(name) or (layer(other) == layer(name) and room(other) == room(name))
        assert below, f"{where} imports {other}, which lies neither in a layer below nor in the same room"


def test_no_module_imports_itself_by_way_of_others() -> None:
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"a circle of imports: {' → '.join((*way, name))}"
        if name not in done:
            for _, other in targets(name):
                follow(other, (*way, name))
            done.add(name)

    for name in FURNISHED:
        follow(name, ())


@pytest.mark.parametrize("name", FURNISHED)
def test_foreign_packages_stay_with_their_owners(name: str) -> None:
    for line, target in imports(MODULES[name]):
        owners = OWNERS.get(target.split(".")[0], (name,))
        assert any(fnmatch.fnmatchcase(name, owner) for owner in owners), (
            f"{MODULES[name].relative_to(ROOT)}:{line} imports {target}, which belongs to {', '.join(owners)}"
        )


@pytest.mark.parametrize("name", MODULES)
def test_module_fits_on_few_pages(name: str) -> None:
    lines = len(MODULES[name].read_text("utf-8").splitlines())
    assert lines <= LIMIT, f"{name} has {lines} lines, more than {LIMIT}; split it by noun"


@pytest.mark.parametrize("name", MODULES)
def test_nothing_prints(name: str) -> None:
    calls = [node for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))) if isinstance(node, ast.Call)]
    lines = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not lines, f"{name} prints in lines {lines}; return the words, or leave them to console"


def test_rooms_are_packed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    packed = set(setup["options"]["packages"].split())
    rooms = {f"photo2moe.{room}" for room in ROOMS}
    assert packed == rooms | {"photo2moe", "photo2moe.shipped"}, "packages in setup.cfg differ from the tree"


def test_plan_names_every_room() -> None:
    plan = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    absent = [name for name in ROOMS - {""} if f"{name}/" not in plan]
    assert not absent, f"the plan of CONTRIBUTING.md lacks {absent}"


def test_help_needs_no_heavy_package() -> None:
    code = """
import sys
from photo2moe.cli.main import main
sys.argv = ["photo2moe", "--help"]
try:
    main()
finally:
    heavy = {"torch", "torchvision", "mediapipe", "cv2", "skia", "onnxruntime", "av", "fastapi", "uvicorn", "ray"}
    sys.stderr.write(" ".join(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: photo2moe" in done.stdout
    assert not done.stderr, f"photo2moe --help loads {done.stderr}"


def test_public_names_exist_and_are_listed() -> None:
    listed = photo2moe.__all__
    assert len(set(listed)) == len(listed)
    for name in listed:
        assert getattr(photo2moe, name) is not None
    assert set(listed) <= set(dir(photo2moe)), "dir(photo2moe) hides public names"
    shown = {name for name in dir(photo2moe) if not name.startswith("_")}
    modules = {name.split(".")[0] for name in MODULES} | {"annotations", "shipped"}
    assert shown - modules <= set(listed), f"not in __all__: {sorted(shown - modules - set(listed))}"


def test_readme_names_are_public() -> None:
    promised = {"load_pipeline", "read_image", "write_image", "Photo2MoeError", "__version__"}
    assert promised <= set(photo2moe.__all__)
