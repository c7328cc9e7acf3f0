"""APP: the final feature Zd attends to the learned pose prompts of its action (paper, section II-B)."""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.layers import check_heads
from actionprompt.errors import InputError


class Selection(ABC):
    """Whose prompts are used: from the classification vector y to a weight for every action."""

    @abstractmethod
    def weights(self, y: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
        """The actions' weights, which sum to 1."""

    def attend(
        self,
        query: Float[Tensor, "b h n e"],
        key: Float[Tensor, "h k l e"],
        value: Float[Tensor, "h k l e"],
        weights: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b h n e"]:
        """What each item's tokens find in the prompts of all actions, weighted."""
        return attend_all(query, key, value, weights)


class HardSelection(Selection):
    """The prompts of the likeliest action alone, as in the paper; weights are 1 for it and 0 for the others."""

    def weights(self, y: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
        """One row of the identity matrix for each item."""
        return F.one_hot(y.argmax(-1), y.shape[-1]).to(y.dtype)

    def attend(
        self,
        query: Float[Tensor, "b h n e"],
        key: Float[Tensor, "h k l e"],
        value: Float[Tensor, "h k l e"],
        weights: Float[Tensor, "b k"],
    ) -> Float[Tensor, "b h n e"]:
        """With many tokens an item, its one set is picked before the attention and not after it."""
        attend = attend_chosen if query.shape[2] > key.shape[1] else attend_all
        return attend(query, key, value, weights)


class SoftSelection(Selection):
    """The prompts of all actions, weighted by their probabilities (Eq. 5).

    Actions far less probable than the likeliest one may count nothing, which costs less and nothing jumps: what is left
    of a probability above that bound is continuous.
    """

    def __init__(self, least: float = 0.0) -> None:
        """A soft choice.

        Args:
            least: the share of the largest probability that is taken off each one (those below it become 0).
        """
        assert 0 <= least < 1, least
        self.least = least

    def weights(self, y: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
        """The probabilities, or what is above the bound, as shares of 1."""
        probability = y.softmax(-1)
        if self.least == 0:
            return probability
        above = (probability - self.least * probability.amax(-1, keepdim=True)).relu()
        return above / above.sum(-1, keepdim=True)


def attend_chosen(
    query: Float[Tensor, "b h n e"],
    key: Float[Tensor, "h k l e"],
    value: Float[Tensor, "h k l e"],
    weights: Float[Tensor, "b k"],
) -> Float[Tensor, "b h n e"]:
    """Attention of each item's tokens to its own set of prompts, for weights of which one is 1 and the others are 0.

    The set is selected by a matrix product, whose gradient, unlike a gather's, is deterministic on every device.
    """
    own_key = torch.einsum("b k, h k l e -> b h l e", weights, key)
    own_value = torch.einsum("b k, h k l e -> b h l e", weights, value)
    return F.scaled_dot_product_attention(query, own_key, own_value)


def attend_all(
    query: Float[Tensor, "b h n e"],
    key: Float[Tensor, "h k l e"],
    value: Float[Tensor, "h k l e"],
    weights: Float[Tensor, "b k"],
) -> Float[Tensor, "b h n e"]:
    """Attention to every set of prompts, the answers weighted; no copy of a set per item."""
    b, k, length = query.shape[0], key.shape[1], key.shape[2]
    flat = rearrange(query, "b h n e -> h (b n) e") / query.shape[-1] ** 0.5
    score = (flat @ rearrange(key, "h k l e -> h e (k l)")).unflatten(-1, (k, length))
    n = query.shape[2]
    weight = score.softmax(-1) * weights.repeat_interleave(n, dim=0)[..., None]
    attended = weight.flatten(-2) @ rearrange(value, "h k l e -> h (k l) e")
    return attended.unflatten(1, (b, n)).transpose(0, 1)


class DecoderLayer(nn.Module):
    """One layer of the decoder: pre-norm cross-attention and an MLP of width 2C; 8 C^2 weights."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(
        self,
        z: Float[Tensor, "b n c"],
        prompts: Float[Tensor, "k l c"],
        weights: Float[Tensor, "b k"],
        selection: Selection,
    ) -> Float[Tensor, "b n c"]:
        """The tokens z with what they found in the prompts of the actions, weighted."""
        key, value = rearrange(self.key_value(prompts), "k l (two h e) -> two h k l e", two=2, h=self.heads)
        query = rearrange(self.query(self.norm(z)), "b n (h e) -> b h n e", h=self.heads)
        return self.finish(z, selection.attend(query, key, value, weights))

    def finish(self, z: Float[Tensor, "b n c"], attended: Float[Tensor, "b h n e"]) -> Float[Tensor, "b n c"]:
        """What follows the attention."""
        z = z + self.out(rearrange(attended, "b h n e -> b n (h e)"))
        return z + self.mlp(z)


class TransDecoder(nn.Module):
    """TransDecoder(Zd, P) of Eq. 2: decoder layers of width C, linear layers where the encoder's is another."""

    def __init__(self, dim: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.down = nn.Linear(dim, width) if dim != width else nn.Identity()
        self.layers = nn.ModuleList(DecoderLayer(width, heads) for _ in range(depth))
        self.up = nn.Linear(width, dim) if dim != width else nn.Identity()

    def forward(
        self,
        zd: Float[Tensor, "b n c"],
        prompts: Float[Tensor, "k l w"],
        weights: Float[Tensor, "b k"],
        selection: Selection,
    ) -> Float[Tensor, "b n c"]:
        """Zd_hat: Zd are the queries, the prompts of the weighted actions the keys and values."""
        z = self.down(zd)
        for layer in self.layers:
            z = layer(z, prompts, weights, selection)
        z_hat: Tensor = self.up(z)
        return z_hat


class APP(nn.Module):
    """Action-specific Pose Prompt: Zd_bar = Zd + gamma * TransDecoder(Zd, P_hat) (Eqs. 2, 3)."""

    def __init__(
        self, dim: int, num_actions: int, *, depth: int, width: int, length: int, heads: int, gamma: float
    ) -> None:
        """Makes prompts and decoder.

        Args:
            dim: channels of Zd.
            num_actions: K.
            depth: D, decoder layers.
            width: C, channels of prompts and decoder.
            length: L, prompts of an action.
            heads: attention heads.
            gamma: initial scale of the refinement.

        Raises:
            InputError: no layers or prompts, or heads that do not divide the width.
        """
        super().__init__()
        check_heads("APP", heads, width)
        if min(depth, length) < 1:
            raise InputError(f"APP has the depth {depth} and the length {length}: both must be at least 1.")
        self.prompts = nn.Parameter(torch.empty(num_actions, length, width))
        nn.init.normal_(self.prompts, std=0.02)
        self.trans_decoder = TransDecoder(dim, width, depth, heads)
        self.gamma = nn.Parameter(torch.full((dim,), float(gamma)))

    def forward(
        self, zd: Float[Tensor, "b *tokens c"], weights: Float[Tensor, "b k"], selection: Selection
    ) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar.

        Raises:
            InputError: not one weight for each action of each item.
        """
        if weights.shape != (zd.shape[0], self.prompts.shape[0]) or not weights.is_floating_point():
            raise InputError(
                f"APP needs the weights of {self.prompts.shape[0]} actions for each of {zd.shape[0]} items; "
                f"got {weights.dtype} of shape {tuple(weights.shape)}."
            )
        tokens = zd.reshape(zd.shape[0], math.prod(zd.shape[1:-1]), zd.shape[-1])
        zd_hat = self.trans_decoder(tokens, self.prompts, weights, selection)  # Eq. 2
        return zd + self.gamma * zd_hat.reshape(zd.shape)  # Eq. 3
