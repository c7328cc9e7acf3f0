"""Small corpora and settings by hand, shared by the tests: nothing here is loaded or downloaded."""

from pathlib import Path

import numpy as np
import torch

from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import SyntheticCfg
from actionprompt.encoders.config import EncoderCfg, VPoseCfg
from actionprompt.model.config import (
    APMCfg,
    LearnedClassesCfg,
    LifterCfg,
    OneHotCfg,
    PosePromptCfg,
    PoseToTextCfg,
    TCNCfg,
    TextPromptCfg,
)
from actionprompt.model.files import save
from actionprompt.model.lifter import Lifter
from actionprompt.skeleton import H36M_17, Skeleton
from actionprompt.training.config import RunCfg, ScheduleCfg

ACTIONS = ("walk", "sit down", "wave")
GOLDEN = Path(__file__).parent / "golden" / "protocol.npz"

VPOSE = VPoseCfg((3, 3), channels=16, dropout=0.1)
ATP = TextPromptCfg(LearnedClassesCfg(8), TCNCfg(1, 0.1), PoseToTextCfg(heads=2, dim=8), temperature=0.07)
APP = PosePromptCfg(depth=1, dim=8, length=5, heads=2)
VARIANTS = {
    "": None,
    "label": APMCfg(OneHotCfg(TCNCfg(1, 0.1)), pose_prompt=None),
    "atp": APMCfg(ATP, pose_prompt=None),
    "app": APMCfg(OneHotCfg(TCNCfg(1, 0.1)), APP),
    "apm": APMCfg(ATP, APP),
}
"""The rows of Table III, small."""


def golden(group: str) -> dict[str, torch.Tensor]:
    """Golden numbers of one group, in float32 where they are floats."""
    with np.load(GOLDEN) as file:
        found = {k.removeprefix(f"{group}/"): torch.from_numpy(file[k]) for k in file.files if k.startswith(group)}
    return {k: v.float() if v.dtype == torch.float64 and v.ndim else v for k, v in found.items()}


def clip(frames: int, seed: int = 0, skeleton: Skeleton = H36M_17, **facts: str) -> Clip:
    """A clip of random numbers, another one for every seed."""
    random = torch.Generator().manual_seed(seed)
    keypoints = torch.randn(frames, skeleton.num_joints, 2, generator=random).mul(0.3)
    pose = torch.randn(frames, skeleton.num_joints, 3, generator=random).mul(0.3)
    return Clip(keypoints, pose, **facts)


def corpus(frames: int = 20, actions: tuple[str, ...] = ACTIONS, skeleton: Skeleton = H36M_17) -> Corpus:
    """Three subjects, a clip each of every action; the last subject is for testing."""
    subjects = ("s1", "s2", "s3")
    clips = [
        clip(frames + 3 * k + s, 10 * s + k, skeleton, action=a, subject=name, name=f"{a}_{name}", camera="c0")
        for s, name in enumerate(subjects)
        for k, a in enumerate(actions)
    ]
    return Corpus("handmade", skeleton, 50.0, actions, tuple(clips), subjects[:2], subjects[2:])


def lifter(variant: str = "apm", encoder: EncoderCfg = VPOSE, seed: int = 0, spread: float = 1.0) -> Lifter:
    """An untrained lifter in evaluation mode whose gammas are large enough for APM to matter."""
    torch.manual_seed(seed)
    made = LifterCfg(encoder, VARIANTS[variant]).build(17, ACTIONS)
    for name, parameter in made.named_parameters():
        if name.endswith("gamma"):
            torch.nn.init.normal_(parameter, std=spread)
    return made.eval()


def run_cfg(variant: str = "apm", **changes: object) -> RunCfg:
    """Twelve short steps."""
    settings: dict[str, object] = {
        "model": LifterCfg(VPOSE, VARIANTS[variant]),
        "data": SyntheticCfg(),
        "schedule": ScheduleCfg(epochs=3, epoch_steps=4, batch=8, bn_batches=2),
        "accelerator": "cpu",
        "checkpoint_every": 5,
        "log_every": 3,
    }
    return RunCfg(**(settings | changes))  # type: ignore[arg-type]


def tiny_flags(epochs: int, steps: int, log: int) -> list[str]:
    """Flags of a training run that takes a second: epochs, steps in each, steps between log lines."""
    return (
        "--data synthetic --data.subjects 3 --data.frames 30 --data.virtual_cameras.cameras 1 "
        "--model.encoder.widths 3 3 --model.encoder.channels 8 --accelerator cpu --schedule.batch 8 "
        "--schedule.bn-batches 2 --checkpoint-every 4 "
        f"--schedule.epochs {epochs} --schedule.epoch-steps {steps} --log-every {log}"
    ).split()


def model_file(folder: Path) -> Path:
    """A small lifter with APM in a file, as ``lift`` takes it."""
    made = lifter("apm")
    made.metadata = {"skeleton": "h36m17", "fps": "50", "data": "nothing"}
    save(made, folder / "model.safetensors")
    return folder / "model.safetensors"
