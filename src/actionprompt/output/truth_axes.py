"""True motion in the axes of a lifted one: turned about the vertical, or with other axes taken for x, y and z."""

from itertools import permutations, product
from pathlib import Path

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.output.track import LiftedTrack

UPRIGHT = 0.7
"""Cosine of the angle between the bodies' axes (feet to head) up to which axes pass for the same."""
CLEARLY = 0.6
"""Other axes must lessen the error to this share before they are taken for the right ones."""


def turned(
    pose: Float[np.ndarray, "n j 3"], target: Float[np.ndarray, "n j 3"], up: Float[np.ndarray, " 3"]
) -> tuple[Float[np.ndarray, "n j 3"], float]:
    """The pose turned about ``up`` by the one angle that brings it nearest to the target (least squares)."""
    flat = pose - (pose @ up)[..., None] * up
    sine, cosine = float((np.cross(up, flat) * target).sum()), float((flat * target).sum())
    angle = float(np.arctan2(sine, cosine))
    turned: Float[np.ndarray, "n j 3"] = pose + np.sin(angle) * np.cross(up, flat) + (np.cos(angle) - 1) * flat
    return turned, angle


def in_axes(
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
    if not clearly and not same_way(pose, lifted, track):
        raise InputError(
            f"{path}: people stand another way than in the lifted motion, and no axes make them agree: give `pose` in "
            "camera axes (x right, y down, z forward), metres."
        )
    if not clearly or best == "x, y, z":
        return pose, ()
    return turns[best], (f"its axes taken for the camera's {best}",)


def same_way(pose: Float[np.ndarray, "n j 3"], lifted: Float[np.ndarray, "n j 3"], track: LiftedTrack) -> bool:
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
