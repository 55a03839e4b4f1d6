"""Everything that photo2moe raises on purpose.

Photo2MoeError
├── InputError                what the user gave us
│   ├── ImageReadError        not an image, too large, or it cannot be decoded
│   ├── ImageWriteError       the output cannot be written where it was asked for
│   ├── NoFaceError           no face, or not the face that was asked for
│   ├── CharacterError        a character with an unknown or impossible value
│   └── KitError              a kit of parts with a broken file
├── ConfigError               unknown key, value out of range, contradictory options
├── MissingExtraError         the command needs an optional package
├── LibraryError              the system lacks a library that a package is linked to
├── WeightsError
│   ├── UnknownWeightsError   no such name; lists the known ones
│   ├── ChecksumError         the file is not the one that was shipped
│   └── CheckpointFormatError not a photo2moe checkpoint, or a damaged one
└── TrainingError             empty data folder, loss that is not finite

Messages say what, where and what to do, in one line. The command line prints
them after ``Error:`` and exits with 1. Programming mistakes stay ``ValueError``
and ``TypeError`` and are not caught.
"""

from __future__ import annotations


class Photo2MoeError(Exception):
    """Base of all errors that a user can cause and mend."""


class InputError(Photo2MoeError):
    """The photo, folder or output path given cannot be used."""


class ImageReadError(InputError):
    """The file is not an image, is too large, or cannot be decoded."""


class ImageWriteError(InputError):
    """The output cannot be written; nothing was left half-written."""


class NoFaceError(InputError):
    """No face was found, or fewer than the one asked for."""


class ConfigError(Photo2MoeError):
    """An option or configuration value is unknown, out of range or contradictory."""


class MissingExtraError(Photo2MoeError):
    """An optional package is not installed; the message names the extra."""


class LibraryError(Photo2MoeError):
    """A shared library of the system is missing; the message names the package that brings it."""


class WeightsError(Photo2MoeError):
    """The weights cannot be used."""


class UnknownWeightsError(WeightsError):
    """No weights of that name, and no file of that path."""


class ChecksumError(WeightsError):
    """A shipped weights file differs from the one in the catalogue."""


class CheckpointFormatError(WeightsError):
    """The file is not a photo2moe checkpoint, or it is damaged."""


class TrainingError(Photo2MoeError):
    """Training cannot start or go on."""


class CharacterError(InputError):
    """A character holds an unknown or impossible value; the message names it."""


class KitError(InputError):
    """A kit of parts holds a broken file; the message names it and what is wrong."""
