"""Configurations: defaults, round trips, and refusals that name the key."""

from __future__ import annotations

import json

import pytest

from photo2moe.config import GeneratorConfig, LossWeights, PipelineConfig, TrainConfig, from_dict, to_dict
from photo2moe.errors import ConfigError


@pytest.mark.parametrize("config", [GeneratorConfig(size=64), TrainConfig(images=5, seed=3), PipelineConfig(size=256)])
def test_round_trip_through_json(config: object) -> None:
    assert from_dict(type(config), json.loads(json.dumps(to_dict(config)))) == config


def test_nested_settings_keep_their_siblings() -> None:
    config = from_dict(TrainConfig, {"weights": {"layout": 3}})
    assert config.weights == LossWeights(layout=3.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"imagez": 3}, "unknown setting imagez"),
        ({"weights": {"cycles": 3}}, "unknown setting weights.cycles"),
        ({"images": "many"}, "images must be int, not 'many'"),
        ({"images": 0}, "images must be at least 1, not 0"),
        ({"compile": 1}, "compile must be bool, not 1"),
        ({"precision": "int4"}, "precision must be bfloat16 or float32, not int4"),
        ({"generator": 7}, "generator. must be a table of values, not 7"),
        ({"generator": {"size": 30}}, "size must be a multiple of 4, 16…1024, not 30"),
    ],
)
def test_bad_training_settings_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(TrainConfig, values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strength": 1.5}, "strength must be 0…1, not 1.5"),
        ({"size": 10}, "size must be 64…4096 pixels, not 10"),
        ({"face": "left"}, "face must be largest, all, or a number from 1, not left"),
        ({"face": "0"}, "face must be largest, all, or a number from 1, not 0"),
        ({"frame": "photo", "background": "white"}, "frame photo keeps the photo's background"),
    ],
)
def test_bad_pipeline_settings_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PipelineConfig(**values)  # type: ignore[arg-type]
    assert message in str(caught.value)
