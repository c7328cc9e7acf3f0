"""VPose on a sequence that arrives in chunks, or as a whole."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from actionprompt.encoders.base import Features
from actionprompt.encoders.layers import BatchNorm, TemporalBlock
from actionprompt.encoders.vpose import VPose
from actionprompt.inference.incremental.history import Before, History, cut, whole


def fold(weight: Float[Tensor, "c_out *w i"], norm: BatchNorm) -> tuple[Float[Tensor, "c_out wi"], Float[Tensor, " c"]]:
    """Weight and bias of a linear layer (a convolution's frames joined) and the batch norm behind it, as one."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return weight.flatten(1) * scale[:, None], norm.bias - norm.running_mean * scale


class IncrementalBlock:
    """A temporal block, dilated, with its batch norms folded into the weights.

    Live, a frame takes the time to read the weights. Of a convolution's weights all but the newest frame's
    meet frames that arrived ``dilation`` frames ago or earlier, so that their part is computed for several
    frames ahead: the weights are read once for all. Blocks do so at different frames, as ``phase`` says.
    """

    def __init__(self, block: TemporalBlock, dilation: int, scratch: History, ahead: int = 27, phase: int = 0) -> None:
        self.width, self.centre, self.dilation = block.width, block.centre, dilation
        self.conv, self.bias = fold(block.conv.weight, block.norm)
        self.newest = self.conv[:, -block.conv.weight.shape[2] :].contiguous()
        self.mix, self.mix_bias = fold(block.mix.weight, block.mix_norm)
        self.history = History((block.width - 1) * dilation)
        self._scratch, self._made = scratch, History(0)
        self.ahead = min(dilation, ahead)
        self.phase = phase % self.ahead + 1
        self._older: list[Tensor] | None = None
        """The next frames' sums over all but their newest input, last first; None: not begun."""

    def push(self, z: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """The feature whose newest input is each new row: a view, good until the next call."""
        self.history.extend(z)
        return self.step(self._made.reserve(z.shape, like=z))

    def step(self, out: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """The same for the rows that the history got last, written to ``out``; nothing else is allocated."""
        rows = self.history.rows()
        if out.shape[1] == 1 and self.width > 1:
            return out.copy_(self._one(rows))
        self._older = None
        n, c = out.shape[1:]
        kept = rows[:, self.centre * self.dilation :][:, :n]
        for view, joined, made in zip(rows, self._scratch.reserve(out.shape, like=out), out, strict=True):
            torch.addmm(self.bias, view[:n], self.conv[:, :c].mT, out=joined)
            for i in range(1, self.width):
                joined.addmm_(view[i * self.dilation :][:n], self.conv[:, i * c : (i + 1) * c].mT)
            torch.addmm(self.mix_bias, joined.relu_(), self.mix.mT, out=made)
        return out.relu_().add_(kept)

    def over(self, rows: Float[Tensor, "b r c"]) -> Float[Tensor, "b n c"]:
        """The feature of each row that has all its older ones."""
        joined = [cut(rows, i * self.dilation, (self.width - 1 - i) * self.dilation) for i in range(self.width)]
        return self._residual(joined[self.centre], F.linear(torch.cat(joined, dim=-1), self.conv, self.bias))

    def _one(self, rows: Float[Tensor, "b r c"]) -> Float[Tensor, "b 1 c"]:
        if not self._older:
            ahead = self.phase if self._older is None else self.ahead
            older = [rows[:, i * self.dilation :][:, :ahead] for i in range(self.width - 1)]
            sums = F.linear(torch.cat(older, dim=-1), self.conv[:, : -rows.shape[2]], self.bias)
            self._older = list(torch.split(sums, 1, dim=1))[::-1]
        joined = self._older.pop() + F.linear(rows[:, -1], self.newest)[:, None]
        return self._residual(rows[:, self.centre * self.dilation :][:, :1], joined)

    def _residual(self, kept: Float[Tensor, "b n c"], joined: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        mixed: Tensor = F.linear(joined.relu_(), self.mix, self.mix_bias)
        return mixed.relu_().add_(kept)


class IncrementalVPose:
    """The features of the window that ends at each new frame.

    A window's Z0 is ``count`` rows of layer ``tap``, ``stride`` apart, up to the window's end.
    """

    def __init__(self, encoder: VPose, tap: int) -> None:
        self.tap, self.width = tap, encoder.expand.width
        self.expand, self.bias = fold(encoder.expand.weight, encoder.expand_norm)
        self.history, self._final = History(self.width - 1), History(0)
        self.blocks: list[IncrementalBlock] = []
        scratch = History(0)
        reach = [self.width]
        for i, block in enumerate(encoder.blocks):
            assert isinstance(block, TemporalBlock)
            self.blocks.append(IncrementalBlock(block, reach[-1], scratch, phase=2 * i))
            reach.append(reach[-1] * block.width)
        self.stride = reach[tap - 1]
        self.count = encoder.window.frames // self.stride

    def push(self, x: Float[Tensor, "b n j 2"]) -> Features:
        """Z0's layer and the last layer, a row per frame: views, good until the next call.

        Each layer writes its rows where the next one reads them.
        """
        rows = self._joined(self.history.extend(x.flatten(2)))
        memory = [block.history for block in self.blocks] + [self._final]
        layers = [each.reserve((*rows.shape[:2], self.expand.shape[0]), like=rows) for each in memory]
        for view, made in zip(rows, layers[0], strict=True):
            torch.addmm(self.bias, view, self.expand.mT, out=made)
        layers[0].relu_()
        for block, made in zip(self.blocks, layers[1:], strict=True):
            block.step(made)
        return Features(shallow=layers[self.tap - 1], final=layers[-1])

    def over(self, x: Float[Tensor, "b r j 2"], before: Before = whole) -> Features:
        """The same of a whole sequence, as new tensors: in each layer, the rows that have all their older frames.

        Args:
            x: 2D joints.
            before: where a layer's older rows are, if they are not in the sequence.
        """
        rows = self._joined(before(x.flatten(2), self.history.reach))
        layers = [F.linear(rows, self.expand, self.bias).relu_()]
        for block in self.blocks:
            layers.append(block.over(before(layers[-1], block.history.reach)))
        return Features(shallow=layers[self.tap - 1], final=layers[-1])

    def _joined(self, x: Float[Tensor, "b r i"]) -> Float[Tensor, "b n wi"]:
        """Each row with those before it that the first layer joins."""
        return torch.cat([cut(x, i, self.width - 1 - i) for i in range(self.width)], dim=-1)
