"""Pre-norm residual blocks over tokens per frame and joint (b f j c), which the transformers here are made of."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from actionprompt.encoders.base import Encoder, Features
from actionprompt.encoders.layers import check_heads
from actionprompt.errors import InputError

ATTENTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "norm1": "norm",
        "attn.qkv": "qkv",
        "attn.proj": "proj",
        "norm2": "mlp_norm",
        "mlp.fc1": "mlp.0",
        "mlp.fc2": "mlp.2",
    }
)
"""The parts of a block in published checkpoints, and here."""


class Block(nn.Module, ABC):
    """Tokens exchange what they know along one axis, then each passes an MLP; both are added to what was there.

    Subclasses say how tokens mix. With a ``scale`` both additions have a learned factor per channel that starts there.
    """

    def __init__(
        self, dim: int, hidden: int, drop_path: float = 0.0, *, eps: float = 1e-6, scale: float | None = None
    ) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.checkpointed = False
        """Whether training computes the block again in the backward pass instead of keeping what it needs."""
        self.norm = nn.LayerNorm(dim, eps=eps)
        self.mlp_norm = nn.LayerNorm(dim, eps=eps)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))
        self.mix_scale = None if scale is None else nn.Parameter(torch.full((dim,), scale))
        self.mlp_scale = None if scale is None else nn.Parameter(torch.full((dim,), scale))

    def forward(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Refined tokens."""
        if self.checkpointed and self.training and torch.is_grad_enabled():
            again: Tensor = checkpoint(self._refined, z, use_reentrant=False)
            return again
        return self._refined(z)

    def _refined(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        z = z + self._drop(_scaled(self.mix(self.norm(z)), self.mix_scale))
        return z + self._drop(_scaled(self.mlp(self.mlp_norm(z)), self.mlp_scale))

    @abstractmethod
    def mix(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """What each token learns from the others."""

    @abstractmethod
    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b one_f one_j 1"]:
        """Any one number per sequence."""

    def _drop(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Stochastic depth: the residual branch of some sequences is left out of training."""
        if not self.training or self.drop_path == 0:
            return z
        kept = torch.empty_like(self.one_each(z)).bernoulli_(1 - self.drop_path)
        return z * (kept / (1 - self.drop_path))


class OverJoints:
    """The sequences are frames."""

    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f 1 1"]:
        """A number per frame."""
        return z[:, :, :1, :1]


class OverFrames:
    """The sequences are joints."""

    def one_each(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b 1 j 1"]:
        """A number per joint."""
        return z[:, :1, :, :1]


class AttentionBlock(Block):
    """A block whose tokens attend to those of their sequence; subclasses say which axis is the sequence.

    Queries, keys and values come from three products with thirds of one weight, so that each is contiguous:
    subclasses then hand views to the attention, and its result is a view of (b f j c) again.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        drop_path: float = 0.0,
        *,
        eps: float = 1e-6,
        qkv_bias: bool = True,
        scale: float | None = None,
    ) -> None:
        super().__init__(dim, hidden, drop_path, eps=eps, scale=scale)
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    @abstractmethod
    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Tokens as sequences, one head's part each."""

    @abstractmethod
    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""

    def mix(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j c"]:
        """Multi-head self-attention."""
        weights = self.qkv.weight.chunk(3)
        biases = (None,) * 3 if self.qkv.bias is None else self.qkv.bias.chunk(3)
        q, k, v = (self.split(F.linear(z, weight, bias)) for weight, bias in zip(weights, biases, strict=True))
        new: Tensor = self.proj(self.join(F.scaled_dot_product_attention(q, k, v), like=z))
        return new


class SpatialBlock(OverJoints, AttentionBlock):
    """Attention over the joints of each frame."""

    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Sequences: frames."""
        return rearrange(z, "b f j (h d) -> (b f) h j d", h=self.heads)

    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""
        return rearrange(new, "(b f) h j d -> b f j (h d)", b=like.shape[0])


class FrameBlock(OverFrames, AttentionBlock):
    """Attention over the frames of each joint; joints count as further heads, which spares a copy."""

    def split(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "sequences heads length d"]:
        """Sequences: windows, with a head per joint and head."""
        return rearrange(z, "b f j (h d) -> b (j h) f d", h=self.heads)

    def join(
        self, new: Float[Tensor, "sequences heads length d"], like: Float[Tensor, "b f j c"]
    ) -> Float[Tensor, "b f j c"]:
        """The inverse of ``split``."""
        return rearrange(new, "b (j h) f d -> b f j (h d)", h=self.heads)


class Fusion(nn.Module):
    """Two streams into one, token by token, by weights that depend on both; they start even."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(2 * dim, 2)
        nn.init.zeros_(self.weigh.weight)
        nn.init.constant_(self.weigh.bias, 0.5)

    def forward(self, a: Float[Tensor, "*tokens c"], b: Float[Tensor, "*tokens c"]) -> Float[Tensor, "*tokens c"]:
        """The weighted sum."""
        alpha = self.weigh(torch.cat([a, b], dim=-1)).softmax(-1)
        return a * alpha[..., :1] + b * alpha[..., 1:]


class JointTokenEncoder(Encoder):
    """Levels over a token per frame and joint, whose last answer is a representation: a window's poses, all of them.

    Z0 is a level's output, averaged over the joints; Zd is the representation. A subclass makes ``levels``, ``norm``,
    ``represent`` and ``regress``, and says what the first tokens are.
    """

    levels: nn.ModuleList
    norm: nn.LayerNorm
    represent: nn.Linear
    regress: nn.Linear

    @abstractmethod
    def tokens(self, x: Float[Tensor, "b f j 3"]) -> Float[Tensor, "b f j c"]:
        """The tokens of the input with their positions."""

    def encode(self, x: Float[Tensor, "b f j 3"], tap: int = 1) -> Features:
        """Z0 after level ``tap``; Zd with a token per frame and joint."""
        assert x.shape[1] == self.window.frames, f"{x.shape[1]} frames, not {self.window.frames}"
        assert 1 <= tap <= self.num_taps, f"tap {tap} of {self.num_taps}"
        shallow = z = self.tokens(x)
        for i, level in enumerate(self.levels):
            z = level(z)
            if i + 1 == tap:
                shallow = reduce(z, "b f j c -> b f c", "mean")
        return Features(shallow=shallow, final=torch.tanh(self.represent(self.norm(z))))

    def head(self, z: Float[Tensor, "b f j c"]) -> Float[Tensor, "b f j 3"]:
        """The last linear layer, per token."""
        pose: Tensor = self.regress(z)
        return pose


def _scaled(z: Float[Tensor, "b f j c"], scale: Float[Tensor, " c"] | None) -> Float[Tensor, "b f j c"]:
    return z if scale is None else scale * z


def checkpoint_activations(network: nn.Module) -> None:
    """Makes the blocks of a network compute themselves again in the backward pass: memory for time.

    Raises:
        InputError: it has no such blocks.
    """
    blocks = [module for module in network.modules() if isinstance(module, Block)]
    if not blocks:
        raise InputError(f"checkpoint_activations is for transformers: {type(network).__name__} has no such blocks.")
    for block in blocks:
        block.checkpointed = True


def check_transformer(
    what: str,
    *,
    frames: int,
    levels: int,
    dim: int,
    heads: int,
    mlp_ratio: float,
    drop_path: float,
    representation: int = 1,
) -> None:
    """Stops a transformer whose sizes cannot be.

    Raises:
        InputError: no frames or levels, heads that do not divide the width, no width, or a rate that is none.
    """
    if levels < 1 or frames < 1:
        raise InputError(f"{what} needs a depth and frames from 1 on; got {levels} and {frames}.")
    check_heads(what, heads, dim)
    if not 0 <= drop_path < 1:
        raise InputError(f"{what}'s drop_path is {drop_path}: it must be at least 0 and below 1.")
    if int(dim * mlp_ratio) < 1:
        raise InputError(f"{what}'s mlp_ratio is {mlp_ratio}: the MLP would have no width.")
    if representation < 1:
        raise InputError(f"{what} needs a representation from 1 channel on; got {representation}.")
