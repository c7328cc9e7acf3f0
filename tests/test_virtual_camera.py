"""The virtual camera that looks at the person: geometry, its inverse, what it leaves alone, and how it is smoothed."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt import virtual_camera as vc

LEVEL = 1.3
"""Focal length of the real camera."""


def person(frames: int = 40, at: tuple[float, float, float] = (0.0, 0.0, 4.0), seed: int = 0) -> torch.Tensor:
    """Joints near a place, in level camera axes."""
    generator = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(frames, 17, 3, generator=generator, dtype=torch.float64) + torch.tensor(at)


def screen(points: torch.Tensor, focal: float = LEVEL) -> torch.Tensor:
    return focal * points[..., :2] / points[..., 2:]


def rolled(points: torch.Tensor, angle: float) -> torch.Tensor:
    """The points in the axes of a camera rolled clockwise, as seen from behind it."""
    c, s = math.cos(angle), math.sin(angle)
    return points @ torch.tensor([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=points.dtype).mT


def upright(frames: int = 30) -> torch.Tensor:
    """A standing figure: shoulders above ankles, four metres away."""
    points = person(frames, seed=1) * torch.tensor([0.1, 0.1, 0.1]) + torch.tensor([0, 0, 4.0])
    points[:, list(vc.ANKLES), 1] += 0.9
    points[:, list(vc.SHOULDERS), 1] -= 0.6
    return points


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 2), st.floats(-1.5, 1.5), st.floats(2.5, 12), st.floats(-0.5, 0.5), st.integers(1, 300))
def test_joints_are_those_of_the_turned_person(x, y, z, roll, frames):
    points = person(frames, (x, y, z))
    points[..., 2].clamp_min_(1.0)
    looked = vc.look_at_person(screen(rolled(points, roll)), LEVEL, roll=roll)
    turned = vc.turn(rolled(points, roll), looked.rotation)
    torch.testing.assert_close(looked.keypoints, screen(turned, vc.FOCAL))
    torch.testing.assert_close(looked.zoom, torch.ones(frames, dtype=torch.float64))


def test_back_is_the_inverse():
    points = person(at=(1.5, 0.3, 4))
    looked = vc.look_at_person(screen(points), LEVEL, roll=0.3)
    torch.testing.assert_close(vc.turn_back(vc.turn(points, looked.rotation), looked.rotation), points)
    eye = torch.eye(3, dtype=torch.float64).expand(40, 3, 3)
    torch.testing.assert_close(looked.rotation @ looked.rotation.mT, eye)
    torch.testing.assert_close(torch.linalg.det(looked.rotation), torch.ones(40, dtype=torch.float64))


def test_a_person_who_stands_still_is_in_the_middle():
    looked = vc.look_at_person(screen(person(1, (1.5, 0.4, 4)).expand(60, 17, 3)), LEVEL)
    ray = looked.keypoints / vc.FOCAL
    middle = (ray.amin(-2) + ray.amax(-2)) / 2
    assert middle.abs().max() < 0.03  # the box's middle before the turn is not quite that after it


@pytest.mark.parametrize("aside", [0.0, 0.5, 1.0, 1.5])
def test_where_the_person_stands_and_how_the_camera_rolls_does_not_matter(aside):
    """A level camera turned about its own place, and one rolled by a known angle: the same virtual picture."""
    points = person()
    c, s = math.cos(aside / 4), math.sin(aside / 4)
    pan = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=torch.float64)
    seen = vc.look_at_person(screen(rolled(points @ pan.mT, 0.4)), LEVEL, roll=0.4)
    expected = vc.look_at_person(screen(points), LEVEL)
    assert (seen.keypoints - expected.keypoints).abs().max() < 0.02 * max(aside, 1e-9) + 1e-9


def test_all_lenses_look_alike():
    points = person()
    expected = vc.look_at_person(screen(points, 1.0), 1.0).keypoints
    torch.testing.assert_close(vc.look_at_person(screen(points, 3.0), 3.0).keypoints, expected)
    assert vc.focal_length(1920, 1080) == pytest.approx(vc.FOCAL)
    assert vc.focal_length(1080, 1920) == pytest.approx(vc.FOCAL * 16 / 9)


def test_zoom_makes_people_far_and_near_equally_large():
    near, far = person(at=(0.0, 0.0, 6.0)), person(at=(0.0, 0.0, 12.0))
    sizes = []
    for points in (near, far):
        looked = vc.look_at_person(screen(points), LEVEL, size=0.2)
        sizes.append(vc.bone_length(looked.keypoints).mean().item())
        torch.testing.assert_close(
            looked.keypoints, screen(vc.turn(points, looked.rotation), vc.FOCAL) * looked.zoom[:, None, None]
        )
    assert sizes == pytest.approx([0.2, 0.2], rel=0.02)


@pytest.mark.parametrize("degrees", [-40, -20, -11, 11, 25, 44])
def test_roll_is_guessed_from_the_body(degrees):
    guessed = vc.guess_roll(screen(rolled(upright(), math.radians(degrees))), LEVEL)
    assert math.degrees(guessed) == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize("degrees", [-80, -50, -9, 0, 8, 50, 90, 180])
def test_who_hardly_leans_or_lies_leaves_the_camera_level(degrees):
    assert vc.guess_roll(screen(rolled(upright(), math.radians(degrees))), LEVEL) == 0


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("frames", [1, 2, 60, 255, 257, 400])
def test_smoothing_is_the_weighted_mean_that_it_says(frames, causal):
    """The slow twin: one frame after the other, weights written down; short and long sequences alike."""
    fps = 50.0
    value = torch.randn(frames, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    smooth = vc.smooth(value, fps, causal)
    for t in {0, frames // 3, frames - 1}:
        weights = []
        for other in range(frames):
            ago = (t - other) / fps
            if causal:
                weights.append(math.exp(-ago / vc.CAUSAL_SECONDS) if ago >= 0 else 0.0)
            else:
                weights.append((1 + math.cos(2 * math.pi * ago)) / 2 if abs(ago) < 0.5 else 0.0)
        weight = torch.tensor(weights, dtype=torch.float64)
        torch.testing.assert_close(smooth[t], weight @ value / weight.sum(), rtol=1e-6, atol=1e-6)


def test_causal_sees_no_future():
    points = screen(person(50, (1.0, 0.0, 4.0)))
    changed = points.clone()
    changed[30:] += 0.5
    before = vc.look_at_person(points, LEVEL, causal=True, size=0.2)
    after = vc.look_at_person(changed, LEVEL, causal=True, size=0.2)
    torch.testing.assert_close(before.keypoints[:30], after.keypoints[:30])


def test_a_batch_is_its_sequences():
    batch = torch.stack([screen(person(30, (x, 0.1, 4.0), seed=3)) for x in (-1.0, 0.0, 2.0)])
    focal, roll = torch.tensor([1.0, 1.5, 2.0]), torch.tensor([0.0, 0.2, -0.3])
    looked = vc.look_at_person(batch, focal, roll=roll, size=0.2)
    for k in range(3):
        alone = vc.look_at_person(batch[k], float(focal[k]), roll=float(roll[k]), size=0.2)
        torch.testing.assert_close(looked.keypoints[k], alone.keypoints, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(looked.rotation[k], alone.rotation, rtol=1e-5, atol=1e-6)
