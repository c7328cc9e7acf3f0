import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt import metrics
from actionprompt.camera import rotate
from actionprompt.skeleton import H36M_17, Skeleton
from small import golden

SEEDS = st.integers(0, 2**32)


def poses(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, 17, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random_rotation(seed: int) -> torch.Tensor:
    q = torch.randn(4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return q / q.norm()


def test_equal_the_field():
    numbers = golden("metrics")
    predicted, target = numbers["predicted"], numbers["target"]
    for name in ("mpjpe", "p_mpjpe", "n_mpjpe"):
        error = getattr(metrics, name)(predicted, target)
        assert error.shape == (7,)
        torch.testing.assert_close(error.double().mean(), numbers[name], rtol=1e-5, atol=1e-7)
    velocity = metrics.velocity_error(predicted, target)
    assert velocity.shape == (6,)
    torch.testing.assert_close(velocity.double().mean(), numbers["velocity"], rtol=1e-5, atol=1e-7)


def test_equal_loops_over_joints():
    predicted, target = poses(1, 2, 4), poses(2, 2, 4)
    for b in range(2):
        for t in range(4):
            pairs = list(zip(predicted[b, t].tolist(), target[b, t].tolist(), strict=True))
            mean = sum(math.dist(p, q) for p, q in pairs) / 17
            depth = sum(abs(p[2] - q[2]) for p, q in pairs) / 17
            assert metrics.mpjpe(predicted, target)[b, t].item() == pytest.approx(mean)
            assert metrics.depth_error(predicted, target)[b, t].item() == pytest.approx(depth)
        for t in range(3):
            step = predicted[b, t + 1] - predicted[b, t], target[b, t + 1] - target[b, t]
            moved = sum(math.dist(p, q) for p, q in zip(*(s.tolist() for s in step), strict=True)) / 17
            assert metrics.velocity_error(predicted, target)[b, t].item() == pytest.approx(moved)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.05, 20))
def test_p_mpjpe_ignores_similarity(seed, scale):
    pose = poses(seed, 3)
    moved = scale * rotate(random_rotation(seed + 1), pose) + poses(seed + 2)[0]
    assert metrics.p_mpjpe(moved, pose).amax() < 1e-6
    other = poses(seed + 3, 3)
    torch.testing.assert_close(metrics.p_mpjpe(moved, other), metrics.p_mpjpe(pose, other), rtol=1e-6, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_p_mpjpe_least_squares(seed):
    """Its alignment has the smallest squared error: no small change of it is better."""
    target = poses(seed)
    predicted = target + 0.3 * poses(seed + 1)
    best = aligned(predicted, target)
    torch.testing.assert_close(metrics.mpjpe(best, target), metrics.p_mpjpe(predicted, target), rtol=1e-5, atol=1e-7)


def aligned(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The slow twin: gradient descent over rotation (a free quaternion), scale and translation."""
    free = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([free], max_iter=200, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def move() -> torch.Tensor:
        q = free[:4] / free[:4].norm()
        return free[4].exp() * rotate(q, predicted) + free[5:]

    def error() -> torch.Tensor:
        optimiser.zero_grad()
        loss = (move() - target).square().sum()
        loss.backward()
        return loss

    optimiser.step(error)
    return move().detach()


def test_p_mpjpe_does_not_reflect():
    pose = poses(5)
    mirrored = pose * torch.tensor([-1.0, 1, 1], dtype=torch.float64)
    assert metrics.p_mpjpe(mirrored, pose) > 0.1
    relabelled = mirrored[list(H36M_17.mirror)]
    assert metrics.p_mpjpe(relabelled, pose) > 0.1


def test_p_mpjpe_of_a_pose_that_is_not_known():
    """The others' errors are what they are without it."""
    predicted, target = torch.stack([poses(s) for s in range(3)]), torch.stack([poses(s) for s in range(3, 6)])
    whole = metrics.p_mpjpe(predicted, target)
    predicted[1, 4, 0] = math.nan
    assert metrics.p_mpjpe(predicted, target).isnan().tolist() == [False, True, False]
    assert torch.equal(metrics.p_mpjpe(predicted, target)[[0, 2]], whole[[0, 2]])


def test_p_mpjpe_survives_flat_and_single_point_poses():
    flat = poses(6)
    flat[:, 2] = 0
    assert metrics.p_mpjpe(2 * flat, flat) < 1e-9
    point = torch.full((17, 3), 7.0, dtype=torch.float64)
    error = metrics.p_mpjpe(point, flat)
    torch.testing.assert_close(error, metrics.mpjpe(flat.mean(0).expand(17, 3), flat))
    assert metrics.p_mpjpe(flat, point) < 1e-9


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.05, 20))
def test_n_mpjpe_ignores_scale(seed, scale):
    predicted, target = poses(seed, 3), poses(seed + 1, 3)
    torch.testing.assert_close(
        metrics.n_mpjpe(scale * predicted, target), metrics.n_mpjpe(predicted, target), rtol=1e-6, atol=1e-9
    )
    assert metrics.n_mpjpe(scale * target, target).amax() < 1e-9


