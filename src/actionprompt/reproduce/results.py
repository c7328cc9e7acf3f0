"""What remains of a run when its weights are gone: settings and errors, small enough to be published."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from actionprompt.errors import InputError
from actionprompt.reproduce.grid import GridRun, canonical
from actionprompt.reproduce.plan import Side
from actionprompt.serialise import to_data
from actionprompt.training.config import RunCfg
from actionprompt.untrusted import parse_json, said

Errors = dict[str, float]
"""Millimetres by measure."""
SIDES: tuple[Side, ...] = ("predicted_action", "true_action", "weighted_actions")
DIGITS = 4
"""Decimals that are kept: tables made from the published results are those made from the runs."""


@dataclass(frozen=True)
class Result:
    """One run, trained and evaluated, or failed."""

    name: str
    """The hash of its settings."""
    settings: dict[str, Any]
    """Its canonical settings."""
    state: Literal["trained", "failed"]
    reason: str = ""
    """Why it failed."""
    flip: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    """What the report says of data and protocol."""
    tail: tuple[str, ...] = ()
    """The hard actions of P3."""
    accuracy: float | None = None
    """Share of test frames whose action is recognised."""
    parameters: int = 0
    """The parameters of the baked model, without a text encoder."""
    actions: dict[str, dict[Side, Errors]] = field(default_factory=dict)
    """Errors by action; those with other prompts than the recognised action's only where they differ."""
    cells: dict[str, dict[Side, Errors]] = field(default_factory=dict)
    """Errors by action and subject, named like ``walking S1``."""

    @property
    def seed(self) -> int:
        """Its seed."""
        return int(self.settings["seed"])


def split(cfg: RunCfg) -> Literal["test", "validation"]:
    """Whom a run is evaluated on: test subjects, or those that it held out."""
    return "validation" if cfg.validation_subjects else "test"


def report_name(cfg: RunCfg, flip: bool) -> str:
    """The report that the tables read."""
    return f"report-{split(cfg)}" + "-flip" * flip


def read(job: GridRun, flip: bool) -> Result | None:
    """The result of a run; None while it is not evaluated.

    Raises:
        InputError: a damaged report.
    """
    if job.state == "failed":
        failed = job.folder / "failed.json"
        try:
            reason = str(parse_json(failed.read_bytes())["reason"])
        except (ValueError, LookupError, TypeError) as error:
            raise InputError(f"{failed} is damaged: delete it, and the run is tried again.") from error
        return broken(job, flip, reason)
    path = job.folder / f"{report_name(job.cfg, flip)}.json"
    if job.state != "trained" or not path.is_file():
        return None
    job.stored()
    try:
        report = parse_json(path.read_bytes())
        result = Result(
            job.folder.name,
            _plain(job),
            "trained",
            flip=report["flip"],
            facts={k: v for k, v in report["facts"].items() if k not in ("model", "parameters", "seed")},
            tail=tuple(report["tail"]),
            accuracy=_rounded(report["average"]["accuracy"], DIGITS + 2),
            parameters=int(report["facts"]["parameters"]),
            actions={name: _sides(row) for name, row in report["actions"].items()},
            cells=_cells(report["clips"]),
        )
        return result if sound(result) else broken(job, flip, "its errors are not numbers")
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        why = f"{type(error).__name__}: {said(error)}"
        raise InputError(f"{path} is damaged ({why}): delete it, and the run is evaluated again.") from error


def sound(result: Result) -> bool:
    """Whether it has errors, and all of them are numbers."""
    rows = [*result.actions.values(), *result.cells.values()]
    return bool(result.actions) and all(
        {"P1", "P2"} <= errors.keys() and all(math.isfinite(value) for value in errors.values())
        for row in rows
        for errors in (row["predicted_action"], *row.values())
    )


def broken(job: GridRun, flip: bool, reason: str) -> Result:
    """A run without numbers."""
    return Result(job.folder.name, _plain(job), "failed", reason, flip)


def _plain(job: GridRun) -> dict[str, Any]:
    """A run's canonical settings, as JSON gives them back."""
    plain: dict[str, Any] = json.loads(json.dumps(to_data(canonical(job.cfg))))
    return plain


def _sides(row: Mapping[str, Any]) -> dict[Side, Errors]:
    """All sides that a report has; others than the first only where they differ, which makes the files small."""
    sides = {side: {m: round(v, DIGITS) for m, v in row[side].items()} for side in SIDES if side in row}
    first = sides["predicted_action"]
    return {side: errors for side, errors in sides.items() if side == "predicted_action" or errors != first}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _cells(clips: Iterable[Mapping[str, Any]]) -> dict[str, dict[Side, Errors]]:
    """Frame-weighted means over the clips of an action and a subject."""
    grouped: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for clip in clips:
        grouped[f"{clip['action']} {clip['subject'].rpartition('/')[2]}"].append(clip)

    def pool(group: Sequence[Mapping[str, Any]], side: Side) -> Errors:
        frames = sum(clip["frames"] for clip in group)
        return {m: sum(clip[side][m] * clip["frames"] for clip in group) / frames for m in ("P1", "P2", "N-MPJPE")}

    return {name: _sides({s: pool(group, s) for s in SIDES if s in group[0]}) for name, group in grouped.items()}
