"""Feed damaged files to everything that reads some, led by what code they reach.

    pip install atheris                                # wheels for Linux
    python scripts/fuzz.py image --runs 500000         # photos of all formats, with EXIF, ICC and XMP
    python scripts/fuzz.py metadata --runs 300000      # the marks that 'inspect' reads
    python scripts/fuzz.py checkpoint --runs 300000    # weights

Whatever the bytes, the answer must be a result or one error of ours, in one line. An input
that gets another answer, takes over 20 s, or 2 GB, ends the run and is left in the corpus
folder as crash-*, timeout-* or oom-*. It belongs into tests/data/fuzz.zip, which
tests/test_fuzz.py replays; --pack adds to it the smallest inputs of a corpus, those that
no mutation can do without.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ZIP = ROOT / "tests" / "data" / "fuzz.zip"
LONGEST = 6000  # bytes of an input
PIXELS = 100_000  # largest picture decoded here: time is better spent on more of them


def read_photo(data: bytes) -> str:
    import numpy as np

    from photo2moe.errors import ImageReadError
    from photo2moe.imageio import decode_image

    try:
        image = decode_image(data, "x", PIXELS)
    except ImageReadError as error:
        return str(error)
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and 0 < image.size <= 3 * PIXELS
    return "a picture"


def read_mark(data: bytes) -> str:
    from photo2moe.provenance import Provenance, find_provenance

    found = find_provenance(data)
    assert found is None or (isinstance(found, Provenance) and isinstance(found.is_ai_made, bool))
    return "a mark" if found else "no mark"


def read_checkpoint(data: bytes) -> str:
    from photo2moe.checkpoint import Checkpoint, build_generator
    from photo2moe.errors import CheckpointFormatError

    try:
        assert isinstance(build_generator(data, Path("x")), Checkpoint)
    except CheckpointFormatError as error:
        return str(error)
    return "a net"


TARGETS: dict[str, Callable[[bytes], str]] = {"image": read_photo, "metadata": read_mark, "checkpoint": read_checkpoint}


def check(target: str, data: bytes) -> None:
    """What must hold of any answer."""
    said = TARGETS[target](data)
    assert said.isprintable() and len(said) < 1000, said


def seeds(target: str) -> Iterator[bytes]:
    """Sound inputs to begin with."""
    if target == "checkpoint":
        yield from checkpoints()
        return
    import PIL.Image
    import pillow_heif
    from PIL import ImageCms

    from photo2moe.provenance import mark, packet

    pillow_heif.register_heif_opener()
    scene = PIL.Image.open(ROOT / "tests" / "data" / "landscape.jpg").convert("RGB").resize((12, 8))
    exif = PIL.Image.Exif()
    exif[274], exif[271] = 6, "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "BMP", "GIF"):
        for mode in ("RGB", "L", "P", "RGBA", "CMYK", "I;16", "F", "1"):
            for extra in ({}, {"exif": exif}, {"icc_profile": profile}):
                stream = io.BytesIO()
                try:
                    scene.convert("L" if mode == "I;16" else mode).convert(mode).save(stream, form, **extra)
                except (OSError, ValueError, KeyError, TypeError):
                    continue  # not every format holds every mode
                if stream.tell() <= LONGEST:
                    yield stream.getvalue()
    for form in ("PNG", "JPEG", "WEBP"):
        stream = io.BytesIO()
        scene.save(stream, form, **mark(form))
        yield stream.getvalue()
    yield packet().encode()


def checkpoints() -> Iterator[bytes]:
    import torch
    from safetensors.torch import save

    from photo2moe.checkpoint import FORMAT
    from photo2moe.config import GeneratorConfig, to_dict
    from photo2moe.nets.generator import Generator

    for blocks in (0, 1):
        config = GeneratorConfig(size=16, width=2, blocks=blocks)
        tensors = {k: v.to(torch.float16) for k, v in Generator(config).state_dict().items()}
        metadata = {"format": FORMAT, "config": json.dumps(to_dict(config)), "about": json.dumps({"images": 3})}
        yield save(tensors, metadata)


def mend(target: str, data: bytes) -> bytes:
    """Make sums and lengths right again: a reader that stops at them never sees what follows."""
    if target == "checkpoint" and (end := data.rfind(b"}", 0, 8000)) > 8:
        return struct.pack("<Q", end - 7) + data[8:]
    if target == "image" and data.startswith(b"\x89PNG\r\n\x1a\n"):
        mended, at = [data[:8]], 8
        while at + 12 <= len(data):
            size = min(int.from_bytes(data[at : at + 4], "big"), len(data) - at - 12)
            body = data[at + 4 : at + 8 + size]
            mended.append(struct.pack(">I", size) + body + struct.pack(">I", zlib.crc32(body)))
            at += 12 + size
        return b"".join(mended)
    return data


def fuzz(target: str, runs: int, corpus: Path, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["photo2moe", "PIL"]):
        import photo2moe.imageio
        import photo2moe.provenance

        if target == "checkpoint":
            import photo2moe.checkpoint  # noqa: F401
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(data)

    def mutate(data: bytes, longest: int, chance: int) -> bytes:
        changed = atheris.Mutate(data, longest)
        return mend(target, changed)[:longest] if random.Random(chance).random() < 0.8 else changed

    longest = 40_000 if target == "checkpoint" else LONGEST
    options = [f"-runs={runs}", f"-max_len={longest}", "-timeout=20", "-rss_limit_mb=2048", f"-seed={seed}"]
    atheris.Setup(
        [sys.argv[0], *options, "-print_final_stats=1", f"-artifact_prefix={corpus}/", str(corpus)],
        lambda data: check(target, data),
        custom_mutator=mutate,
    )
    atheris.Fuzz()


def pack(target: str, corpus: Path, count: int) -> None:
    """Add findings, and for each answer the smallest inputs that get it, to the zip file of the tests."""
    with zipfile.ZipFile(ZIP, "a", zipfile.ZIP_DEFLATED) as archive:
        there = {archive.read(name) for name in archive.namelist()}
        answers: dict[str, list[bytes]] = {}
        findings = []
        for path in sorted(corpus.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
            data = path.read_bytes()
            if path.name.startswith(("crash-", "timeout-", "oom-")):
                findings.append(data)
            elif not path.name.startswith("seed-") and len(data) < LONGEST:
                answers.setdefault(TARGETS[target](data) + str(data[:4]), []).append(data)
        each = max(1, count // max(1, len(answers)))
        chosen = findings + [data for group in answers.values() for data in group[:: max(1, len(group) // each)][:each]]
        for data in chosen[: count + len(findings)]:
            if data not in there:
                archive.writestr(zipfile.ZipInfo(f"{target}/{zlib.crc32(data):08x}"), data, zipfile.ZIP_DEFLATED)
                there.add(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=300_000)
    parser.add_argument("--corpus", type=Path, help="folder to keep inputs in  [default: runs/fuzz/TARGET]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", type=int, metavar="N", help="instead, add N inputs of the corpus to the tests'")
    given = parser.parse_args()
    corpus = given.corpus or ROOT / "runs" / "fuzz" / given.target
    if given.pack is not None:
        pack(given.target, corpus, given.pack)
    else:
        fuzz(given.target, given.runs, corpus, given.seed)


if __name__ == "__main__":
    main()
