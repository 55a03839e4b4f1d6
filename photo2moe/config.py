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
        size: side of the pictures it was trained on, pixels; a multiple of 4.
        width: channels after the first convolution; twice as many in the middle.
        blocks: residual blocks in the middle.
        colours: numbers that condition it (9 = skin, hair and eyes), 0 for none.
    """

    size: int = 128
    width: int = 64
    blocks: int = 8
    colours: int = 9

    def __post_init__(self) -> None:
        _require(self.size >= 16 and self.size % 4 == 0, "size", self.size, "a multiple of 4, at least 16")
        _require(1 <= self.width <= 512, "width", self.width, "1…512")
        _require(0 <= self.blocks <= 64, "blocks", self.blocks, "0…64")
        _require(self.colours in (0, 9), "colours", self.colours, "0 or 9")


@dataclass(frozen=True, slots=True)
class DiscriminatorConfig:
    """Shape of a discriminator: ``width`` channels after the first convolution."""

    width: int = 64

    def __post_init__(self) -> None:
        _require(1 <= self.width <= 512, "width", self.width, "1…512")


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each part of the generators' loss counts.

    Attributes:
        adversarial: least-squares GAN loss, both domains, both heads.
        cycle_photo: photo → moe → photo, every ``TrainConfig.cycle_every`` steps, on pictures
            shrunk 2×, so that the photo's texture need not be hidden in the avatar.
        cycle_moe: moe → photo → moe, at full size: it teaches colours and clean lines.
        identity: moe → moe through the same net, every ``TrainConfig.identity_every`` steps.
        layout: colours of 8 px cells, avatar against lightened photo.
        tones: skin in 4 px cells, and the mean of the hair, against the colours asked for.
        outline: transparency of 4 px cells, avatar against photo.
    """

    adversarial: float = 1.0
    cycle_photo: float = 2.0
    cycle_moe: float = 6.0
    identity: float = 4.0
    layout: float = 0.8
    tones: float = 1.0
    outline: float = 1.5


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole training run.

    Attributes:
        images: photos to see before the run ends.
        batch: pictures of each domain a step.
        rate: learning rate of AdamW; it falls linearly to a tenth over the last third.
        ema: decay of the averaged generator, a step.
        shift: discriminators see pictures moved by up to so many pixels.
        recolour_skin, recolour_hair: share of anime faces that get a photo's colours.
        free_colours: share of photos that are drawn with an anime face's hair colour.
        identity_every: steps between identity losses.
        cycle_every: steps between photo cycles; they cost an eighth of a step.
        sample_every, save_every: images between sample sheets, and between states.
        seed: of everything random; with the step it gives each batch.
        precision: ``bfloat16`` or ``float32``.
        compile: fuse the generators with ``torch.compile``, where there is a C++ compiler; twice as fast.
    """

    images: int = 200_000
    batch: int = 8
    rate: float = 3e-4
    ema: float = 0.997
    shift: int = 8
    recolour_skin: float = 0.0
    recolour_hair: float = 0.6
    free_colours: float = 0.2
    identity_every: int = 4
    cycle_every: int = 2
    sample_every: int = 2_000
    save_every: int = 4_000
    seed: int = 0
    precision: str = "bfloat16"
    compile: bool = True
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    reverse: GeneratorConfig = field(default_factory=lambda: GeneratorConfig(blocks=5, colours=0))
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    weights: LossWeights = field(default_factory=LossWeights)

    def __post_init__(self) -> None:
        for name in ("images", "batch", "identity_every", "cycle_every", "sample_every", "save_every"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("recolour_skin", "recolour_hair", "free_colours", "ema"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0…1")
        _require(self.rate > 0, "rate", self.rate, "above 0")
        _require(self.precision in ("bfloat16", "float32"), "precision", self.precision, "bfloat16 or float32")
        _require(self.generator.size == self.reverse.size, "reverse.size", self.reverse.size, "generator.size")


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """How photos are converted.

    Attributes:
        weights: name in the catalogue, or path of a checkpoint.
        strength: 0 the person's own proportions … 1 anime proportions.
        background: ``photo``, ``transparent``, ``white``, ``blur``, ``#rrggbb`` or a picture's path.
        frame: ``avatar``, a square of head and shoulders, or ``photo``, the whole photo.
        size: side of the avatar, pixels; with ``frame="photo"`` the photo keeps its size.
        face: ``largest``, ``all``, or ``N`` for the N-th largest.
        compare: show photo and avatar side by side.
        upscale: ``anime`` or ``lanczos``.
        skin, hair, eyes: ``keep``, or the colour to draw, ``#rrggbb`` or a name.
        backend: ``auto``, by the weights' suffix; ``torch`` or ``onnx`` insist.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        seed: of PyTorch's random numbers; the stages that come with the package draw none.
        max_pixels: largest photo accepted; more is refused before it is decoded.
    """

    weights: str = "moe"
    strength: float = 1.0
    background: str = "photo"
    frame: str = "avatar"
    size: int = 1024
    face: str = "largest"
    compare: bool = False
    upscale: str = "anime"
    skin: str = "keep"
    hair: str = "keep"
    eyes: str = "keep"
    backend: str = "auto"
    device: str = "auto"
    seed: int = 0
    max_pixels: int = 200_000_000

    def __post_init__(self) -> None:
        _require(self.max_pixels >= 1, "max_pixels", self.max_pixels, "at least 1")
        _require(0 <= self.strength <= 1, "strength", self.strength, "0…1")
        _require(64 <= self.size <= 4096, "size", self.size, "64…4096 pixels")
        _one_of("frame", self.frame, ("avatar", "photo"))
        _one_of("upscale", self.upscale, ("anime", "lanczos"))
        _one_of("backend", self.backend, ("auto", "torch", "onnx"))
        _one_of("device", self.device, ("auto", "cpu", "cuda", "mps"))
        number = self.face.isascii() and self.face.isdigit() and int(self.face) >= 1
        _require(self.face in ("largest", "all") or number, "face", self.face, "largest, all, or a number from 1")
        if self.frame == "photo" and self.background != "photo":
            raise ConfigError(
                f"frame photo keeps the photo's background; --background {self.background} needs --frame avatar"
            )


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """How the frames of a moving picture hang together.

    The two filters of a face are those of One-Euro: below ``cutoff`` hertz everything
    passes, and for each face unit a second of speed ``beta`` hertz more.

    Attributes:
        place_cutoff, place_beta: filter of place, size and tilt of a face.
        shape_cutoff, shape_beta: filter of its landmarks within the face.
        matte_seconds: time constant of the person's outline, where it moves little.
        drawing_seconds: time constant of the drawing, where it changes little.
        view_cutoff, view_beta: filter of the view in which an avatar is shown.
        hold: seconds that the last drawing stays where a face is lost.
        fade: seconds in which it then goes.
        fine: whether outlines follow single strands of hair, which takes a few milliseconds a frame.
        search_every: frames between two searches for further or lost faces.
    """

    place_cutoff: float = 1.2
    place_beta: float = 4.0
    shape_cutoff: float = 1.0
    shape_beta: float = 3.0
    matte_seconds: float = 0.08
    drawing_seconds: float = 0.15
    view_cutoff: float = 0.15
    view_beta: float = 0.5
    hold: float = 1.0
    fade: float = 0.5
    fine: bool = True
    search_every: int = 1

    def __post_init__(self) -> None:
        for name in ("place_cutoff", "shape_cutoff", "view_cutoff", "fade"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("place_beta", "shape_beta", "view_beta", "matte_seconds", "drawing_seconds", "hold"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        _require(self.search_every >= 1, "search_every", self.search_every, "at least 1")


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
        elif type(value) is not type(default):
            raise ConfigError(f"{where}{key} must be {type(default).__name__}, not {value!r}")
        built[key] = value
    return cls(**built)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, name, value, " or ".join(allowed))


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"{name} must be {allowed}, not {value}")
