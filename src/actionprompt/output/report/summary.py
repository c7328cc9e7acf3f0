"""What a report says of a motion, in numbers."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.analysis.angles import SIDES
from actionprompt.analysis.repetitions import DRIVING, Repetition, repetitions
from actionprompt.errors import InputError
from actionprompt.output.angles import angles_of
from actionprompt.output.segments import Segment, segments
from actionprompt.output.track import UNKNOWN, LiftedTrack

LIMBS = ("hip_flexion", "hip_adduction", "knee_flexion", "ankle_dorsiflexion", "shoulder_flexion", "shoulder_elevation",
         "elbow_flexion")  # fmt: skip
TRUNK = ("pelvis_tilt", "pelvis_obliquity", "trunk_flexion", "trunk_lateral", "trunk_rotation")
"""Angles that a report shows, those of both sides and those of the trunk."""
ERROR = MappingProxyType({
    "pelvis_tilt": 5.0, "pelvis_obliquity": 8.3, "trunk_flexion": 3.2, "trunk_lateral": 3.4, "trunk_rotation": 8.9,
    "hip_flexion": 8.1, "hip_adduction": 9.2, "knee_flexion": 8.8, "shoulder_flexion": 31.4, "shoulder_elevation": 6.3,
    "elbow_flexion": 12.6,
})  # fmt: skip
"""Mean error in degrees as detectors see people (docs/angles.md, UI-PRMD's test subjects)."""
POINTS = 101
"""Values of a repetition's curve, from its beginning to its end."""


class Range(NamedTuple):
    """How far an angle goes, degrees: from its 5th to its 95th percentile."""

    low: float
    high: float

    @property
    def size(self) -> float:
        """Range of motion."""
        return self.high - self.low


class Band(NamedTuple):
    """An angle over the repetitions: mean and standard deviation at each part of one."""

    mean: Float[np.ndarray, " p"]
    spread: Float[np.ndarray, " p"]


@dataclass(frozen=True)
class Summary:
    """One person's motion in numbers."""

    track: LiftedTrack
    segments: list[Segment]
    repetitions: list[Repetition]
    why_none: str
    """Why there are no repetitions; empty where there are some."""
    angles: dict[str, Float[np.ndarray, " n"]]
    """Degrees; NaN where an angle is not defined."""

    @property
    def driving(self) -> str:
        """The angle that changes most."""
        if self.repetitions:
            return self.repetitions[0].angle
        return max((name for name in DRIVING if name in self.angles), key=lambda name: self.range(name).size)

    @property
    def unknown(self) -> float | None:
        """Share of frames in which no action was sure enough; None without actions."""
        shown = self.track.shown
        return shown.count(UNKNOWN) / len(shown) if shown else None

    def range(self, name: str) -> Range:
        """How far an angle goes; zeros where it is never defined."""
        values = self.angles[name][np.isfinite(self.angles[name])]
        if not values.size:
            return Range(0.0, 0.0)
        low, high = np.quantile(values, [0.05, 0.95])
        return Range(float(low), float(high))

    def asymmetry(self, limb: str) -> float | None:
        """Left range less right range over the larger of them; None where an angle hardly changes."""
        left, right = (self.range(f"{side}_{limb}").size for side in SIDES)
        return None if max(left, right) < 5 else (left - right) / max(left, right)

    def band(self, name: str) -> Band | None:
        """The angle over the repetitions; None without any, or where it is not defined throughout."""
        rows = [row for row in (self._cut(name, one) for one in self.repetitions) if row is not None]
        if not rows:
            return None
        return Band(np.mean(rows, 0), np.std(rows, 0))

    def _cut(self, name: str, one: Repetition) -> Float[np.ndarray, " p"] | None:
        values = self.angles[name]
        at = np.linspace(one.start, one.end, POINTS) * self.track.fps
        row: Float[np.ndarray, " p"] = np.interp(at, np.arange(values.size), values)
        return row if np.isfinite(row).all() else None

    def key_frames(self) -> list[tuple[str, int]]:
        """What is shown of the motion, and its frame: the driving angle's ends in the middle repetition."""
        values = self.angles[self.driving]
        first, last = 0, values.size - 1
        if self.repetitions:
            middle = self.repetitions[len(self.repetitions) // 2]
            first, last = (round(t * self.track.fps) for t in (middle.start, middle.end))
        part = values[first : last + 1]
        if not np.isfinite(part).any():
            return [("first frame", 0)]
        return [("least", first + int(np.nanargmin(part))), ("most", first + int(np.nanargmax(part)))]


def summary(track: LiftedTrack) -> Summary:
    """The numbers of a track.

    Raises:
        InputError: a layout that has no angles.
    """
    found, why = [], ""
    try:
        found = repetitions(track.pose, track.skeleton, track.up, track.fps)
        why = "" if found else "The motion does not repeat itself."
    except InputError as error:
        why = str(error)
    return Summary(track, segments(track), found, why, angles_of(track))
