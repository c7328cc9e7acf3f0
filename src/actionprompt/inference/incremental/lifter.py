"""A VPose lifter, with or without APM, on a sequence that arrives in chunks of any size."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.vpose import VPose
from actionprompt.inference.incremental.app import APPBank
from actionprompt.inference.incremental.atp import IncrementalATP, IncrementalProjector
from actionprompt.inference.incremental.encoder import IncrementalVPose
from actionprompt.inference.incremental.history import Before
from actionprompt.model.app import Selection
from actionprompt.model.atp import ATP, ActionClassifier
from actionprompt.model.forward import ForwardPass
from actionprompt.model.lifter import Lifter


class Answer(NamedTuple):
    """What a lifter answers for consecutive frames."""

    pose: Float[Tensor, "n j 3"]
    """Camera axes, root-relative, metres."""
    logits: Float[Tensor, "n k"] | None
    """The classification vector y; None without APM."""


class IncrementalLifter:
    """Answers from the window that ends at each pushed frame; the first frame is repeated before it.

    A window's answer belongs to the frame ``window.future`` before its end (to its end, if causal). What
    depends on the weights alone is computed when it is made; training after that leaves it behind. The methods
    beside ``push`` and ``over`` are the parts of :class:`actionprompt.model.forward.ForwardPass`.
    """

    def __init__(self, lifter: Lifter, order: list[int] | None = None, selection: Selection | None = None) -> None:
        """A lifter at its first frame.

        Args:
            lifter: one that :meth:`covers` accepts; put in evaluation mode.
            order: a skeleton's mirror permutation, to average poses and logits with the mirrored sequence's.
            selection: whose prompts are used; None: as the model's settings say.
        """
        self.lifter, self.order, self.selection = lifter.eval(), order, selection
        encoder, apm = lifter.encoder, lifter.apm
        assert IncrementalLifter.covers(lifter)
        assert isinstance(encoder, VPose)
        self.recogniser = self.bank = None
        with torch.no_grad():
            self.encoder = IncrementalVPose(encoder, lifter.tap)
            if apm is not None:
                self.recogniser = _recogniser(apm.recogniser, self.encoder.count, self.encoder.stride)
                self.bank = None if apm.pose_prompt is None else APPBank(apm.pose_prompt)

    @staticmethod
    def covers(lifter: Lifter) -> bool:
        """Whether windows can share this lifter's features: VPose, and enough digits for sums of weights."""
        dtype = next(lifter.parameters()).dtype
        return isinstance(lifter.encoder, VPose) and dtype in (torch.float32, torch.float64)

    @torch.inference_mode()
    def push(self, x: Float[Tensor, "n j 2"]) -> Answer:
        """The answers of the windows that end at the next n frames."""
        answer = ForwardPass(self, x, self.order, self.selection)
        return Answer(answer.pose(), answer.logits)

    def over(self, x: Float[Tensor, "b n j 2"]) -> tuple[Float[Tensor, "b n j 3"], Float[Tensor, "b n k"] | None]:
        """Poses and logits of whole sequences: an answer for each frame, as one function that can be traced.

        It keeps nothing and chooses nothing by what the numbers are, and takes memory by the length.
        """
        answer = ForwardPass(_Traceable(self), x, selection=self.selection)
        return answer.pose(), answer.logits

    def one(
        self, x: Float[Tensor, "1 j 2"], before: Before
    ) -> tuple[Float[Tensor, "1 j 3"], Float[Tensor, "1 k"] | None]:
        """Pose and logits of the window that ends at one frame, as one function that can be traced.

        Args:
            x: the frame.
            before: is called once for each layer that remembers, always in the same order.
        """
        answer = ForwardPass(_OneFrame(self, before), x, selection=self.selection)
        return answer.pose(), answer.logits

    def encode(self, views: Float[Tensor, "v n j 2"]) -> tuple[Float[Tensor, "v n c0"], Float[Tensor, "v n c"]]:
        """Z0 and Zd of the next frames."""
        return self.encoder.push(views)

    def recognise(self, z0: Float[Tensor, "v n c0"]) -> Float[Tensor, "v n k"] | None:
        """The classification vector y; None without APM."""
        return None if self.recogniser is None else self.recogniser.push(z0)

    def choose(self, y: Float[Tensor, "*b k"], selection: Selection | None) -> Float[Tensor, "*b k"]:
        """The weights of the actions' prompts."""
        assert self.lifter.apm is not None
        return self.lifter.apm.choose(y, selection)

    def refine(
        self, zd: Float[Tensor, "v n c"], weights: Float[Tensor, "n k"], selection: Selection | None
    ) -> Float[Tensor, "v n c"]:
        """Zd_bar; Zd itself where there is no APP."""
        assert self.lifter.apm is not None
        return zd if self.bank is None else self.bank.refine(zd, weights, selection or self.lifter.apm.selection)

    def head(self, zd: Float[Tensor, "v n c"]) -> Float[Tensor, "v n j 3"]:
        """The poses Y."""
        return self.lifter.encoder.head(zd)


