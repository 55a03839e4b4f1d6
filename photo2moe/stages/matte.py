"""Tell the person from the background, with soft edges where the hair is."""

from __future__ import annotations

from types import TracebackType

import cv2
import numpy as np

from photo2moe.ops.geometry import compose
from photo2moe.ops.layers import warp
from photo2moe.ops.quiet import quiet
from photo2moe.ops.solutions import load_solutions
from photo2moe.types import Face, Image, Mask, Matrix

CROP = 6.4  # face units shown to the segmenter: head, shoulders, and some background
CROP_CENTRE = 0.4  # v of the crop's centre, so that shoulders are in it
SIZE = 256  # the segmenter's own input


class PersonMatte:
    """MediaPipe's selfie segmentation, refined along the photo's own edges."""

    def __init__(self) -> None:
        with quiet():
            self._graph = load_solutions().selfie_segmentation.SelfieSegmentation(model_selection=0)
            self._graph.process(np.zeros((64, 64, 3), np.uint8))  # see FaceDetector: it logs when it first runs

    def __enter__(self) -> PersonMatte:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free MediaPipe's graph."""
        self._graph.close()

    def segment(self, crop: Image) -> Mask:
        """Person mask of any picture, ``(H, W)``, from a net that sees 256 × 256 pixels."""
        with quiet():
            raw = np.asarray(self._graph.process(crop).segmentation_mask, np.float32)
        return np.clip((raw - 0.3) / 0.5, 0, 1)

    def quick(self, photo: Image, face: Face) -> tuple[Mask, Matrix]:
        """Matte of one person as the net gives it, ``(256, 256)``: half the work, hair without its strands."""
        scale = SIZE / CROP
        upright = np.array([[scale, 0, SIZE / 2 - 0.5], [0, scale, SIZE / 2 - 0.5 - scale * CROP_CENTRE]])
        matrix = compose(upright, face.to_units())
        return self.segment(warp(photo, matrix, (SIZE, SIZE))), matrix

    def __call__(self, photo: Image, face: Face) -> tuple[Mask, Matrix]:
        """Matte of one person.

        Args:
            photo: ``(H, W, 3)`` uint8 RGB.
            face: the person's face.

        Returns:
            ``(512, 512)`` mask of a square around the person, turned upright, and the
            matrix from photo pixels to the mask's pixels.
        """
        size = 2 * SIZE
        scale = size / CROP
        units = np.array([[scale, 0, size / 2 - 0.5], [0, scale, size / 2 - 0.5 - scale * CROP_CENTRE]])
        square = face.to_units()
        matrix = np.hstack([units[:, :2] @ square[:, :2], units[:, :2] @ square[:, 2:] + units[:, 2:]])
        flags = cv2.INTER_LINEAR
        shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        if shrink < 0.6:  # average first: linear sampling alone would alias the hair
            photo = cv2.blur(photo, (round(1 / shrink),) * 2)
        crop = cv2.warpAffine(photo, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        coarse = self.segment(np.asarray(crop, np.uint8))
        guide = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        fine = guided_filter(guide, coarse, radius=8, epsilon=1e-4)
        # Only the rim is refined: inside and outside the segmenter is surer than grey levels are.
        rim = np.clip(4 * coarse * (1 - coarse) + cv2.blur(4 * coarse * (1 - coarse), (15, 15)) * 2, 0, 1)
        return np.clip(coarse + rim * (fine - coarse), 0, 1).astype(np.float32), matrix


def guided_filter(guide: Mask, mask: Mask, radius: int, epsilon: float) -> Mask:
    """Pull a mask's edges onto those of a picture.

    Args:
        guide: ``(H, W)`` float32 grey picture in ``[0, 1]``.
        mask: ``(H, W)`` mask.
        radius: half the window's side, pixels.
        epsilon: variance of the guide below which an area counts as flat.

    Returns:
        ``(H, W)`` mask, clipped to ``[0, 1]``. Source: He, Sun, Tang, *Guided Image
        Filtering*, ECCV 2010, eq. 5 and 6.
    """

    def mean(x: Mask) -> Mask:
        return np.asarray(cv2.blur(x, (2 * radius + 1,) * 2), np.float32)

    mean_guide, mean_mask = mean(guide), mean(mask)
    slope = (mean(guide * mask) - mean_guide * mean_mask) / (mean(guide * guide) - mean_guide**2 + epsilon)
    offset = mean_mask - slope * mean_guide
    return np.clip(mean(slope) * guide + mean(offset), 0, 1).astype(np.float32)
