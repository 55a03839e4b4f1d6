"""Who is who from frame to frame: find, follow, lose, hold and find again.

A face that was found is followed by its mesh alone, which takes a quarter of a search.
One that is lost stays where it was last for a while (``MotionConfig.hold``), then fades.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.avatar import Subject
from photo2moe.character.perform import Performance
from photo2moe.character.schema import Character
from photo2moe.character.settle import settle
from photo2moe.config import PipelineConfig
from photo2moe.errors import NoFaceError
from photo2moe.face.expression import measure_expression
from photo2moe.face.lab import from_hex
from photo2moe.ops.geometry import compose, invert
from photo2moe.pipeline import Matte, Pipeline
from photo2moe.types import Face, Image, Mask, Matrix
from photo2moe.video.motion import MotionConfig
from photo2moe.video.steady import SteadyFace, SteadyMask, moved

# A cut: mean difference of thumbnails, levels, and how many times the usual change that must be.
CUT, CUT_USUAL, THUMBNAIL = 22.0, 4.0, (32, 32)
ALIKE = 24.0  # mean Lab distance of skin and hair within which two faces may be one person
ENOUGH = 8  # descriptions from which it is settled for good who a person is
NEAR = 1.2  # face units: a face that moved less from one search to the next is the same
NEARBY = 390  # pixels: side to which the surroundings of a lost face are shrunk; larger ones are searched in tiles
EVERYONE = 10  # frames between two searches for further people, at the least
REMEMBERED = 50  # people who are gone and may come back
STALE = 0.2  # seconds after which an outline is measured anew in any case
BACK = 4.0  # face units: so far may a lost face turn up again, if it looks alike


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One person in one frame.

    Attributes:
        track: number of the person.
        subject: the face, the outline and the character, steadied; the character does what the face does now.
        opacity: 1, or less while a lost person fades.
        found: whether the face was seen in this very frame.
    """

    track: int
    subject: Subject
    opacity: float
    found: bool


@dataclass(eq=False)
class Track:
    """One person over time."""

    number: int
    config: MotionConfig
    raw: Face
    time: float
    described: list[Character]
    settled: Character | None = None
    subject: Subject | None = None
    perform: Performance = field(default_factory=Performance)
    face: SteadyFace = field(init=False)
    mask: SteadyMask = field(init=False)

    def __post_init__(self) -> None:
        self.face, self.mask = SteadyFace(self.config), SteadyMask(self.config)

    @property
    def known(self) -> Subject:
        """What was last seen of the person."""
        if self.subject is None:
            raise ValueError("nobody has looked yet")
        return self.subject

    def settle(self) -> Character:
        """Who the person is: what descriptions agree on, for good once there are enough."""
        if self.settled is not None:
            return self.settled
        who = settle(self.described)
        if len(self.described) >= ENOUGH:
            self.settled = who
        return who


