"""What a run trains on: the training subjects' clips, after checking that the data fit the run."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from actionprompt.data.clip import Clip, Corpus, Take
from actionprompt.data.online.windows import FilmedWindows
from actionprompt.data.windows import Windows
from actionprompt.encoders.base import Window
from actionprompt.errors import InputError
from actionprompt.training.config import RunCfg

TrainingWindows = Windows | FilmedWindows
"""Windows of stored clips, or of takes that are filmed again in every batch."""


def training_data(cfg: RunCfg, corpus: Corpus) -> tuple[list[Clip] | list[Take], Int[Tensor, " clips"]]:
    """The clips to train on, or the takes whose windows are filmed online, and the class of each.

    Raises:
        InputError: the data do not fit the run.
    """
    recordings = training_clips(cfg, corpus) if corpus.online is None else training_takes(cfg, corpus)
    return recordings, class_indices(cfg, corpus, recordings)


def training_windows(cfg: RunCfg, corpus: Corpus, window: Window) -> TrainingWindows:
    """All windows to train on, in the order of :func:`training_data`."""
    if corpus.online is None:
        return Windows(training_clips(cfg, corpus), window, stride=cfg.schedule.stride)
    takes = training_takes(cfg, corpus)
    stride = cfg.schedule.stride
    return FilmedWindows(takes, corpus.skeleton, corpus.online, window, corpus.fps, mirror=cfg.mirror, stride=stride)


def training_takes(cfg: RunCfg, corpus: Corpus) -> list[Take]:
    """The takes whose windows are filmed online.

    Raises:
        InputError: a subject in both splits, or nothing left to train on.
    """
    subjects = training_subjects(cfg, corpus)
    return [take for take in corpus.takes if take.subject in subjects]


def training_subjects(cfg: RunCfg, corpus: Corpus) -> tuple[str, ...]:
    """The training subjects that are not held out, after checking that the split is sound.

    Raises:
        InputError: a subject in both splits, or none left to train on.
    """
    if both := set(corpus.train_subjects) & set(corpus.test_subjects):
        raise InputError(f"{corpus.name}: subject {', '.join(sorted(both))} is both a training and a test subject.")
    if unknown := set(cfg.validation_subjects) - set(corpus.train_subjects):
        raise InputError(
            f"--validation-subjects {' '.join(sorted(unknown))}: not a training subject of {corpus.name}; "
            f"it has {', '.join(corpus.train_subjects)}."
        )
    subjects = tuple(s for s in corpus.train_subjects if s not in cfg.validation_subjects)
    if not subjects:
        raise InputError(
            f"{corpus.name} has no training subject left (held out: {', '.join(cfg.validation_subjects) or 'none'})."
        )
    return subjects


def training_clips(cfg: RunCfg, corpus: Corpus) -> list[Clip]:
    """The clips to train on, with their mirror images.

    Raises:
        InputError: nothing to train on, clips without 3D, or only clips shorter than a window.
    """
    clips = corpus.select(training_subjects(cfg, corpus))
    if lacking := [clip.name for clip in clips if clip.pose is None]:
        raise InputError(f"Clip {lacking[0]!r} of {corpus.name} has no 3D pose to learn from.")
    longest, frames = max(clip.num_frames for clip in clips), cfg.model.encoder.frames
    if longest < frames:
        count = f"{longest} frame{'s' * (longest != 1)}"
        raise InputError(
            f"The longest training clip of {corpus.name} has {count}, fewer than the encoder's window of {frames}: "
            "choose a smaller window (VPose with widths 3 3 3 reads 27 frames)."
        )
    return clips + [clip.mirrored(corpus.skeleton) for clip in clips] if cfg.mirror else clips


def class_indices(cfg: RunCfg, corpus: Corpus, clips: Sequence[Clip] | Sequence[Take]) -> Int[Tensor, " clips"]:
    """The class of each clip or take, the true one or a control's.

    Raises:
        InputError: APM is to learn a clip whose action is not one of the corpus.
    """
    index = {action: k for k, action in enumerate(corpus.actions)}
    if cfg.model.apm is not None and (strange := [clip for clip in clips if clip.action not in index]):
        raise InputError(
            f"Clip {strange[0].name!r} of {corpus.name} shows {strange[0].action!r}, which is not one of its actions "
            f"({', '.join(corpus.actions)})."
        )
    if cfg.model.apm is not None and len(shown := {clip.action for clip in clips}) < 2:
        raise InputError(f"APM needs clips of at least two different actions; these show {', '.join(shown)} only.")
    labels = torch.tensor([index.get(clip.action, 0) for clip in clips])
    match cfg.labels:
        case "true":
            return labels
        case "one":
            return torch.zeros_like(labels)
        case "shuffled":
            return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(cfg.seed))]
