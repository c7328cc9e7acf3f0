"""The bones that characters have, in the names of Mixamo or of VRM 1.0, over the joints that a lifter gives.

Both hang legs on the hips and arms on the upper chest, and have three bones between. A lifted pose has hips that move
against the pelvis: a character's do not (:func:`~actionprompt.output.rigid.rigid`), so that its joints differ by some
millimetres from the lifted ones. From there on bones are exact, as those of the plain rig are.
"""

from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from actionprompt.output.axes import ANKLE_HEIGHT
from actionprompt.output.lengths import constant_lengths
from actionprompt.output.rig import Bone, OutputSkeleton, Vector, arm, head
from actionprompt.output.rigid import Points, pelvis_axes, rigid
from actionprompt.skeleton import Skeleton

VRM = {
    "Hips": "hips", "Spine": "spine", "Spine1": "chest", "Spine2": "upperChest", "Neck": "neck", "Head": "head",
    "Shoulder": "Shoulder", "Arm": "UpperArm", "ForeArm": "LowerArm", "Hand": "Hand",
    "UpLeg": "UpperLeg", "Leg": "LowerLeg", "Foot": "Foot", "ToeBase": "Toes",
}  # fmt: skip
"""VRM 1.0's names for Mixamo's, after the side."""
WAIST = 0.2
"""Share of the way from the pelvis to the middle of the spine that belongs to the hips."""
UP: Vector = (0.0, 1.0, 0.0)
TOES = (0.0, 0.02 - ANKLE_HEIGHT, 0.11)
"""Metres from the ankle to the ball of the foot, 2 cm above the ground."""
TIP = (0.0, -0.02, 0.06)
"""Metres from there to the tip of the toes, on the ground."""


def humanoid(skeleton: Skeleton, names: Literal["mixamo", "vrm"]) -> OutputSkeleton:
    """A character's bones over a layout that has what :func:`~actionprompt.output.rig.rig_of` asks for."""
    bones = (*_trunk(skeleton), *arm("left", "Spine2"), *arm("right", "Spine2"), *_leg("left"), *_leg("right"))
    if names == "vrm":
        bones = tuple(replace(bone, name=vrm_name(bone.name), parent=vrm_name(bone.parent)) for bone in bones)
    joints = with_spine(skeleton)
    return OutputSkeleton(joints, bones, partial(_body, skeleton=skeleton, joints=joints))


def vrm_name(mixamo: str) -> str:
    """VRM 1.0's name of a bone."""
    for side in ("Left", "Right"):
        if mixamo.startswith(side):
            return side.lower() + VRM[mixamo.removeprefix(side)]
    return VRM[mixamo] if mixamo else ""


def with_spine(skeleton: Skeleton) -> Skeleton:
    """The layout with a waist and a chest, and a spine where it has none, all on the way from pelvis to thorax."""
    added = ("waist", "chest", *(() if "spine" in skeleton.joints else ("spine",)))
    joints = (*skeleton.joints, *added)
    above = {"waist": "pelvis", "spine": "waist", "chest": "spine", "thorax": "chest"}
    parents = [joints.index(above[joint]) if joint in above else skeleton.parents[j] for j, joint in enumerate(joints)]
    return Skeleton(f"{skeleton.name} with a spine", joints, tuple(parents), skeleton.left, skeleton.right)


def _body(points: Points, skeleton: Skeleton, joints: Skeleton) -> Points:
    """The joints of :func:`with_spine`, at constant distances, the waist fast on the hips."""
    points = rigid(points, skeleton)
    at = {joint: points[:, j] for j, joint in enumerate(skeleton.joints)}
    spine = at.setdefault("spine", (at["pelvis"] + at["thorax"]) / 2)
    up = pelvis_axes(at["left hip"] - at["right hip"], spine - at["pelvis"])[..., 1]
    at["waist"] = at["pelvis"] + WAIST * np.median(np.linalg.norm(spine - at["pelvis"], axis=-1)) * up
    at["chest"] = (spine + at["thorax"]) / 2
    return constant_lengths(np.stack([at[joint] for joint in joints.joints], axis=1), joints)


def _trunk(skeleton: Skeleton) -> tuple[Bone, ...]:
    """Hips to head; the twist of the hips goes over into that of the shoulders."""
    return (
        Bone("Hips", "", "pelvis", "waist", UP, across=("hip",)),
        Bone("Spine", "Hips", "waist", "spine", UP, across=("hip", "hip", "shoulder")),
        Bone("Spine1", "Spine", "spine", "chest", UP, across=("hip", "shoulder", "shoulder")),
        Bone("Spine2", "Spine1", "chest", "thorax", UP, across=("shoulder",)),
        *head(skeleton, "Spine2"),
    )


def _leg(side: str) -> tuple[Bone, ...]:
    name, down, out = side.capitalize(), (0.0, -1.0, 0.0), (1.0 if side == "left" else -1.0, 0.0, 0.0)
    hip, knee, ankle = limb = tuple(f"{side} {joint}" for joint in ("hip", "knee", "ankle"))
    (far, ball), (tip, toes) = _length(TOES), _length(TIP)
    return (
        Bone(f"{name}UpLeg", "Hips", hip, knee, down, limb=limb, bend=(0.0, 0.0, -1.0), stands=out),
        Bone(f"{name}Leg", f"{name}UpLeg", knee, ankle, down),
        Bone(f"{name}Foot", f"{name}Leg", ankle, "", ball, sole=(0.0, -ANKLE_HEIGHT, TOES[2] + TIP[2])),
        Bone(f"{name}ToeBase", f"{name}Foot", ankle, "", toes, far=far, tip=tip),
    )


def _length(vector: Vector) -> tuple[float, Vector]:
    """A vector's length and direction."""
    length = float(np.linalg.norm(vector))
    x, y, z = (value / length for value in vector)
    return length, (x, y, z)
