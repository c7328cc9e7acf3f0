"""``actionprompt data inspect``: what a data file or folder holds, and whether it is sound."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from actionprompt.data.inspect import cmu, hdm05, human36m, humaneva, keypoint, mocap, uiprmd
from actionprompt.data.inspect.facts import Report
from actionprompt.errors import InputError


class Kind(NamedTuple):
    """One kind of data that can be inspected."""

    accepts: str
    """For the message that lists what is accepted."""
    recognises: Callable[[Path], bool]
    """Looks at names and first bytes only, never fails."""
    describe: Callable[[Path], Report]


def kinds() -> tuple[Kind, ...]:
    """In the order of asking: the first kind that recognises a path describes it."""
    return (
        Kind("a UI-PRMD folder", uiprmd.is_folder, uiprmd.describe_folder),
        Kind("a UI-PRMD file (mAA_sBB_eCC_positions.txt)", uiprmd.is_file, uiprmd.describe_file),
        Kind("a Human3.6M folder", human36m.is_folder, human36m.describe_folder),
        Kind("a Human3.6M 2D file beside its 3D file", human36m.is_file, human36m.describe_file),
        Kind("a HumanEva-I folder", humaneva.is_folder, humaneva.describe_folder),
        Kind("an HDM05-11 folder", hdm05.is_folder, hdm05.describe_folder),
        Kind("a folder of CMU's motion capture", cmu.is_folder, cmu.describe_folder),
        Kind("a table of motion capture files (.csv)", mocap.is_table, mocap.describe_table),
        Kind("a motion capture file (.bvh, .c3d)", mocap.is_file, mocap.describe_file),
        Kind(
            "2D keypoints (.json, .npz, .npy, .csv, or a folder of OpenPose)",
            keypoint.recognises,
            keypoint.describe,
        ),
    )


def inspect(path: Path) -> Report:
    """Reads what is at ``path`` and says what it is.

    Raises:
        InputError: nothing there, or nothing that is known.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: give a data file or folder.")
    for kind in kinds():
        if kind.recognises(path):
            return kind.describe(path)
    accepted = ", ".join(kind.accepts for kind in kinds())
    raise InputError(f"{path} is no data that this program reads: it accepts {accepted}.")
