"""Exported nets draw what the checkpoint draws, or no file is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from photo2moe import export as exporting
from photo2moe.config import PipelineConfig
from photo2moe.errors import CheckpointFormatError, ConfigError, InputError, WeightsError
from photo2moe.export import export, export_int8
from photo2moe.imageio import read_image
from photo2moe.nets.runner import onnx_runner
from photo2moe.pipeline import load_pipeline

DATA = Path(__file__).parent / "data"
TINY = DATA / "tiny.safetensors"


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "tiny.onnx"
    assert export(TINY, path) < 1e-4
    return path


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_any_batch_size(onnx_file, batch):
    draw, config = onnx_runner(onnx_file)
    assert config.size == 64
    assert draw(np.zeros((batch, 4, 64, 64), np.float32), np.zeros((batch, 9), np.float32)).shape == (batch, 4, 64, 64)


def test_the_pipeline_draws_the_same_on_either_engine(onnx_file):
    man = read_image(DATA / "man.jpg")
    drawn = []
    for weights in (TINY, onnx_file):
        with load_pipeline(PipelineConfig(weights=str(weights), size=64)) as pipeline:
            drawn.append(pipeline(man)[0].cutout.astype(int))
    assert np.abs(drawn[0] - drawn[1]).max() <= 3


def test_converting_with_onnx_imports_no_torch(onnx_file, tmp_path):
    code = (
        "import sys; from photo2moe.cli.main import main; main(sys.argv[1:], standalone_mode=False); "
        "sys.exit(sum(name == 'torch' for name in sys.modules))"
    )
    arguments = ["convert", str(DATA / "man.jpg"), "-o", str(tmp_path / "a.png"), "--weights", str(onnx_file)]
    done = subprocess.run([sys.executable, "-c", code, *arguments, "--backend", "onnx"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").is_file()


def test_integers_draw_nearly_the_same(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("photo2moe.pixels._decode", lambda *_: pytest.fail("not decoded in a process of its own"))
    path = tmp_path / "tiny-int8.onnx"
    assert 0 < export_int8(TINY, path, DATA) < exporting.INT8_TOLERANCE
    assert capsys.readouterr().out == ""  # stdout is for data
    kinds = {node.op_type for node in onnx.load(path).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    draw, config = onnx_runner(path)
    assert config.size == 64
    assert draw(np.zeros((3, 4, 64, 64), np.float32), np.zeros((3, 9), np.float32)).shape == (3, 4, 64, 64)


def test_integers_need_people_to_be_measured_on(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    with pytest.raises(InputError, match="shows a face"):
        export_int8(TINY, tmp_path / "x.onnx", tmp_path / "photos")
    with pytest.raises(ConfigError, match=r"suffix must be \.onnx"):
        export_int8(TINY, tmp_path / "x.pt", DATA)
    monkeypatch.setattr(exporting, "mean_difference", lambda *_: 40.0)
    with pytest.raises(WeightsError, match="differ by 40 grey levels"):
        export_int8(TINY, tmp_path / "x.onnx", DATA)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_torchscript(tmp_path):
    import torch

    assert export(TINY, tmp_path / "tiny.pt") < 1e-4
    net = torch.jit.load(tmp_path / "tiny.pt")
    assert net(torch.zeros(1, 4, 64, 64), torch.zeros(1, 9)).shape == (1, 4, 64, 64)


def test_a_file_that_disagrees_is_not_left(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_run", lambda path, suffix, pictures, colours: pictures * 0)
    with pytest.raises(WeightsError, match="the exported net differs by"):
        export(TINY, tmp_path / "bad.pt")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_or_loaded_says_why(tmp_path, onnx_file):
    with pytest.raises(ConfigError, match=r"suffix must be \.onnx or \.pt"):
        export(TINY, tmp_path / "x.tflite")
    (tmp_path / "x.onnx").write_bytes(b"hello")
    with pytest.raises(CheckpointFormatError, match="damaged or not an ONNX file"):
        onnx_runner(tmp_path / "x.onnx")
    with pytest.raises(ConfigError, match="runs on ONNX Runtime"):
        load_pipeline(PipelineConfig(weights=str(onnx_file), backend="torch"))
    with pytest.raises(ConfigError, match="--backend onnx needs a file made by"):
        load_pipeline(PipelineConfig(weights=str(TINY), backend="onnx"))
