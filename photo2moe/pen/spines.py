"""The middle lines of locks of hair: where they run over a head, their waves, and how their ends wind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.pen.ground import Ground
from photo2moe.pen.scene import Points, clip, columns, shares, through

CURLED = 0.6  # length of the end of a lock that winds, face units
TUCKED = -0.75  # v above which ends wind inwards
SHORTEST = 0.7  # length below which a lock's end does not wind, face units
GROW = 1.1  # height over which waves grow to their full size, face units
COUNT = 48  # points of a lock's middle line
FREE = (1.12, 1.12)  # half width and height about an eye's inner corner that hair leaves free, in those of the eye
LASHES = 0.1  # more than that at the outer corner, for the lashes, face units
BELOW = 0.55  # height below the eyes over which a lock that is moved aside comes back, face units
PASSES = (15, 11, 7)  # points over which a move aside is spread, one pass after the other
FEW = 5  # points at a root that stay where they grow


@dataclass(frozen=True)
class Wave:
    """How a lock's middle line runs.

    Attributes:
        height: of its waves, face units.
        length: of its waves, face units.
        curl: by how much its end winds, radians.
        begin: v from which it has waves.
    """

    height: float = 0.0
    length: float = 1.0
    curl: float = 0.0
    begin: float = -0.95


@dataclass(frozen=True)
class Run:
    """How one lock's middle line runs over a head.

    Attributes:
        points: of a part, ``(N, 2)``, from root to tip.
        width: half widths spread evenly over its length.
        layer: ``back``, ``under`` or ``front``.
        wave: its waves.
        phase: where they begin, radians.
        depth: w, one number or a list of them, if the part says it.
    """

    points: Points
    width: Points
    layer: str
    wave: Wave = Wave()
    phase: float = 0.0
    depth: Any = None


def spines(ground: Ground, runs: Sequence[Run]) -> list[Points]:
    """The middle lines of locks in the picture, evenly spaced, ``(48, 2)`` each; all are worked out at once."""
    if not runs:
        return []
    curves = [through(run.points) for run in runs]
    ends = np.cumsum([len(curve) for curve in curves]).tolist()
    parts = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    before = np.concatenate([np.full(len(curve), run.layer != "back") for curve, run in zip(curves, runs, strict=True)])
    flat = ground.fit(np.concatenate(curves), before)
    half = np.concatenate(
        [
            np.interp(shares(len(curve)), shares(len(run.width)), run.width)
            for curve, run in zip(curves, runs, strict=True)
        ]
    )
    space = np.empty((len(flat), 3))
    for layer in {run.layer for run in runs}:
        own = np.concatenate([np.full(len(curve), run.layer == layer) for curve, run in zip(curves, runs, strict=True)])
        space[own] = ground.lay(flat[own], layer, half=half[own])
    for run, part in zip(runs, parts, strict=True):
        if run.depth is not None:
            space[part, 2] = _spread(np.array(run.depth, float, ndmin=1), part.stop - part.start)
    placed = ground.place(space)
    found, length = np.empty((len(runs), COUNT, 2)), np.empty((len(runs), 1))
    for number, part in enumerate(parts):
        found[number], length[number] = _even(placed[part])
    turns = []
    for run, curve, long in zip(runs, curves, length[:, 0].tolist(), strict=True):
        out = 1 if curve[-1, 1] > TUCKED else -1  # what ends beside the face turns outwards, what ends above inwards
        turns.append(-out * run.wave.curl * float(np.sign(curve[-1, 0])) if long >= SHORTEST else 0.0)
    return list(_wound(_waved(found, length, runs), np.array(turns)[:, None]))


def past_eyes(ground: Ground, lines: Sequence[Points], halves: Sequence[NDArray[np.float64]]) -> list[Points]:
    """Locks before the face, moved outwards past the eyes, or up where they end above them.

    Args:
        ground: where they lie.
        lines: their middle lines in the picture, ``(48, 2)`` each.
        halves: half widths spread evenly over each, face units.

    Returns:
        The lines, none of whose edges lies over an eye.
    """
    if not lines:
        return []
    head = ground.head
    half = np.stack([_spread(width, COUNT) for width in halves])
    p = ground.upright(np.concatenate(lines)).reshape(-1, COUNT, 2)
    boxes = []
    (u, v), (w, h) = head.size.eye, head.size.eye_size
    for side in (-1, 1):
        ends = head.face(np.array([[side * (u - w), v], [side * (u + w), v], [side * u, v - h], [side * u, v + h]]))
        inner, outer, top, low = ground.upright(ends)
        boxes.append((side, inner[0], abs(outer[0] - inner[0]) * FREE[0] + LASHES, low[1], (low[1] - top[1]) * FREE[1]))
    root = clip(np.arange(COUNT) / FEW, 0, 1)
    for span in PASSES:
        tangent = np.gradient(p, axis=1)
        tangent /= np.hypot(tangent[..., 0], tangent[..., 1])[..., None] + 1e-9
        normal = np.stack([tangent[..., 1], -tangent[..., 0]], -1) * half[..., None]
        moves = np.zeros((4, *p.shape))
        for n, (side, corner, wide, low, high) in enumerate(boxes):
            for m, edge in enumerate((p - normal, p + normal)):
                x, y = side * (edge[..., 0] - corner) / wide, (low - edge[..., 1]) / high
                reach = (np.maximum(x, 0) ** 3 + np.maximum(y, 0) ** 3) ** (1 / 3)
                short = np.maximum(1 / np.maximum(reach, 0.2) - 1, 0) * (x > -0.15)
                near = clip(1 + y * high / BELOW, 0, 1)
                moves[2 * n + m, ..., 0] = side * np.maximum(x, 0) * wide * short * near
                moves[2 * n + m, ..., 1] = -np.maximum(y, 0) * high * short * near
        most = np.argmax(np.hypot(moves[..., 0], moves[..., 1]), 0)
        move = np.take_along_axis(moves, most[None, ..., None], 0)[0]
        if not move.any():
            break
        p = p + _eased(move, span) * root[None, :, None]
    return list(ground.tilted(p.reshape(-1, 2)).reshape(p.shape))


def _eased(move: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Moves ``(K, N, 2)`` spread over ``span`` neighbours along each line, as large where they were largest."""
    reach = clip(np.arange(-(span // 2), COUNT + span // 2), 0, COUNT - 1).astype(int)
    spread = np.stack([move[:, reach[k : k + COUNT]] for k in range(span)])
    weight = np.hanning(span + 2)[1:-1]
    largest = np.hypot(move[..., 0], move[..., 1]).max(1)
    eased = np.tensordot(weight / weight.sum(), spread, 1)
    again = largest / (np.hypot(eased[..., 0], eased[..., 1]).max(1) + 1e-9)
    return np.asarray(eased * clip(again, 1, 2)[:, None, None])


def _spread(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values at so many places, evenly spread over a line."""
    return np.interp(shares(count), shares(len(values)), values)


def _even(p: Points) -> tuple[Points, float]:
    """A line as evenly spaced points, and its length."""
    steps = np.zeros(len(p))
    np.cumsum(np.hypot(p[1:, 0] - p[:-1, 0], p[1:, 1] - p[:-1, 1]), out=steps[1:])
    at = steps[-1] * shares(COUNT)
    return columns([np.interp(at, steps, p[:, 0]), np.interp(at, steps, p[:, 1])]), float(steps[-1])


def _waved(p: NDArray[np.float64], length: NDArray[np.float64], runs: Sequence[Run]) -> NDArray[np.float64]:
    """Lines ``(K, N, 2)`` with the waves of their runs."""
    height, long, begin, phase = np.array(
        [(run.wave.height, run.wave.length, run.wave.begin, run.phase) for run in runs]
    ).T[..., None]
    if not height.any():
        return p
    tangent = np.gradient(p, axis=1)
    tangent /= np.hypot(tangent[..., 0], tangent[..., 1])[..., None] + 1e-9
    at, v = length * shares(p.shape[1]), p[..., 1]
    low = clip((v - begin) / GROW, 0, 1) * clip(at / 0.6, 0, 1) * clip((length - at) / 0.3, 0.4, 1)
    waves = np.sin(2 * np.pi * v / long + phase)  # by v: locks beside each other wave together
    swing = height * clip(length / 1.6, 0.5, 1) * low * waves
    return np.asarray(p + np.stack([tangent[..., 1], -tangent[..., 0]], -1) * swing[..., None])


def _wound(p: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lines ``(K, N, 2)`` whose ends wind by angles ``(K, 1)``, radians, positive clockwise."""
    if not turn.any():
        return p
    x, y = np.moveaxis(p[:, 1:] - p[:, :-1], -1, 0)
    left = np.cumsum(np.hypot(x, y)[:, ::-1], 1)[:, ::-1]  # to the end
    angle = turn * clip(1 - left / CURLED, 0, 1) ** 1.3
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], -1)
    return np.asarray(np.concatenate([p[:, :1], p[:, :1] + np.cumsum(turned, 1)], 1))
