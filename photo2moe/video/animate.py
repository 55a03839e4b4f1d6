"""Frame after frame to drawn pictures: the one place that remembers the frames before.

Three parts that may run in threads of their own: :meth:`Animator.look` finds, cuts out and sketches
people, :meth:`Animator.ink` draws them, :meth:`Animator.compose` makes the picture. What is not drawn
is never shown bare: while a face is lost the last drawing stays in its last place (``hold`` seconds),
then fades; the person behind it is painted out of an avatar's background, or blurred in a whole photo.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.backdrop import Background
from photo2moe.config import PipelineConfig
from photo2moe.ops.layers import blend, lay, warp
from photo2moe.stages.composite import Matte
from photo2moe.stages.figure import Drawing, Sketched
from photo2moe.stages.matte import PersonMatte
from photo2moe.types import Colours, Image
from photo2moe.video.follow import Follower, Seen
from photo2moe.video.motion import MotionConfig
from photo2moe.video.pipeline import Pipeline, Timer
from photo2moe.video.scenery import Scenery, View, figure_before, hide, people_in
from photo2moe.video.steady import SteadyDrawing

SEGMENTED = 256  # pixels: longest side of a picture in which people without a face are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame that was looked at.

    Attributes:
        image: ``(H, W, 3)`` uint8.
        time: seconds.
        seen: who is in it.
        sketched: sketches of those whose face was found.
        bare: mask of people whose face was not found, and its matrix.
        shot: number of the shot that it belongs to.
    """

    image: Image
    time: float
    seen: list[Seen]
    sketched: list[Sketched]
    bare: Matte | None
    shot: int


@dataclass(frozen=True, slots=True, eq=False)
class Inked:
    """A frame whose people are drawn.

    Attributes:
        scene: the frame.
        drawn: a drawing for everyone who is found, and the last one of who is lost.
        seconds: since the frame before.
    """

    scene: Scene
    drawn: list[tuple[Drawing, Seen]]
    seconds: float


