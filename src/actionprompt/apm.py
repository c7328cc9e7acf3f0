"""The Action Prompt Module (paper, section II).

``recognise`` is ATP (or a plain classifier): which action does the shallow feature Z0 show? ``refine`` is APP: the final
feature Zd attends to the learned pose prompts of that action. The letters are the paper's; axis letters are in
:mod:`actionprompt.encoders.base`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from actionprompt.config import (
    APMCfg,
    FixedClassesCfg,
    LearnedClassesCfg,
    OneHotCfg,
    PoolCfg,
    PosePromptCfg,
    PoseToTextCfg,
    ProjectorCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.encoders.layers import TemporalBlock
from actionprompt.errors import InputError
from actionprompt.text import build_classes

__all__ = [
    "APM",
    "APMCfg",
    "ActionProjector",
    "FixedClassesCfg",
    "LearnedClassesCfg",
    "OneHot",
    "OneHotCfg",
    "PoolCfg",
    "PosePrompt",
    "PosePromptCfg",
    "PoseToText",
    "PoseToTextCfg",
    "TCNCfg",
    "TextClassesCfg",
    "TextPrompt",
    "TextPromptCfg",
]


class ActionProjector(nn.Module):
    """A = Proj(Z0): temporal blocks (or none), mean over time, a linear layer to the width of the classes.

    The blocks' convolutions have stride 3 and no padding, so that every feature of a long sequence can be computed once
    and a window's mean is a sliding sum.
    """

    def __init__(self, cfg: ProjectorCfg, dim: int, out: int) -> None:
        super().__init__()
        if isinstance(cfg, TCNCfg) and (cfg.blocks < 0 or not 0 <= cfg.dropout < 1):
            raise InputError(
                f"The Action Projector has {cfg.blocks} blocks and the dropout {cfg.dropout}: "
                "it needs 0 blocks or more and a dropout of at least 0 and below 1."
            )
        blocks = (
            [TemporalBlock(dim, 3, cfg.dropout) for _ in range(cfg.blocks)] if isinstance(cfg, TCNCfg) else []
        )
        self.blocks = nn.ModuleList(blocks)
        self.out = nn.Linear(dim, out)

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b d"]:
        """A."""
        for block in self.blocks:
            assert isinstance(block, TemporalBlock)
            z0 = block.strided(z0) if z0.shape[1] >= block.width else block.pointwise(z0)
        return self.out(z0.mean(1))


class OneHot(nn.Module):
    """Multi-task learning as before the paper: a linear classifier on A ("Action Label", Table III)."""

    def __init__(self, cfg: OneHotCfg, dim: int, actions: Sequence[str]) -> None:
        super().__init__()
        self.projector = ActionProjector(cfg.projector, dim, len(actions))

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The logits y."""
        return self.projector(z0)


