"""Settings of a training run, and the presets that the command line offers. No torch in here."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actionprompt.data.config import DataCfg
from actionprompt.errors import InputError
from actionprompt.model.config import LifterCfg


@dataclass(frozen=True)
class ScheduleCfg:
    """How long and how fast to train. The defaults are VPose's published schedule."""

    epochs: int = 80
    """Epochs: after each, the learning rate decays and the batch-norm momentum shrinks."""
    epoch_steps: int | None = None
    """Steps that make an epoch (None: as many as show every training window once)."""
    batch: int = 1024
    """Windows per step, over all devices."""
    accumulate: int = 1
    """Parts in which a device takes its share of a batch one after the other: as many times less memory. Gradients are
    those of the whole batch, up to rounding; batch norm has each part's own statistics."""
    stride: int | None = None
    """Frames between training windows (None: 1, or F where all frames of a window are answered)."""
    optimiser: Literal["adam", "ranger"] = "adam"
    """Adam (with weight decay, AdamW), or A3DHP's Ranger: RAdam with Lookahead."""
    lr: float = 1e-3
    """Learning rate in the first epoch."""
    amsgrad: bool = True
    """Adam divides by the largest second moment so far, as VPose does."""
    lr_decay: float = 0.95
    """Factor on the learning rate after each epoch."""
    lr_last: float | None = None
    """Instead of that factor, fall to this learning rate along half a cosine, as A3DHP does."""
    weight_decay: float = 0.0
    """Decoupled weight decay (AdamW); 0 is plain Adam."""
    prompt_lr: float = 1.0
    """Factor on the learning rate of learned prompts: text contexts, free class embeddings, pose prompts."""
    bn_momentum: tuple[float, float] = (0.1, 0.001)
    """Batch-norm momentum of the first epoch, and the value it decays towards exponentially."""
    bn_batches: int = 100
    """Batches on which the final weights' batch-norm statistics are measured (0: the running ones, as published)."""


@dataclass(frozen=True)
class JointLossCfg:
    """Mean distance of the joints (Eq. 4; VPose, A3DHP)."""


@dataclass(frozen=True)
class MotionLossCfg:
    """MixSTE's loss on whole windows: weighted joint distances, smoothness and velocities."""

    smoothness: float = 0.5
    """Weight of the squared frame-to-frame motion (TCL)."""
    velocity: float = 2.0
    """Weight of the velocity error (MPJVE)."""
    weights: Literal["anatomical", "published"] = "anatomical"
    """Joint weights by anatomy; or MixSTE's published list for HumanEva, which puts some leg weights on arms."""


@dataclass(frozen=True)
class SequenceLossCfg:
    """MotionBERT's and MotionAGFormer's loss on whole windows: joint distances, scaled ones, and velocities."""

    scaled: float = 0.5
    """Weight of the joint distances after each pose is scaled to its target (N-MPJPE)."""
    velocity: float = 20.0
    """Weight of the velocity error."""


PoseLossCfg = JointLossCfg | MotionLossCfg | SequenceLossCfg


