"""A settled character that moves as a face does from moment to moment: who it is stays, what it does changes."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from photo2moe.character.mouths import mouth_of
from photo2moe.character.schema import Character
from photo2moe.face.expression import Expression

RESTING = 40  # measurements over which it is found how far a person's eyes are open at rest
# Openness of an eye over that at rest → how far it is drawn open, over how it is drawn at rest.
LIDS = ((0.35, 0.7, 0.85, 1.15, 1.5), (0.0, 0.6, 1.0, 1.0, 1.3))
WIDEST = 1.3  # that an eye is drawn
MOUTH_SECONDS = 0.05  # time constant of the probabilities of a mouth
SURER = 0.15  # by which another mouth must be likelier than the one that is drawn, so that mouths do not flicker


class Performance:
    """What one person does over time."""

    def __init__(self) -> None:
        self._opened: deque[float] = deque(maxlen=RESTING)
        self._mouths: dict[str, float] = {}
        self._word = ""

    def __call__(self, who: Character, seen: Expression, seconds: float) -> Character:
        """The character with the expression and the pose of this moment.

        Args:
            who: the settled character.
            seen: what was measured of the face now.
            seconds: since it was measured last.
        """
        self._opened.append(max(seen.opened))
        rest = float(np.percentile(self._opened, 60))  # blinks are few and short
        changes: dict[str, Any] = {**seen.numbers, "expression.gaze": seen.gaze}
        for side, opened in zip(("left", "right"), seen.opened, strict=True):
            own = getattr(who.expression, side)
            drawn = own * float(np.interp(opened / rest, *LIDS))
            changes[f"expression.{side}"] = round(min(drawn, WIDEST), 2)
        if who.mask.kind != "none":
            changes |= {"expression.mouth": "closed", "expression.smile": 0.0}
        else:
            changes["expression.mouth"], changes["expression.smile"] = mouth_of(self._mouth(seen, seconds), seen)
        return who.replace(**changes)

    def _mouth(self, seen: Expression, seconds: float) -> str:
        """The word for the mouth, steadied."""
        share = float(1 - np.exp(-seconds / MOUTH_SECONDS)) if self._mouths else 1.0
        before = self._mouths or seen.mouths
        self._mouths = {word: before[word] + share * (seen.mouths[word] - before[word]) for word in seen.mouths}
        likeliest = max(self._mouths, key=lambda word: self._mouths[word])
        if not self._word or self._mouths[likeliest] > self._mouths[self._word] + SURER:
            self._word = likeliest
        return self._word
