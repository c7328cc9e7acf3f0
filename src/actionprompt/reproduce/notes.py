"""What is said below a table: data and protocol, what its numbers are, averages, and what is not done."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from statistics import mean

from actionprompt.data.config import DATA
from actionprompt.evaluation.compare import half_width
from actionprompt.reproduce.cells import Results, by_subject, found, found_lines, judge, overall, plain, tail_of
from actionprompt.reproduce.paper import PaperTable
from actionprompt.reproduce.plan import Plan, PlannedRow, Table
from actionprompt.reproduce.results import Result


def notes_of(
    table: Table, plan: Plan, scale: str, seeds: Sequence[int], results: Results, paper: PaperTable
) -> Iterator[str]:
    """What has to be said below a table."""
    done = [result for result in found(table, seeds, results) if result.state == "trained"]
    data = DATA[plan.source][0].partition(",")[0]
    yield f"Ours: {data}, scale {scale} ({plan.scale.what}), seeds {', '.join(map(str, seeds))}."
    for key in ("2D", "evaluated on", "flip at test time", "weights"):
        said = list(dict.fromkeys(r.facts[key] for r in done if key in r.facts))
        if table.detail == "subjects" and key == "evaluated on" and said:
            yield "Evaluated on the subjects that a row names, who are held out of its training."
        elif said:
            yield f"{key[0].upper()}{key[1:]}: {'; '.join(said)}."
    if done and "P3" in table.columns:
        yield _hard(judge(table, seeds, results))
    if texts := sorted({result.facts["text"] for result in done if "text" in result.facts}):
        yield f"Class embeddings: {'; '.join(texts)}."
    yield (
        "Ours is the mean ± standard deviation over seeds. Δ is the difference to the row's baseline paired by seed, "
        "± half the 95 % confidence interval (Student's t), and in percent; bold where the interval excludes zero. All "
        "seeds share the evaluated subjects, for whom the intervals do not account, nor for the number of cells."
    )
    if table.against:
        yield f"Δ is taken against {table.against}."
    if table.home:
        where = "the same data" if plan.source == table.home else "OTHER DATA than ours"
        size = "" if scale == "paper" else ", larger models and longer training"
        yield f"The columns named paper are printed numbers: {where} ({paper.data}){size}."
    yield from _overall(table, seeds, results, paper)
    yield from _over_subjects(table, seeds, results)
    if "parameters" in table.columns:
        yield "Parameters in millions, without the text encoder, which no finished model needs."
    yield from (f"n/a: {why}." for why in dict.fromkeys(line.why_not for line in table.lines) if why)
    yield from _undone(table, seeds, results)


def _hard(baseline: Result | None) -> str:
    if baseline is None:
        return "P3 is not known before a baseline is done, whose errors name the hard actions."
    said = baseline.facts.get("tail actions (P3)", ", ".join(baseline.tail))
    return f"Tail actions (P3): {said.replace('this model', 'the baseline')}."


def _undone(table: Table, seeds: Sequence[int], results: Results) -> Iterator[str]:
    if table.left_out:
        yield f"{table.left_out} rows of this table are left out: they were not run."
    wanted = len({line.run for line in table.lines if line.run is not None}) * len(seeds)
    if missing := wanted - len({result.name for result in found(table, seeds, results)}):
        yield f"{missing} of {wanted} runs are not done: [2/3] means two of three seeds, not run means none."
    lost = {
        result.name: f"Run {result.name} ({row}, seed {seed}) failed: {result.reason}."
        for row, by_seed in found_lines(table, seeds, results).items()
        for seed, result in by_seed.items()
        if result.state == "failed"
    }
    yield from (lost[name] for name in sorted(lost))


def _overall(table: Table, seeds: Sequence[int], results: Results, paper: PaperTable) -> Iterator[str]:
    """The paper's claim in a line: what APM changes on average over the encoders (Tables I and II)."""
    if table.detail not in ("actions", "cells"):
        return
    pairs = [line for line in table.lines if line.run and line.baseline]
    tail = tail_of(table, seeds, results)
    for star, what in (("", ""), ("*", ", detected 2D")):
        lines = [line for line in pairs if line.paper.endswith("*") == bool(star)]
        said = []
        for column in table.columns:
            gain = overall(lines, column, seeds, results, tail)
            if gain is not None:
                said.append(f"{plain(column)} {_percent(*gain)}{_printed(lines, plain(column), paper)}")
        if said:
            yield (
                f"APM's change averaged over the encoders{what}, ± 95 % interval over the seeds that all rows have: "
                f"{', '.join(said)}."
            )


def _printed(lines: Sequence[PlannedRow], column: str, paper: PaperTable) -> str:
    """The same change as the paper printed it, where it did for all these rows."""
    pairs = [(line.paper, line.paper.replace("+APM", "")) for line in lines]
    if not all(ours in paper.rows and base in paper.rows for ours, base in pairs):
        return ""
    change = mean(100 * (paper.rows[ours][column] / paper.rows[base][column] - 1) for ours, base in pairs)
    return f" (paper {change:+.1f} %)"


def _over_subjects(table: Table, seeds: Sequence[int], results: Results) -> Iterator[str]:
    """Changes averaged over subjects, with an interval over them: against the encoder alone, and against each other."""
    if table.detail != "subjects":
        return
    kinds: dict[tuple[str, ...], list[PlannedRow]] = {}
    for line in table.lines:
        if line.baseline is not None:
            kinds.setdefault(line.stub[1:], []).append(line)
    compared = {f"{method} (actions taught: {actions})": lines for (method, actions), lines in kinds.items()}
    for (method, first), (_, other) in combinations(kinds, 2):
        of = {line.stub[0]: line.run for line in kinds[method, other]}
        lines = [replace(line, baseline=of[line.stub[0]]) for line in kinds[method, first] if line.stub[0] in of]
        compared[f"{method} (actions taught: {first} against {other})"] = lines
    for what, lines in compared.items():
        said, count = [], 0
        for column in (*table.columns, "N-MPJPE"):
            if changes := list(by_subject(lines, column, seeds, results).values()):
                count = len(changes)
                said.append(f"{column} {_percent(mean(changes), half_width(changes))}")
        if said:
            yield (
                f"{what}, mean change of {count} subjects, ± 95 % interval over them (folds share most of their "
                f"training): {', '.join(said)}."
            )


def _percent(gain: float, half: float | None) -> str:
    """A change, with half the width of its interval."""
    return f"{gain:+.1f}" + ("" if half is None else f" ± {half:.1f}") + " %"
