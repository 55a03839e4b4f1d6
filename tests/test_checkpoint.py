"""Weights on disk are not trusted: whatever the file, a generator or one clear error."""

from __future__ import annotations

import json
import runpy
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from photo2moe.checkpoint import FORMAT, load_generator, read_header, save_generator
from photo2moe.config import GeneratorConfig
from photo2moe.errors import CheckpointFormatError, ChecksumError, UnknownWeightsError, WeightsError
from photo2moe.nets.generator import Generator
from photo2moe.weights import SHIPPED, locate, resolve, sha256, verified

TINY = GeneratorConfig(size=16, width=4, blocks=1)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_generator(path, Generator(TINY), {"images": 3})
    return path


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    generator = Generator(TINY).eval()
    path = tmp_path / "net.safetensors"
    save_generator(path, generator, {"images": 3}, half=False)
    loaded = load_generator(path)
    picture, colours = torch.rand(2, 4, 16, 16) * 2 - 1, torch.rand(2, 9)
    torch.testing.assert_close(loaded.generator(picture, colours), generator(picture, colours))
    assert loaded.about == {"images": 3}
    assert read_header(path) == (TINY, {"images": 3})
    assert not loaded.generator.training
    assert not any(p.requires_grad for p in loaded.generator.parameters())


def test_half_precision_costs_less_than_one_grey_level(tmp_path: Path) -> None:
    generator = Generator(TINY).eval()
    save_generator(tmp_path / "net.safetensors", generator, {})
    picture, colours = torch.rand(4, 4, 16, 16) * 2 - 1, torch.rand(4, 9)
    half = load_generator(tmp_path / "net.safetensors").generator
    assert (half(picture, colours) - generator(picture, colours)).abs().max() < 2 / 255


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(CheckpointFormatError):
        load_generator(path)


@given(position=st.floats(0, 1), value=st.integers(0, 255))
def test_one_changed_byte_never_escapes(tmp_path_factory: pytest.TempPathFactory, position: float, value: int) -> None:
    folder = tmp_path_factory.mktemp("flip")
    save_generator(folder / "net.safetensors", Generator(TINY), {})
    data = bytearray((folder / "net.safetensors").read_bytes())
    data[int(position * (len(data) - 1))] = value
    (folder / "flip.safetensors").write_bytes(data)
    try:
        load_generator(folder / "flip.safetensors")
    except CheckpointFormatError as error:
        assert "\n" not in str(error)


