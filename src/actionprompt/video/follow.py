"""One person before a camera."""

import numpy as np
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from actionprompt.data.held import Held
from actionprompt.data.keypoints import to_screen
from actionprompt.data.layouts import layouts
from actionprompt.data.tracks import FARTHEST, distances
from actionprompt.video.detect import Detector, Person
from actionprompt.video.timing import LONGEST_GAP


class Follower:
    """The most prominent person, then whoever is nearest to where that person was.

    Somebody who is further away than people go between two frames is somebody else, who is taken when the person has
    not been seen for over a second.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._layout = layouts()[detector.layout]
        self._place: Float[np.ndarray, "p 2"] | None = None
        """Where the person was; NaN where a point was not found."""
        self._time = 0.0
        self._held = Held(self._layout)

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], time: float) -> Float[Tensor, "17 2"] | None:
        """The person's joints on the normalised screen; None if they are not seen, or not all of them ever were."""
        if self._place is not None and time - self._time > LONGEST_GAP:
            self._place, self._held = None, Held(self._layout)
        person = self._chosen(self._detector(image, time))
        if person is None:
            return None
        known = found(person)
        self._place, self._time = np.where(known[:, None], person.points, np.nan), time
        joints = self._held.joints(person.points, known)
        return None if joints is None else to_screen(joints, "pixels", (image.shape[1], image.shape[0]))

    def _chosen(self, people: list[Person]) -> Person | None:
        people = [person for person in people if found(person).any()]
        if not people:
            return None
        if self._place is None:
            return max(people, key=prominence)
        here = np.stack([np.where(found(person)[:, None], person.points, np.nan) for person in people])
        far = distances(self._place[None], here)[0]
        return people[int(far.argmin())] if far.min() < FARTHEST else None


def found(person: Person) -> Bool[np.ndarray, " p"]:
    """Which points of a person were found."""
    known: Bool[np.ndarray, " p"] = np.isfinite(person.points).all(-1) & (person.confidence > 0)
    return known


def prominence(person: Person) -> float:
    """Height in the picture times mean confidence."""
    height = np.ptp(person.points[found(person), 1])
    return float(height * np.nan_to_num(person.confidence).mean())
