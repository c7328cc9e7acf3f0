"""Which points of a motion capture rig are Human3.6M's 17 joints: built-in tables, or a user's file.

A joint is a point of the file, or a weighted sum of some. The pelvis is the middle of the hips. No rig has a
face: what stands for the nose is the base of the skull, which Human3.6M's own "nose" is not far from.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.formats.gaps import fill_gaps
from actionprompt.formats.markers import MARKERS, NEEDED, joints
from actionprompt.formats.recording import fill
from actionprompt.skeleton import H36M_17
from actionprompt.untrusted import read_settings

PLUG_IN_GAIT = "plug-in-gait"
"""Vicon's 39 markers, whose joints are not weighted sums (see ``markers.joints``)."""
OLDER = {
    "LASI": ("LFWT",), "RASI": ("RFWT",), "LPSI": ("LBWT", "SACR"), "RPSI": ("RBWT", "SACR"),
    "LTIB": ("LSHN",), "RTIB": ("RSHN",), "RBAK": ("RBAC",),
    "LWRA": ("LIWR",), "LWRB": ("LOWR",), "RWRA": ("RIWR",), "RWRB": ("ROWR",),
}  # fmt: skip
"""Plug-in-Gait's markers under Vicon's older names; one marker on the sacrum may stand for two."""


@dataclass(frozen=True)
class Rig:
    """A naming of points."""

    name: str
    joints: dict[str, dict[str, float]]
    """For each of the 17 joints, points and their weights."""
    sign: str = ""
    """A point that tells this rig from another with the same names."""

    @property
    def points(self) -> set[str]:
        """The points it needs."""
        return {point for weights in self.joints.values() for point in weights} | {self.sign} - {""}

    def resolved(self, have: Collection[str]) -> "Rig":
        """The rig with a file's own names: markers may have Vicon's older ones."""
        if self.name != PLUG_IN_GAIT:
            return self
        names = {m: next((name for name in (m, *OLDER.get(m, ())) if name in have), m) for m in MARKERS}
        return replace(self, joints={m: {names[m]: 1.0} for m in self.joints})


def built_in() -> list[Rig]:
    """In the order of asking: a file's rig is the first one whose points it has."""
    limbs = _limbs("{}UpLeg", "{}Leg", "{}Foot", "{}Arm", "{}ForeArm", "{}Hand", ("Left", "Right"))
    trunk = {"spine": "Spine1", "thorax": "Neck", "nose": "Head"}
    acclaim = _limbs("{}hipjoint", "{}femur", "{}tibia", "{}clavicle", "{}humerus", "{}wrist", ("l", "r"))
    xsens = _limbs("{}Hip", "{}Knee", "{}Ankle", "{}Shoulder", "{}Elbow", "{}Wrist", ("Left", "Right"))
    daz = _limbs("{}Thigh", "{}Shin", "{}Foot", "{}Shldr", "{}ForeArm", "{}Hand", ("l", "r"))
    own = {joint: joint.replace(" ", "_") for joint in H36M_17.joints}
    bones = {"pelvis": "Hips", "spine": "Spine", "thorax": "Neck", "nose": "Head", "head top": "Head_End"}
    theia = _limbs("{}_thigh", "{}_shank", "{}_foot", "{}_uarm", "{}_larm", "{}_hand", ("l", "r"))
    mvnx = _limbs("{}UpperLeg", "{}LowerLeg", "{}Foot", "{}UpperArm", "{}ForeArm", "{}Hand", ("Left", "Right"))
    kinect = _limbs("hip{}", "knee{}", "ankle{}", "shoulder{}", "elbow{}", "wrist{}", ("left", "right"))
    azure = _limbs("HIP_{}", "KNEE_{}", "ANKLE_{}", "SHOULDER_{}", "ELBOW_{}", "WRIST_{}", ("LEFT", "RIGHT"))
    tables: list[tuple[str, dict[str, Any], str]] = [
        ("actionprompt", own, ""),
        ("actionprompt-bvh", limbs | bones, "LeftHip"),
        ("acclaim", acclaim | {"spine": "lowerback", "thorax": "thorax", "nose": "upperneck", "head top": "head"}, ""),
        ("cmu-bvh", limbs | trunk | {"spine": "Spine", "head top": "Head_End"}, "LowerBack"),
        ("mixamo", limbs | trunk | {"head top": "HeadTop_End"}, ""),
        ("motionbuilder", limbs | trunk | {"head top": "Head_End"}, ""),
        ("xsens", xsens | trunk | {"spine": ["Chest2", "Chest3"], "head top": "Head_End"}, ""),
        ("chest", xsens | trunk | {"spine": "Chest", "head top": "Head_End"}, ""),
        (
            "daz",
            daz | {"spine": "chest", "thorax": "neck", "nose": "head", "head top": ["leftEye_End", "rightEye_End"]},
            "",
        ),
        ("theia", theia | _above_shoulders(theia, "head"), ""),
        ("mvnx", mvnx | {"spine": "T12", "thorax": "Neck", "nose": "Head", "head top": "Head_Top"}, ""),
        (
            "kinect",
            kinect
            | {"spine": "spinemid", "thorax": "spineshoulder", "nose": "head", "head top": {"head": 1.5, "neck": -0.5}},
            "",
        ),
        (
            "azure-kinect",
            azure
            | {
                "spine": "SPINE_NAVEL",
                "thorax": "NECK",
                "nose": "NOSE",
                "head top": {"EAR_LEFT": 0.77, "EAR_RIGHT": 0.77, "NECK": -0.54},  # as keypoints.layouts
            },
            "",
        ),
    ]
    return [Rig(name, {j: _weights(table[j]) for j in H36M_17.joints}, sign) for name, table, sign in tables]


