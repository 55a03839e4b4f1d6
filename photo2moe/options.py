"""The options that several commands share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import click

from photo2moe.config import PipelineConfig

Command = TypeVar("Command", bound=Callable[..., Any])


def pipeline_options(command: Command) -> Command:
    """The options that ``convert`` and ``batch`` share; their defaults are ``PipelineConfig``'s."""
    return look_options(PipelineConfig())(command)


def look_options(defaults: PipelineConfig) -> Callable[[Command], Command]:
    """A decorator that adds the options of ``PipelineConfig``, with these defaults."""

    def add(command: Command) -> Command:
        return _add(command, defaults)

    return add


def _add(command: Command, defaults: PipelineConfig) -> Command:
    options = [
        click.option(
            "--weights",
            "--style",
            metavar="NAME|FILE",
            help="Weights: a name from 'photo2moe weights', or a checkpoint.",
        ),
        click.option("--strength", type=click.FloatRange(0, 1), help="0 own proportions … 1 anime proportions."),
        click.option(
            "--background", metavar="WHAT", help="photo, transparent, white, blur, #rrggbb, or a picture's path."
        ),
        click.option("--frame", type=click.Choice(["avatar", "photo"]), help="Head and shoulders, or the whole photo."),
        click.option("--size", type=click.IntRange(64, 4096), help="Side of the avatar, pixels."),
        click.option("--face", metavar="WHICH", help="largest, all, or N for the N-th largest."),
        click.option("--skin", metavar="COLOUR", help="keep, or #rrggbb."),
        click.option("--hair-colour", "hair", metavar="COLOUR", help="keep, #rrggbb, or a name such as silver."),
        click.option("--eye-colour", "eyes", metavar="COLOUR", help="keep, #rrggbb, or a name such as green."),
        click.option("--compare", is_flag=True, help="Photo and avatar side by side."),
        click.option("--upscale", type=click.Choice(["anime", "lanczos"]), help="How the drawing is enlarged."),
        click.option("--backend", type=click.Choice(["auto", "torch", "onnx"]), help="Engine of the net."),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where the net runs."),
        click.option("--seed", type=int, help="Of everything random."),
        click.option("--max-pixels", type=click.IntRange(1), metavar="N", help="Largest photo accepted, pixels."),
    ]
    for option in reversed(options):
        command = option(command)
    for parameter in command.__click_params__:  # type: ignore[attr-defined]
        if parameter.name in {f.name for f in dataclasses.fields(PipelineConfig)}:
            parameter.default, parameter.show_default = getattr(defaults, parameter.name), not parameter.is_flag
    return command
