"""VPose: the fully convolutional lifter of Pavllo et al., "3D human pose estimation in video", CVPR 2019."""

from collections.abc import Iterator
from typing import Any

import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.checkpoint_keys import CONV, POINT, CheckpointLayout, KeyMapping, Shapes, batch_norm, count
from actionprompt.encoders.config import VPoseCfg
from actionprompt.encoders.layers import BatchNorm, TemporalBlock, TemporalConv
from actionprompt.errors import InputError


class VPose(Encoder):
    """Temporal convolutions that shrink a window of F frames to one pose.

    A window of exactly F frames takes the strided form (training: each layer keeps 1/width of the frames); a longer
    sequence takes the dilated form, which answers every frame that has a whole window. Both share their weights and
    agree up to rounding. Z0 of the strided form holds F/3 vectors at tap 1.
    """

    def __init__(self, cfg: VPoseCfg, num_joints: int) -> None:
        super().__init__()
        if not cfg.widths or any(w < 1 or w % 2 == 0 for w in cfg.widths):
            raise InputError(f"VPose needs odd layer widths, such as 3 3 3; got {cfg.widths}.")
        if cfg.channels < 1 or not 0 <= cfg.dropout < 1:
            raise InputError(
                f"VPose has {cfg.channels} channels and the dropout {cfg.dropout}: "
                "it needs 1 channel or more and a dropout of at least 0 and below 1."
            )
        self.window = Window(cfg.frames, out=1, causal=cfg.causal)
        self.num_joints = num_joints
        self.shallow_dim = self.final_dim = cfg.channels
        self.num_taps = len(cfg.widths)
        self.dropout = cfg.dropout
        self.expand = TemporalConv(num_joints * 2, cfg.channels, cfg.widths[0])
        self.expand_norm = BatchNorm(cfg.channels)
        self.blocks = nn.ModuleList(
            TemporalBlock(cfg.channels, width, cfg.dropout, cfg.causal) for width in cfg.widths[1:]
        )
        self.shrink = nn.Linear(cfg.channels, num_joints * 3)

    def encode(self, x: Float[Tensor, "b f j 2"], tap: int = 1) -> Features:
        """Z0 after layer ``tap``; Zd with one vector per answered frame."""
        assert x.shape[1] >= self.window.frames, f"{x.shape[1]} frames, fewer than {self.window.frames}"
        assert 1 <= tap <= self.num_taps, f"tap {tap} of {self.num_taps}"
        strided = x.shape[1] == self.window.frames
        z = rearrange(x, "b f j xy -> b f (j xy)")
        z = self.expand.strided(z) if strided else self.expand.dilated(z, 1)
        z = F.dropout(F.relu(self.expand_norm(z)), self.dropout, self.training)
        layers, dilation = [z], self.expand.width
        for block in self.blocks:
            assert isinstance(block, TemporalBlock)
            z = block.strided(z) if strided else block.dilated(z, dilation)
            layers.append(z)
            dilation *= block.width
        return Features(shallow=layers[tap - 1], final=z)

    def head(self, z: Float[Tensor, "b t c"]) -> Float[Tensor, "b t j 3"]:
        """The last linear layer."""
        return rearrange(self.shrink(z), "b t (j xyz) -> b t j xyz", xyz=3)

    @staticmethod
    def published() -> CheckpointLayout:
        """VideoPose3D's checkpoints."""
        return CheckpointLayout("VideoPose3D", "expand_conv.weight", _rows, _facts, _settings, "it is not causal")


def _rows(encoder: VPose) -> Iterator[KeyMapping]:
    """Two convolutions per block in one flat list."""
    yield KeyMapping("expand_conv.weight", "expand.weight", CONV)
    yield from batch_norm("expand_bn", "expand_norm")
    for i in range(len(encoder.blocks)):
        yield KeyMapping(f"layers_conv.{2 * i}.weight", f"blocks.{i}.conv.weight", CONV)
        yield from batch_norm(f"layers_bn.{2 * i}", f"blocks.{i}.norm")
        yield KeyMapping(f"layers_conv.{2 * i + 1}.weight", f"blocks.{i}.mix.weight", POINT)
        yield from batch_norm(f"layers_bn.{2 * i + 1}", f"blocks.{i}.mix_norm")
    yield KeyMapping("shrink.weight", "shrink.weight", POINT)
    yield KeyMapping("shrink.bias", "shrink.bias")


def _widths(shapes: Shapes) -> tuple[int, ...]:
    blocks = count(shapes, "layers_conv.{}.weight") // 2
    return (shapes["expand_conv.weight"][2], *(shapes[f"layers_conv.{2 * i}.weight"][2] for i in range(blocks)))


def _facts(shapes: Shapes) -> dict[str, Any]:
    return {
        "input joints": shapes["expand_conv.weight"][1] // 2,
        "output joints": shapes["shrink.weight"][0] // 3,
        "channels": shapes["shrink.weight"][1],
        "as layer widths": " ".join(map(str, _widths(shapes))),
    }


def _settings(shapes: Shapes) -> tuple[VPoseCfg, int]:
    return VPoseCfg(_widths(shapes), shapes["shrink.weight"][1]), shapes["shrink.weight"][0] // 3
