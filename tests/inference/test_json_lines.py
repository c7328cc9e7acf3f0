import json

import numpy as np
import pytest
import torch

from actionprompt.camera import normalise_screen
from actionprompt.encoders.config import DSTformerCfg
from actionprompt.errors import InputError
from actionprompt.inference.json_lines import PointReader, lift_lines
from actionprompt.inference.live import LiveCfg
from actionprompt.inference.stream import Stream
from actionprompt.model.config import LifterCfg
from actionprompt.model.lifter import Lifter
from small import lifter


def points(n: int, seed: int = 0, count: int = 17) -> np.ndarray:
    """A person who moves by a few pixels a frame."""
    random = np.random.default_rng(seed)
    return 300 + 100 * random.random((1, count, 2)) + random.normal(scale=2, size=(n, count, 2)).cumsum(0)


def lines(frames: np.ndarray) -> list[str]:
    return [json.dumps({"keypoints": frame.tolist()}) for frame in frames]


def reader(**options) -> PointReader:
    return PointReader("h36m17", (1000, 800), **options)


def told(model: Lifter, given: list[str | bytes], reader: PointReader, lag: int = 0) -> list[dict]:
    return [
        json.loads(answer.line())
        for answer in lift_lines(model, given, reader, lag, use=LiveCfg(follow=False, body=None))
    ]


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
    for missing in (None, [1.0, 2.0, 0.0], [float("nan"), 3.0], [0, 0], [0, 0, 0.9], [None, None]):
        gappy[2][5] = missing
        given = [json.dumps(frame) for frame in gappy]
        found, expected = told(lifter("apm"), given, reader()), told(lifter("apm"), lines(held), reader())
        sure = np.array([answer.pop("confidence") for answer in found])
        assert np.argwhere(sure == 0).tolist() == [[2, 5]]
        assert (sure == 1).sum() == sure.size - 1
        assert [answer.pop("confidence") for answer in expected] == np.ones((4, 17)).tolist()
        assert found == expected


def test_a_model_that_reads_confidence_gets_the_lines() -> None:
    model = LifterCfg(DSTformerCfg(5, dim=16, representation=16, depth=1, heads=2), None).build(17).eval()
    frames = points(7)
    sure = np.random.default_rng(1).uniform(0.3, 1, (7, 17, 1))
    answers = told(model, lines(np.concatenate([frames, sure], axis=-1)), reader())
    stream, blind = Stream(model), Stream(model)
    screen = normalise_screen(torch.from_numpy(frames).float(), 1000, 800)
    read = torch.cat([screen, torch.from_numpy(sure).float()], dim=-1)
    for answer, x, confidence in zip(answers, read, sure, strict=True):
        pose = stream.push(x).pose
        np.testing.assert_allclose(answer["pose"], pose, atol=1e-5)
        np.testing.assert_allclose(answer["confidence"], confidence[:, 0], atol=1e-3)
        assert float((blind.push(x[:, :2]).pose - pose).abs().max()) > 1e-3


def test_a_point_of_low_confidence_moves_the_body_less() -> None:
    model, frames = lifter("apm"), points(6)
    sure = np.ones((6, 17, 1))
    frames[3:, 16] += 12
    body = []
    for low in (1.0, 0.05):
        sure[3:, 16] = low
        given = lines(np.concatenate([frames, sure], axis=-1))
        answers = lift_lines(model, given, reader(), use=LiveCfg(follow=False))
        body.append([answer.pose.numpy() for answer in answers][-1])
    alone = told(model, lines(frames), reader())[-1]["pose"]
    moved = [np.linalg.norm(pose[16] - alone[16]) for pose in body]
    assert moved[1] < moved[0]


def test_frames_before_everything_was_seen_have_no_pose() -> None:
    frames = [frame.tolist() for frame in points(4) / 1000]
    for frame in frames[:2]:
        frame[8] = None
    found = told(lifter("apm"), list(map(json.dumps, frames)), PointReader(units="screen", layout="h36m17"))
    assert [(a["frame"], a["pose"] is None) for a in found] == [(0, True), (1, True), (2, False), (3, False)]


