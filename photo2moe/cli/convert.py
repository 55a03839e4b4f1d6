"""The commands for one photo: convert, describe, draw, and kit."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photo2moe import __version__
from photo2moe.cli.options import CHANGES, KIT, pipeline_options, style_options, wished
from photo2moe.config import PipelineConfig
from photo2moe.errors import CharacterError, ConfigError, NoFaceError
from photo2moe.files import printable
from photo2moe.system import PHOTO, require_memory

if TYPE_CHECKING:
    from photo2moe.character.schema import Character
    from photo2moe.types import Image


@click.command()
@click.argument("photo", type=click.Path(readable=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False),
    help="File to write: .png .jpg .webp .svg .ora; '-' is stdout.  [default: PHOTO.moe.png]",
)
@click.option("--json", "as_json", is_flag=True, help="Say on stdout what was done, as JSON.")
@pipeline_options
def convert(photo: str, output: str | None, as_json: bool, **options: Any) -> None:
    """Turn one PHOTO ('-' is stdin) into an avatar.

    \b
    photo2moe convert selfie.jpg -o avatar.png
    photo2moe convert selfie.jpg --set hair.colour=silver --set glasses.kind=round -o silver.png
    photo2moe convert group.jpg --face all --frame photo -o group.png
    """  # noqa: D301 - click looks for the very character
    begun = time.perf_counter()
    require_memory(PHOTO)
    config = wished(options)
    from photo2moe import console
    from photo2moe.bulk.work import MANY, output_names
    from photo2moe.files import check_output, keep_apart, write_bytes
    from photo2moe.imageio import encode_image
    from photo2moe.output import encode_drawing, is_drawing, picture_format

    output = output or ("-" if photo == "-" else f"{Path(photo).with_suffix('')}.moe.png")
    if output == "-" and as_json:
        raise ConfigError("--json and the picture cannot both go to stdout; give -o FILE")
    form = picture_format(output, config)
    sources = (photo, config.background, config.weights, config.kit)
    keep_apart(output, *sources)
    several = config.face == "all" and config.frame != "photo"
    if output != "-":
        check_output(output_names(output, MANY)[-1] if several else output)
    notes: list[str] = []
    picture = _read(photo, config.max_pixels, notes)

    from photo2moe.pipeline import load_pipeline

    with load_pipeline(config) as pipeline, _Named(photo):
        if is_drawing(form):
            subjects = [pipeline.measure(picture, face) for face in pipeline.choose(picture, config)]
            drawings = pipeline.draw(picture, subjects, config)
            pictures = [encode_drawing(drawing.scene, drawing.picture, form) for drawing in drawings]
            people = [drawing.character for drawing in drawings]
            facts: list[dict[str, Any]] = [{"character": who.to_values(), "notes": list(who.notes)} for who in people]
            size = f"{config.size}×{config.size}"
        else:
            avatars = pipeline(picture)
            pictures = [encode_image(avatar.image, form) for avatar in avatars]
            people = [avatar.character for avatar in avatars]
            facts = [avatar.facts() for avatar in avatars]
            size = "×".join(str(n) for n in avatars[0].image.shape[1::-1])
    for note in notes + [note for who in people for note in who.notes]:
        console.say(f"{printable(photo)}: {note}")
    if output == "-":
        if len(pictures) > 1:
            raise ConfigError(f"{len(pictures)} faces found, and stdout holds one picture; give -o FILE, or --face N")
        console.give(pictures[0])
        return
    paths = [Path(name) for name in output_names(output, len(pictures) if several else 1)]
    for path in paths:
        keep_apart(path, *sources)
    for path, data in zip(paths, pictures, strict=True):
        write_bytes(path, data)
    seconds = round(time.perf_counter() - begun, 3)
    if as_json:
        done = [{"path": str(path), **fact} for path, fact in zip(paths, facts, strict=True)]
        stages = ["detect", "describe", "draw", *(["paint"] if pipeline.painter else []), "compose"]
        facts_of_all = {"photo": photo, "stages": stages, "outputs": done, "seconds": seconds, "version": __version__}
        console.data(facts_of_all | ({"notes": notes} if notes else {}))
    else:
        console.say(f"{printable(photo)} → {', '.join(printable(p) for p in paths)}   {size} · {seconds:.1f} s")


@click.command()
@click.argument("photo", type=click.Path(readable=False))
@click.option("-o", "--output", default="-", show_default=True, help="File to write, .json; '-' is stdout.")
@click.option(
    "--face", default="largest", show_default=True, metavar="WHICH", help="largest, or N for the N-th largest."
)
@CHANGES
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=PipelineConfig().max_pixels,
    metavar="N",
    help="Largest photo accepted, pixels.",
)
def describe(photo: str, output: str, face: str, changes: tuple[str, ...], max_pixels: int) -> None:
    """Describe the person of one PHOTO ('-' is stdin) as a character, in JSON.

    \b
    photo2moe describe selfie.jpg -o me.json
    photo2moe describe group.jpg --face 2 --set hair.colour=silver -o friend.json
    """  # noqa: D301 - click looks for the very character
    require_memory(PHOTO)
    from photo2moe import console
    from photo2moe.character.changes import changed
    from photo2moe.files import check_output, keep_apart
    from photo2moe.pipeline import load_pipeline
    from photo2moe.weights import CLEAN

    if face == "all":
        raise ConfigError("a character is one person; give --face largest or --face N")
    config = wished({"weights": CLEAN, "face": face, "max_pixels": max_pixels, "changes": changes})
    keep_apart(output, photo)
    if output != "-":
        check_output(output)
    notes: list[str] = []
    picture = _read(photo, max_pixels, notes)
    with load_pipeline(config) as pipeline, _Named(photo):
        [found] = pipeline.choose(picture, config)
        who = changed(pipeline.describe(picture, found), changes)
    for note in [*notes, *who.notes]:
        console.say(f"{printable(photo)}: {note}")
    _give(who.to_json().encode(), output)


@click.command()
@click.argument("character", type=click.Path(readable=False))
@click.option("-o", "--output", required=True, help="File to write: .png .jpg .webp .svg .ora; '-' is stdout, as PNG.")
@click.option(
    "--background", metavar="WHAT", default="transparent", show_default=True, help="transparent, white, #rrggbb."
)
@style_options
def draw(character: str, output: str, background: str, **options: Any) -> None:
    """Draw a CHARACTER ('-' is stdin): the same picture, to the byte, every time.

    \b
    photo2moe draw me.json -o me.png
    photo2moe draw me.json --set expression.mouth=smile --size 512 -o smiling.svg
    """  # noqa: D301 - click looks for the very character
    from photo2moe.files import keep_apart
    from photo2moe.output import draw_character, picture_format

    config = wished({"background": background, **options})
    form = picture_format(output, config)
    keep_apart(output, character, config.kit, config.weights)
    _give(draw_character(_read_character(character), config, form), output)


@click.command()
@click.option("-o", "--output", required=True, help="File to write: .png .jpg .webp.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only parts of this kind; may be given again.")
@KIT
def kit(output: str, kinds: tuple[str, ...], kit: str) -> None:
    """Draw a gallery of all parts of the kit.

    \b
    photo2moe kit -o kit.png
    photo2moe kit --kit mine/ --kind clothes -o mine.png
    """  # noqa: D301 - click looks for the very character
    from photo2moe.files import write_bytes
    from photo2moe.imageio import encode_image, output_format
    from photo2moe.kit.loader import load_kit
    from photo2moe.pen.gallery import gallery

    form = output_format(output)
    write_bytes(Path(output), encode_image(gallery(load_kit(kit or None), kinds), form))


class _Named:
    """Puts the photo's name before the sentence of a :class:`NoFaceError`."""

    def __init__(self, photo: str) -> None:
        self._photo = photo

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NoFaceError):
            raise NoFaceError(f"{printable(self._photo)}: {error}") from error


def _read(photo: str, max_pixels: int, notes: list[str]) -> Image:
    """Read a photo; what is to be said of it is added to the notes."""
    from photo2moe.decoder import Decoder

    with Decoder() as read:
        if photo == "-":
            return read(sys.stdin.buffer, name="stdin", max_pixels=max_pixels, note=notes.append)
        return read(photo, max_pixels=max_pixels, note=notes.append)


def _read_character(path: str) -> Character:
    from photo2moe.character.schema import LARGEST, Character

    name = "stdin" if path == "-" else printable(path)
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise CharacterError(f"{name}: cannot be read ({error.strerror})") from error
    try:
        return Character.from_json(text)
    except CharacterError as error:
        raise CharacterError(f"{name}: {error}") from error


def _give(data: bytes, output: str) -> None:
    from photo2moe import console
    from photo2moe.files import write_bytes

    if output == "-":
        console.give(data)
    else:
        write_bytes(Path(output), data)
