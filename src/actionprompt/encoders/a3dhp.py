"""A3DHP: Liu et al., "Attention mechanism exploits temporal contexts", CVPR 2020, at any depth."""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.checkpoint_keys import (
    DEPTH,
    GROUPED,
    POINT,
    CheckpointLayout,
    KeyMapping,
    Shapes,
    batch_norm,
    count,
    weight_and_bias,
)
from actionprompt.encoders.config import A3DHPCfg
from actionprompt.encoders.layers import BatchNorm
from actionprompt.errors import InputError


class SeparableConv(nn.Module):
    """A depth-wise convolution of width 3 around every third frame, BN, a grouped 1x1 convolution, BN."""

    def __init__(self, c_in: int, c_out: int, dilation: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.dilation = dilation
        self.depth = nn.Parameter(torch.empty(3, c_in))
        self.depth_norm = BatchNorm(c_in)
        self.point = nn.Parameter(torch.empty(groups, c_out // groups, c_in // groups))
        self.point_norm = BatchNorm(c_out)
        nn.init.uniform_(self.depth, -(3**-0.5), 3**-0.5)  # as nn.Conv1d
        bound = math.sqrt(groups / c_in)
        nn.init.uniform_(self.point, -bound, bound)

    def forward(self, z: Float[Tensor, "b f c_in"]) -> Float[Tensor, "b f//3 c_out"]:
        """One vector per three frames; frames that the dilation asks for beyond the ends repeat the ends."""
        margin = self.dilation - 1
        z = torch.cat([z[:, :1]] * margin + [z] + [z[:, -1:]] * margin, 1) if margin else z
        before, centre, after = z[:, 0::3], z[:, self.dilation :: 3], z[:, 2 * self.dilation :: 3]
        f = after.shape[1]
        z = before[:, :f] * self.depth[0] + centre[:, :f] * self.depth[1] + after * self.depth[2]
        z = rearrange(self.depth_norm(z), "b f (g c) -> b f g c", g=self.point.shape[0])
        out: Tensor = self.point_norm(torch.einsum("bfgi,goi->bfgo", z, self.point).flatten(2))
        return out


class KernelAttention(nn.Module):
    """Three dilations, mixed per channel by weights that depend on the window."""

    def __init__(self, channels: int, squeezed: int = 128, groups: int = 8) -> None:
        super().__init__()
        self.branches = nn.ModuleList(SeparableConv(channels, channels, d, groups) for d in (1, 2, 3))
        self.squeeze = nn.Linear(channels, squeezed)
        self.excite = nn.ModuleList(nn.Linear(squeezed, channels) for _ in self.branches)

    def forward(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f//3 c"]:
        """One vector per three frames."""
        branches = torch.stack([F.mish(branch(z)) for branch in self.branches])
        squeezed = self.squeeze(branches.sum(0).mean(1))
        weights = torch.stack([excite(squeezed) for excite in self.excite]).softmax(0)
        return (branches * weights[:, :, None]).sum(0)


class Skip(nn.Module):
    """Carries a stage's input to a later, shorter stage: the frames of a coarser time scale."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.conv = SeparableConv(channels, channels)
        self.mix = nn.Linear(channels, channels, bias=False)
        self.mix_norm = BatchNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, z: Float[Tensor, "b f c"]) -> Float[Tensor, "b f//3 c"]:
        """One vector per three frames."""
        mixed = self.mix(self.dropout(F.mish(self.conv(z))))
        new: Tensor = self.dropout(F.mish(self.mix_norm(mixed)))
        return z[:, 1::3] + new


class Stage(nn.Module):
    """Temporal attention, kernel attention and a 1x1 convolution: joins each three frames into one."""

    def __init__(self, channels: int, window: int, frames: int, dropout: float) -> None:
        super().__init__()
        self.attend = nn.Linear(window, frames)
        self.attend_norm = BatchNorm(frames)
        self.kernel = KernelAttention(channels)
        self.mix = nn.Linear(channels, channels, bias=False)
        self.mix_norm = BatchNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        z: Float[Tensor, "b f c"],
        scales: list[Float[Tensor, "b f c"]],
        similarity: Float[Tensor, "b F"],
    ) -> Float[Tensor, "b f//3 c"]:
        """Other time scales join z ahead of the attention, not in the residual connection."""
        attention = self.attend_norm(self.attend(similarity)).sigmoid()[:, :, None]
        joined = sum(scales, start=z)
        mixed = self.mix(self.dropout(self.kernel(joined * attention)))
        new: Tensor = self.dropout(F.mish(self.mix_norm(mixed)))
        return z[:, 1::3] + new


class A3DHP(Encoder):
    """Temporal attention over convolutions of several time scales: a window of F frames to its centre's pose.

    The published network has five layers (243 frames); the same construction works from two on. Z0 at tap 1
    is the first expansion's output, F/3 vectors.
    """

    def __init__(self, cfg: A3DHPCfg, num_joints: int) -> None:
        super().__init__()
        if cfg.stages < 2:
            raise InputError(f"A3DHP needs at least 2 stages; got {cfg.stages}.")
        if cfg.channels < 8 or cfg.channels % 8:
            raise InputError(f"A3DHP needs a number of channels that 8 divides; got {cfg.channels}.")
        if not 0 <= cfg.dropout < 1:
            raise InputError(f"A3DHP's dropout is {cfg.dropout}: it must be at least 0 and below 1.")
        self.window = Window(cfg.frames)
        self.num_joints = num_joints
        self.shallow_dim = self.final_dim = cfg.channels
        self.num_taps = cfg.stages
        later = cfg.stages - 1
        self.skip_ends = [(i, j) for i in range(later) for j in range(i + 2, later)]
        """From which stage's input each skip leads to which stage."""
        self.expand = nn.ModuleList(SeparableConv(num_joints * 2, cfg.channels) for _ in range(later))
        self.skips = nn.ModuleList(Skip(cfg.channels, cfg.dropout) for _ in self.skip_ends)
        self.stages = nn.ModuleList(
            Stage(cfg.channels, cfg.frames, cfg.frames // 3 ** (i + 1), cfg.dropout) for i in range(later)
        )
        self.shrink = nn.Linear(cfg.channels, num_joints * 3)
        self.dropout = nn.Dropout(cfg.dropout)

    def encode(self, x: Float[Tensor, "b f j 2"], tap: int = 1) -> Features:
        """Z0 after layer ``tap``; Zd with one vector per window."""
        assert x.shape[1] == self.window.frames, f"{x.shape[1]} frames, not {self.window.frames}"
        assert 1 <= tap <= self.num_taps, f"tap {tap} of {self.num_taps}"
        similarity = self.similarity(x)
        z, *expanded = self._expand(x)
        scales: list[list[Tensor]] = [[], *([other] for other in expanded)]
        layers = [z]
        for i, stage in enumerate(self.stages):
            for (start, end), skip in zip(self.skip_ends, self.skips, strict=True):
                if start == i:
                    scales[end].append(skip(every(z, end - start - 1)))
            z = stage(z, scales[i], similarity)
            layers.append(z)
        return Features(shallow=layers[tap - 1], final=z)

    def head(self, z: Float[Tensor, "b t c"]) -> Float[Tensor, "b t j 3"]:
        """The last linear layer."""
        pose: Tensor = rearrange(self.shrink(z), "b t (j xyz) -> b t j xyz", xyz=3)
        return pose

    def similarity(self, x: Float[Tensor, "b f j 2"]) -> Float[Tensor, "b f"]:
        """Cosine between each frame's 2D pose and the centre frame's, relative to the root joint."""
        poses = (x - x[:, :, :1]).flatten(2)
        return F.cosine_similarity(poses[:, self.window.past, None], poses, dim=-1)

    def _expand(self, x: Float[Tensor, "b f j 2"]) -> list[Float[Tensor, "b _ c"]]:
        """The first layer at each time scale: expansion i reads every 3^i-th frame."""
        x = x.flatten(2)
        return [self.dropout(F.mish(expand(every(x, i)))) for i, expand in enumerate(self.expand)]

    @staticmethod
    def published() -> CheckpointLayout:
        """Attention3DHumanPose's checkpoints."""
        return CheckpointLayout("Attention3DHumanPose", "layers_tem_att.0.weight", _rows, _facts, _settings)


def every(z: Float[Tensor, "b f c"], power: int) -> Float[Tensor, "b f_out c"]:
    """Every 3^power-th frame: the centres of groups of 3^power."""
    return z[:, (3**power - 1) // 2 :: 3**power]


def _rows(encoder: A3DHP) -> Iterator[KeyMapping]:
    """Kernel attention and 1x1 convolution in turn in one flat list; so are the two halves of a skip."""
    for i in range(len(encoder.expand)):
        yield from _separable(f"expand_conv.{i}", f"expand.{i}")
    for i in range(len(encoder.skips)):
        yield from _separable(f"dilation_conv.{2 * i}", f"skips.{i}.conv")
        yield KeyMapping(f"dilation_conv.{2 * i + 1}.weight", f"skips.{i}.mix.weight", POINT)
        yield from batch_norm(f"dilation_bn.{i}", f"skips.{i}.mix_norm")
    for i in range(len(encoder.stages)):
        yield from weight_and_bias(f"layers_tem_att.{i}", f"stages.{i}.attend")
        yield from batch_norm(f"layers_tem_bn.{i}", f"stages.{i}.attend_norm")
        yield from _kernel(f"layers_conv.{2 * i}", f"stages.{i}.kernel")
        yield KeyMapping(f"layers_conv.{2 * i + 1}.weight", f"stages.{i}.mix.weight", POINT)
        yield from batch_norm(f"layers_bn.{i}", f"stages.{i}.mix_norm")
    yield KeyMapping("shrink.weight", "shrink.weight", POINT)
    yield KeyMapping("shrink.bias", "shrink.bias")


def _separable(theirs: str, ours: str) -> Iterator[KeyMapping]:
    yield KeyMapping(f"{theirs}.DW_conv.weight", f"{ours}.depth", DEPTH)
    yield from batch_norm(f"{theirs}.DW_bn", f"{ours}.depth_norm")
    yield KeyMapping(f"{theirs}.PW_conv.weight", f"{ours}.point", GROUPED)
    yield from batch_norm(f"{theirs}.PW_bn", f"{ours}.point_norm")


def _kernel(theirs: str, ours: str) -> Iterator[KeyMapping]:
    for i in range(3):
        yield KeyMapping(f"{theirs}.convs.{i}.0.weight", f"{ours}.branches.{i}.depth", DEPTH)
        yield from batch_norm(f"{theirs}.convs.{i}.1", f"{ours}.branches.{i}.depth_norm")
        yield KeyMapping(f"{theirs}.convs.{i}.2.weight", f"{ours}.branches.{i}.point", GROUPED)
        yield from batch_norm(f"{theirs}.convs.{i}.3", f"{ours}.branches.{i}.point_norm")
        yield from weight_and_bias(f"{theirs}.fcs.{i}", f"{ours}.excite.{i}")
    yield from weight_and_bias(f"{theirs}.fc", f"{ours}.squeeze")


def _facts(shapes: Shapes) -> dict[str, Any]:
    return {
        "input joints": shapes["expand_conv.0.DW_conv.weight"][0] // 2,
        "output joints": shapes["shrink.weight"][0] // 3,
        "channels": shapes["shrink.weight"][1],
        "frames": shapes["layers_tem_att.0.weight"][1],
    }


def _settings(shapes: Shapes) -> tuple[A3DHPCfg, int]:
    facts = _facts(shapes)
    return A3DHPCfg(1 + count(shapes, "layers_tem_att.{}.weight"), facts["channels"]), facts["output joints"]
