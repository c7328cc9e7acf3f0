"""Reads back the .npz files that ``actionprompt lift`` writes."""

from pathlib import Path

import numpy as np

from actionprompt.errors import InputError
from actionprompt.output.track import LiftedTrack
from actionprompt.skeleton import SKELETONS


def read_npz(path: Path) -> LiftedTrack:
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
