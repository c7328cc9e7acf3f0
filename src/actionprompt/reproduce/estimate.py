"""How long the runs of a grid will take: from finished runs of the same model, or by timing a few steps."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from actionprompt.data.clip import Clip, Corpus
from actionprompt.errors import Interrupted
from actionprompt.reproduce.execute import machine, write_timing
from actionprompt.reproduce.grid import GridRun, digest
from actionprompt.training.config import RunCfg
from actionprompt.untrusted import parse_json

STEPS = 24
"""Steps that are timed: three rests of the text encoder at the small scale."""


class Estimate(NamedTuple):
    """Seconds for a whole run, and how they were found."""

    seconds: float
    how: str


def known(job: GridRun, everything: Sequence[GridRun]) -> Estimate | None:
    """The time of a run from others of the same settings but the seed, or from an earlier timing on this machine."""
    root = job.folder.parent
    siblings = [other for other in everything if replace(other.cfg, seed=0) == replace(job.cfg, seed=0)]
    for folder in (other.folder for other in siblings):
        if seconds := _read(folder / "timing.json"):
            return Estimate(seconds, "a finished run")
    seconds = _read(_cache(job, root))
    return Estimate(seconds, "timed steps") if seconds else None


def time_steps(job: GridRun, corpus: Corpus) -> Estimate:
    """Times a few steps of training (evaluation adds little) and remembers the result.

    On one CPU thread, only the share of the time that the machine gave to this process counts: what other work there
    is now may be over later.
    """
    import torch

    from actionprompt.training.train import train

    brief = replace(job.cfg.schedule, epochs=1, epoch_steps=STEPS, bn_batches=0)
    cfg = replace(job.cfg, schedule=brief, validation_subjects=(), checkpoint_every=10**9, log_every=10**9)
    wall, own = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            watch = train(cfg, Path(folder) / "run", corpus=excerpt(corpus), quiet=True)
        except Interrupted as stopped:
            raise Interrupted("Stopped while the runs were timed; none was begun.") from stopped
    wall, own = time.perf_counter() - wall, time.process_time() - own
    alone = cfg.accelerator == "cpu" and torch.get_num_threads() == 1
    share = min(1.0, own / wall) if alone else 1.0
    seconds = sum(watch.seconds.values()) / STEPS * share * steps(job.cfg, corpus)
    with suppress(OSError):  # a grid that one may only read is listed all the same
        write_timing(_cache(job, job.folder.parent), round(seconds, 3))
    return Estimate(seconds, "timed steps")


def excerpt(corpus: Corpus) -> Corpus:
    """The longest training clip of each action: a step takes as long on them as on all."""
    longest: dict[str, Clip] = {}
    for clip in corpus.select(corpus.train_subjects):
        if clip.action not in longest or clip.num_frames > longest[clip.action].num_frames:
            longest[clip.action] = clip
    clips = tuple(longest.values())
    return replace(corpus, clips=clips, train_subjects=tuple(dict.fromkeys(clip.subject for clip in clips)))


def steps(cfg: RunCfg, corpus: Corpus) -> int:
    """Training steps of a run."""
    if cfg.schedule.epoch_steps is not None:
        return cfg.schedule.epochs * cfg.schedule.epoch_steps
    subjects = tuple(subject for subject in corpus.train_subjects if subject not in cfg.validation_subjects)
    frames = sum(clip.num_frames for clip in corpus.select(subjects)) * (1 + cfg.mirror)
    encoder = cfg.model.encoder
    windows = frames // (cfg.schedule.stride or (encoder.frames if encoder.answers_window else 1))
    return cfg.schedule.epochs * -(-windows // cfg.schedule.batch)


def _cache(job: GridRun, root: Path) -> Path:
    return root / ".timings" / f"{digest(replace(job.cfg, seed=0))}.json"


def _read(path: Path) -> float | None:
    """Seconds, where the file is there and of this machine."""
    if not path.is_file():
        return None
    try:
        found = parse_json(path.read_bytes())
        return float(found["seconds"]) if found["machine"] == machine() else None
    except (ValueError, LookupError, TypeError, OverflowError):  # a damaged note of a time: it is taken again
        return None


def words(seconds: float) -> str:
    """A time for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
