"""The forward pass, written once: encode, recognise, choose, refine, head (paper, Fig. 2).

A plain forward sees each window once; with a mirror permutation it also sees the mirror image, and averages. Whole
sequences take the same pass with parts that share their features (:mod:`actionprompt.inference.incremental`).
"""

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import mirror
from actionprompt.model.app import Selection


class Parts(Protocol):
    """What a lifter is made of. v counts the views: one, or two with the mirror image."""

    def encode(self, views: Float[Tensor, "v b *in"]) -> tuple[Float[Tensor, "v b *c0"], Float[Tensor, "v b *c"]]:
        """Z0 and Zd."""

    def recognise(self, z0: Float[Tensor, "v b *c0"]) -> Float[Tensor, "v b k"] | None:
        """The classification vector y; None without APM."""

    def choose(self, y: Float[Tensor, "b k"], selection: Selection | None) -> Float[Tensor, "b k"]:
        """The weights of the actions' prompts."""

    def refine(
        self, zd: Float[Tensor, "v b *c"], weights: Float[Tensor, "b k"], selection: Selection | None
    ) -> Float[Tensor, "v b *c"]:
        """Zd_bar."""

    def head(self, zd: Float[Tensor, "v b *c"]) -> Float[Tensor, "v b *out 3"]:
        """The poses Y."""


class ForwardPass:
    """Some windows, encoded once for every question that is asked about them."""

    def __init__(
        self,
        parts: Parts,
        x: Float[Tensor, "b *in"],
        order: list[int] | None = None,
        selection: Selection | None = None,
    ) -> None:
        """Encodes the windows and recognises their actions.

        Args:
            parts: the lifter.
            x: windows, or consecutive frames, on the normalised screen.
            order: the skeleton's mirror permutation, to average with the mirror image; None: no flip.
            selection: whose prompts are used; None: as the model's settings say.
        """
        self.parts, self.order, self.selection = parts, order, selection
        z0, self.zd = parts.encode(x[None] if order is None else torch.stack([x, mirror(x, order)]))
        y = parts.recognise(z0)
        self.logits = None if y is None else y.mean(0)
        """The classification vector y, the mean of the views'; None without APM."""

    def pose(
        self, weights: Float[Tensor, "b k"] | None = None, selection: Selection | None = None
    ) -> Float[Tensor, "b *out 3"]:
        """The poses, refined with the prompts of the actions as they are weighted (None: as recognised).

        Args:
            weights: of the actions' prompts; None: by their recognition, in the way of ``selection``.
            selection: whose prompts are used; None: as this pass began.
        """
        zd, selection = self.zd, selection or self.selection
        if self.logits is not None:
            weights = self.parts.choose(self.logits, selection) if weights is None else weights
            zd = self.parts.refine(zd, weights, selection)
        pose = self.parts.head(zd)
        return pose[0] if self.order is None else (pose[0] + mirror(pose[1], self.order)) / 2
