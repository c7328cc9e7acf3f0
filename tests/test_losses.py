import math

import pytest
import torch

from actionprompt.losses import loss
from actionprompt.model import Lifted


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
