"""The chain that the generator was trained in: photos warped to chibi proportions, sketched and inked by the net."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background, parse_background
from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.engine import load_net
from photo2moe.errors import NoFaceError
from photo2moe.ops.colour import measure_photo
from photo2moe.ops.geometry import Template
from photo2moe.stages.figure import Drawing, Sketched, Subject
from photo2moe.stages.sketch import resketch, rough, sketch
from photo2moe.stamp import stamp
from photo2moe.types import Colours, Face, Image, Mask, Matrix
from photo2moe.wishes import COLOURS, check_wishes, colours_asked

if TYPE_CHECKING:
    from photo2moe.stages.looks import Looks

Detector = Callable[..., list[Face]]
Matte = Callable[[Image, Face], tuple[Mask, Matrix]]
LooksFinder = Callable[[Image, Face], "Looks"]
Translator = Callable[[list[NDArray[np.uint8]], list[Colours]], list[NDArray[np.uint8]]]
Upscaler = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]


@dataclass(eq=False)
class Timer:
    """Seconds spent by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of a ``with`` block to a stage."""
        begun = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """Photo → avatars. Load once, call often; a context manager that frees what it holds.

    Every stage is a plain callable: ``dataclasses.replace(pipeline, upscale=mine)``
    swaps one. Not for use by two threads at once.

    Attributes:
        config: how photos are converted.
        detect, matte, find_looks, translate, upscale: the stages.
        size: side of the roughs that ``translate`` draws from, pixels.
        scale: how many times larger its drawings are.
        background: what avatars stand before.
        backdrop: the picture for ``background``, where it is a file.
        template: where the eyes lie in that square.
        resources: closed with the pipeline.
    """

    config: PipelineConfig
    detect: Detector
    matte: Matte
    find_looks: LooksFinder
    translate: Translator
    upscale: Upscaler
    size: int
    scale: int
    background: Background
    backdrop: Image | None = None
    template: Template = field(default_factory=Template)
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the detector and the matte."""
        self.resources.close()

    def __call__(self, photo: Image, config: PipelineConfig | None = None) -> list[NDArray[np.uint8]]:
        """Convert one photo.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            config: how, where it differs from the pipeline's own; weights, device,
                background and upscaler stay those that were loaded.

        Returns:
            One picture a chosen face; a single one with ``frame="photo"``.

        Raises:
            NoFaceError: no face, or not so many.
        """
        config, timer = config or self.config, Timer()
        with timer("detect"):
            faces = self.choose(photo, config)
        with timer("matte"):
            subjects = [self.measure(photo, face) for face in faces]
        with timer("translate"):
            drawings = self.draw(photo, subjects, config)
        return self.compose(photo, drawings, config, timer)

    def choose(self, photo: Image, config: PipelineConfig) -> list[Face]:
        """The faces that the configuration asks for, largest first."""
        faces = self.detect(photo, every=config.face != "largest")
        if not faces:
            raise NoFaceError(
                "no face found; try a photo in which the face is larger, sharper, or turned to the camera"
            )
        if config.face == "largest":
            return faces[:1]
        if config.face == "all":
            return faces
        number = int(config.face)
        if number > len(faces):
            raise NoFaceError(f"face {number} was asked for, but only {len(faces)} found; give --face 1…{len(faces)}")
        return faces[number - 1 : number]

    def measure(self, photo: Image, face: Face) -> Subject:
        """Matte and colours of one person."""
        from photo2moe.stages.align import align

        matte = self.matte(photo, face)
        # Colours are measured in full chibi proportions, whatever the strength: that is
        # where the net learned to find them.
        portrait = align(photo, face, matte, template=self.template, size=self.size, strength=1.0)
        measured = measure_photo(photo, portrait.image, portrait.alpha, face, self.template)
        return Subject(face, matte, measured, self.find_looks(photo, face))

    def draw(self, photo: Image, subjects: list[Subject], config: PipelineConfig) -> list[Drawing]:
        """Draw people as anime figures, all in one batch."""
        return self.ink([self.sketch(photo, subject, config) for subject in subjects], config)

    def sketch(
        self, photo: Image, subject: Subject, config: PipelineConfig, before: Sketched | None = None
    ) -> Sketched:
        """Sketch a person: the half of :meth:`draw` before the net, which needs no colours.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            subject: who.
            config: how.
            before: of the same person a moment ago, to be kept but for the face.
        """
        from photo2moe.stages.align import align

        portrait = align(
            photo,
            subject.face,
            subject.matte,
            template=self.template,
            size=self.size,
            strength=config.strength,
            masculine=subject.looks.masculine,
        )
        if before is not None:
            return Sketched(subject, portrait, resketch(before.sketch, portrait, subject.looks))
        return Sketched(subject, portrait, sketch(portrait, self.template, subject.looks))

    def ink(self, sketched: list[Sketched], config: PipelineConfig) -> list[Drawing]:
        """Draw people of whom there are sketches, all in one batch."""
        from photo2moe.ops.inpaint import straighten
        from photo2moe.ops.tone import DRAWN
        from photo2moe.stages.recolour import recolour, wanted_colours
        from photo2moe.stages.translate import inner

        skin, hair, eyes = (_rgb(colours_asked(config).get(field)) for field in COLOURS)
        wanted = [wanted_colours(s.subject.measured, skin=skin, hair=hair, eyes=eyes) for s in sketched]
        own = [wanted_colours(s.subject.measured, skin=None, hair=None, eyes=None).hair for s in sketched]
        roughs = [
            rough(one.sketch, before, colours, self.size * self.scale)
            for one, before, colours in zip(sketched, own, wanted, strict=True)
        ]
        cutouts = self.translate(roughs, [dataclasses.replace(colours, skin=DRAWN) for colours in wanted])
        drawings = []
        for one, cutout, colours in zip(sketched, cutouts, wanted, strict=True):
            solid = inner(one.portrait.alpha, len(cutout))
            figure = straighten(recolour(cutout, one.sketch, colours, self.template), solid)
            drawings.append(Drawing(one.subject, figure, colours))
        return drawings

    def compose(
        self, photo: Image, drawings: list[Drawing], config: PipelineConfig, timer: Timer | None = None
    ) -> list[NDArray[np.uint8]]:
        """Upscale the figures and put them in front of their background."""
        timer = timer or Timer()
        if config.frame == "photo":
            return [self._in_photo(photo, drawings, config, timer)]
        avatars = []
        for drawing in drawings:
            own = Timer(dict(timer.seconds))
            avatars.append(self._alone(photo, drawing, config, own))
        return avatars

    def _alone(self, photo: Image, drawing: Drawing, config: PipelineConfig, timer: Timer) -> NDArray[np.uint8]:
        from photo2moe.stages.composite import compose_avatar, side_by_side

        subject, size = drawing.subject, config.size
        with timer("upscale"):
            large = self.upscale(drawing.cutout, size)
        with timer("composite"):
            behind: Any = {"background": self.background, "size": size, "backdrop": self.backdrop}
            image = compose_avatar(photo, subject.face, subject.matte, large, self.template, **behind)
            if config.compare:
                image = side_by_side(photo, subject.face, image, self.template)
            image = stamp(image) if config.mark else image
        return image

    def _in_photo(
        self, photo: Image, drawings: list[Drawing], config: PipelineConfig, timer: Timer
    ) -> NDArray[np.uint8]:
        from photo2moe.stages.composite import GROWTH, Placement, compose_photo

        placements = []
        with timer("upscale"):
            for drawing in drawings:
                subject = drawing.subject
                side = subject.face.eye_distance * GROWTH / self.template.eye_distance
                large = self.upscale(drawing.cutout, int(np.clip(round(side), self.size * self.scale, 2048)))
                man = subject.looks.masculine
                placements.append(Placement(subject.face, subject.matte, large, config.strength, man))
        with timer("composite"):
            image = compose_photo(photo, placements, self.template)
            if config.compare:
                image = np.hstack([photo, image])
            image = stamp(image) if config.mark else image
        return image


