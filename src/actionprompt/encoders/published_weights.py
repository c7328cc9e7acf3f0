"""Loads the checkpoints that the encoders' authors published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import Size, Tensor

from actionprompt.encoders.base import Encoder
from actionprompt.encoders.checkpoint_keys import GROUPED, CheckpointLayout, KeyMapping
from actionprompt.encoders.checkpoint_reader import network_of, read_checkpoint
from actionprompt.encoders.config import encoder_settings
from actionprompt.errors import InputError


def load_authors(encoder: Encoder, source: Path | str | Mapping[str, Any]) -> str:
    """Loads weights in the layout of the encoder's authors: each tensor must be there, fit, and have a place.

    Args:
        encoder: a network whose authors published weights. Nothing in a file tells a causal VPose from a plain one.
        source: A file (see :func:`~actionprompt.encoders.checkpoint_reader.read_checkpoint`), or what
            such a file holds.

    Returns:
        The layout's name.

    Raises:
        InputError: unreadable, of another encoder, or of other sizes; the encoder is unchanged then.
    """
    where = "The mapping" if isinstance(source, Mapping) else str(source)
    if isinstance(source, Mapping):
        source = {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in source.items()}
        state = network_of(source, where)
    else:
        state = read_checkpoint(Path(source))
    layout = _layout(encoder, state, where)
    rows = list(layout.rows(encoder))
    state = _with_counters(state, rows)
    _check(layout, encoder, rows, state, where)
    encoder.load_state_dict({row.ours: _rearranged(state[row.theirs], row, encoder) for row in rows})
    return layout.name


def layouts() -> tuple[CheckpointLayout, ...]:
    """All known layouts, in the order of the encoders."""
    found = (settings.network().published() for settings in encoder_settings())
    return tuple(layout for layout in found if layout is not None)


def layout_of(encoder: Encoder) -> CheckpointLayout:
    """The layout in which the encoder's authors published it.

    Raises:
        InputError: none is known.
    """
    layout = encoder.published()
    if layout is None:
        raise InputError(f"No published checkpoint layout is known for {type(encoder).__name__}.")
    return layout


def _layout(encoder: Encoder, state: Mapping[str, Tensor], where: str) -> CheckpointLayout:
    """The encoder's layout, which must be the file's too."""
    layout = layout_of(encoder)
    if layout.mark not in state:
        found = next((one.name for one in layouts() if one.mark in state), None)
        kind = f"is a checkpoint of {found}" if found else "has none of the published layouts"
        raise InputError(f"{where} {kind}, and this model is a {type(encoder).__name__} ({layout.name}).")
    return layout


def _rearranged(tensor: Tensor, row: KeyMapping, encoder: Encoder) -> Tensor:
    if row.axes == GROUPED:
        return rearrange(tensor, row.axes, g=encoder.get_parameter(row.ours).shape[0])
    return rearrange(tensor, row.axes)


def _with_counters(state: Mapping[str, Tensor], rows: list[KeyMapping]) -> dict[str, Tensor]:
    """Files older than PyTorch 0.4.1 have no batch counters at all; nothing reads them, so they are zero."""
    counters = [row.theirs for row in rows if row.theirs.endswith(".num_batches_tracked")]
    absent = not any(key in state for key in counters)
    return {**state, **({key: torch.zeros((), dtype=torch.long) for key in counters} if absent else {})}


def _check(
    layout: CheckpointLayout, encoder: Encoder, rows: list[KeyMapping], state: Mapping[str, Tensor], where: str
) -> None:
    own = encoder.state_dict()
    needed = {row.theirs: _their_shape(own[row.ours], row) for row in rows}
    assert {row.ours for row in rows} == set(own), "the table leaves tensors out"
    shapes = {key: tensor.shape for key, tensor in state.items()}
    for key, tensor in state.items():
        counter = key.endswith(".num_batches_tracked")
        if not counter and not (tensor.is_floating_point() and tensor.isfinite().all()):
            raise InputError(f"{where}: the weights '{key}' are not all finite fractions: did the training diverge?")
    for key in (*needed, *shapes):
        here, want = shapes.get(key), needed.get(key)
        if here == want:
            continue
        what = (
            f"no '{key}', which this model needs in shape {tuple(want or ())}" if here is None
            else f"'{key}' of shape {tuple(here)}, which this model does not have" if want is None
            else f"'{key}' of shape {tuple(here)}, and this model needs {tuple(want)}"
        )  # fmt: skip
        raise InputError(f"{where} has {what}{_reason(layout, shapes, needed)}.")


def _their_shape(tensor: Tensor, row: KeyMapping) -> Size:
    theirs, ours = row.axes.split(" -> ")
    return rearrange(tensor, f"{ours} -> {theirs}").shape


def _reason(layout: CheckpointLayout, here: Mapping[str, Size], want: Mapping[str, Size]) -> str:
    """The difference in a user's words, where the shapes tell it."""
    try:
        facts = layout.facts(here)
    except (KeyError, IndexError):  # too damaged to tell
        return ""
    own = layout.facts(want)
    differences = [f"{facts[name]} {name}, this model {own[name]}" for name in own if facts[name] != own[name]]
    return f"; the checkpoint has {'; '.join(differences)}" if differences else ""
