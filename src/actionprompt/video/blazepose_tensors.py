"""What the numbers of BlazePose's two networks mean.

The constants are those of MediaPipe's published graphs (``pose_detection_cpu.pbtxt``, ``pose_detection_to_roi.pbtxt``,
``tensors_to_pose_landmarks_and_segmentation.pbtxt``; Apache-2.0). The detector is Bazarevsky et al., "BlazePose:
On-device Real-time Body Pose tracking" (2020): a box around the face and, in polar form, a circle around the body.
"""

import numpy as np
from jaxtyping import Float

from actionprompt.video.regions import Region, iou, standing

LOOK_SIDE, POSE_SIDE = 224, 256
"""Pixels of the pictures that the two networks want."""
MARGIN = 1.25
"""Around the circle that holds the person."""
STRIDES = ((8, 2), (16, 2), (32, 6))
"""Pixels between anchors, and how many anchors share a place."""
SAME_FACE = 0.3
"""Overlap from which two boxes are about one face."""
PEAK, REACH = 0.5, 4
"""A heatmap moves a landmark if it reaches so much within so many cells of it."""


def anchors() -> Float[np.ndarray, "2254 2"]:
    """Centres of the detector's anchors as shares of the picture."""
    places = []
    for stride, times in STRIDES:  # the coarsest level three times two
        centre = (np.arange(LOOK_SIDE // stride) + 0.5) * stride / LOOK_SIDE
        y, x = np.meshgrid(centre, centre, indexing="ij")
        places.append(np.stack([x.ravel(), y.ravel()], -1).repeat(times, 0))
    return np.concatenate(places)


def people(
    raw: Float[np.ndarray, "a 12"], score: Float[np.ndarray, " a"], places: Float[np.ndarray, "a 2"], least: float
) -> Float[np.ndarray, "m 4 2"]:
    """People in a picture, surest first, as shares of it: between the hips, above the head, and two upper-body points.

    Boxes of the same face are averaged, weighted by their scores.

    Args:
        raw: the network's numbers of each anchor: a box (centre and size), then four points; pixels from the anchor.
        score: before the sigmoid.
        places: the anchors.
        least: probability of a person.
    """
    chance = sigmoid(score)
    sure = np.flatnonzero(chance >= least)
    sure = sure[np.argsort(-chance[sure], kind="stable")]
    values, place, weight = raw[sure] / LOOK_SIDE, places[sure], chance[sure]
    centre, half = values[:, :2] + place, values[:, 2:4] / 2
    points = values[:, 4:].reshape(-1, 4, 2) + place[:, None]
    same = iou(*[np.concatenate([centre - half, centre + half], -1)] * 2) > SAME_FACE
    left, found = np.ones(sure.size, dtype=bool), []
    for i in range(sure.size):
        if left[i]:
            group = np.flatnonzero(left & same[i])
            left[group] = False
            found.append(np.average(points[group], axis=0, weights=weight[group]))
    return np.stack(found) if found else np.zeros((0, 4, 2))


def refine(points: Float[np.ndarray, "p 2"], heatmaps: Float[np.ndarray, "h w p"]) -> Float[np.ndarray, "p 2"]:
    """Landmarks (shares of the picture), moved to the centre of mass of their heatmaps nearby."""
    height, width, count = heatmaps.shape
    with np.errstate(invalid="ignore"):
        column, row = (points * [width, height]).astype(int).T
    around = np.arange(-REACH, REACH + 1)
    rows, columns = row[:, None] + around, column[:, None] + around
    within = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    place = rows.clip(0, height - 1)[:, :, None], columns.clip(0, width - 1)[:, None], np.arange(count)[:, None, None]
    mass = np.where(within, sigmoid(heatmaps[place]), 0)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    moved = inside & (mass.max((1, 2)) >= PEAK)
    whole = np.maximum(mass.sum((1, 2)), 1e-12)
    x, y = (mass.sum(1) * columns).sum(1) / whole / width, (mass.sum(2) * rows).sum(1) / whole / height
    return np.where(moved[:, None], np.stack([x, y], -1), points)


def region_of(centre_and_top: Float[np.ndarray, "2 2"]) -> Region:
    """Where the second network looks: around the circle given by the hips' middle and a point of it above the head."""
    return standing(centre_and_top[0], centre_and_top[1], MARGIN)


def sigmoid(x: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """The logistic function, safe for large numbers."""
    chance: Float[np.ndarray, "*n"] = 1 / (1 + np.exp(-np.clip(x, -80, 80)))
    return chance
