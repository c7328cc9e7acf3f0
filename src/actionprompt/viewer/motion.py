"""What the viewer shows: one sequence's keypoints, one or more lifted poses, and what is known of the truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton


@dataclass(frozen=True)
class Motion:
    """One lifted sequence; every array may be anything that ``np.asarray`` reads, and is kept as float32.

    3D is in metres and camera axes (x right, y down, z forward). A joint that is NaN is missing and shows as a gap.

    Raises:
        InputError: an array whose shape, unit or range cannot be right.
    """

    skeleton: Skeleton
    fps: float
    keypoints: Float[np.ndarray, "n j 2"]
    """2D joints on the normalised screen: x in [-1, 1], y in [-h/w, h/w], y down (``camera.normalise_screen``)."""
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
    true_action: str = ""
    title: str = ""
    aspect: float = 1.0
    """Image height / width."""
    notes: tuple[str, ...] = ()
    """Lines to show below: model, data, numbers."""
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """The direction against gravity in camera axes: a tilted camera's figure then stands upright on the floor."""

    def __post_init__(self) -> None:
        n, j = _array(self.keypoints, "keypoints", (None, self.skeleton.num_joints, 2)).shape[:2]
        if n == 0:
            raise InputError("keypoints hold no frame: a motion needs at least one.")
        if not self.poses:
            raise InputError("poses are empty: give at least one model's pose.")
        if not (np.isfinite(self.fps) and self.fps > 0 and np.isfinite(self.aspect) and self.aspect > 0):
            raise InputError(f"fps and aspect must be positive numbers, not {self.fps} and {self.aspect}.")
        set_ = object.__setattr__  # the dataclass is frozen; the arrays are only converted
        set_(self, "keypoints", _within(_array(self.keypoints, "keypoints", (n, j, 2)), "keypoints", 3.2, SCREEN))
        set_(self, "poses", {name: _pose(pose, f"poses[{name!r}]", n, j) for name, pose in self.poses.items()})
        if self.truth is not None:
            set_(self, "truth", _pose(self.truth, "truth", n, j))
        if self.root is not None:
            set_(self, "root", _complete(_within(_array(self.root, "root", (n, 3)), "root", 32, METRES), "root"))
        if self.probability is not None:
            set_(self, "probability", _chances(self.probability, n, self.actions))
        if not 0 < np.linalg.norm(self.up) < np.inf:
            raise InputError(f"up must be a direction of three numbers, not {self.up}.")


METRES = "3D joints are metres relative to the root (millimetres: divide by 1000)"
SCREEN = "keypoints are normalised screen coordinates (pixels: camera.normalise_screen)"


def _array(values: object, name: str, shape: tuple[int | None, ...]) -> Float[np.ndarray, "*shape"]:
    """Values as float32, whose shape must fit (None: any length)."""
    array = np.asarray(values, dtype=np.float32)
    if array.ndim != len(shape) or any(w not in (None, h) for w, h in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("frames" if w is None else str(w) for w in shape)
        raise InputError(f"{name} have shape {array.shape}: it should be ({wanted}).")
    return array


def _within(array: Float[np.ndarray, "*shape"], name: str, limit: float, rule: str) -> Float[np.ndarray, "*shape"]:
    """The array, whose present values must be smaller than the limit."""
    largest = float(np.nanmax(np.abs(array), initial=0))
    if largest >= limit:
        raise InputError(f"{name} reach {largest:.4g}, beyond {limit}: {rule}.")
    return array


def _pose(values: object, name: str, n: int, j: int) -> Float[np.ndarray, "n j 3"]:
    return _within(_array(values, name, (n, j, 3)), name, 32, METRES)


def _complete(array: Float[np.ndarray, "*shape"], name: str) -> Float[np.ndarray, "*shape"]:
    """The array, in which nothing may be missing."""
    if np.isnan(array).any():
        raise InputError(f"{name} holds NaN at frame {int(np.isnan(array).any(-1).argmax())}: it must be complete.")
    return array


def _chances(values: object, n: int, actions: tuple[str, ...]) -> Float[np.ndarray, "n k"]:
    """Probabilities, one column per action."""
    array = _complete(_array(values, "probability", (n, len(actions))), "probability")
    if array.min(initial=0) < -1e-4 or array.max(initial=0) > 1 + 1e-4:
        raise InputError(f"probability spans {array.min():.4g} to {array.max():.4g}: it must lie in [0, 1].")
    return array.clip(0, 1)