def test_unit_and_precision_of_the_input():
    predicted, target = poses(8, 2).float(), poses(9, 2).float()
    for error in (metrics.mpjpe, metrics.depth_error, metrics.p_mpjpe, metrics.n_mpjpe):
        assert error(predicted, target).dtype == torch.float32
        torch.testing.assert_close(error(1000 * predicted, 1000 * target), 1000 * error(predicted, target))
        assert error(target, target).abs().amax() < 1e-6


def test_a_still_clip_has_no_velocity_error():
    target = poses(3, 1).expand(5, -1, -1)
    assert metrics.velocity_error(target + 1, target).tolist() == [0, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_what_an_error_is_made_of(seed):
    g = torch.Generator().manual_seed(seed)
    target = torch.randn(5, 17, 3, generator=g)
    target = target - target[:, :1]
    longer = target.clone()
    factors = 0.5 + torch.rand(5, 17, 1, generator=g)
    for parent, child in H36M_17.bones:
        longer[:, child] = longer[:, parent] + factors[:, child] * (target[:, child] - target[:, parent])
    torch.testing.assert_close(metrics.true_lengths(longer, target, H36M_17), target, atol=1e-5, rtol=0)
    torch.testing.assert_close(metrics.true_directions(longer, target, H36M_17), longer, atol=1e-5, rtol=0)
    flipped = target * torch.tensor([1.0, 1.0, -1.0])
    torch.testing.assert_close(metrics.true_depth_signs(flipped, target, H36M_17), target, atol=1e-5, rtol=0)
    torch.testing.assert_close(metrics.true_lengths(flipped, target, H36M_17), flipped, atol=1e-5, rtol=0)
    other = torch.randn(5, 17, 3, generator=g)
    found = metrics.true_directions(other, target, H36M_17)
    a, b = metrics.bones(found, H36M_17), metrics.bones(target, H36M_17)
    torch.testing.assert_close(a.norm(dim=-1), metrics.bones(other, H36M_17).norm(dim=-1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(torch.cosine_similarity(a, b, dim=-1), torch.ones(5, 16), atol=1e-5, rtol=0)
    for mend in (metrics.true_lengths, metrics.true_directions, metrics.true_depth_signs):
        torch.testing.assert_close(mend(other, other, H36M_17), other, atol=1e-5, rtol=0)


def test_bones_whose_parents_come_later():
    skeleton = Skeleton("chain", ("end", "middle", "root"), (1, 2, -1), (), ())
    target = torch.tensor([[[0.0, 0, 3], [0, 0, 1], [0, 0, 0]]])
    torch.testing.assert_close(metrics.true_lengths(target / 2, target, skeleton), target)
