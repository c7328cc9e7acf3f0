"""From people in frames to one gapless sequence of points per person."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from actionprompt.errors import InputError
from actionprompt.keypoints.continuity import exchange_sides, lengths, limb_pairs, outliers, put_back
from actionprompt.keypoints.detections import Detections
from actionprompt.keypoints.layouts import Layout
from actionprompt.keypoints.timing import LONGEST_GAP, is_gap

FARTHEST = 0.5
"""How far a person's points move at most between two sightings, on average, as a share of the person's size."""
STRIDE = 0.2
"""Seconds over which a person's speed is measured."""
MOST_TRACKS = 1000
JUMP = 0.5
"""How far nobody moves within ``BRIEFLY``, as a share of the size, if somebody else was just there."""
BRIEFLY = 0.2
"""Seconds."""
FRAGMENT = 1 / 3
"""A share of the usual number of points: who has fewer is a piece of somebody."""
LONELY = 5
"""So many people of one frame each are rather one person with wrong times."""
STAND_INS = {
    "left ear": ("right ear", "left eye", "right eye", "nose"),
    "right ear": ("left ear", "right eye", "left eye", "nose"),
    "left eye": ("right eye", "left ear", "right ear", "nose"),
    "right eye": ("left eye", "right ear", "left ear", "nose"),
    "nose": ("left eye", "right eye", "left ear", "right ear"),
    "neck": ("left shoulder", "right shoulder"),
    "mid hip": ("left hip", "right hip"),
    "hip": ("left hip", "right hip"),
    "pelvis": ("left hip", "right hip"),
}
"""Points that can stand for one that is never found, as the nose of a person who is filmed from behind."""
PAIRED = {"nose", "neck", "mid hip", "hip", "pelvis"}
"""Points in the middle, for which both of a pair stand."""


@dataclass(frozen=True)
class Sequence:
    """One person's points in consecutive frames."""

    points: Float[np.ndarray, "n p 2"]
    confidence: Float[np.ndarray, "n p"]
    """0 where a point was interpolated."""
    filled: Bool[np.ndarray, "n p"]
    """Which points were interpolated."""
    missing: Bool[np.ndarray, "n p"]
    """Which points were not found, also of those that no joint needs."""
    repairs: tuple[str, ...] = ()
    """What else was put right, one line each."""
    own: Float[np.ndarray, "n p 3"] | None = None
    """The detector's own 3D points, interpolated in time where the person was not seen."""


class Linked(NamedTuple):
    """Who is who."""

    people: list[tuple[str, list[int]]]
    """Names and the indices of their detections in the order of time, who is seen longest first."""
    notes: tuple[str, ...]
    """What had to be decided, one sentence each."""


def link(detections: Detections, where: str) -> Linked:
    """Tells people apart by their names; without names, or where names are none, by where they were before.

    Who is away for more than a second is a new person, named or not.

    Raises:
        InputError: thousands of people, or nobody in two frames that are less than a second apart.
    """
    named: dict[str, list[int]] = {}
    for i in np.argsort(detections.frame, kind="stable"):
        named.setdefault(detections.person[i], []).append(int(i))
    unnamed = named.pop("", [])
    wrong, notes = _no_names(detections, named)
    unnamed += [i for name in wrong for i in named.pop(name)]
    unnamed.sort(key=lambda i: int(detections.frame[i]))
    whole, left_over = _fragments(detections, unnamed)
    if left_over:
        notes.append(f"Pieces of a few points, beside whole people, are left out: {left_over:,}.")
    found = [*_stays(detections, named), *(("", track) for track in _follow(detections, whole) if whole)]
    if len(found) > MOST_TRACKS:
        raise InputError(
            f"{where} holds {len(found):,} people, and at most {MOST_TRACKS:,} are lifted: keep those you need."
        )
    if len(found) > LONELY and max(len(track) for _, track in found) == 1:
        raise InputError(
            f"{where} has {len(found):,} people who are seen in one frame each, over a second from the next: are the "
            "frame numbers milliseconds, or the frame rate (--keypoints.fps) another?"
        )
    found.sort(key=lambda item: -len(item[1]))
    taken, numbers = {name for name, _ in found}, count(1)
    free = (str(number) for number in numbers if str(number) not in taken)
    if not any(taken):
        return Linked([(f"{number}", track) for number, (_, track) in enumerate(found, 1)], tuple(notes))
    return Linked([(name or next(free), track) for name, track in found], tuple(notes))


