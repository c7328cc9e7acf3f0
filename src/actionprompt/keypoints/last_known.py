"""One person's points as they come, without knowing what comes next: what is missing is where it was last."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.keypoints.continuity import Continuity
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.timing import is_gap


class LastKnownKeypoints:
    """A detector's points of one person, frame by frame, as Human3.6M's 17 joints.

    After over a second without a person everything is forgotten: who comes then may be somebody else.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._weights, self._needed = layout.weights(), layout.needed
        self._time = 0.0
        """When somebody was seen last."""
        self._forget()

    def joints(
        self, points: Float[np.ndarray, "p 3"], known: Bool[np.ndarray, " p"], time: float
    ) -> Float[Tensor, "17 3"] | None:
        """The joints of the next frame; None if nobody is there, or while a needed point has never been known.

        A joint's confidence is the least one of the points that it follows from; it is 0 where one of them is missing.

        Args:
            points: x and y in any unit, and confidence; more than the layout's are not read.
            known: which of them were found.
            time: seconds, not before those of the frame before.
        """
        if not self.anybody(known):
            return None
        if is_gap(time - self._time):
            self._forget()
        self._time = time
        count = len(self._layout.points)
        points, known = self._continuity.push(points[:count].astype(float), known[:count], time)
        self._seen[known] = points[known, :2]
        if np.isnan(self._seen[self._needed]).any():
            return None
        places = self._weights @ np.nan_to_num(self._seen)
        sure = self._layout.joint_confidence(np.where(known, points[:, 2], 0))
        return torch.from_numpy(np.concatenate([places, sure[:, None]], axis=1)).float()

    def anybody(self, known: Bool[np.ndarray, " p"]) -> bool:
        """Whether the known points show somebody: one of those that joints need."""
        return bool(known[self._needed].any())

    def _forget(self) -> None:
        self._seen = np.full((len(self._layout.points), 2), np.nan)
        self._continuity = Continuity(self._layout.points)
