"""Golden numbers of the published networks, and encoders whose normalisation is not the identity."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from actionprompt.encoders import Encoder, EncoderCfg


@pytest.fixture(scope="session")
def golden_file() -> Callable[[str], Path]:
    """Path of a golden file."""
    return lambda name: Path(__file__).parents[1] / "golden" / f"{name}.npz"


@pytest.fixture(scope="session")
def golden(golden_file) -> Callable[[str], dict[str, Tensor]]:
    """Arrays of a golden file: x, y, state/<key>, and of some the representation."""

    def read(name: str) -> dict[str, Tensor]:
        with np.load(golden_file(name)) as arrays:
            return {key: torch.from_numpy(arrays[key]) for key in arrays}

    return read


@pytest.fixture(scope="session")
def make() -> Callable[..., Encoder]:
    """Builds an encoder in evaluation mode with random weights, scales and running statistics."""

    def build(cfg: EncoderCfg, num_joints: int = 5, seed: int = 0) -> Encoder:
        torch.manual_seed(seed)
        encoder = cfg.build(num_joints).eval()
        for module in encoder.modules():
            if isinstance(module, nn.BatchNorm1d):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.3, 0.9)
                nn.init.uniform_(module.bias, -0.3, 0.3)
        for name, parameter in encoder.named_parameters():
            if name.endswith("_scale"):  # of residuals, which begin at almost nothing
                nn.init.uniform_(parameter, 0.5, 1)
        return encoder

    return build


@pytest.fixture(scope="session")
def count() -> Callable[[EncoderCfg, int], int]:
    """Number of parameters at full size (without allocating them)."""

    def parameters(cfg: EncoderCfg, num_joints: int) -> int:
        with torch.device("meta"):
            return sum(p.numel() for p in cfg.build(num_joints).parameters())

    return parameters
