"""What people see of everyday video, with an untrained model: no answer may depend on what it must not depend on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from actionprompt.errors import InputError
from actionprompt.inference.body import variation
from actionprompt.inference.people import MotionCfg, lift_people
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.read import people
from actionprompt.skeleton import H36M_17
from actionprompt.video.people import People, at_rate
from lifted_people import person
from small import lifter

FRAMES = 60
WRIST = H36M_17.joints.index("left wrist")


def found(points: np.ndarray, confidence: float | np.ndarray = 1.0) -> People:
    n = points.shape[0]
    sure = np.broadcast_to(confidence, points.shape[:2]).astype(float)
    times = np.arange(n) / 50
    return at_rate(people(Detections(np.arange(n), ("1",) * n, points, sure, "h36m17", (1920, 1080), times), "here"),
                   times, 50.0)  # fmt: skip


def lifted(points: np.ndarray, confidence: float | np.ndarray = 1.0, **settings):
    return lift_people(lifter("apm"), found(points, confidence), MotionCfg(**settings))[0]


def seen() -> np.ndarray:
    return person(frames=FRAMES).pixels


def aside(points: np.ndarray, angle: float, focal: float) -> np.ndarray:
    """As the camera would see them were it turned sideways."""
    middle = np.array([960, 540])
    rays = np.concatenate([(points - middle) / focal, np.ones_like(points[..., :1])], -1)
    c, s = np.cos(angle), np.sin(angle)
    turned = rays @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
    return turned[..., :2] / turned[..., 2:] * focal + middle


def test_the_place_in_the_picture_does_not_matter() -> None:
    focal = 960 / np.tan(np.radians(65 / 2))
    one, other = (lifted(points, roll=0.0, body=None) for points in (seen(), aside(seen(), 0.3, focal)))
    c, s = np.cos(0.3), np.sin(0.3)
    back = other.pose @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    size = np.linalg.norm(one.pose, axis=-1).mean()
    assert np.linalg.norm(back - one.pose, axis=-1).mean() < 0.03 * size


def test_a_wrong_wrist_reaches_no_other_joint() -> None:
    points = seen()
    points[30:33, WRIST] += [700, -500]
    wrong, clean = lifted(points), lifted(seen())
    assert np.linalg.norm(wrong.pose - clean.pose, axis=-1).max() < 0.03
    assert not wrong.seen[30:33, WRIST].any()
    assert any("wrong points of single frames" in note for note in wrong.notes)


def test_limbs_that_are_hardly_seen_are_told_and_kept_apart() -> None:
    sure = np.ones((FRAMES, 17))
    legs = [H36M_17.joints.index(f"{side} {joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
    sure[:, legs] = 0.1
    track = lifted(seen(), sure)
    assert not track.seen[:, legs].any()
    assert any(note.startswith("hardly seen") and "left ankle 100%" in note for note in track.notes)


def test_one_body_on_a_path_as_people_go() -> None:
    track = lifted(seen())
    assert variation(track.pose) < 1e-5
    assert np.linalg.norm(np.diff(track.root, axis=0), axis=1).max() * 50 <= 15 + 1e-6


def test_the_detectors_own_3d_is_averaged_in() -> None:
    points = found(seen())
    own = torch.from_numpy(person(frames=FRAMES).pose).float()
    people_found = replace(points, tracks=(replace(points.tracks[0], own=own),))
    model = lifter("apm")
    poses = [
        lift_people(model, people_found, MotionCfg(body=None, detector_depth=share))[0].pose
        for share in (0.0, 0.3, 1.0)
    ]
    np.testing.assert_allclose(poses[2], own, atol=1e-5)
    np.testing.assert_allclose(poses[1], 0.7 * poses[0] + 0.3 * own.numpy(), atol=1e-5)


@pytest.mark.parametrize("height", [178.0, 0.1, 3.0])
def test_heights_that_people_do_not_have(height: float) -> None:
    with pytest.raises(InputError, match="height is 0.4 to 2.6 metres"):
        MotionCfg(heights=(height,))
