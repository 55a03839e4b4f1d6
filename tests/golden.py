"""Golden pictures: compare with a stated tolerance, show where and how much it differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from photo2moe.imageio import read_image, write_image

GOLDEN = Path(__file__).parent / "golden"


def assert_image_close(image: np.ndarray, name: str, *, max_error: int, mean_error: float, update: bool) -> None:
    """Compare with ``tests/golden/NAME``; ``pytest --update-golden`` writes it anew.

    Tolerances are grey levels, of a channel and on average. On failure the picture is
    left beside the golden one, and the message is the histogram of the differences.
    """
    path = GOLDEN / name
    if update:
        write_image(path, image)
        return
    difference = np.abs(read_image(path).astype(int) - image)
    if difference.max() <= max_error and difference.mean() <= mean_error:
        return
    write_image(path.with_name(f"actual-{name}"), image)
    edges = [0, 1, 2, 3, 5, 9, 17, 33, 65, 256]
    counts, _ = np.histogram(difference, edges)
    rows = "\n".join(f"  {a:3}…{b - 1:3}: {n}" for a, b, n in zip(edges, edges[1:], counts, strict=False))
    raise AssertionError(f"{name}: max {difference.max()}, mean {difference.mean():.2f} grey levels\n{rows}")
