"""Where a head points: the mean face, turned until it fits the mesh.

The mesh has no depth here, so the depth of the mean face is used: a scaled orthographic camera looks at it, whose
rotation follows from the points in closed form (least squares, then the nearest rotation). Points of the person are
then turned back to the front along the same rotation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.face.people import People, people
from photo2moe.types import Face, Matrix, Points

# Points that neither speech nor a raised brow moves: corners of the eyes, the bridge and base of the nose, the temples,
# the middle of the forehead, the cheekbones and the sides of the face down to the ears' lobes.
RIGID: tuple[int, ...] = (
    33,
    133,
    263,
    362,
    168,
    6,
    197,
    195,
    5,
    4,
    1,
    2,
    98,
    327,
    129,
    358,
    10,
    151,
    109,
    338,
    67,
    297,
    103,
    332,
)
RIGID += (54, 284, 21, 251, 162, 389, 127, 356, 234, 454, 93, 323, 116, 345, 117, 346, 118, 347, 50, 280)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """How a head is held, and how large it is.

    *Head units* are like face units (1 = distance between the eyes of the mean face of that size), but do not shrink
    as the head turns; their origin is midway between the eyes of the fitted mean face.

    Attributes:
        rotation: ``(3, 3)`` from the mean face (x right, y down, z away) to the photo.
        scale: photo pixels of one head unit.
        origin: ``(2,)`` photo pixels of the fitted face's origin.
        error: root mean square distance of the points from the fitted face, head units.
    """

    rotation: NDArray[np.float64]
    scale: float
    origin: NDArray[np.float64]
    error: float

    @property
    def yaw(self) -> float:
        """Degrees, positive: turned to the right of the picture; beyond ±90 for the back of a head."""
        angle = np.radians(self.roll)
        across = np.array([np.cos(angle), np.sin(angle), 0.0]) @ self.rotation
        return float(-np.degrees(np.arctan2(across[2], across[0])))

    @property
    def pitch(self) -> float:
        """Degrees, positive: looking up, against how the mean person holds the head in portraits."""
        return float(-np.degrees(np.arcsin(np.clip(self.rotation[2, 1], -1, 1))))

    @property
    def roll(self) -> float:
        """Degrees, positive: tilted clockwise as the viewer sees it."""
        return float(np.degrees(np.arctan2(-self.rotation[0, 1], self.rotation[1, 1])))

    def to_units(self) -> Matrix:
        """Similarity ``(2, 3)`` from photo pixels to head units, the roll undone, yaw and pitch left in."""
        angle = np.radians(self.roll)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / self.scale
        return np.hstack([turn, -(turn @ self.origin)[:, None]])

    def project(self, points: NDArray[np.float64]) -> Points:
        """Points ``(n, 3)`` of the mean face's space → photo pixels ``(n, 2)``."""
        return points @ self.rotation[:2].T * self.scale + self.origin

    def frontal(self, points: Points, depth: NDArray[np.float64]) -> Points:
        """Photo points as they would lie if the head were held straight.

        Args:
            points: ``(n, 2)`` photo pixels.
            depth: ``(n, 3)`` the same points of the mean face, whose depth in the photo is theirs.

        Returns:
            ``(n, 2)`` head units.
        """
        seen = np.column_stack([(points - self.origin) / self.scale, depth @ self.rotation[2]])
        return (seen @ self.rotation)[:, :2]


def pose(face: Face, table: People | None = None) -> Head:
    """Fit the mean face to a face's mesh.

    Args:
        face: the face.
        table: whose mean face; the shipped one by default.
    """
    table = people() if table is None else table
    where = np.searchsorted(table.points, RIGID)
    return fit(face.landmarks[list(RIGID)], table.shape[where])


def fit(points: Points, shape: NDArray[np.float64]) -> Head:
    """Fit ``shape`` ``(n, 3)`` to ``points`` ``(n, 2)`` by rotation, scale and shift."""
    middle, centre = points.mean(0), shape.mean(0)
    linear = np.linalg.lstsq(shape - centre, points - middle, rcond=None)[0].T
    left, scales, right = np.linalg.svd(linear, full_matrices=False)
    rows = left @ right
    rotation = np.vstack([rows, np.cross(*rows)])
    scale = float(scales.mean())
    origin = middle - scale * rows @ centre
    apart = points - (shape @ rows.T * scale + origin)
    return Head(rotation, scale, origin, float(np.sqrt((apart**2).sum(1).mean()) / scale))
