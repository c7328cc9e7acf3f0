"""A file of motion capture becomes joints: read, brought to metres, z up and one frame rate, mended."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.data.clip import Take
from actionprompt.errors import InputError
from actionprompt.formats.motion import read_motion
from actionprompt.formats.recording import Recording, check_size, leg_length, path_length, resample, top_speed, z_up
from actionprompt.formats.repair import FASTEST, mend
from actionprompt.formats.rigs import PLUG_IN_GAIT, Rig, choose, plain, to_h36m
from actionprompt.skeleton import H36M_17

UNITS = (1.0, 0.0254 / 0.45, 0.0254, 0.01, 0.001)
"""Metres per unit, of the units that files come in: metres, Acclaim's, inches, centimetres, millimetres."""
STANDING = 0.3
"""Least uprightness of a take in which people stand, walk or sit."""
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

    @property
    def lying(self) -> list[str]:
        """The takes in which nobody stands, walks or sits."""
        return [take.name for take in self.takes if uprightness(take) < STANDING]


def read(file: MotionFile) -> Recording:
    """The file's points, in its unit, with what it does not say filled in.

    Raises:
        InputError: a file that is not what it should be, or a unit for a file that has its own.
    """
    recording = read_motion(file.path, file.skeleton)
    if file.unit is not None and file.path.suffix.lower() == ".amc":
        raise InputError(f"{file.path}: its skeleton says the unit of length; take the unit out of the table.")
    return replace(
        recording,
        up=recording.up if file.up == "auto" else file.up,
        unit=recording.unit if file.unit is None else file.unit,
        fps=recording.fps if file.fps is None else file.fps,
    )


def convert(file: MotionFile, action: str, subject: str, name: str, fps: float) -> FileTakes:
    """Takes of a file: 17 joints, z up, metres, at ``fps`` frames a second.

    Raises:
        InputError: a file that is not what it should be, an unknown rig, or joints of no person's size.
    """
    recording = read(file)
    rig = choose(recording.names, file.rig, str(file.path))
    if lost := lost_points(recording, rig):
        return FileTakes((), f"{name}: {', '.join(lost)} is missing in every frame.")
    unit = recording.unit or unit_of(recording, rig, file.path)
    joints = _joints(recording, rig, unit)
    check_size(joints, str(file.path), "the unit that it says, or that data.unit says")
    mended = mend(joints, recording.fps)
    if not mended.stretches:
        speed = top_speed(joints, recording.fps)
        return FileTakes((), f"{name}: a joint jumps at {speed:.0f} m/s (people stay below {FASTEST:.0f}).")
    poses = [resample(part, recording.fps, fps).astype(np.float32) for part in mended.stretches]
    names = [name] + [f"{name} ({i})" for i in range(2, len(poses) + 1)]
    return FileTakes(
        tuple(Take(torch.from_numpy(p), action, subject, n) for p, n in zip(poses, names, strict=True)),
        mended=f"{name}: {mended.done}" if mended.done else "",
        kind=f"{file.path.suffix[1:].lower()}, rig {rig.name}, {unit:.4g} m a unit, {recording.fps:.4g} frames/s",
    )


def joints_of(recording: Recording, file: MotionFile) -> Float[np.ndarray, "n 17 3"]:
    """A recording's 17 joints as they are: z up, metres, nothing mended.

    Raises:
        InputError: an unknown rig, a point that no frame has, or joints of no person's size.
    """
    rig = choose(recording.names, file.rig, str(file.path))
    if lost := lost_points(recording, rig):
        raise InputError(f"{file.path}: {', '.join(lost)} is missing in every frame.")
    joints = _joints(recording, rig, recording.unit or unit_of(recording, rig, file.path))
    check_size(joints, str(file.path), "the unit that it says")
    return joints


def _joints(recording: Recording, rig: Rig, unit: float) -> Float[np.ndarray, "n 17 3"]:
    return z_up(to_h36m(recording.points * unit, recording.names, rig), recording.up)


def lost_points(recording: Recording, rig: Rig) -> list[str]:
    """The points that the rig needs and no frame has."""
    gone = np.isnan(recording.points).any(-1).all(0)
    return [name for name, lost in zip(recording.names, gone, strict=True) if lost and plain(name) in rig.points]


def unit_of(recording: Recording, rig: Rig, path: Path) -> float:
    """Metres per unit of a file that does not say: the unit in which the legs are as long as a person's.

    Raises:
        InputError: in no known unit are they.
    """
    if rig.name == PLUG_IN_GAIT:  # whose joints can be computed in metres only
        leg = [next(iter(rig.joints[marker])) for marker in ("RASI", "RKNE", "RANK")]
        names = [plain(name) for name in recording.names]
        length = path_length(recording.points[:, [names.index(name) for name in leg]])
    else:
        length = leg_length(to_h36m(recording.points, recording.names, rig))
    for unit in UNITS:
        if LEG[0] <= length * unit <= LEG[1]:
            return unit
    raise InputError(
        f"{path}: the right leg is {length:.4g} units long, in no common unit a person's leg; "
        "say with data.unit how many metres a unit is."
    )


def uprightness(take: Take) -> float:
    """How upright people are on average: 1 with the head straight above the feet, 0 lying, below 0 head down."""
    head, right, left = (H36M_17.joints.index(name) for name in ("head top", "right ankle", "left ankle"))
    axis = (take.pose[:, head] - (take.pose[:, right] + take.pose[:, left]) / 2).mean(0)
    return float(axis[2] / axis.norm())
