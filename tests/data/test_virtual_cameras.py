import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from actionprompt.camera import camera_to_world, normalise_screen, project, world_to_camera
from actionprompt.data import noise
from actionprompt.data.cameras import H36M_LENSES, H36M_PLACEMENTS
from actionprompt.data.clip import Take
from actionprompt.data.config import DetectorCfg, SyntheticCfg, VirtualCamerasCfg
from actionprompt.data.load import load as load_data
from actionprompt.data.virtual_cameras import describe, film, followed, stage, yaw
from actionprompt.errors import InputError
from actionprompt.formats.markers import joints
from actionprompt.skeleton import H36M_17


@pytest.fixture
def take(moving):
    return Take(
        torch.from_numpy(joints(moving(60) / 1000)).float() + torch.tensor([3, -7, 0]),
        "walk",
        "s1",
        "m01_s01",
    )


def test_table_of_cameras():
    assert [len(four) for four in H36M_PLACEMENTS.values()] == [4] * 7
    assert list(H36M_PLACEMENTS) == ["S1", "S5", "S6", "S7", "S8", "S9", "S11"]
    for placement in (p for four in H36M_PLACEMENTS.values() for p in four):
        assert placement.orientation().norm() == pytest.approx(1, abs=1e-6)
        x, y, z = placement.translation().tolist()
        assert 4 < math.hypot(x, y) < 5.8
        assert 1.4 < z < 1.7
    assert H36M_PLACEMENTS["S9"][0].translation().numpy() == pytest.approx(
        [2.04445849609375, 4.9351171875, 1.4812275390625]
    )


def test_intrinsics_are_normalised_by_the_width():
    lens = H36M_LENSES[0]
    expected = [
        2.2900989,
        2.2875623,
        0.0250831,
        0.0289030,
        -0.2070989,
        0.2477752,
        -0.0030752,
        -0.0009757,
        -0.0014245,
    ]
    assert lens.intrinsic().numpy() == pytest.approx(expected, abs=1e-6)
    for lens in H36M_LENSES:
        focal = torch.tensor(lens.focal) / lens.width * 2
        centre = normalise_screen(torch.tensor(lens.centre), lens.width, lens.height)
        assert torch.equal(lens.intrinsic()[:4], torch.cat([focal, centre]))


@pytest.mark.parametrize("subject", list(H36M_PLACEMENTS))
def test_cameras_look_at_the_middle_of_the_room(subject):
    for lens, place in zip(H36M_LENSES, H36M_PLACEMENTS[subject], strict=True):
        feet_and_head = torch.tensor([[0, 0, 0], [0, 0, 1.7]])
        seen = world_to_camera(feet_and_head, place.orientation(), place.translation())
        screen = project(seen, lens.intrinsic())
        assert screen.abs().max() < 0.8
        assert screen[0, 1] > screen[1, 1] + 0.5  # the head above the feet, y down


def test_film_equals_its_slow_twin(take):
    """One joint at a time, in double precision, through the cameras' own formulas."""
    clips = film([take], H36M_17, VirtualCamerasCfg(seed=3))
    angle = yaw(3, "m01_s01")
    pose = take.pose.double()
    middle = pose[:, 0].mean(0)
    assert [clip.camera for clip in clips] == [lens.name for lens in H36M_LENSES]
    for clip, lens, place in zip(clips, H36M_LENSES, H36M_PLACEMENTS["S9"], strict=True):
        for frame in (0, 17, 59):
            root = None
            for joint in range(17):
                x, y, z = (pose[frame, joint] - middle).tolist()
                x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
                world = torch.tensor([x, y, z + middle[2]], dtype=torch.float64)
                seen = world_to_camera(world, place.orientation().double(), place.translation().double())
                root = seen if root is None else root
                expected = project(seen, lens.intrinsic().double())
                assert clip.keypoints[frame, joint].numpy() == pytest.approx(expected.numpy(), abs=2e-6)
                assert clip.pose[frame, joint].numpy() == pytest.approx((seen - root).numpy(), abs=5e-6)
            assert clip.root[frame].numpy() == pytest.approx(root.numpy(), abs=5e-6)


