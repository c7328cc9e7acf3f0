"""MixSTE: Zhang et al., "Seq2seq mixed spatio-temporal encoder for 3D human pose estimation", CVPR 2022."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from einops import reduce
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.checkpoint_keys import (
    FIRST,
    CheckpointLayout,
    KeyMapping,
    Shapes,
    count,
    renamed,
    weight_and_bias,
)
from actionprompt.encoders.config import MixSTECfg
from actionprompt.encoders.transformer import ATTENTION_NAMES, FrameBlock, SpatialBlock, check_transformer
from actionprompt.errors import InputError


class MixSTE(Encoder):
    """Blocks over joints and over frames in turn: a window of F frames to the poses of all of them.

    Z0 is the output of a pair of blocks, averaged over the joints; Zd holds a token per frame and joint.
    """

    def __init__(self, cfg: MixSTECfg, num_joints: int) -> None:
        super().__init__()
        hidden = int(cfg.dim * cfg.mlp_ratio)
        check_transformer(
            "MixSTE",
            frames=cfg.frames,
            levels=cfg.depth,
            dim=cfg.dim,
            heads=cfg.heads,
            mlp_ratio=cfg.mlp_ratio,
            drop_path=cfg.drop_path,
        )
        if not 0 <= cfg.position_std < math.inf:
            raise InputError(f"MixSTE needs a position_std of at least 0; got {cfg.position_std}.")
        self.window = Window(cfg.frames, out=cfg.frames)
        self.num_joints = num_joints
        self.shallow_dim = self.final_dim = cfg.dim
        self.num_taps = cfg.depth
        self.embed = nn.Linear(2, cfg.dim)
        self.joint_position = nn.Parameter(torch.randn(num_joints, cfg.dim) * cfg.position_std)
        self.frame_position = nn.Parameter(torch.randn(cfg.frames, cfg.dim) * cfg.position_std)
        rates = [cfg.drop_path * i / max(cfg.depth - 1, 1) for i in range(cfg.depth)]
        self.spatial = nn.ModuleList(SpatialBlock(cfg.dim, cfg.heads, hidden, rate) for rate in rates)
        self.temporal = nn.ModuleList(FrameBlock(cfg.dim, cfg.heads, hidden, rate) for rate in rates)
        self.spatial_norm = nn.LayerNorm(cfg.dim, eps=1e-6)
        self.temporal_norm = nn.LayerNorm(cfg.dim, eps=1e-6)
        self.regress = nn.Sequential(nn.LayerNorm(cfg.dim), nn.Linear(cfg.dim, 3))

    def encode(self, x: Float[Tensor, "b f j 2"], tap: int = 1) -> Features:
        """Z0 after pair ``tap`` of blocks; Zd with a token per frame and joint."""
        assert x.shape[1] == self.window.frames, f"{x.shape[1]} frames, not {self.window.frames}"
        assert 1 <= tap <= self.num_taps, f"tap {tap} of {self.num_taps}"
        z = self.embed(x) + self.joint_position
        shallow = z
        for i, (spatial, temporal) in enumerate(zip(self.spatial, self.temporal, strict=True)):
            z = self.spatial_norm(spatial(z))
            if i == 0:
                z = z + self.frame_position[:, None]
            z = self.temporal_norm(temporal(z))
            if i + 1 == tap:
                shallow = reduce(z, "b f j c -> b f c", "mean")
        return Features(shallow=shallow, final=z)

    def head(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j 3"]:
        """A layer norm and the last linear layer, per token."""
        pose: Tensor = self.regress(z)
        return pose

    @staticmethod
    def published() -> CheckpointLayout:
        """MixSTE's checkpoints."""
        return CheckpointLayout("MixSTE", "STEblocks.0.norm1.weight", _rows, _facts, _settings, "8 attention heads")


def _rows(encoder: MixSTE) -> Iterator[KeyMapping]:
    """The same names for spatial (STE) and temporal (TTE) blocks."""
    yield KeyMapping("Spatial_pos_embed", "joint_position", FIRST)
    yield KeyMapping("Temporal_pos_embed", "frame_position", FIRST)
    yield from weight_and_bias("Spatial_patch_to_embedding", "embed")
    for i in range(len(encoder.spatial)):
        yield from renamed(f"STEblocks.{i}", f"spatial.{i}", ATTENTION_NAMES)
        yield from renamed(f"TTEblocks.{i}", f"temporal.{i}", ATTENTION_NAMES)
    yield from renamed("head", "regress", {"0": "0", "1": "1"})
    for theirs, ours in {"Spatial_norm": "spatial_norm", "Temporal_norm": "temporal_norm"}.items():
        yield from weight_and_bias(theirs, ours)


def _facts(shapes: Shapes) -> dict[str, Any]:
    return {
        "joints": shapes["Spatial_pos_embed"][1],
        "frames": shapes["Temporal_pos_embed"][1],
        "channels": shapes["Spatial_pos_embed"][2],
        "pairs of blocks": count(shapes, "STEblocks.{}.norm1.weight"),
    }


def _settings(shapes: Shapes) -> tuple[MixSTECfg, int]:
    facts, hidden = _facts(shapes), shapes["STEblocks.0.mlp.fc1.weight"][0]
    dim = facts["channels"]
    cfg = MixSTECfg(facts["frames"], dim, facts["pairs of blocks"], heads=8, mlp_ratio=hidden / dim)
    return cfg, facts["joints"]
