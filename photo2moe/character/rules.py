"""When a value that the looks net tells is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from photo2moe.character.labels import CURLS, FIELDS


@dataclass(frozen=True, slots=True)
class Rule:
    """When a value is believed.

    Attributes:
        plain: the value taken when none is likely enough.
        threshold: probability from which the likeliest value is.
        rare: values that are taken from some probability on, even if another is likelier: rare looks matter most to
            those who have them.
        kinds: of values, where taking one for another of its kind is a small error: the likeliest kind is chosen
            first, and then the likeliest value of it. Values that are in none are one each.
    """

    plain: str
    threshold: float
    rare: Mapping[str, float] = field(default_factory=dict)
    kinds: tuple[tuple[str, ...], ...] = ()


# Cuts of short hair and fronts of longer hair of one kind: with a fringe, without one, receding, shaved.
_SHORT = (
    ("caesar", "fringe_high", "fringe_swept", "short_full", "messy", "child_crop", "pixie"),
    (
        *("crew_cut", "brushed_up", "natural", "quiff", "spikes", "undercut", "side_part"),
        *("slick_back", "soft_back", "soft_wave", "swept_back", "wave_short", "mohawk"),
    ),
    ("receding_back", "receding_swept", "receding_thin", "comb_over", "balding"),
    ("bald_clean", "shaved_even", "shaved_receding", "buzz"),
)
_LONG = (
    ("back", "back_parted", "back_swept", "side", "curtain", "swept_open", "two_strands", "receding"),
    ("swept", "asymmetric", "full", "blunt", "wispy"),
)
_GARMENTS = (
    ("crew", "vneck", "scoop"),
    ("polo", "shirt", "shirt_open", "blouse"),
    ("hoodie", "cardigan", "jacket", "jacket_denim", "coat"),
    ("suit", "suit_tie", "suit_bow", "blazer_crew"),
    ("strap", "dress", "bare"),
)

# Rare looks are found from lower probabilities on. Curls, tails, beards, fringes and glasses that are not there are
# worse than missed ones: all of their kind together must be likelier than what is plain.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "age": Rule("adult", 0.4, {"baby": 0.2, "child": 0.3, "teen": 0.35, "old": 0.3}),
        "look": Rule("f", 0.5),
        "hair_length": Rule("short", 0.25, {"bald": 0.15, "hidden": 0.3}),
        "hair_texture": Rule(
            "straight",
            0.35,
            {"coily": 0.35, "braids": 0.2, "locs": 0.2, "na": 0.3},
            (("straight", "wavy"), ("curly", "coily")),
        ),
        "front": Rule(
            "back",
            0.25,
            {"receding": 0.3},
            (("full", "swept_l", "swept_r"), ("curtain", "side_l", "side_r", "back", "up", "receding")),
        ),
        "tied": Rule("loose", 0.4, {}, (("loose", "na"), ("ponytail", "bun", "pigtails", "braid", "half"))),
        "hair_colour": Rule("dark_brown", 0.25, {"red": 0.25, "white": 0.25}),
        "facial_hair": Rule(
            "none", 0.4, {"moustache": 0.35, "beard": 0.45}, (("none", "stubble"), ("goatee", "beard", "long_beard"))
        ),
        "glasses": Rule("none", 0.4, {}, (("round", "rect", "oval", "rimless"),)),
        "headwear": Rule("none", 0.4, {"headscarf": 0.2, "turban": 0.2}, (FIELDS["headwear"][1:],)),
        "earrings": Rule("none", 0.4, {}, (("none", "unseen"), ("stud", "hoop", "drop"))),
        "clothes": Rule(
            "crew",
            0.2,
            {"traditional": 0.3, "dress": 0.3},
            (
                *(("suit", "suit_tie"), ("shirt", "jacket"), ("crew", "vneck", "hoodie", "turtleneck")),
                *(("strap", "dress", "bare"), ("scarf", "traditional")),
            ),
        ),
        "clothes_colour": Rule("grey", 0.25),
        "clothes_pattern": Rule("plain", 0.4, {"print": 0.25, "stripes": 0.2, "checks": 0.2, "dots": 0.2}),
        "mouth": Rule("closed", 0.4, {"hidden": 0.25}),
        "eyes": Rule("open", 0.45, {"closed": 0.25, "wink": 0.2, "hidden": 0.25}),
        "view": Rule("front", 0.4, {"prof_left": 0.35, "prof_right": 0.35}),
        **{name: Rule("no", 0.5, {"yes": 0.25}) for name in ("freckles", "dark", "tint", "occluded")},
        **{name: Rule("no", 0.5, {"yes": 0.3}) for name in ("wrinkles", "grey")},
        **{name: Rule("no", 0.5, {"yes": 0.4}) for name in ("lipstick", "makeup", "mole")},
        "blur": Rule("no", 0.5),
        "cut": Rule("natural", 0.0, {}, (*_SHORT, CURLS, *_LONG)),
        "tie": Rule("none", 0.4, {}, (FIELDS["tie"][1:],)),
        "garment": Rule("crew", 0.0, {}, _GARMENTS),
        "beard": Rule("none", 0.4, {}, (("none", "stubble_light"), FIELDS["beard"][2:])),
        "hat": Rule("none", 0.4, {"headscarf": 0.25, "turban": 0.2}, (FIELDS["hat"][1:],)),
        "years": Rule("27", 0.0),
        "iris": Rule("brown_dark", 0.0, {}, (("brown_dark", "brown", "hazel"), ("green", "blue", "grey"))),
    }
)
