"""MixSTE: Zhang et al., "Seq2seq mixed spatio-temporal encoder for 3D human pose estimation", CVPR 2022."""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.base import Encoder, Features, Window
from actionprompt.encoders.config import MixSTECfg
from actionprompt.encoders.layers import check_heads
from actionprompt.errors import InputError


class Block(nn.Module, ABC):
    """A pre-norm transformer block over one axis of the tokens (b f j c); subclasses say which.

    Queries, keys and values come from three products with thirds of one weight, so that each is contiguous:
    both subclasses then hand views to the attention, and its result is a view of (b f j c) again.
    """

    def __init__(self, dim: int, heads: int, hidden: int, drop_path: float) -> None:
        super().__init__()
        self.heads, self.drop_path = heads, drop_path
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.mlp_norm = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Refined tokens."""
        z = z + self._drop(self._attention(self.norm(z)))
        new: Tensor = self.mlp(self.mlp_norm(z))
        return z + self._drop(new)

    @abstractmethod
    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Tokens as sequences, one head's part each."""

    @abstractmethod
    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""

    @abstractmethod
    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b one_f one_j 1"]:
        """Any one number per sequence."""

    def _attention(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        thirds = zip(self.qkv.weight.chunk(3), self.qkv.bias.chunk(3), strict=True)
        q, k, v = (self.split(F.linear(z, weight, bias)) for weight, bias in thirds)
        new: Tensor = self.proj(self.join(F.scaled_dot_product_attention(q, k, v), like=z))
        return new

    def _drop(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Stochastic depth: the residual branch of some sequences is left out of training."""
        if not self.training or self.drop_path == 0:
            return z
        kept = torch.empty_like(self.one_each(z)).bernoulli_(1 - self.drop_path)
        return z * (kept / (1 - self.drop_path))


class SpatialBlock(Block):
    """Attention over the joints of each frame."""

    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Sequences: frames."""
        return rearrange(z, "b f j (h d) -> (b f) h j d", h=self.heads)

    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""
        return rearrange(new, "(b f) h j d -> b f j (h d)", b=like.shape[0])

    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f 1 1"]:
        """A number per frame."""
        return z[:, :, :1, :1]


class FrameBlock(Block):
    """Attention over the frames of each joint; joints count as further heads, which spares a copy."""

    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Sequences: windows, with a head per joint and head."""
        return rearrange(z, "b f j (h d) -> b (j h) f d", h=self.heads)

    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""
        return rearrange(new, "b (j h) f d -> b f j (h d)", h=self.heads)

    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b 1 j 1"]:
        """A number per joint."""
        return z[:, :1, :, :1]


class MixSTE(Encoder):
    """Blocks over joints and over frames in turn: a window of F frames to the poses of all of them.

    Z0 is the output of a pair of blocks, averaged over the joints; Zd holds a token per frame and joint.
    """

    def __init__(self, cfg: MixSTECfg, num_joints: int) -> None:
        super().__init__()
        if cfg.depth < 1 or cfg.frames < 1:
            raise InputError(f"MixSTE needs a depth and frames from 1 on; got {cfg.depth} and {cfg.frames}.")
        check_heads("MixSTE", cfg.heads, cfg.dim)
        if not 0 <= cfg.drop_path < 1:
            raise InputError(f"MixSTE's drop_path is {cfg.drop_path}: it must be at least 0 and below 1.")
        if int(cfg.dim * cfg.mlp_ratio) < 1:
            raise InputError(f"MixSTE's mlp_ratio is {cfg.mlp_ratio}: the MLP would have no width.")
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
        hidden = int(cfg.dim * cfg.mlp_ratio)
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
