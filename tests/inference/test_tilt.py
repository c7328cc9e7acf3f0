"""Who stands upright before a tilted camera tells how it is tilted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from actionprompt.inference.tilt import LEAN, tilt, upright, with_tilt
from actionprompt.output import LiftedTrack, tilted
from actionprompt.output.axes import gravity_turn
from actionprompt.skeleton import H36M_17

STANDING = {
    "pelvis": (0, 0.92, 0), "spine": (0, 1.15, 0), "thorax": (0, 1.4, 0),
    "nose": (0, 1.55, 0.1), "head top": (0, 1.7, 0),
    "left hip": (0.12, 0.92, 0), "left knee": (0.12, 0.5, 0.01), "left ankle": (0.12, 0.08, 0),
    "right hip": (-0.12, 0.92, 0), "right knee": (-0.12, 0.5, 0.01), "right ankle": (-0.12, 0.08, 0),
    "left shoulder": (0.17, 1.4, 0), "left elbow": (0.2, 1.1, 0), "left wrist": (0.2, 0.85, 0),
    "right shoulder": (-0.17, 1.4, 0), "right elbow": (-0.2, 1.1, 0), "right wrist": (-0.2, 0.85, 0),
}  # fmt: skip


def person(pitch: float, roll: float, frames: int = 100, lean: float = 0.0, root: bool = True) -> LiftedTrack:
    """Who stands, sways, and steps from place to place, before a tilted camera; y up to camera axes."""
    figure = np.array([STANDING[joint] for joint in H36M_17.joints])
    sway = np.radians(3 * np.sin(np.linspace(0, 20, frames))) + np.radians(lean)
    points = np.einsum("nij,kj->nki", Rotation.from_rotvec(sway[:, None] * [1.0, 0, 0]).as_matrix(), figure)
    points += np.floor(np.linspace(0, 3.99, frames))[:, None, None] * [0.6, 0, 0.4]
    camera = points @ gravity_turn(tilted(pitch, roll)) + np.array([0, 0, 6.0])
    path = camera[:, 0]
    keypoints = 1.57 * camera[..., :2] / camera[..., 2:]
    return LiftedTrack("1", 0.0, 50.0, H36M_17, keypoints, camera - path[:, None], root=path if root else None)


def between(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(first, second), -1, 1))))


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize(("pitch", "roll"), [(0, 0), (25, 3), (20, 26), (-15, -10), (40, 0)])
def test_the_tilt_is_told(pitch: float, roll: float, root: bool) -> None:
    found = tilt([person(pitch, roll, root=root)])
    assert found is not None
    assert between(found.up, tilted(pitch, roll)) < 2
    assert found.pitch == pytest.approx(pitch, abs=2)
    assert found.roll == pytest.approx(roll, abs=2)
    assert LEAN <= found.off < 6


def test_the_ground_puts_a_leaning_person_right() -> None:
    """Who leans by 8 degrees all the time misleads; the places on which the feet stand are level."""
    true = tilted(20, 0)
    with_ground, without = (tilt([person(20, 0, lean=8.0, root=root)]) for root in (True, False))
    assert between(without.up, true) > 6
    assert between(with_ground.up, true) < between(without.up, true)


def test_who_squats_or_is_not_seen_is_not_upright() -> None:
    track = person(0, 0)
    assert upright(track).all()
    bent = track.pose.copy()
    for side in ("left", "right"):
        bent[:50, H36M_17.joints.index(f"{side} knee"), 2] -= 0.4
    assert upright(replace(track, pose=bent)).tolist() == [False] * 50 + [True] * 50
    confidence = np.ones((100, 17))
    confidence[:, :9] = 0
    assert not upright(replace(track, confidence=confidence)).any()
    assert tilt([replace(track, confidence=confidence)]) is None


def test_tracks_and_notes_say_it() -> None:
    (told,) = with_tilt([person(25, 5)], None)
    assert between(told.up, tilted(25, 5)) < 2
    assert "the camera is taken to look down by 2" in told.notes[-1]
    (rolled,) = with_tilt([person(25, 5)], 0.0)
    assert rolled.up[0] == 0  # what was said of the roll stays
    nobody = replace(person(25, 5), confidence=np.zeros((100, 17)))
    (level,) = with_tilt([nobody], None)
    assert level.up == nobody.up
    assert "nobody stands upright long enough" in level.notes[-1]
