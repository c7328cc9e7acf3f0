"""Tables as text, cell by cell: what every output format shares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import mean

from actionprompt.compare import Difference, half_width
from actionprompt.data.config import DATA
from actionprompt.reproduce.cells import (
    Cell,
    FilledRow,
    Results,
    by_subject,
    fill,
    found,
    found_lines,
    judge,
    overall,
    tail_of,
)
from actionprompt.reproduce.paper import PaperTable
from actionprompt.reproduce.plan import Line, Plan, Table
from actionprompt.reproduce.results import Result

UNITS = {"accuracy": "accuracy (%)", "parameters": "parameters (M)", "full parameters": "at the paper's size (M)"}
PARTS = {"accuracy": ("ours", "paper"), "parameters": ("ours",), "full parameters": ("ours", "paper")}
"""What a column shows, where that is not ours, the difference and the paper's."""
SHAPE = ("N-MPJPE", "P-MPJPE")
"""Beside the paper's measures: P1 without what a wrong body size, and also a wrong orientation, adds to it."""
HOMES = {"human36m": "Human3.6M", "humaneva": "HumanEva-I"}


@dataclass(frozen=True)
class Text:
    """One cell; ``kind`` is ours, difference, paper, state or stub, ``strong`` an interval without zero."""

    text: str
    kind: str = "ours"
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table, or a part of one, ready to be drawn."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    stubs: int
    """How many columns in front are names."""
    short: tuple[str, ...] = ()
    """Heads for a narrow screen; paper† says that the data differ."""


@dataclass(frozen=True)
class Page:
    """A table with its parts, notes and raw numbers."""

    name: str
    title: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...]
    raw: tuple[FilledRow, ...]
    printed: str
    """What the paper's numbers were measured on."""


def page(table: Table, plan: Plan, scale: str, seeds: Sequence[int], results: Results, paper: PaperTable) -> Page:
    """A table of the paper, filled with what there is."""
    home = plan.source == table.home
    shown = found(table, seeds, results)
    raw = fill(table, table.columns, seeds, results, paper)
    sheets = [_sheet("", table, raw, home)]
    if table.detail != "cells" and _have(shown, SHAPE):
        shape = fill(table, SHAPE, seeds, results, paper)
        raw += shape
        sheets.append(_sheet("Not in the paper: scaled to the true size, and wholly aligned", table, shape, home))
    details = _detail_columns(table, plan, shown, paper)
    if details:
        parts = fill(table, details, seeds, results, paper)
        raw += parts
        sheets.append(_detail(table, details, parts, home))
    notes = _notes(table, plan, scale, seeds, results, paper)
    return Page(table.name, table.title, tuple(sheets), tuple(notes), tuple(raw), paper.data)


def _have(shown: Sequence[Result], columns: Sequence[str]) -> bool:
    actions = [errors for result in shown for errors in result.actions.values()]
    return bool(actions) and all(column in errors["inferred"] for errors in actions for column in columns)


def _sheet(title: str, table: Table, rows: Sequence[FilledRow], home: bool) -> Sheet:
    heads, short = [*table.stub], [*table.stub]
    for column in (cell.column for cell in rows[0].cells):
        for part in _parts(column, table):
            heads.append(_head(column, part, home, table))
            short.append({"ours": _plain(column), "difference": "Δ", "paper": "paper" if home else "paper†"}[part])
    return Sheet(title, tuple(heads), tuple(tuple(_line(row, table)) for row in rows), len(table.stub), tuple(short))


def _parts(column: str, table: Table) -> tuple[str, ...]:
    parts = PARTS.get(column, ("ours", "difference", "paper"))
    return tuple(part for part in parts if part != "paper" or (table.home and column not in SHAPE))


def _head(column: str, part: str, home: bool, table: Table) -> str:
    if part == "paper":
        return f"{_plain(column.removeprefix('full '))}, " + ("paper" if home else f"paper: {HOMES[table.home]}")
    return f"Δ {_plain(column)}" if part == "difference" else UNITS.get(column, f"{_plain(column)} (mm)")


def _line(row: FilledRow, table: Table) -> list[Text]:
    texts = [Text(stub, "stub") for stub in row.line.stub]
    for cell in row.cells:
        drawn = {"ours": ours(cell), "difference": change(cell.delta), "paper": Text(printed(cell), "paper")}
        texts += [drawn[part] for part in _parts(cell.column, table)]
    return texts


