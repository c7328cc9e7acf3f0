import json

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.pipe import PointReader, lift_lines
from actionprompt.stream import Stream
from small import lifter


def points(n: int, seed: int = 0, count: int = 17) -> np.ndarray:
    return 300 + 100 * np.random.default_rng(seed).random((n, count, 2))


def lines(frames: np.ndarray) -> list[str]:
    return [json.dumps({"keypoints": frame.tolist()}) for frame in frames]


@pytest.mark.parametrize("lag", [0, 4])
def test_the_pipe_gives_what_the_stream_gives(lag: int) -> None:
    frames, model = points(12), lifter("apm")
    reader = PointReader("h36m17", (1000, 800))
    answers = [json.loads(line) for line in lift_lines(model, ["", *lines(frames)], reader, lag)]
    stream = Stream(model, lag)
    screen = normalise_screen(torch.from_numpy(frames).float(), 1000, 800)
    expected = [r for r in map(stream.push, screen) if r is not None] + stream.flush()
    assert [a["frame"] for a in answers] == [r.frame for r in expected] == list(range(12))
    for answer, result in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer["pose"], result.pose, atol=1e-5)
        assert answer["action"] == model.actions[result.action]
        assert answer["probability"] == pytest.approx(float(result.probability.max()), abs=1e-4)


def test_an_answer_comes_as_soon_as_its_frame() -> None:
    fed = 0

    def feed():
        nonlocal fed
        for line in lines(points(6)):
            fed += 1
            yield line

    seen = [fed for _ in lift_lines(lifter("apm"), feed(), PointReader("h36m17", (1000, 800)))]
    assert seen == [1, 2, 3, 4, 5, 6]


def test_missing_points_stay_where_they_were() -> None:
    frames = points(4)
    held = frames.copy()
    held[2, 5] = held[1, 5]
    gappy = [frame.tolist() for frame in frames]
    for missing in (None, [1.0, 2.0, 0.0], [float("nan"), 3.0]):
        gappy[2][5] = missing
        told = [json.dumps(frame) for frame in gappy]
        reader = PointReader("h36m17", (1000, 800))
        assert list(lift_lines(lifter("apm"), told, reader)) == list(
            lift_lines(lifter("apm"), lines(held), PointReader("h36m17", (1000, 800)))
        )


def test_frames_before_everything_was_seen_have_no_pose() -> None:
    frames = [frame.tolist() for frame in points(4) / 1000]
    for frame in frames[:2]:
        frame[8] = None
    found = [
        json.loads(line)
        for line in lift_lines(lifter("apm"), map(json.dumps, frames), PointReader(units="screen", layout="h36m17"))
    ]
    assert [(a["frame"], a["pose"] is None) for a in found] == [(0, True), (1, True), (2, False), (3, False)]


def test_a_detectors_points_become_seventeen_joints() -> None:
    reader = PointReader(size=(1000, 800))
    joints = reader.read(json.dumps(points(1, count=33)[0].tolist()), 1)
    assert joints is not None
    assert joints.shape == (17, 2)
    assert reader.chosen is not None
    assert reader.chosen.name == "blazepose33"
    relative = PointReader("blazepose33", (1000, 800), "relative")
    again = relative.read(json.dumps((points(1, count=33)[0] / [1000, 800]).tolist()), 1)
    torch.testing.assert_close(again, joints)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Line 2 is not one frame of points"),
        ("{}", "Line 2 is not one frame"),
        ("7", "Line 2 is not one frame"),
        ("[[1], [2]]", "Line 2 is not one frame|Line 2 holds"),
        ('[["a", "b"]]', "Line 2 is not one frame"),
        (json.dumps((points(1)[0] * 100).tolist()), "Line 2 has joints far outside the image"),
        (json.dumps([[1e308, 1.0]] * 17), "Line 2 has joints far outside the image"),
        ("null", "there is no list of points"),
        (json.dumps(points(1, count=16)[0].tolist()), "Line 2 has 16 points and the layout h36m17 17"),
    ],
)
def test_lines_that_cannot_be_read(line: str, message: str) -> None:
    told = [*lines(points(1)), line]
    with pytest.raises(InputError, match=message):
        list(lift_lines(lifter("apm"), told, PointReader("h36m17", (1000, 800))))


def test_what_cannot_be_known() -> None:
    with pytest.raises(InputError, match="--keypoints.size"):
        PointReader("h36m17")
    with pytest.raises(InputError, match="Did you mean coco17"):
        PointReader("coco", (10, 10))
    with pytest.raises(InputError, match="0 x 10"):
        PointReader("coco17", (0, 10))
    with pytest.raises(InputError, match="say which layout"):
        PointReader(size=(10, 10)).read(json.dumps(points(1)[0].tolist()), 1)
