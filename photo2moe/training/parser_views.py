"""What is done to the parser's pictures each time they are shown: light, colour, blur, people behind, things before."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.face.parse import BACKGROUND, CLOTHES, HAIR, HEADWEAR, MIDDLE, OUTSIDE, SIZE, SKIN, SPAN
from photo2moe.training.parser_data import COVER, CROP_MIDDLE, CROP_SIZE, UNIT, UNKNOWN, Pictures
from photo2moe.types import Matrix


def views(
    crops: Pictures, chosen: NDArray[np.int64], others: NDArray[np.int64], random: np.random.Generator
) -> tuple[Pictures, Pictures]:
    """What the parser is shown, changed by lot.

    Args:
        crops: of :func:`prepare`.
        chosen: which of them.
        others: for each one somebody else, who may be put behind.
        random: decides.

    Returns:
        Pictures ``(B, S, S, 3)`` and labels ``(B, S, S)``, uint8, :data:`UNKNOWN` where nothing is to be learned.
    """
    pairs = [_view(crops[i], crops[j], random) for i, j in zip(chosen, others, strict=True)]
    return np.stack([picture for picture, _ in pairs]), np.stack([labels for _, labels in pairs])


def plain(crop: Pictures) -> tuple[Pictures, Pictures]:
    """Picture ``(S, S, 3)`` and labels ``(S, S)`` of a crop, unchanged, as the parser would see its photo."""
    return _warp(crop, _base())


def _view(crop: Pictures, other: Pictures, random: np.random.Generator) -> tuple[Pictures, Pictures]:
    picture, labels = _warp(crop, _base() @ _moved(random))
    outside = (picture == OUTSIDE).all(2) & (labels == UNKNOWN)
    if random.random() < 0.45:
        picture, labels = _put_behind(picture, labels, other, random)
    if random.random() < 0.3:
        picture = _dye(picture, labels, random)
    if random.random() < 0.15:
        picture, labels = _cover(picture, labels, random)
    picture = _spoil(_light(picture, random), random)
    if random.random() < 0.3:
        _frame(outside, random)
    picture[outside] = OUTSIDE
    labels[outside] = UNKNOWN
    return picture, labels


def _warp(crop: Pictures, matrix: Matrix) -> tuple[Pictures, Pictures]:
    size, moved = (SIZE, SIZE), np.ascontiguousarray(matrix[:2])
    picture = cv2.warpAffine(crop[..., :3], moved, size, flags=cv2.INTER_LINEAR, borderValue=(OUTSIDE,) * 3)
    labels = cv2.warpAffine(crop[..., 3], moved, size, flags=cv2.INTER_NEAREST, borderValue=(UNKNOWN,))
    labels[labels == COVER] = BACKGROUND
    return np.asarray(picture, np.uint8), np.asarray(labels, np.uint8)


def _base() -> Matrix:
    """``(3, 3)`` from pixels of a crop to those of the parser's square."""
    scale = (SIZE / SPAN) / UNIT
    across = (SIZE - 1) / 2 - scale * (CROP_SIZE - 1) / 2
    down = across + (CROP_MIDDLE - MIDDLE) * SIZE / SPAN
    return np.array([[scale, 0, across], [0, scale, down], [0, 0, 1]])


