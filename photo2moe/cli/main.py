"""The command line: options in, one library call, result out.

Nothing here imports torch, MediaPipe or OpenCV before a command needs them.
"""

from __future__ import annotations

import dataclasses
import errno
from pathlib import Path
from typing import Any

import click

from photo2moe import __version__
from photo2moe.cli.batch import INTERRUPTED, batch
from photo2moe.cli.convert import convert, describe, draw, kit
from photo2moe.cli.options import serve_options
from photo2moe.cli.train import evaluate, export, prepare, train
from photo2moe.cli.video import camera, video
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.errors import ConfigError, Photo2MoeError
from photo2moe.files import printable
from photo2moe.system import WORKER, explained, require_memory


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
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            known = explained(error)
            quiet = isinstance(error, OSError) and error.errno == errno.EPIPE  # the reader has enough: so click ends
            if ctx.params.get("debug") or quiet or known is None:
                raise
            raise click.ClickException(printable(str(known))) from error
        except KeyboardInterrupt:
            if ctx.params.get("debug"):
                raise
            click.echo("interrupted", err=True)
            raise SystemExit(INTERRUPTED) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="photo2moe")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def main(debug: bool) -> None:
    """Turn a selfie into a chibi anime avatar that still is you. Offline."""


@main.command()
@serve_options
def serve(weights: str, backend: str, device: str, open_browser: bool, **options: Any) -> None:
    """Serve a page that turns photos into avatars, and an HTTP API, on this machine.

    \b
    photo2moe serve --open
    curl -F photo=@selfie.jpg http://127.0.0.1:7860/v1/convert -o avatar.png
    """  # noqa: D301 - click looks for the very character
    require_memory(WORKER)
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


for command in (convert, describe, draw, kit, batch, video, camera, prepare, train, evaluate, export):
    main.add_command(command)
