"""Statistics over people: the mean face, means and deviations of measures, and small linear models.

Used by :mod:`photo2moe.training.people` alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photo2moe.face.pose import RIGID, fit
from photo2moe.types import Face

MESH = 468  # points of the mesh without the irises
OUTLIER = 3.5  # deviations beyond which a value does not count
STEPS, RATE, DECAY = 4000, 0.5, 1e-3  # of the gradient descent that fits a linear model to standardised features
LEVELS, FEWEST = 7.0, 20  # L of a step of a colour curve, and how many people make one
ROUNDS = 8  # of expectation and maximisation of the model of light


def mean_shape(meshes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean face in three dimensions, from faces seen from many sides (Tomasi and Kanade 1992, factorisation).

    Every face also counts mirrored, so the result is symmetric. Its pitch is that of the median photo.

    Args:
        meshes: ``(n, 468, 2)`` photo pixels.

    Returns:
        ``(468, 3)`` face units: x right, y down, z away from the viewer, origin midway between the eyes.
    """
    units = np.array([_units(mesh) for mesh in meshes])
    mirror = _mirror(np.median(units, 0))
    both = np.concatenate([units, units[:, mirror] * [-1, 1]])
    both -= both.mean(1, keepdims=True)
    both /= np.sqrt((both**2).sum((1, 2), keepdims=True) / MESH)
    left, scales, right = np.linalg.svd(both.transpose(0, 2, 1).reshape(-1, MESH), full_matrices=False)
    across, down = (left[:, :3] * scales[:3]).reshape(-1, 2, 3).transpose(1, 0, 2)
    equations = np.concatenate([_products(across, across) - _products(down, down), _products(across, down)])
    xx, yy, zz, xy, xz, yz = np.linalg.svd(equations, full_matrices=False)[2][-1]
    metric = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    values, vectors = np.linalg.eigh(metric * np.sign(np.trace(metric)))
    shape = (np.linalg.inv(vectors * np.sqrt(values)) @ right[:3]).T
    shape = _upright(shape, mirror)
    some = list(RIGID)
    nod = np.radians(np.median([fit(mesh[some], shape[some]).pitch for mesh in meshes]))
    shape = shape @ np.array([[1, 0, 0], [0, np.cos(nod), np.sin(nod)], [0, -np.sin(nod), np.cos(nod)]]).T
    return shape - shape[[33, 133, 263, 362]].mean(0)


