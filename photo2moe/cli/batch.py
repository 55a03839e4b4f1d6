"""The command for many photos: batch."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photo2moe import console
from photo2moe.cli.options import pipeline_options, wished
from photo2moe.errors import ConfigError, InputError
from photo2moe.system import WORKER, require_memory

if TYPE_CHECKING:
    from photo2moe.batch import Engine, Outcome, Progress
    from photo2moe.bulk.jobs import Job, Jobs, Shard
    from photo2moe.bulk.places import Place
    from photo2moe.bulk.work import Order

FORMATS = ("png", "jpg", "webp")
ENGINES = ("processes", "ray")
NAMED = 20  # files that are no photos, in the line that names them
INTERRUPTED = 130  # exit code after Ctrl-C, as of a program that the signal ended: loops of a shell stop at it


@click.command()
@click.argument("folder", required=False)
@click.option("-o", "--output", metavar="FOLDER", required=True, help="Folder of the avatars, or its address.")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True, help="Of avatars.")
@click.option("--workers", type=click.IntRange(1, 4096), help="Processes.  [default: what the machine carries]")
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], show_default=True, help="Who does the work.")
@click.option("--input-list", metavar="FILE|-", help='Photos to convert: a path a line, or JSON with "photo".')
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts; the rest is for other machines.")
@click.option("--watch", is_flag=True, help="Go on with what arrives in FOLDER, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Say on stdout what became of each photo, as JSON.")
@pipeline_options
def batch(
    folder: str | None,
    output: str,
    form: str,
    workers: int | None,
    engine: str,
    input_list: str | None,
    shard: str | None,
    watch: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Convert every photo of FOLDER and its sub-folders; skip what is done.

    FOLDER and the output may be addresses, such as s3://bucket/photos.

    \b
    photo2moe batch holiday/ -o avatars/ --background white
    find . -newer last | photo2moe batch --input-list - -o avatars/ --json
    """  # noqa: D301 - click looks for the very character
    require_memory(WORKER)
    from photo2moe.batch import Outcome, check_apart, convert_all
    from photo2moe.bulk.places import open_place
    from photo2moe.bulk.report import Report, options_fingerprint
    from photo2moe.bulk.work import Order
    from photo2moe.imageio import printable
    from photo2moe.training.interrupt import Interrupt

    config, part = wished(options), _shard(shard)
    _check(folder, input_list, watch)
    source, target = open_place(folder or "."), open_place(output)
    if input_list is None:
        check_apart(source, target)
    fingerprint = options_fingerprint(config, f".{form}")
    begun, outcome, interrupted = time.perf_counter(), Outcome(), False
    with (
        Report(target, fingerprint, f".{form}", part) as report,
        _lines(input_list) as lines,
        _counted(lambda: _jobs(source, target, None, part), known=not (lines or watch)) as total,
        console.progress("converting") as advance,
        Interrupt() if watch else nullcontext() as interrupt,
    ):
        run = _engine(engine, Order(config, source, target, f".{form}", report.ledger), workers or 0)
        until = interrupt.asked if interrupt else None
        jobs = _jobs(source, target, lines, part, until, outcome.pass_over)
        tick = _teller(advance, total, begun, as_json=as_json)
        try:
            convert_all(run, jobs, report, tick, outcome)
        except KeyboardInterrupt:
            interrupted = True
    _name_others(outcome)
    failures = [(printable(name), why) for name, why in outcome.failures.items()]
    if failures:
        console.table("failed", ("photo", "why"), failures)
    console.say(
        f"{'interrupted, run again to go on: ' * interrupted}"
        f"{outcome.converted} converted, {outcome.skipped} skipped, {outcome.failed} failed"
        f"{f', {outcome.passed} passed over' * bool(outcome.passed)}   "
        f"{_rate(outcome.converted, begun)}   {target}/{report.name}"
    )
    if interrupted or outcome.failed:
        raise SystemExit(INTERRUPTED if interrupted else 1)