class _Traceable:
    """The parts that keep nothing between calls, on (view, sequence, frame)."""

    def __init__(self, whole: IncrementalLifter) -> None:
        self.whole = whole

    def encode(self, views: Float[Tensor, "v b n j 2"]) -> tuple[Float[Tensor, "v b r c0"], Float[Tensor, "v b n c"]]:
        window, x = self.whole.lifter.encoder.window, views.flatten(0, 1)
        before, after = x[:, :1].expand(-1, window.past, -1, -1), x[:, -1:].expand(-1, window.future, -1, -1)
        z0, zd = self.whole.encoder.over(torch.cat([before, x, after], dim=1))
        return z0.unflatten(0, views.shape[:2]), zd.unflatten(0, views.shape[:2])

    def recognise(self, z0: Float[Tensor, "v b r c0"]) -> Float[Tensor, "v b n k"] | None:
        recogniser = self.whole.recogniser
        return None if recogniser is None else recogniser.over(z0.flatten(0, 1)).unflatten(0, z0.shape[:2])

    def choose(self, y: Float[Tensor, "b n k"], selection: Selection | None) -> Float[Tensor, "b n k"]:
        return self.whole.choose(y, selection)

    def refine(
        self, zd: Float[Tensor, "v b n c"], weights: Float[Tensor, "b n k"], selection: Selection | None
    ) -> Float[Tensor, "v b n c"]:
        if self.whole.bank is None:
            return zd
        return self.whole.bank.over(zd.flatten(0, 1), weights.repeat(zd.shape[0], 1, 1)).unflatten(0, zd.shape[:2])

    def head(self, zd: Float[Tensor, "v b n c"]) -> Float[Tensor, "v b n j 3"]:
        return self.whole.lifter.encoder.head(zd.flatten(0, 1)).unflatten(0, zd.shape[:2])


class _OneFrame:
    """The parts for one frame, whose memory is kept elsewhere, on (view, frame)."""

    def __init__(self, whole: IncrementalLifter, before: Before) -> None:
        self.whole, self.before = whole, before

    def encode(self, views: Float[Tensor, "1 1 j 2"]) -> tuple[Float[Tensor, "1 1 c0"], Float[Tensor, "1 1 c"]]:
        return self.whole.encoder.over(views, self.before)

    def recognise(self, z0: Float[Tensor, "1 1 c0"]) -> Float[Tensor, "1 1 k"] | None:
        return None if self.whole.recogniser is None else self.whole.recogniser.over(z0, self.before)

    def choose(self, y: Float[Tensor, "1 k"], selection: Selection | None) -> Float[Tensor, "1 k"]:
        return self.whole.choose(y, selection)

    def refine(
        self, zd: Float[Tensor, "1 1 c"], weights: Float[Tensor, "1 k"], selection: Selection | None
    ) -> Float[Tensor, "1 1 c"]:
        return zd if self.whole.bank is None else self.whole.bank.one(zd, weights)

    def head(self, zd: Float[Tensor, "1 1 c"]) -> Float[Tensor, "1 1 j 3"]:
        return self.whole.head(zd)


def _recogniser(module: nn.Module, count: int, stride: int) -> IncrementalProjector | IncrementalATP:
    if isinstance(module, ActionClassifier):
        return IncrementalProjector(module.projector, count, stride)
    assert isinstance(module, ATP)
    return IncrementalATP(module, count, stride)
