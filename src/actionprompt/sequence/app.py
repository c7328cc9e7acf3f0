"""APP on a sequence: all prompts are projected once, frames attend to those of their action."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from actionprompt.apm import PosePrompt, PromptDecoder


class PromptBank:
    """Zd_bar, with an action per frame (Eqs. 2, 3)."""

    def __init__(self, app: PosePrompt) -> None:
        self.app = app
        self.layers = [layer for layer in app.layers if isinstance(layer, PromptDecoder)]
        self.banks = [
            rearrange(layer.key_value(app.prompts), "k l (two h e) -> two k h l e", two=2, h=layer.heads)
            for layer in self.layers
        ]

    def refine(self, zd: Float[Tensor, "b n c"], action: Int[Tensor, " n"]) -> Float[Tensor, "b n c"]:
        """Zd_bar: action by action of those that occur."""
        z = self.app.down(zd)
        decoded = torch.empty_like(z)
        for k in sorted(set(action.tolist())):
            frames = (action == k).nonzero().squeeze(-1)
            decoded[:, frames] = self._decode(z[:, frames], k)
        return torch.addcmul(zd, self.app.gamma, self.app.up(decoded))

    def _decode(self, z: Float[Tensor, "b m c"], k: int) -> Float[Tensor, "b m c"]:
        for layer, bank in zip(self.layers, self.banks, strict=True):
            query = rearrange(layer.query(layer.norm(z)), "b m (h e) -> b h m e", h=layer.heads)
            key, value = bank[:, k].unsqueeze(1).expand(-1, z.shape[0], -1, -1, -1)
            attended = F.scaled_dot_product_attention(query, key, value)
            z = z + layer.out(rearrange(attended, "b h m e -> b m (h e)"))
            z = z + layer.mlp(z)
        return z
