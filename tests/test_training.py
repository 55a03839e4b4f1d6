"""Training: losses whose value is known, and a run that resumes exactly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from photo2moe.checkpoint import load_generator
from photo2moe.config import DiscriminatorConfig, GeneratorConfig, LossWeights, TrainConfig
from photo2moe.errors import ConfigError, TrainingError
from photo2moe.nets.discriminator import Scores
from photo2moe.nets.generator import Generator
from photo2moe.ops.geometry import Template
from photo2moe.ops.tone import DRAWN
from photo2moe.training import objective
from photo2moe.training.data import Dataset, _level
from photo2moe.training.loop import State, saved_config, train

SIZE = 64
CONFIG = TrainConfig(
    images=8,
    batch=2,
    sample_every=4,
    save_every=4,
    shift=2,
    compile=False,
    generator=GeneratorConfig(SIZE, 2, 4, 1),
    discriminator=DiscriminatorConfig(4),
)


def make_dataset(folder: Path) -> Path:
    """A dataset of noise, in the form that ``prepare`` writes."""
    random = np.random.default_rng(5)
    folder.mkdir()
    for name, count in (("photo", 6), ("moe", 8)):
        side = SIZE if name == "photo" else 2 * SIZE
        np.save(folder / f"{name}_rgba.npy", random.integers(0, 256, (count, side, side, 4), np.uint8))
        np.save(folder / f"{name}_colours.npy", random.integers(0, 256, (count, 9), np.uint8))
        valid = np.tile(np.array([0, 0, 2 * SIZE, 2 * SIZE], np.int16), (count, 1))
        valid[::2] = (8, 8, 2 * SIZE - 8, 2 * SIZE - 12)
        np.save(folder / f"{name}_valid.npy", valid)
        np.save(
            folder / f"{name}_regions.npy",
            random.integers(0, 256, (count, SIZE, SIZE, 3 if name == "photo" else 2), np.uint8),
        )
        marks = [-0.5, 0, 0.5, 0.5, 0, 0.5, 0, 0.7, 0.3, 0.1, 0, *[-0.45] * 6, 1.05, 0.3]
        np.save(folder / f"{name}_features.npy", np.tile(np.array(marks, np.float32), (count, 1)))
    np.save(folder / "photo_lines.npy", random.integers(0, 256, (6, 2 * SIZE, 2 * SIZE), np.uint8))
    about = {"size": SIZE, "scale": 2, "template": dataclasses.asdict(Template()), "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(about))
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "dataset")


def test_adversarial_loss_of_known_scores() -> None:
    scores = Scores(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5]]), [])
    assert objective.adversarial(scores, 1.0).item() == pytest.approx((0.5 + 0.25) / 2)
    assert objective.adversarial(scores, 0.0).item() == pytest.approx((0.5 + 0.25) / 2)


def test_masked_l1_counts_only_the_mask() -> None:
    one, other, mask = torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, 2), torch.zeros(1, 1, 2, 2)
    other[..., 0, 0] = 3
    mask[..., 0, 0] = 1
    assert objective.masked_l1(one, other, mask).item() == 3
    assert objective.masked_l1(one, other, mask * 0).item() == 0
    mask = torch.zeros(2, 1, 2, 2)
    mask[0, :, 0, 0], mask[1] = 1, 1
    pair = torch.stack([torch.ones(1, 2, 2), torch.full((1, 2, 2), 3.0)])
    assert objective.masked_l1(torch.zeros(2, 1, 2, 2), pair, mask).item() == 2  # each picture counts alike


def test_layout_sees_cells_not_lines() -> None:
    flat, striped = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    striped[..., ::2] = -1
    assert objective.layout(striped, flat, 4).item() == 0
    assert objective.layout(flat + 0.5, flat, 4).item() == pytest.approx(0.5)


def test_bare_skin_is_flat_and_of_the_one_tone() -> None:
    rough = torch.ones(1, 4, 16, 16)
    rough[:, :3, :, :12] = (torch.tensor(DRAWN) / 127.5 - 1)[:, None, None]
    rough[:, :3, 4, 4] = -1  # a lash
    found = objective.bare(rough)[0, 0]
    assert found[12, 8] == 1
    assert found[2:7, 2:7].sum() == 0
    assert found[:, 10:].sum() == 0


def test_feature_matching_is_the_mean_distance_of_the_layers() -> None:
    none = torch.zeros(1, 1)
    one = Scores(none, none, [torch.zeros(1, 2, 2, 2), torch.zeros(1, 4, 1, 1)])
    other = Scores(none, none, [torch.ones(1, 2, 2, 2), torch.full((1, 4, 1, 1), 3.0)])
    assert objective.alike(one, other).item() == 2


def test_move_shifts_and_repeats_the_edge() -> None:
    picture = torch.arange(4.0).expand(1, 1, 4, 4)
    moved = objective.move(picture, torch.tensor([[2, 0]]))
    assert moved[0, 0, 0].tolist() == [2, 3, 3, 3]
    torch.testing.assert_close(objective.move(picture, torch.tensor([[0, 3]])), picture)


def test_judges_see_nothing_outside_the_valid_part() -> None:
    valid = torch.zeros(1, 1, 4, 4)
    valid[..., 1:3, 1:3] = 1
    one, other = torch.zeros(1, 4, 4, 4), torch.zeros(1, 4, 4, 4)
    other[..., 0, 0] = 1
    still = torch.zeros(1, 2, dtype=torch.int64)
    torch.testing.assert_close(objective.seen(one, valid, still), objective.seen(other, valid, still))


def test_the_discriminators_loss_leaves_no_gradient_on_the_generators(dataset: Path) -> None:
    state, data = State.new(CONFIG), Dataset(dataset, CONFIG)
    nets = objective.Nets(state.draw, state.judge, state.judge_eyes)
    pairs, photos, shifts = data.pairs(0), data.photos(0), torch.zeros(2, 2, dtype=torch.int64)
    regions = objective.Regions.on(Template(), SIZE, 2)
    _, parts, fakes = objective.generator_loss(nets, pairs, photos, regions, CONFIG.weights, shifts)
    assert set(parts) == {f.name for f in dataclasses.fields(LossWeights)} - {"photo", "gradient"}
    loss, _ = objective.discriminator_loss(nets, pairs, fakes, regions, shifts)
    loss.backward()
    assert all(p.grad is None for p in state.draw.parameters())
    assert all(p.grad is not None for p in state.judge.parameters())


def test_a_batch_depends_on_seed_and_step_alone(dataset: Path) -> None:
    first, second = Dataset(dataset, CONFIG), Dataset(dataset, CONFIG)
    second.pairs(0)
    torch.testing.assert_close(first.pairs(7).moe, second.pairs(7).moe)
    torch.testing.assert_close(first.photos(7).rough, second.photos(7).rough)
    assert not torch.equal(first.photos(7).rough, first.photos(8).rough)
    other = Dataset(dataset, dataclasses.replace(CONFIG, seed=1))
    assert not torch.equal(first.pairs(7).rough, other.pairs(7).rough)


def test_rare_skins_are_drawn_more_often_than_they_come() -> None:
    lightness = np.array([700.0] * 98 + [200.0] * 2)
    chances = _level(lightness)
    assert chances.sum() == pytest.approx(1)
    assert chances[-2:].sum() == pytest.approx(0.5 * 0.02 + 0.5 * 0.5)


def test_two_parts_make_the_whole_batch(dataset: Path) -> None:
    data = Dataset(dataset, CONFIG)
    for batch in (data.pairs, data.photos):
        halves = [batch(3, rank, 2).rough for rank in (0, 1)]
        torch.testing.assert_close(torch.cat(halves), batch(3).rough)


def test_a_run_explains_itself(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert train(CONFIG, dataset, run) == 8
    assert saved_config(run) == CONFIG
    last = json.loads((run / "stats.jsonl").read_text().splitlines()[-1]) if (run / "stats.jsonl").exists() else {}
    assert all(np.isfinite(value) for value in last.values())
    assert {p.name for p in (run / "samples").iterdir()} == {"0000004.png", "0000008.png"}
    average = load_generator(run / "snapshots" / "0000008.safetensors")
    assert average.about == {"images": 8}
    begin, end = State.new(CONFIG), torch.load(run / "state.pt", weights_only=True)
    moved = end["draw"]["out.weight"] - begin.draw.out.weight
    lagged = average.generator.out.weight - begin.draw.out.weight
    assert 0 < lagged.detach().abs().mean() < moved.detach().abs().mean()


def test_resuming_reaches_the_same_weights(dataset: Path, tmp_path: Path) -> None:
    train(CONFIG, dataset, tmp_path / "whole")
    asked = iter([False, True])
    assert train(CONFIG, dataset, tmp_path / "parts", should_stop=lambda: next(asked)) == 4
    assert train(CONFIG, dataset, tmp_path / "parts", resume=True) == 8
    whole, parts = (torch.load(tmp_path / n / "state.pt", weights_only=True) for n in ("whole", "parts"))
    for net in ("draw", "judge_eyes", "average"):
        for name, value in whole[net].items():
            torch.testing.assert_close(parts[net][name], value, rtol=0, atol=0)


def test_training_can_start_from_a_checkpoint(dataset: Path, tmp_path: Path) -> None:
    train(CONFIG, dataset, tmp_path / "first")
    start = tmp_path / "first" / "snapshots" / "0000008.safetensors"
    train(dataclasses.replace(CONFIG, images=2, rate=1e-9), dataset, tmp_path / "second", init=start)
    again = load_generator(tmp_path / "second" / "snapshots" / "0000002.safetensors").generator
    torch.testing.assert_close(again.out.weight, load_generator(start).generator.out.weight, rtol=0, atol=1e-3)


def test_attention_begins_as_nothing_and_learns(dataset: Path, tmp_path: Path) -> None:
    train(CONFIG, dataset, tmp_path / "first")
    start = tmp_path / "first" / "snapshots" / "0000008.safetensors"
    shape = dataclasses.replace(CONFIG.generator, attention=True)
    attentive = Generator(shape)
    plain = load_generator(start).generator
    attentive.load_state_dict(plain.state_dict(), strict=False)
    pictures, colours = torch.rand(1, 4, SIZE, SIZE), torch.rand(1, 9)
    torch.testing.assert_close(attentive(pictures, colours), plain(pictures, colours))
    config = dataclasses.replace(CONFIG, images=8, generator=shape)
    train(config, dataset, tmp_path / "second", init=start)
    after = load_generator(tmp_path / "second" / "snapshots" / "0000008.safetensors").generator
    assert after.config == shape
    assert after.attention is not None and after.attention.share.abs().item() > 0


def test_steepness_is_half_the_squared_gradient() -> None:
    slopes = torch.tensor([3.0, -4.0])[:, None, None]

    def judge(pictures: torch.Tensor) -> Scores:
        whole = (pictures * slopes).sum((1, 2, 3))[:, None]
        return Scores(0 * whole, whole, [])

    assert objective.steepness(judge, torch.rand(3, 2, 1, 1)).item() == pytest.approx((9 + 16) / 2)


def test_the_penalty_adds_to_the_judges_loss_and_reaches_their_weights(dataset: Path) -> None:
    state, data = State.new(CONFIG), Dataset(dataset, CONFIG)
    state.judge.eval(), state.judge_eyes.eval()  # so that spectral norms stay as they are
    nets = objective.Nets(state.draw, state.judge, state.judge_eyes)
    pairs, shifts = data.pairs(0), torch.zeros(2, 2, dtype=torch.int64)
    regions, fakes = objective.Regions.on(Template(), SIZE, 2), objective.Fakes(data.pairs(1).moe, None)
    without, _ = objective.discriminator_loss(nets, pairs, fakes, regions, shifts)
    penalised, _ = objective.discriminator_loss(nets, pairs, fakes, regions, shifts, 1e4)
    views = objective.seen(pairs.moe, pairs.valid, shifts), objective.looked_at(pairs.moe, pairs.valid, regions, shifts)
    judges = state.judge, state.judge_eyes
    slopes = [objective.steepness(judge, view) for judge, view in zip(judges, views, strict=True)]
    assert sum(slopes).item() > 0
    assert (penalised - without).item() == pytest.approx(1e4 * sum(slopes).item(), rel=0.02)
    (penalised - without).backward()
    assert all(parameter.grad is not None for parameter in state.judge.trunk.parameters())


@pytest.mark.parametrize("kind", ["full", "no state", "no run", "no dataset", "other size", "odd batch"])
def test_runs_that_cannot_start_say_why(
    dataset: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    messages = {
        "full": "is not empty",
        "no state": "before its first state",
        "no run": "holds no run to resume",
        "no dataset": "is not a dataset",
        "other size": "holds roughs of 64 px and drawings of 128, the net wants 128 and 128",
        "odd batch": "cannot be shared by 2 processes",
    }
    config, resume = CONFIG, kind.startswith("no ") and kind != "no dataset"
    if kind == "full":
        (run / "thesis.txt").touch()
    elif kind == "no state":
        (run / "config.json").write_text("{}")
    elif kind == "no dataset":
        dataset = tmp_path
    elif kind == "other size":
        config = dataclasses.replace(CONFIG, generator=GeneratorConfig(128, 1, 4, 1))
    elif kind == "odd batch":
        from photo2moe.training.ranks import Ranks

        monkeypatch.setattr(Ranks, "join", classmethod(lambda cls: cls(0, 2)))
        config = dataclasses.replace(CONFIG, batch=3)
    with pytest.raises((TrainingError, ConfigError), match=messages[kind]):
        train(config, dataset, run, resume=resume)
