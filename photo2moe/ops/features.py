"""What a face shows: its outline, eyes and mouth, measured in photos and in drawings alike.

The net is not asked to find eyes or to move a mouth. Both are measured, and told to it
by a drawing (``ops/rough``) that looks the same whether a photo or an anime face was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.colour import cheeks, distance, lab_of, to_lab
from photo2moe.ops.geometry import Template, apply, invert, to_template
from photo2moe.types import CHIN, Face, Image, Points, Portrait

# Of MediaPipe's mesh. The oval runs from the middle of the forehead around the face.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
SIDES = (234, 454)  # of the face, at the height of the ears
LIDS = ((159, 145, 33, 133), (386, 374, 362, 263))  # upper, lower, two corners: left eye of the picture first
BROWS = ((55, 107, 52, 105, 46, 70), (285, 336, 282, 334, 276, 300))  # lower and upper edge: nose, middle, outer end
MOUTH = (61, 291, 13, 14)  # corners, inner edges of the lips
JAW_ENDS = OVAL.index(379), OVAL.index(150)  # in the oval: where a drawn chin begins on either side
FLANKS = (OVAL.index(251), JAW_ENDS[0]), (JAW_ENDS[1], OVAL.index(21))  # from temple to chin, in the oval
ROW = 0.08  # face units: how far above and below a point of the oval its cheek is looked for
TURNED = 0.06, 0.12  # face units beyond the oval from which on a cheek is that of a turned head, and surely
CHIN_ROUND = 1.6  # exponent of its curve: 1 is a triangle, 2 a parabola; 1.7 fits that of drawn faces, below
# Outline of a drawn face: half-width by height, face units, for a chin at CHIN_V.
DRAWN_V = (-0.75, -0.4, 0.0, 0.4, 0.6, 0.8, 0.95, 1.04)
DRAWN_U = (0.72, 0.84, 0.82, 0.71, 0.64, 0.49, 0.27, 0.0)
CHIN_V = 1.04
CHIN_RANGE = (0.85, 1.2)
# Mean and deviation: opening of real eyes (gap over width), their width (over the face's) and the height of
# drawn ones (face units). Open eyes are drawn high, and so are wide ones, which children have; both count alike.
PHOTO_OPENING, PHOTO_WIDTH, DRAWN_HEIGHT = (0.316, 0.054), (0.197, 0.0088), (0.50, 0.08)
TOGETHER = 1.68  # deviation of the sum of both, in their own deviations; they correlate by 0.42
SHUT = 0.12  # opening of a real eye below which it is drawn closed
WINK = 0.2  # smallest difference between the openings of both eyes that is meant
HEIGHTS = (0.28, 0.66)  # of an open drawn eye
MAN_EYES, OLD_EYES = 0.12, 0.1  # how much lower men's and old people's eyes are drawn
# Distance of an eye's middle from the edge of a turned face, and how far it is moved for it.
INSET, FAR_EYE = 0.36, 0.15
# Of eyes, photo → drawing: the usual one (2,957 photos, deviation 0.040), scale, and limit.
EYE_SLANT = (0.084, 2.0, 0.15)
LID_TO_BROW = 0.15  # smallest distance between a drawn eye and the middle of its brow
SLANT = (0.9, 0.13)  # of brows, photo → drawing: scale, and limit of how far an end lies from the middle
# Mouths on the template, photo → drawing: scale and limits of the width; scale of the gap between
# the lips, what of it still counts as closed, and its limit.
MOUTH_WIDTH, MOUTH_GAP = (0.75, 0.12, 0.44), (2.6, 0.026, 0.26)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A face's features, in face units of the template.

    Attributes:
        outline: ``(N, 2)`` polygon around the face without the neck.
        eyes: ``(2, 3)`` ``u, v`` of the centre, and the height; 0 is closed; the eye on the left of the picture first.
        mouth: ``(5,)`` ``u, v`` of the centre, width, height, and how much lower the corners are than the middle.
        brows: ``(2, 3)`` ``v`` by the nose, in the middle and at the outer end; only photos' are measured.
        masculine: 0 to be drawn as a woman's or a child's … 1 as a man's.
        elderly: 0 … 1 to be drawn with the lines of an old face.
        slant: of the eyes: how much higher their outer corners are drawn than their middles, over the distance.
    """

    outline: Points
    eyes: NDArray[np.float64]
    mouth: NDArray[np.float64]
    brows: NDArray[np.float64]
    masculine: float = 0.0
    elderly: float = 0.0
    slant: float = 0.0


