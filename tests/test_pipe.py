import json

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen
from actionprompt.errors import InputError
from actionprompt.model import Lifter
from actionprompt.pipe import PointReader, lift_lines
from actionprompt.stream import Stream
from small import lifter


def points(n: int, seed: int = 0, count: int = 17) -> np.ndarray:
    return 300 + 100 * np.random.default_rng(seed).random((n, count, 2))


def lines(frames: np.ndarray) -> list[str]:
    return [json.dumps({"keypoints": frame.tolist()}) for frame in frames]


def reader(**options) -> PointReader:
    return PointReader("h36m17", (1000, 800), **options)


def told(model: Lifter, given: list[str], reader: PointReader, lag: int = 0) -> list[dict]:
    return [json.loads(answer.line()) for answer in lift_lines(model, given, reader, lag)]


@pytest.mark.parametrize("lag", [0, 4])
def test_the_pipe_gives_what_the_stream_gives(lag: int) -> None:
    frames, model = points(12), lifter("apm")
    answers = told(model, ["", *lines(frames)], reader(), lag)
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
        given = [json.dumps(frame) for frame in gappy]
        assert told(lifter("apm"), given, reader()) == told(lifter("apm"), lines(held), reader())


def test_frames_before_everything_was_seen_have_no_pose() -> None:
    frames = [frame.tolist() for frame in points(4) / 1000]
    for frame in frames[:2]:
        frame[8] = None
    found = told(lifter("apm"), list(map(json.dumps, frames)), PointReader(units="screen", layout="h36m17"))
    assert [(a["frame"], a["pose"] is None) for a in found] == [(0, True), (1, True), (2, False), (3, False)]


def test_a_detectors_points_become_seventeen_joints() -> None:
    reader = PointReader(size=(1000, 800))
    joints, time = reader.read(json.dumps(points(1, count=33)[0].tolist()), 1)
    assert time is None
    assert joints is not None
    assert joints.shape == (17, 2)
    assert reader.chosen is not None
    assert reader.chosen.name == "blazepose33"
    relative = PointReader("blazepose33", (1000, 800), "relative")
    again = relative.read(json.dumps((points(1, count=33)[0] / [1000, 800]).tolist()), 1).joints
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
        (
            json.dumps(points(1, count=16)[0].tolist()),
            "Line 2 has 16 points, and the lines before are h36m17, which has 17",
        ),
    ],
)
def test_lines_that_cannot_be_read(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        told(lifter("apm"), [*lines(points(1)), line], reader())


def test_what_cannot_be_known() -> None:
    with pytest.raises(InputError, match="--keypoints.size"):
        PointReader("h36m17")
    with pytest.raises(InputError, match="Did you mean coco17"):
        PointReader("coco", (10, 10))
    with pytest.raises(InputError, match="0 x 10"):
        PointReader("coco17", (0, 10))
    for fps in (0, float("nan")):
        with pytest.raises(InputError, match="--keypoints.fps is"):
            PointReader("coco17", (10, 10), fps=fps)
    with pytest.raises(InputError, match="Line 1 has 17 points a person: say whether they are coco17 or h36m17"):
        PointReader(size=(10, 10)).read(json.dumps(points(1)[0].tolist()), 1)


def timed(frames: np.ndarray, times: np.ndarray) -> list[str]:
    return [json.dumps({"keypoints": f.tolist(), "time": t}) for f, t in zip(frames, times.tolist(), strict=True)]


@pytest.mark.parametrize("lag", [0, 4])
@pytest.mark.parametrize("said", ["in the lines", "by --keypoints.fps"])
def test_another_rate_is_interpolated(lag: int, said: str) -> None:
    frames, times, model = points(13), np.arange(13) / 30, lifter("apm")
    given, fps = (timed(frames, times), None) if said == "in the lines" else (lines(frames), 30.0)
    answers = told(model, given, reader(fps=fps), lag)
    assert [a["frame"] for a in answers] == list(range(21))  # 12/30 s at 50 frames/s
    np.testing.assert_allclose([a["time"] for a in answers], np.arange(21) / 50, atol=1e-4)
    columns = frames.reshape(13, -1).T
    between = np.stack([np.interp(np.arange(21) / 50, times, column) for column in columns], 1).reshape(21, 17, 2)
    expected = told(model, lines(between), reader(), lag)
    for answer, other in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer["pose"], other["pose"], atol=3e-5)
        assert "time" not in other


def test_the_models_own_rate_changes_nothing() -> None:
    frames, model = points(6), lifter("apm")
    answers = told(model, lines(frames), reader(fps=50.0))
    assert [{k: v for k, v in a.items() if k != "time"} for a in answers] == told(model, lines(frames), reader())


def test_after_a_gap_the_stream_starts_anew() -> None:
    frames, model = points(10), lifter("apm")
    times = np.arange(10) / 50 + np.where(np.arange(10) < 6, 0, 1.5)
    answers = told(model, timed(frames, times), reader(), lag=2)
    assert [a["frame"] for a in answers] == list(range(10))
    np.testing.assert_allclose([a["time"] for a in answers], times, atol=1e-4)
    apart = [a["pose"] for part in (frames[:6], frames[6:]) for a in told(model, lines(part), reader(), lag=2)]
    np.testing.assert_allclose([a["pose"] for a in answers], apart, atol=2e-5)


@pytest.mark.parametrize(
    ("times", "fps", "message"),
    [
        ([0.0, 0.0], None, r"Line 2 is at 0.0 s, which is not after the line before \(0.0 s\)"),
        ([0.0, None], None, "Line 2 has no time, and the lines before have"),
        ([None, 0.1], None, "Line 2 has a time, and the lines before have none"),
        ([0.0], 30.0, "Line 1 says its time, which counts: leave --keypoints.fps out"),
        (["soon"], None, "Line 1 has the time 'soon': it must be a number of seconds"),
        ([True], None, "Line 1 has the time True"),
        ([float("nan")], None, "Line 1 has the time nan"),
    ],
)
def test_times_that_cannot_be(times: list, fps: float | None, message: str) -> None:
    given = [json.dumps({"keypoints": points(1)[0].tolist(), "time": time}) for time in times]
    with pytest.raises(InputError, match=message):
        told(lifter("apm"), given, reader(fps=fps))
