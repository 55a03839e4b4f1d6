"""Frame after frame to drawn pictures: the one place that remembers the frames before.

Three parts that may run in threads of their own: :meth:`Animator.look` finds, cuts out and describes
people, :meth:`Animator.ink` draws them, :meth:`Animator.compose` makes the picture. What is not drawn
is never shown bare: while a face is lost the last drawing stays in its last place (``hold`` seconds),
then fades; the person behind it is painted out of an avatar's background, or blurred in a whole photo.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.avatar import Drawing, Timer
from photo2moe.backdrop import Background
from photo2moe.character.schema import Character, Expression, Pose
from photo2moe.compose.background import Matte
from photo2moe.config import PipelineConfig
from photo2moe.ops.layers import blend, lay, warp
from photo2moe.pen.portrait import draw_scene
from photo2moe.pipeline import Pipeline, Square, wanted
from photo2moe.stages.matte import PersonMatte
from photo2moe.types import Image
from photo2moe.video.follow import Follower, Seen
from photo2moe.video.motion import MotionConfig
from photo2moe.video.scenery import Scenery, View, figure_before, hide, people_in

SEGMENTED = 256  # pixels: longest side of a picture in which people without a face are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame that was looked at.

    Attributes:
        image: ``(H, W, 3)`` uint8.
        time: seconds.
        seen: who is in it.
        bare: mask of people whose face was not found, and its matrix.
        shot: number of the shot that it belongs to.
    """

    image: Image
    time: float
    seen: list[Seen]
    bare: Matte | None
    shot: int


@dataclass(frozen=True, slots=True, eq=False)
class Inked:
    """A frame whose people are drawn.

    Attributes:
        scene: the frame.
        drawn: a drawing for everyone who is found, and the last one of who is lost.
        view: where an avatar is in the frame.
        seconds: since the frame before.
    """

    scene: Scene
    drawn: list[tuple[Drawing, Seen]]
    view: View
    seconds: float


