"""Put a stage of your own into the pipeline: python examples/swap_a_stage.py selfie.jpg avatar.png

Here, an upscaler that keeps the drawing's pixels, for a retro look.
"""

import dataclasses
import sys

import cv2

import photo2moe


def keep_pixels(image, size):  # (S, S, 4) RGBA in and out
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_NEAREST)


def main(photo: str, output: str) -> None:
    with photo2moe.load_pipeline(photo2moe.PipelineConfig(size=512)) as pipeline:
        retro = dataclasses.replace(pipeline, upscale=keep_pixels)
        [avatar] = retro(photo2moe.read_image(photo))
    photo2moe.write_image(output, avatar.image)


if __name__ == "__main__":
    main(*sys.argv[1:])
