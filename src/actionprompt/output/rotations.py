"""Joint positions to bone rotations, for bones of constant length.

A bone's direction follows from two joints; its twist, which positions do not show, from what is around: lines across
hips and shoulders for the trunk, the plane in which knee or elbow bends for a limb, the parent's twist for the rest.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from actionprompt.output.axes import ANKLE_HEIGHT
from actionprompt.output.lengths import bone_lengths
from actionprompt.output.rig import Bone, OutputSkeleton
from actionprompt.output.vectors import cross, unit
from actionprompt.skeleton import Skeleton

FOOT_TURN = 50.0
"""Degrees by which a foot turns against its shin at most."""
RAISED = 0.06
"""Metres above its height on a standing foot at which an ankle no longer says how the foot is turned."""
TURN_OVER = 0.06
"""Seconds: the width of the filter of a limb's twist."""


@dataclass(frozen=True)
class Rigged:
    """A motion as a rig's rotations."""

    rig: OutputSkeleton
    lengths: Float[np.ndarray, " j"]
    """From each of the rig's joints to its parent joint, metres; 0 for the root."""
    place: Float[np.ndarray, "n 3"]
    """The root joint, metres."""
    rotations: Float[np.ndarray, "n bones 3 3"]
    """Each bone's rotation in its parent's axes (the first: in the world's); the identity at rest."""
    moved: float
    """Metres by which the rig's joints are off the lifted ones, mean over joints and frames."""


def rigged(
    points: Float[np.ndarray, "n j 3"],
    rig: OutputSkeleton,
    fps: float,
    ground: bool = False,
    feet: Float[np.ndarray, "n 2 2 3"] | None = None,
) -> Rigged:
    """The rotations that put the rig's joints where ``rig.body`` has them.

    Args:
        points: lifted joints in world axes (y up), metres.
        rig: the bones.
        fps: frames per second.
        feet: heel and toe of both feet from their ankles, where they are known; else feet follow their shins.
        ground: whether y = 0 is the ground, on which feet stand flat and into which toes do not reach.
    """
    skeleton, lifted, points = rig.skeleton, points, rig.body(points)
    turned: list[Float[np.ndarray, "n 3 3"]] = []  # in world axes
    local = []
    for bone, parent in zip(rig.bones, rig.parents, strict=True):
        above = turned[parent] if parent >= 0 else np.tile(np.eye(3), (points.shape[0], 1, 1))
        turned.append(_turn(points, skeleton, bone, above, fps))
        if bone.sole and feet is not None:
            heel, toe = np.moveaxis(feet[:, int(bone.joint.startswith("right"))], 1, 0)
            turned[-1] = _at_most(swing(above[..., 2], unit(toe - heel)), FOOT_TURN) @ above
        if ground and bone.sole:
            ankle = points[:, skeleton.joints.index(bone.joint)]
            turned[-1] = on_ground(turned[-1], ankle[:, 1], np.array(bone.sole))
        local.append(above.mT @ turned[-1])
    moved = float(np.linalg.norm(points[:, : lifted.shape[1]] - lifted, axis=-1).mean())
    return Rigged(rig, bone_lengths(points, skeleton), points[:, skeleton.root], np.stack(local, axis=1), moved)


def _turn(
    points: Float[np.ndarray, "n j 3"],
    skeleton: Skeleton,
    bone: Bone,
    above: Float[np.ndarray, "n 3 3"],
    fps: float,
) -> Float[np.ndarray, "n 3 3"]:
    """A bone's rotation in world axes; ``above`` is its parent's."""
    at = {name: points[:, j] for j, name in enumerate(skeleton.joints)}
    if bone.across:
        behind = skeleton.joints[skeleton.parents[skeleton.joints.index(bone.joint)]]
        along = at[bone.aim] - at[bone.joint] if bone.aim else at[bone.joint] - at[behind]
        side = np.sum([unit(at[f"left {name}"] - at[f"right {name}"]) for name in bone.across], axis=0)
        return _triad(unit(along), side) @ _triad(np.array(bone.rest), np.array([1.0, 0.0, 0.0])).T
    if not bone.aim:
        return above
    along = unit(at[bone.aim] - at[bone.joint])
    swung = swing(above @ np.array(bone.rest), along) @ above
    if not bone.limb:
        return swung
    hinge = np.cross(bone.rest, bone.bend)
    start, middle, end = (at[name] for name in bone.limb)
    bent = cross(unit(middle - start), unit(end - middle))  # as long as the sine of the bend
    return _triad(along, _hinge(bent, swung @ hinge, along, fps)) @ _triad(np.array(bone.rest), hinge).T


def _at_most(turns: Float[np.ndarray, "n 3 3"], degrees: float) -> Float[np.ndarray, "n 3 3"]:
    """Turns about the same axes by so much at most."""
    vectors = Rotation.from_matrix(turns).as_rotvec(degrees=True)
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    shorter = vectors * np.minimum(1, degrees / np.maximum(angle, 1e-9))
    turned: Float[np.ndarray, "n 3 3"] = Rotation.from_rotvec(shorter, degrees=True).as_matrix()
    return turned


