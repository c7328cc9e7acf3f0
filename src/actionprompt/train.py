"""Training: one loop for every model, on any number of devices."""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from lightning_fabric.loggers.logger import Logger
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor

from actionprompt.batches import Batches
from actionprompt.checkpoint import read_checkpoint, seed_step, write_checkpoint
from actionprompt.data.clip import Corpus
from actionprompt.encoders.authors import load_authors
from actionprompt.encoders.layers import BatchNorm
from actionprompt.errors import Diverged, InputError, Interrupted
from actionprompt.interrupts import interrupts
from actionprompt.losses import PoseLoss, build_pose_loss, loss
from actionprompt.model import Lifter, bake, save
from actionprompt.optimiser import build_optimiser, schedule
from actionprompt.progress import Stopwatch, TrainingBar
from actionprompt.recipes import RunCfg
from actionprompt.runfolder import RunFolder
from actionprompt.settle import settle
from actionprompt.trainset import class_indices, training_clips
from actionprompt.windows import Windows


def train(
    cfg: RunCfg,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    corpus: Corpus | None = None,
    quiet: bool = False,
    profile: bool = False,
    tensorboard: bool = False,
) -> Stopwatch:
    """Trains a lifter and leaves it baked in ``folder/model.safetensors``.

    Resuming after any interruption gives the bits of an uninterrupted run (on the CPU).

    Args:
        cfg: the settings.
        folder: the run's folder.
        resume: go on from the folder's checkpoint.
        overwrite: start anew in a folder that holds a run.
        corpus: the data, where they are loaded already.
        quiet: no progress bar.
        profile: time the phases exactly, which on a GPU costs speed.
        tensorboard: also write what is logged for TensorBoard, into ``folder/tensorboard``.

    Returns:
        Where the time went, by phase of a step.

    Raises:
        InputError: settings and data do not fit, or the folder is taken.
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
        Diverged: the loss is not a number.
    """
    cfg.check()
    corpus = corpus or cfg.data.load()
    clips = training_clips(cfg, corpus)
    labels = class_indices(cfg, corpus, clips)
    fabric, run = _fabric(cfg, _loggers(folder) if tensorboard else []), RunFolder(folder)
    began = resume and run.checkpoint.exists()
    lifter = build(replace(cfg, encoder_weights=None) if began else cfg, corpus)  # the checkpoint holds them
    if cfg.schedule.batch < 2 and any(isinstance(module, BatchNorm) for module in lifter.modules()):
        raise InputError("schedule.batch is 1: this model's batch normalisation needs at least 2 windows per step.")
    windows = Windows(clips, lifter.encoder.window)
    if resume:
        run.check_settings(cfg)
    elif is_main_process():
        run.claim(cfg, overwrite)
    if is_main_process():
        run.tidy()
    fabric.launch()
    task = Task(lifter, windows, labels, build_pose_loss(cfg.pose_loss, corpus.skeleton))
    watch = _loop(cfg, fabric, task, run, quiet, profile)
    if fabric.is_global_zero:
        save(bake(lifter), run.model)
    fabric.barrier()
    return watch


def is_main_process() -> bool:
    """Whether this is the process that the user started, not one that it launched for another device."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def _loggers(folder: Path) -> list[Logger]:
    try:
        return [TensorBoardLogger(folder, name="tensorboard", version="")]
    except ModuleNotFoundError as error:
        raise InputError("Logging for TensorBoard needs it installed: pip install 'actionprompt[logs]'.") from error


def _fabric(cfg: RunCfg, loggers: list[Logger]) -> Fabric:
    # a deep tap or contexts that rest for some steps leave weights without a gradient
    strategy = "ddp_find_unused_parameters_true" if cfg.devices > 1 else "auto"
    try:
        return Fabric(
            accelerator=cfg.accelerator,
            devices=cfg.devices,
            precision=cfg.precision,
            strategy=strategy,
            loggers=loggers,
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"This machine cannot train on {cfg.devices} x {cfg.accelerator}: {why}.") from error


def build(cfg: RunCfg, corpus: Corpus) -> Lifter:
    """The untrained lifter for a corpus; its encoder's weights depend on the seed and the encoder only."""
    torch.manual_seed(cfg.seed)
    lifter = cfg.model.build(corpus.skeleton.num_joints, corpus.actions)
    if cfg.encoder_weights is not None:
        load_authors(lifter.encoder, cfg.encoder_weights)
    if cfg.freeze_encoder:
        lifter.encoder.requires_grad_(False)
    lifter.about = {
        "skeleton": corpus.skeleton.name,
        "fps": f"{corpus.fps:g}",
        "data": corpus.name,
        "seed": str(cfg.seed),
        "text": lifter.text_source,
        **corpus.facts,
    }
    return lifter


