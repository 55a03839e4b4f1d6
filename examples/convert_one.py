"""Convert one photo: python examples/convert_one.py selfie.jpg avatar.png"""

import sys

import photo2moe


def main(photo: str, output: str) -> None:
    with photo2moe.load_pipeline(photo2moe.PipelineConfig(size=512, background="white")) as pipeline:
        [avatar] = pipeline(photo2moe.read_image(photo))
    photo2moe.write_image(output, avatar.image)
    print(output, avatar.facts()["colours"])


if __name__ == "__main__":
    main(*sys.argv[1:])
