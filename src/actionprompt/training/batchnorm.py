"""After the last step of a run: batch-norm statistics of the weights as they are in the end."""

from collections.abc import Iterator

import torch
from lightning_fabric import Fabric

from actionprompt.encoders.layers import BatchNorm
from actionprompt.model.lifter import Lifter
from actionprompt.training.batches import Batches, seed_step
from actionprompt.training.config import RunCfg
from actionprompt.training.dataset import TrainingWindows
from actionprompt.training.step import matmul_precision


def recalibrate_batchnorm(
    cfg: RunCfg, fabric: Fabric, lifter: Lifter, windows: TrainingWindows, batches: Batches, total: int
) -> Iterator[int]:
    """Measures the batch-norm statistics of the final weights, a batch at a time, on those that would have come next.

    The running ones are of weights up to a thousand steps old. In A3DHP's temporal attention, whose inputs hardly vary,
    the mean moves by standard deviations within a few steps: docs/LOG.md, 2026-11-22.
    """
    norms = [module for module in lifter.modules() if isinstance(module, BatchNorm) and module.training]
    if not norms or cfg.schedule.bn_batches == 0:
        return
    for norm in norms:
        norm.reset_running_stats()
    for n in range(cfg.schedule.bn_batches):
        seed_step(cfg.seed, total + n, fabric.global_rank)
        i = batches(total + n).view(fabric.world_size, -1)[fabric.global_rank]
        for norm in norms:
            norm.momentum = 1 / (n + 1)  # the mean of all batches so far
        with torch.no_grad(), fabric.autocast(), matmul_precision(cfg):
            lifter(windows.inputs(i))
        yield n
