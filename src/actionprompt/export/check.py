"""An exported file against PyTorch: the same answers at other lengths and batch sizes than it was traced with."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import with_confidence
from actionprompt.export.forms import Form
from actionprompt.inference.lifting import SOFT, lift
from actionprompt.model.lifter import Lifted, Lifter

Run = Callable[[Float[np.ndarray, "b n j i"]], tuple[Float[np.ndarray, "..."], ...]]
"""An exported file: keypoints to poses and, with APM, probabilities."""

TOLERANCE = 1e-4
"""Metres, and parts of one."""


class Deviation(NamedTuple):
    """The largest differences for one shape of input."""

    batch: int
    frames: int
    pose: float
    """Metres; where both recognise the same action."""
    probability: float
    """0 without APM."""
    other_action: int
    """Answers that take another action, though PyTorch's best two differ by more than the tolerance."""

    @property
    def passed(self) -> bool:
        """Whether this is rounding."""
        return self.pose <= TOLERANCE and self.probability <= TOLERANCE and not self.other_action


def check(run: Run, lifter: Lifter, form: Form) -> list[Deviation]:
    """Compares at two batch sizes, and for sequences at three lengths: one frame, F (the trap), more than two F.

    A stream takes one sequence at a time.
    """
    frames = lifter.encoder.window.frames
    lengths = [frames] if form == "window" else [1, frames, 2 * frames + 5]
    channels = lifter.encoder.window.channels
    batches = {"window": [1, 2, 5], "sequence": [1, 3], "stream": [1]}[form]
    return [compare(run, lifter, form, wander(b, n, lifter.num_joints, channels)) for n in lengths for b in batches]


def compare(run: Run, lifter: Lifter, form: Form, x: Float[Tensor, "b n j i"]) -> Deviation:
    """The largest differences for some keypoints."""
    pose, *probability = (torch.from_numpy(array) for array in run(x.numpy()))
    expected, *expected_probability = answers(lifter, form, x)
    assert pose.shape == expected.shape, f"{tuple(pose.shape)}, not {tuple(expected.shape)}"
    error = (pose - expected).abs().amax((-1, -2))  # b t
    if not probability:
        return Deviation(x.shape[0], x.shape[1], _largest(error), 0.0, 0)
    assert probability[0].shape == expected_probability[0].shape
    same = probability[0].argmax(-1) == expected_probability[0].argmax(-1)
    best = expected_probability[0].topk(2).values
    clear = best[..., 0] - best[..., 1] > TOLERANCE
    comparable = same[:, None].expand_as(error) if form == "window" else same
    return Deviation(
        batch=x.shape[0],
        frames=x.shape[1],
        pose=_largest(error[comparable]),
        probability=_largest((probability[0] - expected_probability[0]).abs()),
        other_action=int((clear & ~same).sum()),
    )


def answers(lifter: Lifter, form: Form, x: Float[Tensor, "b n j i"]) -> tuple[Tensor, ...]:
    """What PyTorch answers: the lifter on windows, :func:`actionprompt.inference.lifting.lift` on each sequence."""
    with torch.inference_mode():
        if form == "window":
            lifted: Lifted = lifter(x, selection=SOFT)
            return (lifted.pose,) if lifted.logits is None else (lifted.pose, lifted.logits.softmax(-1))
        poses = [lift(lifter, sequence, camera=None) for sequence in x]  # the graph is the network alone
    pose = torch.stack([one.pose for one in poses])
    return (pose,) if lifter.apm is None else (pose, torch.stack([one.probability for one in poses]))


def wander(b: int, n: int, joints: int, channels: int = 2) -> Float[Tensor, "b n j i"]:
    """Random walks on the normalised screen: smooth, but never at rest; a third channel is a random confidence."""
    random = torch.Generator().manual_seed(n)
    steps = torch.randn(b, n, joints, 2, generator=random)
    walks = 0.3 * steps.cumsum(1) / n**0.5 + 0.1 * steps
    return walks if channels == 2 else with_confidence(walks, torch.rand(b, n, joints, generator=random))


def _largest(x: Float[Tensor, "..."]) -> float:
    """NaN counts as infinite."""
    return float(x.nan_to_num(torch.inf).amax()) if x.numel() else 0.0
