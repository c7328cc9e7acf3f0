"""Which action does the shallow feature Z0 show? ATP (paper, section II-A), and the plain classifier before it."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.layers import TemporalBlock, check_heads
from actionprompt.errors import InputError
from actionprompt.model.classes import Classes


class ActionProjector(nn.Module):
    """A = Proj(Z0): temporal blocks (or none), mean over time, a linear layer to the width of the classes.

    The blocks' convolutions have stride 3 and no padding, so that every feature of a long sequence can be computed once
    and a window's mean is a sliding sum.
    """

    def __init__(self, dim: int, out: int, blocks: int = 0, dropout: float = 0.0) -> None:
        """Makes the layers.

        Args:
            dim: channels of Z0.
            out: channels of A.
            blocks: D2, temporal blocks; none: global average pooling ("GP").
            dropout: the blocks' probability of dropping an activation in training.

        Raises:
            InputError: a negative number of blocks, or a dropout that is not a probability.
        """
        super().__init__()
        if blocks < 0 or not 0 <= dropout < 1:
            raise InputError(
                f"The Action Projector has {blocks} blocks and the dropout {dropout}: "
                "it needs 0 blocks or more and a dropout of at least 0 and below 1."
            )
        self.blocks = nn.ModuleList(TemporalBlock(dim, 3, dropout) for _ in range(blocks))
        self.out = nn.Linear(dim, out)

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b d"]:
        """A."""
        for block in self.blocks:
            assert isinstance(block, TemporalBlock)
            z0 = block.strided(z0) if z0.shape[1] >= block.width else block.pointwise(z0)
        return self.out(z0.mean(1))


class ActionClassifier(nn.Module):
    """Multi-task learning as before the paper: a linear classifier on A ("Action Label", Table III)."""

    def __init__(self, projector: ActionProjector) -> None:
        super().__init__()
        self.projector = projector

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The logits y."""
        return self.projector(z0)


class PoseToText(nn.Module):
    """T_bar = T + gamma * CrossAttention(T, [Z0; dZ0]): class embeddings find their pose clues, velocities included.

    Keys and values are linear in Z0 (no bias), so nothing is ever computed for the velocities dZ0 themselves: their
    scores are differences of scores, and what they contribute is moved onto the positions. The queries are the same for
    all windows, so they are taken through the key weights once and no keys are computed either.
    """

    def __init__(self, text_dim: int, pose_dim: int, *, heads: int, dim: int, gamma: float) -> None:
        """Makes the layers.

        Args:
            text_dim: channels of the class embeddings T.
            pose_dim: channels of Z0.
            heads: attention heads.
            dim: width of queries, keys and values, all heads together.
            gamma: initial scale of what the pose adds.

        Raises:
            InputError: heads that do not divide the width.
        """
        super().__init__()
        check_heads("P2T", heads, dim)
        self.heads = heads
        self.query = nn.Linear(text_dim, dim, bias=False)
        self.key = nn.Linear(pose_dim, dim, bias=False)
        self.value = nn.Linear(pose_dim, dim, bias=False)
        self.out = nn.Linear(dim, text_dim)
        self.gamma = nn.Parameter(torch.full((text_dim,), float(gamma)))

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


class ATP(nn.Module):
    """Action-related Text Prompt: y_k = cos(T_bar_k, A) / tau (Eq. 5)."""

    def __init__(
        self,
        classes: Classes,
        projector: ActionProjector,
        pose_to_text: PoseToText | None,
        temperature: float,
        narrow: nn.Linear | None = None,
    ) -> None:
        """Joins the parts, which :meth:`actionprompt.model.config.TextPromptCfg.build` makes.

        Args:
            classes: the class embeddings T.
            projector: from Z0 to A.
            pose_to_text: P2T, or None.
            temperature: tau of Eq. 5.
            narrow: what brings Z0 to fewer channels before projector and P2T, or None.

        Raises:
            InputError: a temperature that is not above 0.
        """
        super().__init__()
        if not temperature > 0:
            raise InputError(f"ATP has the temperature {temperature}: it must be above 0.")
        self.classes, self.projector, self.pose_to_text = classes, projector, pose_to_text
        self.temperature, self.narrow = temperature, narrow

    def forward(self, z0: Float[Tensor, "b f0 c0"]) -> Float[Tensor, "b k"]:
        """The logits y."""
        z0 = z0 if self.narrow is None else self.narrow(z0)
        a = self.projector(z0)
        t = self.classes()
        t_bar = t if self.pose_to_text is None else self.pose_to_text(t, z0)
        # not a matrix product: its rounding would depend on whether T, shared by all windows, has a gradient
        cosine = (F.normalize(t_bar, dim=-1) * F.normalize(a, dim=-1).unsqueeze(-2)).sum(-1)
        return cosine / self.temperature  # Eq. 5, before the softmax
