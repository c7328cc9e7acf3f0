"""UI-PRMD: ten rehabilitation movements by ten subjects, Vicon markers (Vakanski et al., Data 2018, 3(1)).

The episodes of a movement are consecutive cuts of one recording: they are joined again, into takes of 50
frames/s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from rich.progress import track

from actionprompt.console import console as new_console
from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.config import UIPRMDCfg
from actionprompt.data.uiprmd_files import Episode, find, read_markers
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.formats.gaps import fill_gaps, missing
from actionprompt.formats.markers import MARKERS, bone_lengths, fix_bones, joints
from actionprompt.formats.recording import check_size
from actionprompt.skeleton import H36M_17

ACTIONS = (
    "deep squat",
    "hurdle step",
    "inline lunge",
    "side lunge",
    "sit to stand",
    "standing active straight leg raise",
    "standing shoulder abduction",
    "standing shoulder extension",
    "standing shoulder internal-external rotation",
    "standing shoulder scaption",
)
"""Movements m01 to m10."""
TRAIN = tuple(f"s{s:02d}" for s in range(1, 8))
TEST = tuple(f"s{s:02d}" for s in range(8, 11))
"""s07 and s10 work left-sided: one on each side of the split."""
TAIL = ("side lunge", "inline lunge", "sit to stand")
"""The hard actions of P3: a plain VPose's largest depth errors on training subjects (docs/LOG.md, 2026-11-22)."""
STEP = 2
"""Every second one of the files' 100 frames/s is kept."""


def load_uiprmd(cfg: UIPRMDCfg) -> Corpus:
    """Reads, converts and films the takes.

    Raises:
        InputError: nothing to read, or a file that is not what it should be.
    """
    converted = read(cfg.path, cfg.variants)
    present = {take.subject for take in converted.takes}
    return Corpus(
        name="UI-PRMD",
        skeleton=H36M_17,
        fps=frame_rate(cfg.virtual_cameras, 100 / STEP),
        actions=ACTIONS,
        clips=tuple(film(converted.takes, H36M_17, cfg.virtual_cameras, TRAIN, 100 / STEP)),
        takes=converted.takes,
        filming=cfg.virtual_cameras,
        train_subjects=tuple(s for s in TRAIN if s in present),
        test_subjects=tuple(s for s in TEST if s in present),
        tail=TAIL,
        dropped=converted.dropped,
        facts={
            "source": "UI-PRMD (Vakanski et al. 2018), Vicon markers, public domain",
            "variants": ", ".join(cfg.variants),
            **describe(cfg.virtual_cameras),
            **converted.facts,
        },
    )


def read(path: Path, variants: Sequence[str]) -> Converted:
    """The takes of all files below a folder, from the cache where these files were read before.

    Raises:
        InputError: nothing to read, or a file that is not what it should be.
    """
    episodes = find(path, variants)
    return cached("uiprmd-2", {e.name: e.path for e in episodes}, lambda: convert(episodes))


@dataclass
class UncutTake:
    """Episodes that follow each other without a gap, becoming one take."""

    name: str
    first: Episode
    pieces: list[Float[np.ndarray, "_ 39 3"]]
    next: int
    """The episode number that would continue the run."""

    def markers(self) -> Float[np.ndarray, "n 39 3"]:
        """All frames kept, gaps filled."""
        return fill_gaps(np.concatenate(self.pieces))[::STEP]


@dataclass
class Quality:
    """What quality control counts on its way through the files."""

    dropped: list[str] = field(default_factory=list)
    samples: int = 0
    missing: int = 0
    jump: float = 0.0
    """Largest step of the middle marker over a cut, metres."""
    moved: list[float] = field(default_factory=list)
    """How far joints were moved to keep the bone lengths constant, metres, one mean per subject."""

    def facts(self) -> dict[str, str]:
        """What reports say of the takes."""
        return {
            "missing markers": f"{self.missing / self.samples:.2%} of the samples, interpolated in time",
            "cuts joined": f"largest step {1000 * self.jump:.1f} mm",
            "bone lengths": f"constant per subject; joints moved by {1000 * np.mean(self.moved):.1f} mm",
        }


def convert(episodes: Sequence[Episode]) -> Converted:
    """Joints at 50 frames/s with constant bone lengths; a bar on the terminal shows how far it is.

    Raises:
        InputError: a file that is not what it should be, or nothing left after quality control.
    """
    takes: list[Take] = []
    quality = Quality()
    console = new_console(stderr=True)
    bar = track(episodes, "Converting", transient=True, console=console, disable=not console.is_terminal)
    for _, one_subject in groupby(bar, lambda e: e.subject):
        if runs := join(one_subject, quality):
            takes += subject_takes(runs, quality)
    if not takes:
        raise InputError(f"No UI-PRMD episode below {episodes[0].path.parent} can be used: {quality.dropped[0]}")
    return Converted(
        tuple(takes),
        tuple(quality.dropped),
        {"episodes": f"{len(episodes)}, {len(quality.dropped)} dropped", **quality.facts()},
    )


def join(episodes: Iterable[Episode], quality: Quality) -> list[UncutTake]:
    """Reads episodes in order and joins those that follow each other, but for those that lost a marker."""
    runs: list[UncutTake] = []
    for episode in episodes:
        markers = read_markers(episode.path)
        gaps = missing(markers)
        quality.samples += gaps.size
        quality.missing += int(gaps.sum())
        last = runs[-1] if runs else None
        if lost := [MARKERS[m] for m in gaps.all(0).nonzero()[0]]:
            quality.dropped.append(f"{episode.name}: marker {', '.join(lost)} is missing in every frame.")
        elif last and last.first.take == episode.take and last.next == episode.number:
            step = np.median(np.linalg.norm(markers[0] - last.pieces[-1][-1], axis=-1))
            quality.jump = max(quality.jump, float(step))
            last.pieces.append(markers)
            last.next += 1
        else:
            again = any(run.first.take == episode.take for run in runs)
            name = f"{episode.take}_e{episode.number:02d}" if again else episode.take
            runs.append(UncutTake(name, episode, [markers], episode.number + 1))
    return runs


def subject_takes(runs: Sequence[UncutTake], quality: Quality) -> list[Take]:
    """One subject's takes: the median bone lengths of all its frames, the directions measured in each."""
    markers = [run.markers() for run in runs]
    ends = np.cumsum([m.shape[0] for m in markers])
    measured = joints(np.concatenate(markers))
    if (bad := ~np.isfinite(measured).all((1, 2))).any():
        run = runs[int(np.searchsorted(ends, bad.argmax(), side="right"))]
        raise InputError(
            f"{run.name} in {run.first.path.parent} has different markers in one place, so that its joints "
            "cannot be found: extract it from the archive again."
        )
    lengths = np.median(bone_lengths(measured, H36M_17), axis=0)
    check_size(measured, f"{runs[0].name} in {runs[0].first.path.parent}", "millimetres")
    pose = fix_bones(measured, H36M_17, lengths)
    quality.moved.append(float(np.linalg.norm(pose - measured, axis=-1).mean()))
    parts = np.split(pose.astype(np.float32), ends[:-1])
    return [
        Take(
            torch.from_numpy(part.copy()),
            ACTIONS[run.first.movement - 1],
            f"s{run.first.subject:02d}",
            run.name,
        )
        for run, part in zip(runs, parts, strict=True)
    ]
