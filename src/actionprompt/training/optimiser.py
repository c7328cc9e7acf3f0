"""The optimisers and schedules that the baselines were published with."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer, RAdam

from actionprompt.encoders.layers import BatchNorm
from actionprompt.training.config import ScheduleCfg

Group = dict[str, Any]
"""Parameters, and the factor on their learning rate."""


def build_optimiser(
    cfg: ScheduleCfg, trained: Iterable[nn.Parameter], prompts: Iterable[nn.Parameter] = ()
) -> Optimizer:
    """The optimiser that a schedule asks for; ``prompts`` are those among the trained ones that have their own rate."""
    groups: list[Group] = [{"params": list(trained), "factor": 1.0}]
    if cfg.prompt_lr != 1:
        apart = {id(p) for p in prompts}
        rest, own = ([p for p in groups[0]["params"] if (id(p) in apart) == side] for side in (False, True))
        groups = [{"params": rest, "factor": 1.0}, {"params": own, "factor": cfg.prompt_lr}]
    if cfg.optimiser == "ranger":
        return Ranger(groups, cfg.lr, cfg.weight_decay)
    return AdamW(groups, cfg.lr, weight_decay=cfg.weight_decay, amsgrad=cfg.amsgrad, fused=True)


def make_capturable(optimiser: Optimizer, device: torch.device) -> None:
    """Makes Adam's steps ones that a CUDA graph can record: what changes from step to step is a tensor on the GPU."""
    for group in optimiser.param_groups:
        group |= {"lr": torch.tensor(float(group["lr"]), device=device), "capturable": True}


def schedule(cfg: ScheduleCfg, epoch: int, norms: Iterable[BatchNorm], optimiser: Optimizer) -> None:
    """Learning rate and batch-norm momentum of an epoch, in closed form: nothing to save or restore."""
    for group in optimiser.param_groups:
        lr = learning_rate(cfg, epoch) * group.get("factor", 1.0)
        group["lr"] = group["lr"].fill_(lr) if isinstance(group["lr"], Tensor) else lr
    first, last = cfg.bn_momentum
    for norm in norms:
        norm.momentum = first * (last / first) ** (epoch / cfg.epochs)


def learning_rate(cfg: ScheduleCfg, epoch: int) -> float:
    """The learning rate of an epoch, counted from 0: exponential, or half a cosine."""
    if cfg.lr_last is None:
        return cfg.lr * cfg.lr_decay**epoch
    return cfg.lr_last + (cfg.lr - cfg.lr_last) * (1 + math.cos(math.pi * epoch / cfg.epochs)) / 2


class Ranger(RAdam):
    """A3DHP's: RAdam (Liu et al. 2020) with Lookahead (Zhang et al. 2019).

    Every ``every`` steps the weights go back to ``alpha`` of the way that they came since the last time.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[Group],
        lr: float,
        weight_decay: float = 0.0,
        every: int = 6,
        alpha: float = 0.5,
    ) -> None:
        super().__init__(
            params, lr, betas=(0.95, 0.999), eps=1e-5, weight_decay=weight_decay, decoupled_weight_decay=True
        )
        self.every, self.alpha = every, alpha

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; a weight's slow copy is part of the optimiser's state."""
        moving = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        began = {p: p.clone() for p in moving if p not in self.state}
        loss: float | None = super().step(closure)
        for p in moving:
            state = self.state[p]
            if p in began:
                state["slow"] = began[p]
            if int(state["step"]) % self.every == 0:
                p.copy_(state["slow"].lerp_(p, self.alpha))
        return loss
