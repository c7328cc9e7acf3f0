"""Heels and toes, which the 17 joints lack and some detectors have (BlazePose, Halpe, OpenPose's 25)."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.tracks import Sequence
from actionprompt.skeleton import FEET

TOES = ("foot index", "big toe")
"""What detectors call the tip of a foot."""


def foot_points(layout: Layout) -> list[int] | None:
    """Where a layout has heels and toes, in the order of ``skeleton.FEET``; None where it has not all of them."""
    for toe in TOES:
        names = [name.replace("toe", toe) for name in FEET]
        if set(names) <= set(layout.points):
            return [layout.points.index(name) for name in names]
    return None


def feet_of(sequence: Sequence, layout: Layout) -> Float[Tensor, "n 4 3"] | None:
    """A person's heels and toes: x and y in the file's units, confidence; missing ones interpolated, of confidence 0.

    None where the layout has none, or where one of them was never found.
    """
    points = foot_points(layout)
    if points is None or sequence.missing[:, points].all(0).any():
        return None
    frames, found = np.arange(sequence.points.shape[0]), []
    for point in points:
        seen = ~sequence.missing[:, point]
        place = [np.interp(frames, frames[seen], column[seen]) for column in sequence.points[:, point].T]
        found.append(np.stack([*place, np.where(seen, sequence.confidence[:, point], 0)], axis=-1))
    return torch.from_numpy(np.stack(found, axis=1)).float()