class Follower:
    """Follows one person, or all, through frames.

    Args:
        pipeline: finds, cuts out and describes.
        config: how, and which person: with ``face`` a number or ``largest`` the one
            that it means where a shot begins.
        samples: characters described all over the clip, of people as they come.
    """

    def __init__(
        self, pipeline: Pipeline, config: PipelineConfig, motion: MotionConfig, samples: Sequence[Character] = ()
    ) -> None:
        self._pipeline, self._config, self._motion = pipeline, config, motion
        # Somebody else's matte may know one way only.
        self._matte: Matte = pipeline.matte if motion.fine else getattr(pipeline.matte, "quick", pipeline.matte)
        self._samples = list(samples)
        self._numbers = count()
        self._tracks: list[Track] = []
        self._gone: deque[Character] = deque(maxlen=REMEMBERED)  # whom we followed before
        self._thumbnail: NDArray[np.float32] | None = None
        self._usual = 0.0
        self._frame = 0

    def __call__(self, image: Image, time: float) -> tuple[list[Seen], bool]:
        """Look at the next frame.

        Returns:
            Who is in it, and whether a new shot begins with it.
        """
        cut = self._is_cut(image)
        if cut:
            self._gone += [track.settle() for track in self._tracks]
            self._tracks = []
        found: dict[int, Face] = {}
        for track in self._tracks:
            face = self._again(image, track.raw)
            if face is not None:
                found[track.number] = face
        if self._must_search(found, cut):
            self._search(image, time, found)
        self._frame += 1
        seen = [self._see(image, time, track, found.get(track.number)) for track in self._tracks]
        self._gone += [t.settle() for t, s in zip(self._tracks, seen, strict=True) if s.opacity == 0]
        self._tracks = [t for t, s in zip(self._tracks, seen, strict=True) if s.opacity > 0]
        return [s for s in seen if s.opacity > 0], cut

    def _again(self, image: Image, face: Face) -> Face | None:
        """A face near where it was: by its mesh, else by a search around the place."""
        again = getattr(self._pipeline.detect, "track", None)  # a detector of somebody else's may know only photos
        found: Face | None = again(image, face) if again is not None else None
        return found or self._nearby(image, face)

    def _nearby(self, image: Image, face: Face) -> Face | None:
        (x, y), reach = face.eyes.mean(0), BACK * face.eye_distance
        highest = np.array(image.shape[1::-1])
        low = np.clip(np.floor([x - reach, y - reach]), 0, highest).astype(int)
        high = np.clip(np.ceil([x + reach, y + reach]), 0, highest).astype(int)
        if (high - low).min() < 16:
            return None
        crop = image[low[1] : high[1], low[0] : high[0]]
        scale = min(1.0, NEARBY / max(crop.shape[:2]))
        size = (max(1, round(side * scale)) for side in crop.shape[1::-1])
        small = np.ascontiguousarray(cv2.resize(crop, tuple(size), interpolation=cv2.INTER_AREA))
        faces = [moved(one, (one.landmarks + 0.5) / scale - 0.5 + low) for one in self._pipeline.detect(small)]
        near = [one for one in faces if _apart(one, face) < NEAR]
        return min(near, key=lambda one: _apart(one, face), default=None)

    def _must_search(self, found: dict[int, Face], cut: bool) -> bool:
        """Whether to look at the whole picture, in which a search is slow: for who is lost, or not there yet."""
        often = self._motion.search_every
        if cut or (self._config.face != "all" and len(found) < max(1, len(self._tracks))):
            return cut or self._frame % often == 0
        return self._config.face == "all" and self._frame % max(EVERYONE, often) == 0

    def _search(self, image: Image, time: float, found: dict[int, Face]) -> None:
        """Find faces anew: those of lost persons, and new ones where these are wanted."""
        everyone = self._config.face == "all"
        faces = self._pipeline.detect(image, every=everyone or self._config.face != "largest")
        free = [face for face in faces if not any(_apart(face, other) < NEAR for other in found.values())]
        for track in self._tracks:
            if track.number in found or not free:
                continue
            best = min(free, key=lambda face, track=track: _apart(face, track.raw))  # type: ignore[misc]
            if _apart(best, track.raw) < NEAR or (
                _apart(best, track.raw) < BACK and _unlike(self._pipeline.describe(image, best), track.settle()) < ALIKE
            ):
                found[track.number] = best
                free = [face for face in free if face is not best]
        new = free if everyone else ([] if self._tracks else self._choose(image, faces))
        for face in new:
            who = self._pipeline.describe(image, face)
            alike = [other for other in self._samples if _unlike(other, who) < ALIKE]
            track = Track(next(self._numbers), self._motion, face, time, [who, *alike])
            self._tracks.append(track)
            found[track.number] = face

    def _choose(self, image: Image, faces: list[Face]) -> list[Face]:
        """Whom to follow from here: whoever was followed before, else the one asked for."""
        if not faces:
            return []
        if self._gone and len(faces) > 1:
            people = [self._pipeline.describe(image, face) for face in faces]
            unlike = [min(_unlike(one, other) for other in self._gone) for one in people]
            if min(unlike) < ALIKE / 2:
                return [faces[int(np.argmin(unlike))]]
        try:
            return pick(faces, self._config.face)
        except NoFaceError:  # of a group only some were found; the next frames may show more
            return []

    def _see(self, image: Image, time: float, track: Track, face: Face | None) -> Seen:
        seconds = time - track.time
        if face is None:
            fading = (seconds - self._motion.hold) / self._motion.fade
            return Seen(track.number, track.known, float(np.clip(1 - fading, 0, 1)), False)
        steady = track.face(face, seconds)
        track.raw, track.time = face, time
        if track.settled is None and track.subject is not None:
            track.described.append(self._pipeline.describe(image, steady))
        mask, matrix = self._outline(image, track, steady, seconds)
        who = track.settle()
        now = measure_expression(image, steady, look=who.person.look, age=who.person.age)
        track.subject = Subject(steady, (track.mask(mask, seconds), matrix), track.perform(who, now, seconds))
        return Seen(track.number, track.subject, 1.0, True)

    def _outline(self, image: Image, track: Track, face: Face, seconds: float) -> tuple[Mask, Matrix]:
        """The person's matte; between two that are measured, the last one moves along with the face."""
        before = track.subject
        if before is None or self._frame % self._motion.matte_every == 0 or seconds > STALE:
            return self._matte(image, face)
        mask, matrix = before.matte
        return mask, compose(compose(matrix, invert(before.face.to_units())), face.to_units())

    def _is_cut(self, image: Image) -> bool:
        small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._thumbnail = self._thumbnail, small
        if last is None:
            return True
        change = float(np.abs(small - last).mean())
        cut = change > max(CUT, CUT_USUAL * self._usual)
        self._usual = 0.0 if cut else 0.7 * self._usual + 0.3 * change
        return cut


def pick(faces: list[Face], which: str) -> list[Face]:
    """The faces that ``--face`` means, of some that are sorted by size.

    Raises:
        NoFaceError: there are not so many.
    """
    if which == "all":
        return faces
    number = 1 if which == "largest" else int(which)
    if number > len(faces):
        raise NoFaceError(f"face {number} was asked for, but only {len(faces)} found; give --face 1…{len(faces)}")
    return faces[number - 1 : number]


def _apart(one: Face, other: Face) -> float:
    """Distance of two faces, in face units of the larger."""
    distance = float(np.hypot(*(one.eyes.mean(0) - other.eyes.mean(0))))
    return distance / max(one.eye_distance, other.eye_distance)


def _unlike(one: Character, other: Character) -> float:
    """How unlike two persons' skin and hair are: mean distance in Lab."""
    pairs = ((one.skin.colour, other.skin.colour), (one.hair.colour, other.hair.colour))
    return float(np.mean([np.linalg.norm(from_hex(a) - from_hex(b)) for a, b in pairs]))
