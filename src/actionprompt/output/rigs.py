"""Which bones a motion is shown by: the plain ones, a line between joints each, or those that characters have."""

from functools import partial
from typing import Literal

from actionprompt.errors import InputError
from actionprompt.output.axes import ANKLE_HEIGHT
from actionprompt.output.humanoid import humanoid
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.rig import Bone, OutputSkeleton, arm, head
from actionprompt.output.rigid import LIMBS
from actionprompt.skeleton import Skeleton

RigName = Literal["plain", "mixamo", "vrm"]
SOLE = (0.0, -ANKLE_HEIGHT, 0.15)
"""From the ankle to the tip of the toes on the ground, metres."""
FOOT = (0.0, SOLE[1] / 0.17, SOLE[2] / 0.17)


def rig_of(skeleton: Skeleton, name: RigName = "plain") -> OutputSkeleton:
    """The rig of a joint layout.

    Args:
        skeleton: of the lifted joints.
        name: ``plain``: a bone for each line between joints; ``mixamo``, ``vrm``: the bones that characters have.

    Raises:
        InputError: a layout without pelvis, thorax or jointed limbs.
    """
    needed = ("pelvis", "thorax", *(f"{side} {joint}" for side in ("left", "right") for joint in LIMBS))
    if missing := [name for name in needed if name not in skeleton.joints]:
        raise InputError(
            f"BVH and glTF need a joint {missing[0]!r}, which the layout {skeleton.name} lacks: write npz, CSV or TRC."
        )
    if name != "plain":
        return humanoid(skeleton, name)
    bones = (*_trunk(skeleton), *arm("left", "Chest"), *arm("right", "Chest"), *_leg("left"), *_leg("right"))
    return OutputSkeleton(skeleton, bones, partial(constant_lengths, skeleton=skeleton))


def _trunk(skeleton: Skeleton) -> tuple[Bone, ...]:
    """Pelvis to head."""
    up, has_spine = (0.0, 1.0, 0.0), "spine" in skeleton.joints
    spine = [Bone("Spine", "Hips", "spine", "thorax", up, across=("hip", "shoulder"))] if has_spine else []
    return (
        Bone("Hips", "", "pelvis", "spine" if has_spine else "thorax", up, across=("hip",)),
        *spine,
        Bone("Chest", "Spine" if has_spine else "Hips", "thorax", "", up, across=("shoulder",)),
        *head(skeleton, "Chest"),
    )


def _leg(side: str) -> tuple[Bone, ...]:
    name, down = side.capitalize(), (0.0, -1.0, 0.0)
    hip, knee, ankle = limb = tuple(f"{side} {joint}" for joint in ("hip", "knee", "ankle"))
    back = (0.0, 0.0, -1.0)
    return (
        Bone(f"{name}Hip", "Hips", "pelvis", hip, (1.0 if side == "left" else -1.0, 0.0, 0.0)),
        Bone(f"{name}UpLeg", f"{name}Hip", hip, knee, down, limb=limb, bend=back),
        Bone(f"{name}Leg", f"{name}UpLeg", knee, ankle, down),
        Bone(f"{name}Foot", f"{name}Leg", ankle, "", FOOT, tip=0.17, sole=SOLE),
    )