def on_ground(
    foot: Float[np.ndarray, "n 3 3"], height: Float[np.ndarray, " n"], sole: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "n 3 3"]:
    """Feet that are flat on the ground, the more the lower the ankle, and that never reach below it.

    They turn about their own side (x), so that the toes' tip is where it has to be.

    Args:
        foot: rotations in world axes.
        height: of the ankles above the ground, metres.
        sole: from the ankle to the tip of the toes, in the foot's axes.
    """
    tip, across = (foot @ sole)[:, 1], (foot @ np.cross([1.0, 0.0, 0.0], sole))[:, 1]
    flat = np.clip((height - ANKLE_HEIGHT) / RAISED, 0, 1)
    flat = 1 - flat**2 * (3 - 2 * flat)
    wanted = np.maximum((1 - flat) * tip - flat * height, -height)
    # a turn by an angle a puts the tip at tip cos(a) + across sin(a)
    middle, radius = np.arctan2(across, tip), np.hypot(tip, across)
    off = np.arccos(np.clip(wanted / np.maximum(radius, 1e-9), -1, 1))
    both = np.angle(np.exp(1j * np.stack([middle - off, middle + off])))
    angle = np.where(np.abs(both[0]) < np.abs(both[1]), both[0], both[1])
    turned: Float[np.ndarray, "n 3 3"] = foot @ Rotation.from_rotvec(angle[:, None] * [1.0, 0.0, 0.0]).as_matrix()
    return turned


def _hinge(
    bent: Float[np.ndarray, "n 3"], usual: Float[np.ndarray, "n 3"], along: Float[np.ndarray, "n 3"], fps: float
) -> Float[np.ndarray, "n 3"]:
    """The axis about which a limb bends, perpendicular to its first bone.

    A limb bent by less than 13 degrees (0.05 is that angle's sine squared) hardly shows it, since errors of joints turn
    or even reverse its plane: there the parent's twist decides, together with the frames within about 0.1 s. Where the
    plane turns over all the same, it does so within some frames, not in one.
    """
    real, imaginary = (bent * usual).sum(-1), (bent * cross(along, usual)).sum(-1)
    seen = np.stack([real, imaginary], axis=1) * np.hypot(real, imaginary)[:, None]
    around = gaussian_filter1d(seen, 0.1 * fps, axis=0, mode="nearest")
    real, imaginary = (seen + 0.2 * around + [0.05, 0]).T
    turn = gaussian_filter1d(np.unwrap(np.arctan2(imaginary, real)), TURN_OVER * fps, mode="nearest")[:, None]
    return np.cos(turn) * usual + np.sin(turn) * cross(along, usual)


def swing(start: Float[np.ndarray, "n 3"], end: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3 3"]:
    """The shortest rotation from one direction to another, both unit vectors; opposite ones: about any axis between."""
    perpendicular, cosine = cross(start, end), (start * end).sum(-1)
    sine = np.linalg.norm(perpendicular, axis=-1)
    other = cross(start, np.eye(3)[np.abs(start).argmin(-1)])
    axis = unit(np.where((sine < 1e-9)[:, None], other, perpendicular))
    turn: Float[np.ndarray, "n 3 3"] = Rotation.from_rotvec(axis * np.arctan2(sine, cosine)[:, None]).as_matrix()
    return turn


def _triad(first: Float[np.ndarray, "*n 3"], second: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3 3"]:
    """Perpendicular unit columns: along ``first`` (unit), towards ``second``, and across both."""
    second = second - (second * first).sum(-1, keepdims=True) * first
    weak = np.linalg.norm(second, axis=-1, keepdims=True) < 1e-9
    second = unit(np.where(weak, cross(first, np.eye(3)[np.abs(first).argmin(-1)]), second))
    return np.stack([first, second, cross(first, second)], axis=-1)


def euler_zxy(rotations: Float[np.ndarray, "n b 3 3"]) -> Float[np.ndarray, "n b 3"]:
    """Degrees about z, x and y (moving axes, as BVH has them), without jumps of whole turns between frames.

    Each rotation has two such triples, give or take whole turns; the one nearest to the frame before is taken, so that
    a program that interpolates between frames does not spin a bone.
    """
    n, b = rotations.shape[:2]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gimbal lock")  # any of the triples will do
        angles = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_euler("ZXY", degrees=True).reshape(n, b, 3)
    both = np.stack([angles, angles * [1, -1, 1] + 180], axis=0)
    for i in range(1, n):
        near = both[:, i] - 360 * np.round((both[:, i] - angles[i - 1]) / 360)
        angles[i] = near[np.abs(near - angles[i - 1]).sum(-1).argmin(0), np.arange(b)]
    return angles


def quaternions(rotations: Float[np.ndarray, "n b 3 3"]) -> Float[np.ndarray, "n b 4"]:
    """Unit quaternions (x, y, z, w), each on the side of the one in the frame before."""
    n, b = rotations.shape[:2]
    q = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_quat().reshape(n, b, 4)
    flips = np.where((q[1:] * q[:-1]).sum(-1) < 0, -1.0, 1.0).cumprod(0)
    q[1:] *= flips[..., None]
    return q
