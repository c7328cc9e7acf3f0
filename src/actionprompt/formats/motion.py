"""Any file of motion capture, by its ending."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.formats.acclaim import read_amc, read_asf
from actionprompt.formats.bvh import read_bvh
from actionprompt.formats.c3d import read_c3d
from actionprompt.formats.kinect import is_kinect_json, read_kinect_json, read_skeleton
from actionprompt.formats.mvnx import read_mvnx
from actionprompt.formats.recording import Recording
from actionprompt.formats.trc import read_trc

ACCLAIM_FPS = 120.0
"""Frames a second of AMC files, which do not say: CMU's and HDM05's."""
READERS: dict[str, Callable[[Path], Recording]] = {
    ".bvh": read_bvh,
    ".c3d": read_c3d,
    ".trc": read_trc,
    ".mvnx": read_mvnx,
    ".skeleton": read_skeleton,
    ".json": read_kinect_json,
}
"""Formats whose files hold everything, by ending."""
ENDINGS = (".amc", *READERS)
"""All formats."""


def read_motion(path: Path, skeleton: Path | None = None) -> Recording:
    """Reads a file; an .amc needs its skeleton, or finds it beside itself.

    Raises:
        InputError: another ending, or a file that is not what it should be.
    """
    ending = path.suffix.lower()
    if ending == ".amc":
        return read_amc(path, read_asf(skeleton or skeleton_beside(path)), ACCLAIM_FPS)
    if ending not in READERS:
        raise InputError(f"{path.name} is none of {', '.join(ENDINGS)}.")
    found = READERS[ending](path)
    if (endless := np.isinf(found.points).any((1, 2))).any():
        raise InputError(f"{path} has infinite numbers in frame {int(endless.argmax()) + 1}.")
    return found


def is_motion(path: Path) -> bool:
    """Whether it is a file of motion capture, by its name; JSON, which may be keypoints, by its beginning."""
    ending = path.suffix.lower()
    return path.is_file() and ending in ENDINGS and (ending != ".json" or is_kinect_json(path))


def skeleton_beside(amc: Path) -> Path:
    """The skeleton in the same folder whose name begins the motion's, else the only one there.

    (Unless that one's name begins other motions: then it is another person's.)

    Raises:
        InputError: there is none, or it is not clear which.
    """
    beside = [file for file in sorted(amc.parent.iterdir()) if file.suffix.lower() == ".asf"]
    matching = sorted((f for f in beside if _begins(f.stem, amc.stem)), key=lambda file: -len(file.stem))
    motions = [file.stem for file in amc.parent.iterdir() if file.suffix.lower() == ".amc"]
    alone = len(beside) == 1 and not any(_begins(beside[0].stem, motion) for motion in motions)
    if matching or alone:
        return (matching or beside)[0]
    raise InputError(f"{amc} needs its .asf skeleton: put it beside it, or name it in a column skeleton.")


def _begins(skeleton: str, motion: str) -> bool:
    """Whether a motion's name begins with a skeleton's: 10 with 10, and not with 1."""
    rest = motion.removeprefix(skeleton)
    return motion.startswith(skeleton) and not (rest[:1].isdigit() and skeleton[-1:].isdigit())
