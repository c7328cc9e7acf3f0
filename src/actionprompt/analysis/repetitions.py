"""Repetitions of a periodic motion: how many, from when to when, how far and how fast; docs/angles.md.

Joints as the body itself sees them (over the ground, facing ahead) are reduced to the one direction in which they move
most, once what is slower than a repetition is taken off; a repetition is one swing of that out of rest and back.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import find_peaks

from actionprompt.analysis.angles import SIDES, joint_angles
from actionprompt.errors import InputError
from actionprompt.skeleton import Skeleton

Signal = Float[np.ndarray, " n"]

ENDS = tuple(f"{side} {part}" for side in SIDES for part in ("knee", "ankle", "elbow", "wrist"))
DRIVING = ("trunk_flexion", "trunk_lateral", "trunk_rotation",
           *(f"{side}_{name}" for side in SIDES for name in ("hip_flexion", "hip_adduction", "knee_flexion",
                                                             "shoulder_elevation", "elbow_flexion")))  # fmt: skip
"""Angles of which one drives a motion; those that are not defined everywhere are left out."""
SHORTEST, LONGEST = 0.5, 15.0
"""Seconds of a repetition."""
LEAST = 4.0
"""Seconds of motion in which repetitions can be counted."""
PERIODIC = 0.3
"""Autocorrelation of the joints at one repetition's distance, from which on a motion is periodic."""
AS_GOOD = 0.8
"""The first repetition's length whose autocorrelation is so much of the best one's is taken, not a multiple of it."""
SMOOTH, SLOW = 1 / 16, 1.5
"""Standard deviations, in repetitions, of the Gaussians that take off noise and drift."""
PROMINENCE, LEVEL, APART = 0.3, 0.05, 0.5
"""How far a swing rises, the share of it at which a repetition begins and ends, and how many repetitions lie between
two peaks at least."""
PAUSE = 1.0
"""Seconds of rest below which one repetition ends where the next begins."""


@dataclass(frozen=True)
class Repetition:
    """One repetition of a periodic motion."""

    start: float
    """Seconds from the motion's first frame."""
    end: float
    angle: str
    """The angle that drives the motion: the one that changes most over the whole of it."""
    lowest: float
    """Degrees of that angle."""
    highest: float
    peak_speed: float
    """Degrees a second."""
    asymmetry: float | None
    """Left range less right range of the angle, over the larger of them; None for the trunk."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start

    @property
    def range_of_motion(self) -> float:
        """Degrees."""
        return self.highest - self.lowest


def repetitions(
    points: Float[np.ndarray, "n j 3"], skeleton: Skeleton, up: tuple[float, float, float], fps: float
) -> list[Repetition]:
    """The repetitions in the order of time; none where the motion is not periodic.

    Args:
        points: joints, metres; where they stand does not matter.
        skeleton: their layout.
        up: against gravity, in the axes of the points.
        fps: frames a second.

    Raises:
        InputError: less than ``LEAST`` seconds, or a layout without hips, shoulders and limbs.
    """
    seconds = points.shape[0] / fps
    if seconds < LEAST:
        raise InputError(f"Repetitions need {LEAST:g} s of motion at least, and there are {seconds:.1f} s.")
    angles = joint_angles(points, skeleton, up)
    edges = boundaries(body_frame(points, skeleton, up), fps)
    if not len(edges):
        return []
    ranges = {name: float(np.ptp(np.quantile(angles[name], [0.05, 0.95]))) for name in DRIVING if name in angles}
    name = max(ranges, key=lambda key: ranges[key])
    return [_described(angles, name, int(first), int(last), fps) for first, last in edges]


def body_frame(
    points: Float[np.ndarray, "n j 3"], skeleton: Skeleton, up: tuple[float, float, float]
) -> Float[np.ndarray, "n c"]:
    """Limbs and thorax from the root, ahead, up and to the right of the hips, in columns."""
    at = skeleton.joints.index
    above = np.asarray(up, dtype=float) / np.linalg.norm(up)
    across = points[:, at("right hip")] - points[:, at("left hip")]
    right = across - (across @ above)[:, None] * above
    right /= np.linalg.norm(right, axis=-1, keepdims=True).clip(1e-9)
    axes = np.stack([np.cross(above, right), np.broadcast_to(above, right.shape), right], -1)
    relative = points[:, [*map(at, ENDS), at("thorax")]] - points[:, skeleton.root, None]
    return np.einsum("njk,nkc->njc", relative, axes).reshape(points.shape[0], -1)


def boundaries(joints: Float[np.ndarray, "n c"], fps: float) -> Float[np.ndarray, "r 2"]:
    """First and last frame of each repetition."""
    steady = median_filter(joints, size=(int(0.3 * fps) | 1, 1), mode="nearest")
    period = _period(steady, fps)
    if period is None:
        return np.zeros((0, 2))
    swing = _swing(steady, period)
    low, high = np.quantile(swing, [0.05, 0.95])
    swing = (swing - low) / max(float(high - low), 1e-9)
    found = max((_swings(one, period) for one in (swing, 1 - swing)), key=lambda swings: swings[0])[1]
    for one, other in pairwise(found):
        if other[0] - one[1] < PAUSE * fps:
            one[1] = other[0] = (one[1] + other[0]) / 2
    return np.array(found).reshape(-1, 2)


def _period(joints: Float[np.ndarray, "n c"], fps: float) -> float | None:
    """Frames of a repetition, by the joints' autocorrelation; None if nothing repeats itself."""
    n = joints.shape[0]
    moving = joints - gaussian_filter1d(joints, 3 * fps, axis=0, mode="nearest")
    spectrum = np.fft.rfft(moving, 2 * n, axis=0)
    alike = np.fft.irfft((np.abs(spectrum) ** 2).sum(1))[:n]
    alike = alike / max(float(alike[0]), 1e-12) / (1 - np.arange(n) / n).clip(0.3)
    peaks, _ = find_peaks(alike[: min(int(LONGEST * fps), int(0.6 * n))])
    peaks = peaks[peaks > SHORTEST * fps]
    if not peaks.size or alike[peaks].max() < PERIODIC:
        return None
    return float(peaks[alike[peaks] >= AS_GOOD * alike[peaks].max()][0])


