from pathlib import Path

import pytest
import torch
from scipy.spatial.transform import Rotation

from actionprompt.commands.models import what
from actionprompt.data.config import SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.errors import InputError
from actionprompt.hub import shipped as models
from actionprompt.inference.lifting import lift
from actionprompt.inference.person_view import RealCamera
from actionprompt.metrics import p_mpjpe
from actionprompt.model.files import load
from actionprompt.skeleton import H36M_17


@pytest.mark.parametrize("name", sorted(models.shipped()))
def test_shipped_models_load_and_know_themselves(name: str) -> None:
    found = models.shipped()[name]
    lifter = load(found.file)
    assert lifter.actions == found.actions
    assert lifter.num_joints == 17
    assert {"skeleton", "fps", "data", "seed", "2D"} <= set(found.metadata)
    card = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    assert f"## {name}" in card
    assert what(found.settings).split(",")[0] in {"VPose + APM", "A3DHP + APM", "MixSTE + APM"}


def test_they_are_small_and_the_default_is_among_them() -> None:
    found = models.shipped()
    assert models.DEFAULT in found
    assert sum(model.file.stat().st_size for model in found.values()) < 40e6


def test_the_default_lifts_a_figure_that_it_never_saw() -> None:
    """Far from its training data, and still nearer to the truth than one pose for all frames can be."""
    corpus = load_data(SyntheticCfg(subjects=3, frames=150, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    lifter = load(models.find(models.DEFAULT))
    errors, constant = [], []
    for clip in corpus.clips[:8]:
        assert clip.pose is not None
        pose = lift(lifter, clip.keypoints, flip=H36M_17, camera=RealCamera(clip.focal)).pose
        errors.append(p_mpjpe(pose, clip.pose).mean())
        best = clip.pose.mean(0, keepdim=True).expand_as(clip.pose)
        constant.append(p_mpjpe(best, clip.pose).mean())
    moving = [i for i, c in enumerate(constant) if c > 0.05]  # clips in which one pose does not do
    assert moving
    assert torch.stack([errors[i] for i in moving]).mean() < torch.stack([constant[i] for i in moving]).mean()


def test_finding(tmp_path: Path) -> None:
    assert models.find(models.DEFAULT).name == f"{models.DEFAULT}.safetensors"
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"")
    assert models.find(str(file)) == file
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert models.find(str(tmp_path)) == tmp_path / "model.safetensors"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vpose+amp", "There is no model 'vpose\\+amp'. Did you mean vpose\\+apm"),
        ("nowhere/model.safetensors", "There is no model file nowhere/model.safetensors"),
        (".", "holds no trained model"),
    ],
)
def test_what_is_not_there(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        models.find(name)


def test_the_default_does_not_mind_where_the_person_is_in_the_picture() -> None:
    """A camera turned aside by 15 degrees, its lens known: the same poses within 2 mm, through ``lift`` itself."""
    corpus = load_data(SyntheticCfg(subjects=2, frames=60, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    lifter, clip = load(models.find(models.DEFAULT)), corpus.clips[0]
    assert clip.pose is not None
    assert clip.root is not None
    points = clip.pose + clip.root[:, None]
    turn = torch.tensor(Rotation.from_euler("y", 15, degrees=True).as_matrix(), dtype=torch.float32)
    poses = []
    for world in (points, points @ turn.mT):
        seen = world[..., :2] / world[..., 2:] * 1.5
        poses.append(lift(lifter, seen, flip=H36M_17, camera=RealCamera(1.5)).pose)
    assert (poses[1] - poses[0] @ turn.mT).norm(dim=-1).mean() < 0.002
