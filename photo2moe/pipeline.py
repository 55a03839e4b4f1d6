"""The chain from photo to avatar: look, describe, draw, paint, compose.

:func:`load_pipeline` is the one place that builds it.

>>> from photo2moe.pipeline import load_pipeline
>>> pipeline = load_pipeline()  # doctest: +SKIP
>>> avatars = pipeline(photo)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

from photo2moe.avatar import Avatar, Drawing, Subject, Timer
from photo2moe.backdrop import Background, parse_background
from photo2moe.character.changes import changed
from photo2moe.character.schema import Character
from photo2moe.compose.background import compose_avatar, side_by_side
from photo2moe.config import PipelineConfig
from photo2moe.decoder import Decoder
from photo2moe.errors import NoFaceError
from photo2moe.kit.loader import Kit, load_kit
from photo2moe.paint.painter import Painter, draw_both
from photo2moe.pen.portrait import draw_scene
from photo2moe.pen.raster import raster
from photo2moe.stamp import stamp
from photo2moe.types import Face, Image, Mask, Matrix, check_photo
from photo2moe.weights import CLEAN
from photo2moe.wishes import check_wishes, colours_asked

Detector = Callable[..., list[Face]]
Matte = Callable[[Image, Face], tuple[Mask, Matrix]]
Describer = Callable[[Image, Face], Character]
Square = tuple[float, float, float]  # left, top and side of what a picture shows, face units


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """Photo → avatars. Load once, call often; a context manager that frees what it holds.

    Every stage is a plain callable: ``dataclasses.replace(pipeline, describe=mine)``
    swaps one. Not for use by two threads at once.

    Attributes:
        config: how photos are converted.
        detect, matte, describe: the stages that look at photos.
        kit: the parts that characters are drawn with.
        painter: paints drawings, or None for the pen alone.
        background: what avatars stand before.
        backdrop: the picture for ``background``, where it is a file.
        resources: closed with the pipeline.
    """

    config: PipelineConfig
    detect: Detector
    matte: Matte
    describe: Describer
    kit: Kit
    painter: Painter | None
    background: Background
    backdrop: Image | None = None
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free what the stages hold."""
        self.resources.close()

    def __call__(self, photo: Image, config: PipelineConfig | None = None) -> list[Avatar]:
        """Convert one photo.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            config: how, where it differs from the pipeline's own; weights, kit and device stay
                those that were loaded.

        Returns:
            One avatar a chosen face; a single one with ``frame="photo"``.

        Raises:
            ValueError: not such an array.
            NoFaceError: no face, or not so many.
            CharacterError: a change of the character names no field, or no value of it.
            ConfigError, ImageReadError: another background than that of the pipeline, and it is none.
            KitError: the kit lacks a part that is asked for.
        """
        config, timer = config or self.config, Timer()
        with timer("detect"):
            faces = self.choose(photo, config)
        with timer("describe"):
            subjects = [self.measure(photo, face) for face in faces]
        drawings = self.draw(photo, subjects, config, timer)
        return self.compose(photo, drawings, config, timer)

    def choose(self, photo: Image, config: PipelineConfig) -> list[Face]:
        """The faces that the configuration asks for, largest first.

        Raises:
            ValueError: the photo is no array ``(H, W, 3)`` of uint8.
            NoFaceError: no face, or not so many.
        """
        check_photo(photo)
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
        """Look at one person."""
        return Subject(face, self.matte(photo, face), self.describe(photo, face))

    def draw(
        self, photo: Image, subjects: list[Subject], config: PipelineConfig, timer: Timer | None = None
    ) -> list[Drawing]:
        """Draw and paint people.

        Raises:
            CharacterError, KitError: as for a call.
        """
        return [self.draw_one(subject, config, timer=timer) for subject in subjects]

    def draw_one(
        self, subject: Subject, config: PipelineConfig, square: Square | None = None, timer: Timer | None = None
    ) -> Drawing:
        """Draw and paint one person.

        Args:
            subject: who.
            config: how.
            square: what the picture shows; the person's own without it.
            timer: told of the stages.

        Raises:
            CharacterError, KitError: as for a call.
        """
        timer = timer or Timer()
        who = wanted(subject.character, config)
        with timer("draw"):
            if self.painter is None:
                scene = toned = draw_scene(who, self.kit, config.frame)
            else:
                scene, toned = draw_both(who, self.kit, config.frame)
            if square is not None:
                scene = dataclasses.replace(scene, origin=square[:2], width=square[2], height=square[2])
            picture = raster(scene, config.size)
        if self.painter is not None:
            with timer("paint"):
                picture = self.painter(who, scene, picture, toned)
        return Drawing(subject, who, scene, picture)

    def compose(
        self, photo: Image, drawings: list[Drawing], config: PipelineConfig, timer: Timer | None = None
    ) -> list[Avatar]:
        """Put the figures in front of their background, or into the photo."""
        timer = timer or Timer()
        if config.frame == "photo":
            return [self._in_photo(photo, drawings, config, timer)]
        return [self._alone(photo, drawing, config, Timer(dict(timer.seconds))) for drawing in drawings]

    def _alone(self, photo: Image, drawing: Drawing, config: PipelineConfig, timer: Timer) -> Avatar:
        subject, scene = drawing.subject, drawing.scene
        with timer("compose"):
            image = compose_avatar(photo, subject.face, subject.matte, drawing.picture, scene, *self._behind(config))
            if config.compare:
                image = side_by_side(photo, subject.face, image, scene)
            image = stamp(image) if config.mark else image
        return Avatar(image, drawing.picture, subject.face, drawing.character, timer.seconds)

    def _behind(self, config: PipelineConfig) -> tuple[Background, Image | None]:
        """What avatars stand before; read now if it is not what was loaded."""
        if config.background == self.config.background:
            return self.background, self.backdrop
        return read_background(config)

    def _in_photo(self, photo: Image, drawings: list[Drawing], config: PipelineConfig, timer: Timer) -> Avatar:
        from photo2moe.compose.photo import Placement, compose_photo

        with timer("compose"):
            placements = [Placement(d.subject.face, d.subject.matte, d.picture, d.scene, d.character) for d in drawings]
            image = compose_photo(photo, placements)
            if config.compare:
                image = np.hstack([photo, image])
            image = stamp(image) if config.mark else image
        first = drawings[0]
        return Avatar(image, first.picture, first.subject.face, first.character, timer.seconds)


