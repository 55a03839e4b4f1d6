"""Skin, hair and eye colours: measure them on the template, change them in place.

All functions take pictures that lie on the template, so that a cheek is where a
cheek belongs; none of them looks for a face.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.geometry import Template
from photo2moe.ops.tensors import gains
from photo2moe.types import Colours, Face, Image, Mask

RGB = tuple[int, int, int]
LIGHTER = (1.12, 6.0)  # gain and offset: anime skin and hair are lighter than their models
PEACH = 1.0  # hue of drawn skin in Lab, radians: between pink and yellow
LIVELY = (20.0, 40.0, 55.0, 72.0, 85.0, 95.0), (20.0, 27.0, 31.0, 31.0, 22.0, 14.0)  # L → usual chroma of drawn skin
BROWN, PURPLE, COLOURLESS = 0.95, (-1.15, 0.6), 2.0  # hues of irises in Lab, radians; chroma below which hue is noise
BESIDE = (0.9, 1.5), (0.55, 0.2)  # v → |u| beyond which there is hair: beside the face, and over the chest
EARS = 0.6  # v below which there are none, and what is neither hair nor skin may be a gap in the hair
GAP = 0.004  # of the square: size of the largest one
CHEEK = (0.42, 0.42)  # |u|, v
EYE = (0.25, 0.22, 0.01)  # half width, half height and v of what is surely eye; lashes may go with the skin
# Lab distance that separates skin from the rest: lightness counts little, since
# cheeks are shaded, hue and chroma count much.
SKIN_WEIGHTS, SKIN_RADIUS = np.array([0.14, 1.5, 1.5]), 17.0


def to_lab(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIE Lab (D65) of a picture: ``(H, W, 3)`` float32, L in 0…100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image).astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def distance(
    lab: NDArray[np.float32], colour: NDArray[np.float32], weights: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float32]:
    """How far every pixel ``(H, W, 3)`` is from a colour ``(3,)``, each channel weighted: ``(H, W)`` float32."""
    scale = np.array(weights, np.float32)
    apart = cv2.transform(lab, np.column_stack([np.diag(scale), -scale * colour]).astype(np.float32))
    light, a, b = cv2.split(apart)
    return np.asarray(cv2.magnitude(cv2.magnitude(light, a), b), np.float32)


def shade_of(lab: NDArray[np.float32], tone: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far pixels are mere shades of a tone, which lie on a line from it to black.

    Args:
        lab: ``(H, W, 3)``.
        tone: ``(3,)`` likewise.

    Returns:
        Their lightness over the tone's, at most 1, and the distance of their a and b from what that makes of it.
    """
    light, a, b = cv2.split(lab)
    share = np.minimum(light / np.float32(tone[0]), 1)
    return share, np.asarray(
        cv2.magnitude(a - share * np.float32(tone[1]), b - share * np.float32(tone[2])), np.float32
    )


def lab_of(colour: RGB) -> NDArray[np.float32]:
    """CIE Lab ``(3,)`` of one colour."""
    return to_lab(np.array([[colour]], np.uint8))[0, 0]


def cheeks(image: Image, template: Template) -> RGB:
    """Median colour of both cheeks.

    Args:
        image: ``(S, S, 3)`` on the template.
        template: where the eyes lie.
    """
    u, v = template.grid(image.shape[0])
    spot = np.hypot(np.abs(u) - CHEEK[0], v - CHEEK[1]) < 0.13
    return _median(image[spot])


def lit_skin(image: Image, template: Template) -> RGB:
    """Skin of a photographed face where light falls on it: a face in shadow is not a dark one.

    The lighter half of what has the cheeks' hue, highlights left out.

    Args:
        image: ``(S, S, 3)`` on the template.
        template: where the eyes lie.
    """
    u, v = template.grid(image.shape[0])
    face = (np.abs(u) < 0.7) & (v > -0.7) & (v < 0.95) & (np.hypot((np.abs(u) - 0.5) / 0.36, v / 0.3) > 1)
    pixels = image[face]
    lab = to_lab(pixels[None])[0]
    alike = np.linalg.norm((lab - lab_of(cheeks(image, template))) * SKIN_WEIGHTS, axis=1) < SKIN_RADIUS
    low, high = np.percentile(lab[alike, 0], (50, 80))
    return _median(pixels[alike & (lab[:, 0] >= low) & (lab[:, 0] <= high)])


def hair(image: Image, alpha: Mask, template: Template) -> RGB:
    """Colour of the hair, or of what covers it.

    The median of the darker half of the crown and the temples, so that highlights
    and the parting do not count.
    """
    u, v = template.grid(image.shape[0])
    crown = (np.abs(u) < 0.75) & (v > -1.45) & (v < -0.95)
    temples = (np.abs(u) > 0.95) & (np.abs(u) < 1.25) & (v > -0.7) & (v < 0.1)
    pixels = image[(crown | temples) & (alpha > 0.9)]
    if len(pixels) < 12:
        pixels = image[crown]
    lightness = pixels.astype(float).sum(1)
    return _median(pixels[lightness <= np.percentile(lightness, 65)])


