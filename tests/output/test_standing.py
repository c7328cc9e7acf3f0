"""Who squats on the spot, lifted with a path that sways in depth: feet stand again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionprompt.analysis.contacts import contacts, standing_frames
from actionprompt.formats.bvh import read_bvh
from actionprompt.output import CharacterCfg, LiftedTrack, WriteCfg, write
from actionprompt.output.axes import ANKLE_HEIGHT, world
from actionprompt.output.ground_path import ground
from actionprompt.output.rigid import two_bones
from actionprompt.output.rigs import RigName
from actionprompt.output.standing import CLEAR, cleared, standing, stood
from actionprompt.skeleton import H36M_17

FPS = 50.0
J = H36M_17.joints.index


def squat(frames: int = 150, lift_left: bool = False) -> np.ndarray:
    """Joints in camera axes, 4 m away: two squats on feet that stay; or standing with the left foot raised twice."""
    time = np.arange(frames) / FPS
    depth = 0.3 * np.sin(np.pi * time / 1.5) ** 2
    points = np.zeros((frames, 17, 3))
    points[:] = [0, 0, 4]
    for side, x in (("right", -0.12), ("left", 0.12)):
        hip = np.stack([np.full(frames, x), -0.9 + (0 if lift_left else 1) * depth, np.full(frames, 4.0)], axis=-1)
        ankle = np.tile([x, 0.0, 4.0], (frames, 1))
        if lift_left and side == "left":
            ankle[:, 1] -= depth
        knee, _ = np.moveaxis(two_bones(hip, np.add(hip, [0, 0, -1]), ankle, (0.46, 0.45)), 1, 0)
        shoulder = np.add(hip, [0.08 * np.sign(x), -0.45, 0])
        for part, place in (("hip", hip), ("knee", knee), ("ankle", ankle), ("shoulder", shoulder)):
            points[:, J(f"{side} {part}")] = place
        points[:, J(f"{side} elbow")] = np.add(shoulder, [0, 0.28, 0])
        points[:, J(f"{side} wrist")] = np.add(shoulder, [0, 0.5, -0.1])
    pelvis = points[:, [J("left hip"), J("right hip")]].mean(1)
    for name, up in (("pelvis", 0), ("spine", 0.25), ("thorax", 0.48), ("nose", 0.6), ("head top", 0.75)):
        points[:, J(name)] = pelvis - [0, up, 0.08 * (name == "nose")]
    return points


def track(points: np.ndarray, sway: float = 0.0) -> LiftedTrack:
    root = points[:, 0]
    off = sway * np.sin(2 * np.pi * 0.4 * np.arange(len(points)) / FPS)
    return LiftedTrack(
        "1", 0.0, FPS, H36M_17, 1.5 * points[..., :2] / points[..., 2:], points - root[:, None],
        root=root * (1 + off / 4)[:, None], size=(1920, 1080),
    )  # fmt: skip


def ankles(one: LiftedTrack) -> np.ndarray:
    return world([one]).points(one.points)[:, [J("left ankle"), J("right ankle")]]


def test_feet_stand_again() -> None:
    lifted = track(squat(), sway=0.3)
    before, after = ankles(lifted), ankles(standing([lifted])[0])
    assert np.ptp(before, axis=0).max() > 0.4
    assert np.ptp(after, axis=0).max() < 0.01
    np.testing.assert_allclose(after[..., 1], ANKLE_HEIGHT, atol=0.01)


def test_a_true_motion_stays() -> None:
    lifted = track(squat())
    again = standing([lifted])[0]
    assert np.linalg.norm(again.points - lifted.points, axis=-1).max() < 0.02
    assert "one stands in 100% of the frames" in again.notes[-1]


def test_a_raised_foot_does_not_stand() -> None:
    points = squat(lift_left=True)
    lifted = track(points)
    y_up = world([lifted]).points(lifted.points)
    still = standing_frames(contacts(y_up, lifted.keypoints, np.full(150, 1.5 / 4), H36M_17, FPS), 150)
    assert still[:, 1].all()
    assert not still[25:50, 0].any()
    assert still[:6, 0].all()
    after = ankles(standing([track(points, sway=0.3)])[0])
    assert np.ptp(after[:, 1], axis=0).max() < 0.01
    assert np.ptp(after[:, 0, 1]) > 0.25


def test_knees_bend_forward_only() -> None:
    points = squat()
    points[:, [J("left knee"), J("right knee")], 2] = 8 - points[:, [J("left knee"), J("right knee")], 2]
    done = standing([track(points)])[0].points
    for side in ("left", "right"):
        hip, knee, ankle = (done[:, J(f"{side} {part}")] for part in ("hip", "knee", "ankle"))
        assert (knee[:, 2] < (hip + ankle)[:, 2] / 2 + 0.01).all()  # towards the camera is ahead


def test_a_slope_is_taken_out() -> None:
    random = np.random.default_rng(0)
    places = random.uniform(-2, 2, (12, 3))
    places[:, 1] = 0.1 + 0.2 * places[:, 2]
    places[0, 1] += 2  # a roof
    found = ground(places, np.ones(12))
    np.testing.assert_allclose(found, [0.1, 0, 0.2], atol=0.03)


def test_who_moves_does_not_touch_the_ground() -> None:
    ankle = np.zeros((100, 2, 3))
    ankle[..., 1] = ANKLE_HEIGHT - 0.02
    ankle[:, 0, 0] = np.linspace(0, 2, 100)  # 1 m/s
    still = np.zeros((100, 2), dtype=bool)
    still[:, 1] = True
    rise = cleared(ankle, still, FPS)
    np.testing.assert_allclose(rise[:, 0], 0.02 + CLEAR)
    np.testing.assert_array_equal(rise[:, 1], 0)
    np.testing.assert_array_equal(cleared(ankle + np.array([0, 0.1, 0]), still, FPS), 0)
    ankle[:, 0, 0] = 0
    np.testing.assert_allclose(cleared(ankle, still, FPS)[:, 0], 0.02)  # slow, but not below the ground


@pytest.mark.parametrize("rig", ["plain", "mixamo"])
def test_feet_are_flat_on_the_ground_and_toes_never_below(tmp_path: Path, rig: RigName) -> None:
    toes = "ToeBase_End" if rig == "mixamo" else "Foot_End"
    for lift_left in (False, True):
        settings = WriteCfg(feet=True, character=CharacterCfg(rig=rig))
        write([track(squat(lift_left=lift_left), sway=0.3)], tmp_path / "a.bvh", settings=settings)
        file = read_bvh(tmp_path / "a.bvh")
        for side in ("Left", "Right"):
            ankle, tip = (file.points[:, file.names.index(side + name)] for name in ("Foot", toes))
            assert tip[:, 1].min() > -1e-4
            stands = ankle[:, 1] < ANKLE_HEIGHT + 0.005
            assert stands.mean() > (0.2 if lift_left else 0.95)
            assert tip[stands, 1].max() < 0.005


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_short_motions(frames: int) -> None:
    again = standing([track(squat()[:frames])])[0]
    assert again.num_frames == frames


def test_without_a_path_nothing_changes() -> None:
    lifted = replace(track(squat()), root=None)
    assert stood(lifted, world([lifted])).track is lifted


def test_two_bones_reach() -> None:
    random = np.random.default_rng(1)
    start, middle, end = random.normal(size=(3, 50, 3))
    end = start + 0.6 * (end - start) / np.linalg.norm(end - start, axis=-1, keepdims=True)
    elbow, hand = np.moveaxis(two_bones(start, middle, end, (0.5, 0.4)), 1, 0)
    np.testing.assert_allclose(hand, end, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(elbow - start, axis=-1), 0.5)
    np.testing.assert_allclose(np.linalg.norm(hand - elbow, axis=-1), 0.4)