def of_portrait(portrait: Portrait, template: Template, masculine: float = 0.0, elderly: float = 0.0) -> Features:
    """The features of a photographed person on the template.

    Args:
        portrait: a person in chibi proportions, whatever their strength.
        template: where the eyes lie.
        masculine: 0 to be drawn as a woman's or a child's … 1 as a man's.
        elderly: 0 … 1 to be drawn with the lines of an old face.
    """
    face = portrait.face.landmarks
    wanted = np.array([*OVAL, *MOUTH, *LIDS[0], *LIDS[1], *BROWS[0], *BROWS[1]])
    shown = np.concatenate([_visible_oval(portrait.face), face[wanted[len(OVAL) :]]])
    points = dict(zip(wanted.tolist(), to_template(shown, portrait.source, template), strict=True))
    openings = [
        float(np.hypot(*(face[upper] - face[lower])) / max(np.hypot(*(face[inner] - face[outer])), 1e-6))
        for upper, lower, inner, outer in LIDS
    ]
    if min(openings) > SHUT or abs(openings[0] - openings[1]) < WINK:  # a turned head shows one eye narrower than it is
        openings = [float(np.mean(openings))] * 2
    widths = [np.hypot(*(face[inner] - face[outer])) for _, _, inner, outer in LIDS]
    breadth = max(float(np.hypot(*(face[SIDES[0]] - face[SIDES[1]]))), 1e-6)
    wide = (float(np.mean(widths)) / breadth - PHOTO_WIDTH[0]) / PHOTO_WIDTH[1]
    outline = _with_chin(np.array([points[i] for i in OVAL]))
    beside = outline[np.abs(outline[:, 1]) < 0.35, 0]
    left_edge, right_edge = (float(edge) for edge in (beside.min(), beside.max()))
    eyes = []
    for opening, (_, _, inner, outer) in zip(openings, LIDS, strict=True):
        high = ((opening - PHOTO_OPENING[0]) / PHOTO_OPENING[1] + wide) / TOGETHER
        height = (DRAWN_HEIGHT[0] + high * DRAWN_HEIGHT[1]) * (1 - MAN_EYES * masculine - OLD_EYES * elderly)
        middle = (points[inner] + points[outer]) / 2
        inside = np.clip(middle[0], left_edge + INSET, right_edge - INSET)
        middle[0] += np.clip(inside - middle[0], -FAR_EYE, FAR_EYE)
        eyes.append((*middle, 0.0 if opening < SHUT else float(np.clip(height, *HEIGHTS))))
    slant = float(np.clip(EYE_SLANT[1] * (_slant(portrait.face) - EYE_SLANT[0]), -EYE_SLANT[2], EYE_SLANT[2]))
    left, right, top, bottom = (points[i] for i in MOUTH)
    centre = np.array([(left[0] + right[0]) / 2, (top[1] + bottom[1]) / 2])
    (scale, least, most), (grow, closed, large) = MOUTH_WIDTH, MOUTH_GAP
    width = float(np.clip(scale * (right[0] - left[0]), least, most))
    gap = float(np.clip(grow * (bottom[1] - top[1] - closed), 0, large))
    curve = float(np.clip(0.6 * ((left[1] + right[1]) / 2 - centre[1]), -0.04, 0.04))
    brows = np.array([_brow([points[i] for i in brow], eye) for brow, eye in zip(BROWS, eyes, strict=True)])
    return Features(outline, np.array(eyes), np.array([*centre, width, gap, curve]), brows, masculine, elderly, slant)


def of_drawing(image: Image, eyes: Points, mouth: Points, chin: float, template: Template) -> Features:
    """The features of a drawn face on the template.

    Args:
        image: ``(S, S, 3)`` drawn face.
        eyes: ``(2, 2)`` eye centres, face units, the one on the left of the picture first.
        mouth: ``(2,)`` centre of the mouth.
        chin: its ``v``.
        template: where the eyes lie.
    """
    ink = _ink(image, template)
    u, v = template.grid(image.shape[0])
    brows = np.full((2, 3), np.nan)
    lids = np.array([_eye(ink, u, v, eye) for eye in eyes])
    return Features(drawn_outline(chin), lids, _mouth(ink, u, v, mouth), brows)


def drawn_outline(chin: float) -> Points:
    """Outline of a drawn face whose chin lies at ``v = chin``."""
    scale = np.where(np.array(DRAWN_V) > 0, np.clip(chin, *CHIN_RANGE) / CHIN_V, 1.0)
    half = np.stack([np.array(DRAWN_U), np.array(DRAWN_V) * scale], 1)
    return np.concatenate([half, (half * [-1, 1])[::-1]])


def _visible_oval(face: Face) -> Points:
    """A face's oval in the photo, as far out as its far cheek, which hides it when the head is turned."""
    upright = apply(face.to_units(), face.landmarks)
    oval, inner = upright[list(OVAL)], np.delete(upright, OVAL, axis=0)
    edge = oval.astype(np.float32)
    beyond = [cv2.pointPolygonTest(edge, point, measureDist=False) < 0 for point in inner]
    cheeks = inner[np.array(beyond)]
    for (first, last), side in zip(FLANKS, (1, -1), strict=True):
        for point in oval[first : last + 1]:
            beside = side * (cheeks[np.abs(cheeks[:, 1] - point[1]) < ROW, 0] - point[0])
            out = max((0.0, *beside))
            point[0] += side * out * np.interp(out, TURNED, (0, 1))
    return apply(invert(face.to_units()), oval)


