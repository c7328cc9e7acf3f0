"""MotionAGFormer: Mehraban et al., "a transformer-GCNFormer network", WACV 2024 (3D pose of videos)."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Window
from actionprompt.encoders.checkpoint_keys import (
    FIRST,
    CheckpointLayout,
    KeyMapping,
    Shapes,
    batch_norm,
    count,
    renamed,
    weight_and_bias,
)
from actionprompt.encoders.config import MotionAGFormerCfg
from actionprompt.encoders.layers import BatchNorm
from actionprompt.encoders.transformer import (
    ATTENTION_NAMES,
    Block,
    FrameBlock,
    Fusion,
    JointTokenEncoder,
    OverFrames,
    OverJoints,
    SpatialBlock,
    check_transformer,
)
from actionprompt.errors import InputError
from actionprompt.skeleton import HUMANEVA_15, Skeleton

HUMAN36M = (
    (1, 7), (2, 0), (3, 1), (2,), (5, 0), (6, 4), (5,), (0, 8), (7, 9), (8, 10), (9,),
    (12, 8), (13, 11), (12,), (15, 8), (16, 14), (15,),
)  # fmt: skip
"""The neighbours of Human3.6M's joints as published: joint 0 does not list 4, nor does 8 list 11 and 14."""
MLP_RATIO, SCALE = 4, 1e-5


class GraphBlock(Block):
    """A block whose tokens learn from their neighbours: ReLU(z + BN(A V z + U z)), BN over the nodes of the graph."""

    def __init__(self, dim: int, nodes: int, drop_path: float) -> None:
        super().__init__(dim, MLP_RATIO * dim, drop_path, eps=1e-5, scale=SCALE)
        self.own = nn.Linear(dim, dim)
        self.others = nn.Linear(dim, dim)
        self.nodes_norm = BatchNorm(nodes)

    def convolve(self, z: Float[Tensor, "b s n c"], adjacency: Float[Tensor, "*s n n"]) -> Float[Tensor, "b s n c"]:
        """One graph per sequence, or one for all of them."""
        new = adjacency @ self.others(z) + self.own(z)
        return F.relu(z + self.nodes_norm(new.mT).mT)


