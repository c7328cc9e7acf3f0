"""A file of motion capture becomes joints: read, brought to metres, z up and one frame rate, mended."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.data.clip import Take
from actionprompt.errors import InputError
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.c3d import read_c3d
from actionprompt.formats.recording import Recording, check_size, leg_length, resample, top_speed, z_up
from actionprompt.formats.repair import FASTEST, mend
from actionprompt.formats.rigs import Rig, choose, plain, to_h36m

ACCLAIM_FPS = 120.0
"""Frames a second of AMC files, which do not say: CMU's and HDM05's."""
UNITS = (1.0, 0.0254 / 0.45, 0.0254, 0.01, 0.001)
"""Metres per unit, of the units that files come in: metres, Acclaim's, inches, centimetres, millimetres."""
LEG = (0.55, 1.15)
"""Thigh and shank together, metres: from a child of ten to a very tall adult."""


@dataclass(frozen=True)
class MotionFile:
    """A file, and what it does not say itself."""

    path: Path
    skeleton: Path | None = None
    """The .asf of an .amc."""
    rig: str = "auto"
    """Which points are the joints: a built-in rig, or a file that maps them."""
    unit: float | None = None
    """Metres per unit of length (None: as the file says, else by the size of a person)."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis that points up (auto: as the file says, else as is usual in its format)."""
    fps: float | None = None
    """Frames a second (None: as the file says; 120 in AMC, which does not)."""


@dataclass(frozen=True)
class FileTakes:
    """What became of a file."""

    takes: tuple[Take, ...]
    """None: it cannot be used. Several: it was cut where joints jump."""
    dropped: str = ""
    """Why it cannot be used."""
    mended: str = ""
    """What was cut and repaired."""
    kind: str = ""
    """Format, rig, unit and frame rate."""


def read(file: MotionFile) -> Recording:
    """The file's points, with what it does not say filled in; in its own unit where that is not known."""
    ending = file.path.suffix.lower()
    if ending == ".c3d":
        recording = read_c3d(file.path)
    elif ending == ".bvh":
        recording = read_bvh(file.path, unit=1.0)
    else:
        assert file.skeleton is not None
        recording = read_amc(file.path, read_asf(file.skeleton), ACCLAIM_FPS)
    recording = recording if file.up == "auto" else replace(recording, up=file.up)
    return recording if file.fps is None else replace(recording, fps=file.fps)


def convert(file: MotionFile, action: str, subject: str, name: str, fps: float) -> FileTakes:
    """Takes of a file: 17 joints, z up, metres, at ``fps`` frames a second.

    Raises:
        InputError: a file that is not what it should be, an unknown rig, or joints of no person's size.
    """
    recording = read(file)
    rig = choose(recording.names, file.rig, str(file.path))
    if lost := lost_points(recording, rig):
        return FileTakes((), f"{name}: {', '.join(lost)} is missing in every frame.")
    joints = z_up(to_h36m(recording.points, recording.names, rig), recording.up)
    unit = unit_of(joints, file)
    check_size(joints * unit, str(file.path), "the unit that it says, or that data.unit says")
    mended = mend(joints * unit, recording.fps)
    if not mended.stretches:
        speed = top_speed(joints * unit, recording.fps)
        return FileTakes((), f"{name}: a joint jumps at {speed:.0f} m/s (people stay below {FASTEST:.0f}).")
    poses = [resample(part, recording.fps, fps).astype(np.float32) for part in mended.stretches]
    names = [name] + [f"{name} ({i})" for i in range(2, len(poses) + 1)]
    return FileTakes(
        tuple(Take(torch.from_numpy(p), action, subject, n) for p, n in zip(poses, names, strict=True)),
        mended=f"{name}: {mended.done}" if mended.done else "",
        kind=f"{file.path.suffix[1:].lower()}, rig {rig.name}, {unit:.4g} m a unit, {recording.fps:.4g} frames/s",
    )


def lost_points(recording: Recording, rig: Rig) -> list[str]:
    """The points that the rig needs and no frame has."""
    gone = np.isnan(recording.points).any(-1).all(0)
    return [name for name, lost in zip(recording.names, gone, strict=True) if lost and plain(name) in rig.points]


def unit_of(joints: Float[np.ndarray, "n 17 3"], file: MotionFile) -> float:
    """Metres per unit of the joints: as set, or the unit in which the legs are as long as a person's.

    Raises:
        InputError: in no known unit are they.
    """
    if file.path.suffix.lower() != ".bvh":
        return 1.0
    if file.unit is not None:
        return file.unit
    length = leg_length(joints)
    for unit in UNITS:
        if LEG[0] <= length * unit <= LEG[1]:
            return unit
    raise InputError(
        f"{file.path}: the right leg is {length:.4g} units long, in no common unit a person's leg; "
        "say with data.unit how many metres a unit is."
    )
