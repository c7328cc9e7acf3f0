"""The root's path through space, estimated from 2D joints, root-relative 3D joints and the camera: APPROXIMATE.

A lifted pose says how large the person is in metres, the 2D joints how large they appear; the two give the distance.
Errors of the assumed focal length and of the person's size go into the distance in proportion: a person who is 5 %
taller than the model believes stands 5 % farther away than the path says.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.output.smooth import Smoothing
from actionprompt.output.track import LiftedTrack

PHONE_VIEW = 65.0
"""Degrees along the image's longer side: a phone's main camera filming (26 mm equivalent, 69 degrees, less what image
stabilisation crops)."""


@dataclass(frozen=True)
class Lens:
    """A pinhole camera in normalised screen units: the image is 2 wide."""

    focal: tuple[float, float]
    """fx, fy."""
    centre: tuple[float, float] = (0.0, 0.0)
    """cx, cy: the principal point."""
    about: str = "focal length given"
    """Where the numbers come from, for the notes."""

    def __post_init__(self) -> None:
        if not all(0 < f < np.inf for f in self.focal):
            raise InputError(f"A focal length must be positive; got {self.focal}.")

    @classmethod
    def of_view(cls, degrees: float = PHONE_VIEW, size: tuple[int, int] = (0, 0)) -> "Lens":
        """The lens with a field of view along the image's longer side (its width where the size is unknown).

        Raises:
            InputError: an angle that no pinhole camera sees.
        """
        if not 0 < degrees < 180:
            raise InputError(f"A camera's field of view lies between 0 and 180 degrees; got {degrees}.")
        width, height = size
        longer = max(1.0, height / width) if width else 1.0
        focal = longer / np.tan(np.radians(degrees / 2))
        return cls((float(focal), float(focal)), about=f"assumed field of view {degrees:g} degrees")

    @classmethod
    def of_pixels(cls, focal: float, size: tuple[int, int]) -> "Lens":
        """The lens with a focal length in pixels, its principal point in the middle.

        Raises:
            InputError: no image size, or a focal length that is not positive.
        """
        if min(size) <= 0:
            raise InputError(f"A focal length in pixels needs the image's size; got {size[0]} x {size[1]}.")
        return cls((2 * focal / size[0],) * 2, about=f"focal length {focal:g} pixels given")


def estimate_root(track: LiftedTrack, lens: Lens | None = None, smoothing: Smoothing | None = None) -> LiftedTrack:
    """The track with its root's path, and a note of what was assumed and how well it projects onto the 2D joints.

    Args:
        track: its 2D and 3D joints; confidence weighs the joints.
        lens: the camera; None: :data:`PHONE_VIEW`.
        smoothing: of the path; frames without a solution are interpolated before.

    Raises:
        InputError: no frame has a solution.
    """
    lens = Lens.of_view(size=track.size) if lens is None else lens
    rays = (track.keypoints.astype(float) - lens.centre) / lens.focal
    root, known = translations(track.pose.astype(float), rays, track.confidence)
    if not known.any():
        raise InputError(
            f"Person {track.person}'s path cannot be estimated: in no frame do the 2D joints show a size; leave it out."
        )
    root = _filled(root, known)
    root = root if smoothing is None else smoothing.smooth(root, track.fps)
    off = miss((track.pose + root[:, None])[known], rays[known], lens)
    notes = [
        f"root path APPROXIMATE: {lens.about}, pinhole, joints miss the 2D by {off:.2f} % of"
        " the image's width (root mean square)"
    ]
    notes += [] if known.all() else [f"root path interpolated in {int((~known).sum())} of {known.size} frames"]
    notes += [] if smoothing is None else [f"root path {smoothing.describe(track.fps)}"]
    return replace(track, root=root, notes=(*track.notes, *notes))


def miss(points: Float[np.ndarray, "n j 3"], rays: Float[np.ndarray, "n j 2"], lens: Lens) -> float:
    """By how much joints miss the 2D joints, root mean square, in per cent of the image's width."""
    off = np.linalg.norm((points[..., :2] / points[..., 2:] - rays) * lens.focal, axis=-1)
    return float(50 * np.sqrt((off**2).mean()))


def translations(
    pose: Float[np.ndarray, "n j 3"],
    rays: Float[np.ndarray, "n j 2"],
    weights: Float[np.ndarray, "n j"] | None = None,
) -> tuple[Float[np.ndarray, "n 3"], "np.ndarray"]:
    """Each frame's translation t that puts the joints (X, Y, Z) onto their rays (x, y) = (X + tx, Y + ty) / (Z + tz).

    Least squares of tx - x tz = x Z - X and ty - y tz = y Z - Y, in closed form: centring removes tx and ty.

    Returns:
        The translations in metres, and which frames have one: some size on the screen and all joints in front of the
        camera. The others hold zeros.
    """
    w = np.ones(pose.shape[:2]) if weights is None else weights.astype(float)
    total = w.sum(1, keepdims=True)
    w = (w / np.where(total > 0, total, 1))[..., None]
    right = rays * pose[..., 2:] - pose[..., :2]
    mean_ray, mean_right = (w * rays).sum(1), (w * right).sum(1)
    spread, tied = rays - mean_ray[:, None], right - mean_right[:, None]
    size = (w * spread**2).sum((1, 2))
    depth = -(w * spread * tied).sum((1, 2)) / np.where(size > 1e-12, size, 1)
    known = (size > 1e-12) & (depth + pose[..., 2].min(1) > 0)
    root = np.concatenate([mean_right + mean_ray * depth[:, None], depth[:, None]], axis=1)
    return np.where(known[:, None], root, 0.0), known


def _filled(root: Float[np.ndarray, "n 3"], known: "np.ndarray") -> Float[np.ndarray, "n 3"]:
    """Unknown frames on the line between their neighbours, or as the nearest one."""
    frames = np.arange(known.size)
    return np.stack([np.interp(frames, frames[known], column[known]) for column in root.T], axis=1)
