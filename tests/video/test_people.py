import numpy as np
import pytest

from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import people as in_frames
from actionprompt.keypoints.tracks import link
from actionprompt.video.detect import Seen
from actionprompt.video.people import People, at_rate, prominence, tracks

SIZE = (1000, 800)
Sighting = tuple[int, int, np.ndarray]
"""Frame, who it really is, points."""


def walker(times: np.ndarray, start: float, speed: float, seed: int, high: float = 300) -> np.ndarray:
    """(frames, 17, 2): somebody crosses the picture, limbs swinging, seen with two pixels of noise."""
    random = np.random.default_rng(seed)
    body = random.uniform(-1, 1, (17, 2)) * [high / 7, high / 2]
    swing = 25 * np.sin(2 * np.pi * times[:, None] + random.uniform(0, 6, 17))
    place = np.stack([start + speed * times[:, None] + swing, 400 + 0 * swing], -1)
    return body + place + random.normal(0, 2, (times.size, 17, 2))


def seen(rows: list[Sighting], times: np.ndarray, confidence: float = 0.9) -> Seen:
    points = np.stack([row[2] for row in rows])
    found = Detections(
        np.array([row[0] for row in rows]), ("",) * len(rows), points, np.full(points.shape[:2], confidence), "coco17",
        SIZE, times,
    )  # fmt: skip
    return Seen(found, times.size, 1.0)


@pytest.mark.parametrize("hidden", [0, 6, 12, 20])
@pytest.mark.parametrize("speed", [100, 400])
@pytest.mark.parametrize("seed", range(3))
def test_two_people_cross(hidden: int, speed: float, seed: int):
    """One of them is not seen for some frames behind the other; each stays who they are."""
    times = np.arange(90) / 30
    both = [walker(times, 500 - 1.5 * v, v, seed + 10 * who) for who, v in enumerate((speed, -speed))]
    rows = [
        (f, who, both[who][f])
        for f in range(90)
        for who in (0, 1)
        if not (who == 1 and hidden and abs(f - 45) <= hidden / 2)
    ]
    found = link(seen(rows, times).detections, "v.mp4").people
    assert sorted({rows[i][1] for i in track} for _, track in found) == [{0}, {1}]
    assert len(tracks(seen(rows, times), "v.mp4", 50.0).tracks) == 2


@pytest.mark.parametrize(("away", "count"), [(0.8, 1), (1.3, 2)])
def test_who_returns_after_a_second_is_a_new_person(away: float, count: int):
    times = np.arange(120) / 30
    points = walker(times, 300, 20, seed=0)
    rows = [(f, 0, points[f]) for f in range(120) if not 1.0 < times[f] < 1.0 + away]
    found = tracks(seen(rows, times), "v.mp4", 50.0)
    assert len(found.tracks) == count
    if count == 1:
        lost = (found.tracks[0].confidence == 0).all(1).numpy().nonzero()[0]
        assert 1.0 < lost.min() / 50 < 1.06
        assert lost.max() / 50 < 1.8
    else:
        assert sorted(round(t.first / 50, 1) for t in found.tracks) == [0.0, 2.3]


def test_patience_is_a_time_and_not_a_number_of_frames():
    times = np.arange(40) / 4  # 4 frames a second: three frames away are 0.75 s, six are more than a second
    points = walker(times, 300, 5, seed=0)
    assert len(tracks(seen([(f, 0, points[f]) for f in range(40) if f not in (9, 10)], times), "v", 50.0).tracks) == 1
    assert len(tracks(seen([(f, 0, points[f]) for f in range(40) if not 9 <= f < 14], times), "v", 50.0).tracks) == 2


def test_all_people_share_one_clock():
    """At 30 frames a second; the second person appears at 1 s, so that their first frame is number 50."""
    times = np.arange(90) / 30
    slow = 100 * times[:, None, None] + np.arange(34).reshape(17, 2) * [4, 8] + 100
    rows = [(f, who, slow[f] + [400 * who, 0]) for f in range(90) for who in (0, 1) if who == 0 or f >= 30]
    found = tracks(seen(rows, times), "v.mp4", 50.0)
    assert [(t.first, t.keypoints.shape[0]) for t in found.tracks] == [(0, 149), (50, 99)]
    one, two = found.tracks
    gap = (two.keypoints - one.keypoints[50:]).numpy()
    np.testing.assert_allclose(gap, np.broadcast_to([0.8, 0], gap.shape), atol=1e-4)  # 400 of 1000 pixels
    assert found.timing == "30 frames/s -> 50 frames/s, interpolated"
    assert found.size == SIZE


