"""People in a video: one track of the 17 joints each, at the model's frame rate, the main person first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from actionprompt.keypoints.read import KeypointFile, Track, people
from actionprompt.keypoints.timing import describe, pieces, resample
from actionprompt.video.detect import Seen

BRIEF = 0.3
"""Seconds: who is seen for less is rather a mistake of the detector."""


@dataclass(frozen=True)
class People:
    """Who is in a video."""

    tracks: tuple[Track, ...]
    """Their ``first`` and their frames count at ``fps`` from the video's beginning. The first is the main person: who
    is largest, longest and surest (the sum over frames of height on the screen times confidence)."""
    fps: float
    size: tuple[int, int]
    timing: str
    """What was done with the frame rate, for the report."""
    dropped: tuple[str, ...]
    """Who cannot be lifted, one sentence each."""
    notes: tuple[str, ...] = ()
    """What a user should know about the people, one sentence each."""
    share: float = 1.0
    """Of the frames in which somebody is seen."""
    end: float = np.inf
    """Seconds: the time of the last frame."""


def tracks(seen: Seen, where: str, fps: float) -> People:
    """What a detector saw, as tracks.

    Somebody who is not seen for more than a second has left; who comes back is a new person, since nothing but the
    place says who it is.

    Args:
        seen: by ``detect``.
        where: the video, for errors.
        fps: frames a second of the model.

    Raises:
        InputError: nobody can be lifted.
    """
    times = seen.detections.times
    assert times is not None, "detections of a video carry its times"
    return at_rate(people(seen.detections, where), times, fps)


def at_rate(found: KeypointFile, times: Float[np.ndarray, " n"], fps: float) -> People:
    """The tracks of a keypoint file or video at another frame rate.

    Args:
        found: tracks that count the frames of the file.
        times: seconds of each of its frames.
        fps: the wanted rate.
    """
    whole = [piece for track in found.tracks for piece in _pieces(track, times, fps)]
    longest = max(track.keypoints.shape[0] for track in whole)
    least = min(longest, round(BRIEF * fps))
    kept = sorted((track for track in whole if track.keypoints.shape[0] >= least), key=_prominence, reverse=True)
    brief = [track for track in whole if track.keypoints.shape[0] < least]
    left_out = [
        f"Person {t.person} is seen for {t.keypoints.shape[0] / fps:.2f} s only, from {t.first / fps:.2f} s on."
        for t in brief
    ]
    seen = np.zeros(times.size, dtype=bool)
    for track in found.tracks:
        seen[track.first : track.first + track.keypoints.shape[0]] |= (track.confidence > 0).any(1).numpy()
    dropped = (*found.dropped, *left_out)
    share, end = float(seen.mean()), float(times[-1])
    return People(tuple(kept), fps, found.size, describe(times, fps), dropped, found.notes, share, end)


def prominence(points: Float[np.ndarray, "n p 2"], confidence: Float[np.ndarray, "n p"]) -> float:
    """How much of the frames a person is: height in the picture times mean confidence, summed over frames.

    Args:
        points: in any unit; NaN where they were not found.
        confidence: of the points.
    """
    height = np.fmax.reduce(points[..., 1], axis=1) - np.fmin.reduce(points[..., 1], axis=1)  # ignore NaN
    return float((height * np.nan_to_num(confidence).mean(1)).sum())


def _prominence(track: Track) -> float:
    return prominence(track.keypoints.numpy(), track.confidence.numpy())


def _pieces(track: Track, times: Float[np.ndarray, " n"], fps: float) -> Iterator[Track]:
    """The track at another rate; where the video stands still for long, it ends and another one begins."""
    time = times[track.first : track.first + track.keypoints.shape[0]]
    for number, piece in enumerate(pieces(time)):
        first, points = resample(time[piece], track.keypoints[piece].numpy(), fps)
        _, sure = resample(time[piece], track.confidence[piece].numpy(), fps)
        _, unsure = resample(time[piece], (track.confidence[piece] == 0).float().numpy(), fps)
        own = None if track.own is None else resample(time[piece], track.own[piece].numpy(), fps)[1]
        feet = None if track.feet is None else resample(time[piece], track.feet[piece].numpy(), fps)[1]
        yield replace(
            track,
            person=track.person + (f".{number + 1}" if number else ""),
            first=first,
            keypoints=torch.from_numpy(points).float(),
            confidence=torch.from_numpy(np.where(unsure > 0, 0, sure)).float(),  # partly interpolated is interpolated
            own=None if own is None else torch.from_numpy(own).float(),
            feet=None if feet is None else torch.from_numpy(feet).float(),
        )
