"""Motion capture in which joints jump: calibration poses cut, a few bad frames repaired, bad stretches cut out.

Solvers flip a knee for some frames, recordings are glued together, and many converters write a calibration pose
before the motion: nobody moves like that, and all of it is found by speed.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from actionprompt.skeleton import H36M_17

FASTEST = 15.0
"""Metres a second; a joint that is faster has jumped."""
CALIBRATION = 10
"""Frames in which a calibration pose at the start is over (seen: 1 to 5)."""
REPAIRED = 0.1
"""Seconds: the longest time in which a joint's place is interpolated."""
SHORTEST = 0.5
"""Seconds: shorter stretches between jumps are not kept, but for those that are half of the recording."""


@dataclass(frozen=True)
class Mended:
    """What is sound of a recording."""

    stretches: tuple[Float[np.ndarray, "_ 17 3"], ...]
    """In the order of time; one, of all frames, where nothing jumps."""
    done: str
    """What was cut and repaired, such as ``calibration pose of 4 frames cut``; empty: nothing."""


def mend(joints: Float[np.ndarray, "n 17 3"], fps: float) -> Mended:
    """The stretches of a recording in which no joint jumps.

    A joint that is away for at most ``REPAIRED`` is interpolated there. What jumps within the first frames is a
    calibration pose and cut. Elsewhere the recording is cut where a joint jumps and does not come back.
    """
    jumps = _speed(joints, fps) > FASTEST
    if not jumps.any():
        return Mended((joints,), "")
    reach = max(2, round(REPAIRED * fps))
    joints = joints.copy()
    gone, breaks = np.zeros(joints.shape[0], dtype=bool), np.zeros(joints.shape[0], dtype=bool)
    mended = np.zeros(joints.shape[:2], dtype=bool)
    for j in jumps.any(0).nonzero()[0]:
        for first, last in _groups(jumps[:, j].nonzero()[0], reach):
            away = slice(first + 1, last + 1)
            if first < CALIBRATION:
                gone[: last + 1] = True
            elif first == last:
                breaks[first + 1] = True
            elif last - first <= reach and _speed(path := _across(joints[:, j], first, last), fps).max() <= FASTEST:
                joints[away, j], mended[away, j] = path[1:-1], True
            else:
                gone[away] = True
    cuts = np.flatnonzero(breaks | (np.diff(gone, prepend=True) != 0))
    stretches = [
        joints[a:b]
        for a, b in pairwise([*cuts, joints.shape[0]])
        if not gone[a] and b - a >= min(SHORTEST * fps, joints.shape[0] / 2)
    ]
    return Mended(tuple(stretches), _told(gone, mended, breaks, len(stretches)))


def _speed(points: Float[np.ndarray, "*n 3"], fps: float) -> Float[np.ndarray, "*steps"]:
    """The speed of every step, metres a second."""
    speed: Float[np.ndarray, "*steps"] = np.linalg.norm(np.diff(points, axis=0), axis=-1) * fps
    return speed


def _groups(steps: Int[np.ndarray, " s"], reach: int) -> list[tuple[int, int]]:
    """First and last step of those that follow each other within ``reach``."""
    ends = np.flatnonzero(np.diff(steps, append=np.inf) > reach)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(int)
    return [(int(steps[a]), int(steps[b])) for a, b in zip(starts, ends, strict=True)]


def _across(path: Float[np.ndarray, "n 3"], first: int, last: int) -> Float[np.ndarray, "m 3"]:
    """From frame ``first`` to frame ``last + 1``, smoothly: the cubic that goes on as the joint came and left."""
    end, n = last + 1, path.shape[0]
    before, after = path[first] - path[max(first - 1, 0)], path[min(end + 1, n - 1)] - path[end]
    s = np.linspace(0, 1, end - first + 1)[:, None]
    here, there, span = path[first], path[end], end - first
    cubic: Float[np.ndarray, "m 3"] = (
        here * (1 + 2 * s) * (1 - s) ** 2
        + before * span * s * (1 - s) ** 2
        + there * s**2 * (3 - 2 * s)
        + after * span * s**2 * (s - 1)
    )
    return cubic


def _told(
    gone: Bool[np.ndarray, " n"], mended: Bool[np.ndarray, "n 17"], breaks: Bool[np.ndarray, " n"], stretches: int
) -> str:
    """What was done, in words."""
    start = int(gone.argmin()) if gone[0] else 0
    parts = [f"calibration pose of {_frames(gone[:start])} cut"] if start else []
    kept = mended & ~gone[:, None]
    if kept.any():
        names = ", ".join(H36M_17.joints[j] for j in kept.any(0).nonzero()[0])
        parts.append(f"{_frames(kept.any(1))} repaired ({names})")
    if gone[start:].any():
        parts.append(f"{_frames(gone[start:])} in which joints jump cut out")
    if stretches > 1:
        parts.append(f"{stretches} stretches between jumps")
    elif breaks.any():
        parts.append("one stretch between jumps")
    return ", ".join(parts)


def _frames(which: Bool[np.ndarray, " n"]) -> str:
    count = int(which.sum())
    return f"{count} frame{'s' * (count != 1)}"
