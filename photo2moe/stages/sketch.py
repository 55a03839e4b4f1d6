"""Portrait → rough: what the net is given of a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.beard import measure, shape
from photo2moe.ops.colour import RGB, hair_mask, lighter
from photo2moe.ops.features import Features, of_portrait
from photo2moe.ops.geometry import Template
from photo2moe.ops.ink import comb, ink, lines
from photo2moe.ops.marks import Glasses
from photo2moe.ops.rough import base, dye, mark
from photo2moe.ops.tone import DRAWN, photo_skin
from photo2moe.types import Colours, Mask, Portrait


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A person reduced to what photos and drawings share.

    Attributes:
        ground: ``(S, S, 4)`` float32, 0…255: blurred colours, and alpha.
        features: eyes, brows, mouth and outline of the face.
        skin, hair, lines: ``(S, S)`` where they are.
    """

    ground: NDArray[np.float32]
    features: Features
    skin: Mask
    hair: Mask
    lines: Mask


def sketch(portrait: Portrait, template: Template, *, beard: bool) -> Sketch:
    """Reduce a portrait to its sketch; ``beard`` says whether the person wears one."""
    features = of_portrait(portrait, template)
    skin, apart = photo_skin(portrait.image, portrait.alpha, features, template, beard=beard)
    hair = hair_mask(portrait.image, portrait.alpha, skin, template)
    light = comb(lighter(portrait.image.astype(np.float64)).astype(np.float32), hair)
    worn = measure(portrait.image, apart, features, template) if beard else None
    area = np.zeros_like(skin)
    if worn is not None:
        kind, colour = worn
        area = shape(kind, features, template, len(skin)) * portrait.alpha
        light += area[..., None] * (lighter(np.array(colour, np.float64)) - light)
        skin = skin * (1 - area)
    ground = base(light, portrait.alpha, skin, features, DRAWN, template)
    return Sketch(ground, features, skin, hair, lines(skin, area, portrait.alpha, features, template))


def rough(
    drawn: Sketch, own_hair: RGB, wanted: Colours, template: Template, glasses: Glasses | None = None
) -> NDArray[np.uint8]:
    """The rough that the net inks, in the colours wanted.

    Args:
        drawn: the sketch.
        own_hair: the hair's colour in it.
        wanted: colours of hair and eyes.
        template: where the eyes lie.
        glasses: frames that the person wears.

    Returns:
        ``(S, S, 4)`` uint8: RGB as it lies on white, and alpha.
    """
    ground = drawn.ground if own_hair == wanted.hair else dye(drawn.ground, drawn.hair, own_hair, wanted.hair)
    return mark(ink(ground, drawn.lines), drawn.features, wanted.hair, wanted.eyes, template, glasses)
