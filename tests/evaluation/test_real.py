"""A calibrated video made by code: a figure that sways before two cameras."""

from pathlib import Path

import numpy as np
import pytest

from actionprompt import cli
from actionprompt.errors import InputError
from actionprompt.evaluation.real import errors, largest_jump
from actionprompt.evaluation.real_video import found_people, read_real, true_joints
from actionprompt.output import LiftedTrack
from actionprompt.skeleton import H36M_17
from lifted_people import path, pose
from small import model_file

FRAMES = 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """World with z up; one camera level, one rolled by 20 degrees."""
    level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # x right, y down, z forward of a camera that looks along y
    roll = np.radians(20)
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    joints = (pose(FRAMES) + path(FRAMES)[:, None]) @ level
    content = {"world": joints, "layout": "h36m17", "fps": 50.0}
    lens = np.array([[1100.0, 0, 960], [0, 1100, 540], [0, 0, 1]])
    for name, rotation in (("a", level), ("b", turn @ level)):
        seen = joints @ rotation.T @ lens.T
        content |= {
            f"{name}/keypoints": seen[..., :2] / seen[..., 2:] + 3, f"{name}/confidence": np.ones((FRAMES, 17)),
            f"{name}/detector_world": joints @ rotation.T, f"{name}/K": lens, f"{name}/R": rotation,
            f"{name}/t": np.zeros(3), f"{name}/size": np.array([1920, 1080]),
        }  # fmt: skip
    np.savez(tmp_path / "video.npz", **content)
    return tmp_path / "video.npz"


def test_the_truth_has_no_error(file: Path) -> None:
    video = read_real(file)
    truth = true_joints(video, video.views[1].truth, 50.0)
    root = truth[:, 0]
    track = LiftedTrack("1", 0.0, 50.0, H36M_17, np.zeros((FRAMES, 17, 2)), truth - root[:, None], root=root)
    found = errors(track, truth)
    np.testing.assert_allclose(found[:4], 0, atol=1e-6)
    assert found.sliding == pytest.approx(0, abs=0.15) or np.isnan(found.sliding)


def test_views_are_what_cameras_see(file: Path) -> None:
    view = read_real(file).views[0]
    np.testing.assert_allclose(view.perfect, view.points - 3, atol=1e-9)
    turned = view.turned(np.array([[0.8, 0, -0.6], [0, 1, 0], [0.6, 0, 0.8]]), view.perfect)
    np.testing.assert_allclose(turned.points, turned.perfect, atol=1e-6)
    found = found_people(read_real(file), view, 50.0, perfect=True).tracks[0]
    np.testing.assert_allclose((found.keypoints.numpy() + np.array([1, 1080 / 1920])) * 960, view.perfect, atol=1e-3)


def test_a_jump_is_told() -> None:
    joints = np.zeros((10, 17, 3))
    joints[:, 3, 0] = 0.01 * np.arange(10) + 0.2 * (np.arange(10) > 4)
    chance = np.where(np.arange(10)[:, None] > 4, [0.4, 0.6], [0.6, 0.4])
    track = LiftedTrack("1", 0.0, 50.0, H36M_17, np.zeros((10, 17, 2)), joints, actions=("a", "b"), probability=chance)
    assert largest_jump(track) == pytest.approx(21)


def test_the_command_writes_every_stage(file: Path, tmp_path: Path, capsys) -> None:
    model = model_file(tmp_path / "model")
    assert cli.main(["evaluate", str(model), "--data", "real", "--data.path", str(file), "--out", str(tmp_path)]) == 0
    report = (tmp_path / "report-real.md").read_text(encoding="utf-8")
    for row in ("as lift does", "without the virtual camera", "without one body on its rays", "the network alone"):
        assert f"| {row} |" in report
    assert "| the detector's own 3D | 0.0 |" in report
    assert "| 30% aside |" in report
    assert (tmp_path / "report-real.json").is_file()


@pytest.mark.parametrize("change", ["world", "a/K", None])
def test_other_files_are_refused(change: str | None, file: Path) -> None:
    if change is None:
        file.unlink()
    else:
        with np.load(file) as found:
            left = {name: found[name] for name in found.files if name != change}
        np.savez(file, **left)
    with pytest.raises(InputError, match=r"There is no file|is not a calibrated video|has no array"):
        read_real(file)
