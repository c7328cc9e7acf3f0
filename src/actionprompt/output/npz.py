"""One person's motion as plain arrays (.npz); docs/outputs.md describes each of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actionprompt.output.axes import Axes
from actionprompt.output.track import LiftedTrack


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