def load_pipeline(config: PipelineConfig | None = None) -> Pipeline:
    """Load everything that converting needs: nets, detectors, the kit.

    Args:
        config: how photos are to be converted; the defaults without it.

    Raises:
        WeightsError: unknown or unusable weights.
        ConfigError: the device is not there; or a colour, a change or the background is not one.
        KitError: the kit is broken.
        ImageReadError: the background picture cannot be read.
    """
    from photo2moe.character.describe import load_describer
    from photo2moe.stages.detect import FaceDetector
    from photo2moe.stages.matte import PersonMatte

    config = config or PipelineConfig()
    check_wishes(config)
    background, backdrop = read_background(config)
    painter, kit = load_painter(config), load_kit(config.kit or None)
    with ExitStack() as stack:
        detector, matte = stack.enter_context(FaceDetector()), stack.enter_context(PersonMatte())
        describe = load_describer()
        return Pipeline(config, detector, matte, describe, kit, painter, background, backdrop, stack.pop_all())


def read_background(config: PipelineConfig) -> tuple[Background, Image | None]:
    """The background that the configuration asks for, and its picture where it is one.

    Raises:
        ConfigError: it is none.
        ImageReadError: its picture cannot be read.
    """
    background = parse_background(config.background)
    if background.path is None:
        return background, None
    with Decoder() as read:
        return background, read(background.path, max_pixels=config.max_pixels)


def load_painter(config: PipelineConfig) -> Painter | None:
    """The painter that the configuration asks for; none for the pen alone.

    Raises:
        WeightsError: unknown or unusable weights.
    """
    from photo2moe.engine import load_net, uses_torch
    from photo2moe.nets.runner import onnx_runner
    from photo2moe.weights import DEFAULT, PAINTER, verified

    if config.weights == CLEAN:
        return None
    if config.weights == DEFAULT and not uses_torch(config):
        return Painter(*onnx_runner(verified(PAINTER)))  # the same net, without importing PyTorch
    return Painter(*load_net(config))


def wanted(who: Character, config: PipelineConfig) -> Character:
    """A character with everything changed that the configuration asks for.

    Raises:
        CharacterError, ConfigError: a change or a colour that cannot be read.
    """
    return changed(who.replace(strength=config.strength, **colours_asked(config)), config.changes)