def load_pipeline(config: PipelineConfig | None = None) -> Pipeline:
    """Load everything that converting needs: nets, detectors, upscaler.

    Args:
        config: how photos are to be converted; the defaults without it.

    Raises:
        WeightsError: unknown or unusable weights.
        ConfigError: the device is not there, or a colour or the background is not one.
        ImageReadError: the background picture cannot be read.
    """
    from photo2moe.stages.detect import FaceDetector
    from photo2moe.stages.looks import LooksFinder
    from photo2moe.stages.matte import PersonMatte
    from photo2moe.stages.translate import Translator
    from photo2moe.stages.upscale import AnimeUpscaler

    config = config or PipelineConfig()
    check_wishes(config)
    background = parse_background(config.background)
    with Decoder() as read:  # starts no process without a picture
        backdrop = read(background.path, max_pixels=config.max_pixels) if background.path is not None else None
    translator = Translator(*load_net(config))
    with ExitStack() as stack:
        detector, matte = stack.enter_context(FaceDetector()), stack.enter_context(PersonMatte())
        return Pipeline(
            config,
            detector,
            matte,
            LooksFinder(),
            translator,
            AnimeUpscaler(),
            translator.size,
            translator.scale,
            background,
            backdrop,
            resources=stack.pop_all(),
        )


def _rgb(colour: str | None) -> tuple[int, int, int] | None:
    """``#rrggbb`` as three numbers 0…255."""
    if colour is None:
        return None
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
