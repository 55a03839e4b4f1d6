"""Every number that can be chosen, in frozen dataclasses; their defaults live here only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from photo2moe.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """Shape of a generator.

    Attributes:
        size: side of the roughs it was trained on, pixels; a multiple of 4, and no more than
            1024, since a file that says so makes a picture of that size be drawn.
        scale: how many times larger the drawing is than its rough: 1, 2 or 4.
        width: channels after the first convolution; twice as many in the middle.
        blocks: residual blocks in the middle.
        colours: numbers that condition it (9 = skin, hair and eyes), 0 for none.
        attention: a self-attention block in the middle.
    """

    size: int = 128
    scale: int = 1
    width: int = 48
    blocks: int = 7
    colours: int = 9
    attention: bool = False

    def __post_init__(self) -> None:
        _require(16 <= self.size <= 1024 and self.size % 4 == 0, "size", self.size, "a multiple of 4, 16…1024")
        _require(self.scale in (1, 2, 4), "scale", self.scale, "1, 2 or 4")
        _require(2 <= self.width <= 512, "width", self.width, "2…512")  # half of it is a width too
        _require(0 <= self.blocks <= 64, "blocks", self.blocks, "0…64")
        _require(self.colours in (0, 9), "colours", self.colours, "0 or 9")


@dataclass(frozen=True, slots=True)
class DiscriminatorConfig:
    """Shape of a discriminator.

    Attributes:
        width: channels after the first convolution.
    """

    width: int = 48

    def __post_init__(self) -> None:
        _require(1 <= self.width <= 512, "width", self.width, "1…512")


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each part of the generator's loss counts.

    Attributes:
        adversarial: least-squares GAN loss of redrawn anime faces.
        eyes: the same, of the judge that sees nothing but both eyes.
        photo: share of both that drawings of photos count with; from about one on they become noise.
        restore: anime face → rough → the same anime face, L1.
        features: the same pair, compared in the judges' own features.
        sketch: what is drawn in a photo's drawing against the sketch before its blur, L1.
        layout: colours of 4 px cells, drawing of a photo against its rough.
        outline: transparency of a photo's drawing against the sketch, L1.
        calm: bare skin of a photo's drawing against its rough, L1; else judges that expect fringes draw freckles.
        grid: rows and columns that differ at the net's own stride all over a photo's drawing, L1.
        gradient: penalty on the judges' gradient at anime faces.
        mirror: a photo's drawing against the mirrored photo's, L1.
        style: least-squares GAN loss by a judge on a trained net's features, ``nets/projected``; extra ``train``.
        distil: a photo's drawing against its teachers', L1; judges whose parts count nothing rest.
    """

    adversarial: float = 0.4
    eyes: float = 0.1
    photo: float = 0.0
    restore: float = 10.0
    features: float = 5.0
    sketch: float = 6.0
    layout: float = 3.0
    outline: float = 2.0
    calm: float = 6.0
    grid: float = 10.0
    gradient: float = 0.0
    mirror: float = 0.0
    style: float = 0.0
    distil: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole training run.

    Attributes:
        images: anime faces to redraw before the run ends.
        batch: pictures of each domain a step.
        photo_every: steps between those that draw photos too. Photos have no pair, so they teach less.
        rate: learning rate of AdamW; it falls linearly to a tenth over the last third.
        ema: decay of the averaged generator, a step.
        cell: side of the cells by which a photo's drawing is held to its sketch, pixels.
        whole: the judge of style sees and changes faces too, and they are held by cells like all else.
        shift: discriminators see pictures moved by up to so many pixels of the rough.
        recolour_hair: share of anime faces that get a photo's hair colour.
        free_colours: share of photos that are drawn with an anime face's hair colour.
        beards, glasses: share of anime faces that are given one.
        sample_every, save_every: images between sample sheets, and between states.
        seed: of everything random; with the step it gives each batch.
        precision: ``bfloat16``, for processors with matrix units (AMX), or ``float32``, which is faster without them.
        compile: fuse the generator with ``torch.compile``, where there is a C++ compiler; twice as fast on a CPU.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``, on which nobody has trained yet.
        workers: processes that make batches ahead, for a GPU; 0 makes them between the steps.
    """

    images: int = 200_000
    batch: int = 4
    photo_every: int = 2
    rate: float = 3e-4
    ema: float = 0.999
    cell: int = 1
    whole: bool = False
    shift: int = 8
    recolour_hair: float = 0.5
    free_colours: float = 0.2
    beards: float = 0.08
    glasses: float = 0.12
    sample_every: int = 2_000
    save_every: int = 4_000
    seed: int = 0
    precision: str = "bfloat16"
    compile: bool = True
    device: str = "auto"
    workers: int = 0
    generator: GeneratorConfig = field(default_factory=lambda: GeneratorConfig(scale=2))
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    weights: LossWeights = field(default_factory=LossWeights)

    def __post_init__(self) -> None:
        for name in ("images", "batch", "photo_every", "cell", "sample_every", "save_every"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("recolour_hair", "free_colours", "beards", "glasses", "ema"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0…1")
        _require(self.rate > 0, "rate", self.rate, "above 0")
        side = self.generator.size * self.generator.scale
        _require(side % self.cell == 0, "cell", self.cell, f"a divisor of {side}, the side of the drawings")
        _one_of("precision", self.precision, ("bfloat16", "float32"))
        _one_of("device", self.device, ("auto", "cpu", "cuda", "mps"))
        _require(0 <= self.workers <= 256, "workers", self.workers, "0…256")


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """How photos are converted.

    Attributes:
        weights: ``moe``, painted; ``clean``, the pen alone; or the path of a checkpoint that paints.
        changes: of the character, such as ``hair.colour=silver``, in their order.
        kit: folder of further parts to draw with, or empty.
        strength: 0 the person's own proportions … 1 anime proportions.
        background: ``photo``, ``transparent``, ``white``, ``blur``, ``#rrggbb`` or a picture's path.
        frame: ``avatar``, head and shoulders; ``full``, the whole chibi; or ``photo``, the whole photo.
        size: side of the avatar, pixels; with ``frame="photo"`` the photo keeps its size.
        face: ``largest``, ``all``, or ``N`` for the N-th largest.
        compare: show photo and avatar side by side.
        mark: draw a small AI into a corner.
        skin, hair, eyes: ``keep``, or the colour to draw, ``#rrggbb`` or a name.
        backend, device: ``auto``, or ``torch`` or ``onnx``; ``auto``, ``cpu``, ``cuda`` or ``mps``.
        max_pixels: largest photo accepted.
    """

    weights: str = "moe"
    changes: tuple[str, ...] = ()
    kit: str = ""
    strength: float = 1.0
    background: str = "photo"
    frame: str = "avatar"
    size: int = 1024
    face: str = "largest"
    compare: bool = False
    mark: bool = False
    skin: str = "keep"
    hair: str = "keep"
    eyes: str = "keep"
    backend: str = "auto"
    device: str = "auto"
    max_pixels: int = 200_000_000

    def __post_init__(self) -> None:
        _require(self.max_pixels >= 1, "max_pixels", self.max_pixels, "at least 1")
        _require(0 <= self.strength <= 1, "strength", self.strength, "0…1")
        _require(64 <= self.size <= 4096, "size", self.size, "64…4096 pixels")
        _one_of("frame", self.frame, ("avatar", "full", "photo"))
        _one_of("backend", self.backend, ("auto", "torch", "onnx"))
        _one_of("device", self.device, ("auto", "cpu", "cuda", "mps"))
        number = self.face.isascii() and self.face.isdigit() and int(self.face) >= 1
        _require(self.face in ("largest", "all") or number, "face", self.face, "largest, all, or a number from 1")
        if self.frame == "photo" and self.background != "photo":
            kept = "frame photo keeps the photo's background"
            raise ConfigError(f"{kept}; --background {self.background} needs --frame avatar")


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """How the page and the API are served.

    Attributes:
        host, port: where to listen; port 0 takes a free one.
        token: what clients must show; empty for nothing.
        names: host names that clients may use, besides the obvious ones.
        workers: photos converted at once.
        queue: requests that may wait for a worker; more are told to come back.
        wait, work: longest time in the queue, and of a conversion, seconds.
        receive: longest time for a request's body to arrive, seconds.
        uploads: requests with photos that are received or worked on at once.
        max_bytes, max_total: largest photo, and largest request, bytes.
        max_pixels: largest photo, pixels; more is refused before it is decoded.
        max_photos: photos in one request.
        album, album_bytes, album_seconds: photos held for the page: how many, how large together, how long unused.
        rate, burst: requests a second and client, and how many at once.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    token: str = ""
    names: tuple[str, ...] = ()
    workers: int = 2
    queue: int = 8
    wait: float = 20.0
    work: float = 60.0
    receive: float = 30.0
    uploads: int = 16
    max_bytes: int = 32 << 20
    max_total: int = 128 << 20
    max_pixels: int = 64_000_000
    max_photos: int = 50
    album: int = 24
    album_bytes: int = 512 << 20
    album_seconds: float = 1800.0
    rate: float = 20.0
    burst: int = 60

    def __post_init__(self) -> None:
        _require(0 <= self.port <= 65535, "port", self.port, "0…65535")
        _require(1 <= self.workers <= 64, "workers", self.workers, "1…64")
        _require(self.rate > 0, "rate", self.rate, "above 0")
        _require(0 <= self.queue <= 1000, "queue", self.queue, "0…1000")
        _require(not self.token or len(self.token) >= 8, "token", "one that short", "at least 8 characters")
        _require(self.token.isascii() and self.token.isprintable(), "token", "anything else", "plain ASCII")


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as plain values, ready for JSON."""
    return dataclasses.asdict(config)


def from_dict(cls: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a configuration from plain values; inverse of :func:`to_dict`.

    Raises:
        ConfigError: unknown key, wrong type, or a value out of range; names the key.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where or cls.__name__} must be a table of values, not {values!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    built: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            raise ConfigError(f"unknown setting {where}{key}; known are {', '.join(fields)}")
        default = fields[key].default
        if default is dataclasses.MISSING:
            factory = fields[key].default_factory
            default = factory() if factory is not dataclasses.MISSING else value
        if dataclasses.is_dataclass(default) and not isinstance(default, type):
            value = from_dict(type(default), value, f"{where}{key}.")
        elif isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        elif isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        elif type(value) is not type(default):
            raise ConfigError(f"{where}{key} must be {type(default).__name__}, not {value!r}")
        built[key] = value
    return cls(**built)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, name, value, " or ".join(allowed))


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {allowed}, not {value}")
