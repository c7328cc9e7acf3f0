from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.errors import InputError
from actionprompt.output.truth import at_times, errors, read_truth
from lifted_people import person


@pytest.fixture
def lifted():
    """A lifted motion 3 cm off the truth."""
    track = person(noise=0.0)
    noise = np.random.default_rng(0).normal(0, 0.02, track.pose.shape)
    noise[:, track.skeleton.root] = 0
    return replace(track, pose=track.pose + noise), track.pose - track.pose[:, :1]


def saved(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def test_the_root_is_taken_off_and_axes_are_found(tmp_path: Path, lifted):
    track, true = lifted
    for name, pose, note in (
        ("a", true, ()),
        ("b", true + np.array([0.1, 0.2, 3.0]), ("the pelvis taken off",)),
        ("c", true * [-1, -1, 1], ("its axes taken for the camera's -x, -y, z",)),
        ("d", true[..., [0, 2, 1]] * [1, 1, -1], ("its axes taken for the camera's x, -z, y",)),
    ):
        found = read_truth(saved(tmp_path / f"{name}.npz", pose=pose), track)
        np.testing.assert_allclose(found.pose, true, atol=1e-6)
        assert found.notes == note
    p1, pa = errors(track.pose, found.pose)
    assert 0.02 < pa < p1 < 0.05


def test_truth_at_another_rate_is_interpolated(tmp_path: Path, lifted):
    track, true = lifted
    fine = np.linspace(track.times[0] - 0.05, track.times[-1] + 0.05, 4 * track.num_frames)
    pose = np.stack([np.interp(fine, track.times, true[:, j, k]) for j in range(17) for k in range(3)], -1)
    pose = pose.reshape(-1, 17, 3)
    found = read_truth(saved(tmp_path / "a.npz", pose=pose, time=fine), track)
    np.testing.assert_allclose(found.pose, true, atol=2e-3)
    with pytest.raises(InputError, match="it must cover the motion"):
        read_truth(saved(tmp_path / "a.npz", pose=pose, time=fine + 1), track)
    with pytest.raises(InputError, match="add an array `time`"):
        read_truth(saved(tmp_path / "a.npz", pose=pose), track)


def test_straight_lines_between_times():
    pose = np.array([0.0, 1.0, 3.0])[:, None, None] * np.ones((1, 17, 3))
    found = at_times(pose, np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.5, 2.0]), Path("x"))
    np.testing.assert_allclose(found[:, 0, 0], [0.5, 2.0, 3.0])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": np.zeros(3)}, "is not an .npz file with an array `pose`"),
        ({"pose": np.zeros((40, 15, 3))}, r"holds `pose` of shape \(40, 15, 3\)"),
        ({"pose": np.full((40, 17, 3), np.nan)}, "or numbers that are none"),
        ({"pose": np.zeros((40, 17, 3)), "time": np.zeros(40)}, "its times must rise"),
        ({"pose": np.array([{}])}, "is not an .npz file with an array `pose`"),
    ],
)
def test_what_is_no_truth_is_refused(tmp_path: Path, lifted, arrays: dict, message: str):
    with pytest.raises(InputError, match=message):
        read_truth(saved(tmp_path / "a.npz", **arrays), lifted[0])


def test_our_own_trc_and_bvh_are_the_truth_of_themselves(tmp_path: Path, lifted):
    from actionprompt.output.write import write

    track = replace(lifted[0], first=0.0, pose=lifted[1])
    for name in ("a.trc", "a.bvh"):
        write([track], tmp_path / name)
        found = read_truth(tmp_path / name, track)
        np.testing.assert_allclose(found.pose, track.pose - track.pose[:, :1], atol=2e-3)