class Animator:
    """Draws the frames of one moving picture, in their order.

    Args:
        pipeline: finds, cuts out, draws.
        config: how, and whom; ``strength`` and colours may be changed between frames.
        motion: how frames hang together.
        samples: colours of people measured all over the clip.
    """

    def __init__(
        self, pipeline: Pipeline, config: PipelineConfig, motion: MotionConfig, samples: Sequence[Colours] = ()
    ) -> None:
        self.config = config
        self.timer = Timer()
        self._pipeline, self._motion = pipeline, motion
        self._follow = Follower(pipeline, config, motion, samples)
        self._scenery = Scenery(pipeline.background, pipeline.backdrop)
        self._shot = self._inked_shot = self._composed_shot = 0
        self._time: float | None = None
        self._frame, self._sketched = 0, dict[int, Sketched]()
        self._forget_drawings()
        self._forget_view()

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
        """Find, cut out and sketch people.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            time: seconds, later than the frame before.
        """
        with self.timer("look"):
            seen, cut = self._follow(image, time)
            self._shot += cut
            sketched = self._sketches(image, [one for one in seen if one.found], cut)
            return Scene(image, time, seen, sketched, self._bare(image, seen), self._shot)

    def draw(self, scene: Scene) -> NDArray[np.uint8]:
        """Draw the people of a frame and make its picture, as :meth:`compose` returns it."""
        return self.compose(self.ink(scene))

    def ink(self, scene: Scene) -> Inked:
        """Draw the people of a frame."""
        if scene.shot != self._inked_shot:
            self._forget_drawings()
            self._inked_shot = scene.shot
        seconds, self._time = scene.time - self._time if self._time is not None else 0.0, scene.time
        with self.timer("draw"):
            return Inked(scene, self._drawings(scene, self.config, seconds), seconds)

    def compose(self, inked: Inked) -> NDArray[np.uint8]:
        """The picture of a frame whose people are drawn.

        Returns:
            ``(H, W, 3)`` uint8 with ``frame="photo"``, else a square of ``size``, with a
            fourth channel if the background is transparent. With ``compare`` twice as wide, the
            frame on the left; there what is transparent lies on white.
        """
        if inked.scene.shot != self._composed_shot:
            self._forget_view()
            self._composed_shot = inked.scene.shot
        if self.config.frame == "photo":
            return self._in_photo(inked.scene, inked.drawn, self.config)
        return self._alone(inked.scene, inked.drawn, self.config, inked.seconds)

    def _sketches(self, image: Image, found: list[Seen], cut: bool) -> list[Sketched]:
        """Sketches of who is found; in some frames only faces move on the sketches before."""
        anew = cut or self._frame % self._motion.sketch_every == 0
        self._frame += 1
        before = {} if anew else self._sketched
        sketched = [self._pipeline.sketch(image, one.subject, self.config, before.get(one.track)) for one in found]
        self._sketched = {one.track: sketch for one, sketch in zip(found, sketched, strict=True)}
        return sketched

    def _forget_drawings(self) -> None:
        self._time = None
        self._steady: dict[int, SteadyDrawing] = {}
        self._last: dict[int, Drawing] = {}

    def _forget_view(self) -> None:
        self._view = View(self._motion, self._pipeline.template)
        self._scenery = Scenery(self._scenery.background, self._pipeline.backdrop)

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
        found = [one for one in scene.seen if one.found]
        if found:
            drawings = self._pipeline.ink(scene.sketched, config)
            for one, drawing in zip(found, drawings, strict=True):
                steady = self._steady.setdefault(one.track, SteadyDrawing(self._motion))
                self._last[one.track] = dataclasses.replace(drawing, cutout=steady(drawing.cutout, seconds))
        numbers = {one.track for one in scene.seen}
        self._last = {number: drawing for number, drawing in self._last.items() if number in numbers}
        return [(self._last[one.track], one) for one in scene.seen if one.track in self._last]

    def _in_photo(self, scene: Scene, drawn: list[tuple[Drawing, Seen]], config: PipelineConfig) -> Image:
        config = dataclasses.replace(config, compare=False)
        with self.timer("compose"):
            lost = [one.subject.face for one in scene.seen if not one.found]
            image = scene.image if scene.bare is None else hide(scene.image, scene.bare, lost)
            if solid := [drawing for drawing, one in drawn if one.opacity >= 1]:
                image = self._pipeline.compose(image, solid, config)[0]
            for drawing, one in drawn:
                if one.opacity < 1:
                    with_it = self._pipeline.compose(image, [drawing], config)[0]
                    image = blend(image, with_it, np.full(image.shape[:2], one.opacity, np.float32))
        return np.hstack([scene.image, image]) if self.config.compare else image

    def _alone(
        self, scene: Scene, drawn: list[tuple[Drawing, Seen]], config: PipelineConfig, seconds: float
    ) -> NDArray[np.uint8]:
        size, shape = config.size, (scene.image.shape[0], scene.image.shape[1])
        figure, opacity = None, 1.0
        with self.timer("upscale"):
            if drawn:
                drawing, one = drawn[0]
                if one.found:
                    self._view.follow(one.subject.face, seconds)
                opacity = one.opacity
                large = self._pipeline.upscale(drawing.cutout, size)
                figure = self._view.stand(large, drawing.subject.face, size, shape)
        with self.timer("compose"):
            behind, matrix = None, self._view.matrix(size, shape)
            if self.background.kind != "transparent":
                people = [one.subject.matte for one in scene.seen] + ([scene.bare] if scene.bare else [])
                behind = self._scenery.behind(scene.image, matrix, people, size, seconds)
            picture = figure_before(figure, opacity, behind, size)
        if not config.compare:
            return picture
        if behind is None:
            picture = lay(picture, np.full((size, size, 3), 255, np.uint8))
        return np.hstack([warp(scene.image, matrix, (size, size)), picture])
