"""Test-time flip: a window's poses and logits averaged with those of its mirror image."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.data.clip import mirror
from actionprompt.model.app import Action
from actionprompt.model.lifter import Lifter


class Views:
    """Some windows, seen once, or twice with their mirror images; encoded once for every question that is asked."""

    def __init__(self, lifter: Lifter, x: Float[Tensor, "b f j i"], order: list[int] | None) -> None:
        """Encodes the windows.

        Args:
            lifter: the model, in evaluation mode.
            x: windows on the normalised screen.
            order: the skeleton's mirror permutation; None: no flip.
        """
        self.lifter, self.order = lifter, order
        views = [x] if order is None else [x, mirror(x, order)]
        self.features = [lifter.encoder.encode(view, lifter.tap) for view in views]

    @cached_property
    def logits(self) -> Float[Tensor, "b k"] | None:
        """The mean of the views' logits; None without APM."""
        apm = self.lifter.apm
        if apm is None:
            return None
        return torch.stack([apm.recognise(f.shallow) for f in self.features]).mean(0)

    @property
    def chosen(self) -> Action | None:
        """Whose prompts the logits choose; None without APM."""
        apm = self.lifter.apm
        return None if apm is None or self.logits is None else apm.choose(self.logits)

    def pose(self, action: Action | None) -> Float[Tensor, "b t j 3"]:
        """The mean of the views' poses, refined with the prompts of an action (without APM: not refined)."""
        apm, finals = self.lifter.apm, [f.final for f in self.features]
        if apm is not None:
            assert action is not None
            finals = [apm.refine(final, action) for final in finals]
        poses = [self.lifter.encoder.head(final) for final in finals]
        return poses[0] if self.order is None else (poses[0] + mirror(poses[1], self.order)) / 2
