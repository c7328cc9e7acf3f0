"""The training loop: steps, what is logged of them, and checkpoints from which they go on bit for bit."""

import math
import os
from typing import cast

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn

from actionprompt.errors import Diverged, InputError, Interrupted
from actionprompt.training.batches import Batches
from actionprompt.training.batchnorm import recalibrate_batchnorm
from actionprompt.training.checkpoint import read_checkpoint, write_checkpoint
from actionprompt.training.config import RunCfg
from actionprompt.training.interleave import Work
from actionprompt.training.interrupts import interrupts
from actionprompt.training.optimiser import build_optimiser
from actionprompt.training.progress import Stopwatch, TrainingBar
from actionprompt.training.run_folder import RunFolder
from actionprompt.training.step import METER, Task, matmul_precision, step_kind


def is_main_process() -> bool:
    """Whether this is the process that the user started, not one that it launched for another device."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def loop(cfg: RunCfg, fabric: Fabric, task: Task, run: RunFolder, quiet: bool, profile: bool) -> Work[Stopwatch]:
    """Every step from the folder's checkpoint, or the first, to the last, and the statistics of the final weights.

    A generator that yields after each, and returns where the time went.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
        Diverged: the loss is not a number.
    """
    lifter = task.lifter
    trained = [p for p in lifter.parameters() if p.requires_grad]
    network = cast("nn.Module", torch.compile(lifter)) if cfg.compile else lifter
    model, optimiser = fabric.setup(network, build_optimiser(cfg.schedule, trained, lifter.prompts))
    step, sums = 0, [0.0] * len(METER)
    if run.checkpoint.exists():  # after the set-up: the optimiser's state goes where its parameters are
        step, sums = read_checkpoint(run.checkpoint, lifter, optimiser, len(task.windows))
        if len(sums) != len(METER):
            raise InputError(f"{run.checkpoint} has summed {len(sums)} numbers, and this version sums {len(METER)}.")
    fabric.barrier()
    if fabric.is_global_zero:
        run.cut_log(step)
    weights = task.windows.weights()
    batches = Batches(len(task.windows), cfg.schedule.batch, cfg.seed, fabric.device, weights)
    epoch_steps = cfg.schedule.epoch_steps or math.ceil(len(task.windows) / cfg.schedule.batch)
    total = epoch_steps * cfg.schedule.epochs
    meter = torch.tensor(sums, dtype=torch.float64, device=fabric.device)
    watch = Stopwatch(fabric.device, profile)
    make = step_kind(cfg, fabric)(cfg, fabric, task, model, optimiser, epoch_steps, meter, watch)
    lifter.train()
    if cfg.freeze_encoder:
        lifter.encoder.eval()  # batch norm and dropout rest too
    with interrupts() as interrupted, TrainingBar(total, step, quiet or not fabric.is_global_zero) as bar:
        while step < total:
            with watch("gather"):
                i = batches(step).view(fabric.world_size, -1)[fabric.global_rank]
            with matmul_precision(cfg):
                make(step, i)
            with watch("other"):
                step += 1
                stop = _any(fabric, bool(interrupted))
                if step % cfg.log_every == 0 or step == total:
                    _log(fabric, run, bar, step, meter, cfg, epoch_steps, optimiser)
                bar.advance(cfg.schedule.batch)
                if step % cfg.checkpoint_every == 0 or stop or step == total:
                    sums = _mean(fabric, meter)
                    _check_finite(sums[0], step, run)
                    if fabric.is_global_zero:
                        write_checkpoint(run.checkpoint, lifter, optimiser, step, sums, len(task.windows))
            if stop and step < total:
                fabric.barrier()  # no process may end before the state is saved: the launcher would kill the others
                raise Interrupted(f"Stopped after step {step} of {total}; the state is saved in {run.path}.")
            yield
        with watch("other"):
            heard = len(interrupted)  # in the last step: the run is finished
            for _ in recalibrate_batchnorm(cfg, fabric, lifter, task.windows, batches, total):
                if _any(fabric, len(interrupted) > heard):
                    raise Interrupted(f"Stopped after the last step; the state is saved in {run.path}.")
                yield
    return watch


def _log(
    fabric: Fabric,
    run: RunFolder,
    bar: TrainingBar,
    step: int,
    meter: Float[Tensor, " n"],
    cfg: RunCfg,
    epoch_steps: int,
    optimiser: torch.optim.Optimizer,
) -> None:
    count = (step - 1) % cfg.log_every + 1
    record = {name: total / count for name, total in zip(METER, _mean(fabric, meter), strict=True)}
    meter.zero_()
    _check_finite(record["loss"], step, run)
    if cfg.model.apm is None:
        record = {"loss": record["loss"], "pose_mm": record["pose_mm"]}
    bar.show(record)
    record["lr"] = float(optimiser.param_groups[0]["lr"])
    fabric.log_dict(record, step)
    if fabric.is_global_zero:
        run.append_log({"step": step, "epoch": (step - 1) // epoch_steps, **record})


def _check_finite(value: float, step: int, run: RunFolder) -> None:
    if not math.isfinite(value):
        if is_main_process():
            run.append_log({"step": step, "loss": str(value)})
        raise Diverged(f"The loss became {value} before step {step}; the log is {run.log}.")


def _mean(fabric: Fabric, values: Float[Tensor, " n"]) -> list[float]:
    """The mean over the processes."""
    mean = fabric.all_reduce(values.clone(), reduce_op="mean")
    assert isinstance(mean, Tensor)
    numbers: list[float] = mean.tolist()
    return numbers


def _any(fabric: Fabric, flag: bool) -> bool:
    """Whether any process was told to stop, so that all stop at the same step."""
    if fabric.world_size == 1:
        return flag
    return _mean(fabric, torch.tensor([float(flag)], device=fabric.device))[0] > 0
