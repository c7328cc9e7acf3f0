"""The stream form: one frame and a memory in, one answer and the next memory out, so that a frame costs a frame."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from actionprompt.inference.incremental import IncrementalLifter
from actionprompt.inference.lifting import SOFT
from actionprompt.model.lifter import Lifter

Step = Callable[[Float[np.ndarray, "1 j i"], Float[np.ndarray, " s"], Bool[np.ndarray, " 1"]], tuple[np.ndarray, ...]]
"""An exported stream: keypoints, state and whether they are a sequence's first to pose, next state and, with APM,
probabilities."""


class StreamForm(nn.Module):
    """One frame; what the layers remember of those before is one row of numbers, which the caller keeps.

    The answer belongs to the frame ``window.future`` before. Before a sequence's first frame stands that frame,
    repeated, so that whatever state comes with it is not read.
    """

    def __init__(self, lifter: Lifter) -> None:
        super().__init__()
        self.sequence = IncrementalLifter(lifter, selection=SOFT)
        """No module, as in the form for sequences."""
        memory = _Measured()
        with torch.no_grad():
            self.sequence.one(torch.zeros(1, lifter.num_joints, lifter.encoder.window.channels), memory.before)
        self.size = memory.size
        """Numbers of a state."""

    @property
    def lifter(self) -> Lifter:
        """The lifter."""
        return self.sequence.lifter

    def forward(
        self, x: Float[Tensor, "1 j i"], state: Float[Tensor, " s"], first: Bool[Tensor, " 1"]
    ) -> tuple[Tensor, ...]:
        """Pose (1 j 3), the next state (s) and, with APM, probabilities (1 k)."""
        memory = _Memory(state, first)
        pose, logits = self.sequence.one(x, memory.before)
        following = torch.cat(memory.kept) if memory.kept else state.clone()  # layers of width 1 remember nothing
        return (pose, following) if logits is None else (pose, following, logits.softmax(-1))


class _Measured:
    """How many numbers the layers remember."""

    def __init__(self) -> None:
        self.size = 0

    def before(self, rows: Float[Tensor, "1 1 c"], reach: int) -> Float[Tensor, "1 r c"]:
        self.size += reach * rows.shape[-1]
        return rows.expand(-1, reach + 1, -1)


class _Memory:
    """The rows of all layers, one after the other in one row of numbers."""

    def __init__(self, state: Float[Tensor, " s"], first: Bool[Tensor, " 1"]) -> None:
        self.state, self.first, self.read = state, first, 0
        self.kept: list[Float[Tensor, " _"]] = []

    def before(self, rows: Float[Tensor, "1 1 c"], reach: int) -> Float[Tensor, "1 r c"]:
        """The rows with the ``reach`` older ones of this layer."""
        if not reach:
            return rows
        begin, self.read = self.read, self.read + reach * rows.shape[-1]
        older = self.state[begin : self.read].view(1, reach, rows.shape[-1])
        older = torch.where(self.first, rows, older)
        self.kept.append(torch.cat([older[:, 1:], rows], dim=1).flatten())
        return torch.cat([older, rows], dim=1)


def stepped(step: Step, size: int, lag: int) -> Callable[[Float[np.ndarray, "b n j i"]], tuple[np.ndarray, ...]]:
    """A stream as a function of whole sequences: an answer for each frame, the last one repeated at the end.

    Args:
        step: the stream.
        size: numbers of its state.
        lag: frames after which a frame is answered.
    """

    def run(x: Float[np.ndarray, "b n j i"]) -> tuple[np.ndarray, ...]:
        parts = zip(*[_sequence(step, sequence, size, lag) for sequence in x], strict=True)
        return tuple(np.stack(part) for part in parts)

    return run


def _sequence(step: Step, x: Float[np.ndarray, "n j i"], size: int, lag: int) -> tuple[np.ndarray, ...]:
    """Poses (n j 3) and, with APM, probabilities (n k)."""
    state, answers = np.zeros(size, np.float32), []
    for i in range(x.shape[0] + lag):
        pose, state, *probability = step(x[min(i, x.shape[0] - 1)][None], state, np.array([i == 0]))
        answers.append((pose[0], *(row[0] for row in probability)))
    return tuple(np.stack(part) for part in zip(*answers[lag:], strict=True))
