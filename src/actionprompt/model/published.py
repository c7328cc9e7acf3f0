"""Published checkpoints of other people's lifters as lifters: their architecture is told from their weights' names."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from actionprompt.encoders.checkpoint_keys import CheckpointLayout
from actionprompt.encoders.checkpoint_reader import read_checkpoint
from actionprompt.encoders.config import EncoderCfg
from actionprompt.encoders.published_weights import layouts, load_authors
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import H36M_17, HUMANEVA_15

SUFFIXES = (".bin", ".pth", ".pt", ".npz")
"""What such files are called."""
METRES = 2.18
"""Metres per unit of an answer that is relative to the picture: for a person 5 m from Human3.6M's cameras, whose focal
length is 1,145 pixels at a width of 1,000 (a unit is half the width: 500 / 1,145 * 5 m)."""


def load_published(path: Path) -> Lifter:
    """The lifter of a published checkpoint, without APM.

    MotionBERT and MotionAGFormer answer in half widths of the picture; their answers are scaled to metres for a person
    at a usual distance, so that poses have about the right size.

    Raises:
        InputError: not a checkpoint, of no known architecture, or of sizes that do not fit it.
    """
    state = read_checkpoint(path)
    layout = _layout(state, path)
    shapes = {key: tensor.shape for key, tensor in state.items()}
    try:
        settings, num_joints = layout.settings(shapes)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{path} begins like a checkpoint of {layout.name}, but lacks {error}.") from error
    assert isinstance(settings, EncoderCfg)
    lifter = LifterCfg(settings, None).build(num_joints)
    load_authors(lifter.encoder, state)
    if settings.input_channels == 3:
        _to_metres(lifter)
    skeleton = {17: H36M_17, 15: HUMANEVA_15}.get(num_joints)
    lifter.metadata = {
        "skeleton": skeleton.name if skeleton else "",
        "fps": "50",
        "data": f"the data of {layout.name}'s authors (their licence applies, Human3.6M's for academic use among them)",
        "encoder": describe(layout, settings, num_joints),
    }
    return lifter.eval()


def is_published(path: Path) -> bool:
    """Whether a file looks like somebody's checkpoint by its name."""
    return path.is_file() and path.suffix.lower() in SUFFIXES


def describe(layout: CheckpointLayout, settings: EncoderCfg, num_joints: int) -> str:
    """What a checkpoint is, in a sentence."""
    assumed = f"; assumed: {layout.assumed}" if layout.assumed else ""
    return f"a published checkpoint of {layout.name}: {settings.title}, {num_joints} joints{assumed}"


def _layout(state: Mapping[str, Tensor], path: Path) -> CheckpointLayout:
    known = layouts()
    found = next((layout for layout in known if layout.mark in state), None)
    if found is not None:
        return found
    keys = list(state)
    seen = ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
    near = max(known, key=lambda layout: _alike(layout.mark, keys))
    raise InputError(
        f"{path} is a checkpoint of an unknown architecture: its weights are called {seen}. The nearest known one is "
        f"{near.name}, which has {near.mark!r}; known are {', '.join(layout.name for layout in known)}. "
        "Any other network: docs/any_network.md."
    )


def _alike(mark: str, keys: list[str]) -> int:
    """How many of a checkpoint's keys share words with a layout's mark."""
    words = set(mark.split(".")) - {"weight", "0"}
    return sum(bool(words & set(key.split("."))) for key in keys)


@torch.no_grad()
def _to_metres(lifter: Lifter) -> None:
    """The last projection is linear: its weights take the factor."""
    projection = lifter.encoder.get_submodule("regress")
    for parameter in projection.parameters():
        parameter.mul_(METRES)
