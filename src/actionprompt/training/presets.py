"""Every encoder with every part of APM, by name: the presets that the command line offers. No torch in here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from actionprompt.data.config import SyntheticCfg
from actionprompt.encoders.config import (
    A3DHPCfg,
    DSTformerCfg,
    EncoderCfg,
    EncoderSettings,
    MixSTECfg,
    MotionAGFormerCfg,
    NetworkCfg,
    encoder_settings,
)
from actionprompt.model.config import APMCfg, LifterCfg, OneHotCfg, PosePromptCfg, PoseToTextCfg, TextPromptCfg
from actionprompt.training.config import (
    JointLossCfg,
    MotionLossCfg,
    PoseLossCfg,
    RunCfg,
    ScheduleCfg,
    SequenceLossCfg,
)

TEXT_PROMPT = TextPromptCfg(pose_to_text=PoseToTextCfg(dim=128), width=256)
"""ATP as presets have it: narrower than the paper's parameter total suggests, since a step is faster by a third, and no
worse on held-out subjects (docs/LOG.md, 2026-12-01: ATP and P2T 32 wide beside 128 channels)."""

APMS: dict[str, tuple[str, APMCfg | None]] = {
    "": ("the published baseline", None),
    "label": (
        "with a plain action classifier beside it (Table III, Action Label)",
        APMCfg(recogniser=OneHotCfg(), pose_prompt=None),
    ),
    "atp": ("with Action-related Text Prompts", APMCfg(recogniser=TEXT_PROMPT, pose_prompt=None)),
    "app": (
        "with Action-specific Pose Prompts chosen by a plain classifier",
        APMCfg(recogniser=OneHotCfg(), pose_prompt=PosePromptCfg()),
    ),
    "apm": ("with the whole Action Prompt Module", APMCfg(recogniser=TEXT_PROMPT)),
}
"""What can stand beside an encoder: preset suffix, what it is, settings (Table III's rows)."""


_CLIPS = ScheduleCfg(epochs=60, batch=16, stride=81, lr=5e-4, amsgrad=False, lr_decay=0.99, weight_decay=0.01)
"""MotionBERT's and MotionAGFormer's schedule (the batch is MotionAGFormer's; MotionBERT's is not known here)."""

PUBLISHED: Mapping[type[EncoderSettings], tuple[ScheduleCfg, PoseLossCfg | None]] = MappingProxyType(
    {
        A3DHPCfg: (ScheduleCfg(optimiser="ranger", amsgrad=False, lr_last=1e-5), None),
        MixSTECfg: (
            ScheduleCfg(epochs=120, batch=4, lr=4e-5, amsgrad=False, lr_decay=0.99, weight_decay=0.1),
            MotionLossCfg(),
        ),
        DSTformerCfg: (_CLIPS, None),
        MotionAGFormerCfg: (_CLIPS, None),
        NetworkCfg: (ScheduleCfg(), JointLossCfg()),  # whatever it answers
    }
)
"""How encoders were published to be trained, where that is not :func:`recipe`'s rule."""


@dataclass(frozen=True)
class Recipe:
    """An encoder and how it is trained, with and without APM alike."""

    encoder: EncoderCfg
    schedule: ScheduleCfg
    pose_loss: PoseLossCfg = JointLossCfg()


def recipe(encoder: EncoderCfg) -> Recipe:
    """How an encoder is trained: as published, or as follows from whether it answers one frame or its window."""
    usual = SequenceLossCfg() if encoder.answers_window else JointLossCfg()
    schedule, pose_loss = PUBLISHED.get(type(encoder), (_CLIPS if encoder.answers_window else ScheduleCfg(), None))
    return Recipe(encoder, schedule, pose_loss or usual)


def presets() -> dict[str, tuple[str, RunCfg]]:
    """Every preset: name to (one line of help, settings). The data set is chosen beside it."""
    return {
        f"{settings.name()}+{suffix}".rstrip("+"): (
            f"{settings().title}, {what}",
            RunCfg(LifterCfg(made.encoder, apm), SyntheticCfg(), made.schedule, made.pose_loss),
        )
        for settings in encoder_settings()
        for made in [recipe(settings())]
        for suffix, (what, apm) in APMS.items()
    }
