"""DSTformer: Zhu et al., "MotionBERT: a unified perspective on learning human motion representations", ICCV 2023."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Window
from actionprompt.encoders.checkpoint_keys import (
    FIRST,
    CheckpointLayout,
    KeyMapping,
    Shapes,
    count,
    renamed,
    weight_and_bias,
)
from actionprompt.encoders.config import DSTformerCfg
from actionprompt.encoders.transformer import (
    ATTENTION_NAMES,
    FrameBlock,
    Fusion,
    JointTokenEncoder,
    SpatialBlock,
    check_transformer,
)


class Level(nn.Module):
    """Two streams from the same tokens: one mixes joints and then frames, one frames and then joints."""

    def __init__(self, dim: int, heads: int, hidden: int, drop_path: float) -> None:
        super().__init__()
        sizes = (dim, heads, hidden, drop_path)
        self.joints_first = nn.Sequential(SpatialBlock(*sizes), FrameBlock(*sizes))
        self.frames_first = nn.Sequential(FrameBlock(*sizes), SpatialBlock(*sizes))
        self.fuse = Fusion(dim)

    def forward(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Both streams, fused token by token."""
        fused: Tensor = self.fuse(self.joints_first(z), self.frames_first(z))
        return fused


class DSTformer(JointTokenEncoder):
    """Attention over joints and over frames in both orders: a window of F frames to the poses of all of them.

    Z0 is a level's output, averaged over the joints; Zd is the representation, a token per frame and joint.
    """

    def __init__(self, cfg: DSTformerCfg, num_joints: int) -> None:
        super().__init__()
        hidden = int(cfg.dim * cfg.mlp_ratio)
        check_transformer(
            "DSTformer",
            frames=cfg.frames,
            levels=cfg.depth,
            dim=cfg.dim,
            heads=cfg.heads,
            mlp_ratio=cfg.mlp_ratio,
            representation=cfg.representation,
            drop_path=cfg.drop_path,
        )
        self.window = Window(cfg.frames, out=cfg.frames, channels=3)
        self.num_joints = num_joints
        self.shallow_dim, self.final_dim = cfg.dim, cfg.representation
        self.num_taps = cfg.depth
        self.embed = nn.Linear(3, cfg.dim)
        self.joint_position = nn.Parameter(torch.randn(num_joints, cfg.dim) * 0.02)
        self.frame_position = nn.Parameter(torch.randn(cfg.frames, cfg.dim) * 0.02)
        self.levels = nn.ModuleList(Level(cfg.dim, cfg.heads, hidden, cfg.drop_path) for _ in range(cfg.depth))
        self.norm = nn.LayerNorm(cfg.dim, eps=1e-6)
        self.represent = nn.Linear(cfg.dim, cfg.representation)
        self.regress = nn.Linear(cfg.representation, 3)

    def tokens(self, x: Float[Tensor, "b f j 3"]) -> Float[Tensor, "b f j c"]:
        """The tokens of the input with their positions."""
        tokens: Tensor = self.embed(x) + self.joint_position + self.frame_position[:, None]
        return tokens

    @staticmethod
    def published() -> CheckpointLayout:
        """MotionBERT's checkpoints."""
        mark = "blocks_st.0.norm1_s.weight"
        return CheckpointLayout("MotionBERT (DSTformer)", mark, _rows, _facts, _settings, "8 attention heads")


def _rows(encoder: DSTformer) -> Iterator[KeyMapping]:
    """The parts of a level by stream (st, ts) and by axis (s joints, t frames)."""
    yield KeyMapping("pos_embed", "joint_position", FIRST)
    yield KeyMapping("temp_embed", "frame_position", "1 f 1 c -> f c")
    names = {"joints_embed": "embed", "norm": "norm", "pre_logits.fc": "represent", "head": "regress"}
    for theirs, ours in names.items():
        yield from weight_and_bias(theirs, ours)
    for i in range(len(encoder.levels)):
        for axes, stream in (("st", "joints_first"), ("ts", "frames_first")):
            for k, axis in enumerate(axes):
                yield from renamed(f"blocks_{axes}.{i}", f"levels.{i}.{stream}.{k}", _of_axis(axis))
        yield from weight_and_bias(f"ts_attn.{i}", f"levels.{i}.fuse.weigh")


def _of_axis(axis: str) -> dict[str, str]:
    """The names of a block's parts, with the axis behind the part's name: attn.qkv is attn_s.qkv."""
    parts = ((theirs.partition("."), ours) for theirs, ours in ATTENTION_NAMES.items())
    return {f"{part}_{axis}{dot}{layer}": ours for (part, dot, layer), ours in parts}


def _facts(shapes: Shapes) -> dict[str, Any]:
    return {
        "joints": shapes["pos_embed"][1],
        "frames": shapes["temp_embed"][1],
        "channels": shapes["pos_embed"][2],
        "channels of the representation": shapes["head.weight"][1],
        "levels": count(shapes, "ts_attn.{}.weight"),
    }


def _settings(shapes: Shapes) -> tuple[DSTformerCfg, int]:
    joints, frames, dim, representation, depth = _facts(shapes).values()
    ratio = shapes["blocks_st.0.mlp_s.fc1.weight"][0] / dim
    return DSTformerCfg(frames, dim, representation, depth, heads=8, mlp_ratio=ratio), joints
