"""The photos that the page is working on: analysed once, drawn again at every move of a slider.

They lie in memory alone, a bounded number of them, under names that cannot be guessed;
the one that was not used for longest goes first.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from photo2moe.avatar import Avatar, Drawing, Subject
from photo2moe.compose.background import side_by_side
from photo2moe.config import PipelineConfig, ServeConfig
from photo2moe.pen.portrait import draw_scene
from photo2moe.pipeline import Pipeline, wanted
from photo2moe.types import Face, Image
from photo2moe.web.problems import Problem

# A selfie has one face that fills so much of the picture; who else may stand far
# behind is not searched for, which in a phone's photo takes seconds.
SELFIE = 0.02
SMALL = 1_500_000  # pixels; in so few the search is quick anyway
DRAWINGS = 8  # kept for a photo, some 100 kB each


@dataclass(eq=False)
class Photo:
    """An analysed photo.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        faces: found, largest first.
        subjects: measured so far, by index of the face.
        drawings: made lately, by face and by all that they depend on.
    """

    image: Image
    faces: list[Face]
    subjects: dict[int, Subject] = field(default_factory=dict)
    drawings: OrderedDict[tuple[object, ...], Drawing] = field(default_factory=OrderedDict)


def analyse(pipeline: Pipeline, image: Image, config: PipelineConfig) -> Photo:
    """Find the faces of a photo and measure the largest.

    Raises:
        NoFaceError: there is none.
    """
    height, width = image.shape[:2]
    faces = pipeline.detect(image, every=height * width <= SMALL)
    if height * width > SMALL and (len(faces) != 1 or faces[0].area < SELFIE * height * width):
        faces = pipeline.choose(image, dataclasses.replace(config, face="all"))
    photo = Photo(image, faces)
    for face in _chosen(pipeline, photo, config):  # raises if there is none
        photo.subjects[faces.index(face)] = pipeline.measure(image, face)
    return photo


def draw(pipeline: Pipeline, photo: Photo, config: PipelineConfig) -> list[Avatar]:
    """Draw the faces that the configuration chooses, redoing only what has changed since.

    Raises:
        NoFaceError: not so many faces.
        ConfigError: a colour is none.
    """
    drawings = []
    for face in _chosen(pipeline, photo, config):
        index = photo.faces.index(face)
        subject = _measured(pipeline, photo, index)
        key = (index, wanted(subject.character, config), config.size, config.frame, config.weights)
        drawing = photo.drawings.pop(key, None)
        if drawing is None:
            [drawing] = pipeline.draw(photo.image, [subject], config)
        photo.drawings[key] = drawing
        drawings.append(drawing)
    while len(photo.drawings) > DRAWINGS:
        photo.drawings.popitem(last=False)
    return pipeline.compose(photo.image, drawings, config)


def before(pipeline: Pipeline, photo: Photo, config: PipelineConfig) -> Image:
    """The photo as the avatar shows it: in the same square, or whole."""
    if config.frame == "photo":
        return photo.image
    [face, *_] = _chosen(pipeline, photo, config)
    who = wanted(_measured(pipeline, photo, photo.faces.index(face)).character, config)
    nothing = np.zeros((config.size, config.size, 3), np.uint8)
    return side_by_side(photo.image, face, nothing, draw_scene(who, pipeline.kit, config.frame))[:, : config.size]


class Album:
    """Photos by token, within bounds.

    Args:
        config: how many, how large together, for how long.
        clock: seconds.
    """

    def __init__(self, config: ServeConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._photos: OrderedDict[str, tuple[Photo, float]] = OrderedDict()  # least recently used first

    def __len__(self) -> int:
        return len(self._photos)

    def add(self, photo: Photo) -> str:
        """Keep a photo, and forget others for it. Returns its token."""
        token = secrets.token_urlsafe(18)
        self._photos[token] = (photo, self._clock())
        self.tidy()
        return token

    def get(self, token: str) -> Photo:
        """The photo of a token.

        Raises:
            Problem: 404, never known or already forgotten.
        """
        self.tidy()
        if token not in self._photos:
            raise Problem(404, "forgotten", "no such photo here, or no longer; send it again")
        photo, _ = self._photos.pop(token)
        self._photos[token] = (photo, self._clock())
        return photo

    def remove(self, token: str) -> None:
        """Forget a photo; raises as :meth:`get`."""
        self.get(token)
        del self._photos[token]

    def tidy(self) -> None:
        """Forget what is too old, too much or too large. The newest photo stays, whatever its size."""
        oldest = self._clock() - self._config.album_seconds
        while self._photos:
            token, (_, used) = next(iter(self._photos.items()))
            held = sum(photo.image.nbytes for photo, _ in self._photos.values())
            many = len(self._photos) > self._config.album or held > self._config.album_bytes
            if used >= oldest and not (many and len(self._photos) > 1):
                return
            del self._photos[token]


def _chosen(pipeline: Pipeline, photo: Photo, config: PipelineConfig) -> list[Face]:
    """Choose among the faces that were found, with the pipeline's own rules and sentences."""
    return dataclasses.replace(pipeline, detect=lambda *_, **__: photo.faces).choose(photo.image, config)


def _measured(pipeline: Pipeline, photo: Photo, index: int) -> Subject:
    """The person of a face, looked at once."""
    if index not in photo.subjects:
        photo.subjects[index] = pipeline.measure(photo.image, photo.faces[index])
    return photo.subjects[index]
