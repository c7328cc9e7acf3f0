"""One person's motion as plain arrays (.npz), written and read back; docs/outputs.md describes each of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.output.axes import Axes
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import SKELETONS


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
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        axes, skeleton = str(found["axes"]), SKELETONS[str(found["skeleton"])]
    except KeyError as error:
        if {"keypoints", "times"} <= set(found):
            raise InputError(f"{path} holds what a detector saw, in 2D: lift it first.") from error
        raise InputError(f"{path} has no array {error}: `actionprompt lift` did not write it.") from error
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not an .npz file that `actionprompt lift` wrote.") from error
    if axes != "camera":
        raise InputError(f"{path} was written with {axes} axes: lift again with --axes camera to view it.")
    try:
        return LiftedTrack(
            person=str(found["person"]),
            first=float(found["time"][0]),
            fps=float(found["fps"]),
            skeleton=skeleton,
            keypoints=found["keypoints"],
            pose=found["pose"],
            confidence=found.get("confidence"),
            root=found.get("root_approximate"),
            actions=tuple(found["actions"].tolist()),
            probability=found["probability"],
            size=(int(found["size"][0]), int(found["size"][1])),
            up=(float(found["up"][0]), float(found["up"][1]), float(found["up"][2])),
            notes=tuple(found["notes"].tolist()),
            unknown_below=float(found.get("unknown_below", 0.0)),
        )
    except (KeyError, IndexError, AssertionError, TypeError) as error:
        raise InputError(f"{path} is damaged or of another version ({error}).") from error
