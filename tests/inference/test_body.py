"""A figure whose bones have one length, seen by a camera, lifted with errors as networks make them."""

import numpy as np
import pytest

from actionprompt.inference.body import (
    BodyCfg,
    bone_lengths,
    bones_of,
    bounded,
    fit_body,
    stature,
    sureness,
    variation,
    with_lengths,
)
from actionprompt.skeleton import H36M_17
from lifted_people import FOCAL, path, person, pose

BONES = bones_of(H36M_17)
CENTRE = (0.05, -0.02)
SURE = np.ones((40, 17))


def rays() -> np.ndarray:
    """Of the true joints."""
    return (person().keypoints - CENTRE) / FOCAL


def lengths(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(joints[:, BONES.child] - joints[:, BONES.parent], axis=-1)


def lifted(errors: float = 0.06, seed: int = 0) -> np.ndarray:
    """The true pose with an error of each joint, which stays the same, and each bone a tenth too long or too short."""
    random = np.random.default_rng(seed)
    wrong = with_lengths(pose(), lengths(pose())[0] * random.uniform(0.9, 1.1, 16), BONES)
    return wrong + random.normal(scale=errors, size=(1, 17, 3)) * (np.arange(17) > 0)[:, None]


def error(joints: np.ndarray) -> float:
    return float(np.linalg.norm(joints - pose(), axis=-1).mean())


def test_bones_have_one_length_left_as_right() -> None:
    fitted = fit_body(lifted(), rays(), SURE, 50.0)
    found = lengths(fitted.pose)
    np.testing.assert_allclose(found, np.broadcast_to(fitted.lengths, found.shape), atol=1e-9)
    np.testing.assert_allclose(fitted.lengths, fitted.lengths[BONES.mirror], atol=1e-12)
    assert variation(fitted.pose) < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_the_body_is_nearer_to_the_truth_and_to_its_rays(seed: int) -> None:
    wrong = lifted(seed=seed)
    fitted = fit_body(wrong, rays(), SURE, 50.0)
    assert error(fitted.pose) < 0.85 * error(wrong)
    points = fitted.pose + fitted.root[:, None]
    assert np.linalg.norm(points[..., :2] / points[..., 2:] - rays(), axis=-1).mean() < 0.012


def test_what_is_right_stays() -> None:
    fitted = fit_body(pose(), rays(), SURE, 50.0, settings=BodyCfg(ray_smoothing=0, distance_smoothing=0, usual=0))
    assert error(fitted.pose) < 1e-6
    np.testing.assert_allclose(fitted.root, path(), atol=1e-6)


def test_a_joint_that_was_not_seen_stays_beside_its_body() -> None:
    seen, weight = rays(), SURE.copy()
    wrist = H36M_17.joints.index("left wrist")
    seen[:, wrist], weight[:, wrist] = [0.9, 0.9], 0
    fitted, clean = fit_body(lifted(), seen, weight, 50.0), fit_body(lifted(), rays(), SURE, 50.0)
    others = np.arange(17) != wrist
    assert np.linalg.norm(fitted.pose - clean.pose, axis=-1)[:, others].max() < 0.05  # its own error counts elsewhere
    np.testing.assert_allclose(lengths(fitted.pose)[0], lengths(clean.pose)[0], atol=0.02)


def test_lengths_of_foreshortened_bones_count_little() -> None:
    """A shank that points to the camera half the time, and is answered too short then."""
    joints = np.tile(pose(1), (40, 1, 1))
    knee, ankle = (H36M_17.joints.index(f"left {name}") for name in ("knee", "ankle"))
    joints[20:, ankle] = joints[20:, knee] + [0.0, 0.02, 0.2]
    found = bone_lengths(joints, SURE, BONES)
    true = lengths(pose(1))[0]
    at = BONES.child.tolist().index(ankle)
    assert abs(found[at] - true[at]) < 0.01
    assert abs(lengths(joints).mean(0)[at] - true[at]) > 0.05


def test_the_root_is_no_faster_than_people() -> None:
    leap = path() + np.where(np.arange(40) == 20, 1.26, 0.0)[:, None]
    assert np.linalg.norm(np.diff(leap, axis=0), axis=1).max() * 50 > 60
    assert np.linalg.norm(np.diff(bounded(leap, 50.0), axis=0), axis=1).max() * 50 <= 15 + 1e-9
    np.testing.assert_array_equal(bounded(path(), 50.0), path())


def test_distance_takes_the_change_of_size() -> None:
    """Who comes nearer grows on the screen and not in metres."""
    joints = np.tile(pose(1), (40, 1, 1))
    root = np.linspace([0.0, 0.2, 8.0], [0.0, 0.2, 3.0], 40)
    points = joints + root[:, None]
    grows = joints * np.linspace(0.8, 1.2, 40)[:, None, None]
    fitted = fit_body(grows, points[..., :2] / points[..., 2:], SURE, 50.0)
    assert variation(fitted.pose) < 1e-6
    assert fitted.root[0, 2] / fitted.root[-1, 2] == pytest.approx(8 / 3, rel=0.05)


def test_stature() -> None:
    assert stature(lengths(pose(1))[0]) == pytest.approx(1.75, rel=0.06)


def test_confidence_counts_up_to_sure() -> None:
    np.testing.assert_allclose(sureness(np.array([[0.0, 0.25, 0.5, 1.0, 1.07]])), [[0, 0.5, 1, 1, 1]])
