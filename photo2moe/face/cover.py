"""What a photo does not show of a face, in sentences for the notes of a Character."""

from __future__ import annotations

import numpy as np

from photo2moe.face.light import OVAL, polygon
from photo2moe.face.outline import find_outline
from photo2moe.face.parse import HAIR, HEADWEAR, SKIN, Regions, cut
from photo2moe.face.pose import Head
from photo2moe.types import Face, Image

# Points of the mesh around nose and mouth, within the jaw.
LOWER_FACE = (117, 346, 411, 434, 394, 379, 400, 377, 152, 148, 176, 150, 169, 214, 187)
MOUTH_AREA = (98, 327, 410, 432, 424, 200, 204, 212, 186)
UPPER_FACE = (9, 107, 66, 105, 63, 70, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 300, 293, 334, 296, 336)
COVERED = 0.55  # share of skin (or beard) around nose and mouth below which they are covered
SHOWN = 0.85  # share of a part of the face that must lie inside the photo
TURNED = 45.0  # degrees of yaw that are drawn at most
SMALL = 18.0  # pixels between the eyes below which details are guesses

MOUTH = "The mouth is covered, so it is drawn plainly."
LOWER = "The lower face is covered, so nose and mouth are drawn plainly."
FOREHEAD = "The picture ends at the forehead, so the top of the head is completed."
HAIR_CUT = "The hair leaves the picture above, so its outline is completed."
CHIN = "The picture ends above the chin, so the lower face is completed."
PROFILE = "The head is turned further than is drawn; it is drawn at 45 degrees."
TINY = "The face is small in the photo, so its details are guesses."


def covers_mouth(face: Face, regions: Regions) -> bool:
    """Whether something is before mouth or nose: a mask, a hand's thing, a microphone."""
    return min(_shown(face, regions, area) for area in (LOWER_FACE, MOUTH_AREA)) < COVERED


def cover_notes(
    photo: Image, face: Face, regions: Regions, head: Head, *, cut_hair: bool | None = None
) -> tuple[str, ...]:
    """Sentences on what is covered, cut off or too small.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the person's face in it.
        regions: the person's regions.
        head: the pose of the head.
        cut_hair: whether the picture ends within the hair above, where that is known already.

    Returns:
        Sentences, the most important first; empty if the photo shows all.
    """
    notes = []
    inside = cut(np.ones(photo.shape[:2], np.uint8), regions.matrix, len(regions.labels), fill=0, nearest=True) > 0

    def within(points: tuple[int, ...]) -> float:
        mask = polygon(face, regions, points, hull=True)
        return float(inside[mask].mean()) if mask.any() else 0.0

    chin = within(LOWER_FACE) < SHOWN
    if not chin and covers_mouth(face, regions):
        both = _shown(face, regions, LOWER_FACE) < COVERED
        notes.append(LOWER if both else MOUTH)
    if within(UPPER_FACE) < SHOWN:
        notes.append(FOREHEAD)
    elif find_outline(photo.shape, regions, head).cut if cut_hair is None else cut_hair:
        notes.append(HAIR_CUT)
    if chin:
        notes.append(CHIN)
    if abs(head.yaw) > TURNED:
        notes.append(PROFILE)
    if face.eye_distance < SMALL:
        notes.append(TINY)
    return tuple(notes)


def _shown(face: Face, regions: Regions, area: tuple[int, ...]) -> float:
    """Share of a part of the face that is skin, beard or hair."""
    mask = polygon(face, regions, area, hull=True) & polygon(face, regions, OVAL)
    labels = regions.labels[mask]
    return float(np.isin(labels, (SKIN, HAIR, HEADWEAR)).mean()) if len(labels) else 1.0
