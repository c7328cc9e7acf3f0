"""The bones that animation programs know, over the joints that a lifter gives.

Axes of the rest pose: y up, the figure faces z, so that its left is x; arms stretched out (T-pose). A bone stands at a
joint and points to another one. Hips and shoulders move against pelvis and chest in a lifted pose, so they have bones
of their own (``LeftHip``, ``LeftShoulder``), which start where their parent does.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Bone:
    """One bone; joints are called by their names in the layout."""

    name: str
    parent: str
    """The parent bone; empty for the first."""
    joint: str
    """Where it stands."""
    aim: str
    """The joint that it points to; empty: it goes with its parent, or turns by ``across`` alone."""
    rest: Vector
    """Where it points in the rest pose."""
    across: tuple[str, ...] = ()
    """Joints with a left and a right (``hip``): the lines between them fix the twist of a bone of the trunk."""
    limb: tuple[str, ...] = ()
    """The limb's three joints, such as hip, knee and ankle: the plane that they span fixes the bone's twist."""
    bend: Vector = (0.0, 0.0, 0.0)
    """Where the limb's last joint moves when the limb bends from the rest pose."""


@dataclass(frozen=True)
class OutputSkeleton:
    """Bones over a joint layout, each branch of the tree to its end before the next (the order of BVH)."""

    skeleton: Skeleton
    bones: tuple[Bone, ...]

    @property
    def parents(self) -> list[int]:
        """Index of each bone's parent, -1 for the first."""
        names = [bone.name for bone in self.bones]
        return [names.index(bone.parent) if bone.parent else -1 for bone in self.bones]

    def offsets(self, lengths: Float[np.ndarray, " j"]) -> Float[np.ndarray, "bones 3"]:
        """Each bone's place in its parent's axes at rest, metres; zero for the first.

        Args:
            lengths: from each joint to its parent joint.
        """
        places = np.zeros((len(self.bones), 3))
        for i, (bone, parent) in enumerate(zip(self.bones, self.parents, strict=True)):
            if parent >= 0 and bone.joint != self.bones[parent].joint:
                places[i] = np.array(self.bones[parent].rest) * lengths[self.skeleton.joints.index(bone.joint)]
        return places

    def ends(self, lengths: Float[np.ndarray, " j"]) -> dict[int, Float[np.ndarray, "3"]]:
        """For each bone without children, the end of the bone in its axes, metres.

        Feet and hands, which no lifter sees, get a nominal length: 15 and 8 cm.
        """
        ends = {}
        for i, bone in enumerate(self.bones):
            if i not in self.parents:
                length = lengths[self.skeleton.joints.index(bone.aim)] if bone.aim else 0.0
                length = length or (0.15 if "Foot" in bone.name else 0.08)
                ends[i] = np.array(bone.rest) * length
        return ends


def rig_of(skeleton: Skeleton) -> OutputSkeleton:
    """The rig of a joint layout; bones are called as Mixamo does, so that retargeting finds them.

    Raises:
        InputError: a layout without pelvis, thorax or jointed limbs.
    """
    limbs = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    needed = ("pelvis", "thorax", *(f"{side} {joint}" for side in ("left", "right") for joint in limbs))
    if missing := [name for name in needed if name not in skeleton.joints]:
        raise InputError(
            f"BVH and glTF need a joint {missing[0]!r}, which the layout {skeleton.name} lacks: write npz, CSV or TRC."
        )
    return OutputSkeleton(skeleton, (*_trunk(skeleton), *_arm("left"), *_arm("right"), *_leg("left"), *_leg("right")))


def _trunk(skeleton: Skeleton) -> tuple[Bone, ...]:
    """Pelvis to head. The nose lies ahead of the neck, so that a level head is the rest pose."""
    up, joints = (0.0, 1.0, 0.0), skeleton.joints
    has_spine, has_nose = "spine" in joints, "nose" in joints
    neck, top = ("nose", "head top") if has_nose else ("neck", "head") if "neck" in joints else ("head", "")
    spine = [Bone("Spine", "Hips", "spine", "thorax", up, across=("hip", "shoulder"))] if has_spine else []
    return (
        Bone("Hips", "", "pelvis", "spine" if has_spine else "thorax", up, across=("hip",)),
        *spine,
        Bone("Chest", "Spine" if has_spine else "Hips", "thorax", "", up, across=("shoulder",)),
        Bone("Neck", "Chest", "thorax", neck, (0.0, 0.86, 0.510294) if has_nose else up),
        Bone("Head", "Neck", neck, top, (0.0, 0.9, -0.435890) if has_nose else up),
    )


def _leg(side: str) -> tuple[Bone, ...]:
    name, down = side.capitalize(), (0.0, -1.0, 0.0)
    hip, knee, ankle = limb = tuple(f"{side} {joint}" for joint in ("hip", "knee", "ankle"))
    back = (0.0, 0.0, -1.0)
    return (
        Bone(f"{name}Hip", "Hips", "pelvis", hip, (1.0 if side == "left" else -1.0, 0.0, 0.0)),
        Bone(f"{name}UpLeg", f"{name}Hip", hip, knee, down, limb=limb, bend=back),
        Bone(f"{name}Leg", f"{name}UpLeg", knee, ankle, down),
        Bone(f"{name}Foot", f"{name}Leg", ankle, "", (0.0, 0.0, 1.0)),
    )


def _arm(side: str) -> tuple[Bone, ...]:
    name, out = side.capitalize(), (1.0 if side == "left" else -1.0, 0.0, 0.0)
    shoulder, elbow, wrist = limb = tuple(f"{side} {joint}" for joint in ("shoulder", "elbow", "wrist"))
    ahead = (0.0, 0.0, 1.0)
    return (
        Bone(f"{name}Shoulder", "Chest", "thorax", shoulder, out),
        Bone(f"{name}Arm", f"{name}Shoulder", shoulder, elbow, out, limb=limb, bend=ahead),
        Bone(f"{name}ForeArm", f"{name}Arm", elbow, wrist, out),
        Bone(f"{name}Hand", f"{name}ForeArm", wrist, "", out),
    )
