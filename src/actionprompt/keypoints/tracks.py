"""From people in frames to one gapless sequence of points per person."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from actionprompt.errors import InputError
from actionprompt.keypoints.continuity import exchange_sides, limb_pairs, outliers, put_back
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.timing import is_gap

FARTHEST = 0.5
"""How far a person's points move at most between two sightings, on average, as a share of the person's size."""
STRIDE = 0.2
"""Seconds over which a person's speed is measured."""
MOST_TRACKS = 1000
PAIRED = ("ear", "eye")
"""Points so close to their partner of the other side that it can stand for them."""


@dataclass(frozen=True)
class Sequence:
    """One person's points in consecutive frames."""

    points: Float[np.ndarray, "n p 2"]
    confidence: Float[np.ndarray, "n p"]
    """0 where a point was interpolated."""
    filled: Bool[np.ndarray, "n p"]
    """Which points were interpolated."""
    repairs: tuple[str, ...] = ()
    """What else was put right, one line each."""
    own: Float[np.ndarray, "n p 3"] | None = None
    """The detector's own 3D points, interpolated in time where the person was not seen."""


def link(detections: Detections, where: str) -> list[tuple[str, list[int]]]:
    """People and the indices of their detections in the order of time, who is seen longest first.

    People are told apart by their names; without names, by where they were before.

    Raises:
        InputError: thousands of people, or one person twice in a frame.
    """
    named: dict[str, list[int]] = {}
    for i in np.argsort(detections.frame, kind="stable"):
        named.setdefault(detections.person[i], []).append(int(i))
    unnamed = named.pop("", [])
    for name, track in named.items():
        if (twice := np.flatnonzero(np.diff(detections.frame[track]) == 0)).size:
            frame = detections.frame[track][twice[0]]
            raise InputError(
                f"{where} has person {name} twice in frame {frame}: every person needs a number of their own."
            )
    found = [*named.items(), *(("", track) for track in _follow(detections, unnamed))] if unnamed else [*named.items()]
    if len(found) > MOST_TRACKS:
        raise InputError(
            f"{where} holds {len(found):,} people, and at most {MOST_TRACKS:,} are lifted: keep those you need."
        )
    found.sort(key=lambda item: -len(item[1]))
    return [(name or f"{number}", track) for number, (name, track) in enumerate(found, 1)]


def _follow(detections: Detections, unnamed: list[int]) -> Iterator[list[int]]:
    """Tracks of people without names: nearest pairs of last and present sighting first.

    Near is who is where the other one was, or has gone since, so that people may pass behind each other.
    """
    points = np.where(detections.missing[..., None], np.nan, detections.points)
    frames, seconds = detections.frame[unnamed], detections.seconds
    ongoing: list[list[int]] = []
    for here in np.split(np.array(unnamed), np.flatnonzero(np.diff(frames)) + 1):
        seen = [not is_gap(seconds[here[0]] - seconds[track[-1]]) for track in ongoing]
        yield from (track for track, still in zip(ongoing, seen, strict=True) if not still)
        ongoing = [track for track, still in zip(ongoing, seen, strict=True) if still]
        left = set(here.tolist())
        if ongoing:
            last = points[[track[-1] for track in ongoing]]
            gone = np.stack([_gone(points, seconds, track, seconds[here[0]]) for track in ongoing])
            far = np.minimum(distances(last, points[here]), distances(last + gone[:, None], points[here]))
            while far.min() < FARTHEST:
                t, i = np.unravel_index(far.argmin(), far.shape)
                ongoing[t].append(int(here[i]))
                left.discard(int(here[i]))
                far[t], far[:, i] = np.inf, np.inf
        ongoing += [[i] for i in sorted(left)]
    yield from ongoing


def _gone(
    points: Float[np.ndarray, "d p 2"], seconds: Float[np.ndarray, " d"], track: list[int], now: float
) -> Float[np.ndarray, " 2"]:
    """How far a person has gone since the last sighting, at the speed of the sightings before."""
    last, before = track[-1], next((i for i in reversed(track) if seconds[track[-1]] - seconds[i] >= STRIDE), track[0])
    steps = points[last] - points[before]
    steps = steps[np.isfinite(steps).all(-1)]
    if last == before or not steps.size:
        return np.zeros(2)
    gone: Float[np.ndarray, " 2"] = steps.mean(0) / (seconds[last] - seconds[before]) * (now - seconds[last])
    return gone


