from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from actionprompt.camera import normalise_screen
from actionprompt.keypoints.layouts import layouts
from actionprompt.skeleton import H36M_17
from actionprompt.video.blazepose import BlazePose
from actionprompt.video.detect import Person
from actionprompt.video.single_person import SinglePersonTracker
from actionprompt.video.webcam import Webcam

SHAPE = np.random.default_rng(0).random((17, 2)) * [40, 100]
IMAGE = np.zeros((480, 640, 3), np.uint8)


def person(x: float, size: float = 1.0, sure: float = 0.9) -> Person:
    return Person(SHAPE * size + [x, 50], np.full(17, sure))


class Script:
    """Sees what it is told to."""

    name, layout = "script", "coco17"

    def __init__(self, *frames: list[Person]) -> None:
        self.frames = iter(frames)

    def __call__(self, image: np.ndarray, time: float) -> list[Person]:
        return next(self.frames)


def follow(*frames: list[Person], times: list[float] | None = None) -> list[torch.Tensor | None]:
    follower = SinglePersonTracker(Script(*frames))
    return [follower(IMAGE, t) for t in times or np.arange(len(frames)) / 30]


def joints(one: Person) -> torch.Tensor:
    points = torch.from_numpy(layouts()["coco17"].weights() @ one.points).float()
    return normalise_screen(points, 640, 480)


def same(found: torch.Tensor | None, one: Person | None) -> bool:
    if found is None or one is None:
        return found is None and one is None
    return torch.allclose(found[:, :2], joints(one), atol=1e-6)


def test_the_most_prominent_then_the_nearest():
    big, small = [person(100 + 5 * i) for i in range(4)], [person(400 - 5 * i, 0.5) for i in range(4)]
    grown = [small[0], *(person(400 - 5 * i, 2.0) for i in range(1, 4))]  # larger, but somebody else
    found = follow(*([s, b] for b, s in zip(big, grown, strict=True)))
    assert all(same(f, b) for f, b in zip(found, big, strict=True))
    unsure = person(100, 1.2, sure=0.3)
    assert same(follow([unsure, small[0]])[0], small[0])


def test_somebody_else_is_taken_after_a_second():
    a, b = person(100), person(400)
    found = follow([a], [b], [b], [b], [], times=[0, 0.5, 1.0, 1.1, 1.2])
    assert [same(f, e) for f, e in zip(found, [a, None, None, b, None], strict=True)] == [True] * 5


def test_a_missing_point_stays_and_does_not_count():
    first, second = person(100), person(103)
    second.points[9] = 9999.0
    second.confidence[9] = 0
    expected = person(103)
    expected.points[9] = first.points[9]
    found = follow([first], [second], [person(106)])
    assert same(found[1], expected)
    left_wrist = H36M_17.joints.index("left wrist")
    assert (found[1][:, 2] == 0).nonzero().tolist() == [[left_wrist]]
    assert torch.allclose(found[0][:, 2], torch.tensor(0.9))
    assert same(found[2], person(106))


def test_a_newcomer_keeps_nothing_of_the_one_before():
    partial = person(400)
    partial.confidence[9] = 0
    assert follow([person(100)], [partial], times=[0, 5])[1] is None


def test_nobody_at_all():
    needless = Person(SHAPE, np.eye(17)[1])  # an eye, which no joint needs
    assert follow([], [Person(SHAPE, np.zeros(17))], [Person(SHAPE * 0, np.ones(17))], [needless]) == [None] * 4


def test_a_point_at_the_corner_is_missing():
    second, expected = person(103), person(103)
    second.points[9] = 0
    expected.points[9] = person(100).points[9]
    assert same(follow([person(100)], [second])[1], expected)


def test_a_real_person_before_a_camera(weights: Path, demo: Path):
    follower = SinglePersonTracker(BlazePose(weights=weights, most=1, threads=1))
    with Webcam(f"movie={demo},trim=end_frame=20,realtime=speed=0.15", "lavfi").opened() as frames:
        seen = [(time, follower(image, time)) for time, image in frames]
    found = [(time, one) for time, one in seen if one is not None]
    assert len(found) > 0.8 * len(seen) > 3
    for (before, one), (after, other) in pairwise(found):
        assert (one - other).norm(dim=-1).mean() < 0.05 + 0.5 * (after - before)  # nobody else in between
    heights = [float(one[:, 1].max() - one[:, 1].min()) for _, one in found]
    assert 0.2 < np.median(heights) < 0.7  # 38 % of a frame of 0.56 of its width