def test_missing_points_are_interpolated_in_time():
    """With a variable rate, a line in time is not a line in frames."""
    times = np.array([0.0, 0.02, 0.04, 0.5, 0.52, 0.54])
    points = 100.0 + 200 * times[:, None, None] + np.arange(34).reshape(17, 2)
    points[2:4, 9] = 0  # left wrist
    found = in_frames(seen([(f, 0, points[f]) for f in range(6)], times).detections, "v.mp4")
    wrist = (found.tracks[0].keypoints[:, 13, 0].numpy() + 1) * 500
    np.testing.assert_allclose(wrist, 118 + 200 * times, atol=1e-2)


def test_the_main_person_is_large_and_long_there():
    times = np.arange(60) / 50
    rows = [(f, 0, walker(times, 200, 0, seed=1, high=100)[f]) for f in range(60)]
    rows += [(f, 1, walker(times, 700, 0, seed=2, high=500)[f]) for f in range(15, 55)]
    found = tracks(seen(sorted(rows, key=lambda row: row[0]), times), "v.mp4", 50.0)
    assert [t.first for t in found.tracks] == [15, 0]


def test_who_is_seen_for_a_moment_is_left_out_and_named():
    times = np.arange(60) / 50
    long, brief = walker(times, 200, 0, seed=1), walker(times, 800, 0, seed=2)
    rows = [(f, 0, long[f]) for f in range(60)] + [(f, 1, brief[f]) for f in range(20, 25)]
    found = tracks(seen(sorted(rows, key=lambda row: row[0]), times), "v.mp4", 50.0)
    assert len(found.tracks) == 1
    assert found.dropped == ("Person 2 is seen for 0.10 s only, from 0.40 s on.",)
    only = tracks(seen([(f, 1, brief[f]) for f in range(20, 25)], times), "v.mp4", 50.0)
    assert [t.first for t in only.tracks] == [20]  # nobody else is there


def test_one_frame():
    found = tracks(seen([(0, 0, walker(np.zeros(1), 500, 0, seed=0)[0])], np.zeros(1)), "v.mp4", 50.0)
    assert [(t.first, t.keypoints.shape) for t in found.tracks] == [(0, (1, 17, 2))]
    assert found.timing == "one frame"


def test_a_frozen_video_is_not_bridged():
    """A named person in a file whose frames stop for five seconds becomes two tracks."""
    times = np.concatenate([np.arange(30) / 50, 5 + np.arange(30) / 50])
    points = walker(times, 300, 3, seed=0)
    found = Detections(np.arange(60), ("ann",) * 60, points, np.ones((60, 17)), "coco17", SIZE, times)
    split: People = at_rate(in_frames(found, "v.mp4"), times, 50.0)
    assert sorted((t.person, t.first, t.keypoints.shape[0]) for t in split.tracks) == [
        ("ann", 0, 30),
        ("ann.2", 250, 30),
    ]


def test_the_rate_of_the_model_changes_nothing():
    times = np.arange(50) / 50
    points = walker(times, 300, 50, seed=0)
    found = in_frames(seen([(f, 0, points[f]) for f in range(50)], times).detections, "v.mp4")
    same = at_rate(found, times, 50.0)
    assert (same.tracks[0].keypoints == found.tracks[0].keypoints).all()
    assert same.timing == "50 frames/s, as the model's"


def test_layouts_of_the_detectors_are_known():
    assert {"coco17", "halpe26", "blazepose33"} <= set(layouts())


def test_prominence_is_height_times_confidence():
    points = np.array([[[0, 0], [9, 4], [5, np.nan]], [[0, 1], [1, 3], [2, 2]]], dtype=float)
    assert prominence(points, np.array([[1, 1, np.nan], [0.5, 0.5, 0.5]])) == pytest.approx(4 * 2 / 3 + 2 * 0.5)
