"""Random numbers of one batch, on its device, from a generator or (as dropout's) from the device's own."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Draws:
    """Numbers for ``batch`` windows; without a generator a recorded CUDA step draws again when it is replayed."""

    def __init__(
        self, batch: int, device: torch.device | str = "cpu", generator: torch.Generator | None = None
    ) -> None:
        self.batch, self.device, self.generator = batch, torch.device(device), generator

    def uniform(self, low: float = 0.0, high: float = 1.0, *shape: int) -> Float[Tensor, "b ..."]:
        """Uniform in [low, high)."""
        drawn = torch.rand(self.batch, *shape, device=self.device, generator=self.generator)
        return low + (high - low) * drawn

    def normal(self, sd: float = 1.0, *shape: int) -> Float[Tensor, "b ..."]:
        """Normal about 0."""
        return sd * torch.randn(self.batch, *shape, device=self.device, generator=self.generator)

    def share(self, probability: float) -> Bool[Tensor, " b"]:
        """True for that share of the windows."""
        return self.uniform() < probability

    def logarithmic(self, low: float, high: float) -> Float[Tensor, " b"]:
        """Between low and high, every ratio alike."""
        return (self.uniform() * math.log(high / low)).exp() * low
