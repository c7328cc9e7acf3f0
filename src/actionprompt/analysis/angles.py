"""Joint angles from joint positions, after the ISB's recommendations as far as points allow; docs/angles.md.

Segment axes as the ISB has them (Wu et al., J. Biomech. 35, 2002 and 38, 2005): x forward, y up, z to the right. A
limb's direction has two angles in its parent segment: flexion about z, then adduction about the turned x, as in Grood
and Suntay's joint coordinate system; how a bone turns about itself is not in points.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

Points = Float[np.ndarray, "n j 3"]
Axes = Float[np.ndarray, "n 3 3"]
Vectors = Float[np.ndarray, "n 3"]
Angle = Float[np.ndarray, " n"]
SIDES = ("left", "right")
NEEDED = ("pelvis", "thorax", *(f"{side} {part}" for side in SIDES for part in ("hip", "shoulder")))
VAGUE = 15.0
"""Degrees: an arm so near to the trunk's axis has no plane of elevation."""


def joint_angles(points: Points, skeleton: Skeleton, up: tuple[float, float, float]) -> dict[str, Angle]:
    """Every angle that the layout allows, degrees, by name; ``docs/angles.md`` says zero and sign of each.

    Args:
        points: joints, metres; where they stand does not matter.
        skeleton: their layout.
        up: against gravity, in the axes of the points.

    Raises:
        InputError: a layout without pelvis, thorax, hips or shoulders.
    """
    if missing := [name for name in NEEDED if name not in skeleton.joints]:
        raise InputError(f"Angles need a joint {missing[0]!r}, which the layout {skeleton.name} lacks.")
    at = dict(zip(skeleton.joints, np.moveaxis(points.astype(float), 1, 0), strict=True))
    above = np.broadcast_to(_unit(np.asarray(up, dtype=float)), at["pelvis"].shape)
    pelvis, thorax = trunk_axes(at)
    found = {**_pelvis(pelvis, above), **_trunk(at, above)}
    for side in SIDES:
        found |= _leg(at, pelvis, side) | _arm(at, thorax, side)
    return found


def trunk_axes(at: Mapping[str, Vectors]) -> tuple[Axes, Axes]:
    """The axes of pelvis and thorax; columns x forward, y up, z to the right.

    The pelvis has its z along the hips and its y towards the spine (or the thorax, where there is no spine); the thorax
    its y away from the pelvis and its z along the shoulders.
    """
    rise = at.get("spine", at["thorax"]) - at["pelvis"]
    across = at["right hip"] - at["left hip"]
    z = _unit(across)
    y = _unit(rise - _along(rise, z)[:, None] * z)
    pelvis = np.stack([np.cross(y, z), y, z], axis=-1)
    y = _unit(at["thorax"] - at["pelvis"])
    across = at["right shoulder"] - at["left shoulder"]
    z = _unit(across - _along(across, y)[:, None] * y)
    return pelvis, np.stack([np.cross(y, z), y, z], axis=-1)


def _pelvis(pelvis: Axes, above: Vectors) -> dict[str, Angle]:
    forward, right = _level(pelvis[..., 2], above)
    y, z = pelvis[..., 1], pelvis[..., 2]
    return {
        "pelvis_tilt": _degrees(np.arctan2(_along(y, forward), _along(y, above))),
        "pelvis_obliquity": _degrees(np.arctan2(_along(z, above), _along(z, right))),
    }


def _trunk(at: Mapping[str, Vectors], above: Vectors) -> dict[str, Angle]:
    """How the line from pelvis to thorax leans in the world, and how shoulders are turned against hips about it."""
    line = _unit(at["thorax"] - at["pelvis"])
    forward, right = _level(at["right hip"] - at["left hip"], above)
    hips, shoulders = (
        across - _along(across, line)[:, None] * line
        for across in (at["right hip"] - at["left hip"], at["right shoulder"] - at["left shoulder"])
    )
    turned = np.arctan2(_along(np.cross(hips, shoulders), line), _along(hips, shoulders))
    return {
        "trunk_flexion": _degrees(np.arctan2(_along(line, forward), _along(line, above))),
        "trunk_lateral": _degrees(np.arctan2(_along(line, right), _along(line, above))),
        "trunk_rotation": _degrees(turned),
    }


def _leg(at: Mapping[str, Vectors], pelvis: Axes, side: str) -> dict[str, Angle]:
    hip, knee, ankle = (f"{side} {part}" for part in ("hip", "knee", "ankle"))
    found: dict[str, Angle] = {}
    if knee in at:
        flexion, adduction = _two_angles(at[knee] - at[hip], pelvis, side)
        found |= {f"{side}_hip_flexion": flexion, f"{side}_hip_adduction": adduction}
    if knee in at and ankle in at:
        found[f"{side}_knee_flexion"] = _bend(at[hip], at[knee], at[ankle])
    if ankle in at and (toe := f"{side} toe") in at:
        found[f"{side}_ankle_dorsiflexion"] = _bend(at[knee], at[ankle], at[toe]) - 90
    return found


def _arm(at: Mapping[str, Vectors], thorax: Axes, side: str) -> dict[str, Angle]:
    shoulder, elbow, wrist = (f"{side} {part}" for part in ("shoulder", "elbow", "wrist"))
    if elbow not in at:
        return {}
    arm = at[elbow] - at[shoulder]
    flexion, adduction = _two_angles(arm, thorax, side)
    x, y, z = _inside(_unit(arm), thorax, side)
    elevation = _degrees(np.arccos(np.clip(-y, -1, 1)))
    clear = (elevation > VAGUE) & (elevation < 180 - VAGUE)
    found = {
        f"{side}_shoulder_flexion": np.where(flexion < -90, flexion + 360, flexion),
        f"{side}_shoulder_adduction": adduction,
        f"{side}_shoulder_elevation": elevation,
        f"{side}_shoulder_plane": np.where(clear, _degrees(np.arctan2(x, z)), np.nan),
    }
    return found | ({f"{side}_elbow_flexion": _bend(at[shoulder], at[elbow], at[wrist])} if wrist in at else {})


def _two_angles(limb: Vectors, parent: Axes, side: str) -> tuple[Angle, Angle]:
    """Flexion about the parent's z, then adduction about the turned x, of a limb that hangs along -y at rest."""
    x, y, z = _inside(_unit(limb), parent, side)
    return _degrees(np.arctan2(x, -y)), _degrees(np.arcsin(np.clip(-z, -1, 1)))


def _inside(vectors: Vectors, parent: Axes, side: str) -> tuple[Angle, Angle, Angle]:
    """Coordinates in the parent's axes; on the left the z axis points left, so that both sides have one sign."""
    x, y, z = np.moveaxis(np.einsum("ni,nik->nk", vectors, parent), -1, 0)
    return x, y, z if side == "right" else -z


def _bend(start: Vectors, middle: Vectors, end: Vectors) -> Angle:
    """0 where three joints lie on a line."""
    one, other = _unit(middle - start), _unit(end - middle)
    return _degrees(np.arctan2(np.linalg.norm(np.cross(one, other), axis=-1), _along(one, other)))


def _level(across: Vectors, above: Vectors) -> tuple[Vectors, Vectors]:
    """Forward and right over the ground, from a line to the person's right."""
    right = _unit(across - _along(across, above)[:, None] * above)
    return np.cross(above, right), right


def _along(one: Vectors, other: Vectors) -> Angle:
    return (one * other).sum(-1)


def _degrees(radians: Angle) -> Angle:
    return np.degrees(radians)


def _unit(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Float[np.ndarray, "*n 3"] = vectors / np.where(length > 0, length, 1)
    return unit
