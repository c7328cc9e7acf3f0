"""APP on a sequence: all prompts are projected once, frames attend to those of their action."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from actionprompt.model.app import APP, DecoderLayer, HardSelection, Selection, attend_all


class APPBank:
    """Zd_bar, with a weight per frame and action (Eqs. 2, 3)."""

    def __init__(self, app: APP) -> None:
        self.app, self.decoder = app, app.trans_decoder
        self.layers = [layer for layer in self.decoder.layers if isinstance(layer, DecoderLayer)]
        self.banks = [
            rearrange(layer.key_value(app.prompts), "k l (two h e) -> two k h l e", two=2, h=layer.heads)
            for layer in self.layers
        ]

    def refine(
        self, zd: Float[Tensor, "b n c"], weights: Float[Tensor, "n k"], selection: Selection
    ) -> Float[Tensor, "b n c"]:
        """Zd_bar; where only one action's prompts are used, action by action of those that occur."""
        if not isinstance(selection, HardSelection):
            return self._weighted(zd, weights)
        z = self.decoder.down(zd)
        decoded, action = torch.empty_like(z), weights.argmax(-1)
        for k in sorted(set(action.tolist())):
            frames = (action == k).nonzero().squeeze(-1)
            decoded[:, frames] = self._decode(z[:, frames], k)
        return torch.addcmul(zd, self.app.gamma, self.decoder.up(decoded))  # Eq. 3

    def over(self, zd: Float[Tensor, "b n c"], weights: Float[Tensor, "b n k"]) -> Float[Tensor, "b n c"]:
        """The same, all frames at once: each attends to every action's prompts, and what it finds is weighted."""
        z = self.decoder.down(zd)
        for layer, bank in zip(self.layers, self.banks, strict=True):
            query = _query(layer, z)
            attended = torch.zeros_like(query)
            for k, share in enumerate(weights.unbind(-1)):
                attended = attended + share[:, None, :, None] * _attend(query, bank[:, k])
            z = layer.finish(z, attended)
        return zd + self.app.gamma * self.decoder.up(z)  # Eq. 3

    def one(self, zd: Float[Tensor, "1 1 c"], weights: Float[Tensor, "1 k"]) -> Float[Tensor, "1 1 c"]:
        """The same of one frame, which attends to all prompts at once."""
        z = self.decoder.down(zd)
        for layer, bank in zip(self.layers, self.banks, strict=True):
            key, value = bank.transpose(1, 2)  # h k l e
            z = layer.finish(z, attend_all(_query(layer, z), key, value, weights))
        return zd + self.app.gamma * self.decoder.up(z)  # Eq. 3

    def _weighted(self, zd: Float[Tensor, "b n c"], weights: Float[Tensor, "n k"]) -> Float[Tensor, "b n c"]:
        """As :meth:`over`, in which frames attend only to the prompts of actions that have a weight there."""
        z = self.decoder.down(zd)
        used = [(k, frames) for k in range(weights.shape[1]) if (frames := weights[:, k].nonzero().squeeze(-1)).numel()]
        for layer, bank in zip(self.layers, self.banks, strict=True):
            query = _query(layer, z)
            attended = torch.zeros_like(query)
            for k, frames in used:
                found = _attend(query[:, :, frames], bank[:, k])
                attended.index_add_(2, frames, found.mul_(weights[frames, k, None]))
            z = layer.finish(z, attended)
        return torch.addcmul(zd, self.app.gamma, self.decoder.up(z))  # Eq. 3

    def _decode(self, z: Float[Tensor, "b m c"], k: int) -> Float[Tensor, "b m c"]:
        for layer, bank in zip(self.layers, self.banks, strict=True):
            z = layer.finish(z, _attend(_query(layer, z), bank[:, k]))
        return z


def _query(layer: DecoderLayer, z: Float[Tensor, "b n c"]) -> Float[Tensor, "b h n e"]:
    return rearrange(layer.query(layer.norm(z)), "b n (h e) -> b h n e", h=layer.heads)


def _attend(query: Float[Tensor, "b h n e"], bank: Float[Tensor, "2 h l e"]) -> Float[Tensor, "b h n e"]:
    key, value = bank.unsqueeze(1).expand(-1, query.shape[0], -1, -1, -1)
    return F.scaled_dot_product_attention(query, key, value)