class JointGraphBlock(OverJoints, GraphBlock):
    """The graph is the skeleton."""

    def __init__(self, dim: int, skeleton: Float[Tensor, "j j"], drop_path: float) -> None:
        super().__init__(dim, skeleton.shape[0], drop_path)
        self.adjacency: Tensor
        self.register_buffer("adjacency", normalised(skeleton), persistent=False)

    def mix(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Neighbours on the skeleton."""
        return self.convolve(z, self.adjacency)


class FrameGraphBlock(OverFrames, GraphBlock):
    """The graph of a joint joins each frame with those that look most like it."""

    def __init__(self, dim: int, frames: int, neighbours: int, drop_path: float) -> None:
        super().__init__(dim, frames, drop_path)
        self.neighbours = neighbours

    def mix(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Neighbours by similarity of the tokens themselves."""
        z = rearrange(z, "b f j c -> b j f c")
        similarity = z @ z.mT
        least = similarity.topk(self.neighbours, dim=-1).values[..., -1:]
        z = self.convolve(z, normalised((similarity >= least).to(z.dtype)))
        return rearrange(z, "b j f c -> b f j c")


def normalised(graph: Float[Tensor, "*b n n"]) -> Float[Tensor, "*b n n"]:
    """D^-1/2 S D^-1/2, D the number of each node's neighbours."""
    root = graph.sum(-1).rsqrt()
    return root[..., :, None] * graph * root[..., None, :]


def skeleton_graph(num_joints: int) -> Float[Tensor, "j j"]:
    """Which joints are neighbours: as published for Human3.6M's 17; HumanEva's bones for 15; else all of them."""
    if num_joints not in (len(HUMAN36M), HUMANEVA_15.num_joints):
        return torch.ones(num_joints, num_joints) - torch.eye(num_joints)
    neighbours = HUMAN36M if num_joints == len(HUMAN36M) else _bones(HUMANEVA_15)
    graph = torch.zeros(num_joints, num_joints)
    for joint, others in enumerate(neighbours):
        graph[joint, list(others)] = 1
    return graph


def _bones(skeleton: Skeleton) -> tuple[tuple[int, ...], ...]:
    """Each joint's parent and children."""
    bones = [(joint, parent) for joint, parent in enumerate(skeleton.parents) if parent >= 0]
    ends = bones + [(parent, joint) for joint, parent in bones]
    return tuple(tuple(b for a, b in ends if a == joint) for joint in range(skeleton.num_joints))


class Level(nn.Module):
    """An attention branch and a graph branch from the same tokens, each over joints and then over frames."""

    def __init__(self, cfg: MotionAGFormerCfg, skeleton: Float[Tensor, "j j"]) -> None:
        super().__init__()
        dim, drop_path = cfg.dim, cfg.drop_path
        self.attention = nn.Sequential(
            *(
                block(dim, cfg.heads, MLP_RATIO * dim, drop_path, eps=1e-5, qkv_bias=False, scale=SCALE)
                for block in (SpatialBlock, FrameBlock)
            )
        )
        self.graph = nn.Sequential(
            JointGraphBlock(dim, skeleton, drop_path), FrameGraphBlock(dim, cfg.frames, cfg.neighbours, drop_path)
        )
        self.fuse = Fusion(dim)

    def forward(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Both branches, fused token by token."""
        fused: Tensor = self.fuse(self.attention(z), self.graph(z))
        return fused


class MotionAGFormer(JointTokenEncoder):
    """Attention beside graph convolutions: a window of F frames to the poses of all of them.

    Z0 is a level's output, averaged over the joints; Zd is the representation, a token per frame and joint. Of joint
    layouts other than Human3.6M's and HumanEva's it takes every joint for a neighbour of every other.
    """

    def __init__(self, cfg: MotionAGFormerCfg, num_joints: int) -> None:
        super().__init__()
        check_transformer(
            "MotionAGFormer",
            frames=cfg.frames,
            levels=cfg.layers,
            dim=cfg.dim,
            heads=cfg.heads,
            mlp_ratio=MLP_RATIO,
            representation=cfg.representation,
            drop_path=cfg.drop_path,
        )
        if not 1 <= cfg.neighbours <= cfg.frames:
            raise InputError(f"MotionAGFormer joins a frame with 1 to {cfg.frames} frames; got {cfg.neighbours}.")
        self.window = Window(cfg.frames, out=cfg.frames, channels=3)
        self.num_joints = num_joints
        self.shallow_dim, self.final_dim = cfg.dim, cfg.representation
        self.num_taps = cfg.layers
        self.embed = nn.Linear(3, cfg.dim)
        self.joint_position = nn.Parameter(torch.randn(num_joints, cfg.dim) * 0.02)
        skeleton = skeleton_graph(num_joints)
        self.levels = nn.ModuleList(Level(cfg, skeleton) for _ in range(cfg.layers))
        self.norm = nn.LayerNorm(cfg.dim)
        self.represent = nn.Linear(cfg.dim, cfg.representation)
        self.regress = nn.Linear(cfg.representation, 3)

    def tokens(self, x: Float[Tensor, "b f j 3"]) -> Float[Tensor, "b f j c"]:
        """The tokens of the input with their positions."""
        tokens: Tensor = self.embed(x) + self.joint_position
        return tokens

    @staticmethod
    def published() -> CheckpointLayout:
        """MotionAGFormer's checkpoints."""
        mark, assumed = "layers.0.graph_spatial.mixer.U.weight", "8 attention heads and 2 neighbours in time"
        return CheckpointLayout("MotionAGFormer", mark, _rows, _facts, _settings, assumed)


def _rows(encoder: MotionAGFormer) -> Iterator[KeyMapping]:
    """Four blocks a level, by branch and axis."""
    yield KeyMapping("pos_embed", "joint_position", FIRST)
    names = {"joints_embed": "embed", "norm": "norm", "rep_logit.fc": "represent", "head": "regress"}
    for theirs, ours in names.items():
        yield from weight_and_bias(theirs, ours)
    for i in range(len(encoder.levels)):
        for k, axis in enumerate(("spatial", "temporal")):
            yield from _attention(f"layers.{i}.att_{axis}", f"levels.{i}.attention.{k}")
            yield from _graph(f"layers.{i}.graph_{axis}", f"levels.{i}.graph.{k}")
        yield from weight_and_bias(f"layers.{i}.fusion", f"levels.{i}.fuse.weigh")


def _attention(theirs: str, ours: str) -> Iterator[KeyMapping]:
    yield from _block(theirs, ours)
    yield KeyMapping(f"{theirs}.mixer.qkv.weight", f"{ours}.qkv.weight")
    yield from weight_and_bias(f"{theirs}.mixer.proj", f"{ours}.proj")


def _graph(theirs: str, ours: str) -> Iterator[KeyMapping]:
    yield from _block(theirs, ours)
    yield from renamed(f"{theirs}.mixer", ours, {"U": "own", "V": "others"})
    yield from batch_norm(f"{theirs}.mixer.batch_norm", f"{ours}.nodes_norm")


def _block(theirs: str, ours: str) -> Iterator[KeyMapping]:
    yield KeyMapping(f"{theirs}.layer_scale_1", f"{ours}.mix_scale")
    yield KeyMapping(f"{theirs}.layer_scale_2", f"{ours}.mlp_scale")
    names = {name: here for name, here in ATTENTION_NAMES.items() if not name.startswith("attn")}
    yield from renamed(theirs, ours, names)


def _facts(shapes: Shapes) -> dict[str, Any]:
    return {
        "joints": shapes["pos_embed"][1],
        "frames": shapes["layers.0.graph_temporal.mixer.batch_norm.weight"][0],
        "channels": shapes["pos_embed"][2],
        "channels of the representation": shapes["head.weight"][1],
        "levels": count(shapes, "layers.{}.fusion.weight"),
    }


def _settings(shapes: Shapes) -> tuple[MotionAGFormerCfg, int]:
    joints, frames, dim, representation, layers = _facts(shapes).values()
    return MotionAGFormerCfg(frames, layers, dim, representation), joints
