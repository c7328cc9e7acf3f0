"""Training: one loop for every model, on any number of devices."""

import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam

from actionprompt.batches import Batches
from actionprompt.checkpoint import read_checkpoint, seed_step, write_checkpoint
from actionprompt.data.clip import Clip, Corpus
from actionprompt.encoders.layers import BatchNorm
from actionprompt.errors import Diverged, InputError, Interrupted
from actionprompt.losses import loss
from actionprompt.model import Lifter, bake, save
from actionprompt.progress import Stopwatch, TrainingBar
from actionprompt.recipes import RunCfg, ScheduleCfg
from actionprompt.runfolder import RunFolder
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

    Returns:
        Where the time went, by phase of a step.

    Raises:
        InputError: settings and data do not fit, or the folder is taken.
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
        Diverged: the loss is not a number.
    """
    corpus = corpus or cfg.data.load()
    clips = training_clips(cfg, corpus)
    lifter = build(cfg, corpus)
    windows = Windows(clips, lifter.encoder.window)
    if cfg.schedule.batch % cfg.devices:
        raise InputError(
            f"A batch of {cfg.schedule.batch} windows cannot be split evenly over {cfg.devices} devices."
        )
    run = RunFolder(folder)
    if not resume and os.environ.get("LOCAL_RANK", "0") == "0":
        run.claim(cfg, overwrite)

    fabric = Fabric(
        accelerator=cfg.accelerator,
        devices=cfg.devices,
        precision=cfg.precision,
        strategy="ddp" if cfg.devices > 1 else "auto",
    )
    fabric.launch()
    optimiser = Adam(
        [p for p in lifter.parameters() if p.requires_grad], lr=cfg.schedule.lr, amsgrad=True, fused=True
    )
    step, meter = 0, [0.0] * len(METER)
    if resume and run.checkpoint.exists():
        step, meter = read_checkpoint(run.checkpoint, lifter, optimiser)
    if fabric.is_global_zero:
        run.cut_log(step)
    labels = torch.tensor([corpus.actions.index(clip.action) for clip in clips])
    watch = _loop(cfg, fabric, lifter, optimiser, windows, labels, run, step, meter, quiet, profile)
    if fabric.is_global_zero:
        save(bake(lifter), run.model)
    fabric.barrier()
    return watch


def training_clips(cfg: RunCfg, corpus: Corpus) -> list[Clip]:
    """The clips to train on, with their mirror images, after checking that the split is sound.

    Raises:
        InputError: a subject in both splits, nothing left to train on, or only clips shorter than a window.
    """
    if both := set(corpus.train_subjects) & set(corpus.test_subjects):
        raise InputError(
            f"{corpus.name}: subject {', '.join(sorted(both))} is both a training and a test subject."
        )
    if unknown := set(cfg.validate) - set(corpus.train_subjects):
        raise InputError(
            f"--validate {' '.join(sorted(unknown))}: not a training subject of {corpus.name}; "
            f"it has {', '.join(corpus.train_subjects)}."
        )
    subjects = tuple(s for s in corpus.train_subjects if s not in cfg.validate)
    if not subjects:
        raise InputError(
            f"{corpus.name} has no training subject left (held out: {', '.join(cfg.validate) or 'none'})."
        )
    clips = corpus.select(subjects)
    longest, frames = max(clip.num_frames for clip in clips), cfg.model.encoder.frames
    if longest < frames:
        raise InputError(
            f"The longest training clip of {corpus.name} has {longest} frames, fewer than the encoder's window of "
            f"{frames}: choose a smaller window (VPose with widths 3 3 3 reads 27 frames)."
        )
    return clips + [clip.mirrored(corpus.skeleton) for clip in clips] if cfg.mirror else clips


def build(cfg: RunCfg, corpus: Corpus) -> Lifter:
    """The untrained lifter for a corpus; its encoder's weights depend on the seed and the encoder only."""
    torch.manual_seed(cfg.seed)
    lifter = cfg.model.build(corpus.skeleton.num_joints, corpus.actions)
    lifter.about = {
        "skeleton": corpus.skeleton.name,
        "fps": f"{corpus.fps:g}",
        "data": corpus.name,
        "seed": str(cfg.seed),
        "text": lifter.text_source,
        **corpus.facts,
    }
    return lifter


