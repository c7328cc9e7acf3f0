"""ATP on a sequence that arrives in chunks, or as a whole: the logits of the window that ends at each new frame."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from actionprompt.encoders.layers import TemporalBlock
from actionprompt.inference.incremental.encoder import IncrementalBlock
from actionprompt.inference.incremental.history import Before, History, cut, slide, sliding_sum, whole
from actionprompt.inference.incremental.p2t import IncrementalPoseToText
from actionprompt.model.atp import ATP, ActionProjector


class IncrementalProjector:
    """A = Proj(Z0) of windows whose Z0 is ``count`` rows, ``stride`` apart, up to each new row.

    A block's stride becomes a dilation. It joins a window's vectors from the oldest on; up to two of the
    newest are left over.
    """

    def __init__(self, projector: ActionProjector, count: int, stride: int) -> None:
        self.out = projector.out
        self.blocks: list[IncrementalBlock | TemporalBlock] = []
        self.unused = 0
        """Rows between the newest one that a window's mean uses and the window's end."""
        for block in projector.blocks:
            assert isinstance(block, TemporalBlock)
            if count < block.width:
                self.blocks.append(block)
                continue
            self.blocks.append(IncrementalBlock(block, stride, History(0), phase=1))
            self.unused += count % block.width * stride
            count, stride = count // block.width, stride * block.width
        self.count, self.stride = count, stride
        self.history = History(self.unused + (count - 1) * stride)

    def push(self, z0: Float[Tensor, "b n c0"]) -> Float[Tensor, "b n d"]:
        """A; the mean over time is taken behind the linear layer, which is the narrower side."""
        for block in self.blocks:
            z0 = block.push(z0) if isinstance(block, IncrementalBlock) else block.pointwise(z0)
        rows = cut(self.history.extend(F.linear(z0, self.out.weight)), 0, self.unused)
        return sliding_sum(rows, self.count, self.stride) / self.count + self.out.bias

    def over(self, z0: Float[Tensor, "b r c0"], before: Before = whole) -> Float[Tensor, "b n d"]:
        """The same of a whole sequence."""
        for block in self.blocks:
            if isinstance(block, IncrementalBlock):
                z0 = block.over(before(z0, block.history.reach))
            else:
                z0 = block.pointwise(z0)
        rows = cut(before(F.linear(z0, self.out.weight), self.history.reach), 0, self.unused)
        return slide(rows, self.count, self.stride, Tensor.add, cut) / self.count + self.out.bias


class IncrementalATP:
    """y_k = cos(T_bar_k, A) / tau (Eq. 5), with T_bar = T + gamma * (W t_hat + b).

    T_bar itself, K wide vectors a frame, is never made. Let gamma * W = Q R, Q's columns orthonormal, and
    T' = T + gamma * b: the part of T_bar in Q's span is Q^T T' + R t_hat, and the rest is that of T'.
    """

    def __init__(self, prompt: ATP, count: int, stride: int) -> None:
        self.narrow = prompt.narrow
        self.projector = IncrementalProjector(prompt.projector, count, stride)
        self.temperature = prompt.temperature
        self.t: Tensor = prompt.classes()
        self.pose_to_text = None
        if (p2t := prompt.pose_to_text) is not None:
            self.q, r = torch.linalg.qr(p2t.gamma[:, None] * p2t.out.weight)
            self.pose_to_text = IncrementalPoseToText(p2t, self.t, r, count, stride)
            self.t = self.t + p2t.gamma * p2t.out.bias
            self.inside = self.t @ self.q
            self.outside = torch.linalg.vector_norm(self.t - self.inside @ self.q.mT, dim=-1)

    def push(self, z0: Float[Tensor, "b n c0"]) -> Float[Tensor, "b n k"]:
        """The logits y."""
        z0 = z0 if self.narrow is None else self.narrow(z0)
        found = None if self.pose_to_text is None else self.pose_to_text.push(z0)
        return self._compare(self.projector.push(z0), found)

    def over(self, z0: Float[Tensor, "b r c0"], before: Before = whole) -> Float[Tensor, "b n k"]:
        """The same of a whole sequence."""
        z0 = z0 if self.narrow is None else self.narrow(z0)
        found = None if self.pose_to_text is None else self.pose_to_text.over(z0, before)
        return self._compare(self.projector.over(z0, before), found)

    def _compare(self, a: Float[Tensor, "b n d"], found: Float[Tensor, "b n k m"] | None) -> Float[Tensor, "b n k"]:
        a = F.normalize(a, dim=-1)
        product = a @ self.t.mT
        if found is None:
            length = torch.linalg.vector_norm(self.t, dim=-1)
        else:
            product = product + (found @ (a @ self.q).unsqueeze(-1)).squeeze(-1)
            inside = torch.linalg.vector_norm(found.add_(self.inside), dim=-1)
            length = (inside.square() + self.outside.square()).sqrt()
        y: Tensor = product / length.clamp_min(1e-12) / self.temperature
        return y