def irises(photo: Image, face: Face) -> RGB:
    """Colour of the irises in the photo itself, from MediaPipe's iris points (468…477).

    Taken from a ring between pupil and rim; the lightest third is left out since
    reflections lie there.
    """
    pixels = []
    for centre, ring in ((468, slice(469, 473)), (473, slice(474, 478))):
        middle = face.landmarks[centre]
        radius = float(np.hypot(*(face.landmarks[ring] - middle).T).mean())
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        for share in (0.5, 0.65, 0.8):
            points = middle + share * radius * np.stack([np.cos(turns), np.sin(turns) * 0.7], 1)
            x, y = points.round().astype(int).T
            inside = (x >= 0) & (y >= 0) & (x < photo.shape[1]) & (y < photo.shape[0])
            pixels.append(photo[y[inside], x[inside]])
    flat = np.concatenate(pixels)
    if not len(flat):
        return (90, 70, 60)
    lightness = flat.astype(float).sum(1)
    return _median(flat[lightness <= np.percentile(lightness, 66)])


def anime_eyes(image: Image, template: Template) -> RGB:
    """Colour of a drawn iris: the most colourful of the middle tones around both eyes."""
    u, v = template.grid(image.shape[0])
    pixels = image[np.hypot((np.abs(u) - 0.5) / 0.2, v / 0.24) < 1]
    lab = to_lab(pixels[None])[0]
    tone = (lab[:, 0] > 18) & (lab[:, 0] < 85)
    if tone.sum() < 6:
        return _median(pixels)
    pixels, chroma = pixels[tone], np.hypot(lab[tone, 1], lab[tone, 2])
    return _median(pixels[chroma >= np.percentile(chroma, 60)])


def measure_photo(photo: Image, portrait: Image, alpha: Mask, face: Face, template: Template) -> Colours:
    """The three colours of a person.

    Args:
        photo: ``(H, W, 3)``, for the irises.
        portrait: ``(S, S, 3)``, the same person in chibi proportions on the template.
        alpha: ``(S, S)`` mask of the person.
        face: the face in the photo.
        template: where the eyes lie.
    """
    return Colours(lit_skin(portrait, template), hair(portrait, alpha, template), irises(photo, face))


def skin_mask(image: Image, alpha: Mask, template: Template) -> Mask:
    """Skin of a drawn face and neck, soft at the edges.

    Pixels near the cheeks' colour in Lab, outside the eyes and the mouth,
    connected with the cheeks or the nose, plus the neck.

    Args:
        image: ``(S, S, 3)`` drawn face on the template.
        alpha: ``(S, S)`` mask of the figure.
        template: where the eyes lie.
    """
    u, v = template.grid(image.shape[0])
    lab = to_lab(cv2.medianBlur(image, 3))
    seed = lab_of(cheeks(image, template))
    apart = distance(lab, seed, SKIN_WEIGHTS)
    # Shades of skin are darker and more saturated in the skin's own hue.
    own, its = np.hypot(seed[1], seed[2]), np.hypot(lab[..., 1], lab[..., 2])
    turn = np.abs(np.angle(np.exp(1j * (np.arctan2(lab[..., 2], lab[..., 1]) - np.arctan2(seed[2], seed[1])))))
    shade = (turn < 0.5) & (its > 0.7 * own) & (its < own + 28) & (lab[..., 0] > seed[0] - 38) & (own > 6)
    eyes = np.hypot((np.abs(u) - 0.5) / EYE[0], (v - EYE[2]) / EYE[1]) < 1
    near = ((apart < SKIN_RADIUS) | (shade & (apart < 2.2 * SKIN_RADIUS))) & (alpha > 0.5) & ~eyes
    near &= (np.abs(u) < 1.25) & (v > -1.0)
    # Brown hair has the hue of shaded skin: what is nearer to the crown's colour is hair.
    crown = (np.abs(u) < 0.8) & (v > -1.3) & (v < -0.85) & (alpha > 0.9)
    if crown.any():
        hair = np.median(lab[crown], axis=0)
        weights = [0.4, 1.0, 1.0]
        near &= distance(lab, seed, weights) < distance(lab, hair, weights)
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    face = np.unique(labels[(np.hypot(np.abs(u) - CHEEK[0], v - CHEEK[1]) < 0.15) | (np.hypot(u, v - 0.35) < 0.12)])
    neck = np.unique(labels[(np.abs(u) < 0.25) & (v > 1.15) & (v < 1.5)])
    skin = np.isin(labels, np.union1d(face, neck)) & near
    closed = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    # Highlights, the mouth and what lies between the lines belong to the face too; eyes do not.
    _, gaps = cv2.connectedComponents(((closed == 0) & ~eyes).astype(np.uint8), connectivity=4)
    rim = cv2.dilate(eyes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    outside = np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1], gaps[rim]])
    closed[~np.isin(gaps, np.unique(outside)) & (gaps > 0)] = 1
    closed[eyes] = 0
    return cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 0.7)


