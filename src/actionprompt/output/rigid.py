"""A body that a character can have: bones of constant length, left as right, and hips that are fast on the pelvis."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from actionprompt.analysis.contacts import SIDES
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.vectors import cross, unit
from actionprompt.skeleton import Skeleton

Points = Float[np.ndarray, "n j 3"]
Vectors = Float[np.ndarray, "n 3"]
LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")


def rigid(points: Points, skeleton: Skeleton) -> Points:
    """Bones of constant length, equal on both sides, and hips that keep their place on the pelvis.

    The ends of the limbs stay where they are as far as their bones reach.
    """
    points = constant_lengths(points, skeleton)
    j = skeleton.joints.index
    pelvis, rise = points[:, skeleton.root], points[:, j("spine" if "spine" in skeleton.joints else "thorax")]
    axes = pelvis_axes(points[:, j("left hip")] - points[:, j("right hip")], rise - pelvis)
    thorax = points[:, j("thorax")]
    half = np.mean([np.linalg.norm(points[:, j(f"{side} hip")] - pelvis, axis=-1) for side in SIDES])
    collars = [points[:, j(f"{side} shoulder")] - thorax for side in SIDES]
    wide = np.mean([np.linalg.norm(collar, axis=-1) for collar in collars])
    moved = points.copy()
    for side, sign, collar in zip(SIDES, (1.0, -1.0), collars, strict=True):
        moved[:, j(f"{side} hip")] = pelvis + sign * half * axes[..., 0]
        moved[:, j(f"{side} shoulder")] = thorax + wide * unit(collar)
        for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            names = [j(f"{side} {part}") for part in chain]
            moved[:, names[1:]] = two_bones(moved[:, names[0]], points[:, names[1]], points[:, names[2]],
                                            limb_lengths(points, chain, skeleton))  # fmt: skip
    return moved


def two_bones(
    start: Vectors, middle: Vectors, end: Vectors, lengths: tuple[float, float]
) -> Float[np.ndarray, "n 2 3"]:
    """The middle and end joints of two bones that reach for ``end``, bent to the side on which ``middle`` lies."""
    a, b = lengths
    line = end - start
    far = np.linalg.norm(line, axis=-1, keepdims=True)
    distance = np.clip(far, abs(a - b) + 1e-4, a + b - 1e-4)
    axis = line / np.where(far > 1e-9, far, 1)
    aside = middle - start
    aside = aside - (aside * axis).sum(-1, keepdims=True) * axis
    aside /= np.maximum(np.linalg.norm(aside, axis=-1, keepdims=True), 1e-9)
    along = (a**2 - b**2 + distance**2) / (2 * distance)
    bent = start + along * axis + np.sqrt(np.maximum(a**2 - along**2, 0)) * aside
    return np.stack([bent, start + distance * axis], axis=1)


def limb_lengths(points: Points, chain: Sequence[str], skeleton: Skeleton) -> tuple[float, float]:
    """The lengths of the two bones of a limb, the mean of both sides."""
    j = skeleton.joints.index
    pairs = [
        [np.linalg.norm(points[0, j(f"{s} {b}")] - points[0, j(f"{s} {a}")]) for s in SIDES] for a, b in pairwise(chain)
    ]
    return float(np.mean(pairs[0])), float(np.mean(pairs[1]))


def pelvis_axes(left: Vectors, up: Vectors) -> Float[np.ndarray, "n 3 3"]:
    """Columns: left, up made perpendicular to it, and forward."""
    x = left / np.linalg.norm(left, axis=-1, keepdims=True)
    y = up - (up * x).sum(-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, cross(x, y)], axis=-1)
