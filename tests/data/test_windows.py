from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.data.clip import Clip, confidence_read, mirror
from actionprompt.data.windows import Windows
from actionprompt.encoders.base import Window
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17, HUMANEVA_15
from small import clip, golden


def slow_frames(n: int, window: Window, stride: int) -> list[list[int]]:
    """The input frames of every window over a clip of n frames, before clamping, one by one."""
    if window.out == 1:
        return [[t - window.past + i for i in range(window.frames)] for t in range(0, n, stride)]
    count = 1
    while (count - 1) * stride + window.frames < n:
        count += 1
    surplus = (count - 1) * stride + window.frames - n
    return [[w * stride - surplus // 2 + i for i in range(window.frames)] for w in range(count)]


def slow_windows(clips: list[Clip], window: Window, stride: int):
    """(inputs, targets, clip, answered frames, valid) of every window, frame by frame."""
    for number, c in enumerate(clips):
        for frames in slow_frames(c.num_frames, window, stride):
            clamped = [min(max(t, 0), c.num_frames - 1) for t in frames]
            kept = range(window.past, window.past + window.out)
            yield (
                torch.stack([c.keypoints[t] for t in clamped]),
                torch.stack([c.pose[clamped[i]] for i in kept]),
                number,
                [frames[i] for i in kept],
                [0 <= frames[i] < c.num_frames for i in kept],
            )


@st.composite
def cases(draw):
    lengths = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    kind = draw(st.sampled_from(["centre", "causal", "all"]))
    frames = draw(st.integers(1, 14))
    window = {
        "centre": Window(2 * (frames // 2) + 1),
        "causal": Window(frames, causal=True),
        "all": Window(frames, out=frames),
    }[kind]
    stride = draw(st.none() | st.integers(1, 2 * frames if window.out == 1 else frames))
    return [clip(n, seed) for seed, n in enumerate(lengths)], window, stride


@settings(max_examples=80, deadline=None)
@given(cases())
def test_equals_a_loop_over_frames(case):
    clips, window, stride = case
    windows = Windows(clips, window, stride)
    twin = list(slow_windows(clips, window, stride or window.out))
    assert len(windows) == len(twin)
    everything = torch.arange(len(windows))
    inputs, targets, valid = windows.inputs(everything), windows.targets(everything), windows.valid(everything)
    for i, (x, y, number, frames, real) in enumerate(twin):
        assert torch.equal(inputs[i], x)
        assert torch.equal(targets[i], y)
        assert windows.clip(i) == number
        assert windows.frames(i).tolist() == frames
        assert valid[i].tolist() == real


@settings(max_examples=60, deadline=None)
@given(cases())
def test_every_frame_is_answered_once(case):
    clips, window, _ = case
    windows = Windows(clips, window)
    i = torch.arange(len(windows))
    valid = windows.valid(i)
    answered = torch.stack([windows.clip(i)[:, None].expand_as(valid)[valid], windows.frames(i)[valid]], dim=1)
    assert answered.tolist() == [[c, t] for c, made in enumerate(clips) for t in range(made.num_frames)]


@pytest.mark.parametrize(
    ("name", "window"),
    [("centre", Window(27)), ("causal", Window(27, causal=True)), ("seq2seq", Window(27, out=27))],
)
def test_equals_the_field(name, window):
    numbers = golden("windows")
    clips = [Clip(numbers[f"sequence_2d_{k}"], numbers[f"sequence_3d_{k}"]) for k in range(3)]
    windows = Windows(clips, window)
    i = torch.arange(len(windows))
    assert torch.equal(windows.inputs(i), numbers[f"f27_{name}_2d"])
    assert torch.equal(windows.targets(i), numbers[f"f27_{name}_3d"])


def test_one_index_many_or_a_grid():
    windows = Windows([clip(20, 0), clip(7, 1)], Window(9))
    many = torch.tensor([[3, 26], [0, 3]])
    x, y = windows.inputs(many), windows.targets(many)
    assert x.shape == (2, 2, 9, 17, 2)
    assert y.shape == (2, 2, 1, 17, 3)
    assert windows.valid(many).shape == windows.frames(many).shape == (2, 2, 1)
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert torch.equal(windows.inputs(int(many[a, b])), x[a, b])
        assert torch.equal(windows.targets(int(many[a, b])), y[a, b])
    assert windows.inputs(0).shape == (9, 17, 2)
    assert torch.equal(windows.inputs(-1), windows.inputs(26))
    with pytest.raises(IndexError):
        windows.inputs(27)


def test_the_answer_is_a_copy():
    windows = Windows([clip(20)], Window(9))
    before = windows.inputs(4).clone()
    windows.inputs(4).zero_()
    assert torch.equal(windows.inputs(4), before)


def test_clips_are_not_changed_by_moving():
    source = clip(12)
    windows = Windows([source], Window(9)).to("cpu")
    assert windows.device == torch.device("cpu")
    assert torch.equal(windows.inputs(4), source.keypoints[:9])


def test_two_dimensions_only():
    windows = Windows([clip(12), Clip(clip(9).keypoints)], Window(9))
    assert windows.inputs(torch.arange(21)).shape == (21, 9, 17, 2)
    with pytest.raises(InputError, match="2D only"):
        windows.targets(0)


def test_nothing_to_cut():
    with pytest.raises(InputError, match="no clips"):
        Windows([], Window(9))
    with pytest.raises(InputError, match="without frames"):
        Windows([clip(3), clip(0)], Window(9))
    with pytest.raises(InputError, match="clips of 15 and 17 joints"):
        Windows([clip(3), clip(3, skeleton=HUMANEVA_15)], Window(9))


@pytest.mark.parametrize(("n", "answered"), [(3, [0, 1, 2, 2]), (4, range(4)), (6, [0, 1, 2, 3, 2, 3, 4, 5])])
def test_windows_that_reach_back_count_overlaps_twice_and_padding_too(n, answered):
    clips = [clip(n, 1), clip(9, 2)]
    windows = Windows(clips, Window(4, 4), reach_back=True)
    mine = torch.arange(len(windows))[windows.clip(torch.arange(len(windows))) == 0]
    assert windows.valid(mine).all()
    assert torch.equal(windows.targets(mine).flatten(0, 1), clips[0].pose[list(answered)])
    assert torch.equal(windows.inputs(mine).flatten(0, 1), clips[0].keypoints[list(answered)])
    assert (len(windows) - mine.shape[0]) == 3  # 0 to 3, 4 to 7, 5 to 8
    with pytest.raises(InputError, match="for encoders that answer whole windows"):
        Windows(clips, Window(4, 1), reach_back=True)


def test_windows_of_three_channels_carry_the_confidence():
    sure = replace(clip(12, 1), confidence=torch.rand(12, 17))
    unknown = clip(9, 2)
    windows = Windows([sure, unknown], Window(5, channels=3))
    plain = Windows([sure, unknown], Window(5))
    everything = torch.arange(len(windows))
    x = windows.inputs(everything)
    assert torch.equal(x[..., :2], plain.inputs(everything))
    frames = windows.frames(everything) + torch.arange(-2, 3)
    for i in everything:
        rows = frames[i].clamp(0, [11, 8][windows.clip(i)])
        expected = sure.confidence[rows] if windows.clip(i) == 0 else torch.ones(5, 17)
        assert torch.equal(x[i, ..., 2], expected)


def test_mirrored_clips_take_the_confidence_of_the_other_side():
    order = list(H36M_17.mirror)
    one = replace(clip(6, 1), confidence=torch.rand(6, 17))
    assert torch.equal(one.mirrored(H36M_17).inputs(3), mirror(one.inputs(3), order))
    assert torch.equal(one.mirrored(H36M_17).confidence, one.confidence[:, order])


def test_reports_say_where_the_confidence_comes_from():
    sure, unknown = replace(clip(6, 1), confidence=torch.rand(6, 17)), clip(9, 2)
    assert confidence_read([sure, unknown], 2) == ""
    assert confidence_read([sure], 3) == "as the 2D detector says"
    assert confidence_read([sure, unknown], 3) == "1 everywhere in 1 of 2 clips, whose 2D comes without"
