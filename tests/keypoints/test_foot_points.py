"""Heels and toes of detectors that have them."""

import numpy as np
import pytest
import torch

from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.feet import foot_points
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import people
from actionprompt.skeleton import FEET
from actionprompt.video.part import Part, people_in
from actionprompt.video.people import at_rate


@pytest.mark.parametrize("name", ["blazepose33", "halpe26", "body25", "body25b"])
def test_layouts_with_feet(name: str):
    layout = layouts()[name]
    points = foot_points(layout)
    assert points is not None
    for point, foot in zip(points, FEET, strict=True):
        side, kind = foot.split()
        assert layout.points[point].startswith(side)
        assert layout.points[point].endswith("heel" if kind == "heel" else ("foot index", "big toe"))


@pytest.mark.parametrize("name", ["coco17", "h36m17", "mpii16", "openpose18"])
def test_layouts_without(name: str):
    assert foot_points(layouts()[name]) is None


def detections(frames: int = 30, lost: tuple[int, ...] = (), never: bool = False) -> Detections:
    """BlazePose's points of a person who goes right by a pixel a frame; a toe is lost in some frames."""
    layout = layouts()["blazepose33"]
    random = np.random.default_rng(0)
    points = np.repeat(random.uniform(100, 500, (1, 33, 2)), frames, axis=0)
    points[..., 0] += np.arange(frames)[:, None]
    confidence = np.full((frames, 33), 0.9)
    toe = layout.points.index("left foot index")
    for frame in range(frames) if never else lost:
        points[frame, toe] = np.nan
        confidence[frame, toe] = 0
    return Detections(
        np.arange(frames), ("1",) * frames, points, confidence, "blazepose33", (640, 600), np.arange(frames) / 30
    )


def test_feet_are_kept_and_gaps_filled():
    seen = detections(lost=(10, 11))
    (track,) = people(seen, "a test", repair=False).tracks
    assert track.feet is not None
    pixels = (track.feet[..., :2].numpy() + np.array([1, 600 / 640])) * 320
    expected = seen.points[:, foot_points(layouts()["blazepose33"])]
    expected[10:12, 1] = expected[9, 1] + [[1, 0], [2, 0]]
    np.testing.assert_allclose(pixels, expected, atol=1e-3)
    np.testing.assert_allclose(track.feet[:, 0, 2], 0.9)
    assert track.feet[10:12, 1, 2].tolist() == [0, 0]


def test_a_toe_that_is_never_found_leaves_no_feet():
    (track,) = people(detections(never=True), "a test", repair=False).tracks
    assert track.feet is None


def test_feet_of_a_mirrored_picture():
    (track,) = people(detections(), "a test", repair=False).tracks
    (put_right,) = people(detections(), "a test", repair=False, mirrored=True).tracks
    flipped = track.feet * torch.tensor([-1.0, 1, 1])
    same = torch.equal(put_right.keypoints, track.keypoints * torch.tensor([-1.0, 1]))  # the face says so
    torch.testing.assert_close(put_right.feet, flipped if same else flipped[:, [2, 3, 0, 1]])


def test_at_another_rate_and_in_part():
    found = at_rate(people(detections(), "a test", repair=False), np.arange(30) / 30, 50.0)
    (track,) = found.tracks
    assert track.feet.shape == (*track.keypoints.shape[:1], 4, 3)
    (piece,) = people_in(found, Part(0.2, 0.6), 1.0).tracks
    torch.testing.assert_close(piece.feet, track.feet[10:30])
