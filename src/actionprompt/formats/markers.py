"""From Vicon Plug-in-Gait markers to the 17 joints of Human3.6M: the geometry, in metres, without files.

Markers lie on the skin and joints inside, so hips come from a regression on the pelvis (Harrington et al.
2007), knees and ankles from Plug-in-Gait's chord function, and the rest from midpoints and fixed offsets.
"""

import numpy as np
from jaxtyping import Float

from actionprompt.skeleton import Skeleton

MARKERS = (
    "LFHD", "RFHD", "LBHD", "RBHD", "C7", "T10", "CLAV", "STRN", "RBAK",
    "LSHO", "LUPA", "LELB", "LFRM", "LWRA", "LWRB", "LFIN",
    "RSHO", "RUPA", "RELB", "RFRM", "RWRA", "RWRB", "RFIN",
    "LASI", "RASI", "LPSI", "RPSI", "LTHI", "LKNE", "LTIB", "LANK", "LHEE", "LTOE",
    "RTHI", "RKNE", "RTIB", "RANK", "RHEE", "RTOE",
)  # fmt: skip
"""Plug-in-Gait's full-body marker set, in file order."""
NEEDED = tuple(
    m
    for m in MARKERS
    if m not in ("RBAK", "LUPA", "LFRM", "LFIN", "RUPA", "RFRM", "RFIN", "LHEE", "LTOE", "RHEE", "RTOE")
)
"""Those that joints are computed from: many laboratories leave the others out."""

Points = Float[np.ndarray, "*n 3"]

WIDEST_PELVIS, DEEPEST_PELVIS = 0.29, 0.21
"""Clamps of the regression's two inputs: one subject wears the pelvic markers far lateral."""
KNEE_OFFSET, ANKLE_OFFSET = 0.055, 0.040
"""From the skin marker to the joint's centre: half the joint's width and half a marker."""
SHOULDER_DROP = 0.045
"""From the acromion's marker down to the shoulder's centre."""
NOSE_FORWARD, NOSE_DOWN, HEAD_TOP_UP = 0.015, 0.065, 0.100
"""From the head band: its front to the nose, its middle to the top of the head."""


def joints(markers: Float[np.ndarray, "n 39 3"]) -> Float[np.ndarray, "n 17 3"]:
    """The joints of ``H36M_17`` from one subject's markers, whose pelvis is measured over all frames.

    What is not ``NEEDED`` may be anything.
    """
    at = dict(zip(MARKERS, np.moveaxis(markers, 1, 0), strict=True))
    right_hip, left_hip = _hips(at["LASI"], at["RASI"], (at["LPSI"] + at["RPSI"]) / 2)
    right_knee = chord(right_hip, at["RTHI"], at["RKNE"], KNEE_OFFSET)
    left_knee = chord(left_hip, at["LTHI"], at["LKNE"], KNEE_OFFSET)
    pelvis = (right_hip + left_hip) / 2
    thorax = (at["C7"] + at["CLAV"]) / 2
    drop = SHOULDER_DROP * _unit(pelvis - thorax)
    nose, head_top = _head(at["LFHD"], at["RFHD"], at["LBHD"], at["RBHD"])
    return np.stack(
        [
            pelvis,
            right_hip,
            right_knee,
            chord(right_knee, at["RTIB"], at["RANK"], ANKLE_OFFSET),
            left_hip,
            left_knee,
            chord(left_knee, at["LTIB"], at["LANK"], ANKLE_OFFSET),
            (at["T10"] + at["STRN"]) / 2,
            thorax,
            nose,
            head_top,
            at["LSHO"] + drop,
            at["LELB"],
            (at["LWRA"] + at["LWRB"]) / 2,
            at["RSHO"] + drop,
            at["RELB"],
            (at["RWRA"] + at["RWRB"]) / 2,
        ],
        axis=1,
    )


def chord(joint: Points, wand: Points, marker: Points, offset: float) -> Points:
    """Plug-in-Gait's chord function: the next joint's centre below ``joint``.

    It lies ``offset`` from its skin marker, sees ``joint`` and the marker at a right angle, and is in the
    plane of the three given points, on the side of the line joint-marker away from the segment's lateral
    ``wand``.
    """
    up = joint - marker
    length = np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), offset)
    along = up / length
    lateral = wand - marker
    lateral = lateral - (lateral * along).sum(-1, keepdims=True) * along
    cosine = offset / length
    centre: Points = marker + offset * (cosine * along - np.sqrt(1 - cosine**2) * _unit(lateral))
    return centre


def fix_bones(
    pose: Float[np.ndarray, "n j 3"], skeleton: Skeleton, lengths: Float[np.ndarray, " b"]
) -> Float[np.ndarray, "n j 3"]:
    """The pose with constant bone lengths (in the order of ``skeleton.bones``) and unchanged directions."""
    fixed: Float[np.ndarray, "n j 3"] = pose.copy()
    for (parent, child), length in zip(skeleton.bones, lengths, strict=True):
        fixed[:, child] = fixed[:, parent] + length * _unit(pose[:, child] - pose[:, parent])
    return fixed


def bone_lengths(pose: Float[np.ndarray, "n j 3"], skeleton: Skeleton) -> Float[np.ndarray, "n b"]:
    """The length of every bone in every frame, in the order of ``skeleton.bones``."""
    parents, children = np.array(skeleton.bones).T
    lengths: Float[np.ndarray, "n b"] = np.linalg.norm(pose[:, children] - pose[:, parents], axis=-1)
    return lengths


def _hips(left_asis: Points, right_asis: Points, mid_psis: Points) -> tuple[Points, Points]:
    """Right and left hip centres by Harrington et al., J. Biomech. 40 (2007), from pelvic width and depth."""
    front = (left_asis + right_asis) / 2
    width = min(float(np.median(np.linalg.norm(right_asis - left_asis, axis=-1))), WIDEST_PELVIS)
    depth = min(float(np.median(np.linalg.norm(front - mid_psis, axis=-1))), DEEPEST_PELVIS)
    right = _unit(right_asis - left_asis)
    up = _unit(np.cross(right, front - mid_psis))
    forward = np.cross(up, right)
    middle = front + forward * (-0.24 * depth - 0.0099) + up * (-0.30 * width - 0.0109)
    lateral = right * (0.33 * width + 0.0073)
    return middle + lateral, middle - lateral


def _head(left_front: Points, right_front: Points, left_back: Points, right_back: Points) -> tuple[Points, Points]:
    """Nose and head top from the head band's four markers."""
    front, back = (left_front + right_front) / 2, (left_back + right_back) / 2
    left = (left_front + left_back - right_front - right_back) / 2
    forward = _unit(front - back)
    up = _unit(np.cross(forward, left))
    return front + NOSE_FORWARD * forward - NOSE_DOWN * up, (front + back) / 2 + HEAD_TOP_UP * up


def _unit(vectors: Points) -> Points:
    """Vectors of length one; NaN where a vector has no direction."""
    with np.errstate(invalid="ignore"):
        unit: Points = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
