"""APP on a sequence: all prompts are projected once, frames attend to those of their action."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from actionprompt.model.apm import PosePrompt, PromptDecoder
from actionprompt.model.app import Action


class PromptBank:
    """Zd_bar, with an action per frame, or the probabilities of all (Eqs. 2, 3)."""

    def __init__(self, app: PosePrompt) -> None:
        self.app = app
        self.layers = [layer for layer in app.layers if isinstance(layer, PromptDecoder)]
        self.banks = [
            rearrange(layer.key_value(app.prompts), "k l (two h e) -> two k h l e", two=2, h=layer.heads)
            for layer in self.layers
        ]

    def refine(self, zd: Float[Tensor, "b n c"], action: Action) -> Float[Tensor, "b n c"]:
        """Zd_bar: action by action of those that occur."""
        if action.is_floating_point():
            return self.over(zd, action.expand(zd.shape[0], -1, -1))
        z = self.app.down(zd)
        decoded = torch.empty_like(z)
        for k in sorted(set(action.tolist())):
            frames = (action == k).nonzero().squeeze(-1)
            decoded[:, frames] = self._decode(z[:, frames], k)
        return torch.addcmul(zd, self.app.gamma, self.app.up(decoded))

    def over(self, zd: Float[Tensor, "b n c"], action: Action) -> Float[Tensor, "b n c"]:
        """The same, all frames at once: each attends to every action's prompts, and its own action's is kept.

        (Or all are, weighted by their probabilities.)
        """
        z = self.app.down(zd)
        one = not action.is_floating_point()
        shares = [action == k if one else action[..., k] for k in range(self.app.num_actions)]
        for layer, bank in zip(self.layers, self.banks, strict=True):
            query = _query(layer, z)
            attended = torch.zeros_like(query)
            for k, share in enumerate(shares):
                found, part = _attend(query, bank[:, k]), share[:, None, :, None]
                attended = torch.where(part, found, attended) if one else attended + part * found
            z = _finish(layer, z, attended)
        return zd + self.app.gamma * self.app.up(z)

    def _decode(self, z: Float[Tensor, "b m c"], k: int) -> Float[Tensor, "b m c"]:
        for layer, bank in zip(self.layers, self.banks, strict=True):
            z = _finish(layer, z, _attend(_query(layer, z), bank[:, k]))
        return z


def _query(layer: PromptDecoder, z: Float[Tensor, "b n c"]) -> Float[Tensor, "b h n e"]:
    return rearrange(layer.query(layer.norm(z)), "b n (h e) -> b h n e", h=layer.heads)


def _attend(query: Float[Tensor, "b h n e"], bank: Float[Tensor, "2 h l e"]) -> Float[Tensor, "b h n e"]:
    key, value = bank.unsqueeze(1).expand(-1, query.shape[0], -1, -1, -1)
    return F.scaled_dot_product_attention(query, key, value)


def _finish(
    layer: PromptDecoder, z: Float[Tensor, "b n c"], attended: Float[Tensor, "b h n e"]
) -> Float[Tensor, "b n c"]:
    z = z + layer.out(rearrange(attended, "b h n e -> b n (h e)"))
    refined: Tensor = z + layer.mlp(z)
    return refined
