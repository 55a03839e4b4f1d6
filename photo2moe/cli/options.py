"""The options that several commands share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from photo2moe.config import PipelineConfig, ServeConfig

Command = TypeVar("Command", bound=Callable[..., Any])


WEIGHTS = click.option(
    "--weights",
    "--style",
    metavar="NAME|FILE",
    help="moe, painted by the net; clean, the pen alone; or a checkpoint that paints.",
)
CHANGES = click.option(
    "--set", "changes", metavar="FIELD=VALUE", multiple=True, help="Change the character, as in hair.colour=silver."
)
KIT = click.option("--kit", metavar="FOLDER", default="", help="Further parts to draw with, see docs/kit.md.")
BACKEND = click.option("--backend", type=click.Choice(["auto", "torch", "onnx"]), help="Engine of the net.")
DEVICE = click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where the net runs.")


def wished(options: dict[str, Any]) -> PipelineConfig:
    """What options ask for, looked through before anything is loaded.

    Raises:
        ConfigError: a value out of range; or a colour, a change or a background that there is not.
        KitError: the kit is broken, or there is no such folder.
    """
    config = PipelineConfig(**options)
    from photo2moe.wishes import check_wishes

    check_wishes(config)
    return config


def pipeline_options(command: Command) -> Command:
    """The options that ``convert`` and ``batch`` share; their defaults are ``PipelineConfig``'s."""
    mark = click.option("--mark", is_flag=True, help='Draw a small "AI" into the corner.')
    return _apply(command, [*_everywhere(), mark], PipelineConfig())


def clip_options(look: PipelineConfig) -> Callable[[Command], Command]:
    """A decorator that adds the options of ``video`` and ``camera``, with these defaults."""
    return lambda command: _apply(command, _everywhere(), look)


def _everywhere() -> list[Callable[[Command], Command]]:
    """The options of everything that looks at people."""
    frames = ["avatar", "full", "photo"]
    return [
        WEIGHTS,
        CHANGES,
        KIT,
        click.option("--frame", type=click.Choice(frames), help="Head and shoulders, the whole chibi, or the photo."),
        click.option("--strength", type=click.FloatRange(0, 1), help="0 own proportions … 1 anime proportions."),
        click.option(
            "--background", metavar="WHAT", help="photo, transparent, white, blur, #rrggbb, or a picture's path."
        ),
        click.option("--size", type=click.IntRange(64, 4096), help="Side of the avatar, pixels."),
        click.option("--face", metavar="WHICH", help="largest, all, or N for the N-th largest."),
        click.option("--skin", metavar="COLOUR", help="keep, #rrggbb, or a name such as beige."),
        click.option("--hair-colour", "hair", metavar="COLOUR", help="keep, #rrggbb, or a name such as silver."),
        click.option("--eye-colour", "eyes", metavar="COLOUR", help="keep, #rrggbb, or a name such as green."),
        click.option("--compare", is_flag=True, help="Photo and avatar side by side."),
        BACKEND,
        DEVICE,
        click.option("--max-pixels", type=click.IntRange(1), metavar="N", help="Largest photo accepted, pixels."),
    ]


def style_options(command: Command) -> Command:
    """The options of ``draw``: those of ``PipelineConfig`` that need no photo."""
    options = [
        WEIGHTS,
        CHANGES,
        KIT,
        click.option("--frame", type=click.Choice(["avatar", "full"]), help="Head and shoulders, or the whole chibi."),
        click.option("--size", type=click.IntRange(64, 4096), help="Side of the picture, pixels."),
        BACKEND,
        DEVICE,
    ]
    return _apply(command, options, PipelineConfig())


def serve_options(command: Command) -> Command:
    """The options of ``serve``; their defaults are ``ServeConfig``'s and ``PipelineConfig``'s."""
    options = [
        click.option("--host", metavar="ADDRESS", help="Where to listen; only this machine can reach the default."),
        click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one."),
        click.option("--open", "open_browser", is_flag=True, help="Show the page in the browser."),
        click.option("--token", metavar="TEXT", envvar="PHOTO2MOE_TOKEN", help="What clients must show."),
        click.option("--name", "names", metavar="NAME", multiple=True, help="Another host name that clients may use."),
        click.option("--workers", type=click.IntRange(1, 64), help="Photos converted at once."),
        click.option("--queue", type=click.IntRange(0, 1000), help="Requests that may wait; more are told to return."),
        click.option("--rate", type=click.FloatRange(0, min_open=True), help="Requests a second and client."),
        WEIGHTS,
        BACKEND,
        DEVICE,
        click.option("--max-pixels", type=click.IntRange(1), metavar="N", help="Largest photo accepted, pixels."),
    ]
    return _apply(command, options, PipelineConfig(), ServeConfig())


def _apply(command: Command, options: Sequence[Callable[[Command], Command]], *configs: Any) -> Command:
    """Put options on a command, with the defaults of the configurations that they belong to."""
    for option in reversed(options):
        command = option(command)
    defaults = {f.name: getattr(config, f.name) for config in configs for f in dataclasses.fields(config)}
    for parameter in command.__click_params__:  # type: ignore[attr-defined]
        if parameter.name in defaults:
            parameter.default = defaults[parameter.name]
            parameter.show_default = not parameter.is_flag and parameter.default not in ("", ())
    return command
