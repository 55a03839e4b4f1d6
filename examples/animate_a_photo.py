"""A photo under a hand-held camera, and its avatar beside it: how examples/moving.webp was made.

python examples/animate_a_photo.py examples/selfie.jpg moving.webp
"""

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

import photo2moe
from photo2moe.pipeline import load_pipeline
from photo2moe.video.animate import Animator
from photo2moe.video.clip import Frame
from photo2moe.video.motion import MotionConfig
from photo2moe.video.writer import Shape, writing

COUNT, RATE, SIDE = 20, 10, 400


def camera(photo):
    """Pan, zoom and tilt once around, so that the end meets the beginning."""
    height, width = photo.shape[:2]
    for turn in 2 * np.pi * np.arange(COUNT) / COUNT:
        scale, tilt = SIDE / height * (0.97 + 0.05 * np.sin(turn)), np.radians(11 * np.sin(turn))
        x, y = SIDE / 2 + 22 * np.sin(turn + 1), SIDE / 2 + 6 + 8 * np.sin(2 * turn)
        cos, sin = scale * np.cos(tilt), scale * np.sin(tilt)
        matrix = np.array(
            [[cos, -sin, x - (cos * width - sin * height) / 2], [sin, cos, y - (sin * width + cos * height) / 2]]
        )
        yield cv2.warpAffine(photo, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)


def main(source, target):
    config = photo2moe.PipelineConfig(size=200, compare=True)
    frames = list(camera(photo2moe.read_image(source)))
    with load_pipeline(config) as pipeline:
        animator = Animator(pipeline, config, MotionConfig())
        pictures = [animator(frame, number / RATE) for number, frame in enumerate(frames + frames)][COUNT:]
    shape = Shape(pictures[0].shape[:2], False, Fraction(RATE), Fraction(1, 1000))
    with writing(Path(target), shape) as write:
        for number, picture in enumerate(pictures):
            write(picture, Frame(picture, Fraction(number, RATE), Fraction(1, RATE)))


if __name__ == "__main__":
    main(*sys.argv[1:])
