"""``actionprompt data inspect``: what a data file or folder holds, and whether it is sound."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from actionprompt.data.inspect import cmu, hdm05, human36m, humaneva, keypoint, mocap, uiprmd
from actionprompt.data.inspect.facts import MotionHints, Report
from actionprompt.errors import InputError
from actionprompt.formats.motion import ENDINGS


class Kind(NamedTuple):
    """One kind of data that can be inspected."""

    accepts: str
    """For the message that lists what is accepted."""
    recognises: Callable[[Path], bool]
    """Looks at names and first bytes only, never fails."""
    describe: Callable[[Path], Report]


def kinds(hints: MotionHints = MotionHints()) -> tuple[Kind, ...]:
    """In the order of asking: the first kind that recognises a path describes it."""
    return (
        Kind("a UI-PRMD folder", uiprmd.is_folder, uiprmd.describe_folder),
        Kind("a UI-PRMD file (mAA_sBB_eCC_positions.txt)", uiprmd.is_file, uiprmd.describe_file),
        Kind("a Human3.6M folder", human36m.is_folder, human36m.describe_folder),
        Kind("a Human3.6M 2D file beside its 3D file", human36m.is_file, human36m.describe_file),
        Kind("a HumanEva-I folder", humaneva.is_folder, humaneva.describe_folder),
        Kind("an HDM05-11 folder", hdm05.is_folder, hdm05.describe_folder),
        Kind("a folder of CMU's motion capture", cmu.is_folder, cmu.describe_folder),
        Kind("a table of motion capture files (.csv)", mocap.is_table, partial(mocap.describe_table, hints=hints)),
        Kind(f"a motion capture file ({', '.join(ENDINGS)})", mocap.is_file, partial(mocap.describe_file, hints=hints)),
        Kind("a folder of such files", mocap.is_folder, partial(mocap.describe_folder, hints=hints)),
        Kind(
            "2D keypoints (.json, .npz, .npy, .csv, or a folder of OpenPose)",
            keypoint.recognises,
            keypoint.describe,
        ),
    )


def inspect(path: Path, hints: MotionHints = MotionHints()) -> Report:
    """Reads what is at ``path`` and says what it is.

    Raises:
        InputError: nothing there, nothing that is known, or hints for something that is not motion capture.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: give a data file or folder.")
    for kind in kinds(hints):
        if kind.recognises(path):
            if hints != MotionHints() and not isinstance(kind.describe, partial):
                raise InputError(f"{path} is {kind.accepts}: --rig, --unit and --up are for motion capture files.")
            return kind.describe(path)
    accepted = ", ".join(kind.accepts for kind in kinds())
    raise InputError(f"{path} is not data that this program reads: it accepts {accepted}.")
