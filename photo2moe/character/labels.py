"""What the looks net tells of a person: fields and their words.

:data:`LABELS` are those of labelled photos; :data:`PARTS` name the part of a kit that an artist would pick, and what
goes with it. "left" and "right" are those of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MARKS = ("freckles", "wrinkles", "lipstick", "makeup", "mole")  # on the face
CONDITIONS = ("grey", "dark", "tint", "blur", "occluded")  # of the photo
SWITCH = ("no", "yes")
LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "age": ("adult", "baby", "child", "teen", "old"),
        "look": ("f", "m"),
        "hair_length": ("bald", "shaved", "short", "ear", "chin", "shoulder", "long", "hidden"),
        "hair_texture": ("straight", "wavy", "curly", "coily", "braids", "locs", "na"),
        "front": (
            *("full", "swept_l", "swept_r", "curtain", "side_l"),
            *("side_r", "back", "up", "receding", "na"),
        ),
        "tied": ("loose", "ponytail", "bun", "pigtails", "braid", "half", "na"),
        "hair_colour": (
            *("black", "dark_brown", "brown", "light_brown", "blond"),
            *("red", "grey", "white", "dyed", "na"),
        ),
        "facial_hair": ("none", "stubble", "moustache", "goatee", "beard", "long_beard"),
        "glasses": ("none", "round", "rect", "oval", "rimless", "sun"),
        "headwear": (
            *("none", "cap", "beanie", "hat", "hood", "headscarf"),
            *("turban", "helmet", "headband", "veil", "crown", "other"),
        ),
        "earrings": ("none", "stud", "hoop", "drop", "unseen"),
        "clothes": (
            *("crew", "vneck", "shirt", "suit", "suit_tie", "hoodie", "strap", "turtleneck"),
            *("jacket", "scarf", "traditional", "uniform", "dress", "bare", "unseen"),
        ),
        "clothes_colour": (
            *("black", "white", "grey", "blue", "brown", "beige", "red"),
            *("pink", "green", "orange", "purple", "yellow", "na"),
        ),
        "clothes_pattern": ("plain", "stripes", "checks", "dots", "print", "na"),
        "mouth": ("closed", "smile", "teeth", "open", "hidden"),
        "eyes": ("open", "closed", "squint", "wink", "hidden"),
        "view": ("front", "left", "right", "prof_left", "prof_right"),
        **dict.fromkeys((*MARKS, *CONDITIONS), SWITCH),
    }
)

# Cuts of short hair, which are crops of the kit, or what the kit makes of a texture.
CUTS = (
    *("bald_clean", "balding", "shaved_even", "shaved_receding", "buzz", "crew_cut", "caesar", "fringe_high"),
    *("fringe_swept", "short_full", "messy", "child_crop", "brushed_up", "natural", "quiff", "spikes", "undercut"),
    *("side_part", "slick_back", "soft_back", "soft_wave", "swept_back", "wave_short", "pixie", "fluff", "comb_over"),
    *("receding_back", "receding_swept", "receding_thin", "mohawk"),
)
CURLS = ("afro_short", "afro", "curls_short", "dreads_short", "cornrows")
# Fronts of longer hair; sides are told by the field "front".
FRONTS = (
    *("back", "back_parted", "back_swept", "asymmetric", "side", "swept", "swept_open"),
    *("curtain", "full", "blunt", "wispy", "two_strands", "receding"),
)
YEARS = ("1", "3", "6", "10", "14", "18", "22", "27", "32", "38", "45", "52", "60", "70", "80")
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cut": (*CUTS, *CURLS, *FRONTS, "na"),
        "tie": ("none", "hidden", "half", "ponytail", "bun_low", "bun", "braid", "two_braids", "pigtails", "two_buns"),
        "garment": (
            *("crew", "vneck", "scoop", "polo", "shirt", "shirt_open", "blouse", "turtleneck", "hoodie", "cardigan"),
            *("jacket", "jacket_denim", "coat", "suit", "suit_tie", "suit_bow", "blazer_crew", "uniform"),
            *("strap", "dress", "bare", "scarf", "traditional", "unseen"),
        ),
        "beard": (
            *("none", "stubble_light", "stubble", "moustache", "handlebar", "goatee"),
            *("short_beard", "beard", "long_beard"),
        ),
        "hat": (
            *("none", "cap", "cap_back", "beanie", "hat", "straw_hat", "flat_cap", "beret", "bucket_hat", "fur_hat"),
            *("headscarf", "dupatta", "headwrap", "turban", "kufi", "ghutra", "bandana", "headband", "ribbon"),
            *("flowers", "crown", "hood", "helmet", "mortarboard", "veil", "sunglasses_up"),
        ),
        "years": YEARS,
        "iris": ("brown_dark", "brown", "hazel", "green", "blue", "grey", "unseen"),
    }
)
# Parts that labels of photos tell of too, which are more and older: the label's field, and what it calls each part.
COARSER: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "beard": (
            "facial_hair",
            {
                **{word: (word,) for word in ("none", "stubble", "moustache", "goatee", "beard", "long_beard")},
                **{
                    "stubble_light": ("none", "stubble"),
                    "handlebar": ("moustache",),
                    "short_beard": ("stubble", "beard"),
                },
            },
        ),
    }
)
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType({**LABELS, **PARTS})
