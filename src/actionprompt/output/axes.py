"""From camera axes to gravity-aligned world axes.

Both worlds are right-handed, x points to the camera's right, and the camera looks over the ground along one axis:
``y-up`` (glTF, BVH, TRC: x right, y up, z towards the camera) and ``z-up`` (C3D, Blender: x right, y away from the
camera, z up).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.output.track import LiftedTrack

Up = Literal["y-up", "z-up"]
Axes = Literal["camera", "y-up", "z-up"]
ANKLE_HEIGHT = 0.08
"""Metres from the sole to the ankle joint of an adult (0.039 of the stature, Drillis and Contini 1966, and a shoe)."""


@dataclass(frozen=True)
class World:
    """Where the world lies in camera axes."""

    axes: Up
    turn: Float[np.ndarray, "3 3"]
    """World = turn @ camera; rows are the world's axes in camera axes."""
    origin: Float[np.ndarray, "3"]
    """The world's origin in camera axes, metres."""

    def points(self, camera: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Points in camera axes as world points."""
        return self.vectors(camera - self.origin)

    def vectors(self, camera: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Differences of points in camera axes, in world axes."""
        return camera @ self.turn.T


def gravity_turn(up: tuple[float, float, float], axes: Up = "y-up") -> Float[np.ndarray, "3 3"]:
    """The rotation from camera axes to world axes, given the direction against gravity in camera axes.

    Where the camera looks straight up or down, which leaves no direction over the ground, x stays the image's right.
    """
    above = np.asarray(up, dtype=float) / np.linalg.norm(up)
    right = np.cross([0.0, 0.0, 1.0], above)
    right = right if np.linalg.norm(right) > 1e-3 else np.array([1.0, 0.0, 0.0])
    right = right - (right @ above) * above
    right /= np.linalg.norm(right)
    ahead = np.cross(above, right)
    return np.stack([right, above, -ahead] if axes == "y-up" else [right, ahead, above])


def tilted(pitch: float = 0.0, roll: float = 0.0) -> tuple[float, float, float]:
    """The direction against gravity in camera axes, of a camera that is tilted.

    Args:
        pitch: degrees by which the camera looks down.
        roll: degrees by which the camera is turned clockwise, as the person behind it sees it.

    Raises:
        InputError: a pitch beyond ±90 or a roll beyond ±180 degrees.
    """
    if not (abs(pitch) <= 90 and abs(roll) <= 180):
        raise InputError(f"A camera's pitch lies in ±90 and its roll in ±180 degrees; got {pitch} and {roll}.")
    p, r = np.radians([pitch, roll])
    return float(-np.sin(r) * np.cos(p)), float(-np.cos(r) * np.cos(p)), float(-np.sin(p))


def world(tracks: Sequence[LiftedTrack], axes: Up = "y-up") -> World:
    """One world for all people of a video, as their camera sees it.

    The origin lies on the ground, below the place where the first person's root is in its first frame.
    """
    first = tracks[0]
    turn = gravity_turn(first.up, axes)
    above = turn["xyz".index(axes[0])]
    start = first.points[0, first.skeleton.root].astype(float)
    return World(axes, turn, start + (ground_height(tracks, above) - start @ above) * above)


def ground_height(tracks: Sequence[LiftedTrack], above: Float[np.ndarray, "3"]) -> float:
    """The ground's coordinate along ``above``, metres: approximate.

    The lowest joint of a person is taken to stand an ankle's height above the ground in a twentieth of the frames;
    jumps and errors of single frames do not move it. Of several people the lowest counts.
    """
    lowest = [np.quantile((track.points @ above).min(axis=1), 0.05) for track in tracks]
    return float(min(lowest)) - ANKLE_HEIGHT


def in_axes(tracks: Sequence[LiftedTrack], axes: Axes = "camera") -> list[LiftedTrack]:
    """The tracks with pose and root in camera axes (as they are) or in the gravity-aligned world."""
    if axes == "camera":
        return list(tracks)
    place = world(tracks, axes)
    up = (0.0, 1.0, 0.0) if axes == "y-up" else (0.0, 0.0, 1.0)
    return [
        replace(
            t,
            pose=place.vectors(t.pose),
            root=None if t.root is None else place.points(t.root),
            feet=None if t.feet is None else place.vectors(t.feet),
            up=up,
        )
        for t in tracks
    ]
