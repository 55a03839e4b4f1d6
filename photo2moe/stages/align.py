"""Bring a person onto the template, in chibi proportions, in a single resampling."""

from __future__ import annotations

from photo2moe.ops.geometry import Template, apply, chibi_map, cut, cut_mask
from photo2moe.types import Face, Image, Mask, Matrix, Portrait


def align(
    photo: Image,
    face: Face,
    matte: tuple[Mask, Matrix],
    *,
    template: Template,
    size: int,
    strength: float,
    masculine: float = 0.0,
) -> Portrait:
    """Cut a person out of a photo, onto the template.

    Align and chibi warp are one map, so the photo is sampled once and stays sharp.

    Args:
        photo: ``(H, W, 3)`` uint8 RGB.
        face: the face to bring onto the template.
        matte: mask of the person, and the matrix from photo to mask pixels.
        template: where the eyes shall lie.
        size: side of the portrait, pixels.
        strength: 0 the person's own proportions … 1 anime proportions.
        masculine: 0 the proportions of drawn women and children … 1 those of drawn men.

    Returns:
        A portrait of ``size`` × ``size``.
    """
    source = chibi_map(face, template, size, strength, masculine)
    mask, matrix = matte
    in_mask = apply(matrix, source.reshape(-1, 2).astype(float)).reshape(source.shape).astype("float32")
    return Portrait(cut(photo, source), cut_mask(mask, in_mask), source, face)
