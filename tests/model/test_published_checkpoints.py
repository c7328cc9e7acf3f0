"""Published checkpoints as lifters, made from the golden weights as their authors save them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from actionprompt.encoders.config import A3DHPCfg, MixSTECfg, MotionAGFormerCfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.hub.shipped import open_lifter
from actionprompt.model.published import METRES, load_published

GOLDEN = Path(__file__).parents[1] / "golden"
KINDS = {
    "vpose_f27": (VPoseCfg((3, 3, 3), 32), 17, "VideoPose3D", 1.0),
    "vpose_humaneva_f27": (VPoseCfg((3, 3, 3), 32), 15, "VideoPose3D", 1.0),
    "a3dhp_f243": (A3DHPCfg(channels=32), 17, "Attention3DHumanPose", 1.0),
    "mixste_f27_d4": (MixSTECfg(27, 32, 4), 17, "MixSTE", 1.0),
    "motionagformer_f27": (MotionAGFormerCfg(27, 2, 32, 48), 17, "MotionAGFormer", METRES),
}


def checkpoint(name: str, file: Path) -> dict[str, torch.Tensor]:
    with np.load(GOLDEN / f"{name}.npz") as arrays:
        numbers = {key: torch.from_numpy(arrays[key]) for key in arrays}
    state = {"module." + key.removeprefix("state/"): v for key, v in numbers.items() if key.startswith("state/")}
    torch.save({"epoch": 60, "model_pos": state}, file)
    return numbers


@pytest.mark.parametrize("name", KINDS)
def test_a_published_checkpoint_is_a_lifter(tmp_path: Path, name: str) -> None:
    numbers = checkpoint(name, tmp_path / "best_epoch.bin")
    cfg, joints, authors, scale = KINDS[name]
    lifter = open_lifter(str(tmp_path / "best_epoch.bin"))
    assert (lifter.cfg.encoder, lifter.num_joints, lifter.apm) == (cfg, joints, None)
    with torch.no_grad():
        pose = lifter(numbers["x"]).pose
    torch.testing.assert_close(pose, numbers["y"] * scale, rtol=1e-4, atol=3e-5)
    assert f"a published checkpoint of {authors}: " in lifter.metadata["encoder"]
    assert "their licence applies" in lifter.metadata["data"]


def test_heads_cannot_be_told_and_are_said(tmp_path: Path) -> None:
    checkpoint("dstformer_f27", tmp_path / "best_epoch.bin")
    lifter = load_published(tmp_path / "best_epoch.bin")
    assert lifter.cfg.encoder.mlp_ratio == 4
    assert lifter.metadata["encoder"].endswith("DSTformer, 27 frames, 17 joints; assumed: 8 attention heads")


def test_unknown_architectures(tmp_path: Path) -> None:
    file = tmp_path / "else.pth"
    torch.save({"STEblocks.9.attn.weight": torch.ones(2), "b": torch.ones(1)}, file)
    with pytest.raises(InputError, match=r"unknown architecture.*STEblocks\.9\.attn\.weight, b.*nearest .* MixSTE"):
        load_published(file)
    torch.save({"expand_conv.weight": torch.ones(3, 34, 3)}, file)
    with pytest.raises(InputError, match="begins like a checkpoint of VideoPose3D, but lacks"):
        load_published(file)
