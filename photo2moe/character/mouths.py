"""Which mouth of the kit stands for what a mouth does."""

from __future__ import annotations

from photo2moe.face.expression import Expression

TEETH_SMILE = 0.35  # smile of a mouth that barely shows teeth
BARE, BROAD = 0.4, 0.7  # smile below which teeth only show between parted lips, and from which it is a broad laugh
LAUGH = 0.25  # gap from which it is a roaring one
SURE_SMILE = 0.8  # rise of the corners of a closed mouth from which it smiles whatever it is said to be
HAPPY = (0.45, 0.14)  # smile and gap from which an open mouth laughs
ROUND = (0.3, 0.32)  # smile up to which, and gap from which, it is round


def mouth_of(word: str, seen: Expression) -> tuple[str, float]:
    """The mouth of the kit, and how far its corners are up.

    Args:
        word: ``closed``, ``smile``, ``teeth`` or ``open``.
        seen: what was measured of the face.
    """
    smile, gap = seen.numbers["expression.smile"], seen.gap
    if word == "teeth":
        smile = round(TEETH_SMILE + (1 - TEETH_SMILE) * seen.joy, 2)
        if smile > BROAD:
            return ("laugh" if gap > LAUGH else "teeth"), smile
        return ("grin" if smile > BARE else "open"), smile
    if word == "open":
        if smile > HAPPY[0]:
            return ("happy" if gap > HAPPY[1] else "grin"), smile
        return ("oh" if smile < ROUND[0] and gap > ROUND[1] else "open"), smile
    return ("smile" if word == "closed" and smile > SURE_SMILE else word), smile
