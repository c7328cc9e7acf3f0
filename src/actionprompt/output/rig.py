"""The bones that animation programs know, over the joints that a lifter gives.

Axes of the rest pose: y up, the figure faces z, so that its left is x; arms stretched out (T-pose). A bone stands at a
joint and points to another one. Hips and shoulders move against pelvis and chest in a lifted pose, so they have bones
of their own (``LeftHip``, ``LeftShoulder``), which start where their parent does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from actionprompt.output.rigid import Points
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
    stands: Vector | None = None
    """Direction from the parent bone's joint to this one's, at rest; None: where the parent points."""
    far: float = 0.0
    """Metres to it where it is no joint of the layout."""
    sole: Vector | None = None
    """Of a foot: from the ankle to the tip of the toes on the ground, at rest, metres."""
    tip: float = 0.08
    """Metres: the length of a bone without children that points to no joint (hands, feet), which no lifter sees."""


@dataclass(frozen=True)
class OutputSkeleton:
    """Bones over a joint layout, each branch of the tree to its end before the next (the order of BVH)."""

    skeleton: Skeleton
    """The joints at which bones stand and to which they point."""
    bones: tuple[Bone, ...]
    body: Callable[[Points], Points]
    """These joints, at constant distances, from those that were lifted."""

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
            if parent >= 0:
                same = bone.joint == self.bones[parent].joint
                far = bone.far if same else lengths[self.skeleton.joints.index(bone.joint)]
                places[i] = np.array(bone.stands or self.bones[parent].rest) * far
        return places

    def heads(self, lengths: Float[np.ndarray, " j"]) -> Float[np.ndarray, "bones 3"]:
        """Where bones start while the figure stands at rest, its first bone above the origin and its soles at 0."""
        heads = self.offsets(lengths)
        for i, parent in enumerate(self.parents):
            heads[i] += heads[parent] if parent >= 0 else 0
        lowest = min((heads[bone] + end)[1] for bone, end in self.ends(lengths).items())
        return heads - [0.0, lowest, 0.0]

    def ends(self, lengths: Float[np.ndarray, " j"]) -> dict[int, Float[np.ndarray, "3"]]:
        """For each bone without children, the end of the bone in its axes, metres."""
        ends = {}
        for i, bone in enumerate(self.bones):
            if i not in self.parents:
                length = lengths[self.skeleton.joints.index(bone.aim)] if bone.aim else 0.0
                ends[i] = np.array(bone.rest) * (length or bone.tip)
        return ends


def head(skeleton: Skeleton, parent: str) -> tuple[Bone, ...]:
    """Neck and head. The nose lies ahead of the neck, so that a level head is the rest pose."""
    up, joints = (0.0, 1.0, 0.0), skeleton.joints
    if "nose" in joints:
        neck, top, ahead, back = "nose", "head top", (0.0, 0.86, 0.510294), (0.0, 0.9, -0.435890)
    else:
        neck, top, ahead, back = (*(("neck", "head") if "neck" in joints else ("head", "")), up, up)
    return Bone("Neck", parent, "thorax", neck, ahead), Bone("Head", "Neck", neck, top, back)


def arm(side: str, chest: str) -> tuple[Bone, ...]:
    """Collar bone to hand, on a bone of the trunk."""
    name, out = side.capitalize(), (1.0 if side == "left" else -1.0, 0.0, 0.0)
    shoulder, elbow, wrist = limb = tuple(f"{side} {joint}" for joint in ("shoulder", "elbow", "wrist"))
    ahead = (0.0, 0.0, 1.0)
    return (
        Bone(f"{name}Shoulder", chest, "thorax", shoulder, out),
        Bone(f"{name}Arm", f"{name}Shoulder", shoulder, elbow, out, limb=limb, bend=ahead),
        Bone(f"{name}ForeArm", f"{name}Arm", elbow, wrist, out),
        Bone(f"{name}Hand", f"{name}ForeArm", wrist, "", out),
    )
