"""Optional smoothing over time, with its lag stated.

One-Euro is causal: each answer uses earlier frames only, and lags behind. Savitzky-Golay fits a polynomial around each
frame: no lag, but it looks ahead by half its window, so it is for recordings and not live.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from actionprompt.errors import InputError
from actionprompt.output.track import LiftedTrack
from actionprompt.output.vectors import unit


class Lag(NamedTuple):
    """How far smoothed motion trails behind."""

    frames: float
    seconds: float


@dataclass(frozen=True)
class OneEuro:
    """The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012): a low pass that opens when a joint moves.

    The cutoff follows each joint's speed in space, so that the filter treats all directions alike.
    """

    min_cutoff: float = 1.0
    """Hz at rest: lower removes more jitter."""
    beta: float = 10.0
    """Hz per m/s: higher trails less in fast motion."""
    speed_cutoff: float = 1.0
    """Hz: the low pass on the speed itself."""

    def __post_init__(self) -> None:
        if not (0 < self.min_cutoff < np.inf and 0 <= self.beta < np.inf and 0 < self.speed_cutoff < np.inf):
            raise InputError(f"One-Euro needs positive cutoffs and beta >= 0; got {self}.")

    def smooth(self, points: Float[np.ndarray, "n *j d"], fps: float) -> Float[np.ndarray, "n *j d"]:
        """Points over time, metres."""
        state = OneEuroState(self, fps)
        return np.stack([state.push(point) for point in points])

    def lag(self, fps: float, speed: float = 1.0) -> Lag:
        """The lag behind a joint at constant speed (m/s): 1 / (2 pi cutoff) seconds, as of any first-order low pass."""
        seconds = 1 / (2 * np.pi * (self.min_cutoff + self.beta * abs(speed)))
        return Lag(seconds * fps, seconds)

    def describe(self, fps: float) -> str:
        """One line for the notes."""
        slow, fast = self.lag(fps, 0.1), self.lag(fps, 1.0)
        return (
            f"smoothed by One-Euro (min cutoff {self.min_cutoff:g} Hz, beta {self.beta:g}), causal: lags"
            f" {1000 * slow.seconds:.0f} ms ({slow.frames:.1f} frames) at 0.1 m/s,"
            f" {1000 * fast.seconds:.0f} ms ({fast.frames:.1f} frames) at 1 m/s"
        )


class OneEuroState:
    """The filter frame by frame, for live use: constant work and memory."""

    def __init__(self, settings: OneEuro, fps: float) -> None:
        self.settings, self.fps = settings, fps
        self.raw: Float[np.ndarray, "*j d"] | None = None
        self.smoothed: Float[np.ndarray, "*j d"]
        self.velocity: Float[np.ndarray, "*j d"]

    def push(self, point: Float[np.ndarray, "*j d"]) -> Float[np.ndarray, "*j d"]:
        """The smoothed point of the newest frame; joints are filtered one by one."""
        if self.raw is None:
            self.raw, self.smoothed, self.velocity = point, point, np.zeros_like(point)
            return point
        velocity = (point - self.raw) * self.fps
        self.velocity = self.velocity + self._share(self.settings.speed_cutoff) * (velocity - self.velocity)
        speed = np.linalg.norm(self.velocity, axis=-1, keepdims=True)
        share = self._share(self.settings.min_cutoff + self.settings.beta * speed)
        self.raw, self.smoothed = point, self.smoothed + share * (point - self.smoothed)
        return self.smoothed

    def _share(self, cutoff: "float | Float[np.ndarray, '*j 1']") -> "float | Float[np.ndarray, '*j 1']":
        """How much of the newest value enters: alpha of the paper."""
        return 1 / (1 + self.fps / (2 * np.pi * cutoff))


@dataclass(frozen=True)
class SavitzkyGolay:
    """A polynomial fitted around each frame by least squares (``scipy.signal.savgol_filter``)."""

    window: float = 0.3
    """Seconds of motion in a fit, rounded to an odd number of frames."""
    order: int = 3
    """The polynomial's degree."""

    def __post_init__(self) -> None:
        if not (0 < self.window < np.inf and self.order >= 0):
            raise InputError(f"Savitzky-Golay needs a window above 0 s and an order of at least 0; got {self}.")

    def frames(self, fps: float) -> int:
        """The window in frames."""
        return 2 * round(self.window * fps / 2 - 0.5) + 1

    def smooth(self, points: Float[np.ndarray, "n *j d"], fps: float) -> Float[np.ndarray, "n *j d"]:
        """Points over time. A motion shorter than the window is one fit; one no longer than the order stays as it is.

        Raises:
            InputError: the window has too few frames for the order.
        """
        from scipy.signal import savgol_filter

        if (window := self.frames(fps)) <= self.order:
            raise InputError(
                f"Savitzky-Golay of order {self.order} needs more than {self.order} frames in its window;"
                f" {self.window:g} s at {fps:g} frames/s are {window}: give a window of {(self.order + 2) / fps:.2g} s."
            )
        n = points.shape[0]
        window = min(window, n - (n + 1) % 2)
        if window <= self.order:
            return points.copy()
        smoothed: Float[np.ndarray, "n *j d"] = savgol_filter(points, window, self.order, axis=0, mode="interp")
        return smoothed

    def lag(self, fps: float, speed: float = 1.0) -> Lag:
        """None: a fit is symmetric around its frame (it looks ahead by half a window instead)."""
        return Lag(0.0, 0.0)

    def describe(self, fps: float) -> str:
        """One line for the notes."""
        frames = self.frames(fps)
        return (
            f"smoothed by Savitzky-Golay (window {frames} frames = {frames / fps:.2f} s, order {self.order}), offline:"
            f" lag 0, looks ahead {frames // 2} frames"
        )


Smoothing = OneEuro | SavitzkyGolay


def smooth(track: LiftedTrack, smoothing: Smoothing) -> LiftedTrack:
    """The track with its 3D joints, and its root's path where there is one, smoothed; the notes say by what.

    The 2D joints, which were measured, stay.

    Raises:
        InputError: a window too short for the frame rate.
    """
    root = None if track.root is None else smoothing.smooth(track.root, track.fps)
    pose = smoothing.smooth(track.pose, track.fps)
    feet = None if track.feet is None else _as_long(smoothing.smooth(track.feet, track.fps), track.feet)
    return replace(
        track, pose=pose, root=root, feet=feet, notes=(*track.notes, f"pose {smoothing.describe(track.fps)}")
    )


def _as_long(vectors: Float[np.ndarray, "*n 3"], others: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Vectors as long as others: feet are rigid."""
    lengths = np.linalg.norm(others, axis=-1, keepdims=True)
    scaled: Float[np.ndarray, "*n 3"] = unit(vectors) * lengths
    return scaled
