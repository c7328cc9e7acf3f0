"""The lifter as one function of one tensor, and its trace."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from actionprompt.errors import InputError
from actionprompt.export.stream import StreamForm
from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.inference.lifting import SOFT
from actionprompt.model.files import bake
from actionprompt.model.lifter import Lifter

Form = Literal["window", "sequence", "stream"]

Outputs = tuple[Tensor] | tuple[Tensor, Tensor]
"""Poses, and with APM the actions' probabilities."""


class WindowForm(nn.Module):
    """A batch of windows: the pose of the answered frames, one row of probabilities per window."""

    def __init__(self, lifter: Lifter) -> None:
        super().__init__()
        self.lifter = lifter

    def forward(self, x: Float[Tensor, "b f j i"]) -> Outputs:
        """Poses (b t j 3), probabilities (b k)."""
        pose, logits = self.lifter(x, selection=SOFT)
        return (pose,) if logits is None else (pose, logits.softmax(-1))


class SequenceForm(nn.Module):
    """A batch of whole sequences of equal length: a pose and probabilities per frame, each feature computed once."""

    def __init__(self, lifter: Lifter) -> None:
        super().__init__()
        self.sequence = IncrementalLifter(lifter, selection=SOFT)
        """No module: the weights are constants of the graph, without those that folding has made superfluous."""

    @property
    def lifter(self) -> Lifter:
        """The lifter."""
        return self.sequence.lifter

    def forward(self, x: Float[Tensor, "b n j i"]) -> Outputs:
        """Poses (b n j 3), probabilities (b n k)."""
        pose, logits = self.sequence.over(x)
        return (pose,) if logits is None else (pose, logits.softmax(-1))


Made = WindowForm | SequenceForm | StreamForm


def make(lifter: Lifter, form: Form) -> Made:
    """The lifter, baked, in some form.

    Raises:
        InputError: the sequence or stream form of an encoder whose features depend on the window.
    """
    baked = bake(lifter).float().cpu().requires_grad_(False)
    if form == "window":
        return WindowForm(baked).eval()
    if not IncrementalLifter.covers(baked):
        raise InputError(
            f"{type(baked.encoder).__name__} has no {form} form, because its features depend on the window: "
            "export the form `window`."
        )
    return (SequenceForm if form == "sequence" else StreamForm)(baked).eval()


def trace(form: Made) -> ExportedProgram:
    """The form as a graph that takes any batch, and any length where it takes sequences; a stream takes one frame.

    The known trap: an encoder that asks whether its input has exactly F frames, traced with F frames, takes no other
    length afterwards, and nothing says so. ``IncrementalLifter.over`` asks nothing; the example has a
    length that is not checked.
    """
    lifter = form.lifter
    window, joints = lifter.encoder.window, lifter.num_joints
    if isinstance(form, StreamForm):
        frame = (torch.zeros(1, joints, window.channels), torch.zeros(form.size), torch.zeros(1, dtype=torch.bool))
        with torch.no_grad():
            return torch.export.export(form, frame)
    frames, axes = window.frames, {0: Dim("batch", min=1)}
    if isinstance(form, SequenceForm):
        frames, axes = frames + 4, {**axes, 1: Dim("frames", min=1)}
    example = torch.zeros(3, frames, joints, window.channels)
    with torch.no_grad():
        return torch.export.export(form, (example,), dynamic_shapes=(axes,))
