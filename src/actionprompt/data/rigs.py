"""Which points of a motion capture rig are Human3.6M's 17 joints: built-in tables, or a user's file.

A joint is a point of the file, the mean of several, or a weighted sum of some. The pelvis is always the middle of the
hips. No rig has a face: its nose is the base of the skull, which Human3.6M's own "nose" is not far from.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from actionprompt.data.gaps import fill_gaps
from actionprompt.data.markers import MARKERS, joints
from actionprompt.errors import InputError
from actionprompt.skeleton import H36M_17

Weights = dict[str, float]
PLUG_IN_GAIT = "plug-in-gait"
"""Vicon's 39 markers, whose joints are no weighted sums (see ``markers.joints``)."""


@dataclass(frozen=True)
class Rig:
    """A naming of points."""

    name: str
    joints: dict[str, Weights]
    """For each of the 17 joints, points and their weights."""

    @property
    def points(self) -> set[str]:
        """The points it needs."""
        return {point for weights in self.joints.values() for point in weights}


BUILT_IN = {
    "acclaim": (
        "lhipjoint rhipjoint, rhipjoint, rfemur, rtibia, lhipjoint, lfemur, ltibia, lowerback, thorax, upperneck, head, "
        "lclavicle, lhumerus, lwrist, rclavicle, rhumerus, rwrist"
    ),
    "cmu-bvh": (
        "LeftUpLeg RightUpLeg, RightUpLeg, RightLeg, RightFoot, LeftUpLeg, LeftLeg, LeftFoot, Spine, Neck, Head, Head_End, "
        "LeftArm, LeftForeArm, LeftHand, RightArm, RightForeArm, RightHand, LowerBack"
    ),
    "mixamo": (
        "LeftUpLeg RightUpLeg, RightUpLeg, RightLeg, RightFoot, LeftUpLeg, LeftLeg, LeftFoot, Spine1, Neck, Head, "
        "HeadTop_End, LeftArm, LeftForeArm, LeftHand, RightArm, RightForeArm, RightHand"
    ),
    "mobu-bvh": (
        "LeftUpLeg RightUpLeg, RightUpLeg, RightLeg, RightFoot, LeftUpLeg, LeftLeg, LeftFoot, Spine1, Neck, Head, Head_End, "
        "LeftArm, LeftForeArm, LeftHand, RightArm, RightForeArm, RightHand"
    ),
    "xsens-bvh": (
        "LeftHip RightHip, RightHip, RightKnee, RightAnkle, LeftHip, LeftKnee, LeftAnkle, Chest2 Chest3, Neck, Head, Head_End, "
        "LeftShoulder, LeftElbow, LeftWrist, RightShoulder, RightElbow, RightWrist"
    ),
}
"""By joint in the order of ``H36M_17``; several points mean their mean. A further entry only tells rigs apart."""


def built_in() -> list[Rig]:
    """In the order of asking: the first one whose points a file has is its rig."""
    rigs = []
    for name, table in BUILT_IN.items():
        rows = [entry.split() for entry in table.split(",")]
        weights = {joint: dict.fromkeys(row, 1 / len(row)) for joint, row in zip(H36M_17.joints, rows, strict=False)}
        rigs.append(Rig(name, weights))
    return rigs
