"""Which windows make up the batch of a step: a function of (seed, step), so that a run can go on from anywhere."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


class Batches:
    """An endless stream of shuffled passes over n windows, cut into batches.

    Each pass is its own permutation, seeded by (seed, pass); a batch may span two passes, so none is ever short.
    With ``weights`` a pass draws n windows in proportion to them instead, with replacement. Passes are drawn on the
    CPU, the same for every device, and lie on ``device``: no step waits for a copy.
    """

    def __init__(
        self,
        n: int,
        batch: int,
        seed: int,
        device: torch.device | str = "cpu",
        weights: Float[Tensor, " n"] | None = None,
    ) -> None:
        self.n, self.batch, self.seed, self.device, self.weights = n, batch, seed, device, weights
        self._passes: dict[int, Int[Tensor, " n"]] = {}

    def __call__(self, step: int) -> Int[Tensor, " b"]:
        """The window indices of a step."""
        first = step * self.batch
        last = first + self.batch - 1
        wanted = range(first // self.n, last // self.n + 1)
        self._passes = {p: self._passes[p] if p in self._passes else self._shuffle(p) for p in wanted}
        parts = [order[max(0, first - p * self.n) : last + 1 - p * self.n] for p, order in self._passes.items()]
        return torch.cat(parts)

    def _shuffle(self, number: int) -> Int[Tensor, " n"]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        if self.weights is not None:
            drawn = torch.multinomial(self.weights, self.n, replacement=True, generator=generator)
            return drawn.to(self.device)
        return torch.randperm(self.n, generator=generator).to(self.device)


def seed_step(seed: int, step: int, process: int) -> None:
    """Makes all random numbers of a step a function of (seed, step, process): exact resume at any step."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, process)).generate_state(1, np.uint64)[0] >> 1))
