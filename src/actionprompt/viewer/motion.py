"""What the viewer shows: one sequence's keypoints, one or more lifted poses, perhaps the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton


class Unit(NamedTuple):
    """What an array's numbers are, and a size that they cannot reach."""

    limit: float
    rule: str


METRES = Unit(32.0, "3D joints are metres relative to the root (millimetres: divide by 1000)")
PATH = Unit(32000.0, "a path is metres in front of the camera")
SCREEN = Unit(3.2, "keypoints are normalised screen coordinates (pixels: camera.normalise_screen)")
CHANCE = Unit(1.0001, "a probability lies in [0, 1]")


@dataclass(frozen=True)
class ViewerMotion:
    """One lifted sequence; every array may be anything that ``np.asarray`` reads, and is kept as float32.

    3D is in metres and camera axes (x right, y down, z forward). A joint that is NaN is missing: a gap.

    Raises:
        InputError: an array whose shape, unit or range cannot be right.
    """

    skeleton: Skeleton
    fps: float
    """Frames per second."""
    keypoints: Float[np.ndarray, "n j 2"]
    """2D joints on the normalised screen: x in [-1, 1], y in ±h/w, down (``camera.normalise_screen``)."""
    poses: Mapping[str, Float[np.ndarray, "n j 3"]]
    """Each model's root-relative pose under the name to show; the first is the main one."""
    truth: Float[np.ndarray, "n j 3"] | None = None
    """The true root-relative pose."""
    root: Float[np.ndarray, "n 3"] | None = None
    """The root's path."""
    actions: tuple[str, ...] = ()
    """Action names, in the order of ``probability``'s columns."""
    probability: Float[np.ndarray, "n k"] | None = None
    """Each action's probability at each frame, in [0, 1]."""
    unknown_below: float = 0.0
    """The probability below which a frame's action is called unknown."""
    true_action: str = ""
    start: float = 0.0
    """When the first frame is in the video, seconds."""
    title: str = ""
    aspect: float = 1.0
    """Image height / width."""
    notes: tuple[str, ...] = ()
    """Lines to show below: model, data, numbers."""
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """The direction against gravity in camera axes; a tilted camera's figure then stands upright."""
    angles: Mapping[str, Float[np.ndarray, " n"]] = field(default_factory=dict)
    """Joint angles by name, degrees; NaN where one is not defined."""
    driving: str = ""
    """The angle that is shown first, without its side."""
    repetitions: tuple[tuple[float, float], ...] = ()
    """The frames from which to which repetitions go."""

    def __post_init__(self) -> None:
        keypoints = _array("keypoints", self.keypoints, (None, self.skeleton.num_joints, 2), SCREEN)
        n, j = keypoints.shape[:2]
        if n == 0:
            raise InputError("keypoints hold no frame: a motion needs at least one.")
        if not self.poses:
            raise InputError("poses are empty: give at least one model's pose.")
        if not (0 < self.fps < np.inf and 0 < self.aspect < np.inf):
            raise InputError(f"fps and aspect must be positive numbers, not {self.fps} and {self.aspect}.")
        if not 0 <= self.start < np.inf:
            raise InputError(f"start is {self.start}: the motion begins at 0 s of the video or later.")
        if not 0 < np.linalg.norm(self.up) < np.inf:
            raise InputError(f"up must be a direction of three numbers, not {self.up}.")
        poses = {name: _array(f"poses[{name!r}]", p, (n, j, 3), METRES) for name, p in self.poses.items()}
        converted: dict[str, object] = {"keypoints": keypoints, "poses": poses}
        if self.truth is not None:
            converted["truth"] = _array("truth", self.truth, (n, j, 3), METRES)
        if self.root is not None:
            converted["root"] = _complete("root", _array("root", self.root, (n, 3), PATH))
        if self.probability is not None:
            converted["probability"] = _chances(self.probability, n, len(self.actions))
        if wrong := [name for name, values in self.angles.items() if np.shape(values) != (n,)]:
            raise InputError(f"The angle {wrong[0]} has shape {np.shape(self.angles[wrong[0]])}: it should be ({n},).")
        for name, value in converted.items():
            object.__setattr__(self, name, value)  # frozen: nothing but the arrays' type changes


def _array(name: str, values: object, shape: tuple[int | None, ...], unit: Unit) -> Float[np.ndarray, "*shape"]:
    """Values as float32; the shape must fit (None: any length), the values stay below the unit's limit."""
    array = np.asarray(values, dtype=np.float32)
    if array.ndim != len(shape) or any(w not in (None, h) for w, h in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("frames" if w is None else str(w) for w in shape)
        raise InputError(f"{name} have shape {array.shape}: it should be ({wanted}).")
    largest = float(np.nanmax(np.abs(array), initial=0))
    if largest >= unit.limit:
        raise InputError(f"{name} reach {largest:.4g}: {unit.rule}.")
    return array


def _complete(name: str, array: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The array, in which nothing may be missing."""
    missing = np.isnan(array).any(-1)
    if missing.any():
        raise InputError(f"{name} hold NaN at frame {missing.argmax()}: every frame must be known.")
    return array


def _chances(values: object, n: int, k: int) -> Float[np.ndarray, "frames actions"]:
    """Probabilities, one column per action."""
    array = _complete("probability", _array("probability", values, (n, k), CHANCE))
    if array.min(initial=0) < -1e-4:
        raise InputError(f"probability reach {array.min():.4g}: {CHANCE.rule}.")
    return array.clip(0, 1)
