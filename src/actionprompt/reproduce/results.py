"""What remains of a run when its weights are gone: settings and errors, small enough to be published."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from actionprompt.errors import InputError
from actionprompt.files import write_text
from actionprompt.recipes import RunCfg
from actionprompt.reproduce.grid import Job, canonical
from actionprompt.reproduce.plan import Plan, Side, detected
from actionprompt.serialise import from_data, to_data

Errors = dict[str, float]
"""Millimetres by measure."""
SIDES: tuple[Side, ...] = ("inferred", "given")
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
    """Of the baked model: no text encoder."""
    actions: dict[str, dict[Side, Errors]] = field(default_factory=dict)
    """Errors by action; those with the true action at test time only where they differ."""
    cells: dict[str, dict[Side, Errors]] = field(default_factory=dict)
    """Errors by action and subject, named like ``walking S1``."""

    @property
    def seed(self) -> int:
        """Its seed."""
        return int(self.settings["seed"])


def split(cfg: RunCfg) -> Literal["test", "validation"]:
    """Whom a run is evaluated on: test subjects, or those that it held out."""
    return "validation" if cfg.validate else "test"


def report_name(cfg: RunCfg, flip: bool) -> str:
    """The report that the tables read."""
    return f"report-{split(cfg)}" + "-flip" * flip


def read(job: Job, flip: bool) -> Result | None:
    """The result of a run; None while it is not evaluated.

    Raises:
        InputError: a damaged report.
    """
    if job.state == "failed":
        failed = job.folder / "failed.json"
        try:
            reason = str(json.loads(failed.read_text(encoding="utf-8"))["reason"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{failed} is damaged: delete it, and the run is tried again.") from error
        return broken(job, flip, reason)
    path = job.folder / f"{report_name(job.cfg, flip)}.json"
    if job.state != "trained" or not path.is_file():
        return None
    job.stored()
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
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
        return result if _sound(result) else broken(job, flip, "its errors are not numbers")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error!r}): delete it, and the run is evaluated again.") from error


def _sound(result: Result) -> bool:
    """Whether it has errors, and all of them are numbers."""
    rows = [*result.actions.values(), *result.cells.values()]
    return bool(result.actions) and all(
        {"P1", "P2"} <= errors.keys() and all(math.isfinite(value) for value in errors.values())
        for row in rows
        for errors in (row["inferred"], *row.values())
    )


def other_data(known: Mapping[str, Result], plan: Plan) -> str:
    """In what the data of published results differ from a plan's, if they do.

    Raises:
        InputError: a result's settings are none.
    """
    data = {canonical(plan.vpose()).data, canonical(replace(plan, data=detected(plan.data) or plan.data).vpose()).data}
    for result in known.values():
        found = settings_of(result).data
        if found not in data:
            return ", ".join(_differing(to_data(canonical(plan.vpose()).data), to_data(found)))
    return ""


def settings_of(result: Result) -> RunCfg:
    """A published result's settings; those that are newer have their defaults.

    Raises:
        InputError: they are none.
    """
    return canonical(from_data(result.settings, RunCfg, f"the published run {result.name}"))


def _differing(ours: Any, theirs: Any, at: str = "data") -> Iterator[str]:
    """Their settings that are not ours."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in theirs:
            yield from _differing(ours.get(key), theirs[key], f"{at}.{key}")
    elif ours != theirs:
        yield f"{at} {theirs}"


def broken(job: Job, flip: bool, reason: str) -> Result:
    """A run without numbers."""
    return Result(job.folder.name, _plain(job), "failed", reason, flip)


def matching(known: Mapping[str, Result], jobs: Iterable[Job], flip: bool) -> dict[str, Result]:
    """Published results that belong to these runs: the same name, settings and test.

    Settings that are newer than a result have their defaults in it.

    Raises:
        InputError: a result's settings are none.
    """
    wanted = {job.folder.name: canonical(job.cfg) for job in jobs}
    mine = {name: result for name, result in known.items() if name in wanted and result.flip == flip}
    return {name: result for name, result in mine.items() if settings_of(result) == wanted[name]}


def _plain(job: Job) -> dict[str, Any]:
    """A run's canonical settings, as JSON gives them back."""
    plain: dict[str, Any] = json.loads(json.dumps(to_data(canonical(job.cfg))))
    return plain


def _sides(row: Mapping[str, Any]) -> dict[Side, Errors]:
    """Both sides; the given one only where it differs, which halves the files."""
    sides = {side: {m: round(v, DIGITS) for m, v in row[side].items()} for side in SIDES}
    return sides if sides["inferred"] != sides["given"] else {"inferred": sides["inferred"]}


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

    return {name: _sides({s: pool(group, s) for s in SIDES}) for name, group in grouped.items()}


def measure(result: Result, column: str, side: Side = "inferred", tail: Sequence[str] = ()) -> float | None:
    """A number of a table: millimetres, percent (accuracy) or millions (parameters); None where there is none.

    Args:
        result: the run.
        column: P1, P2, P3 and the report's other measures (plain means over actions), accuracy, parameters, "P1 of
            cells" (plain mean over actions and subjects), "action/NAME" or "cell/NAME" (P1 of one).
        side: whether the recognised or the true action chose the pose prompts.
        tail: the actions of P3.
    """
    if result.state == "failed":
        return None
    kind, _, name = column.partition("/")
    special: dict[str, Callable[[], float | None]] = {
        "accuracy": lambda: None if result.accuracy is None else 100 * result.accuracy,
        "parameters": lambda: result.parameters / 1e6,
        "full parameters": lambda: None,
        "action": lambda: _p1(result.actions, name, side),
        "cell": lambda: _p1(result.cells, name, side),
        "P3": lambda: _tail([result.actions[a] for a in tail if a in result.actions], side),
    }
    if kind in special:
        return special[kind]()
    base, _, of = column.partition(" of ")
    return mean(_side(errors, side)[base] for errors in (result.cells if of else result.actions).values())


def subject_means(result: Result, column: str) -> dict[str, float]:
    """A measure's plain mean over the actions of each subject, the action being recognised; older files lack some."""
    of: dict[str, list[float]] = defaultdict(list)
    for name, errors in result.cells.items():
        if column in errors["inferred"]:
            of[name.rpartition(" ")[2]].append(errors["inferred"][column])
    return {subject: mean(values) for subject, values in of.items()}


def _side(errors: Mapping[Side, Errors], side: Side) -> Errors:
    return errors.get(side, errors["inferred"])


def _p1(errors: Mapping[str, Mapping[Side, Errors]], name: str, side: Side) -> float | None:
    return _side(errors[name], side)["P1"] if name in errors else None


def _tail(rows: Sequence[Mapping[Side, Errors]], side: Side) -> float | None:
    return mean(_side(errors, side)["P2"] for errors in rows) if rows else None


def write(results: Iterable[Result], path: Path) -> None:
    """Publishes results as one JSON file, one run a line."""
    lines = [json.dumps(asdict(result), ensure_ascii=False) for result in results]
    write_text(path, "[\n" + ",\n".join(lines) + "\n]\n")


def read_all(path: Path) -> dict[str, Result]:
    """Published results by hash.

    Raises:
        InputError: no such file, or not one of ours.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = {entry["name"]: Result(**(entry | {"tail": tuple(entry["tail"])})) for entry in entries}
        if not all(r.state == "failed" or (r.state == "trained" and _sound(r)) for r in found.values()):
            raise ValueError("a run without errors")
        return found
    except OSError as error:
        raise InputError(f"Cannot read the results {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged, or holds no results of `actionprompt reproduce`, which writes results.json ({error})."
        ) from error