def _stays(detections: Detections, named: dict[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    """Named people, cut where they are away for more than a second: nobody is invented in between."""
    seconds = detections.seconds
    for name, track in named.items():
        away = [int(k) + 1 for k in np.flatnonzero(np.diff(seconds[track]) > LONGEST_GAP + 1e-6)]
        for number, (begin, end) in enumerate(pairwise([0, *away, len(track)]), 1):
            yield (name if number == 1 else f"{name}.{number}"), track[begin:end]


def _no_names(detections: Detections, named: dict[str, list[int]]) -> tuple[list[str], list[str]]:
    """Names that are none, since two people have them at once or they jump from one to another; and the sentences."""
    twice = [name for name, track in named.items() if (np.diff(detections.frame[track]) == 0).any()]
    notes = []
    if twice:
        notes.append(
            f"Person {', '.join(twice[:3])} is several people in one frame: nobody was tracked, and people are linked "
            "by place."
        )
    jumping = {name: at for name, track in named.items() if name not in twice and (at := _exchanged(detections, track))}
    if jumping:
        when = min(at for at in jumping.values())
        notes.append(
            f"The numbers of persons {', '.join(sorted(jumping)[:4])} are exchanged at {when:.2f} s: they are linked "
            "by place."
        )
    return [*twice, *jumping], notes


def _exchanged(detections: Detections, track: list[int]) -> float | None:
    """When somebody with this name jumps to where another one just was; None: never."""
    points = _seen(detections, track)
    before, after = points[:-1], points[1:]
    if not len(after):
        return None
    seconds, frame = detections.seconds, detections.frame
    near = np.diff(seconds[track]) <= BRIEFLY
    moved = lengths(before - after)
    known = np.isfinite(moved)
    mean = np.where(known, moved, 0).sum(-1) / np.maximum(known.sum(-1), 1)
    for k in np.flatnonzero(near & (mean > JUMP * sizes(before))):
        others = np.flatnonzero((frame == frame[track[k]]) & (np.arange(frame.size) != track[k]))
        if others.size and distances(_seen(detections, others.tolist()), after[k : k + 1]).min() < FARTHEST:
            return float(seconds[track[k + 1]])
    return None


def _seen(detections: Detections, which: list[int]) -> Float[np.ndarray, "d p 2"]:
    """Points with NaN where there are none."""
    seen: Float[np.ndarray, "d p 2"] = np.where(detections.missing[which, :, None], np.nan, detections.points[which])
    return seen


def _fragments(detections: Detections, unnamed: list[int]) -> tuple[list[int], int]:
    """Detections without those of a few points beside whole people, and how many these are."""
    counts = (~detections.missing[unnamed]).sum(1) if unnamed else np.zeros(0)
    few = counts < FRAGMENT * np.median(counts) if unnamed else counts.astype(bool)
    frames = detections.frame[unnamed]
    beside = np.isin(frames, frames[~few])
    left = few & beside
    return [i for i, out in zip(unnamed, left, strict=True) if not out], int(left.sum())


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
    share: Float[np.ndarray, "t h"] = np.where(both.any(-1), mean / sizes(before)[:, None], np.inf)
    return share


def sizes(people: Float[np.ndarray, "t p 2"]) -> Float[np.ndarray, " t"]:
    """The diagonal of the box around each person's points (NaN where there are none)."""
    by_axis = np.ascontiguousarray(people.transpose(2, 0, 1))  # points last: four times as fast
    low, high = (reduce(by_axis, axis=-1).T for reduce in (np.fmin.reduce, np.fmax.reduce))  # ignore NaN
    size: Float[np.ndarray, " t"] = np.maximum(np.linalg.norm(high - low, axis=-1), 1e-9)
    return size


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
    points[missing] = 0  # what was not a number would make a joint none, even where its weight is 0
    filled = np.zeros_like(missing)
    for p in layout.needed:
        sources = [p] if not missing[:, p].all() else _stand_ins(layout, p, missing)
        if not sources:
            return None, f"the {layout.points[p]} is never found"
        filled[:, p] = missing[:, sources].any(1) | (sources != [p])
        points[:, p] = np.mean([_over_time(points[:, s], ~missing[:, s], time) for s in sources], axis=0)
        confidence[filled[:, p], p] = 0
    return Sequence(points, confidence, filled, missing, repairs, _own(detections, track, time, frames, count)), ""


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


def _over_time(
    point: Float[np.ndarray, "n 2"], seen: Bool[np.ndarray, " n"], time: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n 2"]:
    """A point where it was not seen, between the sightings before and after."""
    return np.stack([np.interp(time, time[seen], point[seen, axis]) for axis in range(2)], axis=-1)


def _stand_ins(layout: Layout, point: int, missing: Bool[np.ndarray, "n p"]) -> list[int]:
    """The points whose middle stands for one that is never found; none if there are none."""
    name = layout.points[point]
    listed = [layout.points.index(other) for other in STAND_INS.get(name, ()) if other in layout.points]
    found = [p for p in listed if not missing[:, p].all()]
    if name not in PAIRED or not found:
        return found[:1]
    kind = layout.points[found[0]].split()[-1]
    return [p for p in found if layout.points[p].endswith(kind)]
