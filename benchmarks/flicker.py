"""How much a converted clip flickers: drawn steadily, against each frame drawn by itself.

    python benchmarks/flicker.py CLIP [CLIP …] [--seconds 10] [--frame avatar|photo] [--weights FILE]

The figure is the warping error of Lai et al., *Learning Blind Video Temporal Consistency*,
ECCV 2018, section 4.2: each frame is brought onto the next by optical flow, and what then
differs is flicker; pixels that the flow cannot follow are left out by the forward-backward
check of Ruder, Dosovitskiy, Brox, *Artistic Style Transfer for Videos*, GCPR 2016, eq. 5.
Given are the mean square (values of 0…1, as in the paper, times 1000) and the mean
absolute difference in levels of 0…255.

Only what is drawn counts; the grain of the background is the film's own. With ``--frame photo``
the flow is that of the filmed frames, as in the paper, and counted are the pixels where either conversion
drew. Avatars do not stand where the photo does: there the flow is that of the drawn frames
themselves, and both conversions stand on white, in the same slow view, so that they move alike.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.config import PipelineConfig
from photo2moe.errors import NoFaceError
from photo2moe.pen.portrait import draw_scene
from photo2moe.pipeline import Pipeline, load_pipeline
from photo2moe.types import Image
from photo2moe.video.animate import Animator
from photo2moe.video.clip import Frame, Span, open_clip, read_clip
from photo2moe.video.motion import MotionConfig
from photo2moe.video.scenery import View, figure_before

LIMIT = 10**9  # pixels of a frame
CHANGED = 8  # levels by which a drawn pixel differs from the filmed one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=Fraction, default=Fraction(10))
    parser.add_argument("--frame", choices=["avatar", "photo"], default="avatar")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--weights", default=PipelineConfig().weights)
    arguments = parser.parse_args()
    config = PipelineConfig(
        arguments.weights,
        background="photo" if arguments.frame == "photo" else "white",
        frame=arguments.frame,
        size=arguments.size,
    )
    sys.stdout.write(f"{'clip':24}{'frames':>7}   {'filmed':>16}{'frame by frame':>18}{'steady':>16}   share\n")
    ratios = []
    with load_pipeline(config) as pipeline:
        for path in arguments.clips:
            clip = open_clip(path, LIMIT)
            tally = measure(pipeline, config, read_clip(clip, Span(Fraction(0), arguments.seconds)))
            ratios.append(tally.square("steady") / tally.square("single"))
            cells = [f"{tally.square(n) * 1000:6.2f} ({tally.level(n):4.2f})" for n in ("filmed", "single", "steady")]
            sys.stdout.write(
                f"{path.name:24}{tally.count:7}   {cells[0]:>16}{cells[1]:>18}{cells[2]:>16}   {ratios[-1]:.2f}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(
        f"steady conversion flickers {np.mean(ratios):.2f} times as much as frame by frame; the goal is 0.50\n"
    )


@dataclasses.dataclass(eq=False)
class Tally:
    """Warping errors so far, by kind: square and absolute."""

    squares: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    levels: dict[str, list[float]] = dataclasses.field(default_factory=dict)

    def add(self, name: str, difference: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        if mask.any():
            self.squares.setdefault(name, []).append(float((difference[mask] ** 2).mean()) / 255**2)
            self.levels.setdefault(name, []).append(float(np.abs(difference[mask]).mean()))

    def square(self, name: str) -> float:
        return float(np.mean(self.squares[name]))

    def level(self, name: str) -> float:
        return float(np.mean(self.levels[name]))

    @property
    def count(self) -> int:
        return len(self.squares["filmed"])


def measure(pipeline: Pipeline, config: PipelineConfig, frames: Iterator[Frame]) -> Tally:
    animator, tally = Animator(pipeline, config, MotionConfig()), Tally()
    view, before = View(MotionConfig()), 0.0
    last: dict[str, Image] = {}
    for frame in frames:
        now = {"filmed": frame.image, "steady": np.asarray(animator(frame.image, float(frame.time)), np.uint8)}
        try:
            now["single"] = _single(pipeline, config, frame.image, view, float(frame.time) - before)
        except NoFaceError:  # what a program would do that draws frame by frame
            now["single"] = last.get("single", now["steady"])
        before = float(frame.time)
        if last:
            _compare(tally, last, now, config.frame)
        last = now
    return tally


def _single(pipeline: Pipeline, config: PipelineConfig, image: Image, view: View, seconds: float) -> Image:
    """A frame drawn by itself; an avatar stands in a view that follows as slowly as ours does."""
    if config.frame == "photo":
        return np.asarray(pipeline(image)[0].image, np.uint8)
    [face] = pipeline.choose(image, config)
    subject = pipeline.measure(image, face)
    scene = draw_scene(subject.character, pipeline.kit)
    drawing = pipeline.draw_one(subject, config, view.follow(face, (*scene.origin, scene.width), seconds))
    white = np.full((config.size, config.size, 3), 255, np.uint8)
    return np.asarray(figure_before(drawing.picture, 1.0, white, config.size), np.uint8)


def _compare(tally: Tally, last: dict[str, Image], now: dict[str, Image], frame: str) -> None:
    flows = {name: flow_between(now[name], last[name]) for name in (["filmed"] if frame == "photo" else now)}
    drawn = np.zeros(now["steady"].shape[:2], bool)
    for name in ("single", "steady"):
        ground = now["filmed"].astype(int) if frame == "photo" else 255
        drawn |= np.abs(now[name].astype(int) - ground).max(2) > CHANGED
    for name in now:
        flow, seen = flows["filmed" if frame == "photo" else name]
        moved = cv2.remap(last[name], flow, None, cv2.INTER_LINEAR)
        mask = seen & drawn if seen.shape == drawn.shape else seen
        tally.add(name, now[name].astype(np.float32) - moved, mask)


def flow_between(now: Image, last: Image) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where each pixel was, ``(H, W, 2)`` for ``cv2.remap``, and which pixels can be followed."""
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (now, last)]
    back, forth = finder.calc(grey[0], grey[1], None), finder.calc(grey[1], grey[0], None)
    height, width = grey[0].shape
    y, x = np.indices((height, width), np.float32)
    where = np.dstack([x, y]) + back
    returned = cv2.remap(forth, where, None, cv2.INTER_LINEAR) + back
    allowed = 0.01 * ((back**2).sum(2) + (forth**2).sum(2)) + 0.5
    inside = (where[..., 0] >= 0) & (where[..., 0] < width) & (where[..., 1] >= 0) & (where[..., 1] < height)
    return where, ((returned**2).sum(2) < allowed) & inside


if __name__ == "__main__":
    begun = time.perf_counter()
    main()
    sys.stdout.write(f"{time.perf_counter() - begun:.0f} s\n")
