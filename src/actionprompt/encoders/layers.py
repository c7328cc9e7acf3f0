"""Building blocks on channel-last sequences (b f c), shared by the encoders and the Action Projector.

A convolution whose stride equals its width is one matrix product on a reshaped view; a dilated one is a sum of shifted
products. Both use the same weights, and both are faster here than a general convolution.
"""

import math
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.errors import InputError


class _SumOverProcesses(torch.autograd.Function):
    """The sum of every process's tensor; a gradient that arrives is summed likewise."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def all_reduce(x: Tensor) -> Tensor:
    """The sum over the processes of a run, through which gradients flow."""
    total: Tensor = _SumOverProcesses.apply(x)
    return total


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of the last axis; over several processes the statistics are those of the whole batch.

    PyTorch's SyncBatchNorm needs a GPU; this one makes two CPU processes train the model that one would.
    """

    def forward(self, x: Float[Tensor, "*b c"]) -> Float[Tensor, "*b c"]:
        """Normalised x."""
        rows = x.reshape(-1, x.shape[-1])
        if self.training and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
            rows = self._synchronised(rows.float()).to(rows.dtype)  # bfloat16 cannot even count the rows
        else:
            rows = super().forward(rows)
        return rows.reshape(x.shape)

    def _synchronised(self, rows: Float[Tensor, "n c"]) -> Float[Tensor, "n c"]:
        count = all_reduce(rows.new_tensor(rows.shape[0]))
        mean = all_reduce(rows.sum(0)) / count
        var = all_reduce((rows - mean).square().sum(0)) / count
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * count / (count - 1), self.momentum)
        return (rows - mean) * (var + self.eps).rsqrt() * self.weight + self.bias


class TemporalConv(nn.Module):
    """A convolution over frames without bias or padding; weight (c_out, width, c_in)."""

    def __init__(self, c_in: int, c_out: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.weight = nn.Parameter(torch.empty(c_out, width, c_in))
        bound = 1 / math.sqrt(width * c_in)  # as nn.Conv1d
        nn.init.uniform_(self.weight, -bound, bound)

    def strided(self, x: Float[Tensor, "b f c"]) -> Float[Tensor, "b f_out c_out"]:
        """Stride = width: each frame is used once (frames left over at the end are not)."""
        b, f, c = x.shape
        out = f // self.width
        return F.linear(x[:, : out * self.width].reshape(b, out, self.width * c), self.weight.flatten(1))

    def dilated(self, x: Float[Tensor, "b f c"], dilation: int) -> Float[Tensor, "b f_out c_out"]:
        """Every frame that has all its neighbours: f_out = f - (width - 1) * dilation."""
        out = x.shape[1] - (self.width - 1) * dilation
        taps = (x[:, i * dilation : i * dilation + out] @ self.weight[:, i].mT for i in range(self.width))
        return sum(taps, start=x.new_zeros(()))


class TemporalBlock(nn.Module):
    """VPose's residual block: a convolution of some width, then one of width 1, each with BN, ReLU and dropout."""

    def __init__(self, channels: int, width: int, dropout: float, causal: bool = False) -> None:
        super().__init__()
        self.width, self.dropout = width, dropout
        self.centre = width - 1 if causal else width // 2
        """Which of the joined frames the residual connection keeps."""
        self.conv = TemporalConv(channels, channels, width)
        self.norm = BatchNorm(channels)
        self.mix = nn.Linear(channels, channels, bias=False)
        self.mix_norm = BatchNorm(channels)

    def strided(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f_out c"]:
        """Joins each ``width`` frames into one."""
        out = z.shape[1] // self.width
        kept = z[:, self.centre :: self.width][:, :out]
        return kept + self._mix(self._act(self.norm(self.conv.strided(z))))

    def dilated(self, z: Float[Tensor, "b f c"], dilation: int) -> Float[Tensor, "b f_out c"]:
        """The same for every frame of a sequence."""
        out = z.shape[1] - (self.width - 1) * dilation
        kept = z[:, self.centre * dilation :][:, :out]
        return kept + self._mix(self._act(self.norm(self.conv.dilated(z, dilation))))

    def pointwise(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f c"]:
        """The width-1 half alone, for fewer frames than the width."""
        return z + self._mix(z)

    def _mix(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f c"]:
        return self._act(self.mix_norm(self.mix(z)))

    def _act(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f c"]:
        return F.dropout(F.relu(z), self.dropout, self.training)


def check_heads(what: str, heads: int, dim: int) -> None:
    """Stops attention whose heads do not divide its width.

    Raises:
        InputError: they do not.
    """
    if min(heads, dim) < 1:
        raise InputError(f"{what} has {heads} heads and the width {dim}: both must be at least 1.")
    if dim % heads:
        raise InputError(f"{what}'s {heads} heads do not divide its width {dim}.")
