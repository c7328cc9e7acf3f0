import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt.data import noise
from actionprompt.data.clip import Clip, Take
from actionprompt.data.config import DetectorCfg, SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.virtual_cameras import film
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17, HUMANEVA_15, Skeleton

QUIET = DetectorCfg(bias=0.0, jitter=0.0, swap_rate=0.0, miss_rate=0.0, outlier_rate=0.0)


def still(n: int, skeleton: Skeleton = H36M_17, **about: object) -> Clip:
    """A clip whose joints stand still at different places."""
    points = torch.linspace(-0.3, 0.3, skeleton.num_joints)[:, None] * torch.tensor([1.0, 2.0])
    points = points.expand(n, -1, -1).contiguous()
    pose = torch.cat([4 * points, torch.zeros(n, skeleton.num_joints, 1)], -1)
    return replace(Clip(points, pose, name="take", camera="c"), **about)


def errors(cfg: DetectorCfg, clips: list[Clip], fps: float = 50.0) -> np.ndarray:
    """Displacements in shares of the height: clips, frames, joints, axes."""
    found = [noise.detected(clip, H36M_17, cfg, fps) for clip in clips]
    height = noise.height_on_screen(clips[0], H36M_17)
    return np.stack([(a.keypoints - b.keypoints).numpy() for a, b in zip(found, clips, strict=True)]) / height


def test_without_errors_nothing_moves():
    clip = still(30)
    found = noise.detected(clip, H36M_17, QUIET, 50.0)
    assert torch.equal(found.keypoints, clip.keypoints)
    assert torch.equal(found.confidence, torch.ones(30, 17))


def test_bias_is_constant_within_a_clip_and_of_the_documented_size():
    moved = errors(replace(QUIET, bias=0.03), [still(4, name=f"take {i}") for i in range(600)])
    assert np.abs(np.diff(moved, axis=1)).max() < 1e-5
    wanted = 0.03 * noise.difficulty(H36M_17)
    assert moved[:, 0].std((0, 2)) == pytest.approx(wanted, rel=0.1)
    assert np.abs(moved[:, 0].mean((0, 2))).max() < 0.005


def test_jitter_has_the_documented_size_and_memory():
    moved = (
        errors(replace(QUIET, jitter=0.03, correlation_time=0.1), [still(8000)])[0] / noise.difficulty(H36M_17)[:, None]
    )
    assert moved.std() == pytest.approx(0.03, rel=0.03)
    for frames in (1, 5, 10):  # 50 frames/s: exp(-t / 0.1 s)
        together = (moved[frames:] * moved[:-frames]).mean() / moved.var()
        assert together == pytest.approx(math.exp(-frames / 50 / 0.1), abs=0.03)
    first = errors(replace(QUIET, jitter=0.03), [still(2, name=str(i)) for i in range(500)])[:, 0]
    assert first[:, 0].std() == pytest.approx(0.03, rel=0.15)  # from the first frame on


def test_the_same_wander_step_by_step():
    white = np.random.default_rng(0).standard_normal((50, 3, 2))
    slow = [white[0]]
    for kick in white[1:]:
        slow.append(0.8 * slow[-1] + math.sqrt(1 - 0.8**2) * kick)
    assert noise.wander(white, 0.8) == pytest.approx(np.stack(slow))
    assert noise.wander(white, 0.0) == pytest.approx(white)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.5), st.integers(1, 30))
def test_episodes_take_their_share_of_the_time(share: float, length: int):
    inside = noise.episodes(400, 300, share, length, np.random.default_rng(1))
    assert inside.shape == (400, 300)
    assert inside.mean() == pytest.approx(share, abs=0.03)
    assert inside[0].mean() == pytest.approx(share, abs=0.15)  # episodes begin before the clip, too
    edges = np.diff(inside.astype(int), axis=0)
    for column, steps in zip(inside.T, edges.T, strict=True):
        begin, end = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        if begin.size and end.size and end[-1] > begin[0]:
            runs = end[end > begin[0]] - begin[: (end > begin[0]).sum()]
            assert (runs >= length).all(), column


