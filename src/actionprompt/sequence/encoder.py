"""VPose on a sequence that arrives in chunks."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from actionprompt.encoders.base import Features
from actionprompt.encoders.layers import TemporalBlock
from actionprompt.encoders.vpose import VPose
from actionprompt.sequence.history import History


class BlockFlow:
    """A temporal block, dilated.

    Live, a frame takes the time to read the weights. Of a convolution's weights all but the newest frame's
    meet frames that arrived ``dilation`` frames ago or earlier, so that their part is computed for several
    frames ahead: the weights are read once for all.
    """

    def __init__(self, block: TemporalBlock, dilation: int, ahead: int = 9) -> None:
        self.block, self.dilation, self.ahead = block, dilation, min(dilation, ahead)
        self.history = History((block.width - 1) * dilation)
        self._older: list[Tensor] = []
        """The next frames' sums over all but their newest input, last first."""

    def push(self, z: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """The feature whose newest input is each new row."""
        rows = self.history.extend(z)
        if z.shape[1] == 1 and self.block.width > 1:
            return self._one(rows)
        self._older = []
        return self.block.dilated(rows, self.dilation)

    def _one(self, rows: Float[Tensor, "b r c"]) -> Float[Tensor, "b 1 c"]:
        block, weight = self.block, self.block.conv.weight
        if not self._older:
            older = [rows[:, i * self.dilation :][:, : self.ahead] for i in range(block.width - 1)]
            joined = F.linear(torch.cat(older, dim=-1), weight[:, :-1].flatten(1))
            self._older = list(torch.split(joined, 1, dim=1))[::-1]
        joined = self._older.pop() + rows[:, -1:] @ weight[:, -1].mT
        kept = rows[:, block.centre * self.dilation :][:, :1]
        mixed: Tensor = block.mix_norm(block.mix(F.relu(block.norm(joined))))
        return kept + F.relu(mixed)


class VPoseFlow:
    """The features of the window that ends at each new frame.

    A window's Z0 is ``count`` rows of layer ``tap``, ``stride`` apart, up to the window's end.
    """

    def __init__(self, encoder: VPose, tap: int) -> None:
        self.encoder, self.tap = encoder, tap
        self.history = History(encoder.expand.width - 1)
        self.blocks: list[BlockFlow] = []
        reach = [encoder.expand.width]
        for block in encoder.blocks:
            assert isinstance(block, TemporalBlock)
            self.blocks.append(BlockFlow(block, reach[-1]))
            reach.append(reach[-1] * block.width)
        self.stride = reach[tap - 1]
        self.count = encoder.window.frames // self.stride

    def push(self, x: Float[Tensor, "b n j 2"]) -> Features:
        """Z0's layer and the last layer, a row per frame."""
        x = self.history.extend(rearrange(x, "b n j xy -> b n (j xy)"))
        layers = [F.relu(self.encoder.expand_norm(self.encoder.expand.dilated(x, 1)))]
        for block in self.blocks:
            layers.append(block.push(layers[-1]))
        return Features(shallow=layers[self.tap - 1], final=layers[-1])
