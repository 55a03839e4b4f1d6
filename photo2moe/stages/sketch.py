"""Portrait → rough: what the net is given of a person."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photo2moe.ops.beard import measure, shape
from photo2moe.ops.clothes import flatten
from photo2moe.ops.colour import RGB, hair_mask, lighter
from photo2moe.ops.dress import dress
from photo2moe.ops.features import Features, of_portrait
from photo2moe.ops.fringe import with_ends
from photo2moe.ops.geometry import Template
from photo2moe.ops.hair import Hair, even, find_locks, shadow
from photo2moe.ops.ink import lines
from photo2moe.ops.layers import rise
from photo2moe.ops.marks import Glasses
from photo2moe.ops.rough import SHADED, base, dye, mark, soften
from photo2moe.ops.tone import DRAWN, photo_skin, settle
from photo2moe.stages.looks import Looks
from photo2moe.types import Colours, Mask, Portrait

COLLAR = (0.7, 0.95)  # v between which what is neither skin nor hair begins to be clothes; above are ears


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A person reduced to what photos and drawings share.

    Attributes:
        ground: ``(S, S, 4)`` float32, 0…255: blurred colours, and alpha.
        features: eyes, brows, mouth and outline of the face.
        skin, beard: ``(S, S)`` where they are.
        hair: where it is, and its locks; headwear has none.
        clothes: ``(S, S)`` where clothes and headwear are.
        glasses: their frames, or ``None``.
        template: where the eyes lie.
    """

    ground: NDArray[np.float32]
    features: Features
    skin: Mask
    beard: Mask
    hair: Hair
    clothes: Mask
    glasses: Glasses | None
    template: Template

    def lines(self, size: int) -> Mask:
        """Where a pen goes along what meets, ``(size, size)``."""
        skin, hair, beard, alpha = (
            cv2.resize(mask.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)
            for mask in (self.skin, self.hair.mask, self.beard, self.ground[..., 3] / 255)
        )
        return lines(skin, hair, beard, alpha, self.features, self.template)


def sketch(portrait: Portrait, template: Template, looks: Looks) -> Sketch:
    """Reduce a portrait to its sketch."""
    features = of_portrait(portrait, template, looks.masculine, looks.elderly)
    skin, apart = photo_skin(portrait.image, portrait.alpha, features, template, beard=looks.beard)
    own_hair = hair_mask(portrait.image, portrait.alpha, skin, template)
    head = 1 - rise(*COLLAR, template.grid(len(skin))[1]).astype(np.float32)
    if not looks.headwear:
        rest = portrait.alpha * (1 - skin) * (1 - own_hair) * head
        skin, own_hair = settle(portrait.image, rest, skin, own_hair, apart)
    light = lighter(portrait.image.astype(np.float64)).astype(np.float32)
    hair = Hair(own_hair, np.zeros_like(own_hair))  # as one plain area
    if not looks.headwear:
        hair = with_ends(find_locks(light, own_hair, template), skin, 1 - portrait.alpha, features, template)
        skin = skin * (1 - hair.mask)
        light += hair.mask[..., None] * (even(light, own_hair) - light)
    alpha = np.maximum(portrait.alpha, hair.mask)
    beard = measure(portrait.image, apart, features, template) if looks.beard else None
    area = np.zeros_like(skin)
    if beard is not None:
        area = shape(beard[0], features, template, len(skin)) * portrait.alpha
        skin = skin * (1 - area)
    ground = base(light, alpha, skin, features, DRAWN, template, hair.mask)
    clothes = alpha * (1 - skin) * (1 - hair.mask) * (1 - area)
    if not looks.headwear:
        clothes = np.where(clothes > 0.5, clothes, clothes * (1 - head))
    ground[..., :3] += clothes[..., None] * (flatten(light, clothes) - ground[..., :3])
    if beard is not None:
        ground[..., :3] += area[..., None] * (lighter(np.array(beard[1], np.float64)) - ground[..., :3])
    ground[..., :3] *= 1 - (1 - SHADED) * shadow(hair.mask, skin, template)[..., None]
    return Sketch(ground, features, skin, area, hair, clothes, looks.glasses, template)


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
    dressed = dress(ground, drawn.hair, drawn.clothes, drawn.lines(size), drawn.template)
    pen = mark(dressed, drawn.features, wanted.hair, wanted.eyes, drawn.template, drawn.glasses)
    return soften(pen, len(ground))
