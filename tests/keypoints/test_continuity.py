"""A figure that sways before a camera, with the faults that detectors have for a moment."""

import numpy as np
import pytest

from actionprompt.keypoints.continuity import Continuity, exchange_sides, limb_pairs, outliers, put_back
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.read import people
from actionprompt.skeleton import H36M_17
from lifted_people import person

PAIRS = limb_pairs(H36M_17.joints)
WRIST = H36M_17.joints.index("left wrist")
SECONDS = np.arange(40) / 50


def seen() -> np.ndarray:
    """Pixels in a picture of 1920 x 1080."""
    return person(frames=40).pixels


def legs_exchanged(points: np.ndarray, frames: slice) -> np.ndarray:
    left, right = PAIRS["legs"]
    changed = points.copy()
    changed[frames, left], changed[frames, right] = points[frames, right], points[frames, left]
    return changed


def test_people_who_move_are_not_repaired() -> None:
    assert exchange_sides(seen(), SECONDS, PAIRS) == []
    assert not outliers(seen(), SECONDS).any()


@pytest.mark.parametrize("frames", [slice(10, 16), slice(0, 5), slice(36, 40), slice(20, 21)])
def test_exchanged_legs_are_put_back(frames: slice) -> None:
    points = legs_exchanged(seen(), frames)
    found = exchange_sides(points, SECONDS, PAIRS)
    assert [(e.limbs, e.start, e.end) for e in found] == [("legs", frames.start, frames.stop)]
    put_back(points, found, PAIRS)
    np.testing.assert_array_equal(points, seen())


def test_sides_that_stay_exchanged_are_as_they_are() -> None:
    seconds = np.arange(40) / 10  # 2 s each
    assert exchange_sides(legs_exchanged(seen(), slice(0, 20)), seconds, PAIRS) == []


def test_legs_one_behind_the_other_are_not_exchanged() -> None:
    points = seen()
    left, right = PAIRS["legs"]
    points[:, left] = points[:, right] + np.random.default_rng(0).normal(scale=3, size=points[:, left].shape)
    assert exchange_sides(points, SECONDS, PAIRS) == []


@pytest.mark.parametrize("frames", [slice(20, 23), slice(5, 6)])
def test_a_wrist_that_jumps_and_returns_is_wrong(frames: slice) -> None:
    points = seen()
    points[frames, WRIST] += 700
    wrong = outliers(points, SECONDS)
    assert wrong[frames, WRIST].all()
    assert wrong.sum() == frames.stop - frames.start


def test_who_stays_away_has_moved() -> None:
    points = seen()
    points[20:, WRIST] += 700
    assert not outliers(points, SECONDS).any()
    points = seen()
    points[20:23] += 700  # all of them: somebody else
    assert not outliers(points, SECONDS).any()


def test_missing_points_are_no_jumps() -> None:
    points = seen()
    points[10:14, WRIST] = np.nan
    assert not outliers(points, SECONDS).any()
    assert exchange_sides(points, SECONDS, PAIRS) == []


def track(points: np.ndarray, repair: bool = True, times: np.ndarray | None = None):
    n = points.shape[0]
    detections = Detections(
        np.arange(n), ("1",) * n, points, np.full(points.shape[:2], 0.9), "h36m17", (1920, 1080), times
    )
    return people(detections, "here", repair=repair).tracks[0]


def test_tracks_are_repaired_and_say_so() -> None:
    points = legs_exchanged(seen(), slice(10, 16))
    points[20:23, WRIST] += 700
    found, clean = track(points, times=SECONDS), track(seen())
    assert found.repairs == (
        "left and right legs were exchanged from 0.20 s to 0.30 s: put back",
        "3 wrong points of single frames are interpolated (left wrist)",
    )
    assert found.interpolated == 3
    assert (found.confidence[20:23, WRIST] == 0).all()
    assert (found.keypoints - clean.keypoints).abs().max() < 0.01  # of half the width
    assert track(points, repair=False).repairs == clean.repairs == ()
    assert "from frame 10 to frame 15" in track(points).repairs[0]


def pushed(points: np.ndarray, seconds: np.ndarray = SECONDS) -> tuple[np.ndarray, np.ndarray]:
    """What is believed, frame by frame."""
    continuity = Continuity(H36M_17.joints)
    each = [continuity.push(p, np.ones(17, bool), float(t)) for p, t in zip(points, seconds, strict=True)]
    return np.stack([p for p, _ in each]), np.stack([known for _, known in each])


def test_live_people_who_move_are_believed() -> None:
    points, known = pushed(seen())
    assert known.all()
    np.testing.assert_array_equal(points, seen())


def test_live_exchanged_legs_are_put_back() -> None:
    points, known = pushed(legs_exchanged(seen(), slice(10, 16)))
    assert known.all()
    np.testing.assert_array_equal(points, seen())


def test_live_legs_that_stay_exchanged_are_believed_after_a_second() -> None:
    seconds = np.arange(40) / 10
    wrong = legs_exchanged(seen(), slice(10, 40))
    points, _ = pushed(wrong, seconds)
    np.testing.assert_array_equal(points[:20], seen()[:20])
    np.testing.assert_array_equal(points[22:], wrong[22:])


def test_live_a_wrist_that_jumps_is_missing_until_it_is_back_or_stays() -> None:
    points = seen()
    points[20:23, WRIST] += 700
    _, known = pushed(points)
    assert (~known).nonzero()[0].tolist() == [20, 21, 22]
    points[20:, WRIST] = seen()[20:, WRIST] + 700
    _, known = pushed(points)
    assert known[32:].all()  # after 0.2 s