def _units(mesh: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = Face((0, 0, 0, 0), mesh, 1.0).to_units()
    return mesh @ matrix[:, :2].T + matrix[:, 2]


def _mirror(mean: NDArray[np.float64]) -> NDArray[np.int64]:
    """For every point of the mesh its partner on the other side: the nearest after mirroring, and it the other's."""
    apart = np.linalg.norm((mean * [-1, 1])[:, None] - mean[None], axis=2)
    partner = np.full(MESH, -1)
    for one, other in np.array(np.unravel_index(np.argsort(apart, axis=None), apart.shape)).T:
        if partner[one] < 0 and partner[other] < 0:
            partner[one], partner[other] = other, one
    return np.where(partner < 0, np.arange(MESH), partner)


def _products(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of a symmetric 3 × 3 matrix Q in ``one · Q · other``, a row a picture."""
    pairs = one[:, :, None] * other[:, None, :]
    pairs = pairs + pairs.transpose(0, 2, 1)
    x, y, z = range(3)
    return np.stack(
        [pairs[:, x, x] / 2, pairs[:, y, y] / 2, pairs[:, z, z] / 2, pairs[:, x, y], pairs[:, x, z], pairs[:, y, z]], 1
    )


def _upright(shape: NDArray[np.float64], mirror: NDArray[np.int64]) -> NDArray[np.float64]:
    """Turn a shape so that x runs to the right, y from the forehead to the chin, z away, and scale it."""
    x = np.linalg.svd(shape - shape[mirror], full_matrices=False)[2][0]
    x *= np.sign((shape[263] - shape[33]) @ x)
    shape = (shape + shape[mirror] - 2 * np.outer(shape[mirror] @ x, x)) / 2
    y = shape[152] - shape[10]
    y -= (y @ x) * x
    y /= np.linalg.norm(y)
    shape = shape @ np.stack([x, y, np.cross(x, y)], 1)
    if shape[1, 2] > shape[[234, 454], 2].mean():  # the nose is nearer than the ears
        shape[:, 2] *= -1
    return shape / (shape[[263, 362], 0].mean() - shape[[33, 133], 0].mean())


def statistics(
    values: NDArray[np.float64], nuisances: dict[str, NDArray[np.float64]], who: NDArray[np.bool_]
) -> dict[str, Any]:
    """Mean at no nuisance, slope of each nuisance, and deviation of what remains, without outliers."""
    design = np.column_stack([np.ones(len(values)), *nuisances.values()])
    kept = who.copy()
    for _ in range(2):
        solution = np.linalg.lstsq(design[kept], values[kept], rcond=None)[0]
        rest = values - design @ solution
        deviation = float(rest[kept].std())
        kept = who & (np.abs(rest) < OUTLIER * deviation)
    slopes = {key: round(float(slope), 4) for key, slope in zip(nuisances, solution[1:], strict=True)}
    return {"mean": round(float(solution[0]), 4), "deviation": round(deviation, 4), "slopes": slopes}


def fit_words(values: NDArray[np.float64], words: list[str], order: tuple[str, ...]) -> dict[str, Any]:
    """Multinomial logistic regression: which word of ``order`` values ``(n, k)`` go with; rare words count more.

    Rows with other words are left out.
    """
    known = np.array([word in order for word in words])
    target = np.eye(len(order))[[order.index(word) for word in words if word in order]]
    mean, deviation = values[known].mean(0), values[known].std(0) + 1e-9
    inputs = (values[known] - mean) / deviation
    heavy = target @ (1 / np.sqrt(target.mean(0)))
    heavy /= heavy.sum()
    weights, bias = np.zeros((values.shape[1], len(order))), np.zeros(len(order))
    for _ in range(STEPS):
        powers = np.exp(inputs @ weights + bias)
        error = (powers / powers.sum(1, keepdims=True) - target) * heavy[:, None]
        weights -= RATE * (inputs.T @ error + DECAY * weights)
        bias -= RATE * error.sum(0)
    raw = weights / deviation[:, None]
    return {
        "words": list(order),
        "weights": np.round(raw, 4).tolist(),
        "bias": np.round(bias - mean @ raw, 4).tolist(),
    }


def reliability(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Share of a measure's variance that two measurements of the same people ``(n,)`` have in common, 0…1."""
    noise = float(np.mean((one - other) ** 2)) / 2
    return round(float(np.clip(1 - noise / np.var(np.concatenate([one, other])), 0, 1)), 3)


def gaussian(rows: NDArray[np.float64]) -> dict[str, Any]:
    """Mean and covariance of rows ``(n, k)`` with missing values, by expectation and maximisation."""
    mean, covariance = np.nanmedian(rows, 0), np.diag(np.nanvar(rows, 0))
    for _ in range(ROUNDS):
        filled, doubt = rows.copy(), np.zeros_like(covariance)
        for i, known in enumerate(np.isfinite(rows)):
            if not known.all():
                shared = covariance[np.ix_(~known, known)]
                gain = np.linalg.solve(covariance[np.ix_(known, known)], shared.T).T
                filled[i, ~known] = mean[~known] + gain @ (rows[i, known] - mean[known])
                doubt[np.ix_(~known, ~known)] += covariance[np.ix_(~known, ~known)] - gain @ shared.T
        mean = filled.mean(0)
        covariance = ((filled - mean).T @ (filled - mean) + doubt) / len(rows) + 1e-4 * np.eye(len(mean))
    return {"mean": mean.round(4).tolist(), "covariance": covariance.round(5).tolist()}


def curve(colours: NDArray[np.float64]) -> dict[str, list[float]]:
    """Usual a and b over L, with robust deviations, of colours ``(n, 3)`` in Lab."""
    steps = (colours[:, 0] // LEVELS).astype(int)
    table: dict[str, list[float]] = {name: [] for name in ("lightness", "a", "b", "deviation_a", "deviation_b")}
    for step in np.unique(steps):
        own = colours[steps == step]
        if len(own) < FEWEST:
            continue
        middle = np.median(own, axis=0)
        spread = 1.4826 * np.median(np.abs(own - middle), axis=0)  # the deviation of a normal distribution
        for name, value in zip(table, (*middle, *spread[1:]), strict=True):
            table[name].append(round(float(value), 2))
    return table
