"""A stick figure's triangles: a slim octahedron along each bone, so that a motion is visible in any viewer."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from actionprompt.output.rotations import Rigged


class Part(NamedTuple):
    """The triangles of one colour, in the rest pose; each vertex follows one bone."""

    colour: tuple[float, float, float]
    """Linear red, green, blue."""
    positions: Float[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    bones: Int[np.ndarray, " v"]


def stick_figure(motion: Rigged) -> list[Part]:
    """The figure standing in the rest pose, its first bone above the origin: left blue, right red, the middle grey."""
    colours = {"Left": (0.05, 0.25, 0.8), "Right": (0.8, 0.08, 0.05), "": (0.35, 0.35, 0.38)}
    offsets, heads = motion.rig.offsets(motion.lengths), motion.rig.heads(motion.lengths)
    ends = motion.rig.ends(motion.lengths)
    found: dict[str, list[tuple[int, Float[np.ndarray, "8 3 3"]]]] = {side: [] for side in colours}
    for i, bone in enumerate(motion.rig.bones):
        children = [c for c, parent in enumerate(motion.rig.parents) if parent == i and np.any(offsets[c])]
        tips = [offsets[c] for c in children] + ([ends[i]] if i in ends else [])
        side = next(side for side in colours if bone.name.capitalize().startswith(side))
        found[side] += [(i, heads[i] + octahedron(tip)) for tip in tips]
    return [_part(colours[side], bones) for side, bones in found.items()]


def octahedron(tip: Float[np.ndarray, "3"]) -> Float[np.ndarray, "8 3 3"]:
    """Eight triangles from the origin to ``tip``, widest at a fifth of the way, seen from outside anticlockwise."""
    length = np.linalg.norm(tip)
    along = tip / length
    across = np.cross(along, np.eye(3)[np.abs(along).argmin()])
    across /= np.linalg.norm(across)
    width = min(0.03, 0.25 * length)
    other = np.cross(along, across)
    ring = [tip / 5 + width * v for v in (across, other, -across, -other)]
    pairs = [(ring[i], ring[(i + 1) % 4]) for i in range(4)]
    return np.array([t for a, b in pairs for t in ((np.zeros(3), b, a), (tip, a, b))])


def _part(colour: tuple[float, float, float], found: list[tuple[int, Float[np.ndarray, "8 3 3"]]]) -> Part:
    triangles = np.concatenate([triangles for _, triangles in found])
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    bones = np.repeat([i for i, _ in found], 24)
    return Part(colour, triangles.reshape(-1, 3), normals.repeat(3, axis=0), bones)
