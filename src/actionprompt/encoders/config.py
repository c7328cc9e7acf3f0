"""Every encoder's settings, in a file that needs no torch: the command line and saved models are made from them."""

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actionprompt.encoders.a3dhp import A3DHP
    from actionprompt.encoders.mixste import MixSTE
    from actionprompt.encoders.vpose import VPose


@dataclass(frozen=True)
class VPoseCfg:
    """VPose (VideoPose3D, Pavllo et al. 2019): temporal convolutions."""

    widths: tuple[int, ...] = (3, 3, 3, 3, 3)
    """Frames that each convolution joins; their product is the receptive field F (3 3 3: 27 frames, five 3s: 243)."""
    channels: int = 1024
    """Width of every layer."""
    dropout: float = 0.25
    """Probability of dropping an activation in training."""
    causal: bool = False
    """See only the past, for live use."""

    @property
    def frames(self) -> int:
        """F."""
        return prod(self.widths)

    def build(self, num_joints: int) -> "VPose":
        """The network, with random weights."""
        from actionprompt.encoders.vpose import VPose

        return VPose(self, num_joints)


@dataclass(frozen=True)
class A3DHPCfg:
    """A3DHP (Attention3DHumanPose, Liu et al. 2020): temporal attention and multi-scale dilated convolutions."""

    stages: int = 5
    """Layers of width 3; F = 3 ** stages (5: 243 frames as published, 3: 27 frames), at least 2."""
    channels: int = 1024
    """Width of every layer, a multiple of 8."""
    dropout: float = 0.2
    """Probability of dropping an activation in training."""

    @property
    def frames(self) -> int:
        """F."""
        return 3**self.stages

    def build(self, num_joints: int) -> "A3DHP":
        """The network, with random weights."""
        from actionprompt.encoders.a3dhp import A3DHP

        return A3DHP(self, num_joints)


@dataclass(frozen=True)
class MixSTECfg:
    """MixSTE (Zhang et al. 2022): alternating attention over joints and over frames; answers all F frames."""

    frames: int = 243
    """F."""
    dim: int = 512
    """Width of a joint token."""
    depth: int = 4
    """Pairs of a spatial and a temporal block (4 in the ActionPrompt paper, 8 as published)."""
    heads: int = 8
    """Attention heads."""
    mlp_ratio: float = 2.0
    """Hidden width of the MLP over dim."""
    drop_path: float = 0.1
    """Largest stochastic-depth rate, reached in the last block."""
    position_std: float = 0.0
    """Spread of the positions of joints and frames before training (0: as published; with 0.5 short runs begin to mix
    joints after half as many steps)."""

    def build(self, num_joints: int) -> "MixSTE":
        """The network, with random weights."""
        from actionprompt.encoders.mixste import MixSTE

        return MixSTE(self, num_joints)


EncoderCfg = VPoseCfg | A3DHPCfg | MixSTECfg