def test_clips_are_records_of_their_take(take):
    clips = film([take, replace(take, name="other")], H36M_17, VirtualCamerasCfg(cameras=3))
    assert [(c.name, c.camera) for c in clips[2:4]] == [("m01_s01", "58860488"), ("other", "54138969")]
    for clip in clips:
        assert (clip.action, clip.subject, clip.num_frames) == ("walk", "s1", 60)
        assert {t.dtype for t in (clip.keypoints, clip.pose, clip.root)} == {torch.float32}
        assert (clip.pose[:, 0] == 0).all()
        assert clip.pose.is_contiguous()
    assert not torch.allclose(clips[0].keypoints, clips[3].keypoints, atol=0.01)  # another name, another yaw


def test_all_cameras_see_the_same_world(take):
    clips = film([take], H36M_17, VirtualCamerasCfg())
    places = H36M_PLACEMENTS["S9"]
    worlds = [
        camera_to_world(clip.pose + clip.root[:, None], place.orientation(), place.translation())
        for clip, place in zip(clips, places, strict=True)
    ]
    for world in worlds:
        assert world.numpy() == pytest.approx(worlds[0].numpy(), abs=1e-5)
        assert world[:, 0, :2].mean(0).numpy() == pytest.approx([0, 0], abs=1e-5)
        assert world[..., 2].numpy() == pytest.approx(take.pose[..., 2].numpy(), abs=1e-5)


def test_yaw_is_the_same_in_every_process_and_uniform():
    assert yaw(0, "m01_s01") == pytest.approx(5.0524378218894785)
    angles = [yaw(seed, f"m{m:02d}") for seed in range(100) for m in range(10)]
    assert min(angles) >= 0
    assert max(angles) < 2 * math.pi
    assert np.histogram(angles, 8, (0, 2 * math.pi))[0].min() > 90


def test_stage_turns_about_the_vertical(take):
    staged = stage(take.pose, 0, math.pi / 2)
    centred = take.pose - take.pose[:, 0].mean(0) * torch.tensor([1, 1, 0])
    assert staged[..., 0].numpy() == pytest.approx(-centred[..., 1].numpy(), abs=1e-5)
    assert staged[..., 1].numpy() == pytest.approx(centred[..., 0].numpy(), abs=1e-5)
    assert torch.equal(staged[..., 2], take.pose[..., 2])


@pytest.mark.parametrize("cameras", [0, 5])
def test_impossible_number_of_cameras(take, cameras):
    with pytest.raises(InputError, match=f"virtual_cameras.cameras is {cameras}: there are 4 cameras, use 1 to 4"):
        film([take], H36M_17, VirtualCamerasCfg(cameras=cameras))


def test_a_camera_goes_along_with_who_walks_out_of_the_picture(take):
    away = replace(take, pose=take.pose + torch.linspace(-6, 6, 60)[:, None, None] * torch.tensor([1, 1, 0]))
    for before, clip in zip(
        film([take], H36M_17, VirtualCamerasCfg()), film([away], H36M_17, VirtualCamerasCfg()), strict=True
    ):
        assert clip.keypoints.abs().max() < 1
        torch.testing.assert_close(clip.pose, before.pose, atol=1e-5, rtol=0)


def test_a_path_is_smoothed_over_the_frames_that_are_asked_for(take):
    path = (take.pose - followed(take.pose, 0, 10))[:, 0]
    root = take.pose[:, 0].numpy() * [1, 1, 0]
    reach = [min(i, 59 - i, 5) for i in range(60)]
    slow = np.stack([root[i - r : i + r + 1].mean(0) for i, r in enumerate(reach)])
    np.testing.assert_allclose(path, slow, atol=1e-5)


def test_leaping_out_of_the_picture(take):
    leap = take.pose + torch.where(torch.arange(60) % 30 < 15, 6, -6)[:, None, None] * torch.tensor([1, 1, 0])
    with pytest.raises(InputError, match=r"Take m01_s01 leaves the view of camera \d+ at frame \d+, .*cut the take"):
        film([replace(take, pose=leap)], H36M_17, VirtualCamerasCfg())