def _above_shoulders(limbs: Mapping[str, Any], skull: str) -> dict[str, Any]:
    """Trunk and head of a rig that ends at the base of the skull: the top is as far above it as the shoulders below."""
    hips, shoulders = ([limbs[f"{side} {part}"] for side in ("left", "right")] for part in ("hip", "shoulder"))
    return {
        "spine": [*hips, *shoulders],
        "thorax": shoulders,
        "nose": skull,
        "head top": {skull: 2.0} | dict.fromkeys(shoulders, -0.5),
    }


def known_rigs() -> list[Rig]:
    """Markers first, then bones."""
    return [Rig(PLUG_IN_GAIT, {marker: {marker: 1.0} for marker in NEEDED}), *built_in()]


def read_rig(path: Path) -> Rig:
    """A user's map: TOML or JSON, a table ``joints`` with a line for each of the 17 joints.

    A line names a point (``"right hip" = "RightUpLeg"``), several (their mean is the joint: ``["A", "B"]``), or
    points with weights that sum to 1 (``{ A = 0.7, B = 0.3 }``).

    Raises:
        InputError: no such file, neither TOML nor JSON, or a joint that is missing, unknown or malformed.
    """
    content = read_settings(path)
    table = content.get("joints") if isinstance(content, Mapping) else None
    if not isinstance(table, Mapping):
        raise InputError(f"{path} has no table `joints`, which says what the 17 joints are.")
    if missing := [joint for joint in H36M_17.joints if joint not in table]:
        raise InputError(f"{path} does not say what {', '.join(missing)} is.")
    if unknown := [joint for joint in table if joint not in H36M_17.joints]:
        raise InputError(f"{path} maps a joint {unknown[0]!r}; the joints are {', '.join(H36M_17.joints)}.")
    try:
        weights = {joint: _weights(table[joint]) for joint in H36M_17.joints}
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: a joint is a point, a list of points, or points and weights ({error}).") from error
    if odd := [joint for joint, row in weights.items() if not abs(sum(row.values()) - 1) <= 1e-3]:
        raise InputError(f"{path}: the weights of {odd[0]} sum to {sum(weights[odd[0]].values()):g} instead of 1.")
    return Rig(path.name, weights)


