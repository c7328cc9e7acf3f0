"""Stream against lift: the same answers, a frame at a time."""

import pytest
import torch

from actionprompt.encoders.config import A3DHPCfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.inference import lifting
from actionprompt.inference.lifting import lift, lift_windows
from actionprompt.inference.stream import Stream, StreamResult
from actionprompt.model.config import APMCfg, LifterCfg, OneHotCfg
from lifters import APP, ATP, MIXSTE, SOFT, TRIPOD, config, random_lifter, walk


def run(stream: Stream, x: torch.Tensor) -> list[StreamResult]:
    answers = [stream.push(frame) for frame in x]
    assert [a is None for a in answers] == [t < stream.lag for t in range(len(x))]
    return [a for a in answers if a is not None] + stream.flush()


def assert_answers(answers, poses) -> None:
    assert [a.frame for a in answers] == list(range(poses.pose.shape[0]))
    assert [a.action for a in answers] == poses.action.tolist()
    torch.testing.assert_close(torch.stack([a.pose for a in answers]), poses.pose, atol=1e-4, rtol=1e-4)
    probability = torch.stack([a.probability for a in answers])
    torch.testing.assert_close(probability, poses.probability, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("widths", "apm", "flip"),
    [
        ((3, 3, 3, 3), APMCfg(ATP, APP), None),
        ((3, 3, 3), APMCfg(ATP, SOFT), None),
        ((3, 3, 3), APMCfg(ATP, APP), TRIPOD),
        ((5, 1, 3), APMCfg(ATP, None, tap=2), None),
        ((5, 3), APMCfg(OneHotCfg()), None),
        ((3, 3, 3), None, TRIPOD),
    ],
)
def test_causal_equals_offline_at_every_frame(apm, widths, flip):
    lifter, x = random_lifter(config(widths, apm, causal=True)), walk(130)
    answers = run(Stream(lifter, flip=flip), x)
    assert_answers(answers, lift(lifter, x, flip=flip))
    assert_answers(answers, lift_windows(lifter, x, flip=flip))


@pytest.mark.parametrize("n", [1, 5, 13, 14, 90])
def test_whole_look_ahead_equals_offline(n):
    lifter, x = random_lifter(config()), walk(n)
    assert_answers(run(Stream(lifter, lag=13), x), lift(lifter, x))


@pytest.mark.parametrize("encoder", [VPoseCfg((3, 3), 8), A3DHPCfg(2, 16)])
@pytest.mark.parametrize("lag", [0, 1, 4])
def test_some_look_ahead_answers_as_if_the_sequence_ended(encoder, lag):
    lifter, x = random_lifter(LifterCfg(encoder, APMCfg(ATP, APP))), walk(20)
    for answer in run(Stream(lifter, lag), x):
        poses = lift_windows(lifter, x[: answer.frame + lag + 1])
        torch.testing.assert_close(answer.pose, poses.pose[answer.frame], atol=1e-5, rtol=1e-5)
        assert answer.action == poses.action[answer.frame]


@pytest.mark.parametrize("lag", [0, 2, 4])
def test_mixste_answers_from_the_window_that_ends_lag_frames_later(lag):
    lifter, x = random_lifter(LifterCfg(MIXSTE, APMCfg(ATP, APP))), walk(12)
    answers = run(Stream(lifter, lag), x)
    assert [a.frame for a in answers] == list(range(12))
    for answer in answers:
        frames = torch.arange(answer.frame + lag - 4, answer.frame + lag + 1).clamp(0, 11)
        with torch.inference_mode():
            pose, logits = lifter(x[frames][None], selection=lifting.SOFT)
        torch.testing.assert_close(answer.pose, pose[0, 4 - lag], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(answer.probability, logits[0].softmax(-1), atol=1e-5, rtol=1e-5)


def test_look_ahead_helps_where_it_counts():
    """With the whole look-ahead the answer is the offline one; with less it differs."""
    lifter, x = random_lifter(config()), walk(60)
    offline = lift(lifter, x).pose
    errors = []
    for lag in (0, 12, 13):
        pose = torch.stack([a.pose for a in run(Stream(lifter, lag), x)])
        errors.append(float((pose - offline).abs().mean()))
    assert errors[0] > errors[1] > 100 * errors[2]


def test_memory_stays():
    """Whatever the stream holds after many frames, it held after few."""
    lifter, x = random_lifter(config(causal=True)), walk(200)
    stream = Stream(lifter)
    held = []
    for frame in x:
        stream.push(frame)
        held.append(sum(t.numel() for t in tensors(stream)))
    assert max(held) < 1.2 * min(held)


def tensors(thing, seen=None) -> list[torch.Tensor]:
    """Every tensor that can be reached through attributes, lists and modules."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    if isinstance(thing, torch.Tensor):
        return [thing]
    parts = list(thing) if isinstance(thing, (list, tuple)) else []
    parts += list(thing.values()) if isinstance(thing, dict) else []
    parts += list(getattr(thing, "__dict__", {}).values())
    return [t for part in parts for t in tensors(part, seen)]


def test_a_wrong_frame_is_refused_and_the_stream_goes_on():
    lifter, x = random_lifter(config(causal=True)), walk(30)
    stream = Stream(lifter)
    answers = []
    for t, frame in enumerate(x):
        if t in (0, 17):
            with pytest.raises(InputError, match="NaN"):
                stream.push(torch.full((3, 2), torch.nan))
            with pytest.raises(InputError, match="3, 2"):
                stream.push(torch.zeros(4, 2))
        answers.append(stream.push(frame))
    assert_answers(answers, lift(lifter, x))


def test_a_flushed_stream_is_over():
    stream = Stream(random_lifter(config()), lag=13)
    stream.push(walk(1)[0])
    assert len(stream.flush()) == 1
    assert stream.flush() == []
    with pytest.raises(InputError, match="flushed"):
        stream.push(walk(1)[0])


def test_an_empty_stream_has_no_answers():
    assert Stream(random_lifter(config()), lag=13).flush() == []


@pytest.mark.parametrize(
    ("encoder", "lag", "most"),
    [(VPoseCfg((3, 3), 8), 5, 4), (VPoseCfg((3, 3), 8, causal=True), 1, 0), (MIXSTE, 5, 4), (MIXSTE, -1, 4)],
)
def test_lags_that_cannot_be(encoder, lag, most):
    with pytest.raises(InputError, match=f"0 to {most} frames behind; got {lag}"):
        Stream(random_lifter(LifterCfg(encoder, None)), lag)