def _swing(joints: Float[np.ndarray, "n c"], period: float) -> Signal:
    """The direction in which the joints move most, of what is neither noise nor drift; outliers count little."""
    moving = gaussian_filter1d(joints, SMOOTH * period, axis=0, mode="nearest")
    moving = moving - gaussian_filter1d(joints, SLOW * period, axis=0, mode="nearest")
    far = np.linalg.norm(moving, axis=1)
    calm = moving * np.minimum(1, 3 * np.median(far) / far.clip(1e-9))[:, None]
    _, _, directions = np.linalg.svd(calm - calm.mean(0), full_matrices=False)
    swing: Signal = calm @ directions[0]
    return swing


def _swings(swing: Signal, period: float) -> tuple[tuple[int, float], list[list[float]]]:
    """The swings upwards; before them their number, and how much the signal rests below, most of all at its ends."""
    peaks, _ = find_peaks(swing, prominence=PROMINENCE, distance=max(1.0, APART * period))
    limits = [0, *peaks.tolist(), swing.size - 1]
    found = []
    for before, peak, after in zip(limits[:-2], limits[1:-1], limits[2:], strict=True):
        first = _fallen(swing[before : peak + 1][::-1])
        last = _fallen(swing[peak : after + 1])
        found.append([float(peak - first), float(peak + last)])
    edge = max(2, swing.size // 100)
    ends = float(np.clip(np.concatenate([swing[:edge], swing[-edge:]]), 0, 1).mean())
    return (len(found), float((swing < 0.2).mean() - (swing > 0.8).mean()) + 1 - 2 * ends), found


def _fallen(swing: Signal) -> int:
    """After how many frames a swing has fallen from its peak to almost its lowest."""
    low = float(swing.min())
    below = swing <= low + LEVEL * (float(swing[0]) - low)
    return int(below.argmax())


def _described(angles: dict[str, Signal], name: str, first: int, last: int, fps: float) -> Repetition:
    part = slice(first, last + 1)
    values = angles[name][part]
    speed = np.abs(np.gradient(gaussian_filter1d(angles[name], 0.04 * fps))) * fps
    side, _, rest = name.partition("_")
    asymmetry = None
    if side in SIDES:
        left, right = (float(np.ptp(angles[f"{each}_{rest}"][part])) for each in SIDES)
        asymmetry = (left - right) / max(left, right, 1e-9)
    low, high, fastest = float(values.min()), float(values.max()), float(speed[part].max())
    return Repetition(first / fps, last / fps, name, low, high, fastest, asymmetry)