class Animator:
    """Draws the frames of one moving picture, in their order.

    Args:
        pipeline: finds, cuts out, describes, draws.
        config: how, and whom; ``strength`` and colours may be changed between frames.
        motion: how frames hang together.
        samples: characters of people described all over the clip.
    """

    def __init__(
        self, pipeline: Pipeline, config: PipelineConfig, motion: MotionConfig, samples: Sequence[Character] = ()
    ) -> None:
        self.config = config
        self.timer = Timer()
        self._pipeline, self._motion = pipeline, motion
        self._follow = Follower(pipeline, config, motion, samples)
        self._scenery = Scenery(pipeline.background, pipeline.backdrop)
        self._shot = self._inked_shot = self._composed_shot = 0
        self._time: float | None = None
        self._forget_drawings()

    @property
    def background(self) -> Background:
        """What an avatar stands before; may be changed between frames."""
        return self._scenery.background

    @background.setter
    def background(self, background: Background) -> None:
        self._scenery = Scenery(background, self._pipeline.backdrop)

    def __call__(self, image: Image, time: float) -> NDArray[np.uint8]:
        """Draw the next frame; arguments as for :meth:`look`, result as for :meth:`draw`."""
        return self.draw(self.look(image, time))

    def look(self, image: Image, time: float) -> Scene:
        """Find, cut out and describe people.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            time: seconds, later than the frame before.
        """
        with self.timer("look"):
            seen, cut = self._follow(image, time)
            self._shot += cut
            return Scene(image, time, seen, self._bare(image, seen), self._shot)

    def draw(self, scene: Scene) -> NDArray[np.uint8]:
        """Draw the people of a frame and make its picture, as :meth:`compose` returns it."""
        return self.compose(self.ink(scene))

    def ink(self, scene: Scene) -> Inked:
        """Draw the people of a frame."""
        if scene.shot != self._inked_shot:
            self._forget_drawings()
            self._inked_shot = scene.shot
        seconds, self._time = scene.time - self._time if self._time is not None else 0.0, scene.time
        drawn = self._drawings(scene, self.config, seconds)
        return Inked(scene, drawn, copy(self._view), seconds)

    def compose(self, inked: Inked) -> NDArray[np.uint8]:
        """The picture of a frame whose people are drawn.

        Returns:
            ``(H, W, 3)`` uint8 with ``frame="photo"``, else a square of ``size``, with a
            fourth channel if the background is transparent. With ``compare`` twice as wide, the
            frame on the left; there what is transparent lies on white.
        """
        if inked.scene.shot != self._composed_shot:
            self._scenery = Scenery(self._scenery.background, self._pipeline.backdrop)
            self._composed_shot = inked.scene.shot
        if self.config.frame == "photo":
            return self._in_photo(inked.scene, inked.drawn, self.config)
        return self._alone(inked, self.config)

    def _forget_drawings(self) -> None:
        self._time = None
        self._last: dict[int, Drawing] = {}
        self._still: dict[int, tuple[Character, Square]] = {}
        self._view = View(self._motion)

    def _bare(self, image: Image, seen: list[Seen]) -> Matte | None:
        """People who are there though their face was not found."""
        if seen and all(one.found for one in seen):
            return None
        matte = self._pipeline.matte
        if not isinstance(matte, PersonMatte):  # somebody else's may need a face
            return None
        scale = min(1.0, SEGMENTED / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        mask = matte.segment(np.asarray(small, np.uint8))
        for one in seen:  # who is found is drawn, and needs no hiding
            if one.found:
                own, to_mask = one.subject.matte
                ratio = np.array([[1 / scale, 0, (1 / scale - 1) / 2], [0, 1 / scale, (1 / scale - 1) / 2]])
                flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
                linear = np.hstack([to_mask[:, :2] @ ratio[:, :2], to_mask[:, :2] @ ratio[:, 2:] + to_mask[:, 2:]])
                mask = mask * (1 - cv2.warpAffine(own, linear, mask.shape[::-1], flags=flags))
        return people_in(image, np.asarray(mask, np.float32))

    def _drawings(self, scene: Scene, config: PipelineConfig, seconds: float) -> list[tuple[Drawing, Seen]]:
        """A drawing for everyone who is found, and the last one of who is lost."""
        for one in scene.seen:
            if one.found:
                square = None
                if config.frame != "photo":
                    square = self._view.follow(one.subject.face, self._keeps_still(one, config), seconds)
                self._last[one.track] = self._pipeline.draw_one(one.subject, config, square, self.timer)
        numbers = {one.track for one in scene.seen}
        self._last = {number: drawing for number, drawing in self._last.items() if number in numbers}
        return [(self._last[one.track], one) for one in scene.seen if one.track in self._last]

    def _keeps_still(self, one: Seen, config: PipelineConfig) -> Square:
        """What a picture shows of a person who looks straight ahead: it stays there whatever the head does."""
        who = dataclasses.replace(wanted(one.subject.character, config), pose=Pose(), expression=Expression())
        if one.track not in self._still or self._still[one.track][0] != who:
            scene = draw_scene(who, self._pipeline.kit, config.frame)
            self._still[one.track] = who, (*scene.origin, scene.width)
        return self._still[one.track][1]

    def _in_photo(self, scene: Scene, drawn: list[tuple[Drawing, Seen]], config: PipelineConfig) -> Image:
        config = dataclasses.replace(config, compare=False)
        with self.timer("compose"):
            lost = [one.subject.face for one in scene.seen if not one.found]
            image = scene.image if scene.bare is None else hide(scene.image, scene.bare, lost)
            if solid := [drawing for drawing, one in drawn if one.opacity >= 1]:
                image = self._pipeline.compose(image, solid, config)[0].image
            for drawing, one in drawn:
                if one.opacity < 1:
                    with_it = self._pipeline.compose(image, [drawing], config)[0].image
                    image = blend(image, with_it, np.full(image.shape[:2], one.opacity, np.float32))
        return np.hstack([scene.image, image]) if self.config.compare else image

    def _alone(self, inked: Inked, config: PipelineConfig) -> NDArray[np.uint8]:
        scene, view, size = inked.scene, inked.view, config.size
        figure, opacity = None, 1.0
        if inked.drawn:
            drawing, one = inked.drawn[0]
            figure, opacity = drawing.picture, one.opacity
        with self.timer("compose"):
            behind, matrix = None, view.matrix(size, (scene.image.shape[0], scene.image.shape[1]))
            if self.background.kind != "transparent":
                people = [one.subject.matte for one in scene.seen] + ([scene.bare] if scene.bare else [])
                behind = self._scenery.behind(scene.image, matrix, people, size, view.width, inked.seconds)
            picture = figure_before(figure, opacity, behind, size)
        if not config.compare:
            return picture
        if behind is None:
            picture = lay(picture, np.full((size, size, 3), 255, np.uint8))
        return np.hstack([warp(scene.image, matrix, (size, size)), picture])
