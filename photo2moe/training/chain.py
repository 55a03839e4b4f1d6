"""The chain that the generator was trained in: photos warped to chibi proportions, sketched and inked by the net."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from photo2moe.config import PipelineConfig
from photo2moe.engine import load_net
from photo2moe.errors import NoFaceError
from photo2moe.ops.colour import measure_photo
from photo2moe.ops.geometry import Template
from photo2moe.stages.figure import Drawing, Sketched, Subject
from photo2moe.stages.looks import Looks
from photo2moe.stages.sketch import rough, sketch
from photo2moe.training.looks_of import looks_finder
from photo2moe.types import Colours, Face, Image, Mask, Matrix
from photo2moe.wishes import COLOURS, colours_asked

Detector = Callable[..., list[Face]]
Matte = Callable[[Image, Face], tuple[Mask, Matrix]]
LooksFinder = Callable[[Image, Face], Looks]
Translator = Callable[[list[NDArray[np.uint8]], list[Colours]], list[NDArray[np.uint8]]]
Upscaler = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """Photo → drawings on the template; a context manager that frees what it holds.

    Every stage is a plain callable: ``dataclasses.replace(pipeline, translate=mine)`` swaps one.

    Attributes:
        config: how photos are converted.
        detect, matte, find_looks, translate, upscale: the stages.
        size: side of the roughs that ``translate`` draws from, pixels.
        scale: how many times larger its drawings are.
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
    template: Template = field(default_factory=Template)
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the detector and the matte."""
        self.resources.close()

    def choose(self, photo: Image, config: PipelineConfig) -> list[Face]:
        """The largest face, alone in a list.

        Raises:
            NoFaceError: there is none.
        """
        faces = self.detect(photo, every=False)
        if not faces:
            raise NoFaceError("no face found")
        return faces[:1]

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

    def sketch(self, photo: Image, subject: Subject, config: PipelineConfig) -> Sketched:
        """Sketch a person: the half of :meth:`draw` before the net, which needs no colours."""
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


def load_pipeline(config: PipelineConfig | None = None) -> Pipeline:
    """Load everything that the chain needs: nets, detectors, upscaler.

    Args:
        config: whose weights and colours; the defaults without it.

    Raises:
        WeightsError: unknown or unusable weights.
        ConfigError: the device is not there.
    """
    from photo2moe.stages.detect import FaceDetector
    from photo2moe.stages.matte import PersonMatte
    from photo2moe.stages.translate import Translator
    from photo2moe.stages.upscale import AnimeUpscaler

    config = config or PipelineConfig()
    translator = Translator(*load_net(config))
    with ExitStack() as stack:
        detector, matte = stack.enter_context(FaceDetector()), stack.enter_context(PersonMatte())
        return Pipeline(
            config,
            detector,
            matte,
            looks_finder(),
            translator,
            AnimeUpscaler(),
            translator.size,
            translator.scale,
            resources=stack.pop_all(),
        )


def _rgb(colour: str | None) -> tuple[int, int, int] | None:
    """``#rrggbb`` as three numbers 0…255."""
    if colour is None:
        return None
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
