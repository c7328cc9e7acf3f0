"""CMU's motion capture: everyday motion of many people, ASF/AMC or its usual conversions to BVH.

"The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF
EIA-0196217."
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actionprompt.data import motion_files
from actionprompt.data.cache import Converted, cached
from actionprompt.data.clip import Corpus, Take
from actionprompt.data.cmu_trials import action_of
from actionprompt.data.config import CMUCfg
from actionprompt.data.motion_files import FileTakes, MotionFile
from actionprompt.data.virtual_cameras import describe, film, frame_rate
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

SOURCE = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)
ENDINGS = (".amc", ".bvh")
"""In the order of preference, where a trial is there in both."""


@dataclass(frozen=True)
class Trial:
    """One recording."""

    name: str
    """Such as ``07_01``."""
    subject: str
    """Two or three digits."""
    action: str
    file: MotionFile


def load_cmu(cfg: CMUCfg) -> Corpus:
    """Reads, converts and films the takes.

    Raises:
        InputError: nothing to read, a test subject that is not there, or settings that make no sense.
    """
    converted = read(cfg.path, cfg.fps)
    subjects = sorted({take.subject for take in converted.takes})
    if missing := [subject for subject in cfg.test if subject not in subjects]:
        raise InputError(
            f"{cfg.path} has no takes of test subject {', '.join(missing)}: it has {', '.join(subjects)} (data.test)."
        )
    train = tuple(subject for subject in subjects if subject not in cfg.test)
    takes, actions, untrained = trained_actions(converted.takes, train)
    return Corpus(
        name="CMU",
        skeleton=H36M_17,
        fps=frame_rate(cfg.virtual_cameras, cfg.fps),
        actions=actions,
        clips=tuple(film(takes, H36M_17, cfg.virtual_cameras, train, cfg.fps)),
        takes=tuple(takes),
        filming=cfg.virtual_cameras,
        train_subjects=train,
        test_subjects=tuple(subject for subject in subjects if subject in cfg.test),
        dropped=(*converted.dropped, *untrained),
        facts={"source": SOURCE, **describe(cfg.virtual_cameras), **converted.facts},
    )


def trained_actions(takes: Sequence[Take], train: Sequence[str]) -> tuple[list[Take], tuple[str, ...], list[str]]:
    """The takes whose action somebody in training shows, those actions by name, and sentences on the other takes."""
    actions = {take.action for take in takes if take.subject in train}
    untrained = [f"{t.name}: no training subject is {t.action}." for t in takes if t.action not in actions]
    return [take for take in takes if take.action in actions], tuple(sorted(actions)), untrained


def read(path: Path, fps: float = 50.0) -> Converted:
    """The takes of all trials below a folder, from the cache where these files were read before.

    Raises:
        InputError: nothing to read, or none of it can be used.
    """
    trials, left_out = find(path)
    files = {f"{t.name}{t.file.path.suffix.lower()}": t.file.path for t in trials}
    files |= {f"{t.subject}.asf": t.file.skeleton for t in trials if t.file.skeleton}
    return cached(f"cmu-1-{fps:g}", files, lambda: convert(trials, left_out, fps))


def find(path: Path) -> tuple[list[Trial], list[str]]:
    """The named trials at any depth below a folder, in order, and how many were passed over and why.

    Raises:
        InputError: no folder, no trials, or a motion without its skeleton.
    """
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}: give the folder that holds CMU's trials (subjects/07/07_01.amc and so on).")
    files: dict[str, Path] = {}
    for ending in ENDINGS:
        for file in sorted(path.rglob(f"*{ending}")):
            if (key := parse_name(file)) is not None:
                files.setdefault("{:02d}_{:02d}".format(*key), file)
    if not files:
        raise InputError(
            f"{path} holds no trials of CMU's motion capture (07_01.amc with 07.asf, or 07_01.bvh, at any depth)."
        )
    skeletons = {int(asf.stem): asf for asf in sorted(path.rglob("*.asf")) if asf.stem.isdigit()}
    trials, unnamed = [], []
    for name, file in sorted(files.items(), key=lambda item: [int(part) for part in item[0].split("_")]):
        subject, number = (int(part) for part in name.split("_"))
        if not (action := action_of(subject, number)):
            unnamed.append(name)
            continue
        skeleton = skeletons.get(subject) if file.suffix == ".amc" else None
        if file.suffix == ".amc" and skeleton is None:
            raise InputError(f"{file} has no skeleton: put {subject:02d}.asf beside it.")
        trials.append(Trial(name, f"{subject:02d}", action, MotionFile(file, skeleton)))
    if not trials:
        raise InputError(f"No trial below {path} is a named action ({', '.join(unnamed[:5])}, ...).")
    return trials, unnamed


def parse_name(file: Path) -> tuple[int, int] | None:
    """Subject and trial by a file's name, or None if it is not one of the data set's."""
    match = re.fullmatch(r"(\d{1,3})_(\d{1,2})", file.stem)
    return None if match is None else (int(match[1]), int(match[2]))


def convert(trials: Sequence[Trial], unnamed: Sequence[str], fps: float) -> Converted:
    """Joints at the wanted frame rate; files that cannot be read or used are left out and named.

    Raises:
        InputError: nothing left.
    """
    found = [_convert(trial, fps) for trial in trials]
    takes = tuple(take for one in found for take in one.takes)
    dropped = tuple(one.dropped for one in found if one.dropped)
    if not takes:
        raise InputError(f"No trial of CMU's can be used: {dropped[0]}")
    facts = {
        "trials": f"{len(trials)}, {len(dropped)} dropped, {len(unnamed)} that are no named action left out",
        "files": "; ".join(sorted({one.kind for one in found if one.kind})),
    }
    if mended := [one.mended for one in found if one.mended]:
        facts["mended"] = "; ".join(mended)
    return Converted(takes, dropped, facts)


def _convert(trial: Trial, fps: float) -> FileTakes:
    try:
        return motion_files.convert(trial.file, trial.action, trial.subject, trial.name, fps)
    except InputError as error:
        return FileTakes((), f"{trial.name}: {error}")
