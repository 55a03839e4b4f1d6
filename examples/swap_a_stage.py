"""Put a stage of your own into the pipeline: python examples/swap_a_stage.py selfie.jpg avatar.png

Here, a describer that gives everybody silver hair and round glasses, whoever is in the photo.
"""

import dataclasses
import sys

import photo2moe


def main(photo: str, output: str) -> None:
    with photo2moe.load_pipeline(photo2moe.PipelineConfig(size=512)) as pipeline:

        def disguise(image, face):  # (H, W, 3) uint8 and a Face in, a Character out
            who = pipeline.describe(image, face)
            return who.replace(**{"hair.colour": "#c8ccd6", "glasses.kind": "round"})

        [avatar] = dataclasses.replace(pipeline, describe=disguise)(photo2moe.read_image(photo))
    photo2moe.write_image(output, avatar.image)


if __name__ == "__main__":
    main(*sys.argv[1:])
