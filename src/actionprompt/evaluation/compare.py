"""Runs beside each other: mean and spread over seeds, and differences paired by seed, with confidence intervals.

The gains in question are small, and two seeds of one model differ by as much; only a difference taken within a seed,
over several seeds, says something. Runs of one seed share batches and the encoder's initial weights.
"""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from actionprompt.errors import InputError
from actionprompt.evaluation.terminal import tight
from actionprompt.training.run_folder import RunFolder
from actionprompt.untrusted import parse_json, said

MEASURES = ("P1", "P2", "P3", "N-MPJPE", "P1 label given", "P2 label given", "accuracy")
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed only."""

    name: str
    scores: Mapping[int, Scores]
    """Measure by measure, for each seed; millimetres, accuracy in percent."""

    def mean(self, measure: str) -> float | None:
        """Mean over seeds."""
        values = [s[measure] for s in self.scores.values() if measure in s]
        return mean(values) if values else None

    def spread(self, measure: str) -> float | None:
        """Standard deviation over seeds; None for fewer than two."""
        values = [s[measure] for s in self.scores.values() if measure in s]
        return stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Difference:
    """A paired difference: mean and half the width of its 95 % confidence interval (Student's t over seeds)."""

    mean: float
    half: float | None
    relative: float
    """Percent of the baseline's mean."""
    pairs: int = 1
    """Seeds that both have."""


def difference(group: Group, baseline: Group, measure: str) -> Difference | None:
    """Group minus baseline, over the seeds that both have; None where there are none."""
    seeds = [s for s in group.scores if s in baseline.scores]
    pairs = [
        (group.scores[s][measure], baseline.scores[s][measure])
        for s in seeds
        if measure in group.scores[s] and measure in baseline.scores[s]
    ]
    if not pairs:
        return None
    deltas = [a - b for a, b in pairs]
    return Difference(mean(deltas), half_width(deltas), 100 * mean(deltas) / mean(b for _, b in pairs), len(pairs))


def half_width(values: Sequence[float]) -> float | None:
    """Half the 95 % confidence interval of a mean (Student's t); None for fewer than two values."""
    if len(values) < 2:
        return None
    from scipy.stats import t

    return float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5


def read_groups(runs: Sequence[Path], report: str) -> list[Group]:
    """Groups run folders by their settings without the seed.

    Raises:
        InputError: a folder without a run or without this report, the same settings and seed twice, or reports that
            do not measure the same thing.
    """
    groups: dict[object, tuple[str, dict[int, Scores]]] = {}
    first: tuple[Path, dict[str, object]] | None = None
    for path in runs:
        settings = RunFolder(path).read_settings()
        key = replace(settings, seed=0)
        name, scores = groups.setdefault(key, (re.sub(r"-s\d+$", "", path.name), {}))
        if settings.seed in scores:
            raise InputError(f"{path} repeats seed {settings.seed} of another run with the same settings ({name}).")
        report_file = _read(path / f"{report}.json")
        scores[settings.seed] = _scores(report_file)
        first = first or (path, _protocol(report_file))
        _check_protocol(path, _protocol(report_file), *first)
    return [Group(name, scores) for name, scores in groups.values()]


def _protocol(report: Mapping[str, Any]) -> dict[str, object]:
    """What two reports have to share for their numbers to be compared."""
    return {
        "the data": report["facts"]["evaluated on"],
        "the tail actions": sorted(report["tail"]),
        "flip at test time": report["flip"],
        "the clips": [[clip["name"], clip["camera"], clip["frames"]] for clip in report["clips"]],
    }


def _check_protocol(path: Path, mine: Mapping[str, object], other: Path, theirs: Mapping[str, object]) -> None:
    if differing := [name for name in mine if mine[name] != theirs[name]]:
        what, here, there = differing[0], mine[differing[0]], theirs[differing[0]]
        shown = "" if what == "the clips" else f" ({here} here, {there} there)"
        raise InputError(
            f"{path} and {other} cannot be compared: {what} of their reports differ{shown}. Evaluate both alike "
            "(tail actions: --tail, or --baseline to let one model choose them for all)."
        )


def _read(file: Path) -> dict[str, Any]:
    """A report, checked to be one."""
    if not file.is_file():
        raise InputError(f"There is no {file}: run `actionprompt evaluate {shlex.quote(str(file.parent))}` first.")
    try:
        report: dict[str, Any] = parse_json(file.read_bytes())
        _protocol(report)
        _check_scores(_scores(report))
    except KeyError as error:
        raise InputError(f"{file} lacks {error}, so another version wrote it: evaluate {file.parent} again.") from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise InputError(f"{file} is damaged ({said(error)}): evaluate {file.parent} again.") from error
    return report


def _check_scores(scores: Scores) -> None:
    if odd := [name for name, value in scores.items() if type(value) not in (int, float) or not math.isfinite(value)]:
        raise ValueError(f"{odd[0]} is {str(scores[odd[0]])[:50]}")


def _scores(data: Mapping[str, Any]) -> Scores:
    """The measures of a report."""
    average = data["average"]
    found = {
        "P1": average["predicted_action"]["P1"],
        "P2": average["predicted_action"]["P2"],
        "P3": data["P3"],
        "N-MPJPE": average["predicted_action"]["N-MPJPE"],
    }
    if average["accuracy"] is not None:
        found |= {
            "P1 label given": average["true_action"]["P1"],
            "P2 label given": average["true_action"]["P2"],
            "accuracy": 100.0 * average["accuracy"],
        }
    return {key: value for key, value in found.items() if value is not None}


def rows(groups: Sequence[Group], baseline: Group) -> list[list[str]]:
    """A line per group: mean ± spread, and below it the paired difference to the baseline."""
    lines = []
    for group in groups:
        lines.append(
            [
                f"{group.name} ({len(group.scores)} seed{'s' * (len(group.scores) != 1)})",
                *(_cell(group, m) for m in MEASURES),
            ]
        )
        if group is not baseline:
            lines.append(["  paired difference", *(_delta(difference(group, baseline, m)) for m in MEASURES)])
    return lines


def _cell(group: Group, measure: str) -> str:
    value, spread = group.mean(measure), group.spread(measure)
    if value is None:
        return ""
    return f"{value:.2f}" if spread is None else f"{value:.2f} ± {spread:.2f}"


def _delta(delta: Difference | None) -> str:
    if delta is None:
        return ""
    half = "" if delta.half is None else f" ± {delta.half:.2f}"
    return f"{delta.mean:+.2f}{half} ({delta.relative:+.1f} %)"


def markdown(groups: Sequence[Group], baseline: Group) -> str:
    """The table as Markdown."""
    head = ["", *MEASURES]
    body = [head, ["---"] * len(head), *rows(groups, baseline)]
    return "\n".join("| " + " | ".join(line) + " |" for line in body) + "\n"


def terminal(groups: Sequence[Group], baseline: Group) -> Table:
    """The table for the terminal."""
    title = f"Differences paired by seed, against {baseline.name}"
    table = Table("", *MEASURES, title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for line in rows(groups, baseline):
        table.add_row(*map(tight, line))
    return table
