"""The commands of those who make weights: prepare, train, evaluate."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from photo2moe import console
from photo2moe.cli.options import DEVICE
from photo2moe.config import TrainConfig, from_dict, to_dict
from photo2moe.errors import ConfigError
from photo2moe.files import keep_apart, printable
from photo2moe.weights import DEFAULT, resolve


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), required=True, help="Folder of photos, one person each.")
@click.option("--anime", type=click.Path(path_type=Path), required=True, help="Folder of anime faces.")
@click.option(
    "--landmarks", type=click.Path(path_type=Path, dir_okay=False), help="CSV of the anime faces' eye centres."
)
@click.option(
    "--size", type=click.IntRange(16, 512), default=128, show_default=True, help="Side of the roughs, pixels."
)
@click.option(
    "--scale",
    type=click.Choice([1, 2, 4]),
    default=2,
    show_default=True,
    help="How many times larger drawings are.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the dataset.")
def prepare(photos: Path, anime: Path, landmarks: Path | None, size: int, scale: int, output: Path) -> None:
    """Align and cut out photos and anime faces, ready to train on."""
    from photo2moe.training.prepare import prepare as make

    with console.progress("preparing") as advance:
        counts = make(
            photos,
            anime,
            output,
            size=size,
            scale=scale,
            landmarks=landmarks,
            progress=lambda domain, done, total: advance(done, domain, total),
        )
    for domain, numbers in counts.items():
        dropped = ", ".join(f"{number} {reason}" for reason, number in numbers.items() if reason != "kept")
        console.say(f"{domain}: {numbers['kept']} kept" + (f"; dropped: {dropped}" if dropped else ""))


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("-o", "--output", "run", type=click.Path(path_type=Path), required=True, help="Run folder.")
@click.option(
    "--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="JSON of settings; flags come first."
)
@click.option("--images", type=click.IntRange(1), help="Anime faces to redraw.")
@click.option("--batch", type=click.IntRange(1), help="Pictures of each domain a step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Learning rate.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option("--compile/--no-compile", "compile_", default=None, help="Fuse the nets with a C++ compiler.")
@DEVICE
@click.option("--workers", type=click.IntRange(0, 256), help="Processes that make batches ahead, for a GPU.")
@click.option("--init", type=click.Path(path_type=Path), help="Checkpoint to start from.")
@click.option(
    "--teacher",
    "teachers",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Checkpoint whose drawings to learn; several count alike. Set weights.distil.",
)
@click.option("--resume", is_flag=True, help="Go on with the run.")
@click.option("-n", "--dry-run", is_flag=True, help="Print the resolved settings and stop.")
def train(
    dataset: Path,
    run: Path,
    file: Path | None,
    init: Path | None,
    teachers: tuple[Path, ...],
    resume: bool,
    dry_run: bool,
    **flags: Any,
) -> None:
    """Train a generator on a DATASET made by 'prepare'. Ctrl-C saves the run and stops.

    \b
    photo2moe train dataset/ -o runs/first
    torchrun --nproc-per-node 2 -m photo2moe train dataset/ -o runs/first
    """  # noqa: D301 - click looks for the very character
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

        starting = partial(start, config, dataset, run, init=init, teachers=teachers, resume=resume)
        images = starting(progress=tick, should_stop=interrupt.asked)
    console.say(f"{images} images seen; {run}" + ("" if images >= config.images else " (go on with --resume)"))


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), help="Folder of photos; with --labels as named in the CSV.")
@click.option("--anime", type=click.Path(path_type=Path), help="Folder of anime faces, for KID, FID and comparison.")
@click.option(
    "--landmarks", type=click.Path(path_type=Path, dir_okay=False), help="CSV of the anime faces' eye centres."
)
@click.option("--groups", type=click.Path(path_type=Path, dir_okay=False), help="CSV: file, and a column a grouping.")
@click.option("--weights", default=DEFAULT, show_default=True, metavar="NAME|FILE", help="Weights to measure.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of labels by eye: measure how people are described instead.",
)
@click.option("--masks", type=click.Path(path_type=Path), help="With --labels: folder of masks, NAME.png a photo.")
@click.option("--limit", type=click.IntRange(1), help="Photos to draw by lot; all without it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every choice by lot.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Picture sheet, .png .jpg .webp; with --labels a page, .html.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with groups and a row a person.")
def evaluate(photos: Path | None, labels: Path | None, masks: Path | None, as_json: bool, **options: Any) -> None:
    """Measure avatars: anime rate, KID and FID, likeness, drawing, and all of it by group.

    With --labels, measure how people are described: accuracy, recall and calibration of every field, and with
    --masks how well their regions are found.

    \b
    photo2moe evaluate --photos faces/ --anime anime/ --weights run/snapshots/0064000.safetensors -o sheet.png
    photo2moe evaluate --labels labels.csv --photos photos/ --masks masks/ -o report.html
    """  # noqa: D301 - click looks for the very character
    if labels is not None:
        context = click.get_current_context()
        for name in ("anime", "landmarks", "groups", "weights"):
            if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
                raise click.UsageError(f"--{name} is of no use with --labels, which measures no avatars; leave it out")
            del options[name]
        _evaluate_labels(labels, photos, masks, as_json, **options)
        return
    if masks is not None:
        raise click.UsageError("--masks needs --labels, the CSV that names the photos")
    if photos is None:
        raise click.UsageError("Missing option '--photos', or '--labels' to measure how people are described.")
    from photo2moe.evaluation.report import COLUMNS
    from photo2moe.evaluation.run import evaluate as measure

    with console.progress("evaluating") as advance:
        report = measure(photos, progress=lambda what, done, total: advance(done, what, total), **options)
    if as_json:
        console.data(report.to_dict())
        return
    console.table("", COLUMNS, report.rows(), stdout=True)
    if report.groups:
        console.table("", report.group_columns(), report.group_rows(), stdout=True)
    console.say(report.summary())


def _evaluate_labels(labels: Path, photos: Path | None, masks: Path | None, as_json: bool, **options: Any) -> None:
    """Measure how people are described, and say it."""
    from photo2moe.evaluation import described_report as tables
    from photo2moe.evaluation.described import PAGES, evaluate_labels

    output = options["output"]
    if output is not None and output.suffix.lower() not in PAGES:
        raise click.UsageError(f"with --labels, -o is a page; name it .html, not {printable(output.name)}")
    with console.progress("evaluating") as advance:
        report = evaluate_labels(
            labels, photos, masks, progress=lambda what, done, total: advance(done, what, total), **options
        )
    if as_json:
        console.data(report.to_dict())
        return
    console.table("", tables.FIELD_COLUMNS, report.field_rows(), stdout=True)
    console.table("", tables.RECALL_COLUMNS, report.recall_rows(), stdout=True)
    if report.regions:
        console.table("", tables.REGION_COLUMNS, report.region_rows(), stdout=True)
    console.say(report.summary())


def _train_config(file: Path | None, resumed: Path | None, flags: dict[str, Any]) -> TrainConfig:
    """Class defaults < the resumed run's < the file's < the flags."""
    values: dict[str, Any] = {}
    if resumed is not None:
        from photo2moe.training.loop import saved_config

        values = to_dict(saved_config(resumed))
    if file is not None:
        try:
            values |= json.loads(file.read_text())
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise ConfigError(f"--config {file} cannot be read: {error}") from error
    return from_dict(TrainConfig, values | flags)


@click.command()
@click.argument("weights", default=DEFAULT)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write, .onnx or .pt.")
@click.option(
    "--int8", "photos", type=click.Path(path_type=Path, file_okay=False), help="In integers, measured on these photos."
)
def export(weights: str, output: Path, photos: Path | None) -> None:
    """Write WEIGHTS for ONNX Runtime or as TorchScript, after checking that both sides agree.

    \b
    photo2moe export -o moe.onnx
    photo2moe export -o moe-int8.onnx --int8 photos/
    """  # noqa: D301 - click looks for the very character
    from photo2moe.export import export as write
    from photo2moe.export import export_int8

    source = resolve(weights)
    keep_apart(output, source)
    if photos is None:
        agreement = f"largest difference {write(source, output):.1e} of 2.0"
    else:
        agreement = f"mean difference {export_int8(source, output, photos):.1f} grey levels"
    console.say(f"{output}   {output.stat().st_size / 1e6:.1f} MB · {agreement}")