def ours(cell: Cell) -> Text:
    """Mean and spread, or why there is none."""
    if cell.state in ("impossible", "failed", "missing"):
        return Text({"impossible": "n/a", "failed": "failed", "missing": "not run"}[cell.state], "state")
    if cell.mean is None:
        return Text("–", "state")
    text = (
        f"{cell.mean:.2f}"
        if cell.spread is None or cell.column == "parameters"
        else f"{cell.mean:.2f} ± {cell.spread:.2f}"
    )
    if cell.state == "partial" and cell.column != "parameters":
        text += f" [{cell.seeds}/{cell.wanted}" + (f", {cell.failed} failed]" if cell.failed else "]")
    return Text(text)


def change(delta: Difference | None) -> Text:
    """A paired difference with half the width of its interval, and the share of the baseline."""
    if delta is None:
        return Text("", "difference")
    half = "" if delta.half is None else f" ± {delta.half:.2f}"
    strong = delta.half is not None and abs(delta.mean) > delta.half
    return Text(f"{delta.mean:+.2f}{half} ({delta.relative:+.1f} %)", "difference", strong)


def printed(cell: Cell) -> str:
    """The paper's number as the paper prints it."""
    if cell.paper is None:
        return ""
    digits = 2 if cell.column.endswith("parameters") else 1
    gain = "" if cell.paper_delta is None else f" ({cell.paper_delta:+.1f})"
    return f"{cell.paper:.{digits}f}{gain}"


def _detail_columns(table: Table, plan: Plan, results: Sequence[Result], paper: PaperTable) -> list[str]:
    """Columns of the second part: the paper's order on its own data, else as the results have them."""
    kind = {"actions": "action/", "cells": "cell/"}.get(table.detail, "")
    names = {name: None for r in results for name in (r.actions if table.detail == "actions" else r.cells)}
    if not kind or not names:
        return []
    if plan.source == table.home:
        names = {name: None for name in paper.columns if name in names}
    return [kind + name for name in names]


def _detail(table: Table, columns: Sequence[str], rows: Sequence[FilledRow], home: bool) -> Sheet:
    heads = (*table.stub, *(column.partition("/")[2] for column in columns))
    body: list[tuple[Text, ...]] = []
    for row in rows:
        body.append((*(Text(s, "stub") for s in row.line.stub), *(ours(cell) for cell in row.cells)))
        if any(cell.delta for cell in row.cells):
            body.append((Text("Δ", "stub"), *(_short(cell.delta) for cell in row.cells)))
        if home:
            body.append((Text("paper", "stub"), *(Text(printed(cell), "paper") for cell in row.cells)))
    what = "action" if table.detail == "actions" else "action and subject"
    return Sheet(f"P1 by {what} (mm)", heads, tuple(body), len(table.stub))


def _short(delta: Difference | None) -> Text:
    text = change(delta)
    return Text(text.text.partition(" (")[0], text.kind, text.strong)


def _notes(
    table: Table, plan: Plan, scale: str, seeds: Sequence[int], results: Results, paper: PaperTable
) -> Iterator[str]:
    shown = found(table, seeds, results)
    done = [result for result in shown if result.state == "trained"]
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
                rows = [(paper.rows[line.paper], paper.rows[line.paper.replace("+APM", "")]) for line in lines]
                printed = mean(100 * (ours[_plain(column)] / base[_plain(column)] - 1) for ours, base in rows)
                half = "" if gain[1] is None else f" ± {gain[1]:.1f}"
                said.append(f"{_plain(column)} {gain[0]:+.1f}{half} % (paper {printed:+.1f} %)")
        if said:
            yield (
                f"APM's change averaged over the encoders{what}, ± 95 % interval over the seeds that all rows have: "
                f"{', '.join(said)}."
            )


def _over_subjects(table: Table, seeds: Sequence[int], results: Results) -> Iterator[str]:
    """Changes averaged over subjects, with an interval over them: against the encoder alone, and against each other."""
    if table.detail != "subjects":
        return
    kinds: dict[tuple[str, ...], list[Line]] = {}
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
                half = half_width(changes)
                said.append(f"{column} {mean(changes):+.1f}" + ("" if half is None else f" ± {half:.1f}") + " %")
        if said:
            yield (
                f"{what}, mean change of {count} subjects, ± 95 % interval over them (folds share most of their "
                f"training): {', '.join(said)}."
            )


def _plain(column: str) -> str:
    """P1 of "P1 of cells"."""
    return column.partition(" of ")[0]
