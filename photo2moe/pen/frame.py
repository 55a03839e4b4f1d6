"""What frames the face of a head with textured hair: the hairline, the mass above it, and the shadow of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from photo2moe.pen.crops import area
from photo2moe.pen.ground import Ground
from photo2moe.pen.head import Points3
from photo2moe.pen.palette import parse, skin
from photo2moe.pen.scene import Flat, Item, Path, Points, Shape, through

# Right half of an open hairline: from its middle over the temple and the sideburn to above the ear.
HAIRLINE = (
    (0.0, -0.97), (0.24, -0.955), (0.46, -0.89), (0.65, -0.76), (0.79, -0.55), (0.87, -0.30), (0.925, -0.05),
    (0.965, -0.12), (1.02, -0.25), (1.10, -0.31), (1.20, -0.26),
)  # fmt: skip
DROP = (0.035, 0.085)  # how far a shadow falls, face units
RAISED = (-0.01, -0.045)  # by which the hairline's own shadow is narrower than that of curls


class Frame:
    """A hairline on a head.

    Args:
        ground: where hair lies on that head.
        hairline: its right half, on the mean head seen from the front; or both halves, left and right, in space.
    """

    def __init__(self, ground: Ground, hairline: ArrayLike | tuple[Points3, Points3] = HAIRLINE) -> None:
        self.ground = ground
        if isinstance(hairline, tuple) and np.ndim(hairline[0]) == 2 and np.shape(hairline[0])[1] == 3:
            self.halves = (np.asarray(hairline[0], float), np.asarray(hairline[1], float))
        else:
            half = through(np.asarray(hairline, float))
            self.halves = (ground.lay(ground.fit(half * (-1, 1))), ground.lay(ground.fit(half)))
        self.left, self.right = (ground.flat(half) for half in self.halves)

    def above(self, outline: Points, level: float | None = None) -> Points:
        """The part of an outline, clockwise from below and untilted, that lies above both ends of the hairline.

        Args:
            outline: of hair.
            level: v where it begins and ends, if not at the ends of the hairline.
        """
        top = int(np.argmin(outline[:, 1]))
        first, last = (float(end[-1, 1]) if level is None else level for end in (self.left, self.right))
        begin = int(np.argmin(np.abs(outline[:top, 1] - first))) if top else 0
        end = top + int(np.argmin(np.abs(outline[top:, 1] - last)))
        return outline[begin : end + 1]

    def edge(self) -> Points:
        """The hairline untilted, from the right end to the left one."""
        return np.vstack([self.right[::-1], self.left[1:]])

    def shadow(self, contours: Sequence[Points]) -> tuple[Item, ...]:
        """What the hairline and contours of curls in the picture cast onto the face: one shape."""
        edge = self.ground.set(self.edge()) + RAISED
        rings = [np.vstack([edge, edge[::-1] - (0, 0.4)]), *contours]
        path = Path.rings(_clockwise(ring + DROP) for ring in rings)
        return (Shape(path, Flat(skin(parse(self.ground.who.skin.colour)).shade)),)


def _clockwise(ring: Points) -> Points:
    """A ring turned the same way as all others, so that those that overlap add up."""
    return ring if area(ring) > 0 else ring[::-1]
