"""P2T on a sequence: each key is scored once, a window's softmax is a ratio of sliding sums.

Axis letters beside those of ``encoders/base.py``: n new rows, r rows with their history, h heads,
e width of a head.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.inference.incremental.history import Before, History, cut, slide, sliding_sum, whole
from actionprompt.model.atp import PoseToText


class Softmax(NamedTuple):
    """A softmax over some rows in a form that can be joined with that over others, whatever the scores."""

    top: Float[Tensor, "b r h k 1"]
    """The largest score."""
    total: Float[Tensor, "b r h k 1"]
    """The sum of the weights, of which the largest is 1."""
    found: Float[Tensor, "b r h #k e"]
    """The weighted sum of the values."""

    @staticmethod
    def of(score: Float[Tensor, "b r h k 1"], value: Float[Tensor, "b r h 1 e"]) -> "Softmax":
        """Each row by itself."""
        return Softmax(score, torch.ones_like(score), value)

    @staticmethod
    def join(one: "Softmax", other: "Softmax") -> "Softmax":
        """Over the rows of both."""
        top = torch.maximum(one.top, other.top)
        a, b = (one.top - top).exp(), (other.top - top).exp()
        return Softmax(top, a * one.total + b * other.total, a * one.found + b * other.found)

    @staticmethod
    def cut(x: "Softmax", first: int, last: int) -> "Softmax":
        """Without the first and the last rows."""
        return Softmax(*(cut(part, first, last) for part in x))


class IncrementalPoseToText:
    """R t_hat: what the heads find in windows of Z0 (``count`` rows, ``stride`` apart) and in their velocities.

    The queries T are the same for all windows, so a row of Z0 is reduced to its scores (one per head and
    action) and its values, and only these are remembered.
    """

    faint = 1e-25
    """Below this sum of its weights, the chunk's largest weight being 1, a window is computed by itself:
    float32 ends at 1e-38, and weights far below the window's own largest still count."""

    def __init__(
        self, p2t: PoseToText, t: Float[Tensor, "k d"], r: Float[Tensor, "m he"], count: int, stride: int
    ) -> None:
        self.heads, self.scores, self.r = p2t.heads, p2t.heads * t.shape[0], r
        self.count, self.stride = count, stride
        probes = rearrange(p2t.probes(t), "h k c0 -> (h k) c0")
        self.reduce = torch.cat([probes, p2t.value.weight])
        self.history = History((count - 1) * stride)

    def push(self, z0: Float[Tensor, "b n c0"]) -> Float[Tensor, "b n k m"]:
        """R t_hat of the window that ends at each new row."""
        score, value = self._split(self.history.extend(F.linear(z0, self.reduce)))
        if self.count == 1 or z0.shape[1] <= self.stride:
            return self._each(score, value)
        found, faint = self._sliding(score, value)
        for b, i in faint.nonzero().tolist():
            window = slice(i, i + self.history.reach + 1)
            found[b, i] = self._each(score[b : b + 1, window], value[b : b + 1, window])[0, 0]
        return found

    def over(self, z0: Float[Tensor, "b r c0"], before: Before = whole) -> Float[Tensor, "b n k m"]:
        """The same of a whole sequence, or of one frame, without a choice that depends on the numbers."""
        score, value = self._split(before(F.linear(z0, self.reduce), self.history.reach))
        if before is not whole:
            return self._each(score, value)
        score, value, s = score[..., None], value[..., None, :], self.stride
        window = each = Softmax.of(score, value)
        if self.count > 1:
            steps = Softmax.join(Softmax.cut(each, 0, s), Softmax.of(_steps(score, s), _steps(value, s)))
            window = slide(steps, self.count - 1, s, Softmax.join, Softmax.cut)
            window = Softmax.join(window, Softmax.cut(each, (self.count - 1) * s, 0))
        return F.linear(rearrange(window.found / window.total, "b n h k e -> b n k (h e)"), self.r)

    def _split(self, rows: Float[Tensor, "b r s"]) -> tuple[Float[Tensor, "b r h k"], Float[Tensor, "b r h e"]]:
        score = rearrange(rows[..., : self.scores], "b r (h k) -> b r h k", h=self.heads)
        return score, rearrange(rows[..., self.scores :], "b r (h e) -> b r h e", h=self.heads)

    def _each(self, score: Float[Tensor, "b r h k"], value: Float[Tensor, "b r h e"]) -> Float[Tensor, "b n k m"]:
        """A softmax per window."""
        span = self.history.reach + 1
        score = score.unfold(1, span, 1)[..., :: self.stride]  # b n h k f0
        value = value.unfold(1, span, 1)[..., :: self.stride]  # b n h e f0
        attention = torch.cat([score, score.diff(dim=-1)], dim=-1).softmax(-1)  # keys [Z0; dZ0]
        position, velocity = attention.split([self.count, self.count - 1], dim=-1)
        found = (position + F.pad(velocity, (1, 0)) - F.pad(velocity, (0, 1))) @ value.mT  # as in PoseToText
        return F.linear(rearrange(found, "b n h k e -> b n k (h e)"), self.r)

    def _sliding(
        self, score: Float[Tensor, "b r h k"], value: Float[Tensor, "b r h e"]
    ) -> tuple[Float[Tensor, "b n k m"], Bool[Tensor, "b n"]]:
        """All windows at once, and which ones' weights are too faint beside the chunk's largest.

        A window sums over its rows, each with the step to the next one; its newest row has none.
        """
        n, s = score.shape[1] - self.history.reach, self.stride
        step, velocity = _steps(score, s), _steps(value, s)
        top = torch.maximum(score.amax(1, keepdim=True), step.amax(1, keepdim=True))
        at, moving = (score - top).exp(), (step - top).exp()  # weights of positions and of velocities
        total = self._slide(at[:, :-s] + moving) + at[:, -n:]
        found = None
        for h in reversed(range(self.heads)):  # one at a time: these products are wide
            a, m = at[:, :, h, :, None], moving[:, :, h, :, None]  # b r k 1
            v, dv = value[:, :, h, None], velocity[:, :, h, None]  # b r 1 e
            t_hat = self._slide((a[:, :-s] * v[:, :-s]).addcmul_(m, dv)).addcmul_(a[:, -n:], v[:, -n:])
            t_hat = t_hat.div_(total[:, :, h, :, None]).flatten(0, 2)
            found = self._turn(t_hat, h, found)
        assert found is not None
        return found.view(*total.shape[:2], total.shape[3], -1), (total < self.faint).flatten(2).any(-1)

    def _turn(
        self, t_hat: Float[Tensor, "bnk e"], h: int, found: Float[Tensor, "bnk m"] | None
    ) -> Float[Tensor, "bnk m"]:
        """Adds a head's part of R t_hat; what lies below R's diagonal is zero and left out."""
        e = t_hat.shape[-1]
        columns = self.r[:, h * e : (h + 1) * e]
        if found is None:
            return F.linear(t_hat, columns)
        rows = min((h + 1) * e, columns.shape[0])
        found[:, :rows].addmm_(t_hat, columns[:rows].mT)
        return found

    def _slide(self, x: Float[Tensor, "b r *a"]) -> Float[Tensor, "b n *a"]:
        sums = sliding_sum(x.flatten(2), self.count - 1, self.stride)
        return sums.reshape(x.shape[0], -1, *x.shape[2:])


def _steps(x: Float[Tensor, "b r *c"], stride: int) -> Float[Tensor, "b n *c"]:
    """The difference from each row to the next of its window."""
    return cut(x, stride, 0) - cut(x, 0, stride)
