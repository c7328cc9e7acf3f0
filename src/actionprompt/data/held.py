"""One person's points as they come, without knowing what comes next: what is missing is where it was last."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from actionprompt.data.layouts import Layout


class Held:
    """A detector's points of one person, frame by frame, as Human3.6M's 17 joints."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._weights, self._needed = layout.weights(), layout.needed
        self._seen = np.full((len(layout.points), 2), np.nan)

    def joints(self, points: Float[np.ndarray, "p 2"], known: Bool[np.ndarray, " p"]) -> Float[Tensor, "17 2"] | None:
        """The joints of the next frame; None while a point that is needed has never been known.

        Args:
            points: in any unit; more than the layout's are not read.
            known: which of them were found.
        """
        count = len(self._layout.points)
        known = known[:count]
        self._seen[known] = points[:count][known]
        if np.isnan(self._seen[self._needed]).any():
            return None
        return torch.from_numpy(self._weights @ np.nan_to_num(self._seen)).float()
