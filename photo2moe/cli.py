"""The command line: options in, one library call, result out.

Nothing here imports torch, MediaPipe or OpenCV before a command needs them.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photo2moe import __version__
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.errors import ConfigError, NoFaceError, Photo2MoeError
from photo2moe.files import printable, reason
from photo2moe.film import camera, video
from photo2moe.folders import INTERRUPTED, batch
from photo2moe.options import pipeline_options, serve_options
from photo2moe.workshop import evaluate, export, prepare, train

if TYPE_CHECKING:
    from photo2moe.types import Image


class Commands(click.Group):
    """The boundary where our errors become one line and an exit code, whatever names and files put into them."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; ``--debug`` lets tracebacks through."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            if ctx.params.get("debug"):
                raise
            raise click.UsageError(printable(str(error))) from error
        except Photo2MoeError as error:
            if ctx.params.get("debug"):
                raise
            raise click.ClickException(printable(str(error))) from error
        except OSError as error:
            if ctx.params.get("debug") or error.errno == errno.EPIPE:  # the reader has enough: click ends quietly
                raise
            raise click.ClickException(f"the system refuses: {reason(error)}{_of(error)}") from error
        except KeyboardInterrupt:
            if ctx.params.get("debug"):
                raise
            click.echo("interrupted", err=True)
            raise SystemExit(INTERRUPTED) from None


def _of(error: OSError) -> str:
    return f" ({printable(os.fsdecode(error.filename))})" if isinstance(error.filename, str | bytes) else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="photo2moe")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def main(debug: bool) -> None:
    """Turn a selfie into a chibi anime avatar that still is you. Offline."""


@main.command()
@click.argument("photo", type=click.Path(readable=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False),
    help="File to write, .png .jpg .webp; '-' is stdout.  [default: PHOTO.moe.png]",
)
@click.option("--json", "as_json", is_flag=True, help="Say on stdout what was done, as JSON.")
@pipeline_options
def convert(photo: str, output: str | None, as_json: bool, **options: Any) -> None:
    """Turn one PHOTO ('-' is stdin) into an avatar.

    \b
    photo2moe convert selfie.jpg -o avatar.png
    photo2moe convert group.jpg --face all --frame photo -o group.png
    """  # noqa: D301 - click looks for the very character
    from photo2moe import console
    from photo2moe.bulk.work import output_names
    from photo2moe.files import keep_apart
    from photo2moe.imageio import encode_image, output_format, write_bytes

    begun, config = time.perf_counter(), PipelineConfig(**options)
    output = output or ("-" if photo == "-" else f"{Path(photo).with_suffix('')}.moe.png")
    if output == "-" and as_json:
        raise ConfigError("--json and the picture cannot both go to stdout; give -o FILE")
    form = "png" if output == "-" else output_format(output)
    sources = (photo, config.background, config.weights)
    keep_apart(output, *sources)
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
        console.give(encode_image(avatars[0].image, form))
        return
    paths = [Path(name) for name in output_names(output, len(avatars) if several else 1)]
    for path in paths:
        keep_apart(path, *sources)
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
@serve_options
def serve(weights: str, backend: str, device: str, open_browser: bool, **options: Any) -> None:
    """Serve a page that turns photos into avatars, and an HTTP API, on this machine.

    \b
    photo2moe serve --open
    curl -F photo=@selfie.jpg http://127.0.0.1:7860/v1/convert -o avatar.png
    """  # noqa: D301 - click looks for the very character
    from photo2moe import console
    from photo2moe.web.server import serve as run

    config = ServeConfig(**options)
    base = PipelineConfig(weights=weights, backend=backend, device=device, max_pixels=config.max_pixels)
    run(config, base, say=console.say, open_browser=open_browser)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def weights(as_json: bool) -> None:
    """List the weights that come with the package."""
    from photo2moe import console
    from photo2moe.weights import SHIPPED, locate, sha256

    rows = []
    for spec in SHIPPED:
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
@click.argument("file", type=click.Path(path_type=Path, readable=False))
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


def _read(photo: str, max_pixels: int) -> Image:
    from photo2moe.decoder import Decoder

    with Decoder() as read:
        if photo == "-":
            return read(sys.stdin.buffer, name="stdin", max_pixels=max_pixels)
        return read(photo, max_pixels=max_pixels)


for command in (batch, video, camera, prepare, train, evaluate, export):
    main.add_command(command)
