"""What a detector got wrong for a moment, recognised by how people move: left for right, and single wrong points.

Both are recognised by jumps that are too large for a person and are soon taken back; a movement, however fast, is not.
Everything is measured in shares of the person's size on the screen.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

FASTEST = 9.0
"""Sizes of the person a second: no point of a body is faster beside it (15 m/s of somebody 1.7 m tall)."""
LEAST_JUMP = 0.12
"""Sizes of the person: a smaller jump is a detector's jitter."""
LONGEST_OUTLIER = 0.2
"""Seconds: a point that stays away for longer has moved."""
MOST_POINTS = 0.4
"""Share of the points: where more jump at once, the person did, or it is another one."""
LEAST_EXCHANGE = 0.04
"""Sizes of the person: sides that are nearer to each other cannot be told apart by their places."""
CLEARER = 0.5
"""Exchanged sides continue the motion if they move by less than this share of what they do as they are."""
LONGEST_EXCHANGE = 1.0
"""Seconds: sides that stay exchanged for longer are taken as they are."""
LIMBS = {
    "legs": ("hip", "knee", "ankle", "heel", "foot index", "big toe", "small toe"),
    "arms": ("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
}


class Pairs(NamedTuple):
    """The points of both legs, or of both arms, in matching order."""

    left: Int[np.ndarray, " k"]
    right: Int[np.ndarray, " k"]


class Exchange(NamedTuple):
    """Frames ``start`` to ``end - 1`` in which left and right of some limbs were exchanged, and were put back."""

    limbs: str
    start: int
    end: int


def limb_pairs(points: tuple[str, ...]) -> dict[str, Pairs]:
    """The pairs of a detector's points by limbs."""
    index = {name: i for i, name in enumerate(points)}
    found = {}
    for limbs, names in LIMBS.items():
        both = [(index[f"left {n}"], index[f"right {n}"]) for n in names if f"left {n}" in index]
        left, right = np.array(both, dtype=int).reshape(-1, 2).T
        found[limbs] = Pairs(left, right)
    return found


def lengths(vectors: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    """Lengths of vectors in the plane; NaN where a coordinate is none. Faster than ``np.linalg.norm``."""
    return np.sqrt(vectors[..., 0] ** 2 + vectors[..., 1] ** 2)


def sizes(points: Float[np.ndarray, "n p 2"]) -> Float[np.ndarray, " n"]:
    """The person's size on the screen, frame by frame: the diagonal of the box around the known points (others: NaN).

    It is kept between half and twice its median, so that single wrong points do not decide what is large.
    """
    by_axis = points.transpose(2, 1, 0).copy()  # along frames, numpy is many times faster than along points
    low, high = np.fmin.reduce(by_axis, axis=1), np.fmax.reduce(by_axis, axis=1)  # ignore NaN
    size = np.hypot(*(high - low))
    usual = float(np.nanmedian(size)) if np.isfinite(size).any() else 1.0
    return np.where(np.isfinite(size), size.clip(usual / 2, usual * 2), usual).clip(1e-9)


def exchange_sides(
    points: Float[np.ndarray, "n p 2"], seconds: Float[np.ndarray, " n"], pairs: dict[str, Pairs]
) -> list[Exchange]:
    """Where left and right were exchanged for a moment: both jump to each other's place, and later back again.

    Args:
        points: of one person; NaN where they were not found.
        seconds: of the frames.
        pairs: of the layout (:func:`limb_pairs`).
    """
    size, found = sizes(points), []
    for limbs, (left, right) in pairs.items():
        if left.size == 0 or points.shape[0] < 3:
            continue
        turns = np.flatnonzero(_crosses(points[:, left], points[:, right], size)) + 1
        edges = [0, *turns.tolist(), points.shape[0]]
        spans = [list(zip(edges[i::2], edges[i + 1 :: 2], strict=False)) for i in (0, 1)]
        lasts = [sum(seconds[min(end, seconds.size - 1)] - seconds[start] for start, end in span) for span in spans]
        fewer = spans[1] if lasts[1] <= lasts[0] else spans[0]
        brief = all(seconds[min(end, seconds.size - 1)] - seconds[start] <= LONGEST_EXCHANGE for start, end in fewer)
        found += [Exchange(limbs, start, end) for start, end in fewer] if turns.size and brief else []
    return found


def _crosses(
    left: Float[np.ndarray, "n k 2"], right: Float[np.ndarray, "n k 2"], size: Float[np.ndarray, " n"]
) -> Bool[np.ndarray, " n-1"]:
    """Whether left and right take each other's place from one frame to the next."""
    keep, cross = side_steps(left[1:], right[1:], left[:-1], right[:-1])
    return (keep > LEAST_EXCHANGE * size[1:]) & (cross < CLEARER * keep)


def side_steps(
    left: Float[np.ndarray, "*n k 2"],
    right: Float[np.ndarray, "*n k 2"],
    left_before: Float[np.ndarray, "*n k 2"],
    right_before: Float[np.ndarray, "*n k 2"],
) -> tuple[Float[np.ndarray, "*n"], Float[np.ndarray, "*n"]]:
    """Mean steps of both sides as they are, and as if they were exchanged; 0 where no point is known in both frames."""
    keep = np.stack([left - left_before, right - right_before])
    cross = np.stack([left - right_before, right - left_before])
    steps = [lengths(step).sum(0) / 2 for step in (keep, cross)]
    known = np.isfinite(steps[0]) & np.isfinite(steps[1])
    count = known.sum(-1).clip(1)
    kept, crossed = (np.where(known, step, 0).sum(-1) / count for step in steps)
    return kept, crossed


def put_back(values: Float[np.ndarray, "n p *d"], exchanges: list[Exchange], pairs: dict[str, Pairs]) -> None:
    """Exchanges left and right again, in place."""
    for limbs, start, end in exchanges:
        left, right = pairs[limbs]
        values[start:end, left], values[start:end, right] = (
            values[start:end, right].copy(),
            values[start:end, left].copy(),
        )


def outliers(points: Float[np.ndarray, "n p 2"], seconds: Float[np.ndarray, " n"]) -> Bool[np.ndarray, "n p"]:
    """Points that jump away from their body and soon back again, while most of the others do not.

    Args:
        points: of one person; NaN where they were not found.
        seconds: of the frames.
    """
    n = points.shape[0]
    wrong = np.zeros(points.shape[:2], dtype=bool)
    if n < 3:
        return wrong
    step = lengths(np.diff(points, axis=0))
    jumps = step > longest_step(np.diff(seconds), sizes(points)[1:])[:, None]
    jumps &= (jumps.mean(1) <= MOST_POINTS)[:, None]
    if not jumps.any():
        return wrong
    for away in range(1, min(n - 1, int(LONGEST_OUTLIER / max(float(np.median(np.diff(seconds))), 1e-3)) + 1)):
        gap = lengths(points[away + 1 :] - points[: -away - 1])
        returns = jumps[:-away] & jumps[away:] & (gap < CLEARER * np.minimum(step[:-away], step[away:]))
        for offset in range(away):
            wrong[1 + offset : n - away + offset] |= returns
    return wrong


def longest_step(seconds: Float[np.ndarray, "*n"], size: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """How far a point of a body goes in so many seconds at most, on the screen."""
    longest: Float[np.ndarray, "*n"] = np.maximum(LEAST_JUMP, FASTEST * seconds) * size
    return longest


class Continuity:
    """The same as points come, without knowing what comes next: what jumps is not believed at first.

    A point that jumps from its body is missing until it is back, or has stayed away for :data:`LONGEST_OUTLIER`; sides
    that take each other's place are put back for :data:`LONGEST_EXCHANGE`, and believed after that.
    """

    def __init__(self, points: tuple[str, ...]) -> None:
        self._pairs = limb_pairs(points)
        self._last = np.full((len(points), 2), np.nan)
        """Where points were, as far as they were believed."""
        self._when = np.full(len(points), -np.inf)
        """When that was."""
        self._exchanged: dict[str, float] = {}
        """Since when the sides of some limbs are exchanged."""

    def push(
        self, points: Float[np.ndarray, "p d"], known: Bool[np.ndarray, " p"], time: float
    ) -> tuple[Float[np.ndarray, "p d"], Bool[np.ndarray, " p"]]:
        """The points of the next frame, put right, and which of them are believed.

        Args:
            points: x and y in any unit, and what else belongs to a point; not changed.
            known: which of them were found.
            time: seconds.
        """
        seen = np.where(known[:, None], points, np.nan)
        places = seen[:, :2]
        size = sizes(np.stack([np.where(np.isnan(self._last), places, self._last), places]))[1]
        for limbs, sides in self._pairs.items():
            self._put_back(seen, limbs, sides, size, time)
        step = np.linalg.norm(places - self._last, axis=-1)
        away = time - self._when
        jumps = (step > longest_step(away, np.full(away.shape, size))) & (away <= LONGEST_OUTLIER)
        believed = np.isfinite(places).all(-1) & ~(jumps & (jumps.mean() <= MOST_POINTS))
        self._last[believed], self._when[believed] = places[believed], time
        return np.nan_to_num(seen), believed

    def _put_back(self, seen: Float[np.ndarray, "p d"], limbs: str, sides: Pairs, size: float, time: float) -> None:
        """Exchanges the sides, in place, where that continues the motion."""
        left, right = sides
        if left.size == 0:
            return
        keep, cross = side_steps(seen[left, :2], seen[right, :2], self._last[left], self._last[right])
        if not (keep > LEAST_EXCHANGE * size and cross < CLEARER * keep):
            self._exchanged.pop(limbs, None)
            return
        since = self._exchanged.setdefault(limbs, time)
        if time - since <= LONGEST_EXCHANGE:
            seen[left], seen[right] = seen[right].copy(), seen[left].copy()
        else:  # so they are
            del self._exchanged[limbs]
            self._last[left], self._last[right] = seen[left, :2], seen[right, :2]
