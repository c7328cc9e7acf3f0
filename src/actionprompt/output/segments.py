"""Actions over time as segments: from when to when, which action, how sure."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from actionprompt.errors import InputError
from actionprompt.output.track import UNKNOWN, LiftedTrack
from actionprompt.untrusted import cell


class Segment(NamedTuple):
    """A stretch of time with one action; a person's segments follow each other without gaps."""

    start: float
    """Seconds in the video."""
    end: float
    action: str
    mean_probability: float
    """The action's own probability, as the model gave it, over the segment's frames; of "unknown", the likeliest
    action's."""
    min_probability: float


class Run(NamedTuple):
    """Frames start to end - 1 of one action."""

    start: int
    end: int
    action: int


@dataclass(frozen=True)
class SegmentsCfg:
    """How frames become segments."""

    median: float = 0.0
    """Seconds: width of a median filter over each action's probability; 0: none."""
    minimum: float = 0.5
    """Seconds: a shorter segment goes to the neighbour whose action is more probable in it; 0: keep all."""

    def __post_init__(self) -> None:
        if not (0 <= self.median < np.inf and 0 <= self.minimum < np.inf):
            raise InputError(f"Segments need durations of at least 0 s; got median {self.median}, {self.minimum}.")


def segments(track: LiftedTrack, settings: SegmentsCfg | None = None) -> list[Segment]:
    """The track's most probable actions as segments; none without actions."""
    settings = settings or SegmentsCfg()
    if not track.actions:
        return []
    chance = with_unknown(track.probability, track.unknown_below)
    names = (*track.actions, UNKNOWN)
    best = _filtered(chance, round(settings.median * track.fps)).argmax(1)
    found = []
    for start, end, action in _runs(best, settings.minimum * track.fps, chance):
        own = track.probability[start:end].max(1) if action == len(track.actions) else chance[start:end, action]
        times = track.first + start / track.fps, track.first + end / track.fps
        found.append(Segment(*times, names[action], float(own.mean()), float(own.min())))
    return found


def with_unknown(probability: Float[np.ndarray, "n k"], below: float) -> Float[np.ndarray, "n k+1"]:
    """The probabilities and, as a last column, what an action has to reach so that it is not unknown."""
    threshold = np.full((probability.shape[0], 1), below, probability.dtype)
    return np.concatenate([probability, np.where(probability.max(1, keepdims=True) < below, threshold, 0)], axis=1)


def _filtered(probability: Float[np.ndarray, "n k"], frames: int) -> Float[np.ndarray, "n k"]:
    if frames < 2:
        return probability
    from scipy.ndimage import median_filter

    smooth: Float[np.ndarray, "n k"] = median_filter(probability, size=(frames + (frames + 1) % 2, 1), mode="nearest")
    return smooth


def _runs(action: Int[np.ndarray, " n"], frames: float, probability: Float[np.ndarray, "n k"]) -> list[Run]:
    """Runs of equal neighbours with at least some frames: the shortest goes to a neighbour until none is too short."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(action)) + 1, [action.size]])
    actions = action[edges[:-1]]
    sums = np.concatenate([np.zeros((1, probability.shape[1])), probability.cumsum(0, dtype=float)])
    while actions.size > 1:
        lengths = np.diff(edges)
        i = int(lengths.argmin())
        if lengths[i] >= frames - 1e-6:
            break
        beside = actions[[j for j in (i - 1, i + 1) if 0 <= j < actions.size]]
        actions[i] = beside[(sums[edges[i + 1]] - sums[edges[i]])[beside].argmax()]
        new = np.concatenate([[True], actions[1:] != actions[:-1]])
        edges, actions = edges[np.concatenate([new, [True]])], actions[new]
    return [Run(a, b, k) for a, b, k in zip(edges[:-1].tolist(), edges[1:].tolist(), actions.tolist(), strict=True)]


def segments_csv(tracks: Sequence[LiftedTrack], settings: SegmentsCfg | None = None) -> str:
    """A row per segment, all people in one table."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("person", "start_s", "end_s", "action", "mean_probability", "min_probability"))
    for track in tracks:
        for s in segments(track, settings):
            numbers = (f"{s.mean_probability:.4f}", f"{s.min_probability:.4f}")
            table.writerow((cell(track.person), f"{s.start:.3f}", f"{s.end:.3f}", cell(s.action), *numbers))
    return text.getvalue()


def segments_json(tracks: Sequence[LiftedTrack], settings: SegmentsCfg | None = None) -> str:
    """The segments as the table has them, with the settings and each person's notes."""
    settings = settings or SegmentsCfg()
    people = [
        {
            "person": track.person,
            "actions": list(track.actions),
            "segments": [_plain(segment) for segment in segments(track, settings)],
            "notes": list(track.notes),
        }
        for track in tracks
    ]
    used = {"median_s": settings.median, "minimum_s": settings.minimum}
    head = {"format": "actionprompt-segments", "version": 1, "settings": used}
    return json.dumps(head | {"people": people}, indent=1, ensure_ascii=False) + "\n"


def _plain(segment: Segment) -> dict[str, object]:
    return {
        "start_s": round(segment.start, 4),
        "end_s": round(segment.end, 4),
        "action": segment.action,
        "mean_probability": round(segment.mean_probability, 4),
        "min_probability": round(segment.min_probability, 4),
    }
