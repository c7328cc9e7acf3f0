"""A VPose lifter, with or without APM, on a sequence that arrives in chunks of any size."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.data.clip import mirror
from actionprompt.encoders.vpose import VPose
from actionprompt.inference.incremental.app import PromptBank
from actionprompt.inference.incremental.atp import ProjectorFlow, TextPromptFlow
from actionprompt.inference.incremental.encoder import VPoseFlow
from actionprompt.model.apm import OneHot, TextPrompt
from actionprompt.model.lifter import Lifter


class Answer(NamedTuple):
    """What a lifter answers for consecutive frames."""

    pose: Float[Tensor, "n j 3"]
    """Camera axes, root-relative, metres."""
    logits: Float[Tensor, "n k"] | None
    """The classification vector y; None without APM."""


class Flow:
    """Answers from the window that ends at each pushed frame; the first frame is repeated before it.

    A window's answer belongs to the frame ``window.future`` before its end (to its end, if causal). What
    depends on the weights alone is computed when the flow is made; training after that leaves it behind.
    """

    def __init__(self, lifter: Lifter, order: list[int] | None = None) -> None:
        """A flow at its first frame.

        Args:
            lifter: one that :meth:`covers` accepts; put in evaluation mode.
            order: a skeleton's mirror permutation, to average poses and logits with the mirrored sequence's.
        """
        self.lifter, self.order = lifter.eval(), order
        encoder, apm = lifter.encoder, lifter.apm
        assert Flow.covers(lifter)
        assert isinstance(encoder, VPose)
        self.recogniser = self.bank = None
        with torch.no_grad():
            self.encoder = VPoseFlow(encoder, lifter.tap)
            if apm is not None:
                self.recogniser = _recogniser(apm.recogniser, self.encoder.count, self.encoder.stride)
                self.bank = None if apm.pose_prompt is None else PromptBank(apm.pose_prompt)
                self.choose = apm.choose

    @staticmethod
    def covers(lifter: Lifter) -> bool:
        """Whether windows can share this lifter's features: VPose, and enough digits for sums of weights."""
        dtype = next(lifter.parameters()).dtype
        return isinstance(lifter.encoder, VPose) and dtype in (torch.float32, torch.float64)

    @torch.inference_mode()
    def push(self, x: Float[Tensor, "n j 2"]) -> Answer:
        """The answers of the windows that end at the next n frames."""
        views = [x] if self.order is None else [x, mirror(x, self.order)]
        z0, zd = self.encoder.push(torch.stack(views))
        logits = None
        if self.recogniser is not None:
            logits = self.recogniser.push(z0).mean(0)
            if self.bank is not None:
                zd = self.bank.refine(zd, self.choose(logits))
        pose = self.lifter.encoder.head(zd)
        if self.order is None:
            return Answer(pose[0], logits)
        return Answer((pose[0] + mirror(pose[1], self.order)) / 2, logits)

    def over(self, x: Float[Tensor, "b n j 2"]) -> tuple[Float[Tensor, "b n j 3"], Float[Tensor, "b n k"] | None]:
        """Poses and logits of whole sequences: an answer for each frame, as one function that can be traced.

        It keeps nothing and chooses nothing by what the numbers are, and takes memory by the length.
        """
        window = self.lifter.encoder.window
        before, after = x[:, :1].expand(-1, window.past, -1, -1), x[:, -1:].expand(-1, window.future, -1, -1)
        z0, zd = self.encoder.over(torch.cat([before, x, after], dim=1))
        logits = None
        if self.recogniser is not None:
            logits = self.recogniser.over(z0)
            if self.bank is not None:
                zd = self.bank.over(zd, self.choose(logits))
        return self.lifter.encoder.head(zd), logits


def _recogniser(module: nn.Module, count: int, stride: int) -> ProjectorFlow | TextPromptFlow:
    if isinstance(module, OneHot):
        return ProjectorFlow(module.projector, count, stride)
    assert isinstance(module, TextPrompt)
    return TextPromptFlow(module, count, stride)
