"""APP: the final feature Zd attends to the learned pose prompts of its action (paper, section II-B)."""

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.encoders.layers import check_heads
from actionprompt.errors import InputError
from actionprompt.model.config import PosePromptCfg

Action = Int[Tensor, "*b"] | Float[Tensor, "*b k"]
"""An action an item, or the probabilities of all."""


class PromptDecoder(nn.Module):
    """One layer of TransDecoder (Eq. 2): pre-norm cross-attention and an MLP of width 2C; 8 C^2 weights."""

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
        choice: Float[Tensor, "b k"],
        one: bool = True,
    ) -> Float[Tensor, "b n c"]:
        """Tokens z attend to the prompts of each action, and get what they find weighted by ``choice``.

        Its row is 1 for ``one`` action and 0 for the others, or holds probabilities.
        """
        kv = rearrange(self.key_value(prompts), "k l (two h e) -> two h k l e", two=2, h=self.heads)
        query = rearrange(self.query(self.norm(z)), "b n (h e) -> b h n e", h=self.heads)
        attend = attend_chosen if one and z.shape[1] > prompts.shape[0] else attend_all
        attended = attend(query, kv[0], kv[1], choice)
        z = z + self.out(rearrange(attended, "b h n e -> b n (h e)"))
        return z + self.mlp(z)


def attend_chosen(
    query: Float[Tensor, "b h n e"],
    key: Float[Tensor, "h k l e"],
    value: Float[Tensor, "h k l e"],
    choice: Float[Tensor, "b k"],
) -> Float[Tensor, "b h n e"]:
    """Attention of each item's tokens to its own set of prompts.

    The set is selected by a matrix product, whose gradient, unlike a gather's, is deterministic on every device.
    """
    own_key = torch.einsum("b k, h k l e -> b h l e", choice, key)
    own_value = torch.einsum("b k, h k l e -> b h l e", choice, value)
    return F.scaled_dot_product_attention(query, own_key, own_value)


def attend_all(
    query: Float[Tensor, "b h n e"],
    key: Float[Tensor, "h k l e"],
    value: Float[Tensor, "h k l e"],
    choice: Float[Tensor, "b k"],
) -> Float[Tensor, "b h n e"]:
    """The same for few tokens: attend to every set and keep the chosen one, without a copy of a set per item.

    (And for probabilities, which weight what each set gives.)
    """
    b, k, length = query.shape[0], key.shape[1], key.shape[2]
    flat = rearrange(query, "b h n e -> h (b n) e") / query.shape[-1] ** 0.5
    score = (flat @ rearrange(key, "h k l e -> h e (k l)")).unflatten(-1, (k, length))
    n = query.shape[2]
    weight = score.softmax(-1) * choice.repeat_interleave(n, dim=0)[..., None]
    attended = weight.flatten(-2) @ rearrange(value, "h k l e -> h (k l) e")
    return attended.unflatten(1, (b, n)).transpose(0, 1)


class PosePrompt(nn.Module):
    """APP: Zd_bar = Zd + gamma * TransDecoder(Zd, P_k) (Eqs. 2, 3)."""

    def __init__(self, cfg: PosePromptCfg, dim: int, num_actions: int) -> None:
        super().__init__()
        check_heads("APP", cfg.heads, cfg.dim)
        if min(cfg.depth, cfg.length) < 1:
            raise InputError(f"APP has the depth {cfg.depth} and the length {cfg.length}: both must be at least 1.")
        self.num_actions = num_actions
        self.prompts = nn.Parameter(torch.empty(num_actions, cfg.length, cfg.dim))
        nn.init.normal_(self.prompts, std=0.02)
        self.down = nn.Linear(dim, cfg.dim) if dim != cfg.dim else nn.Identity()
        self.layers = nn.ModuleList(PromptDecoder(cfg.dim, cfg.heads) for _ in range(cfg.depth))
        self.up = nn.Linear(cfg.dim, dim) if dim != cfg.dim else nn.Identity()
        self.gamma = nn.Parameter(torch.full((dim,), float(cfg.gamma)))

    def forward(self, zd: Float[Tensor, "b *tokens c"], action: Action) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar.

        Raises:
            InputError: not one whole number an item, nor the probabilities of all actions.
        """
        one = not action.is_floating_point()
        if action.shape != (zd.shape[:1] if one else (zd.shape[0], self.num_actions)):
            raise InputError(
                f"APP needs one action for each of {zd.shape[0]} items, whole numbers, or probabilities of "
                f"{self.num_actions}; got {action.dtype} of shape {tuple(action.shape)}."
            )
        choice = F.one_hot(action.long(), self.num_actions).to(zd.dtype) if one else action
        z = self.down(zd.reshape(zd.shape[0], math.prod(zd.shape[1:-1]), zd.shape[-1]))
        for layer in self.layers:
            z = layer(z, self.prompts, choice, one)
        return zd + self.gamma * self.up(z).reshape(zd.shape)