def _check(folder: str | None, input_list: str | None, watch: bool) -> None:
    """Refuse options that contradict one another.

    Raises:
        click.UsageError: they do.
    """
    from photo2moe.bulk.store import is_address
    from photo2moe.imageio import printable

    if folder is None and input_list is None:
        raise click.UsageError("Missing argument 'FOLDER'; name a folder, or give --input-list FILE.")
    if watch and (input_list is not None or folder is None or is_address(folder)):
        raise ConfigError("--watch needs a FOLDER on this machine, and no --input-list")
    if folder is not None and not is_address(folder) and not Path(folder).is_dir():
        raise click.BadParameter(
            f"{printable(folder)} is not a folder; use 'photo2moe convert' for a photo", param_hint="FOLDER"
        )


def _name_others(outcome: Outcome) -> None:
    """Say in a line what was passed over."""
    from photo2moe.imageio import printable

    if outcome.passed:
        names = ", ".join(printable(name) for name in outcome.others[:NAMED])
        more = f" and {outcome.passed - NAMED} more" if outcome.passed > NAMED else ""
        console.say(f"passed over, since they are no photos: {names}{more}")


def _shard(text: str | None) -> Shard:
    from photo2moe.bulk.jobs import Shard, parse_shard

    return parse_shard(text) if text else Shard()


def _engine(name: str, order: Order, workers: int) -> Engine:
    if name == "ray":
        from photo2moe.bulk.cluster import Cluster

        return Cluster(order, workers)
    from photo2moe.bulk.pool import Pool

    return Pool(order, workers)


def _jobs(
    source: Place,
    target: Place,
    lines: Iterator[str] | None,
    part: Shard,
    watch_until: Callable[[], bool] | None = None,
    on_other: Callable[[str], None] = lambda _: None,
) -> Jobs:
    from photo2moe.batch import inner_folder
    from photo2moe.bulk.jobs import from_folder, from_list
    from photo2moe.bulk.places import Local
    from photo2moe.bulk.watch import from_watch

    if lines is not None:
        return from_list(source, lines, part)
    inside = inner_folder(source, target)
    if watch_until and isinstance(source, Local):
        return from_watch(source, part, inside, on_other, stopped=watch_until)
    return from_folder(source, part, inside, on_other)


@contextmanager
def _lines(path: str | None) -> Iterator[Iterator[str] | None]:
    """The lines of a list; names are bytes to the system, so anything may be in them."""
    from photo2moe.files import printable, reason

    if path is None:
        yield None
        return
    try:
        where = sys.stdin.fileno() if path == "-" else path
        stream = open(where, encoding="utf-8", errors="surrogateescape", closefd=path != "-")  # noqa: SIM115 - below
    except OSError as error:
        raise InputError(f"--input-list {printable(path)}: cannot be read: {reason(error)}") from error
    with stream:
        yield iter(stream)


@contextmanager
def _counted(jobs: Callable[[], Jobs], *, known: bool) -> Iterator[Callable[[], int | None]]:
    """Count jobs beside the work: a large folder's first avatar need not wait for its last name."""
    from photo2moe.bulk.jobs import count

    if not known or not sys.stderr.isatty():  # nobody looks
        yield lambda: None
        return
    stop = threading.Event()
    with ThreadPoolExecutor(1) as counter:
        number = counter.submit(lambda: count(jobs(), stop.is_set))
        try:
            yield lambda: number.result() if number.done() else None
        finally:
            stop.set()


def _teller(advance: console.Advance, total: Callable[[], int | None], begun: float, *, as_json: bool) -> Progress:
    """What is told after every photo: a bar on a terminal, and a line of JSON where that was asked for."""
    from photo2moe.imageio import printable

    write = console.stream()

    def tell(so_far: Outcome, job: Job, facts: dict[str, Any]) -> None:
        advance(so_far.done, f"{_rate(so_far.converted, begun)} {printable(job.name)}", total())
        if as_json:
            write({**job.given, "photo": job.name, **facts})

    return tell


def _rate(count: int, begun: float) -> str:
    return f"{count / max(time.perf_counter() - begun, 1e-9):.1f}/s"
