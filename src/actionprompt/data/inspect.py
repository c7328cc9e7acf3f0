"""``actionprompt data inspect``: what a data file or folder holds, and whether it is sound."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from actionprompt.data import (
    hdm05_report,
    human36m_report,
    humaneva_report,
    keypoint_report,
    mocap_report,
    uiprmd_report,
)
from actionprompt.data.inspection import Report
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
        Kind("a UI-PRMD folder", uiprmd_report.is_folder, uiprmd_report.describe_folder),
        Kind("a UI-PRMD file (mAA_sBB_eCC_positions.txt)", uiprmd_report.is_file, uiprmd_report.describe_file),
        Kind("a Human3.6M folder", human36m_report.is_folder, human36m_report.describe_folder),
        Kind("a Human3.6M 2D file beside its 3D file", human36m_report.is_file, human36m_report.describe_file),
        Kind("a HumanEva-I folder", humaneva_report.is_folder, humaneva_report.describe_folder),
        Kind("an HDM05-11 folder", hdm05_report.is_folder, hdm05_report.describe_folder),
        Kind("a table of motion capture files (.csv)", mocap_report.is_table, mocap_report.describe_table),
        Kind("a motion capture file (.bvh, .c3d)", mocap_report.is_file, mocap_report.describe_file),
        Kind(
            "2D keypoints (.json, .npz, .npy, .csv, or a folder of OpenPose)",
            keypoint_report.recognises,
            keypoint_report.describe,
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
