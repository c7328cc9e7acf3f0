"""What Human3.6M's prepared files hold, and how that differs from what the field's tables were made with."""

import re
from collections.abc import Sequence
from pathlib import Path

from actionprompt.data.clip import Clip, Corpus
from actionprompt.data.config import Human36MCfg
from actionprompt.data.human36m import ACTIONS, LENSES, TEST, TRAIN, load_human36m
from actionprompt.data.inspect.facts import Report, facts_of, problems_of
from actionprompt.data.pairing import distance
from actionprompt.errors import InputError

FRAMES = {"train": 1_559_752, "test": 543_344}
"""Frames of all cameras, without S11 Directions."""
TAKES_PER_ACTION = 2
EXACT = 0.5
"""Pixels: ground truth is no further from the projected joints."""


def is_folder(path: Path) -> bool:
    """Whether it holds the 3D file."""
    return path.is_dir() and (path / "data_3d_h36m.npz").is_file()


def is_file(path: Path) -> bool:
    """Whether it is one of the 2D files, beside the 3D file."""
    return path.is_file() and bool(_keypoints(path)) and is_folder(path.parent)


def describe_folder(path: Path) -> Report:
    """The 3D file with each of the 2D files beside it."""
    names = [name for file in sorted(path.glob("data_2d_h36m_*.npz")) if (name := _keypoints(file))]
    if not names:
        return Report(f"Human3.6M in {path}", (), (f"{path} holds no 2D file (data_2d_h36m_gt.npz or another).",))
    reports = [_describe(path, name) for name in names]
    facts = [fact for report in reports for fact in report.facts]
    return Report(f"Human3.6M in {path}", tuple(facts), tuple(p for report in reports for p in report.problems))


def describe_file(path: Path) -> Report:
    """One 2D file with the 3D file beside it."""
    return _describe(path.parent, _keypoints(path))


def _keypoints(path: Path) -> str:
    match = re.fullmatch(r"data_2d_h36m_(.+)\.npz", path.name)
    return match[1] if match else ""


def _describe(folder: Path, keypoints: str) -> Report:
    title = f"Human3.6M in {folder}, 2D {keypoints}"
    try:
        corpus = load_human36m(Human36MCfg(folder, keypoints))
    except InputError as error:
        return Report(title, (), (str(error),))
    away = sum(distance(c, LENSES[c.camera]) * c.num_frames for c in corpus.clips)
    away /= sum(c.num_frames for c in corpus.clips)
    problems = [*takes_missing(corpus.clips), *frames_missing(corpus)]
    if keypoints == "gt" and away > EXACT:
        problems.append(
            f"2D {keypoints}: {away:.1f} pixels from the projected 3D joints on average: ground truth would be the "
            f"projection itself (at most {EXACT} away)."
        )
    fact = ("2D against projected 3D", f"{away:.2f} pixels on average")
    return Report(title, (*facts_of(corpus), fact), (*problems, *problems_of(corpus)))


def frames_missing(corpus: Corpus) -> list[str]:
    """A sentence for each part of the split whose number of frames is not the field's."""
    parts = {"train": TRAIN, "test": TEST}
    counts = {
        part: sum(clip.num_frames for clip in corpus.clips if clip.subject in subjects)
        for part, subjects in parts.items()
    }
    return [
        f"{counts[part]:,} {part} frames instead of {frames:,}: not comparable with the field's tables."
        for part, frames in FRAMES.items()
        if counts[part] != frames
    ]


def takes_missing(clips: Sequence[Clip]) -> list[str]:
    """A sentence for each subject that lacks takes, or has too many, by action."""
    problems = []
    for subject in (*TRAIN, *TEST):
        takes = {(clip.name, clip.action) for clip in clips if clip.subject == subject}
        odd = []
        for action in ACTIONS.values():
            wanted = TAKES_PER_ACTION - ((subject, action) == ("S11", "directions"))
            have = sum(name == action for _, name in takes)
            odd += [f"{action} {have} instead of {wanted}"] if have != wanted else []
        if not takes:
            problems.append(f"{subject} is missing.")
        elif odd:
            problems.append(f"{subject} has another number of takes of: {', '.join(odd)}.")
    return problems
