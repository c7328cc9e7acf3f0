"""One person's motion as plain arrays (.npz), written and read back; docs/outputs.md describes each of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.formats.npz_pickle import read_arrays
from actionprompt.output.axes import Axes
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import FEET, SKELETONS, Skeleton
from actionprompt.untrusted import reading

COORDINATES = ("keypoints", "pose", "probability", "confidence", "root_approximate", "feet", "up", "unknown_below")
NEEDED = (
    "time",
    "fps",
    "keypoints",
    "pose",
    "probability",
    "axes",
    "skeleton",
    "person",
    "actions",
    "size",
    "up",
    "notes",
)
LARGEST = 1e6
"""Metres, or image widths: nothing that a camera saw is further away."""


def save_npz(track: LiftedTrack, path: Path, axes: Axes = "camera") -> None:
    """Writes plain arrays, which ``np.load(path, allow_pickle=False)`` reads.

    Raises:
        OSError: the file cannot be written.
    """
    arrays: dict[str, np.ndarray] = {
        "time": track.times,
        "keypoints": track.keypoints,
        "pose": track.pose,
        "probability": track.probability,
        "actions": _words(track.actions),
        "joints": _words(track.skeleton.joints),
        "parents": np.array(track.skeleton.parents),
        "person": np.array(track.person),
        "skeleton": np.array(track.skeleton.name),
        "fps": np.array(track.fps),
        "size": np.array(track.size),
        "up": np.array(track.up),
        "axes": np.array(axes),
        "notes": _words(track.notes),
        "seen": track.seen,
        "action": _words(track.shown),
        "unknown_below": np.array(track.unknown_below),
    }
    arrays |= {} if track.confidence is None else {"confidence": track.confidence}
    arrays |= {} if track.root is None else {"root_approximate": track.root}
    if (feet := track.feet_pose) is not None:
        arrays |= {"feet": feet, "foot_points": _words(FEET)}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _words(words: Sequence[str]) -> np.ndarray:
    return np.array(words, dtype=str) if words else np.empty(0, dtype="U1")


def read_lifted(path: Path) -> LiftedTrack:
    """One person's lifted motion, in camera axes.

    Raises:
        InputError: no such file, not one of ours, or one that was written in world axes.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    try:
        found = read_arrays(path)
    except InputError as error:
        raise InputError(f"{path} is not an .npz file that `actionprompt lift` wrote: {error}") from error
    if lacking := [name for name in NEEDED if name not in found]:
        if {"keypoints", "times"} <= set(found):
            raise InputError(f"{path} holds what a detector saw, in 2D: lift it first.")
        raise InputError(f"{path} has no array {lacking[0]!r}: `actionprompt lift` did not write it.")
    axes, name = str(found["axes"]), str(found["skeleton"])
    if name not in SKELETONS:
        raise InputError(f"{path} has a skeleton {name[:50]!r} that is not known: {', '.join(SKELETONS)} are.")
    if axes != "camera":
        raise InputError(f"{path} was written with {axes[:50]} axes: lift again with --axes camera to view it.")
    with reading(f"{path} is damaged or of another version"):
        return _track({key: np.array(array) for key, array in found.items()}, SKELETONS[name])


def _track(found: Mapping[str, np.ndarray], skeleton: Skeleton) -> LiftedTrack:
    """The motion in a file's arrays.

    Raises:
        ValueError: coordinates that are not numbers, or too large (other exceptions for arrays that do not fit).
    """
    numbers = [found[name] for name in COORDINATES if name in found]
    if any(array.dtype.kind not in "fiu" or not (np.abs(array) <= LARGEST).all() for array in numbers):
        raise ValueError("coordinates that are not numbers, or too large")
    if not np.isfinite(found["time"]).all() or not 0 < float(found["fps"]) < float("inf"):
        raise ValueError("times or a frame rate that are not numbers")
    feet = None
    if "feet" in found:
        ankles = found["pose"][:, [skeleton.joints.index(f"{side} ankle") for side in ("left", "right")]]
        feet = found["feet"].reshape(-1, 2, 2, 3) - ankles[:, :, None]
    return LiftedTrack(
        feet=feet,
        person=str(found["person"]),
        first=float(found["time"][0]),
        fps=float(found["fps"]),
        skeleton=skeleton,
        keypoints=found["keypoints"],
        pose=found["pose"],
        confidence=found.get("confidence"),
        root=found.get("root_approximate"),
        actions=tuple(map(str, found["actions"].tolist())),
        probability=found["probability"],
        size=(int(found["size"][0]), int(found["size"][1])),
        up=(float(found["up"][0]), float(found["up"][1]), float(found["up"][2])),
        notes=tuple(map(str, found["notes"].tolist())),
        unknown_below=float(found.get("unknown_below", 0.0)),
    )
