"""Bones of constant length, which a lifted pose need not have."""

import numpy as np
from jaxtyping import Float

from actionprompt.output.vectors import unit
from actionprompt.skeleton import Skeleton


def bone_lengths(points: Float[np.ndarray, "n j 3"], skeleton: Skeleton) -> Float[np.ndarray, " j"]:
    """The lengths from each joint to its parent, the median over time; 0 for the root."""
    parents = [parent if parent >= 0 else j for j, parent in enumerate(skeleton.parents)]
    lengths: Float[np.ndarray, " j"] = np.median(np.linalg.norm(points - points[:, parents], axis=-1), axis=0)
    return lengths


def constant_lengths(points: Float[np.ndarray, "n j 3"], skeleton: Skeleton) -> Float[np.ndarray, "n j 3"]:
    """The same motion with bones of constant (median) length.

    The root stays, and from there outwards each bone points to where its far joint was, so that errors do not add up
    along a limb, as they would if bones kept their directions.
    """
    lengths, moved = bone_lengths(points, skeleton), points.astype(float)
    for parent, joint in _outwards(skeleton):
        moved[:, joint] = moved[:, parent] + lengths[joint] * unit(points[:, joint] - moved[:, parent])
    return moved


def _outwards(skeleton: Skeleton) -> list[tuple[int, int]]:
    """(parent, joint) pairs, parents first."""
    done, pairs = [skeleton.root], []
    for joint in done:
        children = [child for parent, child in skeleton.bones if parent == joint]
        pairs += [(joint, child) for child in children]
        done += children
    return pairs
