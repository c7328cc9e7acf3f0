"""Training: a run from its settings to its weights, on any number of devices."""

from contextlib import nullcontext
from pathlib import Path

import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.logger import Logger
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from lightning_fabric.utilities.exceptions import MisconfigurationException

from actionprompt.data.clip import Corpus, confidence_read
from actionprompt.data.load import load as load_data
from actionprompt.encoders.layers import BatchNorm
from actionprompt.encoders.transformer import checkpoint_activations
from actionprompt.errors import Diverged, InputError
from actionprompt.model.files import bake, save
from actionprompt.model.lifter import Lifter
from actionprompt.training.config import JointLossCfg, RunCfg
from actionprompt.training.dataset import training_data, training_windows
from actionprompt.training.interleave import Work, run_to_completion
from actionprompt.training.loop import is_main_process, loop
from actionprompt.training.losses import build_pose_loss
from actionprompt.training.progress import Stopwatch
from actionprompt.training.run_folder import RunFolder
from actionprompt.training.start import load_encoder, load_weights
from actionprompt.training.step import Task


def training(
    cfg: RunCfg,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    corpus: Corpus | None = None,
    quiet: bool = False,
    profile: bool = False,
    tensorboard: bool = False,
) -> Work[Stopwatch]:
    """Trains a lifter and leaves it baked in ``folder/model.safetensors``; pauses after each step.

    Resuming after any interruption gives the bits of an uninterrupted run (on the CPU).

    Args:
        cfg: the settings.
        folder: the run's folder.
        resume: go on from the folder's checkpoint.
        overwrite: start over in a folder that holds a run.
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
    corpus = corpus or load_data(cfg.data)
    _, labels = training_data(cfg, corpus)
    fabric, run = _fabric(cfg, _loggers(folder) if tensorboard else []), RunFolder(folder)
    began = resume and run.checkpoint.exists()
    lifter = build(cfg, corpus, start=not began)
    if cfg.schedule.batch < 2 and any(isinstance(module, BatchNorm) for module in lifter.modules()):
        raise InputError("schedule.batch is 1: this model's batch normalisation needs at least 2 windows per step.")
    task = Task(
        lifter,
        training_windows(cfg, corpus, lifter.encoder.window),
        labels,
        build_pose_loss(cfg.pose_loss, corpus.skeleton),
    )
    if resume:
        run.check_settings(cfg)
    with run.locked() if is_main_process() else nullcontext():
        if resume and run.model.exists() and not run.checkpoint.exists():
            raise InputError(f"The run in {folder} is finished: there is nothing to resume.")
        if is_main_process():
            if not resume:
                run.claim(cfg, overwrite)
            run.tidy()
        return (yield from _train(cfg, fabric, task, run, quiet, profile))


def _train(cfg: RunCfg, fabric: Fabric, task: Task, run: RunFolder, quiet: bool, profile: bool) -> Work[Stopwatch]:
    """All steps, and the model at their end; nobody else may do this in this folder at the same time."""
    fabric.launch()
    watch = yield from loop(cfg, fabric, task, run, quiet, profile)
    if not all(value.isfinite().all() for value in task.lifter.state_dict().values()):
        raise Diverged(f"The last steps left weights that are not numbers; the log is {run.log}.")
    if fabric.is_global_zero:
        save(bake(task.lifter), run.model)
    fabric.barrier()
    return watch


train = run_to_completion(training)
"""The same without pauses."""


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
            precision="32-true" if cfg.precision == "tf32" else cfg.precision,
            strategy=strategy,
            loggers=loggers,
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        why = " ".join(str(error).split()).rstrip(".!")
        raise InputError(f"This machine cannot train on {cfg.devices} x {cfg.accelerator}: {why}.") from error


def build(cfg: RunCfg, corpus: Corpus, start: bool = True) -> Lifter:
    """The untrained lifter for a corpus; its encoder's weights depend on the seed and the encoder only.

    (Or they are the authors', if the settings say so. Where a run goes on, ``start`` is False: its checkpoint has all.)
    """
    torch.manual_seed(cfg.seed)
    lifter = cfg.model.build(corpus.skeleton.num_joints, corpus.actions)
    began = ""
    if cfg.encoder_weights is not None:
        began = load_encoder(lifter.encoder, cfg.encoder_weights, start) + ", frozen" * cfg.freeze_encoder
    if cfg.weights is not None:
        began = f"with all of the model from {cfg.weights}"
        if start:
            load_weights(lifter, cfg.weights)
    if cfg.freeze_encoder:
        lifter.encoder.requires_grad_(False)
    if cfg.checkpoint_activations:
        checkpoint_activations(lifter.encoder)
    if not isinstance(cfg.pose_loss, JointLossCfg) and lifter.encoder.window.out == 1:
        raise InputError("The pose loss is one of whole windows, and this network answers one frame.")
    channels = lifter.encoder.window.channels
    clips = [clip for clip in corpus.clips if clip.subject in corpus.train_subjects] if corpus.online is None else []
    lifter.metadata = {
        "skeleton": corpus.skeleton.name,
        "fps": f"{corpus.fps:g}",
        "data": corpus.name,
        "seed": str(cfg.seed),
        "text": lifter.text_source,
        **({"encoder": began} if began else {}),
        **({"confidence": confidence_read(clips, channels)} if channels == 3 else {}),
        **corpus.facts,
    }
    return lifter