def test_a_truncated_file_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
    with pytest.raises(CheckpointFormatError, match="damaged"):
        load_generator(checkpoint)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointFormatError, match="not a photo2moe checkpoint"):
        load_generator(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 6}, "has shape"),
        ({"blocks": 2}, "does not hold the tensors"),
        ({"depth": 2}, "unknown setting depth"),
        ({"width": 100000}, "width must be"),
        ({"width": 1}, "width must be 2…512, not 1"),  # found by the fuzzer: tensors without elements
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, int], message: str) -> None:
    config = {"size": 16, "width": 4, "blocks": 1, "colours": 9} | change
    metadata = {"format": FORMAT, "config": json.dumps(config)}
    save_file(Generator(TINY).state_dict(), tmp_path / "x.safetensors", metadata)
    with pytest.raises(CheckpointFormatError, match=message):
        load_generator(tmp_path / "x.safetensors")


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    generator = Generator(TINY)
    with torch.no_grad():
        generator.out.bias[0] = torch.nan
    save_generator(tmp_path / "nan.safetensors", generator, {})
    with pytest.raises(CheckpointFormatError, match=r"out\.bias holds values that are not finite"):
        load_generator(tmp_path / "nan.safetensors")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"layer\nError: all is well": {}}, "is not a photo2moe checkpoint"),
        ({"__metadata__": {"format": FORMAT, "config": '{"a\\nb": 1}'}}, r"unknown setting a\\nb"),
        ({"__metadata__": {"format": FORMAT, "config": json.dumps({"width": "x" * 100_000})}}, "width must be int"),
        ({"__metadata__": {"format": "x" * 100_000}}, "is not a photo2moe checkpoint"),
        ({"__metadata__": {"format": FORMAT, "config": '{"size": 1000000}'}}, "size must be a multiple of 4, 16…1024"),
        ({"__metadata__": {"format": FORMAT, "config": "[" * 90_000}}, "is damaged"),
        ({"__metadata__": {"format": FORMAT, "config": "1" * 90_000}}, "is damaged"),
        ({"__metadata__": [1]}, "is not a photo2moe checkpoint"),
        ([], "is not a safetensors file"),
    ],
    ids=range(9),
)
def test_a_header_that_lies_is_one_short_line(tmp_path: Path, header: object, message: str) -> None:
    words = json.dumps(header).encode()
    path = tmp_path / "liar.safetensors"
    path.write_bytes(struct.pack("<Q", len(words)) + words + bytes(64))
    with pytest.raises(CheckpointFormatError, match=message) as caught:
        load_generator(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 700


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    state = {name: value.to(torch.int32) for name, value in Generator(TINY).state_dict().items()}
    metadata = {"format": FORMAT, "config": json.dumps({"size": 16, "width": 4, "blocks": 1})}
    save_file(state, tmp_path / "x.safetensors", metadata)
    with pytest.raises(CheckpointFormatError, match="is not of type F16, BF16, F32"):
        load_generator(tmp_path / "x.safetensors")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(2**28 + 1)  # takes no room
    with pytest.raises(WeightsError, match=r"268,435,457 bytes; weights have at most 268,435,456"):
        resolve(str(path))
    with pytest.raises(CheckpointFormatError, match="over the limit of 268,435,456 bytes"):
        load_generator(path)


def test_a_shipped_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in SHIPPED:
        data = bytearray(locate(spec).read_bytes())
        data[len(data) // 2] ^= 1
        (tmp_path / spec.file).write_bytes(data)
    monkeypatch.setattr("photo2moe.weights.folders", lambda: [tmp_path])
    with pytest.raises(ChecksumError, match=r"is not the released file .*; install photo2moe again"):
        resolve("moe")
    for spec in SHIPPED:
        with pytest.raises(ChecksumError):
            verified(spec)


def test_a_huge_header_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    with pytest.raises(CheckpointFormatError, match="not a safetensors file"):
        load_generator(path)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownWeightsError, match="unknown weights 'nope'; known names are moe"):
        resolve("nope")
    with pytest.raises(UnknownWeightsError, match=r"/no/such.safetensors: no such weights file"):
        resolve("/no/such.safetensors")


def test_every_shipped_file_is_listed_and_intact() -> None:
    for spec in SHIPPED:
        path = locate(spec)
        assert sha256(path) == spec.sha256, f"{spec.file} changed: put its sha256 into weights.py"
        assert path.stat().st_size <= 12_000_000
    folder = Path(__file__).parent.parent / "weights"
    weights = {path.name for suffix in ("safetensors", "onnx") for path in folder.glob(f"*.{suffix}")}
    assert weights == {spec.file for spec in SHIPPED}


def test_the_mean_of_checkpoints_lies_between_them(checkpoint: Path, tmp_path: Path) -> None:
    main = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "mean_weights.py"))["main"]
    other, wide, mean = (tmp_path / f"{name}.safetensors" for name in ("other", "wide", "mean"))
    save_generator(other, Generator(TINY), {})
    save_generator(wide, Generator(replace(TINY, width=8)), {})
    done = CliRunner().invoke(main, [str(mean), f"1={checkpoint}", f"3={other}"])
    assert done.exit_code == 0, done.output
    one, three, got = (load_generator(path).generator.state_dict() for path in (checkpoint, other, mean))
    for name, value in got.items():
        torch.testing.assert_close(value, (one[name] + 3 * three[name]) / 4, rtol=0, atol=1e-3)
    assert load_generator(mean).about == {"mean_of": {"tiny.safetensors": 0.25, "other.safetensors": 0.75}}
    for part, message, code in (
        (str(other), "SHARE=FILE", 2),
        (f"1={wide}", "differ in shape", 1),
        (f"1={tmp_path}/no", "no", 1),
    ):
        failed = CliRunner().invoke(main, [str(tmp_path / "out.safetensors"), f"1={checkpoint}", part])
        assert failed.exit_code == code, failed.output
        assert message in failed.output
    assert not (tmp_path / "out.safetensors").exists()