def test_a_detectors_points_become_seventeen_joints() -> None:
    reader = PointReader(size=(1000, 800))
    joints, time, _ = reader.read(json.dumps(points(1, count=33)[0].tolist()), 1)
    assert time is None
    assert joints is not None
    assert joints.shape == (17, 3)
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
        ("[[1], [2]]", r"a point in it is \[1\] instead of"),
        ('[["412", "230"]]', 'Line 2 .*: a point in it has "412" where a number belongs'),
        ("[[true, 1]]", "a point in it has true where a number belongs"),
        ("[[1, 2, false]]", "a point in it has false where a number belongs"),
        ('[{"x": 1}]', r'a point in it is {"x": 1} instead of \[x, y\], \[x, y, confidence\] or null'),
        ("[3.5]", "a point in it is 3.5 instead of"),
        ("[[1, 2, 3, 4]]", r"a point in it is \[1, 2, 3, 4\] instead of"),
        ('{"keypoints": {"a": 1}}', "there is no list of points"),
        ('{"points": []}', 'it has no "keypoints"'),
        (f"[[1{'0' * 400}, 2]]", "a number in it is too large"),
        (f"[[1{'0' * 5000}, 2]]", "a number in it is too large"),
        ("[" * 100_000, "lists are nested too deeply"),
        (b'[["\xff"]]', "Line 2 is not text in UTF-8"),
        (json.dumps((points(1)[0] * 100).tolist()), "Line 2 has joints far outside the image"),
        (json.dumps([[1e308, 1.0]] * 17), "Line 2 has joints far outside the image"),
        (
            json.dumps(points(1, count=16)[0].tolist()),
            "Line 2 has 16 points, and the lines before are h36m17, which has 17",
        ),
    ],
)
def test_lines_that_cannot_be_read(line: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as found:
        told(lifter("apm"), [*lines(points(1)), line], reader())
    for word in ("float", "slice", "subscript", "NoneType"):  # Python's own
        assert word not in str(found.value)


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
        ([0.0, None], None, "Line 2 has no time, and the lines before have"),
        ([None, 0.1], None, "Line 2 has a time, and the lines before have none"),
        ([0.0], 30.0, "Line 1 says its time, which counts: leave --keypoints.fps out"),
        (["soon"], None, 'Line 1 has the time "soon": it must be a number of seconds'),
        ([True], None, "Line 1 has the time true"),
        ([float("nan")], None, "Line 1 has the time NaN"),
        ([10**400], None, "Line 1 has the time 1000.* it must be a number of seconds"),
        ([0, 33, 66, 100, 133, 166, 200], None, "Line 6 is 33 s after .* in seconds, not milliseconds"),
    ],
)
def test_times_that_cannot_be(times: list, fps: float | None, message: str) -> None:
    given = [json.dumps({"keypoints": points(1)[0].tolist(), "time": time}) for time in times]
    with pytest.raises(InputError, match=message):
        told(lifter("apm"), given, reader(fps=fps))


NOBODY = [[], None, [None] * 17, [[0, 0]] * 17, [[5, 5, 0]] * 17]


@pytest.mark.parametrize("nobody", NOBODY)
def test_nobody_on_a_pipe_without_times(nobody: list | None) -> None:
    """Every line has its answer: for a second the pose of who stands still, then none; the next one starts over."""
    frames, model = points(8), lifter("apm")
    absent = [json.dumps({"keypoints": nobody})]
    given = [*absent * 2, *lines(frames[:4]), *absent * 60, *lines(frames[4:])]
    found = told(model, given, reader())
    assert [a["frame"] for a in found] == list(range(70))
    before = told(model, lines(np.concatenate([frames[:4], frames[3:4].repeat(50, 0)])), reader())
    poses = (
        [None] * 2
        + [a["pose"] for a in before]
        + [None] * 10
        + [a["pose"] for a in told(model, lines(frames[4:]), reader())]
    )
    assert [a["pose"] for a in found] == poses
    assert "action" not in found[-5]


@pytest.mark.parametrize("nobody", NOBODY)
@pytest.mark.parametrize("lag", [0, 3])
def test_nobody_on_a_pipe_with_times(nobody: list | None, lag: int) -> None:
    """As before a webcam: after a second, one answer says so."""
    frames, model, times = points(8), lifter("apm"), np.arange(140) / 50
    given = [{"keypoints": nobody, "time": t} for t in times]
    for i, frame in zip([*range(4), *range(132, 136)], frames, strict=True):
        given[i]["keypoints"] = frame.tolist()
    found = told(model, list(map(json.dumps, given)), reader(), lag)
    assert [a["frame"] for a in found] == list(range(9))
    assert [i for i, a in enumerate(found) if a["pose"] is None] == [4]
    np.testing.assert_allclose([a["time"] for a in found], [*times[:4], 1.08, *times[132:136]], atol=1e-4)
    apart = [a["pose"] for part in (frames[:4], frames[4:]) for a in told(model, lines(part), reader(), lag)]
    np.testing.assert_allclose([a["pose"] for a in found if a["pose"]], apart, atol=2e-5)


@pytest.mark.parametrize("fps", [None, 25.0])
def test_a_newcomer_keeps_nothing_of_the_one_before(fps: float | None) -> None:
    frames = [frame.tolist() for frame in points(3)]
    frames[2][5] = None
    given = [*map(json.dumps, frames[:2]), *["[]"] * 60, *[json.dumps(frames[2])] * 3]
    assert told(lifter("apm"), given, reader(fps=fps))[-1]["pose"] is None


def test_a_newcomer_after_silence_keeps_nothing_either() -> None:
    frames = points(2).tolist()
    frames[1][5] = None
    given = [json.dumps({"keypoints": frame, "time": time}) for frame, time in zip(frames, (0, 1.5), strict=True)]
    assert [a["pose"] is None for a in told(lifter("apm"), given, reader())] == [False, True]


