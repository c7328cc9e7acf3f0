"""What an inspection of data files says."""

from dataclasses import dataclass

from actionprompt.data.clip import Corpus


@dataclass(frozen=True)
class Report:
    """What a data file or folder holds, and what is wrong with it."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """(label, value) pairs to print, in order."""
    problems: tuple[str, ...] = ()
    """One sentence each; none means that the data are sound."""


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
