import math
from dataclasses import replace

import pytest
import torch

from actionprompt.model.lifter import Lifted
from actionprompt.skeleton import H36M_17, HUMANEVA_15
from actionprompt.training.config import MotionLossCfg, SequenceLossCfg
from actionprompt.training.losses import build_pose_loss, joint_weights, loss


def test_equals_the_formulas():
    torch.manual_seed(0)
    predicted, target = torch.randn(4, 2, 17, 3), torch.randn(4, 2, 17, 3)
    logits, action = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    distances = [math.dist(p, q) for p, q in zip(predicted.view(-1, 3), target.view(-1, 3), strict=True)]
    pose = sum(distances) / len(distances)  # Eq. 4, averaged over the batch
    entropy = [-math.log(math.exp(y[k]) / sum(map(math.exp, y))) for y, k in zip(logits.tolist(), action, strict=True)]
    label = sum(entropy) / 4  # Eq. 6
    found = loss(Lifted(predicted, logits), target, action, weight=0.1)
    assert found.pose.item() == pytest.approx(pose, rel=1e-5)
    assert found.action.item() == pytest.approx(label, rel=1e-5)
    assert found.total.item() == pytest.approx(pose + 0.1 * label, rel=1e-5)


def test_without_apm():
    predicted, target = torch.randn(4, 1, 17, 3), torch.randn(4, 1, 17, 3)
    found = loss(Lifted(predicted, None), target, torch.zeros(4, dtype=torch.long), weight=0.1)
    assert torch.equal(found.total, found.pose)
    assert found.action == 0


def test_the_root_counts():
    predicted = torch.zeros(1, 1, 17, 3)
    predicted[..., 0, 0] = 1.0
    found = loss(Lifted(predicted, None), torch.zeros_like(predicted), torch.tensor([0]), 0.0)
    assert found.pose.item() == pytest.approx(1 / 17)


def test_motion_loss_equals_its_formula():
    """Joint by joint and frame by frame, with the weights that MixSTE's paper gives Human3.6M's joints."""
    torch.manual_seed(0)
    predicted, target = torch.randn(2, 4, 17, 3), torch.randn(2, 4, 17, 3)
    w = [1, 1, 2.5, 2.5, 1, 2.5, 2.5, 1, 1, 1, 1.5, 1.5, 4, 4, 1.5, 4, 4]
    distance = smooth = velocity = 0.0
    for b in range(2):
        for j in range(17):
            for f in range(4):
                distance += w[j] * math.dist(predicted[b, f, j], target[b, f, j]) / (2 * 4 * 17)
            for f in range(3):
                step, true = predicted[b, f + 1, j] - predicted[b, f, j], target[b, f + 1, j] - target[b, f, j]
                smooth += w[j] * float(step.square().sum()) / (2 * 3 * 17 * 3)
                velocity += math.dist(step, true) / (2 * 3 * 17)
    found = build_pose_loss(MotionLossCfg(), H36M_17)(predicted, target)
    assert found.item() == pytest.approx(distance + 0.5 * smooth + 2 * velocity, rel=1e-5)


def test_joint_weights_follow_anatomy():
    weights = dict(zip(HUMANEVA_15.joints, joint_weights(HUMANEVA_15), strict=True))
    assert (weights["left wrist"], weights["right knee"], weights["head"], weights["pelvis"]) == (4, 2.5, 1.5, 1)


def test_the_published_weights_of_humaneva_are_another_loss():
    torch.manual_seed(0)
    predicted, target = torch.randn(2, 4, 15, 3), torch.randn(2, 4, 15, 3)
    w = torch.tensor([1.0, 1, 2.5, 2.5, 1, 2.5, 2.5, 1, 1.5, 1.5, 4, 4, 1.5, 4, 4])
    cfg = MotionLossCfg(weights="published", smoothness=0.0, velocity=0.0)
    found = build_pose_loss(cfg, HUMANEVA_15)(predicted, target)
    assert found.item() == pytest.approx((w * (predicted - target).norm(dim=-1)).mean().item(), rel=1e-5)
    anatomical = build_pose_loss(replace(cfg, weights="anatomical"), HUMANEVA_15)(predicted, target)
    assert found.item() != pytest.approx(anatomical.item(), rel=1e-3)
    pose = torch.randn(2, 4, 17, 3)
    both = [build_pose_loss(MotionLossCfg(weights=w), H36M_17)(pose, -pose) for w in ("published", "anatomical")]
    assert torch.equal(*both)  # Human3.6M's published weights are anatomical


def test_sequence_loss_by_loops():
    torch.manual_seed(0)
    predicted, target = torch.randn(2, 4, 5, 3), torch.randn(2, 4, 5, 3)
    made = build_pose_loss(SequenceLossCfg(scaled=0.5, velocity=20), H36M_17)(predicted, target)
    distance, scaled, velocity = [], [], []
    for b in range(2):
        for t in range(4):
            factor = (predicted[b, t] * target[b, t]).sum() / (predicted[b, t] ** 2).sum()
            distance += [(predicted[b, t, j] - target[b, t, j]).norm() for j in range(5)]
            scaled += [(factor * predicted[b, t, j] - target[b, t, j]).norm() for j in range(5)]
            if t:
                moved, should = (pose[b, t] - pose[b, t - 1] for pose in (predicted, target))
                velocity += [(moved[j] - should[j]).norm() for j in range(5)]
    mean = lambda values: torch.stack(values).mean()  # noqa: E731
    torch.testing.assert_close(made, mean(distance) + 0.5 * mean(scaled) + 20 * mean(velocity))