def _with_chin(oval: Points) -> Points:
    """A face's oval with a drawn chin: round towards the jaw, and nearly a point."""
    first, tip, last = JAW_ENDS[0], OVAL.index(CHIN), JAW_ENDS[1]
    chin = np.array([oval[tip - 1 : tip + 2, 0].mean(), oval[tip, 1]])
    outline = oval.copy()
    for end, step in ((first, 1), (last, -1)):
        share = np.linspace(1, 0, abs(tip - end) + 1)[1:, None]
        side = chin + share * (oval[end] - chin)
        side[:, 1] = chin[1] + share[:, 0] ** CHIN_ROUND * (oval[end, 1] - chin[1])
        outline[end + step : tip + step : step] = side
    return outline


def _slant(face: Face) -> float:
    """How much higher the outer corners of a photographed face's eyes lie than the inner ones, over their distance."""
    corners = np.array([corner for _, _, *both in LIDS for corner in both])
    (a, b), (c, d) = apply(face.to_units(), face.landmarks[corners]).reshape(2, 2, 2)  # from left to right
    return float((b - a)[1] / max((b - a)[0], 1e-3) - (d - c)[1] / max((d - c)[0], 1e-3)) / 2


def _brow(edges: list[Points], eye: tuple[float, float, float]) -> Points:
    """Heights of a drawn brow: slanted as it is in the photo, above the drawn eye."""
    near, middle, far = (float((low[1] + high[1]) / 2) for low, high in zip(edges[::2], edges[1::2], strict=True))
    height = min(middle, eye[1] - max(eye[2], HEIGHTS[0]) / 2 - LID_TO_BROW)
    scale, limit = SLANT
    return height + np.clip(scale * np.array([near - middle, 0.0, far - middle]), -limit, limit)


def _ink(image: Image, template: Template) -> NDArray[np.float64]:
    """How far each pixel is from bare skin, 0…1."""
    apart = distance(to_lab(image), lab_of(cheeks(image, template)), (0.8, 1.0, 1.0))
    return np.clip((apart - 8) / 22, 0, 1)


def _eye(
    ink: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64], eye: Points
) -> tuple[float, float, float]:
    """Centre and height of an eye: how far ink reaches up and down in its middle columns."""
    column = (np.abs(u[0] - eye[0]) < 0.11).nonzero()[0]
    rows = v[:, 0] - eye[1]
    profile = ink[:, column].mean(1)
    middle = np.flatnonzero(np.abs(rows) < 0.12)
    start = int(middle[profile[middle].argmax()])
    top = bottom = start
    while rows[top] > -0.36 and profile[top - 1] > 0.3:
        top -= 1
    while rows[bottom] < 0.36 and profile[bottom + 1] > 0.3:
        bottom += 1
    step = rows[1] - rows[0]
    height = float((bottom - top + 1) * step)
    if height < 0.2:
        return float(eye[0]), float(eye[1]), 0.0
    return float(eye[0]), float(eye[1] + (rows[top] + rows[bottom]) / 2), float(np.clip(height, *HEIGHTS))


def _mouth(
    ink: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64], mouth: Points
) -> NDArray[np.float64]:
    """Centre, width, height and curve of a mouth: moments of the ink around it."""
    du, dv = u - mouth[0], v - mouth[1]
    weight = np.where((np.abs(du) < 0.28) & (np.abs(dv) < 0.17), ink, 0.0)
    weight = np.where(weight > 0.25, weight, 0.0)
    total = weight.sum()
    if total < 3:
        return np.array([mouth[0], mouth[1], 0.16, 0.0, 0.0])
    centre_u, centre_v = (weight * u).sum() / total, (weight * v).sum() / total
    inked = weight > 0
    columns = inked.any(0)
    step = u[0, 1] - u[0, 0]
    width = columns.sum() * step
    near = inked & (np.abs(u - centre_u) < width / 4)
    height = near.sum() / max(1, near.any(0).sum()) * step
    side = np.clip((np.abs(u - centre_u) / max(width / 2, 1e-6)), 0, 1)
    outer, inner = weight * (side > 0.6), weight * (side < 0.4)
    curve = 0.0
    if outer.sum() > 1 and inner.sum() > 1:
        curve = (outer * v).sum() / outer.sum() - (inner * v).sum() / inner.sum()
    gap = max(0.0, height - 1.6 * step)  # a line has a thickness
    return np.array([centre_u, centre_v, np.clip(width, 0.08, 0.5), np.clip(gap, 0, 0.28), np.clip(curve, -0.08, 0.08)])
