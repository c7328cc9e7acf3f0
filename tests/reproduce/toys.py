"""A scale at which the whole grid trains in seconds, and results by hand."""

from dataclasses import replace
from types import MappingProxyType

from actionprompt.data.config import DataCfg, SyntheticCfg, UIPRMDCfg, VirtualCamerasCfg
from actionprompt.encoders.config import A3DHPCfg, DSTformerCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TCNCfg,
    TextClassesCfg,
    TextPromptCfg,
)
from actionprompt.reproduce.grid import digest
from actionprompt.reproduce.plan import Plan
from actionprompt.reproduce.results import Result
from actionprompt.reproduce.scales import Scale
from actionprompt.training.config import JointLossCfg, MotionLossCfg, RunCfg, ScheduleCfg, SequenceLossCfg
from actionprompt.training.presets import Recipe

SCHEDULE = ScheduleCfg(epochs=2, epoch_steps=3, batch=8, bn_batches=2)
ENCODERS = MappingProxyType(
    {
        "VPose": Recipe(VPoseCfg((3, 3), 8, 0.1), SCHEDULE, JointLossCfg()),
        "A3DHP": Recipe(A3DHPCfg(2, 8, 0.1), SCHEDULE, JointLossCfg()),
        "MixSTE": Recipe(MixSTECfg(9, 8, 1, 2), SCHEDULE, MotionLossCfg()),
        "DSTformer": Recipe(DSTformerCfg(9, 8, 8, 1, 2), SCHEDULE, SequenceLossCfg()),
        "MotionAGFormer": Recipe(MotionAGFormerCfg(9, 1, 8, 8, 2), SCHEDULE, SequenceLossCfg()),
    }
)
APM = APMCfg(
    TextPromptCfg(LearnedClassesCfg(8), TCNCfg(1, 0.1), PoseToTextCfg(2, 8)),
    PosePromptCfg(dim=8, length=6, heads=2),
)
TOY = Scale(
    "toys",
    ENCODERS,
    Recipe(VPoseCfg((3,) * 5, 8, 0.1), SCHEDULE),
    ENCODERS,
    APM,
    accelerator="cpu",
    checkpoint_every=2,
    log_every=2,
)
SMALL = SyntheticCfg(subjects=3, frames=20, virtual_cameras=VirtualCamerasCfg(cameras=1))


def plan(data: DataCfg = SMALL) -> Plan:
    return Plan(TOY, data)


def open_plan() -> Plan:
    """On data that are not there; with text contexts, for tables that change them."""
    scale = replace(TOY, apm=replace(APM, recogniser=replace(APM.recogniser, classes=TextClassesCfg())))
    return Plan(scale, UIPRMDCfg("somewhere"))  # type: ignore[arg-type]


def result(cfg: RunCfg, seed: int, p1: float, **changes: object) -> Result:
    """A run with P1 = p1 + 1 and p1 - 1 on its two actions, half as much depth error."""
    name = digest(replace(cfg, seed=seed))
    errors = {a: {"predicted_action": {"P1": p1 + d, "P2": (p1 + d) / 2}} for a, d in (("jump", 1), ("sit down", -1))}
    cells = {f"{a} s{k}": sides for k in (1, 2) for a, sides in errors.items()}
    made = Result(
        name,
        {"seed": seed},
        "trained",
        facts={"2D": "ground truth", "evaluated on": "toys"},
        tail=("sit down",),
        accuracy=0.9 if cfg.model.apm else None,
        parameters=1234567,
        actions=errors,
        cells=cells,
    )
    return replace(made, **changes)


def failure(cfg: RunCfg, seed: int) -> Result:
    return Result(digest(replace(cfg, seed=seed)), {"seed": seed}, "failed", "The loss became nan before step 7")