def test_the_layout_is_that_of_the_first_points() -> None:
    model, given = lifter("apm"), [json.dumps(frame.tolist()) for frame in points(3, count=33)]
    for first in ("[]", "[null, null]", '{"keypoints": null}', "[[0, 0]]"):
        found = told(model, [first, *given], PointReader(size=(1000, 800)))
        assert [a["pose"] is None for a in found] == [True, False, False, False]


def test_frames_count_at_the_models_rate_though_points_were_missing_at_first() -> None:
    frames, times = points(40).tolist(), np.arange(40) / 25
    for frame in frames[:31]:
        frame[3] = None
    given = [json.dumps({"keypoints": frame, "time": t}) for frame, t in zip(frames, times, strict=True)]
    found = told(lifter("apm"), given, reader())
    assert [(a["frame"], a["pose"] is None) for a in found] == [(0, True), *((i, False) for i in range(1, 18))]
    np.testing.assert_allclose([a["time"] for a in found], [1.04, *(1.24 + np.arange(17) / 50)], atol=1e-4)


def test_news_of_nobody_every_two_seconds_is_no_milliseconds() -> None:
    given = [json.dumps({"keypoints": [], "time": 2 * i}) for i in range(9)]
    assert [a["time"] for a in told(lifter("apm"), given, reader())] == [2.0]


def test_another_unit_than_said() -> None:
    relative = [json.dumps((frame / [1000, 800]).tolist()) for frame in points(2)]
    with pytest.raises(InputError, match="Line 1: no coordinate is further than .* say --keypoints.units relative"):
        told(lifter("apm"), relative, reader())
    with pytest.raises(InputError, match="Line 1: coordinates up to .* are not relative; they seem to be pixels"):
        told(lifter("apm"), lines(points(1)), reader(units="relative"))


def test_bytes_and_a_byte_order_mark() -> None:
    plain = lines(points(3))
    expected = told(lifter("apm"), plain, reader())
    assert told(lifter("apm"), ["\ufeff" + plain[0], *plain[1:]], reader()) == expected
    coded = [line.encode() for line in plain]
    assert told(lifter("apm"), [b"\xef\xbb\xbf" + coded[0], b"\n", *coded[1:]], reader()) == expected


def clocked(model: Lifter, frames: np.ndarray, times: list[float]) -> tuple[list[dict], list[str]]:
    """Answers, and what was told."""
    sentences: list[str] = []
    given = timed(frames, np.array(times))
    answers = [
        json.loads(answer.line())
        for answer in lift_lines(model, given, reader(), tell=sentences.append, use=LiveCfg(follow=False, body=None))
    ]
    return answers, sentences


def test_a_line_that_is_not_later_is_left_out() -> None:
    frames, model = points(8), lifter("apm")
    times = [0.0, 0.02, 0.02, 0.04, 0.03, 0.06, 0.06, 0.08]
    answers, sentences = clocked(model, frames, times)
    kept = [0, 1, 3, 5, 7]
    expected, _ = clocked(model, frames[kept], [times[i] for i in kept])
    assert answers == expected
    assert sentences == ["Line 3 is at 0.02 s, not after the line before (0.02 s): left out."]  # once


def test_a_clock_that_begins_anew_begins_a_new_sequence() -> None:
    frames, model = points(12), lifter("apm")
    times = [1 + f / 50 for f in range(6)] + [f / 50 for f in range(6)]
    answers, sentences = clocked(model, frames, times)
    before, _ = clocked(model, frames[:6], times[:6])
    after, _ = clocked(model, frames[7:], times[7:])
    for answer in after:
        answer["frame"] += 6
    assert answers == before + after
    assert [sentence.partition(":")[0] for sentence in sentences] == [
        "Line 7 is at 0 s, not after the line before (1.1 s)", "Line 8"]  # fmt: skip


@pytest.mark.parametrize("name", ["timestamp", "frame", "frame_id"])
def test_other_names_of_the_time(name: str) -> None:
    frames, model = points(9), lifter("apm")
    numbers = [0, 1, 2, 3, 5, 6, 7, 8, 9]
    expected, _ = clocked(model, frames, [n / 25 for n in numbers])
    said = [n / 25 if name == "timestamp" else n for n in numbers]
    given = [json.dumps({"keypoints": f.tolist(), name: n}) for f, n in zip(frames, said, strict=True)]
    fps = None if name == "timestamp" else 25.0
    found = told(model, given, reader(fps=fps))
    assert [a["frame"] for a in found] == [a["frame"] for a in expected]
    np.testing.assert_allclose([a["pose"] for a in found], [a["pose"] for a in expected], atol=2e-4)
    with pytest.raises(InputError, match='Line 1 has the frame "one"'):
        told(model, [json.dumps({"keypoints": [], "frame": "one"})], reader())
