"""Students: nets that learn what others draw."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from test_training import CONFIG, SIZE, make_dataset

from photo2moe.checkpoint import load_generator, save_generator
from photo2moe.config import GeneratorConfig, LossWeights
from photo2moe.errors import ConfigError
from photo2moe.nets.generator import Generator
from photo2moe.training.loop import State, train
from photo2moe.training.teacher import Teacher

STUDENT = dataclasses.replace(CONFIG, photo_every=1, rate=1e-2, weights=LossWeights(*[0.0] * 13, distil=1.0))


def teachers(folder: Path, *shapes: GeneratorConfig) -> list[Path]:
    """Checkpoints of nets that draw something each, but no two the same."""
    paths = []
    for number, shape in enumerate(shapes):
        torch.manual_seed(100 + number)
        net = Generator(shape)
        torch.nn.init.normal_(net.out.weight, std=0.2)
        paths.append(folder / f"{number}.safetensors")
        save_generator(paths[-1], net, {})
    return paths


def people() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(7)
    return torch.rand(2, 4, SIZE, SIZE) * 2 - 1, torch.rand(2, 9) * 2 - 1


def test_a_teacher_draws_the_mean_of_its_nets_and_of_their_mirror_images(tmp_path: Path) -> None:
    paths, (roughs, colours) = teachers(tmp_path, CONFIG.generator, CONFIG.generator), people()
    teach = Teacher(paths, CONFIG.generator)
    drawn = [load_generator(path).generator(x, colours) for path in paths for x in (roughs, roughs.flip(3))]
    mean = (drawn[0] + drawn[1].flip(3) + drawn[2] + drawn[3].flip(3)) / 4
    torch.testing.assert_close(teach(roughs, colours), mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(teach(roughs.flip(3), colours), teach(roughs, colours).flip(3), rtol=0, atol=1e-5)
    assert (drawn[0] - drawn[1].flip(3)).abs().mean() > 0.01  # which no net does alone


def test_a_smaller_teachers_drawings_are_enlarged(tmp_path: Path) -> None:
    small = dataclasses.replace(CONFIG.generator, scale=1)
    [path], (roughs, colours) = teachers(tmp_path, small), people()
    roughs = torch.nn.functional.avg_pool2d(roughs, 9, 1, 4)  # noise has no lines to be kept
    large = Teacher([path], CONFIG.generator)(roughs, colours)
    assert large.shape == (2, 4, 2 * SIZE, 2 * SIZE)
    own = Teacher([path], small)(roughs, colours).clamp(-1, 1)
    apart = (torch.nn.functional.avg_pool2d(large, 2) - own).abs().mean()
    assert apart < 0.1 * own.std()


def test_a_student_comes_to_draw_as_its_teacher_does_and_needs_no_judges(tmp_path: Path) -> None:
    [path] = teachers(tmp_path, dataclasses.replace(CONFIG.generator, blocks=2))  # of another shape
    dataset, seen = make_dataset(tmp_path / "dataset"), []
    for steps in (1, 20):
        run, stops = tmp_path / str(steps), iter([False] * (steps - 1) + [True])
        train(dataclasses.replace(STUDENT, images=100), dataset, run, teachers=[path], should_stop=stops.__next__)
        seen.append(json.loads((run / "stats.jsonl").read_text().splitlines()[-1]))
    first, mean = seen
    assert 0 < mean["distil"] < 0.9 * first["distil"]
    assert not any(name.startswith("judge") for name in mean)
    saved = torch.load(run / "state.pt", weights_only=True)["judge"]
    for name, value in State.new(STUDENT).judge.state_dict().items():
        assert torch.equal(saved[name], value), name


@pytest.mark.parametrize(
    ("config", "shape", "message"),
    [
        (CONFIG, CONFIG.generator, "go together"),
        (STUDENT, None, "go together"),
        (STUDENT, GeneratorConfig(2 * SIZE, 1, 4, 1), "cannot teach"),
        (STUDENT, dataclasses.replace(CONFIG.generator, scale=4), "cannot teach"),
    ],
)
def test_teachers_that_cannot_teach_are_refused(tmp_path: Path, config, shape, message) -> None:
    paths = teachers(tmp_path, shape) if shape else []
    with pytest.raises(ConfigError, match=message):
        train(config, make_dataset(tmp_path / "dataset"), tmp_path / "run", teachers=paths)
    assert not (tmp_path / "run").exists()
