"""What a lifter's file says of its network is compared with its weights before memory is spent on it."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg, TextClassesCfg, TextPromptCfg

LARGEST = 100_000
"""Of the whole numbers in a file's settings: no width, depth or number of frames comes near it."""


def check_sizes(settings: Any) -> None:
    """Refuses settings whose numbers no network has.

    Raises:
        InputError: they ask for more than ``LARGEST`` of something.
    """
    if (largest := max(_whole_numbers(settings), default=0)) > LARGEST:
        raise InputError(f"the settings ask for {largest:,} of something; no network has more than {LARGEST:,}.")


def check_window(cfg: LifterCfg) -> None:
    """Refuses a window that nobody trains with; some networks list pairs of its levels before they have weights.

    Raises:
        InputError: it is longer than ``LARGEST`` frames.
    """
    if cfg.encoder.frames > LARGEST:
        raise InputError(f"the settings ask for windows of more than {LARGEST:,} frames; no network has such.")


def needs_text(cfg: LifterCfg) -> bool:
    """Whether a lifter of these settings loads a text encoder."""
    recogniser = None if cfg.apm is None else cfg.apm.recogniser
    return isinstance(recogniser, TextPromptCfg) and isinstance(recogniser.classes, TextClassesCfg)


def check_baked(cfg: LifterCfg) -> None:
    """Refuses to fetch what a file names.

    Raises:
        InputError: the settings, or defaults in their place, name a text encoder.
    """
    if needs_text(cfg):
        raise InputError(
            "it is not baked and names a text encoder, which is not fetched for a file: bake it where it was made, or "
            "call load(..., text_encoder=True) if you trust it."
        )


def check_weights(build: Callable[[], nn.Module], state: Mapping[str, Tensor]) -> None:
    """Compares names and shapes with a network that takes no memory, and ends when that has more weights than the file.

    Raises:
        InputError: they differ.
    """
    count = itertools.count(1)

    def counted(*_: object) -> None:
        if next(count) > len(state):
            raise InputError(
                "the weights do not fit the stored settings: those are of a network with more weights than the "
                f"file's {len(state)}."
            )

    hook = register_module_parameter_registration_hook(counted)
    try:
        with torch.device("meta"):
            wanted = {key: value.shape for key, value in build().state_dict().items()}
    finally:
        hook.remove()
    for key in sorted(wanted.keys() | state.keys()):
        here, there = state[key].shape if key in state else None, wanted.get(key)
        if here != there:
            words = [f"of shape {tuple(shape)}" if shape is not None else "not there" for shape in (here, there)]
            raise InputError(
                f"the weights do not fit the stored settings: {key} is {words[0]}, and should be {words[1]}."
            )


def _whole_numbers(value: Any) -> Iterator[int]:
    """Every whole number in plain data, and the lengths of its lists."""
    if isinstance(value, dict | list):
        yield len(value)
        for member in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(member)
    elif isinstance(value, int):
        yield value
