"""What is written: one person's lifted motion."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

UNKNOWN = "unknown"
"""The action of frames in which none of the model's actions is likely enough."""
HARDLY_SEEN = 0.3
"""Confidence of a 2D joint below which its place is a guess."""


def _no_probability() -> Float[np.ndarray, "n k"]:
    return np.empty((0, 0))


@dataclass(frozen=True)
class LiftedTrack:
    """One person's lifted motion, one entry per frame at a constant rate.

    Arrays may be anything that ``np.asarray`` reads; they are kept as floating point numbers.

    Raises:
        InputError: no frames, a frame rate or ``up`` that cannot be, or a coordinate that is not a number.
    """

    person: str
    """A name that tells people apart, such as ``1``."""
    first: float
    """Seconds: the time in the video of frame 0."""
    fps: float
    skeleton: Skeleton
    keypoints: Float[np.ndarray, "n j 2"]
    """2D joints on the normalised screen: x in [-1, 1], y in ±h/w, down (``camera.normalise_screen``)."""
    pose: Float[np.ndarray, "n j 3"]
    """Camera axes (x right, y down, z forward), relative to the root joint, metres."""
    confidence: Float[np.ndarray, "n j"] | None = None
    """The confidence of the 2D joints; 0 where they are interpolated."""
    root: Float[np.ndarray, "n 3"] | None = None
    """The root's path in camera axes, metres: an estimate from one camera, APPROXIMATE."""
    feet: Float[np.ndarray, "n 2 2 3"] | None = None
    """Heel and toe of the left and of the right foot, each from its ankle, in the axes of ``pose``, metres."""
    actions: tuple[str, ...] = ()
    """Action names, in the order of ``probability``'s columns."""
    probability: Float[np.ndarray, "n k"] = field(default_factory=_no_probability)
    """Each action's probability at each frame; k = 0 without actions."""
    unknown_below: float = 0.0
    """The probability below which a frame's action is :data:`UNKNOWN`; 0: it is always one of ``actions``."""
    size: tuple[int, int] = (0, 0)
    """Image width and height in pixels; zeros where unknown."""
    up: tuple[float, float, float] = (0.0, -1.0, 0.0)
    """The direction against gravity, in camera axes."""
    notes: tuple[str, ...] = ()
    """Lines that say where the motion comes from (model, detector, smoothing with its lag ...): every format that
    can hold text carries them."""

    def __post_init__(self) -> None:
        n, j = np.shape(self.keypoints)[:2]
        shapes: dict[str, tuple[int, ...]] = {"keypoints": (n, j, 2), "pose": (n, j, 3)}
        shapes |= {"confidence": (n, j)} if self.confidence is not None else {}
        shapes |= {"root": (n, 3)} if self.root is not None else {}
        shapes |= {"feet": (n, 2, 2, 3)} if self.feet is not None else {}
        shapes |= {"probability": (n, len(self.actions))}
        if n == 0:
            raise InputError(f"Person {self.person} has no frame: a motion needs at least one.")
        if not (0 < self.fps < np.inf and np.isfinite(self.first)):
            raise InputError(f"Person {self.person} has {self.fps} frames/s from {self.first} s: give real numbers.")
        if not 0 < np.linalg.norm(self.up) < np.inf:
            raise InputError(f"up must be a direction of three numbers, not {self.up}.")
        assert j == self.skeleton.num_joints, (j, self.skeleton.name)
        for name, shape in shapes.items():
            array = np.asarray(getattr(self, name))
            array = array if np.issubdtype(array.dtype, np.floating) else array.astype(float)
            if name == "probability" and array.size == 0 and not self.actions:
                array = np.empty((n, 0))
            assert array.shape == shape, (name, array.shape, shape)
            if not (finite := np.isfinite(array).reshape(n, -1).all(1)).all():
                raise InputError(
                    f"Person {self.person}'s {name} is not a number at frame {int(finite.argmin())}: fill gaps first."
                )
            object.__setattr__(self, name, array)  # frozen: nothing but the arrays' type changes

    @property
    def num_frames(self) -> int:
        """N."""
        return self.pose.shape[0]

    @property
    def seen(self) -> Bool[np.ndarray, "n j"]:
        """Which joints the detector saw; the others, interpolated or of little confidence, are guesses."""
        if self.confidence is None:
            return np.ones(self.pose.shape[:2], dtype=bool)
        seen: Bool[np.ndarray, "n j"] = self.confidence >= HARDLY_SEEN
        return seen

    @property
    def shown(self) -> tuple[str, ...]:
        """Each frame's likeliest action, or :data:`UNKNOWN`; none without actions."""
        if not self.actions:
            return ()
        best = self.probability.argmax(1)
        sure = self.probability[np.arange(best.size), best] >= self.unknown_below
        return tuple(self.actions[k] if yes else UNKNOWN for k, yes in zip(best.tolist(), sure.tolist(), strict=True))

    @property
    def times(self) -> Float[np.ndarray, " n"]:
        """Each frame's time in the video, seconds."""
        return self.first + np.arange(self.num_frames) / self.fps

    @property
    def points(self) -> Float[np.ndarray, "n j 3"]:
        """Joints in camera axes, metres: the pose on the root's path where that is known."""
        return self.pose if self.root is None else self.pose + self.root[:, None]

    @property
    def feet_pose(self) -> Float[np.ndarray, "n 4 3"] | None:
        """Left heel, left toe, right heel and right toe as ``pose`` has joints; None where they are unknown."""
        if self.feet is None:
            return None
        ankles = self.pose[:, [self.skeleton.joints.index(f"{side} ankle") for side in ("left", "right")]]
        return (ankles[:, :, None] + self.feet).reshape(-1, 4, 3)

    @property
    def pixels(self) -> Float[np.ndarray, "n j 2"]:
        """2D joints in the image, from its upper left corner; its size must be known."""
        width, height = self.size
        assert min(self.size) > 0, self.size
        return (self.keypoints + np.array([1, height / width])) * (width / 2)