@dataclass(frozen=True)
class Task:
    """What is learned from what."""

    lifter: Lifter
    windows: Windows
    labels: Int[Tensor, " clips"]
    """The class of each clip."""
    pose_loss: PoseLoss


METER = ("loss", "pose_mm", "action_loss", "accuracy")


def _loop(cfg: RunCfg, fabric: Fabric, task: Task, run: RunFolder, quiet: bool, profile: bool) -> Stopwatch:
    lifter = task.lifter
    trained = [p for p in lifter.parameters() if p.requires_grad]
    model, optimiser = fabric.setup(lifter, build_optimiser(cfg.schedule, trained))
    step, sums = 0, [0.0] * len(METER)
    if run.checkpoint.exists():  # after the set-up: the optimiser's state goes where its parameters are
        step, sums = read_checkpoint(run.checkpoint, lifter, optimiser, len(task.windows))
    fabric.barrier()
    if fabric.is_global_zero:
        run.cut_log(step)
    windows, labels = task.windows.to(fabric.device), task.labels.to(fabric.device)
    batches = Batches(len(windows), cfg.schedule.batch, cfg.seed)
    epoch_steps = cfg.schedule.epoch_steps or math.ceil(len(windows) / cfg.schedule.batch)
    total = epoch_steps * cfg.schedule.epochs
    weight = cfg.model.apm.loss_weight if cfg.model.apm else 0.0
    meter = torch.tensor(sums, dtype=torch.float64, device=fabric.device)
    watch = Stopwatch(fabric.device, profile)
    lifter.train()
    if cfg.freeze_encoder:
        lifter.encoder.eval()  # batch norm and dropout rest too
    with interrupts() as interrupted, TrainingBar(total, step, quiet or not fabric.is_global_zero) as bar:
        while step < total:
            with watch("gather"):
                i = batches(step).view(fabric.world_size, -1)[fabric.global_rank].to(fabric.device)
                x, target, action = windows.inputs(i), windows.targets(i), labels[windows.clip(i)]
                seed_step(cfg.seed, step, fabric.global_rank)
                schedule(cfg.schedule, step // epoch_steps, lifter, optimiser)
            with watch("forward"):
                lifted = model(x, action)
                losses = loss(lifted, target, action, weight, task.pose_loss)
            with watch("backward"):
                fabric.backward(losses.total * losses.total.detach() if cfg.scale_by_loss else losses.total)
            with watch("optimiser"):
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            with watch("other"):
                step += 1
                hit = lifted.logits.argmax(-1) == action if lifted.logits is not None else action == -1
                parts = (losses.total, losses.pose * 1000, losses.action, hit.double().mean())
                meter += torch.stack([part.detach().double() for part in parts])
                stop = _any(fabric, bool(interrupted))
                if step % cfg.log_every == 0 or step == total:
                    _log(fabric, run, bar, step, meter, cfg, epoch_steps, optimiser)
                bar.advance(cfg.schedule.batch)
                if step % cfg.checkpoint_every == 0 or stop or step == total:
                    sums = _mean(fabric, meter)
                    _check_finite(sums[0], step, run)
                    if fabric.is_global_zero:
                        write_checkpoint(run.checkpoint, lifter, optimiser, step, sums, len(windows))
            if stop and step < total:
                fabric.barrier()  # no process may end before the state is saved: the launcher would kill the others
                raise Interrupted(f"Stopped after step {step} of {total}; the state is saved in {run.path}.")
        with watch("other"):
            heard = len(interrupted)  # in the last step: the run is finished
            for _ in settle(cfg, fabric, lifter, windows, batches, total):
                if _any(fabric, len(interrupted) > heard):
                    raise Interrupted(f"Stopped after the last step; the state is saved in {run.path}.")
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
    record["lr"] = optimiser.param_groups[0]["lr"]
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