def test_training_takes_are_filmed_several_times_at_other_yaws_and_sizes(take):
    other = replace(take, subject="s2", name="m01_s02")
    once = film([take, other], H36M_17, VirtualCamerasCfg())
    clips = film([take, other], H36M_17, VirtualCamerasCfg(yaws_per_take=3, scale_jitter=0.2), train_subjects=("s1",))
    assert [clip.turn for clip in clips] == [0] * 4 + [1] * 4 + [2] * 4 + [0] * 4
    for clip, same in zip(clips[:4] + clips[12:], once, strict=True):  # the first filming is the test protocol's
        assert torch.equal(clip.keypoints, same.keypoints)
    thighs = [(clip.pose[0, 2] - clip.pose[0, 1]).norm() for clip in clips[:12:4]]
    assert thighs[1] != pytest.approx(thighs[0].item(), rel=1e-3)
    assert all(abs(thigh / thighs[0] - 1) <= 0.2 for thigh in thighs)
    with pytest.raises(InputError, match="at least once"):
        film([take], H36M_17, VirtualCamerasCfg(yaws_per_take=0))


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (VirtualCamerasCfg(frame_stride=0), "virtual_cameras.frame_stride is 0: cameras take every frame"),
        (
            VirtualCamerasCfg(yaws_per_take=10**9),
            "virtual_cameras.yaws_per_take is 1000000000: a take is filmed at least once, at most 1,000 times",
        ),
        (
            VirtualCamerasCfg(scale_jitter=math.nan),
            "virtual_cameras.scale_jitter is nan: bodies are scaled by at least 0 and less than 0.5",
        ),
        (VirtualCamerasCfg(scale_jitter=-0.1), "virtual_cameras.scale_jitter is -0.1"),
        (VirtualCamerasCfg(scale_jitter=0.5), "virtual_cameras.scale_jitter is 0.5"),
        (VirtualCamerasCfg(detector=DetectorCfg(miss_rate=-1.0)), "detector.miss_rate is -1.0"),
    ],
)
def test_settings_without_sense_are_refused(take, cfg: VirtualCamerasCfg, message: str):
    with pytest.raises(InputError, match=message):
        film([take], H36M_17, cfg)


@pytest.mark.parametrize("viewpoints", ["h36m", "varied"])
def test_slow_cameras_take_some_of_the_frames(take, viewpoints):
    fast, slow = (film([take], H36M_17, VirtualCamerasCfg(frame_stride=n, viewpoints=viewpoints)) for n in (1, 3))
    for one, other in zip(fast, slow, strict=True):
        assert torch.equal(other.keypoints, one.keypoints[::3])
        assert torch.equal(other.pose, one.pose[::3])
        assert torch.equal(other.root, one.root[::3])
    assert (
        load_data(SyntheticCfg(virtual_cameras=VirtualCamerasCfg(frame_stride=2))).fps
        == load_data(SyntheticCfg()).fps / 2
    )
    with pytest.raises(InputError, match="virtual_cameras.frame_stride is 0"):
        load_data(SyntheticCfg(virtual_cameras=VirtualCamerasCfg(frame_stride=0)))


def test_a_simulated_detector_sees_what_a_slow_camera_sees(take, monkeypatch):
    rates = []
    monkeypatch.setattr(noise, "detected", lambda clip, skeleton, cfg, fps: rates.append(fps) or clip)
    film([take], H36M_17, VirtualCamerasCfg(cameras=2, frame_stride=4, keypoints="simulated"), fps=50.0)
    assert rates == [12.5, 12.5]


def test_reports_say_what_the_2d_is():
    cfg = VirtualCamerasCfg(cameras=2, yaws_per_take=3, scale_jitter=0.1, seed=4)
    assert describe(cfg) == {
        "2D": "ground truth, 2 virtual cameras of Human3.6M (S9), seed 4",
        "training views": "3 yaws per take, bodies scaled by up to 10%",
    }
    assert describe(VirtualCamerasCfg(keypoints="simulated"))["2D"].startswith(
        "simulated detector (bias 1.00% and jitter "
    )


def test_joints_as_detectors_deliver_them(take):
    """Pelvis and thorax are the middles of hips and shoulders, the spine theirs; on with online filming."""
    plain = film([take], H36M_17, VirtualCamerasCfg(cameras=1))[0]
    asked = film([take], H36M_17, VirtualCamerasCfg(cameras=1, detector_joints=True))[0]
    online = film([take], H36M_17, VirtualCamerasCfg(cameras=1, training="online"))[0]
    hips, shoulders = ((asked.pose[:, a] + asked.pose[:, b]) / 2 for a, b in ((1, 4), (11, 14)))
    assert hips.abs().max() < 1e-5  # the root is the pelvis
    torch.testing.assert_close(asked.pose[:, 8], shoulders)
    torch.testing.assert_close(asked.pose[:, 7], (hips + shoulders) / 2, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(asked.pose, online.pose)
    wrist = [clip.pose[:, 13] + clip.root for clip in (plain, asked)]
    torch.testing.assert_close(*wrist)
    assert (plain.pose[:, 8] - asked.pose[:, 8]).norm(dim=-1).mean() > 0.001
