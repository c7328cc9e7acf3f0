"""lift against its slow twin, one window per frame."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from actionprompt.data.clip import mirror
from actionprompt.encoders.config import A3DHPCfg, VPoseCfg
from actionprompt.errors import InputError
from actionprompt.evaluation.evaluate import answer
from actionprompt.inference.incremental.p2t import IncrementalPoseToText
from actionprompt.inference.lifting import SOFT, Poses, lift, lift_windows
from actionprompt.model.config import (
    APMCfg,
    LifterCfg,
)
from actionprompt.skeleton import COCO_17
from lifters import (
    ACTIONS,
    APP,
    ATP,
    MIXSTE,
    TRIPOD,
    config,
    configs,
    random_lifter,
    walk,
)


def assert_equal(fast: Poses, slow: Poses, tolerance: float = 1e-4) -> None:
    """The same poses, probabilities and actions, but for frames whose best two actions tie."""
    torch.testing.assert_close(fast.probability, slow.probability, atol=tolerance, rtol=tolerance)
    best = slow.probability.topk(2).values if slow.probability.shape[1] else torch.ones(len(slow.pose), 1)
    clear = best[:, 0] - best[:, -1] > 2 * tolerance if best.shape[1] == 2 else best[:, 0] == 1
    assert clear.float().mean() > 0.9
    torch.testing.assert_close(fast.action[clear], slow.action[clear])
    torch.testing.assert_close(fast.pose[clear], slow.pose[clear], atol=tolerance, rtol=tolerance)
    assert fast.action.shape == slow.action.shape
    assert fast.pose.shape == slow.pose.shape


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs(), st.integers(1, 70), st.integers(1, 80), st.booleans(), st.integers(0, 99))
def test_equals_its_slow_twin(cfg, n, block, flip, seed):
    """In float64, where nothing but a mistake makes a difference."""
    lifter = random_lifter(cfg, seed).double()
    x, skeleton = walk(n, seed).double(), TRIPOD if flip else None
    fast = lift(lifter, x, flip=skeleton, block=block)
    assert_equal(fast, lift_windows(lifter, x, flip=skeleton), tolerance=1e-9)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", [40, 2048])
def test_float32_over_243_frames(causal, block):
    lifter = random_lifter(config((3,) * 5, causal=causal))
    x = walk(500)
    fast = lift(lifter, x, block=block)
    assert_equal(fast, lift_windows(lifter, x, batch=100))
    assert len(fast.action.unique()) > 1


def test_scores_that_differ_by_hundreds(monkeypatch):
    """Windows whose weights vanish beside the block's largest are still exact."""
    alone = []
    each = IncrementalPoseToText._each
    monkeypatch.setattr(IncrementalPoseToText, "_each", lambda *a: alone.append(1) or each(*a))
    lifter, x = random_lifter(config()), walk(200)
    x[90:110] *= 30
    fast = lift(lifter, x)
    assert 100 < len(alone) < 200  # the windows that see the loud frames are not among them
    assert_equal(fast, lift_windows(lifter, x))


def test_error_does_not_grow_with_length():
    lifter = random_lifter(config())
    x = walk(30_000) + 5
    fast, late = lift(lifter, x), lift_windows(lifter, x[-100:])
    assert_equal(Poses(*(part[-80:] for part in fast)), Poses(*(part[-80:] for part in late)))


def test_text_prompt_is_read_once(monkeypatch):
    lifter = random_lifter(config())
    calls = []
    lifter.apm.recogniser.classes.register_forward_hook(lambda *_: calls.append(1))
    lift(lifter, walk(50), block=10)
    assert len(calls) == 1


def test_training_mode_and_gradients_do_not_leak():
    lifter = random_lifter(config()).train()
    state = {k: v.clone() for k, v in lifter.state_dict().items()}
    poses = lift(lifter, walk(30))
    assert not poses.pose.requires_grad
    assert all(torch.equal(v, state[k]) for k, v in lifter.state_dict().items())


def test_without_apm():
    poses = lift(random_lifter(config(apm=None)), walk(4))
    assert poses.action.tolist() == [-1] * 4
    assert poses.probability.shape == (4, 0)


@pytest.mark.parametrize("encoder", [A3DHPCfg(2, 16), MIXSTE, VPoseCfg((3, 3), 8)])
@pytest.mark.parametrize("apm", [None, APMCfg(ATP, APP)])
def test_flip_is_what_evaluation_does(encoder, apm):
    lifter = random_lifter(LifterCfg(encoder, apm))
    frames = lifter.encoder.window.frames
    x = walk(frames)
    t = (
        slice(None)
        if lifter.encoder.window.out > 1
        else slice(lifter.encoder.window.past, lifter.encoder.window.past + 1)
    )
    with torch.inference_mode():
        said = answer(lifter, x[None], torch.tensor([-1]), list(TRIPOD.mirror))
    poses = lift(lifter, x, flip=TRIPOD, selection=None)  # the paper's choice
    torch.testing.assert_close(poses.pose[t], said.predicted[0], atol=1e-5, rtol=1e-5)
    assert set(poses.action[t].tolist()) == set(said.action.tolist())
    soft = lift(lifter, x, flip=TRIPOD)
    torch.testing.assert_close(soft.pose[t], said.weighted_actions[0], atol=1e-5, rtol=1e-5)


