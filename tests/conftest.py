"""Shared fixtures: one thread for torch, and the material beside the checkout where it is present."""

import signal
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with Ctrl-C ignored


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``shared`` beside the checkout."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` beside the checkout")
    return folder
