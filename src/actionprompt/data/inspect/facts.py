"""What an inspection of data files says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from actionprompt.data.clip import Corpus


@dataclass(frozen=True)
class Report:
    """What a data file or folder holds, and what is wrong with it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """(label, value) pairs to print, in order."""
    problems: tuple[str, ...] = ()
    """One sentence each; none means that the data are sound."""


@dataclass(frozen=True)
class MotionHints:
    """What a file of motion capture does not say itself."""

    rig: str = "auto"
    """Which points are the joints: a built-in rig, or a file that maps them."""
    unit: float | None = None
    """Metres per unit of length (None: as the file says, else by the size of a person)."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis that points up (auto: as the file says, else as is usual in its format)."""


SHORTEST = 9
"""Frames: the smallest window that the paper tries (Table VI)."""


def shortcomings(train: Sequence[str], test: Sequence[str], longest: int) -> tuple[str, ...]:
    """What keeps well-read data from being of use: an empty side of the split, or takes shorter than any window."""
    sides = {"training": train, "test": test}
    lacking = [f"There are no {side} subjects." for side, subjects in sides.items() if not subjects]
    return (*lacking, *too_short(longest))


def too_short(longest: int) -> tuple[str, ...]:
    """A sentence if the longest take has fewer frames than any lifter reads at once."""
    frames = "1 frame" if longest == 1 else f"{longest} frames"
    return (f"The longest take has {frames}: lifters read at least {SHORTEST}.",) if longest < SHORTEST else ()


def problems_of(corpus: Corpus) -> tuple[str, ...]:
    """``shortcomings`` of a corpus."""
    longest = max((clip.num_frames for clip in corpus.clips), default=0)
    return shortcomings(corpus.train_subjects, corpus.test_subjects, longest)


def facts_of(corpus: Corpus) -> tuple[tuple[str, str], ...]:
    """What training would use of a corpus: takes, frames, subjects, actions, and what was left out."""
    split = {"train": corpus.train_subjects, "test": corpus.test_subjects}
    frames = {
        name: sum(clip.num_frames for clip in corpus.clips if clip.subject in subjects)
        for name, subjects in split.items()
    }
    seen = {clip.action for clip in corpus.clips}
    takes = {(clip.subject, clip.name) for clip in corpus.clips}
    cameras = sorted({clip.camera for clip in corpus.clips})
    return (
        (
            "takes",
            f"{len(takes)}, {len(corpus.clips)} clips of {len(cameras)} cameras ({', '.join(cameras)})",
        ),
        ("frames", f"{frames['train']:,} train, {frames['test']:,} test, at {corpus.fps:g} frames/s"),
        ("subjects", "; ".join(f"{name} {' '.join(names) or 'none'}" for name, names in split.items())),
        ("actions", ", ".join(action for action in corpus.actions if action in seen)),
        ("joints", f"{corpus.skeleton.num_joints} ({corpus.skeleton.name})"),
        *corpus.facts.items(),
        *(("dropped", sentence) for sentence in corpus.dropped),
    )