def _moved(random: np.random.Generator) -> Matrix:
    """``(3, 3)`` within a crop: turned, scaled, squeezed, moved, mirrored around its centre."""
    angle = random.uniform(-0.6, 0.6) if random.random() < 0.1 else 0.12 * random.standard_normal()
    zoom = float(np.exp(np.clip(0.12 * random.standard_normal(), -0.3, 0.3)))
    wide = zoom * random.uniform(0.85, 1.12) * random.choice([-1, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([wide, zoom])
    centre = np.full(2, (CROP_SIZE - 1) / 2)
    shift = centre - linear @ centre + 0.12 * UNIT * random.standard_normal(2).clip(-3, 3)
    return np.vstack([np.hstack([linear, shift[:, None]]), [0, 0, 1]])


def _put_behind(
    picture: Pictures, labels: Pictures, other: Pictures, random: np.random.Generator
) -> tuple[Pictures, Pictures]:
    """Somebody else behind or beside the person, or their whole picture as background."""
    own = (labels != BACKGROUND) & (labels != UNKNOWN)
    middle = (CROP_SIZE - 1) / 2
    everything = random.random() < 0.25
    scale = 1.4 if everything else random.uniform(0.5, 1.3)
    wide = scale * random.choice([-1, 1])
    shift = np.zeros(2) if everything else UNIT * random.uniform([1.1, -1.5], [3.0, 1.5]) * [random.choice([-1, 1]), 1]
    placed = [[wide, 0, middle * (1 - wide) + shift[0]], [0, scale, middle * (1 - scale) + shift[1]], [0, 0, 1]]
    theirs, regions = _warp(other, _base() @ np.array(placed))
    there = (regions != BACKGROUND) & (regions != UNKNOWN)
    if everything:
        theirs, there = cv2.GaussianBlur(theirs, (0, 0), random.uniform(0.5, 6)), np.ones_like(own)
    there &= ~own
    picture = _blend(picture, theirs.astype(np.float32), there)
    labels[there] = BACKGROUND
    return picture, labels


def _blend(picture: Pictures, other: NDArray[np.float32], mask: NDArray[np.bool_], share: float = 1.0) -> Pictures:
    alpha = share * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    return (picture + alpha * (other - picture)).clip(0, 255).astype(np.uint8)


def _dye(picture: Pictures, labels: Pictures, random: np.random.Generator) -> Pictures:
    """Hair, clothes or headwear in another colour."""
    mask = labels == random.choice([HAIR, CLOTHES, HEADWEAR], p=[0.4, 0.35, 0.25])
    if not mask.any():
        return picture
    grey = picture.astype(np.float32).mean(2, keepdims=True)
    dyed = random.uniform(20, 235, 3).astype(np.float32) * (grey + 30) / (float(grey[mask].mean()) + 30)
    return _blend(picture, dyed, mask, random.uniform(0.4, 1))


def _cover(picture: Pictures, labels: Pictures, random: np.random.Generator) -> tuple[Pictures, Pictures]:
    """A phone, a block, a microphone or fingers before the person."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    unit = SIZE / SPAN
    centre = (SIZE - 1) / 2 + unit * random.uniform([-1.6, -2.0], [1.6, 1.8])
    kind = random.choice(["block", "microphone", "fingers"], p=[0.5, 0.2, 0.3])
    angle = random.uniform(0, 180)
    if kind == "block":
        sides = unit * random.uniform([0.4, 0.6], [1.2, 2.4])
        cv2.fillPoly(mask, [cv2.boxPoints((tuple(centre), tuple(sides), angle)).astype(np.int32)], 255)
    elif kind == "microphone":
        _bar(mask, centre, centre + unit * random.uniform([-2, 1], [2, 4]), unit * random.uniform(0.15, 0.4))
        _bar(mask, centre, centre, unit * random.uniform(0.5, 1))
    else:
        along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        for i in range(int(random.integers(1, 5))):
            start = centre + unit * (0.33 * i * along[::-1] * [-1, 1] + random.uniform(-0.2, 0.2) * along)
            _bar(mask, start, start + along * unit * random.uniform(1.0, 1.6), 0.3 * unit)
    colour = random.uniform(0, 255, 3) if random.random() < 0.5 else np.full(3, random.uniform(5, 90))
    if kind == "fingers":  # a skin tone between pale and dark
        colour = np.array([235, 195, 170]) * random.uniform(0.3, 1.05) * random.uniform(0.92, 1.08, 3)
    shaded = colour.astype(np.float32) * (1 + 0.25 * _smooth(4, random)[..., None])
    hidden = mask > 0
    picture = _blend(picture, shaded, hidden)
    # Fingers on a face are skin, as in masks of real hands; everything else that is covered is not the person.
    labels[hidden & (labels != UNKNOWN) & ((labels != SKIN) | (kind != "fingers"))] = BACKGROUND
    return picture, labels


def _bar(mask: Pictures, start: NDArray[np.float64], end: NDArray[np.float64], width: float) -> None:
    one, other = ([round(float(c)) for c in point] for point in (start, end))
    cv2.line(mask, one, other, 255, max(1, round(width)))


def _frame(outside: NDArray[np.bool_], random: np.random.Generator) -> None:
    """The edges of a photo nearer to the face."""
    near = (1.2, 1.6, 1.2, 1.0)  # face units from the middle to the left, upper, right and lower edge, at least
    for side in random.choice(4, int(random.integers(1, 4)), replace=False):
        cut_off = SIZE // 2 - int(SIZE / SPAN * random.uniform(near[side], SPAN / 2))
        window = (np.s_[:, :cut_off], np.s_[:cut_off], np.s_[:, SIZE - cut_off :], np.s_[SIZE - cut_off :])[side]
        outside[window] = True


def _light(picture: Pictures, random: np.random.Generator) -> Pictures:
    """Exposure, contrast, tint, saturation, light from one side."""
    curve = np.repeat(np.arange(256, dtype=np.float32)[:, None] / 255, 3, 1)
    if random.random() < 0.8:
        curve = curve ** float(np.exp(0.3 * random.standard_normal()))
        curve = (curve - 0.5) * random.uniform(0.7, 1.25) + 0.5 + 0.06 * random.standard_normal()
    if random.random() < 0.12:
        curve = curve * random.uniform(0.2, 0.6)
    chance = random.random()
    saturation = 0.0 if chance < 0.12 else random.uniform(0.4, 1.4) if chance < 0.6 else 1.0
    if saturation != 1.0:
        grey = np.broadcast_to(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], picture.shape)
        picture = cv2.addWeighted(np.ascontiguousarray(grey), 1 - saturation, picture, saturation, 0)
    if random.random() < 0.5:
        curve = curve * np.exp(random.choice([0.08, 0.25], p=[0.7, 0.3]) * random.standard_normal(3))
    table = (255 * curve).clip(0, 255).astype(np.uint8)
    picture = cv2.LUT(picture, np.ascontiguousarray(table[None]))
    if random.random() < 0.4:
        light = np.exp(random.uniform(0.1, 0.5) * _smooth(int(random.integers(2, 5)), random))
        picture = (picture * light[..., None]).clip(0, 255).astype(np.uint8)
    return np.asarray(picture, np.uint8)


def _spoil(picture: Pictures, random: np.random.Generator) -> Pictures:
    """Blur, few pixels, noise, compression."""
    chance = random.random()
    if chance < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 2.2))
    elif chance < 0.45:
        side = int(SIZE * random.uniform(0.2, 0.8))
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (SIZE, SIZE), interpolation=int(random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    elif chance < 0.5:
        kernel = np.zeros((9, 9), np.float32)
        end = 4 + 4 * np.array([np.cos(a := random.uniform(0, np.pi)), np.sin(a)])
        cv2.line(kernel, (8 - end).round().astype(int).tolist(), end.round().astype(int).tolist(), 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if random.random() < 0.25:
        noise = random.uniform(2, 14) * random.standard_normal(picture.shape, np.float32)
        picture = (picture + noise).clip(0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))])
        picture = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return np.array(picture, np.uint8)


def _smooth(cells: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of about unit deviation, ``(S, S)``."""
    coarse = random.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.float32)