def test_limbs_are_exchanged_as_wholes_and_surely():
    clip = still(20_000)
    found = noise.detected(clip, H36M_17, replace(QUIET, swap_rate=0.1), 50.0)
    apart = (found.keypoints - clip.keypoints).norm(dim=-1) > 1e-6
    arms, legs = (11, 12, 13, 14, 15, 16), (1, 2, 3, 4, 5, 6)
    for limb in (arms, legs):
        assert torch.equal(apart[:, limb], apart[:, limb[:1]].expand(-1, 6))
        assert apart[:, limb[0]].float().mean() == pytest.approx(0.1, abs=0.012)
        swapped = found.keypoints[apart[:, limb[0]]]
        assert torch.equal(swapped[0, list(limb)], clip.keypoints[0, [H36M_17.mirror[j] for j in limb]])
    assert not torch.equal(apart[:, 11], apart[:, 1])  # apart from each other
    assert not apart[:, [0, 7, 8, 9, 10]].any()
    assert torch.equal(found.confidence, torch.ones(20_000, 17))


def test_lost_joints_are_interpolated_and_have_no_confidence():
    clip = still(3000)
    walk = clip.keypoints + torch.linspace(0, 1, 3000)[:, None, None]  # straight lines: interpolation is exact
    found = noise.detected(replace(clip, keypoints=walk), H36M_17, replace(QUIET, miss_rate=0.02), 50.0)
    lost = found.confidence == 0
    assert lost.float().mean() == pytest.approx(0.02, abs=0.004)
    inner = slice(100, -100)
    torch.testing.assert_close(found.keypoints[inner], walk[inner])
    assert (found.confidence[~lost] == 1).all()


def test_wrong_joints_are_far_off_for_a_while():
    clip = still(4000)
    found = noise.detected(clip, H36M_17, replace(QUIET, outlier_rate=0.01), 50.0)
    off = (found.keypoints - clip.keypoints).norm(dim=-1) / noise.height_on_screen(clip, H36M_17)
    assert (off > 0).float().mean() == pytest.approx(0.01, abs=0.003)
    assert 0.15 < off[off > 0].mean() < 0.6
    assert torch.equal(found.confidence, torch.ones(4000, 17))


def test_the_height_on_the_screen_is_the_person_s():
    """Of a filmed take: stature by the legs, times focal length, over distance."""
    clip = load_data(SyntheticCfg(subjects=2, takes=1, frames=20, virtual_cameras=VirtualCamerasCfg(cameras=1))).clips[
        0
    ]
    depth = clip.root[:, 2].mean()
    leg = sum((clip.pose[:, a] - clip.pose[:, b]).norm(dim=-1).mean() for a, b in ((1, 2), (2, 3)))
    assert noise.height_on_screen(clip, H36M_17) == pytest.approx(float(leg / 0.491 * 2.29 / depth), rel=0.05)


def test_errors_need_3d():
    with pytest.raises(InputError, match="has no 3D pose"):
        noise.detected(replace(still(3), pose=None), H36M_17, QUIET, 50.0)


@given(st.integers(1, 12), st.integers(0, 2**12 - 1))
def test_bridge_equals_interpolation(n: int, bits: int):
    lost = np.array([[bits >> t & 1] for t in range(n)], bool)
    points = np.random.default_rng(n).standard_normal((n, 1, 2))
    if lost.all():
        return
    time, seen = np.arange(n), ~lost[:, 0]
    slow = np.stack([np.interp(time, time[seen], points[seen, 0, axis]) for axis in range(2)], -1)
    assert noise.bridge(points, lost)[:, 0] == pytest.approx(slow)


def test_a_joint_lost_throughout_a_short_clip_is_taken_as_found():
    for i in range(30):
        found = noise.detected(still(2, name=str(i)), H36M_17, replace(QUIET, miss_rate=0.5), 50.0)
        assert torch.isfinite(found.keypoints).all()
        assert (found.confidence > 0).any(0).all()