class PoseToText(nn.Module):
    """T_bar = T + gamma * CrossAttention(T, [Z0; dZ0]): class embeddings find their pose clues, velocities included.

    Keys and values are linear in Z0 (no bias), so nothing is ever computed for the velocities dZ0 themselves: their
    scores are differences of scores, and what they contribute is moved onto the positions. The queries are the same for
    all windows, so they are taken through the key weights once and no keys are computed either.
    """

    def __init__(self, cfg: PoseToTextCfg, text_dim: int, pose_dim: int) -> None:
        super().__init__()
        _check_heads("P2T", cfg.heads, cfg.dim)
        self.heads = cfg.heads
        self.query = nn.Linear(text_dim, cfg.dim, bias=False)
        self.key = nn.Linear(pose_dim, cfg.dim, bias=False)
        self.value = nn.Linear(pose_dim, cfg.dim, bias=False)
        self.out = nn.Linear(cfg.dim, text_dim)
        self.gamma = nn.Parameter(torch.full((text_dim,), cfg.gamma))

    def probes(self, t: Float[Tensor, "k d"]) -> Float[Tensor, "h k c0"]:
        """What Z0 is multiplied with to give each head's and action's score: (W_key^T W_query T) / sqrt(width)."""
        query = rearrange(self.query(t), "k (h e) -> h k e", h=self.heads)
        key = rearrange(self.key.weight, "(h e) c0 -> h e c0", h=self.heads)
        return query @ key / query.shape[-1] ** 0.5

    def forward(self, t: Float[Tensor, "k d"], z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k d"]:
        """T_bar, one set of class embeddings per window."""
        f0 = z0.shape[1]
        score = torch.einsum("b f c, h k c -> b h k f", z0, self.probes(t))
        attention = torch.cat([score, score.diff(dim=-1)], dim=-1).softmax(-1)  # keys [Z0; dZ0]
        position, velocity = attention.split([f0, f0 - 1], dim=-1)
        # sum_t v_t (z_{t+1} - z_t) = sum_t (v_{t-1} - v_t) z_t
        weight = position + F.pad(velocity, (1, 0)) - F.pad(velocity, (0, 1))
        value = rearrange(self.value(z0), "b f (h e) -> b h f e", h=self.heads)
        t_hat = rearrange(weight @ value, "b h k e -> b k h e")
        return self.enhance(t, t_hat.flatten(-2))

    def enhance(self, t: Float[Tensor, "k d"], t_hat: Float[Tensor, "*b k e"]) -> Float[Tensor, "*b k d"]:
        """T_bar from what the heads found."""
        return t + self.gamma * self.out(t_hat)


def _check_heads(what: str, heads: int, dim: int) -> None:
    if min(heads, dim) < 1:
        raise InputError(f"{what} has {heads} heads and the width {dim}: both must be at least 1.")
    if dim % heads:
        raise InputError(f"{what}'s {heads} heads do not divide its width {dim}.")


class TextPrompt(nn.Module):
    """ATP: y_k = cos(T_bar_k, A) / tau (Eq. 5)."""

    def __init__(self, cfg: TextPromptCfg, dim: int, actions: Sequence[str]) -> None:
        super().__init__()
        self.classes = build_classes(cfg.classes, actions)
        if self.classes.dim < 1 or not cfg.temperature > 0:
            raise InputError(
                f"ATP has classes of width {self.classes.dim} and the temperature {cfg.temperature}: "
                "both must be above 0."
            )
        self.projector = ActionProjector(cfg.projector, dim, self.classes.dim)
        p2t = cfg.pose_to_text
        self.pose_to_text = None if p2t is None else PoseToText(p2t, self.classes.dim, dim)
        self.temperature = cfg.temperature

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The logits y."""
        a = self.projector(z0)
        t = self.classes()
        t_bar = t if self.pose_to_text is None else self.pose_to_text(t, z0)
        cosine = F.normalize(t_bar, dim=-1) @ F.normalize(a, dim=-1).unsqueeze(-1)
        return cosine.squeeze(-1) / self.temperature


class PromptDecoder(nn.Module):
    """One layer of TransDecoder (Eq. 2): pre-norm cross-attention and an MLP of width 2C; 8 C^2 weights."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def forward(
        self, z: Float[Tensor, "b n c"], prompts: Float[Tensor, "k l c"], choice: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b n c"]:
        """Tokens z attend to the prompts of their own action, which is 1 in ``choice``."""
        kv = rearrange(self.key_value(prompts), "k l (two h e) -> two h k l e", two=2, h=self.heads)
        query = rearrange(self.query(self.norm(z)), "b n (h e) -> b h n e", h=self.heads)
        attend = attend_all if z.shape[1] <= prompts.shape[0] else attend_chosen
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
    """The same for few tokens: attend to every set and keep the chosen one, without a copy of a set per item."""
    b, k, length = query.shape[0], key.shape[1], key.shape[2]
    flat = rearrange(query, "b h n e -> h (b n) e") / query.shape[-1] ** 0.5
    score = (flat @ rearrange(key, "h k l e -> h e (k l)")).unflatten(-1, (k, length))
    n = query.shape[2]
    weight = score.softmax(-1) * choice.repeat_interleave(n, dim=0)[..., None]
    attended = weight.flatten(-2) @ rearrange(value, "h k l e -> h (k l) e")
    return rearrange(attended, "h (b n) e -> b h n e", b=b)


class PosePrompt(nn.Module):
    """APP: Zd_bar = Zd + gamma * TransDecoder(Zd, P_k) (Eqs. 2, 3)."""

    def __init__(self, cfg: PosePromptCfg, dim: int, num_actions: int) -> None:
        super().__init__()
        _check_heads("APP", cfg.heads, cfg.dim)
        if min(cfg.depth, cfg.length) < 1:
            raise InputError(
                f"APP has the depth {cfg.depth} and the length {cfg.length}: both must be at least 1."
            )
        self.num_actions = num_actions
        self.prompts = nn.Parameter(torch.empty(num_actions, cfg.length, cfg.dim))
        nn.init.normal_(self.prompts, std=0.02)
        self.down = nn.Linear(dim, cfg.dim) if dim != cfg.dim else nn.Identity()
        self.layers = nn.ModuleList(PromptDecoder(cfg.dim, cfg.heads) for _ in range(cfg.depth))
        self.up = nn.Linear(cfg.dim, dim) if dim != cfg.dim else nn.Identity()
        self.gamma = nn.Parameter(torch.full((dim,), cfg.gamma))

    def forward(
        self, zd: Float[Tensor, "b *tokens c"], action: Int[Tensor, " b"]
    ) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar."""
        choice = F.one_hot(action, self.num_actions).to(zd.dtype)
        z = self.down(zd.reshape(zd.shape[0], -1, zd.shape[-1]))
        for layer in self.layers:
            z = layer(z, self.prompts, choice)
        return zd + self.gamma * self.up(z).reshape(zd.shape)


class APM(nn.Module):
    """ATP and APP on any encoder that gives Z0 (b f0 c0) and Zd (b *tokens c)."""

    def __init__(self, cfg: APMCfg, shallow_dim: int, final_dim: int, actions: Sequence[str]) -> None:
        super().__init__()
        if len(set(actions)) != len(actions) or len(actions) < 2:
            raise InputError(f"APM needs at least two different actions to tell apart; got {list(actions)}.")
        recogniser = OneHot if isinstance(cfg.recogniser, OneHotCfg) else TextPrompt
        self.recogniser: nn.Module = recogniser(cfg.recogniser, shallow_dim, actions)  # type: ignore[arg-type]
        app = cfg.pose_prompt
        self.pose_prompt = None if app is None else PosePrompt(app, final_dim, len(actions))

    def recognise(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The classification vector y, as logits: softmax gives the probabilities of Eq. 5."""
        y: Tensor = self.recogniser(z0)
        return y

    def refine(
        self, zd: Float[Tensor, "b *tokens c"], action: Int[Tensor, " b"]
    ) -> Float[Tensor, "b *tokens c"]:
        """Zd_bar for each item's action; Zd itself where there is no APP."""
        if self.pose_prompt is None:
            return zd
        refined: Tensor = self.pose_prompt(zd, action)
        return refined
