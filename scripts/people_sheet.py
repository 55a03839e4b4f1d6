"""Photos and their avatars, drawn by lot, on one picture: how examples/people.jpg was made.

python scripts/people_sheet.py PHOTOS examples/people.jpg --count 48 --seed 1
"""

import argparse
import random
from pathlib import Path

import numpy as np
from PIL import Image

import photo2moe

TILE = 168  # pixels: side of a photo and of an avatar
COLUMNS = 8  # pairs in a row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    paths = sorted(given.photos.glob("*.jpg"))
    random.Random(given.seed).shuffle(paths)
    pairs = []
    with photo2moe.load_pipeline(photo2moe.PipelineConfig(size=2 * TILE, background="#ecf1f8")) as pipeline:
        for path in paths[: given.count]:
            photo = photo2moe.read_image(path)
            [avatar] = pipeline(photo)
            before = Image.fromarray(photo)
            side = min(before.size)
            left, top = (before.width - side) // 2, (before.height - side) // 4
            before = before.crop((left, top, left + side, top + side)).resize((TILE, TILE), Image.Resampling.LANCZOS)
            after = Image.fromarray(avatar.image).resize((TILE, TILE), Image.Resampling.LANCZOS)
            pairs.append(np.hstack([before, after]))
    rows = [np.hstack(pairs[i : i + COLUMNS]) for i in range(0, len(pairs) // COLUMNS * COLUMNS, COLUMNS)]
    photo2moe.write_image(given.output, np.vstack(rows), quality=88)


if __name__ == "__main__":
    main()