def hair_mask(image: Image, alpha: Mask, skin: Mask, template: Template) -> Mask:
    """Hair of a drawn head, soft at the edges: the figure's upper part that is not skin.

    Args:
        image: ``(S, S, 3)`` drawn head on the template.
        alpha: ``(S, S)`` mask of the figure.
        skin: its skin mask.
        template: where the eyes lie.
    """
    u, v = template.grid(image.shape[0])
    lab = to_lab(image)
    crown = (np.abs(u) < 0.8) & (v > -1.35) & (v < -0.8) & (alpha > 0.9) & (skin < 0.2)
    if crown.sum() < 12:
        return np.zeros_like(alpha)
    seed = np.median(lab[crown], axis=0)
    near = distance(lab, seed, (0.35, 1.2, 1.2)) < 22
    eyes = np.hypot((np.abs(u) - 0.5) / 0.42, v / 0.42) < 1
    above = (v < -0.45) & ~eyes
    figure = (alpha > 0.3) & (skin < 0.5)
    beside = (np.abs(u) > np.interp(v, *BESIDE)) | (v < -0.2)
    region = (above | ((v < 1.9) & near & ~eyes & beside)) & figure
    _, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    kept = np.isin(labels, np.unique(labels[crown & region])) & region
    _, rest, facts, _ = cv2.connectedComponentsWithStats((figure & ~kept).astype(np.uint8), connectivity=4)
    kept |= figure & (v > EARS) & (facts[rest, cv2.CC_STAT_AREA] < GAP * kept.size)
    return cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 0.7) * (1 - skin)


def tint(image: Image, mask: Mask, own: RGB, target: RGB) -> Image:
    """Bring a region from one colour to another and keep its shading.

    Each channel is multiplied with (target + 8) / (own + 8); the 8 keeps the gain
    of near-black channels finite.

    Args:
        image: ``(H, W, 3)`` uint8.
        mask: ``(H, W)`` where, and how much.
        own: the region's colour now.
        target: the colour it shall have.
    """
    gain = (np.array(target, np.float32) + 8) / (np.array(own, np.float32) + 8)
    return np.asarray(cv2.convertScaleAbs(image * gains(np.ascontiguousarray(mask, np.float32), gain)), np.uint8)


def lighter(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """A photo's skin and hair colours as an anime artist would lighten them, 0…255."""
    gain, offset = LIGHTER
    return np.minimum(colours * gain + offset, 255)


def artist_skin(skin: RGB) -> RGB:
    """A drawn face's skin for a measured one: somewhat lighter, less pink, and never as grey as bad light makes it.

    Skin in photos has the photo's light in it, mostly too red and too dark for a face
    without highlights. The order of light and dark stays.
    """
    lightness, a, b = (float(x) for x in lab_of(skin))
    hue, chroma = float(np.arctan2(b, a)), float(np.hypot(a, b))
    lightness += 5 * (1 - (lightness / 100) ** 4)
    hue = hue + 0.4 * (PEACH - hue) if abs(PEACH - hue) < 1 else hue
    chroma += 0.5 * max(0.0, float(np.interp(lightness, *LIVELY)) - chroma)
    return _from_lab(lightness, chroma * np.cos(hue), chroma * np.sin(hue))


def enliven(eyes: RGB) -> RGB:
    """A drawn iris's colour for a real one: the same hue, lighter and more colourful.

    Real irises, seen small and under lashes, measure as a dull dark brown; the
    constants bring the median of the photos' lightness and chroma near the median of
    the drawn ones. No iris is purple: where a dark one mirrors the sky it measures so, and is brown.
    """
    lightness, a, b = (float(x) for x in lab_of(eyes))
    chroma = float(np.hypot(a, b)) or 1.0
    hue = float(np.arctan2(b, a))
    if PURPLE[0] < hue < PURPLE[1] or chroma < COLOURLESS:
        hue = BROWN
    lively = 18 + 1.5 * chroma
    return _from_lab(min(62.0, 27 + 0.75 * lightness), lively * np.cos(hue), lively * np.sin(hue))


def _from_lab(lightness: float, a: float, b: float) -> RGB:
    lab = np.array([[[lightness, a, b]]], np.float32)
    red, green, blue = (int(x) for x in (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)[0, 0] * 255).round().clip(0, 255))
    return red, green, blue


def _median(pixels: NDArray[np.uint8]) -> RGB:
    r, g, b = (round(float(c)) for c in np.median(pixels.reshape(-1, 3), axis=0))
    return r, g, b
