"""One person before a camera."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from actionprompt.keypoints.detections import not_found
from actionprompt.keypoints.last_known import LastKnownKeypoints
from actionprompt.keypoints.layouts import layouts
from actionprompt.keypoints.read import to_screen
from actionprompt.keypoints.timing import is_gap
from actionprompt.keypoints.tracks import FARTHEST, distances
from actionprompt.video.detect import Detector, Person
from actionprompt.video.people import prominence


class SinglePersonTracker:
    """The most prominent person, then whoever is nearest to where that person was.

    Somebody who is further away than people go between two frames is somebody else, who is taken when the person has
    not been seen for over a second.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._place: Float[np.ndarray, "p 2"] | None = None
        """Where the person was; NaN where a point was not found."""
        self._time = 0.0
        self._held = LastKnownKeypoints(layouts()[detector.layout])

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> Float[Tensor, "17 3"] | None:
        """The person's joints on the normalised screen, and confidence; None if not all of them were ever seen."""
        if is_gap(time - self._time):
            self._place = None
        chosen = self._chosen(self._detector(image, time))
        if chosen is None:
            return None
        self._place, self._time = found(chosen), time
        points = np.concatenate([self._place, chosen.confidence[:, None]], axis=1)
        joints = self._held.joints(points, np.isfinite(self._place).all(-1), time)
        if joints is None:
            return None
        return torch.cat([to_screen(joints[:, :2], "pixels", (image.shape[1], image.shape[0])), joints[:, 2:]], dim=1)

    def _chosen(self, people: list[Person]) -> Person | None:
        """The person, if they are there."""
        places = [found(person) for person in people]
        there = [i for i, place in enumerate(places) if self._held.anybody(np.isfinite(place).all(-1))]
        if not there:
            return None
        if self._place is None:
            return people[max(there, key=lambda i: prominence(places[i][None], people[i].confidence[None]))]
        far = distances(self._place[None], np.stack([places[i] for i in there]))[0]
        return people[there[int(far.argmin())]] if far.min() < FARTHEST else None


def found(person: Person) -> Float[np.ndarray, "p 2"]:
    """A person's points; NaN where they were not found."""
    return np.where(not_found(person.points, person.confidence)[:, None], np.nan, person.points)
