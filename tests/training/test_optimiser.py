import copy
import math

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from actionprompt.training.config import ScheduleCfg
from actionprompt.training.optimiser import Ranger, build_optimiser, schedule
from small import lifter


def slow_ranger(w: float, grads: list[float], lr: float) -> list[float]:
    """RAdam with Lookahead on one number, after the papers' formulas."""
    b1, b2, eps, m, v, slow, path = 0.95, 0.999, 1e-5, 0.0, 0.0, w, []
    longest = 2 / (1 - b2) - 1
    for t, g in enumerate(grads, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        length = longest - 2 * t * b2**t / (1 - b2**t)
        if length > 5:
            rectified = math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length) * (1 - b2**t)
            )
            w -= lr * m / (1 - b1**t) * rectified / (math.sqrt(v) + eps)
        else:
            w -= lr * m / (1 - b1**t)
        if t % 6 == 0:
            slow += 0.5 * (w - slow)
            w = slow
        path.append(w)
    return path


def descend(optimiser: torch.optim.Optimizer, p: nn.Parameter, grads: list[float]) -> list[float]:
    path = []
    for g in grads:
        p.grad = torch.full_like(p, g)
        optimiser.step()
        path.append(p.item())
    return path


def test_ranger_equals_its_formulas():
    grads = [math.sin(3 * t) + 0.5 for t in range(40)]
    p = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    found = descend(Ranger([p], lr=0.1), p, grads)
    torch.testing.assert_close(torch.tensor(found), torch.tensor(slow_ranger(0.7, grads, 0.1)), rtol=1e-6, atol=1e-9)


def test_rangers_state_is_all_that_it_needs():
    grads = [math.cos(t) for t in range(20)]
    p = nn.Parameter(torch.tensor([0.3]))
    whole = descend(Ranger([p], lr=0.1), p, grads)
    q = nn.Parameter(torch.tensor([0.3]))
    first = Ranger([q], lr=0.1)
    begun = descend(first, q, grads[:8])
    second = Ranger([q], lr=0.1)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert begun + descend(second, q, grads[8:]) == whole


def test_a_weight_without_gradient_rests():
    p, rests = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimiser = Ranger([p, rests], lr=0.1, weight_decay=0.1)
    for _ in range(7):
        p.grad = torch.ones(2)
        optimiser.step()
    assert torch.equal(rests, torch.ones(2))
    assert not torch.equal(p, torch.ones(2))


def test_a_schedule_says_which():
    p = [nn.Parameter(torch.ones(1))]
    adam = build_optimiser(ScheduleCfg(lr=0.5, weight_decay=0.1), p)
    assert isinstance(adam, AdamW)
    assert (adam.defaults["amsgrad"], adam.defaults["lr"], adam.defaults["weight_decay"]) == (True, 0.5, 0.1)
    ranger = build_optimiser(ScheduleCfg(optimiser="ranger", lr=0.2), p)
    assert isinstance(ranger, Ranger)
    assert ranger.defaults["lr"] == 0.2


@pytest.mark.parametrize("kind", ["adam", "ranger"])
def test_prompts_have_a_rate_of_their_own(kind):
    cfg = ScheduleCfg(optimiser=kind, lr=0.1, lr_decay=0.5, prompt_lr=10)
    model = lifter("apm")
    optimiser = build_optimiser(cfg, model.parameters(), model.prompts)
    schedule(cfg, 1, [], optimiser)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    found = {name: rates[id(p)] for name, p in model.named_parameters()}
    prompts = {"apm.recogniser.classes.embeddings", "apm.pose_prompt.prompts"}
    assert {name for name, rate in found.items() if rate == pytest.approx(0.5)} == prompts
    assert {name for name, rate in found.items() if rate == pytest.approx(0.05)} == set(found) - prompts


def test_without_it_there_is_one_group():
    """In the parameters' order: checkpoints count them."""
    model = lifter("apm")
    (group,) = build_optimiser(ScheduleCfg(), model.parameters(), model.prompts).param_groups
    assert all(a is b for a, b in zip(group["params"], model.parameters(), strict=True))
