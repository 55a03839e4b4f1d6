"""Portrait → rough: what the net is given of a person."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.beard import measure, shape
from photo2moe.ops.colour import RGB, hair_mask, lighter
from photo2moe.ops.features import Features, of_portrait
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair, dress, even, find_locks, shadow
from photo2moe.ops.ink import lines
from photo2moe.ops.marks import Glasses
from photo2moe.ops.rough import SHADED, base, dye, mark, soften
from photo2moe.ops.tone import DRAWN, photo_skin
from photo2moe.stages.worn import Worn
from photo2moe.types import Colours, Mask, Portrait


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A person reduced to what photos and drawings share.

    Attributes:
        ground: ``(S, S, 4)`` float32, 0…255: blurred colours, and alpha.
        features: eyes, brows, mouth and outline of the face.
        skin, beard: ``(S, S)`` where they are.
        hair: where it is, and its locks; headwear has none.
        glasses: their frames, or ``None``.
        template: where the eyes lie.
    """

    ground: NDArray[np.float32]
    features: Features
    skin: Mask
    beard: Mask
    hair: Hair
    glasses: Glasses | None
    template: Template

    def lines(self, size: int) -> Mask:
        """Where a pen goes along what meets, ``(size, size)``."""
        skin, beard, alpha = (
            cv2.resize(mask.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)
            for mask in (self.skin, self.beard, self.ground[..., 3] / 255)
        )
        return lines(skin, beard, alpha, self.features, self.template)


def sketch(portrait: Portrait, template: Template, worn: Worn) -> Sketch:
    """Reduce a portrait to its sketch."""
    features = of_portrait(portrait, template)
    skin, apart = photo_skin(portrait.image, portrait.alpha, features, template, beard=worn.beard)
    own_hair = hair_mask(portrait.image, portrait.alpha, skin, template)
    light = lighter(portrait.image.astype(np.float64)).astype(np.float32)
    hair = Hair(own_hair, np.zeros_like(own_hair))  # as one plain area
    if not worn.headwear:
        hair = find_locks(light, own_hair, skin, template)
        skin = skin * (1 - hair.mask)
        light += hair.mask[..., None] * (even(light, own_hair) - light)
    beard = measure(portrait.image, apart, features, template) if worn.beard else None
    area = np.zeros_like(skin)
    if beard is not None:
        kind, colour = beard
        area = shape(kind, features, template, len(skin)) * portrait.alpha
        light += area[..., None] * (lighter(np.array(colour, np.float64)) - light)
        skin = skin * (1 - area)
    ground = base(light, portrait.alpha, skin, features, DRAWN, template)
    ground[..., :3] *= 1 - (1 - SHADED) * shadow(hair.mask, skin, template)[..., None]
    return Sketch(ground, features, skin, area, hair, worn.glasses, template)


def rough(drawn: Sketch, own_hair: RGB, wanted: Colours, size: int) -> NDArray[np.uint8]:
    """The rough that the net inks, in the colours wanted.

    Args:
        drawn: the sketch.
        own_hair: the hair's colour in it.
        wanted: colours of hair and eyes.
        size: side of the drawing that the net will make of it, pixels.

    Returns:
        ``(S, S, 4)`` uint8: RGB as it lies on white, and alpha.
    """
    ground = drawn.ground if own_hair == wanted.hair else dye(drawn.ground, drawn.hair.mask, own_hair, wanted.hair)
    dressed = dress(ground, drawn.hair, drawn.lines(size), drawn.template)
    pen = mark(dressed, drawn.features, wanted.hair, wanted.eyes, drawn.template, drawn.glasses)
    return soften(pen, len(ground))
