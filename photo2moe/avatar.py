"""One person on the way from photo to avatar: looked at, drawn, finished."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.character.schema import Character
from photo2moe.pen.scene import Scene
from photo2moe.types import Face, Mask, Matrix


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
class Subject:
    """One person of a photo, looked at but not yet drawn: all that is slow and needs no option.

    Attributes:
        face: the face.
        matte: mask of the person, and the matrix from photo to mask pixels.
        character: who it is.
    """

    face: Face
    matte: tuple[Mask, Matrix]
    character: Character


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """One person drawn.

    Attributes:
        subject: who.
        character: as drawn, with the changes that were asked for.
        scene: the drawing as shapes.
        picture: ``(S, S, 4)`` uint8, the finished figure, straight alpha.
    """

    subject: Subject
    character: Character
    scene: Scene
    picture: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Avatar:
    """The result for one face.

    Attributes:
        image: final picture, ``(H, W, 3)``, or ``(H, W, 4)`` when transparent.
        cutout: ``(S, S, 4)`` uint8 RGBA, the drawn figure alone, straight alpha.
        face: the face in the photo.
        character: who was drawn.
        timings: seconds by stage.
    """

    image: NDArray[np.uint8]
    cutout: NDArray[np.uint8]
    face: Face
    character: Character
    timings: dict[str, float]

    def facts(self) -> dict[str, Any]:
        """What was done, ready for JSON."""
        height, width = self.image.shape[:2]
        who = self.character
        return {
            "box": [round(v, 1) for v in self.face.box],
            "score": round(self.face.score, 3),
            "size": [width, height],
            "colours": {"skin": who.skin.colour, "hair": who.hair.colour, "eyes": who.eyes.colour},
            "character": who.to_values(),
            "notes": list(who.notes),
            "seconds": {name: round(value, 4) for name, value in self.timings.items()},
        }