@dataclass(frozen=True)
class RunCfg:
    """One training run."""

    model: LifterCfg
    """The network."""
    data: DataCfg
    """The data set."""
    schedule: ScheduleCfg = ScheduleCfg()
    """Steps and learning rate."""
    pose_loss: PoseLossCfg = JointLossCfg()
    """L_P."""
    seed: int = 0
    """Seed of weights, batches and dropout; variants of a model share encoder weights and batches."""
    weights: Path | None = None
    """Start from all weights of a finished run (its folder, or a model file) of the same architecture and actions."""
    encoder_weights: Path | None = None
    """Start the encoder from a checkpoint of its authors (VideoPose3D, Attention3DHumanPose, MixSTE, MotionBERT,
    MotionAGFormer), or from that of a run of ours with the same encoder, with or without APM."""
    freeze_encoder: bool = False
    """Train APM only; the encoder stays as it starts."""
    scale_by_loss: bool = False
    """Multiply the gradient by the loss, as MixSTE's published code does (it descends half the squared loss)."""
    mirror: bool = True
    """Also train on every clip mirrored."""
    labels: Literal["true", "one", "shuffled"] = "true"
    """Actions that APM is taught: the clips' own; or, as controls, one for all clips, or theirs exchanged at random."""
    prompt_source: Literal["ground_truth", "predicted"] = "ground_truth"
    """Whose pose prompts a window is refined with in training: its action's, or the recognised action's."""
    random_prompt_rate: float = 0.0
    """Share of training windows that are refined with the prompts of an action drawn at random, be it their own."""
    validation_subjects: tuple[str, ...] = ()
    """Training subjects held out: not trained on (`actionprompt evaluate --split validation` scores them)."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """Where to train."""
    devices: int = 1
    """Processes (GPUs, or CPU processes); the batch is split among them."""
    precision: Literal["32-true", "tf32", "bf16-mixed"] = "32-true"
    """Arithmetic: single precision; the same with TensorFloat-32 in matrix products (GPU); bfloat16 forward."""
    checkpoint_activations: bool = False
    """Transformers keep less in memory for the backward pass and compute it again: slower, the same numbers."""
    compile: bool = False
    """Let torch.compile make kernels of the network: faster after minutes, the same numbers up to rounding."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""
    log_every: int = 50
    """Steps between lines of log.jsonl."""

    def check(self) -> None:
        """Refuses numbers that cannot train.

        Raises:
            InputError: a count below one, a rate outside its range, or a batch that the devices cannot share evenly.
        """
        schedule = self.schedule
        counts = {
            "schedule.epochs": (schedule.epochs, 1),
            "schedule.epoch_steps": (schedule.epoch_steps, 1),
            "schedule.batch": (schedule.batch, 1),
            "schedule.stride": (schedule.stride, 1),
            "schedule.accumulate": (schedule.accumulate, 1),
            "devices": (self.devices, 1),
            "checkpoint_every": (self.checkpoint_every, 1),
            "log_every": (self.log_every, 1),
            "seed": (self.seed, 0),
        }
        for name, (count, least) in counts.items():
            if count is not None and count < least:
                raise InputError(f"{name} is {count}: it must be at least {least}.")
        if schedule.bn_batches < 0:
            raise InputError(f"schedule.bn_batches is {schedule.bn_batches}: it must be at least 0.")
        if self.seed >= 2**31:
            raise InputError(f"seed is {self.seed}: it must be below 2147483648.")
        if self.freeze_encoder and self.model.apm is None:
            raise InputError("freeze_encoder leaves nothing to train: the model has no APM.")
        if self.labels != "true" and self.model.apm is None:
            raise InputError(f"labels is {self.labels}, but the model has no APM, which alone is taught actions.")
        if not isinstance(self.pose_loss, JointLossCfg) and not self.model.encoder.answers_window:
            raise InputError(
                f"{type(self.pose_loss).__name__.removesuffix('Cfg')} needs an encoder that answers its whole window "
                "(MixSTE, DSTformer, MotionAGFormer)."
            )
        apm = self.model.apm
        if (self.prompt_source != "ground_truth" or self.random_prompt_rate) and (apm is None or not apm.pose_prompt):
            raise InputError(
                "prompt_source and random_prompt_rate say whose pose prompts are used, and the model has none."
            )
        if self.prompt_source == "predicted" and self.random_prompt_rate:
            raise InputError(
                "random_prompt_rate changes the ground truth's prompts, and prompt_source is predicted: give one."
            )
        if not 0 <= self.random_prompt_rate <= 1:
            raise InputError(f"random_prompt_rate is {self.random_prompt_rate}: it must be 0 to 1.")
        rates = {
            "lr": schedule.lr,
            "lr_decay": schedule.lr_decay,
            "lr_last": schedule.lr_last,
            "prompt_lr": schedule.prompt_lr,
        }
        for name, rate in rates.items():
            if rate is not None and not (rate > 0 and math.isfinite(rate)):
                raise InputError(f"schedule.{name} is {rate}: it must be positive.")
        if apm is not None and not (apm.loss_weight >= 0 and math.isfinite(apm.loss_weight)):
            raise InputError(f"apm.loss_weight is {apm.loss_weight}: it must be a finite number of at least 0.")
        if not 0 <= schedule.weight_decay < 1:
            raise InputError(f"schedule.weight_decay is {schedule.weight_decay}: it must be at least 0 and below 1.")
        if not all(0 < momentum <= 1 for momentum in schedule.bn_momentum):
            raise InputError(f"schedule.bn_momentum is {schedule.bn_momentum}: each must be above 0 and at most 1.")
        if schedule.batch % self.devices:
            raise InputError(f"A batch of {schedule.batch} windows cannot be split evenly over {self.devices} devices.")
        if schedule.batch % (self.devices * schedule.accumulate):
            raise InputError(
                f"A batch of {schedule.batch} windows on {self.devices} devices cannot be split evenly into "
                f"{schedule.accumulate} parts."
            )
        if self.scale_by_loss and schedule.accumulate > 1:
            raise InputError("scale_by_loss needs the loss of the whole batch, and schedule.accumulate splits it.")
        if self.weights is not None and self.encoder_weights is not None:
            raise InputError("weights brings the encoder's along: leave out encoder_weights.")
