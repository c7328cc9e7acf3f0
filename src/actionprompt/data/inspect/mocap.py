"""What a user's motion capture files hold: a table of takes, or one BVH or C3D file."""

import re
from pathlib import Path

from actionprompt.data.config import MocapCfg, VirtualCamerasCfg
from actionprompt.data.inspect.facts import Report, facts_of, problems_of, too_short
from actionprompt.data.mocap import load_mocap
from actionprompt.data.mocap_table import COLUMNS
from actionprompt.errors import InputError
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.c3d import read_c3d
from actionprompt.formats.rigs import choose


def is_table(path: Path) -> bool:
    """Whether it is a CSV file whose first line names at least two of the table's columns."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline().lower()
    return sum(column in re.split(r"[,;\s\"]+", head) for column in COLUMNS) >= 2


def is_file(path: Path) -> bool:
    """Whether it is one BVH or C3D file, by its name."""
    return path.is_file() and path.suffix.lower() in (".bvh", ".c3d")


def describe_table(path: Path) -> Report:
    """Everything that training would use, seen by one camera."""
    title = f"motion capture named in {path}"
    try:
        corpus = load_mocap(MocapCfg(path, virtual_cameras=VirtualCamerasCfg(cameras=1)))
    except InputError as error:
        return Report(title, (), (str(error),))
    return Report(title, facts_of(corpus), problems_of(corpus))


def describe_file(path: Path) -> Report:
    """One file, and which rig it has."""
    title = f"motion capture {path.name}"
    try:
        recording = read_bvh(path, unit=1.0) if path.suffix.lower() == ".bvh" else read_c3d(path)
    except InputError as error:
        return Report(title, (), (str(error),))
    frames = recording.points.shape[0]
    facts = (
        ("frames", f"{frames} at {recording.fps:.4g} frames/s, {frames / recording.fps:.1f} s"),
        ("points", f"{len(recording.names)}: {', '.join(recording.names)}"),
    )
    try:
        rig = choose(recording.names, "auto", path.name).name
    except InputError as error:
        return Report(title, facts, (str(error),))
    return Report(title, (*facts, ("rig", rig)), too_short(frames))
