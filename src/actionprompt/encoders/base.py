"""The contract between a pose encoder and everything else.

Axis letters, used in every shape of this package:
b batch, f frames in, f0 frames left at the tap, t frames out, j joints, c0 / c channels at the tap / at the end,
i numbers per joint (x, y; with 3 also confidence), k actions, n text contexts, l pose prompts, d text width.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from actionprompt.encoders.checkpoint_keys import CheckpointLayout


@dataclass(frozen=True)
class Window:
    """What an encoder reads and answers: F frames in, T out (1: one frame; F: all of them)."""

    frames: int
    out: int = 1
    causal: bool = False
    channels: int = 2
    """Numbers per joint and frame: x and y on the normalised screen, and with 3 the detector's confidence, 0 to 1."""

    @property
    def past(self) -> int:
        """Frames before the answered one (before the first one, when the window answers all its frames)."""
        if self.out != 1:
            return 0
        return self.frames - 1 if self.causal else (self.frames - 1) // 2

    @property
    def future(self) -> int:
        """Frames after the answered one: the delay of a live lifter."""
        return self.frames - self.out - self.past


class Features(NamedTuple):
    """The two places of an encoder that APM touches."""

    shallow: Float[Tensor, "b f0 c0"]
    """Z0: one vector per surviving frame (joint tokens averaged by the encoder)."""
    final: Float[Tensor, "b *tokens c"]
    """Zd: one vector per output token."""


class Encoder(nn.Module, ABC):
    """A 2D-to-3D lifter cut in two: ``forward(x) = head(encode(x).final)`` is the published baseline, untouched."""

    window: Window
    num_joints: int
    shallow_dim: int
    """c0: the width of Z0, the same at every tap."""
    final_dim: int
    """c: the width of Zd."""
    num_taps: int
    """Taps are numbered 1 (shallowest) to num_taps (Table VII)."""
    settings: Any = None
    """The `EncoderSettings` that it was built from, or None."""
    arguments: Mapping[str, Any] = MappingProxyType({})
    """What its class was made with, by name, where no settings say it: a saved file makes it again with these."""

    @abstractmethod
    def encode(self, x: Float[Tensor, "b f j i"], tap: int = 1) -> Features:
        """Features of a batch of windows."""

    @abstractmethod
    def head(self, z: Float[Tensor, "b *tokens c"]) -> Float[Tensor, "b t j 3"]:
        """The 3D pose (camera axes, root-relative, metres) of final features: a linear projection."""

    def forward(self, x: Float[Tensor, "b f j i"]) -> Float[Tensor, "b t j 3"]:
        """The baseline without APM."""
        return self.head(self.encode(x).final)

    @staticmethod
    def published() -> CheckpointLayout | None:
        """The layout of its authors' checkpoints, where one is known."""
        return None
