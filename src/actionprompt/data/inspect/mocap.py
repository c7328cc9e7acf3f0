"""What a user's motion capture files hold: a table of takes, one file, or a folder of them."""

import re
from pathlib import Path

from actionprompt.data.config import MocapCfg, VirtualCamerasCfg
from actionprompt.data.inspect.facts import MotionHints, Report, facts_of, problems_of, too_short
from actionprompt.data.mocap import load_mocap
from actionprompt.data.mocap_table import COLUMNS
from actionprompt.data.motion_files import MotionFile, convert, read
from actionprompt.errors import InputError
from actionprompt.formats.motion import is_motion
from actionprompt.formats.rigs import choose


def is_table(path: Path) -> bool:
    """Whether it is a CSV file whose first line names at least two of the table's columns."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline().lower()
    return sum(column in re.split(r"[,;\s\"]+", head) for column in COLUMNS) >= 2


def is_file(path: Path) -> bool:
    """Whether it is one file of motion capture."""
    return is_motion(path)


def is_folder(path: Path) -> bool:
    """Whether there is a file of motion capture in it."""
    return path.is_dir() and bool(_files(path))


def describe_table(path: Path, hints: MotionHints) -> Report:
    """Everything that training would use, seen by one camera."""
    title = f"motion capture named in {path}"
    try:
        table = MocapCfg(path, hints.rig, hints.unit, hints.up, virtual_cameras=VirtualCamerasCfg(cameras=1))
        corpus = load_mocap(table)
    except InputError as error:
        return Report(title, (), (str(error),))
    return Report(title, facts_of(corpus), problems_of(corpus))


def describe_file(path: Path, hints: MotionHints) -> Report:
    """One file: its points, its rig, and whether it could be trained on."""
    title = f"motion capture {path.name}"
    file = MotionFile(path, rig=hints.rig, unit=hints.unit, up=hints.up)
    try:
        recording = read(file)
    except InputError as error:
        return Report(title, (), (str(error),))
    frames = recording.points.shape[0]
    facts = [
        ("frames", f"{frames} at {recording.fps:.4g} frames/s, {frames / recording.fps:.1f} s"),
        ("points", f"{len(recording.names)}: {', '.join(recording.names)}"),
    ]
    try:
        found = convert(file, "", "", path.stem, recording.fps)
        rig = choose(recording.names, hints.rig, path.name).name
    except InputError as error:
        return Report(title, tuple(facts), (str(error),))
    facts += [("rig", rig), ("up", recording.up)]
    facts += [("read as", found.kind)] if found.kind else []
    facts += [("mended", found.mended)] if found.mended else []
    lying = [f"Nobody stands in it: say with --up which axis points up, if it is not {recording.up}."]
    problems = [found.dropped] if found.dropped else lying if found.lying and hints.up == "auto" else []
    return Report(title, tuple(facts), (*problems, *too_short(frames)))


def describe_folder(path: Path, hints: MotionHints) -> Report:
    """A line for each file below, and what is wrong with those that cannot be trained on."""
    facts, problems = [], []
    for file in _files(path):
        report = describe_file(file, hints)
        said = dict(report.facts)
        facts.append((file.relative_to(path).as_posix(), ", ".join(said[k] for k in ("frames", "rig") if k in said)))
        problems += [f"{file.name}: {problem}" for problem in report.problems]
    return Report(f"motion capture in {path}", tuple(facts), tuple(problems))


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if is_motion(file))
