"""From a video's frame times to the constant frame rate that the model was trained at.

Linear in time: with the noise of a detector (0.2 % of the image's width, synthetic motion at 15 to 120 frames/s) cubic
curves were 8 to 15 % further from the truth; without noise the line is off by 0.01 % of the width at 30 frames/s.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float

LONGEST_GAP = 1.0
"""Seconds between two frames over which nothing is interpolated."""
SAME = 0.05
"""A share of a frame: times that are off by no more are the model's own (containers round them to milliseconds)."""


def is_gap(seconds: float) -> bool:
    """Whether two frames so far apart belong to two sequences."""
    return seconds > LONGEST_GAP + 1e-6


def resample(
    times: Float[np.ndarray, " n"], values: Float[np.ndarray, "n j *d"], fps: float
) -> tuple[int, Float[np.ndarray, "m j *d"]]:
    """Values at the times k / fps, interpolated; nothing is extrapolated.

    Where no such time is between the first and the last, the nearest one gets the first value.

    Args:
        times: seconds, rising.
        values: at those times.
        fps: the wanted rate.

    Returns:
        the first k, and the values from there on.
    """
    first = round(times[0] * fps)
    if np.abs(times * fps - first - np.arange(times.size)).max() <= SAME:
        return first, values
    low, high = int(np.ceil(times[0] * fps - SAME)), int(np.floor(times[-1] * fps + SAME))
    if times.size < 2 or high < low:
        return first, values[:1]
    wanted = np.clip(np.arange(low, high + 1) / fps, times[0], times[-1])
    columns = values.reshape(times.size, -1).T
    between = np.stack([np.interp(wanted, times, column) for column in columns], axis=1)
    return low, between.reshape(wanted.size, *values.shape[1:])


def pieces(times: Float[np.ndarray, " n"], longest: float = LONGEST_GAP) -> list[slice]:
    """Runs of frames without a gap of more than so many seconds."""
    cuts = [0, *(np.flatnonzero(np.diff(times) > longest + 1e-6) + 1).tolist(), times.size]
    return [slice(begin, end) for begin, end in pairwise(cuts)]


def describe(times: Float[np.ndarray, " n"], fps: float) -> str:
    """What ``resample`` does with frames at these times, for the report."""
    if times.size < 2:
        return "one frame"
    steps = np.diff(times)
    rate = (times.size - 1) / (times[-1] - times[0])
    if np.abs((times - times[0]) * fps - np.arange(times.size)).max() <= SAME:
        return f"{fps:.4g} frames/s, as the model's"
    slow, fast = 1 / np.quantile(steps, [0.99, 0.01])
    varies = f"variable, {slow:.4g} to {fast:.4g}, " if fast > 1.3 * slow else ""
    return f"{varies}{rate:.4g} frames/s -> {fps:.4g} frames/s, interpolated"


class Resampler:
    """``resample`` for frames as they come: what lies between the last two frames is known when the second one comes.

    The first frame is at a wanted time; nothing is extrapolated, so that a wanted time after the last frame waits for
    the next one.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._first = 0.0
        self._count = 0
        """Wanted times so far."""
        self._last: tuple[float, Any] = (0.0, None)

    def push(self, time: float, values: Float[np.ndarray, "*d"]) -> list[tuple[float, Float[np.ndarray, "*d"]]]:
        """Seconds and values, at the wanted rate, that the frame at this time makes known.

        Args:
            time: seconds, later than those of the frame before.
            values: of that frame.
        """
        before, old = self._last
        self._last = time, values
        if self._count == 0:
            self._first, self._count = time, 1
            return [(time, values)]
        assert time > before, f"{time} s is not after {before} s"
        known = []
        while (wanted := self._first + self._count / self._fps) <= time + SAME / self._fps:
            share = min(1.0, (wanted - before) / (time - before))
            known.append((wanted, (1 - share) * old + share * values))
            self._count += 1
        return known
