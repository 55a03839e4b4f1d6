"""The command line: options in, one library call, result out.

Nothing here imports torch, MediaPipe or OpenCV before a command needs them.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photo2moe import __version__
from photo2moe.config import PipelineConfig, TrainConfig
from photo2moe.errors import ConfigError, NoFaceError, Photo2MoeError
from photo2moe.options import pipeline_options

if TYPE_CHECKING:
    from photo2moe.types import Image

SUFFIXES = ("png", "jpg", "webp")


class Commands(click.Group):
    """The boundary where our errors become one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; ``--debug`` lets tracebacks through."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            if ctx.params.get("debug"):
                raise
            raise click.UsageError(str(error)) from error
        except Photo2MoeError as error:
            if ctx.params.get("debug"):
                raise
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="photo2moe")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def main(debug: bool) -> None:
    """Turn a selfie into a chibi anime avatar that still is you. Offline."""


@main.command()
@click.argument("photo", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(), help="File to write, .png .jpg .webp; '-' is stdout.  [default: PHOTO.moe.png]"
)
@click.option("--json", "as_json", is_flag=True, help="Say on stdout what was done, as JSON.")
@pipeline_options
def convert(photo: str, output: str | None, as_json: bool, **options: Any) -> None:
    r"""Turn one PHOTO ('-' is stdin) into an avatar.

    \b
    photo2moe convert selfie.jpg -o avatar.png
    photo2moe convert group.jpg --face all --frame photo -o group.png
    """
    from photo2moe import console
    from photo2moe.batch import output_names
    from photo2moe.imageio import encode_image, output_format, printable, write_bytes

    begun, config = time.perf_counter(), PipelineConfig(**options)
    output = output or ("-" if photo == "-" else f"{Path(photo).with_suffix('')}.moe.png")
    if output == "-" and as_json:
        raise ConfigError("--json and the picture cannot both go to stdout; give -o FILE")
    form = "png" if output == "-" else output_format(output)
    picture = _read(photo, config.max_pixels)

    from photo2moe.pipeline import load_pipeline

    with load_pipeline(config) as pipeline:
        try:
            avatars = pipeline(picture)
        except NoFaceError as error:
            raise NoFaceError(f"{printable(photo)}: {error}") from error
    several = config.face == "all" and config.frame == "avatar"
    if output == "-":
        if len(avatars) > 1:
            raise ConfigError(f"{len(avatars)} faces found, and stdout holds one picture; give -o FILE, or --face N")
        sys.stdout.buffer.write(encode_image(avatars[0].image, form))
        return
    paths = output_names(Path(output), len(avatars) if several else 1)
    for path, avatar in zip(paths, avatars, strict=True):
        write_bytes(path, encode_image(avatar.image, form))
    seconds = round(time.perf_counter() - begun, 3)
    if as_json:
        done = [{"path": str(path), **avatar.facts()} for path, avatar in zip(paths, avatars, strict=True)]
        console.data({"photo": photo, "outputs": done, "seconds": seconds, "version": __version__})
    else:
        sizes = "×".join(str(n) for n in avatars[0].image.shape[1::-1])
        console.say(f"{printable(photo)} → {', '.join(printable(p) for p in paths)}   {sizes} · {seconds:.1f} s")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the avatars.")