def test_mirrored_input_gives_mirrored_poses():
    lifter, x = random_lifter(config()), walk(40)
    order = list(TRIPOD.mirror)
    poses, mirrored = (lift(lifter, view, flip=TRIPOD) for view in (x, mirror(x, order)))
    torch.testing.assert_close(mirror(mirrored.pose, order), poses.pose, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("block", [1, 30, 2048])
def test_a3dhp_takes_a_window_per_frame(block):
    lifter = random_lifter(LifterCfg(A3DHPCfg(2, 16), APMCfg(ATP, APP)))
    x = walk(20)
    padded = torch.cat([x[:1].expand(4, -1, -1), x, x[-1:].expand(4, -1, -1)])
    with torch.inference_mode():
        pose, logits = lifter(torch.stack([padded[i : i + 9] for i in range(20)]), selection=SOFT)
    fast = lift(lifter, x, block=block)
    torch.testing.assert_close(fast.pose, pose[:, 0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(fast.probability, logits.softmax(-1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n", [1, 4, 5, 13])
@pytest.mark.parametrize("overlap", [0, 2, 4])
def test_mixste_averages_overlapping_windows(n, overlap):
    lifter = random_lifter(LifterCfg(MIXSTE, APMCfg(ATP, APP)))
    x, stride = walk(n), 5 - overlap
    count = math.ceil(max(0, n - 5) / stride) + 1
    first = -(((count - 1) * stride + 5 - n) // 2)
    found: list[list[tuple]] = [[] for _ in range(n)]
    for start in range(first, first + count * stride, stride):
        frames = range(start, start + 5)
        with torch.inference_mode():
            pose, logits = lifter(x[torch.tensor(frames).clamp(0, n - 1)][None], selection=SOFT)
        for i, t in enumerate(frames):
            if 0 <= t < n:
                found[t].append((pose[0, i], logits[0]))
    poses = lift(lifter, x, overlap=overlap, block=11)
    assert max(map(len, found)) == (1 if overlap == 0 or n <= 5 else {2: 2, 4: 5}[overlap])
    for t, parts in enumerate(found):
        torch.testing.assert_close(poses.pose[t], torch.stack([p for p, _ in parts]).mean(0))
        y = torch.stack([y for _, y in parts]).mean(0)
        torch.testing.assert_close(poses.probability[t], y.softmax(-1))
        assert poses.action[t] == y.argmax()


def test_half_precision_takes_windows():
    lifter = random_lifter(config())
    x = walk(20)
    exact, half = lift(lifter, x), lift(lifter.bfloat16(), x)
    assert half.pose.dtype == torch.bfloat16
    same = exact.action == half.action
    assert same.float().mean() > 0.7
    torch.testing.assert_close(half.pose[same].float(), exact.pose[same], atol=0.3, rtol=0.1)


@pytest.mark.parametrize("shape", [(0, 3, 2), (5, 4, 2), (5, 3, 3), (3, 2)])
def test_wrong_shapes(shape):
    message = re.escape(f"(frames, 3, 2); got {shape}")
    with pytest.raises((InputError, TypeCheckError)) as error:  # the latter where annotations are checked
        lift(random_lifter(config()), torch.zeros(shape))
    assert error.type is TypeCheckError or re.search(message, str(error.value))


def test_arrays_are_no_tensors():
    with pytest.raises((InputError, TypeCheckError), match="are a ndarray: torch.as_tensor|Type-check error"):
        lift(random_lifter(config()), np.zeros((5, 3, 2)))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_coordinates_that_are_not_numbers(wrong):
    x = walk(5)
    x[3, 1, 0] = wrong
    with pytest.raises(InputError, match="NaN or infinite"):
        lift(random_lifter(config()), x)


@pytest.mark.parametrize(
    ("encoder", "options", "message"),
    [
        (VPoseCfg((3,), 8), {"overlap": 1}, "1 frame do not overlap; got 1"),
        (MIXSTE, {"overlap": 5}, "0 to 4 frames; got 5"),
        (MIXSTE, {"overlap": -1}, "got -1"),
        (MIXSTE, {"block": 0}, "block"),
        (VPoseCfg((3,), 8), {"flip": COCO_17}, "17 joints"),
        (VPoseCfg((3,), 8), {"flip": replace(TRIPOD, name="other")}, "other"),
    ],
)
def test_options_that_cannot_be(encoder, options, message):
    lifter = random_lifter(LifterCfg(encoder, APMCfg(ATP, APP)))
    lifter.metadata = {"skeleton": TRIPOD.name}
    with pytest.raises(InputError, match=message):
        lift(lifter, walk(5), **options)


def test_actions_are_the_lifters():
    poses = lift(random_lifter(config()), walk(10))
    assert poses.probability.shape == (10, len(ACTIONS))
    torch.testing.assert_close(poses.probability.sum(-1), torch.ones(10))
    assert torch.equal(poses.action, poses.probability.argmax(-1))


def test_nothing_jumps_where_the_recognised_action_changes():
    """In use prompts are weighted by probability: a near tie that turns moves the pose by little; the paper's jumps."""
    lifter, x = random_lifter(config()), walk(400)
    soft, hard = lift(lifter, x), lift(lifter, x, selection=None)
    changes = hard.action.diff() != 0
    assert changes.any()
    torch.testing.assert_close(soft.probability, hard.probability)
    steps = [poses.pose.diff(dim=0).norm(dim=-1).amax(-1) for poses in (soft, hard)]
    assert steps[0][changes].max() <= 1.5 * steps[0][~changes].max()
    assert steps[1][changes].max() > steps[0][changes].max()
