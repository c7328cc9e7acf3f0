"""Numbers of a table: ours over seeds, the paired difference, the paper's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from actionprompt.evaluation.compare import Difference, Group, difference, half_width
from actionprompt.reproduce.grid import digest
from actionprompt.reproduce.measures import count_parameters, measure, subject_means
from actionprompt.reproduce.paper import PaperTable
from actionprompt.reproduce.plan import PlannedRow, Side, Table
from actionprompt.reproduce.results import Result
from actionprompt.training.config import RunCfg

Results = Mapping[str, Result]
"""By the hash of their settings."""


@dataclass(frozen=True)
class Cell:
    """One number of a row, and what belongs to it."""

    column: str
    mean: float | None
    spread: float | None
    """Standard deviation over seeds."""
    seeds: int
    """Seeds that are done."""
    failed: int
    wanted: int
    delta: Difference | None
    """Against the row's baseline."""
    paper: float | None
    paper_delta: float | None
    why_not: str = ""

    @property
    def state(self) -> str:
        """done, partial, failed, missing or impossible."""
        if self.why_not:
            return "impossible"
        if self.seeds == self.wanted:
            return "done"
        if self.seeds:
            return "partial"
        return "failed" if self.failed else "missing"


@dataclass(frozen=True)
class FilledRow:
    """A row of a table with its numbers."""

    line: PlannedRow
    cells: tuple[Cell, ...]


def fill(
    table: Table, columns: Sequence[str], seeds: Sequence[int], results: Results, paper: PaperTable
) -> list[FilledRow]:
    """The numbers of some columns of a table."""
    tail = tail_of(table, seeds, results)
    rows = []
    for line in table.lines:
        ours = _group(line.run, line.side, columns, seeds, results, tail)
        base = _group(line.baseline, "predicted_action", columns, seeds, results, tail)
        failed = sum(r.state == "failed" for r in _found(line.run, seeds, results).values())
        rows.append(FilledRow(line, tuple(_cell(c, line, ours, base, failed, len(seeds), paper) for c in columns)))
    return rows


def _cell(column: str, line: PlannedRow, ours: Group, base: Group, failed: int, wanted: int, paper: PaperTable) -> Cell:
    if column == "full parameters" and line.full is not None:
        size = count_parameters(line.full.model) / 1e6
        return Cell(column, size, None, wanted, 0, wanted, None, paper.rows[line.paper].get("parameters"), None)
    printed = plain(column).removeprefix("action/").removeprefix("cell/")
    return Cell(
        column,
        ours.mean(column),
        ours.spread(column),
        len(ours.scores),
        failed,
        wanted,
        difference(ours, base, column) if line.baseline is not None else None,
        paper.rows.get(line.paper, {}).get(printed),
        paper.gains.get(line.paper, {}).get(printed),
        line.why_not,
    )


def overall(
    lines: Sequence[PlannedRow], column: str, seeds: Sequence[int], results: Results, tail: Sequence[str]
) -> tuple[float, float | None] | None:
    """What rows change against their baselines, in percent, averaged over the rows.

    Returns:
        The mean over the seeds that all rows have, and half its 95 % interval (None for one seed); None for no seed.
    """
    pairs = [
        [_group(cfg, "predicted_action", [column], seeds, results, tail).scores for cfg in (line.run, line.baseline)]
        for line in lines
    ]
    shared = [s for s in seeds if pairs and all(column in scores.get(s, {}) for pair in pairs for scores in pair)]
    if not shared:
        return None
    gains = [mean(100 * (ours[s][column] / base[s][column] - 1) for ours, base in pairs) for s in shared]
    return mean(gains), half_width(gains)


def by_subject(lines: Sequence[PlannedRow], column: str, seeds: Sequence[int], results: Results) -> dict[str, float]:
    """What rows change against their baselines for each subject, in percent: the mean over seeds (and rows)."""
    changes = defaultdict(list)
    for line in lines:
        base = _found(line.baseline, seeds, results)
        for seed, ours in _found(line.run, seeds, results).items():
            if seed in base and {ours.state, base[seed].state} == {"trained"}:
                errors, plain = (subject_means(result, column) for result in (ours, base[seed]))
                for subject, error in errors.items():
                    changes[subject].append(100 * (error / plain[subject] - 1))
    return {subject: mean(values) for subject, values in changes.items()}


def plain(column: str) -> str:
    """P1 of "P1 of cells"."""
    return column.partition(" of ")[0]


def _found(cfg: RunCfg | None, seeds: Sequence[int], results: Results) -> dict[int, Result]:
    """The results of a row by seed."""
    if cfg is None:
        return {}
    names = {seed: digest(replace(cfg, seed=seed)) for seed in seeds}
    return {seed: results[name] for seed, name in names.items() if name in results}


def _group(
    cfg: RunCfg | None,
    side: Side,
    columns: Sequence[str],
    seeds: Sequence[int],
    results: Results,
    tail: Sequence[str],
) -> Group:
    scores: dict[int, dict[str, float]] = {}
    for seed, result in _found(cfg, seeds, results).items():
        values = {column: measure(result, column, side, tail) for column in columns}
        if result.state == "trained":
            scores[seed] = {column: value for column, value in values.items() if value is not None}
    return Group("", scores)


def judge(table: Table, seeds: Sequence[int], results: Results) -> Result | None:
    """The first finished baseline: its hard actions are P3's in the whole table."""
    for line in table.lines:
        for result in _found(line.baseline or line.run, seeds, results).values():
            if result.tail:
                return result
    return None


def tail_of(table: Table, seeds: Sequence[int], results: Results) -> tuple[str, ...]:
    """P3's actions for a whole table; none before a baseline is finished."""
    baseline = judge(table, seeds, results)
    return baseline.tail if baseline else ()


def only_begun(table: Table, seeds: Sequence[int], results: Results) -> Table | None:
    """A table without the rows of which there is no run; None if that is all of them."""
    lines = tuple(line for line in table.lines if line.run is None or _found(line.run, seeds, results))
    if not any(line.run for line in lines):
        return None
    return replace(table, lines=lines, left_out=len(table.lines) - len(lines))


def found_lines(table: Table, seeds: Sequence[int], results: Results) -> dict[str, dict[int, Result]]:
    """Every row's results by seed, under the row's key."""
    return {line.paper: _found(line.run, seeds, results) for line in table.lines}


def found(table: Table, seeds: Sequence[int], results: Results) -> list[Result]:
    """Every result that a table shows."""
    return [result for line in table.lines for result in _found(line.run, seeds, results).values()]
