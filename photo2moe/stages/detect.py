"""Find faces: MediaPipe's detectors for the place, its face mesh for the points.

MediaPipe's nets look at 192 pixels or fewer, so a small face in a large photo is
searched for in tiles, coarse to fine. Only this file and ``matte.py`` know MediaPipe's nets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.quiet import quiet
from photo2moe.ops.solutions import load_solutions
from photo2moe.types import Face, Image, Points

Box = tuple[NDArray[np.float64], float]  # (x0, y0, x1, y1) in pixels of the photo, and its score
Tile = tuple[int, int, int]  # left, top and side

PADDING = 0.3  # of the longer side, edge replicated: faces that fill the frame are found too
SIDE = 640  # pixels of what the detectors are shown, longer side with its padding; they shrink it further
TILE_SIDE = 192  # pixels of what the far detector looks at; it finds 95 % of faces that are 18 of them wide
TILES = ((2.5, 0.5), (10.0, 0.75))  # coarse to fine: longer sides of the photo a tile, and sides of a tile to the next
SMALLEST_TILE = 200  # pixels
SMALLEST_FACE = 8.0  # pixels between the eyes; below, knots and pebbles have faces too
LARGE = 0.25  # of the longer side of the photo: no face in a tile is larger than such a one
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
        large = LARGE * max(photo.shape[:2])
        levels = self._levels(photo)
        with quiet():
            for number, boxes in enumerate(levels):
                for box, score in boxes:
                    face = self._measure(photo, box, score)
                    if face is not None and not any(_same(face, other) for other in found):
                        found.append(face)
                if found and not every and (number or any(_side(face) > large for face in found)):
                    break  # before the next level is looked at
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

    def _levels(self, photo: Image) -> Iterator[list[Box]]:
        """Boxes in the whole photo, padded; then in its tiles, level by level."""
        shrunk = _shrink(photo, round(SIDE / (1 + 2 * PADDING)))
        pad = round(PADDING * max(shrunk.shape[:2]))  # of the shrunk one, or a strip would become gigabytes
        padded = cv2.copyMakeBorder(shrunk, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        size, scale = np.array(padded.shape[1::-1]), np.array(photo.shape[1::-1]) / shrunk.shape[1::-1]
        boxes = [box for graph in (self._near, self._far) for box in _detect(graph, padded, size)]
        yield _best((_moved(box, scale, -pad * scale), score) for box, score in boxes)
        for tiles in _tiles(photo):
            boxes = []
            for x, y, side in tiles:
                view = _shrink(np.ascontiguousarray(photo[y : y + side, x : x + side]), TILE_SIDE)
                found = _detect(self._far, view, np.array(view.shape[1::-1]))
                boxes += [(_moved(box, side / len(view), (x, y)), score) for box, score in found]
            yield _best(boxes)

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


def _detect(graph: Any, image: Image, size: NDArray[np.int_]) -> Iterator[Box]:
    """Boxes in pixels of an image of that width and height."""
    for detection in graph.process(image).detections or ():
        box = detection.location_data.relative_bounding_box
        corners = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height])
        yield np.asarray(corners * np.tile(size, 2), float), float(detection.score[0])


def _moved(box: NDArray[np.float64], scale: Any, origin: Any) -> NDArray[np.float64]:
    return np.asarray(box * np.tile(np.broadcast_to(scale, 2), 2) + np.tile(origin, 2))


def _best(boxes: Iterable[Box]) -> list[Box]:
    return sorted(boxes, key=lambda pair: -pair[1])


def _tiles(photo: Image) -> Iterator[list[Tile]]:
    """Overlapping squares of the photo, ever smaller ones."""
    height, width = photo.shape[:2]
    longest, before = max(height, width), max(height, width) // 2 + 1
    for parts, step in TILES:
        side = min(max(SMALLEST_TILE, round(longest / parts)), height, width)
        if SMALLEST_TILE <= side < before:
            yield [(x, y, side) for y in _starts(height, side, step) for x in _starts(width, side, step)]
        before = side


def _starts(length: int, side: int, step: float) -> list[int]:
    """Starts of tiles that cover ``length``, at most ``step`` of their side apart."""
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * step))) + 1
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
    return distance < 0.5 * max(_side(one), _side(other))


def _side(face: Face) -> float:
    """Longer side of a face's box, pixels."""
    x0, y0, x1, y1 = face.box
    return max(x1 - x0, y1 - y0)
