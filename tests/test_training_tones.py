"""What fits the lightness of skin."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from photo2moe.character.attributes import LooksNet
from photo2moe.errors import InputError
from photo2moe.training import tones
from photo2moe.weights import LOOKS, verified


def test_a_linear_lightness_is_found_again(monkeypatch):
    monkeypatch.setattr(tones, "RIDGE", 1.0)  # of few features and photos
    rng = np.random.default_rng(1)
    features, evidence = rng.normal(size=(900, 20)), rng.normal(size=(900, 3))
    lightness = 72 + 4 * features[:, 0] - 3 * evidence[:, 1]
    evidence[::9, 2] = np.nan  # not seen in some photos
    told = tones.Tones(features[:600], evidence[:600], lightness[:600])
    found = told(features[600:], evidence[600:])
    assert np.corrcoef(found, lightness[600:])[0, 1] > 0.98
    assert abs(found.mean() - lightness[600:].mean()) < 1


def test_the_net_is_extended_once(tmp_path):
    shipped = onnx.load(str(verified(LOOKS)))
    bare = tones.plain(onnx.ModelProto.FromString(shipped.SerializeToString()))
    assert [output.name for output in bare.graph.output] == ["out"]
    width = next(i for i in shipped.graph.initializer if i.name == "skin.weights").dims[0]
    tones.extend(bare, np.zeros(width), 61.5)
    path = tmp_path / "looks.onnx"
    path.write_bytes(bare.SerializeToString())
    names = [output.name for output in onnx.load(str(path)).graph.output]
    assert names == ["out", "skin"]
    assert LooksNet(path)._session.run(["skin"], _blank(LooksNet(path)))[0] == pytest.approx(61.5)


def _blank(net):
    return {entry.name: np.zeros([n or 1 for n in entry.shape], np.float32) for entry in net._session.get_inputs()}


def test_a_broken_table_of_levels_is_refused(tmp_path):
    path = tmp_path / "levels.csv"
    path.write_text("file,level\na.jpg,fair\n")
    with pytest.raises(InputError, match="no table"):
        tones.read_levels(path)
