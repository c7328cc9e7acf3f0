"""The true motion of a lifted one, from other systems' files: brought to its joints, axes and times, or refused."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.data.motion_files import MotionFile, joints_of, read
from actionprompt.errors import InputError
from actionprompt.formats.motion import is_motion
from actionprompt.formats.npz_pickle import read_arrays
from actionprompt.output.npz import LARGEST
from actionprompt.output.track import LiftedTrack
from actionprompt.output.truth_axes import in_axes, same_way, turned
from actionprompt.skeleton import H36M_17
from actionprompt.untrusted import said

ROUGH = "a depth camera's joints are wrong by 49 to 109 mm themselves"
"""Said wherever a Kinect is the truth."""


@dataclass(frozen=True)
class Truth:
    """The true poses at the lifted motion's times."""

    pose: Float[np.ndarray, "n j 3"]
    """Camera axes, relative to the root joint, metres."""
    notes: tuple[str, ...]
    """What was done to it, in words."""


def read_truth(path: Path, track: LiftedTrack, hints: MotionFile | None = None, begin: float | None = None) -> Truth:
    """Reads a .npz file with an array ``pose``, or any file of motion capture.

    ``pose`` is (frames, joints, 3) in metres, in camera axes; the root need not be taken off. ``time`` (seconds in the
    video) or ``fps`` say when its frames are, else they are those of the lifted motion. Motion capture begins with the
    video unless it says a time, and is turned about the vertical as fits best: no file says where the camera stood.

    Args:
        path: the file.
        track: the lifted motion.
        hints: what a file of motion capture does not say itself.
        begin: seconds in the video at which the truth's first frame is (None: as the file says).

    Raises:
        InputError: not such a file, other joints, times that do not cover the motion, or axes that cannot be told.
    """
    if is_motion(path):
        return _from_motion(hints or MotionFile(path), track, begin)
    pose, time = _npz(path, track)
    if begin is not None and time is not None:
        time = time - time[0] + begin
    notes: list[str] = []
    if time is not None:
        pose = at_times(pose, time, track.times, path)
        notes.append("interpolated at the motion's times")
    root = track.skeleton.root
    if np.abs(pose[:, root]).max() > 1e-3:
        pose = pose - pose[:, root : root + 1]
        notes.append(f"the {track.skeleton.joints[root]} taken off")
    pose, turned = in_axes(pose, track, path)
    return Truth(pose, (*notes, *turned))


def errors(pose: Float[np.ndarray, "n j 3"], true: Float[np.ndarray, "n j 3"]) -> tuple[float, float]:
    """P1 and PA-MPJPE, metres: the mean distance of joints, as they are and after the best similarity transform."""
    import torch

    from actionprompt.metrics import mpjpe, p_mpjpe

    predicted, target = (torch.from_numpy(np.asarray(x, dtype=np.float64)) for x in (pose, true))
    return float(mpjpe(predicted, target).mean()), float(p_mpjpe(predicted, target).mean())


def at_times(
    pose: Float[np.ndarray, "n j 3"], time: Float[np.ndarray, " n"], wanted: Float[np.ndarray, " m"], path: Path
) -> Float[np.ndarray, "m j 3"]:
    """The poses at other times, by straight lines between the nearest.

    Raises:
        InputError: times that do not rise, or that do not cover the wanted ones to within a frame.
    """
    if time.size < 2 or not (np.diff(time) > 0).all():
        raise InputError(f"{path}: its times must rise from frame to frame.")
    slack = float(np.median(np.diff(time))) + 1e-6
    if wanted[0] < time[0] - slack or wanted[-1] > time[-1] + slack:
        raise InputError(
            f"{path} lasts from {time[0]:.2f} to {time[-1]:.2f} s, the motion from {wanted[0]:.2f} to "
            f"{wanted[-1]:.2f} s: it must cover the motion."
        )
    after = np.searchsorted(time, wanted).clip(1, time.size - 1)
    share = ((wanted - time[after - 1]) / (time[after] - time[after - 1])).clip(0, 1)[:, None, None]
    found: Float[np.ndarray, "m j 3"] = pose[after - 1] * (1 - share) + pose[after] * share
    return found


def _npz(path: Path, track: LiftedTrack) -> tuple[Float[np.ndarray, "n j 3"], Float[np.ndarray, " n"] | None]:
    """The poses and their times, which a file need not say if it has as many frames as the motion."""
    try:
        found = read_arrays(path, {"pose", "time", "fps"}.__contains__)
        pose = np.array(found["pose"], dtype=float)
        time = np.array(found["time"], dtype=float) if "time" in found else None
        if time is None and "fps" in found:
            time = np.arange(pose.shape[0]) / float(found["fps"])
    except Exception as error:  # NumPy and its zip files raise many kinds
        raise InputError(
            f"{path} is not an .npz file with an array `pose`, nor motion capture that can be read ({said(error)})."
        ) from error
    if pose.shape[1:] != track.pose.shape[1:] or not pose.size or not (np.abs(pose) < LARGEST).all():
        raise InputError(
            f"{path} holds `pose` of shape {pose.shape}, or numbers that are none; the motion's is {track.pose.shape}."
        )
    if time is not None and (time.shape != pose.shape[:1] or not np.isfinite(time).all()):
        raise InputError(f"{path}: `time` must be one number a frame, and `fps` above 0.")
    if time is None and pose.shape[0] != track.num_frames:
        raise InputError(
            f"{path} has {pose.shape[0]} frames and the motion {track.num_frames}: add an array `time` (seconds in the "
            "video) or `fps`."
        )
    return pose, time


def _from_motion(file: MotionFile, track: LiftedTrack, begin: float | None) -> Truth:
    """Motion capture's joints, stood up in the camera's axes and turned about the vertical.

    Raises:
        InputError: other joints than the motion's, times that do not cover it, or people who stand another way.
    """
    path = file.path
    if track.skeleton.joints != H36M_17.joints:
        raise InputError(
            f"{path} gives the joints of {H36M_17.name}, and the motion has those of {track.skeleton.name}."
        )
    recording = read(file)
    joints = joints_of(recording, file)
    first = recording.first if begin is None else begin
    world = at_times(joints, first + np.arange(joints.shape[0]) / recording.fps, track.times, path)
    world = world - world[:, :1]
    up = np.array(track.up) / np.linalg.norm(track.up)
    side = np.cross(up, [0.0, 0.0, 1.0])
    side = side / np.linalg.norm(side)
    stood = world @ np.stack([side, np.cross(up, side), up])
    lifted = track.pose - track.pose[:, track.skeleton.root, None]
    if not same_way(stood, lifted, track):
        raise InputError(
            f"{path}: people stand another way than in the lifted motion: say which axis points up (--up x, y or z)."
        )
    pose, angle = turned(stood, lifted, up)
    notes = ("the pelvis taken off", f"turned about the vertical by {np.degrees(angle):.0f} degrees")
    return Truth(pose, (*notes, ROUGH) if path.suffix.lower() in (".skeleton", ".json") else notes)
