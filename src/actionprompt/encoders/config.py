"""Every encoder's settings, in a file that needs no torch: the command line and saved models are made from them."""

from copy import copy, deepcopy
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from actionprompt.errors import InputError

if TYPE_CHECKING:
    from actionprompt.encoders.base import Encoder


class EncoderSettings:
    """What every encoder's settings tell beside its sizes; a subclass overrides what is different for its network.

    The network of ``MixerCfg`` is the class ``Mixer`` of the module ``actionprompt.encoders.mixer``; its presets are
    called ``mixer``.
    """

    if TYPE_CHECKING:

        @property
        def frames(self) -> int:
            """F, the frames of a window (a field or a property of the subclass)."""

    input_channels: ClassVar[int] = 2
    """Numbers per joint and frame: x and y, or with 3 also the detector's confidence."""
    answers_window: ClassVar[bool] = False
    """Whether all F frames of a window are answered, or one of them."""
    instance: Any = None
    """The encoder that these settings stand for, where it is there already (no field: settings are equal without it,
    and files do not hold it)."""

    @classmethod
    def name(cls) -> str:
        """What presets call it."""
        return cls.network_name().lower()

    @classmethod
    def network_name(cls) -> str:
        """What its authors call the network, which is its class's name here."""
        return cls.__name__.removesuffix("Cfg")

    @property
    def title(self) -> str:
        """One line for lists: the network and its window."""
        return f"{self.network_name()}, {self.frames} frames"

    @classmethod
    def network(cls) -> "type[Encoder]":
        """The network's class; this imports it, and torch."""
        found: type[Encoder] = getattr(import_module(f"actionprompt.encoders.{cls.name()}"), cls.network_name())
        return found

    def build(self, num_joints: int) -> "Encoder":
        """The network: with random weights, or a copy of the one that these settings stand for.

        Raises:
            InputError: sizes that cannot be, or an encoder of another number of joints.
        """
        made = self.make(num_joints) if self.instance is None else deepcopy(self.instance)
        if made.num_joints != num_joints:
            raise InputError(f"The encoder given lifts {made.num_joints} joints, and here are {num_joints}.")
        made.settings = copy(self)
        object.__setattr__(made.settings, "instance", None)
        return made

    def make(self, num_joints: int) -> "Encoder":
        """A new network, with random weights."""
        return self.network()(self, num_joints)


@dataclass(frozen=True)
class VPoseCfg(EncoderSettings):
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


@dataclass(frozen=True)
class A3DHPCfg(EncoderSettings):
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


@dataclass(frozen=True)
class MixSTECfg(EncoderSettings):
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

    answers_window: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """The depth is what ActionPrompt's MixSTE differs in from the published one."""
        return f"{super().title}, depth {self.depth}"


@dataclass(frozen=True)
class DSTformerCfg(EncoderSettings):
    """DSTformer (MotionBERT, Zhu et al. 2023): attention over joints and frames in both orders; reads confidence."""

    frames: int = 243
    """F."""
    dim: int = 512
    """Width of a joint token (512 as published, 256 in its "lite" form)."""
    representation: int = 512
    """Width of the representation before the head."""
    depth: int = 5
    """Levels of two streams each."""
    heads: int = 8
    """Attention heads."""
    mlp_ratio: float = 2.0
    """Hidden width of the MLPs over dim."""
    drop_path: float = 0.0
    """Stochastic-depth rate of every block (0: none)."""

    input_channels: ClassVar[int] = 3
    answers_window: ClassVar[bool] = True


@dataclass(frozen=True)
class MotionAGFormerCfg(EncoderSettings):
    """MotionAGFormer (Mehraban et al. 2024): attention beside graph convolutions; reads confidence.

    The defaults are its size B. XS: 27 frames, 12 layers, width 64; S: 81, 26, 64; L: 243, 26, 128.
    """

    frames: int = 243
    """F."""
    layers: int = 16
    """Levels of an attention and a graph branch each."""
    dim: int = 128
    """Width of a joint token."""
    representation: int = 512
    """Width of the representation before the head."""
    heads: int = 8
    """Attention heads."""
    neighbours: int = 2
    """Frames that a joint's frame is joined with in the graph over time, the most similar ones (itself included)."""
    drop_path: float = 0.0
    """Stochastic-depth rate of every block (0: none)."""

    input_channels: ClassVar[int] = 3
    answers_window: ClassVar[bool] = True


@dataclass(frozen=True)
class NetworkCfg(EncoderSettings):
    """Any network that maps windows (b f j i) to poses (b t j 3), with APM hooked on: nobody edits its code."""

    target: str = ""
    """Its class, as module:Class. A class that keeps this package's own contract (`Encoder`) needs no hooks."""
    args: tuple[str, ...] = ()
    """What the class is made with, name=value each (Python literals; anything else is text)."""
    frames: int = 27
    """F."""
    channels: Literal[2, 3] = 2
    """Numbers per joint that it reads: x and y, or also the detector's confidence."""
    shallow: str = ""
    """The submodule whose output is Z0 (a name as in `named_modules()`; "gru[0]" where it puts out several tensors)."""
    shallow_axes: str = "b f c"
    """Z0's axes: b batch, f frames, c channels, and any other letters for axes to average over."""
    final: str = ""
    """The submodule whose input is Zd: the last projection."""
    final_axes: str = "b f c"
    """Zd's axes: b batch, c channels, and any other letters for tokens."""
    input_axes: str = "b f j i"
    """How it reads windows: b batch, f frames, j joints, i numbers per joint; "b f (j i)" if these are flat."""
    answer_axes: str = "b t j d"
    """How it answers: b batch, t frames (may be left out for one frame), j joints, d the three coordinates."""
    answer: str = ""
    """Which of several answers is the pose: a key, or a place counted from 0 (empty: there is one)."""

    @property
    def input_channels(self) -> int:  # type: ignore[override]
        """What ``channels`` says."""
        return self.channels

    @property
    def answers_window(self) -> bool:  # type: ignore[override]
        """It may: only the network itself tells."""
        return True

    def make(self, num_joints: int) -> "Encoder":
        """The network, as its class makes it.

        Raises:
            InputError: it cannot be imported or made, or the hooks do not fit it.
        """
        made: Encoder = import_module("actionprompt.encoders.network").build(self, num_joints)
        return made

    @property
    def imports(self) -> str:
        """The module that building this imports."""
        return self.target.partition(":")[0]

    @property
    def title(self) -> str:
        """The class and its window."""
        return f"{self.target}, {self.frames} frames"


EncoderCfg = VPoseCfg | A3DHPCfg | MixSTECfg | DSTformerCfg | MotionAGFormerCfg | NetworkCfg


@cache
def encoder_settings() -> "tuple[type[EncoderCfg], ...]":
    """The classes of the networks that are ours: what presets, checkpoint layouts and tables are made from."""
    return tuple(settings for settings in get_args(EncoderCfg) if settings is not NetworkCfg)
