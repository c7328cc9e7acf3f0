"""The scores of a lifter. The only place where errors are averaged over actions and clips.

Inside an action errors are averaged over its frames (all subjects, cameras, takes); over actions by the plain mean;
each frame is counted once. P1 is MPJPE, P2 the depth error (D-MPJPE), P3 the depth error averaged over the tail
actions. All in millimetres; the root joint counts, as in the baselines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MEASURES = ("P1", "P2", "P-MPJPE", "N-MPJPE", "MPJVE", "MPJAE")
"""MPJPE, depth error, Procrustes- and scale-aligned MPJPE (mm), velocity and acceleration error (mm per frame, and per
frame squared)."""
BETWEEN = {"MPJVE": 1, "MPJAE": 2}
"""Measures of so many frames more than one: a clip has so many fewer of them than frames."""
SIDES = ("predicted_action", "true_action", "weighted_actions")
"""Whose pose prompts are used."""

ORACLE_ERRORS = ("true bone lengths", "true bone directions", "true depth signs")
"""What is left of P1 when one part of each answer is put right: what that part costs."""


SHARES = ("PCK", "AUC")
"""Percent of joints within 150 mm, and the mean over thresholds to 150 mm: of MPI-INF-3DHP's test sequences only."""


@dataclass(frozen=True)
class ClipScore:
    """One clip's mean errors."""

    name: str
    camera: str
    subject: str
    action: str
    frames: int
    predicted_action: dict[str, float]
    """Mean of each of ``MEASURES``, ``ORACLE_ERRORS`` (and ``SHARES``), the recognised action's prompts being used."""
    true_action: dict[str, float]
    """The same with the true action's prompts (Table VIII); equal without APP."""
    weighted_actions: dict[str, float]
    """The same with all actions' prompts, as probable as they are, as ``lift`` uses them; equal without APP."""
    recognised: dict[str, int]
    """Frames by recognised action; empty without APM."""


@dataclass(frozen=True)
class MeanErrors:
    """The errors of an action, or of all."""

    frames: int
    predicted_action: dict[str, float]
    true_action: dict[str, float]
    weighted_actions: dict[str, float]
    accuracy: float | None
    """Share of frames whose action is recognised."""


@dataclass(frozen=True)
class Evaluation:
    """The scores of a lifter on some clips."""

    clips: list[ClipScore]
    actions: tuple[str, ...]
    """The actions that occur, in class order."""
    tail: tuple[str, ...]
    flip: bool
    classes: tuple[str, ...] = ()
    """The actions that the model tells apart."""

    @property
    def known(self) -> tuple[str, ...]:
        """All actions in class order: those of the model, then those that only occur."""
        return tuple(dict.fromkeys((*self.classes, *self.actions)))

    def row(self, action: str) -> MeanErrors:
        """One action: frame-weighted mean over its clips."""
        return _pool([clip for clip in self.clips if clip.action == action])

    def average(self) -> MeanErrors:
        """Plain mean over actions (P1, P2 of the paper)."""
        return _mean([self.row(action) for action in self.actions], _pool(self.clips).accuracy)

    def by_subject(self) -> MeanErrors:
        """Plain mean over actions and subjects (Table II's): subjects count alike, however long they were filmed."""
        cells = dict.fromkeys((clip.action, clip.subject) for clip in self.clips)
        rows = [_pool([clip for clip in self.clips if (clip.action, clip.subject) == cell]) for cell in cells]
        return _mean(rows, _pool(self.clips).accuracy)

    def tail_row(self) -> MeanErrors | None:
        """Plain mean over the tail actions (its P2 is P3); None where none were named."""
        if not self.tail:
            return None
        accuracy = _pool([clip for clip in self.clips if clip.action in self.tail]).accuracy
        return _mean([self.row(action) for action in self.tail], accuracy)

    def p3(self, side: str = "predicted_action") -> float | None:
        """Tail depth error: mean P2 of the tail actions; None where none were named."""
        row = self.tail_row()
        return None if row is None else float(getattr(row, side)["P2"])

    def confusion(self) -> dict[str, dict[str, int]]:
        """Frames by true and recognised action, both in class order."""
        table: dict[str, dict[str, int]] = {action: {} for action in self.actions}
        for clip in self.clips:
            for action, frames in clip.recognised.items():
                table[clip.action][action] = table[clip.action].get(action, 0) + frames
        return {true: {a: found[a] for a in self.known if a in found} for true, found in table.items()}


def _pool(clips: Sequence[ClipScore]) -> MeanErrors:
    frames = sum(clip.frames for clip in clips)

    def mean(side: str) -> dict[str, float]:
        return {m: _weighted([(getattr(c, side)[m], c.frames - BETWEEN.get(m, 0)) for c in clips]) for m in measures}

    measures = clips[0].predicted_action

    accuracy = None
    if clips[0].recognised:
        accuracy = sum(clip.recognised.get(clip.action, 0) for clip in clips) / frames
    return MeanErrors(frames, accuracy=accuracy, **{side: mean(side) for side in SIDES})


def _weighted(values: Sequence[tuple[float, int]]) -> float:
    """The mean of some values of so many frames each."""
    counts = [max(0, count) for _, count in values]
    return sum(value * count for (value, _), count in zip(values, counts, strict=True)) / max(1, sum(counts))


def _mean(rows: Sequence[MeanErrors], accuracy: float | None) -> MeanErrors:
    """The plain mean of some rows' errors."""

    def mean(side: str) -> dict[str, float]:
        return {m: sum(getattr(row, side)[m] for row in rows) / len(rows) for m in rows[0].predicted_action}

    return MeanErrors(sum(row.frames for row in rows), accuracy=accuracy, **{side: mean(side) for side in SIDES})
