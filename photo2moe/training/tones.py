"""Fit the lightness of skin: what people call it in photos, told from the looks net's features and the photo's light.

    python -m photo2moe.training.tones DATA --labels weights/skin.csv

DATA is the folder with the labelled photos. The labels are levels 1…8 of the skins that the pen has, a photo a row,
told by eye as in daylight. The looks net gets a further output, and ``people.json`` a model of the evidence beside it.
Photos held out from the looks net are held out here, and reported. Needs the extras ``train``, ``eval`` and ``export``;
the features of all photos are kept in the run's folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from photo2moe.character.attributes import as_inputs, canvas, crops, layout, points
from photo2moe.decoder import Decoder
from photo2moe.errors import InputError
from photo2moe.face import people as table
from photo2moe.face.balance import balance
from photo2moe.face.lab import Floats
from photo2moe.face.parse import Parser
from photo2moe.face.pose import pose
from photo2moe.face.tone import tone_evidence
from photo2moe.files import write_bytes
from photo2moe.pen.palette import SKINS
from photo2moe.stages.detect import FaceDetector
from photo2moe.training.looks_data import SETS, is_held_out
from photo2moe.weights import LOOKS, verified

OUTPUT = "skin"  # of the looks net
RIDGE = 3000.0  # weight of the squares of the weights, of standardised features
EVIDENCE = 6.0  # standard deviations of the evidence count so many of the net's features
RARE = 60.0, 3.0  # L below which skin is rarer among the photos, and how often it counts
STRETCH = 1.15  # of the deviations from the mean, which a ridge draws towards it

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> None:
    """Fit, report, and write both files; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--net", type=Path, help="looks net to extend; by default the installed one")
    parser.add_argument("--run", type=Path, default=Path("runs/tones"))
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    path = options.net or verified(LOOKS)
    net = plain(onnx.load(str(path)))
    files, features, evidence, levels = observe(options.data, read_levels(options.labels), net, options.run)
    held = np.array([is_held_out(file) for file in files])
    lightness = np.interp(levels, range(1, len(SKINS) + 1), [row[0] for row in SKINS])
    told = Tones(features[~held], evidence[~held], lightness[~held])
    log.info("trained on: %s", report(told(features[~held], evidence[~held]), lightness[~held]))
    if held.any():
        log.info("held out:   %s", report(told(features[held], evidence[held]), lightness[held]))
    extend(net, told.features, told.bias)
    write_bytes(path, net.SerializeToString())
    where = Path(table.__file__).with_name(table.FILE)
    data = json.loads(where.read_text("utf-8"))
    data["models"]["tone"] = told.evidence()
    write_bytes(where, (json.dumps(data, separators=(",", ":")) + "\n").encode())


class Tones:
    """A ridge regression of lightness on features and evidence.

    Args:
        features: ``(N, F)`` of the looks net.
        evidence: ``(N, E)`` of the photos, NaN where unknown.
        lightness: ``(N,)`` L.
    """

    def __init__(self, features: Floats, evidence: Floats, lightness: Floats) -> None:
        self.mean, self.scale = np.nanmean(evidence, 0), np.nanstd(evidence, 0) + 1e-6
        middle, spread = features.mean(0), features.std(0) + 1e-2
        inputs = np.hstack([(features - middle) / spread, EVIDENCE * self._standard(evidence)])
        weight = np.where(lightness < RARE[0], RARE[1], 1.0)
        usual = float(weight @ lightness / weight.sum())
        centre = weight @ inputs / weight.sum()
        inputs = inputs - centre
        square = (inputs * weight[:, None]).T @ inputs + RIDGE * np.eye(inputs.shape[1])
        solved = STRETCH * np.linalg.solve(square, (inputs * weight[:, None]).T @ (lightness - usual))
        count = features.shape[1]
        self.features = solved[:count] / spread
        self.weights = EVIDENCE * solved[count:]
        self.bias = usual - float(centre @ solved) - float(middle @ self.features)

    def __call__(self, features: Floats, evidence: Floats) -> Floats:
        """L ``(N,)``."""
        return np.asarray(features @ self.features + self.bias + self._standard(evidence) @ self.weights)

    def _standard(self, evidence: Floats) -> Floats:
        return np.asarray(np.nan_to_num((evidence - self.mean) / self.scale).clip(-3, 3))

    def evidence(self) -> dict[str, list[float]]:
        """The part of the photo's light, for ``people.json``."""
        parts = {"mean": self.mean, "scale": self.scale, "weights": self.weights}
        return {name: [round(float(value), 5) for value in values] for name, values in parts.items()}


