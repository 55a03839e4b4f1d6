"""One character out of several looks at the same person, which never agree in everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from photo2moe.character.fields import leaves
from photo2moe.character.schema import Character
from photo2moe.face.lab import from_hex, to_hex


def settle(seen: Sequence[Character]) -> Character:
    """The character that several descriptions of a person agree on.

    Words are all those of the one description that agrees with the others the most, since they belong together (cut and
    length of hair); numbers and colours are medians, the latter in Lab.

    Args:
        seen: one description or more.
    """
    trees = [{path: (kind, value) for path, kind, value in leaves(who)} for who in seen]
    counts: dict[str, Counter[Any]] = {
        path: Counter(tree[path][1] for tree in trees)
        for path, (kind, _) in trees[0].items()
        if kind in ("word", "words")
    }
    agreement = [sum(counts[path][tree[path][1]] for path in counts) for tree in trees]
    best = seen[int(np.argmax(agreement))]
    changes: dict[str, Any] = {}
    for path, kind, value in leaves(best):
        all_seen = [tree[path][1] for tree in trees]
        if kind == "number":
            changes[path] = round(float(np.median(all_seen)), 3)
        elif kind == "numbers":
            alike = [one for one in all_seen if len(one) == len(value)]
            changes[path] = tuple(np.median(alike, axis=0).round(3).tolist())
        elif kind == "colour" and value:
            changes[path] = to_hex(np.median([from_hex(one) for one in all_seen if one], axis=0))
    return best.replace(**changes)
