"""The pictures of one domain, as they lie in a dataset folder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.errors import TrainingError
from photo2moe.ops.features import Features, drawn_outline


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """The pictures of one domain, as ``prepare`` wrote them.

    Attributes:
        rgba: uint8 straight alpha: anime faces, ``(N, D, D, 4)``, or grounds of photos' sketches, ``(N, S, S, 4)``.
        valid: ``(N, 4)`` what each picture really shows, ``(x0, y0, x1, y1)``, of ``D`` pixels.
        colours: ``(N, 9)`` uint8: skin, hair, eyes.
        regions: uint8 masks × 255: skin and hair, ``(N, S, S, 2)``; of photos hair, its locks, and clothes,
            ``(N, S, S, 3)``.
        features: ``(N, 21)`` eyes, mouth, brows, chin, how much it is a man's face, an old one, and the eyes' slant.
    """

    rgba: NDArray[np.uint8]
    valid: NDArray[np.int16]
    colours: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    features: NDArray[np.float64]

    @classmethod
    def load(cls, folder: Path, name: str) -> Domain:
        """Open one domain of a dataset; the pictures stay on disk until they are used.

        Raises:
            TrainingError: the folder is not a dataset, or it is damaged.
        """
        rgba, valid, colours, regions, features = (
            read_array(folder, f"{name}_{kind}") for kind in ("rgba", "valid", "colours", "regions", "features")
        )
        domain = cls(rgba, valid.astype(np.int16), colours, regions, features.astype(np.float64))
        if {len(getattr(domain, f.name)) for f in fields(domain)} != {len(domain.rgba) or -1}:
            raise TrainingError(f"{folder} is damaged: the arrays of {name} differ in length")
        return domain

    def marks(self, index: int) -> Features:
        """Eyes and mouth of one picture, and the outline that drawn faces have with its chin."""
        row = self.features[index]
        chin, *rest = (float(value) for value in row[17:])
        eyes, brows = row[:6].reshape(2, 3), row[11:17].reshape(2, 3)
        return Features(drawn_outline(chin), eyes, row[6:11], brows, *rest)


def read_array(folder: Path, name: str) -> NDArray[Any]:
    """Open an array of a dataset; it stays on disk until it is used.

    Raises:
        TrainingError: it is not there, or damaged.
    """
    path = folder / f"{name}.npy"
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read ({error}); make the dataset with 'photo2moe prepare'") from error