def choose(names: Sequence[str], wanted: str, where: str) -> Rig:
    """The rig of a file's points: a built-in one by name, a user's map, or with ``auto`` the first that fits.

    Points that the rig does not need may be called anything, and several the same.

    Raises:
        InputError: there is no such rig, or the file lacks points of it, or has one twice; the message says which.
    """
    have = Counter(plain(name) for name in names)
    rigs = [rig.resolved(have) for rig in known_rigs()]
    if wanted != "auto":
        rig = _by_name(wanted, rigs, have)
        if missing := sorted(rig.points - set(have)):
            raise InputError(f"{where} has no point {', '.join(missing)}, which the rig {rig.name} needs.")
        return _once(rig, have, where)
    for rig in rigs:
        if rig.points <= set(have):
            return _once(rig, have, where)
    nearest = max(rigs, key=lambda rig: len(rig.points & set(have)) / len(rig.points))
    why = f"the nearest rig, {nearest.name}, lacks {', '.join(sorted(nearest.points - set(have))[:5])}"
    if not nearest.points & set(have):
        why = f"no known rig has any of its points ({', '.join(rig.name for rig in rigs)})"
    raise InputError(
        f"{where} has an unknown hierarchy ({', '.join(list(names)[:8])}, ...): {why}; say with data.rig which points "
        "are the 17 joints."
    )


def _by_name(wanted: str, rigs: Sequence[Rig], have: Collection[str]) -> Rig:
    named = {rig.name: rig for rig in rigs}
    if wanted not in named and not Path(wanted).is_file():
        raise InputError(f"There is no rig {wanted!r}: give {', '.join(named)}, or a file that maps the joints.")
    return named[wanted] if wanted in named else read_rig(Path(wanted))


def _once(rig: Rig, have: Mapping[str, int], where: str) -> Rig:
    """The rig, if each of its points is there once."""
    if twice := sorted(point for point in rig.points if have[point] > 1):
        raise InputError(f"{where} has two points called {twice[0]}: it must hold one person, or name them apart.")
    return rig


def to_h36m(points: Float[np.ndarray, "n p 3"], names: Sequence[str], rig: Rig) -> Float[np.ndarray, "n 17 3"]:
    """The 17 joints, with gaps in the points filled; each point that the rig needs must be there in some frame."""
    index = {plain(name): i for i, name in enumerate(names)}
    if rig.name == PLUG_IN_GAIT:
        return _from_markers(points, index, rig)
    needed = sorted(index[point] for point in rig.points)
    points = points.copy()
    points[:, needed] = fill(points[:, needed])
    rows = [sum(w * points[:, index[point]] for point, w in rig.joints[j].items()) for j in H36M_17.joints]
    return np.stack(rows, axis=1)


def _from_markers(
    points: Float[np.ndarray, "n p 3"], index: Mapping[str, int], rig: Rig
) -> Float[np.ndarray, "n 17 3"]:
    """From Plug-in-Gait's markers; those that are not needed help to fill gaps where they are there."""
    here = {m: index[next(iter(rig.joints[m]))] if m in rig.joints else index.get(m, -1) for m in MARKERS}
    there = [m for m, i in here.items() if i >= 0 and not np.isnan(points[:, i]).any(-1).all()]
    markers = np.zeros((points.shape[0], len(MARKERS), 3))
    filled = fill_gaps(np.nan_to_num(points[:, [here[m] for m in there]]))
    markers[:, [MARKERS.index(m) for m in there]] = filled
    return joints(markers)


def plain(name: str) -> str:
    """A point's name without the namespace that exporters put before it (``mixamorig:Hips``)."""
    return name.rpartition(":")[2].removeprefix("mixamorig")


def _limbs(*table: Any) -> dict[str, Any]:
    """Names of both sides' joints from patterns: hip, knee, ankle, shoulder, elbow, wrist; then left and right."""
    *patterns, (left, right) = table
    parts = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    sides = (("left", left), ("right", right))
    names: dict[str, Any] = {
        f"{side} {part}": pattern.format(word)
        for side, word in sides
        for part, pattern in zip(parts, patterns, strict=True)
    }
    return {"pelvis": [names["left hip"], names["right hip"]], **names}


def _weights(entry: Any) -> dict[str, float]:
    """What a line of a map says."""
    if isinstance(entry, str):
        return {plain(entry): 1.0}
    if isinstance(entry, list) and entry and all(isinstance(point, str) for point in entry):
        return {plain(point): 1 / len(entry) for point in entry}
    if isinstance(entry, Mapping) and entry:
        return {plain(point): float(weight) for point, weight in entry.items()}
    raise TypeError(f"got {entry!r}")
