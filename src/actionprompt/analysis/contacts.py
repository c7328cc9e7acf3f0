"""When a foot stands: from the speed of the ankle in the picture, and from where it is on the body."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d

from actionprompt.skeleton import Skeleton

SIDES = ("left", "right")


@dataclass(frozen=True)
class ContactCfg:
    """What counts as standing."""

    speed: float = 0.4
    """Metres a second: a slower ankle may stand. Ankles roll over a standing foot at up to 0.3 m/s."""
    smooth: float = 0.06
    """Seconds: the width of the filter before speeds are taken; a detector's jitter looks like speed."""
    brief: float = 0.1
    """Seconds: shorter contacts are none, shorter interruptions are closed."""
    raised: float = 0.15
    """Metres by which an ankle is above the other one at most."""


@dataclass(frozen=True)
class Contact:
    """A foot that stands in frames start to end - 1."""

    side: int
    """0 left, 1 right."""
    start: int
    end: int


def contacts(
    points: Float[np.ndarray, "n j 3"],
    keypoints: Float[np.ndarray, "n j 2"],
    metre: Float[np.ndarray, " n"],
    skeleton: Skeleton,
    fps: float,
    settings: ContactCfg | None = None,
) -> list[Contact]:
    """The contacts of both feet, by their beginning.

    The picture says whether a foot moves, since a path from one camera is too unsure in depth; the body says whether it
    is the lower one. A foot at the turning point of a swing straight along the line of sight looks the same.

    Args:
        points: joints, y up, metres; only differences between joints of a frame are used.
        keypoints: joints in the picture.
        metre: how long a metre at the person is in the picture, in each frame.
        skeleton: the layout, with ankles and a pelvis.
        fps: frames a second.
        settings: what counts as standing.
    """
    settings = settings or ContactCfg()
    ankles = [skeleton.joints.index(f"{side} ankle") for side in SIDES]
    place = gaussian_filter1d(keypoints[:, ankles].astype(float), settings.smooth * fps, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(place, axis=0) if len(place) > 1 else 0 * place, axis=-1) * fps
    height = points[:, ankles, 1]
    low = height < height.min(1, keepdims=True) + settings.raised
    low &= height < points[:, [skeleton.root], 1]
    still = low & (speed < settings.speed * metre[:, None])
    found = [contact for side in (0, 1) for contact in _runs(still[:, side], side, round(settings.brief * fps))]
    return sorted(found, key=lambda contact: contact.start)


def standing_frames(found: list[Contact], frames: int) -> Bool[np.ndarray, "n 2"]:
    """Which foot stands in which frame."""
    stands = np.zeros((frames, 2), dtype=bool)
    for contact in found:
        stands[contact.start : contact.end, contact.side] = True
    return stands


def _runs(still: Bool[np.ndarray, " n"], side: int, least: int) -> list[Contact]:
    """Runs of standing frames: short gaps closed, then short runs dropped."""
    runs: list[Contact] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int)))
    for start, end in edges.reshape(-1, 2).tolist():
        if runs and start - runs[-1].end < least:
            start = runs.pop().start
        runs.append(Contact(side, start, end))
    return [run for run in runs if run.end - run.start >= least]
