"""Weights, engine and device → a net that draws."""

from __future__ import annotations

import os
import sys

from photo2moe.config import GeneratorConfig, PipelineConfig
from photo2moe.errors import ConfigError
from photo2moe.nets.runner import Draw, onnx_runner, torch_runner
from photo2moe.weights import CLEAN, DEFAULT, resolve


def load_net(config: PipelineConfig) -> tuple[Draw, GeneratorConfig]:
    """The generator that the configuration names, and its shape.

    A file ``*.onnx`` runs on ONNX Runtime, and PyTorch is not even imported.
    """
    path = resolve(config.weights)
    if path.suffix.lower() == ".onnx":
        if config.backend == "torch" or config.device not in ("auto", "cpu"):
            raise ConfigError(f"{path} runs on ONNX Runtime and the CPU; leave out --backend and --device")
        return onnx_runner(path)
    if config.backend == "onnx":
        raise ConfigError(f"--backend onnx needs a file made by 'photo2moe export', as --weights FILE.onnx, not {path}")
    from photo2moe.checkpoint import load_generator

    generator = load_generator(path).generator
    return torch_runner(generator, pick_device(config.device)), generator.config


def limit_threads(count: int) -> None:
    """Let every library that computes use at most so many threads, those that are loaded later too."""
    import cv2

    os.environ["OMP_NUM_THREADS"] = str(count)
    cv2.setNumThreads(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def uses_torch(config: PipelineConfig) -> bool:
    """Whether painting as the configuration says runs on PyTorch."""
    shipped = config.weights in (CLEAN, DEFAULT) and config.backend != "torch" and config.device in ("auto", "cpu")
    return not shipped and not config.weights.lower().endswith(".onnx")


def pick_device(name: str) -> str:
    """``auto`` → the best device there is; any other name is checked.

    Raises:
        ConfigError: this machine has no such device.
    """
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[name]:
        raise ConfigError(f"--device {name}: this machine or this build of PyTorch has none; use --device cpu")
    return name