@click.option("--format", "form", type=click.Choice(SUFFIXES), default="png", show_default=True, help="Of the avatars.")
@pipeline_options
def batch(folder: Path, output: Path, form: str, **options: Any) -> None:
    r"""Convert every photo of FOLDER and its sub-folders; skip what is done.

    \b
    photo2moe batch holiday/ -o avatars/ --background white
    """
    from photo2moe import console
    from photo2moe.batch import REPORT, convert_folder
    from photo2moe.imageio import printable
    from photo2moe.weights import resolve, sha256

    config = PipelineConfig(**options)
    if not folder.is_dir():
        raise click.BadParameter(
            f"{printable(folder)} is not a folder; use 'photo2moe convert' for a photo", param_hint="FOLDER"
        )
    fingerprint = sha256(resolve(config.weights))

    from photo2moe.pipeline import load_pipeline

    begun = time.perf_counter()
    with load_pipeline(config) as pipeline, console.progress("converting", None) as advance:
        outcome = convert_folder(
            pipeline,
            config,
            folder,
            output,
            suffix=f".{form}",
            fingerprint=fingerprint,
            progress=lambda so_far, name: advance(so_far.done, _rate(so_far.converted, begun) + f" {printable(name)}"),
        )
    failures = [(printable(name), reason) for name, reason in outcome.failures]
    if failures:
        console.table("failed", ("photo", "why"), failures)
    console.say(
        f"{outcome.converted} converted, {outcome.skipped} skipped, {len(failures)} failed   "
        f"{_rate(outcome.converted, begun)}   {printable(output / REPORT)}"
    )
    if failures:
        raise SystemExit(1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def weights(as_json: bool) -> None:
    """List the weights that come with the package."""
    from photo2moe import console
    from photo2moe.weights import CATALOGUE, locate, sha256

    rows = []
    for spec in CATALOGUE:
        path = locate(spec)
        intact = sha256(path) == spec.sha256
        rows.append({**dataclasses.asdict(spec), "bytes": path.stat().st_size, "intact": intact})
    if as_json:
        console.data(rows)
        return
    console.table(
        "",
        ("name", "file", "size", "licence", "sha256", "trained on"),
        [
            (
                r["name"],
                r["file"],
                f"{r['bytes'] / 1e6:.1f} MB",
                r["licence"],
                r["sha256"][:16] + ("" if r["intact"] else " DAMAGED"),
                r["trained_on"],
            )
            for r in rows
        ],
        stdout=True,
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def inspect(file: Path) -> None:
    """Say whether FILE is marked as made by AI, as JSON."""
    from photo2moe import console
    from photo2moe.provenance import read_provenance

    found = read_provenance(file)
    console.data(
        {
            "file": str(file),
            "ai_made": found is not None and found.is_ai_made,
            **(dataclasses.asdict(found) if found else {}),
        }
    )


@main.command()
@click.option("--photos", type=click.Path(path_type=Path), required=True, help="Folder of photos, one person each.")
@click.option("--anime", type=click.Path(path_type=Path), required=True, help="Folder of anime faces.")
@click.option(
    "--landmarks", type=click.Path(path_type=Path, dir_okay=False), help="CSV of the anime faces' eye centres."
)
@click.option(
    "--size", type=click.IntRange(16, 512), default=128, show_default=True, help="Side of the pictures, pixels."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the dataset.")
def prepare(photos: Path, anime: Path, landmarks: Path | None, size: int, output: Path) -> None:
    """Align and cut out photos and anime faces, ready to train on."""
    from photo2moe import console
    from photo2moe.training.prepare import prepare as make

    with console.progress("preparing", None) as advance:
        counts = make(
            photos,
            anime,
            output,
            size=size,
            landmarks=landmarks,
            progress=lambda domain, done, _: advance(done, domain),
        )
    for domain, numbers in counts.items():
        dropped = ", ".join(f"{number} {reason}" for reason, number in numbers.items() if reason != "kept")
        console.say(f"{domain}: {numbers['kept']} kept" + (f"; dropped: {dropped}" if dropped else ""))


@main.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("-o", "--output", "run", type=click.Path(path_type=Path), required=True, help="Run folder.")
@click.option(
    "--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="JSON of settings; flags come first."
)
@click.option("--images", type=click.IntRange(1), help="Photos to see.")
@click.option("--batch", type=click.IntRange(1), help="Pictures of each domain a step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Learning rate.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option("--compile/--no-compile", "compile_", default=None, help="Fuse the nets with a C++ compiler.")
@click.option("--init", type=click.Path(path_type=Path), help="Checkpoint to start from.")
@click.option("--resume", is_flag=True, help="Go on with the run.")
@click.option("-n", "--dry-run", is_flag=True, help="Print the resolved settings and stop.")
def train(
    dataset: Path, run: Path, file: Path | None, init: Path | None, resume: bool, dry_run: bool, **flags: Any
) -> None:
    r"""Train a generator on a DATASET made by 'prepare'. Ctrl-C saves the run and stops.

    \b
    photo2moe train dataset/ -o runs/first
    torchrun --nproc-per-node 2 -m photo2moe train dataset/ -o runs/first
    """
    from photo2moe import console
    from photo2moe.config import to_dict

    flags = {name.rstrip("_"): value for name, value in flags.items() if value is not None}
    config = _train_config(file, run if resume else None, flags)
    if dry_run:
        console.data(to_dict(config))
        return

    from photo2moe.training.interrupt import Interrupt
    from photo2moe.training.loop import train as start

    with Interrupt() as interrupt, console.progress("training", config.images) as advance:

        def tick(done: int, _: int, parts: dict[str, float]) -> None:
            advance(done, " ".join(f"{name} {value:.3g}" for name, value in parts.items()))

        images = start(config, dataset, run, init=init, resume=resume, progress=tick, should_stop=interrupt.asked)
    console.say(f"{images} images seen; {run}" + ("" if images >= config.images else " (go on with --resume)"))


def _train_config(file: Path | None, resumed: Path | None, flags: dict[str, Any]) -> TrainConfig:
    """Class defaults < the resumed run's < the file's < the flags."""
    import json

    from photo2moe.config import from_dict, to_dict

    values: dict[str, Any] = {}
    if resumed is not None:
        from photo2moe.training.loop import saved_config

        values = to_dict(saved_config(resumed))
    if file is not None:
        try:
            values |= json.loads(file.read_text())
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"--config {file} cannot be read: {error}") from error
    return from_dict(TrainConfig, values | flags)


def _read(photo: str, max_pixels: int) -> Image:
    from photo2moe.imageio import read_image

    if photo == "-":
        return read_image(sys.stdin.buffer, name="stdin", max_pixels=max_pixels)
    return read_image(os.fspath(photo), max_pixels=max_pixels)


def _rate(count: int, begun: float) -> str:
    return f"{count / max(time.perf_counter() - begun, 1e-9):.1f}/s"
