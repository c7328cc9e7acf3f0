"""Marker trajectories in C3D: one person, z up, millimetres, joints as markers; by ezc3d (extra ``mocap``)."""

import errno
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.c3d_file import read_file
from actionprompt.output.axes import World
from actionprompt.output.track import LiftedTrack


def save_c3d(track: LiftedTrack, world: World, path: Path) -> None:
    """Writes a file.

    Raises:
        InputError: ezc3d is not installed, or the motion has more frames than the format can count.
        OSError: the file cannot be written.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise InputError("Writing C3D needs ezc3d: pip install 'actionprompt[mocap]'.") from error
    if track.num_frames > 65535:
        raise InputError(f"C3D counts frames up to 65535; person {track.person} has {track.num_frames}: write TRC.")
    content = ezc3d.c3d()
    about = content["parameters"]["POINT"]
    labels = [joint.replace(" ", "_") for joint in track.skeleton.joints]
    about["RATE"]["value"], about["UNITS"]["value"], about["LABELS"]["value"] = [track.fps], ["mm"], labels
    points = np.ones((4, len(labels), track.num_frames))
    points[:3] = 1000 * world.points(track.points).transpose(2, 1, 0)
    content["data"]["points"] = points
    content.add_parameter("ACTIONPROMPT", "FIRST_SECOND", [track.first])
    if track.notes:
        content.add_parameter("ACTIONPROMPT", "NOTES", [note[:250] for note in track.notes])
    content.write(str(path))
    if not _holds(path, points):  # the library does not say when a disk is full
        raise OSError(errno.ENOSPC, "the file is not whole")


def _holds(path: Path, points: Float[np.ndarray, "4 j n"]) -> bool:
    """Whether the file gives the points back; by our own reader, which nothing in a cut file can crash."""
    try:
        found = read_file(path).points[..., :3]
    except InputError:
        return False
    return found.shape == points[:3].T.shape and np.allclose(found, points[:3].T, atol=0.01)