METER = ("loss", "pose_mm", "action_loss", "accuracy")


def _loop(
    cfg: RunCfg,
    fabric: Fabric,
    lifter: Lifter,
    optimiser: Adam,
    windows: Windows,
    labels: Tensor,
    run: RunFolder,
    step: int,
    sums: list[float],
    quiet: bool,
    profile: bool,
) -> Stopwatch:
    model, optimiser = fabric.setup(lifter, optimiser)
    windows, labels = windows.to(fabric.device), labels.to(fabric.device)
    batches = Batches(len(windows), cfg.schedule.batch, cfg.seed)
    epoch_steps = cfg.schedule.epoch_steps or math.ceil(len(windows) / cfg.schedule.batch)
    total = epoch_steps * cfg.schedule.epochs
    weight = cfg.model.apm.loss_weight if cfg.model.apm else 0.0
    meter = torch.tensor(sums, dtype=torch.float64, device=fabric.device)
    watch = Stopwatch(fabric.device, profile)
    lifter.train()
    with _interrupts() as interrupted, TrainingBar(total, step, quiet or not fabric.is_global_zero) as bar:
        while step < total:
            with watch("gather"):
                i = batches(step).view(fabric.world_size, -1)[fabric.global_rank].to(fabric.device)
                x, target, action = windows.inputs(i), windows.targets(i), labels[windows.clip(i)]
                seed_step(cfg.seed, step, fabric.global_rank)
                schedule(cfg.schedule, step // epoch_steps, lifter, optimiser)
            with watch("forward"):
                lifted = model(x, action)
                losses = loss(lifted, target, action, weight)
            with watch("backward"):
                fabric.backward(losses.total)
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
                if (step % cfg.checkpoint_every == 0 or stop or step == total) and fabric.is_global_zero:
                    write_checkpoint(run.checkpoint, lifter, optimiser, step, meter.tolist())
            if stop and step < total:
                raise Interrupted(f"Stopped after step {step} of {total}; the state is saved in {run.path}.")
    return watch


def schedule(cfg: ScheduleCfg, epoch: int, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Learning rate and batch-norm momentum of an epoch, in closed form: nothing to save or restore."""
    for group in optimiser.param_groups:
        group["lr"] = cfg.lr * cfg.lr_decay**epoch
    first, last = cfg.bn_momentum
    momentum = first * (last / first) ** (epoch / cfg.epochs)
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.momentum = momentum


def _log(
    fabric: Fabric,
    run: RunFolder,
    bar: TrainingBar,
    step: int,
    meter: Tensor,
    cfg: RunCfg,
    epoch_steps: int,
    optimiser: torch.optim.Optimizer,
) -> None:
    means = fabric.all_reduce(meter, reduce_op="mean") / ((step - 1) % cfg.log_every + 1)
    meter.zero_()
    record = dict(zip(METER, means.tolist(), strict=True))
    if not math.isfinite(record["loss"]):
        raise Diverged(f"The loss became {record['loss']} before step {step}; the log is {run.log}.")
    if cfg.model.apm is None:
        record = {"loss": record["loss"], "pose_mm": record["pose_mm"]}
    bar.show(record)
    if fabric.is_global_zero:
        epoch = (step - 1) // epoch_steps
        run.append_log({"step": step, "epoch": epoch, **record, "lr": optimiser.param_groups[0]["lr"]})


def _any(fabric: Fabric, flag: bool) -> bool:
    """Whether any process was told to stop, so that all stop at the same step."""
    if fabric.world_size == 1:
        return flag
    return bool(fabric.all_reduce(torch.tensor(float(flag), device=fabric.device), reduce_op="sum") > 0)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM instead of dying from them; a second Ctrl-C does."""
    seen: list[int] = []

    def note(number: int, _: object) -> None:
        seen.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
