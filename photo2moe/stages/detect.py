"""Find faces: MediaPipe's detectors for the place, its face mesh for the points.

MediaPipe's nets look at 192 pixels or fewer, so a small face in a large photo is
searched for in tiles, coarse to fine. Only this file and ``matte.py`` know MediaPipe's nets.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.quiet import quiet
from photo2moe.ops.solutions import load_solutions
from photo2moe.types import Face, Image, Points

PADDING = 0.3  # of the longer side, edge replicated: faces that fill the frame are found too
SIDE = 640  # pixels of what the detectors are shown, longer side with its padding; they shrink it further
SMALLEST_TILE = 200  # pixels; a face of 40 px is then 30 or more of the detector's 192
SMALLEST_FACE = 8.0  # pixels between the eyes; below, knots and pebbles have faces too
MESH_CROP = 2.2  # side of the square given to the mesh, in boxes of the detector
MESH_SIZE = 384  # pixels; larger crops are shrunk first


class FaceDetector:
    """Finds faces and their 478 mesh points; load once, call often, close at the end.

    Args:
        confidence: smallest score of the detectors and of the mesh, ``[0, 1]``.
    """

    def __init__(self, confidence: float = 0.5) -> None:
        with quiet():
            solutions = load_solutions()
            self._near = solutions.face_detection.FaceDetection(confidence, model_selection=0)
            self._far = solutions.face_detection.FaceDetection(confidence, model_selection=1)
            self._mesh = solutions.face_mesh.FaceMesh(
                static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=confidence
            )
            # The graphs start in threads of their own, which log when they first run: let them do so here.
            for graph in (self._near, self._far, self._mesh):
                graph.process(np.zeros((64, 64, 3), np.uint8))

    def __enter__(self) -> FaceDetector:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free MediaPipe's graphs."""
        for graph in (self._near, self._far, self._mesh):
            graph.close()

    def __call__(self, photo: Image, *, every: bool = False) -> list[Face]:
        """Find the faces of a photo.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            every: also look in small tiles after faces were found. Without it the
                search ends at the first size that shows a face, since all faces
                found later would be smaller.

        Returns:
            Faces, largest first; empty if there is none.
        """
        found: list[Face] = []
        with quiet():
            for tile, origin, level in _tiles(photo):
                if found and not every and level > 0:
                    break
                for box, score in self._boxes(tile, whole=level == 0):
                    face = self._measure(photo, box + np.tile(origin, 2), score)
                    if face is not None and not any(_same(face, other) for other in found):
                        found.append(face)
        return sorted(found, key=lambda face: -face.area)

    def track(self, photo: Image, face: Face) -> Face | None:
        """Find a face again in the next picture of a moving one, by its mesh alone.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            face: where it was.

        Returns:
            The face, or ``None`` if it is not there any more.
        """
        x0, y0, x1, y1 = face.box
        height, width = photo.shape[:2]
        if x1 < 0 or y1 < 0 or x0 >= width or y0 >= height:
            return None
        with quiet():
            found = self._measure(photo, np.array(face.box), face.score)
        return found if found is not None and _same(found, face) else None

    def _boxes(self, tile: Image, *, whole: bool) -> list[tuple[NDArray[np.float64], float]]:
        """Boxes ``(x0, y0, x1, y1)`` in tile pixels with scores, best first."""
        height, width = tile.shape[:2]
        padding = PADDING if whole else 0.0
        # Shrunk first, or a strip would be padded to a hundred times its size.
        shrunk = _shrink(tile, round(SIDE / (1 + 2 * padding)))
        high, wide = shrunk.shape[:2]
        pad = round(padding * max(high, wide))
        padded = cv2.copyMakeBorder(shrunk, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        size, back = np.array([wide, high] * 2) + 2 * pad, np.array([width / wide, height / high] * 2)
        boxes = []
        for graph in (self._near, self._far) if whole else (self._far,):
            for detection in graph.process(padded).detections or ():
                box = detection.location_data.relative_bounding_box
                corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height])
                boxes.append(((corners * size - pad) * back, float(detection.score[0])))
        return sorted(boxes, key=lambda pair: -pair[1])

    def _measure(self, photo: Image, box: NDArray[np.float64], score: float) -> Face | None:
        """Fit the mesh to the face in the box, or ``None`` where the mesh sees no face."""
        centre, side = (box[:2] + box[2:]) / 2, MESH_CROP * float(max(box[2:] - box[:2]))
        if side < 16:
            return None
        scale = min(1.0, MESH_SIZE / side) if side > MESH_SIZE else max(1.0, MESH_SIZE / 2 / side)
        size = round(side * scale)
        matrix = np.array([[scale, 0, size / 2 - scale * centre[0]], [0, scale, size / 2 - scale * centre[1]]])
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        crop = cv2.warpAffine(photo, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        meshes = self._mesh.process(crop).multi_face_landmarks
        if not meshes:
            return None
        # MediaPipe's 0…1 runs over pixel edges, ours over pixel centres.
        points = np.array([(p.x, p.y) for p in meshes[0].landmark]) * size - 0.5
        points = (points - matrix[:, 2]) / scale
        face = Face(_bounds(points), points, score)
        return face if face.eye_distance >= SMALLEST_FACE else None


def _tiles(photo: Image) -> Iterator[tuple[Image, Points, int]]:
    """The photo, then ever smaller overlapping squares of it, with their origins and level."""
    yield photo, np.zeros(2), 0
    height, width = photo.shape[:2]
    side, level = min(max(height, width) // 2, height, width), 1
    while side >= SMALLEST_TILE:
        for y in _starts(height, side):
            for x in _starts(width, side):
                yield np.ascontiguousarray(photo[y : y + side, x : x + side]), np.array([x, y], float), level
        side, level = side // 2, level + 1


def _starts(length: int, side: int) -> list[int]:
    """Starts of tiles that cover ``length`` and overlap by at least a third."""
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * 2 / 3))) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _shrink(image: Image, longest: int) -> Image:
    factor = longest / max(image.shape[:2])
    if factor >= 1:
        return image
    size = tuple(max(1, round(n * factor)) for n in image.shape[1::-1])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _bounds(points: Points) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    return float(x0), float(y0), float(x1), float(y1)


def _same(one: Face, other: Face) -> bool:
    """Whether two meshes lie on the same face: centres closer than half a face."""
    a, b = np.array(one.box), np.array(other.box)
    distance = float(np.hypot(*((a[:2] + a[2:]) - (b[:2] + b[2:])))) / 2
    sides = [float(max(box[2:] - box[:2])) for box in (a, b)]
    return distance < 0.5 * max(sides)