def distances(before: Float[np.ndarray, "t p 2"], here: Float[np.ndarray, "h p 2"]) -> Float[np.ndarray, "t h"]:
    """Mean distance of the points that both sightings have (the others are NaN), as a share of the earlier one's size.

    Infinite where they have none in common.
    """
    apart = np.linalg.norm(before[:, None] - here[None], axis=-1)
    both = np.isfinite(apart)
    mean = np.where(both, apart, 0).sum(-1) / np.maximum(both.sum(-1), 1)
    low, high = np.fmin.reduce(before, axis=1), np.fmax.reduce(before, axis=1)  # ignore NaN
    size = np.maximum(np.linalg.norm(high - low, axis=-1), 1e-9)
    share: Float[np.ndarray, "t h"] = np.where(both.any(-1), mean / size[:, None], np.inf)
    return share


def complete(
    detections: Detections, track: list[int], layout: Layout, *, repair: bool = True
) -> tuple[Sequence | None, str]:
    """A person's points from the first to the last sighting, missing ones interpolated in time; or why there is none.

    Points that the 17 joints do not need are left as they are; where they are missing, they are 0. With ``repair``,
    sides that were exchanged for a moment are put back, and single wrong points count as missing.
    """
    frames = detections.frame[track] - detections.frame[track[0]]
    count = len(layout.points)
    points = np.zeros((int(frames[-1]) + 1, count, 2))
    confidence = np.zeros(points.shape[:2])
    missing = np.ones(points.shape[:2], dtype=bool)
    points[frames] = detections.points[track, :count]
    confidence[frames] = detections.confidence[track, :count]
    missing[frames] = detections.missing[track, :count]
    first, last = int(detections.frame[track[0]]), int(detections.frame[track[-1]])
    time = np.arange(last - first + 1.0) if detections.times is None else detections.times[first : last + 1]
    timed = detections.times is not None
    repairs = _repair(points, confidence, missing, detections.seconds[track], frames, layout, timed) if repair else ()
    points[missing] = 0  # what was no number would make a joint none, even where its weight is 0
    filled = np.zeros_like(missing)
    for p in layout.needed:
        source = p if not missing[:, p].all() else _partner(layout, p)
        if source is None or missing[:, source].all():
            return None, f"the {layout.points[p]} is never found"
        seen = ~missing[:, source]
        filled[:, p] = ~seen | (source != p)
        for axis in range(2):
            points[:, p, axis] = np.interp(time, time[seen], points[seen, source, axis])
        confidence[filled[:, p], p] = 0
    return Sequence(points, confidence, filled, repairs, _own(detections, track, time, frames, count)), ""


def _own(
    detections: Detections, track: list[int], time: Float[np.ndarray, " n"], frames: Int[np.ndarray, " s"], count: int
) -> Float[np.ndarray, "n p 3"] | None:
    """The detector's own 3D of a person in all frames."""
    if detections.own is None:
        return None
    seen = detections.own[track, :count].reshape(len(track), -1)
    all_frames = [np.interp(time, time[frames], column) for column in seen.T]
    return np.stack(all_frames, axis=1).reshape(time.size, count, 3)


def _repair(
    points: Float[np.ndarray, "n p 2"],
    confidence: Float[np.ndarray, "n p"],
    missing: Bool[np.ndarray, "n p"],
    seconds: Float[np.ndarray, " s"],
    frames: Int[np.ndarray, " s"],
    layout: Layout,
    timed: bool,
) -> tuple[str, ...]:
    """Puts exchanged sides back and marks wrong points as missing, in place; says what it did.

    Args:
        points: of all frames, and what is known of them.
        confidence: of the points.
        missing: which of them were not found.
        seconds: of the frames in which the person was seen.
        frames: which ones these are.
        layout: whose points they are.
        timed: whether the seconds are known; else the frames are named.
    """
    pairs = limb_pairs(layout.points)
    seen, sure, gone = points[frames], confidence[frames], missing[frames]
    exchanges = exchange_sides(np.where(gone[..., None], np.nan, seen), seconds, pairs)
    for values in (seen, sure, gone):
        put_back(values, exchanges, pairs)
    wrong = outliers(np.where(gone[..., None], np.nan, seen), seconds)
    points[frames], confidence[frames], missing[frames] = seen, sure, gone | wrong
    when = (lambda i: f"{seconds[i]:.2f} s") if timed else (lambda i: f"frame {frames[i]}")
    said = [
        f"left and right {e.limbs} were exchanged from {when(e.start)} to {when(e.end - 1)}: put back"
        for e in exchanges
    ]
    if wrong.any():
        names = ", ".join(layout.points[p] for p in np.flatnonzero(wrong.any(0)))
        said.append(f"{int(wrong.sum())} wrong points of single frames are interpolated ({names})")
    return tuple(said)


def _partner(layout: Layout, point: int) -> int | None:
    """The same point of the other side of the face."""
    side, _, name = layout.points[point].partition(" ")
    other = f"{'right' if side == 'left' else 'left'} {name}"
    return layout.points.index(other) if name in PAIRED and other in layout.points else None
