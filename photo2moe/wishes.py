"""What users ask for in words, checked before anything is loaded."""

from __future__ import annotations

from photo2moe.backdrop import parse_background
from photo2moe.character.changes import changed, parse_colour
from photo2moe.character.schema import Character
from photo2moe.config import PipelineConfig
from photo2moe.errors import CharacterError, ConfigError, KitError
from photo2moe.kit.loader import load_kit

COLOURS = {"skin.colour": "--skin", "hair.colour": "--hair-colour", "eyes.colour": "--eye-colour"}

# Fields that name a part, with its kind. Fronts of hair are chosen together with its length, so the pen looks for them.
PARTS = {
    "eyes.shape": "eyes",
    "brows.shape": "brows",
    "nose.shape": "nose",
    "expression.mouth": "mouth",
    "hair.texture": "texture",
    "hair.tied": "tied",
    "beard.kind": "beard",
    "mask.kind": "mask",
    "glasses.kind": "glasses",
    "headwear.kind": "headwear",
    "headphones.kind": "headphones",
    "earrings.kind": "earrings",
    "clothes.kind": "clothes",
    "clothes.pattern": "pattern",
}
NOTHING = ("none", "loose", "na")  # words for no part of a kind


def check_wishes(config: PipelineConfig) -> None:
    """See that the background, colours, changes and parts that somebody asks for exist.

    Raises:
        ConfigError: one does not; the message says what there is.
        KitError: the kit is broken, or there is no such folder.
    """
    parse_background(config.background)
    colours_asked(config)
    kit = load_kit(config.kit or None)
    for change in config.changes:
        try:
            who = changed(Character(), [change])
            path = change.partition("=")[0].strip()
            if path in PARTS:
                group, _, field = path.partition(".")
                name = getattr(getattr(who, group), field)
                if name not in NOTHING:
                    kit.get(PARTS[path], name)
        except (CharacterError, KitError) as error:
            raise ConfigError(f"--set {change}: {error}") from None


def colours_asked(config: PipelineConfig) -> dict[str, str]:
    """The colours that options name, ``#rrggbb`` by field of the character; those to be kept are left out.

    Raises:
        ConfigError: a colour that there is not.
    """
    texts = (config.skin, config.hair, config.eyes)
    asked = {field: parse_colour(text, COLOURS[field]) for field, text in zip(COLOURS, texts, strict=True)}
    return {field: colour for field, colour in asked.items() if colour is not None}