def read_levels(path: Path) -> dict[str, float]:
    """Levels by name of the photo.

    Raises:
        InputError: the file cannot be read, or lacks a column or a number.
    """
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            return {row["file"]: float(row["level"]) for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no table of files and levels: {error}") from error


def observe(
    data: Path, levels: dict[str, float], net: Any, run: Path
) -> tuple[list[str], Floats, Floats, NDArray[np.float64]]:
    """Features, evidence and level of each labelled photo with a face; what an earlier call saw is kept."""
    kept = run / "observed.npz"
    if kept.is_file():
        found = np.load(kept)
        return found["files"].tolist(), found["features"], found["evidence"], found["levels"]
    run.mkdir(parents=True, exist_ok=True)
    files, features, evidence = [], [], []
    opened, parse = exposed(net), Parser()
    folders = [folder for _, folder in SETS]
    with FaceDetector() as detector, Decoder() as read:
        for file in levels:
            path = next((data / folder / file for folder in folders if (data / folder / file).is_file()), None)
            faces = detector(photo := read(path)) if path is not None else []
            if not faces:
                continue
            face = faces[0]
            regions = parse(photo, face)
            inputs = as_inputs(crops(canvas(photo, face)), points(face), crops(layout(regions)))
            features.append(opened.run(None, inputs)[-1][0])
            balanced = balance(photo, face, regions, pose(face))
            evidence.append(tone_evidence(balanced.values, balanced.parts, balanced.lightness))
            files.append(file)
    result = np.array(features, np.float64), np.array(evidence), np.array([levels[file] for file in files])
    np.savez(kept, files=files, features=result[0], evidence=result[1], levels=result[2])
    return files, *result


def plain(net: Any) -> Any:
    """The looks net without an output for skin."""
    keep = [node for node in net.graph.node if OUTPUT not in node.output]
    del net.graph.node[:]
    net.graph.node.extend(keep)
    for entries in (net.graph.output, net.graph.initializer):
        for entry in [entry for entry in entries if entry.name.startswith(OUTPUT)]:
            entries.remove(entry)
    return net


def last_features(net: Any) -> str:
    """Name of the features that the fields are told from."""
    return str(next(node for node in reversed(net.graph.node) if node.op_type == "Gemm").input[0])


def exposed(net: Any) -> Any:
    """A session of the net whose last output are its features."""
    copy = onnx.ModelProto.FromString(net.SerializeToString())
    copy.graph.output.append(helper.make_tensor_value_info(last_features(copy), TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])


def extend(net: Any, weights: Floats, bias: float) -> None:
    """Add an output ``(1, 1)``: L of the skin as the features tell it."""
    arrays = {f"{OUTPUT}.weights": weights[:, None], f"{OUTPUT}.bias": np.array([bias])}
    for name, array in arrays.items():
        net.graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), name))
    net.graph.node.append(helper.make_node("Gemm", [last_features(net), *arrays], [OUTPUT], OUTPUT))
    net.graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 1]))


def report(told: Floats, lightness: Floats) -> str:
    """How well lightness is told: rank correlation, and how far it is off among fair, middle and dark skin."""
    from scipy.stats import spearmanr

    off = told - lightness
    groups = {"fair": lightness > 78, "middle": (lightness <= 78) & (lightness >= 60), "dark": lightness < 60}
    parts = ", ".join(f"{name} {off[of].mean():+.1f}" for name, of in groups.items() if of.any())
    rank = float(spearmanr(told, lightness)[0])
    return f"{len(off)} photos, Spearman {rank:.3f}, median {np.median(np.abs(off)):.1f} L off; {parts}"


if __name__ == "__main__":
    main()
