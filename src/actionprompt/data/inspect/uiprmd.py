"""What UI-PRMD files hold and whether they are sound."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.data.clip import Take
from actionprompt.data.inspect.facts import Report, shortcomings, too_short
from actionprompt.data.uiprmd import ACTIONS, STEP, TEST, TRAIN, read
from actionprompt.data.uiprmd_files import Episode, find, parse_name, read_markers
from actionprompt.errors import InputError
from actionprompt.formats.gaps import fill_gaps, missing
from actionprompt.formats.markers import MARKERS, bone_lengths, joints
from actionprompt.skeleton import H36M_17

BONES = {
    "thigh": ("right knee", "left knee", 0.30, 0.55),
    "shank": ("right ankle", "left ankle", 0.30, 0.55),
    "upper arm": ("right elbow", "left elbow", 0.20, 0.40),
    "forearm": ("right wrist", "left wrist", 0.15, 0.35),
}
"""The joints that end a bone, and the lengths of adults in metres."""


def is_folder(path: Path) -> bool:
    """Whether any file below is named as one of UI-PRMD's."""
    return path.is_dir() and any(parse_name(file) for file in path.rglob("*"))


def is_file(path: Path) -> bool:
    """Whether it is named as one of UI-PRMD's files."""
    return path.is_file() and parse_name(path) is not None


def describe_folder(path: Path) -> Report:
    """Everything that training would use of a folder."""
    title = f"UI-PRMD in {path}"
    try:
        episodes = find_all(path)
        converted = read(path, variants(episodes))
    except InputError as error:
        return Report(title, (), tuple(faults(path)) or (str(error),))
    frames = sum(take.pose.shape[0] for take in converted.takes)
    subjects = sorted({take.subject for take in converted.takes})
    split = {name: [s for s in subjects if s in part] for name, part in (("train", TRAIN), ("test", TEST))}
    present = {take.action for take in converted.takes}
    bones, problems = check_bones({s: _lengths(converted.takes, s) for s in subjects})
    facts = {
        "variants": ", ".join(variants(episodes)),
        "takes": str(len(converted.takes)),
        "frames": f"{frames:,} at {100 // STEP} frames/s, {frames * STEP / 100:,.0f} s",
        "subjects": "; ".join(f"{name} {' '.join(names) or 'none'}" for name, names in split.items()),
        "actions": ", ".join(action for action in ACTIONS if action in present),
        **converted.facts,
        **bones,
    }
    dropped = [("dropped", sentence) for sentence in converted.dropped]
    longest = max(take.pose.shape[0] for take in converted.takes)
    problems += shortcomings(split["train"], split["test"], longest)
    return Report(title, (*facts.items(), *dropped), tuple(problems))


def describe_file(path: Path) -> Report:
    """One episode."""
    episode = parse_name(path)
    assert episode is not None
    title = f"UI-PRMD episode {episode.name}"
    try:
        markers = read_markers(path)
    except InputError as error:
        return Report(title, (), (str(error),))
    gaps = missing(markers)
    facts = {
        "action": ACTIONS[episode.movement - 1] + ", performed incorrectly" * episode.incorrect,
        "subject": f"s{episode.subject:02d}",
        "frames": f"{markers.shape[0]} at 100 frames/s, {markers.shape[0] / 100:.1f} s",
        "missing markers": f"{gaps.mean():.2%} of the samples",
    }
    if lost := [MARKERS[m] for m in gaps.all(0).nonzero()[0]]:
        sentence = f"{path}: marker {', '.join(lost)} is missing in every frame: training drops this episode."
        return Report(title, tuple(facts.items()), (sentence,))
    lengths = np.median(bone_lengths(joints(fill_gaps(markers)), H36M_17), axis=0)
    bones, problems = check_bones({f"s{episode.subject:02d}": lengths})
    problems += too_short(markers.shape[0])
    return Report(title, (*facts.items(), *bones.items()), tuple(problems))


def find_all(path: Path) -> list[Episode]:
    """The episodes of the variants that a folder holds."""
    held = {episode.incorrect for file in path.rglob("*") if (episode := parse_name(file))}
    return find(path, [name for name, flag in (("correct", False), ("incorrect", True)) if flag in held])


def variants(episodes: Sequence[Episode]) -> list[str]:
    """The names of the episodes' variants."""
    return sorted({"incorrect" if episode.incorrect else "correct" for episode in episodes})


def faults(path: Path) -> list[str]:
    """What is wrong with each file below that is wrong."""
    return [fault for episode in find_all(path) if (fault := _fault(episode.path))]


def _fault(path: Path) -> str:
    """What is wrong with one file, or nothing."""
    try:
        read_markers(path)
    except InputError as error:
        return str(error)
    return ""


def check_bones(
    lengths: dict[str, Float[np.ndarray, " b"]],
) -> tuple[dict[str, str], list[str]]:
    """The range of each limb's lengths over subjects, and a sentence for each that no adult has."""
    facts, problems = {}, []
    ends = [H36M_17.joints[child] for _, child in H36M_17.bones]
    for bone, (right, left, shortest, longest) in BONES.items():
        by_subject = {s: (row[ends.index(right)], row[ends.index(left)]) for s, row in lengths.items()}
        values = [value for pair in by_subject.values() for value in pair]
        facts[bone] = f"{min(values):.2f} to {max(values):.2f} m"
        problems += [
            f"{subject}: {bone} of {value:.2f} m instead of {shortest} to {longest} m: are the files in "
            "millimetres, with the markers in Plug-in-Gait order?"
            for subject, pair in by_subject.items()
            for value in pair
            if not shortest <= value <= longest
        ]
    return facts, problems


def _lengths(takes: Sequence[Take], subject: str) -> Float[np.ndarray, " b"]:
    """A subject's bone lengths, the same in every frame."""
    pose = next(take.pose for take in takes if take.subject == subject)
    lengths: Float[np.ndarray, " b"] = bone_lengths(pose[:1].numpy(), H36M_17)[0]
    return lengths
