"""Fit the classifiers of glasses, beards, headwear and men's, children's and old people's faces; cross-validate them.

    python scripts/fit_finders.py PHOTOS [glasses] [beard] [headwear] [masculine] [child] [elderly]

PHOTOS is the folder with the photos that weights/NAME.csv label; faces that nobody could decide on are left out
there. Writes weights/NAME.safetensors.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import minimize

from photo2moe.imageio import read_image
from photo2moe.stages import beard, glasses, headwear, person
from photo2moe.stages.detect import FaceDetector

WEIGHTS = Path(__file__).parent.parent / "weights"
SHRINK = 0.1  # weight of the squared parameters
FINDERS = {
    "glasses": (glasses.eye_region, glasses.describe, 0.0),
    "beard": (beard.lower_face, beard.describe, beard.CERTAIN),
    "headwear": (headwear.upper_head, headwear.describe, headwear.CERTAIN),
    "masculine": (person.whole_face, person.describe, 0.0),
    "child": (person.whole_face, person.describe, person.RARE),
    "elderly": (person.whole_face, person.describe, person.OLD),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("finders", nargs="*", choices=[[], *FINDERS])
    arguments = parser.parse_args()
    folder, faces = arguments.photos, {}
    with FaceDetector() as detector:
        for name in arguments.finders or FINDERS:
            region, describe, threshold = FINDERS[name]
            seen, mirrored, labels = [], [], []
            with (WEIGHTS / f"{name}.csv").open(newline="") as file:
                for row in csv.DictReader(file):
                    photo = read_image(folder / row["file"])
                    if row["file"] not in faces:
                        faces[row["file"]] = detector(photo)[:1]
                    for face in faces[row["file"]]:
                        part = region(photo, face)
                        seen.append(describe(part))
                        mirrored.append(describe(np.ascontiguousarray(part[:, ::-1])))
                        labels.append(float(row[name]))
            learn(name, np.array(seen), np.array(mirrored), np.array(labels), threshold)


def learn(name, x, flipped, y, threshold):
    """Cross-validate one classifier, then fit it on all faces and write it."""
    fold = np.random.default_rng(0).integers(0, 5, len(y))
    scores = np.zeros(len(y))
    for k in range(5):
        weight, bias = fit(x[fold != k], flipped[fold != k], y[fold != k])
        scores[fold == k] = x[fold == k] @ weight + bias
    found, wrong = (scores[y == 1] > threshold).mean(), (scores[y == 0] > threshold).mean()
    print(
        f"{name}: {len(y)} faces, {int(y.sum())} with; {found:.3f} of these found, {wrong:.4f} of the others taken so"
    )
    weight, bias = fit(x, flipped, y)
    parameters = {"weight": weight.astype(np.float32), "bias": np.array([bias], np.float32)}
    save_file(parameters, WEIGHTS / f"{name}.safetensors", {"format": f"photo2moe-{name}/1"})


def fit(x, flipped, y):
    """Logistic regression on faces and their mirror images: weights and bias."""
    x, y = np.vstack([x, flipped]), np.concatenate([y, y])
    share = np.where(y == 1, np.sqrt((y == 0).sum() / (y == 1).sum()), 1.0)

    def loss(parameters):
        weight, odds = parameters[:-1], x @ parameters[:-1] + parameters[-1]
        wrong = share * (1 / (1 + np.exp(-odds)) - y)
        value = (share * (np.logaddexp(0, odds) - y * odds)).sum() + SHRINK * (weight**2).sum()
        return value, np.append(x.T @ wrong + 2 * SHRINK * weight, wrong.sum())

    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return best[:-1], float(best[-1])


if __name__ == "__main__":
    main()
