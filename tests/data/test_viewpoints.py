import math

import pytest
import torch

from actionprompt.camera import project
from actionprompt.data.clip import Take
from actionprompt.data.config import VirtualCamerasCfg
from actionprompt.data.virtual_cameras import film, played
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17


def take(n: int = 60, seed: int = 0) -> Take:
    """Somebody of 1.8 m who walks to and fro."""
    random = torch.Generator().manual_seed(seed)
    body = torch.rand(17, 3, generator=random) * torch.tensor([0.6, 0.4, 1.7]) - torch.tensor([0.3, 0.2, 0.0])
    body[0] = torch.tensor([0.0, 0.0, 0.95])
    path = torch.stack([torch.linspace(0, 6, n).sin(), torch.zeros(n), torch.zeros(n)], dim=1)
    return Take(pose=(body + path[:, None]).double(), action="walking", subject="a", name=f"take{seed}")


def test_varied_cameras_see_the_whole_body_from_everywhere() -> None:
    cfg = VirtualCamerasCfg(yaws_per_take=20, viewpoints="varied")
    clips = film([take()], H36M_17, cfg, ["a"])
    assert len(clips) == 80
    facing, heights, elevations = [], [], []
    for clip in clips:
        assert clip.pose is not None
        assert clip.root is not None
        aspect = 16 / 9  # of the tallest picture
        assert clip.keypoints[..., 0].abs().max() <= 1.02
        assert clip.keypoints[..., 1].abs().max() <= aspect * 1.02
        points = clip.pose + clip.root[:, None]
        focal = (clip.keypoints[..., 0] * points[..., 2] / points[..., 0]).median()
        lens = torch.tensor([focal, focal, 0, 0, 0, 0, 0, 0, 0])
        torch.testing.assert_close(project(points, lens), clip.keypoints, atol=1e-4, rtol=1e-4)
        side = clip.pose[0, 3] - clip.pose[0, 6]
        facing.append(math.atan2(float(side[2]), float(side[0])))
        heights.append(float(clip.keypoints[0, :, 1].max() - clip.keypoints[0, :, 1].min()))
        elevations.append(float(focal))
    assert torch.histc(torch.tensor(facing), 6, -math.pi, math.pi).min() > 0
    assert max(heights) > 2 * min(heights)
    assert max(elevations) > 1.5 * min(elevations)


def test_a_varied_camera_is_upright_and_deterministic() -> None:
    first, again = (
        film([take()], H36M_17, VirtualCamerasCfg(yaws_per_take=3, viewpoints="varied"), ["a"]) for _ in range(2)
    )
    for one, two in zip(first, again, strict=True):
        assert torch.equal(one.keypoints, two.keypoints)
    other = film([take()], H36M_17, VirtualCamerasCfg(yaws_per_take=3, viewpoints="varied", seed=1), ["a"])
    assert not torch.equal(first[0].keypoints, other[0].keypoints)
    standing = take()
    standing.pose[:, 10] = standing.pose[:, 0] + torch.tensor([0, 0, 0.8])
    for clip in film([standing], H36M_17, VirtualCamerasCfg(yaws_per_take=10, viewpoints="varied"), ["a"]):
        assert clip.pose is not None
        x, y, z = (clip.pose[0, 10] / 0.8).tolist()
        assert -y > 0.7  # up is up, apart from looking down or up and a little roll
        assert abs(x) < math.sin(math.radians(5.5))
        assert abs(z) < 0.72


def test_tempo_plays_training_turns_faster_or_slower() -> None:
    clips = film([take(101)], H36M_17, VirtualCamerasCfg(cameras=1, yaws_per_take=30, speed_jitter=0.3), ["a"])
    assert clips[0].num_frames == 101
    lengths = [clip.num_frames for clip in clips[1:]]
    assert min(lengths) >= 77
    assert max(lengths) <= 144
    assert min(lengths) < 90 < 115 < max(lengths)
    assert [
        c.num_frames
        for c in film([take(101)], H36M_17, VirtualCamerasCfg(cameras=1, yaws_per_take=5, speed_jitter=0.3))
    ] == [101]


@pytest.mark.parametrize("tempo", [0.4, 1.0, 1.7])
def test_playing_is_exact_on_straight_motion(tempo: float) -> None:
    world = torch.arange(50.0)[:, None, None].expand(50, 2, 3)
    found = played(world, tempo)
    torch.testing.assert_close(found[:, 0, 0], torch.arange(found.shape[0]) * tempo)
    assert found[-1, 0, 0] > 49 - tempo
    assert played(world[:1], tempo).shape == (1, 2, 3)


@pytest.mark.parametrize("tempo", [-0.1, 0.9, float("nan")])
def test_a_tempo_that_cannot_be(tempo: float) -> None:
    with pytest.raises(InputError, match=r"virtual_cameras\.speed_jitter"):
        film([take()], H36M_17, VirtualCamerasCfg(speed_jitter=tempo))