def test_confidence_falls_with_the_error():
    clip = still(500)
    found = noise.detected(clip, H36M_17, replace(DetectorCfg(), miss_rate=0.0, swap_rate=0.0, outlier_rate=0.0), 50.0)
    error = (found.keypoints - clip.keypoints).norm(dim=-1) / noise.height_on_screen(clip, H36M_17)
    torch.testing.assert_close(found.confidence, torch.exp(-error / noise.DOUBT), atol=1e-4, rtol=1e-3)
    assert 0.012 < error.mean() < 0.03  # of the order of what was measured on a real video


def test_errors_depend_on_seed_take_camera_and_turn_only():
    clip = still(40)

    def see(cfg: DetectorCfg = DetectorCfg(), **about: object) -> torch.Tensor:
        return noise.detected(replace(clip, **about), H36M_17, cfg, 50.0).keypoints

    torch.manual_seed(1)
    first = see()
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(3)
    assert torch.equal(first, see(action="other", subject="other"))
    for other in ({"name": "b"}, {"camera": "b"}, {"turn": 1}, {"cfg": DetectorCfg(seed=1)}):
        assert not torch.equal(first, see(**other))


def test_the_left_and_right_of_other_layouts():
    arms, legs = noise.limbs(HUMANEVA_15)
    assert [[HUMANEVA_15.joints[j] for j in pair] for pair in arms][1] == ["left elbow", "right elbow"]
    assert {HUMANEVA_15.joints[j] for j in legs.ravel()} == {
        f"{s} {j}" for s in ("left", "right") for j in ("hip", "knee", "ankle")
    }
    found = noise.detected(still(50, HUMANEVA_15), HUMANEVA_15, DetectorCfg(swap_rate=0.2), 60.0)
    assert found.keypoints.shape == (50, 15, 2)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bias", -1.0, "detector.bias is -1.0: it must be between 0 and 1"),
        ("jitter", math.nan, "detector.jitter is nan"),
        ("miss_rate", 0.9, "detector.miss_rate is 0.9: it must be between 0 and 0.5"),
        ("swap_rate", -0.1, "detector.swap_rate"),
        ("correlation_time", math.inf, "detector.correlation_time is inf"),
    ],
)
def test_what_no_detector_does_is_refused(name: str, value: float, message: str):
    with pytest.raises(InputError, match=message):
        noise.check(replace(DetectorCfg(), **{name: value}))


def test_filmed_takes_are_seen_by_the_detector_training_and_test_alike():
    cfg = SyntheticCfg(subjects=2, frames=30)
    true = load_data(cfg)
    corpus = load_data(replace(cfg, virtual_cameras=VirtualCamerasCfg(keypoints="simulated")))
    assert true.facts["2D"] == "ground truth, 4 virtual cameras of Human3.6M (S9), seed 0"
    assert true.facts["training views"] == "1 yaw per take"
    assert corpus.facts["2D"].startswith("simulated detector (bias 1.00% and jitter 1.00% of the height over 0.1 s, ")
    for a, b in zip(corpus.clips, true.clips, strict=True):
        assert torch.equal(a.pose, b.pose)
        assert a.confidence is not None
        assert (a.keypoints - b.keypoints).abs().median() > 1e-3
    assert {clip.subject for clip in corpus.clips} == {*true.train_subjects, *true.test_subjects}


def test_the_detector_uses_the_takes_frame_rate():
    take = Take(torch.rand(400, 17, 3) + torch.tensor([0.0, 0, 0.5]), "walk", "s", "t")
    cfg = VirtualCamerasCfg(
        cameras=1, keypoints="simulated", detector=replace(QUIET, jitter=0.03, correlation_time=0.1)
    )
    true = film([take], H36M_17, replace(cfg, keypoints="gt"))[0]
    for fps in (25.0, 200.0):
        moved = film([take], H36M_17, cfg, fps=fps)[0].keypoints - true.keypoints
        together = (moved[1:] * moved[:-1]).mean() / moved.square().mean()
        assert float(together) == pytest.approx(math.exp(-1 / fps / 0.1), abs=0.05)
