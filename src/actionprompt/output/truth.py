"""The true motion of a lifted one, from other systems' files: brought to its joints, axes and times, or refused."""

from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.data.motion_files import MotionFile, joints_of, read
from actionprompt.errors import InputError
from actionprompt.formats.motion import is_motion
from actionprompt.formats.npz_pickle import read_arrays
from actionprompt.output.npz import LARGEST
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import H36M_17
from actionprompt.untrusted import said

UPRIGHT = 0.7
"""Cosine of the angle between the bodies' axes (feet to head) up to which axes pass for the same."""
CLEARLY = 0.6
"""Other axes must lessen the error to this share before they are taken for the right ones."""


@dataclass(frozen=True)
class Truth:
    """The true poses at the lifted motion's times."""

    pose: Float[np.ndarray, "n j 3"]
    """Camera axes, relative to the root joint, metres."""
    notes: tuple[str, ...]
    """What was done to it, in words."""


def read_truth(path: Path, track: LiftedTrack) -> Truth:
    """Reads a .npz file with an array ``pose``, or any file of motion capture.

    ``pose`` is (frames, joints, 3) in metres, in camera axes; the root need not be taken off. ``time`` (seconds in the
    video) or ``fps`` say when its frames are, else they are those of the lifted motion. Motion capture begins with the
    video unless it says a time, and is turned about the vertical as fits best: no file says where the camera stood.

    Raises:
        InputError: not such a file, other joints, times that do not cover the motion, or axes that cannot be told.
    """
    if is_motion(path):
        return _from_motion(path, track)
    pose, time = _npz(path, track)
    notes: list[str] = []
    if time is not None:
        pose = at_times(pose, time, track.times, path)
        notes.append("interpolated at the motion's times")
    root = track.skeleton.root
    if np.abs(pose[:, root]).max() > 1e-3:
        pose = pose - pose[:, root : root + 1]
        notes.append(f"the {track.skeleton.joints[root]} taken off")
    pose, turned = _in_axes(pose, track, path)
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


def _from_motion(path: Path, track: LiftedTrack) -> Truth:
    """Motion capture's joints, stood up in the camera's axes and turned about the vertical."""
    if track.skeleton.joints != H36M_17.joints:
        raise InputError(
            f"{path} gives the joints of {H36M_17.name}, and the motion has those of {track.skeleton.name}."
        )
    recording = read(file := MotionFile(path))
    joints = joints_of(recording, file)
    time = recording.first + np.arange(joints.shape[0]) / recording.fps
    world = at_times(joints, time, track.times, path)
    world = world - world[:, :1]
    up = np.array(track.up) / np.linalg.norm(track.up)
    side = np.cross(up, [0.0, 0.0, 1.0])
    side = side / np.linalg.norm(side)
    stood = world @ np.stack([side, np.cross(up, side), up])
    lifted = track.pose - track.pose[:, track.skeleton.root, None]
    pose, angle = _turned(stood, lifted, up)
    return Truth(pose, ("the pelvis taken off", f"turned about the vertical by {np.degrees(angle):.0f} degrees"))


def _turned(
    pose: Float[np.ndarray, "n j 3"], target: Float[np.ndarray, "n j 3"], up: Float[np.ndarray, " 3"]
) -> tuple[Float[np.ndarray, "n j 3"], float]:
    """The pose turned about ``up`` by the one angle that brings it nearest to the target (least squares)."""
    flat = pose - (pose @ up)[..., None] * up
    sine, cosine = float((np.cross(up, flat) * target).sum()), float((flat * target).sum())
    angle = float(np.arctan2(sine, cosine))
    turned: Float[np.ndarray, "n j 3"] = pose + np.sin(angle) * np.cross(up, flat) + (np.cos(angle) - 1) * flat
    return turned, angle


def _in_axes(
    pose: Float[np.ndarray, "n j 3"], track: LiftedTrack, path: Path
) -> tuple[Float[np.ndarray, "n j 3"], tuple[str, ...]]:
    """The pose in the axes, of those that turn x, y and z into each other, in which it is the lifted motion.

    Raises:
        InputError: no axes make it clearly better, and people stand otherwise than in the lifted motion.
    """
    lifted = track.pose - track.pose[:, track.skeleton.root, None]

    def error(candidate: Float[np.ndarray, "n j 3"]) -> float:
        return float(np.linalg.norm(candidate - lifted, axis=-1).mean())

    turns = {words: pose @ turn.T for words, turn in _turns()}
    best = min(turns, key=lambda words: error(turns[words]))
    clearly = error(turns[best]) <= CLEARLY * error(pose)
    if not clearly and not _same_way(pose, lifted, track):
        raise InputError(
            f"{path}: people stand another way than in the lifted motion, and no axes make them agree: give `pose` in "
            "camera axes (x right, y down, z forward), metres."
        )
    if not clearly or best == "x, y, z":
        return pose, ()
    return turns[best], (f"its axes taken for the camera's {best}",)


def _same_way(pose: Float[np.ndarray, "n j 3"], lifted: Float[np.ndarray, "n j 3"], track: LiftedTrack) -> bool:
    """Whether bodies point the same way from ankles to head in both."""
    names = track.skeleton.joints
    feet = [names.index(name) for name in ("right ankle", "left ankle")]
    head = names.index("head top" if "head top" in names else "head")
    a, b = ((p[:, head] - p[:, feet].mean(1)).mean(0) for p in (pose, lifted))
    return bool(a @ b >= UPRIGHT * np.linalg.norm(a) * np.linalg.norm(b))


def _turns() -> list[tuple[str, Float[np.ndarray, "3 3"]]]:
    """The 24 turns that bring axes onto axes, and what they make of x, y, z in words."""
    found = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        turn = np.zeros((3, 3))
        turn[range(3), order] = signs
        if np.linalg.det(turn) > 0:
            words = ", ".join(
                f"{'-' if sign < 0 else ''}{'xyz'[axis]}" for axis, sign in zip(order, signs, strict=True)
            )
            found.append((words, turn))
    return found
