"""Heels and toes in space: each foot is a rigid piece that turns about its ankle as heel and toe are seen to turn.

A foot on a leg that stands points ahead, square to the shin. From there it turns by the shortest way to where it points
in the picture; what the picture does not show of its known length is its depth, on the side to which it would point.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from actionprompt.analysis.contacts import SIDES
from actionprompt.inference.body import bone_lengths, bones_of, stature
from actionprompt.output.track import LiftedTrack
from actionprompt.output.trajectory import Lens

HEEL, TOE = (0.0, -0.039, -0.038), (0.0, -0.039, 0.114)
"""From the ankle, in shares of the stature, x to the left, y along the shin, z ahead: a foot is 0.152 of the stature
long and its ankle 0.039 above the sole (Drillis and Contini 1966); a quarter of it is behind the ankle."""
STEADY = 0.06
"""Seconds: the width of the filter of a foot's turn."""
MOST = 75.0
"""Degrees by which a foot turns against the shin at most; what seems to turn more was not seen well."""


def with_feet(track: LiftedTrack, seen: Float[np.ndarray, "n 4 3"], lens: Lens) -> LiftedTrack:
    """The track with heels and toes; as it is, where nobody knows how far away the person is.

    Args:
        track: lifted, with a path.
        seen: heels and toes in the order of ``keypoints.feet.FEET``: x and y on the screen, confidence.
        lens: the camera's.
    """
    if track.root is None:
        return track
    feet = [foot(track, side, seen[:, 2 * i : 2 * i + 2], lens) for i, side in enumerate(SIDES)]
    return replace(track, feet=np.stack(feet, axis=1))


def foot(track: LiftedTrack, side: str, seen: Float[np.ndarray, "n 2 3"], lens: Lens) -> Float[np.ndarray, "n 2 3"]:
    """Heel and toe of one foot, from the ankle, camera axes, metres."""
    tall = stature(bone_lengths(track.pose, np.ones(track.pose.shape[:2]), bones_of(track.skeleton)), track.skeleton)
    at = dict(zip(track.skeleton.joints, np.moveaxis(track.points.astype(float), 1, 0), strict=True))
    leg = leg_axes(at["left hip"] - at["right hip"], at[f"{side} knee"] - at[f"{side} ankle"])
    length = tall * float(np.linalg.norm(np.subtract(TOE, HEEL)))
    rays = (seen[..., :2] - lens.centre) / lens.focal
    depth = at[f"{side} ankle"][:, 2] + tall * (leg @ HEEL)[:, 2]
    ahead = pointed(rays[:, 0], rays[:, 1], depth, leg[..., 2], length)
    turn = steadied(leg[..., 2], ahead, seen[..., 2].min(1), track.fps)
    places: Float[np.ndarray, "n 2 3"] = tall * np.einsum("nij,kj->nki", turn @ leg, [HEEL, TOE])
    return places


def leg_axes(left: Float[np.ndarray, "n 3"], shin: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3 3"]:
    """Columns: to the left, up along the shin, ahead."""
    up = shin / np.linalg.norm(shin, axis=-1, keepdims=True)
    left = left - (left * up).sum(-1, keepdims=True) * up
    left = left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-9)
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def pointed(
    heel: Float[np.ndarray, "n 2"],
    toe: Float[np.ndarray, "n 2"],
    depth: Float[np.ndarray, " n"],
    usual: Float[np.ndarray, "n 3"],
    length: float,
) -> Float[np.ndarray, "n 3"]:
    """Unit vectors from heel to toe.

    On its ray the toe is as far from the heel as the foot is long: a quadratic equation of their difference in depth,
    of whose two solutions the one nearer to the usual direction is taken; the nearest miss where there is none.

    Args:
        heel: its ray, x / z and y / z.
        toe: its ray.
        depth: z of the heel, metres.
        usual: where the foot would point.
        length: of the foot, metres.
    """
    apart = (toe - heel) * depth[:, None]
    a, b, c = 1 + (toe**2).sum(-1), (apart * toe).sum(-1), (apart**2).sum(-1) - length**2
    root = np.sqrt(np.maximum(b**2 - a * c, 0))
    both = np.stack([(-b - root) / a, (-b + root) / a])
    nearer = np.abs(both - length * usual[:, 2]).argmin(0)
    ahead = both[nearer, np.arange(len(nearer))]
    pointing = np.column_stack([apart + ahead[:, None] * toe, ahead])
    unit: Float[np.ndarray, "n 3"] = pointing / np.linalg.norm(pointing, axis=-1, keepdims=True)
    return unit


def steadied(
    usual: Float[np.ndarray, "n 3"], ahead: Float[np.ndarray, "n 3"], sure: Float[np.ndarray, " n"], fps: float
) -> Float[np.ndarray, "n 3 3"]:
    """The turns from one direction to the other, filtered over time, each as sure as it is; unsure ones are none."""
    axis, cosine = np.cross(usual, ahead), (usual * ahead).sum(-1)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, cosine)
    weight = np.where(np.degrees(angle) < MOST, sure, 0.0)
    turn = axis / np.maximum(sine, 1e-9)[:, None] * angle[:, None]
    kept = gaussian_filter1d(np.column_stack([turn * weight[:, None], weight]), STEADY * fps, axis=0, mode="nearest")
    steady: Float[np.ndarray, "n 3 3"] = Rotation.from_rotvec(kept[:, :3] / (kept[:, 3:] + 1e-3)).as_matrix()
    return steady
